//! Beside the map: what colours mean, how the values are spread, and a few numbers.

use super::{
    svg::{Anchor, Style, Svg, number, wrapped},
    ticks::{shown, ticks},
};
use crate::colours::Colours;

/// The width of a panel, in its own units.
pub(super) const WIDTH: f64 = 230.0;

/// The least height of a panel.
pub(super) const LEAST_HEIGHT: f64 = 520.0;

const BAR_WIDTH: f64 = 24.0;
const HISTOGRAM_HEIGHT: f64 = 110.0;
const TEXT: f64 = 13.0;

/// How many values lie where.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// The least value of the first bin; the bins are equally wide (by their logarithms on a logarithmic scale).
    pub from: f64,
    /// The greatest of the last.
    pub to: f64,
    /// How many values each holds.
    pub counts: Vec<u64>,
}

impl Histogram {
    /// Of values that ascend: from the 0.5th to the 99.5th percentile, and at least over the range of the colours.
    #[must_use]
    pub fn of(ascending: &[f64], colours: &Colours) -> Self {
        const BINS: usize = 72;
        let at = |percent| crate::range::percentile(ascending, percent);
        let (low, high) = (colours.limits.low, colours.limits.high);
        let is_log = colours.scale == crate::colours::Scale::Log;
        let from = at(0.5).filter(|value| !is_log || *value > 0.0).unwrap_or(low).min(low);
        let to = at(99.5).unwrap_or(high).max(high);
        let edge = |bin: usize| {
            let share = bin as f64 / BINS as f64;
            if is_log { from * (to / from).powf(share) } else { from + (to - from) * share }
        };
        let below = |bin: usize| match bin {
            BINS => ascending.partition_point(|value| *value <= to),
            _ => ascending.partition_point(|value| *value < edge(bin)),
        };
        let counts = (0..BINS).map(|bin| (below(bin + 1) - below(bin)) as u64).collect();
        Self { from, to, counts }
    }
}

/// What the panel says.
#[derive(Debug, Clone, Default)]
pub struct PanelText {
    /// What the colours mean: a name and, in brackets, the unit.
    pub legend: String,
    /// Lines beneath: a name and a value.
    pub facts: Vec<(String, String)>,
}

/// What a panel is made of.
pub(super) struct Panel<'a> {
    pub(super) colours: &'a Colours,
    pub(super) histogram: Option<&'a Histogram>,
    pub(super) text: &'a PanelText,
    /// Whether values lie below and above the range.
    pub(super) beyond: (bool, bool),
    /// The colours of what is shown where no data is.
    pub(super) empty: [&'static str; 2],
}

/// Draws the panel into a box of [`WIDTH`] times `height`.
pub(super) fn panel(svg: &mut Svg, height: f64, panel: &Panel<'_>) {
    let Panel { colours, histogram, text, .. } = *panel;
    let mut y = TEXT;
    for line in wrapped(&text.legend, TEXT + 1.0, WIDTH, 3) {
        svg.text((0.0, y), Style::new(TEXT + 1.0, Anchor::Start), &line);
        y += TEXT + 5.0;
    }
    y += 10.0;
    let facts_height = 18.0 * text.facts.len() as f64;
    let histogram_height = if histogram.is_some() { HISTOGRAM_HEIGHT + 62.0 } else { 0.0 };
    let bar = (height - y - 52.0 - histogram_height - facts_height).clamp(120.0, 460.0);
    colour_bar(svg, y, bar, colours, panel.beyond);
    y += bar + 26.0;
    svg.rect([0.0, y, BAR_WIDTH / 2.0, 14.0], &format!("fill=\"{}\"", panel.empty[0]));
    svg.rect([BAR_WIDTH / 2.0, y, BAR_WIDTH / 2.0, 14.0], &format!("fill=\"{}\"", panel.empty[1]));
    svg.rect([0.0, y, BAR_WIDTH, 14.0], "fill=\"none\" stroke=\"#888\" stroke-width=\"0.8\"");
    svg.text((BAR_WIDTH + 8.0, y + 12.0), Style::new(TEXT, Anchor::Start), "no data");
    y += 26.0;
    if let Some(histogram) = histogram {
        y += 22.0;
        draw_histogram(svg, y, colours, histogram);
        y += HISTOGRAM_HEIGHT + 40.0;
    }
    for (name, value) in &text.facts {
        y += 18.0;
        svg.text((0.0, y), Style::new(TEXT - 1.0, Anchor::Start).grey(), name);
        svg.text((WIDTH, y), Style::new(TEXT - 1.0, Anchor::End), value);
    }
}

