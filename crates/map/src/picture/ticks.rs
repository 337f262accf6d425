//! Round numbers along a colour bar.

use crate::colours::{Colours, Scale};

/// Round values between the limits, ascending: about `wanted` of them.
pub(super) fn ticks(colours: &Colours, wanted: u32) -> Vec<f64> {
    let (low, high) = (colours.limits.low, colours.limits.high);
    match colours.scale {
        Scale::Log if high / low >= 30.0 => by_powers(low, high, wanted),
        _ => evenly(low, high, wanted),
    }
}

/// The step of 1, 2, 2.5 or 5 times a power of ten that makes about `wanted` parts.
fn step(low: f64, high: f64, wanted: u32) -> f64 {
    let exact = (high - low) / f64::from(wanted.max(1));
    let power = 10_f64.powf(exact.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|factor| factor * power >= exact * 0.999).unwrap_or(10.0);
    factor * power
}

fn evenly(low: f64, high: f64, wanted: u32) -> Vec<f64> {
    let step = step(low, high, wanted);
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    // Limits next to each other at the end of what f64 can tell apart.
    if !(first.is_finite() && last.is_finite() && last - first < 100.0) {
        return vec![low, high];
    }
    (0..=(last - first).max(0.0) as u32).map(|k| (first + f64::from(k)) * step).collect()
}

fn by_powers(low: f64, high: f64, wanted: u32) -> Vec<f64> {
    let powers = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
    let is_within = |value: &f64| *value >= low * (1.0 - 1e-9) && *value <= high * (1.0 + 1e-9);
    let of = |factors: &[f64]| -> Vec<f64> {
        let all = powers.clone().flat_map(|power| factors.iter().map(move |factor| factor * 10_f64.powi(power)));
        all.filter(is_within).collect()
    };
    let (fine, middle, coarse) = (of(&[1.0, 2.0, 5.0]), of(&[1.0, 3.0]), of(&[1.0]));
    let most = wanted as usize + 2;
    let found = [fine, middle].into_iter().find(|ticks| ticks.len() <= most).unwrap_or(coarse);
    let every = found.len().div_ceil(most).max(1);
    found.into_iter().step_by(every).collect()
}

/// A value with about `figures` figures, thousands grouped, the minus sign a real one.
pub fn shown(value: f64, figures: i32) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".to_owned() } else { value.to_string() };
    }
    let power = value.abs().log10().floor() as i32;
    let text = if (-4..9).contains(&power) {
        let decimals = (figures - 1 - power).clamp(0, 12) as usize;
        let text = format!("{:.*}", decimals, value.abs());
        let (whole, part) = text.split_once('.').unwrap_or((text.as_str(), ""));
        let part = part.trim_end_matches('0');
        let whole = grouped(whole);
        if part.is_empty() { whole } else { format!("{whole}.{part}") }
    } else {
        format!("{:.*e}", (figures - 1).max(0) as usize, value.abs())
    };
    if value < 0.0 { format!("\u{2212}{text}") } else { text }
}

fn grouped(digits: &str) -> String {
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{colours::ColourMap, range::Limits};

    fn of(low: f64, high: f64, scale: Scale) -> Vec<f64> {
        ticks(&Colours::new(ColourMap::sequential(), Limits { low, high }, scale).unwrap(), 5)
    }

    #[test]
    fn ticks_are_round_numbers_within() {
        assert_eq!(of(0.0, 4000.0, Scale::Linear), [0.0, 1000.0, 2000.0, 3000.0, 4000.0]);
        assert_eq!(of(-1.3, 1.3, Scale::Linear), [-1.0, 0.0, 1.0]);
        assert_eq!(of(1.0, 10_000.0, Scale::Log), [1.0, 10.0, 100.0, 1000.0, 10_000.0]);
        assert_eq!(of(3.0, 120.0, Scale::Log), [5.0, 10.0, 20.0, 50.0, 100.0]);
        assert!(of(1e16, 1e16 + 2.0, Scale::Linear).len() < 10);
    }

    #[test]
    fn numbers_are_short_and_grouped() {
        let all = [(4000.0, "4,000"), (-0.25, "\u{2212}0.25"), (1234.567, "1,235"), (0.1 + 0.2, "0.3"), (0.0, "0")];
        for (value, text) in all {
            assert_eq!(shown(value, 4), text);
        }
        assert_eq!((shown(1e12, 3), shown(-1.5e-7, 2)), ("1.00e12".to_owned(), "\u{2212}1.5e-7".to_owned()));
    }
}
