//! The golden sets of `../shared/data/golden/zagg`: granules, shard maps, and what the Python zagg
//! wrote for them.

pub mod exact;
mod granules;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::kit::{Workdir, shared, workspace};

/// A golden set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// One shard, ten long synthetic granules.
    S,
    /// Twenty shards, sixty granules; 1.9 GB.
    M,
    /// Awkward but legal synthetic granules.
    E,
    /// The north.
    N,
    /// Real granules.
    R,
}

impl Set {
    /// Its name in the folder.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::M => "M",
            Self::E => "E",
            Self::N => "N",
            Self::R => "R",
        }
    }

    /// A file of the set: `S.shardmap.json` for the suffix `shardmap.json`.
    #[must_use]
    pub fn file(self, suffix: &str) -> PathBuf {
        shared::path(&format!("data/golden/zagg/{}.{suffix}", self.name()))
    }

    /// Writes the set's shard map to `work` with a `file` location for each granule; the granules
    /// are made first if need be.
    #[must_use]
    pub fn shard_map(self, work: &Workdir) -> PathBuf {
        let text = std::fs::read(self.file("shardmap.json")).expect("the set's shard map");
        let mut map: Value = serde_json::from_slice(&text).expect("a shard map is JSON");
        let folders = granules::folders(self);
        for shard in map["granules"].as_array_mut().expect("a shard map has granules") {
            for record in shard.as_array_mut().expect("a shard has granules") {
                let href = record["s3"].as_str().expect("a granule has an s3 location");
                let name = href.rsplit('/').next().unwrap_or_default();
                let here = folders.iter().map(|folder| folder.join(name)).find(|path| path.exists());
                let here = here.unwrap_or_else(|| panic!("{name} is in none of {folders:?}"));
                record["file"] = here.display().to_string().into();
            }
        }
        work.write(format!("{}.shardmap.json", self.name()), serde_json::to_vec(&map).expect("JSON"))
    }

    /// Unpacks what the Python zagg wrote, in its `layout` (`hive` or `flat`).
    #[must_use]
    pub fn peer(self, layout: &str, work: &Workdir) -> PathBuf {
        shared::unpack(&format!("data/golden/zagg/{}.{layout}.tar.gz", self.name()), work.root());
        let store = work.path(format!("{}.{layout}", self.name()));
        assert!(store.is_dir(), "the archive has no folder {}", store.display());
        store
    }
}

/// The pipeline that the golden sets were made with.
#[must_use]
pub fn atl06() -> PathBuf {
    workspace().join("configs/pipelines/atl06.yaml")
}

/// That pipeline with pieces of its text replaced, written to `path`. Every piece must be there.
#[must_use]
pub fn atl06_with(changes: &[(&str, &str)], path: &Path) -> PathBuf {
    let mut text = std::fs::read_to_string(atl06()).expect("the pipeline");
    for (from, to) in changes {
        assert!(text.contains(from), "the pipeline does not contain {from:?}");
        text = text.replacen(from, to, 1);
    }
    std::fs::write(path, text).expect("a written pipeline");
    path.to_path_buf()
}
