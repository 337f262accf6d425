//! The file of a picture: its format, its name, whether it can be written.

use std::path::{Path, PathBuf};

use crate::error::CommandError;

/// What a picture's file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Svg,
}

impl Format {
    /// By the file's ending.
    pub(super) fn of(path: &Path) -> Result<Self, CommandError> {
        let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
        match ending.as_deref() {
            Some("png") => Ok(Self::Png),
            Some("svg") => Ok(Self::Svg),
            _ => Err(CommandError::Usage(format!(
                "the ending of {} names no picture format; end it with .png or .svg (`zagg export` writes GeoTIFF)",
                path.display()
            ))),
        }
    }
}

/// Whether the picture can be written: better known before the work than after it. Leaves nothing behind.
pub(super) fn check(path: &Path) -> Result<(), CommandError> {
    let is_new = !path.exists();
    std::fs::OpenOptions::new().create(true).append(true).open(path).map_err(|source| failed(path, source))?;
    if is_new { std::fs::remove_file(path).map_err(|source| failed(path, source)) } else { Ok(()) }
}

pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    std::fs::write(path, bytes).map_err(|source| failed(path, source))
}

fn failed(path: &Path, source: std::io::Error) -> CommandError {
    CommandError::WriteFile { what: "the picture", path: path.to_owned(), source }
}

/// `STORE-FIELD.png`, in the working directory.
pub(super) fn default_name(store: &str, field: &str, is_difference: bool) -> PathBuf {
    let stem = store.strip_suffix(".zarr").unwrap_or(store);
    let safe = |text: &str| -> String {
        let keep = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '_' | '-');
        text.chars().map(|letter| if keep(letter) { letter } else { '_' }).collect()
    };
    let what = if is_difference { "-difference" } else { "" };
    PathBuf::from(format!("{}-{}{what}.png", safe(stem), safe(field)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_the_format() {
        assert_eq!(Format::of(Path::new("a/b.PNG")).unwrap(), Format::Png);
        assert_eq!(Format::of(Path::new("b.svg")).unwrap(), Format::Svg);
        for name in ["b", "b.tif", "b.", ".png"] {
            let error = Format::of(Path::new(name)).unwrap_err();
            assert!(error.to_string().contains(".png or .svg"), "{error}");
        }
    }

    #[test]
    fn names_follow_store_and_field() {
        assert_eq!(default_name("out.zarr", "h_mean", false), PathBuf::from("out-h_mean.png"));
        assert_eq!(default_name("a b", "c/d", true), PathBuf::from("a_b-c_d-difference.png"));
    }
}
