//! A cluster has what belongs to one client in one place, and different clients in different ones.

use parjar::store::{Claim, MarkPurpose, NewRequest, Owner, RecordKey, RedisStore, ReplayMark, RequestStore as _};

use super::{
    MINUTE,
    servers::{Cluster, PATIENCE},
};

const CLIENTS: u16 = 300;

/// Keys that look like digests, the same in each run.
fn key(family: u8, number: u16) -> RecordKey {
    let mut state = u64::from(number) << 8 | u64::from(family);
    let mut bytes = [0; 32];
    for byte in &mut bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *byte = state.to_be_bytes()[0];
    }
    RecordKey::from_bytes(bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_primary_of_a_cluster_has_its_share_of_the_clients() {
    let mut cluster = Cluster::start(0).await;
    let store = RedisStore::builder(cluster.client()).timeout(PATIENCE).build().await.unwrap();
    for number in 0..CLIENTS {
        let owner = key(1, number);
        let marks = [key(2, number), key(3, number)].map(|key| ReplayMark::new(MarkPurpose::Credential, key, MINUTE));
        let request = NewRequest::new(key(4, number), Owner::authenticated(owner), b"payload").with_marks(&marks);
        store.insert(request, MINUTE).await.unwrap();
        let claim = Claim::new(key(4, number), owner);
        store.claim(claim, MINUTE).await.unwrap();
        store.consume(claim, MINUTE).await.unwrap();
    }
    let mut all = 0;
    for node in cluster.nodes() {
        let names: Vec<String> = node.tell("KEYS *").await;
        // A third of the slots each: 100 clients, give or take.
        assert!((75 * 3..=125 * 3).contains(&names.len()), "{}", names.len());
        // What a client has is here or it is not: a request and two marks for each tag.
        let mut tags: Vec<&str> = names.iter().map(|name| name.split(['{', '}']).nth(1).unwrap()).collect();
        tags.sort_unstable();
        assert!(tags.chunk_by(|one, other| one == other).all(|same| same.len() == 3), "{tags:?}");
        let told: String = node.tell("INFO commandstats").await;
        let scripts = told.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls=")).unwrap();
        let scripts: usize = scripts.split(',').next().unwrap().parse().unwrap();
        // Insert, claim and consume are a command each.
        assert!(scripts >= names.len() && scripts < names.len() + 50, "{scripts} for {} keys", names.len());
        all += names.len();
    }
    assert_eq!(all, 3 * usize::from(CLIENTS));
}

/// A tag is the start of the digest of an owner, so a client moves neither when nodes are started anew nor between versions.
#[tokio::test]
async fn names_are_what_they_were() {
    let redis = super::servers::Redis::start(&[]);
    let store = redis.store().await;
    let owner = RecordKey::from_bytes([0xFB; 32]);
    let mark = ReplayMark::new(MarkPurpose::Credential, RecordKey::from_bytes([2; 32]), MINUTE);
    store.remember(Owner::authenticated(owner), &[mark]).await.unwrap();
    let names: Vec<String> = redis.tell("KEYS *").await;
    assert_eq!(names, ["parjar:{-_v7-_}m:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI"]);
}
