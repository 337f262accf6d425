//! Numbers as people read them.

use std::time::Duration;

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes in decimal units: `12.3 MB`.
pub fn bytes(number: u64) -> String {
    scaled(number as f64, "B")
}

/// Bytes per second in decimal units.
pub fn rate(bytes_per_second: f64) -> String {
    format!("{}/s", scaled(bytes_per_second, "B"))
}

fn scaled(number: f64, unit: &str) -> String {
    const PREFIXES: [&str; 6] = ["", "k", "M", "G", "T", "P"];
    let mut number = number;
    let mut prefix = 0;
    while number >= 999.5 && prefix + 1 < PREFIXES.len() {
        number /= 1000.0;
        prefix += 1;
    }
    match prefix {
        0 => format!("{number:.0} {unit}"),
        _ if number < 9.995 => format!("{number:.2} {}{unit}", PREFIXES[prefix]),
        _ if number < 99.95 => format!("{number:.1} {}{unit}", PREFIXES[prefix]),
        _ => format!("{number:.0} {}{unit}", PREFIXES[prefix]),
    }
}

/// A time as `0.42 s`, `12.3 s`, `3 min 07 s` or `2 h 05 min`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        s if s < 9.995 => format!("{s:.2} s"),
        s if s < 59.95 => format!("{s:.1} s"),
        s if s < 3599.5 => {
            let whole = s.round() as u64;
            format!("{} min {:02} s", whole / 60, whole % 60)
        }
        s => {
            let minutes = (s / 60.0).round() as u64;
            format!("{} h {:02} min", minutes / 60, minutes % 60)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!((grouped(0), grouped(999), grouped(1000)), ("0".into(), "999".into(), "1,000".into()));
        assert_eq!(grouped(7_168_247), "7,168,247");
    }

    #[test]
    fn bytes_have_three_figures_and_a_unit() {
        assert_eq!((bytes(0), bytes(999)), ("0 B".into(), "999 B".into()));
        assert_eq!(
            (bytes(1000), bytes(12_345_678), bytes(999_600)),
            ("1.00 kB".into(), "12.3 MB".into(), "1.00 MB".into())
        );
    }

    #[test]
    fn durations_round_up_into_the_next_unit() {
        let of = |s| duration(Duration::from_secs_f64(s));
        assert_eq!((of(0.4211), of(12.34)), ("0.42 s".into(), "12.3 s".into()));
        assert_eq!((of(59.97), of(187.0), of(7500.0)), ("1 min 00 s".into(), "3 min 07 s".into(), "2 h 05 min".into()));
    }
}
