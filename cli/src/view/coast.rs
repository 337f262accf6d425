//! Coastlines, for orientation.

use zagg_map::{
    coast::land,
    pyramid::{Pyramid, TileAt},
};

use super::outline::{Line, flat};

/// Coastlines in the plane of a map.
pub(super) fn lines(pyramid: &Pyramid) -> Vec<Line> {
    let Some(whole) = pyramid.frame(TileAt { zoom: 0, x: 0, y: 0 }) else { return Vec::new() };
    let land = land(&pyramid.plane, &whole, pyramid.side / 8192.0);
    land.coasts.iter().map(|coast| flat(pyramid, coast)).collect()
}
