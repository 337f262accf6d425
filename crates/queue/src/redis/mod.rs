//! Jobs on `Redis`.
