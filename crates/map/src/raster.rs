//! Cells to pixels.

use rayon::prelude::*;

use crate::{
    about::Together,
    field::FieldCells,
    frame::{Frame, bounds_of},
    projection::Plane,
};

/// A picture of one field: a number for each pixel.
#[derive(Debug, Clone)]
pub struct Raster {
    /// The pixels.
    pub frame: Frame,
    /// Row by row from the top; NaN where there is no value.
    pub values: Vec<f64>,
}

impl Raster {
    /// The value of a pixel; NaN where there is none, or no such pixel.
    #[must_use]
    pub fn get(&self, column: u32, row: u32) -> f64 {
        if column >= self.frame.width {
            return f64::NAN;
        }
        self.values.get(row as usize * self.frame.width as usize + column as usize).copied().unwrap_or(f64::NAN)
    }

    /// How many pixels have a value.
    #[must_use]
    pub fn painted(&self) -> usize {
        self.values.par_iter().filter(|value| !value.is_nan()).count()
    }
}

/// Paints a field. A pixel shows the cells whose centres it holds, [`Together`]; a pixel that holds none shows
/// the cell that its own centre lies in. Equal cells and frames give equal rasters, to the bit.
///
/// Costs grow with the cells that were read and with the pixels near blocks that were read, not with the frame.
#[must_use]
pub fn paint(field: &FieldCells, plane: &Plane, frame: &Frame, together: Together) -> Raster {
    let mut values = vec![f64::NAN; frame.pixels()];
    // Pixels that are much finer than cells hold at most one centre each, of the cell that they lie in.
    let side = frame.spacing * plane.metres_per_unit();
    if side > field.places.cell_size_m() / 4.0 {
        gather(field, plane, frame, together, &mut values);
    }
    sample(field, plane, frame, &mut values);
    Raster { frame: *frame, values }
}

/// Gives pixels that have no value that of the cell at their centre.
fn sample(field: &FieldCells, plane: &Plane, frame: &Frame, values: &mut [f64]) {
    let near = near_blocks(field, plane, frame);
    let rows = values.par_chunks_mut(frame.width.max(1) as usize).zip(near).enumerate();
    rows.for_each(|(row, (values, spans))| {
        for (from, to) in spans {
            for column in from..to {
                if !values[column as usize].is_nan() {
                    continue;
                }
                let (x, y) = frame.center(column, row as u32);
                let value = plane.inverse(x, y).and_then(|(lon, lat)| field.value_at(lon, lat));
                values[column as usize] = value.unwrap_or(f64::NAN);
            }
        }
    });
}

/// For each row, the columns near blocks: ascending spans that do not overlap.
fn near_blocks(field: &FieldCells, plane: &Plane, frame: &Frame) -> Vec<Vec<(u32, u32)>> {
    let boxes = field.map_blocks(|place, _| {
        let outline = field.places.outline(place, &field.block_shape);
        spans_of(plane, frame, &outline)
    });
    let mut rows: Vec<Vec<(u32, u32)>> = vec![Vec::new(); frame.height as usize];
    for Span { columns, rows: (top, bottom) } in boxes.into_iter().flatten() {
        for row in &mut rows[top as usize..bottom as usize] {
            row.push(columns);
        }
    }
    rows.par_iter_mut().for_each(|spans| *spans = united(std::mem::take(spans)));
    rows
}

/// Columns and rows of pixels that may show a block.
#[derive(Debug, Clone, Copy)]
struct Span {
    columns: (u32, u32),
    rows: (u32, u32),
}

/// The pixels that may show a block with this outline.
fn spans_of(plane: &Plane, frame: &Frame, outline: &[(f64, f64)]) -> Option<Span> {
    let margin = 2.0 * frame.spacing;
    let [xmin, ymin, xmax, ymax] = reach(plane, outline)?;
    let (xmin, ymin, xmax, ymax) = (xmin - margin, ymin - margin, xmax + margin, ymax + margin);
    let index = |at: f64, most: u32| at.floor().clamp(0.0, f64::from(most)) as u32;
    let columns = (
        index((xmin - frame.left) / frame.spacing, frame.width),
        index((xmax - frame.left) / frame.spacing + 1.0, frame.width),
    );
    let rows = (
        index((frame.top - ymax) / frame.spacing, frame.height),
        index((frame.top - ymin) / frame.spacing + 1.0, frame.height),
    );
    (columns.0 < columns.1 && rows.0 < rows.1).then_some(Span { columns, rows })
}

