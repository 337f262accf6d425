use serde_json::json;
use zagg_core::order::Order;

use super::*;
use crate::{area::Part, cover};

mod boxes;

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/geojson/");

fn corners(region: &Region) -> Vec<Vec<Vec<[f64; 2]>>> {
    let rings = |part: &Part| match part {
        Part::Polygon(rings) => rings.clone(),
        Part::Band { .. } => panic!("a band"),
    };
    region.area.parts.iter().map(rings).collect()
}

fn square(west: f64, south: f64, side: f64) -> Vec<[f64; 2]> {
    let (east, north) = (west + side, south + side);
    vec![[west, south], [east, south], [east, north], [west, north], [west, south]]
}

fn polygon(rings: &[Vec<[f64; 2]>]) -> serde_json::Value {
    json!({"type": "Polygon", "coordinates": rings})
}

fn parsed(document: &serde_json::Value) -> Result<Region, RegionError> {
    from_geojson(&document.to_string())
}

fn close(found: &[[f64; 4]], expected: &[[f64; 4]]) -> bool {
    let near = |a: &[f64; 4], b: &[f64; 4]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
    found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| near(a, b))
}

#[test]
fn every_way_to_wrap_polygons_in_geojson_gives_the_same_area() {
    let rings = [square(0.0, 0.0, 4.0), square(1.0, 1.0, 1.0)];
    let plain = parsed(&polygon(&rings)).unwrap();
    assert_eq!(corners(&plain), [rings.to_vec()]);
    let multi = json!({"type": "MultiPolygon", "coordinates": [rings]});
    let collection = json!({"type": "GeometryCollection", "geometries": [polygon(&rings)]});
    for geometry in [polygon(&rings), multi, collection] {
        let feature = json!({"type": "Feature", "properties": null, "geometry": geometry});
        let features = json!({"type": "FeatureCollection", "features": [feature]});
        for document in [&geometry, &feature, &features] {
            assert_eq!(parsed(document).unwrap(), plain, "{document}");
        }
    }
    let two = json!({"type": "FeatureCollection", "features": [
        {"type": "Feature", "geometry": polygon(&rings[..1])}, {"type": "Feature", "geometry": polygon(&rings[1..])}]});
    assert_eq!(corners(&parsed(&two).unwrap()), [vec![rings[0].clone()], vec![rings[1].clone()]]);
    let text = format!("\u{feff}{}", polygon(&rings));
    assert_eq!(from_geojson(&text).unwrap(), plain, "a byte order mark does not matter");
}

#[test]
fn heights_are_let_go_and_open_rings_closed() {
    let ring = json!([[0, 0, 5], [1, 0, 6.5], [1, 1, 7]]);
    let region = parsed(&json!({"type": "Polygon", "coordinates": [ring]})).unwrap();
    assert_eq!(corners(&region), [[[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]]]);
}

#[test]
fn what_is_no_polygon_is_named_and_refused_where_nothing_else_is_there() {
    let point = json!({"type": "Feature", "geometry": {"type": "Point", "coordinates": [0, 0]}});
    let nowhere = json!({"type": "Feature", "geometry": null});
    let area = json!({"type": "Feature", "geometry": polygon(&[square(0.0, 0.0, 1.0)])});
    let error = parsed(&json!({"type": "FeatureCollection", "features": [point, nowhere]})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the region has no polygon, only a Point (feature 0), nothing (feature 1): draw polygons around them"
    );
    let region = parsed(&json!({"type": "FeatureCollection", "features": [area, point]})).unwrap();
    assert_eq!(region.notes, ["only polygons count; left out: a Point (feature 1)"]);
    let empty = parsed(&json!({"type": "FeatureCollection", "features": []})).unwrap_err();
    assert!(matches!(empty, RegionError::Empty));
}

