use zagg_store::sample::Sample;

use super::*;
use crate::{field::FieldSource, projection::MapProjection, testing::store};

fn sampled(field: &FieldCells, plane: &Plane, frame: &Frame) -> Vec<f64> {
    let mut values = vec![f64::NAN; frame.pixels()];
    sample(field, plane, frame, &mut values);
    values
}

/// What [`sample`] is to give, pixel by pixel over the whole frame.
fn everywhere(field: &FieldCells, plane: &Plane, frame: &Frame) -> Vec<f64> {
    let pixel = |index: u32| {
        let (x, y) = frame.center(index % frame.width, index / frame.width);
        plane.inverse(x, y).and_then(|(lon, lat)| field.value_at(lon, lat)).unwrap_or(f64::NAN)
    };
    (0..frame.pixels() as u32).map(pixel).collect()
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Shards of order 2 about the poles, about longitude 180, and elsewhere.
const SHARDS: [u64; 8] = [0, 15, 63, 85, 128, 133, 170, 191];

#[tokio::test]
async fn only_pixels_near_blocks_are_asked_and_none_is_missed() {
    let (_folder, store) = store(&Sample::healpix().unwrap(), &SHARDS, 3).await;
    let source = FieldSource::open(&store).await.unwrap();
    let field = source.read("h_mean", |_| true).await.unwrap();
    assert_eq!(field.places_of_blocks().len(), SHARDS.len());
    for (projection, spacing) in [
        (MapProjection::PolarSouth, 90e3),
        (MapProjection::PolarNorth, 90e3),
        (MapProjection::Mollweide, 150e3),
        (MapProjection::PlateCarree, 1.7),
    ] {
        let plane = projection.plane().unwrap();
        let frame = Frame::around(plane.domain().unwrap(), spacing).unwrap();
        let (near, all) = (sampled(&field, &plane, &frame), everywhere(&field, &plane, &frame));
        assert_eq!(bits(&near), bits(&all), "{projection}");
        assert!(all.iter().any(|value| !value.is_nan()), "{projection}");
    }
}

#[tokio::test]
async fn a_pixel_shows_the_cells_whose_centres_it_holds() {
    let (_folder, store) = store(&Sample::healpix().unwrap(), &[133], 2).await;
    let source = FieldSource::open(&store).await.unwrap();
    let field = source.read("h_mean", |_| true).await.unwrap();
    let plane = MapProjection::PlateCarree.plane().unwrap();
    let frame = Frame::around(plane.domain().unwrap(), 5.0).unwrap();
    let mut held = std::collections::BTreeMap::<(u32, u32), Vec<f64>>::new();
    for (id, value) in field.iter() {
        let (lon, lat) = field.places.center(id).unwrap();
        let (x, y) = plane.forward(lon, lat).unwrap();
        held.entry(frame.pixel_at(x, y).unwrap()).or_default().push(value);
    }
    assert!(held.values().any(|values| values.len() > 3));
    for (together, of) in [
        (Together::Mean, (|v: &[f64]| v.iter().sum::<f64>() / v.len() as f64) as fn(&[f64]) -> f64),
        (Together::Least, |v| v.iter().copied().fold(f64::INFINITY, f64::min)),
        (Together::Greatest, |v| v.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
    ] {
        let raster = paint(&field, &plane, &frame, together);
        for ((column, row), values) in &held {
            assert_eq!(raster.get(*column, *row), of(values), "{together:?} {column} {row}");
        }
        let again = paint(&field, &plane, &frame, together);
        assert_eq!(bits(&raster.values), bits(&again.values));
    }
}

#[tokio::test]
async fn a_rectilinear_store_in_its_own_plane_is_itself() {
    let sample = Sample::rectilinear(None, false).unwrap();
    let (_folder, store) = store(&sample, &[0, 5, 11], 3).await;
    let source = FieldSource::open(&store).await.unwrap();
    assert_eq!(source.places.crs(), Some("EPSG:3031"));
    let field = source.read("h_mean", |_| true).await.unwrap();
    let plane = MapProjection::PolarSouth.plane().unwrap();
    let frame = Frame::around([-100_000.0, -60_000.0, 100_000.0, 60_000.0], 5000.0).unwrap();
    let raster = paint(&field, &plane, &frame, Together::Mean);
    for row in 0..frame.height {
        for column in 0..frame.width {
            let value = field.value_of(u64::from(row * frame.width + column)).unwrap_or(f64::NAN);
            assert_eq!(raster.get(column, row).to_bits(), value.to_bits(), "{row} {column}");
        }
    }
    assert_eq!(raster.painted(), field.iter().count());
}

#[tokio::test]
async fn counts_of_nought_and_fill_values_are_no_values() {
    let (_folder, store) = store(&Sample::healpix().unwrap(), &[9], 4).await;
    let source = FieldSource::open(&store).await.unwrap();
    for field in ["count", "h_mean", "last"] {
        assert_eq!(source.read(field, |_| true).await.unwrap().iter().count(), 64, "{field}");
    }
    let error = source.read("height", |_| true).await.unwrap_err();
    assert!(error.to_string().contains("has no field `height`; it has"), "{error}");
    assert_eq!(source.about.count_field(&source.cells), Some("count"));
}
