//! What every kind of store must keep, as sentences. A backend's tests are one line:
//!
//! ```text
//! zagg_store::store_conformance!(fresh_store);
//! ```
//!
//! where `async fn fresh_store() -> Store` gives an empty store each time.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, future::join};
use zagg_core::{column::ShardColumns, grid::Shard};

use crate::{
    encode::{EncodedShard, encode_shard},
    error::StoreError,
    mark::{self, Mark, MarkOutcome, Standing},
    objects::{Put, Store},
    read::Cells,
    sample::Sample,
    template::{self, OverwriteChoice, TemplateOutcome},
    verify::verify,
    write::{write_empty, write_shard},
};

/// Why a store does not conform.
#[derive(Debug, thiserror::Error)]
pub enum Violation {
    /// A sentence does not hold.
    #[error("{0}")]
    Broken(String),
    /// A request failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What each sentence comes to.
pub type Verdict = Result<(), Violation>;

fn hold(condition: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if condition { Ok(()) } else { Err(Violation::Broken(otherwise())) }
}

async fn all_objects(store: &Store) -> Result<BTreeMap<String, Bytes>, StoreError> {
    let entries: Vec<_> = store.list("").try_collect().await?;
    let mut objects = BTreeMap::new();
    for entry in entries {
        let bytes = store.get(&entry.key).await?;
        objects.insert(entry.key, bytes);
    }
    Ok(objects)
}

struct Work {
    shard: Shard,
    encoded: EncodedShard,
    mark: Mark,
}

fn work(sample: &Sample, index: u64, columns: &ShardColumns, granules: &str) -> Result<Work, StoreError> {
    let shard = sample.shard(index)?;
    let encoded = encode_shard(&sample.layout, &shard, columns)?;
    let points = columns.cells_with_points;
    let mark = Mark::data(&shard, sample.inputs(granules), &encoded, points, columns.cells_with_points);
    Ok(Work { shard, encoded, mark })
}

/// # Errors
/// When it does not hold.
pub async fn writing_a_shard_twice_leaves_the_same_bytes(store: Store) -> Verdict {
    for sample in [Sample::healpix()?, Sample::healpix_inner(true)?, Sample::healpix_inner(false)?] {
        let mut seen: Option<BTreeMap<String, Bytes>> = None;
        for _ in 0..3 {
            let work = work(&sample, 7, &sample.columns(3, 2), "a")?;
            write_shard(&store, &work.encoded).await?;
            let now = all_objects(&store).await?;
            hold(work.encoded.objects.iter().all(|o| now.get(&o.key) == Some(&o.bytes)), || "bytes differ".into())?;
            hold(seen.as_ref().is_none_or(|before| *before == now), || "a rewrite changed the store".into())?;
            seen = Some(now);
        }
    }
    Ok(())
}

/// # Errors
/// When it does not hold.
pub async fn two_writers_at_once_leave_one_writers_bytes(store: Store) -> Verdict {
    let sample = Sample::healpix_inner(false)?;
    for index in 0..8 {
        let mine = work(&sample, index, &sample.columns(1, 2), "a")?;
        let theirs = work(&sample, index, &sample.columns(2, 3), "b")?;
        let (a, b) = join(write_shard(&store, &mine.encoded), write_shard(&store, &theirs.encoded)).await;
        a?;
        b?;
        for (a, b) in mine.encoded.objects.iter().zip(&theirs.encoded.objects) {
            let now = store.get(&a.key).await?;
            hold(now == a.bytes || now == b.bytes, || format!("{} is of neither writer", a.key))?;
        }
        let (a, b) = join(mark::create(&store, &mine.mark), mark::create(&store, &theirs.mark)).await;
        let outcomes = [a?, b?];
        let created = outcomes.iter().filter(|outcome| **outcome == MarkOutcome::Created).count();
        let conflicts = outcomes.iter().filter(|outcome| matches!(outcome, MarkOutcome::Conflict { .. })).count();
        hold((created, conflicts) == (1, 1), || format!("two marks at once: {outcomes:?}"))?;
        let stands = mark::find(&store, &mine.shard.label).await?;
        let winner = if outcomes[0] == MarkOutcome::Created { &mine.mark } else { &theirs.mark };
        hold(stands.as_ref() == Some(winner), || "the mark is not its creator's".into())?;
    }
    Ok(())
}

/// # Errors
/// When it does not hold.
pub async fn the_same_mark_twice_is_no_conflict(store: Store) -> Verdict {
    let sample = Sample::healpix()?;
    let work = work(&sample, 1, &sample.columns(1, 1), "a")?;
    let (a, b) = join(mark::create(&store, &work.mark), mark::create(&store, &work.mark)).await;
    let mut outcomes = [a?, b?];
    outcomes.sort_by_key(|outcome| *outcome != MarkOutcome::Created);
    hold(outcomes == [MarkOutcome::Created, MarkOutcome::Identical], || format!("{outcomes:?}"))?;
    let done = mark::standing(&store, &work.shard.label, sample.inputs("a")).await?;
    hold(matches!(done, Standing::Done(_)), || format!("{done:?}"))?;
    let stale = mark::standing(&store, &work.shard.label, sample.inputs("b")).await?;
    hold(matches!(stale, Standing::Stale(_)), || format!("{stale:?}"))
}

/// # Errors
/// When it does not hold.
pub async fn a_kill_between_two_chunks_leaves_no_mark(store: Store) -> Verdict {
    let sample = Sample::healpix_inner(false)?;
    template::cast(&store, &sample.layout, OverwriteChoice::Keep).await?;
    let work = work(&sample, 5, &sample.columns(1, 2), "a")?;
    let half = work.encoded.objects.len() / 2;
    for object in &work.encoded.objects[..half] {
        store.put(&object.key, object.bytes.clone()).await?;
    }
    // And one that is dropped while its requests are under way.
    let _ = tokio::time::timeout(std::time::Duration::from_micros(200), write_shard(&store, &work.encoded)).await;
    let standing = mark::standing(&store, &work.shard.label, sample.inputs("a")).await?;
    hold(standing == Standing::Unmarked, || format!("{standing:?}"))?;
    let marks: Vec<String> = mark::list(&store).try_collect().await?;
    hold(marks.is_empty(), || format!("marks: {marks:?}"))?;
    let report = verify(&store, |_| {}).await?;
    hold(report.unmarked.count > 0 && report.sound(), || format!("{report:?}"))?;
    write_shard(&store, &work.encoded).await?;
    let outcome = mark::create(&store, &work.mark).await?;
    hold(outcome == MarkOutcome::Created, || format!("{outcome:?}"))?;
    let report = verify(&store, |_| {}).await?;
    hold(report.unmarked.count == 0 && report.sound() && report.marks == 1, || format!("{report:?}"))
}

/// # Errors
/// When it does not hold.
pub async fn a_rerun_with_fewer_points_leaves_no_stale_chunk(store: Store) -> Verdict {
    let sample = Sample::healpix_inner(false)?;
    template::cast(&store, &sample.layout, OverwriteChoice::Keep).await?;
    let (many, few) = (sample.columns(1, 1), sample.columns(2, 200));
    let first = work(&sample, 9, &many, "a")?;
    write_shard(&store, &first.encoded).await?;
    let second = work(&sample, 9, &few, "b")?;
    write_shard(&store, &second.encoded).await?;
    let cells = Cells::open(&store).await?;
    let mut ids = Vec::new();
    for place in &cells.blocks {
        let block = cells.read(place).await?;
        let at = ids.len();
        for (name, values) in &block.columns {
            let whole = few.fields.iter().find(|(other, _)| other == name).map(|(_, values)| values);
            let same =
                whole.is_some_and(|whole| whole.le_bytes(at..at + values.len()) == values.le_bytes(0..values.len()));
            hold(same, || format!("`{name}` holds values of the first run"))?;
        }
        ids.extend(block.ids);
    }
    hold(ids == (9 * 256..10 * 256).collect::<Vec<u64>>(), || format!("cells: {ids:?}"))?;
    let written = write_empty(&store, &sample.layout, &second.shard).await?;
    hold(written.objects == second.encoded.objects.len() as u64, || format!("{written:?}"))?;
    let cells = Cells::open(&store).await?;
    for place in &cells.blocks {
        let block = cells.read(place).await?;
        hold(block.ids.is_empty() && block.misplaced == 0, || "a cell of an emptied shard reads as written".into())?;
    }
    let untouched = write_empty(&store, &sample.layout, &sample.shard(10)?).await?;
    hold(untouched.objects == 0, || "an empty shard that never had data wrote objects".into())
}

/// # Errors
/// When it does not hold.
pub async fn neighbours_are_untouched(store: Store) -> Verdict {
    for sample in [Sample::healpix()?, Sample::healpix_inner(true)?, Sample::healpix_inner(false)?] {
        for index in [20, 22] {
            write_shard(&store, &work(&sample, index, &sample.columns(index, 1), "a")?.encoded).await?;
        }
        let before = all_objects(&store).await?;
        let middle = work(&sample, 21, &sample.columns(21, 1), "a")?;
        write_shard(&store, &middle.encoded).await?;
        write_empty(&store, &sample.layout, &middle.shard).await?;
        let after = all_objects(&store).await?;
        let ours = |key: &String| middle.encoded.objects.iter().any(|object| object.key == *key);
        for (key, bytes) in before.iter().filter(|(key, _)| !ours(key)) {
            hold(after.get(key) == Some(bytes), || format!("{key} changed"))?;
        }
        hold(after.keys().all(|key| before.contains_key(key) || ours(key)), || "a foreign object appeared".into())?;
    }
    Ok(())
}

/// # Errors
/// When it does not hold.
pub async fn of_two_producers_at_once_one_creates_the_store(store: Store) -> Verdict {
    let ours = Sample::healpix()?;
    let (a, b) = join(
        template::cast(&store, &ours.layout, OverwriteChoice::Keep),
        template::cast(&store, &ours.layout, OverwriteChoice::Keep),
    )
    .await;
    let outcomes = [a?, b?];
    let created = outcomes.iter().filter(|outcome| **outcome == TemplateOutcome::Created).count();
    hold(created == 1, || format!("{outcomes:?}"))?;
    let before = all_objects(&store).await?;
    let other = Sample::healpix_inner(true)?;
    let mut layout = other.layout;
    layout.pipeline = zagg_core::digest::Digest::of(b"another pipeline");
    let refused = template::cast(&store, &layout, OverwriteChoice::Rewrite).await;
    hold(matches!(refused, Err(StoreError::OtherPipeline { .. })), || format!("{refused:?}"))?;
    hold(all_objects(&store).await? == before, || "a refused producer wrote".into())
}

/// # Errors
/// When it does not hold.
pub async fn objects_come_back_as_they_were_put(store: Store) -> Verdict {
    let bytes = Bytes::from((0..=255).collect::<Vec<u8>>());
    hold(store.find("a/b.bin").await?.is_none() && store.head("a/b.bin").await?.is_none(), || "not empty".into())?;
    let missing = store.get("a/b.bin").await;
    hold(missing.as_ref().is_err_and(StoreError::is_missing), || format!("{missing:?}"))?;
    hold(store.put_if_absent("a/b.bin", bytes.clone()).await? == Put::Created, || "not created".into())?;
    hold(store.put_if_absent("a/b.bin", Bytes::from_static(b"x")).await? == Put::Exists, || "created twice".into())?;
    hold(store.get("a/b.bin").await? == bytes, || "a conditional put overwrote".into())?;
    hold(store.get_range("a/b.bin", 10..20).await? == bytes.slice(10..20), || "a range is wrong".into())?;
    hold(store.head("a/b.bin").await? == Some(256), || "the size is wrong".into())?;
    store.put("a/c/d.bin", Bytes::from_static(b"x")).await?;
    hold(store.folders("a").await? == ["c"], || "folders".into())?;
    let mut keys: Vec<String> = store.list("a").map_ok(|entry| entry.key).try_collect().await?;
    keys.sort();
    hold(keys == ["a/b.bin", "a/c/d.bin"], || format!("{keys:?}"))?;
    let none: Vec<_> = store.list("b").collect().await;
    hold(none.is_empty(), || "a folder that is not there has objects".into())?;
    store.delete("a/b.bin").await?;
    store.delete("a/b.bin").await?;
    hold(store.find("a/b.bin").await?.is_none(), || "it was deleted".into())
}

/// Makes a test of every sentence, each with a fresh store of `$fresh`.
#[macro_export]
macro_rules! store_conformance {
    ($(#[$attribute:meta])* $fresh:path) => {
        $crate::store_conformance!(@ $fresh, [$(#[$attribute])*],
            objects_come_back_as_they_were_put
            writing_a_shard_twice_leaves_the_same_bytes
            two_writers_at_once_leave_one_writers_bytes
            the_same_mark_twice_is_no_conflict
            a_kill_between_two_chunks_leaves_no_mark
            a_rerun_with_fewer_points_leaves_no_stale_chunk
            neighbours_are_untouched
            of_two_producers_at_once_one_creates_the_store
        );
    };
    (@ $fresh:path, $attributes:tt, $($name:ident)*) => { $($crate::store_conformance!(# $fresh, $attributes, $name);)* };
    (# $fresh:path, [$($attribute:tt)*], $name:ident) => {
        $($attribute)*
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let verdict = $crate::conformance::$name($fresh().await).await;
            assert!(verdict.is_ok(), "{verdict:?}");
        }
    };
}
