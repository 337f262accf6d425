//! `zagg create-queue`: a queue before there is a run.

use zagg_program::{exit::Exit, output};
use zagg_queue::{queue::Options, url::QueueUrl};

use crate::{args::CreateQueueArguments, error::CommandError};

/// Makes a queue with all that belongs to it, or checks what is there. What exists is never changed.
pub(crate) async fn create_queue(typed: &CreateQueueArguments, quiet: bool) -> Result<Exit, CommandError> {
    let url: QueueUrl = typed.queue.parse()?;
    let options = Options { term: typed.term, max_attempts: typed.max_attempts };
    let setup = url.create(options).await?;
    if typed.json {
        output::result(&output::json(&setup)?, false);
    } else {
        output::result(&setup.to_string(), quiet);
    }
    Ok(Exit::Done)
}
