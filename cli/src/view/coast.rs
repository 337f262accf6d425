//! Coastlines, for orientation.

use zagg_map::pyramid::Pyramid;

use super::outline::Line;

/// Coastlines in the plane of a map.
pub(super) fn lines(_pyramid: &Pyramid) -> Vec<Line> {
    Vec::new()
}
