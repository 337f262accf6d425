//! Making the queue on its broker, and looking at what is there.

use futures::future::join_all;
use lapin::options::{ExchangeBindOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::protocol::AMQPSoftError;
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};

use super::address::Address;
use super::lane::Lane;
use super::link::Side;
use super::names::{Names, STEPS, pattern};
use super::trouble::{is, refusal};
use super::unlike::Unlike;
use crate::error::Error;
use crate::queue::Depth;
use crate::setup::Setup;

/// Returns of a message before the broker sets it aside by itself. Attempts are limited here, and
/// sooner: this catches what never gets that far. It is what 4.0 has where nothing is said, and the
/// same for every queue, so that a queue never has to be made anew for another limit of attempts.
pub(super) const DELIVERY_LIMIT: u32 = 20;

/// Returns of a message in the graveyard, where a look at it is a return.
const NO_LIMIT: i32 = 1_000_000_000;

/// Makes the queue and all that belongs to it, or finds it there.
pub(super) async fn create(side: &Side, address: &Address) -> Result<Setup, Error> {
    let names = &address.names;
    let mut maker = Maker { side, lane: side.lane().await?, setup: Setup::default() };
    maker.queue(&names.dlq, graveyard_arguments()).await?;
    maker.exchange(&names.dlx, ExchangeKind::Fanout).await?;
    maker.bind_queue(&names.dlq, &names.dlx, "").await?;
    maker.queue(&names.queue, work_arguments(address)).await?;
    maker.queue(&names.held, quorum()).await?;
    for step in 0..STEPS {
        maker.queue(&names.step(step), step_arguments(names, step)).await?;
        maker.exchange(&names.step(step), ExchangeKind::Topic).await?;
        maker.bind_queue(&names.step(step), &names.step(step), &pattern(step, '1')).await?;
        match step.checked_sub(1) {
            Some(below) => maker.bind_exchange(&names.step(below), &names.step(step), &pattern(step, '0')).await?,
            None => maker.bind_queue(&names.queue, &names.step(step), &pattern(step, '0')).await?,
        }
    }
    maker.lane.park();
    Ok(maker.setup)
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

fn graveyard_arguments() -> FieldTable {
    let mut arguments = quorum();
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(NO_LIMIT));
    arguments
}

fn work_arguments(address: &Address) -> FieldTable {
    let mut arguments = dead_lettering(&address.names.dlx);
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(DELIVERY_LIMIT.into()));
    if let Some(timeout) = address.consumer_timeout {
        let millis = i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX);
        arguments.insert("x-consumer-timeout".into(), AMQPValue::LongLongInt(millis));
    }
    arguments
}

/// At least once: what is handed on is kept until it is safe where it goes.
fn dead_lettering(exchange: &str) -> FieldTable {
    let mut arguments = quorum();
    arguments.insert("x-dead-letter-exchange".into(), text(exchange));
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments
}

fn step_arguments(names: &Names, step: u32) -> FieldTable {
    let mut arguments = match step.checked_sub(1) {
        Some(below) => dead_lettering(&names.step(below)),
        None => {
            let mut arguments = dead_lettering("");
            arguments.insert("x-dead-letter-routing-key".into(), text(&names.queue));
            arguments
        }
    };
    arguments.insert("x-message-ttl".into(), AMQPValue::LongLongInt(1000 << step));
    arguments
}

/// Makes one thing after the other. The broker closes the channel of what it refuses.
struct Maker<'a> {
    side: &'a Side,
    lane: Lane,
    setup: Setup,
}

