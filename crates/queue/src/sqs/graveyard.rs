//! The dead-letter queue: what is set aside, why, and putting it back.

use std::collections::{HashMap, HashSet};

use aws_sdk_sqs::types::{Message, MessageAttributeValue, MessageSystemAttributeName};

use super::batch::{self, BATCH};
use super::link::{Ask, Link};
use crate::error::Error;
use crate::message::{clip, decode, poison};
use crate::queue::{Buried, Class, Reason};

/// The attribute that names the class.
const CLASS: &str = "zagg-class";
/// The attribute that holds the reason's text.
const REASON: &str = "zagg-reason";
/// The attribute that counts the deliveries.
const ATTEMPTS: &str = "zagg-attempts";
/// Seconds for which a message is hidden from other readers while the graveyard is looked through.
/// A program that is killed meanwhile leaves them hidden for so long.
const HIDE: u32 = 120;
/// Seconds to wait for a page: a receive that doesn't wait asks only some of `SQS`'s servers.
const WAIT: u64 = 1;

/// The graveyard of one queue.
pub(super) struct Graveyard<'a> {
    pub(super) link: &'a Link,
    /// The dead-letter queue's URL.
    pub(super) url: &'a str,
    /// Deliveries after which the broker itself sets a message aside.
    pub(super) limit: u32,
}

/// A message of the graveyard.
struct Grave {
    receipt: String,
    sent: u64,
    buried: Buried,
}

impl Graveyard<'_> {
    /// Sets a message aside.
    pub(super) async fn entomb(&self, body: &str, attempts: u32, reason: &Reason) -> Result<(), Error> {
        let attribute = |kind: &str, value: String| {
            MessageAttributeValue::builder().data_type(kind).string_value(value).build().map_err(|e| self.link.bug(e))
        };
        let mut dress = HashMap::from([
            (CLASS.to_owned(), attribute("String", reason.class.name().to_owned())?),
            (ATTEMPTS.to_owned(), attribute("Number", attempts.to_string())?),
        ]);
        let text = clip(&sendable(&reason.text));
        if !text.is_empty() {
            dress.insert(REASON.to_owned(), attribute("String", text)?);
        }
        self.link.send(self.url, body, dress).await
    }

    /// Lists up to `max` messages.
    pub(super) async fn list(&self, max: usize) -> Result<Vec<Buried>, Error> {
        let mut graves = HashMap::new();
        let outcome = self.look_through(max, &mut graves).await;
        self.give_back(graves.values().map(|grave| grave.receipt.clone()).collect()).await;
        outcome?;
        let mut graves: Vec<Grave> = graves.into_values().collect();
        graves.sort_by_key(|grave| grave.sent);
        Ok(graves.into_iter().map(|grave| grave.buried).collect())
    }

    async fn look_through(&self, max: usize, graves: &mut HashMap<String, Grave>) -> Result<(), Error> {
        while graves.len() < max {
            let known = graves.len();
            for (id, grave) in self.page(max - known).await? {
                graves.insert(id, grave);
            }
            if graves.len() == known {
                break;
            }
        }
        Ok(())
    }

    /// Puts up to `max` messages of a class back on the queue at `home`; how many it were.
    pub(super) async fn redrive(&self, home: &str, max: usize, class: Option<Class>) -> Result<usize, Error> {
        let (mut count, mut kept) = (0, Vec::new());
        let outcome = self.move_matching(home, max, class, &mut count, &mut kept).await;
        self.give_back(kept).await;
        outcome.map(|()| count)
    }

    async fn move_matching(
        &self,
        home: &str,
        max: usize,
        class: Option<Class>,
        count: &mut usize,
        kept: &mut Vec<String>,
    ) -> Result<(), Error> {
        let mut seen = HashSet::new();
        while *count < max {
            let mut page = self.page(BATCH).await?;
            page.retain(|(id, _)| seen.insert(id.clone()));
            if page.is_empty() {
                break;
            }
            let mut graves = Vec::new();
            for (_, grave) in page {
                let wanted = class.is_none_or(|class| class == grave.buried.reason.class);
                if wanted && *count + graves.len() < max {
                    graves.push(grave);
                } else {
                    kept.push(grave.receipt);
                }
            }
            *count += self.exhume(home, graves, kept).await?;
        }
        Ok(())
    }

    /// Sends up to ten messages home, and only then takes them from the graveyard; how many went.
    async fn exhume(&self, home: &str, graves: Vec<Grave>, kept: &mut Vec<String>) -> Result<usize, Error> {
        if graves.is_empty() {
            return Ok(0);
        }
        let bodies: Vec<(usize, String)> =
            graves.iter().enumerate().map(|(n, grave)| (n, grave.buried.body.clone())).collect();
        let sent = batch::send(self.link, home, &bodies).await;
        let refused = match sent {
            Ok(refused) => refused,
            Err(error) => {
                kept.extend(graves.into_iter().map(|grave| grave.receipt));
                return Err(error);
            }
        };
        let mut gone = Vec::new();
        for (n, grave) in graves.into_iter().enumerate() {
            match refused.iter().find(|refused| refused.index == n) {
                None => gone.push(grave.receipt),
                Some(refused) => {
                    tracing::warn!(queue = self.link.queue, reason = refused.reason, "a job stays buried");
                    kept.push(grave.receipt);
                }
            }
        }
        if !gone.is_empty() {
            self.link.delete_all(self.url, &gone).await?;
        }
        Ok(gone.len())
    }

    /// The next messages by id; none when there are no more.
    async fn page(&self, max: usize) -> Result<Vec<(String, Grave)>, Error> {
        let ask = Ask { max: max.min(BATCH), wait: WAIT, hide: HIDE, dressed: true };
        let messages = self.link.receive(self.url, &ask).await?;
        Ok(messages.into_iter().filter_map(|message| grave(message, self.limit)).collect())
    }

    /// Makes messages visible to other readers again; what fails becomes so by itself.
    async fn give_back(&self, receipts: Vec<String>) {
        for part in receipts.chunks(BATCH) {
            if let Err(error) = self.link.show(self.url, part).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(queue = self.link.queue, error, "buried jobs stay hidden for {HIDE} s");
            }
        }
    }
}

