//! Our statistics against the truth: the same points in exact arithmetic, by other people's code.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use zagg_tests::golden::exact::{Exact, FLOATS};
use zagg_tests::golden::{Set, atl06};
use zagg_tests::kit::{Table, Workdir, run::run};

#[test]
#[ignore = "needs ../shared"]
fn every_statistic_of_real_granules_is_within_one_unit_of_the_last_place_of_the_exact_value() {
    let work = Workdir::new();
    let map = Set::R.shard_map(&work);
    run(&atl06(), &map, &work.path("ours.zarr"));
    let exact = Exact::of(&map, Some(&Set::R.file("oracle.npz")));
    // The golden set's own float64 result vouches for the exact one, and the other way about.
    for field in FLOATS {
        let difference = exact.reference[field].as_f64().unwrap();
        assert!(difference < 1e-14, "{field} of the exact result is {difference} from the golden reference");
    }
    let found = exact.distances(&Table::read(&work.path("ours.zarr")));
    for (field, (ulps, cells)) in &found {
        eprintln!("{field:<11} at most {ulps} ulp of f32 from the exact value; {cells} of 1663 cells are off");
    }
    assert_eq!(found.len(), FLOATS.len());
    assert_eq!(exact.cells_with("count").len(), 1663);
    assert!(found.values().all(|(ulps, _)| *ulps <= 1), "units of the last place: {found:?}");
    for exact_field in ["h_min", "h_max"] {
        assert_eq!(found[exact_field], (0, 0), "{exact_field} is a point's own value");
    }
}
