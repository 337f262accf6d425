//! A conservative box around a shard in geodetic degrees, for cheap tests.

use super::{RectilinearGrid, healpix, projection::Projection};
use crate::order::Order;

/// The largest absolute longitude that is taken for one: two turns. Files hold longitudes in
/// -180..180 or 0..360; anything far beyond is a fill value.
pub const MOST_LONGITUDE: f64 = 720.0;

/// Whether a longitude and a latitude, in degrees, are finite and in range: `|lat| <= 90` and
/// `|lon| <= 720`. What is not, is never hashed or projected.
#[inline]
#[must_use]
pub fn is_position(lon_deg: f64, lat_deg: f64) -> bool {
    // Not `&&`: a branch would keep loops over many positions from being vectorised.
    (lat_deg.abs() <= 90.0) & (lon_deg.abs() <= MOST_LONGITUDE)
}

/// A longitude within one turn of zero: itself when it is, which keeps its every bit and its sign.
#[inline]
pub(super) fn within_a_turn(lon_deg: f64) -> f64 {
    if lon_deg.abs() > 360.0 { lon_deg % 360.0 } else { lon_deg }
}

/// Added on every side, in degrees of latitude (a tenth of a metre).
const MARGIN: f64 = 1e-6;

/// A box of latitudes and longitudes (geodetic degrees) that holds every point of a shard, and
/// some around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeoBox {
    /// The southern latitude.
    pub south: f64,
    /// The northern latitude.
    pub north: f64,
    /// The longitude in the middle, -180..=180.
    pub lon_center: f64,
    /// Degrees of longitude on either side of the middle; 180 is every longitude.
    pub lon_half_width: f64,
}

impl GeoBox {
    /// The whole globe.
    pub const GLOBE: Self = Self { south: -90.0, north: 90.0, lon_center: 0.0, lon_half_width: 180.0 };

    /// Whether a position lies in the box. The longitude may be in any convention within two
    /// turns of zero.
    #[inline]
    #[must_use]
    pub fn contains(&self, lat_deg: f64, lon_deg: f64) -> bool {
        lat_deg >= self.south && lat_deg <= self.north && self.turn(lon_deg) <= self.lon_half_width
    }

    /// Whether a set of points with these extremes (of an HDF5 chunk, say) may have one in the
    /// box. Longitudes are raw, -180..180 or 0..360; a set that crosses the seam of its
    /// convention has nearly every longitude between its extremes and so may hold anything. Also
    /// true when the extremes are not numbers or out of order: then nothing is known.
    #[must_use]
    pub fn may_hold(&self, lat_min: f64, lat_max: f64, lon_min: f64, lon_max: f64) -> bool {
        if lat_max < self.south || lat_min > self.north {
            return lat_max < lat_min;
        }
        let span = lon_max - lon_min;
        if !(0.0..360.0).contains(&span) || lon_min.abs() > MOST_LONGITUDE || lon_max.abs() > MOST_LONGITUDE {
            return true;
        }
        self.turn(lon_min + span / 2.0) <= self.lon_half_width + span / 2.0 + MARGIN
    }

    /// Degrees between a longitude in -720..=720 and the middle, 0..=180.
    #[inline]
    fn turn(&self, lon_deg: f64) -> f64 {
        let mut turn = (lon_deg - self.lon_center).abs();
        if turn > 180.0 {
            turn = (turn - 360.0).abs();
            if turn > 180.0 {
                turn = (turn - 360.0).abs();
            }
        }
        turn
    }

    /// The box with its latitudes within the globe and its longitudes normal.
    fn normal(south: f64, north: f64, lon_center: f64, lon_half_width: f64) -> Self {
        let everywhere = lon_half_width.is_nan() || lon_half_width >= 180.0;
        Self {
            south: south.max(-90.0),
            north: north.min(90.0),
            lon_center: if everywhere { 0.0 } else { wrap(lon_center) },
            lon_half_width: if everywhere { 180.0 } else { lon_half_width },
        }
    }

    /// The box of a HEALPix cell; the globe when the order has no such cell.
    ///
    /// The corners suffice: in the projected plane a cell is a square on its corner, and longitude
    /// is a quotient of linear functions there, so that over the square it is extreme at corners;
    /// latitude is a function of the height alone.
    pub(super) fn of_cell(order: Order, nested: u64) -> Self {
        let (Some(corners), Some(center)) = (healpix::corners(order, nested), healpix::center(order, nested)) else {
            return Self::GLOBE;
        };
        let [south, east, north, west] = corners;
        let around = |lon: f64| wrap(lon - center.0).abs();
        // Rounding moves a point sideways by up to 1e-15 of the projected plane, which is more
        // and more longitude toward a pole.
        let nearest_pole = south.1.abs().max(north.1.abs()).min(90.0 - 1e-9);
        let margin = MARGIN + 1e-12 / nearest_pole.to_radians().cos();
        let half = around(east.0).max(around(west.0)) + margin;
        Self::normal(south.1 - MARGIN, north.1 + MARGIN, center.0, half)
    }

