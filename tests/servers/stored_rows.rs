//! What earlier versions have left in Redis and in PostgreSQL, fed to this one. `stored-rows.jsonl` has a line for each layout; lines are
//! added, and never changed.
//!
//! When a release changes a layout, `PARJAR_PRINT_RECORDS=1 cargo test -p parjar-servers stored_rows -- --nocapture` prints the lines
//! to add.

use std::time::Duration;

use parjar::store::{
    Annotation, Claim, ClaimError, MarkPurpose, NewRequest, Owner, PostgresStore, RecordKey, RedisKeys, ReplayMark,
    RequestStore, StoreRefusal,
};
use redis::Cmd;
use serde_json::{Value, json};

use crate::{
    postgres::database::Database,
    redis::{name_of, servers::Redis},
};

const VECTORS: &str = include_str!("../vectors/stored-rows.jsonl");

/// The release that this will be.
const VERSION: &str = "0.1";

const MINUTE: Duration = Duration::from_secs(60);

const fn key(number: u8) -> RecordKey {
    RecordKey::from_bytes([number; 32])
}

/// Requests that wait, are open in a browser with a note, and are spent; a mark; and their client and their browser.
const WAITING: RecordKey = key(1);
const OPEN: RecordKey = key(2);
const SPENT: RecordKey = key(3);
const MARK: RecordKey = key(4);
const CLIENT: RecordKey = key(0xC1);
const BROWSER: RecordKey = key(0xB0);

const PAYLOAD: &[u8] = b"payload \x00\xff";

fn mark() -> ReplayMark {
    ReplayMark::new(MarkPurpose::Credential, MARK, MINUTE)
}

fn claim(key: RecordKey) -> Claim {
    Claim::new(key, CLIENT).by_browser(BROWSER)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

async fn fill(store: &impl RequestStore) {
    let request = |key| NewRequest::new(key, Owner::authenticated(CLIENT), PAYLOAD);
    store.insert(request(WAITING).with_marks(&[mark()]), MINUTE).await.unwrap();
    for key in [OPEN, SPENT] {
        store.insert(request(key), MINUTE).await.unwrap();
        store.claim(claim(key), MINUTE).await.unwrap();
    }
    store.annotate(claim(OPEN), Annotation::new(b"alice", 0)).await.unwrap();
    store.consume(claim(SPENT), MINUTE).await.unwrap();
}

/// Everything that was stored is what it was.
async fn expect_filled(store: &impl RequestStore) {
    store.ready().await.unwrap();
    assert!(matches!(store.consume(claim(WAITING), MINUTE).await, Err(ClaimError::Unknown)));
    let other_client = Claim::new(WAITING, key(9));
    assert!(matches!(store.claim(other_client, MINUTE).await, Err(ClaimError::OtherOwner | ClaimError::Unknown)));
    let opened = store.claim(claim(WAITING), MINUTE).await.unwrap();
    assert_eq!((opened.payload.as_slice(), opened.annotation.as_slice(), opened.revision), (PAYLOAD, &b""[..], 0));
    store.consume(claim(WAITING), MINUTE).await.unwrap();

    let other_browser = Claim::new(OPEN, CLIENT).by_browser(key(9));
    assert!(matches!(store.claim(other_browser, MINUTE).await, Err(ClaimError::OtherBrowser)));
    let opened = store.claim(claim(OPEN), MINUTE).await.unwrap();
    assert_eq!((opened.payload.as_slice(), opened.annotation.as_slice(), opened.revision), (PAYLOAD, &b"alice"[..], 1));
    store.annotate(claim(OPEN), Annotation::new(b"bob", 1)).await.unwrap();
    assert_eq!(store.claim(claim(OPEN), MINUTE).await.unwrap().annotation, b"bob");
    store.consume(claim(OPEN), MINUTE).await.unwrap();

    assert!(matches!(store.claim(claim(SPENT), MINUTE).await, Err(ClaimError::Spent)));
    assert!(matches!(store.consume(claim(SPENT), MINUTE).await, Err(ClaimError::Spent)));
    let replayed = store.remember(Owner::authenticated(CLIENT), &[mark()]).await;
    assert!(matches!(replayed, Err(StoreRefusal::Replayed { mark }) if mark == MARK));
}

fn vectors(store: &str) -> Vec<Value> {
    let all = VECTORS.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|vector| vector["store"] == store).collect()
}

fn print(vector: &Value) {
    if std::env::var_os("PARJAR_PRINT_RECORDS").is_some() {
        println!("{vector}");
    }
}

