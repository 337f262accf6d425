use super::*;
use crate::{
    colours::{ColourMap, Scale},
    frame::Frame,
    projection::MapProjection,
    range::Limits,
};

fn raster(bounds: [f64; 4], spacing: f64) -> Raster {
    let frame = Frame::around(bounds, spacing).unwrap();
    let value = |index: usize| if index.is_multiple_of(3) { f64::NAN } else { (index % 100) as f64 };
    Raster { frame, values: (0..frame.pixels()).map(value).collect() }
}

fn words() -> Words {
    Words {
        title: "Mean height <of> \"ice\" & snow".to_owned(),
        panel: PanelText {
            legend: "mean land ice height [m]".to_owned(),
            facts: vec![("cells with data".to_owned(), "5,432".to_owned())],
        },
        provenance: "out.zarr \u{b7} HEALPix order 12 \u{b7} zagg 0.1.0".to_owned(),
    }
}

fn drawn<T>(raster: &Raster, projection: &MapProjection, of: impl FnOnce(&Picture<'_>) -> T) -> T {
    let plane = projection.plane().unwrap();
    let colours = Colours::new(ColourMap::sequential(), Limits { low: 5.0, high: 90.0 }, Scale::Linear).unwrap();
    let values: Vec<f64> = (0..100).map(f64::from).collect();
    let histogram = Histogram::of(&values, &colours);
    let words = words();
    let extras = Extras { coast: true, graticule: true };
    of(&Picture::new(raster, &plane, &colours, Some(&histogram), &words, extras, None).unwrap())
}

#[test]
fn every_projection_gives_a_picture_and_equal_inputs_equal_bytes() {
    for (projection, bounds, spacing) in [
        (MapProjection::PolarSouth, [-3e6, -3e6, 3e6, 3e6], 2e4),
        (MapProjection::Mollweide, MapProjection::Mollweide.plane().unwrap().domain().unwrap(), 1e5),
        (MapProjection::PlateCarree, [10.0, -80.0, 14.0, -77.5], 0.02),
        (MapProjection::Crs("EPSG:32633".to_owned()), [3e5, 8.4e6, 8e5, 9e6], 5e3),
    ] {
        let raster = raster(bounds, spacing);
        let twice = || drawn(&raster, &projection, |picture| (picture.svg().unwrap(), picture.png().unwrap()));
        let (svg, png) = twice();
        assert_eq!((&svg, &png), (&twice().0, &twice().1), "{projection}");
        assert!(png.starts_with(b"\x89PNG") && svg.contains("data:image/png;base64,"), "{projection}");
        for text in [
            "Mean height &lt;of&gt; &quot;ice&quot; &amp; snow",
            "land ice height",
            "[m]",
            "no data",
            "5,432",
            "zagg 0.1.0",
        ] {
            assert!(svg.contains(text), "{projection}: no {text}");
        }
    }
}

#[test]
fn letters_are_drawn() {
    let raster = raster([-3e6, -3e6, 3e6, 3e6], 1e4);
    let (geometry, png) =
        drawn(&raster, &MapProjection::PolarSouth, |picture| (picture.geometry(), picture.png().unwrap()));
    let pixmap = resvg::tiny_skia::Pixmap::decode_png(&png).unwrap();
    assert_eq!((pixmap.width(), pixmap.height()), (geometry.width, geometry.height));
    let dark = |rows: std::ops::Range<u32>| {
        let places = rows.flat_map(|row| (0..geometry.width).map(move |column| (column, row)));
        places.filter(|(column, row)| pixmap.pixel(*column, *row).is_some_and(|p| p.red() < 120)).count()
    };
    assert!(dark(0..geometry.map_top - 20) > 200, "no title");
    assert!(dark(geometry.map_top + geometry.map_height + 40..geometry.height) > 200, "no provenance");
}

#[test]
fn a_picture_that_is_too_large_is_refused() {
    let plane = MapProjection::PolarSouth.plane().unwrap();
    let colours = Colours::new(ColourMap::sequential(), Limits { low: 0.0, high: 1.0 }, Scale::Linear).unwrap();
    let (raster, words) = (raster([-1e4, -1e4, 1e4, 1e4], 1e3), words());
    let extras = Extras { coast: false, graticule: false };
    let error = Picture::new(&raster, &plane, &colours, None, &words, extras, Some(20_000)).unwrap_err();
    assert!(error.to_string().contains("too large"), "{error}");
}
