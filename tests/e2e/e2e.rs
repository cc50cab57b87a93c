//! Runs the node tests of this folder against the example servers that cargo has built beside this test: those of the folder
//! itself against each, those in `both` against the two together, and those in `hosts` against other servers with parjar.

#![allow(clippy::expect_used)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

#[test]
fn a_real_client_and_a_real_browser_get_through_the_axum_example() {
    run("axum", ".");
}

#[test]
fn a_real_client_and_a_real_browser_get_through_the_actix_example() {
    run("actix", ".");
}

#[test]
fn both_examples_answer_alike_and_can_share_a_store() {
    run("axum", "both");
}

#[test]
fn real_clients_get_through_the_small_servers_and_through_parjar_in_front_of_oxide_auth() {
    run("oxide-auth", "hosts");
}

fn run(example: &str, folder: &str) {
    // Each run starts many servers, and browsers.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert!(
        tests.join("node_modules/openid-client").is_dir(),
        "tests/e2e/node_modules is missing: run `npm ci` in {}",
        tests.display()
    );
    assert!(
        tests.join(".venv/bin/python").is_file(),
        "tests/e2e/.venv is missing: run `python3 -m venv .venv && .venv/bin/python -m pip install -r requirements.txt` in {}",
        tests.display()
    );

    let status = Command::new("node")
        .args(["--test", "--test-reporter=spec", "--test-timeout=600000"])
        .args(test_files(&tests.join(folder)))
        .current_dir(tests)
        .env("PARJAR_EXAMPLE", built_example(example))
        .status()
        .expect("the end-to-end tests need node 20 or newer on the PATH");

    assert!(status.success(), "node --test failed, see its output above: {status}");
}

/// `cargo test --workspace` builds the examples, but tells tests only where binaries are.
fn built_example(name: &str) -> PathBuf {
    let test = env::current_exe().expect("a test knows its own path");
    let profile = test.ancestors().nth(2).expect("tests are built into target/<profile>/deps");
    let example = profile.join("examples").join(format!("{name}{}", env::consts::EXE_SUFFIX));
    assert!(
        example.is_file(),
        "{} is missing: run the whole `cargo test --workspace`, or `cargo build --example {name}` first",
        example.display()
    );
    example
}

/// By name, because node 20 and later ones take a folder to mean different things.
fn test_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("tests/e2e can be read")
        .map(|entry| entry.expect("tests/e2e can be read").path())
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no *.test.mjs in {}", folder.display());
    files
}
