//! `zagg shards`, judged by foreign readers.
