//! `zagg dead` and `zagg redrive`: jobs that were set aside.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::json;
use zagg_producer::Follower;
use zagg_program::{exit::Exit, output};
use zagg_queue::queue::Buried;

use crate::{
    args::{DeadArguments, RedriveArguments},
    error::CommandError,
};

use super::{place, place::RunPlace};

/// Jobs that are listed at the most.
const MOST: usize = 100_000;

/// Lists the jobs that were set aside, with their reasons.
pub(crate) async fn dead(typed: &DeadArguments, quiet: bool) -> Result<Exit, CommandError> {
    let record = match &typed.run {
        Some(run) => {
            let RunPlace { store, run } = RunPlace::open(run, &typed.s3)?;
            Some(Follower::new(&store, run.as_deref()).await?.record().clone())
        }
        None => None,
    };
    let queue = place::queue(typed.queue.as_deref(), record.as_ref()).await?.ok_or_else(unnamed)?;
    let mut graves = queue.buried(MOST).await?;
    if let Some(record) = &record {
        graves.retain(|grave| grave.job.as_ref().is_none_or(|job| job.run == record.run));
    }
    if let Some(class) = typed.class {
        graves.retain(|grave| grave.reason.class == class);
    }
    if typed.json {
        let list: Vec<_> = graves.iter().map(as_json).collect();
        output::result(&output::json(&list)?, false);
    } else {
        output::result(&describe(&graves, queue.name()), quiet);
    }
    Ok(if graves.is_empty() { Exit::Done } else { Exit::Incomplete })
}

/// Puts jobs that were set aside back on the queue.
pub(crate) async fn redrive(typed: &RedriveArguments, quiet: bool) -> Result<Exit, CommandError> {
    let record = match &typed.run {
        Some(run) => {
            let RunPlace { store, run } = RunPlace::open(run, &typed.s3)?;
            Some(Follower::new(&store, run.as_deref()).await?.record().clone())
        }
        None => None,
    };
    let queue = place::queue(typed.queue.as_deref(), record.as_ref()).await?.ok_or_else(unnamed)?;
    let jobs = queue.redrive(typed.max.unwrap_or(usize::MAX), typed.class).await?;
    output::result(&format!("{jobs} jobs are back on {}", queue.name()), quiet);
    Ok(Exit::Done)
}

fn unnamed() -> CommandError {
    CommandError::Usage("no queue is named: give --queue URL, or a run whose record names one".to_owned())
}

fn as_json(grave: &Buried) -> serde_json::Value {
    json!({
        "run": grave.job.as_ref().map(|job| job.run.as_str()),
        "shard": grave.job.as_ref().map(|job| job.shard.as_str()),
        "class": grave.reason.class.name(),
        "reason": grave.reason.text,
        "attempts": grave.attempts,
        "message": grave.body,
    })
}

fn describe(graves: &[Buried], queue: &str) -> String {
    if graves.is_empty() {
        return format!("Nothing was set aside on {queue}");
    }
    let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut text = String::new();
    for Buried { job, body, attempts, reason } in graves {
        *classes.entry(reason.class.name()).or_default() += 1;
        let what = job.as_ref().map_or_else(
            || format!("a message that is no job ({})", body.chars().take(60).collect::<String>()),
            |job| format!("shard {} of run {}", job.shard, job.run),
        );
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{what}, {attempts} attempts, {}: {}", reason.class, reason.text);
    }
    let counts: Vec<String> = classes.iter().map(|(class, jobs)| format!("{jobs} {class}")).collect();
    let _ = writeln!(text, "{} jobs set aside on {queue}: {}", graves.len(), counts.join(", "));
    let _ = writeln!(text, "Once the cause is mended: zagg redrive --queue URL [--class CLASS]");
    text
}
