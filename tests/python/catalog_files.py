#!/usr/bin/env python3
"""Catalogs and shard maps through the readers and writers that others have. Prints one JSON document.

    catalog_files.py catalog FILE.parquet           what pyarrow, geopandas and stac-geoparquet read
    catalog_files.py pairs FILE.parquet             what pandas reads of a shard map's table
    catalog_files.py dumps FILE.json                whether json.dumps(.., indent=2) gives the same bytes
    catalog_files.py texts FILE.json OUT.parquet    writes a shard map with a JSON text per shard, as the Python zagg does
"""

import json
import pathlib
import sys
import warnings


def catalog(path):
    import geopandas
    import pyarrow.parquet
    import stac_geoparquet.arrow

    table = pyarrow.parquet.read_table(path)
    frame = geopandas.read_parquet(path)
    # Its bounding boxes may not be null.
    placed = table.filter(table["bbox"].is_valid())
    items = list(stac_geoparquet.arrow.stac_table_to_items(placed))
    return {
        "columns": {field.name: str(field.type) for field in table.schema},
        "extension": table.schema.field("geometry").metadata[b"ARROW:extension:name"].decode(),
        "notes": {key.decode(): json.loads(value) for key, value in table.schema.metadata.items()},
        "rows": [
            {
                "id": row["id"],
                "https": (row["assets"]["data"] or {}).get("href"),
                "s3": (row["assets"]["data_s3"] or {}).get("href"),
                "start": row["start_datetime"] and row["start_datetime"].isoformat(),
                "bbox": row["bbox"] and list(row["bbox"].values()),
            }
            for row in table.to_pylist()
        ],
        "epsg": frame.crs.to_epsg(),
        "geometries": [shape and shape.wkt for shape in frame.geometry],
        "items": [item["id"] for item in items],
        "item": items[0],
    }


def pairs(path):
    import pandas
    import pyarrow.parquet

    frame = pandas.read_parquet(path)
    notes = pyarrow.parquet.read_schema(path).metadata
    return {
        "notes": {key.decode(): json.loads(value) for key, value in notes.items()},
        "columns": list(frame.columns),
        "rows": len(frame),
        "granules": {str(key): list(rows) for key, rows in frame.groupby("shard_key", sort=False)["granule_id"]},
        "first": {name: None if pandas.isna(value) else str(value) for name, value in frame.iloc[0].items()},
    }


def dumps(path):
    text = pathlib.Path(path).read_text(encoding="ascii")
    return {"same": json.dumps(json.loads(text), indent=2) == text}


def texts(path, out):
    import pyarrow
    import pyarrow.parquet

    whole = json.loads(pathlib.Path(path).read_bytes())
    meta = {"metadata": whole["metadata"], "grid_signature": whole["grid_signature"]}
    schema = pyarrow.schema(
        [("shard_keys", pyarrow.uint64()), ("granules", pyarrow.string())],
        metadata={"zagg:shardmap_meta": json.dumps(meta)},
    )
    lists = [json.dumps(granules) for granules in whole["granules"]]
    pyarrow.parquet.write_table(pyarrow.table([whole["shard_keys"], lists], schema=schema), out)
    return {"shards": len(lists)}


def main():
    ways = {"catalog": catalog, "pairs": pairs, "dumps": dumps, "texts": texts}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = ways[sys.argv[1]](*sys.argv[2:])
    found["warnings"] = [str(warning.message) for warning in caught if warning.category is not DeprecationWarning]
    json.dump(found, sys.stdout, allow_nan=False, default=str)


main()
