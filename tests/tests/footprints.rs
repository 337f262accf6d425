//! Is a footprint ever cut short, so that a point of a granule falls in a shard that the footprint
//! does not touch? Measured with real points and with published footprints.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::collections::BTreeSet;

use serde_json::Value;
use zagg_catalog::area::{Area, Part, Ring};
use zagg_catalog::cover::{AUTHALIC_RADIUS_M, DEFAULT_MARGIN_M, nested_near};
use zagg_catalog::geoparquet;
use zagg_core::geodesy::{authalic_latitude, geodetic_latitude};
use zagg_core::grid::healpix::nested_at;
use zagg_core::order::Order;
use zagg_tests::kit::{python, shared};

type Vector = [f64; 3];

/// From the middle of the track to the sides of a published footprint, in metres: so in all 2,089
/// (12.5 to 13.5 km in all).
const HALF_WIDTH_M: f64 = 6_260.0;

/// From the middle of the track to the outer beams, in metres: those of real granules are 6,580 to
/// 6,850 m apart.
const OUTER_BEAM_M: f64 = 3_430.0;

/// The Earth's turn and the satellite's, in radians a second.
const EARTH: f64 = 7.292_115e-5;
const ORBIT: f64 = std::f64::consts::TAU / 5_655.6;

fn vector([lon, lat]: [f64; 2]) -> Vector {
    let ((sin_lat, cos_lat), (sin, cos)) = (authalic_latitude(lat).to_radians().sin_cos(), lon.to_radians().sin_cos());
    [cos_lat * cos, cos_lat * sin, sin_lat]
}

fn degrees(v: Vector) -> [f64; 2] {
    [v[1].atan2(v[0]).to_degrees(), geodetic_latitude(v[2].atan2(v[0].hypot(v[1])).to_degrees())]
}

fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn mix(a: Vector, s: f64, b: Vector, t: f64) -> Vector {
    unit([0, 1, 2].map(|i| a[i] * s + b[i] * t))
}

fn unit(a: Vector) -> Vector {
    let length = dot(a, a).sqrt();
    a.map(|x| x / length)
}

fn angle(a: Vector, b: Vector) -> f64 {
    dot(cross(a, b), cross(a, b)).sqrt().atan2(dot(a, b))
}

fn turned(a: Vector, angle: f64) -> Vector {
    let (s, c) = angle.sin_cos();
    [a[0] * c - a[1] * s, a[0] * s + a[1] * c, a[2]]
}

/// The track from one position to a later one: a great circle in space, and the Earth turns below.
fn track(from: Vector, to: Vector, steps: usize) -> Vec<Vector> {
    let mut arc = angle(from, to);
    for _ in 0..50 {
        arc = angle(from, turned(to, EARTH * arc / ORBIT));
    }
    let end = turned(to, EARTH * arc / ORBIT);
    let place = |t: f64| {
        let in_space = mix(from, ((1.0 - t) * arc).sin(), end, (t * arc).sin());
        turned(in_space, -EARTH * arc / ORBIT * t)
    };
    (0..=steps).map(|i| place(i as f64 / steps as f64)).collect()
}

/// How far each position is to the left of a line, in metres.
fn offsets(line: &[Vector], positions: &[Vector]) -> Vec<f64> {
    let ahead = [0, 1, 2].map(|i| line[line.len() - 1][i] - line[0][i]);
    let along: Vec<f64> = line.iter().map(|p| dot(*p, ahead)).collect();
    let normal = |i: usize| unit(cross(line[i], line[i + 1]));
    let place = |p: &Vector| along.partition_point(|a| *a < dot(*p, ahead)).clamp(1, line.len() - 1) - 1;
    positions.iter().map(|p| dot(*p, normal(place(p))).asin() * AUTHALIC_RADIUS_M).collect()
}

/// Longitudes and latitudes of each beam of a granule of any product, and its own footprint.
const READ: &str = r#"
import h5py, json, sys, numpy as np
def pairs(lon, lat):
    keep = (np.abs(lat) <= 90) & (np.abs(lon) <= 360)
    return np.stack([lon[keep], lat[keep]], -1).astype(float).tolist()
