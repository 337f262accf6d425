use serde_json::json;

use super::*;
use crate::sample::Sample;

fn bytes_of(count: usize) -> Vec<u8> {
    (0..count).map(|i| (i * 7 % 256) as u8).collect()
}

fn document(codecs: &Value) -> Value {
    json!({
        "zarr_format": 3, "node_type": "array", "shape": [64], "data_type": "float32",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [16]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": "NaN", "codecs": codecs, "attributes": {}, "dimension_names": ["cells"],
    })
}

#[test]
fn a_compressed_chunk_is_a_zstd_frame_without_checksum_then_a_crc32c() {
    let codecs = json!([
        {"name": "bytes", "configuration": {"endian": "little"}},
        {"name": "zstd", "configuration": {"level": 3, "checksum": false}},
        {"name": "crc32c"},
    ]);
    let array = ZarrArray::parse("6/h", &document(&codecs)).unwrap();
    let encoded = array.encode(bytes_of(64)).unwrap();
    let (frame, crc) = encoded.split_at(encoded.len() - 4);
    assert_eq!(frame[..4], [0x28, 0xb5, 0x2f, 0xfd]);
    // Bit 2 of the frame header descriptor says whether a content checksum follows (RFC 8878 §3.1.1.1).
    assert_eq!(frame[4] & 0b100, 0);
    assert_eq!(crc, crc32c::crc32c(frame).to_le_bytes());
    assert_eq!(array.decode(&encoded).unwrap(), from_le_bytes(Dtype::Float32, &bytes_of(64)));
}

#[test]
fn forty_rewrites_of_a_packed_shard_give_the_same_bytes() {
    // Large enough for zarrs to spread the inner chunks over threads, if it were let.
    let codecs = json!([{"name": "sharding_indexed", "configuration": {
        "chunk_shape": [1 << 12],
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "zstd", "configuration": {"level": 3, "checksum": false}}],
        "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
    }}]);
    let mut document = document(&codecs);
    document["shape"] = json!([1 << 18]);
    document["chunk_grid"]["configuration"]["chunk_shape"] = json!([1 << 18]);
    let array = ZarrArray::parse("6/h", &document).unwrap();
    let values: Vec<u8> =
        (0_u32..1 << 18).flat_map(|i| (i.wrapping_mul(2_654_435_761) >> (i >> 13)).to_le_bytes()).collect();
    let first = array.encode(values.clone()).unwrap();
    for _ in 0..40 {
        assert!(array.encode(values.clone()).unwrap() == first);
    }
    // The 64 inner chunks lie in C order: their offsets in the index ascend.
    let index = &first[first.len() - 4 - 64 * 16..first.len() - 4];
    let offsets: Vec<u64> =
        index.as_chunks::<16>().0.iter().map(|e| u64::from_le_bytes(*e.first_chunk().unwrap())).collect();
    assert!(offsets.is_sorted() && offsets[0] == 0, "{offsets:?}");
}

#[test]
fn an_inner_chunk_that_is_all_fill_is_left_out_and_reads_as_fill() {
    let sample = Sample::healpix_inner(true).unwrap();
    let array = &sample.layout.arrays.iter().find(|a| a.array.name() == "count").unwrap().array;
    let mut raw = vec![0; 256 * 4];
    raw[40] = 9;
    let encoded = array.encode(raw.clone()).unwrap();
    let empty = array.encode(vec![0; 256 * 4]).unwrap();
    assert_eq!(empty.len(), 16 * 16 + 4, "the index alone");
    assert!(encoded.len() < empty.len() + 60);
    assert_eq!(array.decode(&encoded).unwrap(), from_le_bytes(Dtype::Int32, &raw));
    assert_eq!(array.decode(&empty).unwrap(), array.fill(256));
}

#[test]
fn damaged_chunks_are_errors_and_never_a_panic() {
    for sample in [Sample::healpix().unwrap(), Sample::healpix_inner(true).unwrap()] {
        for array in sample.layout.written().map(|a| &a.array) {
            let good = array.encode(bytes_of(array.chunk_len() * array.dtype.size())).unwrap();
            assert!(array.decode(&good).is_ok());
            for at in 0..good.len() {
                let mut bad = good.clone();
                bad[at] ^= 0x41;
                assert!(array.decode(&bad).is_err(), "{} byte {at}", array.name());
                assert!(array.decode(&good[..at]).is_err(), "{} cut at {at}", array.name());
            }
        }
    }
}

#[test]
fn damaged_chunks_without_checksums_are_never_a_panic() {
    let plain = json!([{"name": "bytes", "configuration": {"endian": "little"}}]);
    let packed = json!([{"name": "sharding_indexed", "configuration": {
        "chunk_shape": [4], "codecs": plain, "index_codecs": plain, "index_location": "end",
    }}]);
    for codecs in [plain, packed] {
        let array = ZarrArray::parse("6/h", &document(&codecs)).unwrap();
        let good = array.encode(bytes_of(64)).unwrap();
        for at in 0..good.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] ^= flip;
                let _ = array.decode(&bad);
            }
            assert!(array.decode(&good[..at]).is_err());
        }
    }
}

#[test]
fn chunk_keys_come_back_as_indices() {
    let array =
        ZarrArray::parse("6/h", &document(&json!([{"name": "bytes", "configuration": {"endian": "little"}}]))).unwrap();
    assert_eq!(array.chunk_key(&[3]), "6/h/c/3");
    assert_eq!(array.chunk_index("6/h/c/3"), Some(vec![3]));
    for key in [
        "6/h/c/4",
        "6/h/c/03",
        "6/h/c/",
        "6/h/c",
        "6/h/c/1/2",
        "6/hh/c/1",
        "6/h/zarr.json",
        "6/h/c/-1",
        "6/h/c/99999999999999999999",
    ] {
        assert_eq!(array.chunk_index(key), None, "{key}");
    }
}

#[test]
fn arrays_that_are_not_supported_say_what_is_not() {
    let good = document(&json!([{"name": "bytes", "configuration": {"endian": "little"}}]));
    let with = |name: &str, value: Value| {
        let mut document = good.clone();
        document[name] = value;
        ZarrArray::parse("6/h", &document)
    };
    assert!(with("data_type", json!("float32")).is_ok());
    for (name, value) in [
        ("data_type", json!("bool")),
        ("fill_value", json!("x")),
        ("codecs", json!([{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "blosc"}])),
        ("codecs", json!([])),
        ("chunk_grid", json!({"name": "rectangular"})),
        ("chunk_grid", json!({"name": "regular", "configuration": {"chunk_shape": [1_u64 << 40]}})),
        ("chunk_grid", json!({"name": "regular", "configuration": {"chunk_shape": [0]}})),
        ("chunk_key_encoding", json!({"name": "v2"})),
        ("zarr_format", json!(2)),
        ("shape", json!([1, 2])),
    ] {
        let refused = with(name, value.clone());
        assert!(refused.is_err(), "{name} {value}");
    }
}
