//! Which datasets a pipeline reads from every group of a granule, and what each is for.

use zagg_core::pipeline::{Comparison, DataSource, Filter, Level, PathTemplate};

/// An index into [`Wants::paths`], the same for every group.
pub(super) type Slot = usize;

/// The datasets of one group, each path once.
#[derive(Debug, Clone)]
pub(super) struct Wants {
    /// Group names, in the pipeline's order.
    pub(super) groups: Vec<String>,
    /// Path templates.
    pub(super) paths: Vec<PathTemplate>,
    pub(super) latitude: Slot,
    pub(super) longitude: Slot,
    /// The columns of the points, in order: variables at the base rate, then broadcast ones.
    pub(super) columns: Vec<WantedColumn>,
    /// The filters, in order.
    pub(super) filters: Vec<WantedFilter>,
    /// Links of the levels that filters, broadcasts or the read plan need.
    pub(super) links: Vec<WantedLink>,
    /// Coordinates of the level that plans the reading: its link, latitude and longitude.
    pub(super) planned: Option<PlannedRead>,
}

/// One column of the points.
#[derive(Debug, Clone)]
pub(super) struct WantedColumn {
    pub(super) name: String,
    pub(super) slot: Slot,
    /// The column of a two-dimensional dataset.
    pub(super) column: Option<usize>,
    /// For a broadcast variable, the index of its level's link.
    pub(super) link: Option<usize>,
}

/// One filter.
#[derive(Debug, Clone)]
pub(super) enum WantedFilter {
    Compare { comparison: Comparison, slot: Slot, link: Option<usize> },
    Expression(zagg_core::expression::Expression),
}

/// A level's link to a finer one.
#[derive(Debug, Clone)]
pub(super) struct WantedLink {
    pub(super) level: String,
    pub(super) first: Slot,
    pub(super) count: Slot,
    pub(super) index_base: i64,
    /// The link of the finer level, unless that is the base level.
    pub(super) next: Option<usize>,
}

/// Reading planned along a coarse level.
#[derive(Debug, Clone)]
pub(super) struct PlannedRead {
    pub(super) link: usize,
    pub(super) latitude: Slot,
    pub(super) longitude: Slot,
    pub(super) pad: usize,
    pub(super) full_read_threshold: f64,
}

impl Wants {
    /// What `source` reads.
    pub(super) fn new(source: &DataSource) -> Self {
        let mut wants = Self {
            groups: source.groups.clone(),
            paths: Vec::new(),
            latitude: 0,
            longitude: 0,
            columns: Vec::new(),
            filters: Vec::new(),
            links: Vec::new(),
            planned: None,
        };
        wants.latitude = wants.slot(&source.latitude);
        wants.longitude = wants.slot(&source.longitude);
        for variable in &source.variables {
            let slot = wants.slot(&variable.path);
            let (name, column) = (variable.name.clone(), variable.column);
            wants.columns.push(WantedColumn { name, slot, column, link: None });
        }
        for level in source.levels.iter().flat_map(|levels| &levels.levels) {
            for variable in &level.broadcast {
                let slot = wants.slot(&variable.path);
                let link = wants.link(source, &level.name);
                let (name, column) = (variable.name.clone(), variable.column);
                wants.columns.push(WantedColumn { name, slot, column, link });
            }
        }
        for filter in &source.filters {
            let wanted = match filter {
                Filter::Expression(expression) => WantedFilter::Expression(expression.clone()),
                Filter::Compare(comparison) => {
                    let slot = wants.slot(&comparison.dataset);
                    let link = comparison.level.as_ref().and_then(|level| wants.link(source, level));
                    WantedFilter::Compare { comparison: comparison.clone(), slot, link }
                }
            };
            wants.filters.push(wanted);
        }
        wants.planned = wants.planned_read(source);
        wants
    }

    /// The names of the filters, for reports.
    pub(super) fn filter_names(&self) -> Vec<String> {
        self.filters.iter().map(WantedFilter::name).collect()
    }

    fn slot(&mut self, path: &PathTemplate) -> Slot {
        let known = self.paths.iter().position(|other| other == path);
        known.unwrap_or_else(|| {
            self.paths.push(path.clone());
            self.paths.len() - 1
        })
    }

    /// The link of `level` and, behind it, the chain down to the base; none for the base itself.
    fn link(&mut self, source: &DataSource, level: &str) -> Option<usize> {
        if let Some(known) = self.links.iter().position(|link| link.level == level) {
            return Some(known);
        }
        let link = level_of(source, level)?.link.as_ref()?;
        // The pipeline's check has proved that links lead to the base level without a circle; a
        // chain longer than there are levels would be one.
        let depth = self.links.len();
        if depth > source.levels.as_ref().map_or(0, |levels| levels.levels.len()) {
            return None;
        }
        let (first, count) = (self.slot(&link.index_beg), self.slot(&link.count));
        let wanted = WantedLink { level: level.to_owned(), first, count, index_base: link.index_base, next: None };
        self.links.push(wanted);
        let next = self.link(source, &link.to);
        self.links[depth].next = next;
        Some(depth)
    }

    fn planned_read(&mut self, source: &DataSource) -> Option<PlannedRead> {
        let plan = source.read_plan.as_ref()?;
        let level = level_of(source, &plan.spatial_index)?.clone();
        let link = self.link(source, &level.name)?;
        let (latitude, longitude) = (self.slot(level.latitude.as_ref()?), self.slot(level.longitude.as_ref()?));
        let (pad, full_read_threshold) = (plan.pad, plan.full_read_threshold);
        Some(PlannedRead { link, latitude, longitude, pad, full_read_threshold })
    }
}

fn level_of<'a>(source: &'a DataSource, name: &str) -> Option<&'a Level> {
    source.levels.as_ref()?.levels.iter().find(|level| level.name == name)
}

impl WantedFilter {
    fn name(&self) -> String {
        match self {
            Self::Expression(expression) => expression.text.clone(),
            Self::Compare { comparison, .. } => {
                let dataset = comparison.dataset.0.rsplit('/').next().unwrap_or_default();
                let values: Vec<String> = comparison.values.iter().map(f64::to_string).collect();
                let column = comparison.column.map_or_else(String::new, |column| format!("[{column}]"));
                let not = if comparison.keep { "" } else { "not " };
                format!("{not}{dataset}{column} {} {}", symbol(comparison.op), values.join(","))
            }
        }
    }
}

fn symbol(op: zagg_core::pipeline::CompareOp) -> &'static str {
    use zagg_core::pipeline::CompareOp;
    match op {
        CompareOp::Eq => "==",
        CompareOp::Ne => "!=",
        CompareOp::Ge => ">=",
        CompareOp::Le => "<=",
        CompareOp::Lt => "<",
        CompareOp::Gt => ">",
        CompareOp::In => "in",
        CompareOp::NotIn => "not in",
    }
}
