//! Files that are there whole or not at all.

use std::{fs::File, io, path::Path};

/// Has `write` fill a file beside `path`, which then takes the place of `path`. Whatever was
/// there stays until the new file is complete and on the disk.
pub(crate) fn replace<E>(
    path: &Path,
    io_error: impl Fn(io::Error) -> E,
    write: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<(), E> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".zagg-").suffix(".tmp");
    // As any new file, for whom the user's mask says; a temporary file would be for its owner alone.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut staged = builder.tempfile_in(folder).map_err(&io_error)?;
    write(staged.as_file_mut())?;
    staged.as_file().sync_all().map_err(&io_error)?;
    staged.persist(path).map(|_| ()).map_err(|error| io_error(error.error))
}
