//! Polygons of a plane cut along a meridian.

use super::{LaidOut, Ring, doubled_area};

/// Which side of a meridian is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    East,
    West,
}

impl Side {
    fn has(self, lon: f64, meridian: f64) -> bool {
        match self {
            Self::East => lon >= meridian,
            Self::West => lon <= meridian,
        }
    }
}

/// Part of a ring on the kept side: it begins and ends on the meridian.
struct Chain {
    ring: Ring,
    taken: bool,
}

/// A chain's beginning or end on the meridian.
struct Crossing {
    lat: f64,
    chain: usize,
    begins: bool,
}

/// What lies on one side of a meridian of polygons whose outer rings are counterclockwise and whose holes are clockwise.
///
/// The crossings of the meridian, sorted by latitude, bound the stretches that lie inside: between the first and
/// the second, the third and the fourth, ... Whoever leaves the kept side comes back at the other end of the stretch.
pub(super) fn keep(rings: Vec<Ring>, meridian: f64, side: Side) -> Vec<Ring> {
    let mut kept = Vec::new();
    let mut chains = Vec::new();
    for ring in rings {
        match ring.iter().filter(|position| side.has(position[0], meridian)).count() {
            0 => {}
            all if all == ring.len() => kept.push(ring),
            _ => chains.extend(chains_of(&ring, meridian, side)),
        }
    }
    let mut crossings: Vec<Crossing> = Vec::with_capacity(2 * chains.len());
    for (chain, Chain { ring, .. }) in chains.iter().enumerate() {
        let ends = [(ring.first(), true), (ring.last(), false)];
        crossings
            .extend(ends.iter().filter_map(|(end, begins)| Some(Crossing { lat: (*end)?[1], chain, begins: *begins })));
    }
    crossings.sort_by(|a, b| a.lat.total_cmp(&b.lat));
    // For each chain, the one that goes on where it ends.
    let mut follower: Vec<usize> = (0..chains.len()).collect();
    for pair in crossings.chunks_exact(2) {
        match pair {
            [a, b] if a.begins && !b.begins => follower[b.chain] = a.chain,
            [a, b] if !a.begins && b.begins => follower[a.chain] = b.chain,
            // A ring that crosses itself: each of its chains is closed by itself.
            _ => {}
        }
    }
    for begin in 0..chains.len() {
        let mut ring = Ring::new();
        let mut at = begin;
        while !std::mem::replace(&mut chains[at].taken, true) {
            ring.append(&mut chains[at].ring);
            at = follower[at];
        }
        if !ring.is_empty() {
            kept.push(ring);
        }
    }
    kept
}

/// The chains of a ring that is on both sides.
fn chains_of(ring: &[[f64; 2]], meridian: f64, side: Side) -> Vec<Chain> {
    let has = |position: &[f64; 2]| side.has(position[0], meridian);
    let length = ring.len();
    let Some(start) = (0..length).find(|&at| !has(&ring[at]) && has(&ring[(at + 1) % length])) else {
        return Vec::new();
    };
    let mut chains = Vec::new();
    let mut open: Option<Ring> = None;
    for step in 0..length {
        let (from, to) = (ring[(start + step) % length], ring[(start + step + 1) % length]);
        match (has(&from), has(&to)) {
            (false, true) => open = Some(vec![crossing(from, to, meridian), to]),
            (true, true) => open.iter_mut().for_each(|chain| chain.push(to)),
            (true, false) => {
                if let Some(mut chain) = open.take() {
                    chain.push(crossing(from, to, meridian));
                    chains.push(Chain { ring: chain, taken: false });
                }
            }
            (false, false) => {}
        }
    }
    chains
}

fn crossing(from: [f64; 2], to: [f64; 2], meridian: f64) -> [f64; 2] {
    let share = (meridian - from[0]) / (to[0] - from[0]);
    [meridian, from[1] + share.clamp(0.0, 1.0) * (to[1] - from[1])]
}

/// Polygons of outer rings (counterclockwise) and holes (clockwise), each hole in the smallest ring about it. What has
/// no area is left out.
pub(super) fn assembled(rings: Vec<Ring>) -> Vec<LaidOut> {
    let mut sized: Vec<(f64, Ring)> = rings
        .into_iter()
        .map(without_repetitions)
        .filter(|ring| ring.len() > 2)
        .map(|ring| (doubled_area(&ring), ring))
        .filter(|(area, _)| area.abs() > 1e-14)
        .collect();
    sized.sort_by(|a, b| a.0.abs().total_cmp(&b.0.abs()));
    let (outer, holes): (Vec<_>, Vec<_>) = sized.into_iter().partition(|(area, _)| *area > 0.0);
    let mut polygons: Vec<LaidOut> = outer.into_iter().map(|(_, ring)| LaidOut { rings: vec![ring] }).collect();
    for (_, hole) in holes {
        let within =
            |polygon: &&mut LaidOut| hole.first().is_some_and(|position| encloses(&polygon.rings[0], position));
        if let Some(polygon) = polygons.iter_mut().find(within) {
            polygon.rings.push(hole);
        }
    }
    for ring in polygons.iter_mut().flat_map(|polygon| &mut polygon.rings) {
        let first = ring.first().copied();
        ring.extend(first);
    }
    polygons
}

fn without_repetitions(mut ring: Ring) -> Ring {
    ring.dedup();
    while ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    ring
}

/// Whether a ring of the plane encloses a position.
fn encloses(ring: &[[f64; 2]], [x, y]: &[f64; 2]) -> bool {
    let next = ring.iter().cycle().skip(1);
    let crossed = ring
        .iter()
        .zip(next)
        .filter(|(a, b)| (a[1] > *y) != (b[1] > *y) && *x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0]);
    crossed.count() % 2 == 1
}
