use super::*;
use crate::{
    consolidate::consolidate,
    layout::Provenance,
    sample::Sample,
    testing::{everything, store},
};

#[tokio::test]
async fn casting_twice_reuses_and_changes_nothing() {
    for sample in [Sample::healpix().unwrap(), Sample::rectilinear(None, false).unwrap()] {
        let (_folder, store) = store();
        assert_eq!(cast(&store, &sample.layout, OverwriteChoice::Keep).await.unwrap(), TemplateOutcome::Created);
        let before = everything(&store).await;
        assert_eq!(cast(&store, &sample.layout, OverwriteChoice::Keep).await.unwrap(), TemplateOutcome::Reused);
        assert_eq!(everything(&store).await, before);
        ensure(&store, &sample.layout).await.unwrap();
        consolidate(&store).await.unwrap();
        assert_eq!(cast(&store, &sample.layout, OverwriteChoice::Keep).await.unwrap(), TemplateOutcome::Reused);
        // Nobody but the producer writes metadata, and it wrote these keys only.
        let axes = before.keys().filter(|key| !key.ends_with("zarr.json")).count();
        assert_eq!(axes, if sample.layout.group == "rectilinear" { 2 } else { 0 });
    }
}

#[tokio::test]
async fn a_template_cut_short_is_completed() {
    let (_folder, store) = store();
    let sample = Sample::rectilinear(None, false).unwrap();
    cast(&store, &sample.layout, OverwriteChoice::Keep).await.unwrap();
    let whole = everything(&store).await;
    for key in whole.keys().filter(|key| *key != ROOT) {
        store.delete(key).await.unwrap();
    }
    assert_eq!(cast(&store, &sample.layout, OverwriteChoice::Keep).await.unwrap(), TemplateOutcome::Reused);
    assert_eq!(everything(&store).await, whole);
}

#[tokio::test]
async fn another_pipeline_or_grid_is_refused_before_any_write() {
    let (_folder, store) = store();
    let sample = Sample::healpix().unwrap();
    cast(&store, &sample.layout, OverwriteChoice::Keep).await.unwrap();
    let before = everything(&store).await;
    let mut other = sample.layout.clone();
    other.pipeline = Digest::of(b"another pipeline");
    for choice in [OverwriteChoice::Keep, OverwriteChoice::Rewrite] {
        let error = cast(&store, &other, choice).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, StoreError::OtherPipeline { .. }), "{text}");
        assert!(
            text.contains(&other.pipeline.to_string()) && text.contains(&sample.layout.pipeline.to_string()),
            "{text}"
        );
        let plane = Sample::rectilinear(None, false).unwrap();
        let error = cast(&store, &plane.layout, choice).await.unwrap_err();
        assert!(matches!(error, StoreError::OtherGrid { .. }), "{error}");
        assert!(error.to_string().contains("healpix") && error.to_string().contains("EPSG:3031"), "{error}");
    }
    assert!(ensure(&store, &other).await.is_err());
    assert_eq!(everything(&store).await, before);
}

#[tokio::test]
async fn what_is_not_ours_is_refused_before_any_write() {
    let sample = Sample::healpix().unwrap();
    for (key, bytes) in [
        ("zarr.json", br#"{"zarr_format":3,"node_type":"group","attributes":{}}"#.as_slice()),
        ("notes.txt", b"dear diary"),
        ("12/h/c/0", b""),
    ] {
        let (_folder, store) = store();
        store.put(key, bytes.to_vec().into()).await.unwrap();
        let error = cast(&store, &sample.layout, OverwriteChoice::Rewrite).await.unwrap_err();
        assert!(matches!(&error, StoreError::NotOurs { found, .. } if found == key), "{error:?}");
        assert_eq!(everything(&store).await.len(), 1);
    }
    let (_folder, store) = store();
    assert!(matches!(claim(&store).await, Err(StoreError::NoStore { .. })));
    let newer = r#"{"zarr_format":3,"node_type":"group","attributes":{"zagg":{"schema":"zagg-store/9"}}}"#;
    store.put(ROOT, newer.into()).await.unwrap();
    let error = cast(&store, &sample.layout, OverwriteChoice::Keep).await.unwrap_err();
    assert!(matches!(error, StoreError::OtherSchema { .. }), "{error:?}");
}

#[tokio::test]
async fn a_document_that_differs_is_refused_or_rewritten_as_asked() {
    let (_folder, store) = store();
    let sample = Sample::healpix().unwrap();
    cast(&store, &sample.layout, OverwriteChoice::Keep).await.unwrap();
    let whole = everything(&store).await;
    let text = String::from_utf8(whole["6/count/zarr.json"].to_vec()).unwrap();
    store.put("6/count/zarr.json", text.replace("int32", "int16").into()).await.unwrap();
    let error = cast(&store, &sample.layout, OverwriteChoice::Keep).await.unwrap_err();
    assert!(matches!(&error, StoreError::TemplateDiffers { key, .. } if key == "6/count/zarr.json"), "{error:?}");
    assert_eq!(cast(&store, &sample.layout, OverwriteChoice::Rewrite).await.unwrap(), TemplateOutcome::Rewritten);
    assert_eq!(everything(&store).await, whole);
}

#[tokio::test]
async fn another_version_of_the_program_reuses_the_store() {
    let (_folder, store) = store();
    let sample = Sample::healpix().unwrap();
    cast(&store, &sample.layout, OverwriteChoice::Keep).await.unwrap();
    let newer = Provenance { version: "9.9.9".to_owned(), catalog: Some("b.json".to_owned()), notes: Vec::new() };
    let layout = Layout::new(&sample.pipeline, &sample.grid, newer).unwrap();
    assert_eq!(cast(&store, &layout, OverwriteChoice::Keep).await.unwrap(), TemplateOutcome::Reused);
    assert_eq!(claim(&store).await.unwrap().document["version"], "0.0.0");
    cast(&store, &layout, OverwriteChoice::Rewrite).await.unwrap();
    assert_eq!(claim(&store).await.unwrap().document["version"], "9.9.9");
}
