//! The reference page of a pipeline file, generated from its schema.

use serde_json::Value;

use super::schema::json_schema;

const HEAD: &str = "# Pipeline files

A pipeline says *what* is computed: which points are read, which statistics are computed per cell, and on which grid they
are stored. It is a YAML file. How a run is carried out (concurrency, memory, credentials, endpoints) is not its business.

This page and [the JSON schema](pipeline.schema.json) are generated from the code that reads the files. For completion and
checks in an editor, begin a file in `configs/pipelines` with

```yaml
# yaml-language-server: $schema=../../docs/reference/pipeline.schema.json
```

Every key is one of three kinds:

- **supported**: it does what the page says;
- **no effect**: it is accepted, a note is printed, and it changes nothing;
- **not yet**: it is known, it would change the result, and a file that has it is refused.

Any other key is an error that names its place and the nearest known key. All problems of a file are told at once. A key
with no value (`link: null`) counts as absent.
";

const TAIL: &str = "
## Expressions

Weights, fields and filters may be expressions in a small part of Python's grammar, with Python's precedence:

- numbers, names of variables, `np.pi`, `np.e`, `np.nan`, `np.inf`, parentheses;
- `+ - * / // % **` (`//` and `%` round down, as in Python);
- `< <= > >= == !=`, which cannot be chained, and `& | ~` between comparisons in parentheses;
- per value: `sqrt log log10 log2 exp abs floor ceil isnan isfinite minimum maximum where float32 float64 int`;
- per cell: `len sum mean median min max var std quantile percentile average`, and the `nan` forms that numpy has.

Functions may be written with or without `np.`. `var` and `std` take `ddof=`, `average` takes `weights=`; `quantile(x, q)` is
linear. A statistic inside a larger expression stands for each point of its cell: `np.sum((h - np.mean(h))**2)`.

A **field** is an expression with one value per cell, **weights** have one per point, a **filter** is a condition without
statistics. Arithmetic is in float64, sums run in the order of the points, and the result is rounded once to the field's type.

With `data_source.fill: missing`, a statistic leaves out the points that miss a variable on which its argument depends
(unless it only asks `isnan` or `isfinite` of it). NaN that arise from arithmetic still spread; the `nan` forms leave those
out too. A cell of whose points none are left has NaN, and `len` 0.

An expression has at most 4096 bytes and nests at most 64 deep.
";

/// The reference page, in Markdown. The same bytes for the same version of zagg.
#[must_use]
pub fn reference_page() -> String {
    let schema = json_schema();
    let mut page = HEAD.to_owned();
    section("", &schema, &mut page);
    page.push_str(TAIL);
    page
}

/// One table, then those of the maps in it.
fn section(path: &str, schema: &Value, page: &mut String) {
    let heading = if path.is_empty() { "Top level".to_owned() } else { format!("`{path}`") };
    page.push_str(&format!("\n## {heading}\n\n"));
    page.push_str("| key | type | default | status | meaning |\n|---|---|---|---|---|\n");
    let properties = schema.get("properties").and_then(Value::as_object);
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut inner = Vec::new();
    for (key, property) in properties.into_iter().flatten() {
        page.push_str(&row(key, property, required.contains(&key.as_str())));
        inner.extend(maps(property).map(|(suffix, schema)| (join(path, key) + suffix, schema)));
    }
    for (path, schema) in inner {
        section(&path, schema, page);
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The maps with known keys that a value may be, hold or list.
fn maps(schema: &Value) -> Box<dyn Iterator<Item = (&'static str, &Value)> + '_> {
    let alternatives = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    let own = schema.get("properties").is_some().then_some(("", schema));
    let each = schema.get("additionalProperties").filter(|inner| inner.is_object());
    let item = schema.get("items");
    Box::new(
        own.into_iter()
            .chain(alternatives.flat_map(maps))
            .chain(each.into_iter().flat_map(|inner| maps(inner).map(|(_, schema)| (".<name>", schema))))
            .chain(item.into_iter().flat_map(|inner| maps(inner).map(|(_, schema)| ("[]", schema)))),
    )
}

fn row(key: &str, property: &Value, required: bool) -> String {
    let text = |key: &str| property.get(key).and_then(Value::as_str);
    let mut meaning = text("description").unwrap_or("").replace('|', "\\|");
    if let Some(why) = text("x-why") {
        meaning = format!("{} ({why}).", meaning.trim_end_matches('.'));
    }
    let default = match property.get("default") {
        Some(Value::String(text)) => format!("`{text}`"),
        Some(Value::Null) | None if required => "required".to_owned(),
        Some(Value::Null) | None => String::new(),
        Some(other) => format!("`{other}`"),
    };
    let status = text("x-status").unwrap_or("supported");
    format!("| `{key}` | {} | {default} | {status} | {meaning} |\n", kind(property))
}

/// The type in words.
fn kind(schema: &Value) -> String {
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        let names: Vec<String> = choices.iter().filter_map(Value::as_str).map(|name| format!("`{name}`")).collect();
        return names.join(", ");
    }
    if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
        let kinds: Vec<String> = branches.iter().map(kind).filter(|kind| !kind.is_empty()).collect();
        return kinds.join(" or ");
    }
    let names: Vec<&str> = match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect(),
        _ => return "any".to_owned(),
    };
    let word = |name: &str| match name {
        "null" => String::new(),
        "integer" => "whole number".to_owned(),
        "boolean" => "true or false".to_owned(),
        "string" => "text".to_owned(),
        "object" => match schema.get("additionalProperties").filter(|inner| inner.is_object()) {
            Some(inner) => format!("map of names to {}", kind(inner)),
            None => "map".to_owned(),
        },
        "array" => {
            let inner = schema.get("items").map_or_else(String::new, kind);
            match schema.get("minItems").and_then(Value::as_u64) {
                Some(n) => format!("list of {n}: {inner}"),
                None => format!("list of {inner}"),
            }
        }
        other => other.to_owned(),
    };
    names.into_iter().map(word).collect::<Vec<_>>().join(" or ")
}
