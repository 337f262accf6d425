//! Positions along great circles of the authalic sphere.

use zagg_core::geodesy::{authalic_latitude, geodetic_latitude};

use super::{Ring, half_turn, is_pole};

/// How far a great circle may leave the straight line in longitude and latitude, in degrees of the globe.
const TOLERANCE_DEG: f64 = 5e-4;
/// Halvings of a line at the most.
const DEPTH: u32 = 9;

/// A ring with positions added along its great circles; a repeated last corner is left out.
pub(super) fn followed(ring: &[[f64; 2]]) -> Ring {
    let closed = ring.len() > 1 && ring.first() == ring.last();
    let corners = if closed { &ring[..ring.len() - 1] } else { ring };
    let mut out = Ring::with_capacity(corners.len());
    for (from, to) in corners.iter().zip(corners.iter().cycle().skip(1)) {
        out.push(*from);
        between(*from, *to, DEPTH, &mut out);
    }
    out
}

fn between(from: [f64; 2], to: [f64; 2], depth: u32, out: &mut Ring) {
    if depth == 0 {
        return;
    }
    let Some(middle) = middle(from, to) else { return };
    let straight = [from[0] + half_turn(to[0] - from[0]) / 2.0, (from[1] + to[1]) / 2.0];
    let aside = half_turn(middle[0] - straight[0]) * middle[1].to_radians().cos();
    let over_a_pole = is_pole(&from) || is_pole(&to);
    if over_a_pole || aside.hypot(middle[1] - straight[1]) <= TOLERANCE_DEG {
        return;
    }
    between(from, middle, depth - 1, out);
    out.push(middle);
    between(middle, to, depth - 1, out);
}

/// The position halfway on the great circle; none between opposite positions.
fn middle(from: [f64; 2], to: [f64; 2]) -> Option<[f64; 2]> {
    let [a, b] = [from, to].map(vector);
    let sum = [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
    let flat = sum[0].hypot(sum[1]);
    if flat.hypot(sum[2]) < 1e-9 {
        return None;
    }
    let lon = sum[1].atan2(sum[0]).to_degrees();
    Some([lon, geodetic_latitude(sum[2].atan2(flat).to_degrees())])
}

fn vector([lon, lat]: [f64; 2]) -> [f64; 3] {
    let (lon, lat) = (lon.to_radians(), authalic_latitude(lat).to_radians());
    [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
}
