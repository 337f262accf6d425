//! What the file means: the written form to the checked model, with every problem on the way.

mod fields;
mod fill;
mod filters;
mod functions;
mod grid;
mod levels;
mod source;
mod storage;

use super::{
    digest,
    model::{Field, Pipeline},
    node::Node,
    problem::{Findings, Path, PipelineError, Problem},
    raw::{RawAggregation, RawKind, RawPipeline, RawPipelineType},
    schema::json_schema,
    shape::{conform, not_yet},
};

/// The names that expressions and statistics may use.
struct Names {
    /// Variables at the base rate, then those spread from other levels.
    columns: Vec<String>,
    /// Levels, and which of them is the base.
    levels: Vec<String>,
    base: Option<String>,
}

impl Names {
    /// Reads the names from the tree: a variable that is written wrongly is still a name.
    fn of(tree: &Node) -> Self {
        let keys = |node: Option<&Node>| -> Vec<String> {
            node.into_iter().flat_map(Node::entries).map(|(key, _)| key.name.clone()).collect()
        };
        let source = tree.get("data_source");
        let levels = source.and_then(|source| source.get("levels"));
        let mut columns = keys(source.and_then(|source| source.get("variables")));
        for (_, level) in levels.into_iter().flat_map(Node::entries) {
            columns.extend(keys(level.get("variables")));
        }
        let base = source.and_then(|source| source.get("base_level")).map(Node::json);
        Self { columns, levels: keys(levels), base: base.and_then(|name| name.as_str().map(str::to_owned)) }
    }

    /// The names in a sentence.
    fn listed(&self) -> String {
        if self.columns.is_empty() { "there are none".to_owned() } else { self.columns.join(", ") }
    }
}

impl Pipeline {
    /// Reads and checks a pipeline.
    ///
    /// # Errors
    /// With everything that is wrong: unknown keys, wrong types, names that do not resolve, and
    /// what is not supported yet.
    pub fn from_yaml(text: &str) -> Result<Self, PipelineError> {
        let tree = Node::from_yaml(text)?;
        let mut findings = Findings::default();
        let root = Path::default();
        let written = conform(&tree, &json_schema(), &root, &mut findings);
        let pipeline = written.and_then(|json| match serde_json::from_value::<RawPipeline>(json) {
            Ok(raw) => check(raw, &tree, &mut findings),
            Err(error) => {
                findings.problem(&root, format!("not a pipeline: {error}"));
                None
            }
        });
        match (findings.error(|path| tree.line_of(path)), pipeline) {
            (Some(error), _) => Err(error),
            (None, Some(pipeline)) => Ok(Self { notes: findings.notes, ..pipeline }),
            (None, None) => {
                let message = "the pipeline is not complete".to_owned();
                let problem = Problem { path: String::new(), line: None, message, suggestion: None };
                Err(PipelineError { problems: vec![problem] })
            }
        }
    }
}

fn check(raw: RawPipeline, tree: &Node, findings: &mut Findings) -> Option<Pipeline> {
    if let Some(RawKind { kind: Some(kind @ (RawPipelineType::Temporal | RawPipelineType::Event)) }) = raw.pipeline {
        findings.problem(&Path::of("pipeline.type"), not_yet(&format!("`{}`", kind.name()), Some("use `spatial`")));
    }
    let names = Names::of(tree);
    let section = |findings: &mut Findings, name: &str, says: &str| {
        findings.absent(&Path::of(name), format!("this section is required; it says {says}"));
    };
    if raw.data_source.is_none() {
        section(findings, "data_source", "where points come from");
    }
    if raw.aggregation.is_none() {
        section(findings, "aggregation", "what is computed per cell");
    }
    if raw.output.is_none() {
        section(findings, "output", "on which grid results are stored");
    }
    let source = raw.data_source.and_then(|source| source::source(source, &names, findings));
    let fill = source.as_ref().map(|source| source.fill);
    let (store, grid) = match raw.output {
        Some(output) => {
            storage::unsupported(&output, findings);
            let compression = storage::compression(output.compression, findings);
            let grid = grid::grid(output.grid, compression, findings);
            (output.store, grid)
        }
        None => (None, None),
    };
    let healpix = grid.as_ref().is_none_or(|(_, storage)| storage.morton);
    let fields = raw.aggregation.and_then(|raw| aggregation(raw, &names, fill, healpix, findings));
    let (source, fields, (grid, storage)) = (source?, fields?, grid?);
    let digest = digest::digest(&source, &fields, &grid, &storage);
    Some(Pipeline { source, fields, grid, storage, catalog: raw.catalog, store, digest, notes: Vec::new() })
}

fn aggregation(
    raw: RawAggregation,
    names: &Names,
    fill: Option<super::FillPolicy>,
    healpix: bool,
    findings: &mut Findings,
) -> Option<Vec<Field>> {
    fields::coordinates(raw.coordinates.unwrap_or_default(), healpix, findings);
    let path = Path::of("aggregation.variables");
    let variables = raw.variables.unwrap_or_default().0;
    if variables.is_empty() {
        findings.absent(&path, "no field is computed; name at least one, e.g. `count: {function: len}`");
        return None;
    }
    let count = variables.len();
    let fields: Vec<Field> = variables
        .into_iter()
        .filter_map(|(name, raw)| {
            let at = path.key(&name);
            fields::field(name, raw, &fields::Context { names, fill, healpix }, &at, findings)
        })
        .collect();
    (fields.len() == count).then_some(fields)
}
