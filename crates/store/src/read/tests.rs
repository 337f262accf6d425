use super::*;
use crate::{
    encode::encode_shard,
    sample::Sample,
    template::{OverwriteChoice, cast},
    testing::store,
    write::write_shard,
};

#[tokio::test]
async fn the_cells_of_every_layout_come_back() {
    for sample in
        [Sample::healpix().unwrap(), Sample::healpix_inner(true).unwrap(), Sample::healpix_inner(false).unwrap()]
    {
        let (_folder, store) = store();
        cast(&store, &sample.layout, OverwriteChoice::Keep).await.unwrap();
        let columns = sample.columns(3, 2);
        for index in [2, 40] {
            let encoded = encode_shard(&sample.layout, &sample.shard(index).unwrap(), &columns).unwrap();
            write_shard(&store, &encoded).await.unwrap();
        }
        let cells = Cells::open(&store).await.unwrap();
        assert_eq!(cells.domain, Domain::Healpix(Order::new(6).unwrap()));
        let (mut ids, mut counts) = (Vec::new(), Vec::new());
        for place in &cells.blocks {
            let block = cells.read(place).await.unwrap();
            assert_eq!(block.misplaced, 0);
            ids.extend(block.ids);
            counts.push(block.columns.iter().find(|(name, _)| name == "count").unwrap().1.clone());
        }
        assert_eq!(ids, (2 * 256..3 * 256).chain(40 * 256..41 * 256).collect::<Vec<u64>>());
        let all: Vec<u8> = counts.iter().flat_map(|c| c.le_bytes(0..c.len())).collect();
        assert_eq!(all, columns.fields[0].1.le_bytes(0..256).repeat(2));
    }
}

#[tokio::test]
async fn tiles_are_read_by_row_and_column() {
    let (_folder, store) = store();
    let sample = Sample::rectilinear(None, false).unwrap();
    cast(&store, &sample.layout, OverwriteChoice::Keep).await.unwrap();
    let encoded = encode_shard(&sample.layout, &sample.shard(5).unwrap(), &sample.columns(3, 1)).unwrap();
    write_shard(&store, &encoded).await.unwrap();
    let cells = Cells::open(&store).await.unwrap();
    assert_eq!((cells.domain.clone(), cells.blocks.len()), (Domain::Rectilinear([24, 40]), 1));
    let block = cells.read(&cells.blocks[0]).await.unwrap();
    assert_eq!(block.ids[..11], [330, 331, 332, 333, 334, 335, 336, 337, 338, 339, 370]);
}

#[tokio::test]
async fn a_chunk_under_the_wrong_key_is_misplaced() {
    let (_folder, store) = store();
    let sample = Sample::healpix().unwrap();
    cast(&store, &sample.layout, OverwriteChoice::Keep).await.unwrap();
    let encoded = encode_shard(&sample.layout, &sample.shard(5).unwrap(), &sample.columns(3, 1)).unwrap();
    for object in &encoded.objects {
        store.put(&object.key.replace("/c/5", "/c/6"), object.bytes.clone()).await.unwrap();
    }
    let cells = Cells::open(&store).await.unwrap();
    let block = cells.read(&cells.blocks[0]).await.unwrap();
    assert_eq!((block.ids.len(), block.misplaced), (0, 256));
}

#[tokio::test]
async fn a_place_without_a_store_is_missing() {
    let (_folder, store) = store();
    let error = Cells::open(&store).await.unwrap_err();
    assert!(matches!(error, StoreError::NoStore { .. }), "{error:?}");
}

#[tokio::test]
async fn chosen_fields_cost_their_own_chunks_and_one_coordinate() {
    let (_folder, store) = store();
    let sample = Sample::healpix().unwrap();
    cast(&store, &sample.layout, OverwriteChoice::Keep).await.unwrap();
    let encoded = encode_shard(&sample.layout, &sample.shard(9).unwrap(), &sample.columns(4, 2)).unwrap();
    write_shard(&store, &encoded).await.unwrap();
    let all = Cells::open(&store).await.unwrap();
    let (name, chosen) = ("count", all.only(&["count", "no such field"]));
    assert_eq!(chosen.fields.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), [name]);
    assert!(chosen.array("count").is_some() && all.array("h_mean").is_some() && chosen.array("h_mean").is_none());
    let whole = all.read(&all.blocks[0]).await.unwrap();
    let before = store.usage().gets;
    let block = chosen.read(&chosen.blocks[0]).await.unwrap();
    assert_eq!(store.usage().gets - before, 2);
    assert_eq!(block.ids, whole.ids);
    let of_whole = whole.columns.iter().find(|(n, _)| n == name).unwrap();
    assert_eq!(block.columns, std::slice::from_ref(of_whole));
}
