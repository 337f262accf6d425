use super::*;
use crate::grid::tests::{healpix, rectilinear};

fn read(json: &str) -> GridSignature {
    serde_json::from_str(json).unwrap()
}

#[test]
fn a_healpix_signature_without_latitude_is_authalic() {
    let theirs = read(
        r#"{"type": "healpix", "indexing_scheme": "nested", "parent_order": 9, "child_order": 19,
            "layout": "fullsphere", "output_fields": ["count"]}"#,
    );
    let ours = healpix(9, 19).signature();
    assert_eq!(ours.matches(&theirs), Ok(()));
    assert_eq!(
        serde_json::to_string(&ours).unwrap(),
        r#"{"type":"healpix","indexing_scheme":"nested","parent_order":9,"child_order":19,"layout":"fullsphere","latitude":"authalic-wgs84"}"#
    );
}

#[test]
fn a_rectilinear_signature_is_the_peers() {
    let json = r#"{"type":"rectilinear","crs":"EPSG:32618","affine":[10.0,0.0,358300.0,0.0,-10.0,4311600.0],"shape":[1200,1200],"chunk_shape":[300,300]}"#;
    let ours = rectilinear("EPSG:32618", 10.0, [358_300.0, 4_299_600.0, 370_300.0, 4_311_600.0], 300).signature();
    assert_eq!(serde_json::to_string(&ours).unwrap(), json);
    assert_eq!(ours.matches(&read(json)), Ok(()));
    assert_eq!(ours.matches(&read(&json.replace("EPSG", "epsg").replace("10.0", "10"))), Ok(()));
}

#[test]
fn every_key_that_differs_is_named_with_both_values() {
    let found = read(
        r#"{"type": "healpix", "indexing_scheme": "ring", "parent_order": 10, "child_order": 12,
            "layout": "fullsphere", "latitude": "geodetic-spherical"}"#,
    );
    let mismatch = healpix(9, 12).signature().matches(&found).unwrap_err();
    let keys: Vec<_> = mismatch.differences.iter().map(|difference| difference.key).collect();
    assert_eq!(keys, ["indexing_scheme", "parent_order", "latitude"]);
    let text = mismatch.to_string();
    assert!(text.contains("parent_order is 10, expected 9"), "{text}");
    assert!(text.contains(r#"latitude is "geodetic-spherical", expected "authalic-wgs84""#), "{text}");

    let tiles = rectilinear("EPSG:3031", 5000.0, [0.0, 0.0, 50_000.0, 50_000.0], 5).signature();
    let mismatch = tiles.matches(&found).unwrap_err();
    assert_eq!(mismatch.to_string(), r#"the grids differ: type is "healpix", expected "rectilinear""#);
    let moved = rectilinear("EPSG:3413", 5000.0, [1.0, 0.0, 50_001.0, 50_000.0], 10).signature();
    let keys: Vec<_> = tiles.matches(&moved).unwrap_err().differences.into_iter().map(|d| d.key).collect();
    assert_eq!(keys, ["crs", "affine", "chunk_shape"]);
}
