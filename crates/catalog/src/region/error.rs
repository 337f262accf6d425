//! What can be wrong with a region.

use std::{fmt, io, path::PathBuf};

use zagg_core::fault::Fault;

/// A region that is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegionError {
    /// The file cannot be read.
    #[error("the region {} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file holds no region.
    #[error("the file {} holds no region that can be used", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<RegionError>,
    },
    /// Not JSON.
    #[error("the region is not JSON: a GeoJSON file with polygons is expected")]
    Json(#[source] serde_json::Error),
    /// JSON, but not GeoJSON.
    #[error("{place} is {found}, but {expected} is expected")]
    Shape {
        /// Where.
        place: Place,
        /// What it is.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Coordinates in another reference.
    #[error(
        "the coordinates of {place} refer to {reference}, but longitude and latitude on WGS84 are expected: \
         convert the region (`ogr2ogr -t_srs EPSG:4326 OUT.geojson IN.geojson`)"
    )]
    Reference {
        /// Where.
        place: Place,
        /// The reference.
        reference: String,
    },
    /// Nothing but points and lines.
    #[error("the region has no polygon, only {found}: draw polygons around them")]
    NoPolygon {
        /// What it has, with the place of each.
        found: String,
    },
    /// Nothing at all.
    #[error("the region is empty: it has no polygon")]
    Empty,
    /// A corner that is not on Earth.
    #[error(
        "{place} is longitude {longitude}, latitude {latitude}: degrees are expected, longitudes from -360 to 360 and \
         latitudes from -90 to 90; are they in another order, or in metres?"
    )]
    Corner {
        /// Where.
        place: Place,
        /// Its longitude.
        longitude: f64,
        /// Its latitude.
        latitude: f64,
    },
    /// A ring that encloses nothing.
    #[error(
        "{place} has {corners} corners that differ on the sphere, and so encloses nothing: at least 3 are needed \
         (a box between two parallels is said by --bbox=WEST,SOUTH,EAST,NORTH)"
    )]
    Flat {
        /// Where.
        place: Place,
        /// How many corners differ.
        corners: usize,
    },
    /// An edge half around the Earth.
    #[error(
        "the edge after {place} spans 180° of longitude, and so goes over a pole: add corners to say which way is meant"
    )]
    HalfTurn {
        /// Where.
        place: Place,
    },
    /// A box that is none.
    #[error(
        "the box `{text}` {wrong}: WEST,SOUTH,EAST,NORTH in degrees is expected, as in --bbox=-76.7,38.8,-76.5,38.9"
    )]
    Box {
        /// As it was typed.
        text: String,
        /// What is wrong.
        wrong: &'static str,
    },
    /// A text that is not well-known text.
    #[error(
        "the well-known text is not right at character {at}, `{near}`: {expected} is expected \
         (or, if a file was meant, there is none of this name)"
    )]
    Wkt {
        /// The character, from 1.
        at: usize,
        /// What is there.
        near: String,
        /// What should be there.
        expected: &'static str,
    },
    /// A name that is no built-in region's.
    #[error(
        "there is no built-in region `{name}`{}: there are {}; any other is given by --polygon, --bbox or --wkt",
        nearest.map(|nearest| format!(" (did you mean `{nearest}`?)")).unwrap_or_default(),
        known.join(" and ")
    )]
    Unknown {
        /// As it was typed.
        name: String,
        /// The name that is most like it.
        nearest: Option<&'static str>,
        /// The names that there are.
        known: &'static [&'static str],
    },
}

impl RegionError {
    /// What kind of trouble it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Read { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => Fault::Missing,
                io::ErrorKind::PermissionDenied => Fault::Denied,
                io::ErrorKind::InvalidData => Fault::Malformed,
                _ => Fault::Transient,
            },
            Self::File { source, .. } => source.fault(),
            Self::Unknown { .. } => Fault::Missing,
            _ => Fault::Malformed,
        }
    }
}

/// A place in a region: which feature, part, ring and corner, each from 0, as far as it is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// The feature of a collection.
    pub feature: Option<usize>,
    /// The polygon of the feature.
    pub part: Option<usize>,
    /// The ring of the polygon; 0 is the outer one.
    pub ring: Option<usize>,
    /// The corner of the ring.
    pub corner: Option<usize>,
}

impl Place {
    pub(crate) fn part(self, part: usize) -> Self {
        Self { part: Some(part), ..self }
    }

    pub(crate) fn ring(self, ring: usize) -> Self {
        Self { ring: Some(ring), ..self }
    }

    pub(crate) fn corner(self, corner: usize) -> Self {
        Self { corner: Some(corner), ..self }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [(self.corner, "corner"), (self.ring, "ring"), (self.part, "polygon"), (self.feature, "feature")];
        let known = named.iter().filter_map(|(number, name)| number.map(|number| format!("{name} {number}")));
        let known: Vec<_> = known.collect();
        f.write_str(if known.is_empty() { "the region" } else { "" })?;
        f.write_str(&known.join(" of "))
    }
}
