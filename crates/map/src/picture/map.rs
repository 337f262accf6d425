//! What lies under and over the pixels of a map.

use super::{
    layout::Layout,
    svg::{Anchor, Style, Svg, number},
    ticks::shown,
};
use crate::{
    coast::{Land, Points},
    graticule::{Graticule, Label, Side},
    length::Length,
    projection::{METRES_PER_DEGREE, MapProjection, Plane},
};

pub(super) const LAND: &str = "#dfdfdb";
pub(super) const SEA: &str = "#eef4f8";
pub(super) const BLANK: &str = "#ffffff";

/// Land and sea, beneath the data.
pub(super) fn under(svg: &mut Svg, layout: &Layout, land: Option<&Land>, graticule: &Graticule) {
    let place = |points: &Points| points.iter().map(|at| layout.at(*at)).collect::<Points>();
    let Some(land) = land else { return };
    svg.raw("<g clip-path=\"url(#map)\">");
    if graticule.globe.is_empty() {
        svg.rect(layout.map, &format!("fill=\"{SEA}\""));
    } else {
        let globe = place(&graticule.globe);
        svg.path(std::iter::once(globe.as_slice()), true, &format!("fill=\"{SEA}\""));
    }
    let areas: Vec<Points> = land.areas.iter().map(place).collect();
    svg.path(areas.iter().map(Vec::as_slice), true, &format!("fill=\"{LAND}\" fill-rule=\"evenodd\""));
    svg.raw("</g>");
}

/// Coasts, meridians, parallels, the frame and the scale, above the data.
pub(super) fn over(svg: &mut Svg, layout: &Layout, land: Option<&Land>, graticule: Option<&Graticule>, plane: &Plane) {
    let place = |points: &Points| points.iter().map(|at| layout.at(*at)).collect::<Points>();
    let unit = layout.unit;
    svg.raw("<g clip-path=\"url(#map)\">");
    if let Some(graticule) = graticule {
        let lines: Vec<Points> = graticule.lines.iter().map(place).collect();
        let look =
            format!("fill=\"none\" stroke=\"#333\" stroke-opacity=\"0.28\" stroke-width=\"{}\"", number(unit * 0.7));
        svg.path(lines.iter().map(Vec::as_slice), false, &look);
    }
    if let Some(land) = land {
        let coasts: Vec<Points> = land.coasts.iter().map(place).collect();
        let look = format!(
            "fill=\"none\" stroke=\"#3a3a3a\" stroke-opacity=\"0.75\" stroke-width=\"{}\" stroke-linejoin=\"round\"",
            number(unit * 0.8)
        );
        svg.path(coasts.iter().map(Vec::as_slice), false, &look);
    }
    svg.raw("</g>");
    let look = format!("fill=\"none\" stroke=\"#222\" stroke-width=\"{}\"", number(unit));
    match graticule.filter(|graticule| !graticule.globe.is_empty()) {
        Some(graticule) => {
            let globe = place(&graticule.globe);
            svg.path(std::iter::once(globe.as_slice()), true, &look);
        }
        None => svg.rect(layout.map, &look),
    }
    for label in graticule.iter().flat_map(|graticule| &graticule.labels) {
        draw_label(svg, layout, label);
    }
    scale_bar(svg, layout, plane);
}

fn draw_label(svg: &mut Svg, layout: &Layout, label: &Label) {
    let unit = layout.unit;
    let (x, y) = layout.at(label.at);
    let size = 11.0 * unit;
    let (at, style) = match label.side {
        Side::Left => ((x - 6.0 * unit, y + 0.36 * size), Style::new(size, Anchor::End)),
        Side::Right => ((x + 6.0 * unit, y + 0.36 * size), Style::new(size, Anchor::Start)),
        Side::Top => ((x, y - 6.0 * unit), Style::new(size, Anchor::Middle)),
        Side::Bottom => ((x, y + 5.0 * unit + size), Style::new(size, Anchor::Middle)),
        Side::Inside => ((x, y + 0.36 * size), Style::new(size, Anchor::Middle).with_rim()),
    };
    svg.text(at, style.grey(), &label.text);
}

/// A length of the ground, beneath the map. On most maps a length depends on where it is, so it is said.
fn scale_bar(svg: &mut Svg, layout: &Layout, plane: &Plane) {
    let unit = layout.unit;
    let (metres_per_pixel, place) = ground(layout, plane);
    let most = layout.map[2] * 0.28 * metres_per_pixel;
    if !(most.is_finite() && most > 0.0) {
        return;
    }
    let power = 10_f64.powf(most.log10().floor());
    let factor = [5.0, 2.0, 1.0].into_iter().find(|factor| factor * power <= most).unwrap_or(1.0);
    let metres = factor * power;
    let (x, y, width) = (layout.map[0], layout.scale_y, metres / metres_per_pixel);
    let height = 5.0 * unit;
    let look = |fill: &str| format!("fill=\"{fill}\" stroke=\"#222\" stroke-width=\"{}\"", number(unit * 0.8));
    svg.rect([x, y, width / 2.0, height], &look("#222"));
    svg.rect([x + width / 2.0, y, width / 2.0, height], &look("#fff"));
    let (amount, name) = if metres >= 1000.0 { (metres / 1000.0, "km") } else { (metres, "m") };
    let text = format!("{} {name}{place}", shown(amount, 3));
    let style = Style::new(11.0 * unit, Anchor::Start).grey();
    svg.text((x + width + 8.0 * unit, y + height + 0.5 * unit), style, &text);
}

/// Metres of the ground that one pixel of the picture stands for, and where.
fn ground(layout: &Layout, plane: &Plane) -> (f64, String) {
    let frame = layout.frame;
    let per_pixel = frame.spacing * f64::from(frame.width) / layout.map[2];
    let [xmin, ymin, xmax, ymax] = frame.bounds();
    match plane.projection() {
        // Where their scale is 1 (EPSG:3031, EPSG:3413).
        MapProjection::PolarSouth => (per_pixel, " at 71\u{b0}S".to_owned()),
        MapProjection::PolarNorth => (per_pixel, " at 70\u{b0}N".to_owned()),
        // Parallels of 40 degrees 44 minutes have their true length on Mollweide's map.
        MapProjection::Mollweide => (per_pixel, " at 40.7\u{b0}N and S".to_owned()),
        _ if plane.is_geographic() => {
            let (_, lat) = ((xmin + xmax) / 2.0, (ymin + ymax) / 2.0);
            let side = if lat < 0.0 { "S" } else { "N" };
            let place = format!(" at {}\u{b0}{side}", shown(lat.abs(), if lat.abs() < 10.0 { 2 } else { 3 }));
            (per_pixel * METRES_PER_DEGREE * lat.to_radians().cos(), place)
        }
        _ => (per_pixel, String::new()),
    }
}

/// The side of a pixel, in words.
#[must_use]
pub fn spacing_in_words(plane: &Plane, spacing: f64) -> String {
    let length = if plane.is_geographic() { Length::Degrees(spacing) } else { Length::Metres(spacing) };
    length.to_string()
}