#[test]
fn an_error_names_feature_ring_and_corner() {
    let mut hole = square(1.0, 1.0, 1.0);
    hole[2] = [500_000.0, 4_100_000.0];
    let good = json!({"type": "Feature", "geometry": polygon(&[square(0.0, 0.0, 1.0)])});
    let bad = json!({"type": "Feature", "geometry": {"type": "MultiPolygon", "coordinates": [[square(0.0, 0.0, 4.0), hole]]}});
    let error = parsed(&json!({"type": "FeatureCollection", "features": [good, bad]})).unwrap_err();
    assert!(
        error.to_string().starts_with("corner 2 of ring 1 of polygon 0 of feature 1 is longitude 500000"),
        "{error}"
    );
    let text = parsed(&json!({"type": "Polygon", "coordinates": [[[0, 0], ["1", 0], [1, 1]]]})).unwrap_err();
    assert!(text.to_string().starts_with(r#"corner 1 of ring 0 is ["1",0], but"#), "{text}");
    for (document, expected) in [
        (json!([1]), "a GeoJSON object"),
        (json!({"features": []}), "a GeoJSON object"),
        (json!({"type": "FeatureCollection"}), "a list of `features`"),
        (json!({"type": "Topology"}), "a GeoJSON geometry"),
        (json!({"type": "Polygon", "coordinates": 5}), "a list of `coordinates`"),
    ] {
        let error = parsed(&document).unwrap_err();
        assert!(matches!(&error, RegionError::Shape { expected: found, .. } if *found == expected), "{error}");
    }
    assert!(matches!(from_geojson("POLYGON ((0 0))"), Err(RegionError::Json(_))));
}

#[test]
fn another_reference_than_wgs84_is_refused() {
    let with = |name: &str| {
        let mut document = polygon(&[square(0.0, 0.0, 1.0)]);
        document["crs"] = json!({"type": "name", "properties": {"name": name}});
        parsed(&document)
    };
    for name in ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4326"] {
        assert!(with(name).is_ok(), "{name}");
    }
    let error = with("urn:ogc:def:crs:EPSG::3031").unwrap_err();
    assert!(matches!(&error, RegionError::Reference { reference, .. } if reference.ends_with("3031")), "{error}");
    let mut absent = polygon(&[square(0.0, 0.0, 1.0)]);
    absent["crs"] = json!(null);
    assert!(parsed(&absent).is_ok());
}

#[test]
fn an_outline_drawn_on_a_flat_map_loses_its_way_to_the_pole() {
    let coast = [[-180.0, -75.0], [-90.0, -72.0], [0.0, -70.0], [90.0, -68.0], [180.0, -75.0]];
    let mut flat = coast.to_vec();
    flat.extend([[180.0, -90.0], [-180.0, -90.0], [-180.0, -75.0]]);
    let ring = |flat: &[[f64; 2]]| corners(&parsed(&polygon(&[flat.to_vec()])).unwrap())[0][0].clone();
    let round = vec![[-90.0, -72.0], [0.0, -70.0], [90.0, -68.0], [180.0, -75.0], [-90.0, -72.0]];
    // The same ring whatever corner it begins with.
    for start in 0..flat.len() - 1 {
        let turned: Vec<_> = (0..flat.len()).map(|i| flat[(start + i) % (flat.len() - 1)]).collect();
        let mut found = ring(&turned);
        found.pop();
        assert_eq!(found.len(), 4, "from corner {start}: {found:?}");
        assert!(found.iter().all(|corner| coast.contains(corner)), "from corner {start}: {found:?}");
    }
    let area = |ring: Vec<[f64; 2]>| area_km2(&Area::of_ring(ring));
    assert!((area(ring(&flat)) - area(round)).abs() < 1e-3);
}

#[test]
fn a_ring_that_encloses_nothing_on_the_sphere_is_refused() {
    let full = vec![[-180.0, -80.0], [180.0, -80.0], [180.0, -60.0], [-180.0, -60.0], [-180.0, -80.0]];
    let error = parsed(&polygon(&[full])).unwrap_err();
    assert!(error.to_string().contains("encloses nothing") && error.to_string().contains("--bbox="), "{error}");
    let half = vec![[-180.0, -60.0], [0.0, -60.0], [0.0, -80.0], [-180.0, -80.0], [-180.0, -60.0]];
    let error = parsed(&polygon(&[half])).unwrap_err();
    assert!(matches!(error, RegionError::HalfTurn { place: Place { corner: Some(0), .. } }), "{error}");
}

#[test]
fn well_known_text_gives_what_geojson_gives() {
    let rings = [square(0.0, 0.0, 4.0), square(1.0, 1.0, 1.0)];
    let expected = parsed(&polygon(&rings)).unwrap();
    let body = "((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1))";
    for text in [
        format!("POLYGON {body}"),
        format!(" polygon{body}\n"),
        format!("SRID=4326;POLYGON {body}"),
        format!("MULTIPOLYGON ({body}, EMPTY)"),
        format!("GEOMETRYCOLLECTION (POLYGON EMPTY, POLYGON {body})"),
        "POLYGON Z ((0 0 1, 4 0 1, 4.0 4e0 1, 0 4 1, 0 0 1), (1 1 1, 2 1 1, 2 2 1, 1 2 1, 1 1 1))".to_owned(),
        "POLYGONZM((0 0 1 2,4 0 1 2,4 4 1 2,0 4 1 2,0 0 1 2),(1 1 1 2,2 1 1 2,2 2 1 2,1 2 1 2,1 1 1 2))".to_owned(),
    ] {
        assert_eq!(from_wkt(&text).unwrap().area, expected.area, "{text}");
    }
    let mixed = from_wkt(&format!("GEOMETRYCOLLECTION (POINT (1 2), POLYGON {body}, LINESTRING EMPTY)")).unwrap();
    assert_eq!(mixed.notes, ["only polygons count; left out: a POINT, a LINESTRING"]);
}

#[test]
fn wrong_well_known_text_is_shown_where_it_is_wrong() {
    let error = from_wkt("POLYGON ((0 0, 1 x, 1 1))").unwrap_err();
    assert!(matches!(&error, RegionError::Wkt { at: 18, near, expected: "a number" } if near == "x, 1 1))"), "{error}");
    let nested = format!("{}POLYGON EMPTY{}", "GEOMETRYCOLLECTION (".repeat(100_000), ")".repeat(100_000));
    for text in ["", "POLYGON", "POLYGON ((0 0, 1 1", "nowhere.wkt", "POLYGON ((0 0, 1 0, 1 1)) x", &nested] {
        assert!(matches!(from_wkt(text), Err(RegionError::Wkt { .. })), "{:.40}", text);
    }
    assert!(matches!(from_wkt("SRID=3031;POLYGON EMPTY"), Err(RegionError::Reference { .. })));
    assert!(matches!(from_wkt("POLYGON EMPTY"), Err(RegionError::Empty)));
    assert!(matches!(from_wkt("POINT (1 2)"), Err(RegionError::NoPolygon { .. })));
    assert!(matches!(from_wkt("POLYGON ((0 0, 1 0, 1 91))"), Err(RegionError::Corner { .. })));
}

#[test]
fn a_file_is_taken_before_the_text_of_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("area.wkt");
    fs::write(&path, "POLYGON ((0 0, 1 0, 1 1, 0 0))").unwrap();
    assert_eq!(from_wkt_argument(path.to_str().unwrap()).unwrap().area.parts.len(), 1);
    fs::write(&path, "POLYGON ((0 0").unwrap();
    let error = from_wkt_argument(path.to_str().unwrap()).unwrap_err();
    assert!(matches!(&error, RegionError::File { path: found, .. } if *found == path), "{error}");
    assert!(matches!(from_geojson_file(&path.join("no")), Err(RegionError::Read { .. })));
}

