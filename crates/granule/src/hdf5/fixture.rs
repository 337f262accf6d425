//! A small granule, made by another library than the one that reads, and a source that holds it.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use hdf5_writer::{
    AttributeBuilder, DatasetBuilder, FILTER_DEFLATE, FILTER_FLETCHER32, FILTER_SHUFFLE, FilterDescription,
    Hdf5Builder, WriteOptions,
};

use super::dataset::{DatasetPlan, Planned};
use super::path::DatasetPath;
use super::plan::{Granule, PlanSettings};
use crate::cpu::CpuPool;
use crate::error::SourceError;
use crate::source::{ByteSource, Coalescing, Head};

pub(super) const ROWS: u64 = 1050;
pub(super) const FILL: f32 = f32::MAX;
pub(super) const GROUP: &str = "gt1l/land_ice_segments";

pub(super) fn latitude(row: u64) -> f64 {
    -70.0 - row as f64 * 1e-4
}

/// Every 50th height is missing.
pub(super) fn height(row: u64) -> f32 {
    if row % 50 == 7 { FILL } else { (row as f32).sqrt() }
}

pub(super) fn quality(row: u64) -> i8 {
    if row % 90 == 3 { 127 } else { (row % 3) as i8 - 1 }
}

pub(super) fn table(row: u64, column: u64) -> f32 {
    (row * 5 + column) as f32
}

fn filter(id: u16, parameters: &[u32]) -> FilterDescription {
    FilterDescription { id, name: None, client_data: parameters.to_vec() }
}

fn dataset<T: hdf5_writer::H5WriteElement>(name: &str, shape: &[u64], values: &[T]) -> DatasetBuilder {
    DatasetBuilder::typed_data(format!("{GROUP}/{name}"), shape, values).unwrap()
}

/// The granule's bytes: every layout, filter and type of values that the tests need.
pub(super) fn granule() -> Vec<u8> {
    let rows: Vec<u64> = (0..ROWS).collect();
    let fill = AttributeBuilder::scalar("_FillValue", FILL).unwrap();
    let flag = AttributeBuilder::scalar("_FillValue", 127i8).unwrap();
    let column = |value: fn(u64) -> f64| rows.iter().map(|row| value(*row)).collect::<Vec<f64>>();
    let heights: Vec<f32> = rows.iter().map(|row| height(*row)).collect();
    let qualities: Vec<i8> = rows.iter().map(|row| quality(*row)).collect();
    let tables: Vec<f32> = rows.iter().flat_map(|row| (0..5).map(|column| table(*row, column))).collect();
    let flat: Vec<i32> = (0..40_000).map(|i| 7 - 3 * i).collect();
    let latitudes = column(latitude);
    let (deflate, shuffle) = (filter(FILTER_DEFLATE, &[6]), |size| filter(FILTER_SHUFFLE, &[size]));
    let builder = Hdf5Builder::new()
        .dataset(dataset("latitude", &[ROWS], &latitudes).chunked([100]).filter(deflate.clone()))
        .dataset(
            dataset("h_li", &[ROWS], &heights)
                .chunked([100])
                .filter(shuffle(4))
                .filter(deflate.clone())
                .attribute(fill),
        )
        .dataset(dataset("quality", &[ROWS], &qualities).chunked([400]).filter(deflate.clone()).attribute(flag))
        .dataset(dataset("table", &[ROWS, 5], &tables).chunked([100, 3]).filter(shuffle(4)).filter(deflate.clone()))
        .dataset(
            dataset("twice", &[ROWS], &latitudes)
                .chunked([100])
                .filter(shuffle(8))
                .filter(deflate.clone())
                .filter(deflate.clone())
                .filter(filter(FILTER_FLETCHER32, &[])),
        )
        .dataset(dataset("flat", &[40_000], &flat))
        .dataset(dataset("few", &[3], &[1u16, 2, 0x1234]).compact())
        .dataset(DatasetBuilder::typed_data("scalar", Vec::<u64>::new(), &[2.5f64]).unwrap());
    builder.into_plan().unwrap().encode(WriteOptions::default()).unwrap()
}

/// Bytes as if they were far away: requests are written down, and may fail.
#[derive(Debug, Default)]
pub(super) struct Remote {
    pub(super) bytes: Bytes,
    pub(super) requests: Mutex<Vec<Range<u64>>>,
    /// From which request on all are denied.
    pub(super) denied_from: Option<usize>,
}

impl Remote {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes: bytes.into(), ..Self::default() }
    }
}

#[async_trait]
impl ByteSource for Remote {
    fn href(&self) -> &str {
        "s3://test/granule.h5"
    }

    fn coalescing(&self) -> Coalescing {
        Coalescing { gap: 0, max: 1 << 20 }
    }

    async fn head(&self, bytes: u64) -> Result<Head, SourceError> {
        let length = self.bytes.len() as u64;
        Ok(Head { bytes: self.fetch(0..bytes.min(length)).await?, length })
    }

    async fn fetch(&self, range: Range<u64>) -> Result<Bytes, SourceError> {
        let mut requests = self.requests.lock().unwrap();
        requests.push(range.clone());
        if self.denied_from.is_some_and(|from| requests.len() > from) {
            return Err(SourceError::Denied { href: self.href().to_owned(), answer: "403".to_owned() });
        }
        if range.end > self.bytes.len() as u64 {
            return Err(SourceError::PastTheEnd { href: self.href().to_owned(), start: range.start, end: range.end });
        }
        Ok(self.bytes.slice(range.start as usize..range.end as usize))
    }
}

pub(super) fn path(name: &str) -> DatasetPath {
    DatasetPath::new(&format!("{GROUP}/{name}")).unwrap()
}

/// A granule that came whole with its head.
pub(super) fn opened() -> Granule {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(Granule::open(Arc::new(Remote::new(granule())), PlanSettings::default())).unwrap()
}

/// The plan of one of its datasets, and the granule.
pub(super) fn planned(name: &str) -> (Granule, DatasetPlan) {
    let granule = opened();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let cpu = CpuPool::new(1).unwrap();
    match runtime.block_on(granule.plan(&[path(name)], &cpu)).unwrap().remove(0) {
        Planned::Present(plan) => (granule, plan),
        other => panic!("{other:?}"),
    }
}

/// The stored bytes of `pieces`.
pub(super) fn stored(granule: &Granule, plan: &DatasetPlan, pieces: &[u64]) -> Vec<(u64, Bytes)> {
    let fetch = |piece: u64| {
        let range = plan.extent(piece)?.range();
        Some((piece, granule.ranges_blocking(&[range]).unwrap().unwrap().remove(0)))
    };
    pieces.iter().filter_map(|piece| fetch(*piece)).collect()
}
