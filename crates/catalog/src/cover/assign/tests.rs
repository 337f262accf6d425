use zagg_core::{
    grid::{HealpixGrid, RectilinearGrid},
    morton::Word,
    order::Order,
};

use super::*;
use crate::{
    area::{Part, Ring},
    cover::nested,
};

fn healpix(order: u8) -> Grid {
    let order = Order::new(order).unwrap();
    Grid::Healpix(HealpixGrid::new(order, order).unwrap())
}

fn boxed(west: f64, south: f64, east: f64, north: f64) -> Area {
    let ring: Ring = vec![[west, south], [east, south], [east, north], [west, north]];
    Area::of_ring(ring)
}

/// Boxes all over the globe, some of two parts that overlap.
fn footprints() -> Vec<Option<Area>> {
    let area = |i: u32| {
        let (lon, lat) = (f64::from(i) * 37.3 % 360.0, f64::from(i) * 11.7 % 160.0 - 80.0);
        let mut area = boxed(lon, lat, lon + 8.0, lat + 3.0);
        if i.is_multiple_of(5) {
            area.parts.extend(boxed(lon + 4.0, lat + 1.0, lon + 12.0, lat + 4.0).parts);
        }
        area
    };
    (0..700).map(|i| (i % 50 != 7).then(|| area(i))).collect()
}

fn by_brute_force(region: &Area, footprints: &[Option<Area>], order: Order) -> Vec<(u64, Vec<u32>)> {
    let mut shards: std::collections::BTreeMap<u64, Vec<u32>> =
        nested(region, order).unwrap().into_iter().map(|id| (id, Vec::new())).collect();
    for (index, area) in footprints.iter().enumerate() {
        for id in area.iter().flat_map(|area| nested(area, order).unwrap()) {
            if let Some(list) = shards.get_mut(&id) {
                list.push(index as u32);
            }
        }
    }
    let key = |id: u64| Word::from_nested(id, order).unwrap().bits();
    shards.into_iter().filter(|(_, list)| !list.is_empty()).map(|(id, list)| (key(id), list)).collect()
}

#[test]
fn assignment_is_the_covers_of_region_and_footprints_crossed() {
    let footprints = footprints();
    let ring = |lat: f64| (0..24).map(|i| [f64::from(i) * 15.0, lat]).collect::<Ring>();
    let regions = [
        Area { parts: vec![Part::Band { south_deg: -90.0, north_deg: 90.0 }] },
        Area { parts: vec![Part::Polygon(vec![ring(-50.0), ring(-65.0)])] },
        Area {
            parts: boxed(-20.0, -10.0, 30.0, 40.0)
                .parts
                .into_iter()
                .chain(boxed(170.0, 0.0, 190.0, 9.0).parts)
                .collect(),
        },
        boxed(3.0, 3.0, 3.1, 3.1),
    ];
    for region in regions {
        for k in [0, 3, 5] {
            let order = Order::new(k).unwrap();
            let assigned = assign(&healpix(k), &region, footprints.as_slice(), 0.0).unwrap();
            let found: Vec<(u64, Vec<u32>)> = assigned.shards().map(|(key, list)| (key, list.to_vec())).collect();
            assert_eq!(found, by_brute_force(&region, &footprints, order));
            assert_eq!(assigned.region_shards, nested(&region, order).unwrap().len() as u64);
            assert_eq!(assigned.empty_shards(), assigned.region_shards - found.len() as u64);
            let inside: BTreeSet<u32> = found.iter().flat_map(|(_, list)| list).copied().collect();
            assert_eq!(inside.len() + assigned.outside.len() + assigned.without_footprint.len(), footprints.len());
            assert!(assigned.outside.iter().all(|i| !inside.contains(i) && footprints[*i as usize].is_some()));
        }
    }
}

