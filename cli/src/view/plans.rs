//! The granules of shards: what the plans that lie beside the store say.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;
use tokio::sync::Mutex;
use zagg_core::{
    job::PlanRecord,
    run::{RUNS, plan_key},
};
use zagg_store::{Store, StoreError};

use super::answer::Failure;

/// Bytes of a plan that are fetched at once.
const PIECE: u64 = 8 << 20;

/// Where the records of shards lie in the plans, learned once.
#[derive(Debug, Default)]
pub(super) struct Plans {
    runs: Mutex<BTreeMap<String, Places>>,
}

/// First byte and length of each shard's record, by label.
type Places = HashMap<String, (u64, u64)>;

#[derive(Deserialize)]
struct Label {
    shard: String,
}

impl Plans {
    /// What the plan of `run`, or else that of another run, says of a shard.
    ///
    /// # Errors
    /// When a request fails, or a plan is damaged.
    pub(super) async fn record(
        &self,
        store: &Store,
        run: Option<&str>,
        label: &str,
    ) -> Result<Option<PlanRecord>, Failure> {
        self.learn(store).await?;
        let found = {
            let runs = self.runs.lock().await;
            let own = run.and_then(|run| Some((run.to_owned(), *runs.get(run)?.get(label)?)));
            own.or_else(|| runs.iter().find_map(|(run, places)| Some((run.clone(), *places.get(label)?))))
        };
        let Some((run, (offset, length))) = found else { return Ok(None) };
        let key = plan_key(&run);
        let bytes = store.get_range(&key, offset..offset + length).await?;
        let record = serde_json::from_slice(&bytes).map_err(|source| StoreError::Json { key, source })?;
        Ok(Some(record))
    }

    /// The labels of every plan.
    ///
    /// # Errors
    /// As [`Plans::record`].
    pub(super) async fn labels(&self, store: &Store) -> Result<BTreeSet<String>, Failure> {
        self.learn(store).await?;
        Ok(self.runs.lock().await.values().flat_map(|places| places.keys().cloned()).collect())
    }

    /// Reads the plans that were not read yet. A run's name stands for what is in its plan, so a plan that was read
    /// stays as it is.
    async fn learn(&self, store: &Store) -> Result<(), Failure> {
        let mut runs = self.runs.lock().await;
        for run in store.folders(RUNS).await? {
            if !runs.contains_key(&run)
                && let Some(places) = read(store, &plan_key(&run)).await?
            {
                runs.insert(run, places);
            }
        }
        Ok(())
    }
}

/// The places of a plan's records; none when there is no plan.
async fn read(store: &Store, key: &str) -> Result<Option<Places>, Failure> {
    let Some(size) = store.head(key).await? else { return Ok(None) };
    let (mut places, mut rest, mut line_start) = (Places::new(), Vec::new(), 0_u64);
    let mut at = 0;
    while at < size {
        let end = size.min(at + PIECE);
        rest.extend_from_slice(&store.get_range(key, at..end).await?);
        at = end;
        let mut begun = 0;
        while let Some(length) = rest[begun..].iter().position(|byte| *byte == b'\n') {
            let line = &rest[begun..begun + length];
            let label: Label =
                serde_json::from_slice(line).map_err(|source| StoreError::Json { key: key.to_owned(), source })?;
            places.insert(label.shard, (line_start, length as u64));
            begun += length + 1;
            line_start += length as u64 + 1;
        }
        rest.drain(..begun);
    }
    Ok(Some(places))
}
