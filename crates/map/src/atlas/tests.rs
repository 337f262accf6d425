use zagg_core::{
    order::Order,
    pipeline::{GridSpec, Storage},
};
use zagg_store::sample::Sample;

use super::*;
use crate::{
    frame::Frame,
    overview::{Wanted, compute},
    raster::Raster,
    testing::{add, filled, store},
};

/// Shards of order 2 about the poles, about longitude 180, and elsewhere.
const SHARDS: [u64; 8] = [0, 15, 63, 85, 128, 133, 170, 191];

fn bits(values: impl IntoIterator<Item = f32>) -> Vec<u32> {
    values.into_iter().map(f32::to_bits).collect()
}

/// The whole plane at a zoom, painted at once from the cells that are coarser by `level`.
async fn whole(atlas: &Atlas, pyramid: &Pyramid, field: &str, zoom: u8, level: u8) -> Raster {
    let source = atlas.source();
    let together = source.about.together(field);
    let mut cells = source.read(field, |_| true).await.unwrap();
    if level > 0 {
        let coarse: Vec<_> =
            cells.coarser(level, together).map(|(place, values)| (place.clone(), Arc::new(values))).collect();
        cells = source.assemble(field, level, coarse).unwrap();
    }
    let (spacing, pixels) = (pyramid.spacing(zoom), 256 << zoom);
    let frame = Frame { left: pyramid.left, top: pyramid.top, spacing, width: pixels, height: pixels };
    paint(&cells, &pyramid.plane, &frame, together)
}

async fn assert_tiles(atlas: &Atlas, name: &str, field: &str, zoom: u8) -> u8 {
    let pyramid = Pyramid::new(&name.parse().unwrap(), &atlas.source().places).unwrap();
    let (_, level) = atlas.level(&pyramid, field, TileAt { zoom, x: 0, y: 0 });
    let raster = whole(atlas, &pyramid, field, zoom, level).await;
    let mut shown = 0;
    for (x, y) in (0..1_u32 << zoom).flat_map(|y| (0..1_u32 << zoom).map(move |x| (x, y))) {
        let tile = atlas.tile(&pyramid, field, TileAt { zoom, x, y }).await.unwrap();
        let pixel = |index: u32| raster.get(x * 256 + index % 256, y * 256 + index / 256) as f32;
        let wanted: Vec<f32> = (0..256 * 256).map(pixel).collect();
        shown += usize::from(tile.is_some());
        assert_eq!(tile.is_some(), wanted.iter().any(|value| !value.is_nan()), "{name} {field} {zoom}/{x}/{y}");
        assert!(tile.is_none_or(|tile| bits(tile) == bits(wanted)), "{name} {field} {zoom}/{x}/{y}");
    }
    assert!(shown > 0, "{name} {field} {zoom}");
    level
}

/// Orders 6 to 10: a pixel of zoom 0 is many cells.
fn many_cells_a_pixel() -> Sample {
    let spec = GridSpec::Healpix { shard_order: Order::new(6).unwrap(), cell_order: Order::new(10).unwrap() };
    let of = Sample::healpix().unwrap().pipeline;
    // Sums of the others would not fit their types.
    let fields = of.fields.into_iter().filter(|field| ["count", "h_mean"].contains(&field.name.as_str())).collect();
    Sample::new(spec, Storage { inner: None, ..of.storage }, fields).unwrap()
}

#[tokio::test]
async fn tiles_are_parts_of_the_whole_raster() {
    let (_folder, store) = store(&Sample::healpix().unwrap(), &SHARDS, 3).await;
    let source = FieldSource::open(&store).await.unwrap();
    let atlas = Atlas::new(source, Arc::new(BlockCache::new(1 << 20)));
    for name in ["polar-south", "polar-north", "mollweide", "plate-carree"] {
        for zoom in [0, 2] {
            assert_tiles(&atlas, name, "h_mean", zoom).await;
        }
    }
    assert_tiles(&atlas, "mollweide", "count", 1).await;
}

#[tokio::test]
async fn coarse_tiles_are_painted_from_coarser_cells() {
    let sample = many_cells_a_pixel();
    let (_folder, store) = store(&sample, &[40_000, 40_001, 33_000], 2).await;
    let atlas = Atlas::new(FieldSource::open(&store).await.unwrap(), Arc::new(BlockCache::new(1 << 20)));
    assert!(assert_tiles(&atlas, "plate-carree", "h_mean", 0).await > 3);
    assert!(assert_tiles(&atlas, "polar-south", "h_mean", 2).await > 0);
}

