//! Opening a queue file: making it, or making sure that it is one.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::error::Error;

/// "zagg" in ASCII, where `SQLite` keeps the kind of an application's file.
const APPLICATION: i64 = 0x7a61_6767;
/// The version of `schema.sql`.
const VERSION: i64 = 2;
/// How long one statement waits for another process's transaction.
const BUSY: Duration = Duration::from_secs(10);

/// An open queue file.
pub(super) struct Opened {
    pub(super) connection: Connection,
    /// Whether it is in WAL mode, which file systems without shared memory refuse.
    pub(super) wal: bool,
}

/// Opens the queue file, and makes it if it is absent or empty.
pub(super) fn open(path: &Path) -> Result<Opened, Error> {
    let failed = |source| refusal(path, source);
    let mut connection = Connection::open(path).map_err(failed)?;
    connection.busy_timeout(BUSY).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Looked at before anything is written: a foreign file is left as it is. In a transaction, so
    // that a file in the making is seen either empty or made.
    check(&*connection.transaction().map_err(failed)?, path)?;
    let wal = journal(&connection).map_err(failed)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    // Looked at again: another process may just have made the file.
    if check(&transaction, path)? == Found::Empty {
        transaction.execute_batch(include_str!("schema.sql")).map_err(failed)?;
        transaction.pragma_update(None, "application_id", APPLICATION).map_err(failed)?;
        transaction.pragma_update(None, "user_version", VERSION).map_err(failed)?;
    }
    transaction.commit().map_err(failed)?;
    Ok(Opened { connection, wal })
}

#[derive(PartialEq, Eq)]
enum Found {
    Empty,
    Queue,
}

fn check(connection: &Connection, path: &Path) -> Result<Found, Error> {
    let failed = |source| refusal(path, source);
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let application = number("SELECT application_id FROM pragma_application_id").map_err(failed)?;
    let version = number("SELECT user_version FROM pragma_user_version").map_err(failed)?;
    let tables = number("SELECT count(*) FROM sqlite_schema").map_err(failed)?;
    match (application, version, tables) {
        (0, 0, 0) => Ok(Found::Empty),
        (APPLICATION, VERSION, _) => Ok(Found::Queue),
        (APPLICATION, found, _) => Err(Error::Version { path: path.to_owned(), found, known: VERSION }),
        _ => Err(Error::Foreign { path: path.to_owned(), found: "another program's SQLite database".to_owned() }),
    }
}

fn refusal(path: &Path, source: rusqlite::Error) -> Error {
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            Error::Foreign { path: path.to_owned(), found: "some other kind of file".to_owned() }
        }
        _ => Error::Database { path: path.to_owned(), doing: "opening it", source },
    }
}

/// Switches to WAL mode. While another process does the same, `SQLite` says "busy" at once
/// instead of waiting, so the waiting is done here.
fn journal(connection: &Connection) -> rusqlite::Result<bool> {
    let deadline = Instant::now() + BUSY;
    loop {
        let mode: rusqlite::Result<String> = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0));
        match mode {
            Ok(mode) => return Ok(mode.eq_ignore_ascii_case("wal")),
            Err(error) => {
                let busy =
                    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked));
                if !busy || Instant::now() >= deadline {
                    return Err(error);
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_program_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE cake (slice)").unwrap();
        let before = std::fs::read(&path).unwrap();
        let error = open(&path).err().unwrap();
        assert!(matches!(error, Error::Foreign { .. }), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);

        let text = folder.path().join("text");
        std::fs::write(&text, "not a database, but long enough to have a header of its own. ".repeat(30)).unwrap();
        let error = open(&text).err().unwrap();
        assert!(matches!(error, Error::Foreign { .. }), "{error}");
    }

    #[test]
    fn a_file_of_a_newer_release_is_refused_with_both_versions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue.db");
        open(&path).unwrap().connection.pragma_update(None, "user_version", 7).unwrap();
        let error = open(&path).err().unwrap();
        assert!(matches!(error, Error::Version { found: 7, known: VERSION, .. }), "{error}");
        assert!(error.to_string().contains("version 7"));
    }

    #[test]
    fn a_missing_folder_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let error = open(&folder.path().join("absent/queue.db")).err().unwrap();
        assert_eq!(error.fault(), zagg_core::fault::Fault::Missing, "{error}");
        assert!(error.to_string().contains("absent"));
    }

    #[test]
    fn many_openers_at_once_make_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue.db");
        std::thread::scope(|scope| {
            let openers: Vec<_> = (0..8).map(|_| scope.spawn(|| open(&path).map(|opened| opened.wal))).collect();
            for opener in openers {
                assert!(opener.join().unwrap().unwrap());
            }
        });
    }
}
