//! The queues that a fleet can have, each with its real broker.

use std::net::SocketAddr;
use std::time::Duration;

use super::{MiniStack, RabbitBroker, RedisServer, Relay, Workdir};

/// Which queue a fleet has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The file of one machine.
    Embedded,
    /// `Redis` streams.
    Redis,
    /// `RabbitMQ` quorum queues.
    RabbitMq,
    /// `SQS`, as `MiniStack` does it.
    Sqs,
}

/// A broker of a fleet's own, behind a relay that can cut it off.
#[derive(Debug)]
pub struct Broker {
    server: Server,
    relay: Option<Relay>,
}

#[derive(Debug)]
enum Server {
    Embedded(Workdir),
    Redis(RedisServer),
    RabbitMq(RabbitBroker),
    /// None while it is restarted.
    Sqs(Option<MiniStack>),
}

impl Broker {
    /// Starts a broker.
    #[must_use]
    pub fn start(kind: Kind) -> Self {
        let server = match kind {
            Kind::Embedded => Server::Embedded(Workdir::new()),
            Kind::Redis => Server::Redis(RedisServer::with(&["--appendonly", "yes", "--appendfsync", "always"], None)),
            Kind::RabbitMq => Server::RabbitMq(RabbitBroker::start()),
            Kind::Sqs => Server::Sqs(Some(MiniStack::start_durable())),
        };
        let mut broker = Self { server, relay: None };
        broker.relay = broker.address().map(Relay::before);
        broker
    }

    fn address(&self) -> Option<SocketAddr> {
        match &self.server {
            Server::Embedded(_) => None,
            Server::Redis(server) => Some(server.address()),
            Server::RabbitMq(server) => Some(server.address()),
            Server::Sqs(server) => server.as_ref().map(MiniStack::address),
        }
    }

    /// The address of a queue on the broker, through the relay.
    #[must_use]
    pub fn url(&self, queue: &str) -> String {
        let direct = match &self.server {
            Server::Embedded(folder) => format!("file:{}", folder.path(format!("{queue}.db")).display()),
            Server::Redis(server) => server.url(queue),
            Server::RabbitMq(server) => server.url(queue),
            Server::Sqs(_) => format!("sqs://{queue}"),
        };
        match (self.address(), &self.relay) {
            (Some(address), Some(relay)) => direct.replace(&address.to_string(), &relay.address().to_string()),
            _ => direct,
        }
    }

    /// What programs need in their environment to reach it.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        match (&self.server, &self.relay) {
            (Server::Sqs(_), Some(relay)) => {
                let mut environment = MiniStack::environment("");
                environment.retain(|(name, _)| !name.starts_with("AWS_ENDPOINT"));
                environment.push(("AWS_ENDPOINT_URL_SQS", format!("http://{}", relay.address())));
                environment
            }
            _ => Vec::new(),
        }
    }

    /// Whether there is a process that can be killed, or a connection that can be cut.
    #[must_use]
    pub fn is_apart(&self) -> bool {
        !matches!(self.server, Server::Embedded(_))
    }

    /// Kills the broker and starts it again with what it has on its disk.
    pub fn restart(&mut self) {
        match &mut self.server {
            Server::Embedded(_) => {}
            Server::Redis(server) => {
                server.kill();
                server.revive();
            }
            Server::RabbitMq(server) => {
                server.kill();
                server.revive();
            }
            Server::Sqs(server) => *server = server.take().map(MiniStack::restart),
        }
    }

    /// Cuts the broker off for a while.
    pub fn be_gone(&self, duration: Duration) {
        if let Some(relay) = &self.relay {
            relay.refuse(true);
            relay.cut();
            std::thread::sleep(duration);
            relay.refuse(false);
        }
    }
}
