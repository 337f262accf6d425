//! Rules, alerts and dashboards, judged by a real Prometheus that scrapes real fleets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod written;

mod priced;

mod watched;

mod small;

mod boards;

mod shown;

mod provoked;
