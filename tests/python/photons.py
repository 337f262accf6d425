#!/usr/bin/env python3
"""Statistics of photons per HEALPix cell, by numpy, h5py and mortie: the pipeline of
tests/planned.rs, spelled out.

    photons.py CELL_ORDER GRANULE...

Photons whose land-ice confidence (column 3) is at least 2, of segments with at least 5 photons.
Prints lists: `morton` (packed words, ascending) and the fields of the pipeline.
"""

import json
import math
import sys

import h5py
import numpy as np
from mortie import clip2order, geo2mort


def photons(path):
    """Longitude, latitude, height, confidence and photons of its segment of each kept photon."""
    with h5py.File(path) as file:
        for beam in ("gt1l", "gt1r"):
            heights, geolocation = file[beam]["heights"], file[beam]["geolocation"]
            begins, counts = geolocation["ph_index_beg"][:], geolocation["segment_ph_cnt"][:]
            of_segment = np.full(heights["h_ph"].shape, -1, np.int64)
            for begin, count in zip(begins, counts):
                of_segment[begin - 1 : begin - 1 + count] = count if count else -1
            assert (of_segment > 0).all(), "a photon without a segment"
            confidence = heights["signal_conf_ph"][:, 3]
            keep = (confidence >= 2) & (of_segment >= 5)
            columns = heights["lon_ph"][:], heights["lat_ph"][:], heights["h_ph"][:], confidence, of_segment
            yield tuple(column[keep] for column in columns)


def main():
    order = int(sys.argv[1])
    parts = [part for path in sys.argv[2:] for part in photons(path)]
    lon, lat, height, confidence, of_segment = (np.concatenate(columns) for columns in zip(*parts))
    words = np.asarray(clip2order(order, geo2mort(lat, lon, order=29, points=True))).astype(np.uint64)
    cells = np.unique(words)
    out = {name: [] for name in ("count", "h_min", "h_mean", "h_median", "conf_max", "conf_mean", "n_mean")}
    for cell in cells:
        mine = words == cell
        h = height[mine].astype(np.float64)
        out["count"].append(int(mine.sum()))
        out["h_min"].append(float(h.min()))
        out["h_mean"].append(math.fsum(h) / len(h))
        out["h_median"].append(float(np.median(h)))
        out["conf_max"].append(int(confidence[mine].max()))
        out["conf_mean"].append(float(confidence[mine].astype(np.float64).mean()))
        out["n_mean"].append(float(of_segment[mine].astype(np.float64).mean()))
    json.dump({"morton": cells.tolist(), **out}, sys.stdout)


if __name__ == "__main__":
    main()
