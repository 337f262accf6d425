//! Pixels whose missing value is NaN.
//!
//! The writer makes overviews of the pixels that differ from the missing value. No NaN equals itself, so that every
//! pixel would count; these types compare as the file's readers do.

use geotiff_writer::{NumericSample, WriteSample};
use tiff_core::{ByteOrder, RasterLayout, TiffSample};

/// A pixel of 32 bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Single(pub(super) f32);

/// A pixel of 64 bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Double(pub(super) f64);

macro_rules! pixel {
    ($pixel:ident, $float:ty) => {
        impl From<f64> for $pixel {
            fn from(value: f64) -> Self {
                Self(value as $float)
            }
        }

        impl PartialEq for $pixel {
            fn eq(&self, other: &Self) -> bool {
                self.0 == other.0 || (self.0.is_nan() && other.0.is_nan())
            }
        }

        impl TiffSample for $pixel {
            fn matches_layout(layout: &RasterLayout) -> bool {
                <$float as TiffSample>::matches_layout(layout)
            }

            fn decode_many(bytes: &[u8]) -> Vec<Self> {
                <$float as TiffSample>::decode_many(bytes).into_iter().map(Self).collect()
            }

            fn type_name() -> &'static str {
                <$float as TiffSample>::type_name()
            }
        }

        impl WriteSample for $pixel {
            const SAMPLE_FORMAT: u16 = <$float as WriteSample>::SAMPLE_FORMAT;
            const BITS_PER_SAMPLE: u16 = <$float as WriteSample>::BITS_PER_SAMPLE;
            const BYTES_PER_SAMPLE: usize = <$float as WriteSample>::BYTES_PER_SAMPLE;

            fn encode_slice(samples: &[Self], byte_order: ByteOrder) -> Vec<u8> {
                let samples: Vec<$float> = samples.iter().map(|sample| sample.0).collect();
                <$float as WriteSample>::encode_slice(&samples, byte_order)
            }

            fn lerc_encode_block(
                samples: &[Self],
                width: u32,
                height: u32,
                depth: u32,
                max_z_error: f64,
                index: usize,
            ) -> tiff_writer::Result<Vec<u8>> {
                let samples: Vec<$float> = samples.iter().map(|sample| sample.0).collect();
                <$float as WriteSample>::lerc_encode_block(&samples, width, height, depth, max_z_error, index)
            }
        }

        impl NumericSample for $pixel {
            fn zero() -> Self {
                Self(0.0)
            }

            fn to_f64(self) -> f64 {
                NumericSample::to_f64(self.0)
            }

            fn from_f64(value: f64) -> Self {
                Self::from(value)
            }

            fn try_from_f64(value: f64) -> Option<Self> {
                <$float as NumericSample>::try_from_f64(value).map(Self)
            }
        }
    };
}
pixel!(Single, f32);
pixel!(Double, f64);