h = h5py.File(sys.argv[1])
beams = {}
for name in h:
    for group, lat, lon in (("land_ice_segments", "latitude", "longitude"), ("land_segments", "latitude", "longitude"),
                            ("heights", "lat_ph", "lon_ph")):
        if name.startswith("gt") and group in h[name] and lat in h[name][group]:
            beams[name] = pairs(h[name][group][lon][:], h[name][group][lat][:])
info = h.get("orbit_info", {})
ring = pairs(info["bounding_polygon_lon1"][:], info["bounding_polygon_lat1"][:]) if "bounding_polygon_lat1" in info else None
print(json.dumps({"beams": beams, "ring": ring}))
"#;

struct Granule {
    name: String,
    beams: Vec<(String, Vec<[f64; 2]>)>,
    ring: Option<Ring>,
}

fn granule(path: &str) -> Granule {
    let json = python::inline(READ, &[shared::path(path).to_str().unwrap()]);
    let pairs = |list: &Value| -> Vec<[f64; 2]> { serde_json::from_value(list.clone()).unwrap() };
    let beams = json["beams"].as_object().unwrap().iter().map(|(name, list)| (name.clone(), pairs(list))).collect();
    let name = path.rsplit('/').next().unwrap().to_owned();
    Granule { name, beams, ring: json["ring"].as_array().map(|_| pairs(&json["ring"])) }
}

/// Every real granule of ATL06, the real ones of other products after them.
fn granules() -> Vec<Granule> {
    let mut paths = Vec::new();
    for place in ["data/atl06/antarctica", "data/atl06/greenland", "data/atl06/native"] {
        let files = std::fs::read_dir(shared::path(place)).unwrap();
        paths.extend(files.map(|file| format!("{place}/{}", file.unwrap().file_name().to_str().unwrap())));
    }
    paths.sort();
    paths.push("data/products/nsidc_icesat2gis_test_atl08.h5".to_owned());
    paths.push("data/products/ICESat2VegR_atl03_clip.h5".to_owned());
    paths.iter().map(|path| granule(path)).collect()
}

/// The shards of an order in which points lie, and those of them that a footprint misses.
fn missed(points: &[[f64; 2]], footprint: &Area, order: u8, margin_m: f64) -> (usize, usize) {
    let order = Order::new(order).unwrap();
    let shards: BTreeSet<u64> = points.iter().filter_map(|[lon, lat]| nested_at(order, *lon, *lat)).collect();
    let touched = nested_near(footprint, order, margin_m).unwrap();
    (shards.len(), shards.iter().filter(|id| touched.binary_search(id).is_err()).count())
}

#[test]
#[ignore = "needs ../shared"]
fn all_points_of_a_granule_that_states_its_footprint_lie_well_inside() {
    let mut stated = 0;
    for granule in granules() {
        let Some(ring) = granule.ring else { continue };
        stated += 1;
        let points: Vec<[f64; 2]> = granule.beams.iter().flat_map(|(_, points)| points).copied().collect();
        let sides = || ring.windows(2).map(|side| [vector(side[0]), vector(side[1])]).filter(|side| side[0] != side[1]);
        let clearance = |p: Vector| sides().map(|[a, b]| distance(p, a, b)).fold(f64::MAX, f64::min);
        let least = points.iter().map(|p| clearance(vector(*p))).fold(f64::MAX, f64::min);
        eprintln!("{}: {} points, the nearest {least:.0} m from a side", granule.name, points.len());
        assert!(points.len() > 6000 && least > 2900.0);
        for order in 6..=14 {
            assert_eq!(missed(&points, &Area::of_ring(ring.clone()), order, 0.0).1, 0, "at order {order}");
        }
    }
    assert_eq!(stated, 1);
}

/// Metres from a position to a side.
fn distance(p: Vector, a: Vector, b: Vector) -> f64 {
    let normal = unit(cross(a, b));
    let beside = dot(cross(normal, a), p) > 0.0 && dot(cross(b, normal), p) > 0.0;
    let angle = if beside { dot(normal, p).abs().asin() } else { angle(p, a).min(angle(p, b)) };
    angle * AUTHALIC_RADIUS_M
}

