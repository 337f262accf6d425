//! Colours of values.

use std::{fmt, str::FromStr};

use colorous::Gradient;

use crate::range::{Limits, RangeError};

/// A name that is no colour map's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no colour map `{name}`; choose {}; a name with -r behind it is the map turned round", names().join(", "))]
pub struct ColourError {
    /// The name.
    pub name: String,
}

/// The steps of a colour map.
pub const STEPS: usize = 256;

/// Red, green, blue.
pub type Rgb = [u8; 3];

type Named = (&'static str, Gradient);

/// For values that grow from little to much.
const SEQUENTIAL: [Named; 10] = [
    ("viridis", colorous::VIRIDIS),
    ("cividis", colorous::CIVIDIS),
    ("plasma", colorous::PLASMA),
    ("inferno", colorous::INFERNO),
    ("magma", colorous::MAGMA),
    ("turbo", colorous::TURBO),
    ("blues", colorous::BLUES),
    ("greys", colorous::GREYS),
    ("yellow-green-blue", colorous::YELLOW_GREEN_BLUE),
    ("orange-red", colorous::ORANGE_RED),
];

/// For values about a middle, such as differences about 0.
const DIVERGING: [Named; 6] = [
    ("red-blue", colorous::RED_BLUE),
    ("red-yellow-blue", colorous::RED_YELLOW_BLUE),
    ("brown-green", colorous::BROWN_GREEN),
    ("purple-green", colorous::PURPLE_GREEN),
    ("purple-orange", colorous::PURPLE_ORANGE),
    ("spectral", colorous::SPECTRAL),
];

/// The names of all colour maps, those of one direction first.
#[must_use]
pub fn names() -> Vec<&'static str> {
    SEQUENTIAL.iter().chain(&DIVERGING).map(|(name, _)| *name).collect()
}

/// A colour map: [`STEPS`] colours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColourMap {
    name: String,
    colours: Vec<Rgb>,
    diverging: bool,
}

impl ColourMap {
    /// The one for values that grow: equal steps look equal, also to the colour-blind.
    #[must_use]
    pub fn sequential() -> Self {
        Self::of(&SEQUENTIAL[0], false, false)
    }

    /// The one for differences: red below the middle, blue above it.
    #[must_use]
    pub fn diverging() -> Self {
        Self::of(&DIVERGING[0], true, false)
    }

    fn of((name, gradient): &Named, diverging: bool, turned: bool) -> Self {
        let mut colours: Vec<Rgb> = (0..STEPS)
            .map(|step| {
                let colour = gradient.eval_continuous(step as f64 / (STEPS - 1) as f64);
                [colour.r, colour.g, colour.b]
            })
            .collect();
        if turned {
            colours.reverse();
        }
        Self { name: format!("{name}{}", if turned { "-r" } else { "" }), colours, diverging }
    }

    /// Whether it is made for values about a middle.
    #[must_use]
    pub fn is_diverging(&self) -> bool {
        self.diverging
    }

    /// The colour of a step; of the last one beyond it.
    #[inline]
    #[must_use]
    pub fn step(&self, step: usize) -> Rgb {
        self.colours[step.min(STEPS - 1)]
    }
}

impl fmt::Display for ColourMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl FromStr for ColourMap {
    type Err = ColourError;

    fn from_str(text: &str) -> Result<Self, ColourError> {
        let lower = text.trim().to_ascii_lowercase().replace('_', "-");
        let (name, turned) = lower.strip_suffix("-r").map_or((lower.as_str(), false), |name| (name, true));
        let find = |of: &[Named], diverging| {
            of.iter().find(|(known, _)| *known == name).map(|named| Self::of(named, diverging, turned))
        };
        find(&SEQUENTIAL, false).or_else(|| find(&DIVERGING, true)).ok_or_else(|| ColourError { name: text.to_owned() })
    }
}

/// How values are spread over colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// Evenly.
    #[default]
    Linear,
    /// By their logarithms.
    Log,
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linear => "linear",
            Self::Log => "log",
        })
    }
}

/// Values to colours.
#[derive(Debug, Clone)]
pub struct Colours {
    /// The colours.
    pub map: ColourMap,
    /// The values at their ends.
    pub limits: Limits,
    /// What lies between.
    pub scale: Scale,
}

