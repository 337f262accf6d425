//! One test per queue for each sentence.

/// Makes each sentence, a `fn(Kind)`, a test of every queue.
macro_rules! on_every_queue {
    ($($sentence:ident)*) => {
        on_every_queue! { @kind embedded Embedded $($sentence)* }
        on_every_queue! { @kind redis Redis $($sentence)* }
        on_every_queue! { @kind rabbitmq RabbitMq $($sentence)* }
        on_every_queue! { @kind sqs Sqs $($sentence)* }
    };
    (@kind $name:ident $kind:ident $($sentence:ident)*) => {
        mod $name {
            $(
                #[test]
                fn $sentence() {
                    super::$sentence(zagg_tests::kit::Kind::$kind);
                }
            )*
        }
    };
}

pub(crate) use on_every_queue;
