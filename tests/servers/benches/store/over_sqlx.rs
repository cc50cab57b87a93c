//! The store over a pool of `sqlx`, against the one over `deadpool_postgres`.

use parjar::store::{PostgresStore, RequestStore};

use crate::{
    database::Database,
    over_postgres::store,
    turns::{Engine, Operation, compare, run},
    work::{microseconds, server},
};

pub(crate) async fn measure() {
    let database = Database::new().await;
    let floor = store(database.pool(16));
    floor.migrate().await.unwrap();
    let server = server(&database).await;
    let tested = database.sqlx_pool(16);
    let options = tested.options().clone().test_before_acquire(false);
    let bare = options.connect_lazy_with(tested.connect_options().as_ref().clone());
    compare(&OverSqlx::<true> { floor: floor.clone(), store: store(tested), server }).await;
    // The numbers begin anew.
    database.run("TRUNCATE parjar_requests, parjar_marks").await;
    compare(&OverSqlx::<false> { floor, store: store(bare), server }).await;
}

/// The store over `sqlx`, and as its floor the one over `deadpool_postgres`.
#[derive(Clone)]
struct OverSqlx<const IS_TESTED: bool> {
    floor: PostgresStore,
    store: PostgresStore,
    server: Option<u32>,
}

/// The numbers of a floor that is a store as well.
const APART: u64 = 1 << 48;

impl<const IS_TESTED: bool> Engine for OverSqlx<IS_TESTED> {
    const NAME: &'static str = if IS_TESTED { "sqlx" } else { "sqlx bare" };
    const COUNT: u64 = 512;

    fn store(&self) -> &impl RequestStore {
        &self.store
    }

    async fn server_microseconds(&self) -> Option<f64> {
        microseconds(self.server)
    }

    async fn prepare(&self, operation: Operation, number: u64) {
        run(&self.floor, Operation::Insert, APART + number).await;
        if matches!(operation, Operation::Consume) {
            run(&self.floor, Operation::Claim, APART + number).await;
        }
    }

    async fn floor(&self, operation: Operation, number: u64) {
        run(&self.floor, operation, APART + number).await;
    }
}
