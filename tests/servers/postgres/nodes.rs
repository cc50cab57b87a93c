//! Several nodes over one database, in this process and in others.

use std::{
    env,
    process::{Command, Output, Stdio},
    sync::Arc,
    time::Duration,
};

use parjar::{Clock as _, SystemClock, store::RequestStore as _};

use super::{
    database::Database,
    endpoint::{LONG, Node, claim, client, mark, new_request, numbered},
};

const RACERS: &str = "PARJAR_TEST_RACE_OVER";
const PROCESSES: i64 = 4;
const TASKS: usize = 16;
/// How many records and marks there are to race for.
const ROUNDS: u8 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_pushed_at_one_node_is_completed_once_at_another() {
    // P-20
    let database = Database::new().await;
    let (one, other) = (Node::over(database.store().await), Node::over(database.store().await));
    let request_uri = one.pushed().await;
    let there = other.open(&request_uri, "cookie-value").await.unwrap();
    let here = one.open(&request_uri, "cookie-value").await.unwrap();
    assert_eq!(there.request().state(), Some("af0"));
    let outcomes = tokio::join!(one.0.complete(&here), other.0.complete(&there), one.0.complete(&there));
    let granted = [outcomes.0.is_ok(), outcomes.1.is_ok(), outcomes.2.is_ok()];
    assert_eq!(granted.iter().filter(|granted| **granted).count(), 1);
    assert!(one.open(&request_uri, "cookie-value").await.is_err());
}

#[tokio::test]
async fn a_second_node_knows_when_the_request_was_first_opened() {
    let database = Database::new().await;
    let (one, other) = (Node::over(database.store().await), Node::over(database.store().await));
    let request_uri = one.pushed().await;
    one.open(&request_uri, "cookie-value").await.unwrap();
    let opened_by = SystemClock.now();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let again = other.open(&request_uri, "cookie-value").await.unwrap();
    assert!(again.asked_at() <= opened_by, "{} {opened_by}", again.asked_at());
}

#[tokio::test]
async fn a_dump_shows_neither_handles_nor_browsers() {
    // S-13
    let database = Database::new().await;
    let node = Node::over(database.store().await);
    let request_uri = node.pushed().await;
    node.open(&request_uri, "cookie-value").await.unwrap();
    let dump = database.dump().await;
    let handle = request_uri.rsplit(':').next().unwrap();
    assert!(dump.contains(&hex(b"https://app.example.com/cb")), "the dump holds the request");
    for secret in [handle, "cookie-value", "s3cret"] {
        assert!(!dump.contains(secret) && !dump.contains(&hex(secret.as_bytes())), "{secret}");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Runs this test again in four processes, whose racers start when this one lets go of a lock.
#[tokio::test(flavor = "multi_thread")]
async fn of_four_processes_one_spends_a_request_and_one_finds_a_mark_new() {
    // P-20, C-02
    if let Ok(url) = env::var(RACERS) {
        return race(&Database::at(&url)).await;
    }
    let database = Database::new().await;
    let store = database.store().await;
    for round in 0..ROUNDS {
        store.insert(new_request(numbered(round)), LONG).await.unwrap();
        store.claim(claim(numbered(round)), LONG).await.unwrap();
    }
    let starter = database.connect().await;
    starter.execute("SELECT pg_advisory_lock(1)", &[]).await.unwrap();
    let racers: Vec<_> = (0..PROCESSES)
        .map(|_| {
            Command::new(env::current_exe().unwrap())
                .args(["--exact", "--nocapture"])
                .arg("postgres::nodes::of_four_processes_one_spends_a_request_and_one_finds_a_mark_new")
                .env(RACERS, database.url())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let all_wait = async {
        while starter.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) < PROCESSES {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all_wait).await.expect("four racers wait");
    starter.execute("SELECT pg_advisory_unlock(1)", &[]).await.unwrap();
    let outputs: Vec<Output> = racers.into_iter().map(|racer| racer.wait_with_output().unwrap()).collect();
    let mut won: Vec<String> = Vec::new();
    for output in outputs {
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        won.extend(text.split_whitespace().filter(|word| word.starts_with("won:")).map(str::to_owned));
    }
    won.sort();
    let mut expected: Vec<_> =
        (0..ROUNDS).flat_map(|round| [format!("won:request:{round}"), format!("won:mark:{round}")]).collect();
    expected.sort();
    assert_eq!(won, expected);
}

async fn race(database: &Database) {
    let store = Arc::new(database.store().await);
    database.run("SELECT pg_advisory_lock_shared(1)").await;
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                for round in 0..ROUNDS {
                    if store.consume(claim(numbered(round)), LONG).await.is_ok() {
                        println!("\nwon:request:{round}");
                    }
                    let mark = mark(numbered(round + 100));
                    let marks = [mark];
                    let new = if round % 2 == 0 {
                        store.remember(client(), &marks).await.is_ok()
                    } else {
                        let request = new_request(super::endpoint::key());
                        store.insert(request.with_marks(&marks), LONG).await.is_ok()
                    };
                    if new {
                        println!("\nwon:mark:{round}");
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}
