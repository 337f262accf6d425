//! The shard map: which granules touch which shard. The file that `--catalog` names.
//!
//! A granule is one entry, however many shards it touches: its id names it. Two records of one id
//! may complete each other (one has the `s3` location, the other the `https` one); if they
//! disagree the map is refused, since nothing says which file holds the points. The order of
//! granules in a shard is kept: sums are made in it.

mod build;
mod error;
mod lists;
mod python_json;
mod read;
mod record;
mod write;

use std::collections::HashSet;

pub use build::{Pair, ShardMapBuilder};
pub use error::{MissingHref, ShardMapError};
use serde_json::{Map, Value};

use crate::{digest::Digest, grid::GridSignature};

/// One source HDF5 file, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Granule {
    /// Its name, unique in the map.
    pub id: String,
    /// Driver (`s3`, `https`, `file`, ..) and location, in the order of the file.
    pub hrefs: Vec<(String, String)>,
    /// When its first point was taken (ISO 8601), if the map says so.
    pub time_start: Option<String>,
    /// When its last point was taken (ISO 8601), if the map says so.
    pub time_end: Option<String>,
}

impl Granule {
    /// The location for a driver.
    ///
    /// # Errors
    /// When the map has none; the error names the drivers that it has.
    pub fn href(&self, driver: &str) -> Result<&str, MissingHref> {
        self.hrefs.iter().find(|(name, _)| name == driver).map(|(_, href)| href.as_str()).ok_or_else(|| MissingHref {
            id: self.id.clone(),
            driver: driver.to_owned(),
            drivers: self.hrefs.iter().map(|(name, _)| name.clone()).collect(),
        })
    }
}

/// One shard and its granules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardEntry {
    /// A packed morton word on HEALPix, a tile number on a rectilinear grid.
    pub key: u64,
    /// Places in [`ShardMap::granules`], each once, in the order in which they are read.
    pub granules: Vec<u32>,
}

/// Which granules touch which shard of which grid.
#[derive(Debug, Clone, PartialEq)]
pub struct ShardMap {
    metadata: Map<String, Value>,
    signature: GridSignature,
    granules: Vec<Granule>,
    shards: Vec<ShardEntry>,
    notes: Vec<String>,
    /// Whether the file that was read left out the latitude, so that it is written as it was.
    latitude_unsaid: bool,
}

impl ShardMap {
    /// A map of the given shards. `metadata` says what people want to know about the map; nothing
    /// is computed from it.
    ///
    /// # Errors
    /// When a shard key occurs twice, or a shard refers to a granule that is not there.
    pub fn new(
        metadata: Map<String, Value>,
        signature: GridSignature,
        granules: Vec<Granule>,
        shards: Vec<ShardEntry>,
    ) -> Result<Self, ShardMapError> {
        let mut keys = HashSet::with_capacity(shards.len());
        for shard in &shards {
            if !keys.insert(shard.key) {
                return Err(ShardMapError::DuplicateShard { key: shard.key });
            }
            if let Some(&index) = shard.granules.iter().find(|&&index| index as usize >= granules.len()) {
                return Err(ShardMapError::NoSuchGranule { key: shard.key, index, granules: granules.len() });
            }
        }
        Ok(Self { metadata, signature, granules, shards, notes: Vec::new(), latitude_unsaid: false })
    }

    /// What the map says about itself.
    #[must_use]
    pub fn metadata(&self) -> &Map<String, Value> {
        &self.metadata
    }

    /// The grid that the map was made for.
    #[must_use]
    pub fn signature(&self) -> &GridSignature {
        &self.signature
    }

    /// Every granule, each once.
    #[must_use]
    pub fn granules(&self) -> &[Granule] {
        &self.granules
    }

    /// Every shard, in the order of the file.
    #[must_use]
    pub fn shards(&self) -> &[ShardEntry] {
        &self.shards
    }

    /// What was left out or mended while reading, one sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The shard with a key.
    #[must_use]
    pub fn shard(&self, key: u64) -> Option<&ShardEntry> {
        self.shards.iter().find(|shard| shard.key == key)
    }

    /// A shard's granules, in the order in which they are read.
    pub fn granules_of<'a>(&'a self, shard: &'a ShardEntry) -> impl ExactSizeIterator<Item = &'a Granule> {
        shard.granules.iter().map(|&index| &self.granules[index as usize])
    }

    /// The number of (shard, granule) pairs.
    #[must_use]
    pub fn pairs(&self) -> u64 {
        self.shards.iter().map(|shard| shard.granules.len() as u64).sum()
    }

    /// The identity of what a shard is made from: the ids of its granules, in their order (which
    /// sums depend on). Locations are left out: the same granule elsewhere has the same points.
    #[must_use]
    pub fn granules_digest(&self, shard: &ShardEntry) -> Digest {
        let mut text = String::new();
        for granule in self.granules_of(shard) {
            // A length before each id keeps any two lists apart.
            text.push_str(&format!("{}:{}\n", granule.id.len(), granule.id));
        }
        Digest::of(text.as_bytes())
    }

    /// The identity of the map: its grid and, for each shard in ascending key order, its
    /// granules' digest. Metadata, locations, times and the order of shards are left out.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut shards: Vec<_> = self.shards.iter().collect();
        shards.sort_unstable_by_key(|shard| shard.key);
        let mut text = format!("zagg-shard-map/1\n{}\n", signature_text(&self.signature));
        for shard in shards {
            text.push_str(&format!("{} {}\n", shard.key, self.granules_digest(shard)));
        }
        Digest::of(text.as_bytes())
    }
}

/// A text that two signatures share exactly when they are equal.
fn signature_text(signature: &GridSignature) -> String {
    match signature {
        GridSignature::Healpix { indexing_scheme, parent_order, child_order, layout, latitude } => {
            format!("healpix {indexing_scheme:?} {parent_order} {child_order} {layout:?} {latitude:?}")
        }
        GridSignature::Rectilinear { crs, affine, shape, chunk_shape } => {
            let crs = crs.to_ascii_uppercase();
            format!("rectilinear {crs:?} {affine:?} {shape:?} {chunk_shape:?}")
        }
    }
}

#[cfg(test)]
mod tests;
