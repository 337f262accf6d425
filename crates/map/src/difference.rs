//! A field of one store less the same field of another.

use crate::{error::Result, field::FieldCells};

/// Two fields that have no difference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DifferenceError {
    /// The stores have other cells.
    #[error("the stores cannot be compared: the cells of the first are {here}, those of the other {there}")]
    OtherGrid {
        /// The first store's grid.
        here: String,
        /// The other's.
        there: String,
    },
    /// No cell has a value in both stores.
    #[error(
        "no cell has a value of `{field}` in both stores ({here} cells in the first alone, {there} in the other alone)"
    )]
    NothingInCommon {
        /// The field.
        field: String,
        /// Cells with a value in the first.
        here: u64,
        /// Cells with a value in the other.
        there: u64,
    },
}

/// What one field has more than another.
#[derive(Debug, Clone)]
pub struct Difference {
    /// For each cell with a value in both: the other's value less this one's.
    pub cells: FieldCells,
    /// Cells with a value in the first store alone.
    pub only_here: u64,
    /// Cells with a value in the other store alone.
    pub only_there: u64,
}

/// `there - here`, cell by cell, where both have a value.
///
/// # Errors
/// [`DifferenceError`].
pub fn difference(here: &FieldCells, there: &FieldCells) -> Result<Difference> {
    if !here.places.are_those_of(&there.places) {
        let (here, there) = (here.places.describe(), there.places.describe());
        return Err(DifferenceError::OtherGrid { here, there }.into());
    }
    let cells = here.with_values(|id, value| there.value_of(id).map_or(f64::NAN, |other| other - value));
    let count = |cells: &FieldCells| cells.map_blocks(|_, cells| cells.count() as u64).into_iter().sum::<u64>();
    let (both, here_all, there_all) = (count(&cells), count(here), count(there));
    if both == 0 {
        let field = here.name.clone();
        return Err(DifferenceError::NothingInCommon { field, here: here_all, there: there_all }.into());
    }
    Ok(Difference { cells, only_here: here_all - both, only_there: there_all - both })
}

#[cfg(test)]
mod tests {
    use zagg_store::sample::Sample;

    use super::*;
    use crate::{MapError, field::FieldSource, testing::store};

    async fn field(sample: &Sample, shards: &[u64], every: usize) -> (tempfile::TempDir, FieldCells) {
        let (folder, store) = store(sample, shards, every).await;
        let source = FieldSource::open(&store).await.unwrap();
        let field = source.read("h_mean", |_| true).await.unwrap();
        (folder, field)
    }

    #[tokio::test]
    async fn cells_of_both_stores_are_subtracted_and_the_others_counted() {
        let sample = Sample::healpix().unwrap();
        let (_a, here) = field(&sample, &[3, 9], 2).await;
        let (_b, there) = field(&sample, &[9, 40], 3).await;
        let difference = difference(&here, &there).unwrap();
        let mut both = 0;
        for (id, value) in difference.cells.iter() {
            assert_eq!(value, there.value_of(id).unwrap() - here.value_of(id).unwrap());
            both += 1;
        }
        let count = |field: &FieldCells| field.iter().count() as u64;
        assert!(both > 0);
        assert_eq!(difference.only_here, count(&here) - both);
        assert_eq!(difference.only_there, count(&there) - both);
    }

    #[tokio::test]
    async fn other_grids_and_strangers_are_refused() {
        let (_a, here) = field(&Sample::healpix().unwrap(), &[3], 2).await;
        let (_b, tiles) = field(&Sample::rectilinear(None, false).unwrap(), &[5], 2).await;
        let refused = difference(&here, &tiles).unwrap_err();
        assert!(matches!(refused, MapError::Difference(DifferenceError::OtherGrid { .. })), "{refused}");
        assert!(refused.to_string().contains("HEALPix order 6") && refused.to_string().contains("EPSG:3031"));
        let (_c, elsewhere) = field(&Sample::healpix().unwrap(), &[4], 2).await;
        let refused = difference(&here, &elsewhere).unwrap_err();
        assert!(matches!(refused, MapError::Difference(DifferenceError::NothingInCommon { .. })), "{refused}");
    }
}
