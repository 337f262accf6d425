use super::*;

fn shown(projection: MapProjection, bounds: Bounds, spacing: f64) -> (Plane, Frame, Land) {
    let plane = projection.plane().unwrap();
    let frame = Frame::around(bounds, spacing).unwrap();
    let land = land(&plane, &frame, spacing / 2.0);
    (plane, frame, land)
}

fn whole(projection: MapProjection) -> (Plane, Frame, Land) {
    let domain = projection.plane().unwrap().domain().unwrap();
    let spacing = (domain[2] - domain[0]) / 1000.0;
    shown(projection, domain, spacing)
}

/// By the even-odd rule.
fn is_land(land: &Land, (x, y): (f64, f64)) -> bool {
    let crossings = land.areas.iter().flat_map(|area| area.iter().zip(area.iter().cycle().skip(1)));
    let crossed = crossings.filter(|(a, b)| (a.1 > y) != (b.1 > y) && x < a.0 + (y - a.1) / (b.1 - a.1) * (b.0 - a.0));
    crossed.count() % 2 == 1
}

#[test]
fn the_asset_is_the_whole_earth() {
    assert!(RINGS.len() > 1000, "{}", RINGS.len());
    for (lon, lat) in RINGS.iter().flatten() {
        assert!((-180.0..=180.0).contains(lon) && (-90.0..=90.0).contains(lat), "{lon} {lat}");
    }
    assert_eq!(RINGS.iter().filter(|ring| unwound(ring).1 != 0).count(), 1, "Antarctica alone winds about a pole");
}

#[test]
fn places_on_land_and_at_sea_are_where_they_are_in_every_projection() {
    let places = [
        ((123.35, -75.1), true), // Dome C
        ((0.0, -89.5), true),    // near the pole
        ((-179.0, -85.5), true), // by longitude 180
        ((179.9, -60.0), false), // Southern Ocean
        ((100.0, -55.0), false),
        ((-38.5, 72.6), true),  // Summit, Greenland
        ((-175.0, 66.5), true), // Chukotka, beyond longitude 180
        ((175.0, 67.0), true),  // the same land on this side
        ((-30.0, 40.0), false), // Atlantic
        ((0.0, 88.0), false),   // Arctic Ocean
        ((20.0, 0.0), true),    // Congo
        ((135.0, -25.0), true), // Australia
    ];
    use MapProjection::{Mollweide, PlateCarree, PolarNorth, PolarSouth};
    for projection in [PolarSouth, PolarNorth, Mollweide, PlateCarree] {
        let (plane, frame, land) = whole(projection.clone());
        let mut looked_at = 0;
        for ((lon, lat), expected) in places {
            let Some((x, y)) = plane.forward(lon, lat).filter(|(x, y)| frame.pixel_at(*x, *y).is_some()) else {
                continue;
            };
            assert_eq!(is_land(&land, (x, y)), expected, "{projection} {lon} {lat}");
            looked_at += 1;
        }
        assert!(looked_at >= 4, "{projection}");
    }
}

#[test]
fn a_frame_of_another_coordinate_system_has_its_land() {
    // UTM 33 north about Svalbard.
    let (plane, _, land) = shown(MapProjection::Crs("EPSG:32633".to_owned()), [3e5, 8.4e6, 8e5, 9e6], 1000.0);
    assert!(is_land(&land, plane.forward(16.0, 78.3).unwrap()));
    assert!(!is_land(&land, plane.forward(8.0, 78.0).unwrap()));
    let points: usize = land.areas.iter().map(Vec::len).sum();
    assert!((20..5000).contains(&points), "{points}");
}

#[test]
fn coasts_do_not_run_along_cuts() {
    for projection in [MapProjection::PolarSouth, MapProjection::Mollweide, MapProjection::PlateCarree] {
        let (_, frame, land) = whole(projection.clone());
        let longest = land
            .coasts
            .iter()
            .flat_map(|line| line.windows(2))
            .map(|pair| (pair[0].0 - pair[1].0).hypot(pair[0].1 - pair[1].1) / frame.spacing);
        let longest = longest.fold(0.0, f64::max);
        assert!(longest < 100.0, "{projection}: a line of {longest} pixels");
    }
}
