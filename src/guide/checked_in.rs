//! Pages that are written by a test.

use std::{fs, path::Path};

/// Compares a part of the guide with what the code says. With `PARJAR_WRITE_GUIDE=1` it writes the file instead.
pub(super) fn checked_in(path: &str, present: &str, written: &str) {
    if std::env::var_os("PARJAR_WRITE_GUIDE").is_some() {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(path), written).unwrap();
        return;
    }
    let differing = present.lines().zip(written.lines()).find(|(present, written)| present != written);
    assert!(
        present == written,
        "{path} is not what the code says; write it anew: PARJAR_WRITE_GUIDE=1 cargo test -p parjar --lib -- guide\n{differing:#?}"
    );
}
