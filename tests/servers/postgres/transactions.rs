//! Opening, completing and issuing the code in a transaction of the host's.

use std::{sync::Arc, thread, time::Duration};

use deadpool_postgres::Pool;
use parjar::{
    AnnotateRefusal, AuthorizeRefusal, Browser, Client, ClientRegistration, ClientRegistry, Decision, DenialCode,
    FormRequest, InMemoryRegistry, ParEndpoint, Policy, Pushed, Reason, RegistryError, Reply,
    store::{
        InsertError, PostgresStore, PostgresTransactionStore, RequestStore, StoreRefusal,
        contract::{self, Harness},
    },
};
use tokio::{
    runtime::{Handle, Runtime},
    sync::Barrier,
    task::JoinSet,
};
use tokio_postgres::Transaction;

use super::{
    database::Database,
    endpoint::{LONG, Node, claim, client, key, mark, new_request},
};

const CODES: &str = "CREATE TABLE codes (code text PRIMARY KEY, client_id text NOT NULL)";

/// A host whose codes are in the database of its store.
struct Host {
    node: Node<PostgresStore>,
    store: PostgresStore,
    pool: Pool,
    database: Database,
}

/// What the host does with its transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Commit,
    Rollback,
}

impl Host {
    async fn new() -> Self {
        let database = Database::new().await;
        database.run(CODES).await;
        let store = database.store().await;
        Self { node: Node::over(store.clone()), store, pool: database.pool(16), database }
    }

    /// The handler of a form: the code is issued in the transaction that spends the request.
    async fn approve(&self, form: &str, browser: &str, code: &str, end: End) -> Result<Reply, AuthorizeRefusal> {
        let mut connection = self.pool.get().await.unwrap();
        let transaction = connection.transaction().await.unwrap();
        let granted = {
            let par = self.node.0.with_store(self.store.in_transaction(&transaction));
            let pending = par.authorize_decision(form, Browser::bound(browser).unwrap(), Decision::Approve).await?;
            par.complete(&pending).await?
        };
        let client_id = granted.request().client_id();
        transaction.execute("INSERT INTO codes (code, client_id) VALUES ($1, $2)", &[&code, &client_id]).await.unwrap();
        match end {
            End::Commit => transaction.commit().await.unwrap(),
            End::Rollback => transaction.rollback().await.unwrap(),
        }
        Ok(granted.respond([("code", code)]).await?.into())
    }

