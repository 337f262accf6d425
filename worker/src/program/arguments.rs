//! What was typed. Nothing is resolved here.

use std::{net::SocketAddr, time::Duration};

use clap::{Parser, ValueEnum};
use zagg_program::{
    arguments::{ReadingArguments, S3Arguments},
    bounds,
};

/// Take jobs from a queue and do them: read granules by ranges, aggregate, write chunks and marks.
///
/// Every argument can be given as an environment variable. In an AWS Lambda function (under the
/// name `bootstrap`) the queue is the one that triggers it.
#[derive(Debug, Parser)]
#[command(name = "zagg-worker", version)]
pub(crate) struct Arguments {
    /// The queue: sqs://NAME, amqp://HOST/?queue=NAME, redis://HOST/?queue=NAME or file:PATH.
    #[arg(long, value_name = "URL", env = "ZAGG_QUEUE", hide_env_values = true)]
    pub(crate) queue: Option<String>,
    /// Where jobs go that need more memory than this worker has. Without it they are set aside.
    #[arg(long, value_name = "URL", env = "ZAGG_BIGGER_QUEUE", hide_env_values = true)]
    pub(crate) bigger_queue: Option<String>,
    /// Jobs in work at once. Default: twice the number of cores (in Lambda: 2).
    #[arg(long, value_name = "N", env = "ZAGG_SLOTS", value_parser = bounds::at_once())]
    pub(crate) slots: Option<usize>,
    /// End when the queue has nothing ready, leased or delayed.
    #[arg(long, env = "ZAGG_UNTIL_EMPTY")]
    pub(crate) until_empty: bool,
    /// After SIGTERM or a notice of interruption: how long jobs in work may take to finish; then they
    /// are put back. Keep it below the platform's own grace period.
    #[arg(long, value_name = "SECONDS", env = "ZAGG_GRACE", default_value = "100", value_parser = bounds::seconds)]
    pub(crate) grace: Duration,
    /// How long the broker may be out of reach before the worker gives up.
    #[arg(long, value_name = "SECONDS", env = "ZAGG_BROKER_PATIENCE", default_value = "600", value_parser = bounds::seconds)]
    pub(crate) broker_patience: Duration,
    /// How long one request for jobs waits.
    #[arg(long, value_name = "SECONDS", env = "ZAGG_WAIT", default_value = "20", value_parser = bounds::seconds)]
    pub(crate) wait: Duration,
    /// How long a job is on loan until it is extended, on queues that don't have a term of their own.
    #[arg(long, value_name = "SECONDS", env = "ZAGG_TERM", default_value = "120", value_parser = bounds::term)]
    pub(crate) term: Duration,
    /// Deliveries of one job before it is set aside as poison, on queues that don't say so themselves.
    #[arg(long, value_name = "N", env = "ZAGG_MAX_ATTEMPTS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_attempts: u32,
    /// The first wait before a failed job is tried again; it doubles each time.
    #[arg(long, value_name = "SECONDS", env = "ZAGG_RETRY_WAIT", default_value = "5", value_parser = bounds::seconds)]
    pub(crate) retry_wait: Duration,
    /// Answer /metrics, /livez and /readyz at this address.
    #[arg(long, value_name = "ADDRESS:PORT", env = "ZAGG_LISTEN")]
    pub(crate) listen: Option<SocketAddr>,
    /// Ask the worker that answers at --listen whether it lives, and exit: 0 yes, 1 no. It takes no jobs.
    #[arg(long)]
    pub(crate) health: bool,
    /// The memory that the worker may hold, in MB. Default: its control group's limit.
    #[arg(long, value_name = "MB", env = "ZAGG_MEMORY_MB", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) memory_mb: Option<u64>,
    /// Watch for notices that a spot instance is to be interrupted (EC2).
    #[arg(long, env = "ZAGG_SPOT")]
    pub(crate) spot: bool,
    /// After a notice of interruption drain, then stay until SIGTERM: for platforms that start anew what ends.
    /// Only the interruption itself counts then, not that it is likely.
    #[arg(long, env = "ZAGG_STAY")]
    pub(crate) stay: bool,
    /// The instance's metadata service.
    #[arg(long, value_name = "URL", env = "ZAGG_METADATA_URL", default_value = "http://169.254.169.254", hide = true)]
    pub(crate) metadata_url: String,
    /// This worker's name in marks and logs. Default: the host's name and a random part.
    #[arg(long, value_name = "NAME", env = "ZAGG_WORKER_NAME")]
    pub(crate) name: Option<String>,
    /// How logs look. Default: text on a terminal, JSON elsewhere.
    #[arg(long, value_name = "FORM", env = "ZAGG_LOG")]
    pub(crate) log: Option<LogForm>,
    /// How reading is done.
    #[command(flatten)]
    pub(crate) reading: ReadingArguments,
    /// Where S3 is.
    #[command(flatten)]
    pub(crate) s3: S3Arguments,
    /// Log errors only.
    #[arg(short, long, env = "ZAGG_QUIET")]
    pub(crate) quiet: bool,
    /// Log more; twice for much more.
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// How logs look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogForm {
    /// Lines for people.
    Text,
    /// A JSON object per line.
    Json,
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
