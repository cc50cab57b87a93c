//! What partitions by time would cost those who look for a key, which says nothing of its time.

use std::time::Instant;

use tokio_postgres::Client;

use crate::database::Database;

const PARTITIONS: u32 = 24;
const ROWS: u32 = 100_000;
const CALLS: u32 = 1_000;

const COLUMNS: &str = "(key bytea NOT NULL, owner bytea NOT NULL, state smallint NOT NULL, sweep_at timestamptz NOT NULL, payload bytea NOT NULL)";

pub(crate) async fn compare(database: &Database) {
    let client = database.connect().await;
    let run = async |sql: String| client.batch_execute(&sql).await.unwrap();
    run(format!("CREATE TABLE whole {COLUMNS} WITH (fillfactor = 80); CREATE INDEX ON whole (key)")).await;
    run(format!("CREATE TABLE parts {COLUMNS} PARTITION BY RANGE (sweep_at); CREATE INDEX ON parts (key)")).await;
    for hour in 0..PARTITIONS {
        let bound = |hour: u32| format!("'2000-01-01'::timestamptz + {hour} * interval '1 hour'");
        let (from, to) = (bound(hour), bound(hour + 1));
        let bounds: String =
            client.query_one(&format!("SELECT format('FROM (%L) TO (%L)', {from}, {to})"), &[]).await.unwrap().get(0);
        run(format!("CREATE TABLE parts_{hour} PARTITION OF parts FOR VALUES {bounds} WITH (fillfactor = 80)")).await;
    }
    for table in ["whole", "parts"] {
        run(format!(
            "INSERT INTO {table} SELECT sha256(int8send(i)), sha256('o'), 0,
                 '2000-01-01'::timestamptz + (i % {PARTITIONS}) * interval '1 hour', decode(repeat('2a', 350), 'hex')
             FROM generate_series(1::bigint, {ROWS}) AS i"
        ))
        .await;
        run(format!("VACUUM ANALYZE {table}")).await;
    }
    // The first calls are planned one by one.
    for table in ["whole", "parts", "whole", "parts"] {
        println!("UPDATE by key, {table}: {:.1} us", time(&client, table).await);
    }
}

async fn time(client: &Client, table: &str) -> f64 {
    let update = format!("UPDATE {table} SET state = state + 1 WHERE key = sha256(int8send($1)) RETURNING payload");
    let update = client.prepare(&update).await.unwrap();
    let started = Instant::now();
    for number in 1..=i64::from(CALLS) {
        assert_eq!(client.query(&update, &[&number]).await.unwrap().len(), 1);
    }
    started.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS)
}
