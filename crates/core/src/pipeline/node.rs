//! YAML text to a tree that keeps order, lines and NaN.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{Options, Spanned, options::NonFiniteFloatPolicy};

use super::problem::{Path, PipelineError, Problem, Step};

/// The largest text that is read, in bytes.
const LONGEST: usize = 1 << 20;
/// The deepest nesting that is read. The walk over the tree recurses.
const DEEPEST: usize = 48;

/// A value and the line on which it starts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) value: Value,
    /// From 1.
    pub(super) line: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Boolean(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key and its line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) line: u64,
}

impl Node {
    /// Reads YAML. Anchors, aliases and merge keys are resolved, within bounds.
    ///
    /// # Errors
    /// When the text is not YAML, is too large, or is empty.
    pub(super) fn from_yaml(text: &str) -> Result<Self, PipelineError> {
        let refuse = |line, message| {
            let problem = Problem { path: String::new(), line, message, suggestion: None };
            Err(PipelineError { problems: vec![problem] })
        };
        if text.len() > LONGEST {
            return refuse(None, format!("the file has {} bytes, more than {LONGEST}", text.len()));
        }
        match serde_saphyr::from_str_with_options::<Spanned<Value>>(text, options()) {
            Ok(Spanned { value: Value::Null, .. }) => {
                refuse(None, "the file is empty; a pipeline has data_source, aggregation and output".to_owned())
            }
            Ok(root) => Ok(root.into()),
            Err(error) => {
                let line = error.location().map(|location| location.line()).filter(|line| *line > 0);
                refuse(line, format!("not readable as YAML: {}", error.without_snippet()))
            }
        }
    }

    /// The node at `key` of a map.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(known, _)| known.name == key).map(|(_, node)| node)
    }

    /// The entries of a map; of anything else none.
    pub(super) fn entries(&self) -> &[(Key, Self)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The line of the key or item at `path`, or of the nearest one above that is there.
    pub(super) fn line_of(&self, path: &Path) -> Option<u64> {
        let (mut node, mut line) = (self, None);
        for step in path.steps() {
            let found = match (step, &node.value) {
                (Step::Key(name), Value::Map(entries)) => {
                    entries.iter().find(|(key, _)| key.name == *name).map(|(key, node)| (key.line, node))
                }
                (Step::Index(index), Value::List(items)) => items.get(*index).map(|item| (item.line, item)),
                _ => None,
            };
            let Some((at, next)) = found else { break };
            (line, node) = (Some(at), next);
        }
        line.filter(|line| *line > 0)
    }

    /// What kind of value it is, in words.
    pub(super) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Boolean(_) => "true or false",
            Value::Integer(_) => "a whole number",
            Value::Float(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// The value as JSON. NaN, which JSON lacks, becomes the text `NaN`.
    pub(super) fn json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Boolean(value) => (*value).into(),
            Value::Integer(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => value.into(),
                (_, Ok(value)) => value.into(),
                _ => (*value as f64).into(),
            },
            Value::Float(value) => {
                serde_json::Number::from_f64(*value).map_or_else(|| format!("{value}").into(), Into::into)
            }
            Value::Text(text) => text.clone().into(),
            Value::List(items) => items.iter().map(Self::json).collect(),
            Value::Map(entries) => entries
                .iter()
                .map(|(key, node)| (key.name.clone(), node.json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}

fn options() -> Options {
    let mut options = Options::default();
    let mut budget = options.budget.take().unwrap_or_default();
    budget.max_depth = DEEPEST;
    budget.max_nodes = 100_000;
    budget.max_events = 400_000;
    options.budget = Some(budget);
    options.alias_limits.max_total_replayed_events = 100_000;
    options.non_finite_float_policy = NonFiniteFloatPolicy::PassThrough;
    options.with_snippet = false;
    options
}

impl From<Spanned<Value>> for Node {
    fn from(spanned: Spanned<Value>) -> Self {
        Self { line: spanned.referenced.line(), value: spanned.value }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u128<E: serde::de::Error>(self, value: u128) -> Result<Value, E> {
        i128::try_from(value).map(Value::Integer).map_err(|_| E::custom("the number is too large"))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Spanned<Value>>()? {
            list.push(item.into());
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map: Vec<(Key, Node)> = Vec::new();
        while let Some(key) = entries.next_key::<Spanned<String>>()? {
            let key = Key { line: key.referenced.line(), name: key.value };
            if map.iter().any(|(known, _)| known.name == key.name) {
                return Err(A::Error::custom(format!("the key `{}` occurs twice", key.name)));
            }
            map.push((key, entries.next_value::<Spanned<Value>>()?.into()));
        }
        Ok(Value::Map(map))
    }
}
