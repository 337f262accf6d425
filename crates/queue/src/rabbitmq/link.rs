//! Connections: made when they are needed, made again when they are gone.
//!
//! They live on a runtime of their own, so that neither a caller's blocked runtime nor its end
//! keeps the broker from seeing signs of life.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use lapin::options::ConfirmSelectOptions;
use lapin::{Channel, Connection, ConnectionProperties};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::timeout;

use super::address::Address;
use super::lane::Lane;
use super::trouble::failed;
use crate::error::Error;

/// What one answer of the broker may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// What a connection may take, login included.
const CONNECT: Duration = Duration::from_secs(15);

/// The runtime of all connections of this process.
pub(super) fn runtime() -> Result<&'static Handle, Error> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    static STARTING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime.handle());
    }
    let failed = |source| Error::Thread { thread: "RabbitMQ", source };
    let made = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("zagg-rabbitmq")
        .enable_all()
        .build()
        .map_err(failed)?;
    Ok(RUNTIME.get_or_init(|| made).handle())
}

/// One connection at a time for one purpose, and its channels. What publishes has one of its own:
/// a broker that runs out of memory or disk stops reading from those, and must go on hearing acks.
pub(super) struct Side {
    address: Arc<Address>,
    purpose: &'static str,
    link: tokio::sync::Mutex<Option<Arc<Link>>>,
}

impl fmt::Debug for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Side({} to {})", self.purpose, self.address.shown)
    }
}

impl Side {
    pub(super) fn new(address: Arc<Address>, purpose: &'static str) -> Self {
        Self { address, purpose, link: tokio::sync::Mutex::new(None) }
    }

    /// A channel that nobody else uses.
    ///
    /// # Errors
    /// When the broker can't be reached or refuses.
    pub(super) async fn lane(&self) -> Result<Lane, Error> {
        let link = self.link().await?;
        let idle = || link.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        while let Some(channel) = idle() {
            if channel.status().connected() {
                return Ok(Lane::new(channel, link, Arc::clone(&self.address)));
            }
        }
        let channel = self.within("opening a channel", link.open()).await?;
        Ok(Lane::new(channel, link, Arc::clone(&self.address)))
    }

    async fn link(&self) -> Result<Arc<Link>, Error> {
        let mut slot = self.link.lock().await;
        if let Some(link) = slot.as_ref().filter(|link| link.alive()) {
            return Ok(Arc::clone(link));
        }
        // Before a new one is tried: what is left of the old one must not linger.
        *slot = None;
        let link = Arc::new(Link::connect(&self.address, self.purpose).await?);
        *slot = Some(Arc::clone(&link));
        Ok(link)
    }

    async fn within<T>(&self, doing: &'static str, call: impl Future<Output = lapin::Result<T>>) -> Result<T, Error> {
        within(&self.address.shown, doing, PATIENCE, call).await
    }
}

/// The outcome of a call that may take so long and no longer.
pub(super) async fn within<T>(
    queue: &str,
    doing: &'static str,
    patience: Duration,
    call: impl Future<Output = lapin::Result<T>>,
) -> Result<T, Error> {
    match timeout(patience, call).await {
        Ok(outcome) => outcome.map_err(|error| failed(queue, doing, error)),
        Err(_) => Err(Error::Silent { queue: queue.to_owned(), doing, seconds: patience.as_secs_f64() }),
    }
}

/// A connection, and channels of it that nobody uses just now.
pub(super) struct Link {
    connection: Option<Connection>,
    idle: Mutex<Vec<Channel>>,
}

impl Link {
    async fn connect(address: &Address, purpose: &str) -> Result<Self, Error> {
        static COUNT: AtomicUsize = AtomicUsize::new(1);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("zagg {} {purpose} {}.{number}", address.names.queue, std::process::id());
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let call = Connection::connect_uri(address.uri.clone(), properties);
        let connection = within(&address.shown, "connecting", CONNECT, call).await?;
        Ok(Self { connection: Some(connection), idle: Mutex::default() })
    }

    fn alive(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.status().connected())
    }

    /// Opens a channel on which everything published is confirmed.
    async fn open(&self) -> lapin::Result<Channel> {
        let Some(connection) = &self.connection else {
            return Err(lapin::ErrorKind::InvalidConnectionState(lapin::ConnectionState::Closed).into());
        };
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions { nowait: false }).await?;
        Ok(channel)
    }

    /// Keeps a channel for its next user.
    pub(super) fn park(&self, channel: Channel) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(channel);
    }
}

impl Drop for Link {
    /// Says good-bye, upon which the broker gives everything that was held here to others.
    fn drop(&mut self) {
        let (Some(connection), Ok(runtime)) = (self.connection.take(), runtime()) else { return };
        if connection.status().connected() {
            runtime.spawn(async move { timeout(PATIENCE, connection.close(200, "done".into())).await });
        }
    }
}
