//! What a store says about itself: what its fields are of the points, and where its cells lie.

use serde_json::Value;
use zagg_core::grid::GridSignature;
use zagg_store::{Store, read::Cells, template::ROOT};

use crate::error::Result;

/// What cells of one field make together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Together {
    /// The mean of their values.
    Mean,
    /// The least of their values.
    Least,
    /// The greatest of their values.
    Greatest,
}

/// What a store says about itself. Stores of the Python zagg say less.
#[derive(Debug, Clone, Default)]
pub struct About {
    claim: Value,
}

impl About {
    /// Asks the store's root.
    ///
    /// # Errors
    /// When a request fails or the document is not JSON.
    pub async fn read(store: &Store) -> Result<Self> {
        let Some(bytes) = store.find(ROOT).await? else { return Ok(Self::default()) };
        let document: Value = zagg_store::json::parse(ROOT, &bytes)?;
        Ok(Self { claim: document["attributes"]["zagg"].clone() })
    }

    /// What a field is of the points of its cell: the statistic, the variable, and what else it takes;
    /// none when the store does not say. As `zagg_core::pipeline::describe_reduction` has it.
    #[must_use]
    pub fn statistic(&self, field: &str) -> Option<&[Value]> {
        self.claim["statistics"]["fields"][field].as_array().map(Vec::as_slice)
    }

    /// The statistic's name: `count`, `mean`, ...; none when the store does not say.
    #[must_use]
    pub fn statistic_name(&self, field: &str) -> Option<&str> {
        self.statistic(field)?.first()?.as_str()
    }

    /// What a pixel that holds several cells of a field shows of them.
    #[must_use]
    pub fn together(&self, field: &str) -> Together {
        match self.statistic_name(field) {
            Some("min") => Together::Least,
            Some("max") => Together::Greatest,
            _ => Together::Mean,
        }
    }

    /// The field that counts all points of a cell; by its name where the store does not say.
    #[must_use]
    pub fn count_field<'a>(&self, cells: &'a Cells) -> Option<&'a str> {
        let of_points = |name: &&str| matches!(self.statistic(name), Some([what, Value::Null]) if what == "count");
        let mut names = cells.fields.iter().map(|(name, _)| name.as_str());
        let by_name = |name: &&str| *name == "count" && self.statistic(name).is_none();
        names.clone().find(of_points).or_else(|| names.find(by_name))
    }

    /// The grid; none when the store does not say.
    #[must_use]
    pub fn grid(&self) -> Option<GridSignature> {
        serde_json::from_value(self.claim["grid"].clone()).ok()
    }

    /// The pipeline's digest; empty when the store does not say.
    #[must_use]
    pub fn pipeline(&self) -> &str {
        self.claim["pipeline"].as_str().unwrap_or_default()
    }

    /// The program version that made the store; empty when the store does not say.
    #[must_use]
    pub fn version(&self) -> &str {
        self.claim["version"].as_str().unwrap_or_default()
    }

    /// Everything that the root says under `zagg`.
    #[must_use]
    pub fn claim(&self) -> &Value {
        &self.claim
    }
}
