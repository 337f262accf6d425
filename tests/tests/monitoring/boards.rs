//! The dashboards' queries, as Grafana would send them.

use std::collections::BTreeSet;

use serde_json::Value;
use zagg_tests::kit::Prometheus;

use crate::written::dashboards;

/// One query of a panel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Query {
    /// The dashboard and the panel.
    pub(crate) place: String,
    /// The expression, with variables in it.
    expression: String,
}

impl Query {
    /// The expression with each variable's value in its place; with the others at "All".
    pub(crate) fn with(&self, values: &[(&str, &str)]) -> String {
        let mut expression = self.expression.clone();
        for (name, value) in values.iter().chain(&ALL) {
            expression = expression.replace(&format!("${name}"), value);
        }
        assert!(!expression.contains('$'), "{}: {expression}", self.place);
        expression
    }
}

/// What Grafana puts where everything is chosen, and a rate's window at a step of 15 seconds.
const ALL: [(&str, &str); 5] =
    [("__rate_interval", "1m"), ("namespace", ".*"), ("run_id", ".*"), ("instance", ".*"), ("queue", ".*")];

/// Every query of every dashboard.
pub(crate) fn queries() -> BTreeSet<Query> {
    let mut found = BTreeSet::new();
    for board in ["run", "fleet", "queue", "storage"] {
        let text = std::fs::read_to_string(dashboards(&format!("grafana/{board}.json"))).unwrap();
        let board: Value = serde_json::from_str(&text).unwrap();
        for panel in board["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let place = format!("{}: {}", board["title"].as_str().unwrap(), panel["title"].as_str().unwrap());
                found.insert(Query { place, expression: target["expr"].as_str().unwrap().to_owned() });
            }
        }
    }
    assert!(found.len() > 80, "{found:?}");
    found
}

/// Leaves in `waiting` the queries that give no number yet.
pub(crate) fn strike_out(prometheus: &Prometheus, waiting: &mut BTreeSet<Query>) {
    waiting.retain(|query| {
        let found = prometheus.try_query(&query.with(&[])).unwrap_or_else(|said| panic!("{query:?}: {said}"));
        !found.iter().any(|sample| sample.value.is_finite())
    });
}

/// Asserts that what is chosen in a variable is all that is shown: of one namespace and one worker.
pub(crate) fn assert_variables_choose(prometheus: &Prometheus, namespace: &str, instance: &str, run: &str) {
    let values = [("namespace", namespace), ("instance", instance), ("run_id", run)];
    let mut labelled = 0;
    for query in queries() {
        for sample in prometheus.query(&query.with(&values)) {
            for (name, value) in values {
                if let Some(found) =
                    sample.labels.get(name).filter(|_| name != "instance" || query.expression.contains("$instance"))
                {
                    assert_eq!(found, value, "{query:?}");
                    labelled += 1;
                }
            }
        }
    }
    assert!(labelled > 20, "only {labelled} labels were seen");
}
