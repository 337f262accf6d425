//! How large an area is.

use zagg_core::geodesy::authalic_latitude;

use super::ring::turn;
use crate::{
    area::{Area, Part, Ring},
    cover::AUTHALIC_RADIUS_M,
};

use std::f64::consts::PI;

/// What a ring of great circles does on the sphere.
#[derive(Debug, Clone, Copy)]
pub(super) struct Winding {
    /// The area between the ring and the equator, in steradians, where it goes east positive in
    /// the north.
    pub(super) to_equator: f64,
    /// How often it goes around the axis, eastwards: -1, 0 or 1 for a simple ring.
    pub(super) turns: f64,
}

impl Winding {
    pub(super) fn of(ring: &Ring) -> Self {
        let (mut to_equator, mut turned) = (0.0, 0.0);
        for (a, b) in edges(ring) {
            let angle = signed_turn(a[0], b[0]).to_radians();
            let [s, t] = [a[1], b[1]].map(|latitude| (authalic_latitude(latitude).to_radians() / 2.0).tan());
            // The excess of the triangle or trapezium between an edge and the equator (Chamberlain
            // and Duquette, "Some algorithms for polygons on a sphere", 2007, eq. 2, in half angles).
            to_equator += 2.0 * ((angle / 2.0).tan() * (s + t)).atan2(1.0 + s * t);
            turned += angle;
        }
        Self { to_equator, turns: (turned / (2.0 * PI)).round() }
    }

    /// The steradians on the smaller side.
    pub(super) fn enclosed(self) -> f64 {
        let one_side = if self.turns == 0.0 { self.to_equator.abs() } else { 2.0 * PI - self.to_equator.abs() };
        one_side.min(4.0 * PI - one_side).max(0.0)
    }
}

/// The edges of a ring, closed or not.
pub(super) fn edges(ring: &Ring) -> impl Iterator<Item = ([f64; 2], [f64; 2])> {
    let next = ring.iter().cycle().skip(1);
    ring.iter().copied().zip(next.copied())
}

/// The angle from one longitude to another, the short way, east positive, degrees.
pub(super) fn signed_turn(a: f64, b: f64) -> f64 {
    let turned = turn(a, b);
    if (b - a).rem_euclid(360.0) > 180.0 { -turned } else { turned }
}

/// The area in square kilometres, on the authalic sphere, whose areas are those of WGS84. Parts
/// that overlap count twice.
#[must_use]
pub fn area_km2(area: &Area) -> f64 {
    let steradians = |part: &Part| match part {
        Part::Polygon(rings) => {
            let enclosed = |ring: &Ring| Winding::of(ring).enclosed();
            let outer = rings.first().map_or(0.0, enclosed);
            outer - rings.iter().skip(1).map(enclosed).sum::<f64>()
        }
        Part::Band { south_deg, north_deg } => {
            let [south, north] = [south_deg, north_deg].map(|latitude| authalic_latitude(*latitude).to_radians().sin());
            2.0 * PI * (north - south)
        }
    };
    let radius_km = AUTHALIC_RADIUS_M / 1000.0;
    area.parts.iter().map(steradians).sum::<f64>().max(0.0) * radius_km * radius_km
}

/// The area in a few words: how many parts, and square kilometres.
#[must_use]
pub fn summary(area: &Area) -> String {
    let km2 = area_km2(area);
    let digits = if km2 < 10.0 { 2 } else { 0 };
    let parts = if area.parts.len() == 1 { "1 part".to_owned() } else { format!("{} parts", area.parts.len()) };
    format!("{parts}, {km2:.digits$} km²")
}
