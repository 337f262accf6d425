//! `zagg plot`, judged by the store: Python reads the picture's pixels and looks their values up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use serde_json::{Value, json};
use zagg_tests::kit::{Job, Workdir, job, python, shared, zagg_bin};

/// A job whose sample granules were aggregated into `store.zarr`.
fn done() -> (Job, String) {
    let job = Job::new();
    let store = job.store("store.zarr");
    job.run(&store, &[]).expect(0);
    (job, store)
}

fn report(job: &Job, typed: &[&str]) -> Value {
    let ended = job.command(&[&["plot", "--json"], typed].concat()).expect(0);
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {}", ended.out))
}

/// Fields of the pixels of a picture, asked by Python.
fn asked(picture: &Path, report: &Value, store: &str) -> Value {
    let saved = picture.with_extension("json");
    std::fs::write(&saved, report.to_string()).unwrap();
    let group = report["grid"].as_str().unwrap().rsplit(' ').next().unwrap();
    python::script("plot_pixels.py", &[picture.to_str().unwrap(), saved.to_str().unwrap(), store, group, "100"])
}

#[test]
fn a_hundred_pixels_have_the_colours_of_the_stores_values() {
    let (job, store) = done();
    for (name, field, more) in [
        ("auto.png", "h_mean", [].as_slice()),
        ("fixed.png", "h_max", &["--range", "1000,1600", "--colormap", "plasma"]),
        ("globe.png", "h_min", &["--projection", "plate-carree", "--range", "0%,100%"]),
    ] {
        let picture = job.work.path(name);
        let typed = [store.as_str(), "--field", field, "--no-coast", "--no-graticule", "-o", picture.to_str().unwrap()];
        let report = report(&job, &[&typed, more].concat());
        let found = asked(&picture, &report, &store);
        assert_eq!(found["asked"], 100, "{name}: {found}");
        assert_eq!((&found["nan"], &found["empty_with_value"]), (&json!(0), &json!(0)), "{name}: {found}");
        assert!(found["worst_steps"].as_f64().unwrap() <= 1.5, "{name}: more than a step off: {found}");
        assert!(found["distinct"].as_u64().unwrap() > 20, "{name}: {found}");
    }
}

#[test]
fn the_table_says_what_the_store_holds() {
    let (job, store) = done();
    let ended = job.command(&["plot", &store, "--field", "h_mean"]).expect(0);
    let picture = job.work.path("store-h_mean.png");
    assert!(picture.exists(), "the default name is that of store and field");
    let code = "
import json, pathlib, sys, numpy, xarray
store = sys.argv[1]
data = xarray.open_zarr(store, group='12', chunks=None)['h_mean']
chunks = sorted(int(p.name) for p in (pathlib.Path(store) / '12/h_mean/c').iterdir())
size = data.encoding['chunks'][0]
values = numpy.concatenate([data.isel(cells=slice(c * size, (c + 1) * size)).values for c in chunks]).astype(float)
values = values[numpy.isfinite(values)]
print(json.dumps({'cells': len(values), 'min': values.min(), 'max': values.max(), 'mean': values.mean(),
                  'blocks': len(chunks), 'p': numpy.percentile(values, [1, 50, 99, 2, 98]).tolist(),
                  'area_km2': len(values) * 510065621.724 / (12 * 4**12)}))
";
    let truth = python::inline(code, &[&store]);
    let report = report(&job, &[&store, "--field", "h_mean", "-o", job.work.path("a.png").to_str().unwrap()]);
    assert_eq!((&report["cells"], &report["blocks"]), (&truth["cells"], &truth["blocks"]));
    let near = |found: &Value, expected: &Value| {
        let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
        assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{found} and not {expected}");
    };
    for name in ["min", "max", "mean", "area_km2"] {
        near(&report[name], &truth[name]);
    }
    for (name, index) in [("p1", 0), ("median", 1), ("p99", 2)] {
        near(&report[name], &truth["p"][index]);
    }
    near(&report["map"]["low"], &truth["p"][3]);
    near(&report["map"]["high"], &truth["p"][4]);
    for words in ["cells with data", "polar-south (EPSG:3031)", "km2", "viridis", "store-h_mean.png"] {
        assert!(ended.out.contains(words), "no `{words}` in\n{}", ended.out);
    }
    let quiet = job.command(&["plot", &store, "-q", "-o", "quiet.png"]).expect(0);
    assert_eq!(quiet.out, "");
}

#[test]
fn a_field_costs_its_own_chunks() {
    let (job, store) = done();
    let report = report(&job, &[&store, "--field", "count", "-o", "count.png"]);
    let chunks = std::fs::read_dir(Path::new(&store).join("12/count/c")).unwrap();
    let bytes: u64 = chunks.map(|chunk| chunk.unwrap().metadata().unwrap().len()).sum();
    let (read, documents) = (report["bytes_read"].as_u64().unwrap(), 64_000);
    assert!(read >= bytes && read < bytes + documents, "{read} bytes for chunks of {bytes}");
}

