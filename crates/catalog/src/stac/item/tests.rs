use super::*;
use serde_json::json;

fn entry(item: Value, thumbnails: bool) -> Entry {
    serde_json::from_value::<Item>(item).unwrap().take(thumbnails).entry
}

/// An item in the form that CMR-STAC gives.
fn granule() -> Value {
    let path = "nsidc-cumulus-prod-protected/ATLAS/ATL06/007/2024/01/06/ATL06_20240106012345_02872203_007_01";
    json!({
        "type": "Feature",
        "id": "ATL06_20240106012345_02872203_007_01.h5",
        "stac_version": "1.1.0",
        "stac_extensions": ["https://stac-extensions.github.io/storage/v2.0.0/schema.json"],
        "properties": {
            "datetime": "2024-01-06T01:23:45.056Z",
            "storage:schemes": {"aws": {"type": "aws-s3", "bucket": "nsidc-cumulus-prod-protected", "region": "us-west-2"}},
            "start_datetime": "2024-01-06T01:23:45.056Z",
            "end_datetime": "2024-01-06T01:29:11Z"
        },
        "geometry": {"type": "Polygon", "coordinates": [[[10.0, 20.0], [10.5, 20.1], [9.5, 60.0], [10.0, 20.0]]]},
        "bbox": [9.5, 20.0, 10.5, 60.0],
        "assets": {
            "browse": {"href": "https://example.org/b.jpg", "roles": ["browse"], "type": "image/jpeg"},
            "thumbnail_0": {"href": "https://example.org/t.jpg", "roles": ["thumbnail"]},
            path: {"href": format!("https://data.nsidc.earthdatacloud.nasa.gov/{path}.h5"), "roles": ["data"]},
            format!("s3_s3://{path}"): {"href": format!("s3://{path}.h5"), "roles": ["data"], "storage:refs": ["aws"]},
            "provider_metadata": {"href": format!("https://data.nsidc.earthdatacloud.nasa.gov/{path}.cmr.json"), "roles": ["metadata"]},
            "metadata": {"href": "https://cmr.earthdata.nasa.gov/search/concepts/G1.xml", "roles": ["metadata"]}
        },
        "links": [],
        "collection": "ATL06_007"
    })
}

#[test]
fn an_item_of_the_archive_becomes_an_entry() {
    let entry = entry(granule(), false);
    let path = "nsidc-cumulus-prod-protected/ATLAS/ATL06/007/2024/01/06/ATL06_20240106012345_02872203_007_01.h5";
    assert_eq!(entry.id, "ATL06_20240106012345_02872203_007_01.h5");
    assert_eq!(entry.collection.as_deref(), Some("ATL06_007"));
    assert_eq!(entry.https, Some(format!("https://data.nsidc.earthdatacloud.nasa.gov/{path}")));
    assert_eq!(entry.s3, Some(format!("s3://{path}")));
    assert_eq!(entry.metadata.as_deref(), Some("https://cmr.earthdata.nasa.gov/search/concepts/G1.xml"));
    assert_eq!(entry.start_us, Some(1_704_504_225_056_000));
    assert_eq!(entry.end_us, Some(1_704_504_551_000_000));
    assert_eq!(entry.datetime_us, entry.start_us);
    assert_eq!(entry.thumbnails, []);
    assert_eq!(entry.footprint.unwrap().parts.len(), 1);
}

#[test]
fn pictures_are_kept_when_they_are_wanted() {
    let kept = entry(granule(), true).thumbnails;
    let expected = [("browse", "https://example.org/b.jpg"), ("thumbnail_0", "https://example.org/t.jpg")];
    assert_eq!(kept, expected.map(|(key, href)| (key.to_owned(), href.to_owned())));
}

#[test]
fn of_several_assets_of_a_kind_the_last_is_taken() {
    let data = |href: &str| json!({"href": href, "roles": ["data"]});
    let assets = json!({
        "a": data("https://a/1.h5"), "b": data("s3://a/1.h5"), "c": data("https://a/2.h5"),
        "d": data("http://a/3.h5"), "e": data("https://a/readme.txt"), "f": {"href": "https://a/9.h5"},
        "g": {"href": "https://a/8.h5", "roles": null}, "h": {"roles": ["data"]}, "i": null,
        "j": {"href": "https://a/m.h5", "roles": ["data", "metadata"]},
        "k": {"href": "https://a/m.xml", "roles": ["data", "metadata"]}
    });
    let entry = entry(json!({"id": "a", "assets": assets}), false);
    assert_eq!(entry.https.as_deref(), Some("https://a/m.h5"));
    assert_eq!(entry.s3.as_deref(), Some("http://a/3.h5"), "whatever is not https, as in the peer");
    assert_eq!(entry.metadata.as_deref(), Some("https://a/m.xml"));
}

#[test]
fn an_item_without_anything_is_an_entry_with_its_id() {
    let item = json!({"id": "a", "geometry": null, "assets": null, "properties": null, "collection": null});
    assert_eq!(entry(item, true), Entry { id: "a".to_owned(), ..Entry::default() });
    assert!(serde_json::from_value::<Item>(json!({"type": "Feature"})).is_err(), "an id is needed");
}

#[test]
fn a_time_that_is_none_is_told() {
    let take = |value: Value| {
        let item = json!({"id": "a", "properties": {"datetime": value, "start_datetime": "2024-01-06T00:00:00Z"}});
        serde_json::from_value::<Item>(item).unwrap().take(false)
    };
    assert!(take(json!("2024-01-06")).has_odd_time);
    assert!(take(json!(20_240_106)).has_odd_time);
    assert!(!take(json!(null)).has_odd_time);
    assert_eq!(take(json!("odd")).entry.start_us, Some(1_704_499_200_000_000));
}