impl Colours {
    /// # Errors
    /// When the scale is logarithmic and the limits are not positive.
    pub fn new(map: ColourMap, limits: Limits, scale: Scale) -> Result<Self, RangeError> {
        if scale == Scale::Log && limits.low <= 0.0 {
            return Err(RangeError::NotPositive(limits.low));
        }
        Ok(Self { map, limits, scale })
    }

    /// How far a value lies between the limits, from 0 to 1; beyond these it stays at them.
    #[inline]
    #[must_use]
    pub fn share(&self, value: f64) -> f64 {
        let Limits { low, high } = self.limits;
        let share = match self.scale {
            Scale::Linear => (value - low) / (high - low),
            // Of numbers that have no logarithm, all are below the limits.
            Scale::Log if value <= 0.0 => 0.0,
            Scale::Log => (value / low).ln() / (high / low).ln(),
        };
        share.clamp(0.0, 1.0)
    }

    /// The value that lies so far between the limits.
    #[must_use]
    pub fn value(&self, share: f64) -> f64 {
        let Limits { low, high } = self.limits;
        match self.scale {
            Scale::Linear => low + (high - low) * share,
            Scale::Log => low * (high / low).powf(share),
        }
    }

    /// The colour of a value; none of NaN.
    #[inline]
    #[must_use]
    pub fn of(&self, value: f64) -> Option<Rgb> {
        // Each colour stands for an equal part of the range.
        (!value.is_nan()).then(|| self.map.step((self.share(value) * STEPS as f64) as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colours(scale: Scale, low: f64, high: f64) -> Colours {
        Colours::new(ColourMap::sequential(), Limits { low, high }, scale).unwrap()
    }

    #[test]
    fn every_name_is_a_map_and_turns_round() {
        for name in names() {
            let (map, turned): (ColourMap, ColourMap) = (name.parse().unwrap(), format!("{name}_r").parse().unwrap());
            assert_eq!((map.to_string(), turned.to_string()), (name.to_owned(), format!("{name}-r")));
            assert_eq!((map.step(0), map.step(255)), (turned.step(255), turned.step(0)));
        }
        let error = "virids".parse::<ColourMap>().unwrap_err().to_string();
        assert!(error.contains("`virids`") && error.contains("viridis") && error.contains("red-blue"), "{error}");
    }

    #[test]
    fn viridis_is_matplotlibs() {
        // matplotlib.colormaps["viridis"](i, bytes=True), which has 36 for the last 37.
        let map = ColourMap::sequential();
        assert_eq!([0, 100, 255].map(|i| map.step(i)), [[68, 1, 84], [42, 118, 142], [253, 231, 37]]);
    }

    #[test]
    fn differences_are_white_about_nought_red_below_and_blue_above() {
        let map = ColourMap::diverging();
        let [below, middle, above] = [20, 128, 235].map(|i| map.step(i));
        assert!(below[0] > 150 && below[2] < 80 && above[2] > 130 && above[0] < 80, "{below:?} {above:?}");
        assert!(middle.iter().all(|c| *c > 235), "{middle:?}");
    }

    #[test]
    fn values_have_the_colour_of_their_part_of_the_range() {
        let linear = colours(Scale::Linear, 0.0, 256.0);
        for (value, step) in [(-5.0, 0), (0.0, 0), (0.99, 0), (1.0, 1), (255.5, 255), (256.0, 255), (1e300, 255)] {
            assert_eq!(linear.of(value), Some(linear.map.step(step)), "{value}");
        }
        assert_eq!(linear.of(f64::NAN), None);
        let log = colours(Scale::Log, 1.0, 10_000.0);
        assert!((log.share(100.0) - 0.5).abs() < 1e-12 && (log.value(0.25) - 10.0).abs() < 1e-9);
        assert_eq!(log.of(0.0), log.of(1.0));
        let refused = Colours::new(ColourMap::sequential(), Limits { low: 0.0, high: 1.0 }, Scale::Log);
        assert_eq!(refused.unwrap_err(), RangeError::NotPositive(0.0));
    }
}