#[test]
fn areas_are_those_of_the_ellipsoid() {
    let whole = Area { parts: vec![Part::Band { south_deg: -90.0, north_deg: 90.0 }] };
    // The surface of WGS84.
    assert!((area_km2(&whole) - 510_065_621.724).abs() < 1.0, "{}", area_km2(&whole));
    let octant = Area::of_ring(vec![[0.0, 0.0], [90.0, 0.0], [0.0, 90.0], [0.0, 0.0]]);
    assert!((area_km2(&octant) * 8.0 - area_km2(&whole)).abs() < 1.0);
    let reversed = Area::of_ring(vec![[0.0, 0.0], [0.0, 90.0], [90.0, 0.0]]);
    assert!((area_km2(&octant) - area_km2(&reversed)).abs() < 1e-6);
    let ring = from_geojson(&polygon(&[square(0.0, 0.0, 4.0), square(1.0, 1.0, 1.0)]).to_string()).unwrap();
    assert_eq!(summary(&ring.area), format!("1 part, {:.0} km²", area_km2(&ring.area)));
    assert!((180_000.0..190_000.0).contains(&area_km2(&ring.area)));
}

#[test]
fn built_in_regions_are_where_they_should_be() {
    for name in BUILTIN {
        let region = builtin(name).unwrap();
        assert!(region.notes.is_empty() && cover::nested(&region.area, Order::new(4).unwrap()).is_ok(), "{name}");
    }
    let antarctica = builtin(" Antarctica ").unwrap().area;
    let [[west, south, east, north]] = query_boxes(&antarctica)[..] else { panic!("one box") };
    assert_eq!((west, south, east), (-180.0, -90.0, 180.0));
    assert!((-63.5..-62.5).contains(&north), "{north}");
    // Grounded ice covers 12.3 million km² (Rignot et al. 2013, doi:10.1126/science.1235798: 12.0 of the continent).
    assert!((12.0e6..12.9e6).contains(&area_km2(&antarctica)), "{}", area_km2(&antarctica));
    let greenland = builtin("greenland").unwrap().area;
    // The island has 2.166 million km²; the outline is generous.
    assert!((2.3e6..3.2e6).contains(&area_km2(&greenland)), "{}", area_km2(&greenland));
    assert_eq!(query_boxes(&greenland).len(), 1);
}