impl Maker<'_> {
    /// Declares a queue. The broker tells one difference at a time: what it has is then taken over
    /// and asked for again, until it has nothing more to say.
    async fn queue(&mut self, name: &str, mut arguments: FieldTable) -> Result<(), Error> {
        let declare = |passive, arguments| {
            let options = QueueDeclareOptions { passive, durable: true, ..QueueDeclareOptions::default() };
            move |channel: Channel| async move { channel.queue_declare(name.into(), options, arguments).await.map(|_| ()) }
        };
        let existed = self.exists(declare(true, FieldTable::default())).await?;
        self.note(name, existed);
        while let Some(unlike) = self.declare(declare(false, arguments.clone())).await? {
            let told = unlike.take_over(&mut arguments);
            self.setup.differences.push(unlike.difference(name));
            if !told {
                break;
            }
        }
        Ok(())
    }

    async fn exchange(&mut self, name: &str, kind: ExchangeKind) -> Result<(), Error> {
        let declare = |passive, kind| {
            let options = ExchangeDeclareOptions { passive, durable: true, ..ExchangeDeclareOptions::default() };
            move |channel: Channel| async move {
                channel.exchange_declare(name.into(), kind, options, FieldTable::default()).await
            }
        };
        let existed = self.exists(declare(true, kind.clone())).await?;
        // A queue has the same name as its exchange, and is noted for both.
        if !self.setup.created.iter().chain(&self.setup.found).any(|noted| noted == name) {
            self.note(name, existed);
        }
        if let Some(unlike) = self.declare(declare(false, kind)).await? {
            self.setup.differences.push(unlike.difference(name));
        }
        Ok(())
    }

    fn note(&mut self, name: &str, existed: bool) {
        let list = if existed { &mut self.setup.found } else { &mut self.setup.created };
        list.push(name.to_owned());
    }

    async fn bind_queue(&self, queue: &str, exchange: &str, key: &str) -> Result<(), Error> {
        let bind = |channel: Channel| async move {
            let options = QueueBindOptions::default();
            channel.queue_bind(queue.into(), exchange.into(), key.into(), options, FieldTable::default()).await
        };
        self.lane.call("binding a queue", bind).await
    }

    async fn bind_exchange(&self, below: &str, above: &str, key: &str) -> Result<(), Error> {
        let bind = |channel: Channel| async move {
            let options = ExchangeBindOptions::default();
            channel.exchange_bind(below.into(), above.into(), key.into(), options, FieldTable::default()).await
        };
        self.lane.call("binding an exchange", bind).await
    }

    async fn exists<F: Future<Output = lapin::Result<()>>>(
        &mut self,
        look: impl FnOnce(Channel) -> F,
    ) -> Result<bool, Error> {
        match self.lane.call("looking at what is there", look).await {
            Ok(()) => Ok(true),
            Err(Error::Absent { .. }) => {
                self.lane = self.side.lane().await?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Declares a thing; a thing that is there and is not like it is left, and what differs is told.
    async fn declare<F: Future<Output = lapin::Result<()>>>(
        &mut self,
        declare: impl FnOnce(Channel) -> F,
    ) -> Result<Option<Unlike>, Error> {
        let call = |channel: Channel| async {
            let error = match declare(channel).await {
                Ok(()) => return Ok(None),
                Err(error) => error,
            };
            match refusal(&error).filter(|said| is(said, AMQPSoftError::PRECONDITIONFAILED)) {
                Some(said) => Ok(Some(Unlike::heard(said.get_message().as_str()))),
                None => Err(error),
            }
        };
        let unlike = self.lane.call("declaring", call).await?;
        if unlike.is_some() {
            self.lane = self.side.lane().await?;
        }
        Ok(unlike)
    }
}

/// How many messages are where. A job on loan shows as a listener at the queue of holders.
///
/// # Errors
/// [`Error::Absent`] when anything of it is not there.
pub(super) async fn look(lane: &Lane, names: &Names) -> Result<Depth, Error> {
    let steps: Vec<String> = (0..STEPS).map(|step| names.step(step)).collect();
    let things = [&names.held, &names.queue, &names.dlq];
    let mut depth = Depth::default();
    let counts = join_all(steps.iter().chain(things).map(|name| lane.count(name))).await;
    for (place, counted) in counts.into_iter().enumerate() {
        let (messages, listeners) = counted?;
        match place.checked_sub(steps.len()) {
            None => depth.delayed += u64::from(messages),
            Some(0) => depth.leased = u64::from(listeners),
            Some(1) => depth.ready = u64::from(messages),
            Some(_) => depth.buried = u64::from(messages),
        }
    }
    Ok(depth)
}
