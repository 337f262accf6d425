#!/usr/bin/env python3
"""The outlines that `zagg shards` writes, as GeoPandas reads them. Prints one JSON object.

    shards.py FILE.geojson [--crs EPSG:n] [--catalog FILE.parquet]

Areas are taken in the coordinate system given, else in an equal-area one. With a catalog, footprints are compared with the
polygons that GeoPandas reads of it.
"""

import argparse
import json
import sys
import warnings

import geopandas
import numpy
import pyproj
import shapely


def parts(shape):
    return list(shape.geoms) if shape.geom_type == "MultiPolygon" else [shape]


def wrong(frame):
    """Features that RFC 7946 or the Simple Features model refuse."""
    bad = []
    for label, shape in zip(frame["label"], frame.geometry):
        if not shape.is_valid:
            bad.append(f"{label}: {shapely.is_valid_reason(shape)}")
        west, south, east, north = shape.bounds
        if west < -180 or east > 180 or south < -90 or north > 90:
            bad.append(f"{label}: outside of the plane, {shape.bounds}")
        for part in parts(shape):
            if not part.exterior.is_ccw or any(hole.is_ccw for hole in part.interiors):
                bad.append(f"{label}: a ring goes the wrong way")
            west, _, east, _ = part.exterior.bounds
            steps = numpy.abs(numpy.diff(numpy.array(part.exterior.coords)[:, 0]))
            lats = numpy.array(part.exterior.coords)[:, 1]
            along_pole = (numpy.abs(lats[:-1]) == 90) & (numpy.abs(lats[1:]) == 90)
            if (steps[~along_pole] >= 180).any():
                bad.append(f"{label}: a line goes round the globe")
    return bad


def ground(frame, crs):
    """The shapes in metres."""
    fine = frame.set_geometry(shapely.segmentize(frame.geometry.values, 0.05) if crs == "EPSG:6933" else frame.geometry)
    return fine.to_crs(crs).geometry


def overlap(shapes):
    """The greatest area that two shapes share, as a part of the first."""
    tree = shapely.STRtree(shapes)
    left, right = tree.query(shapes, predicate="intersects")
    pairs = left < right
    shared = shapely.area(shapely.intersection(numpy.array(shapes)[left[pairs]], numpy.array(shapes)[right[pairs]]))
    return float((shared / shapely.area(numpy.array(shapes)[left[pairs]])).max(initial=0))


def corners(shape):
    """Longitudes in one turn and latitudes of every corner, rounded."""
    points = shapely.get_coordinates(shape)
    return {(round(lon % 360, 5) % 360, round(lat, 5)) for lon, lat in points}


def compared(granules, path):
    catalog = geopandas.read_parquet(path, columns=["id", "geometry"]).set_index("id").geometry
    geod = pyproj.Geod(ellps="WGS84")
    missing, area = 0, 0.0
    for label, shape in zip(granules["label"], granules.geometry):
        theirs = catalog[label]
        missing += len(corners(theirs) - corners(shape))
        ours = sum(geod.geometry_area_perimeter(part)[0] for part in parts(shape))
        # With longitudes that go on across half a turn, as the archive means them.
        expected = abs(geod.geometry_area_perimeter(theirs)[0])
        area = max(area, abs(ours / expected - 1))
    return {"corners_missing": missing, "area_differs": area}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--crs", default="EPSG:6933")
    parser.add_argument("--catalog")
    arguments = parser.parse_args()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        frame = geopandas.read_file(arguments.file)
        shards = frame[frame["kind"] == "shard"]
        granules = frame[frame["kind"] == "granule"]
        shapes = ground(shards, arguments.crs)
        answer = {
            "epsg": frame.crs.to_epsg(),
            "shards": len(shards),
            "granules": len(granules),
            "wrong": wrong(frame),
            "area": float(shapely.unary_union(shapes.values).area),
            "overlap": overlap(list(shapes.values)),
            "labels": list(shards["label"]),
            "counts": [int(count) for count in shards["granules"]],
            "parts": [len(parts(shape)) for shape in frame.geometry],
        }
        if arguments.catalog:
            answer |= compared(granules, arguments.catalog)
    answer["warnings"] = [str(warning.message) for warning in caught]
    json.dump(answer, sys.stdout, allow_nan=False)


main()