/// The box of the plane, `xmin, ymin, xmax, ymax`, out of which nothing of a block with this outline lies. Where the
/// block lies across a cut of the map (longitude 180 in Mollweide, say) or about a pole, it is endless.
pub(crate) fn reach(plane: &Plane, outline: &[(f64, f64)]) -> Option<[f64; 4]> {
    let points: Vec<Option<(f64, f64)>> = outline.iter().map(|(lon, lat)| plane.forward(*lon, *lat)).collect();
    let [xmin, ymin, xmax, ymax] = bounds_of(plane, outline.iter().copied())?;
    if crosses_cut(plane, outline) || points.iter().any(Option::is_none) {
        let about_pole = outline.iter().any(|(_, lat)| lat.abs() > 60.0);
        let (least, most) = (f64::NEG_INFINITY, f64::INFINITY);
        return Some(if about_pole { [least, least, most, most] } else { [least, ymin, most, ymax] });
    }
    // Of the sides between the points nothing lies farther outside than a part of a side.
    let step = points.windows(2).filter_map(|pair| Some((pair[0]?, pair[1]?)));
    let step = step.map(|(a, b)| (a.0 - b.0).abs().max((a.1 - b.1).abs())).fold(0.0, f64::max);
    Some([xmin - step, ymin - step, xmax + step, ymax + step])
}

/// Whether neighbours on the outline lie on both sides of longitude 180 of a map that is cut there, or a pole lies
/// within it.
fn crosses_cut(plane: &Plane, outline: &[(f64, f64)]) -> bool {
    use crate::projection::MapProjection::{Mollweide, PlateCarree};
    let is_cut = matches!(plane.projection(), Mollweide | PlateCarree) || plane.is_geographic();
    let turn = |lon: f64| (lon + 180.0).rem_euclid(360.0);
    let jumps = outline.iter().zip(outline.iter().cycle().skip(1)).any(|(a, b)| (turn(a.0) - turn(b.0)).abs() > 180.0);
    is_cut && jumps
}

fn united(mut spans: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    spans.sort_unstable();
    let mut united: Vec<(u32, u32)> = Vec::with_capacity(spans.len().min(8));
    for (from, to) in spans {
        match united.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => united.push((from, to)),
        }
    }
    united
}

/// Gives pixels that hold centres of cells what these make together.
fn gather(field: &FieldCells, plane: &Plane, frame: &Frame, together: Together, values: &mut [f64]) {
    let found = field.map_blocks(|_, cells| {
        let mut found: Vec<(u32, f64)> = Vec::new();
        for (id, value) in cells {
            let place = field.places.center(id).and_then(|(lon, lat)| plane.forward(lon, lat));
            if let Some((column, row)) = place.and_then(|(x, y)| frame.pixel_at(x, y)) {
                found.push((row * frame.width + column, value));
            }
        }
        found
    });
    // In the order of blocks, so that sums do not depend on threads.
    let mut counts = vec![0_u32; values.len()];
    for (pixel, value) in found.into_iter().flatten() {
        let (count, pixel) = (&mut counts[pixel as usize], &mut values[pixel as usize]);
        *pixel = match (*count, together) {
            (0, _) => value,
            (_, Together::Mean) => *pixel + value,
            (_, Together::Least) => pixel.min(value),
            (_, Together::Greatest) => pixel.max(value),
        };
        *count += 1;
    }
    if together == Together::Mean {
        values
            .par_iter_mut()
            .zip(counts)
            .filter(|(_, count)| *count > 1)
            .for_each(|(value, count)| *value /= f64::from(count));
    }
}

#[cfg(test)]
mod tests;
