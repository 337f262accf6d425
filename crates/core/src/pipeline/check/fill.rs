//! `fill_value` of a field.

use crate::{
    column::{Dtype, FillValue},
    pipeline::{
        problem::{Findings, Path},
        raw::RawNumber,
    },
};

/// The fill value of an array of `dtype`: NaN when none is declared and the type can hold it.
pub(super) fn fill_value(
    raw: Option<&RawNumber>,
    dtype: Dtype,
    at: &Path,
    findings: &mut Findings,
) -> Option<FillValue> {
    let refuse = |findings: &mut Findings, message: String| {
        findings.problem(at, message);
        None
    };
    match raw {
        None if dtype.is_float() => Some(FillValue::NaN),
        None => {
            findings.absent(
                at,
                format!("an {dtype} field needs a fill value, since it cannot hold NaN; write `fill_value: 0`"),
            );
            None
        }
        Some(RawNumber::Text(text)) if text.eq_ignore_ascii_case("nan") => match dtype.is_float() {
            true => Some(FillValue::NaN),
            false => {
                refuse(findings, format!("an {dtype} field cannot hold NaN; write a whole number, or `dtype: float32`"))
            }
        },
        Some(RawNumber::Text(text)) => {
            let remedy = if text.parse::<f64>().is_ok() { "; write it without quotes" } else { "" };
            refuse(findings, format!("`{text}` is not a number or \"NaN\"{remedy}"))
        }
        Some(RawNumber::Number(number)) if dtype.is_float() => match number.as_f64() {
            Some(value) if dtype == Dtype::Float64 || (value as f32).is_finite() => Some(FillValue::Float(value)),
            _ => refuse(findings, format!("{number} does not fit {dtype}")),
        },
        Some(RawNumber::Number(number)) => match whole(number) {
            Some(value) if range(dtype).contains(&value) => Some(FillValue::Integer(value)),
            Some(value) => refuse(findings, format!("{value} does not fit {dtype}")),
            None => refuse(findings, format!("{number} is not a whole number, as {dtype} needs")),
        },
    }
}

fn whole(number: &serde_json::Number) -> Option<i128> {
    let exact = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    // `1.0e3` is whole too; beyond 2^53 a fraction could have been lost.
    let float = || number.as_f64().filter(|x| x.fract() == 0.0 && x.abs() <= 9.007_199_254_740_992e15);
    exact.or_else(|| float().map(|x| x as i128))
}

fn range(dtype: Dtype) -> std::ops::RangeInclusive<i128> {
    match dtype {
        Dtype::Int8 => i8::MIN.into()..=i8::MAX.into(),
        Dtype::Int16 => i16::MIN.into()..=i16::MAX.into(),
        Dtype::Int32 => i32::MIN.into()..=i32::MAX.into(),
        Dtype::Int64 => i64::MIN.into()..=i64::MAX.into(),
        Dtype::Uint8 => 0..=u8::MAX.into(),
        Dtype::Uint16 => 0..=u16::MAX.into(),
        Dtype::Uint32 => 0..=u32::MAX.into(),
        Dtype::Uint64 | Dtype::Float32 | Dtype::Float64 => 0..=u64::MAX.into(),
    }
}
