//! The sample granules, through other people's readers.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use zagg_sample::{Layout, Oddity, SampleParameters, write_granules};
use zagg_tests::kit::{Workdir, python};

/// Prints every dataset of a file's beams: its bytes, and how it is stored. Floats are in
/// hexadecimal, so that nothing is rounded on the way.
const DUMP: &str = r#"
import h5py, json, sys
found = {}
def visit(name, item):
    if isinstance(item, h5py.Dataset) and name.startswith("gt"):
        fill = item.attrs.get("_FillValue")
        found[name] = {
            "type": item.dtype.str, "shape": item.shape, "chunks": item.chunks, "gzip": item.compression,
            "shuffle": item.shuffle, "fill": None if fill is None else float(fill).hex(), "bytes": item[()].tobytes().hex(),
        }
h5py.File(sys.argv[1]).visititems(visit)
print(json.dumps(found))
"#;

/// What the file should hold of `values`: their little-endian bytes in hexadecimal.
fn hex<T: Copy, const N: usize>(values: &[T], bytes: impl Fn(T) -> [u8; N]) -> Value {
    values.iter().flat_map(|value| bytes(*value)).map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

fn parameters(oddities: Vec<(usize, Oddity)>) -> SampleParameters {
    SampleParameters {
        granules: 1,
        segments: 300,
        layout: Layout::Chunked(64),
        oddities,
        ..SampleParameters::default()
    }
}

#[test]
fn h5py_reads_what_was_made() {
    let work = Workdir::new();
    let granules = write_granules(work.root(), &parameters(Vec::new())).unwrap();
    let found = python::inline(DUMP, &[granules[0].file.to_str().unwrap()]);
    assert_eq!(found.as_object().unwrap().len(), 6 * 7);
    for beam in &granules[0].beams {
        let dataset = |name: &str| &found[format!("{}/land_ice_segments/{name}", beam.name)];
        assert_eq!(dataset("latitude")["bytes"], hex(&beam.lat_deg, f64::to_le_bytes));
        assert_eq!(dataset("longitude")["bytes"], hex(&beam.lon_deg, f64::to_le_bytes));
        assert_eq!(dataset("delta_time")["bytes"], hex(&beam.delta_time, f64::to_le_bytes));
        assert_eq!(dataset("h_li")["bytes"], hex(&beam.h_li, f32::to_le_bytes));
        assert_eq!(dataset("h_li_sigma")["bytes"], hex(&beam.h_li_sigma, f32::to_le_bytes));
        assert_eq!(dataset("atl06_quality_summary")["bytes"], hex(&beam.quality, i8::to_le_bytes));
        assert_eq!(dataset("segment_id")["bytes"], hex(&beam.segment_id, i32::to_le_bytes));
    }
}

#[test]
fn h5py_sees_the_products_layout() {
    let work = Workdir::new();
    let granules =
        write_granules(work.root(), &parameters(vec![(0, Oddity::TwoDimensional { beam: "gt2l" })])).unwrap();
    let found = python::inline(DUMP, &[granules[0].file.to_str().unwrap()]);
    let layout = |path: &str| {
        let dataset = &found[path];
        ["type", "chunks", "gzip", "shuffle", "fill"].map(|key| dataset[key].clone())
    };
    let fill = "0x1.fffffe0000000p+127";
    let segments = |name: &str| layout(&format!("gt2l/land_ice_segments/{name}"));
    assert_eq!(segments("latitude"), [json!("<f8"), json!([64]), json!("gzip"), json!(false), json!(null)]);
    assert_eq!(segments("h_li"), [json!("<f4"), json!([64]), json!("gzip"), json!(false), json!(fill)]);
    assert_eq!(segments("segment_id"), [json!("<i4"), json!([64]), json!("gzip"), json!(true), json!(null)]);
    assert_eq!(segments("signal_conf"), [json!("|i1"), json!([64, 5]), json!("gzip"), json!(true), json!(null)]);
}

#[test]
fn h5py_opens_empty_and_contiguous_datasets() {
    let work = Workdir::new();
    let oddities = vec![(0, Oddity::EmptyTrack { beam: "gt1l" }), (0, Oddity::MissingBeam { beam: "gt3r" })];
    for layout in [Layout::Chunked(64), Layout::Contiguous] {
        let granules =
            write_granules(work.root(), &SampleParameters { layout, ..parameters(oddities.clone()) }).unwrap();
        let found = python::inline(DUMP, &[granules[0].file.to_str().unwrap()]);
        assert_eq!(found["gt1l/land_ice_segments/latitude"]["shape"], json!([0]));
        let latitudes = hex(&granules[0].beams[1].lat_deg, f64::to_le_bytes);
        assert_eq!(found["gt1r/land_ice_segments/latitude"]["bytes"], latitudes);
        assert!(found.get("gt3r/land_ice_segments/latitude").is_none());
    }
}
