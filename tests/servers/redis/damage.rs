//! What others leave under the keys of the store.

use parjar::{
    ErrorCode,
    store::{ClaimError, InsertError, RequestStore as _, StoreRefusal},
};
use redis::{Cmd, aio::MultiplexedConnection};

use super::{MINUTE, claim, client, fresh, mark, name, nodes::endpoint, opened, request, servers::Redis};

async fn put(connection: &mut MultiplexedConnection, name: String, value: &[u8]) {
    let mut command = Cmd::new();
    command.arg("SET").arg(name).arg(value).arg("EX").arg(60);
    let _: () = command.query_async(connection).await.unwrap();
}

#[tokio::test]
async fn what_the_store_did_not_write_is_neither_opened_nor_spent_nor_overwritten() {
    // S-07
    let redis = Redis::any();
    let (store, mut connection) = (redis.store().await, redis.connection().await);
    let whole = |version: u8, state: u8| [&[version, state][..], &[0; 40], &[1; 32], &[0; 8], b"payload"].concat();
    for (what, value) in [
        ("nothing", Vec::new()),
        ("one byte", vec![1]),
        ("a head that is cut", whole(2, 2)[..81].to_vec()),
        ("an older layout", whole(1, 2)),
        ("a newer layout", whole(3, 2)),
        ("text", vec![b'x'; 100]),
        ("no state", whole(2, 0)),
        ("a state of the future", whole(2, 5)),
    ] {
        let key = fresh();
        put(&mut connection, name(key), &value).await;
        assert!(matches!(store.claim(claim(key), MINUTE).await, Err(ClaimError::Unreadable)), "{what}");
        assert!(matches!(store.consume(claim(key), MINUTE).await, Err(ClaimError::Unreadable)), "{what}");
        let mark = mark();
        assert!(matches!(store.insert(request(key, &[]), MINUTE).await, Err(InsertError::Exists)), "{what}");
        assert!(matches!(store.insert(request(key, &[mark]), MINUTE).await, Err(InsertError::Exists)), "{what}");
        store.remember(client(), &[mark]).await.unwrap();
        let left: Vec<u8> = Cmd::new().arg("GET").arg(name(key)).query_async(&mut connection).await.unwrap();
        assert_eq!(left, value, "{what}");
    }
}

#[tokio::test]
async fn a_value_of_another_type_is_refused() {
    // S-07
    let redis = Redis::any();
    let (store, mut connection) = (redis.store().await, redis.connection().await);
    let (key, mark) = (fresh(), mark());
    let name_of_mark = name(mark.key).replace("}r:", "}m:");
    for name in [name(key), name_of_mark] {
        let _: () = Cmd::new().arg("RPUSH").arg(&name).arg("x").query_async(&mut connection).await.unwrap();
        let _: () = Cmd::new().arg("EXPIRE").arg(&name).arg(60).query_async(&mut connection).await.unwrap();
    }
    assert!(matches!(store.claim(claim(key), MINUTE).await, Err(ClaimError::Unreadable)));
    assert!(matches!(store.consume(claim(key), MINUTE).await, Err(ClaimError::Unreadable)));
    assert!(matches!(store.insert(request(key, &[]), MINUTE).await, Err(InsertError::Exists)));
    let known = store.remember(client(), &[mark]).await;
    assert!(matches!(known, Err(StoreRefusal::Replayed { mark: known }) if known == mark.key), "{known:?}");
}

#[tokio::test]
async fn no_cut_and_no_flipped_bit_makes_anything_but_a_refusal_or_the_payload() {
    // S-07
    let redis = Redis::any();
    let (store, mut connection) = (redis.store().await, redis.connection().await);
    let sample = opened(&store).await;
    let whole: Vec<u8> = Cmd::new().arg("GET").arg(name(sample)).query_async(&mut connection).await.unwrap();
    let key = fresh();
    let cuts = (0..whole.len()).map(|length| whole[..length].to_vec());
    let flips = (0..82 * 8).map(|bit| {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    });
    for value in cuts.chain(flips) {
        put(&mut connection, name(key), &value).await;
        match store.claim(claim(key), MINUTE).await {
            // Bits of a browser mean nothing while there is none, and those of a length move the bytes that follow.
            Ok(claimed) => {
                let bytes = [claimed.annotation, claimed.payload].concat();
                assert!(b"payload \x00\xff".starts_with(&bytes) && value.len() >= 82);
            }
            Err(ClaimError::Unavailable(error)) => panic!("{error:?}"),
            Err(_) => {}
        }
    }
}

#[tokio::test]
async fn a_browser_with_a_damaged_record_is_told_of_an_invalid_request_uri() {
    // S-07
    let redis = Redis::start(&[]);
    let par = endpoint(redis.store().await);
    let request_uri = par.pushed().await;
    let names: Vec<String> = redis.tell("KEYS *").await;
    let _: () = redis.tell(&format!("SETRANGE {} 0 X", names[0])).await;
    let refusal = par.open(&request_uri, None).await.unwrap_err();
    assert_eq!(refusal.refusal().code(), ErrorCode::InvalidRequestUri);
}
