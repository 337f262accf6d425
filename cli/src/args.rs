//! What was typed. Nothing is resolved here.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use zagg_producer::Sources;
use zagg_program::{
    arguments::{ReadingArguments, S3Arguments},
    bounds,
};
use zagg_queue::queue::Class;

use crate::{
    catalog::CatalogArguments, export::ExportArguments, overviews::OverviewsArguments, plot::PlotArguments,
    shards::ShardsArguments, view::ViewArguments,
};

/// Aggregate granules of point observations to a gridded Zarr store.
#[derive(Debug, Parser)]
#[command(name = "zagg", version, propagate_version = true, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// No progress and no summary; errors only.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Log to standard error; twice for more.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Aggregate the shards of a shard map into a store, on this machine.
    ///
    /// Shards that the store already holds are skipped, so an interrupted run is resumed by
    /// running it again.
    Run(RunArguments),
    /// Make small granules and a shard map, run the main job on them and say what to look at.
    Demo(DemoArguments),
    /// Re-read a store's marks and chunks and say whether every hash holds.
    Verify(VerifyArguments),
    /// Compare two stores cell by cell. Exits 1 when they differ.
    Compare(CompareArguments),
    /// Draw a field of a store as a map, to look at or to print (PNG or SVG).
    Plot(Box<PlotArguments>),
    /// Show a store, and a run that writes it, on a local web page.
    View(ViewArguments),
    /// Write the cells as GeoParquet, or a field as a Cloud-Optimized GeoTIFF.
    Export(Box<ExportArguments>),
    /// Compute coarser orders of a HEALPix store from its cells, and write them beside these.
    Overviews(OverviewsArguments),
    /// Show the shards and the granules of a shard map: a web page or GeoJSON.
    Shards(ShardsArguments),
    /// Make a shard map: which granules touch which shard.
    ///
    /// Searches NASA's catalog, or takes a saved one, and asks of each granule's footprint which
    /// shards of the region it touches.
    Catalog(Box<CatalogArguments>),
    /// Make a queue for a fleet before its first run, or say how the one that is there differs.
    CreateQueue(CreateQueueArguments),
    /// Say how far a run of the fleet has come: shards, rate, time left, cost, what was set aside.
    Status(StatusArguments),
    /// Stop a run of the fleet: its jobs are dropped by whoever gets them. What is done stays.
    Cancel(CancelArguments),
    /// Put jobs that were set aside back on the queue, their attempts counted anew.
    Redrive(RedriveArguments),
    /// List the jobs that were set aside, with the reasons. Exits 1 when there are any.
    Dead(DeadArguments),
    /// Say how to log in at NASA's Earthdata, and whether the login works.
    Login(LoginArguments),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// The pipeline: what is computed (YAML).
    #[arg(short, long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// The shard map: which granules touch which shard (JSON or Parquet). Default: the pipeline's `catalog`.
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,
    /// Where the result goes: a folder or s3://bucket/prefix. Default: the pipeline's `output.store`.
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
    /// Shards in work at once. Default: the number of cores.
    #[arg(long, visible_alias = "max-workers", value_name = "N", env = "ZAGG_WORKERS", value_parser = bounds::at_once())]
    pub(crate) workers: Option<usize>,
    /// Recompute the chosen shards that the store already holds.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Say what would be done, and stop.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write the summary as JSON to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// The queue between producer and workers; a shared one takes other workers in. Default: a
    /// private one.
    #[arg(long, value_name = "URL")]
    pub(crate) queue: Option<String>,
    /// How reading is done.
    #[command(flatten)]
    pub(crate) reading: ReadingArguments,
    /// Where S3 is.
    #[command(flatten)]
    pub(crate) s3: S3Arguments,
}

