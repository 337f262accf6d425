//! The JSON schema of a pipeline, generated from the types in [`super::raw`].

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::raw::RawPipeline;

/// The JSON schema (2020-12) of a pipeline file, for editors and for the check. The same bytes
/// for the same version of zagg.
#[must_use]
pub fn json_schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<RawPipeline>().to_value();
    unwrap_lines(&mut schema);
    schema
}

/// Puts every description on one line: where the source wraps it means nothing.
fn unwrap_lines(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match value {
                    Value::String(text) if key == "description" => *text = text.replace('\n', " "),
                    other => unwrap_lines(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(unwrap_lines),
        _ => {}
    }
}
