//! Arbitrary bytes as a granule: plan every dataset that is found, and decode it.
//!
//! `fuzz/seed.sh` fills the corpus; then, from the repository's root:
//! `cargo +nightly fuzz run granule_reader -- -max_total_time=180 -rss_limit_mb=4096 -timeout=20`

#![no_main]

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::executor::block_on;
use libfuzzer_sys::fuzz_target;
use zagg_granule::error::SourceError;
use zagg_granule::hdf5::{DatasetPath, DatasetPlan, Fills, Granule, Layout, PlanSettings, Planned};
use zagg_granule::source::{BlockingSource, ByteSource, Coalescing, Head};

/// Datasets of one input, pieces of one dataset, and bytes of one chunk that are decoded: enough
/// to reach all code, and quick.
const DATASETS: usize = 32;
const PIECES: u64 = 16;
const CHUNK_BYTES: u64 = 4 << 20;

#[derive(Debug)]
struct Memory(Bytes);

#[async_trait]
impl ByteSource for Memory {
    fn href(&self) -> &str {
        "memory"
    }

    fn coalescing(&self) -> Coalescing {
        Coalescing { gap: 0, max: 1 << 20 }
    }

    async fn head(&self, bytes: u64) -> Result<Head, SourceError> {
        let length = self.length();
        Ok(Head { bytes: self.read(0..bytes.min(length))?, length })
    }

    async fn fetch(&self, range: Range<u64>) -> Result<Bytes, SourceError> {
        self.read(range)
    }

    fn blocking(&self) -> Option<&dyn BlockingSource> {
        Some(self)
    }
}

impl BlockingSource for Memory {
    fn length(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, range: Range<u64>) -> Result<Bytes, SourceError> {
        if range.start > range.end || range.end > self.length() {
            return Err(SourceError::PastTheEnd { href: "memory".into(), start: range.start, end: range.end });
        }
        Ok(self.0.slice(range.start as usize..range.end as usize))
    }
}

fn decode(granule: &Granule, plan: &DatasetPlan) {
    if let Layout::Chunked { chunk, .. } = &plan.layout {
        let bytes = chunk.iter().fold(plan.element.size() as u64, |bytes, n| bytes.saturating_mul(*n));
        if bytes > CHUNK_BYTES {
            return;
        }
    }
    let column = (plan.shape.len() == 2).then_some(0);
    let last = plan.rows();
    let step = (last / 50).max(1) as usize;
    let rows: Vec<u64> = (0..last).step_by(step).take(60).collect();
    let Ok(pieces) = plan.pieces_for_rows(&rows, column) else { return };
    let stored: Vec<(u64, Bytes)> = pieces
        .iter()
        .filter_map(|piece| {
            let range = plan.extent(*piece)?.range();
            Some((*piece, granule.ranges_blocking(std::slice::from_ref(&range))?.ok()?.pop()?))
        })
        .collect();
    let find = |piece| stored.iter().find(|(number, _)| *number == piece).map(|(_, bytes)| bytes.as_ref());
    let _ = plan.gather(&rows, column, Fills::Missing, find);
    let mut values = Vec::new();
    for (piece, bytes) in stored.iter().take(PIECES as usize) {
        let _ = plan.decode_f64(*piece, column, Some(bytes), &mut values);
        let _ = plan.piece_bytes(*piece, Some(bytes));
    }
}

/// A panic of the parser is caught by the reader and becomes an error; one of the reader's own
/// code is what is looked for, wherever it may be caught.
fn stop_at_own_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let file = panic.location().map_or("", |place| place.file());
        if file.contains("crates/granule") || file.contains("fuzz_targets") {
            eprintln!("{panic}");
            std::process::abort();
        }
    }));
}

fuzz_target!(init: stop_at_own_panics(), |bytes: &[u8]| {
    let source = Arc::new(Memory(Bytes::copy_from_slice(bytes)));
    let Ok(granule) = block_on(Granule::open(source, PlanSettings::default())) else { return };
    let Some(Ok(paths)) = granule.list_blocking(DATASETS) else { return };
    for path in paths {
        if let Some(Ok(planned)) = granule.plan_blocking(std::slice::from_ref(&path)) {
            for plan in planned {
                if let Planned::Present(plan) = plan {
                    assert!(plan.check(granule.length()).is_ok());
                    decode(&granule, &plan);
                }
            }
        }
    }
    let absent = DatasetPath::new("gt1l/land_ice_segments/h_li");
    let _ = absent.map(|path| granule.plan_blocking(&[path]));
});
