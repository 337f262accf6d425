//! What of a store are overviews, and whether they are still of its cells.

use futures::StreamExt as _;
use serde_json::Value;
use zagg_core::digest::Digest;

use super::{ArraysByPath, Freshness, VerifyReport};
use crate::{error::Result, objects::Store, overview};

/// Whether a folder holds an overview without the document that makes it whole.
pub(super) async fn is_unfinished(store: &Store, folder: &str, folders: &[String]) -> Result<bool> {
    let coarser = folders.iter().any(|other| overview::is_coarser(folder, other));
    Ok(coarser && store.head(&format!("{folder}/zarr.json")).await?.is_none())
}

/// Says of each overview whether it is of the cells with this digest. Gives their groups and those of unfinished ones.
pub(super) fn judge(groups: &[(String, Value)], cells: Digest, report: &mut VerifyReport) -> Vec<String> {
    for (group, document) in groups {
        if let Some((_, of)) = overview::origin(document) {
            let state = if of == cells.to_string() { Freshness::Fresh } else { Freshness::Stale };
            report.overviews.insert(group.clone(), state);
        }
    }
    report.overviews.keys().cloned().collect()
}

/// Decodes every chunk of the overviews: each has a checksum, and no mark.
pub(super) async fn decode(
    store: &Store,
    arrays: &ArraysByPath,
    overviews: &[String],
    report: &mut VerifyReport,
) -> Result<()> {
    let of_overview = |path: &&String| overviews.iter().any(|group| path.split('/').next() == Some(group));
    for path in arrays.keys().filter(of_overview) {
        let mut entries = std::pin::pin!(store.list(&format!("{path}/c")));
        while let Some(entry) = entries.next().await.transpose()? {
            let (Some(bytes), Some(array)) = (store.find(&entry.key).await?, arrays.get(path).cloned()) else {
                continue;
            };
            let decoded = tokio::task::spawn_blocking(move || array.decode(&bytes).is_ok()).await;
            if !decoded.unwrap_or(false) {
                report.undecodable.push(entry.key);
            }
        }
    }
    Ok(())
}
