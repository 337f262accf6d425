//! Polygons made ready: arcs, and one position of which it is known whether it is inside.

use std::f64::consts::TAU;

use zagg_core::grid::bounds::is_position;

use super::{
    CoverError,
    arc::{Arc, crosses_odd},
    cap::Cap,
    error::Place,
    vector::{Vector, add, angle, cross, dot, position, scale, unit},
};
use crate::area::Ring;

/// Directions without any order, to start from where nothing else is given. Unit vectors, nearly.
const ANYWHERE: [Vector; 8] = [
    [0.267_261_241_9, -0.534_522_483_8, 0.801_783_725_7],
    [-0.620_173_672_9, 0.310_086_836_5, -0.720_577_161_3],
    [0.811_107_105_7, 0.324_442_842_3, -0.486_664_263_4],
    [-0.229_415_733_9, -0.917_662_935_5, 0.324_442_842_3],
    [0.577_350_269_3, 0.577_350_269_1, 0.577_350_269_2],
    [-0.457_495_710_9, 0.686_243_566_5, 0.565_685_424_9],
    [0.136_082_763_5, -0.272_165_526_9, -0.952_579_344_4],
    [-0.894_427_191_1, -0.301_511_344_6, -0.330_289_129_5],
];

/// A polygon made ready to be asked what it touches.
#[derive(Debug)]
pub(super) struct Polygon {
    /// The sides of all its rings.
    pub(super) arcs: Vec<Arc>,
    /// Around all of it, when all its rings lie in hemispheres.
    pub(super) cap: Option<Cap>,
    /// What is known.
    pub(super) known: Witness,
}

/// A position, on no side of a polygon, and whether it is inside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Witness {
    pub(super) at: Vector,
    pub(super) inside: bool,
}

impl Witness {
    /// The witness at the middle of a cap, or else beside it, from this one; `arcs` are all those
    /// that may come between.
    pub(super) fn moved<'a, I: Iterator<Item = &'a Arc>>(self, cap: &Cap, arcs: impl Fn() -> I) -> Self {
        let beside = |shift: &Vector| unit(add(cap.center, scale(*shift, 0.1 * cap.sin.min(1.0))));
        let places = std::iter::once(cap.center).chain(ANYWHERE.iter().filter_map(beside));
        for at in places {
            if let Some(odd) = crosses_odd(self.at, at, arcs()) {
                return Self { at, inside: self.inside ^ odd };
            }
        }
        // Every place lies exactly on the line of a side: to take it as inside loses nothing.
        Self { at: cap.center, inside: true }
    }
}

impl Polygon {
    /// The polygon of some rings, without pruning information when a ring needs more than a
    /// hemisphere.
    pub(super) fn new(part: usize, rings: &[Ring]) -> Result<Self, CoverError> {
        let mut arcs = Vec::new();
        let mut caps = Some(Vec::with_capacity(rings.len()));
        let mut counts = Vec::with_capacity(rings.len());
        if rings.is_empty() {
            return Err(CoverError::Empty { place: Place { part, ..Place::default() } });
        }
        let mut witnesses = Vec::with_capacity(rings.len());
        for (ring, corners) in rings.iter().enumerate() {
            let first = arcs.len();
            add_ring(Place { part, ring, corner: 0 }, corners, &mut arcs)?;
            let (witness, cap) = beside_ring(&arcs[first..]);
            match (&mut caps, cap) {
                (Some(caps), Some(cap)) => caps.push(cap),
                _ => caps = None,
            }
            witnesses.push(witness);
            counts.push(first..arcs.len());
        }
        // One ring needs no common place.
        if let ([witness], 1) = (witnesses.as_slice(), rings.len()) {
            return Ok(Self { arcs, cap: caps.as_deref().and_then(Cap::around), known: *witness });
        }
        let common = ANYWHERE.iter().find_map(|&at| {
            let mut inside = false;
            for (witness, range) in witnesses.iter().zip(&counts) {
                inside ^= witness.inside ^ crosses_odd(witness.at, at, arcs[range.clone()].iter())?;
            }
            Some(Witness { at, inside })
        });
        let known = common.unwrap_or(Witness { at: ANYWHERE[0], inside: true });
        Ok(Self { arcs, cap: caps.as_deref().and_then(Cap::around), known })
    }
}

