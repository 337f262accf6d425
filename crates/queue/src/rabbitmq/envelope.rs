//! What rides beside a message: attempts so far, and why it was set aside.

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};

use super::setup::DELIVERY_LIMIT;
use crate::message::decode;
use crate::queue::{Buried, Class, Reason};

/// Deliveries before the message was published last. The broker counts those since.
const ATTEMPTS: &str = "x-zagg-attempts";
/// The class of the reason that it was set aside for.
const CLASS: &str = "x-zagg-class";
/// The text of that reason.
const REASON: &str = "x-zagg-reason";
/// The broker's count of deliveries that came back.
const RETURNED: &str = "x-delivery-count";
/// The broker's record of why and where it took a message off a queue.
const DEATHS: &str = "x-death";

/// Delivery mode 2: kept on disk.
const PERSISTENT: u8 = 2;

/// Properties of a message that was handed out `attempts` times so far.
pub(super) fn properties(id: Option<ShortString>, attempts: u32) -> BasicProperties {
    let mut headers = FieldTable::default();
    if attempts > 0 {
        headers.insert(ATTEMPTS.into(), AMQPValue::LongLongInt(attempts.into()));
    }
    wrap(id, headers)
}

/// Properties of a message that is set aside.
pub(super) fn epitaph(id: Option<ShortString>, attempts: u32, reason: &Reason) -> BasicProperties {
    let reason = reason.clipped();
    let mut headers = FieldTable::default();
    headers.insert(ATTEMPTS.into(), AMQPValue::LongLongInt(attempts.into()));
    headers.insert(CLASS.into(), AMQPValue::LongString(reason.class.name().into()));
    headers.insert(REASON.into(), AMQPValue::LongString(reason.text.into()));
    wrap(id, headers)
}

fn wrap(id: Option<ShortString>, headers: FieldTable) -> BasicProperties {
    let properties = BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type("application/json".into())
        .with_headers(headers);
    match id {
        Some(id) => properties.with_message_id(id),
        None => properties,
    }
}

/// How many times a message on the work queue has been handed out, this time included.
pub(super) fn attempt(properties: &BasicProperties) -> u32 {
    published(properties).saturating_add(number(properties, RETURNED).unwrap_or(0)).saturating_add(1)
}

fn published(properties: &BasicProperties) -> u32 {
    number(properties, ATTEMPTS).unwrap_or(0)
}

/// A message of the graveyard, for people.
pub(super) fn tombstone(properties: &BasicProperties, body: &[u8]) -> Buried {
    let class = header(properties, CLASS).and_then(text);
    let (attempts, why) = match header(properties, REASON).and_then(text) {
        Some(why) => (published(properties), why),
        None => by_the_broker(properties),
    };
    let reason = Reason::new(Class::kept_as(class.as_deref()), why);
    Buried { job: decode(body).ok(), body: String::from_utf8_lossy(body).into_owned(), attempts, reason }
}

/// The class of a message of the graveyard.
pub(super) fn class(properties: &BasicProperties) -> Class {
    Class::kept_as(header(properties, CLASS).and_then(text).as_deref())
}

/// What the broker itself set aside: its limit of deliveries is the only cause that we give it.
fn by_the_broker(properties: &BasicProperties) -> (u32, String) {
    match last_death(properties).as_deref() {
        Some("delivery_limit") => {
            let attempts = published(properties).saturating_add(DELIVERY_LIMIT).saturating_add(1);
            (attempts, format!("given up by the broker after {attempts} attempts"))
        }
        Some(cause) => (published(properties), format!("set aside by the broker: {cause}")),
        None => (published(properties), "set aside by another program, which gave no reason".to_owned()),
    }
}

/// Why the broker took the message off a queue the last time.
fn last_death(properties: &BasicProperties) -> Option<String> {
    let AMQPValue::FieldArray(deaths) = header(properties, DEATHS)? else { return None };
    let AMQPValue::FieldTable(last) = deaths.as_slice().first()? else { return None };
    text(last.inner().get("reason")?)
}

fn header<'a>(properties: &'a BasicProperties, name: &str) -> Option<&'a AMQPValue> {
    properties.headers().as_ref()?.inner().get(name)
}

fn text(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => Some(String::from_utf8_lossy(text.as_bytes()).into_owned()),
        AMQPValue::ShortString(text) => Some(text.as_str().to_owned()),
        _ => None,
    }
}

fn number(properties: &BasicProperties, name: &str) -> Option<u32> {
    let number = match header(properties, name)? {
        AMQPValue::ShortShortInt(n) => i64::from(*n),
        AMQPValue::ShortShortUInt(n) => i64::from(*n),
        AMQPValue::ShortInt(n) => i64::from(*n),
        AMQPValue::ShortUInt(n) => i64::from(*n),
        AMQPValue::LongInt(n) => i64::from(*n),
        AMQPValue::LongUInt(n) => i64::from(*n),
        AMQPValue::LongLongInt(n) => *n,
        _ => return None,
    };
    Some(u32::try_from(number.max(0)).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use lapin::types::FieldArray;

    use super::*;
    use crate::message::tests::job;

    fn with(name: &str, value: AMQPValue, properties: BasicProperties) -> BasicProperties {
        let mut headers = properties.headers().clone().unwrap_or_default();
        headers.insert(name.into(), value);
        properties.with_headers(headers)
    }

    #[test]
    fn attempts_are_ours_and_the_brokers_and_this_one() {
        assert_eq!(attempt(&BasicProperties::default()), 1);
        assert_eq!(attempt(&properties(None, 2)), 3);
        assert_eq!(attempt(&with(RETURNED, AMQPValue::LongLongInt(4), properties(None, 2))), 7);
        assert_eq!(attempt(&with(ATTEMPTS, AMQPValue::LongLongInt(i64::MAX), properties(None, 0))), u32::MAX);
        assert_eq!(attempt(&with(ATTEMPTS, AMQPValue::LongInt(-3), properties(None, 0))), 1);
        assert_eq!(attempt(&with(ATTEMPTS, AMQPValue::Boolean(true), properties(None, 0))), 1);
    }

    #[test]
    fn a_tombstone_reads_as_it_was_written() {
        let reason = Reason::new(Class::Denied, "no \"é\"\n");
        let body = serde_json::to_vec(&job(3)).unwrap();
        let buried = tombstone(&epitaph(None, 4, &reason), &body);
        assert_eq!((buried.attempts, buried.reason, buried.job), (4, reason, Some(job(3))));
    }

    #[test]
    fn what_the_broker_set_aside_is_poison_with_its_attempts() {
        let mut death = FieldTable::default();
        death.insert("reason".into(), AMQPValue::LongString("delivery_limit".into()));
        let mut deaths = FieldArray::default();
        deaths.push(AMQPValue::FieldTable(death));
        let buried = tombstone(&with(DEATHS, AMQPValue::FieldArray(deaths), properties(None, 2)), b"\xff");
        assert_eq!((buried.attempts, buried.reason.class), (DELIVERY_LIMIT + 3, Class::Poison));
        assert!(buried.reason.text.contains(&buried.attempts.to_string()), "{}", buried.reason);
        assert_eq!((buried.job, buried.body.as_str()), (None, "�"));
        assert_eq!(tombstone(&BasicProperties::default(), b"").reason.class, Class::Poison);
    }
}
