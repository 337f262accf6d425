//! `zagg shards`: outlines of shards and granules, as a web page or as GeoJSON.

mod arguments;
mod geojson;
mod page;
mod place;
mod state;
mod told;

use std::fmt::Write as _;

use zagg_program::{exit::Exit, numbers, output};

use crate::error::CommandError;

pub(crate) use arguments::ShardsArguments;
use place::{Form, Place};
use told::Told;

/// Writes the outlines.
pub(crate) async fn shards(typed: &ShardsArguments, quiet: bool) -> Result<Exit, CommandError> {
    // A place that cannot be written is better known before the work than after it.
    let place = Place::ready(typed)?;
    let told = Told::gather(typed).await?;
    match &place {
        Place::Terminal => geojson::write(&told, &mut std::io::stdout().lock()).or_else(nobody_listens)?,
        Place::File { form: Form::GeoJson, .. } => place.fill(|file| geojson::write(&told, file))?,
        Place::File { form: Form::Page, .. } => {
            let text = page::page(&told)?;
            place.fill(|file| std::io::Write::write_all(file, text.as_bytes()))?;
        }
    }
    if let Place::File { path, .. } = &place {
        let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
        output::result(&describe(&told, &path.display().to_string(), bytes), quiet);
    } else {
        told.notes.iter().filter(|_| !quiet).for_each(|note| output::aside(&format!("note: {note}")));
    }
    Ok(Exit::Done)
}

/// A reader that has seen enough, as `head`, is no error.
fn nobody_listens(error: std::io::Error) -> Result<(), CommandError> {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(CommandError::WriteFile { what: "the GeoJSON", path: "-".into(), source: error }),
    }
}

fn describe(told: &Told, path: &str, bytes: u64) -> String {
    let count = |number: usize| numbers::grouped(number as u64);
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{path} ({})", numbers::bytes(bytes));
    let _ = writeln!(
        text,
        "  {} shards, {} granules, {} pairs of them",
        count(told.shards.len()),
        count(told.map.granules().len()),
        numbers::grouped(told.map.pairs())
    );
    if let Some(states) = &told.states {
        let _ = writeln!(text, "  {}", states.summary());
    }
    for note in &told.notes {
        let _ = writeln!(text, "  note: {note}");
    }
    text
}
