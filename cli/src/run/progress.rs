//! Progress of a run: a bar on a terminal, plain lines elsewhere, nothing when quiet.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use zagg_program::{numbers, output};

/// How a run's progress is shown.
pub(crate) struct Progress {
    show: Show,
    started: Instant,
    shards: u64,
    done: u64,
    points: u64,
}

enum Show {
    Bar(ProgressBar),
    Lines { last: Instant },
    Nothing,
}

/// Seconds between plain lines.
const LINE_EVERY: Duration = Duration::from_secs(5);

impl Progress {
    /// Progress over `shards` shards.
    pub(crate) fn new(shards: u64, quiet: bool) -> Self {
        let show = match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Show::Nothing,
            (false, true) => Show::Bar(bar(shards)),
            (false, false) => Show::Lines { last: Instant::now() },
        };
        Self { show, started: Instant::now(), shards, done: 0, points: 0 }
    }

    /// One more shard has ended, with so many points kept.
    pub(crate) fn shard(&mut self, points: u64) {
        self.done += 1;
        self.points += points;
        if let Show::Bar(bar) = &self.show {
            bar.set_position(self.done);
        }
    }

    /// Brings the display up to date; `bytes` have been read so far.
    pub(crate) fn tick(&mut self, bytes: u64) {
        let state = self.state(bytes);
        match &mut self.show {
            Show::Bar(bar) => bar.set_message(state),
            Show::Lines { last } if last.elapsed() >= LINE_EVERY => {
                *last = Instant::now();
                self.line(&state);
            }
            Show::Lines { .. } | Show::Nothing => {}
        }
    }

    /// Says something without tearing the bar.
    pub(crate) fn say(&self, line: &str) {
        match &self.show {
            Show::Bar(bar) => bar.println(line),
            Show::Lines { .. } => output::aside(line),
            Show::Nothing => {}
        }
    }

    /// The last state, left on the screen.
    pub(crate) fn finish(&mut self, bytes: u64) {
        let state = self.state(bytes);
        match &self.show {
            Show::Bar(bar) => {
                bar.set_message(state);
                bar.abandon();
            }
            Show::Lines { .. } => self.line(&state),
            Show::Nothing => {}
        }
    }

    fn line(&self, state: &str) {
        output::aside(&format!("{}/{} shards  {state}", self.done, self.shards));
    }

    fn state(&self, bytes: u64) -> String {
        let elapsed = self.started.elapsed();
        let rate = bytes as f64 / elapsed.as_secs_f64().max(1e-3);
        let left = match self.done {
            0 => "time left unknown".to_owned(),
            done if done >= self.shards => numbers::duration(elapsed),
            done => {
                let remaining = elapsed.mul_f64((self.shards - done) as f64 / done as f64);
                format!("{} left", numbers::duration(remaining))
            }
        };
        let points = numbers::grouped(self.points);
        format!("{points} points  {} read  {}  {left}", numbers::bytes(bytes), numbers::rate(rate))
    }
}

fn bar(shards: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} shards  {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(shards), ProgressDrawTarget::stderr_with_hz(10)).with_style(style)
}
