//! Whole datasets as little-endian bytes, for comparisons.

use std::path::Path;
use std::sync::Arc;

use zagg_granule::error::Hdf5Error;
use zagg_granule::hdf5::{DatasetPath, DatasetPlan, Granule, Layout, PlanSettings, Planned};
use zagg_granule::source::file::FileSource;

const LIMIT: u64 = 1 << 26;

/// A local granule.
pub(crate) struct Opened {
    granule: Granule,
}

impl Opened {
    pub(crate) fn new(path: &Path) -> Result<Self, Hdf5Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let source = Arc::new(FileSource::open(path, 8 << 20)?);
        let granule = runtime.block_on(Granule::open(source, PlanSettings::default()))?;
        Ok(Self { granule })
    }

    pub(crate) fn list(&self) -> Result<Vec<DatasetPath>, Hdf5Error> {
        self.granule.list_blocking(10_000).unwrap()
    }

    pub(crate) fn plan(&self, path: &str) -> Result<DatasetPlan, Hdf5Error> {
        let planned = self.granule.plan_blocking(&[DatasetPath::new(path)?]).unwrap()?;
        match planned.into_iter().next() {
            Some(Planned::Present(plan)) => Ok(plan),
            other => {
                Err(Hdf5Error::Unsupported { path: path.to_owned(), what: format!("a dataset that is {other:?}") })
            }
        }
    }

    fn piece(&self, plan: &DatasetPlan, piece: u64) -> Result<Vec<u8>, Hdf5Error> {
        let raw = match plan.extent(piece) {
            Some(extent) => Some(self.granule.ranges_blocking(&[extent.range()]).unwrap()?.remove(0)),
            None => None,
        };
        plan.piece_bytes(piece, raw.as_deref())
    }

    /// The shape and all values of a dataset.
    pub(crate) fn bytes(&self, path: &str) -> Result<(Vec<u64>, Vec<u8>), Hdf5Error> {
        let plan = self.plan(path)?;
        let values = plan.shape.iter().fold(1u64, |values, n| values.saturating_mul(*n));
        if values > LIMIT {
            let (path, what) = (path.to_owned(), "values in a test");
            return Err(Hdf5Error::TooLarge { path, what, bytes: values, limit: LIMIT });
        }
        let mut bytes = Vec::new();
        match &plan.layout {
            Layout::Chunked { chunk, .. } => {
                bytes.resize(values as usize * plan.element.size(), 0);
                if values > 0 {
                    self.place(&plan, chunk, &mut bytes)?;
                }
            }
            Layout::Compact { .. } => bytes = self.piece(&plan, 0)?,
            Layout::Contiguous { .. } => {
                let mut piece = 0;
                while (bytes.len() as u64) < values * plan.element.size() as u64 {
                    bytes.extend(self.piece(&plan, piece)?);
                    piece += 1;
                }
            }
        }
        Ok((plan.shape, bytes))
    }

    fn place(&self, plan: &DatasetPlan, chunk: &[u64], out: &mut [u8]) -> Result<(), Hdf5Error> {
        let size = plan.element.size();
        let counts: Vec<u64> = plan.shape.iter().zip(chunk).map(|(n, c)| n.div_ceil(*c)).collect();
        for number in 0..counts.iter().product::<u64>() {
            let bytes = self.piece(plan, number)?;
            let corner: Vec<u64> = unravel(number, &counts).iter().zip(chunk).map(|(i, c)| i * c).collect();
            for (inside, value) in bytes.chunks_exact(size).enumerate() {
                let at: Vec<u64> = unravel(inside as u64, chunk).iter().zip(&corner).map(|(i, c)| i + c).collect();
                if at.iter().zip(&plan.shape).all(|(i, n)| i < n) {
                    let flat = at.iter().zip(&plan.shape).fold(0, |flat, (i, n)| flat * n + i) as usize;
                    out[flat * size..][..size].copy_from_slice(value);
                }
            }
        }
        Ok(())
    }
}

fn unravel(mut number: u64, shape: &[u64]) -> Vec<u64> {
    let mut place = vec![0; shape.len()];
    for (i, n) in shape.iter().enumerate().rev() {
        place[i] = number % n;
        number /= n;
    }
    place
}
