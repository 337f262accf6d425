#!/usr/bin/env python3
"""How fast `zagg view` answers tiles, and what `zagg overviews` takes, on a store of some 12 million cells.

    .venv/bin/python benches/view_tiles.py target/release/zagg

Makes the store in a temporary folder: 2,964 shards of order 6 about the south pole, every cell of order 12 with data, marked
as done. Then asks `zagg view` for up to 60 tiles of each zoom, one after the other, twice; computes overviews down to order 3;
and asks again. Prints one table each.
"""

import hashlib
import http.client
import json
import os
import pathlib
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np
import zarr
from xdggs.healpix import HealpixInfo

FIELD = "h_max"
CELLS = 4096


def make(zagg: str, work: pathlib.Path) -> pathlib.Path:
    """The store: the demo's metadata, chunks and marks of our own."""
    subprocess.run([zagg, "demo", "--dir", str(work / "demo"), "--quiet"], check=True, cwd=work)
    store = work / "demo/store.zarr"
    mark = json.loads(next((store / ".zagg/marks").iterdir()).read_text())
    shutil.rmtree(store / ".zagg")
    for array in (store / "12").iterdir():
        shutil.rmtree(array / "c", ignore_errors=True)
    # Without coordinates every cell of a chunk counts.
    for coordinate in ("cell_ids", "morton"):
        shutil.rmtree(store / "12" / coordinate)
    grid = HealpixInfo(level=6, indexing_scheme="nested", ellipsoid="WGS84")
    lon, lat = grid.cell_ids2geographic(np.arange(12 * 4**6, dtype="uint64"))
    shards = np.flatnonzero(lat < -62)
    group, rank = zarr.open_group(store, mode="r+")["12"], np.arange(CELLS)
    (store / ".zagg/marks").mkdir(parents=True)
    fields = {"count": 5, FIELD: None, "h_min": None}
    for shard in map(int, shards):
        height = 3000 * np.cos(np.radians((lat[shard] + 90) * 3)) + 300 * np.sin(np.radians(lon[shard] * 3))
        objects = []
        for name, value in fields.items():
            span = slice(shard * CELLS, (shard + 1) * CELLS)
            group[name][span] = (height + 40 * np.sin(rank / 300)).astype("f4") if value is None else value
            content = (store / f"12/{name}/c/{shard}").read_bytes()
            sha256 = hashlib.sha256(content).hexdigest()
            objects.append({"key": f"12/{name}/c/{shard}", "size": len(content), "sha256": sha256})
        label, word = label_of(shard), shard + 4**6 << 60 - 2 * 6 | 6
        mark |= {"shard": label, "key": word, "points": 5 * CELLS, "cells": CELLS, "objects": objects}
        (store / f".zagg/marks/{label}.json").write_text(json.dumps(mark))
    print(f"{len(shards):,} shards, {len(shards) * CELLS:,} cells")
    return store


def label_of(nested: int) -> str:
    """The morton decimal of an order 6 cell."""
    base, digits = nested >> 12, [(nested >> 2 * k & 3) + 1 for k in reversed(range(6))]
    sign = "-" if base >= 6 else ""
    return f"{sign}{base % 6 + 1}" + "".join(map(str, digits))


class View:
    """A running `zagg view`."""

    def __init__(self, zagg: str, store: pathlib.Path) -> None:
        self.process = subprocess.Popen([zagg, "view", str(store), "--port", "0"], stdout=subprocess.PIPE, text=True)
        address = re.search(r"127\.0\.0\.1:(\d+)", self.process.stdout.readline())
        self.connection = http.client.HTTPConnection("127.0.0.1", int(address[1]))

    def get(self, path: str) -> tuple[int, bytes, float]:
        begun = time.perf_counter()
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        content = answer.read()
        return answer.status, content, time.perf_counter() - begun

    def tiles(self) -> None:
        while not json.loads(self.get("/status.json")[1])["ready"]:
            time.sleep(0.2)
        plane = json.loads(self.get("/projection.json?projection=polar-south")[1])
        xmin, ymin, xmax, ymax = plane["extent"]
        print("| zoom | tiles | first p50 / p99 ms | again p50 / p99 ms |\n|---|---|---|---|")
        for zoom in range(plane["most_zoom"] + 1):
            side = plane["side"] / 2**zoom
            columns = range(int((xmin - plane["left"]) / side), int((xmax - plane["left"]) / side) + 1)
            rows = range(int((plane["top"] - ymax) / side), int((plane["top"] - ymin) / side) + 1)
            wanted = [(x, y) for x in columns for y in rows]
            random.Random(7).shuffle(wanted)
            figures = []
            for _ in range(2):
                asked = [self.get(f"/tiles/polar-south/{FIELD}/{zoom}/{x}/{y}") for x, y in wanted[:60]]
                times = sorted(1e3 * seconds for status, _, seconds in asked if status == 200)
                figures.append(f"{times[len(times) // 2]:.0f} / {times[int(len(times) * 0.99)]:.0f}" if times else "")
            print(f"| {zoom} | {len(wanted[:60])} | {figures[0]} | {figures[1]} |")

    def end(self) -> None:
        self.process.terminate()
        _, _, usage = os.wait4(self.process.pid, 0)
        print(f"peak memory {usage.ru_maxrss / 1e3:.0f} MB, {usage.ru_utime + usage.ru_stime:.1f} CPU s\n")


def main() -> None:
    zagg = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as folder:
        store = make(zagg, pathlib.Path(folder))
        for step in ("without overviews", "with overviews"):
            print(step)
            view = View(zagg, store)
            view.tiles()
            view.end()
            if step.startswith("without"):
                before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
                subprocess.run([zagg, "overviews", str(store), "--down-to", "3"], check=False)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
                print(f"overviews: {time.perf_counter() - begun:.1f} s wall, {cpu:.1f} CPU s\n")


main()
