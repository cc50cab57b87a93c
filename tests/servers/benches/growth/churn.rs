//! Tables with many rows, and the rows that come and go.

use std::time::{Duration, Instant};

use parjar::store::PostgresStore;
use tokio_postgres::Client;

use crate::database::Database;

/// Rows that come and go together.
const BATCH: u64 = 10_000;
const SWEPT_AT_ONCE: u32 = 1_000;

pub(crate) struct Tables {
    client: Client,
    prefix: &'static str,
    rows: u64,
}

impl Tables {
    pub(crate) async fn new(database: &Database, prefix: &'static str, rows: u64) -> Self {
        Self { client: database.connect().await, prefix, rows }
    }

    async fn run(&self, sql: &str) {
        self.client.batch_execute(&sql.replace("PREFIX_", self.prefix)).await.unwrap();
    }

    /// Of ten requests, seven are spent and three are open; as many marks as requests.
    pub(crate) async fn fill(&self) {
        let started = Instant::now();
        let rows = self.rows;
        self.run(&format!(
            "INSERT INTO PREFIX_requests (key, owner, browser, state, opened_at, expires_at, sweep_at, payload)
             SELECT sha256(int8send(-i)), sha256('o'), sha256('b'), CASE WHEN i % 10 < 7 THEN 2 ELSE 1 END, now(),
                 now() + interval '1 day' + i * interval '1 ms', now() + interval '1 day' + i * interval '1 ms',
                 CASE WHEN i % 10 < 7 THEN ''::bytea ELSE decode(repeat('2a', 350), 'hex') END
             FROM generate_series(1::bigint, {rows}) AS i"
        ))
        .await;
        self.run(&format!(
            "INSERT INTO PREFIX_marks SELECT sha256(int8send(-i)), now() + interval '1 day' + i * interval '1 ms'
             FROM generate_series(1::bigint, {rows}) AS i"
        ))
        .await;
        self.run("VACUUM ANALYZE PREFIX_requests").await;
        self.run("VACUUM ANALYZE PREFIX_marks").await;
        println!("{rows} requests and {rows} marks in {:.0} s", started.elapsed().as_secs_f64());
    }

    /// Lets so many requests come and go, each with a mark.
    pub(crate) async fn churn(&self, store: &PostgresStore, churned: u64) {
        let (mut dead, mut sweeps, mut swept, mut slowest) = (0, Duration::ZERO, 0, Duration::ZERO);
        let mut sweep = async || {
            loop {
                let started = Instant::now();
                let deleted = store.sweep(SWEPT_AT_ONCE).await.unwrap();
                let time = started.elapsed();
                (sweeps, slowest, swept) = (sweeps + time, slowest.max(time), swept + deleted);
                if deleted < u64::from(SWEPT_AT_ONCE) {
                    break;
                }
            }
        };
        for first in (1..=churned).step_by(usize::try_from(BATCH).unwrap()) {
            let last = first + BATCH - 1;
            let keys =
                format!("key IN (SELECT sha256(int8send(i)) FROM generate_series({first}::bigint, {last}) AS i)");
            self.run(&format!(
                "INSERT INTO PREFIX_requests (key, owner, state, expires_at, sweep_at, payload)
                 SELECT sha256(int8send(i)), sha256('o'), 0, now() + interval '1 hour', now(), decode(repeat('2a', 350), 'hex')
                 FROM generate_series({first}::bigint, {last}) AS i"
            ))
            .await;
            self.run(&format!(
                "INSERT INTO PREFIX_marks SELECT sha256(int8send(i)), now() FROM generate_series({first}::bigint, {last}) AS i"
            ))
            .await;
            self.run(&format!(
                "UPDATE PREFIX_requests SET state = 1, browser = sha256('b'), opened_at = now(), expires_at = now() + interval '1 hour'
                 WHERE {keys}"
            ))
            .await;
            sweep().await;
            self.run(&format!(
                "UPDATE PREFIX_requests SET state = 2, payload = '', sweep_at = now(), expires_at = now() WHERE {keys}"
            ))
            .await;
            sweep().await;
            dead += BATCH;
            if dead > self.rows / 20 {
                dead = 0;
                self.run("VACUUM PREFIX_requests").await;
                self.run("VACUUM PREFIX_marks").await;
            }
        }
        println!(
            "swept {swept} rows, {:.1} us each; the longest call for {SWEPT_AT_ONCE} took {:.0} ms",
            sweeps.as_secs_f64() * 1e6 / swept as f64,
            slowest.as_secs_f64() * 1e3
        );
    }

    /// How large tables and indexes are.
    pub(crate) async fn print(&self, when: &str) {
        for name in ["requests", "requests_pkey", "requests_sweep_at", "marks", "marks_pkey", "marks_expires_at"] {
            let name = format!("{}{name}", self.prefix);
            let size = "SELECT pg_relation_size($1::text::regclass)";
            let size: i64 = self.client.query_one(size, &[&name]).await.unwrap().get(0);
            println!("{when:<12} {name:<24} {:>7} MB", size >> 20);
        }
    }
}
