//! How AWS is reached: region, endpoint, credentials, and one client for each runtime.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{Credentials, ProvideCredentials};
use tokio::runtime::{Handle, Id};
use tokio::sync::OnceCell;
use zagg_core::fault::Fault;

use super::trouble::credentials_fault;
use crate::error::Error;

/// What one try of a request may take.
pub(super) const ONE_TRY: Duration = Duration::from_secs(5);
/// What a request may take with all its tries.
pub(super) const ALL_TRIES: Duration = Duration::from_secs(15);
/// What a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// Tries of a request, the first included.
const TRIES: u32 = 3;

/// How AWS is reached. What is not given comes from the AWS environment: variables, profiles, the
/// container's or the instance's role.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// The region. One in the queue's address wins.
    pub region: Option<String>,
    /// The endpoint of an `SQS` that is not AWS's.
    pub endpoint: Option<String>,
    /// Who asks.
    pub keys: Option<Keys>,
}

/// A pair of keys. Never shown.
#[derive(Clone)]
pub struct Keys {
    /// The access key id.
    pub id: String,
    /// The secret.
    pub secret: String,
    /// The session token of temporary keys.
    pub token: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(hidden)")
    }
}

/// One client for each runtime that asks. Connections belong to the runtime that opened them, and
/// a credential that one runtime is fetching may be waited for by another: with clients of their
/// own, a blocked runtime can't delay what is asked from another one.
pub(super) struct Clients {
    queue: String,
    access: Access,
    made: Mutex<HashMap<Id, Arc<OnceCell<Client>>>>,
}

impl Clients {
    /// Clients for the queue of this name. A region of the `address` wins.
    pub(super) fn new(queue: &str, region: Option<&str>, access: Access) -> Self {
        let region = region.map(str::to_owned).or(access.region);
        Self { queue: queue.to_owned(), access: Access { region, ..access }, made: Mutex::default() }
    }

    /// The client of the runtime that this is called from.
    pub(super) async fn here(&self) -> Result<Client, Error> {
        let runtime = Handle::try_current().map_err(|source| Error::Broker {
            queue: self.queue.clone(),
            doing: "looking for the runtime",
            fault: Fault::Bug,
            source: source.into(),
        })?;
        let cell = {
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(made.entry(runtime.id()).or_default())
        };
        cell.get_or_try_init(|| self.make()).await.cloned()
    }

    async fn make(&self) -> Result<Client, Error> {
        let Access { region, endpoint, keys } = &self.access;
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
            .timeout_config(patience(Duration::ZERO));
        if let Some(region) = region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(endpoint) = endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        if let Some(Keys { id, secret, token }) = keys {
            loader = loader.credentials_provider(Credentials::new(id, secret, token.clone(), None, "zagg"));
        }
        let config = loader.load().await;
        if config.region().is_none() {
            return Err(Error::Unset {
                queue: self.queue.clone(),
                what: "a region",
                remedy: "set AWS_REGION, or give the queue's whole URL",
                fault: Fault::Malformed,
                source: None,
            });
        }
        let unset = |fault, source| Error::Unset {
            queue: self.queue.clone(),
            what: "AWS credentials",
            remedy: "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is given",
            fault,
            source,
        };
        let provider = config.credentials_provider().ok_or_else(|| unset(Fault::Denied, None))?;
        if let Err(error) = provider.provide_credentials().await {
            return Err(unset(credentials_fault(&error), Some(error.into())));
        }
        Ok(Client::new(&config))
    }
}

/// How long to bear with a request whose answer takes `wait` even when all is well.
pub(super) fn patience(wait: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(wait + ONE_TRY)
        .operation_timeout(wait + ALL_TRIES)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_never_shown() {
        let keys = Keys { id: "secret1".into(), secret: "secret2".into(), token: Some("secret3".into()) };
        let shown = format!("{:?}", Access { keys: Some(keys), ..Access::default() });
        assert!(!shown.contains("secret"), "{shown}");
    }
}
