//! `--health`: asks the worker that answers at `--listen` whether it lives. For images without a shell.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use reqwest::{Client, StatusCode};
use zagg_program::exit::Exit;

use super::{arguments::Arguments, error::ProgramError};

/// How long an answer may take. Container engines wait some 30 s by themselves.
const PATIENCE: Duration = Duration::from_secs(5);

/// A worker that is not well, as far as can be seen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HealthError {
    /// There is no address to ask.
    #[error("no address is named where the worker answers: give --listen ADDRESS:PORT or set ZAGG_LISTEN")]
    NoAddress,
    /// The system chose the port of the worker, which nobody else knows.
    #[error("{0} names no port to ask at: give the worker a --listen (ZAGG_LISTEN) with one")]
    NoPort(SocketAddr),
    /// Nobody answers.
    #[error("no worker answers at {url}; is one running with this --listen (ZAGG_LISTEN)?")]
    Silent {
        /// What was asked.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// It answers that it should be restarted, or is no worker at all.
    #[error("{url} answers {status}: {said}")]
    Unwell {
        /// What was asked.
        url: String,
        /// The answer's status.
        status: StatusCode,
        /// The answer.
        said: String,
    },
}

impl HealthError {
    /// How the program exits: 1, which container engines take for "unhealthy", unless it was asked wrongly.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::NoAddress | Self::NoPort(_) => Exit::Usage,
            Self::Silent { .. } | Self::Unwell { .. } => Exit::Incomplete,
        }
    }
}

/// Asks `/livez`.
pub(crate) async fn health(typed: &Arguments) -> Result<Exit, ProgramError> {
    let address = reachable(typed.listen.ok_or(HealthError::NoAddress)?)?;
    ask(format!("http://{address}/livez")).await?;
    Ok(Exit::Done)
}

/// Where a worker of this machine is asked that listens at `address`.
fn reachable(address: SocketAddr) -> Result<SocketAddr, HealthError> {
    if address.port() == 0 {
        return Err(HealthError::NoPort(address));
    }
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    Ok(SocketAddr::new(ip, address.port()))
}

async fn ask(url: String) -> Result<(), HealthError> {
    // A proxy of the environment would be asked about another machine's loopback.
    let asked = match Client::builder().no_proxy().timeout(PATIENCE).build() {
        Ok(client) => client.get(&url).send().await,
        Err(source) => Err(source),
    };
    match asked {
        Ok(answer) if answer.status() == StatusCode::OK => Ok(()),
        Ok(answer) => {
            let status = answer.status();
            let said = answer.text().await.unwrap_or_default().trim().chars().take(200).collect();
            Err(HealthError::Unwell { url, status, said })
        }
        Err(source) => Err(HealthError::Silent { url, source }),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clap::Parser as _;
    use zagg_worker::endpoints::{self, Vitals};

    use super::*;

    struct Told(Result<(), String>);

    impl Vitals for Told {
        fn metrics(&self) -> Vec<u8> {
            Vec::new()
        }

        fn live(&self) -> Result<(), String> {
            self.0.clone()
        }

        fn ready(&self) -> Result<(), String> {
            Err("only life is asked for".to_owned())
        }
    }

    async fn asked(listen: &str) -> Result<Exit, ProgramError> {
        health(&Arguments::parse_from(["zagg-worker", "--health", "--listen", listen])).await
    }

    /// The address where a worker answers that says this of itself.
    async fn worker(lives: Result<(), String>) -> SocketAddr {
        endpoints::answer((Ipv4Addr::LOCALHOST, 0).into(), Arc::new(Told(lives))).await.unwrap()
    }

    #[tokio::test]
    async fn a_worker_that_lives_is_well_wherever_it_listens() {
        let address = worker(Ok(())).await;
        assert_eq!(asked(&address.to_string()).await.unwrap(), Exit::Done);
        assert_eq!(asked(&format!("0.0.0.0:{}", address.port())).await.unwrap(), Exit::Done);
    }

    #[tokio::test]
    async fn a_worker_that_says_it_should_be_restarted_is_not_well() {
        let address = worker(Err("stuck".to_owned())).await;
        let error = asked(&address.to_string()).await.unwrap_err();
        assert_eq!(error.to_string(), format!("http://{address}/livez answers 503 Service Unavailable: stuck"));
        assert_eq!(error.exit(), Exit::Incomplete);
    }

    #[tokio::test]
    async fn where_nobody_listens_nobody_is_well() {
        let free = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let error = asked(&free.to_string()).await.unwrap_err();
        assert!(error.to_string().starts_with("no worker answers at http://127.0.0.1:"), "{error}");
        assert_eq!(error.exit(), Exit::Incomplete);
    }

    #[tokio::test]
    async fn a_port_that_the_system_chooses_cannot_be_asked() {
        let error = asked("0.0.0.0:0").await.unwrap_err();
        assert!(error.to_string().starts_with("0.0.0.0:0 names no port"), "{error}");
        assert_eq!(error.exit(), Exit::Usage);
    }
}
