#!/usr/bin/env python3
"""Good points per cell of a rectilinear grid, by h5py and pyproj.

    plane.py CRS XMIN YMAX STEP GRANULE...    prints {"row,column": count}
"""

import json
import sys

import h5py
import numpy as np
from pyproj import Transformer


def main():
    crs, (xmin, ymax, step) = sys.argv[1], map(float, sys.argv[2:5])
    project = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform
    counts = {}
    for path in sys.argv[5:]:
        with h5py.File(path) as file:
            for beam in file:
                if not beam.startswith("gt"):
                    continue
                group = file[beam]["land_ice_segments"]
                heights = group["h_li"][:]
                good = (group["atl06_quality_summary"][:] == 0) & (heights < np.finfo(np.float32).max)
                x, y = project(group["longitude"][:][good], group["latitude"][:][good])
                for row, column in zip((ymax - y) // step, (x - xmin) // step):
                    key = f"{int(row)},{int(column)}"
                    counts[key] = counts.get(key, 0) + 1
    json.dump(counts, sys.stdout)


if __name__ == "__main__":
    main()
