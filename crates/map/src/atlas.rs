//! A store as the tiles of a map. A tile costs the blocks near it: coarse tiles are painted from cells made coarser,
//! or from a store's own overviews, and what was computed is kept within a bound.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{Arc, Mutex, PoisonError},
};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use rayon::prelude::*;
use zagg_core::column::Values;
use zagg_store::{
    Store, overview,
    read::{BlockPlace, Domain},
};

use crate::{
    blocks::{BlockCache, BlockName},
    error::{MapError, Result},
    field::FieldSource,
    places::BlockKey,
    projection::MapProjection,
    pyramid::{Pyramid, TileAt},
    raster::{paint, reach},
};

/// Blocks that are fetched at once for one tile.
const AT_ONCE: usize = 16;

/// A store whose fields can be asked for tile by tile.
#[derive(Debug)]
pub struct Atlas {
    /// The cells first, then the overviews, finest first.
    layers: Vec<Layer>,
    cache: Arc<BlockCache>,
    /// Of blocks that were written anew: how many times.
    editions: HashMap<BlockKey, u32>,
}

#[derive(Debug)]
struct Layer {
    source: Arc<FieldSource>,
    group: Arc<str>,
    /// Of each projection that was asked for: the boxes of the plane out of which nothing of the blocks lies.
    reaches: Mutex<HashMap<MapProjection, Arc<Reaches>>>,
}

/// Of each block; none where the plane has no place for it.
type Reaches = Vec<Option<[f64; 4]>>;

impl Layer {
    fn new(source: FieldSource) -> Self {
        let group = source.cells.group.as_str().into();
        Self { source: Arc::new(source), group, reaches: Mutex::default() }
    }

    fn reaches(&self, pyramid: &Pyramid) -> Arc<Reaches> {
        let held = || self.reaches.lock().unwrap_or_else(PoisonError::into_inner);
        let projection = pyramid.plane.projection();
        if let Some(reaches) = held().get(projection) {
            return Arc::clone(reaches);
        }
        let FieldSource { cells, places, .. } = &*self.source;
        let of = |place: &BlockPlace| reach(&pyramid.plane, &places.outline(place, &cells.block_shape));
        let reaches: Arc<Reaches> = Arc::new(cells.blocks.par_iter().map(of).collect());
        held().insert(projection.clone(), Arc::clone(&reaches));
        reaches
    }

    /// The blocks that a tile may show, ascending.
    fn near(&self, pyramid: &Pyramid, at: TileAt) -> Vec<&BlockPlace> {
        let Some(frame) = pyramid.frame(at) else { return Vec::new() };
        let ([xmin, ymin, xmax, ymax], margin) = (frame.bounds(), 2.0 * frame.spacing);
        let shows = |reach: &[f64; 4]| {
            reach[0] <= xmax + margin
                && reach[2] >= xmin - margin
                && reach[1] <= ymax + margin
                && reach[3] >= ymin - margin
        };
        let reaches = self.reaches(pyramid);
        let blocks = self.source.cells.blocks.iter().zip(reaches.iter());
        blocks.filter(|(_, reach)| reach.as_ref().is_some_and(shows)).map(|(place, _)| place).collect()
    }
}

impl Atlas {
    /// The tiles of a store's cells.
    #[must_use]
    pub fn new(source: FieldSource, cache: Arc<BlockCache>) -> Self {
        Self { layers: vec![Layer::new(source)], cache, editions: HashMap::new() }
    }

    /// The same with the store's overviews for coarse tiles: those that are still of the cells that are there.
    ///
    /// # Errors
    /// When a request fails, or a mark or an overview cannot be read.
    pub async fn with_overviews(mut self, store: &Store) -> Result<Self> {
        for overview in overview::fresh(store).await? {
            self.layers.push(Layer::new(FieldSource::open_group(store, &overview.order.to_string()).await?));
        }
        Ok(self)
    }

    /// The same, where these blocks were written anew so many times.
    #[must_use]
    pub fn with_editions(mut self, editions: HashMap<BlockKey, u32>) -> Self {
        self.editions = editions;
        self
    }

    /// The cells.
    #[must_use]
    pub fn source(&self) -> &Arc<FieldSource> {
        &self.layers[0].source
    }

    /// The orders of the overviews, finest first.
    #[must_use]
    pub fn overviews(&self) -> Vec<u8> {
        let order = |layer: &Layer| match layer.source.cells.domain {
            Domain::Healpix(order) => Some(order.get()),
            Domain::Rectilinear(_) => None,
        };
        self.layers.iter().skip(1).filter_map(order).collect()
    }

    /// From which layer and how many steps coarser a tile is painted: cells about as large as its pixels.
    fn level(&self, pyramid: &Pyramid, field: &str, at: TileAt) -> (&Layer, u8) {
        let first = &self.layers[0];
        let pixel_m = pyramid.spacing(at.zoom) * pyramid.plane.metres_per_unit();
        let steps = (pixel_m / first.source.places.cell_size_m()).log2().round().max(0.0) as u8;
        let order = |layer: &Layer| match layer.source.cells.domain {
            Domain::Healpix(order) => Some(order.get()),
            Domain::Rectilinear(_) => None,
        };
        let overview = order(first).map(|finest| finest.saturating_sub(steps)).and_then(|wanted| {
            let fits = |layer: &&Layer| order(layer) >= Some(wanted) && layer.source.cells.array(field).is_some();
            self.layers[1..].iter().rev().find(fits).map(|layer| (layer, order(layer).unwrap_or(0) - wanted))
        });
        let (layer, steps) = overview.unwrap_or((first, steps));
        (layer, steps.min(layer.source.most_levels()))
    }

