//! Rings of the globe to rings of a plane on which longitudes go on without end.

use super::{Ring, doubled_area, half_turn, is_pole};

/// A ring whose longitudes go on without a jump.
#[derive(Debug, Clone, PartialEq)]
struct Unrolled {
    /// The positions. After a whole turn, or none, comes the first one again, which is not among them.
    ring: Ring,
    /// How many turns eastwards it makes about the globe's axis.
    turns: f64,
}

/// Copies of the rings of one polygon (the outer one, then holes), a turn apart, that together show everything of it
/// between two meridians. The outer ring is counterclockwise, holes are clockwise.
pub(super) fn copies(rings: &[Ring], west: f64, east: f64) -> Vec<Ring> {
    let mut all = Vec::new();
    for (place, ring) in rings.iter().enumerate() {
        let Some(unrolled) = unrolled(ring) else { continue };
        let mut flat = match unrolled.turns {
            0.0 => unrolled.ring,
            _ => closed_by_the_pole(&unrolled, west, east),
        };
        let is_hole = place > 0;
        if (doubled_area(&flat) > 0.0) == is_hole {
            flat.reverse();
        }
        let reach = |pick: fn(f64, f64) -> f64, from| flat.iter().map(|position| position[0]).fold(from, pick);
        let (least, most) = (reach(f64::min, f64::INFINITY), reach(f64::max, f64::NEG_INFINITY));
        if unrolled.turns != 0.0 {
            all.push(flat);
            continue;
        }
        let first = ((west - most) / 360.0).ceil() as i64;
        let last = ((east - least) / 360.0).floor() as i64;
        // A ring is no wider than some turns, whatever its corners are.
        for turn in (first..=last).take(8) {
            let shift = 360.0 * turn as f64;
            all.push(flat.iter().map(|[lon, lat]| [lon + shift, *lat]).collect());
        }
    }
    all
}

/// Unrolls a ring; none when nothing but poles is left of it.
fn unrolled(ring: &[[f64; 2]]) -> Option<Unrolled> {
    let start = ring.iter().position(|position| !is_pole(position))?;
    let first = [snapped(ring[start][0]), ring[start][1]];
    let (mut out, mut last) = (vec![first], first);
    let mut pole = None;
    // Where the ring goes over a pole to the opposite meridian: eastwards or westwards is not said.
    let mut over_the_pole = None;
    for position in ring.iter().cycle().skip(start + 1).take(ring.len()) {
        if is_pole(position) {
            pole = Some(90_f64.copysign(position[1]));
            continue;
        }
        let step = half_turn(position[0] - last[0]);
        let opposite = step.abs() > 180.0 - 1e-7;
        let next = [snapped(last[0] + step), position[1]];
        if let Some(pole) = pole.take().or_else(|| opposite.then(|| 90_f64.copysign(position[1] + last[1]))) {
            out.push([last[0], pole]);
            if opposite {
                over_the_pole = Some(out.len());
            }
            out.push([next[0], pole]);
        }
        out.push(next);
        last = next;
    }
    let mut turns = ((last[0] - first[0]) / 360.0).round();
    if let (true, Some(from)) = (turns != 0.0, over_the_pole) {
        out[from..].iter_mut().for_each(|position| position[0] -= 360.0 * turns);
        turns = 0.0;
    }
    out.pop();
    Some(Unrolled { ring: out, turns })
}

/// Multiples of half a turn, where the plane is cut, without the rounding error of their computation.
fn snapped(lon: f64) -> f64 {
    let near = (lon / 180.0).round() * 180.0;
    if (lon - near).abs() < 1e-9 { near } else { lon }
}

/// The area between a ring that goes round a pole and that pole, over more than the longitudes between two meridians.
/// It is the pole on the ring's smaller side.
fn closed_by_the_pole(unrolled: &Unrolled, west: f64, east: f64) -> Ring {
    let turn = 360.0 * unrolled.turns;
    let mut ring = unrolled.ring.clone();
    if turn < 0.0 {
        ring.reverse();
    }
    let turn = turn.abs();
    let after_a_turn = ring.first().map(|[lon, lat]| [lon + turn, *lat]);
    let pairs = ring.iter().zip(ring.iter().skip(1).copied().chain(after_a_turn));
    // The mean of the sine of latitude along the ring: of the sphere's area, half of one minus it lies northwards.
    let sine = |lat: f64| lat.to_radians().sin();
    let mean: f64 = pairs.map(|(a, b)| (sine(a[1]) + sine(b[1])) / 2.0 * (b[0] - a[0])).sum::<f64>() / turn;
    let pole = 90_f64.copysign(mean);
    let begin = ring.first().map_or(0.0, |position| position[0]);
    let before = ((west - begin) / turn).floor() as i64;
    let after = ((east - begin) / turn).floor() as i64;
    let mut long: Ring = (before..=after)
        .take(8)
        .flat_map(|number| ring.iter().map(move |[lon, lat]| [lon + turn * number as f64, *lat]))
        .collect();
    let end = ring.first().map(|[lon, lat]| [lon + turn * (after + 1) as f64, *lat]);
    long.extend(end);
    let (first, last) = (long.first().map_or(west, |p| p[0]), long.last().map_or(east, |p| p[0]));
    long.extend([[last, pole], [first, pole]]);
    long
}
