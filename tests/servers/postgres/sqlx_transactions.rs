//! Opening, completing and issuing the code in a transaction of `sqlx`.

use std::{sync::Arc, time::Duration};

use parjar::{
    AuthorizeRefusal, Browser, Decision, Reason, Reply,
    store::{ClaimError, InsertError, PostgresStore, RequestStore as _, StoreRefusal},
};
use sqlx::PgPool;
use tokio::task::JoinSet;

use super::{
    database::Database,
    endpoint::{LONG, Node, claim, client, key, mark, new_request},
};

struct Host {
    node: Node<PostgresStore>,
    store: PostgresStore,
    pool: PgPool,
    database: Database,
}

impl Host {
    async fn new() -> Self {
        let database = Database::new().await;
        database.run("CREATE TABLE codes (code text PRIMARY KEY, client_id text NOT NULL)").await;
        let pool = database.sqlx_pool(16);
        let store = PostgresStore::builder(pool.clone()).timeout(Duration::from_secs(20)).build().unwrap();
        store.migrate().await.unwrap();
        Self { node: Node::over(store.clone()), store, pool, database }
    }

    /// The handler of a form: the code is issued in the transaction that spends the request.
    async fn approve(&self, request_uri: &str, code: &str, commits: bool) -> Result<Reply, AuthorizeRefusal> {
        let mut transaction = self.pool.begin().await.unwrap();
        let granted = {
            let par = self.node.0.with_store(self.store.in_sqlx_transaction(&mut transaction));
            let form = format!("client_id=web&request_uri={request_uri}");
            let pending = par.authorize_decision(&form, Browser::bound("cookie").unwrap(), Decision::Approve).await?;
            par.complete(&pending).await?
        };
        let insert = sqlx::query("INSERT INTO codes (code, client_id) VALUES ($1, $2)");
        insert.bind(code).bind(granted.request().client_id()).execute(&mut *transaction).await.unwrap();
        if commits {
            transaction.commit().await.unwrap();
        } else {
            transaction.rollback().await.unwrap();
        }
        Ok(granted.respond([("code", code)]).await?.into())
    }

    async fn codes(&self) -> Vec<String> {
        let rows = self.database.connect().await.query("SELECT code FROM codes ORDER BY code", &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_leaves_the_request_open_and_a_commit_spends_it_with_one_code() {
    let host = Host::new().await;
    let request_uri = host.node.pushed().await;
    host.node.open(&request_uri, "cookie").await.unwrap();
    host.approve(&request_uri, "one", false).await.unwrap();
    assert_eq!(host.codes().await, [""; 0]);
    let reply = host.approve(&request_uri, "two", true).await.unwrap();
    assert!(reply.header("location").unwrap().contains("code=two"));
    assert_eq!(host.codes().await, ["two"]);
    let refused = host.node.open(&request_uri, "cookie").await.unwrap_err();
    assert_eq!(refused.refusal().reason(), Reason::SpentRequestUri);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_decisions_at_once_bring_one_code() {
    for round in 0..3 {
        let host = Arc::new(Host::new().await);
        let request_uri = host.node.pushed().await;
        let mut tasks = JoinSet::new();
        for number in 0..12 {
            let (host, request_uri) = (Arc::clone(&host), request_uri.clone());
            tasks.spawn(async move { host.approve(&request_uri, &format!("{round}-{number}"), true).await.is_ok() });
        }
        tasks.join_all().await;
        assert_eq!(host.codes().await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_leave_the_transaction_as_it_is() {
    let host = Host::new().await;
    let known = mark(key());
    host.store.remember(client(), &[known]).await.unwrap();
    let mut transaction = host.pool.begin().await.unwrap();
    let (first, second) = (key(), key());
    {
        let store = host.store.in_sqlx_transaction(&mut transaction);
        store.insert(new_request(first), LONG).await.unwrap();
        assert!(matches!(store.insert(new_request(first), LONG).await, Err(InsertError::Exists)));
        let replayed = store.insert(new_request(second).with_marks(&[known]), LONG).await;
        assert!(matches!(replayed, Err(InsertError::Refused(StoreRefusal::Replayed { mark })) if mark == known.key));
        assert!(matches!(store.consume(claim(first), LONG).await, Err(ClaimError::Unknown)));
        store.ready().await.unwrap();
        // Several at once wait for each other.
        let (opened, unknown) = tokio::join!(store.claim(claim(first), LONG), store.claim(claim(second), LONG));
        assert!(opened.is_ok() && matches!(unknown, Err(ClaimError::Unknown)));
    }
    assert!(matches!(host.store.claim(claim(first), LONG).await, Err(ClaimError::Unknown)));
    transaction.commit().await.unwrap();
    host.store.claim(claim(first), LONG).await.unwrap();
}
