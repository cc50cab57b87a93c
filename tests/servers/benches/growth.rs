//! What many rows and a day of churn do to the tables in PostgreSQL, on a server of its own. It takes minutes, and some 500 bytes of disk for
//! each row.
//!
//! `cargo bench -p parjar-servers --bench growth -- postgres` fills the tables of a store with ten million requests, and lets as many come and go: each
//! is pushed, opened, found alive by a sweep, spent, and swept. Vacuum runs where autovacuum would, when a twentieth of the table is
//! dead. Before and after, opening and spending take turns with the same in empty tables of the same form. Other numbers can
//! follow the name: of rows, and of those that come and go.
//!
//! The last lines hold one `UPDATE` by key against the same over a table in 24 partitions by time, one for each hour of a day.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
// The tests use more of these.
#![allow(dead_code, unused_imports)]

#[path = "growth/churn.rs"]
mod churn;
#[path = "../postgres/database.rs"]
mod database;
#[path = "growth/partitions.rs"]
mod partitions;
#[path = "../support.rs"]
mod support;
#[path = "growth/turns.rs"]
mod turns;

use std::{env, time::Duration};

use parjar::store::PostgresStore;

use self::{churn::Tables, database::Database};

#[tokio::main]
async fn main() {
    // `cargo test --benches` runs this as well, and `cargo bench` without a name would take long.
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if !env::args().any(|argument| argument == "--bench") || arguments.first().is_none_or(|name| name != "postgres") {
        return;
    }
    let number = |at: usize| arguments.get(at).map_or(10_000_000, |number| number.parse().expect("a number"));
    let (rows, churned): (u64, u64) = (number(1), number(2));

    let database = Database::new().await;
    let store = async |prefix: &str| {
        let builder = PostgresStore::builder(database.pool(4)).table_prefix(prefix).timeout(Duration::from_secs(600));
        let store = builder.build().unwrap();
        store.migrate().await.unwrap();
        store
    };
    let (empty, full) = (store("empty_").await, store("full_").await);
    let tables = Tables::new(&database, "full_", rows).await;
    turns::compare("empty", &empty, &full).await;
    tables.fill().await;
    tables.print("filled").await;
    turns::compare("filled", &empty, &full).await;
    tables.churn(&full, churned).await;
    tables.print("after churn").await;
    turns::compare("after churn", &empty, &full).await;
    partitions::compare(&database).await;
}
