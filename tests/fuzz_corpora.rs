//! Replays the inputs in `fuzz/corpus` through the targets of the fuzzers, so that what a fuzzer once found stays found without one.
//!
//! Neither this file nor `fuzz` is in the published package.

#![cfg(any(feature = "aws-lc-rs", feature = "josekit"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    // There, the targets are a library.
    unreachable_pub
)]

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// Runs a target on each file of its corpus, in the order of their names.
fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    let failed: Vec<_> = files
        .iter()
        .filter(|file| {
            let input = fs::read(file).unwrap();
            catch_unwind(AssertUnwindSafe(|| run(&input))).is_err()
        })
        .map(|file| file.display().to_string())
        .collect();
    assert!(failed.is_empty(), "failed, for reasons that are above:\n{}", failed.join("\n"));
    println!("{target}: {} inputs", files.len());
}

/// One test for each target, and a list of them.
macro_rules! replayed {
    ($($target:ident)*) => {
        const TARGETS: &[&str] = &[$(stringify!($target)),*];

        $(
            #[test]
            fn $target() {
                replay(stringify!($target), targets::$target::run);
            }
        )*
    };
}

replayed!(assertion basic certificate dpop form header jwe jwks jws record redirect_uri request_object);

#[test]
fn the_records_of_the_corpus_are_of_the_version_that_is_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/record");
    for usual in ["form-usual", "authenticated-with-a-key", "bound-to-both", "signed"] {
        assert!(targets::record::is_read(&fs::read(folder.join(usual)).unwrap()), "{usual}");
    }
}

#[test]
fn every_target_is_replayed() {
    for folder in ["fuzz/corpus", "fuzz/fuzz_targets"] {
        let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect();
        names.sort();
        assert_eq!(names, TARGETS, "{folder}");
    }
}
