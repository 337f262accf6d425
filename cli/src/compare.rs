//! `zagg compare`: two stores, cell by cell.

use std::{collections::BTreeMap, fmt::Write as _};

use zagg_store::{
    Location, Store,
    compare::{Comparison, Side, Tolerances, compare as compare_stores},
};

use zagg_program::{bounds, environment, exit::Exit, numbers::grouped, output};

use crate::{args::CompareArguments, error::CommandError};

/// Compares two stores and prints a table.
pub(crate) async fn compare(typed: &CompareArguments, quiet: bool) -> Result<Exit, CommandError> {
    let tolerances = tolerances(typed)?;
    let settings = environment::store_settings(&typed.s3);
    let reference = Store::open(&Location::parse(&typed.reference)?, &settings)?;
    let other = Store::open(&Location::parse(&typed.other)?, &settings)?;
    let mut counter = output::Counter::new("blocks compared", quiet);
    let comparison = compare_stores(&reference, &other, &tolerances, |done, _| counter.at(done)).await?;
    counter.finish();
    if let Some(path) = &typed.report {
        output::write_report(path, &comparison)?;
    }
    output::result(&describe(typed, &comparison), quiet);
    Ok(if comparison.same() { Exit::Done } else { Exit::Incomplete })
}

fn tolerances(typed: &CompareArguments) -> Result<Tolerances, CommandError> {
    let wrong = |text: &str| {
        CommandError::Usage(format!(
            "`--tol {text}` is not FIELD=RELATIVE or FIELD=RELATIVE:ABSOLUTE, e.g. h_mean=1e-6"
        ))
    };
    let mut fields = BTreeMap::new();
    for text in &typed.fields {
        let (name, numbers) = text.split_once('=').ok_or_else(|| wrong(text))?;
        let (rtol, atol) = numbers.split_once(':').map_or((numbers, None), |(r, a)| (r, Some(a)));
        let rtol: f64 = bounds::amount(rtol).map_err(|_| wrong(text))?;
        let atol: f64 = atol.map_or(Ok(typed.atol), bounds::amount).map_err(|_| wrong(text))?;
        fields.insert(name.to_owned(), (rtol, atol));
    }
    Ok(Tolerances { rtol: typed.rtol, atol: typed.atol, fields })
}

fn describe(typed: &CompareArguments, comparison: &Comparison) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_table(&mut text, typed, comparison);
    text
}

fn write_table(out: &mut String, typed: &CompareArguments, comparison: &Comparison) -> std::fmt::Result {
    for (name, place, side) in [("A", &typed.reference, &comparison.a), ("B", &typed.other, &comparison.b)] {
        writeln!(out, "{name}  {place}: {} cells written, {} with data", grouped(side.cells), grouped(side.with_data))?;
    }
    writeln!(out, "   {} cells in both", grouped(comparison.common))?;
    write_side(out, "A", &comparison.a)?;
    write_side(out, "B", &comparison.b)?;
    for note in &comparison.notes {
        writeln!(out, "   note: {note}")?;
    }
    writeln!(out)?;
    writeln!(
        out,
        "{:<14} {:>10} {:>10} {:>9} {:>11} {:>11} {:>10}",
        "field", "cells", "bit-equal", "NaN diff", "max abs", "max rel", "mismatches"
    )?;
    for field in &comparison.fields {
        writeln!(
            out,
            "{:<14} {:>10} {:>10} {:>9} {:>11.3e} {:>11.3e} {:>10}",
            field.name,
            grouped(field.cells),
            grouped(field.equal),
            grouped(field.nan_differences),
            field.max_abs,
            field.max_rel,
            grouped(field.mismatches)
        )?;
        for example in &field.worst {
            writeln!(out, "    cell {}: A {} B {}", example.cell, example.a, example.b)?;
        }
    }
    writeln!(out)?;
    writeln!(out, "{}", if comparison.same() { "SAME" } else { "DIFFERENT" })
}

fn write_side(out: &mut String, name: &str, side: &Side) -> std::fmt::Result {
    if side.only_here > 0 {
        let cells: Vec<String> = side.examples.iter().map(u64::to_string).collect();
        writeln!(out, "   {} cells with data in {name} only, e.g. {}", grouped(side.only_here), cells.join(", "))?;
    }
    if side.misplaced > 0 {
        writeln!(out, "   {} cells of {name} whose coordinate is not that of their place", grouped(side.misplaced))?;
    }
    if !side.fields_only_here.is_empty() {
        writeln!(out, "   fields in {name} only: {}", side.fields_only_here.join(", "))?;
    }
    Ok(())
}
