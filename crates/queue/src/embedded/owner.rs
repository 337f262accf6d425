//! Which process has a lease, and whether that process still lives.
//!
//! A process is named by boot, process-id namespace, process id and start time, so that neither a
//! reused id nor another container's equal id is taken for it. Without `/proc` nothing is known,
//! nobody is ever taken for dead, and leases just run out.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// The name of a process, as it is written beside a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    /// Boot and process-id namespace.
    world: String,
    pid: u32,
    start: u64,
}

impl Owner {
    /// This process, where `/proc` tells.
    pub(super) fn this_process() -> Option<Self> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
        let world = format!("{} {}", boot.trim(), namespace.display());
        let pid = std::process::id();
        match Stat::of(pid) {
            Seen::Running(start) => Some(Self { world, pid, start }),
            Seen::Gone | Seen::Unknown => None,
        }
    }

    /// The text to write beside a lease.
    pub(super) fn text(&self) -> String {
        format!("{}/{}/{}", self.world, self.pid, self.start)
    }

    /// Whether the process named by `text` has certainly ended. Only processes of the same boot
    /// and namespace can be judged.
    pub(super) fn knows_dead(&self, text: &str) -> bool {
        let mut parts = text.rsplitn(3, '/');
        let (Some(start), Some(pid), Some(world)) = (parts.next(), parts.next(), parts.next()) else { return false };
        let (Ok(start), Ok(pid)) = (start.parse::<u64>(), pid.parse::<u32>()) else { return false };
        if world != self.world || (pid, start) == (self.pid, self.start) {
            return false;
        }
        match Stat::of(pid) {
            Seen::Running(since) => since != start,
            // Where other users' processes are hidden, the first process is hidden too, and an
            // absent one proves nothing.
            Seen::Gone => Path::new("/proc/1").exists(),
            Seen::Unknown => false,
        }
    }
}

/// What `/proc` says about a process.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// It runs, and started at this many clock ticks after boot.
    Running(u64),
    Gone,
    Unknown,
}

/// The fields that matter of `/proc/PID/stat` (proc_pid_stat(5)).
struct Stat;

impl Stat {
    fn of(pid: u32) -> Seen {
        match fs::read_to_string(format!("/proc/{pid}/stat")) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == ErrorKind::NotFound => Seen::Gone,
            Err(_) => Seen::Unknown,
        }
    }

    fn parse(text: &str) -> Seen {
        // Field 2, the program's name, may hold anything, blanks and parentheses included.
        let Some((_, rest)) = text.rsplit_once(')') else { return Seen::Unknown };
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let (state, threads, start) = (fields.first(), fields.get(17), fields.get(19));
        let Some(start) = start.and_then(|field| field.parse().ok()) else { return Seen::Unknown };
        // A killed process stays as a zombie until its parent asks; one that still has threads
        // is not over yet.
        match (state, threads) {
            (Some(&("Z" | "X")), Some(&("0" | "1"))) => Seen::Gone,
            _ => Seen::Running(start),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str =
        "42 (a) b (c)) S 1 42 42 0 -1 4194560 100 0 0 0 0 0 0 0 20 0 3 0 98765 1000000 200 18446744073709551615";

    #[test]
    fn a_program_name_with_parentheses_does_not_shift_the_fields() {
        assert_eq!(Stat::parse(LINE), Seen::Running(98765));
        assert_eq!(Stat::parse(&LINE.replace(" S 1", " Z 1")), Seen::Running(98765));
        assert_eq!(Stat::parse(&LINE.replace(" S 1", " Z 1").replace("20 0 3 0", "20 0 1 0")), Seen::Gone);
        for text in ["", "42", "42 (a) S", "42 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 x"] {
            assert_eq!(Stat::parse(text), Seen::Unknown, "{text}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn only_a_process_that_is_certainly_gone_is_called_dead() {
        let me = Owner::this_process().unwrap();
        assert!(!me.knows_dead(&me.text()), "itself");
        let reused = Owner { start: me.start + 1, ..me.clone() };
        assert!(me.knows_dead(&reused.text()), "an id that was used again");
        assert!(!me.knows_dead(&Owner { world: "another".into(), ..reused }.text()), "another machine's");
        for text in ["", "/", "a/b/c", "//", "x/99999999999/1"] {
            assert!(!me.knows_dead(text), "{text}");
        }

        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let Seen::Running(start) = Stat::of(child.id()) else { panic!("the child is not seen") };
        let other = Owner { pid: child.id(), start, ..me.clone() }.text();
        assert!(!me.knows_dead(&other), "a living process");
        child.kill().unwrap();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while !me.knows_dead(&other) {
            assert!(std::time::Instant::now() < deadline, "a killed process that nobody has waited for yet");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        child.wait().unwrap();
        assert!(me.knows_dead(&other), "a process that is gone");
    }
}
