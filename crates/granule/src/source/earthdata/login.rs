//! Who logs in at Earthdata, and where that is written.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::netrc;
use crate::error::EarthdataError;
use crate::source::settings::Secret;

/// A login at Earthdata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// A bearer token that was made by hand. It lives 60 days and is not renewed.
    Token(Secret),
    /// A user and a password, with which tokens are found or created.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
}

/// Where a login may be, as a program found it in its environment.
#[derive(Debug, Clone, Default)]
pub struct LoginPlaces {
    /// A bearer token. It wins.
    pub token: Option<Secret>,
    /// A user, with a password.
    pub user: Option<String>,
    /// A password, with a user.
    pub password: Option<Secret>,
    /// A netrc file, which need not exist.
    pub netrc: Option<PathBuf>,
}

impl Login {
    /// The first of: the token; user and password; the entry of `host` in the netrc file. None
    /// when there is none of them.
    ///
    /// # Errors
    /// [`EarthdataError::HalfLogin`] for a user without a password or the reverse,
    /// [`EarthdataError::NetrcFile`] and [`EarthdataError::Netrc`] for a netrc file that is there
    /// and cannot be used.
    pub fn find(places: LoginPlaces, host: &str) -> Result<Option<Self>, EarthdataError> {
        if let Some(token) = places.token {
            return Ok(Some(Self::Token(token)));
        }
        match (places.user, places.password, places.netrc) {
            (Some(user), Some(password), _) => Ok(Some(Self::Password { user, password })),
            (Some(_), None, _) => Err(EarthdataError::HalfLogin { missing: "password" }),
            (None, Some(_), _) => Err(EarthdataError::HalfLogin { missing: "user" }),
            (None, None, Some(path)) => Self::from_netrc_file(&path, host),
            (None, None, None) => Ok(None),
        }
    }

    /// The login for `host` in the netrc file at `path`; none when there is no such file or no
    /// such entry. A file that others can read is used, with a warning.
    ///
    /// # Errors
    /// [`EarthdataError::NetrcFile`] when it cannot be read, [`EarthdataError::Netrc`] when it is
    /// not a netrc file.
    pub fn from_netrc_file(path: &Path, host: &str) -> Result<Option<Self>, EarthdataError> {
        let failed = |source| EarthdataError::NetrcFile { path: path.to_path_buf(), source: Arc::new(source) };
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(failed)?,
        };
        let login = Self::from_netrc(&text, host, path)?;
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
        if login.is_some() && mode & 0o077 != 0 {
            tracing::warn!(path = %path.display(), "others can read this netrc file: chmod 600 it");
        }
        Ok(login)
    }

    /// The login for `host` in the text of a netrc file; `path` names it in messages.
    ///
    /// # Errors
    /// [`EarthdataError::Netrc`] when it is not a netrc file.
    pub fn from_netrc(text: &str, host: &str, path: &Path) -> Result<Option<Self>, EarthdataError> {
        let found = netrc::find(text, host).map_err(|flaw| EarthdataError::Netrc {
            path: path.to_path_buf(),
            line: flaw.line,
            what: flaw.what,
        })?;
        Ok(found.map(|(user, password)| Self::Password { user, password }))
    }

    /// `token` or `password`, for reports.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::Password { .. } => "password",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "urs.earthdata.nasa.gov";

    fn secret(text: &str) -> Option<Secret> {
        Some(Secret::new(text))
    }

    #[test]
    fn the_token_wins_then_user_and_password_then_the_netrc_file() {
        let folder = tempfile::tempdir().unwrap();
        let netrc = folder.path().join("netrc");
        fs::write(&netrc, format!("machine {HOST} login n password p")).unwrap();
        let mut places =
            LoginPlaces { token: secret("t"), user: Some("u".into()), password: secret("pw"), netrc: Some(netrc) };
        let find = |places: &LoginPlaces| Login::find(places.clone(), HOST).unwrap();
        assert_eq!(find(&places), Some(Login::Token(Secret::new("t"))));
        places.token = None;
        assert_eq!(find(&places), Some(Login::Password { user: "u".into(), password: Secret::new("pw") }));
        (places.user, places.password) = (None, None);
        assert_eq!(find(&places), Some(Login::Password { user: "n".into(), password: Secret::new("p") }));
        places.netrc = Some(folder.path().join("none"));
        assert_eq!(find(&places), None);
        assert_eq!(find(&LoginPlaces::default()), None);
    }

    #[test]
    fn half_a_login_says_what_is_missing() {
        let places = LoginPlaces { user: Some("u".into()), ..LoginPlaces::default() };
        let error = Login::find(places, HOST).unwrap_err();
        assert!(matches!(error, EarthdataError::HalfLogin { missing: "password" }), "{error}");
    }

    #[test]
    fn a_netrc_file_that_cannot_be_used_is_an_error_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let netrc = folder.path().join("netrc");
        fs::write(&netrc, "machine x\nlogin me password open sesame").unwrap();
        let error = Login::from_netrc_file(&netrc, HOST).unwrap_err();
        assert!(matches!(error, EarthdataError::Netrc { line: 2, .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("sesame"));
        let error = Login::from_netrc_file(folder.path(), HOST).unwrap_err();
        assert!(matches!(error, EarthdataError::NetrcFile { .. }), "{error}");
    }
}
