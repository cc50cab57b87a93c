//! Nodes that hold their settings against each other over a server.

use parjar::{
    BoxedParEndpoint, InMemoryRegistry, ParEndpoint, Policy, ServerSecret, SettingsGroup,
    store::{BoxedStore, SealedStore, SealingKeys},
};

use super::{postgres::database::Database, redis::servers::Redis};

const OLD: &str = "0123456789abcdef0123456789abcdef";
const NEW: &str = "fedcba9876543210fedcba9876543210";

#[tokio::test(flavor = "multi_thread")]
async fn nodes_over_redis_find_what_differs() {
    let redis = Redis::any();
    what_differs_is_found(BoxedStore::new(redis.store().await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_over_postgres_find_what_differs() {
    let database = Database::new().await;
    what_differs_is_found(BoxedStore::new(database.store().await)).await;
}

async fn what_differs_is_found(store: BoxedStore) {
    // A server that runs for other tests as well may have what an earlier run has left.
    let issuer = format!("https://{}.example.com", std::process::id());
    let node = |policy: Policy, secret: ServerSecret| {
        let keys = SealingKeys::from_secret(&issuer, &secret).unwrap();
        let building = ParEndpoint::builder(&issuer).policy(policy).clients(InMemoryRegistry::default());
        building.server_secret(secret).store(SealedStore::new(store.clone(), keys)).build().unwrap().boxed()
    };
    let [old, new] = [OLD, NEW].map(|text| ServerSecret::parse(text).unwrap());

    let one = node(Policy::oauth(), old.clone());
    assert_eq!(differing(&one).await, []);
    assert_eq!(differing(&node(Policy::oauth(), old.clone())).await, []);
    assert_eq!(differing(&node(Policy::oidc(), old.clone())).await, [SettingsGroup::Policy]);
    assert_eq!(differing(&one).await, [SettingsGroup::Policy]);
    // A node that seals with another secret can read nothing, and others not what it has left.
    assert_eq!(differing(&node(Policy::oauth(), new.clone())).await, [SettingsGroup::SealingKeys]);
    assert_eq!(differing(&one).await, [SettingsGroup::Policy, SettingsGroup::SealingKeys]);
    // One that accepts the other secret reads what it has left, and tells that the others do not accept it.
    let between = node(Policy::oauth(), old.accepting(&new));
    assert_eq!(differing(&between).await, [SettingsGroup::Policy, SettingsGroup::ServerSecret]);
}

async fn differing(par: &BoxedParEndpoint) -> Vec<SettingsGroup> {
    let comparison = par.compare_settings().await.unwrap();
    let offset = comparison.clock_offset().unwrap_or_default();
    // All nodes have the clock of this machine. A second or so may pass between an answer and its reading.
    assert!(offset.abs() < 10, "{offset}");
    comparison.differing().to_vec()
}
