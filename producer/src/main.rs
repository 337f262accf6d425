//! `zagg-produce`: plans a run, prepares its store, and puts one job per shard on a queue.

mod program;

use std::process::ExitCode;

use clap::Parser;
use zagg_core::fault::chain;
use zagg_program::{exit::Exit, logging, output};

use program::{arguments::Arguments, error::ProgramError};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    logging::start(arguments.verbose, arguments.quiet);
    let exit = match run(&arguments) {
        Ok(exit) => exit,
        Err(error) => {
            output::error(&chain(&error));
            error.exit()
        }
    };
    exit.into()
}

fn run(arguments: &Arguments) -> Result<Exit, ProgramError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| ProgramError::Usage(format!("the asynchronous runtime cannot be started: {error}")))?;
    runtime.block_on(program::produce(arguments))
}