#[tokio::test]
async fn what_earlier_versions_have_left_in_redis_is_what_it_was() {
    let vectors = vectors("redis");
    assert!(!vectors.is_empty());
    for vector in vectors {
        let values = vector["values"].as_object().unwrap();
        // What has the prefix for a tag is read in the rounds of a change alone.
        let has_former_names = values.keys().all(|name| name.starts_with("{parjar}:"));
        let both = [RedisKeys::FormerReadingPerClient, RedisKeys::PerClientReadingFormer];
        for keys in if has_former_names { &both[..] } else { &[RedisKeys::PerClient] } {
            let redis = Redis::start(&[]);
            for (name, value) in values {
                let mut set = Cmd::new();
                set.arg("SET").arg(name).arg(unhex(value.as_str().unwrap())).arg("PX").arg(60_000);
                set.query_async::<()>(&mut redis.connection().await).await.unwrap();
            }
            expect_filled(&redis.store_of(*keys).await).await;
        }
    }
}

#[tokio::test]
async fn what_this_version_leaves_in_redis_has_a_layout_of_the_vectors() {
    let former = |key: RecordKey| format!("{{parjar}}:r:{}", hex(key.as_bytes()));
    expect_layout(RedisKeys::FormerReadingPerClient, former).await;
    expect_layout(RedisKeys::PerClient, |key| name_of(CLIENT, key)).await;
}

async fn expect_layout(keys: RedisKeys, name: impl Fn(RecordKey) -> String) {
    let redis = Redis::start(&[]);
    fill(&redis.store_of(keys).await).await;
    let mut values = serde_json::Map::new();
    for name in redis.tell::<Vec<String>>("KEYS *").await {
        let value: Vec<u8> = redis.tell(&format!("GET {name}")).await;
        values.insert(name, hex(&value).into());
    }
    let vector = json!({ "written_by": VERSION, "store": "redis", "values": values });
    print(&vector);
    // Tokens, of marks and ends and of the last note, are drawn anew; all else is the same.
    let value = |vector: &Value, key: RecordKey| Some(unhex(vector["values"][name(key)].as_str()?));
    let open = |vector: &Value| {
        let mut value = value(vector, OPEN)?;
        value[82..98].fill(0);
        Some(value)
    };
    let waiting = |vector: &Value| value(vector, WAITING);
    assert!(waiting(&vector).is_some() && open(&vector).is_some(), "{vector}");
    let same = |known: &Value| waiting(known) == waiting(&vector) && open(known) == open(&vector);
    assert!(vectors("redis").iter().any(same), "{vector}");
}

#[tokio::test]
async fn what_earlier_versions_have_left_in_postgresql_is_what_it_was() {
    let vectors = vectors("postgres");
    assert!(!vectors.is_empty());
    for vector in vectors {
        let database = Database::new().await;
        database.run(vector["tables"].as_str().unwrap()).await;
        for row in vector["rows"].as_array().unwrap() {
            database.run(row.as_str().unwrap()).await;
        }
        for pool in [database.pool(2).into(), database.sqlx_pool(2).into()] {
            let connector: parjar::store::PostgresConnector = pool;
            let store = PostgresStore::builder(connector).build().unwrap();
            // Before the tables are as this version would have made them, if that is allowed, and after.
            store.migrate().await.unwrap();
            store.ready().await.unwrap();
        }
        expect_filled(&database.store().await).await;
    }
}

#[tokio::test]
async fn what_this_version_leaves_in_postgresql_has_a_layout_of_the_vectors() {
    let database = Database::new().await;
    let store = database.store().await;
    fill(&store).await;
    let tables = store.migration();
    let client = database.connect().await;
    let mut rows = Vec::new();
    for table in ["parjar_requests", "parjar_marks"] {
        let columns = "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0";
        let columns: String = client.query_one(columns, &[&table]).await.unwrap().get(0);
        // A row as text, with its times on the way to expiry.
        let values = columns
            .split(", ")
            .map(|column| match column {
                "expires_at" | "sweep_at" => "'now() + interval ''1 minute'''".to_owned(),
                "opened_at" => "CASE WHEN opened_at IS NULL THEN 'NULL' ELSE 'now()' END".to_owned(),
                column => format!("quote_nullable({column})"),
            })
            .collect::<Vec<_>>()
            .join(", ");
        let select = format!(
            "SELECT format('INSERT INTO {table} ({columns}) VALUES (%s)', concat_ws(', ', {values})) FROM {table} ORDER BY key"
        );
        rows.extend(client.query(&select, &[]).await.unwrap().iter().map(|row| row.get::<_, String>(0)));
    }
    let vector = json!({ "written_by": VERSION, "store": "postgres", "tables": tables, "rows": rows });
    print(&vector);
    assert!(vectors("postgres").contains(&vector), "{vector}");
}
