//! What is answered about a store, against what zarr-python reads in it.

use std::path::Path;

use serde_json::{Value, json};
use zagg_tests::kit::fleet::until;
use zagg_tests::kit::{Job, Table, python};

use crate::server::Server;

/// A finished job and its view.
fn viewed() -> (Job, Server) {
    let job = Job::new();
    let store = job.store("store.zarr");
    job.must_run(&store, &[]);
    let server = Server::start(job.zagg(), &store, &[]);
    until("the store is seen", || server.json("/status.json")["ready"] == true);
    (job, server)
}

#[test]
fn the_store_is_told_with_its_fields_and_shards() {
    let (job, server) = viewed();
    let store = server.json("/store.json");
    assert_eq!(store["grid"], json!({ "type": "healpix", "order": 12 }));
    assert_eq!((&store["projection"], &store["first_field"]), (&json!("polar-south"), &json!("h_mean")));
    let fields = store["fields"].as_array().unwrap();
    let mean = fields.iter().find(|field| field["name"] == "h_mean").unwrap();
    assert_eq!((&mean["units"], &mean["dtype"]), (&json!("m"), &json!("float32")));
    let shards = server.json("/shards.json?projection=polar-south");
    assert_eq!(shards["shards"].as_array().unwrap().len(), job.map.shards().len());
    let status = server.json("/status.json");
    assert_eq!((&status["phase"], &status["shards"]["left"]), (&json!("done"), &json!(0)));
    let range = server.json("/field.json?field=h_mean");
    assert!(range["percentiles"]["2"].as_f64() < range["percentiles"]["98"].as_f64(), "{range}");
}

#[test]
fn cells_are_told_as_zarr_python_reads_them() {
    let (job, server) = viewed();
    let store = job.store("store.zarr");
    let table = Table::read(Path::new(&store));
    let cells: Vec<u64> = table.occupied().into_iter().step_by(97).take(20).collect();
    assert!(cells.len() > 5);
    let numbers: Vec<String> = cells.iter().map(u64::to_string).collect();
    let found = python::inline(
        "import json, sys, zarr\n\
         group = zarr.open_group(sys.argv[1], mode='r')['12']\n\
         cells = [int(cell) for cell in sys.argv[2:]]\n\
         names = [name for name, array in group.arrays() if name not in ('cell_ids', 'morton')]\n\
         print(json.dumps({name: [repr(float(group[name][cell])) for cell in cells] for name in names}))",
        &[&[store.as_str()], numbers.iter().map(String::as_str).collect::<Vec<_>>().as_slice()].concat(),
    );
    for (index, cell) in cells.iter().enumerate() {
        let (lon, lat) = zagg_core::grid::healpix::center(table.order.unwrap(), *cell).unwrap();
        let told = server.json(&format!("/cell?lon={lon}&lat={lat}"));
        assert_eq!(told["cell"]["id"], *cell);
        assert_eq!(told["values"].as_object().unwrap().len(), found.as_object().unwrap().len());
        for (name, values) in found.as_object().unwrap() {
            let read: f32 = values[index].as_str().unwrap().parse().unwrap();
            let value = &told["values"][name];
            let value = value.as_f64().map_or(f32::NAN, |value| value as f32);
            assert!(value.to_bits() == read.to_bits() || (value.is_nan() && read.is_nan()), "{name}: {value} {read}");
        }
        let shard = server.json(&format!("/shard.json?label={}", told["shard"].as_str().unwrap()));
        assert_eq!(shard["granules"].as_array().unwrap().len() as u64, told["granules"]["total"]);
        assert!(shard["mark"]["points"].as_u64() > Some(0), "{shard}");
    }
}

#[test]
fn overviews_of_other_cells_are_not_told() {
    let (job, server) = viewed();
    let store = job.store("store.zarr");
    assert_eq!(server.json("/store.json")["overviews"], json!([]));
    drop(server);
    let overviews = job.zagg().args(["overviews", &store, "--quiet"]).status().unwrap();
    assert!(overviews.success());
    let told = || {
        let server = Server::start(job.zagg(), &store, &[]);
        until("the store is seen", || server.json("/status.json")["ready"] == true);
        server.json("/store.json")["overviews"].clone()
    };
    assert_eq!(told(), json!([11, 10, 9, 8, 7]));
    let mark = std::fs::read_dir(Path::new(&store).join(".zagg/marks")).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_file(mark).unwrap();
    assert_eq!(told(), json!([]));
}

#[test]
fn a_tile_holds_values_of_the_store() {
    let (job, server) = viewed();
    let plane = server.json("/projection.json?projection=polar-south");
    let extent: Vec<f64> = plane["extent"].as_array().unwrap().iter().filter_map(Value::as_f64).collect();
    let zoom = plane["most_zoom"].as_u64().unwrap();
    let side = plane["side"].as_f64().unwrap() / (1_u64 << zoom) as f64;
    let (left, top) = (plane["left"].as_f64().unwrap(), plane["top"].as_f64().unwrap());
    // The tile of a cell with data.
    let table = Table::read(Path::new(&job.store("store.zarr")));
    let cell = table.occupied().into_iter().nth(50).unwrap();
    let (lon, lat) = zagg_core::grid::healpix::center(table.order.unwrap(), cell).unwrap();
    let told = server.json(&format!("/cell?lon={lon}&lat={lat}&projection=polar-south"));
    let corner =
        |axis: usize| told["corners"].as_array().unwrap().iter().map(|c| c[axis].as_f64().unwrap()).sum::<f64>() / 4.0;
    let (x, y) = (corner(0), corner(1));
    assert!(x >= extent[0] && x <= extent[2] && y >= extent[1] && y <= extent[3]);
    let (column, row) = ((x - left) / side, (top - y) / side);
    let path = format!("/tiles/polar-south/h_mean/{zoom}/{}/{}", column.floor(), row.floor());
    let tile = server.get(&path);
    assert_eq!((tile.status, tile.body.len()), (200, 256 * 256 * 4), "{path}: {}", tile.text());
    let pixel = |part: f64| (part.fract() * 256.0) as usize;
    let at = (pixel(row) * 256 + pixel(column)) * 4;
    let value = f32::from_le_bytes(tile.body[at..at + 4].try_into().unwrap());
    assert_eq!(value, told["values"]["h_mean"].as_f64().unwrap() as f32);
    // The same tile is not sent again to who has it.
    let tag = tile.header("etag").unwrap();
    assert_eq!(server.request("GET", &path, &[("If-None-Match", tag)]).status, 304);
    let head = server.request("HEAD", &path, &[]);
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(server.get("/tiles/polar-north/h_mean/0/0/0").status, 204, "nothing lies in the north");
}
