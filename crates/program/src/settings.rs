//! Values with their origins.

use std::fmt::Display;

use serde::Serialize;

/// A value and where it comes from.
#[derive(Debug, Clone, Copy)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: &'static str,
}

/// A setting as people read it.
#[derive(Debug, Clone, Serialize)]
pub struct SettingLine {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// `flag or environment`, or `default`.
    pub origin: &'static str,
}

/// What was typed (or is in the flag's environment variable), or the default.
pub fn pick<T>(typed: Option<T>, default: T) -> Setting<T> {
    match typed {
        Some(value) => Setting { value, origin: "flag or environment" },
        None => Setting { value: default, origin: "default" },
    }
}

impl<T: Display> Setting<T> {
    /// The setting for people.
    pub fn line(&self, name: &'static str) -> SettingLine {
        SettingLine { name, value: self.value.to_string(), origin: self.origin }
    }
}
