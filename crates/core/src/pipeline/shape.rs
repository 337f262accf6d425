//! Whether a tree has the shape of the schema: known keys, right types.
//!
//! What is wrong is reported and left out of the result, so that the meaning of the rest can
//! still be checked and everything is told at once.

use serde_json::Value as Json;

use super::{
    node::{Node, Value},
    problem::{Findings, Path},
};
use crate::nearest::nearest;

/// The part of `node` that fits `schema`, as JSON. A null is taken for an absent value.
pub(super) fn conform(node: &Node, schema: &Json, path: &Path, findings: &mut Findings) -> Option<Json> {
    if node.value == Value::Null {
        return None;
    }
    // YAML spells it `.nan`, JSON cannot; the peer takes either for a fill value.
    let last = path.steps().last();
    let is_fill = matches!(last, Some(super::problem::Step::Key(key)) if key == "fill_value");
    if let Value::Float(value) = node.value
        && !value.is_finite()
        && !(is_fill && value.is_nan())
    {
        findings.problem(path, format!("{value} is not a finite number"));
        return None;
    }
    let Some(branch) = branches(schema).into_iter().find(|branch| fits(node, branch)) else {
        findings.problem(path, misfit(node, schema));
        return None;
    };
    match &node.value {
        Value::Map(_) if branch.get("properties").is_some() || branch.get("additionalProperties").is_some() => {
            Some(map(node, branch, path, findings))
        }
        Value::List(items) if branch.get("items").is_some() => list(items, branch, path, findings),
        Value::Text(text) => choice(text, branch, path, findings),
        Value::Integer(_) | Value::Float(_) => number(node, branch, path, findings),
        _ => {
            finite(node, path, findings);
            Some(node.json())
        }
    }
}

/// The alternatives of a schema.
fn branches(schema: &Json) -> Vec<&Json> {
    match schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Json::as_array) {
        Some(branches) => branches.iter().flat_map(branches_of).collect(),
        None => vec![schema],
    }
}

fn branches_of(schema: &Json) -> Vec<&Json> {
    branches(schema)
}

/// The type names of a branch; none when anything goes.
fn types(branch: &Json) -> Vec<&str> {
    match branch.get("type") {
        Some(Json::String(name)) => vec![name],
        Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).collect(),
        _ if branch.get("enum").is_some() => vec!["string"],
        _ => Vec::new(),
    }
}

fn fits(node: &Node, branch: &Json) -> bool {
    let types = types(branch);
    let wanted: &[&str] = match &node.value {
        Value::Null => &["null"],
        Value::Boolean(_) => &["boolean"],
        Value::Integer(_) => &["integer", "number"],
        Value::Float(value) if value.is_nan() => &["string"],
        Value::Float(_) => &["number"],
        Value::Text(_) => &["string"],
        Value::List(_) => &["array"],
        Value::Map(_) => &["object"],
    };
    types.is_empty() || types.iter().any(|name| wanted.contains(name))
}

fn misfit(node: &Node, schema: &Json) -> String {
    let mut wanted: Vec<&str> = Vec::new();
    for name in branches(schema).into_iter().flat_map(types) {
        let words = match name {
            "boolean" => "true or false",
            "integer" => "a whole number",
            "number" => "a number",
            "string" => "text",
            "array" => "a list",
            "object" => "a map",
            _ => continue,
        };
        if !wanted.contains(&words) {
            wanted.push(words);
        }
    }
    let remedy = match &node.value {
        Value::Text(text) if text.parse::<f64>().is_ok() => format!("; write {text} without quotes"),
        Value::Float(value) if value.fract() == 0.0 => format!("; write {value:.0}"),
        _ => String::new(),
    };
    format!("expected {}, found {}{remedy}", wanted.join(" or "), node.kind())
}

fn map(node: &Node, branch: &Json, path: &Path, findings: &mut Findings) -> Json {
    let properties = branch.get("properties").and_then(Json::as_object);
    let mut fitting = serde_json::Map::new();
    for (key, child) in node.entries() {
        let at = path.key(&key.name);
        let known = properties.and_then(|properties| properties.get(&key.name));
        let other = branch.get("additionalProperties").filter(|schema| **schema != Json::Bool(false));
        let Some(schema) = known.or(other) else {
            let names = properties.into_iter().flatten().map(|(name, _)| name.as_str());
            let suggestion = nearest(&key.name, names.clone());
            let message = match suggestion {
                Some(_) => "unknown key".to_owned(),
                None => format!("unknown key; known here are {}", names.collect::<Vec<_>>().join(", ")),
            };
            findings.misnomer(&at, message, suggestion);
            continue;
        };
        if child.value == Value::Null || refused(schema, &at, findings) {
            continue;
        }
        if let Some(value) = conform(child, schema, &at, findings) {
            fitting.insert(key.name.clone(), value);
        }
    }
    fitting.into()
}

