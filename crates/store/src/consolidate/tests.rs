use super::*;
use crate::{
    sample::Sample,
    template::{OverwriteChoice, cast},
    testing::{everything, store},
};

#[tokio::test]
async fn consolidating_is_repeatable_to_the_byte() {
    let mut seen = Vec::new();
    for _ in 0..3 {
        let (_folder, store) = store();
        let sample = Sample::healpix().unwrap();
        cast(&store, &sample.layout, OverwriteChoice::Keep).await.unwrap();
        consolidate(&store).await.unwrap();
        let once = everything(&store).await;
        let puts = store.usage().puts;
        consolidate(&store).await.unwrap();
        assert_eq!(everything(&store).await, once);
        assert_eq!(store.usage().puts, puts, "the second time writes nothing");
        seen.push(once);
    }
    assert!(seen[0] == seen[1] && seen[1] == seen[2]);
}

#[tokio::test]
async fn the_root_holds_every_document_by_ascending_path() {
    let (_folder, store) = store();
    let sample = Sample::rectilinear(None, false).unwrap();
    cast(&store, &sample.layout, OverwriteChoice::Keep).await.unwrap();
    store.put(".zagg/plan.json", "{}".into()).await.unwrap();
    consolidate(&store).await.unwrap();
    let root: Value = json::parse(ROOT, &store.get(ROOT).await.unwrap()).unwrap();
    let copy = &root["consolidated_metadata"];
    assert_eq!((&copy["kind"], &copy["must_understand"]), (&json!("inline"), &json!(false)));
    let paths: Vec<&String> = copy["metadata"].as_object().unwrap().keys().collect();
    assert!(paths.is_sorted());
    assert_eq!(paths.len(), 1 + sample.layout.arrays.len());
    assert_eq!(copy["metadata"]["rectilinear/h_mean"], sample.layout.arrays[4].document);
    assert_eq!(copy["metadata"]["rectilinear"]["consolidated_metadata"]["metadata"], json!({}));
}

#[tokio::test]
async fn there_is_nothing_to_consolidate_where_there_is_no_store() {
    let (_folder, store) = store();
    assert!(matches!(consolidate(&store).await, Err(StoreError::NoStore { .. })));
}