/// The message's id, and what it is. A message that the broker itself set aside names the queue
/// that it was taken from, and was handed out as often as the broker allows.
fn grave(message: Message, limit: u32) -> Option<(String, Grave)> {
    let system = message.attributes.unwrap_or_default();
    let told = |name| system.get(&name);
    let by_broker = told(MessageSystemAttributeName::DeadLetterQueueSourceArn).is_some();
    let dress = message.message_attributes.filter(|_| !by_broker).unwrap_or_default();
    let text = |name: &str| dress.get(name).and_then(|value| value.string_value.as_deref());
    let (attempts, reason) = match text(CLASS) {
        None => (limit, poison(limit)),
        class => {
            let attempts = text(ATTEMPTS).and_then(|count| count.parse().ok()).unwrap_or(0);
            (attempts, Reason::new(Class::kept_as(class), text(REASON).unwrap_or_default()))
        }
    };
    let body = message.body.unwrap_or_default();
    let sent = told(MessageSystemAttributeName::SentTimestamp).and_then(|time| time.parse().ok()).unwrap_or(0);
    let buried = Buried { job: decode(body.as_bytes()).ok(), body, attempts, reason };
    Some((message.message_id?, Grave { receipt: message.receipt_handle?, sent, buried }))
}

/// The text with a replacement for what `SQS` refuses: it takes what XML 1.0 takes.
fn sendable(text: &str) -> String {
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    text.chars().map(|c| if allowed(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> MessageAttributeValue {
        MessageAttributeValue::builder().data_type("String").string_value(text).build().unwrap()
    }

    #[test]
    fn what_the_broker_set_aside_is_poison_whatever_it_carries() {
        let message = Message::builder()
            .message_id("m")
            .receipt_handle("r")
            .body("not json")
            .attributes(MessageSystemAttributeName::DeadLetterQueueSourceArn, "arn:aws:sqs:r:1:q")
            .attributes(MessageSystemAttributeName::SentTimestamp, "17")
            .message_attributes(CLASS, string("denied"));
        let (_, found) = grave(message.build(), 5).unwrap();
        assert_eq!((found.sent, found.buried.attempts), (17, 5));
        assert_eq!(found.buried.reason, poison(5));
        assert_eq!((found.buried.job, found.buried.body.as_str()), (None, "not json"));
    }

    #[test]
    fn what_was_buried_keeps_its_class_and_reason() {
        let message = Message::builder()
            .message_id("m")
            .receipt_handle("r")
            .body("x")
            .message_attributes(CLASS, string("denied"))
            .message_attributes(REASON, string("no token"))
            .message_attributes(ATTEMPTS, string("2"));
        let (_, found) = grave(message.build(), 5).unwrap();
        assert_eq!(found.buried.attempts, 2);
        assert_eq!(found.buried.reason, Reason::new(Class::Denied, "no token"));
        assert!(grave(Message::builder().body("x").build(), 5).is_none(), "a message that can't be held");
    }

    #[test]
    fn letters_that_sqs_refuses_are_replaced() {
        assert_eq!(sendable("a\0b\u{ffff}c\u{1}\n\té冰🛰"), "a\u{fffd}b\u{fffd}c\u{fffd}\n\té冰🛰");
    }
}
