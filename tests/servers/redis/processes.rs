//! Several processes over one server.

use std::{
    env,
    process::{Command, Stdio},
    time::Duration,
};

use parjar::store::{MarkPurpose, RecordKey, RedisStore, ReplayMark, RequestStore as _};
use redis::{Client, Cmd};

use super::{MINUTE, claim, client, fresh, opened, servers::Redis};

const PROCESSES: usize = 4;
const TASKS: usize = 16;
const RECORDS: u8 = 25;

/// Names the server and the first of the keys to a process of a race.
const URL: &str = "PARJAR_TEST_RACE_URL";
const KEY: &str = "PARJAR_TEST_RACE_KEY";

const THIS_TEST: &str = "redis::processes::of_all_tasks_in_four_processes_one_spends_a_record_and_one_has_a_mark";

/// The keys of a race: one that is fresh, with another last byte each.
fn keys(first: RecordKey) -> impl Iterator<Item = RecordKey> {
    (0..RECORDS).map(move |number| {
        let mut bytes = *first.as_bytes();
        bytes[31] = number;
        RecordKey::from_bytes(bytes)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn of_all_tasks_in_four_processes_one_spends_a_record_and_one_has_a_mark() {
    // PAR-075, P-20, C-02, S-01
    if let Ok(url) = env::var(URL) {
        return race(url).await;
    }
    let redis = Redis::start(&[]);
    let store = redis.store().await;
    let first = fresh();
    for key in keys(first) {
        store.insert(super::request(key, &[]), MINUTE).await.unwrap();
        store.claim(claim(key), MINUTE).await.unwrap();
    }
    let key: Vec<String> = first.as_bytes().iter().map(u8::to_string).collect();
    let racers: Vec<_> = (0..PROCESSES)
        .map(|_| {
            Command::new(env::current_exe().unwrap())
                .args([THIS_TEST, "--exact", "--nocapture"])
                .env(URL, redis.url())
                .env(KEY, key.join(","))
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    crate::support::wait_for("the start of all processes", || {
        let mut connection = redis.client().get_connection().unwrap();
        let ready: usize = Cmd::new().arg("LLEN").arg("ready").query(&mut connection).unwrap();
        (ready == PROCESSES).then_some(())
    });
    let _: () = redis.tell("SET go 1").await;
    let mut won = Vec::new();
    for racer in racers {
        let output = racer.wait_with_output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        won.extend(text.lines().filter_map(|line| line.split_once("WON ")).map(|(_, what)| what.to_owned()));
    }
    won.sort();
    let mut expected: Vec<String> =
        (0..RECORDS).flat_map(|number| [format!("mark {number}"), format!("record {number}")]).collect();
    expected.sort();
    assert_eq!(won, expected);
    // The store is as good as before.
    opened(&store).await;
}

/// One of the processes.
async fn race(url: String) {
    let bytes: Vec<u8> = env::var(KEY).unwrap().split(',').map(|byte| byte.parse().unwrap()).collect();
    let first = RecordKey::from_bytes(bytes.try_into().unwrap());
    let redis = Client::open(url).unwrap();
    let mut connection = redis.get_multiplexed_async_connection().await.unwrap();
    let store = RedisStore::builder(redis).build().await.unwrap();
    let _: () = Cmd::new().arg("RPUSH").arg("ready").arg(1).query_async(&mut connection).await.unwrap();
    for _ in 0..4000 {
        if Cmd::new().arg("EXISTS").arg("go").query_async(&mut connection).await.unwrap() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for (number, key) in keys(first).enumerate() {
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    let marks = [ReplayMark::new(MarkPurpose::Credential, key, MINUTE)];
                    let (spent, marked) =
                        tokio::join!(store.consume(claim(key), MINUTE), store.remember(client(), &marks));
                    (spent.is_ok(), marked.is_ok())
                })
            })
            .collect();
        for task in tasks {
            let (spent, marked) = task.await.unwrap();
            if spent {
                println!("\nWON record {number}");
            }
            if marked {
                println!("\nWON mark {number}");
            }
        }
    }
}
