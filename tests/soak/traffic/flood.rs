//! A client that pushes until it has used up its share of a node's memory. Others go on, and when its requests have expired it can push again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    answers::{Endpoint, check},
    clients::FLOOD,
    dice::Dice,
    faults::{PATIENCE, recover},
    http::exchange,
    node::Node,
    world::{LARGEST_BODY, LOGIN_LIFETIME, REQUEST_URI_LIFETIME, World},
};

/// Tasks that push at the same time.
const FLOODING: usize = 3;
/// What a node may have more than after the first flood, when it has been flooded again. Its allocator does not give back all that it frees, and
/// what users do between two floods is not the same.
const TOLERANCE_KIB: u64 = 48 * 1024;

pub(crate) async fn flood_again_and_again(world: Arc<World>, mut dice: Dice) {
    let push = Arc::new(large_push());
    while !world.is_over() {
        let _turn = world.turn.lock().await;
        let Some(first) = flood(&world, &push, &mut dice).await else { continue };
        let Some(second) = flood(&world, &push, &mut dice).await else { continue };
        let most = first + first / 4 + TOLERANCE_KIB;
        assert!(second <= most, "{} grows: {second} KiB when flooded again, {first} KiB the first time", world.name);
        world.tally.count("memory flat");
    }
}

/// Fills the share of a client, and lets everything expire: the memory that the node had when the share was full, in KiB.
async fn flood(world: &Arc<World>, push: &Arc<Vec<u8>>, dice: &mut Dice) -> Option<u64> {
    let node = &world.nodes[0];
    if !fill(world, node, push).await {
        return None;
    }
    world.tell(format_args!("{} refuses the flood", node.name));
    world.tally.count("flood refused");
    let memory = node.memory();
    // Others go on.
    recover(world, dice).await;
    world.may_lose();
    node.show(node.ahead() + REQUEST_URI_LIFETIME + LOGIN_LIFETIME).await;
    let deadline = Instant::now() + PATIENCE;
    while is_taken(node, push).await != Some(true) {
        assert!(
            Instant::now() < deadline,
            "{} does not take requests of a client whose others have expired",
            node.name
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    world.may_lose();
    let after = node.memory();
    world.tell(format_args!("{} has {memory} KiB when full, and {after} KiB when all has expired", node.name));
    world.tally.count("lock-out ended");
    Some(memory)
}

/// Pushes until the client is told that it has too many requests. Returns `false` if the run is over first.
async fn fill(world: &Arc<World>, node: &Arc<Node>, push: &Arc<Vec<u8>>) -> bool {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..FLOODING {
        let (world, node, push) = (Arc::clone(world), Arc::clone(node), Arc::clone(push));
        tasks.spawn(async move {
            while !world.is_over() {
                match is_taken(&node, &push).await {
                    Some(true) => {}
                    Some(false) => return true,
                    None => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
            false
        });
    }
    let mut is_full = true;
    while let Some(task) = tasks.join_next().await {
        match task {
            Ok(was_refused) => is_full &= was_refused,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    is_full
}

/// A push as large as a request may be.
fn large_push() -> Vec<u8> {
    let (redirect_uri, filling) = (FLOOD.redirect_uri(), "f".repeat(LARGEST_BODY / 4 - 500));
    let mut fields = vec![("response_type", "code"), ("redirect_uri", &*redirect_uri), ("scope", "accounts")];
    fields.extend(["a", "b", "c", "d"].map(|name| (name, &*filling)));
    FLOOD.authenticated(&mut Dice::new(0, ""), 0, &fields).to("/authorize/par")
}

/// Whether the push is taken, or refused since the client has too many requests. `None` if there is no answer.
async fn is_taken(node: &Node, push: &[u8]) -> Option<bool> {
    let answer = exchange(node.port, push).await.ok()?;
    check(Endpoint::Programs, &answer);
    assert!(matches!(answer.status, 201 | 429), "{answer:?}");
    Some(answer.status == 201)
}
