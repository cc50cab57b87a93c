//! PgBouncer between the store and the server. Debian's is too old to keep prepared statements in transaction mode.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    os::unix::{fs::chown, process::CommandExt as _},
    process::{Command, Stdio},
    time::Duration,
};

use parjar::store::{PostgresStore, PostgresStoreError, RequestStore as _};

use super::{
    database::{Database, other_user},
    endpoint::{LONG, Node, claim, client, expect_refused_push, key, mark, new_request},
};
use crate::support::{Server, TempDir, free_port, wait_for};

const INSTALL: &str = "apt-get install pgbouncer";

/// A PgBouncer of our own, which ends with the test.
struct Pooler {
    address: SocketAddr,
    server: Server,
    _folder: TempDir,
}

impl Pooler {
    fn before(database: &Database, mode: &str) -> Self {
        let (folder, port) = (TempDir::new("pgbouncer"), free_port());
        let settings = format!(
            "[databases]\n* = {} pool_size=4\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port={port}\nunix_socket_dir=\n\
             auth_type=any\npool_mode={mode}\nmax_client_conn=200\nserver_check_delay=0\n",
            database.url()
        );
        let file = folder.path().join("pgbouncer.ini");
        fs::write(&file, settings).unwrap();
        // Debian keeps it where only root looks.
        let program = Some("/usr/sbin/pgbouncer").filter(|path| fs::exists(path).unwrap());
        let mut command = Command::new(program.unwrap_or("pgbouncer"));
        if let Some((uid, gid)) = other_user() {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
            chown(&file, Some(uid), Some(gid)).unwrap();
            command.uid(uid).gid(gid);
        }
        let command = command.arg("-q").arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let pooler = Self {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            server: Server::start(command, INSTALL),
            _folder: folder,
        };
        wait_for("PgBouncer", || TcpStream::connect(pooler.address).ok());
        pooler
    }
}

/// Every operation, by many tasks at once over more connections than the pooler has to the server.
async fn works(store: &PostgresStore) {
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..10 {
                    let (key, marks) = (key(), [mark(key()), mark(key())]);
                    store.insert(new_request(key).with_marks(&marks), LONG).await.unwrap();
                    store.insert(new_request(super::endpoint::key()), LONG).await.unwrap();
                    store.claim(claim(key), LONG).await.unwrap();
                    store.consume(claim(key), LONG).await.unwrap();
                    assert!(store.consume(claim(key), LONG).await.is_err());
                    assert!(store.remember(client(), &marks[..1]).await.is_err());
                    assert!(store.remember(client(), &marks).await.is_err());
                    store.sweep(10).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_in_session_mode_takes_what_a_server_takes() {
    let database = Database::new().await;
    let pooler = Pooler::before(&database, "session");
    let pool = database.through(pooler.address).pool(4);
    let store = PostgresStore::builder(pool).timeout(Duration::from_secs(20)).build().unwrap();
    store.migrate().await.unwrap();
    works(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_forgets_statements_is_noticed_at_start() {
    let database = Database::new().await;
    let pooler = Pooler::before(&database, "transaction");
    for size in [1, 8] {
        let store = PostgresStore::builder(database.through(pooler.address).pool(size)).build().unwrap();
        for _ in 0..3 {
            let refused = store.migrate().await.unwrap_err();
            assert!(matches!(refused, PostgresStoreError::PreparedStatements), "{refused}");
            let refused = store.check().await.unwrap_err();
            assert!(refused.to_string().contains("PgBouncer must be 1.21 or later"), "{refused}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unnamed_statements_work_with_a_pooler_that_forgets_them() {
    let database = Database::new().await;
    let pooler = Pooler::before(&database, "transaction");
    let pool = database.through(pooler.address).pool(16);
    let builder = PostgresStore::builder(pool).unnamed_statements(true).timeout(Duration::from_secs(20));
    let store = builder.build().unwrap();
    store.migrate().await.unwrap();
    store.migrate().await.unwrap();
    works(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_limit_of_the_role_holds_behind_a_pooler() {
    let database = Database::new().await;
    database.store().await;
    let role = database.role().await;
    let tables = "parjar_requests, parjar_marks, parjar_schema_version";
    database.run(&format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {role}")).await;
    database.run(&format!("ALTER ROLE {role} SET statement_timeout = '300ms'")).await;
    let pooler = Pooler::before(&database.as_role(&role), "transaction");
    let pool = database.as_role(&role).through(pooler.address).pool(2);
    let builder = PostgresStore::builder(pool).unnamed_statements(true).timeout(Duration::from_secs(20));
    let store = builder.build().unwrap();
    store.check().await.unwrap();
    let key = key();
    store.insert(new_request(key), LONG).await.unwrap();
    let mut other = database.connect().await;
    let node = Node::over(store.clone());
    let request_uri = node.pushed().await;
    let held = other.transaction().await.unwrap();
    held.execute("SELECT 1 FROM parjar_requests FOR UPDATE", &[]).await.unwrap();
    node.open(&request_uri, "cookie").await.unwrap_err();
    node.look().fault("authorize", "57014");
    let refused = store.claim(claim(key), LONG).await.unwrap_err();
    let text = format!("{:?}", std::error::Error::source(&refused).map(ToString::to_string));
    assert!(text.contains("57014"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_dies_is_told_with_its_cause() {
    let database = Database::new().await;
    let mut pooler = Pooler::before(&database, "session");
    let pool = database.through(pooler.address).pool(2);
    let store = PostgresStore::builder(pool).timeout(Duration::from_secs(1)).build().unwrap();
    store.migrate().await.unwrap();
    let node = Node::over(store);
    node.pushed().await;
    pooler.server.kill();
    for _ in 0..3 {
        expect_refused_push(&node.push().await);
    }
    node.look().fault("push", "error connecting to server");
}

#[tokio::test]
async fn a_pooler_in_statement_mode_is_refused() {
    let database = Database::new().await;
    let pooler = Pooler::before(&database, "statement");
    let store = PostgresStore::builder(database.through(pooler.address).pool(1)).build().unwrap();
    let refused = store.migrate().await.unwrap_err();
    assert!(matches!(refused, PostgresStoreError::Unavailable(_)), "{refused}");
}
