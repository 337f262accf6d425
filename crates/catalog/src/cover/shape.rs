//! The parts of an area made ready.

use std::f64::consts::FRAC_PI_2;

use zagg_core::geodesy::authalic_latitude;

use super::{CoverError, cell::depth_of, polygon::Polygon};
use crate::area::{Area, Part};

/// A part made ready.
#[derive(Debug)]
pub(super) enum Shape {
    Polygon(Polygon),
    Band(Band),
}

impl Shape {
    /// The parts of an area, each widened by some radians when it is a band. (Polygons are widened
    /// where they are asked.)
    pub(super) fn all_of(area: &Area, margin: f64) -> Result<Vec<Self>, CoverError> {
        let ready = |(number, part): (usize, &Part)| match part {
            Part::Polygon(rings) => Polygon::new(number, rings).map(Self::Polygon),
            Part::Band { south_deg, north_deg } => Band::new(number, *south_deg, *north_deg, margin).map(Self::Band),
        };
        area.parts.iter().enumerate().map(ready).collect()
    }
}

/// All positions between two parallels, and a hair more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Band {
    /// Authalic latitude of the southern parallel, in radians.
    pub(super) south: f64,
    /// Authalic latitude of the northern one.
    pub(super) north: f64,
    /// How far the northern parallel is below the pole, as [`depth_of`] counts.
    pub(super) from: f64,
    /// How far the southern one is.
    pub(super) to: f64,
}

/// Where an area lies with regard to a band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lies {
    Outside,
    Inside,
    /// It may reach into the band.
    Across,
}

impl Band {
    fn new(part: usize, south: f64, north: f64, margin: f64) -> Result<Self, CoverError> {
        if !(-90.0..=90.0).contains(&south) || !(-90.0..=90.0).contains(&north) || south > north {
            return Err(CoverError::Band { part, south, north });
        }
        let parallel = |lat: f64, by: f64| (authalic_latitude(lat) + by.to_degrees()).clamp(-90.0, 90.0);
        let (south, north) = (parallel(south, -margin), parallel(north, margin));
        Ok(Self {
            south: (south.to_radians() - 1e-14).max(-FRAC_PI_2),
            north: (north.to_radians() + 1e-14).min(FRAC_PI_2),
            from: depth_of(north) - 1e-14,
            to: depth_of(south) + 1e-14,
        })
    }

    /// Where an area lies that reaches from one authalic latitude to another, in radians.
    pub(super) fn meets_latitudes(&self, south: f64, north: f64) -> Lies {
        match () {
            () if north < self.south || south > self.north => Lies::Outside,
            () if south >= self.south && north <= self.north => Lies::Inside,
            () => Lies::Across,
        }
    }

    /// Where an area lies that reaches from one depth below the north pole to another.
    pub(super) fn meets_depths(&self, north: f64, south: f64) -> Lies {
        match () {
            () if north > self.to || south < self.from => Lies::Outside,
            () if north >= self.from && south <= self.to => Lies::Inside,
            () => Lies::Across,
        }
    }
}
