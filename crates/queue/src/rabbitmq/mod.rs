//! Jobs on `RabbitMQ`.
