//! The notebooks, executed from a clean environment.
