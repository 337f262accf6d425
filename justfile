# What there is to do.
default:
    @just --list --unsorted

# Makes ready what the tests need beyond Rust.
setup:
    scripts/setup-tests

# All tests, or those that cargo's arguments choose: `just test -p zagg-core`.
test *arguments:
    scripts/test {{ arguments }}

# Formats the code.
format:
    cargo fmt --all

# Clippy as CI runs it.
lint:
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# The libraries' documentation, opened.
docs:
    cargo doc --workspace --no-deps --open

# A small run from nothing: sample granules, a shard map, a store.
demo *arguments:
    cargo run --release --bin zagg -- demo {{ arguments }}

# Everything that a change must pass.
ci:
    .ci/run
