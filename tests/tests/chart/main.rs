//! The Helm chart, rendered by Helm itself and judged by the schemas of what it renders, by the programs whose
//! flags it uses, and by the brokers that its scalers look at.
#![allow(clippy::unwrap_used, clippy::panic)]

mod rendered;

mod management;

mod scaling;

mod commands;
