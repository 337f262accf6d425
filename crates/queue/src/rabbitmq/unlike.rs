//! What a queue or exchange that exists has otherwise than it would be made.
//!
//! The broker refuses to declare it again, names the first argument that differs, and says both
//! values in a sentence: "inequivalent arg 'x-delivery-limit' for queue 'q' in vhost '/': received
//! the value '20' of type 'long' but current is none". Nothing is decided by it; it is read to show
//! people what is there. Where it reads otherwise one day, the sentence itself is shown.

use lapin::types::{AMQPValue, FieldTable};

use crate::setup::Difference;

/// A difference, as far as the broker told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unlike {
    /// The argument's name, and the values that it has and that were asked for.
    told: Option<(String, Given, Given)>,
    /// What the broker said.
    said: String,
}

/// A value in the broker's words.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Given {
    Nothing,
    Text(String),
    Number(i64),
    /// Something else, as it stands there.
    Other(String),
}

impl Unlike {
    pub(super) fn heard(said: &str) -> Self {
        Self { told: read(said), said: said.to_owned() }
    }

    /// Puts what the broker has in the place of what was asked for; says whether that changed
    /// anything, so that it is worth asking again.
    pub(super) fn take_over(&self, arguments: &mut FieldTable) -> bool {
        let Some((name, found, _)) = &self.told else { return false };
        let value = match found {
            Given::Nothing => AMQPValue::Void,
            Given::Text(text) => AMQPValue::LongString(text.as_str().into()),
            Given::Number(number) => AMQPValue::LongLongInt(*number),
            Given::Other(_) => return false,
        };
        // What the broker refuses again would be refused for ever.
        if !name.starts_with("x-") || arguments.inner().get(name.as_str()) == Some(&value) {
            return false;
        }
        let mut changed = FieldTable::default();
        for (key, old) in arguments.inner() {
            if key.as_str() != name {
                changed.insert(key.clone(), old.clone());
            }
        }
        let there = changed.inner().len() < arguments.inner().len();
        if value != AMQPValue::Void {
            changed.insert(name.as_str().into(), value);
        } else if !there {
            return false;
        }
        *arguments = changed;
        true
    }

    pub(super) fn difference(&self, thing: &str) -> Difference {
        let (parameter, found, wanted) = match &self.told {
            Some((name, found, wanted)) => (name.clone(), found.shown(), wanted.shown()),
            None => ("something".to_owned(), self.said.clone(), "what this program makes".to_owned()),
        };
        let remedy = format!(
            "{}; the broker changes nothing that exists: delete it when it is empty and create it again, \
             or name another queue",
            effect(&parameter)
        );
        Difference { thing: thing.to_owned(), parameter, found, wanted, remedy }
    }
}

impl Given {
    fn read(text: &str) -> Self {
        let Some((value, kind)) = text.strip_prefix("the value '").and_then(|rest| rest.split_once("' of type '"))
        else {
            return match text.trim_matches('\'') {
                "none" => Self::Nothing,
                plain => Self::Text(plain.to_owned()),
            };
        };
        match (kind.trim_end_matches('\''), value.parse()) {
            ("longstr", _) => Self::Text(value.to_owned()),
            (_, Ok(number)) => Self::Number(number),
            _ => Self::Other(value.to_owned()),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Nothing => "none".to_owned(),
            Self::Text(text) | Self::Other(text) => text.clone(),
            Self::Number(number) => number.to_string(),
        }
    }
}

fn read(said: &str) -> Option<(String, Given, Given)> {
    let (name, rest) = said.split_once("inequivalent arg '")?.1.split_once('\'')?;
    let (wanted, found) = rest.split_once("received ")?.1.split_once(" but current is ")?;
    Some((name.to_owned(), Given::read(found), Given::read(wanted)))
}

/// What the difference does.
fn effect(parameter: &str) -> &'static str {
    match parameter {
        "x-queue-type" => "jobs whose workers die are never found to be poison, and one node's disk has them all",
        "x-delivery-limit" => "the broker gives jobs up after another number of deliveries",
        "x-dead-letter-exchange" | "x-dead-letter-routing-key" => "what is handed on goes elsewhere or is lost",
        "x-dead-letter-strategy" | "x-overflow" => "what is handed on may be lost on the way",
        "x-message-ttl" => "messages vanish from it, or come back, at another time",
        "x-consumer-timeout" => "the broker takes jobs away after another time",
        _ => "it may behave otherwise than this program expects",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: &str = "PRECONDITION_FAILED - inequivalent arg 'x-delivery-limit' for queue 'q' in vhost '/': \
                         received the value '20' of type 'long' but current is";

    #[test]
    fn what_the_broker_has_is_taken_over_once() {
        let unlike = Unlike::heard(&format!("{LIMIT} the value '5' of type 'signedint'"));
        let mut arguments = FieldTable::default();
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(20));
        assert!(unlike.take_over(&mut arguments));
        assert_eq!(arguments.inner().get("x-delivery-limit"), Some(&AMQPValue::LongLongInt(5)));
        assert!(!unlike.take_over(&mut arguments), "asking again would not help");
        let difference = unlike.difference("q");
        assert_eq!((difference.found.as_str(), difference.wanted.as_str()), ("5", "20"));
        let none = Unlike::heard(&format!("{LIMIT} none"));
        assert!(none.take_over(&mut arguments));
        assert!(arguments.inner().is_empty() && !none.take_over(&mut arguments));
    }

    #[test]
    fn another_sentence_is_shown_as_it_is() {
        for said in ["no", "inequivalent arg 'durable' for queue 'q': received 'true' but current is 'false'"] {
            let unlike = Unlike::heard(said);
            assert!(!unlike.take_over(&mut FieldTable::default()));
            assert!(unlike.difference("q").to_string().contains("name another queue"));
        }
        assert_eq!(Unlike::heard("no").difference("q").found, "no");
    }
}
