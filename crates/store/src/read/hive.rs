//! The Python zagg's default layout: a tree of one small store per shard,
//! `{sign and base}/{digit}/.../{decimal}.zarr`, each with one group named by the cell order.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use zagg_core::morton::Word;

use super::{BlockPlace, Cells, Domain, discover};
use crate::{
    error::{Result, StoreError},
    objects::Store,
};

pub(super) async fn open(store: &Store) -> Result<Cells> {
    let leaves = leaves(store).await?;
    let Some((_, first)) = leaves.first() else {
        return Err(StoreError::NoStore { location: store.location().to_string() });
    };
    let order_of = |reason: &str| StoreError::Metadata { key: first.clone(), reason: reason.to_owned() };
    let order = store
        .folders(first)
        .await?
        .into_iter()
        .find_map(|name| name.parse::<u8>().ok().and_then(|order| zagg_core::order::Order::new(order).ok()))
        .ok_or_else(|| order_of("none of its groups is named by an order"))?;
    let discover::Group { arrays, notes } = discover::group(store, &format!("{first}/{order}")).await?;
    let Some(sample) = arrays.all().next().cloned() else {
        return Err(order_of("it holds no arrays over `cells`"));
    };
    let mut blocks = Vec::new();
    for (word, leaf) in &leaves {
        let inside = order.finer_by(word.order()).ok_or_else(|| order_of("its shard is finer than its cells"))?;
        let cells = 1_u64 << (2 * inside);
        if sample.shape != [cells] {
            return Err(order_of("its arrays are not as long as its shard has cells"));
        }
        let chunk = sample.chunk.first().copied().unwrap_or(cells);
        for k in 0..cells.div_ceil(chunk) {
            blocks.push(BlockPlace {
                origin: vec![word.nested() * cells + k * chunk],
                index: vec![k],
                folder: format!("{leaf}/{order}"),
            });
        }
    }
    blocks.sort();
    Ok(Cells {
        store: store.clone(),
        domain: Domain::Healpix(order),
        fields: arrays.fields.iter().map(|(name, array)| (name.clone(), array.dtype)).collect(),
        block_shape: sample.chunk.clone(),
        blocks,
        group: format!("{first}/{order}"),
        layout: arrays,
        notes,
    })
}

/// The shard leaves, ascending by word: folders whose name is a morton decimal and `.zarr`.
/// Overviews (`all.zarr`, `*.pyramid.zarr`) are not shards.
async fn leaves(store: &Store) -> Result<Vec<(Word, String)>> {
    let mut found = BTreeSet::new();
    let mut objects = std::pin::pin!(store.list(""));
    while let Some(entry) = objects.next().await.transpose()? {
        let mut path = String::new();
        for part in entry.key.split('/') {
            path.push_str(part);
            if let Some(name) = part.strip_suffix(".zarr") {
                found.extend(name.parse::<Word>().ok().map(|word| (word, path.clone())));
                break;
            }
            path.push('/');
        }
    }
    Ok(found.into_iter().collect())
}
