//! The parameters of a request.

use std::str::FromStr;

use super::answer::Failure;

/// The parameters, by name. Of one that is given twice the first counts.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(raw: Option<&str>) -> Self {
        Self(url::form_urlencoded::parse(raw.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn needed(&self, name: &str) -> Result<&str, Failure> {
        self.text(name).ok_or_else(|| Failure::Bad(format!("the parameter `{name}` is missing")))
    }

    /// A parameter that is to be parsed.
    pub(super) fn parsed<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, Failure> {
        let parse = |text: &str| text.parse().map_err(|_| Failure::Bad(format!("`{name}` is not {what}")));
        self.text(name).map(parse).transpose()
    }

    /// A finite number.
    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, Failure> {
        match self.parsed::<f64>(name, "a number")? {
            Some(number) if !number.is_finite() => Err(Failure::Bad(format!("`{name}` is not a finite number"))),
            number => Ok(number),
        }
    }
}
