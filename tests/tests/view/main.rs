//! `zagg view`, driven by a browser.
