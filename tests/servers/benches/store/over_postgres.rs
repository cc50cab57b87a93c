//! The store over PostgreSQL, against bare statements.

use deadpool_postgres::Pool;
use parjar::store::{PostgresConnector, PostgresStore, RequestStore};

use crate::{
    database::Database,
    turns::{Engine, Operation, PATIENCE, compare, key, owner, payload},
    work::{microseconds, server},
};

pub(crate) async fn measure() {
    let database = Database::new().await;
    let pool = database.pool(16);
    let store = store(pool.clone());
    store.migrate().await.unwrap();
    database.run("CREATE TABLE floor (LIKE parjar_requests INCLUDING ALL)").await;
    compare(&OverPostgres { pool, store, server: server(&database).await }).await;
}

pub(crate) fn store(connector: impl Into<PostgresConnector>) -> PostgresStore {
    PostgresStore::builder(connector).timeout(PATIENCE).build().unwrap()
}

#[derive(Clone)]
struct OverPostgres {
    pool: Pool,
    store: PostgresStore,
    server: Option<u32>,
}

impl OverPostgres {
    async fn put(&self, number: u64) {
        const INSERT: &str = "INSERT INTO floor (key, owner, browser, state, payload, expires_at)
            VALUES ($1, $2, $3, 0, $4, now() + interval '10 minutes')";
        let client = self.pool.get().await.unwrap();
        let statement = client.prepare_cached(INSERT).await.unwrap();
        let (key, owner) = (key(number), owner());
        let owner = &owner.as_bytes()[..];
        assert_eq!(
            client.execute(&statement, &[&&key.as_bytes()[..], &owner, &Some(owner), &payload()]).await.unwrap(),
            1
        );
    }
}

impl Engine for OverPostgres {
    const NAME: &'static str = "PostgreSQL";
    const COUNT: u64 = 512;

    fn store(&self) -> &impl RequestStore {
        &self.store
    }

    async fn server_microseconds(&self) -> Option<f64> {
        microseconds(self.server)
    }

    async fn prepare(&self, _: Operation, number: u64) {
        self.put(number).await;
    }

    async fn floor(&self, operation: Operation, number: u64) {
        match operation {
            Operation::Insert => self.put(number).await,
            Operation::Claim | Operation::Consume => {
                let client = self.pool.get().await.unwrap();
                let delete = "DELETE FROM floor WHERE key = $1 RETURNING payload";
                let statement = client.prepare_cached(delete).await.unwrap();
                let key = key(number);
                let row = client.query_one(&statement, &[&&key.as_bytes()[..]]).await.unwrap();
                assert_eq!(row.get::<_, &[u8]>(0), payload());
            }
        }
    }
}
