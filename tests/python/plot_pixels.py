"""Asks the pixels of a picture of `zagg plot` for their values, and the store for the truth.

    plot_pixels.py PICTURE REPORT STORE GROUP PIXELS

Reads the report (`--json`), takes PIXELS pixels at random, inverts the colour map (matplotlib's), and looks the value up in
the store with xarray, pyproj and healpix-geo's cells over the WGS84 ellipsoid. Prints how many pixels with a value were
asked and the worst distance in steps of the colour map, and how many pixels without one are not where the store has none.
"""

import json
import pathlib
import sys

import healpix_geo
import matplotlib
import numpy
import PIL.Image
import pyproj
import xarray

picture, report, store, group, count = sys.argv[1:]
report = json.loads(pathlib.Path(report).read_text())
area, shown = report["map"], report["picture"]
pixels = numpy.asarray(PIL.Image.open(picture).convert("RGB"))
assert pixels.shape[:2] == (shown["height"], shown["width"]), pixels.shape
inside = pixels[shown["map_top"] + 2 : shown["map_top"] + shown["map_height"] - 2,
                shown["map_left"] + 2 : shown["map_left"] + shown["map_width"] - 2].astype(int)
scale = shown["map_width"] / area["columns"]

table = (numpy.array(matplotlib.colormaps[area["colormap"]](numpy.arange(256)))[:, :3] * 255).round().astype(int)
rows, columns = numpy.indices(inside.shape[:2]).reshape(2, -1)
x = area["left"] + ((columns + 2.5) / scale).astype(int) * area["spacing"] + area["spacing"] / 2
y = area["top"] - ((rows + 2.5) / scale).astype(int) * area["spacing"] - area["spacing"] / 2
colours, which = numpy.unique(inside.reshape(-1, 3), axis=0, return_inverse=True)
far = ((colours[:, None] - table[None]) ** 2).sum(axis=2)
which = which.ravel()
# A shade of a letter or of the frame is far from every colour of the map.
steps, has_value = far.argmin(axis=1)[which], (far.min(axis=1) <= 3)[which]

lon, lat = pyproj.Transformer.from_crs(area["crs"], 4326, always_xy=True).transform(x, y)
order = int(group)
cells = healpix_geo.nested.lonlat_to_healpix(lon, lat, order, ellipsoid="WGS84").astype(numpy.int64)
data = xarray.open_zarr(store, group=group, chunks=None)[report["field"]]
random = numpy.random.default_rng(5)


def chosen(where):
    index = numpy.flatnonzero(where)
    return random.choice(index, min(int(count), len(index)), replace=False)


def truth(index):
    return numpy.array([float(data[int(cell)]) for cell in cells[index]])


full, empty = chosen(has_value), chosen(~has_value)
values = truth(full)
expected = numpy.clip((values - area["low"]) / (area["high"] - area["low"]) * 256, 0, 255.999)
off = numpy.abs(expected - (steps[full] + 0.5))
print(json.dumps({
    "asked": len(full), "without": len(empty), "worst_steps": float(numpy.nanmax(off)), "nan": int(numpy.isnan(values).sum()),
    "empty_with_value": int(numpy.isfinite(truth(empty)).sum()), "distinct": len(set(steps[full])),
}))
