#!/usr/bin/env python3
"""How long `zagg plot` takes beside matplotlib for the same map: as many cells as Antarctica has at order 12, 2 km pixels.

    .venv/bin/python benches/plot_speed.py target/release/zagg [--rounds 3] [--folder FOLDER]

Makes a store of the cap south of 71 degrees (its area is Antarctica's), one chunk for each cell of order 6, then draws it by
turns with both. matplotlib's part opens the store with xarray, loads the chunks that were written, takes for each pixel the
mean of the cells whose centres it holds and, where it holds none, the cell that it lies in (healpix-geo, pyproj, numpy), and
saves `imshow` with a colour bar. Both are whole processes. Prints seconds, processor seconds and the ratio.
"""

import argparse
import json
import pathlib
import resource
import subprocess
import sys
import time

SPACING = 2000.0
ORDER, SHARD_ORDER = 12, 6
CELLS_PER_SHARD = 4 ** (ORDER - SHARD_ORDER)


def make(store):
    import healpix_geo
    import numpy
    import zarr

    group = zarr.create_group(store, zarr_format=3).create_group(str(ORDER))
    arrays = {
        name: group.create_array(name, shape=(12 * 4**ORDER,), chunks=(CELLS_PER_SHARD,), dtype=dtype, fill_value=fill,
                                 dimension_names=["cells"])
        for name, dtype, fill in [("count", "int32", 0), ("h_mean", "float32", float("nan"))]
    }
    shards = numpy.arange(12 * 4**SHARD_ORDER, dtype=numpy.uint64)
    _, lat = healpix_geo.nested.healpix_to_lonlat(shards, SHARD_ORDER, ellipsoid="WGS84")
    for shard in numpy.flatnonzero(lat < -71).tolist():
        cells = numpy.arange(shard * CELLS_PER_SHARD, (shard + 1) * CELLS_PER_SHARD, dtype=numpy.uint64)
        lon, lat = healpix_geo.nested.healpix_to_lonlat(cells, ORDER, ellipsoid="WGS84")
        height = 4000 * numpy.cos(numpy.radians(90 + lat) * 4) + 300 * numpy.sin(numpy.radians(lon) * 6)
        arrays["h_mean"][int(cells[0]) : int(cells[-1]) + 1] = height.astype("float32")
        arrays["count"][int(cells[0]) : int(cells[-1]) + 1] = (1 + cells % 90).astype("int32")


def draw(store, picture):
    """matplotlib's part."""
    import healpix_geo
    import matplotlib
    import numpy
    import pyproj
    import xarray

    matplotlib.use("Agg")
    import matplotlib.pyplot

    data = xarray.open_zarr(store, group=str(ORDER), chunks=None)["h_mean"]
    shards = sorted(int(path.name) for path in (pathlib.Path(store) / str(ORDER) / "h_mean" / "c").iterdir())
    ids = (numpy.array(shards)[:, None] * CELLS_PER_SHARD + numpy.arange(CELLS_PER_SHARD)).ravel()
    values = numpy.concatenate([
        data.isel(cells=slice(shard * CELLS_PER_SHARD, (shard + 1) * CELLS_PER_SHARD)).values for shard in shards
    ])
    ids, values = ids[~numpy.isnan(values)], values[~numpy.isnan(values)]
    plane = pyproj.Transformer.from_crs(4326, 3031, always_xy=True)
    x, y = plane.transform(*healpix_geo.nested.healpix_to_lonlat(ids.astype("uint64"), ORDER, ellipsoid="WGS84"))
    left, top = numpy.floor(x.min() / SPACING) * SPACING, numpy.ceil(y.max() / SPACING) * SPACING
    columns, rows = int(numpy.ceil((x.max() - left) / SPACING)), int(numpy.ceil((top - y.min()) / SPACING))
    pixel = ((top - y) / SPACING).astype(int) * columns + ((x - left) / SPACING).astype(int)
    count = numpy.bincount(pixel, minlength=rows * columns)
    with numpy.errstate(invalid="ignore"):
        raster = numpy.bincount(pixel, weights=values, minlength=rows * columns) / count
    empty = numpy.flatnonzero(count == 0)
    lon, lat = plane.transform(
        left + (empty % columns + 0.5) * SPACING, top - (empty // columns + 0.5) * SPACING, direction="INVERSE"
    )
    wanted = healpix_geo.nested.lonlat_to_healpix(lon, lat, ORDER, ellipsoid="WGS84").astype("int64")
    place = numpy.minimum(numpy.searchsorted(ids, wanted), len(ids) - 1)
    raster[empty] = numpy.where(ids[place] == wanted, values[place], numpy.nan)
    low, high = numpy.percentile(values, [2, 98])
    figure = matplotlib.pyplot.figure(figsize=(columns / 100 + 4, rows / 100 + 2), dpi=100)
    image = matplotlib.pyplot.imshow(raster.reshape(rows, columns), vmin=low, vmax=high, interpolation="nearest",
                                     extent=[left, left + columns * SPACING, top - rows * SPACING, top])
    figure.colorbar(image, label="h_mean")
    figure.savefig(picture)


def timed(command):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, output


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("zagg")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("target/plot-speed"))
    typed = parser.parse_args()
    store = typed.folder / "cap.zarr"
    if not store.exists():
        typed.folder.mkdir(parents=True, exist_ok=True)
        make(str(store))
    ours = [typed.zagg, "plot", str(store), "--field", "h_mean", "--grid-spacing", "2km", "--json",
            "-o", str(typed.folder / "zagg.png")]
    theirs = [sys.executable, __file__, "--draw", str(store), str(typed.folder / "matplotlib.png")]
    found = {"zagg plot": [], "matplotlib": []}
    for _ in range(typed.rounds):
        for name, command in [("zagg plot", ours), ("matplotlib", theirs)]:
            wall, cpu, output = timed(command)
            found[name].append((wall, cpu))
            if name == "zagg plot":
                report = json.loads(output)
    print(f"{report['cells']:,} cells in {report['blocks']:,} blocks, {report['bytes_read'] / 1e6:.1f} MB read, "
          f"{report['map']['columns']} x {report['map']['rows']} pixels")
    for name, times in found.items():
        print(f"{name:<12} {min(wall for wall, _ in times):6.2f} s, {min(cpu for _, cpu in times):6.2f} processor seconds")
    ratio = [min(times)[0] for times in found.values()]
    print(f"ratio {ratio[1] / ratio[0]:.1f}")


if __name__ == "__main__":
    draw(*sys.argv[2:4]) if sys.argv[1:2] == ["--draw"] else main()
