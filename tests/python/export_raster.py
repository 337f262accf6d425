#!/usr/bin/env python3
"""Judge an exported GeoTIFF, and print what was found as one JSON object.

    export_raster.py MAP.tif

Looks at the file with rasterio and, where it is installed, gdalinfo, and at the bytes: the rules of Cloud-Optimized
GeoTIFF are that all directories come before all tiles, the full image's first, and the tiles of smaller overviews before
those of larger ones. Gives 1,000 pixels with a value of the first band (or all, if there are fewer), as column, row and value,
and the average of each pixel of the first overview against the four that it is of.
"""

import json
import shutil
import struct
import subprocess
import sys

import numpy as np
import rasterio


def directories(path):
    """The image directories in the order of their chain: offset, tags."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:2] == b"II", "the file is not little-endian"
    big = struct.unpack_from("<H", data, 2)[0] == 43
    at = struct.unpack_from("<Q", data, 8)[0] if big else struct.unpack_from("<I", data, 4)[0]
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 12: 8, 16: 8}
    kinds = {3: "H", 4: "I", 16: "Q"}
    found = []
    while at:
        count = struct.unpack_from("<Q" if big else "<H", data, at)[0]
        start, step = (at + 8, 20) if big else (at + 2, 12)
        tags = {}
        for index in range(count):
            entry = start + step * index
            tag, kind = struct.unpack_from("<HH", data, entry)
            number = struct.unpack_from("<Q" if big else "<I", data, entry + 4)[0]
            room, value = (8, entry + 12) if big else (4, entry + 8)
            size = sizes.get(kind, 1) * number
            if size > room:
                value = struct.unpack_from("<Q" if big else "<I", data, value)[0]
            if kind in kinds:
                tags[tag] = struct.unpack_from(f"<{number}{kinds[kind]}", data, value)
        found.append((at, tags))
        at = struct.unpack_from("<Q" if big else "<I", data, start + step * count)[0]
    return found


def cloud_optimized(path):
    """What is not as the rules are."""
    wrong = []
    chain = directories(path)
    starts = [at for at, _ in chain]
    if starts != sorted(starts):
        wrong.append("directories are not in order")
    offsets = [[offset for offset in tags[324] if offset] for _, tags in chain]
    if any(offset and offset < starts[-1] for level in offsets for offset in level):
        wrong.append("tiles lie before the last directory")
    for larger, smaller in zip(offsets, offsets[1:]):
        if larger and smaller and min(larger) < max(smaller):
            wrong.append("tiles of a smaller overview lie after those of a larger one")
    for _, tags in chain:
        if 322 not in tags or tags[322][0] != 512 or tags[323][0] != 512:
            wrong.append("an image has no tiles of 512")
    widths = [tags[256][0] for _, tags in chain]
    if any(b != -(-a // 2) for a, b in zip(widths, widths[1:])):
        wrong.append(f"overviews are no halves: {widths}")
    if max(chain[-1][1][256][0], chain[-1][1][257][0]) > 512:
        wrong.append("the smallest overview is more than one tile")
    return wrong


def main():
    path = sys.argv[1]
    found = {"wrong": cloud_optimized(path)}
    with rasterio.open(path) as raster:
        band = raster.read(1)
        found |= {
            "crs": raster.crs.to_string(),
            "bounds": list(raster.bounds),
            "shape": list(raster.shape),
            "dtypes": list(raster.dtypes),
            "nodata": str(raster.nodata),
            "overviews": raster.overviews(1),
            "block": list(raster.block_shapes[0]),
            "descriptions": list(raster.descriptions),
            "units": list(raster.units),
            "layout": raster.tags(ns="IMAGE_STRUCTURE"),
            "masked": bool((raster.read_masks(1) == np.where(np.isnan(band), 0, 255)).all()),
        }
        rows, columns = np.nonzero(~np.isnan(band))
        some = np.random.default_rng(1).permutation(len(rows))[:1000]
        found["pixels"] = [[int(columns[i]), int(rows[i]), float(band[rows[i], columns[i]])] for i in some]
        found["with_value"] = len(rows)
    if found["overviews"]:
        with rasterio.open(path, overview_level=0) as overview:
            small = overview.read(1)
        padded = np.full((2 * small.shape[0], 2 * small.shape[1]), np.nan)
        padded[: band.shape[0], : band.shape[1]] = band
        four = padded.reshape(small.shape[0], 2, small.shape[1], 2)
        count = (~np.isnan(four)).sum(axis=(1, 3))
        with np.errstate(invalid="ignore"):
            mean = (np.nansum(four, axis=(1, 3)) / count).astype(small.dtype)
        found["overview_differs"] = int(((np.isnan(mean) != np.isnan(small)) | (np.abs(mean - small) > 1e-6 * np.abs(mean))).sum())
    if shutil.which("gdalinfo"):
        info = json.loads(subprocess.run(["gdalinfo", "-json", path], check=True, capture_output=True).stdout)
        found["gdalinfo"] = {
            "crs": info["coordinateSystem"]["wkt"][-14:],
            "transform": info["geoTransform"],
            "size": info["size"],
            "nodata": str(info["bands"][0]["noDataValue"]),
            "overviews": [overview["size"] for overview in info["bands"][0].get("overviews", [])],
            "description": info["bands"][0].get("description"),
            "unit": info["bands"][0].get("unit"),
            "layout": info["metadata"].get("IMAGE_STRUCTURE"),
            "corner": info["cornerCoordinates"]["upperLeft"],
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
