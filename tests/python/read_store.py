#!/usr/bin/env python3
"""Read a part of a store as other programs do, and print it as one JSON object.

    read_store.py STORE GROUP cells=4096:8192 [--xdggs]
    read_store.py STORE GROUP y=0:8 x=0:10

The part is one `dimension=start:stop` per dimension. Every array over these dimensions (or some
of them) is read twice: by zarr-python from the consolidated metadata, and by xarray. The object
holds `zarr` and `xarray` (values by array, NaN as null), `coords`, `attrs` and `warnings`; with
--xdggs also `centres`: latitude and longitude of the cells by xdggs. STORE may be s3://bucket/prefix
on the S3 server at --endpoint (keys test, test).
"""

import argparse
import json
import math
import sys
import warnings


def plain(values):
    """Nested lists of numbers, NaN as null."""
    if isinstance(values, list):
        return [plain(value) for value in values]
    if isinstance(values, float) and not math.isfinite(values):
        return None if math.isnan(values) else repr(values)
    return values


def place(store, endpoint):
    """What zarr and xarray open: the folder, or the prefix on an S3 server."""
    if not store.startswith("s3://"):
        return store
    import obstore.store
    import zarr.storage

    return zarr.storage.ObjectStore(
        obstore.store.S3Store.from_url(
            store,
            endpoint=endpoint,
            region="us-east-1",
            access_key_id="test",
            secret_access_key="test",
            client_options={"allow_http": True},
        ),
        read_only=True,
    )


def by_zarr(store, group, part):
    import zarr

    root = zarr.open_consolidated(store, mode="r", zarr_format=3)
    arrays = {}
    for name, array in sorted(root[group].arrays()):
        dims = array.metadata.dimension_names or ()
        if all(dim in part for dim in dims):
            arrays[name] = {
                "dtype": str(array.dtype),
                "shape": list(array.shape),
                "chunks": list(array.chunks),
                "shards": list(array.shards) if array.shards else None,
                "fill": plain(array.fill_value.item()),
                "codecs": [codec.to_dict()["name"] for codec in array.metadata.codecs],
                "values": plain(array[tuple(part[dim] for dim in dims)].tolist()),
            }
    return arrays


def by_xarray(store, group, part):
    import xarray

    dataset = xarray.open_zarr(store, group=group, chunks=None)
    return dataset.isel({dim: at for dim, at in part.items() if dim in dataset.dims})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store")
    parser.add_argument("group")
    parser.add_argument("part", nargs="+", metavar="DIM=START:STOP")
    parser.add_argument("--xdggs", metavar="CONVENTION", help="decode with xdggs by this convention (xdggs, zarr)")
    parser.add_argument("--endpoint", metavar="URL", help="the S3 server of an s3:// store")
    arguments = parser.parse_args()
    store = place(arguments.store, arguments.endpoint)
    part = {}
    for text in arguments.part:
        dim, _, span = text.partition("=")
        start, _, stop = span.partition(":")
        part[dim] = slice(int(start), int(stop))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        answer = {"zarr": by_zarr(store, arguments.group, part)}
        dataset = by_xarray(store, arguments.group, part)
        answer["xarray"] = {str(name): plain(values.values.tolist()) for name, values in dataset.variables.items()}
        answer["coords"] = sorted(map(str, dataset.coords))
        answer["attrs"] = {str(name): values.attrs for name, values in dataset.variables.items()}
        answer["group"] = dataset.attrs
        if arguments.xdggs:
            import xdggs

            if arguments.xdggs == "xdggs":
                decoded = xdggs.decode(dataset)
            else:
                decoded = xdggs.decode(dataset, convention=arguments.xdggs, name="cell_ids")
            centres = decoded.dggs.cell_centers()
            answer["centres"] = {
                "latitude": plain(centres.latitude.values.tolist()),
                "longitude": plain(centres.longitude.values.tolist()),
            }
    answer["warnings"] = [f"{warning.category.__name__}: {warning.message}" for warning in caught]
    json.dump(answer, sys.stdout, allow_nan=False, default=str)


if __name__ == "__main__":
    main()
