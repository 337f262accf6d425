use super::*;

#[test]
fn ranges_that_overlap_or_touch_become_one() {
    assert_eq!(united(vec![5..7, 0..2, 2..3, 6..9, 12..13]), [0..3, 5..9, 12..13]);
    assert_eq!(united(vec![0..10, 2..3, 12..13]), [0..10, 12..13]);
    assert!(united(Vec::new()).is_empty());
}

#[test]
fn a_cell_holds_four_to_the_power_of_the_orders_below() {
    assert_eq!(below(Cell { order: 3, nested: 7 }, 5), 112..128);
    assert_eq!(below(Cell { order: 5, nested: 7 }, 5), 7..8);
}

#[test]
fn an_area_of_no_parts_has_no_cells() {
    assert!(nested(&Area::default(), Order::MAX).unwrap().is_empty());
}

#[test]
fn a_small_area_is_covered_at_the_finest_order() {
    let (lon, lat) = (-49.123_456, 69.123_456);
    let step = 4e-7;
    let ring = vec![[lon, lat], [lon + step, lat], [lon + step, lat + step], [lon, lat + step]];
    let ids = nested(&Area::of_ring(ring), Order::MAX).unwrap();
    // 1.6 cm by 4.5 cm, of cells of 1.2 cm.
    assert!((4..60).contains(&ids.len()), "{}", ids.len());
    for step in 0..=8 {
        let lon = lon + f64::from(step) * 5e-8;
        assert!(ids.contains(&zagg_core::grid::healpix::nested_at(Order::MAX, lon, lat + 1e-7).unwrap()));
    }
}