fn colour_bar(svg: &mut Svg, top: f64, height: f64, colours: &Colours, (below, above): (bool, bool)) {
    const STOPS: usize = 32;
    svg.raw("<defs><linearGradient id=\"colours\" x1=\"0\" y1=\"1\" x2=\"0\" y2=\"0\">");
    for stop in 0..=STOPS {
        let share = stop as f64 / STOPS as f64;
        let colour = hex(colours.map.step((share * crate::colours::STEPS as f64) as usize));
        svg.raw(&format!("<stop offset=\"{}\" stop-color=\"{colour}\"/>", number(share * 100.0) + "%"));
    }
    svg.raw("</linearGradient></defs>");
    svg.rect([0.0, top, BAR_WIDTH, height], "fill=\"url(#colours)\" stroke=\"#444\" stroke-width=\"0.8\"");
    // Points where values lie beyond the ends.
    let half = BAR_WIDTH / 2.0;
    let mut point = |show: bool, at: f64, tip: f64, step: usize| {
        if show {
            let corners = [(0.0, at), (half, tip), (BAR_WIDTH, at)];
            let look = format!("fill=\"{}\" stroke=\"#444\" stroke-width=\"0.8\"", hex(colours.map.step(step)));
            svg.path(std::iter::once(corners.as_slice()), true, &look);
        }
    };
    point(above, top, top - 12.0, crate::colours::STEPS);
    point(below, top + height, top + height + 12.0, 0);
    for value in ticks(colours, 6) {
        let y = top + height * (1.0 - colours.share(value));
        svg.line((BAR_WIDTH, y), (BAR_WIDTH + 5.0, y), "stroke=\"#444\" stroke-width=\"1\"");
        svg.text((BAR_WIDTH + 9.0, y + TEXT * 0.36), Style::new(TEXT, Anchor::Start), &shown(value, 6));
    }
}

fn draw_histogram(svg: &mut Svg, top: f64, colours: &Colours, histogram: &Histogram) {
    svg.text((0.0, top - 8.0), Style::new(TEXT - 1.0, Anchor::Start).grey(), "cells by value");
    let most = histogram.counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let bins = histogram.counts.len().max(1) as f64;
    let across =
        Colours { limits: crate::range::Limits { low: histogram.from, high: histogram.to }, ..colours.clone() };
    let bottom = top + HISTOGRAM_HEIGHT;
    for (bin, count) in histogram.counts.iter().enumerate() {
        let middle = across.value((bin as f64 + 0.5) / bins);
        let height = *count as f64 / most * HISTOGRAM_HEIGHT;
        if *count > 0 {
            let colour = hex(colours.of(middle).unwrap_or([136; 3]));
            // A hair wider than its place, so that no seam shows between bars.
            let place = [bin as f64 / bins * WIDTH, bottom - height, WIDTH / bins + 0.3, height];
            svg.rect(place, &format!("fill=\"{colour}\""));
        }
    }
    svg.line((0.0, bottom), (WIDTH, bottom), "stroke=\"#444\" stroke-width=\"1\"");
    let limits = [colours.limits.low, colours.limits.high].map(|value| (value, across.share(value) * WIDTH));
    for (_, x) in limits {
        svg.line((x, top - 3.0), (x, bottom + 5.0), "stroke=\"#222\" stroke-width=\"1\" stroke-dasharray=\"3 2\"");
    }
    // Texts that stay within the panel and clear of each other.
    let [(low, x_low), (high, x_high)] = limits;
    let y = bottom + 5.0 + TEXT;
    svg.text((x_low.min(WIDTH / 2.0 - 8.0), y), Style::new(TEXT - 1.0, Anchor::Start), &shown(low, 4));
    svg.text((x_high.max(WIDTH / 2.0 + 8.0), y), Style::new(TEXT - 1.0, Anchor::End), &shown(high, 4));
}

/// `#rrggbb`.
pub(super) fn hex([r, g, b]: crate::colours::Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        colours::{ColourMap, Scale},
        range::Limits,
    };

    #[test]
    fn a_histogram_counts_every_value_between_its_ends() {
        let values: Vec<f64> = (0..1000).map(f64::from).collect();
        let colours = |low, high, scale| Colours::new(ColourMap::sequential(), Limits { low, high }, scale).unwrap();
        let wide = Histogram::of(&values, &colours(-100.0, 1000.0, Scale::Linear));
        assert_eq!((wide.from, wide.to, wide.counts.iter().sum::<u64>()), (-100.0, 1000.0, 1000));
        let narrow = Histogram::of(&values, &colours(400.0, 600.0, Scale::Linear));
        let within = values.iter().filter(|value| **value >= narrow.from && **value <= narrow.to).count() as u64;
        assert_eq!(narrow.counts.iter().sum::<u64>(), within);
        let log = Histogram::of(&values, &colours(1.0, 999.0, Scale::Log));
        assert_eq!((log.from, log.counts.iter().sum::<u64>()), (1.0, 999));
    }
}
