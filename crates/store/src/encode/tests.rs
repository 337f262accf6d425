use super::*;
use crate::{array::ZarrArray, sample::Sample, values::from_le_bytes};
use zagg_core::column::Dtype;

fn decoded(layout: &Layout, encoded: &EncodedShard, name: &str) -> Vec<Values> {
    let array: &ZarrArray = &layout.arrays.iter().find(|a| a.array.name() == name).unwrap().array;
    let prefix = format!("{}/c/", array.path);
    encoded.objects.iter().filter(|o| o.key.starts_with(&prefix)).map(|o| array.decode(&o.bytes).unwrap()).collect()
}

#[test]
fn coordinates_are_the_nested_ids_and_their_words() {
    let sample = Sample::healpix().unwrap();
    let encoded = encode_shard(&sample.layout, &sample.shard(7).unwrap(), &sample.columns(1, 2)).unwrap();
    assert_eq!(decoded(&sample.layout, &encoded, "cell_ids"), [Values::Uint64((7 * 256..8 * 256).collect())]);
    let Values::Uint64(words) = &decoded(&sample.layout, &encoded, "morton")[0] else { panic!("morton is uint64") };
    // Order 6: ((n + 4^6) << 48) | 6.
    assert_eq!(words[0], ((7 * 256 + 4096) << 48) | 6);
    assert!(words.is_sorted());
    let keys: Vec<&str> = encoded.objects.iter().map(|o| o.key.as_str()).collect();
    assert_eq!(
        keys,
        ["6/count/c/7", "6/h_mean/c/7", "6/h_sum/c/7", "6/last/c/7", "6/flag/c/7", "6/cell_ids/c/7", "6/morton/c/7"]
    );
    assert_eq!(encoded.fields, 5);
}

#[test]
fn every_layout_gives_the_columns_back() {
    let columns_of = |sample: &Sample| sample.columns(4, 3);
    for sample in [
        Sample::healpix().unwrap(),
        Sample::healpix_inner(true).unwrap(),
        Sample::healpix_inner(false).unwrap(),
        Sample::rectilinear(None, false).unwrap(),
        Sample::rectilinear(Some([4, 5]), true).unwrap(),
    ] {
        let columns = columns_of(&sample);
        let encoded = encode_shard(&sample.layout, &sample.shard(5).unwrap(), &columns).unwrap();
        for (name, values) in &columns.fields {
            let chunks = decoded(&sample.layout, &encoded, name);
            let all: Vec<u8> = chunks.iter().flat_map(|c| c.le_bytes(0..c.len())).collect();
            assert_eq!(all, values.le_bytes(0..values.len()), "{name}");
        }
    }
}

#[test]
fn loose_inner_tiles_hold_their_own_rows_and_columns() {
    let sample = Sample::rectilinear(Some([4, 5]), false).unwrap();
    let columns = sample.columns(4, 1);
    let encoded = encode_shard(&sample.layout, &sample.shard(5).unwrap(), &columns).unwrap();
    let Values::Uint8(whole) = &columns.fields[4].1 else { panic!("flag is uint8") };
    let chunks = decoded(&sample.layout, &encoded, "flag");
    let expected: Vec<u8> = (0..4).flat_map(|row| whole[row * 10 + 5..row * 10 + 10].to_vec()).collect();
    assert_eq!(chunks[1], Values::Uint8(expected));
    // Tile 5 of 3 by 4 is row 1, column 1; in inner chunks, rows 2 and 3, columns 2 and 3.
    let keys: Vec<&str> = encoded.objects.iter().take(4).map(|o| o.key.as_str()).collect();
    assert_eq!(
        keys,
        ["rectilinear/count/c/2/2", "rectilinear/count/c/2/3", "rectilinear/count/c/3/2", "rectilinear/count/c/3/3"]
    );
}

#[test]
fn a_chunk_that_is_all_fill_is_written_all_the_same() {
    let sample = Sample::healpix_inner(false).unwrap();
    let shard = sample.shard(3).unwrap();
    let encoded = encode_shard(&sample.layout, &shard, &sample.columns(1, 0)).unwrap();
    assert_eq!(encoded.objects.len(), 7 * 16);
    assert!(encoded.objects.iter().all(|object| !object.bytes.is_empty()));
    let blank = encode_fill(&sample.layout, &shard).unwrap();
    assert_eq!(blank.objects.len(), 7 * 16);
    assert_eq!(decoded(&sample.layout, &blank, "morton")[0], from_le_bytes(Dtype::Uint64, &[0; 128]));
    let keys: Vec<String> = blank.objects.into_iter().map(|object| object.key).collect();
    assert_eq!(keys, crate::write::shard_keys(&sample.layout, &shard).unwrap());
}

#[test]
fn an_upgrade_that_changes_bytes_is_noticed() {
    let digest = |sample: &Sample| {
        let encoded = encode_shard(&sample.layout, &sample.shard(7).unwrap(), &sample.columns(1, 2)).unwrap();
        let all: String = encoded.objects.iter().map(|object| format!("{} {}\n", object.key, object.sha256)).collect();
        Digest::of(all.as_bytes()).short(16)
    };
    let found = [
        digest(&Sample::healpix().unwrap()),
        digest(&Sample::healpix_inner(true).unwrap()),
        digest(&Sample::rectilinear(None, false).unwrap()),
    ];
    assert_eq!(
        found,
        ["5cf8bea9f5aa1713", "4af974070ebcfddf", "80bfeac9f220454d"],
        "if this is wanted, say so in the changelog: old and new runs differ in bytes"
    );
}

#[test]
fn columns_that_are_not_the_layouts_are_refused() {
    let sample = Sample::healpix().unwrap();
    let shard = sample.shard(0).unwrap();
    let good = sample.columns(1, 1);
    let change = |change: &dyn Fn(&mut ShardColumns)| {
        let mut columns = good.clone();
        change(&mut columns);
        encode_shard(&sample.layout, &shard, &columns)
    };
    assert!(change(&|_| {}).is_ok());
    assert!(matches!(change(&|c| c.fields.truncate(2)), Err(StoreError::Columns { .. })));
    assert!(matches!(change(&|c| c.fields.swap(0, 1)), Err(StoreError::Columns { .. })));
    assert!(matches!(change(&|c| c.fields[0].1 = Values::Int64(vec![0; 256])), Err(StoreError::Columns { .. })));
    assert!(matches!(change(&|c| c.fields[0].1 = Values::Int32(vec![0; 255])), Err(StoreError::Columns { .. })));
    assert!(matches!(
        encode_shard(&sample.layout, &Shard { position: Position::Nested(192), ..shard.clone() }, &good),
        Err(StoreError::Shard { .. })
    ));
}