#[tokio::test]
async fn cells_of_a_plane_are_pixels_of_a_zoom() {
    let sample = Sample::rectilinear(None, false).unwrap();
    let (_folder, store) = store(&sample, &[0, 5, 11], 3).await;
    let atlas = Atlas::new(FieldSource::open(&store).await.unwrap(), Arc::new(BlockCache::new(1 << 20)));
    let pyramid = Pyramid::new(&MapProjection::PolarSouth, &atlas.source().places).unwrap();
    assert_eq!((pyramid.left, pyramid.top, pyramid.spacing(0)), (-100_000.0, 60_000.0, 5000.0));
    assert_eq!(assert_tiles(&atlas, "polar-south", "h_mean", 0).await, 0);
    let tile = atlas.tile(&pyramid, "h_mean", TileAt { zoom: 0, x: 0, y: 0 }).await.unwrap().unwrap();
    let cells = atlas.source().read("h_mean", |_| true).await.unwrap();
    for (row, column) in (0..24_u64).flat_map(|row| (0..40_u64).map(move |column| (row, column))) {
        let value = cells.value_of(row * 40 + column).unwrap_or(f64::NAN) as f32;
        assert_eq!(tile[(row * 256 + column) as usize].to_bits(), value.to_bits(), "{row} {column}");
    }
}

#[tokio::test]
async fn the_cache_is_bounded_and_what_it_holds_is_not_asked_for_again() {
    let (_folder, store) = store(&Sample::healpix().unwrap(), &SHARDS, 3).await;
    let cache = Arc::new(BlockCache::new(1 << 20));
    let atlas = Atlas::new(FieldSource::open(&store).await.unwrap(), Arc::clone(&cache));
    let pyramid = Pyramid::new(&MapProjection::Mollweide, &atlas.source().places).unwrap();
    let at = TileAt { zoom: 0, x: 0, y: 0 };
    let first = atlas.tile(&pyramid, "h_mean", at).await.unwrap().unwrap();
    let (gets, bytes) = (store.usage().gets, cache.bytes());
    assert!(bytes > 0 && bytes <= 1 << 20);
    let again = atlas.tile(&pyramid, "h_mean", at).await.unwrap().unwrap();
    assert_eq!((bits(first.clone()), store.usage().gets), (bits(again), gets));
    // With room for one block, the picture is the same.
    let small = Arc::new(BlockCache::new(1500));
    let atlas = Atlas::new(FieldSource::open(&store).await.unwrap(), Arc::clone(&small));
    let squeezed = atlas.tile(&pyramid, "h_mean", at).await.unwrap().unwrap();
    assert_eq!(bits(first), bits(squeezed));
    assert!(small.bytes() <= 1500);
}

#[tokio::test]
async fn a_tile_has_another_version_when_a_block_near_it_comes_or_is_written_anew() {
    let sample = Sample::healpix().unwrap();
    let (_folder, store) = store(&sample, &SHARDS, 3).await;
    let all = FieldSource::open(&store).await.unwrap();
    let mut fewer = FieldSource::open(&store).await.unwrap();
    fewer.cells.blocks.pop();
    let key = BlockKey::of(&all.cells.blocks[0], &all.cells.block_shape);
    let cache = Arc::new(BlockCache::new(1 << 20));
    let atlas = |source: FieldSource| Atlas::new(source, Arc::clone(&cache));
    let pyramid = Pyramid::new(&MapProjection::Mollweide, &all.places).unwrap();
    let at = TileAt { zoom: 0, x: 0, y: 0 };
    let versions = [
        atlas(fewer).version(&pyramid, "h_mean", at),
        atlas(all.clone()).version(&pyramid, "h_mean", at),
        atlas(all.clone()).with_editions([(key, 1)].into()).version(&pyramid, "h_mean", at),
    ];
    assert_eq!(versions[1], atlas(all).version(&pyramid, "h_mean", at));
    assert!(versions[0] != versions[1] && versions[1] != versions[2] && versions[0] != versions[2]);
}

#[tokio::test]
async fn coarse_tiles_are_painted_from_overviews_only_while_these_are_of_the_cells_that_are_there() {
    let sample = many_cells_a_pixel();
    let (_folder, store) = filled(&sample, &[40_000, 40_001]).await;
    compute(&store, &Wanted::default(), |_, _| {}).await.unwrap();
    let plain = Atlas::new(FieldSource::open(&store).await.unwrap(), Arc::new(BlockCache::new(1 << 20)));
    let pyramid = Pyramid::new(&MapProjection::Mollweide, &plain.source().places).unwrap();
    let at = TileAt { zoom: 0, x: 0, y: 0 };
    let fresh = plain.with_overviews(&store).await.unwrap();
    assert_eq!(fresh.overviews(), [9, 8, 7, 6]);
    assert_eq!(&*fresh.level(&pyramid, "h_mean", at).0.group, "6");
    assert!(fresh.tile(&pyramid, "h_mean", at).await.unwrap().is_some());
    // A shard that came afterwards is not in them.
    add(&store, &sample, &[33_000]).await;
    let plain = Atlas::new(FieldSource::open(&store).await.unwrap(), Arc::new(BlockCache::new(1 << 20)));
    let wanted = plain.tile(&pyramid, "h_mean", at).await.unwrap().unwrap();
    let stale = plain.with_overviews(&store).await.unwrap();
    assert!(stale.overviews().is_empty(), "{:?}", stale.overviews());
    let tile = stale.tile(&pyramid, "h_mean", at).await.unwrap().unwrap();
    assert_eq!(bits(tile), bits(wanted));
    assert_ne!(fresh.version(&pyramid, "h_mean", at), stale.version(&pyramid, "h_mean", at));
}
