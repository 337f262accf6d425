//! The page over a finished store, as headless Chromium shows it.

use std::path::Path;

use serde_json::{Value, json};
use zagg_tests::kit::fleet::until;
use zagg_tests::kit::{Job, Table, Workdir, python, shared, zagg_bin};

use crate::server::Server;

/// Where pictures are kept, if they are wanted: `ZAGG_SHOTS`.
pub(crate) fn shots() -> Vec<String> {
    std::env::var("ZAGG_SHOTS").map_or_else(|_| Vec::new(), |folder| vec!["--shots".to_owned(), folder])
}

/// Runs `view.py`, and asserts what holds of every page.
pub(crate) fn drive(arguments: &[&str]) -> Value {
    let shots = shots();
    let arguments: Vec<&str> = arguments.iter().copied().chain(shots.iter().map(String::as_str)).collect();
    let told = python::script("view.py", &arguments);
    assert_eq!(told["errors"], json!([]), "the console has errors");
    assert_eq!(told["outside"], json!([]), "something was fetched from elsewhere");
    for (look, found) in told["axe"].as_object().unwrap() {
        assert_eq!(*found, json!([]), "the accessibility checker, of {look}");
    }
    told
}

/// The number in a text: its first word that is one.
fn number(text: &str) -> f64 {
    let words = text.split_whitespace().map(|word| word.replace(',', ""));
    words.filter_map(|word| word.parse().ok()).next().unwrap_or_else(|| panic!("no number in `{text}`"))
}

/// Looks at a store, and asserts that the page tells of one of its cells what the store holds.
fn look_at(server: &Server, store: &Path, work: &Workdir) {
    until("the store is seen", || server.json("/status.json")["ready"] == true);
    let table = Table::read(store);
    let occupied = table.occupied();
    let cell = occupied[occupied.len() / 2];
    let (lon, lat) = zagg_core::grid::healpix::center(table.order.unwrap(), cell).unwrap();
    let told = server.json(&format!("/cell?lon={lon}&lat={lat}&projection=polar-south"));
    let middle = |axis: usize| {
        let corners = told["corners"].as_array().unwrap();
        corners.iter().map(|corner| corner[axis].as_f64().unwrap()).sum::<f64>() / 4.0
    };
    let wanted = json!({ "x": middle(0), "y": middle(1), "field": "h_max", "shard": told["shard"] });
    let file = work.write("cell.json", wanted.to_string());
    let seen = drive(&["still", &server.url(), file.to_str().unwrap()]);
    let (value, count) = (table.get("h_max", cell), table.get("count", cell));

    assert!(seen["colours"].as_u64().unwrap() > 20, "the map is empty: {}", seen["colours"]);
    assert!(seen["legend"].as_str().unwrap().contains("highest segment height"), "{}", seen["legend"]);
    assert_eq!(seen["range"], json!({ "preset": "hand", "changed": true, "tiles": 0 }));
    let hover = seen["hover"].as_str().unwrap();
    assert!(hover.contains(&format!("Cell {cell}")), "{hover}");
    assert!((number(hover) - value).abs() <= value.abs() * 1e-3, "{hover}: {value}");
    assert!(hover.contains(&format!("count {count}")), "{hover}");
    assert!(hover.contains("granule"), "{hover}");

    let panel = &seen["panel"];
    assert_eq!(panel["name"], format!("Cell {cell}"));
    for (name, text) in panel["rows"].as_object().unwrap() {
        let (shown, stored): (f64, f64) = (text.as_str().unwrap().parse().unwrap(), table.get(name, cell));
        assert!(shown as f32 == stored as f32 || (shown.is_nan() && stored.is_nan()), "{name}: {shown} {stored}");
    }
    assert_eq!(panel["shard"], format!("Shard {}", told["shard"].as_str().unwrap()));
    assert!(panel["facts"].as_str().unwrap().contains("Points"), "{panel}");
    assert_eq!(panel["granules"], told["granules"]["total"]);

    let keyboard = &seen["keyboard"];
    assert_eq!(
        (&keyboard["reached"], &keyboard["focus"], &keyboard["after"]),
        (&json!("map"), &json!("panel-name"), &json!("map"))
    );
    assert_eq!(keyboard["name"], format!("Cell {cell}"), "{keyboard}");
    assert!((number(keyboard["says"].as_str().unwrap()) - table.get("h_mean", cell)).abs() < 1.0, "{keyboard}");

    assert_ne!(seen["dark"], seen["toggled"]);
    let phone = &seen["phone"];
    assert_eq!((&phone["settings"], &phone["wide"]), (&json!(true), &json!(390)));
}

#[test]
fn the_page_tells_of_a_cell_what_the_store_holds() {
    let job = Job::new();
    let store = job.store("store.zarr");
    job.must_run(&store, &[]);
    let server = Server::start(job.zagg(), &store, &[]);
    look_at(&server, Path::new(&store), &job.work);
}

#[test]
#[ignore = "needs ../shared"]
fn the_page_shows_real_granules_of_antarctica() {
    let work = Workdir::new();
    let store = antarctica(&work);
    let server = Server::start(zagg_bin::command(), store.to_str().unwrap(), &[]);
    look_at(&server, &store, &work);
}

/// The five real granules of `../shared`, aggregated.
fn antarctica(work: &Workdir) -> std::path::PathBuf {
    let pipeline = zagg_tests::golden::atl06();
    let files = std::fs::read_dir(shared::path("data/atl06/antarctica")).unwrap();
    let mut files: Vec<_> =
        files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "h5")).collect();
    files.sort();
    let arguments: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
    let positions = python::inline(
        "import h5py, json, sys\n\
         def points(path):\n\
         \x20   with h5py.File(path) as file:\n\
         \x20       beams = [file[beam]['land_ice_segments'] for beam in file if beam.startswith('gt') and 'land_ice_segments' in file[beam]]\n\
         \x20       return [p for b in beams for p in zip(b['longitude'][::10].tolist(), b['latitude'][::10].tolist())]\n\
         print(json.dumps([points(path) for path in sys.argv[1:]]))",
        &arguments,
    );
    let tracks: Vec<_> = files
        .iter()
        .zip(positions.as_array().unwrap())
        .map(|(file, points)| zagg_tests::kit::samples::Track {
            id: file.file_stem().unwrap().to_string_lossy().into_owned(),
            file: file.clone(),
            points: points
                .as_array()
                .unwrap()
                .iter()
                .map(|p| (p[0].as_f64().unwrap(), p[1].as_f64().unwrap()))
                .collect(),
        })
        .collect();
    let map =
        zagg_tests::kit::samples::shard_map(work, "map.json", &zagg_tests::kit::samples::grid(&pipeline), &tracks);
    let store = work.path("store.zarr");
    zagg_tests::kit::run::run(&pipeline, &map, &store);
    store
}