/// Real points are beside the great circle through the ends of their beam by up to 23 km (over
/// 3,580 km), and beside the track that the orbit gives by at most a metre in 1.5 km of length.
#[test]
#[ignore = "needs ../shared"]
fn real_points_follow_the_track_between_their_ends() {
    let (mut beams, mut longest) = (0, 0.0_f64);
    for granule in granules() {
        for (beam, points) in granule.beams.iter().filter(|(_, points)| points.len() > 50) {
            let positions: Vec<Vector> = points.iter().map(|p| vector(*p)).collect();
            let (first, last) = (positions[0], positions[positions.len() - 1]);
            let length = angle(first, last) * AUTHALIC_RADIUS_M;
            if length < 20_000.0 {
                continue;
            }
            let most = |line: &[Vector]| offsets(line, &positions).iter().fold(0.0_f64, |most, o| most.max(o.abs()));
            let (orbit, straight) = (most(&track(first, last, 4000)), most(&[first, last]));
            eprintln!(
                "{} {beam}: {:.0} km, {straight:.0} m from a great circle, {orbit:.0} m from the track",
                granule.name,
                length / 1e3
            );
            assert!(orbit < length / 1500.0 && (orbit < straight || straight < 20.0), "{} {beam}", granule.name);
            (beams, longest) = (beams + 1, longest.max(length));
        }
    }
    assert!(beams > 40 && longest > 3.5e6, "{beams} beams, the longest {longest} m");
}

/// A footprint in the way of the published ones about the track of a granule: two sides of one
/// piece each, as long as the granule.
#[test]
#[ignore = "needs ../shared"]
fn no_point_of_a_real_granule_is_missed_by_a_footprint_about_its_own_track() {
    let mut all = 0;
    for granule in granules().into_iter().filter(|granule| granule.name.contains("ATL06")) {
        let points: Vec<[f64; 2]> = granule.beams.iter().flat_map(|(_, points)| points).copied().collect();
        let (_, longest) = granule.beams.iter().max_by_key(|(_, points)| points.len()).unwrap();
        // The middle of the track, from the mean of where the beams are beside one of them.
        let line = track(vector(longest[0]), vector(longest[longest.len() - 1]), 4000);
        let positions: Vec<Vector> = points.iter().map(|p| vector(*p)).collect();
        let aside = offsets(&line, &positions);
        let (low, high) = aside.iter().fold((f64::MAX, f64::MIN), |(low, high), o| (low.min(*o), high.max(*o)));
        let ahead = unit([0, 1, 2].map(|i| line[line.len() - 1][i] - line[0][i]));
        let along = |p: &&Vector| dot(**p, ahead);
        let southmost = positions.iter().min_by(|a, b| along(a).total_cmp(&along(b))).unwrap();
        let northmost = positions.iter().max_by(|a, b| along(a).total_cmp(&along(b))).unwrap();
        // A corner beside an end of the granule, so far out and so far aside of the middle line.
        let corner = |end: &Vector, out: f64, aside: f64| {
            let left = unit(cross(*end, ahead));
            let own = offsets(&line, std::slice::from_ref(end))[0];
            let moved = mix(*end, 1.0, unit(cross(left, *end)), out / AUTHALIC_RADIUS_M);
            degrees(mix(moved, 1.0, left, (aside - own) / AUTHALIC_RADIUS_M))
        };
        let middle = (low + high) / 2.0;
        let ring = vec![
            corner(southmost, -4000.0, middle + HALF_WIDTH_M),
            corner(northmost, 4000.0, middle + HALF_WIDTH_M),
            corner(northmost, 4000.0, middle - HALF_WIDTH_M),
            corner(southmost, -4000.0, middle - HALF_WIDTH_M),
        ];
        let footprint = Area::of_ring(ring);
        for order in 6..=12 {
            let (shards, lost) = missed(&points, &footprint, order, 0.0);
            assert_eq!(lost, 0, "{} at order {order}, of {shards}", granule.name);
        }
        eprintln!("{}: {} points, beams {:.0} m apart, none missed", granule.name, points.len(), high - low);
        all += points.len();
    }
    assert!(all > 200_000, "{all}");
}

