//! What was typed. Nothing is resolved here.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, ValueEnum};
use zagg_producer::Sources;
use zagg_program::{arguments::S3Arguments, bounds};

/// Plan a run, prepare its store, and put one job per shard on a queue.
///
/// Shards that the store already holds are left out, so a run is resumed by producing it again.
#[derive(Debug, Parser)]
#[command(name = "zagg-produce", version)]
pub(crate) struct Arguments {
    /// The pipeline: what is computed (YAML).
    #[arg(short, long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// The shard map: which granules touch which shard (JSON). Default: the pipeline's `catalog`.
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,
    /// Where the result goes: s3://bucket/prefix, or a folder that all workers see. Default: the
    /// pipeline's `output.store`.
    #[arg(long, value_name = "LOCATION")]
    pub(crate) store: Option<String>,
    /// Which of a granule's hrefs is read: s3, https, file, ... Default: the pipeline's.
    #[arg(long, value_name = "NAME")]
    pub(crate) driver: Option<String>,
    /// Only the first N shards of the shard map (0: all).
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) max_cells: usize,
    /// Only this shard, by its label (e.g. -3114111 or a tile number); may be repeated.
    #[arg(long = "shard", visible_alias = "morton-cell", value_name = "LABEL", allow_hyphen_values = true)]
    pub(crate) shards: Vec<String>,
    /// The queue: sqs://NAME, amqp://HOST/?queue=NAME, redis://HOST/?queue=NAME or file:PATH.
    #[arg(long, value_name = "URL", env = "ZAGG_QUEUE", hide_env_values = true)]
    pub(crate) queue: String,
    /// Make the queue with all that belongs to it, or check what is there.
    #[arg(long)]
    pub(crate) create_queue: bool,
    /// With --create-queue: how long a job is on loan until its worker says that it lives. For a
    /// queue that triggers Lambda: at least six times the function's time-out.
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = bounds::term)]
    pub(crate) term: Duration,
    /// With --create-queue: deliveries of one job before it is set aside as poison.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_attempts: u32,
    /// Leave out what an earlier producer of the same run has put on the queue. Refuses a run that was cancelled, whose
    /// jobs are dropped. Not with --overwrite, which takes back what was done since.
    #[arg(long, conflicts_with = "overwrite")]
    pub(crate) resume: bool,
    /// Exit 0 also when shards are refused: those done from other granules, and jobs that the broker does not take. Who
    /// waits for the run tells of them at its end.
    #[arg(long, conflicts_with = "wait")]
    pub(crate) allow_refused: bool,
    /// Recompute the chosen shards that the store already holds.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Say what would be done and what it would cost, and stop.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Where the workers are, for the estimate. Default: Lambda for SQS, containers otherwise.
    #[arg(long, value_name = "PLACE")]
    pub(crate) place: Option<WorkersPlace>,
    /// Refuse to start, and with --wait stop, a run that costs more than this.
    #[arg(long, value_name = "DOLLARS", value_parser = bounds::amount)]
    pub(crate) max_usd: Option<f64>,
    /// Stay until every shard is done or set aside, and say how far the run has come.
    #[arg(long)]
    pub(crate) wait: bool,
    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Where S3 is.
    #[command(flatten)]
    pub(crate) s3: S3Arguments,
    /// No progress and no summary; errors only.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Log to standard error; twice for more.
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// Where workers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WorkersPlace {
    /// Lambda functions on arm64.
    Lambda,
    /// Containers.
    Container,
}

impl Arguments {
    /// What the run starts from.
    pub(crate) fn sources(&self) -> Sources {
        Sources {
            config: self.config.clone(),
            catalog: self.catalog.clone(),
            store: self.store.clone(),
            driver: self.driver.clone(),
            shards: self.shards.clone(),
            max_cells: self.max_cells,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
