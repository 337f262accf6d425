#!/usr/bin/env python3
"""Judge the overviews of a store by its cells, and print what was found as one JSON object.

    overviews.py STORE CELLS ORDER...

Recomputes every field of every order from the cells with numpy, and compares. The fields are named for what they are:
`count`, `h_sum`, `h_min`, `h_max`, `h_mean`, `h_variance` (of `count` points). Opens each order with xarray and xdggs,
and checks the root's `multiscales` attribute.
"""

import json
import os
import sys
import warnings

import jsonschema
import numpy as np
import xarray as xr
import xdggs
import zarr

# What a layout is to be, after the multiscales convention (version 1) of the Zarr conventions.
PATH = r"^(?!/)(?!.*(\.\.))([^/]+(/[^/]+)*)$"
NUMBERS = {"type": "array", "items": {"type": "number"}}
SCHEMA = {
    "type": "object",
    "required": ["zarr_conventions", "multiscales"],
    "properties": {
        "zarr_conventions": {
            "type": "array",
            "contains": {
                "type": "object",
                "required": ["uuid", "name", "schema_url"],
                "properties": {"uuid": {"const": "d35379db-88df-4056-af3a-620245f8e347"}},
            },
        },
        "multiscales": {
            "type": "object",
            "required": ["layout"],
            "properties": {
                "layout": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["asset"],
                        "properties": {
                            "asset": {"type": "string", "pattern": PATH},
                            "derived_from": {"type": "string", "pattern": PATH},
                            "transform": {"type": "object", "properties": {"scale": NUMBERS, "translation": NUMBERS}},
                        },
                        "if": {"required": ["derived_from"]},
                        "then": {"required": ["transform"]},
                    },
                }
            },
        },
    },
}


def written(group):
    """The ids of the cells of a group that were written, ascending."""
    found = []
    array = group["cell_ids"]
    length = array.chunks[0]
    folder = sys.argv[1] + "/" + group.path + "/cell_ids/c"
    for index in sorted(int(name) for name in os.listdir(folder)):
        ids = array[index * length : (index + 1) * length]
        assert (ids == np.arange(index * length, (index + 1) * length)).all(), f"cell_ids of {group.path} are wrong"
        found.append(ids)
    return np.concatenate(found)


def values(group, name, ids):
    """A field of some cells; whole chunks are read."""
    array = group[name]
    length = array.chunks[0]
    chunks = np.unique(ids // length)
    whole = np.concatenate([array[int(c) * length : (int(c) + 1) * length] for c in chunks])
    places = np.searchsorted(chunks, ids // length) * length + ids % length
    return whole[places.astype(np.int64)]


def recomputed(fields, ids, finer):
    """Every field of the coarse cells that hold cells with points."""
    full = fields["count"] > 0
    parents, start = np.unique(ids[full] >> np.uint64(2 * finer), return_index=True)
    f = {name: column[full].astype(np.float64) for name, column in fields.items()}
    n = np.add.reduceat(f["count"], start)
    mean = np.add.reduceat(f["count"] * f["h_mean"], start) / n
    # The sum of squares about the common mean, written out.
    squares = f["count"] * f["h_variance"] + f["count"] * (f["h_mean"] - np.repeat(mean, np.diff([*start, full.sum()]))) ** 2
    return parents, {
        "count": n,
        "h_sum": np.add.reduceat(f["h_sum"], start),
        "h_min": np.minimum.reduceat(f["h_min"], start),
        "h_max": np.maximum.reduceat(f["h_max"], start),
        "h_mean": mean,
        "h_variance": np.add.reduceat(squares, start) / n,
    }


def ulps(a, b, dtype):
    """How far apart, in units of the last place of the type."""
    return np.abs(a.astype(np.float64) - b) / np.spacing(np.maximum(np.abs(a), np.abs(b)).astype(dtype)).astype(np.float64)


def main():
    store, cells, orders = sys.argv[1], sys.argv[2], sys.argv[3:]
    root = zarr.open_consolidated(store, mode="r", zarr_format=3)
    jsonschema.validate(dict(root.attrs), SCHEMA)
    layout = root.attrs["multiscales"]["layout"]
    ids = written(root[cells])
    names = sorted(set(root[orders[0]].array_keys()) - {"cell_ids", "morton"})
    fields = {name: values(root[cells], name, ids) for name in names}
    found = {"layout": layout, "fields": names, "orders": {}, "groups": sorted(root.group_keys())}
    for order in orders:
        group = root[order]
        parents, expected = recomputed(fields, ids, int(cells) - int(order))
        here = written(group)
        assert np.isin(parents, here).all(), "cells with points are missing"
        empty = here[~np.isin(here, parents)]
        report = {"cells": len(parents), "chunk": group["count"].chunks[0], "off": {}}
        for name in names:
            column = values(group, name, parents)
            dtype = np.float32 if column.dtype == np.float32 else np.float64
            report["off"][name] = float(ulps(column, expected[name], dtype).max())
            nothing = values(group, name, empty) if len(empty) else np.zeros(0)
            report.setdefault("empty", {})[name] = bool(((nothing == 0) if name == "count" else np.isnan(nothing)).all())
        with warnings.catch_warnings():
            warnings.simplefilter("error", xr.SerializationWarning)
            opened = xr.open_zarr(store, group=order, chunks=None)
        report["xarray"] = sorted(opened.data_vars)
        part = xdggs.decode(opened.isel(cells=slice(int(parents[0]), int(parents[0]) + 1)))
        report["xdggs"] = [part.dggs.grid_info.level, float(part.dggs.cell_centers().latitude[0])]
        report["attributes"] = dict(group.attrs)
        found["orders"][order] = report
    print(json.dumps(found))


if __name__ == "__main__":
    main()
