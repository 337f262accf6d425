//! The part of the plane that is shown, in whole steps.

use zagg_map::outline::Ring;

/// Steps across a shard of usual size.
const STEPS_PER_SHARD: f64 = 256.0;
/// Steps across the map at the most.
const MOST_STEPS: f64 = 4_194_304.0;

/// The part of the plane that is shown. Points in it are whole steps from its lower left corner.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    /// `xmin, ymin, xmax, ymax`, with room about the shards.
    pub(super) bounds: [f64; 4],
    /// The size of a step.
    pub(super) step: f64,
}

impl Frame {
    /// The frame about the shards' rings.
    pub(super) fn about(shards: &[Vec<Ring>]) -> Self {
        let points = || shards.iter().flatten().flatten();
        let nothing = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        let [west, south, east, north] = points().fold(nothing, wider);
        let all = [west, south, east, north];
        let [west, south, east, north] = if all.iter().all(|x| x.is_finite()) { all } else { [-1.0, -1.0, 1.0, 1.0] };
        let extent = (east - west).max(north - south).max(f64::MIN_POSITIVE);
        let sizes: f64 = shards
            .iter()
            .map(|rings| {
                let [west, south, east, north] = rings.iter().flatten().fold(nothing, wider);
                if west < east { ((east - west) * (north - south)).sqrt() } else { 0.0 }
            })
            .sum();
        let usual = sizes / shards.len().max(1) as f64;
        let room = extent * 0.06;
        Self {
            bounds: [west - room, south - room, east + room, north + room],
            step: (usual / STEPS_PER_SHARD).max(extent / MOST_STEPS),
        }
    }

    /// The frame with more room about it, as much as it is wide.
    pub(super) fn surroundings(&self) -> [f64; 4] {
        let [west, south, east, north] = self.bounds;
        let room = (east - west).max(north - south) * 0.5;
        [west - room, south - room, east + room, north + room]
    }

    /// Width and height in steps.
    pub(super) fn size(&self) -> [i64; 2] {
        let [west, south, east, north] = self.bounds;
        [((east - west) / self.step) as i64, ((north - south) / self.step) as i64]
    }

    /// A ring or line in steps: the first point, then the way from each to the next.
    pub(super) fn steps(&self, line: &[[f64; 2]]) -> Vec<i64> {
        let mut out = Vec::with_capacity(2 * line.len());
        let mut last = [0, 0];
        for [x, y] in line {
            let at =
                [((x - self.bounds[0]) / self.step).round() as i64, ((y - self.bounds[1]) / self.step).round() as i64];
            if out.is_empty() || at != last {
                out.extend([at[0] - last[0], at[1] - last[1]]);
                last = at;
            }
        }
        out
    }

    /// The part of a ring in the surroundings. Where it leaves them it runs along their edge, out of sight.
    pub(super) fn clipped(&self, ring: &[[f64; 2]]) -> Ring {
        let [west, south, east, north] = self.surroundings();
        let mut ring = ring.to_vec();
        for (axis, limit, sign) in [(0, west, 1.0), (0, east, -1.0), (1, south, 1.0), (1, north, -1.0)] {
            let inside = |point: &[f64; 2]| (point[axis] - limit) * sign >= 0.0;
            let mut kept = Ring::with_capacity(ring.len());
            for (from, to) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                if inside(from) {
                    kept.push(*from);
                }
                if inside(from) != inside(to) {
                    let share = (limit - from[axis]) / (to[axis] - from[axis]);
                    kept.push([from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])]);
                }
            }
            ring = kept;
        }
        ring
    }
}

fn wider([west, south, east, north]: [f64; 4], [x, y]: &[f64; 2]) -> [f64; 4] {
    [west.min(*x), south.min(*y), east.max(*x), north.max(*y)]
}
