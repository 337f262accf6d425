use super::*;
use crate::sample::Sample;

fn documents(sample: &Sample) -> Vec<(String, Value)> {
    sample.layout.arrays.iter().map(|array| (array.array.name().to_owned(), array.document.clone())).collect()
}

#[test]
fn no_document_names_the_library_that_made_it() {
    for sample in [Sample::healpix().unwrap(), Sample::rectilinear(None, false).unwrap()] {
        let claim = sample.layout.claim();
        let mut all = vec![sample.layout.root_document(&claim), sample.layout.group_document(&claim)];
        all.extend(documents(&sample).into_iter().map(|(_, document)| document));
        assert!(all.iter().all(|document| !document.to_string().contains("_zarrs")));
    }
}

#[test]
fn the_arrays_of_a_healpix_store_are_coordinates_then_fields() {
    let sample = Sample::healpix().unwrap();
    let names: Vec<String> = documents(&sample).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["cell_ids", "morton", "count", "h_mean", "h_sum", "last", "flag"]);
    assert_eq!(sample.layout.group, "6");
    let (_, mean) = &documents(&sample)[3];
    assert_eq!(mean["shape"], json!([12 << 12]));
    assert_eq!(mean["chunk_grid"]["configuration"]["chunk_shape"], json!([256]));
    assert_eq!(mean["fill_value"], "NaN");
    assert_eq!(mean["attributes"], json!({"long_name": "mean height", "units": "m", "coordinates": "cell_ids morton"}));
    assert_eq!(documents(&sample)[5].1["fill_value"], -1);
    let written: Vec<&str> = sample.layout.written().map(|a| a.array.name()).collect();
    assert_eq!(written, ["count", "h_mean", "h_sum", "last", "flag", "cell_ids", "morton"]);
}

#[test]
fn the_group_says_what_xdggs_and_mortie_read() {
    let sample = Sample::healpix().unwrap();
    let group = sample.layout.group_document(&sample.layout.claim());
    let attributes = &group["attributes"];
    assert_eq!(attributes["dggs"]["name"], "healpix");
    assert_eq!(attributes["dggs"]["coordinate"], "cell_ids");
    assert_eq!(attributes["dggs"]["refinement_level"], 6);
    assert_eq!(attributes["latitude"], "authalic-wgs84");
    assert_eq!(attributes["zarr_conventions"].as_array().unwrap().len(), 2);
    assert_eq!(attributes["zagg"]["schema"], STORE_SCHEMA);
    assert_eq!(attributes["zagg"]["grid"]["latitude"], "authalic-wgs84");
}

#[test]
fn a_rectilinear_store_has_axes_and_a_grid_mapping() {
    let sample = Sample::rectilinear(Some([4, 5]), true).unwrap();
    let x = sample.layout.arrays.iter().find(|a| a.array.name() == "x").unwrap();
    let Role::Fixed(Values::Float64(centres)) = &x.role else { panic!("x is fixed") };
    assert_eq!((centres.len(), centres[0], centres[39]), (40, -97_500.0, 97_500.0));
    let (_, field) = &documents(&sample)[4];
    assert_eq!(field["dimension_names"], json!(["y", "x"]));
    assert_eq!(field["codecs"][0]["configuration"]["chunk_shape"], json!([4, 5]));
    assert_eq!(field["attributes"]["grid_mapping"], "spatial_ref");
    assert_eq!(
        sample.layout.group_document(&json!({}))["attributes"]["bounds"],
        json!([-100_000.0, -60_000.0, 100_000.0, 60_000.0])
    );
}

#[test]
fn a_field_may_not_take_the_name_of_a_coordinate_or_of_a_file() {
    for name in ["morton", "cell_ids", "h_mean", "a/b", "", ".zagg", "zarr json"] {
        let mut sample = Sample::healpix().unwrap();
        sample.pipeline.fields[0].name = name.to_owned();
        let refused = Layout::new(&sample.pipeline, &sample.grid, Provenance::default());
        assert!(matches!(refused, Err(StoreError::Layout { .. })), "{name}: {refused:?}");
    }
}

#[test]
fn a_fill_value_that_its_type_cannot_hold_is_refused() {
    for (dtype, fill) in [
        (Dtype::Uint8, FillValue::Integer(256)),
        (Dtype::Int32, FillValue::NaN),
        (Dtype::Uint64, FillValue::Integer(-1)),
    ] {
        let mut sample = Sample::healpix().unwrap();
        (sample.pipeline.fields[0].dtype, sample.pipeline.fields[0].fill_value) = (dtype, fill);
        assert!(Layout::new(&sample.pipeline, &sample.grid, Provenance::default()).is_err(), "{dtype} {fill:?}");
    }
}
