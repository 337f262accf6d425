//! What of a grid a shard map must agree on.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::projection::epsg_code;

/// The latitude that cells are cells of: authalic on WGS84.
pub const AUTHALIC_WGS84: &str = "authalic-wgs84";

/// The spatial part of a grid's definition, in the JSON form of the Python zagg with one key
/// more, `latitude` on HEALPix. Keys that are not known are ignored when reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum GridSignature {
    /// HEALPix.
    Healpix {
        /// `nested`.
        indexing_scheme: String,
        /// The shard order.
        parent_order: u8,
        /// The cell order.
        child_order: u8,
        /// `fullsphere`.
        layout: String,
        /// The latitude that is hashed; absent means `authalic-wgs84`.
        #[serde(default = "authalic_wgs84")]
        latitude: String,
    },
    /// Rectilinear.
    Rectilinear {
        /// `EPSG:n`.
        crs: String,
        /// `[x step, 0, xmin, 0, -y step, ymax]`.
        affine: [f64; 6],
        /// Rows and columns, padded.
        shape: [u64; 2],
        /// Rows and columns of a shard.
        chunk_shape: [u32; 2],
    },
}

fn authalic_wgs84() -> String {
    AUTHALIC_WGS84.to_owned()
}

/// One key of two signatures that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The key.
    pub key: &'static str,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}, expected {}", self.key, self.found, self.expected)
    }
}

/// Two grids are not the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the grids differ: {}", differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct SignatureMismatch {
    /// Every key that differs; never empty.
    pub differences: Vec<Difference>,
}

impl GridSignature {
    /// `healpix` or `rectilinear`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Healpix { .. } => "healpix",
            Self::Rectilinear { .. } => "rectilinear",
        }
    }

    /// Whether `found` (a shard map's signature, say) is the grid that `self` (the pipeline's)
    /// expects. Lengths and positions may differ by 1e-9 of their size.
    ///
    /// # Errors
    /// When it is not; the error names every key that differs, with both values.
    pub fn matches(&self, found: &Self) -> Result<(), SignatureMismatch> {
        let mut differences = Vec::new();
        let mut compare = |key, same: bool, expected: &dyn fmt::Debug, found: &dyn fmt::Debug| {
            if !same {
                let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
                differences.push(Difference { key, expected, found });
            }
        };
        match (self, found) {
            (
                Self::Healpix { indexing_scheme, parent_order, child_order, layout, latitude },
                Self::Healpix {
                    indexing_scheme: found_scheme,
                    parent_order: found_parent,
                    child_order: found_child,
                    layout: found_layout,
                    latitude: found_latitude,
                },
            ) => {
                compare("indexing_scheme", indexing_scheme == found_scheme, indexing_scheme, found_scheme);
                compare("parent_order", parent_order == found_parent, parent_order, found_parent);
                compare("child_order", child_order == found_child, child_order, found_child);
                compare("layout", layout == found_layout, layout, found_layout);
                compare("latitude", latitude == found_latitude, latitude, found_latitude);
            }
            (
                Self::Rectilinear { crs, affine, shape, chunk_shape },
                Self::Rectilinear {
                    crs: found_crs,
                    affine: found_affine,
                    shape: found_shape,
                    chunk_shape: found_chunk,
                },
            ) => {
                compare("crs", same_crs(crs, found_crs), crs, found_crs);
                compare("affine", same_affine(affine, found_affine), affine, found_affine);
                compare("shape", shape == found_shape, shape, found_shape);
                compare("chunk_shape", chunk_shape == found_chunk, chunk_shape, found_chunk);
            }
            _ => compare("type", false, &self.kind(), &found.kind()),
        }
        if differences.is_empty() { Ok(()) } else { Err(SignatureMismatch { differences }) }
    }
}

fn same_crs(a: &str, b: &str) -> bool {
    a == b || matches!((epsg_code(a), epsg_code(b)), (Ok(a), Ok(b)) if a == b)
}

fn same_affine(a: &[f64; 6], b: &[f64; 6]) -> bool {
    a.iter().zip(b).all(|(a, b)| a == b || (a - b).abs() <= 1e-9 * a.abs().max(b.abs()))
}

#[cfg(test)]
mod tests;
