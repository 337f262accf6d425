//! Values of coarse levels at the rate of the points.

use std::collections::HashMap;

use zagg_core::points::Column;

use super::{
    error::ReadError,
    ownership::Ownership,
    select::COORDINATE_FILLS,
    values::Reading,
    wants::{Slot, WantedLink},
};

/// Who owns the rows of one group, level by level; each link is worked out once.
pub(super) struct Owners<'a> {
    reading: &'a Reading<'a>,
    base_rows: u64,
    known: HashMap<usize, Ownership>,
}

impl<'a> Owners<'a> {
    pub(super) fn new(reading: &'a Reading<'a>, base_rows: u64) -> Self {
        Self { reading, base_rows, known: HashMap::new() }
    }

    /// For each of `rows` (ascending), whether its owner passes. Rows without an owner do not.
    pub(super) fn spread(&mut self, link: usize, rows: &[u64], coarse: &[bool]) -> Result<Vec<bool>, ReadError> {
        let owners = self.owners(link, rows)?;
        let of =
            |owner: Option<u64>| owner.and_then(|o| coarse.get(usize::try_from(o).ok()?)).copied().unwrap_or(false);
        Ok(owners.into_iter().map(of).collect())
    }

    /// For each of `rows` (ascending), its owner's value: NaN, or zero for integers, where it has none.
    pub(super) fn broadcast(&mut self, link: usize, rows: &[u64], coarse: &Column) -> Result<Column, ReadError> {
        let owners = self.owners(link, rows)?;
        fn spread<T: Copy>(owners: &[Option<u64>], coarse: &[T], gap: T) -> Vec<T> {
            let of =
                |owner: &Option<u64>| owner.and_then(|o| coarse.get(usize::try_from(o).ok()?)).copied().unwrap_or(gap);
            owners.iter().map(of).collect()
        }
        Ok(match coarse {
            Column::F32(v) => Column::F32(spread(&owners, v, f32::NAN)),
            Column::F64(v) => Column::F64(spread(&owners, v, f64::NAN)),
            Column::I64(v) => Column::I64(spread(&owners, v, 0)),
            Column::U64(v) => Column::U64(spread(&owners, v, 0)),
        })
    }

    /// The row of the link's level that owns each of `rows`, through the levels between.
    fn owners(&mut self, link: usize, rows: &[u64]) -> Result<Vec<Option<u64>>, ReadError> {
        let Some(wanted) = self.reading.wants.links.get(link) else { return Ok(vec![None; rows.len()]) };
        let (finer, finer_rows) = match wanted.next {
            None => (rows.iter().copied().map(Some).collect(), self.base_rows),
            Some(next) => (self.owners(next, rows)?, self.level_rows(next)),
        };
        if !self.known.contains_key(&link) {
            let ownership = ownership(self.reading, wanted, finer_rows)?;
            self.known.insert(link, ownership);
        }
        let Some(ownership) = self.known.get(&link) else { return Ok(vec![None; rows.len()]) };
        let present: Vec<u64> = finer.iter().copied().flatten().collect();
        let mut found = ownership.owners(present.into_iter());
        Ok(finer.into_iter().map(|row: Option<u64>| row.and_then(|_| found.next().flatten())).collect())
    }

    fn level_rows(&self, link: usize) -> u64 {
        let wanted = self.reading.wants.links.get(link);
        wanted.map_or(0, |wanted| self.reading.group.dataset(wanted.first).rows())
    }
}

/// The ownership that a link's datasets describe.
pub(super) fn ownership(reading: &Reading<'_>, link: &WantedLink, finer_rows: u64) -> Result<Ownership, ReadError> {
    let first = whole_numbers(reading, link.first)?;
    let counts = whole_numbers(reading, link.count)?;
    Ownership::new(&first, &counts, link.index_base, finer_rows).map_err(|source| ReadError::Link {
        granule: reading.index.id.clone(),
        path: reading.group.dataset(link.first).path.to_string(),
        source,
    })
}

fn whole_numbers(reading: &Reading<'_>, slot: Slot) -> Result<Vec<i64>, ReadError> {
    use crate::hdf5::Fills;
    match reading.whole(slot, None, Fills::Keep)? {
        Column::I64(v) => Ok(v),
        Column::U64(v) => Ok(v.into_iter().map(|x| i64::try_from(x).unwrap_or(i64::MAX)).collect()),
        Column::F32(_) | Column::F64(_) => Err(ReadError::NotWhole {
            granule: reading.index.id.clone(),
            path: reading.group.dataset(slot).path.to_string(),
        }),
    }
}

/// The coordinates of a coarse level, in degrees.
pub(super) fn coordinates(reading: &Reading<'_>, slot: Slot) -> Result<Vec<f64>, ReadError> {
    let column = reading.whole(slot, None, COORDINATE_FILLS)?;
    Ok((0..column.len()).map(|i| column.f64_at(i)).collect())
}
