//! Repeatable random numbers.

use std::f64::consts::TAU;

/// `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
/// OOPSLA 2014). Not for secrets.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// A generator for one stream of one seed; streams of a seed are independent.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut mixer = Self(seed);
        let base = mixer.bits();
        Self(base ^ Self(stream).bits())
    }

    /// The next 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in `[0, 1)`, a multiple of 2^-53.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / 9_007_199_254_740_992.0
    }

    /// Normal with mean 0 and deviation 1 (Box and Muller, 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (TAU * self.uniform()).cos()
    }

    /// `length` flags of which about `fraction` are true, in runs of `mean` on average.
    pub(crate) fn runs(&mut self, length: usize, fraction: f64, mean: f64) -> Vec<bool> {
        let start = fraction / (1.0 - fraction) / mean;
        let mut inside = self.uniform() < fraction;
        (0..length)
            .map(|_| {
                let now = inside;
                let change = if inside { 1.0 / mean } else { start };
                if self.uniform() < change {
                    inside = !inside;
                }
                now
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_gives_the_published_sequence() {
        // The reference implementation's first outputs for the seed 1234567.
        let mut random = Random(1_234_567);
        assert_eq!([random.bits(), random.bits()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn streams_of_a_seed_differ() {
        assert_ne!(Random::new(1, 0).bits(), Random::new(1, 1).bits());
        assert_ne!(Random::new(1, 0).bits(), Random::new(2, 0).bits());
        assert_eq!(Random::new(1, 7).bits(), Random::new(1, 7).bits());
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_deviation_one() {
        let mut random = Random::new(3, 0);
        let values: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
        let mean = values.iter().sum::<f64>() / 20_000.0;
        let variance = values.iter().map(|v| v * v).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03, "{mean}");
        assert!((variance - 1.0).abs() < 0.05, "{variance}");
    }

    #[test]
    fn runs_cover_about_the_fraction_asked_for() {
        let flags = Random::new(5, 0).runs(100_000, 0.1, 20.0);
        let share = flags.iter().filter(|flag| **flag).count() as f64 / 100_000.0;
        assert!((share - 0.1).abs() < 0.02, "{share}");
    }
}
