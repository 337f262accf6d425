//! `zagg-worker`: takes jobs and does them. As a container it drains a queue; under the name
//! `bootstrap` in a Lambda function it answers the events of a queue.

mod program;

use std::process::ExitCode;

use clap::Parser;
use zagg_core::fault::chain;
use zagg_program::{environment, exit::Exit, output};

use program::{arguments::Arguments, error::ProgramError};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::log::start(arguments.log, arguments.verbose, arguments.quiet);
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
    runtime.block_on(async {
        if arguments.health {
            return program::health(arguments).await;
        }
        if environment::is_lambda() { program::lambda(arguments).await } else { program::container(arguments).await }
    })
}
