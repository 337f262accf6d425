//! Regions that are known by name.

use super::{Region, RegionError, from_geojson};

/// The names of the built-in regions.
pub const BUILTIN: &[&str] = &["antarctica", "greenland"];

/// Grounded Antarctica: the union of 27 drainage systems, simplified outwards. How far it may
/// reach beyond them is said in the file.
const ANTARCTICA: &str = include_str!("antarctica.geojson");
/// A generous outline of Greenland, which encloses the island and its coast.
const GREENLAND: &str = include_str!("greenland.geojson");

/// A region by its name, whatever its case.
///
/// # Errors
/// When there is none of that name; the error names those that there are, and the nearest.
pub fn builtin(name: &str) -> Result<Region, RegionError> {
    let typed = name.trim().to_ascii_lowercase();
    match typed.as_str() {
        "antarctica" => from_geojson(ANTARCTICA),
        "greenland" => from_geojson(GREENLAND),
        _ => {
            let likeness = |known: &&&str| (strsim::jaro_winkler(&typed, known) * 1e6) as u32;
            let nearest = BUILTIN.iter().filter(|known| likeness(known) > 700_000).max_by_key(likeness).copied();
            Err(RegionError::Unknown { name: name.to_owned(), nearest, known: BUILTIN })
        }
    }
}
