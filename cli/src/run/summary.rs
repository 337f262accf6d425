//! The closing summary of a run.

use std::{fmt::Write as _, time::Duration};

use zagg_program::numbers::{bytes, duration, grouped};

use super::report::RunReport;

/// The summary, as lines of text.
pub(crate) fn summary(report: &RunReport) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_summary(&mut text, report);
    text
}

fn write_summary(out: &mut String, report: &RunReport) -> std::fmt::Result {
    let (shards, totals) = (&report.shards, &report.totals);
    let headline = match (report.interrupted, report.is_complete()) {
        (true, _) => "Stopped; run it again to go on",
        (false, true) => "Done",
        (false, false) => "Finished, but not everything is in the store",
    };
    writeln!(out, "{headline} in {}", duration(Duration::from_secs_f64(report.wall_seconds)))?;
    write!(out, "  shards   {} done, {} empty, {} skipped", shards.done, shards.empty, shards.skipped)?;
    write!(out, ", {} failed", shards.failed)?;
    for (count, word) in [(shards.refused, "refused"), (shards.left, "left")] {
        if count > 0 {
            write!(out, ", {count} {word}")?;
        }
    }
    writeln!(out, " of {}", shards.chosen)?;
    write_points(out, report)?;
    let read = &totals.read;
    writeln!(
        out,
        "  read     {} in {} requests ({} granule visits, {} beams; {} beams absent)",
        bytes(read.bytes),
        grouped(read.requests),
        grouped(read.granules),
        grouped(read.groups),
        grouped(read.groups_absent),
    )?;
    writeln!(
        out,
        "  written  {} in {} objects, {} cells with points",
        bytes(totals.bytes_put),
        grouped(totals.objects),
        grouped(totals.cells)
    )?;
    let s = &totals.seconds;
    writeln!(
        out,
        "  seconds  read {:.2} (waiting), decode {:.2}, aggregate {:.2}, encode {:.2}, put {:.2}",
        s.read, s.decode, s.aggregate, s.encode, s.put
    )?;
    write!(out, "  memory   ")?;
    if let Some(peak) = report.peak_memory_bytes {
        write!(out, "{} at the peak; ", bytes(peak))?;
    }
    writeln!(out, "points of the largest shard {}", bytes(totals.peak_points_bytes))?;
    for failure in &report.failures {
        writeln!(out, "  FAILED   shard {} ({}): {}", failure.shard, failure.fault, failure.reason)?;
    }
    for refused in &report.refused {
        writeln!(out, "  REFUSED  shard {}: {}", refused.shard, refused.reason)?;
    }
    write_next(out, report)
}

fn write_points(out: &mut String, report: &RunReport) -> std::fmt::Result {
    let (read, missing) = (&report.totals.read, &report.totals.missing);
    write!(
        out,
        "  points   {} kept of {} in the shards ({} rows looked at)",
        grouped(read.points_kept),
        grouped(read.points_in_shard),
        grouped(read.rows_scanned)
    )?;
    writeln!(out)?;
    for (filter, count) in read.dropped.iter().filter(|(_, count)| *count > 0) {
        writeln!(out, "           {} dropped by {filter}", grouped(*count))?;
    }
    if read.rows_without_position > 0 {
        writeln!(out, "           {} rows without a usable position", grouped(read.rows_without_position))?;
    }
    for (variable, count) in missing.iter().filter(|(_, count)| *count > 0) {
        writeln!(out, "           {} kept points lack {variable}", grouped(*count))?;
    }
    Ok(())
}

fn write_next(out: &mut String, report: &RunReport) -> std::fmt::Result {
    writeln!(out, "  store    {}", report.store)?;
    writeln!(out)?;
    writeln!(out, "  import xarray")?;
    writeln!(out, "  ds = xarray.open_zarr({:?}, group={:?})", report.store, report.group)
}
