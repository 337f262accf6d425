//! `zagg view`: a store, and a run that writes it, on a local web page.

mod answer;

mod arguments;

mod assets;

mod coast;

mod marked;

mod outline;

mod plans;

mod query;

mod run_queue;

mod desk;

mod watch;

mod cell;

mod facts;

mod server;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::{Command, Stdio},
    sync::Arc,
};

use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use zagg_core::fault::Fault;
use zagg_map::field::FieldSource;
use zagg_program::{exit::Exit, output};
use zagg_store::Store;

use crate::{error::CommandError, fleet::place::RunPlace};

pub(crate) use arguments::ViewArguments;

use desk::Desk;
use watch::Watcher;

/// Serves the page until Ctrl-C.
pub(crate) async fn view(typed: &ViewArguments, quiet: bool) -> Result<Exit, CommandError> {
    let RunPlace { store, run } = RunPlace::open(&typed.store, &typed.s3)?;
    check(&store, typed.field.as_deref()).await?;
    let wanted = SocketAddr::new(typed.address, typed.port);
    let refused = |source| CommandError::Listen { address: wanted, source };
    let listener = TcpListener::bind(wanted).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let mut stops = [SignalKind::interrupt(), SignalKind::terminate()].into_iter().map(signal);
    let (Some(Ok(mut interrupt)), Some(Ok(mut terminate))) = (stops.next(), stops.next()) else {
        return Err(CommandError::Usage("signals cannot be listened for".to_owned()));
    };
    let desk = Arc::new(Desk::new(store, typed.cache_mb, typed.field.clone()));
    let watcher = tokio::spawn(Watcher::new(Arc::clone(&desk), run, typed.queue.clone()).watch());
    let page = page_of(address);
    output::result(&format!("Showing {} at {page} (Ctrl-C ends it)", desk.store.location()), quiet);
    if typed.open {
        open_browser(&page);
    }
    let router = server::router(desk, typed.address);
    let served = tokio::select! {
        served = axum::serve(listener, router).into_future() => served,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    watcher.abort();
    served.map(|()| Exit::Done).map_err(refused)
}

/// A store that lets nobody in, and a field that it does not have, are told at once; a store that is not there yet is
/// waited for.
async fn check(store: &Store, field: Option<&str>) -> Result<(), CommandError> {
    match FieldSource::open(store).await {
        Ok(source) => Ok(field.map_or(Ok(()), |field| source.array(field).map(|_| ()))?),
        Err(error) if error.fault() == Fault::Missing => {
            output::aside(&format!("There is no store at {} yet; the page shows it once there is.", store.location()));
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// The page's address, as a browser on this machine reaches it.
fn page_of(address: SocketAddr) -> String {
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}/", SocketAddr::new(host, address.port()))
}

fn open_browser(page: &str) {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = Command::new(program);
    let started = command.arg(page).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if let Err(error) = started {
        output::aside(&format!("The browser cannot be opened by {program} ({error}): open {page} yourself."));
    }
}
