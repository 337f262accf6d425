//! `output.grid`.

use crate::{
    grid::Grid,
    order::Order,
    pipeline::{
        Compression, GridSpec, InnerChunk, Storage,
        problem::{Findings, Path},
        raw::{RawCrs, RawGrid, RawGridType, RawInner, RawResolutionPair},
    },
};

/// Cells of an inner chunk that is derived: `4^6`, as the peer derives it.
const DERIVED_ORDERS: u8 = 6;
const DEFAULT_TILE: [u32; 2] = [256, 256];

pub(super) fn grid(
    raw: Option<RawGrid>,
    compression: Option<Compression>,
    findings: &mut Findings,
) -> Option<(GridSpec, Storage)> {
    let at = Path::of("output.grid");
    let Some(raw) = raw else {
        findings.absent(&at, "this section is required, e.g. {type: healpix, parent_order: 6, child_order: 12}");
        return None;
    };
    let Some(kind) = raw.kind else {
        findings.absent(&at.key("type"), "the type of the grid is required: healpix or rectilinear");
        return None;
    };
    strangers(&raw, kind, &at, findings);
    let (spec, inner, sharded) = match kind {
        RawGridType::Healpix => healpix(&raw, &at, findings)?,
        RawGridType::Rectilinear => rectilinear(&raw, &at, findings)?,
    };
    if let Err(error) = Grid::new(&spec) {
        findings.problem(&at, error.to_string());
        return None;
    }
    let numbered = kind == RawGridType::Healpix;
    let storage = Storage { inner, sharded, compression: compression?, cell_ids: numbered, morton: numbered };
    Some((spec, storage))
}

/// Keys of the other type of grid.
fn strangers(raw: &RawGrid, kind: RawGridType, at: &Path, findings: &mut Findings) {
    let (keys, other) = match kind {
        RawGridType::Healpix => (
            vec![
                ("crs", raw.crs.is_some()),
                ("resolution", raw.resolution.is_some()),
                ("bounds", raw.bounds.is_some()),
                ("chunk_shape", raw.chunk_shape.is_some()),
            ],
            "rectilinear",
        ),
        RawGridType::Rectilinear => (
            vec![
                ("parent_order", raw.parent_order.is_some()),
                ("child_order", raw.child_order.is_some()),
                ("indexing_scheme", raw.indexing_scheme.is_some()),
                ("layout", raw.layout.is_some()),
                ("emit_cell_ids", raw.emit_cell_ids.is_some()),
            ],
            "healpix",
        ),
    };
    for (key, _) in keys.into_iter().filter(|(_, given)| *given) {
        findings.problem(&at.key(key), format!("this key belongs to a {other} grid; remove it"));
    }
}

type Laid = (GridSpec, Option<InnerChunk>, bool);

fn healpix(raw: &RawGrid, at: &Path, findings: &mut Findings) -> Option<Laid> {
    if raw.emit_cell_ids == Some(false) {
        findings
            .note("`output.grid.emit_cell_ids: false` has no effect: cell_ids are always written, readers need them");
    }
    let shard_order = order(raw.parent_order, &at.key("parent_order"), "shards", findings);
    let cell_order = order(raw.child_order, &at.key("child_order"), "cells", findings);
    let (shard_order, cell_order) = (shard_order?, cell_order?);
    if cell_order < shard_order {
        let message =
            format!("cells of order {cell_order} are coarser than shards of order {shard_order}; swap the two");
        findings.problem(&at.key("child_order"), message);
        return None;
    }
    let asked = raw.sharded.unwrap_or(true);
    let inner = match raw.chunk_inner {
        Some(RawInner::Tile(_)) => {
            findings.problem(
                &at.key("chunk_inner"),
                "on a healpix grid this is an order, between parent_order and child_order",
            );
            return None;
        }
        Some(RawInner::Order(inner)) => {
            let within = (shard_order.get()..=cell_order.get()).contains(&inner);
            let Some(inner) = Order::new(inner).ok().filter(|_| within) else {
                let message =
                    format!("order {inner} is not between parent_order {shard_order} and child_order {cell_order}");
                findings.problem(&at.key("chunk_inner"), message);
                return None;
            };
            Some(inner)
        }
        None if asked => cell_order.get().checked_sub(DERIVED_ORDERS).and_then(|order| Order::new(order).ok()),
        None => None,
    };
    // An inner chunk as large as the shard is no inner chunk.
    let inner = inner.filter(|inner| *inner > shard_order);
    let sharded = asked && inner.is_some();
    Some((GridSpec::Healpix { shard_order, cell_order }, inner.map(InnerChunk::Order), sharded))
}

