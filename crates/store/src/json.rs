//! JSON documents whose bytes depend on their content alone.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{Result, StoreError};

/// `value` with the keys of every object in ascending order.
#[must_use]
pub fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

/// The document's bytes: two-space indents, keys in the order given, a newline at the end.
///
/// # Errors
/// When `document` has a key that is not text.
pub fn bytes<T: Serialize>(key: &str, document: &T) -> Result<Vec<u8>> {
    let mut bytes =
        serde_json::to_vec_pretty(document).map_err(|source| StoreError::Json { key: key.to_owned(), source })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The document in `bytes`.
///
/// # Errors
/// When the bytes are not the JSON of a `T`.
pub fn parse<T: serde::de::DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|source| StoreError::Json { key: key.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sorting_reaches_every_depth_and_keeps_lists() {
        let value = sorted(json!({"b": [{"z": 1, "a": 2}, 3], "a": {"d": 0, "c": 0}}));
        assert_eq!(value.to_string(), r#"{"a":{"c":0,"d":0},"b":[{"a":2,"z":1},3]}"#);
    }
}
