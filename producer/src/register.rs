//! Writing a run's record, so that whoever has a job has everything.

use zagg_core::run::{RUN_SCHEMA, RunRecord, labels_key, record_key};
use zagg_store::Store;

use crate::{error::ProducerError, estimate::Estimate, inputs::Inputs, plan::RunPlan, progress::seconds_now};

/// What a run is beyond its plan.
#[derive(Debug)]
pub struct Registration<'a> {
    /// What it starts from.
    pub inputs: &'a Inputs,
    /// The queue's address, without credentials.
    pub queue: &'a str,
    /// What it will likely cost.
    pub estimate: Estimate,
    /// What it may cost, in US dollars.
    pub max_usd: Option<f64>,
    /// The program's version.
    pub version: &'a str,
}

/// Writes the run's record and the list of its shards. A run that is there already keeps the time of
/// its beginning.
///
/// # Errors
/// When the store fails.
pub async fn register(
    store: &Store,
    plan: &RunPlan,
    registration: &Registration<'_>,
) -> Result<RunRecord, ProducerError> {
    let key = record_key(&plan.run);
    let earlier = store.find(&key).await?.and_then(|bytes| serde_json::from_slice::<RunRecord>(&bytes).ok());
    let Registration { inputs, queue, estimate, max_usd, version } = registration;
    let record = RunRecord {
        schema: RUN_SCHEMA.to_owned(),
        run: plan.run.clone(),
        pipeline: plan.pipeline,
        yaml: inputs.yaml.clone(),
        catalog: inputs.shard_map.digest().to_string(),
        shards: plan.shards.len() as u64,
        pairs: plan.shards.iter().map(|shard| shard.granules as u64).sum(),
        queue: (*queue).to_owned(),
        begun: earlier.map_or_else(|| seconds_now() as u64, |earlier| earlier.begun),
        estimate_usd: estimate.usd.total(),
        max_usd: *max_usd,
        version: (*version).to_owned(),
    };
    let labels: String = plan.shards.iter().flat_map(|shard| [shard.label.as_str(), "\n"]).collect();
    store.put(&labels_key(&plan.run), labels.into()).await?;
    let bytes =
        serde_json::to_vec(&record).map_err(|source| ProducerError::Run { key: key.clone(), source: Some(source) })?;
    store.put(&key, bytes.into()).await?;
    Ok(record)
}
