//! The CPU pool: where granules are parsed, decoded and aggregated, so that no asynchronous
//! thread ever computes.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::error::CpuError;

/// A pool of threads for computing. Cheap to clone; the threads end with the last clone.
#[derive(Debug, Clone)]
pub struct CpuPool {
    threads: Arc<rayon::ThreadPool>,
}

impl CpuPool {
    /// A pool of `threads` threads (at least one).
    ///
    /// # Errors
    /// [`CpuError::Threads`] when the system refuses to start them.
    pub fn new(threads: usize) -> Result<Self, CpuError> {
        let threads = threads.max(1);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("cpu-{i}"))
            .build()
            .map_err(|source| CpuError::Threads { threads, source })?;
        Ok(Self { threads: Arc::new(pool) })
    }

    /// The number of threads.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads.current_num_threads()
    }

    /// Runs `work` on a thread of the pool; inside it rayon's parallel iterators use this pool.
    /// Dropping the future does not stop work that has begun.
    ///
    /// # Errors
    /// [`CpuError::Panicked`] when `work` panics: a panic ends that work, never the process.
    pub async fn run<T, F>(&self, work: F) -> Result<T, CpuError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (give, take) = oneshot::channel();
        self.threads.spawn(move || {
            // Nothing that `work` holds outlives the panic, so none of it is seen half-changed.
            let outcome = catch_unwind(AssertUnwindSafe(work));
            let _ = give.send(outcome.map_err(|payload| CpuError::Panicked { message: message(payload.as_ref()) }));
        });
        take.await.unwrap_or(Err(CpuError::Dropped))
    }
}

/// The text of a panic.
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;
    use zagg_core::fault::Fault;

    use super::*;

    #[tokio::test]
    async fn work_runs_on_the_pool_and_parallel_iterators_use_it() {
        let pool = CpuPool::new(2).unwrap();
        let (sum, width) =
            pool.run(|| ((0..1000u64).into_par_iter().sum::<u64>(), rayon::current_num_threads())).await.unwrap();
        assert_eq!((sum, width), (499_500, 2));
    }

    #[tokio::test]
    async fn a_panic_becomes_an_error_and_the_pool_lives_on() {
        let pool = CpuPool::new(1).unwrap();
        let error = pool.run(|| -> u8 { panic!("row {}", 7) }).await.unwrap_err();
        assert_eq!(error.fault(), Fault::Bug);
        assert!(error.to_string().contains("row 7"));
        assert_eq!(pool.run(|| 3).await.unwrap(), 3);
    }
}
