//! Files that go to and from Python's libraries.
//!
//! What Python wrote is checked in, and always read. What Python reads of ours, and writes anew, needs the packages of
//! `requirements.txt`: `tests/python/run` installs them and runs these tests. `SAPWOOD_PYTHON` names the interpreter;
//! where it is not set, `python3` is asked, and without the packages those tests say that they are skipped.
#![cfg(feature = "files")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

mod arrays;
mod events;
mod weights;

/// What a script beside this file prints, or nothing where there is no Python with the modules it needs and none was
/// asked for.
fn python(modules: &str, script: &str, arguments: &[&Path]) -> Option<String> {
    let asked = std::env::var("SAPWOOD_PYTHON");
    let interpreter = asked.as_deref().unwrap_or("python3");
    let run = |command: &mut Command| command.output().ok();
    let present = run(Command::new(interpreter).args(["-c", &format!("import {modules}")]));
    if present.is_none_or(|output| !output.status.success()) {
        assert!(asked.is_err(), "SAPWOOD_PYTHON: `{interpreter}` has no {modules}");
        // Past the capture of tests' output: a skipped check should be seen.
        let _ =
            writeln!(std::io::stderr(), "SKIPPED: `{interpreter}` has no {modules}; tests/python/run installs them");
        return None;
    }
    let (file, command) = script.split_once(' ').unwrap_or((script, ""));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(file);
    let output = run(Command::new(interpreter)
        .arg(path)
        .env("PYTHONIOENCODING", "utf-8")
        .args(command.split_whitespace())
        .args(arguments))
    .unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

/// An empty folder of a test's own.
fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("sapwood-python-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
}
