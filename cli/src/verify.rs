//! `zagg verify`: does every hash of a store hold?

use std::fmt::Write as _;

use zagg_store::{
    Location, Store,
    verify::{Findings, Freshness, VerifyReport, verify as verify_store},
};

use zagg_program::{environment, exit::Exit, numbers, output};

use crate::{args::VerifyArguments, error::CommandError};

/// Re-reads everything that the store's marks name.
pub(crate) async fn verify(typed: &VerifyArguments, quiet: bool) -> Result<Exit, CommandError> {
    let location = Location::parse(&typed.store)?;
    let store = Store::open(&location, &environment::store_settings(&typed.s3))?;
    let mut counter = output::Counter::new("shards verified", quiet);
    let report = verify_store(&store, |marks| counter.at(marks)).await?;
    counter.finish();
    if let Some(path) = &typed.report {
        output::write_report(path, &report)?;
    }
    output::result(&describe(&location, &report), quiet);
    Ok(if report.sound() { Exit::Done } else { Exit::Incomplete })
}

fn describe(location: &Location, report: &VerifyReport) -> String {
    let mut text = String::new();
    let verdict = if report.sound() { "Every hash holds" } else { "NOT SOUND" };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{verdict}: {location}");
    let _ = writeln!(
        text,
        "  {} shards ({} empty), {} objects, {}; {} points in {} cells",
        numbers::grouped(report.marks),
        numbers::grouped(report.empty),
        numbers::grouped(report.objects),
        numbers::bytes(report.bytes),
        numbers::grouped(report.points),
        numbers::grouped(report.cells)
    );
    for problem in &report.metadata {
        let _ = writeln!(text, "  metadata: {problem}");
    }
    list(&mut text, "marks that cannot be read", &report.bad_marks);
    list(&mut text, "objects that are missing", &report.missing);
    list(&mut text, "objects with other bytes than their mark says", &report.changed);
    list(&mut text, "objects that cannot be decoded", &report.undecodable);
    list(&mut text, "chunks that no mark names (of shards not finished: run again)", &report.unmarked);
    overviews(&mut text, "overviews (orders)", report, Freshness::Fresh);
    overviews(&mut text, "overviews of other cells (run `zagg overviews` again)", report, Freshness::Stale);
    overviews(
        &mut text,
        "overviews that were not finished (run `zagg overviews` again)",
        report,
        Freshness::Unfinished,
    );
    text
}

fn overviews(text: &mut String, what: &str, report: &VerifyReport, state: Freshness) {
    let mut orders: Vec<&str> =
        report.overviews.iter().filter(|(_, found)| **found == state).map(|(order, _)| order.as_str()).collect();
    orders.sort_by_key(|order| std::cmp::Reverse(order.parse::<u8>().ok()));
    if !orders.is_empty() {
        let _ = writeln!(text, "  {what}: {}", orders.join(", "));
    }
}

fn list(text: &mut String, what: &str, findings: &Findings) {
    if findings.count == 0 {
        return;
    }
    let _ = writeln!(text, "  {} {what}", findings.count);
    for key in &findings.keys {
        let _ = writeln!(text, "    {key}");
    }
}
