//! The Lambda function as it is shipped, its package and its template, behind a trigger: what it
//! does, and what it survives.
#![allow(clippy::unwrap_used, clippy::panic)]

mod ending;

mod failing;

mod far;

mod runtime;

mod whole;
