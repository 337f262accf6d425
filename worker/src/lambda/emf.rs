//! Metrics where nobody can ask for them: one line per job in CloudWatch's Embedded Metric Format,
//! which needs no request and survives a frozen process.

use std::{
    io::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Map, Value, json};
use zagg_core::price::Rates;

use super::asked::Asked;
use crate::event::Event;

/// The line of an event, if it ends a delivery, with what was asked since the line before. An attempt that came to
/// nothing costs its seconds at these `rates`.
pub(super) fn line(event: &Event, function: &str, rates: Rates, asked: impl FnOnce() -> Asked) -> Option<String> {
    let (outcome, facts, mut figures) = match event {
        Event::Finished(report, delivered) => {
            let read = &report.read;
            let facts = json!({ "run": delivered.run, "shard": report.shard, "attempt": delivered.attempt });
            let figures = vec![
                ("zagg_cell_duration_seconds", "Seconds", report.wall_seconds),
                ("zagg_obs_read_total", "Count", read.rows_scanned as f64),
                ("zagg_obs_kept_total", "Count", read.points_kept as f64),
                ("zagg_granules_total", "Count", read.granules as f64),
                ("zagg_objects_written_total", "Count", report.objects as f64),
                ("zagg_cost_usd_total", "None", report.usd.map_or(0.0, |usd| usd.total())),
            ];
            (report.outcome.name(), facts, figures)
        }
        Event::Released(trouble) | Event::Buried(trouble) => {
            let outcome = if matches!(event, Event::Buried(_)) { "failed" } else { "released" };
            let facts = json!({ "run": trouble.run, "shard": trouble.shard, "attempt": trouble.attempt,
                "error_class": trouble.fault, "reason": trouble.reason });
            let usd = trouble.usd(&rates).total();
            let figures = vec![
                ("zagg_cell_duration_seconds", "Seconds", trouble.wall_seconds),
                ("zagg_cost_usd_total", "None", usd),
            ];
            (outcome, facts, figures)
        }
        _ => return None,
    };
    let asked = asked();
    figures.extend([
        ("zagg_s3_requests_total", "Count", asked.requests as f64),
        ("zagg_s3_bytes_in_total", "Bytes", asked.bytes_in as f64),
        ("zagg_s3_bytes_out_total", "Bytes", asked.bytes_out as f64),
    ]);
    Some(render(function, outcome, facts, &figures))
}

fn render(function: &str, outcome: &str, facts: Value, figures: &[(&str, &str, f64)]) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut metrics = vec![json!({ "Name": "zagg_cells_total", "Unit": "Count" })];
    metrics.extend(figures.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })));
    let directive = json!({
        "Namespace": "zagg",
        "Dimensions": [["Function"], ["Function", "Outcome"]],
        "Metrics": metrics,
    });
    let mut line = Map::new();
    let milliseconds = u64::try_from(since.as_millis()).unwrap_or(0);
    line.insert("_aws".to_owned(), json!({ "Timestamp": milliseconds, "CloudWatchMetrics": [directive] }));
    line.insert("Function".to_owned(), json!(function));
    line.insert("Outcome".to_owned(), json!(outcome));
    line.insert("zagg_cells_total".to_owned(), json!(1));
    line.extend(figures.iter().map(|(name, _, value)| ((*name).to_owned(), json!(value))));
    if let Value::Object(facts) = facts {
        line.extend(facts);
    }
    Value::Object(line).to_string()
}

/// Writes the line to standard output, whole.
pub(super) fn print(line: &str) {
    // Nobody is left to hear of it when this fails.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Trouble;
    use crate::report::{JobReport, Outcome};

    fn rates() -> Rates {
        Rates::lambda(1.769, true)
    }

    #[test]
    fn an_attempt_that_came_to_nothing_costs_its_seconds() {
        let trouble = Trouble { wall_seconds: 300.0, fault: "transient", ..Trouble::default() };
        for event in [Event::Released(trouble.clone()), Event::Buried(trouble)] {
            let asked = Asked { requests: 0, bytes_in: 0, bytes_out: 0 };
            let line: Value = serde_json::from_str(&line(&event, "zagg", rates(), || asked).unwrap()).unwrap();
            let usd = line["zagg_cost_usd_total"].as_f64().unwrap();
            assert_eq!(usd, rates().cost(300.0, 0, 0).total());
            assert!(usd > 0.007, "{usd}");
        }
    }

    #[test]
    fn a_line_declares_every_metric_that_it_holds() {
        let delivered = crate::event::Delivered { run: "r".into(), attempt: 2 };
        let event = Event::Finished(Box::new(JobReport::new("-311", Outcome::Data)), delivered);
        let asked = Asked { requests: 7, bytes_in: 70, bytes_out: 5 };
        let line: Value = serde_json::from_str(&line(&event, "zagg", rates(), || asked).unwrap()).unwrap();
        assert_eq!((&line["zagg_s3_requests_total"], &line["zagg_s3_bytes_in_total"]), (&7.0.into(), &70.0.into()));
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "zagg");
        let metrics = directive["Metrics"].as_array().unwrap();
        assert!(metrics.len() <= 100);
        for metric in metrics {
            assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric}");
        }
        for dimension in ["Function", "Outcome"] {
            assert!(line[dimension].is_string());
        }
        assert_eq!((line["attempt"].as_u64(), line["shard"].as_str()), (Some(2), Some("-311")));
    }
}
