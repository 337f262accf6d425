//! The allocator of static programs: musl's own gives memory back to the kernel and takes it again all the time, which
//! costs a third more processor time (`docs/benchmarks.md`).

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;
