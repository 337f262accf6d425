use std::sync::Arc;

use zagg_core::column::Dtype;
use zagg_core::fault::Fault;

use super::*;
use crate::hdf5::dataset::{DatasetPlan, Layout};
use crate::hdf5::fixture::{FILL, ROWS, Remote, granule, path};
use crate::source::file::FileSource;

const NAMES: [&str; 7] = ["latitude", "h_li", "quality", "table", "twice", "flat", "few"];

fn wants() -> Vec<DatasetPath> {
    NAMES.iter().map(|name| path(name)).collect()
}

/// Settings under which a small granule is planned like a large one.
fn stingy() -> PlanSettings {
    PlanSettings { head: 512, paged_head: 1024, whole: 0, block: 512, budget: 1 << 20 }
}

fn present(planned: Planned) -> DatasetPlan {
    match planned {
        Planned::Present(plan) => plan,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_granule_that_comes_in_pieces_is_planned_as_a_local_one_is() {
    let cpu = CpuPool::new(1).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), granule()).unwrap();
    let near = Arc::new(FileSource::open(file.path(), 1 << 20).unwrap());
    let local = Granule::open(near, PlanSettings::default()).await.unwrap();
    let expected = local.plan_blocking(&wants()).unwrap().unwrap();

    let remote = Arc::new(Remote::new(granule()));
    let far = Granule::open(Arc::clone(&remote) as _, stingy()).await.unwrap();
    assert!(far.plan_blocking(&wants()).is_none());
    assert_eq!(far.plan(&wants(), &cpu).await.unwrap(), expected);
    let requests = remote.requests.lock().unwrap().clone();
    assert!(requests.len() > 5 && requests.iter().all(|range| range.start < range.end), "{requests:?}");
    // Nothing is fetched twice, and no values are: those are most of the granule.
    let bytes: u64 = requests.iter().map(|range| range.end - range.start).sum();
    assert!(bytes < far.length() / 4, "{bytes} of {}", far.length());
}

