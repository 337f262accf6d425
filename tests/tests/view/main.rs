//! `zagg view`: what it answers and to whom, and the page as a browser shows it.
#![allow(clippy::panic, clippy::unwrap_used)]

mod server;

mod answers;

mod refusals;

mod page;

mod live;
