//! What the documentation says is what the code does.

use std::{fs, path::PathBuf};

use crate::pipeline::{json_schema, reference_page};

fn published(name: &str, current: &str) {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference")).join(name);
    if std::env::var_os("ZAGG_BLESS").is_some() {
        fs::write(&path, current).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == current, "docs/reference/{name} is stale; run the tests once with ZAGG_BLESS=1");
}

#[test]
fn the_published_schema_is_the_one_that_files_are_checked_against() {
    published("pipeline.schema.json", &format!("{:#}\n", json_schema()));
}

#[test]
fn the_published_reference_page_is_the_generated_one() {
    published("pipeline.md", &reference_page());
}

#[test]
fn the_reference_page_tells_of_every_key_and_its_status() {
    let page = reference_page();
    for row in [
        "| `fill` | `missing`, `keep` | `missing` | supported |",
        "| `handoff` | `arrow`, `pandas` |  | no effect |",
        "| `chunk_precompute` | any |  | not yet |",
        "| `parent_order` | whole number |  | supported |",
        "## `data_source.levels.<name>.link`",
        "## `data_source.filters[]`",
        "## `aggregation.variables.<name>`",
        "## `output.compression`",
    ] {
        assert!(page.contains(row), "{row}");
    }
    assert!(!page.contains("|  | supported |  |"), "every key has a meaning");
}
