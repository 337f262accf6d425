//! Putting objects into a local folder: staged in one place, published by a rename or a hard link.
//!
//! A writer holds a lock on what it stages. What is staged and not locked was left by a process that
//! was killed, and the next producer sweeps it away. Staged names end in `#` and a number: `object_store`
//! lists no such file.

use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use object_store::PutMode;

/// The folder of what is being written, in the store.
const STAGED: &str = ".zagg/tmp";

/// A sweep on another machine may take a staged file where locks are seen late; the put is then repeated.
const TRIES: usize = 4;

/// Writes the object `key` of the store at `root`. Nobody sees a part of it; when `durable`, the disk
/// has it.
pub(crate) async fn put(
    root: &Path,
    key: &str,
    bytes: Bytes,
    mode: PutMode,
    durable: bool,
) -> object_store::Result<()> {
    let (root, key) = (root.to_path_buf(), key.to_owned());
    let path = key.clone();
    let task = tokio::task::spawn_blocking(move || {
        let mut outcome = Ok(());
        for _ in 0..TRIES {
            outcome = put_once(&root, &key, &bytes, &mode, durable);
            if !matches!(&outcome, Err(error) if error.kind() == ErrorKind::NotFound) {
                break;
            }
        }
        outcome
    });
    match task.await.unwrap_or_else(|error| Err(io::Error::other(error))) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(object_store::Error::AlreadyExists { path, source: Box::new(error) })
        }
        Err(error) => Err(object_store::Error::Generic { store: "local folder", source: Box::new(error) }),
    }
}

/// Deletes what processes that are gone have left staged.
pub(crate) fn sweep(root: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(root.join(STAGED)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        // Where files cannot be locked nothing is known about their writers, and all are left. Locked until it is gone, lest
        // its writer lock it in between.
        if let Ok(file) = File::open(&path)
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(path);
        }
    }
    Ok(())
}

fn put_once(root: &Path, key: &str, bytes: &[u8], mode: &PutMode, durable: bool) -> io::Result<()> {
    let target = key.split('/').filter(|part| !part.is_empty()).fold(root.to_path_buf(), |path, part| path.join(part));
    let folder = target.parent().unwrap_or(root);
    make_folder(folder, durable)?;
    let (staged, locked) = stage(&root.join(STAGED), durable)?;
    // Some network file systems keep what was written only once it is closed, and the lock is needed until it is published.
    let written = locked.try_clone().and_then(|mut file| {
        file.write_all(bytes)?;
        if durable { file.sync_all() } else { Ok(()) }
    });
    let published = written.and_then(|()| match mode {
        PutMode::Create => fs::hard_link(&staged, &target),
        _ => fs::rename(&staged, &target),
    });
    if published.is_err() || *mode == PutMode::Create {
        let _ = fs::remove_file(&staged);
    }
    published?;
    if durable { sync_folder(folder) } else { Ok(()) }
}

/// A new file, locked where files can be locked.
fn stage(folder: &Path, durable: bool) -> io::Result<(PathBuf, File)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    make_folder(folder, durable)?;
    loop {
        let path = folder.join(format!("{}#{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        match File::create_new(&path) {
            Ok(file) => match file.try_lock() {
                // A sweep was quicker: it is about to remove the file, or has done so.
                Err(TryLockError::WouldBlock) => {}
                Ok(()) if file.metadata()?.nlink() == 0 => {}
                _ => return Ok((path, file)),
            },
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

fn make_folder(folder: &Path, durable: bool) -> io::Result<()> {
    let Some(parent) = folder.parent().filter(|_| !folder.is_dir()) else { return Ok(()) };
    make_folder(parent, durable)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ if durable => sync_folder(parent),
        _ => Ok(()),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_dead_writer_left_is_swept_and_what_a_live_one_holds_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (dead, file) = stage(&folder.path().join(STAGED), false).unwrap();
        drop(file);
        let (live, held) = stage(&folder.path().join(STAGED), false).unwrap();
        sweep(folder.path()).unwrap();
        assert_eq!((dead.exists(), live.exists()), (false, true));
        drop(held);
        put(folder.path(), "a/b", Bytes::from_static(b"x"), PutMode::Overwrite, true).await.unwrap();
        sweep(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path().join(STAGED)).unwrap().count(), 0);
        assert_eq!(fs::read(folder.path().join("a/b")).unwrap(), b"x");
    }

    #[tokio::test]
    async fn puts_survive_a_sweep_that_never_ends() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_path_buf();
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (sweeping, place) = (std::sync::Arc::clone(&stop), root.clone());
        let sweeper = std::thread::spawn(move || {
            while !sweeping.load(Ordering::Relaxed) {
                sweep(&place).unwrap()
            }
        });
        for number in 0..300 {
            let mode = if number % 2 == 0 { PutMode::Create } else { PutMode::Overwrite };
            put(&root, &format!("c/{number}"), Bytes::from(vec![7; 1000]), mode, false).await.unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        sweeper.join().unwrap();
        assert!((0..300).all(|number| fs::read(root.join(format!("c/{number}"))).unwrap() == [7; 1000]));
    }
}