/// Half of a ring's corners are on one side of the track, half on the other, two and two across
/// it: the positions in the middle of each two, in the order of time.
fn middles(ring: &Ring, ascending: bool) -> Vec<Vector> {
    let corners: Vec<Vector> = ring[..ring.len() - 1].iter().map(|corner| vector(*corner)).collect();
    let count = corners.len();
    let across = |first: usize, i: usize| (corners[(first + i) % count], corners[(first + count - 1 - i) % count]);
    let width = |first: &usize| (0..count / 2).map(|i| across(*first, i)).map(|(a, b)| angle(a, b)).fold(0.0, f64::max);
    let first = (0..count).min_by(|a, b| width(a).total_cmp(&width(b))).unwrap();
    assert!(count.is_multiple_of(2) && width(&first) * AUTHALIC_RADIUS_M < 16_000.0);
    let mut middles: Vec<Vector> = (0..count / 2).map(|i| across(first, i)).map(|(a, b)| mix(a, 1.0, b, 1.0)).collect();
    if (middles[middles.len() - 1][2] > middles[0][2]) != ascending {
        middles.reverse();
    }
    middles
}

/// Published footprints, and points along the beams on the tracks through their corners. Of the
/// 2,089, all with a side of more than 1000 km and every twentieth.
#[test]
#[ignore = "needs ../shared"]
fn no_point_along_a_published_track_is_missed_with_the_default_margin() {
    let catalog = geoparquet::read(&shared::path("data/catalog/cat_neon.parquet")).unwrap();
    let (mut looked, mut long) = (0, 0);
    let mut lost = [[0_usize; 3]; 13];
    for (number, entry) in catalog.entries.iter().enumerate() {
        let footprint = entry.footprint.as_ref().unwrap();
        let [Part::Polygon(rings)] = footprint.parts.as_slice() else { panic!("{} is no polygon", entry.id) };
        // The region's number is in the name: 2 is northward, 6 southward.
        let middles = middles(&rings[0], entry.id.split('_').nth(2).unwrap().ends_with("02"));
        let longest = middles.windows(2).map(|pair| angle(pair[0], pair[1])).fold(0.0, f64::max) * AUTHALIC_RADIUS_M;
        long += usize::from(longest > 1.2e6);
        if longest < 1e6 && !number.is_multiple_of(20) {
            continue;
        }
        looked += 1;
        let mut points = Vec::new();
        for pair in middles.windows(2) {
            let steps = ((angle(pair[0], pair[1]) * AUTHALIC_RADIUS_M / 1500.0) as usize).max(2);
            for two in track(pair[0], pair[1], steps).windows(2) {
                let left = unit(cross(two[0], two[1]));
                let beam = |aside: f64| degrees(mix(two[0], 1.0, left, aside / AUTHALIC_RADIUS_M));
                points.extend([-OUTER_BEAM_M, 0.0, OUTER_BEAM_M].map(beam));
            }
        }
        for order in 6..=12 {
            let (shards, without) = missed(&points, footprint, order, 0.0);
            let (_, with) = missed(&points, footprint, order, DEFAULT_MARGIN_M);
            let sums = &mut lost[usize::from(order)];
            *sums = [sums[0] + shards, sums[1] + without, sums[2] + with];
        }
    }
    eprintln!("{looked} of {} footprints, {long} with a side of more than 1200 km", catalog.entries.len());
    for (order, [pairs, without, with]) in lost.iter().enumerate().skip(6) {
        eprintln!(
            "order {order:>2}: {pairs:>8} pairs, {without:>5} missed with no margin, {with} with {DEFAULT_MARGIN_M} m"
        );
    }
    assert!(lost.iter().all(|[_, _, with]| *with == 0), "{lost:?}");
    assert!(lost[12][1] > 100 && long == 101, "the measure finds what is missed: {lost:?}, {long}");
}
