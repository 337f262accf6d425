//! What a store's marks tell of the shards of a map.

use std::collections::HashSet;

use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use zagg_core::grid::Grid;
use zagg_map::about::About;
use zagg_program::{environment, numbers};
use zagg_store::{
    Location, Store,
    mark::{self, Mark, Outcome},
};

use super::ShardsArguments;
use crate::error::CommandError;

/// Marks that are read at once.
const AT_ONCE: usize = 64;

/// How the shards of a map stand in a store.
#[derive(Debug)]
pub(super) struct States {
    /// The store.
    pub(super) store: String,
    /// For each shard its mark, if it has one.
    pub(super) marks: Vec<Option<Mark>>,
}

/// The word for how a shard stands.
pub(super) fn word(mark: Option<&Mark>) -> &'static str {
    match mark.map(|mark| mark.outcome) {
        Some(Outcome::Data) => "done",
        Some(Outcome::Empty) => "empty",
        None => "left",
    }
}

impl States {
    /// Reads the marks of a store; and what is to be said of them.
    pub(super) async fn read(
        location: &str,
        typed: &ShardsArguments,
        grid: &Grid,
        labels: &[String],
    ) -> Result<(Self, Vec<String>), CommandError> {
        let location = Location::parse(location)?;
        let store = Store::open(&location, &environment::store_settings(&typed.s3))?;
        let mut notes = Vec::new();
        match About::read(&store).await?.grid().map(|found| grid.signature().matches(&found)) {
            Some(Ok(())) => {}
            Some(Err(mismatch)) => {
                let text = format!("the store {location} is of another grid than the shard map: {mismatch}");
                return Err(CommandError::Usage(text));
            }
            None => notes.push(format!("{location} does not say of which grid it is; nothing may be in it yet")),
        }
        let marked: HashSet<String> = mark::list(&store).try_collect().await?;
        let store = &store;
        let each: Vec<_> = labels
            .iter()
            .map(|label| {
                let is_marked = marked.contains(label);
                async move { if is_marked { mark::find(store, label).await } else { Ok(None) } }.boxed()
            })
            .collect();
        let marks: Vec<Option<Mark>> = stream::iter(each).buffered(AT_ONCE).try_collect().await?;
        let others = marked.len().saturating_sub(marks.iter().flatten().count());
        if others > 0 {
            notes.push(format!(
                "the store has {} shards that are not in the shard map",
                numbers::grouped(others as u64)
            ));
        }
        Ok((Self { store: location.to_string(), marks }, notes))
    }

    /// Shards that stand so.
    pub(super) fn count(&self, state: &str) -> usize {
        self.marks.iter().filter(|mark| word(mark.as_ref()) == state).count()
    }

    /// What the marked shards cost together, where marks say so, in US dollars.
    fn usd(&self) -> Option<f64> {
        let told = self.marks.iter().flatten().filter_map(|mark| mark.execution.as_ref());
        told.map(|execution| execution.usd.total()).reduce(|a, b| a + b)
    }

    /// In one line.
    pub(super) fn summary(&self) -> String {
        let count = |state| numbers::grouped(self.count(state) as u64);
        let points: u64 = self.marks.iter().flatten().map(|mark| mark.points).sum();
        let usd = self.usd().map_or_else(String::new, |usd| format!(", ${usd:.4}"));
        format!(
            "in {}: {} done, {} empty, {} left; {} points{usd}",
            self.store,
            count("done"),
            count("empty"),
            count("left"),
            numbers::grouped(points)
        )
    }
}
