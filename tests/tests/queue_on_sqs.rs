//! The queue contract on `SQS`.
