//! Which projection and which part of the plane suit the cells that have data.

use std::sync::Mutex;

use crate::{
    error::Result,
    field::FieldCells,
    frame::{Frame, bounds_of},
    projection::{MapProjection, Plane},
};

/// Cells south of here are shown about the pole (north likewise).
const POLAR_FROM_DEG: f64 = 50.0;

/// Boxes up to this size are shown in longitude and latitude; larger ones, as the globe.
const SMALL_DEG: [f64; 2] = [90.0, 60.0];

/// The part of the data's box that is shown about it on each side.
const MARGIN: f64 = 0.03;

/// The projection that suits a field: a rectilinear store's own; about a pole when all blocks lie near it; longitude and
/// latitude for a small box; else the globe.
#[must_use]
pub fn projection_for(field: &FieldCells) -> MapProjection {
    if let Some(crs) = field.places.crs() {
        let known = crs.parse().ok();
        return known.unwrap_or_else(|| MapProjection::Crs(crs.to_owned()));
    }
    // Where blocks lie decides in most cases, and costs next to nothing.
    let lats = field.map_blocks(|place, _| {
        let outline = field.places.outline(place, &field.block_shape);
        outline.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), (_, lat)| (lat.min(a), lat.max(b)))
    });
    let (south, north) = lats.into_iter().fold((90.0_f64, -90.0_f64), |(a, b), (c, d)| (a.min(c), b.max(d)));
    if north <= -POLAR_FROM_DEG {
        return MapProjection::PolarSouth;
    }
    if south >= POLAR_FROM_DEG {
        return MapProjection::PolarNorth;
    }
    let [west, south, east, north] = degrees(field);
    if north <= -POLAR_FROM_DEG {
        MapProjection::PolarSouth
    } else if south >= POLAR_FROM_DEG {
        MapProjection::PolarNorth
    } else if east - west <= SMALL_DEG[0] && north - south <= SMALL_DEG[1] {
        MapProjection::PlateCarree
    } else {
        MapProjection::Mollweide
    }
}

/// `west, south, east, north` of the centres of the cells with data, longitudes in -180..=180.
fn degrees(field: &FieldCells) -> [f64; 4] {
    let turned = |lon: f64| if lon > 180.0 { lon - 360.0 } else { lon };
    let boxes = field.map_blocks(|_, cells| {
        cells
            .filter_map(|(id, _)| field.places.center(id))
            .fold(None, |bounds, (lon, lat)| united(bounds, turned(lon), lat))
    });
    let all = boxes
        .into_iter()
        .flatten()
        .fold(None, |all, [west, south, east, north]| united(Some(united(all, west, south)?), east, north));
    all.unwrap_or([-180.0, -90.0, 180.0, 90.0])
}

fn united(bounds: Option<[f64; 4]>, x: f64, y: f64) -> Option<[f64; 4]> {
    let [xmin, ymin, xmax, ymax] = bounds.unwrap_or([x, y, x, y]);
    Some([xmin.min(x), ymin.min(y), xmax.max(x), ymax.max(y)])
}

/// `xmin, ymin, xmax, ymax` of the cells with data in a plane; none when the plane shows none of them.
#[must_use]
pub fn bounds(field: &FieldCells, plane: &Plane) -> Option<[f64; 4]> {
    let known: Mutex<Option<[f64; 4]>> = Mutex::new(None);
    let read = || known.lock().map_or_else(|poisoned| *poisoned.into_inner(), |bounds| *bounds);
    field.map_blocks(|place, cells| {
        // A block inside of what is known already adds nothing: most need not be looked at.
        let outline = bounds_of(plane, field.places.outline(place, &field.block_shape));
        let adds = match (read(), outline) {
            (Some(known), Some(outline)) => !holds(known, outline),
            _ => true,
        };
        if !adds {
            return;
        }
        let half = field.places.cell_size_m() / plane.metres_per_unit() / 2.0;
        let positions = cells.filter_map(|(id, _)| field.places.center(id));
        if let Some([xmin, ymin, xmax, ymax]) = bounds_of(plane, positions) {
            let mut known = known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let first = united(*known, xmin - half, ymin - half);
            *known = united(first, xmax + half, ymax + half);
        }
    });
    read()
}

fn holds(outer: [f64; 4], inner: [f64; 4]) -> bool {
    outer[0] <= inner[0] && outer[1] <= inner[1] && outer[2] >= inner[2] && outer[3] >= inner[3]
}

