//! `zagg login`: does the login at Earthdata work, and what does it open?

use std::{fmt::Write as _, time::SystemTime};

use zagg_core::fault::chain;
use zagg_granule::{
    EarthdataError,
    source::earthdata::{EarthdataCheck, Provider},
};
use zagg_program::{environment, exit::Exit, numbers, output};

use crate::{args::LoginArguments, error::CommandError};

/// The archives that are tried unless others are named: those of ICESat-2, GEDI and their companions.
const USUAL: [&str; 3] = ["NSIDC", "GES_DISC", "LPDAAC"];

/// How a login is given.
const HOW: &str = "\
Accounts are free: https://urs.earthdata.nasa.gov/users/new. Then one of
  EARTHDATA_TOKEN=...                            a token from the profile, under \"Generate Token\"
  EARTHDATA_USERNAME=... EARTHDATA_PASSWORD=...
  a line in ~/.netrc (readable by you alone):    machine urs.earthdata.nasa.gov login USER password PASSWORD";

/// Says how to log in, or, with `--check`, what the login opens.
pub(crate) async fn login(typed: &LoginArguments, quiet: bool) -> Result<Exit, CommandError> {
    let earthdata = environment::earthdata()?;
    if !typed.check {
        let found = match &earthdata {
            Some(_) => "A login at Earthdata is configured; zagg login --check tries it.",
            None => "No login at Earthdata is configured.",
        };
        output::result(&format!("{found}\n{HOW}"), quiet);
        return Ok(Exit::Done);
    }
    let Some(earthdata) = earthdata else {
        return Err(CommandError::Usage(format!("no login at Earthdata is configured\n{HOW}")));
    };
    let known: Vec<String> = Provider::known().into_iter().map(|provider| provider.name).collect();
    let wanted = |name: &str| match &typed.providers[..] {
        [] => USUAL.contains(&name) || !known.iter().any(|known| known == name),
        named => named.iter().any(|wanted| wanted.eq_ignore_ascii_case(name) || wanted == "all"),
    };
    let check = earthdata.check(wanted).await;
    if !typed.providers.is_empty() && check.providers.is_empty() {
        return Err(CommandError::Usage(format!("no such archive; known are {}, or all", known.join(", "))));
    }
    output::result(&describe(&check), quiet);
    Ok(if check.is_all_well() { Exit::Done } else { Exit::Incomplete })
}

fn describe(check: &EarthdataCheck) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "Login at Earthdata by {}", check.login);
    let _ = writeln!(text, "  {:<10} {}", "token", told("there", &check.token));
    for provider in &check.providers {
        let credentials = told("S3 credentials", &provider.credentials);
        let _ = writeln!(text, "  {:<10} {credentials}  ({}*)", provider.name, provider.buckets.join("*, "));
    }
    let opened = check.providers.iter().any(|provider| provider.credentials.is_ok());
    if opened {
        let _ = writeln!(text, "S3 credentials work inside AWS us-west-2 only; elsewhere read with --driver https.");
    }
    text
}

fn told(what: &str, outcome: &Result<Option<SystemTime>, EarthdataError>) -> String {
    match outcome {
        Ok(None) => format!("works: {what}"),
        Ok(Some(end)) => {
            let left = end.duration_since(SystemTime::now()).unwrap_or_default();
            let days = left.as_secs() / 86_400;
            let long = if days > 2 { format!("{days} days") } else { numbers::duration(left) };
            format!("works: {what} for {long}")
        }
        Err(error) => format!("FAILS: {}", chain(error)),
    }
}
