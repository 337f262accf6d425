//! The queue contract on `RabbitMQ`.
