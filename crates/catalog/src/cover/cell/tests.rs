use cdshealpix::nested;

use super::{super::vector::position, *};

fn cells(order: u8, nested: impl Iterator<Item = u64>) -> impl Iterator<Item = Cell> {
    nested.map(move |nested| Cell { order, nested })
}

/// All cells of the coarse orders, and at finer ones those about the north pole, about the corner
/// of a polar cap, and on the equator.
fn telling() -> Vec<Cell> {
    let mut all: Vec<Cell> = (0..=5).flat_map(|order| cells(order, 0..12 << (2 * order))).collect();
    for order in [9, 14, 20, 26, 29] {
        let size = 1_u64 << (2 * order);
        let west = (0..order).fold(0, |nested, _| 4 * nested + 2);
        for first in [0, size / 3, size / 2, west & !255, size - 256, 4 * size, 9 * size, 8 * size] {
            all.extend(cells(order, first..first + 256));
        }
    }
    all
}

#[test]
fn corners_are_those_of_the_healpix_crate() {
    for cell in telling() {
        for (own, (lon, lat)) in cell.corners().iter().zip(nested::get(cell.order).vertices(cell.nested)) {
            let other = [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()];
            assert!(norm(sub(*own, other)) < 1e-15, "{cell:?} {own:?} {other:?}");
        }
    }
}

#[test]
fn every_side_stays_in_its_band_and_the_cell_within_the_outer_planes_and_the_cap() {
    for cell in telling() {
        let (rough, bands, cap) = (Bands::rough(cell), Bands::of(cell), cell.cap(0.0));
        let (base, x, y, d) = cell.place();
        for step in 0..=32 {
            let t = f64::from(step) / 32.0 * d;
            let sides = [at(base, x + t, y), at(base, x + d, y + t), at(base, x + t, y + d), at(base, x, y + t)];
            for (side, position) in sides.into_iter().enumerate() {
                let away = dot(bands.normals[side], position);
                assert!(away >= bands.outer[side] && away <= bands.inner[side], "{cell:?} side {side} {away:e}");
                assert!(away >= rough.outer[side] && away <= rough.inner[side], "{cell:?} side {side} {away:e}");
                assert!(bands.normals.iter().zip(bands.outer).all(|(n, outer)| dot(*n, position) >= outer), "{cell:?}");
                assert!(bands.normals.iter().zip(rough.outer).all(|(n, outer)| dot(*n, position) >= outer), "{cell:?}");
                assert!(dot(cap.center, position) >= cap.cos, "{cell:?}");
            }
        }
    }
}

#[test]
fn what_is_within_the_inner_planes_is_hashed_to_the_cell() {
    for cell in telling().into_iter().filter(|cell| cell.order < 24) {
        let bands = Bands::of(cell);
        let [a, b, c, e] = bands.corners;
        let mut within = 0;
        for i in 0..=12 {
            for j in 0..=12 {
                let (s, t) = (f64::from(i) / 12.0, f64::from(j) / 12.0);
                let south = add(scale(a, 1.0 - s), scale(b, s));
                let north = add(scale(e, 1.0 - s), scale(c, s));
                let position = unit(add(scale(south, 1.0 - t), scale(north, t))).unwrap();
                if bands.normals.iter().zip(bands.inner).all(|(n, inner)| dot(*n, position) >= inner) {
                    within += 1;
                    let (lon, lat) =
                        (position[1].atan2(position[0]), position[2].atan2(position[0].hypot(position[1])));
                    assert_eq!(nested::get(cell.order).hash(lon, lat), cell.nested, "{cell:?} {position:?}");
                }
            }
        }
        assert!(within > 60, "{cell:?} has {within} of 169");
    }
}

#[test]
fn depths_below_the_pole_agree_with_positions() {
    for lat in [-90.0, -89.999_999, -60.0, -41.9, -41.8, -1.0, 0.0, 0.5, 41.8, 41.9, 75.0, 89.999_999_9, 90.0] {
        let depth = depth_of(lat);
        // A meridian's place in base cell 0 is where x equals y.
        let middle = if depth <= 2.0 {
            at(0, 1.0 - depth / 2.0, 1.0 - depth / 2.0)
        } else {
            at(8, 2.0 - depth / 2.0, 2.0 - depth / 2.0)
        };
        let expected = sin_cos_deg(lat);
        assert!((middle[2] - expected.0).abs() < 1e-15, "{lat}");
        assert!((middle[0].hypot(middle[1]) - expected.1).abs() < 1e-15, "{lat}");
    }
}

#[test]
fn an_arc_touches_the_cells_that_it_passes_and_no_others() {
    let layer = nested::get(6);
    for (a, b) in [((3.0, 20.0), (9.0, 25.0)), ((100.0, 89.0), (230.0, 88.0)), ((44.9, 41.0), (45.2, 43.0))] {
        let (a, b) = (position(a.0, a.1), position(b.0, b.1));
        let arc = Arc::new(a, b);
        let mut passed = std::collections::BTreeSet::new();
        for step in 0..=100_000 {
            let t = f64::from(step) / 100_000.0;
            let p = unit(add(scale(a, 1.0 - t), scale(b, t))).unwrap();
            passed.insert(layer.hash(p[1].atan2(p[0]), p[2].atan2(p[0].hypot(p[1]))));
        }
        let touched: Vec<u64> =
            cells(6, 0..12 << 12).filter(|cell| cell.touches(&mut [arc].iter(), 0.0)).map(|cell| cell.nested).collect();
        assert!(passed.iter().all(|nested| touched.contains(nested)));
        assert!(touched.len() <= passed.len() + 1, "{} {}", touched.len(), passed.len());
    }
}