#[test]
fn granules_that_cannot_be_placed_are_named_and_the_others_are_assigned() {
    let globe = Area { parts: vec![Part::Band { south_deg: -90.0, north_deg: 90.0 }] };
    let broken = Area::of_ring(vec![[0.0, 0.0], [f64::NAN, 1.0], [2.0, 2.0]]);
    let footprints = [Some(boxed(0.0, 0.0, 1.0, 1.0)), None, Some(broken), Some(boxed(0.0, 0.0, 1.0, 1.0))];
    let assigned = assign(&healpix(2), &globe, footprints.as_slice(), 0.0).unwrap();
    assert_eq!((assigned.without_footprint.as_slice(), assigned.unusable.len()), ([1].as_slice(), 1));
    assert!(matches!(assigned.unusable[0], (2, CoverError::NotAPosition { .. })));
    assert!(assigned.outside.is_empty());
    assert!(assigned.shards().all(|(_, list)| list == [0, 3]));
    for margin in [-1.0, f64::NAN, 1e7] {
        assert!(matches!(assign(&healpix(2), &globe, footprints.as_slice(), margin), Err(CoverError::Margin { .. })));
    }
}

/// Every shard within the margin is in, none beyond three times the margin.
#[test]
fn a_margin_adds_the_shards_that_come_near() {
    let globe = Area { parts: vec![Part::Band { south_deg: -90.0, north_deg: 90.0 }] };
    let footprints = [Some(Area::of_ring(vec![[10.0, 50.0], [10.3, 50.0], [10.3, 50.2]]))];
    let keys = |margin: f64| -> Vec<u64> {
        let assigned = assign(&healpix(10), &globe, footprints.as_slice(), margin).unwrap();
        assigned.shards().map(|(key, _)| key).collect()
    };
    let around = |metres: f64| {
        let mut cells = BTreeSet::new();
        for step in 0..3000 {
            let (corner, t) = (step / 1000, f64::from(step % 1000) / 1000.0);
            let ring = [[10.0, 50.0], [10.3, 50.0], [10.3, 50.2], [10.0, 50.0]];
            let (a, b) = (ring[corner as usize], ring[corner as usize + 1]);
            let (lon, lat) = (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t);
            for direction in 0..16 {
                let (s, c) = (f64::from(direction) * std::f64::consts::PI / 8.0).sin_cos();
                let (east, north) = (metres * s / 111_320.0 / lat.to_radians().cos(), metres * c / 111_200.0);
                let id = zagg_core::grid::healpix::nested_at(Order::new(10).unwrap(), lon + east, lat + north).unwrap();
                cells.insert(Word::from_nested(id, Order::new(10).unwrap()).unwrap().bits());
            }
        }
        cells
    };
    for margin in [500.0, 3000.0] {
        let found = keys(margin);
        assert!(keys(0.0).iter().all(|key| found.contains(key)) && found.len() > keys(0.0).len());
        assert!(around(0.97 * margin).iter().all(|key| found.contains(key)), "{margin}");
    }
    let far: BTreeSet<u64> = keys(9100.0).into_iter().collect();
    assert!(keys(3000.0).iter().all(|key| far.contains(key)));
}

#[test]
fn a_rectilinear_grid_is_assigned_by_tile_numbers() {
    let grid = RectilinearGrid::new("EPSG:4326", [1.0, 1.0], [-180.0, -90.0, 180.0, 90.0], [10, 10]).unwrap();
    let grid = Grid::Rectilinear(grid);
    let footprints =
        [Some(boxed(1.0, 1.0, 2.0, 2.0)), Some(boxed(175.0, -5.0, 185.0, 5.0)), Some(boxed(100.0, 89.0, 280.0, 89.0))];
    let globe = Area { parts: vec![Part::Band { south_deg: -90.0, north_deg: 90.0 }] };
    let assigned = assign(&grid, &globe, footprints.as_slice(), 0.0).unwrap();
    assert_eq!(assigned.region_shards, 36 * 18);
    let of = |granule: u32| -> Vec<u64> {
        assigned.shards().filter(|(_, list)| list.contains(&granule)).map(|(key, _)| key).collect()
    };
    assert_eq!(of(0), [8 * 36 + 18]);
    assert_eq!(of(1), [8 * 36, 8 * 36 + 35, 9 * 36, 9 * 36 + 35]);
    // A line over the pole touches every tile there.
    assert_eq!(of(2), (0..36).collect::<Vec<u64>>());
}
