#!/usr/bin/env python3
"""Judge exported cells by the store that they are of, and print what was found as one JSON object.

    export_cells.py CELLS.parquet STORE GROUP

Reads the file with GeoPandas and with DuckDB (without its spatial extension: plain columns and WKB), and every field of
every row from the store with zarr-python.
"""

import json
import struct
import sys

import duckdb
import geopandas
import numpy as np
import pyarrow.parquet
import shapely
import zarr


def of_store(group, name, rows, columns):
    """A field of some cells, chunk by chunk."""
    array = group[name]
    places = (columns,) if array.ndim == 1 else (rows, columns)
    chunks = np.stack([place // size for place, size in zip(places, array.shards or array.chunks)])
    result = np.empty(len(columns), array.dtype)
    for chunk in np.unique(chunks, axis=1).T:
        here = (chunks == chunk[:, None]).all(axis=0)
        starts = chunk * np.array(array.shards or array.chunks)
        block = array[tuple(slice(int(s), int(s) + n) for s, n in zip(starts, array.shards or array.chunks))]
        result[here] = block[tuple((place[here] - start).astype(np.int64) for place, start in zip(places, starts))]
    return result


def main():
    path, store, group = sys.argv[1:]
    group = zarr.open_consolidated(store, mode="r", zarr_format=3)[group]
    file = pyarrow.parquet.ParquetFile(path)
    geo = json.loads(file.metadata.metadata[b"geo"])
    cells = geopandas.read_parquet(path)
    table = file.read()
    base = {"cell_id", "morton", "row", "column", "bbox", "geometry"}
    names = [name for name in cells.columns if name not in base]
    ids = cells.cell_id.to_numpy()
    flat = "morton" in cells.columns
    rows, columns = (None, ids) if flat else (cells.row.to_numpy(), cells.column.to_numpy())
    differences = {}
    for name in names:
        stored = of_store(group, name, rows, columns)
        column = table[name].to_pandas().to_numpy()
        missing = table[name].is_null().to_numpy()
        fill = np.isnan(stored) if stored.dtype.kind == "f" else np.zeros(len(stored), bool)
        wrong = (missing != fill) | (~missing & (column.astype(stored.dtype) != stored))
        differences[name] = int(wrong.sum())
    found = {
        "rows": len(cells),
        "geo": geo,
        "types": {name: str(table.schema.field(name).type) for name in table.schema.names},
        "units": {name: (table.schema.field(name).metadata or {}).get(b"units", b"").decode() for name in names},
        "differences": differences,
        "crs": cells.crs.to_string(),
        "valid": bool(cells.geometry.is_valid.all()),
        "kinds": sorted(cells.geometry.geom_type.unique().tolist()),
        "ascending": bool((np.diff(ids.astype(np.int64)) > 0).all()) if flat else None,
        "row_groups": file.metadata.num_row_groups,
    }
    if flat:
        found["morton"] = int((of_store(group, "morton", None, ids) != cells.morton.to_numpy()).sum())
        import xdggs

        order = int(sys.argv[3])
        info = xdggs.HealpixInfo(level=order, indexing_scheme="nested", ellipsoid="WGS84")
        longitude, latitude = info.cell_ids2geographic(ids)
        points = shapely.points((np.asarray(longitude) + 180) % 360 - 180, latitude)
        inside = shapely.intersects(cells.geometry.values, points)
        found["centres_outside"] = int((~inside).sum())
        found["off_centre"] = float(shapely.distance(cells.geometry.values, points).max())
    boxes = shapely.bounds(cells.geometry.values)
    bbox = table["bbox"].combine_chunks()
    stored = np.stack([bbox.field(edge).to_numpy() for edge in ("xmin", "ymin", "xmax", "ymax")], axis=1)
    found["boxes_differ"] = int((boxes != stored).any(axis=1).sum())
    found["total"] = np.array(geo["columns"]["geometry"]["bbox"]).tolist() == [
        *stored[:, :2].min(axis=0).tolist(),
        *stored[:, 2:].max(axis=0).tolist(),
    ]
    # A part of it, by the boxes: what a reader skips is not what it wanted.
    middle = np.median(stored[:, 1])
    some = geopandas.read_parquet(path, bbox=(-180, -90, 180, middle))
    found["part"] = [len(some), int((stored[:, 1] <= middle).sum())]
    field = names[0]
    sql = f"select count(*), sum({field}), count({field}), min(bbox.xmin), max(octet_length(geometry::blob)) from read_parquet('{path}')"
    answer = duckdb.sql(sql).fetchall()[0]
    present = ~table[field].is_null().to_numpy()
    found["duckdb"] = {
        "rows": answer[0] == len(cells),
        "sum": bool(np.isclose(answer[1], table[field].to_pandas().to_numpy()[present].astype(np.float64).sum(), rtol=1e-12)),
        "values": answer[2] == int(present.sum()),
        "west": answer[3] == float(stored[:, 0].min()),
    }
    blob = duckdb.sql(f"select geometry::blob from read_parquet('{path}') order by cell_id limit 1").fetchall()[0][0]
    first = cells.geometry.values[int(np.argmin(ids))]
    found["duckdb"]["wkb"] = bytes(blob) == shapely.to_wkb(first, byte_order=1) and struct.unpack("<BI", bytes(blob)[:5])[0] == 1
    print(json.dumps(found))


if __name__ == "__main__":
    main()