    /// A number that is another one when the tile may show something else.
    #[must_use]
    pub fn version(&self, pyramid: &Pyramid, field: &str, at: TileAt) -> u64 {
        let (layer, level) = self.level(pyramid, field, at);
        let mut hasher = DefaultHasher::new();
        (&layer.group, level).hash(&mut hasher);
        for place in layer.near(pyramid, at) {
            let key = BlockKey::of(place, &layer.source.cells.block_shape);
            (key, self.edition(layer, key)).hash(&mut hasher);
        }
        hasher.finish()
    }

    fn edition(&self, layer: &Layer, key: BlockKey) -> u32 {
        let is_first = Arc::ptr_eq(&layer.source, &self.layers[0].source);
        if is_first { self.editions.get(&key).copied().unwrap_or(0) } else { 0 }
    }

    /// The pixels of a tile, row by row from the top: NaN where there is no value. None when there is no value at
    /// all, or no such tile.
    ///
    /// Equal to what [`paint`] makes of the whole plane's frame of this zoom, from the same cells.
    ///
    /// # Errors
    /// When there is no such field, a request fails, or a chunk cannot be decoded.
    pub async fn tile(&self, pyramid: &Pyramid, field: &str, at: TileAt) -> Result<Option<Vec<f32>>> {
        let Some(frame) = pyramid.frame(at) else { return Ok(None) };
        self.source().array(field)?;
        let (layer, level) = self.level(pyramid, field, at);
        let near = layer.near(pyramid, at);
        let reads: Vec<_> = near.into_iter().map(|place| self.block(layer, field, level, place)).collect();
        let blocks: Vec<_> = stream::iter(reads).buffer_unordered(AT_ONCE).try_collect().await?;
        let cells = layer.source.assemble(field, level, blocks.into_iter().flatten())?;
        if cells.places_of_blocks().len() == 0 {
            return Ok(None);
        }
        let (plane, together) = (pyramid.plane.clone(), self.source().about.together(field));
        let paint = move || {
            let raster = paint(&cells, &plane, &frame, together);
            let values: Vec<f32> = raster.values.iter().map(|value| *value as f32).collect();
            values.iter().any(|value| !value.is_nan()).then_some(values)
        };
        tokio::task::spawn_blocking(paint).await.map_err(MapError::Ended)
    }

    /// The values of one cell's block, and the cell's rank in it; none when the block was not written.
    ///
    /// # Errors
    /// When there is no such field, a request fails, or a chunk cannot be decoded.
    pub async fn block_of(&self, field: &str, id: u64) -> Result<Option<(Arc<Values>, usize)>> {
        let layer = &self.layers[0];
        let source = &layer.source;
        source.array(field)?;
        let Some((key, rank)) = source.places.within(id, &source.cells.block_shape) else { return Ok(None) };
        let of = |place: &BlockPlace| BlockKey::of(place, &source.cells.block_shape);
        let Ok(index) = source.cells.blocks.binary_search_by_key(&key, of) else { return Ok(None) };
        let block = self.block(layer, field, 0, &source.cells.blocks[index]).await?;
        Ok(block.map(|(_, values)| (values, rank)))
    }

    /// A block's values at a level, from memory if they are there. None when the chunk was not written.
    async fn block(
        &self,
        layer: &Layer,
        field: &str,
        level: u8,
        place: &BlockPlace,
    ) -> Result<Option<(BlockPlace, Arc<Values>)>> {
        let source = &layer.source;
        let key = BlockKey::of(place, &source.cells.block_shape);
        let edition = self.edition(layer, key);
        let name = BlockName { group: Arc::clone(&layer.group), field: field.into(), level, key, edition };
        if let Some(values) = self.cache.get(&name) {
            return Ok(Some((place.clone(), values)));
        }
        let finest = BlockName { level: 0, ..name.clone() };
        let values = match self.cache.get(&finest) {
            Some(values) => values,
            None => match source.cells.values(field, place).await? {
                Some(values) => Arc::new(values),
                None => return Ok(None),
            },
        };
        if level == 0 {
            self.cache.put(name, Arc::clone(&values));
            return Ok(Some((place.clone(), values)));
        }
        // All coarser levels together are a fraction of what was read, and the next zooms out ask for them.
        let (worker, place) = (Arc::clone(source), place.clone());
        let (cache, together) = (Arc::clone(&self.cache), self.source().about.together(field));
        let coarsen = move || {
            let block = worker.assemble(&name.field, 0, [(place.clone(), values)])?;
            let mut wanted = None;
            for coarser in level..=worker.most_levels() {
                let Some((_, values)) = block.coarser(coarser, together).next() else { break };
                let values = Arc::new(values);
                cache.put(BlockName { level: coarser, ..name.clone() }, Arc::clone(&values));
                wanted = wanted.or(Some(values));
            }
            Ok::<_, MapError>(wanted.map(|values| (place, values)))
        };
        tokio::task::spawn_blocking(coarsen).await.map_err(MapError::Ended)?
    }
}

#[cfg(test)]
mod tests;