    /// The box of a tile; the globe when the projection leaves that in doubt.
    pub(super) fn of_tile(grid: &RectilinearGrid, row: u32, col: u32, projection: &Projection) -> Self {
        let [left, bottom, right, top] = grid.tile_bounds(row, col);
        if projection.is_geographic() {
            let (center, half) = ((left + right) / 2.0, (right - left) / 2.0 + MARGIN);
            return Self::normal(bottom - MARGIN, top + MARGIN, center, half);
        }
        let outline = Outline { left, bottom, right, top };
        outline.to_box(projection).unwrap_or(Self::GLOBE)
    }
}

/// A longitude in -180..=180.
fn wrap(lon: f64) -> f64 {
    lon - 360.0 * (lon / 360.0).round()
}

/// The outline of a tile in the plane of a projection.
struct Outline {
    left: f64,
    bottom: f64,
    right: f64,
    top: f64,
}

/// Points along one side of an outline.
const SAMPLES: u32 = 64;

/// Neighbouring samples further apart than this, in degrees, leave the course between them in doubt.
const DOUBTFUL_STEP: f64 = 30.0;

impl Outline {
    /// The box of the tile. Away from the poles, latitude and longitude have no extremes inside
    /// the outline, so that the outline's suffice; the widest step between samples is added on
    /// every side, which is far more than a smooth side can bulge between two of them.
    ///
    /// None when the projection fails, does not come back, or jumps.
    fn to_box(&self, projection: &Projection) -> Option<GeoBox> {
        let samples = self.samples(projection)?;
        let (mut lat, mut lon) = (samples[0].1, samples[0].0);
        let (mut south, mut north, mut west, mut east) = (lat, lat, lon, lon);
        let (mut lat_step, mut lon_step) = (0.0_f64, 0.0_f64);
        for &(next_lon, next_lat) in samples.iter().chain(samples.first()) {
            let step = wrap(next_lon - lon);
            lon_step = lon_step.max(step.abs());
            lat_step = lat_step.max((next_lat - lat).abs());
            (lon, lat) = (lon + step, next_lat);
            (south, north) = (south.min(lat), north.max(lat));
            (west, east) = (west.min(lon), east.max(lon));
        }
        let lat_margin = MARGIN + lat_step + 0.01 * (north - south);
        let poles = [self.may_hold_pole(projection, -90.0), self.may_hold_pole(projection, 90.0)];
        let south = if poles[0] { -90.0 } else { south - lat_margin };
        let north = if poles[1] { 90.0 } else { north + lat_margin };
        if poles[0] || poles[1] {
            return Some(GeoBox::normal(south, north, 0.0, 180.0));
        }
        if lon_step > DOUBTFUL_STEP {
            return None;
        }
        let lon_margin = MARGIN + lon_step + 0.01 * (east - west);
        Some(GeoBox::normal(south, north, (west + east) / 2.0, (east - west) / 2.0 + lon_margin))
    }

    /// Longitude and latitude of points all around the outline.
    fn samples(&self, projection: &Projection) -> Option<Vec<(f64, f64)>> {
        let tolerance = 1e-6 * (self.right - self.left + self.top - self.bottom);
        (0..4 * SAMPLES)
            .map(|i| {
                let along = f64::from(i % SAMPLES) / f64::from(SAMPLES);
                let (width, height) = (self.right - self.left, self.top - self.bottom);
                let (x, y) = match i / SAMPLES {
                    0 => (self.left + along * width, self.bottom),
                    1 => (self.right, self.bottom + along * height),
                    2 => (self.right - along * width, self.top),
                    _ => (self.left, self.top - along * height),
                };
                let (lon, lat) = projection.inverse(x, y)?;
                let (back_x, back_y) = projection.forward(lon, lat)?;
                let comes_back = (back_x - x).abs() <= tolerance && (back_y - y).abs() <= tolerance;
                (lon.is_finite() && lat.is_finite() && comes_back).then_some((lon, lat))
            })
            .collect()
    }

    /// Whether a pole lies in the tile, or within a tenth of its size of it.
    fn may_hold_pole(&self, projection: &Projection, lat: f64) -> bool {
        let around = 0.1 * (self.right - self.left).max(self.top - self.bottom);
        [0.0, 90.0, 180.0, -90.0].into_iter().any(|lon| {
            projection.forward(lon, lat).is_some_and(|(x, y)| {
                (self.left - around..=self.right + around).contains(&x)
                    && (self.bottom - around..=self.top + around).contains(&y)
            })
        })
    }
}

#[cfg(test)]
mod tests;
