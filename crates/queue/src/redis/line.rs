//! Connections to the server: made when they are needed, and again when they broke.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisResult, ScriptInvocation};
use tokio::runtime::{self, Handle};
use tokio::time::timeout;

use super::trouble::Trouble;

/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// A line to the server that many calls share. A connection is driven by the runtime that made it,
/// so each runtime has one of its own: what blocks one does not silence another.
pub(super) struct Line {
    client: Client,
    /// How long an answer may take.
    patience: Duration,
    slots: Mutex<HashMap<runtime::Id, Slot>>,
}

/// A runtime's connection, if it is there, with its number.
type Slot = Arc<tokio::sync::Mutex<Option<(u64, MultiplexedConnection)>>>;

#[derive(Clone, Copy)]
enum Request<'a> {
    Script(&'a ScriptInvocation<'a>),
    Command(&'a Cmd),
}

impl Line {
    pub(super) fn new(client: Client, patience: Duration) -> Self {
        Self { client, patience, slots: Mutex::default() }
    }

    /// Runs a script; the server is given its text when it doesn't know it yet.
    pub(super) async fn run<T: FromRedisValue + Send>(&self, script: &ScriptInvocation<'_>) -> Result<T, Trouble> {
        self.ask(Request::Script(script)).await
    }

    /// Sends a command.
    pub(super) async fn send<T: FromRedisValue + Send>(&self, command: &Cmd) -> Result<T, Trouble> {
        self.ask(Request::Command(command)).await
    }

    async fn ask<T: FromRedisValue + Send>(&self, request: Request<'_>) -> Result<T, Trouble> {
        let slot = self.slot();
        let mut used = None;
        let asking = async {
            let (number, mut connection) = self.connection(&slot).await?;
            used = Some(number);
            match request {
                Request::Script(script) => script.invoke_async(&mut connection).await,
                Request::Command(command) => command.query_async(&mut connection).await,
            }
        };
        let outcome = match timeout(self.patience, asking).await {
            Ok(outcome) => outcome.map_err(Trouble::Said),
            Err(_) => Err(Trouble::Silent(self.patience)),
        };
        if let (Err(trouble), Some(number)) = (&outcome, used)
            && trouble.is_of_connection()
        {
            // Unless somebody else has made a new one.
            let mut slot = slot.lock().await;
            if slot.as_ref().is_some_and(|(current, _)| *current == number) {
                *slot = None;
            }
        }
        outcome
    }

    fn slot(&self) -> Slot {
        let id = Handle::current().id();
        Arc::clone(self.slots.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default())
    }

    async fn connection(&self, slot: &Slot) -> RedisResult<(u64, MultiplexedConnection)> {
        let mut slot = slot.lock().await;
        if let Some((number, connection)) = slot.as_ref() {
            return Ok((*number, connection.clone()));
        }
        // This line's patience is the only limit to an answer: the client's default is too short
        // for reads that wait.
        let settings = AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(None);
        let mut connection = self.client.get_multiplexed_async_connection_with_config(&settings).await?;
        // A server that wants a password and was given none answers what is longer than this with a
        // general error.
        if let Err(error) = redis::cmd("PING").query_async::<redis::Value>(&mut connection).await
            && (error.is_io_error() || error.code() == Some("NOAUTH"))
        {
            return Err(error);
        }
        let number = next_number();
        *slot = Some((number, connection.clone()));
        Ok((number, connection))
    }
}

/// Another one each time.
fn next_number() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("patience", &self.patience).finish_non_exhaustive()
    }
}
