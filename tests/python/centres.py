#!/usr/bin/env python3
"""Centres of HEALPix cells on the WGS84 ellipsoid, from the formulas alone.

    centres.py ORDER '[NESTED, ...]'    prints {"latitude": [...], "longitude": [...]}

NESTED id to the sphere after Gorski et al. 2005 (section 4 and 5); the latitude there is authalic,
and its geodetic one is found by bisection of the closed form of q (Snyder 1987, 3-11 and 3-12), not
by a series.
"""

import json
import math
import sys

E2 = (2 - 1 / 298.257223563) / 298.257223563
E = math.sqrt(E2)
FACE_ROW = (2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4)
FACE_COLUMN = (1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7)


def on_the_sphere(order, nested):
    """Sine of the latitude, and the longitude in degrees."""
    side = 1 << order
    face, rest = divmod(nested, side * side)
    x = sum((rest >> 2 * bit & 1) << bit for bit in range(order))
    y = sum((rest >> 2 * bit + 1 & 1) << bit for bit in range(order))
    ring = FACE_ROW[face] * side - x - y - 1
    if ring < side:
        inside, z, shift = ring, 1 - ring * ring / (3 * side * side), 0
    elif ring > 3 * side:
        inside = 4 * side - ring
        z, shift = -1 + inside * inside / (3 * side * side), 0
    else:
        inside, z, shift = side, (2 * side - ring) * 2 / (3 * side), (ring - side) & 1
    step = (FACE_COLUMN[face] * inside + x - y + 1 + shift) // 2
    step = (step - 1) % (4 * inside) + 1
    return z, (step - (shift + 1) / 2) * 90 / inside


def q(sine):
    return (1 - E2) * (sine / (1 - E2 * sine * sine) + math.atanh(E * sine) / E)


def geodetic(sine_authalic):
    wanted, low, high = sine_authalic * q(1.0), -90.0, 90.0
    for _ in range(80):
        middle = (low + high) / 2
        if q(math.sin(math.radians(middle))) < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def main():
    places = [on_the_sphere(int(sys.argv[1]), nested) for nested in json.loads(sys.argv[2])]
    answer = {"latitude": [geodetic(z) for z, _ in places], "longitude": [longitude for _, longitude in places]}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
