//! Jobs on `SQS`.
