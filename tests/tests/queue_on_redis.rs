//! The queue contract on `Redis`.
