use libdeflater::{CompressionLvl, Compressor};

use super::*;

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::default());
    let mut out = vec![0; compressor.zlib_compress_bound(bytes.len())];
    let length = compressor.zlib_compress(bytes, &mut out).unwrap();
    out.truncate(length);
    out
}

fn shuffled(bytes: &[u8], width: usize) -> Vec<u8> {
    let count = bytes.len() / width;
    (0..bytes.len()).map(|i| bytes[(i % count) * width + i / count]).collect()
}

fn summed(mut bytes: Vec<u8>, sum: u32) -> Vec<u8> {
    bytes.extend(sum.to_le_bytes());
    bytes
}

fn values() -> Vec<u8> {
    (0..1000u32).flat_map(|i| (i * i).to_le_bytes()).collect()
}

fn undone(raw: &[u8], filters: &[FilterSpec], mask: u32, bytes: usize) -> Result<(Vec<u8>, bool), String> {
    let target = Target { filters, mask, bytes, element: 4 };
    Scratch::with(|scratch| {
        undo(raw, &target, scratch).map(|undone| match undone {
            Undone::Plain(bytes) => (bytes.to_vec(), false),
            Undone::Planar(bytes) => (bytes.to_vec(), true),
        })
    })
}

use FilterSpec::{Deflate, Fletcher32, Shuffle};

#[test]
fn any_chain_is_undone_in_reverse() {
    let values = values();
    let n = values.len();
    let planes = shuffled(&values, 4);
    let plain = |bytes: &[u8]| Ok((bytes.to_vec(), false));
    assert_eq!(undone(&values, &[], 0, n), plain(&values));
    assert_eq!(undone(&deflated(&values), &[Deflate], 0, n), plain(&values));
    assert_eq!(undone(&deflated(&deflated(&values)), &[Deflate, Deflate], 0, n), plain(&values));
    assert_eq!(undone(&deflated(&planes), &[Shuffle(4), Deflate], 0, n), Ok((planes.clone(), true)));
    // A width that is not the value's, or another filter before, is undone at once.
    assert_eq!(undone(&deflated(&shuffled(&values, 8)), &[Shuffle(8), Deflate], 0, n), plain(&values));
    let sum = fletcher32(&values);
    let inner = summed(values.clone(), sum);
    assert_eq!(undone(&shuffled(&inner, 4), &[Fletcher32, Shuffle(4)], 0, n), plain(&values));
    assert_eq!(undone(&deflated(&inner), &[Fletcher32, Deflate], 0, n), plain(&values));
}

#[test]
fn filters_that_were_left_out_are_not_undone() {
    let values = values();
    let n = values.len();
    let filters = [Shuffle(4), Deflate, Fletcher32];
    assert_eq!(undone(&values, &filters, 0b111, n).unwrap().0, values);
    assert_eq!(undone(&deflated(&values), &filters, 0b101, n).unwrap().0, values);
    assert_eq!(undone(&summed(values.clone(), fletcher32(&values)), &filters, 0b011, n).unwrap().0, values);
}

#[test]
fn checksums_of_both_kinds_are_taken_and_wrong_ones_are_not() {
    let values = values();
    let sum = fletcher32(&values);
    let swapped = ((sum & 0x00ff_00ff) << 8) | ((sum & 0xff00_ff00) >> 8);
    for sum in [sum, swapped] {
        assert_eq!(undone(&summed(values.clone(), sum), &[Fletcher32], 0, values.len()).unwrap().0, values);
    }
    let error = undone(&summed(values.clone(), sum ^ 1), &[Fletcher32], 0, values.len()).unwrap_err();
    assert!(error.contains("fletcher32"));
    assert!(undone(&[1, 2], &[Fletcher32], 0, 2).is_err());
}

#[test]
fn too_many_too_few_and_damaged_bytes_are_errors() {
    let values = values();
    let stream = deflated(&values);
    assert!(undone(&stream, &[Deflate], 0, values.len() - 1).unwrap_err().contains("more than"));
    assert!(undone(&stream, &[Deflate], 0, values.len() + 1).unwrap_err().contains("instead of"));
    assert!(undone(&stream[..20], &[Deflate], 0, values.len()).unwrap_err().contains("not a valid"));
    assert!(undone(&values, &[], 0, 1).is_err());
}

#[test]
fn a_few_bytes_do_not_claim_a_large_buffer() {
    let error = undone(&deflated(b"x"), &[Deflate], 0, 256 << 20).unwrap_err();
    assert!(error.contains("too few"), "{error}");
}
