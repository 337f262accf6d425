//! A field in a few numbers.

use zagg_core::geodesy::authalic_latitude;

use crate::{
    field::FieldCells,
    places::{AUTHALIC_RADIUS_M, Places},
    range::percentile,
};

/// A field in a few numbers. Values are in the field's unit.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Summary {
    /// The field's name.
    pub field: String,
    /// What it is, in words; empty when the store does not say.
    pub long_name: String,
    /// Its unit; empty when the store does not say.
    pub units: String,
    /// Cells with a value.
    pub cells: u64,
    /// Blocks that were read.
    pub blocks: u64,
    /// The area of the cells with a value, in square kilometres on the ellipsoid.
    pub area_km2: f64,
    /// The least value.
    pub min: f64,
    /// The 1st percentile.
    pub p1: f64,
    /// The 50th percentile.
    pub median: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The greatest value.
    pub max: f64,
    /// The mean of the cells, each of equal weight.
    pub mean: f64,
}

/// A field in a few numbers; none when no cell has a value. `ascending` are its values.
#[must_use]
pub fn summary(field: &FieldCells, ascending: &[f64]) -> Option<Summary> {
    let at = |percent| percentile(ascending, percent);
    Some(Summary {
        field: field.name.clone(),
        long_name: attribute(field, "long_name"),
        units: attribute(field, "units"),
        cells: ascending.len() as u64,
        blocks: field.places_of_blocks().len() as u64,
        area_km2: area_m2(field) / 1e6,
        min: at(0.0)?,
        p1: at(1.0)?,
        median: at(50.0)?,
        p99: at(99.0)?,
        max: at(100.0)?,
        mean: ascending.iter().sum::<f64>() / ascending.len() as f64,
    })
}

fn attribute(field: &FieldCells, name: &str) -> String {
    field.attributes.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
}

/// The area of the cells with a value, on the ellipsoid.
fn area_m2(field: &FieldCells) -> f64 {
    let of_all: Vec<f64> = match &field.places {
        Places::Healpix { order, .. } => {
            let of_cell = 4.0 * std::f64::consts::PI * AUTHALIC_RADIUS_M.powi(2) / order.cells() as f64;
            field.map_blocks(|_, cells| cells.count() as f64 * of_cell)
        }
        Places::Rectilinear(_) => {
            field.map_blocks(|_, cells| cells.filter_map(|(id, _)| of_corners(&field.places.corners(id)?)).sum())
        }
    };
    of_all.into_iter().sum()
}

/// The area within corners joined by great circles of the authalic sphere, as two triangles: the solid angle of each by
/// A. van Oosterom and J. Strackee, "The solid angle of a plane triangle", IEEE Trans. Biomed. Eng. 30 (1983).
fn of_corners(corners: &[(f64, f64); 4]) -> Option<f64> {
    let [a, b, c, d] = corners.map(|(lon, lat)| {
        let ((sin_lon, cos_lon), (sin, cos)) =
            (lon.to_radians().sin_cos(), authalic_latitude(lat).to_radians().sin_cos());
        [cos * cos_lon, cos * sin_lon, sin]
    });
    let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    let cross =
        |a: [f64; 3], b: [f64; 3]| [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    let angle = |a, b, c| 2.0 * dot(a, cross(b, c)).atan2(1.0 + dot(a, b) + dot(b, c) + dot(c, a));
    let whole = (angle(a, b, c) + angle(a, c, d)).abs() * AUTHALIC_RADIUS_M.powi(2);
    whole.is_finite().then_some(whole)
}

#[cfg(test)]
mod tests {
    use zagg_store::sample::Sample;

    use super::*;
    use crate::{field::FieldSource, testing::store};

    #[tokio::test]
    async fn a_summary_is_that_of_the_values() {
        let (_folder, store) = store(&Sample::healpix().unwrap(), &[3, 9], 2).await;
        let source = FieldSource::open(&store).await.unwrap();
        let field = source.read("h_mean", |_| true).await.unwrap();
        let values: Vec<f64> = field.iter().map(|(_, value)| value).collect();
        let found = summary(&field, &field.sorted_values()).unwrap();
        assert_eq!((found.cells, found.blocks), (values.len() as u64, 2));
        assert_eq!(found.min, values.iter().copied().fold(f64::INFINITY, f64::min));
        assert_eq!(found.max, values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        assert!((found.mean - values.iter().sum::<f64>() / values.len() as f64).abs() < 1e-9);
        // The surface of WGS84 is 510,065,622 km2; order 6 cuts it into 49,152 cells.
        assert!((found.area_km2 - 510_065_621.7 / 49_152.0 * values.len() as f64).abs() < 1.0, "{}", found.area_km2);
        assert_eq!(summary(&field, &[]), None);
    }

    #[tokio::test]
    async fn cells_of_a_stereographic_grid_have_their_true_area() {
        let (_folder, store) = store(&Sample::rectilinear(None, false).unwrap(), &[0, 5], 1).await;
        let source = FieldSource::open(&store).await.unwrap();
        let field = source.read("h_mean", |_| true).await.unwrap();
        let found = summary(&field, &field.sorted_values()).unwrap();
        // Near the pole EPSG:3031 shrinks lengths to 0.9728 of the true ones (pyproj's meridional scale at 89.5 S).
        let of_plane = found.cells as f64 * 25.0;
        let scale = (of_plane / found.area_km2).sqrt();
        assert!((scale - 0.9728).abs() < 5e-4, "{scale}");
    }
}