#[test]
fn greenland_holds_its_capes_and_towns() {
    let order = Order::new(10).unwrap();
    let area = builtin("greenland").unwrap().area;
    let cells = cover::nested(&area, order).unwrap();
    for (name, longitude, latitude) in [
        ("Cape Farewell", -43.92, 59.77),
        ("Cape Morris Jesup", -33.37, 83.66),
        ("Kaffeklubben Island", -30.62, 83.67),
        ("Nordostrundingen", -11.5, 81.43),
        ("Cape Alexander", -73.13, 78.17),
        ("Carey Islands", -73.1, 76.72),
        ("Qaanaaq", -69.23, 77.47),
        ("Cape York", -66.5, 75.92),
        ("Upernavik", -56.15, 72.79),
        ("Disko, west", -55.0, 69.8),
        ("Sisimiut", -53.68, 66.94),
        ("Nuuk", -51.74, 64.18),
        ("Tasiilaq", -37.64, 65.61),
        ("Ittoqqortoormiit", -21.97, 70.48),
        ("Shannon Island, east", -17.2, 75.1),
        ("Danmarkshavn", -18.67, 76.77),
        ("Summit", -38.45, 72.58),
    ] {
        let latitude = zagg_core::geodesy::authalic_latitude(latitude).to_radians();
        let cell = cdshealpix::nested::hash(10, f64::to_radians(longitude), latitude);
        assert!(cells.contains(&cell), "{name}");
    }
    let outside = |longitude: f64, latitude: f64| {
        let latitude = zagg_core::geodesy::authalic_latitude(latitude).to_radians();
        !cells.contains(&cdshealpix::nested::hash(10, longitude.to_radians(), latitude))
    };
    assert!(outside(-21.9, 64.1), "Reykjavik");
    assert!(outside(-62.3, 82.5 + 1.0) && outside(-85.0, 80.0), "Ellesmere Island's middle");
}

#[test]
fn a_misspelt_region_is_guessed() {
    for (typed, meant) in [("antartica", Some("antarctica")), ("Greenlnd", Some("greenland")), ("xyz", None)] {
        let error = builtin(typed).unwrap_err();
        assert!(matches!(&error, RegionError::Unknown { nearest, .. } if *nearest == meant), "{error}");
        assert!(error.to_string().contains("antarctica and greenland"), "{error}");
    }
}

#[test]
#[ignore = "needs ../shared"]
fn real_regions_are_read_whole() {
    for (file, parts, km2) in [("AOP_NEON.geojson", 1, 90.0..110.0), ("antarctic_88s.geojson", 8, 50_000.0..51_000.0)] {
        let region = from_geojson_file(Path::new(&format!("{SHARED}{file}"))).unwrap();
        assert_eq!(region.area.parts.len(), parts, "{file}");
        assert!(km2.contains(&area_km2(&region.area)), "{file}: {}", summary(&region.area));
        assert!(region.notes.is_empty());
    }
    let boxes = query_boxes(&from_geojson_file(Path::new(&format!("{SHARED}AOP_NEON.geojson"))).unwrap().area);
    assert!(close(&boxes, &[[-76.623_291, 38.842_973, -76.506_054, 38.934_599]]), "{boxes:?}");
    let california = from_geojson_file(Path::new(&format!("{SHARED}california.geojson"))).unwrap();
    assert!((400_000.0..450_000.0).contains(&area_km2(&california.area)), "{}", summary(&california.area));
    assert_eq!(query_boxes(&california.area).len(), 1);
}