/// The part of a plane that shows the cells with data, with a margin; of the globe all of it; none when the plane shows
/// no cell.
#[must_use]
pub fn view(field: &FieldCells, plane: &Plane) -> Option<[f64; 4]> {
    let found = bounds(field, plane)?;
    if *plane.projection() == MapProjection::Mollweide {
        return plane.domain();
    }
    let margin = MARGIN * (found[2] - found[0]).max(found[3] - found[1]);
    let mut wide = [found[0] - margin, found[1] - margin, found[2] + margin, found[3] + margin];
    // No map is narrower than half its height, nor lower than a third of its width: room for labels.
    let (width, height) = (wide[2] - wide[0], wide[3] - wide[1]);
    let (add_x, add_y) = ((height / 2.0 - width).max(0.0) / 2.0, (width / 3.0 - height).max(0.0) / 2.0);
    wide = [wide[0] - add_x, wide[1] - add_y, wide[2] + add_x, wide[3] + add_y];
    let most = plane.domain().unwrap_or(wide);
    let shown = [wide[0].max(most[0]), wide[1].max(most[1]), wide[2].min(most[2]), wide[3].min(most[3])];
    (shown[0] < shown[2] && shown[1] < shown[3]).then_some(shown)
}

/// The frame that shows a view: pixels of `spacing` units where it is given, else so many that the longer side has about
/// `longest` of them, in a round number of units.
///
/// # Errors
/// When the spacing is no length, or there would be too many pixels.
pub fn frame(view: [f64; 4], spacing: Option<f64>, longest: u32) -> Result<Frame> {
    let spacing = spacing.unwrap_or_else(|| {
        let exact = (view[2] - view[0]).max(view[3] - view[1]) / f64::from(longest.max(1));
        round_up(exact)
    });
    Ok(Frame::around(view, spacing)?)
}

/// The least of 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten that is not below `exact`.
fn round_up(exact: f64) -> f64 {
    let power = 10_f64.powf(exact.log10().floor());
    let step = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    let found = step.into_iter().find(|step| step * power >= exact * (1.0 - 1e-9)).unwrap_or(10.0);
    found * power
}

#[cfg(test)]
mod tests {
    use zagg_store::sample::Sample;

    use super::*;
    use crate::{field::FieldSource, testing::store};

    async fn field(sample: &Sample, shards: &[u64]) -> (tempfile::TempDir, FieldCells) {
        let (folder, store) = store(sample, shards, 3).await;
        let source = FieldSource::open(&store).await.unwrap();
        let field = source.read("h_mean", |_| true).await.unwrap();
        (folder, field)
    }

    #[tokio::test]
    async fn the_projection_follows_the_data() {
        let healpix = Sample::healpix().unwrap();
        // Shards of order 2: 128 touches the south pole, 63 the north pole, 70 lies about the equator.
        for (shards, projection) in [
            ([128].as_slice(), MapProjection::PolarSouth),
            (&[15, 63], MapProjection::PolarNorth),
            (&[70], MapProjection::PlateCarree),
            (&[15, 128], MapProjection::Mollweide),
        ] {
            let (_folder, field) = field(&healpix, shards).await;
            assert_eq!(projection_for(&field), projection, "{shards:?}");
        }
        let (_folder, field) = field(&Sample::rectilinear(None, false).unwrap(), &[5]).await;
        assert_eq!(projection_for(&field), MapProjection::PolarSouth, "EPSG:3031");
    }

    #[tokio::test]
    async fn the_view_holds_every_cell_with_data_and_little_else() {
        let (_folder, field) = field(&Sample::healpix().unwrap(), &[128, 133, 170]).await;
        let plane = MapProjection::PolarSouth.plane().unwrap();
        let found = bounds(&field, &plane).unwrap();
        let centers = field.iter().map(|(id, _)| field.places.center(id).unwrap());
        let exact = bounds_of(&plane, centers).unwrap();
        let half = field.places.cell_size_m() / 2.0;
        for (found, exact) in found.into_iter().zip(exact) {
            assert!(((found - exact).abs() - half).abs() < 1e-6, "{found} {exact}");
        }
        let view = view(&field, &plane).unwrap();
        let domain = plane.domain().unwrap();
        assert!((0..2).all(|i| view[i] <= found[i].max(domain[i]) && view[i + 2] >= found[i + 2].min(domain[i + 2])));
    }

    #[test]
    fn pixels_have_round_sides() {
        for (exact, round) in [(1.0, 1.0), (1.01, 1.2), (4_321.0, 5_000.0), (0.0321, 0.04), (2_000.000_001, 2000.0)] {
            assert!((round_up(exact) - round).abs() < 1e-9 * round, "{exact} {}", round_up(exact));
        }
        let frame = frame([0.0, 0.0, 3.3e6, 1e6], None, 1000).unwrap();
        assert_eq!((frame.spacing, frame.width, frame.height), (4000.0, 825, 250));
    }
}
