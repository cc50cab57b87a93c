//! A server without memory.

use std::time::Duration;

use parjar::store::{InsertError, NewRequest, RequestStore as _, StoreRefusal};

use super::{MINUTE, claim, client, fresh, mark, nodes::endpoint, opened, request, servers::Redis};

#[tokio::test]
async fn a_full_server_refuses_what_is_new_and_goes_on_with_what_it_has() {
    // S-02, C-07
    let redis = Redis::start(&["--maxmemory", "4mb"]);
    let store = redis.store().await;
    let known = mark();
    store.remember(client(), &[known]).await.unwrap();
    let (open, waiting) = (opened(&store).await, fresh());
    store.insert(request(waiting, &[]), MINUTE).await.unwrap();
    let mut filling = Vec::new();
    let refused = loop {
        assert!(filling.len() < 500, "never full");
        let key = fresh();
        match store.insert(NewRequest::new(key, client(), &[b'x'; 32_000]), MINUTE).await {
            Ok(_) => filling.push(key),
            Err(error) => break error,
        }
    };
    let InsertError::Refused(StoreRefusal::Full { retry_after, .. }) = refused else { panic!("{refused:?}") };
    assert!(Duration::ZERO < retry_after && retry_after <= MINUTE);
    // What is small may fit still, so the bound moves below what there is.
    let _: () = redis.tell("CONFIG SET maxmemory 2mb").await;
    // All or nothing, and a replay is told as one.
    let (key, new) = (fresh(), [mark(), mark()]);
    let with_marks = store.insert(request(key, &new), MINUTE).await;
    assert!(matches!(with_marks, Err(InsertError::Refused(StoreRefusal::Full { .. }))), "{with_marks:?}");
    assert!(matches!(store.remember(client(), &new).await, Err(StoreRefusal::Full { .. })));
    for replay in [
        store.remember(client(), &[new[0], known]).await,
        store.insert(request(key, &[known]), MINUTE).await.map_err(|error| match error {
            InsertError::Refused(refusal) => refusal,
            error => panic!("{error:?}"),
        }),
    ] {
        assert!(matches!(replay, Err(StoreRefusal::Replayed { mark }) if mark == known.key), "{replay:?}");
    }
    let par = endpoint(store.clone());
    let reply = par.push().await;
    par.look().limit("push", "store_full", "the memory of Redis");
    assert_eq!(reply.status(), 503, "{}", reply.body());
    assert!(reply.body().contains("temporarily_unavailable") && reply.header("retry-after").is_some());
    // Whoever is in the middle of a login can end it, which makes room.
    store.claim(claim(waiting), MINUTE).await.unwrap();
    store.consume(claim(open), MINUTE).await.unwrap();
    for key in filling {
        store.claim(claim(key), MINUTE).await.unwrap();
        store.consume(claim(key), MINUTE).await.unwrap();
    }
    let _: () = redis.tell("CONFIG SET maxmemory 4mb").await;
    store.insert(request(key, &new), MINUTE).await.unwrap();
    assert_eq!(endpoint(store).push().await.status(), 201);
}