#[test]
fn an_svg_is_a_well_formed_document_with_its_texts_and_its_pixels() {
    let (job, store) = done();
    let svg = job.work.path("map.svg");
    let typed =
        [store.as_str(), "--field", "h_mean", "--title", "Heights <of> ice & snow", "-o", svg.to_str().unwrap()];
    let report = report(&job, &typed);
    let code = "
import base64, io, json, sys
import xml.etree.ElementTree as tree
import PIL.Image
root = tree.parse(sys.argv[1]).getroot()
space = '{http://www.w3.org/2000/svg}'
image, = root.iter(space + 'image')
pixels = PIL.Image.open(io.BytesIO(base64.b64decode(image.get('href').split(',')[1])))
opaque = sum(1 for a in pixels.getchannel('A').getdata() if a)
print(json.dumps({'texts': [t.text for t in root.iter(space + 'text')], 'size': pixels.size, 'opaque': opaque,
                  'title': root.find(space + 'title').text, 'outside': [e.tag for e in root.iter() if 'http' in (e.get('href') or '')]}))
";
    let found = python::inline(code, &[svg.to_str().unwrap()]);
    let texts: Vec<&str> = found["texts"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for text in ["Heights <of> ice & snow", "h_mean [m]", "no data", "cells with data", "median"] {
        assert!(texts.contains(&text), "no `{text}` in {texts:?}");
    }
    assert!(texts.iter().any(|text| text.ends_with("\u{b0}S")) && texts.iter().any(|text| text.contains(" km at 71")));
    assert!(texts.iter().any(|text| text.contains("HEALPix order 12")), "{texts:?}");
    assert_eq!(found["title"], "Heights <of> ice & snow");
    assert_eq!(found["outside"], json!([]), "nothing is fetched");
    assert_eq!(found["size"], json!([report["map"]["columns"], report["map"]["rows"]]));
    assert_eq!(found["opaque"], report["map"]["painted"]);
}

#[test]
fn equal_inputs_give_equal_bytes() {
    let (job, store) = done();
    for ending in ["png", "svg"] {
        let files = ["one", "two"].map(|name| job.work.path(format!("{name}.{ending}")));
        for file in &files {
            job.command(&["plot", &store, "-o", file.to_str().unwrap()]).expect(0);
        }
        assert!(std::fs::read(&files[0]).unwrap() == std::fs::read(&files[1]).unwrap(), "{ending}");
    }
}

#[test]
fn a_difference_is_that_of_the_cells_of_both() {
    let (job, store) = done();
    let other = job.store("other.zarr");
    job.run(&other, &["--max-cells", "3"]).expect(0);
    let picture = job.work.path("difference.png");
    let report = report(&job, &[&store, "--compare", &other, "--field", "h_mean", "-o", picture.to_str().unwrap()]);
    assert_eq!((&report["min"], &report["max"]), (&json!(0.0), &json!(0.0)), "the same points give the same values");
    assert_eq!(report["only_in_other"], 0);
    assert!(report["only_in_store"].as_u64().unwrap() > 0 && report["cells"].as_u64().unwrap() > 0);
    assert_eq!(report["map"]["colormap"], "red-blue");
    let (low, high) = (report["map"]["low"].as_f64().unwrap(), report["map"]["high"].as_f64().unwrap());
    assert!(low == -high && high > 0.0);
}

#[test]
fn what_cannot_be_drawn_is_said_and_exits_2() {
    let (job, store) = done();
    for (typed, words) in [
        (["--field", "height"].as_slice(), ["`height`", "h_mean"].as_slice()),
        (&["--projection", "robinson"], &["robinson", "polar-south"]),
        (&["--grid-spacing", "2"], &["`2`", "2km"]),
        (&["--grid-spacing", "1m"], &["pixels are too many", "larger grid spacing"]),
        (&["--range", "5"], &["`5`", "2%,98%"]),
        (&["--range", "9,1"], &["9,1", "empty"]),
        (&["--scale", "log", "--range", "-1,5"], &["logarithmic", "-1"]),
        (&["--colormap", "virids"], &["virids", "viridis", "red-blue"]),
        (&["--order", "5"], &["5/zarr.json"]),
        (&["-o", "map.tif"], &["map.tif", ".png or .svg"]),
        (&["-o", "no/such/folder/map.png"], &["map.png", "cannot be written"]),
        (&["--compare", "nowhere.zarr"], &["nowhere.zarr"]),
        (&["--projection", "polar-north"], &["empty"]),
    ] {
        let ended = job.command(&[&["plot", store.as_str()], typed].concat()).expect(2);
        for word in words {
            assert!(ended.err.contains(word), "{typed:?}: no `{word}` in {}", ended.err);
        }
    }
    let nowhere = job.command(&["plot", "nowhere", "-o", "no/folder/map.png"]).expect(2);
    assert!(nowhere.err.contains("no/folder"), "the file is tried before the store: {}", nowhere.err);
    assert!(!job.work.path("map.png").exists());
}

#[test]
fn a_store_without_values_is_said() {
    let job = Job::new();
    let store = job.store("empty.zarr");
    job.run(&store, &[]).expect(0);
    for field in std::fs::read_dir(Path::new(&store).join("12")).unwrap() {
        // As before the first shard is written: the template alone.
        _ = std::fs::remove_dir_all(field.unwrap().path().join("c"));
    }
    let ended = job.command(&["plot", &store, "--field", "h_mean", "-o", "empty.png"]).expect(2);
    assert!(ended.err.contains("no cell of") && ended.err.contains("`h_mean`"), "{}", ended.err);
    assert!(!job.work.path("empty.png").exists());
}

/// The real Antarctic granules in the shards where the peer found their points.
fn antarctica(work: &Workdir) -> String {
    let mut map: Value =
        serde_json::from_str(&std::fs::read_to_string(shared::path("data/golden/zagg/R.shardmap.json")).unwrap())
            .unwrap();
    let folder = shared::path("data/atl06/antarctica");
    let local = |granule: &Value| {
        let file = folder.join(format!("{}.h5", granule["id"].as_str()?));
        file.exists().then(|| json!({"id": granule["id"], "file": file}))
    };
    let of_shard = |granules: &Value| granules.as_array().unwrap().iter().filter_map(local).collect::<Vec<_>>();
    let granules: Vec<Vec<Value>> = map["granules"].as_array().unwrap().iter().map(of_shard).collect();
    let keys = map["shard_keys"].as_array().unwrap().clone();
    let kept: Vec<_> = keys.into_iter().zip(granules).filter(|(_, granules)| !granules.is_empty()).collect();
    map["shard_keys"] = kept.iter().map(|(key, _)| key.clone()).collect();
    map["granules"] = kept.iter().map(|(_, granules)| json!(granules)).collect();
    map["metadata"] =
        json!({"total_shards": kept.len(), "total_pairs": kept.iter().map(|(_, g)| g.len()).sum::<usize>()});
    work.write("shardmap.json", map.to_string());
    work.write("atl06.yaml", job::pipeline_text().replace("parent_order: 7", "parent_order: 6"));
    let store = work.path("antarctica.zarr").to_str().unwrap().to_owned();
    let typed = ["run", "-c", "atl06.yaml", "--catalog", "shardmap.json", "--driver", "file", "--store", &store];
    let ended = zagg_bin::command().args(typed).current_dir(work.root()).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    store
}

/// Bits of the perceptual hash (256) in which a picture may differ from its reference.
const NEAR: u64 = 12;

#[test]
#[ignore = "needs ../shared"]
fn the_map_of_the_real_granules_looks_like_its_reference() {
    let work = Workdir::new();
    let store = antarctica(&work);
    let draw = |field: &str, more: &[&str]| {
        let picture = work.path(format!("{field}.png"));
        let typed = ["plot", &store, "--json", "--field", field, "-o", picture.to_str().unwrap()];
        let ended = zagg_bin::command().args(typed).args(more).current_dir(work.root()).output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        (picture, serde_json::from_slice::<Value>(&ended.stdout).unwrap())
    };
    let (plain, report) = draw("h_mean", &["--no-coast", "--no-graticule"]);
    let found = asked(&plain, &report, &store);
    assert_eq!(
        (&found["asked"], &found["nan"], &found["empty_with_value"]),
        (&json!(100), &json!(0), &json!(0)),
        "{found}"
    );
    assert!(found["worst_steps"].as_f64().unwrap() <= 1.5, "{found}");
    let (picture, _) = draw("h_mean", &[]);
    let (mutant, _) = draw("count", &["--range", "0%,60%"]);
    let code = "
import json, sys, imagehash, PIL.Image
hashes = [imagehash.phash(PIL.Image.open(path).convert('RGB'), hash_size=16) for path in sys.argv[1:]]
print(json.dumps([int(hashes[0] - other) for other in hashes[1:]]))
";
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/images/plot-antarctica.png");
    let paths = [&reference, &picture, &mutant].map(|path| path.to_str().unwrap());
    let distances = python::inline(code, &paths);
    assert!(distances[0].as_u64().unwrap() <= NEAR, "{distances}");
    assert!(distances[1].as_u64().unwrap() > NEAR, "another field is told apart: {distances}");
}
