//! The processor time of the processes of a database.

use std::{fs, path::Path};

use crate::database::Database;

/// The process whose children serve the connections to a database, if it is on this machine.
pub(crate) async fn server(of: &Database) -> Option<u32> {
    let process: i32 = of.connect().await.query_one("SELECT pg_backend_pid()", &[]).await.ok()?.get(0);
    parent(Path::new(&format!("/proc/{process}")))
}

/// What those of its children that are there have used so far.
pub(crate) fn microseconds(server: Option<u32>) -> Option<f64> {
    let processes = fs::read_dir("/proc").ok()?.flatten().map(|process| process.path());
    let children = processes.filter(|process| server.is_some() && parent(process) == server);
    server.map(|_| children.map(|child| on_processor(&child)).sum())
}

fn on_processor(process: &Path) -> f64 {
    let text = fs::read_to_string(process.join("schedstat")).unwrap_or_default();
    text.split_whitespace().next().and_then(|time| time.parse::<f64>().ok()).unwrap_or(0.0) / 1e3
}

fn parent(process: &Path) -> Option<u32> {
    let text = fs::read_to_string(process.join("stat")).ok()?;
    text.rsplit_once(") ")?.1.split_whitespace().nth(1)?.parse().ok()
}
