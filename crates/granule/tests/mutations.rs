//! Damaged granules: every byte of the metadata is at someone's mercy. Whatever is in a granule,
//! planning and decoding all of it ends soon, with values or an error, without a panic.
#![allow(clippy::unwrap_used)]

mod whole;

use std::sync::Arc;
use std::time::{Duration, Instant};

use hdf5_writer::{
    AttributeBuilder, DatasetBuilder, FILTER_DEFLATE, FILTER_FLETCHER32, FILTER_SHUFFLE, FilterDescription,
    Hdf5Builder, WriteOptions,
};
use zagg_granule::hdf5::{Fills, Granule, PlanSettings};
use zagg_granule::source::file::FileSource;

/// A granule that is mostly metadata.
fn granule() -> Vec<u8> {
    let filter = |id, parameters: &[u32]| FilterDescription { id, name: None, client_data: parameters.to_vec() };
    let values: Vec<f32> = (0..300u16).map(f32::from).collect();
    let fill = || AttributeBuilder::scalar("_FillValue", f32::MAX).unwrap();
    let named = |name: &str| DatasetBuilder::typed_data(format!("gt1l/segments/{name}"), [300], &values).unwrap();
    let table = DatasetBuilder::typed_data("gt1l/table", [60, 5], &values).unwrap();
    let builder = Hdf5Builder::new()
        .dataset(named("a").chunked([50]).filter(filter(FILTER_SHUFFLE, &[4])).filter(filter(FILTER_DEFLATE, &[6])))
        .dataset(named("b").chunked([64]).filter(filter(FILTER_FLETCHER32, &[])).attribute(fill()))
        .dataset(named("c").attribute(fill()))
        .dataset(table.chunked([7, 2]).filter(filter(FILTER_DEFLATE, &[1])).filter(filter(FILTER_DEFLATE, &[1])));
    builder.into_plan().unwrap().encode(WriteOptions::default()).unwrap()
}

/// Plans and reads whatever is found. Gives the datasets that were read without an error.
fn read_all(bytes: &[u8]) -> usize {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let Ok(opened) = whole::Opened::new(file.path()) else { return 0 };
    let mut paths: Vec<String> =
        opened.list().unwrap_or_default().iter().map(|path| path.as_str().to_owned()).collect();
    paths.extend(["gt1l/segments/a", "gt1l/segments/b", "gt1l/segments/c", "gt1l/table"].map(str::to_owned));
    paths.sort();
    paths.dedup();
    paths.iter().filter(|path| opened.bytes(path).is_ok() && gathers(file.path(), path)).count()
}

fn gathers(file: &std::path::Path, path: &str) -> bool {
    let opened = whole::Opened::new(file).unwrap();
    let plan = opened.plan(path).unwrap();
    let source = Arc::new(FileSource::open(file, 1 << 20).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let granule = runtime.block_on(Granule::open(source, PlanSettings::default())).unwrap();
    let column = (plan.shape.len() == 2).then_some(0);
    let rows: Vec<u64> = (0..plan.rows().min(1000)).step_by(7).collect();
    let Ok(pieces) = plan.pieces_for_rows(&rows, column) else { return false };
    let stored: Vec<_> = pieces
        .iter()
        .filter_map(|piece| {
            let range = plan.extent(*piece)?.range();
            Some((*piece, granule.ranges_blocking(std::slice::from_ref(&range))?.ok()?.remove(0)))
        })
        .collect();
    let find = |piece| stored.iter().find(|(number, _)| *number == piece).map(|(_, bytes)| bytes.as_ref());
    plan.gather(&rows, column, Fills::Missing, find).is_ok()
}

/// A generator that gives the same numbers every time (Steele et al. 2014, splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }
}

#[test]
fn damaged_granules_give_values_or_errors_and_never_a_panic() {
    let whole = granule();
    assert_eq!(read_all(&whole), 4);
    let mut numbers = Numbers(7);
    let (mut survived, mut slowest) = (0, Duration::ZERO);
    for round in 0..400 {
        let mut bytes = whole.clone();
        match round % 4 {
            0 => bytes.truncate(numbers.below(whole.len())),
            1 => {
                let at = numbers.below(whole.len());
                bytes[at] ^= 1 << numbers.below(8);
            }
            2 => {
                // Lengths and addresses are eight bytes wide.
                let at = numbers.below(whole.len() - 8);
                bytes[at..at + 8].fill(0xff);
            }
            _ => (0..4).for_each(|_| {
                let at = numbers.below(whole.len());
                bytes[at] = numbers.below(256) as u8;
            }),
        }
        let start = Instant::now();
        survived += read_all(&bytes);
        slowest = slowest.max(start.elapsed());
    }
    // Damage in values or in what is not read leaves the rest readable; damage elsewhere does not.
    assert!(survived > 100 && survived < 1600, "{survived}");
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
}
