//! The built program says who it is. That this test is here also has `cargo test --workspace` build
//! the program, which the end-to-end tests then run.
#![allow(clippy::unwrap_used)]

use std::process::Command;

#[test]
fn the_program_tells_its_version() {
    let output = Command::new(env!("CARGO_BIN_EXE_zagg")).arg("--version").output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("zagg {}\n", env!("CARGO_PKG_VERSION")));
}
