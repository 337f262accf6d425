//! How fast granules are assigned to shards: a table of wall time, CPU time, peak memory and pairs.
//!
//! `cargo run --release -p zagg-catalog --example coverage_speed [-- granules.parquet]`
//!
//! Without a file, footprints are made up: strips 13 km wide along the tracks of a satellite in
//! ICESat-2's orbit, a fourteenth of an orbit each. With one (stac-geoparquet), its footprints are
//! repeated, each time turned about the Earth's axis and shifted a little. Both are the same in
//! every run.

#![allow(clippy::print_stdout, reason = "the table is what it is for")]

use std::{error::Error, path::Path, time::Instant};

use zagg_catalog::{
    area::{Area, Part, Ring},
    cover, geoparquet,
};
use zagg_core::{
    grid::{Grid, HealpixGrid},
    order::Order,
};

/// Granules of ATL03 in the catalog of the largest run of the Python zagg.
const MOST: usize = 555_867;

fn main() -> Result<(), Box<dyn Error>> {
    let order = Order::new(9)?;
    let grid = Grid::Healpix(HealpixGrid::new(order, order)?);
    let real = match std::env::args().nth(1) {
        Some(path) => geoparquet::read(Path::new(&path))?.entries.into_iter().filter_map(|e| e.footprint).collect(),
        None => Vec::new(),
    };
    println!(
        "{:>9}  {:<22} {:>7} {:>9} {:>8} {:>8} {:>9}",
        "granules", "region", "shards", "pairs", "wall s", "CPU s", "peak MB"
    );
    let globe = Area { parts: vec![Part::Band { south_deg: -90.0, north_deg: 90.0 }] };
    if !real.is_empty() {
        let own: Vec<_> = real.iter().cloned().map(Some).collect();
        row("globe", &grid, &globe, &own)?;
    }
    let regions = [
        ("box of 10 km", boxed([-76.62, 38.84, -76.51, 38.93])),
        ("ring 88 S to 87.7 S", ring_about_the_pole()),
        ("United States", boxed([-124.0, 26.0, -68.0, 49.0])),
    ];
    for count in [10_000, 100_000, MOST] {
        let footprints: Vec<Option<Area>> = (0..count).map(|i| Some(footprint(&real, i))).collect();
        for (name, region) in &regions {
            row(name, &grid, region, &footprints)?;
        }
    }
    Ok(())
}

fn row(name: &str, grid: &Grid, region: &Area, footprints: &[Option<Area>]) -> Result<(), Box<dyn Error>> {
    let (wall, cpu) = (Instant::now(), cpu_seconds());
    let assigned = cover::assign(grid, region, footprints, 0.0)?;
    let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let (count, shards, pairs) = (footprints.len(), assigned.region_shards, assigned.pairs());
    println!("{count:>9}  {name:<22} {shards:>7} {pairs:>9} {wall:>8.2} {cpu:>8.2} {:>9.0}", peak_megabytes());
    Ok(())
}

fn boxed([west, south, east, north]: [f64; 4]) -> Area {
    Area::of_ring(vec![[west, south], [east, south], [east, north], [west, north]])
}

/// A corner at each degree: the sides of a polygon are great circles.
fn ring_about_the_pole() -> Area {
    let circle = |lat: f64| (0..360).map(move |lon| [f64::from(lon), lat]).collect::<Ring>();
    Area { parts: vec![Part::Polygon(vec![circle(-87.7), circle(-88.0)])] }
}

/// The `i`-th footprint: one of the real ones turned and shifted, or a strip along a track.
fn footprint(real: &[Area], i: usize) -> Area {
    let turn = (i as f64 * 0.618_033_988_749_894_9).fract() * 360.0;
    let Some(area) = real.get(i % real.len().max(1)) else { return strip(turn, i) };
    let shift = ((i as f64 * 0.754_877_666_246_692_8).fract() - 0.5) * 0.02;
    let moved =
        |ring: &Ring| ring.iter().map(|[lon, lat]| [lon + turn - 180.0, (lat + shift).clamp(-90.0, 90.0)]).collect();
    let part = |part: &Part| match part {
        Part::Polygon(rings) => Part::Polygon(rings.iter().map(moved).collect()),
        other => other.clone(),
    };
    Area { parts: area.parts.iter().map(part).collect() }
}

/// A strip of 13 km about a fourteenth of an orbit that is inclined by 92 degrees.
fn strip(node: f64, i: usize) -> Area {
    let points = 13;
    let at = |k: i32, aside: f64| {
        let u = ((i % 14) as f64 + f64::from(k) / f64::from(points - 1)) * 360.0 / 14.0;
        let ((sin_u, cos_u), (sin_i, cos_i)) = (u.to_radians().sin_cos(), 92.0_f64.to_radians().sin_cos());
        let aside = aside / 6371.0;
        // The orbit's plane leans by 92 degrees; a step aside is along its axis.
        let position = [cos_u, cos_i * sin_u + aside * sin_i, sin_i * sin_u - aside * cos_i];
        // In a revolution of 94.3 minutes the Earth turns by 23.6 degrees.
        let lon = position[1].atan2(position[0]).to_degrees() + node - 180.0 - u / 360.0 * 23.6;
        [lon, position[2].atan2(position[0].hypot(position[1])).to_degrees()]
    };
    Area::of_ring((0..points).map(|k| at(k, 6.5)).chain((0..points).rev().map(|k| at(k, -6.5))).collect())
}

/// The process's CPU time, where the system tells (Linux); else NaN.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    if ticks.len() == 2 { (ticks[0] + ticks[1]) / 100.0 } else { f64::NAN }
}

/// The most memory that the process had so far, where the system tells (Linux); else NaN.
fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace()
        .next()
        .and_then(|kilobytes| kilobytes.parse::<f64>().ok())
        .map_or(f64::NAN, |kb| kb / 1024.0)
}