    async fn codes(&self) -> Vec<String> {
        let rows = self.database.connect().await.query("SELECT code FROM codes ORDER BY code", &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

fn form(request_uri: &str) -> String {
    format!("client_id=web&request_uri={request_uri}")
}

fn reason<T>(outcome: Result<T, AuthorizeRefusal>) -> Reason {
    outcome.err().expect("a refusal").refusal().reason()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_leaves_the_request_open_and_no_code() {
    let host = Host::new().await;
    let request_uri = host.node.pushed().await;
    host.node.open(&request_uri, "cookie").await.unwrap();
    let before = host.database.dump().await;
    host.approve(&form(&request_uri), "cookie", "one", End::Rollback).await.unwrap();
    assert_eq!(host.codes().await, [""; 0]);
    assert_eq!(host.database.dump().await, before);
    assert_eq!(reason(host.node.open(&request_uri, "another").await), Reason::OtherBrowser);

    // At once, in the same browser, although the endpoint has made an answer for it.
    let reply = host.approve(&form(&request_uri), "cookie", "two", End::Commit).await.unwrap();
    assert!(reply.header("location").unwrap().contains("code=two"));
    assert_eq!(host.codes().await, ["two"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_leaves_one_code_and_the_request_spent() {
    let host = Host::new().await;
    let request_uri = host.node.pushed().await;
    let first = host.approve(&form(&request_uri), "cookie", "one", End::Commit).await.unwrap();
    assert!(first.header("location").unwrap().contains("code=one"));
    assert_eq!(host.codes().await, ["one"]);
    assert_eq!(reason(host.node.open(&request_uri, "cookie").await), Reason::SpentRequestUri);
    // A second click gets the first answer.
    match host.approve(&form(&request_uri), "cookie", "two", End::Commit).await {
        Err(AuthorizeRefusal::Answered(answer)) => assert!(Reply::from(answer.response().clone()) == first),
        other => panic!("{:?}", other.map(|reply| reply.status())),
    }
    assert_eq!(host.codes().await, ["one"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_that_was_written_in_a_transaction_is_there_after_its_commit_only() {
    let host = Host::new().await;
    let request_uri = host.node.pushed().await;
    let pending = host.node.open(&request_uri, "cookie").await.unwrap();
    let mut connection = host.pool.get().await.unwrap();
    for (end, expected) in [(End::Rollback, &b""[..]), (End::Commit, b"alice")] {
        let transaction = connection.transaction().await.unwrap();
        {
            let par = host.node.0.with_store(host.store.in_transaction(&transaction));
            par.annotate(&pending, b"alice").await.unwrap();
            par.extend(&pending).await.unwrap();
            let again = par.authorize(&form(&request_uri), Browser::bound("cookie").unwrap()).await.unwrap();
            assert_eq!(again.annotation(), b"alice");
            // A refusal leaves the transaction as it is.
            assert!(matches!(par.annotate(&pending, b"bob").await, Err(AnnotateRefusal::Changed)));
        }
        match end {
            End::Commit => transaction.commit().await.unwrap(),
            End::Rollback => transaction.rollback().await.unwrap(),
        }
        assert_eq!(host.node.open(&request_uri, "cookie").await.unwrap().annotation(), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_opened_in_a_transaction_waits_again_after_a_rollback() {
    let host = Host::new().await;
    let request_uri = host.node.pushed().await;
    let mut connection = host.pool.get().await.unwrap();
    let transaction = connection.transaction().await.unwrap();
    let par = host.node.0.with_store(host.store.in_transaction(&transaction));
    par.authorize(&form(&request_uri), Browser::bound("one").unwrap()).await.unwrap();
    drop(par);
    transaction.rollback().await.unwrap();
    host.node.open(&request_uri, "two").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_lost_before_the_commit_is_a_rollback() {
    let host = Host::new().await;
    let request_uri = host.node.pushed().await;
    let mut connection = host.database.connect().await;
    let transaction = connection.transaction().await.unwrap();
    let par = host.node.0.with_store(host.store.in_transaction(&transaction));
    let pending = par.authorize(&form(&request_uri), Browser::bound("cookie").unwrap()).await.unwrap();
    let granted = par.complete(&pending).await.unwrap();
    let pid: i32 = transaction.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    host.database.run(&format!("SELECT pg_terminate_backend({pid})")).await;
    assert!(transaction.execute("INSERT INTO codes VALUES ('one', 'web')", &[]).await.is_err());
    assert_eq!(reason(par.complete(&pending).await), Reason::StoreUnavailable);
    host.node.look().fault("complete", "connection closed");
    drop((granted, par));
    assert!(transaction.commit().await.is_err());
    host.approve(&form(&request_uri), "cookie", "two", End::Commit).await.unwrap();
    host.node.look().back("complete");
    assert_eq!(host.codes().await, ["two"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_decisions_at_once_bring_one_code_however_many_are_rolled_back() {
    for round in 0..10 {
        let host = Arc::new(Host::new().await);
        let request_uri = host.node.pushed().await;
        host.node.open(&request_uri, "cookie").await.unwrap();
        let barrier = Arc::new(Barrier::new(12));
        let mut tasks = JoinSet::new();
        for number in 0..12 {
            let (host, barrier, form) = (Arc::clone(&host), Arc::clone(&barrier), form(&request_uri));
            tasks.spawn(async move {
                barrier.wait().await;
                let (code, end) = (format!("{round}-{number}"), [End::Rollback, End::Commit][number % 2]);
                let outcome = host.approve(&form, "cookie", &code, end).await;
                (outcome.is_ok() && end == End::Commit).then_some(code)
            });
        }
        let granted: Vec<String> = tasks.join_all().await.into_iter().flatten().collect();
        let mut codes = host.codes().await;
        if codes.is_empty() {
            // All that were granted were rolled back, so the request is open.
            host.approve(&form(&request_uri), "cookie", "last", End::Commit).await.unwrap();
            codes = host.codes().await;
            assert_eq!(codes, ["last"]);
        } else {
            assert_eq!(codes, granted);
        }
        assert_eq!(codes.len(), 1);
        assert_eq!(reason(host.node.open(&request_uri, "cookie").await), Reason::SpentRequestUri);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_that_is_rolled_back_can_still_be_approved() {
    let host = Host::new().await;
    let request_uri = host.node.pushed().await;
    let mut connection = host.pool.get().await.unwrap();
    let transaction = connection.transaction().await.unwrap();
    let par = host.node.0.with_store(host.store.in_transaction(&transaction));
    let browser = Browser::bound("cookie").unwrap();
    let deny = Decision::Deny(DenialCode::AccessDenied);
    let pending = par.authorize_decision(&form(&request_uri), browser, deny).await.unwrap();
    par.deny(&pending, DenialCode::AccessDenied).await.unwrap();
    drop(par);
    transaction.rollback().await.unwrap();
    host.approve(&form(&request_uri), "cookie", "one", End::Commit).await.unwrap();
    assert_eq!(host.codes().await, ["one"]);
}

/// Clients in a table of the host's.
struct Table<'t>(&'t Transaction<'t>);

impl ClientRegistry for Table<'_> {
    async fn client(&self, client_id: &str) -> Result<Option<Arc<Client>>, RegistryError> {
        let found = self.0.query_opt("SELECT registration FROM clients WHERE client_id = $1", &[&client_id]).await;
        let Some(row) = found.map_err(RegistryError::new)? else { return Ok(None) };
        let registration: ClientRegistration = serde_json::from_str(row.get(0)).map_err(RegistryError::new)?;
        Ok(Some(Arc::new(Client::try_from(registration).map_err(RegistryError::new)?)))
    }
}

async fn push_as_new(par: &ParEndpoint<impl ClientRegistry, impl RequestStore>) -> Pushed {
    let headers =
        [("content-type", &b"application/x-www-form-urlencoded"[..]), ("authorization", b"Basic bmV3OnMzY3JldA==")];
    par.push(&FormRequest::new("POST", headers, b"response_type=code")).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_registered_in_the_transaction_can_push_in_it() {
    let host = Host::new().await;
    host.database.run("CREATE TABLE clients (client_id text PRIMARY KEY, registration text NOT NULL)").await;
    let registration =
        r#"{ "client_id": "new", "client_secret": "s3cret", "redirect_uris": ["https://new.example/cb"] }"#;
    let mut connection = host.pool.get().await.unwrap();
    for end in [End::Rollback, End::Commit] {
        let transaction = connection.transaction().await.unwrap();
        transaction.execute("INSERT INTO clients VALUES ('new', $1)", &[&registration]).await.unwrap();
        let par = host.node.0.with_store(host.store.in_transaction(&transaction)).with_clients(Table(&transaction));
        let pushed = push_as_new(&par).await;
        drop(par);
        match end {
            End::Commit => transaction.commit().await.unwrap(),
            End::Rollback => transaction.rollback().await.unwrap(),
        }
        let transaction = connection.transaction().await.unwrap();
        let par = host.node.0.with_clients(Table(&transaction));
        let query = format!("client_id=new&request_uri={}", pushed.request_uri());
        let opened = par.authorize(&query, Browser::bound("cookie").unwrap()).await;
        match end {
            End::Commit => assert_eq!(opened.unwrap().request().client_id(), "new"),
            End::Rollback => assert_eq!(reason(opened), Reason::RequestUriOfUnknownClient),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_are_undone_with_their_transaction() {
    let host = Host::new().await;
    let (one, two) = (mark(key()), mark(key()));
    for end in [End::Rollback, End::Commit] {
        let mut connection = host.pool.get().await.unwrap();
        let transaction = connection.transaction().await.unwrap();
        let store = host.store.in_transaction(&transaction);
        store.insert(new_request(key()).with_marks(&[one, two]), LONG).await.unwrap();
        // A refusal spoils nothing.
        for marks in [&[two, mark(key())][..], &[one][..]] {
            assert!(matches!(store.remember(client(), marks).await, Err(StoreRefusal::Replayed { .. })));
        }
        drop(store);
        match end {
            End::Commit => transaction.commit().await.unwrap(),
            End::Rollback => transaction.rollback().await.unwrap(),
        }
    }
    assert!(
        matches!(host.store.remember(client(), &[one]).await, Err(StoreRefusal::Replayed { mark }) if mark == one.key)
    );
}

/// Two transactions that bring the same marks: one waits for the other, and finds them known.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_race_for_marks_spoils_no_transaction() {
    let host = Arc::new(Host::new().await);
    let (one, two) = (mark(key()), mark(key()));
    let mut connection = host.pool.get().await.unwrap();
    let first = connection.transaction().await.unwrap();
    host.store.in_transaction(&first).remember(client(), &[one, two]).await.unwrap();
    let other = tokio::spawn({
        let host = Arc::clone(&host);
        async move {
            let mut connection = host.pool.get().await.unwrap();
            let second = connection.transaction().await.unwrap();
            second.execute("INSERT INTO codes VALUES ('kept', 'web')", &[]).await.unwrap();
            let store = host.store.in_transaction(&second);
            let refused = store.insert(new_request(key()).with_marks(&[two, one]), LONG).await;
            drop(store);
            second.commit().await.unwrap();
            refused
        }
    });
    // Until it waits for the first.
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
    let watch = host.database.connect().await;
    while watch.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    first.commit().await.unwrap();
    let refused = other.await.unwrap();
    assert!(matches!(refused, Err(InsertError::Refused(StoreRefusal::Replayed { .. }))));
    assert_eq!(host.codes().await, ["kept"]);
}

/// Calls at the same time in one transaction are run one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn calls_in_one_transaction_take_turns() {
    let host = Host::new().await;
    let mut connection = host.pool.get().await.unwrap();
    let transaction = connection.transaction().await.unwrap();
    let store = host.store.in_transaction(&transaction);
    let (request, known) = (key(), mark(key()));
    store.remember(client(), &[known]).await.unwrap();
    let new = [mark(key()), mark(key())];
    let (clash, alone) = ([known, mark(key())], mark(key()));
    let (inserted, refused, remembered) = tokio::join!(
        store.insert(new_request(request).with_marks(&new), LONG),
        store.remember(client(), &clash),
        store.remember(client(), std::slice::from_ref(&alone)),
    );
    assert!(inserted.is_ok() && remembered.is_ok());
    assert!(matches!(refused, Err(StoreRefusal::Replayed { .. })));
    drop(store);
    transaction.commit().await.unwrap();
    host.store.claim(claim(request), LONG).await.unwrap();
    for mark in new {
        assert!(matches!(host.store.remember(client(), &[mark]).await, Err(StoreRefusal::Replayed { .. })));
    }
    host.store.remember(client(), &[clash[1]]).await.unwrap();
}

/// The store of a whole contract, in one transaction that is rolled back at the end.
struct OneTransaction<'t> {
    store: PostgresTransactionStore<'t>,
    runtime: Handle,
}

impl<'t> Harness for OneTransaction<'t> {
    type Store = PostgresTransactionStore<'t>;

    fn store(&self) -> Self::Store {
        self.store.clone()
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    fn pass(&self, time: Duration) {
        thread::sleep(time);
    }

    fn rounds(&self) -> usize {
        2
    }
}

// S-08
#[test]
fn the_contract_is_kept_within_a_transaction() {
    let runtime = Runtime::new().unwrap();
    let (database, mut connection) = runtime.block_on(async {
        let database = Database::new().await;
        database.store().await;
        let connection = database.connect().await;
        (database, connection)
    });
    let store = PostgresStore::builder(database.pool(1)).timeout(Duration::from_secs(60)).build().unwrap();
    let transaction = runtime.block_on(connection.transaction()).unwrap();
    let store = store.in_transaction(&transaction);
    contract::check(&OneTransaction { store, runtime: runtime.handle().clone() }).unwrap();
    assert!(!runtime.block_on(database.dump()).contains(';'), "nothing was committed");
}

/// An endpoint for a request shares what the endpoint remembers, and its policy.
#[tokio::test(flavor = "multi_thread")]
async fn everything_but_the_store_is_shared() {
    let host = Host::new().await;
    let mut connection = host.pool.get().await.unwrap();
    let transaction = connection.transaction().await.unwrap();
    let par = host.node.0.with_store(host.store.in_transaction(&transaction));
    assert!(std::ptr::eq(par.policy(), host.node.0.policy()));
    assert_eq!(par.policy(), &Policy::oauth());
    assert!(std::ptr::eq(par.issuer(), host.node.0.issuer()));
    let none = host.node.0.with_clients(InMemoryRegistry::default());
    let request_uri = host.node.pushed().await;
    let refused = none.authorize(&form(&request_uri), Browser::bound("cookie").unwrap()).await;
    assert_eq!(reason(refused), Reason::RequestUriOfUnknownClient);
    host.node.open(&request_uri, "cookie").await.unwrap();
}