/// Appends the arcs of a closed ring. Repeated corners count once; a ring of one or two corners,
/// or one that goes back the way it came, has no inside and yet touches what it passes.
fn add_ring(place: Place, corners: &Ring, arcs: &mut Vec<Arc>) -> Result<(), CoverError> {
    let mut first: Option<Vector> = None;
    let mut last: Option<(Vector, usize)> = None;
    let from = arcs.len();
    let side = |a: Vector, b: Vector, corner: usize, arcs: &mut Vec<Arc>| {
        let sum = add(a, b);
        if dot(sum, sum) < 1e-14 {
            return Err(CoverError::Antipodal { place: Place { corner, ..place } });
        }
        Arc::of_side(a, b, arcs);
        Ok(())
    };
    for (corner, &[lon, lat]) in corners.iter().enumerate() {
        if !is_position(lon, lat) {
            return Err(CoverError::NotAPosition { place: Place { corner, ..place }, lon, lat });
        }
        let at = position(lon, lat);
        match last {
            Some((before, _)) if before == at => continue,
            Some((before, corner)) => side(before, at, corner, arcs)?,
            None => first = Some(at),
        }
        last = Some((at, corner));
    }
    match (first, last) {
        (Some(first), Some((last, corner))) if first != last => side(last, first, corner, arcs),
        (Some(first), Some(_)) if arcs.len() == from => {
            arcs.push(Arc::new(first, first));
            Ok(())
        }
        (Some(_), Some(_)) => Ok(()),
        _ => Err(CoverError::Empty { place }),
    }
}

/// A position on no side of a ring, whether it is on the ring's smaller side, and a cap around
/// the ring if it lies in a hemisphere.
fn beside_ring(arcs: &[Arc]) -> (Witness, Option<Cap>) {
    if let Some(center) = hemisphere(arcs) {
        // All sides are in the hemisphere around the centre, and so is the smaller side.
        let radius = arcs.iter().map(|arc| angle(center, arc.start)).fold(0.0, f64::max);
        let at = unit(add(scale(center, -1.0), scale(ANYWHERE[0], 1e-8))).unwrap_or(scale(center, -1.0));
        return (Witness { at, inside: false }, Some(Cap::new(center, radius)));
    }
    for start in ANYWHERE {
        let at = scale(start, -1.0);
        let clear = arcs.iter().all(|arc| dot(arc.nearest(at), at) < 1.0 - 1e-9);
        if let (true, Some(inside)) = (clear, on_smaller_side(start, at, arcs)) {
            return (Witness { at, inside }, None);
        }
    }
    (Witness { at: ANYWHERE[0], inside: false }, None)
}

/// The middle of an open hemisphere that holds all arcs, if one is found: the corners' mean, or
/// that drawn to each corner that it leaves out (Rosenblatt's perceptron).
fn hemisphere(arcs: &[Arc]) -> Option<Vector> {
    let mut center = unit(arcs.iter().fold([0.0; 3], |sum, arc| add(sum, arc.start)))?;
    for _ in 0..64 {
        let mut outside = arcs.iter().filter(|arc| dot(arc.start, center) <= 1e-6).peekable();
        if outside.peek().is_none() {
            return Some(center);
        }
        center = unit(outside.fold(center, |sum, arc| add(sum, scale(arc.start, 0.1))))?;
    }
    None
}

/// Whether `at`, opposite to `start`, is on the smaller side of a ring.
///
/// The triangles from `start` to each side of the ring, with signs, sum up to the area of the
/// ring's side that `at` is not on (the areas: F. Eriksson, "On the measure of solid angles",
/// Mathematics Magazine 63, 1990). Of two equal sides, the one with the north pole counts as the
/// smaller, whatever the direction of the ring.
fn on_smaller_side(start: Vector, at: Vector, arcs: &[Arc]) -> Option<bool> {
    let triangle = |arc: &Arc| {
        let (a, b) = (arc.start, arc.end);
        2.0 * dot(start, cross(a, b)).atan2(1.0 + dot(start, a) + dot(a, b) + dot(b, start))
    };
    let other_side = arcs.iter().map(triangle).sum::<f64>().abs();
    if (other_side - TAU).abs() > 1e-9 {
        return Some(other_side > TAU);
    }
    crosses_odd(at, [1e-9, 2e-9, 1.0], arcs.iter()).map(|odd| !odd)
}
