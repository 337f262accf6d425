use super::*;

/// Points projected by PROJ 9.5.1 through pyproj 3.7.2: `Transformer.from_crs("EPSG:4326", crs,
/// always_xy=True)`.
const PROJ_9_5_1: &str = include_str!("proj_9_5_1.csv");

#[test]
fn projections_agree_with_proj() {
    let mut compared = 0;
    for line in PROJ_9_5_1.lines().skip(1) {
        let row: Vec<f64> = line.split(',').map(|text| text.parse().unwrap()).collect();
        let projection = Projection::new(&format!("EPSG:{}", row[0])).unwrap();
        let (x, y) = projection.forward(row[1], row[2]).unwrap();
        assert!((x - row[3]).hypot(y - row[4]) < 1e-5, "{line}: {x} {y}");
        let (lon, lat) = projection.inverse(row[3], row[4]).unwrap();
        let turn = (lon - row[1] + 540.0).rem_euclid(360.0) - 180.0;
        let off = (turn * lat.to_radians().cos()).hypot(lat - row[2]);
        assert!(off < 1e-9, "{line}: {lon} {lat}");
        compared += 1;
    }
    assert_eq!(compared, 240);
}

#[test]
fn geographic_degrees_stay_as_they_are() {
    let projection = Projection::new("epsg:4326").unwrap();
    assert!(projection.is_geographic());
    assert_eq!(projection.forward(-77.5, 38.25), Some((-77.5, 38.25)));
    assert_eq!(projection.forward(f64::NAN, 0.0), None);
    assert_eq!(projection.forward(0.0, 3.4e38), None);
}

#[test]
fn what_cannot_be_computed_exactly_is_refused_by_name() {
    let refused = |crs: &str| Projection::new(crs).unwrap_err();
    // Another datum, in words and by a shift; a sphere; a vertical part; untested arithmetic.
    for code in [4267, 27700, 2154, 3857, 6871, 6932, 6933] {
        let error = refused(&format!("EPSG:{code}"));
        assert!(matches!(error, GridError::CrsNotExact { code: found, .. } if found == code), "{error}");
    }
    assert!(matches!(refused("EPSG:99999"), GridError::CrsUnknown { code: 99999 }));
    assert!(matches!(refused("EPSG:1"), GridError::CrsUnknown { code: 1 }));
    for crs in ["", "4326", "EPSG:", "EPSG:+4326", "EPSG:4326x", "ESRI:102001", "+proj=utm +zone=18"] {
        assert!(matches!(refused(crs), GridError::CrsSpelling { .. }), "{crs}");
    }
}

#[test]
fn a_polar_map_has_only_its_own_pole_in_the_middle() {
    for (crs, lat) in [("EPSG:3031", -90.0), ("EPSG:3413", 90.0)] {
        let projection = Projection::new(crs).unwrap();
        for off in [0.0, 1e-14, 1e-11, 1e-10] {
            let (x, y) = projection.forward(33.0, lat * (1.0 - off)).unwrap();
            assert!(x.hypot(y) < 0.1, "{crs} {off}: {x} {y}");
            let other = projection.forward(33.0, -lat * (1.0 - off));
            assert!(other.is_none_or(|(x, y)| x.hypot(y) > 1e9), "{crs} {off}: {other:?}");
        }
    }
}

#[test]
fn every_utm_zone_is_there() {
    for zone in 1..=60 {
        for base in [32600, 32700] {
            let projection = Projection::new(&format!("EPSG:{}", base + zone)).unwrap();
            let (x, _) = projection.forward(f64::from(zone) * 6.0 - 183.0, 10.0).unwrap();
            assert!((x - 500_000.0).abs() < 1e-6);
        }
    }
}
