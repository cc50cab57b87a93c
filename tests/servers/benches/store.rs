//! What a store costs beside its engine: each operation against the barest command that could do it, through the same client and
//! the same connections, on a server of its own.
//!
//! | operation | Redis | PostgreSQL |
//! | --- | --- | --- |
//! | `insert` | `SET key value PX` | `INSERT` into a table of the same form |
//! | `claim`, `consume` | `GETDEL key` | `DELETE ... RETURNING payload` |
//!
//! The store over `sqlx` is held against the store over `deadpool_postgres`, whose statements are the same: with a pool as it is by default,
//! which asks a connection whether it lives before it gives it out, and with one that does not.
//!
//! Neither server waits for a disk (no persistence, `fsync` off), which would hide what a store costs. Store and floor take
//! turns, so that a noisy machine treats both alike, and the median of the turns' ratios counts:
//! `cargo bench -p parjar-servers --bench store`, or with `-- redis`, `-- postgres` or `-- sqlx` for one of them. `PARJAR_TEST_REDIS_URL` and `PARJAR_TEST_POSTGRES_URL` name other servers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
// The tests use more of these.
#![allow(dead_code, unused_imports)]

#[path = "../postgres/database.rs"]
mod database;
#[path = "store/over_postgres.rs"]
mod over_postgres;
#[path = "store/over_redis.rs"]
mod over_redis;
#[path = "store/over_sqlx.rs"]
mod over_sqlx;
#[path = "../redis/servers.rs"]
mod servers;
#[path = "../support.rs"]
mod support;
#[path = "store/turns.rs"]
mod turns;
#[path = "store/work.rs"]
mod work;

use std::env;

#[tokio::main]
async fn main() {
    // `cargo test --benches` runs this as well.
    if !env::args().any(|argument| argument == "--bench") {
        return;
    }
    let is_wanted = |engine: &str| {
        let mut named = env::args().skip(1).filter(|argument| !argument.starts_with("--")).peekable();
        named.peek().is_none() || named.any(|name| name == engine)
    };
    println!(
        "Microseconds of an operation: by the clock, the medians of the turns; of the processor, here and in the server, of all turns"
    );
    let columns = "  floor   store ratio";
    println!("{:<10} {:>3} {:<8} {columns}  | {columns}  | {columns}", "engine", "at", "");
    if is_wanted("redis") {
        over_redis::measure().await;
    }
    if is_wanted("postgres") {
        over_postgres::measure().await;
    }
    if is_wanted("sqlx") {
        over_sqlx::measure().await;
    }
}