#[tokio::test]
async fn a_small_granule_takes_one_request() {
    let remote = Arc::new(Remote::new(granule()));
    let small = Granule::open(Arc::clone(&remote) as _, PlanSettings::default()).await.unwrap();
    let planned = small.plan(&wants(), &CpuPool::new(1).unwrap()).await.unwrap();
    let range = present(planned[0].clone()).extent(3).unwrap().range();
    assert_eq!(small.ranges(std::slice::from_ref(&range)).await.unwrap()[0].len() as u64, range.end - range.start);
    assert_eq!(remote.requests.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_not_there_is_told_apart() {
    let far = Granule::open(Arc::new(Remote::new(granule())), stingy()).await.unwrap();
    let cpu = CpuPool::new(1).unwrap();
    let wants = ["gt2r/land_ice_segments/h_li", "gt1l/land_segments/h", "gt1l/land_ice_segments/h_lo", "scalar"];
    let wants: Vec<_> = wants.iter().map(|want| DatasetPath::new(want).unwrap()).collect();
    let planned = far.plan(&wants, &cpu).await.unwrap();
    assert_eq!(planned[0], Planned::GroupAbsent { missing: "gt2r".into() });
    assert_eq!(planned[1], Planned::GroupAbsent { missing: "gt1l/land_segments".into() });
    assert_eq!(planned[2], Planned::DatasetAbsent { missing: "gt1l/land_ice_segments/h_lo".into() });
    assert_eq!(present(planned[3].clone()).rows(), 1);
    for odd in ["gt1l/land_ice_segments", "scalar/x"] {
        let error = far.plan(&[DatasetPath::new(odd).unwrap()], &cpu).await.unwrap_err();
        assert!(matches!(error, Hdf5Error::Unsupported { .. }), "{odd}: {error}");
    }
}

#[tokio::test]
async fn a_denied_request_never_looks_like_an_absent_group() {
    let cpu = CpuPool::new(1).unwrap();
    for from in 1..6 {
        let remote = Remote { denied_from: Some(from), ..Remote::new(granule()) };
        let far = Granule::open(Arc::new(remote), stingy()).await.unwrap();
        assert_eq!(far.plan(&wants(), &cpu).await.unwrap_err().fault(), Fault::Denied, "{from}");
    }
}

#[tokio::test]
async fn a_plan_knows_types_fill_values_and_where_chunks_are() {
    let whole = Granule::open(Arc::new(Remote::new(granule())), PlanSettings::default()).await.unwrap();
    let planned: Vec<_> = whole.plan_blocking(&wants()).unwrap().unwrap().into_iter().map(present).collect();
    let types: Vec<_> = planned.iter().map(|plan| plan.element.dtype).collect();
    use Dtype::{Float32, Float64, Int8, Int32, Uint16};
    assert_eq!(types, [Float64, Float32, Int8, Float32, Float64, Int32, Uint16]);
    assert_eq!(planned[1].fill.unwrap().0, u64::from(FILL.to_bits()));
    assert_eq!((planned[0].fill, planned[2].fill.unwrap().0), (None, 127));
    assert_eq!(planned[3].shape, [ROWS, 5]);
    let Layout::Chunked { chunk, chunks } = &planned[3].layout else { panic!("{:?}", planned[3].layout) };
    assert_eq!((chunk.as_slice(), chunks.len()), ([100, 3].as_slice(), 22));
    assert!(matches!(planned[5].layout, Layout::Contiguous { address: Some(_) }));
    assert!(matches!(&planned[6].layout, Layout::Compact { bytes } if bytes.len() == 6));
}

#[tokio::test]
async fn a_plan_comes_back_from_where_it_was_kept_and_is_checked_again() {
    let whole = Granule::open(Arc::new(Remote::new(granule())), PlanSettings::default()).await.unwrap();
    let planned = whole.plan_blocking(&wants()).unwrap().unwrap();
    let kept = serde_json::to_string(&planned).unwrap();
    let back: Vec<Planned> = serde_json::from_str(&kept).unwrap();
    assert_eq!(back, planned);
    let plan = present(back[0].clone());
    assert!(plan.check(whole.length()).is_ok());
    assert!(matches!(plan.check(1000), Err(Hdf5Error::Inconsistent { .. })));
    let mut tampered = plan;
    if let Layout::Chunked { chunks, .. } = &mut tampered.layout {
        chunks[1].number = chunks[0].number;
    }
    assert!(tampered.check(whole.length()).is_err());
    tampered.layout = Layout::Chunked { chunk: vec![1 << 40], chunks: Vec::new() };
    assert!(matches!(tampered.check(whole.length()), Err(Hdf5Error::TooLarge { .. })));
}

#[tokio::test]
async fn truncated_and_foreign_bytes_are_malformed() {
    let cpu = CpuPool::new(1).unwrap();
    let bytes = granule();
    for bytes in [bytes[..bytes.len() - 100].to_vec(), b"not HDF5 at all".to_vec(), vec![0; 4096]] {
        let far = Granule::open(Arc::new(Remote::new(bytes)), PlanSettings::default()).await.unwrap();
        assert_eq!(far.plan(&wants(), &cpu).await.unwrap_err().fault(), Fault::Malformed);
    }
}

#[tokio::test]
async fn metadata_above_the_budget_is_refused() {
    let settings = PlanSettings { budget: 2048, ..stingy() };
    let far = Granule::open(Arc::new(Remote::new(granule())), settings).await.unwrap();
    let error = far.plan(&wants(), &CpuPool::new(1).unwrap()).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Capacity, "{error:?}");
}

#[tokio::test]
async fn all_datasets_are_listed() {
    let far = Granule::open(Arc::new(Remote::new(granule())), stingy()).await.unwrap();
    let cpu = CpuPool::new(1).unwrap();
    let listed = far.list(100, &cpu).await.unwrap();
    assert_eq!(listed.len(), NAMES.len() + 1);
    assert!(NAMES.iter().all(|name| listed.contains(&path(name))));
    assert_eq!(far.list(3, &cpu).await.unwrap().len(), 3);
}

#[test]
fn a_panic_of_the_parser_is_damage_in_the_granule() {
    let error = guarded::<()>(|| panic!("attempt to {}", "multiply")).unwrap_err();
    assert_eq!(error.fault(), Fault::Malformed);
    assert!(error.to_string().contains("attempt to multiply"));
}