impl RunArguments {
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

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Where the granules, the shard map and the store go.
    #[arg(long, value_name = "FOLDER", default_value = "zagg-demo")]
    pub(crate) dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// A folder or s3://bucket/prefix.
    #[arg(value_name = "STORE")]
    pub(crate) store: String,
    /// Write the findings as JSON to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Where S3 is.
    #[command(flatten)]
    pub(crate) s3: S3Arguments,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// The reference: a folder or s3://bucket/prefix; the Python zagg's layouts are read too.
    #[arg(value_name = "A")]
    pub(crate) reference: String,
    /// The store to compare with it.
    #[arg(value_name = "B")]
    pub(crate) other: String,
    /// Relative tolerance of floating fields.
    #[arg(long, value_name = "R", default_value_t = 0.0, value_parser = bounds::amount)]
    pub(crate) rtol: f64,
    /// Absolute tolerance of floating fields.
    #[arg(long, value_name = "A", default_value_t = 0.0, value_parser = bounds::amount)]
    pub(crate) atol: f64,
    /// Tolerances of one field; may be repeated.
    #[arg(long = "tol", value_name = "FIELD=R[:A]")]
    pub(crate) fields: Vec<String>,
    /// Write the table as JSON to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Where S3 is.
    #[command(flatten)]
    pub(crate) s3: S3Arguments,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArguments {
    /// The run: its store for the latest one, or STORE#RUN.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// The run's queue. Default: the one in the run's record, if that needs no password.
    #[arg(long, value_name = "URL", env = "ZAGG_QUEUE", hide_env_values = true)]
    pub(crate) queue: Option<String>,
    /// Look again every few seconds, until nothing is left to do.
    #[arg(long)]
    pub(crate) watch: bool,
    /// Answer /metrics at this address, while watching.
    #[arg(long, value_name = "ADDRESS:PORT", requires = "watch")]
    pub(crate) listen: Option<SocketAddr>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Where S3 is.
    #[command(flatten)]
    pub(crate) s3: S3Arguments,
}

#[derive(Debug, Args)]
pub(crate) struct CancelArguments {
    /// The run: its store for the latest one, or STORE#RUN.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Why; `zagg status` shows it.
    #[arg(long, value_name = "TEXT", default_value = "cancelled by hand")]
    pub(crate) reason: String,
    /// Where S3 is.
    #[command(flatten)]
    pub(crate) s3: S3Arguments,
}

#[derive(Debug, Args)]
pub(crate) struct CreateQueueArguments {
    /// The queue: sqs://NAME, amqp://HOST/?queue=NAME, redis://HOST/?queue=NAME or file:PATH.
    #[arg(long, value_name = "URL", env = "ZAGG_QUEUE", hide_env_values = true)]
    pub(crate) queue: String,
    /// How long a job is on loan until its worker says that it lives. For a queue that triggers Lambda: at least six
    /// times the function's time-out.
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = bounds::term)]
    pub(crate) term: Duration,
    /// Deliveries of one job before it is set aside as poison.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_attempts: u32,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RedriveArguments {
    /// The run whose queue is meant: its store for the latest one, or STORE#RUN.
    #[arg(value_name = "RUN", required_unless_present = "queue")]
    pub(crate) run: Option<String>,
    /// The queue. Default: the one in the run's record, if that needs no password.
    #[arg(long, value_name = "URL", env = "ZAGG_QUEUE", hide_env_values = true)]
    pub(crate) queue: Option<String>,
    /// Only jobs that were set aside for this: transient, throttled, denied, missing, malformed,
    /// capacity, conflict, bug, poison or undecodable.
    #[arg(long, value_name = "CLASS")]
    pub(crate) class: Option<Class>,
    /// At most so many.
    #[arg(long, value_name = "N")]
    pub(crate) max: Option<usize>,
    /// Where S3 is.
    #[command(flatten)]
    pub(crate) s3: S3Arguments,
}

#[derive(Debug, Args)]
pub(crate) struct DeadArguments {
    /// Only jobs of this run: its store for the latest one, or STORE#RUN.
    #[arg(value_name = "RUN", required_unless_present = "queue")]
    pub(crate) run: Option<String>,
    /// The queue. Default: the one in the run's record, if that needs no password.
    #[arg(long, value_name = "URL", env = "ZAGG_QUEUE", hide_env_values = true)]
    pub(crate) queue: Option<String>,
    /// Only jobs that were set aside for this.
    #[arg(long, value_name = "CLASS")]
    pub(crate) class: Option<Class>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Where S3 is.
    #[command(flatten)]
    pub(crate) s3: S3Arguments,
}

#[derive(Debug, Args)]
pub(crate) struct LoginArguments {
    /// Try the login: fetch a token, and S3 credentials of the archives. Exits 1 when one refuses.
    #[arg(long)]
    pub(crate) check: bool,
    /// Only this archive (NSIDC, LPDAAC, ..., or all); may be repeated. Default: NSIDC, GES_DISC, LPDAAC.
    #[arg(long = "provider", value_name = "NAME", requires = "check")]
    pub(crate) providers: Vec<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_southern_shard_label_is_not_taken_for_a_flag() {
        let typed = ["zagg", "run", "--config", "a.yaml", "--shard", "-3114111", "--shard", "4"];
        let Command::Run(run) = Arguments::parse_from(typed).command else { panic!("not run") };
        assert_eq!(run.shards, ["-3114111", "4"]);
    }
}
