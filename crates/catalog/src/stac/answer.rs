//! What a STAC server answers, as far as a search needs it.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::item::Item;

/// A page of a search (a STAC ItemCollection).
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub(super) features: Vec<Item>,
    #[serde(default)]
    pub(super) links: Option<Vec<Link>>,
    /// The older form of the counts, which CMR uses.
    #[serde(default)]
    context: Option<Context>,
    #[serde(default, rename = "numberMatched")]
    number_matched: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Context {
    #[serde(default)]
    matched: Option<u64>,
}

/// A link to another page.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Link {
    #[serde(default)]
    pub(super) rel: Option<String>,
    #[serde(default)]
    pub(super) href: Option<String>,
    #[serde(default)]
    pub(super) method: Option<String>,
    #[serde(default)]
    pub(super) headers: Option<Map<String, Value>>,
    #[serde(default)]
    pub(super) body: Option<Map<String, Value>>,
    #[serde(default)]
    pub(super) merge: Option<bool>,
}

impl Page {
    /// How many items match in all, if the server says so.
    pub(super) fn matched(&self) -> Option<u64> {
        self.context.as_ref().and_then(|context| context.matched).or(self.number_matched)
    }

    /// The link to the next page.
    pub(super) fn next(&self) -> Option<&Link> {
        self.links.iter().flatten().find(|link| link.rel.as_deref() == Some("next"))
    }
}

/// The longest part of a refusal that is shown, in characters.
const MAX_WORDS: usize = 300;

/// What a server's refusal says, after `: `: CMR lists `errors`, other servers have a
/// `description`, a `detail` or a `message`; empty when it says nothing.
pub(super) fn words(body: &[u8]) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let said = match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(fields)) => match fields.get("errors") {
            Some(Value::Array(errors)) => errors.iter().map(text).collect::<Vec<_>>().join("; "),
            Some(other) => text(other),
            None => ["description", "detail", "message"]
                .iter()
                .find_map(|name| fields.get(*name))
                .map_or_else(|| Value::Object(fields.clone()).to_string(), text),
        },
        Ok(other) => text(&other),
        Err(_) => start(body, MAX_WORDS),
    };
    let said = one_line(&said, MAX_WORDS);
    if said.is_empty() { said } else { format!(": {said}") }
}

/// The first characters of a body.
pub(super) fn start(body: &[u8], characters: usize) -> String {
    let text = String::from_utf8_lossy(body.get(..characters * 4).unwrap_or(body));
    one_line(&text, characters)
}

fn one_line(text: &str, characters: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut cut: String = text.chars().filter(|char| !char.is_control()).take(characters).collect();
    if cut.len() < text.len() && text.chars().count() > characters {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_shown_in_the_servers_own_words() {
        for (body, said) in [
            (r#"{"errors":["Provider [X] not found.","And more."]}"#, ": Provider [X] not found.; And more."),
            (r#"{"code":"BadRequest","description":"no such index"}"#, ": no such index"),
            (r#"{"detail":[{"msg":"bad"}]}"#, r#": [{"msg":"bad"}]"#),
            ("<html>\n  <h1>Bad  Gateway</h1>", ": <html> <h1>Bad Gateway</h1>"),
            ("", ""),
            ("{}", ": {}"),
        ] {
            assert_eq!(words(body.as_bytes()), said);
        }
    }

    #[test]
    fn a_long_refusal_is_cut() {
        let long = format!(r#"{{"errors":["{}"]}}"#, "é".repeat(100_000));
        assert_eq!(words(long.as_bytes()).chars().count(), MAX_WORDS + 3);
        let raw = "é".repeat(100_000);
        assert_eq!(words(raw.as_bytes()).chars().count(), MAX_WORDS + 3);
    }

    #[test]
    fn both_forms_of_the_count_are_known() {
        let matched = |text: &str| serde_json::from_str::<Page>(text).unwrap().matched();
        assert_eq!(matched(r#"{"features":[],"context":{"returned":0,"limit":100,"matched":7}}"#), Some(7));
        assert_eq!(matched(r#"{"features":[],"numberMatched":8,"links":null,"context":null}"#), Some(8));
        assert_eq!(matched(r#"{"features":[]}"#), None);
        assert!(serde_json::from_str::<Page>(r#"{"errors":[]}"#).is_err());
    }
}
