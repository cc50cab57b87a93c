//! The store over Redis, against bare commands.

use parjar::store::{RedisStore, RequestStore};
use redis::aio::MultiplexedConnection;

use crate::{
    servers::Redis,
    turns::{Engine, Operation, PATIENCE, compare, key, payload},
};

pub(crate) async fn measure() {
    let redis = Redis::any();
    let connection = redis.connection().await;
    let store = RedisStore::builder(redis.client()).timeout(PATIENCE).build().await.unwrap();
    compare(&OverRedis { connection, store }).await;
}

#[derive(Clone)]
struct OverRedis {
    connection: MultiplexedConnection,
    store: RedisStore,
}

impl OverRedis {
    /// As long as a name of the store.
    fn name(number: u64) -> String {
        let digest = openssl::base64::encode_block(key(number).as_bytes());
        format!("floors:{{AAAAAA}}r:{}", digest.trim_end_matches('='))
    }

    /// As large as a record of the store.
    async fn set(&self, name: &str) {
        let mut connection = self.connection.clone();
        let value = [&[0; 82][..], payload()].concat();
        let mut command = redis::cmd("SET");
        command.arg(name).arg(&value[..]).arg("PX").arg(600_000);
        command.query_async::<()>(&mut connection).await.unwrap();
    }
}

impl Engine for OverRedis {
    const NAME: &'static str = "Redis";
    const COUNT: u64 = 4096;

    fn store(&self) -> &impl RequestStore {
        &self.store
    }

    async fn prepare(&self, _: Operation, number: u64) {
        self.set(&Self::name(number)).await;
    }

    async fn floor(&self, operation: Operation, number: u64) {
        let name = Self::name(number);
        match operation {
            Operation::Insert => self.set(&name).await,
            Operation::Claim | Operation::Consume => {
                let mut connection = self.connection.clone();
                let mut command = redis::cmd("GETDEL");
                let value: Vec<u8> = command.arg(name).query_async(&mut connection).await.unwrap();
                assert!(value.len() >= payload().len());
            }
        }
    }

    /// What the server says that its own thread has used.
    async fn server_microseconds(&self) -> Option<f64> {
        let mut connection = self.connection.clone();
        let told: String = redis::cmd("INFO").arg("cpu").query_async(&mut connection).await.ok()?;
        let seconds = |name: &str| told.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
        Some((seconds("used_cpu_user_main_thread:")? + seconds("used_cpu_sys_main_thread:")?) * 1e6)
    }
}
