//! Which fields merge, and by what.
//!
//! A cell without a value is told from one with a value by the number of values that went into it. Where missing
//! values are left out, that is the count of the field's own variable: the count of all points may be larger. Where
//! they are kept, the two are the same.

use std::collections::BTreeMap;

use serde_json::Value;
use zagg_store::read::Cells;

/// What is merged into overviews, and what is not.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The fields of the overviews, by name.
    pub merges: Vec<Merge>,
    /// The fields that are left out, and why: a phrase that follows the field's name.
    pub left_out: BTreeMap<String, String>,
}

/// How one field merges.
#[derive(Debug, Clone, PartialEq)]
pub struct Merge {
    /// The field.
    pub field: String,
    /// What it is of the points of a cell, as the store says.
    pub statistic: Value,
    /// How it merges.
    pub rule: Rule,
    /// The field that says how many values went into a cell.
    pub count: Option<String>,
    /// The field with their mean, where that is needed too.
    pub mean: Option<String>,
}

/// How cells of a statistic merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Counts and sums add up; the count of nothing is zero.
    Count,
    /// Sums add up; the sum of nothing is no value.
    Sum,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The mean weighted by the counts.
    Mean,
    /// Sums of squared differences from the mean (Chan, Golub and LeVeque 1983, eq. 2.1).
    Variance {
        /// Degrees of freedom that the mean takes.
        ddof: u8,
        /// Whether the field is the root of the variance.
        root: bool,
    },
}

impl Plan {
    /// What of the fields of `cells` merges, by the store's own word about its statistics.
    #[must_use]
    pub fn of(statistics: &Value, cells: &Cells) -> Self {
        let known = Known { statistics, cells };
        let (mut merges, mut left_out) = (Vec::new(), BTreeMap::new());
        for (name, dtype) in &cells.fields {
            match known.merge(name, dtype.is_float()) {
                Ok(merge) => merges.push(merge),
                Err(reason) => _ = left_out.insert(name.clone(), reason),
            }
        }
        Self { merges, left_out }
    }

    /// The fields of the overviews.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        self.merges.iter().map(|merge| merge.field.as_str()).collect()
    }

    /// The fields of the cells that are read.
    #[must_use]
    pub fn sources(&self) -> Vec<&str> {
        let mut sources = self.fields();
        sources.extend(self.merges.iter().flat_map(|merge| [&merge.count, &merge.mean]).flatten().map(String::as_str));
        sources.sort_unstable();
        sources.dedup();
        sources
    }
}

struct Known<'a> {
    statistics: &'a Value,
    cells: &'a Cells,
}

impl Known<'_> {
    fn merge(&self, name: &str, is_float: bool) -> Result<Merge, String> {
        let statistic = &self.statistics["fields"][name];
        let Some([what, source, more @ ..]) = statistic.as_array().map(Vec::as_slice) else {
            return Err("is left out: the store does not say what it is of the points of a cell".to_owned());
        };
        let count = self.count(source);
        let merge =
            |rule, count, mean| Merge { field: name.to_owned(), statistic: statistic.clone(), rule, count, mean };
        let variable = source.as_str().unwrap_or_default();
        let uncounted = || format!("needs the count of `{variable}`, and no field has it");
        // Without a count, no value is NaN; integers cannot say so, and kept missing values are NaN too.
        let told_apart = is_float && !self.keeps_missing();
        match what.as_str().unwrap_or_default() {
            "count" => Ok(merge(Rule::Count, None, None)),
            "sum" | "min" | "max" if count.is_none() && !told_apart => Err(uncounted()),
            "sum" => Ok(merge(Rule::Sum, count, None)),
            "min" => Ok(merge(Rule::Min, count, None)),
            "max" => Ok(merge(Rule::Max, count, None)),
            "mean" if !more.is_empty() => Err("is a weighted mean, which needs the sums of its weights".to_owned()),
            "mean" | "variance" | "standard_deviation" if !is_float => {
                Err("is a fraction in an integer type".to_owned())
            }
            "mean" => Ok(merge(Rule::Mean, Some(count.ok_or_else(uncounted)?), None)),
            what @ ("variance" | "standard_deviation") => {
                let mean = self.find("mean", source).ok_or_else(|| {
                    format!("needs the mean of `{variable}` (not a weighted one), and no field has it")
                })?;
                let ddof = match more.first().and_then(Value::as_u64) {
                    Some(ddof @ (0 | 1)) => ddof as u8,
                    _ => return Err("has more than one degree of freedom taken off".to_owned()),
                };
                let rule = Rule::Variance { ddof, root: what == "standard_deviation" };
                Ok(merge(rule, Some(count.ok_or_else(uncounted)?), Some(mean)))
            }
            "median" | "quantile" => Err("does not merge: it needs the points in order".to_owned()),
            "expression" => Err("does not merge: it is an expression of the points".to_owned()),
            other => Err(format!("is `{other}`, for which there is no rule")),
        }
    }

    fn keeps_missing(&self) -> bool {
        self.statistics["missing"] == "kept"
    }

    /// The field that counts the values of a variable that go into statistics.
    fn count(&self, source: &Value) -> Option<String> {
        let of_all = || self.keeps_missing().then(|| self.find("count", &Value::Null)).flatten();
        self.find("count", source).or_else(of_all)
    }

    /// The field that is `what` of a variable, and of nothing else.
    fn find(&self, what: &str, source: &Value) -> Option<String> {
        let is = |name: &&str| match self.statistics["fields"][*name].as_array().map(Vec::as_slice) {
            Some([found, of]) => found == what && of == source,
            _ => false,
        };
        self.cells.fields.iter().map(|(name, _)| name.as_str()).find(is).map(str::to_owned)
    }
}
