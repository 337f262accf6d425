//! `zagg overviews`: coarser orders beside the cells.

mod arguments;

use std::fmt::Write as _;

use zagg_core::order::Order;
use zagg_map::overview::{OverviewReport, Wanted, compute};
use zagg_program::{environment, exit::Exit, numbers, output};
use zagg_store::{Location, Store};

use crate::error::CommandError;

pub(crate) use arguments::OverviewsArguments;

/// Computes the overviews that are missing or out of date.
pub(crate) async fn overviews(typed: &OverviewsArguments, quiet: bool) -> Result<Exit, CommandError> {
    let location = Location::parse(&typed.store)?;
    let store = Store::open(&location, &environment::store_settings(&typed.s3))?;
    let wanted = Wanted {
        orders: (!typed.orders.is_empty()).then(|| typed.orders.clone()),
        down_to: typed.down_to,
        overwrite: typed.overwrite,
    };
    let mut counter = output::Counter::new("blocks merged", quiet);
    let report = compute(&store, &wanted, |done, _| counter.at(done)).await?;
    counter.finish();
    if typed.json {
        output::result(&output::json(&report)?, false);
    } else {
        output::result(&describe(&location, &report), quiet);
    }
    Ok(if report.misplaced > 0 { Exit::Incomplete } else { Exit::Done })
}

fn describe(location: &Location, report: &OverviewReport) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "Overviews of order {} in {location}", report.cells);
    let orders = |orders: &[Order]| orders.iter().map(Order::to_string).collect::<Vec<_>>().join(", ");
    if report.written.is_empty() {
        let _ = writeln!(text, "  nothing to do: {} are there, of these cells", orders(&report.kept));
    } else {
        let _ = writeln!(
            text,
            "  wrote {}: {} objects, {}, from {} chunks of cells in {:.1} s",
            orders(&report.written),
            numbers::grouped(report.objects),
            numbers::bytes(report.bytes),
            numbers::grouped(report.blocks),
            report.seconds
        );
        if !report.kept.is_empty() {
            let _ = writeln!(text, "  kept {}, which are of these cells", orders(&report.kept));
        }
    }
    let fields: Vec<&str> = report.fields.keys().map(String::as_str).collect();
    let _ = writeln!(text, "  fields: {}", fields.join(", "));
    if !report.left_out.is_empty() {
        let _ = writeln!(text, "  left out:");
    }
    for (field, reason) in &report.left_out {
        let _ = writeln!(text, "    {field} {reason}");
    }
    if report.misplaced > 0 {
        let misplaced = numbers::grouped(report.misplaced);
        let _ = writeln!(text, "  {misplaced} cells whose coordinate is not that of their place were left out");
    }
    text
}
