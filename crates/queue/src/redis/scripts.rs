//! The scripts that the server runs: one for each thing that must happen at once or not at all.

use redis::Script;

/// A script with what all of them share before it.
macro_rules! script {
    ($file:literal) => {
        Script::new(concat!(include_str!("common.lua"), include_str!($file)))
    };
}

/// All scripts.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) ack: Script,
    pub(super) buried: Script,
    pub(super) bury: Script,
    pub(super) claim: Script,
    pub(super) depth: Script,
    pub(super) enqueue: Script,
    pub(super) extend: Script,
    pub(super) prepare: Script,
    pub(super) put_back: Script,
    pub(super) redrive: Script,
    pub(super) release: Script,
    pub(super) tidy: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            ack: script!("ack.lua"),
            buried: script!("buried.lua"),
            bury: script!("bury.lua"),
            claim: script!("claim.lua"),
            depth: script!("depth.lua"),
            enqueue: script!("enqueue.lua"),
            extend: script!("extend.lua"),
            prepare: script!("prepare.lua"),
            put_back: script!("put_back.lua"),
            redrive: script!("redrive.lua"),
            release: script!("release.lua"),
            tidy: script!("tidy.lua"),
        }
    }
}
