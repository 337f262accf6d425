//! `zagg plot`, judged by the store.
