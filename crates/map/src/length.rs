//! The side of a pixel as people write it: `2km`, `500m`, `0.05deg`.

use std::{fmt, str::FromStr};

use crate::projection::Plane;

/// A text that is no length.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no grid spacing; give a positive length with its unit, such as 2km, 500m or 0.05deg")]
pub struct LengthError(pub String);

/// A length of a map, or of an angle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Length {
    /// In metres.
    Metres(f64),
    /// In degrees.
    Degrees(f64),
}

impl Length {
    /// The length in units of a plane; where degrees and metres meet, those of the equator.
    #[must_use]
    pub fn in_units_of(self, plane: &Plane) -> f64 {
        use crate::projection::METRES_PER_DEGREE;
        match (self, plane.is_geographic()) {
            (Self::Metres(metres), false) => metres,
            (Self::Degrees(degrees), true) => degrees,
            (Self::Metres(metres), true) => metres / METRES_PER_DEGREE,
            (Self::Degrees(degrees), false) => degrees * METRES_PER_DEGREE,
        }
    }
}

impl FromStr for Length {
    type Err = LengthError;

    fn from_str(text: &str) -> Result<Self, LengthError> {
        let refused = || LengthError(text.to_owned());
        let lower = text.trim().to_ascii_lowercase();
        type Unit = (&'static str, fn(f64) -> Length);
        // The longer names first: each ends with a shorter one.
        let units: [Unit; 4] = [
            ("km", |n| Length::Metres(n * 1000.0)),
            ("deg", Length::Degrees),
            ("\u{b0}", Length::Degrees),
            ("m", Length::Metres),
        ];
        let (number, of) =
            units.iter().find_map(|(name, of)| Some((lower.strip_suffix(name)?, of))).ok_or_else(refused)?;
        let number: f64 = number.trim().parse().map_err(|_| refused())?;
        if number.is_finite() && number > 0.0 { Ok(of(number)) } else { Err(refused()) }
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metres(metres) if *metres >= 1000.0 => write!(f, "{} km", short(metres / 1000.0)),
            Self::Metres(metres) => write!(f, "{} m", short(*metres)),
            Self::Degrees(degrees) => write!(f, "{}\u{b0}", short(*degrees)),
        }
    }
}

/// At most four figures.
fn short(number: f64) -> f64 {
    let step = 10_f64.powf(number.abs().log10().floor() - 3.0);
    // Rounded in text, so that no binary tail shows.
    format!("{:.*}", (-step.log10()).max(0.0).ceil() as usize, (number / step).round() * step).parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_with_their_units() {
        for (text, length, shown) in [
            ("2km", Length::Metres(2000.0), "2 km"),
            ("500 m", Length::Metres(500.0), "500 m"),
            ("0.05deg", Length::Degrees(0.05), "0.05\u{b0}"),
            ("1.5\u{b0}", Length::Degrees(1.5), "1.5\u{b0}"),
            ("2.5 KM", Length::Metres(2500.0), "2.5 km"),
        ] {
            assert_eq!(text.parse(), Ok(length), "{text}");
            assert_eq!(length.to_string(), shown);
        }
        assert_eq!(Length::Metres(1_234.567).to_string(), "1.235 km");
    }

    #[test]
    fn what_is_no_length_is_said() {
        for text in ["", "2", "km", "-2km", "0m", "nan m", "inf km", "2 miles"] {
            assert_eq!(text.parse::<Length>(), Err(LengthError(text.to_owned())), "{text}");
        }
    }
}
