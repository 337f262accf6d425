//! Columns of a table by name, whatever type they came in.

use arrow_array::{
    Array, BinaryArray, ListArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray, cast::AsArray,
};
use arrow_schema::{DataType, TimeUnit};

/// A column that holds something else than expected.
pub(crate) struct Unexpected {
    pub(crate) found: String,
    pub(crate) expected: &'static str,
}

impl Unexpected {
    fn new(array: &dyn Array, expected: &'static str) -> Self {
        Self { found: array.data_type().to_string(), expected }
    }
}

/// Texts. Read without the hints of Arrow's own schema, every text of a Parquet file is `Utf8`,
/// or `Binary` where the writer did not say that it is text.
pub(crate) enum Texts<'a> {
    Utf8(&'a StringArray),
    Bytes(&'a BinaryArray),
}

impl<'a> Texts<'a> {
    pub(crate) fn of(array: &'a dyn Array) -> Result<Self, Unexpected> {
        match array.data_type() {
            DataType::Utf8 => array.as_string_opt().map(Self::Utf8),
            DataType::Binary => array.as_binary_opt().map(Self::Bytes),
            _ => None,
        }
        .ok_or_else(|| Unexpected::new(array, "texts"))
    }

    /// The text at a row; none when it is null, empty, or not UTF-8.
    pub(crate) fn get(&self, row: usize) -> Option<&'a str> {
        let text = match self {
            Self::Utf8(array) => array.is_valid(row).then(|| array.value(row)),
            Self::Bytes(array) => array.is_valid(row).then(|| std::str::from_utf8(array.value(row)).ok()).flatten(),
        };
        text.filter(|text| !text.is_empty())
    }
}

/// Texts or raw bytes.
pub(crate) fn bytes(array: &dyn Array) -> Result<&BinaryArray, Unexpected> {
    array.as_binary_opt().ok_or_else(|| Unexpected::new(array, "geometries as well-known binary (WKB)"))
}

/// Moments, in any unit or as texts.
pub(crate) enum Times<'a> {
    Seconds(&'a TimestampSecondArray),
    Milliseconds(&'a TimestampMillisecondArray),
    Microseconds(&'a TimestampMicrosecondArray),
    Nanoseconds(&'a TimestampNanosecondArray),
    Texts(Texts<'a>),
}

impl<'a> Times<'a> {
    pub(crate) fn of(array: &'a dyn Array) -> Result<Self, Unexpected> {
        match array.data_type() {
            DataType::Timestamp(TimeUnit::Second, _) => array.as_primitive_opt().map(Self::Seconds),
            DataType::Timestamp(TimeUnit::Millisecond, _) => array.as_primitive_opt().map(Self::Milliseconds),
            DataType::Timestamp(TimeUnit::Microsecond, _) => array.as_primitive_opt().map(Self::Microseconds),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => array.as_primitive_opt().map(Self::Nanoseconds),
            _ => Texts::of(array).ok().map(Self::Texts),
        }
        .ok_or_else(|| Unexpected::new(array, "timestamps, or texts of RFC 3339"))
    }

    /// Microseconds since 1970 (UTC); none when it is null.
    ///
    /// # Errors
    /// The text that is no moment, or the number that is out of range.
    pub(crate) fn get(&self, row: usize) -> Result<Option<i64>, String> {
        let scaled = |valid: bool, value: &dyn Fn() -> i64, factor: i64| {
            let micros = |value: i64| value.checked_mul(factor).ok_or_else(|| value.to_string());
            if valid { micros(value()).map(Some) } else { Ok(None) }
        };
        match self {
            Self::Seconds(array) => scaled(array.is_valid(row), &|| array.value(row), 1_000_000),
            Self::Milliseconds(array) => scaled(array.is_valid(row), &|| array.value(row), 1_000),
            Self::Microseconds(array) => scaled(array.is_valid(row), &|| array.value(row), 1),
            Self::Nanoseconds(array) => Ok(array.is_valid(row).then(|| array.value(row).div_euclid(1_000))),
            Self::Texts(texts) => texts.get(row).map(moment).transpose(),
        }
    }
}

/// Microseconds since 1970 (UTC) of a text of RFC 3339; one without a zone is taken as UTC.
fn moment(text: &str) -> Result<i64, String> {
    let zoned = chrono::DateTime::parse_from_rfc3339(text).map(|time| time.timestamp_micros());
    let naive = || text.parse::<chrono::NaiveDateTime>().map(|time| time.and_utc().timestamp_micros());
    zoned.or_else(|_| naive()).map_err(|_| text.to_owned())
}

/// One kind of asset: where each row's is, and what roles it has.
pub(crate) struct Asset<'a> {
    pub(crate) name: &'a str,
    whole: &'a StructArray,
    href: Texts<'a>,
    roles: Option<(&'a ListArray, Texts<'a>)>,
}

impl<'a> Asset<'a> {
    /// Every asset that has a location.
    pub(crate) fn all(assets: &'a StructArray) -> Result<Vec<Self>, (String, Unexpected)> {
        let mut all = Vec::with_capacity(assets.num_columns());
        for (name, column) in assets.column_names().into_iter().zip(assets.columns()) {
            let place = |child: &str| format!("assets.{name}.{child}");
            let Some(whole) = column.as_struct_opt() else {
                return Err((format!("assets.{name}"), Unexpected::new(column, "structs with an href")));
            };
            let Some(href) = whole.column_by_name("href") else { continue };
            let href = Texts::of(href).map_err(|error| (place("href"), error))?;
            let roles = whole.column_by_name("roles").and_then(|roles| roles.as_list_opt::<i32>());
            let roles = roles.and_then(|roles| Some((roles, Texts::of(roles.values()).ok()?)));
            all.push(Self { name, whole, href, roles });
        }
        Ok(all)
    }

    /// The location at a row.
    pub(crate) fn href(&self, row: usize) -> Option<&'a str> {
        if self.whole.is_valid(row) { self.href.get(row) } else { None }
    }

    /// Whether it has one of the roles at a row.
    pub(crate) fn has_role(&self, row: usize, wanted: &[&str]) -> bool {
        let Some((lists, texts)) = self.roles.as_ref().filter(|(lists, _)| lists.is_valid(row)) else { return false };
        let [start, end] = [row, row + 1].map(|place| lists.value_offsets().get(place).copied().unwrap_or(0));
        (start..end).filter_map(|place| texts.get(usize::try_from(place).ok()?)).any(|role| wanted.contains(&role))
    }
}

/// A column by name.
pub(crate) fn column<'a>(batch: &'a RecordBatch, name: &str) -> Option<&'a dyn Array> {
    batch.column_by_name(name).map(AsRef::as_ref)
}