fn order(raw: Option<u8>, at: &Path, what: &str, findings: &mut Findings) -> Option<Order> {
    let Some(raw) = raw else {
        findings.absent(at, format!("the order of {what} is required on a healpix grid, 0 to 29"));
        return None;
    };
    Order::new(raw).map_err(|error| findings.problem(at, error.to_string())).ok()
}

fn rectilinear(raw: &RawGrid, at: &Path, findings: &mut Findings) -> Option<Laid> {
    let crs = crs(raw.crs.as_ref(), &at.key("crs"), findings);
    let resolution = resolution(raw.resolution, &at.key("resolution"), findings);
    let bounds = bounds(raw.bounds, &at.key("bounds"), findings);
    let tile = raw.chunk_shape.unwrap_or(DEFAULT_TILE);
    if tile.contains(&0) {
        findings.problem(&at.key("chunk_shape"), "rows and columns of a shard are 1 or more");
        return None;
    }
    let sharded = raw.sharded.unwrap_or(false);
    let inner = match raw.chunk_inner {
        Some(RawInner::Order(_)) => {
            findings
                .problem(&at.key("chunk_inner"), "on a rectilinear grid this is [rows, columns], dividing chunk_shape");
            return None;
        }
        Some(RawInner::Tile(inner)) if inner.contains(&0) || !divides(inner, tile) => {
            let message = format!("{inner:?} does not divide chunk_shape {tile:?}");
            findings.problem(&at.key("chunk_inner"), message);
            return None;
        }
        Some(RawInner::Tile(inner)) => Some(inner).filter(|inner| *inner != tile),
        None => None,
    };
    if sharded && inner.is_none() {
        findings.problem(
            &at.key("sharded"),
            "there is nothing to pack: give chunk_inner, smaller than chunk_shape, or remove this",
        );
    }
    let spec = GridSpec::Rectilinear { crs: crs?, resolution: resolution?, bounds: bounds?, tile };
    Some((spec, inner.map(InnerChunk::Tile), sharded && inner.is_some()))
}

fn divides(inner: [u32; 2], tile: [u32; 2]) -> bool {
    tile.iter().zip(inner).all(|(whole, part)| whole.is_multiple_of(part))
}

fn crs(raw: Option<&RawCrs>, at: &Path, findings: &mut Findings) -> Option<String> {
    let code = match raw {
        None => {
            findings.absent(at, "the coordinate system is required on a rectilinear grid, e.g. EPSG:3031");
            return None;
        }
        Some(RawCrs::Code(code)) => Some(*code),
        Some(RawCrs::Name(name)) => {
            let (authority, code) = name.split_once(':').unwrap_or(("", name));
            code.trim().parse().ok().filter(|_| authority.trim().eq_ignore_ascii_case("epsg"))
        }
    };
    let Some(code) = code else {
        findings.problem(at, "a coordinate system is named by its number in the EPSG registry, e.g. EPSG:3031");
        return None;
    };
    Some(format!("EPSG:{code}"))
}

fn resolution(raw: Option<RawResolutionPair>, at: &Path, findings: &mut Findings) -> Option<[f64; 2]> {
    let pair = match raw {
        None => {
            findings
                .absent(at, "the size of a cell is required on a rectilinear grid, in units of the coordinate system");
            return None;
        }
        Some(RawResolutionPair::Square(size)) => [size, size],
        Some(RawResolutionPair::Pair(pair)) => pair,
    };
    if pair.iter().any(|size| *size <= 0.0) {
        findings.problem(at, "the size of a cell is above 0");
        return None;
    }
    Some(pair)
}

fn bounds(raw: Option<[f64; 4]>, at: &Path, findings: &mut Findings) -> Option<[f64; 4]> {
    let Some(bounds) = raw else {
        findings.absent(at, "the bounds are required on a rectilinear grid: [xmin, ymin, xmax, ymax]");
        return None;
    };
    let [xmin, ymin, xmax, ymax] = bounds;
    if xmin >= xmax || ymin >= ymax {
        findings.problem(at, "the order is [xmin, ymin, xmax, ymax], with xmin below xmax and ymin below ymax");
        return None;
    }
    Some(bounds)
}
