#!/usr/bin/env python3
"""The exact result of configs/pipelines/atl06.yaml, slowly, by other people's code and arithmetic.

    oracle.py SHARDMAP [--reference R.oracle.npz]

Reads the granules of a shard map at their `file` locations with h5py, finds cells with mortie, and
computes every statistic with whole numbers, fractions or 60 digits, rounded once to float64. Fill
values and NaN are missing and left out, as ADR 0005 says. Prints one JSON object of lists:
`morton` (packed words, ascending), `points` (all that passed the filter), `missing_h`, `missing_s`
(points without a height, without a sigma), `nan_h`, `nan_s` (those of them that are NaN), `zero_s`
(points with a sigma of 0), `count`, and the bits of each floating statistic. With --reference also `reference`: the largest relative difference from that
float64 result, by field.
"""

import argparse
import json
import math
import struct
from decimal import Decimal, getcontext
from fractions import Fraction

import h5py
import numpy as np
from mortie import clip2order, geo2mort

SHARD_ORDER, CELL_ORDER = 6, 12
BEAMS = ("gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r")
FLOATS = ("h_min", "h_max", "h_mean", "h_sigma", "h_variance", "h_q25", "h_q50", "h_q75")
getcontext().prec = 60


def values(dataset):
    """A dataset's values, infinity for its fill value."""
    found = dataset[:].astype(np.float64)
    assert not np.isinf(found).any(), f"{dataset.name} has an infinity of its own"
    fill = dataset.attrs.get("_FillValue")
    if fill is not None:
        found[found == np.float64(np.ravel(fill)[0])] = np.inf
    return found


def points(shard_map):
    """Cell, height and sigma of every point of good quality in a shard that lists its granule."""
    wanted = {}
    for key, records in zip(shard_map["shard_keys"], shard_map["granules"]):
        for record in records:
            wanted.setdefault(record["file"], set()).add(key)
    cells, heights, sigmas = [], [], []
    for path, keys in sorted(wanted.items()):
        keys = np.array(sorted(keys), np.uint64)
        with h5py.File(path) as file:
            for beam in BEAMS:
                if beam not in file:
                    continue
                group = file[beam]["land_ice_segments"]
                if group["latitude"].shape[0] == 0:
                    continue
                words = np.asarray(geo2mort(group["latitude"][:], group["longitude"][:], order=29, points=True))
                words = words.astype(np.uint64)
                ok = np.isin(np.asarray(clip2order(SHARD_ORDER, words)).astype(np.uint64), keys)
                ok &= group["atl06_quality_summary"][:] == 0
                cells.append(np.asarray(clip2order(CELL_ORDER, words[ok])).astype(np.uint64))
                heights.append(values(group["h_li"])[ok])
                sigmas.append(values(group["h_li_sigma"])[ok])
    cells, heights, sigmas = map(np.concatenate, (cells, heights, sigmas))
    order = np.argsort(cells, kind="stable")
    return cells[order], heights[order], sigmas[order]


def variance(heights):
    """sum((x - mean)^2) / n, exactly: a float32 is a whole number of 2^-149."""
    whole = [int(math.ldexp(height, 149)) for height in heights]
    n, total = len(whole), sum(whole)
    return float(Fraction(n * sum(x * x for x in whole) - total * total, n * n * 2**298))


def quantile(heights, q):
    """Hyndman and Fan 1996, type 7, exactly."""
    heights, at = sorted(heights), (len(heights) - 1) * Fraction(q)
    low = math.floor(at)
    high = min(low + 1, len(heights) - 1)
    return float(Fraction(heights[low]) + (Fraction(heights[high]) - Fraction(heights[low])) * (at - low))


def weight(sigma):
    return 1 / (Decimal(sigma) * Decimal(sigma))


def weighted_mean(pairs):
    if not pairs or any(sigma == 0 for _, sigma in pairs):
        return math.nan  # infinity over infinity
    weights = [weight(sigma) for _, sigma in pairs]
    return float(sum(Decimal(height) * w for (height, _), w in zip(pairs, weights)) / sum(weights))


def sigma_of_mean(sigmas):
    if not sigmas:
        return math.nan
    if 0 in sigmas:
        return 0.0  # one over the root of infinity
    return float(1 / sum(map(weight, sigmas)).sqrt())


def statistics(heights, sigmas):
    valid = [h for h in heights if math.isfinite(h)]
    known = [s for s in sigmas if math.isfinite(s)]
    pairs = [(h, s) for h, s in zip(heights, sigmas) if math.isfinite(h) and math.isfinite(s)]
    out = {
        "points": len(heights),
        "missing_h": len(heights) - len(valid),
        "missing_s": len(sigmas) - len(known),
        "nan_h": sum(map(math.isnan, heights)),
        "nan_s": sum(map(math.isnan, sigmas)),
        "zero_s": sum(s == 0 for s in known),
        "count": len(valid),
        "h_mean": weighted_mean(pairs),
        "h_sigma": sigma_of_mean(known),
    }
    some = bool(valid)
    out["h_min"] = min(valid) if some else math.nan
    out["h_max"] = max(valid) if some else math.nan
    out["h_variance"] = variance(valid) if some else math.nan
    for name, q in (("h_q25", "1/4"), ("h_q50", "1/2"), ("h_q75", "3/4")):
        out[name] = quantile(valid, q) if some else math.nan
    return out


def against(reference, result):
    """The largest relative difference from a float64 result, by field."""
    assert reference["morton"].tolist() == result["morton"], "the reference has other cells"
    assert reference["count"].tolist() == result["count"], "the reference has other counts"
    differences = {}
    for name in FLOATS:
        ours, theirs = np.array(result[name]), reference[name]
        scale = np.maximum(np.maximum(abs(ours), abs(theirs)), np.finfo(float).tiny)
        differences[name] = float((abs(ours - theirs) / scale).max())
    return differences


def bits(number):
    return struct.unpack("<Q", struct.pack("<d", number))[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shardmap")
    parser.add_argument("--reference", metavar="NPZ")
    arguments = parser.parse_args()
    with open(arguments.shardmap) as file:
        cells, heights, sigmas = points(json.load(file))
    words, starts = np.unique(cells, return_index=True)
    ends = [*starts[1:].tolist(), len(cells)]
    rows = [statistics(heights[a:b].tolist(), sigmas[a:b].tolist()) for a, b in zip(starts.tolist(), ends)]
    result = {"morton": words.tolist(), **{name: [row[name] for row in rows] for name in rows[0]}}
    differences = against(np.load(arguments.reference), result) if arguments.reference else None
    for name in FLOATS:
        result[name] = [bits(number) for number in result[name]]
    print(json.dumps({**result, "reference": differences}))


if __name__ == "__main__":
    main()
