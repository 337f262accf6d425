//! The filters of a dataset's HDF5 chunks.

use serde::{Deserialize, Serialize};

const DEFLATE: u16 = 1;
const SHUFFLE: u16 = 2;
const FLETCHER32: u16 = 3;
const SZIP: u16 = 4;
const N_BIT: u16 = 5;
const SCALE_OFFSET: u16 = 6;

/// A chunk's filter mask has one bit for each filter.
const MAX_FILTERS: usize = 32;

/// One filter, in the order in which they were applied when the chunk was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterSpec {
    /// zlib.
    Deflate,
    /// The bytes of all values regrouped by their place in the value, of this many bytes.
    Shuffle(u32),
    /// A checksum behind the data.
    Fletcher32,
    /// Another filter of the HDF5 library, undone by `hdf5-reader`.
    Other {
        /// Its number.
        id: u16,
        /// Its parameters.
        parameters: Vec<u32>,
    },
}

/// A filter as a pipeline message has it.
pub(super) struct Stored<'a> {
    pub(super) id: u16,
    pub(super) name: Option<&'a str>,
    pub(super) parameters: &'a [u32],
}

impl FilterSpec {
    /// Whether a chunk that did not pass this filter is found out when it is undone.
    pub(super) fn checks_itself(&self) -> bool {
        matches!(self, Self::Deflate | Self::Fletcher32)
    }

    fn new(stored: &Stored<'_>, element_size: usize) -> Result<Self, String> {
        match stored.id {
            DEFLATE => Ok(Self::Deflate),
            // Writers of old leave the parameter out; it is the value's size then.
            SHUFFLE => Ok(Self::Shuffle(stored.parameters.first().copied().unwrap_or(element_size as u32).max(1))),
            FLETCHER32 => Ok(Self::Fletcher32),
            id @ (SZIP | N_BIT | SCALE_OFFSET) => Ok(Self::Other { id, parameters: stored.parameters.to_vec() }),
            id => Err(format!("the filter {}", described(id, stored.name))),
        }
    }
}

/// The filters of a pipeline, or the name of one that is not supported.
pub(super) fn pipeline(stored: &[Stored<'_>], element_size: usize) -> Result<Vec<FilterSpec>, String> {
    if stored.len() > MAX_FILTERS {
        return Err(format!("{} filters on one dataset", stored.len()));
    }
    stored.iter().map(|filter| FilterSpec::new(filter, element_size)).collect()
}

/// The registered name of a filter (HDF Group, registered filter plugins), its number otherwise.
fn described(id: u16, name: Option<&str>) -> String {
    let known = match id {
        305 => "LZO",
        307 => "BZIP2",
        32000 => "LZF",
        32001 => "BLOSC",
        32004 => "LZ4",
        32008 => "BITSHUFFLE",
        32013 => "ZFP",
        32015 => "ZSTD",
        32017 => "SZ",
        32026 => "BLOSC2",
        _ => return name.map_or_else(|| format!("number {id}"), |name| format!("{} (number {id})", printable(name))),
    };
    format!("{known} (number {id})")
}

fn printable(name: &str) -> String {
    name.chars().take(40).map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// The name of a filter for messages.
pub(super) fn name(filter: &FilterSpec) -> &'static str {
    match filter {
        FilterSpec::Deflate => "deflate",
        FilterSpec::Shuffle(_) => "shuffle",
        FilterSpec::Fletcher32 => "fletcher32",
        FilterSpec::Other { id: SZIP, .. } => "szip",
        FilterSpec::Other { id: N_BIT, .. } => "n-bit",
        FilterSpec::Other { id: SCALE_OFFSET, .. } => "scale-offset",
        FilterSpec::Other { .. } => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unsupported_filter_is_named() {
        let lzf = [Stored { id: 32000, name: Some("lzf"), parameters: &[] }];
        assert_eq!(pipeline(&lzf, 4), Err("the filter LZF (number 32000)".to_owned()));
        let own = [Stored { id: 40000, name: Some("mine\n"), parameters: &[] }];
        assert_eq!(pipeline(&own, 4), Err("the filter mine? (number 40000)".to_owned()));
    }

    #[test]
    fn a_shuffle_without_parameter_is_of_the_values_size() {
        let stored = [Stored { id: 2, name: None, parameters: &[] }, Stored { id: 1, name: None, parameters: &[6] }];
        assert_eq!(pipeline(&stored, 8), Ok(vec![FilterSpec::Shuffle(8), FilterSpec::Deflate]));
    }
}