/// Notes a key without effect; refuses one that is not supported yet.
fn refused(schema: &Json, path: &Path, findings: &mut Findings) -> bool {
    let why = schema.get("x-why").and_then(Json::as_str);
    match schema.get("x-status").and_then(Json::as_str) {
        Some("no effect") => {
            findings.note(format!("`{path}` has no effect: {}", why.unwrap_or("zagg does without")));
            false
        }
        Some("not yet") => {
            findings.problem(path, not_yet("this key", why));
            true
        }
        _ => false,
    }
}

/// The message for something that is known but not supported.
pub(super) fn not_yet(what: &str, remedy: Option<&str>) -> String {
    format!("{what} is known but not supported yet; {}", remedy.unwrap_or("remove it"))
}

fn list(items: &[Node], branch: &Json, path: &Path, findings: &mut Findings) -> Option<Json> {
    let bound = |key: &str| branch.get(key).and_then(Json::as_u64).and_then(|n| usize::try_from(n).ok());
    let (least, most) = (bound("minItems").unwrap_or(0), bound("maxItems").unwrap_or(usize::MAX));
    if !(least..=most).contains(&items.len()) {
        findings.problem(path, format!("expected a list of {least} values, found {}", items.len()));
        return None;
    }
    let mut fitting = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let at = path.index(i);
        if item.value == Value::Null {
            findings.problem(&at, "nothing stands here; remove the item or give it a value");
        }
        fitting.extend(conform(item, branch.get("items").unwrap_or(&Json::Bool(true)), &at, findings));
    }
    // A list of fixed length cannot do without one of its items.
    (least != most || fitting.len() == items.len()).then(|| fitting.into())
}

fn choice(text: &str, branch: &Json, path: &Path, findings: &mut Findings) -> Option<Json> {
    if let Some(choices) = branch.get("enum").and_then(Json::as_array) {
        let names: Vec<&str> = choices.iter().filter_map(Json::as_str).collect();
        if !names.contains(&text) {
            let message = format!("`{text}` is not one of {}", names.join(", "));
            findings.misnomer(path, message, nearest(text, names));
            return None;
        }
    }
    Some(text.into())
}

fn number(node: &Node, branch: &Json, path: &Path, findings: &mut Findings) -> Option<Json> {
    let value = match node.value {
        Value::Integer(value) => value as f64,
        Value::Float(value) => value,
        _ => return None,
    };
    let (mut least, mut most) = match branch.get("format").and_then(Json::as_str) {
        Some("uint8") => (0.0, f64::from(u8::MAX)),
        Some("uint32") => (0.0, f64::from(u32::MAX)),
        Some("int32") => (f64::from(i32::MIN), f64::from(i32::MAX)),
        // The largest number that both i64 and f64 hold.
        Some("int64") => (-9.007_199_254_740_992e15, 9.007_199_254_740_992e15),
        _ => (f64::NEG_INFINITY, f64::INFINITY),
    };
    let bound = |key: &str| branch.get(key).and_then(Json::as_f64);
    least = bound("minimum").map_or(least, |bound| bound.max(least));
    most = bound("maximum").map_or(most, |bound| bound.min(most));
    if value < least || value > most {
        findings.problem(path, format!("{value} is not between {least} and {most}"));
        return None;
    }
    Some(node.json())
}

/// Reports numbers that are not finite below a place where anything goes.
fn finite(node: &Node, path: &Path, findings: &mut Findings) {
    match &node.value {
        Value::Float(value) if !value.is_finite() => {
            findings.problem(path, format!("{value} is not a finite number"));
        }
        Value::List(items) => items.iter().enumerate().for_each(|(i, item)| finite(item, &path.index(i), findings)),
        Value::Map(entries) => entries.iter().for_each(|(key, node)| finite(node, &path.key(&key.name), findings)),
        _ => {}
    }
}
