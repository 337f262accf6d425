//! `zagg`: what a person types.

mod args;
mod catalog;
mod compare;
mod demo;
mod error;
mod export;
mod fleet;
mod login;
mod overviews;
mod plot;
mod run;
mod shards;
mod verify;
mod view;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Arguments, Command};
use error::CommandError;
use zagg_core::fault::chain;
use zagg_program::{exit::Exit, logging, output};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    logging::start(arguments.verbose, arguments.quiet);
    let exit = match dispatch(arguments) {
        Ok(exit) => exit,
        Err(error) => {
            output::error(&chain(&error));
            error.exit()
        }
    };
    exit.into()
}

fn dispatch(arguments: Arguments) -> Result<Exit, CommandError> {
    let quiet = arguments.quiet;
    if let Command::Completions { shell } = arguments.command {
        clap_complete::generate(shell, &mut Arguments::command(), "zagg", &mut std::io::stdout());
        return Ok(Exit::Done);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| CommandError::Usage(format!("the asynchronous runtime cannot be started: {error}")))?;
    runtime.block_on(async {
        match arguments.command {
            Command::Run(typed) => run::run(typed, quiet).await,
            Command::Demo(typed) => demo::demo(&typed, quiet).await,
            Command::Verify(typed) => verify::verify(&typed, quiet).await,
            Command::Compare(typed) => compare::compare(&typed, quiet).await,
            Command::Plot(typed) => plot::plot(&typed, quiet).await,
            Command::View(typed) => view::view(&typed, quiet).await,
            Command::Shards(typed) => shards::shards(&typed, quiet).await,
            Command::Export(typed) => export::export(&typed, quiet).await,
            Command::Overviews(typed) => overviews::overviews(&typed, quiet).await,
            Command::CreateQueue(typed) => fleet::create_queue(&typed, quiet).await,
            Command::Status(typed) => fleet::status(&typed, quiet).await,
            Command::Cancel(typed) => fleet::cancel(&typed, quiet).await,
            Command::Redrive(typed) => fleet::redrive(&typed, quiet).await,
            Command::Dead(typed) => fleet::dead(&typed, quiet).await,
            Command::Catalog(typed) => catalog::catalog(&typed, quiet).await,
            Command::Login(typed) => login::login(&typed, quiet).await,
            Command::Completions { .. } => Ok(Exit::Done),
        }
    })
}
