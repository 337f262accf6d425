//! What the chart renders, by every set of values in `k8s/zagg/ci`.

use serde_json::Value;
use zagg_tests::kit::{python, zagg_bin};

/// What a script found wrong, by set of values; it must have looked at enough of them.
fn nothing_wrong(found: &Value) {
    let sets = found["sets"].as_object().unwrap();
    assert!(sets.len() >= 25, "only {} sets of values", sets.len());
    let wrong: Vec<_> =
        sets.iter().filter(|(_, problems)| problems.as_array().is_none_or(|all| !all.is_empty())).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_object_of_every_set_of_values_is_valid() {
    let found = python::script("chart_valid.py", &[]);
    nothing_wrong(&found);
    assert_eq!(found["missed"], serde_json::json!([]), "spoilt objects were not found");
    let untold = serde_json::json!([".global", ".worker.resources.claims", ".run.resources.claims"]);
    assert_eq!(found["untold"], untold, "values.yaml shows all that the schema knows");
    for kind in [
        "ConfigMap",
        "Deployment",
        "HorizontalPodAutoscaler",
        "Job",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "PrometheusRule",
        "ScaledObject",
        "Service",
        "ServiceAccount",
        "ServiceMonitor",
        "TriggerAuthentication",
    ] {
        assert!(found["kinds"][kind].as_u64() > Some(0), "no set of values renders a {kind}");
    }
}

#[test]
fn what_is_rendered_fits_together_and_says_what_the_programs_know() {
    let programs = zagg_bin::program("zagg-worker");
    let found = python::script("chart_cross.py", &[&programs.parent().unwrap().display().to_string()]);
    nothing_wrong(&found);
    assert_eq!(found["missed"], serde_json::json!([]), "what was spoilt was not found");
    // The programs' help was understood.
    for program in ["/zagg-worker", "/zagg-produce", "/zagg status", "/zagg create-queue"] {
        assert!(found["flags"][program].as_u64() > Some(4), "{found}");
    }
    assert!(found["variables"].as_u64() > Some(30), "{found}");
}

#[test]
fn a_wrong_value_is_refused_by_name() {
    let cases = python::script("chart_wrong.py", &[]);
    let cases = cases.as_array().unwrap();
    assert!(cases.len() >= 90, "only {} cases", cases.len());
    let passed = cases.iter().filter(|case| {
        let (word, said) = (case["word"].as_str().unwrap(), case["said"].as_str().unwrap_or_default());
        !said.to_lowercase().contains(&word.to_lowercase())
    });
    assert_eq!(passed.collect::<Vec<_>>(), Vec::<&Value>::new());
}

/// Packs the chart, and renders the archive beside the folder.
const PACKED: &str = r#"
import json, sys, tarfile, tempfile
sys.path.insert(0, sys.argv[1])
import helm_python
from chart_sets import CHART, manifests, sets
with tempfile.TemporaryDirectory() as folder:
    archive = helm_python.package(str(CHART), destination=folder)
    names = tarfile.open(archive).getnames()
    packed = helm_python.Chart.load(archive)
    same = [name for name, values in sets().items() if manifests(values, packed) == manifests(values)]
print(json.dumps({"names": names, "same": len(same), "sets": len(sets()), "metadata": packed.metadata}))
"#;

#[test]
fn a_packed_chart_has_its_dashboards_and_renders_the_same() {
    let scripts = zagg_tests::kit::workspace().join("tests/python");
    let found = python::inline(PACKED, &[&scripts.display().to_string()]);
    assert_eq!(found["same"], found["sets"]);
    // The images that the chart names by default are this release's.
    assert_eq!(found["metadata"]["appVersion"], env!("CARGO_PKG_VERSION"));
    let names: Vec<&str> = found["names"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for name in ["zagg/dashboards/rules/alerts.yaml", "zagg/dashboards/grafana/fleet.json", "zagg/values.schema.json"] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(!names.iter().any(|name| name.starts_with("zagg/ci/")), "{names:?}");
}
