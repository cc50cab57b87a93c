//! What happens to the servers of a world, one thing after the other: each passes, and then everything works, and what was acknowledged is there.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use crate::{
    case::Left,
    dice::Dice,
    node::Node,
    stores::StoreFault,
    traffic::users::{look_at, works},
    world::World,
};

/// How long a world may take to work again, on a machine with much else to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);
/// As many of the requests that were left alone are looked at after a fault.
const LOOKED_AT: usize = 8;
/// Half of `REQUEST_URI_LIFETIME`.
const HALF_A_LIFE: Duration = Duration::from_secs(300);
/// What a node may have more than when it was young, beside what it keeps for those that it has answered: its allocator, its buffers, its log.
const TOLERANCE_KIB: u64 = 48 * 1024;
/// A code and a token, with the request that they stand for, which it keeps for ten minutes.
const OF_CODE_KIB: u64 = 8;

#[derive(Clone, Copy, Debug)]
enum Fault {
    Store(StoreFault),
    /// A node dies and comes back.
    Kill,
    /// A node is stopped, and another takes its place.
    Replace,
    /// A node does not get to run for a while.
    Freeze,
    /// The date of a node is wrong for a while.
    Date,
}

const OF_NODES: [Fault; 3] = [Fault::Kill, Fault::Replace, Fault::Freeze];

pub(crate) async fn strike_again_and_again(world: Arc<World>, mut dice: Dice) {
    let mut faults = OF_NODES.to_vec();
    if let Some(store) = &world.store {
        faults.push(Fault::Date);
        faults.extend(store.lock().await.faults().iter().map(|fault| Fault::Store(*fault)));
    }
    let mut young = None;
    let mut order = Vec::new();
    while !world.is_over() {
        tokio::time::sleep(dice.milliseconds(300..2000)).await;
        // Each once, in an order of the seed, before any comes again.
        if order.is_empty() {
            order.clone_from(&faults);
        }
        let fault = order.swap_remove(dice.below(order.len()));
        let _turn = world.turn.lock().await;
        strike(&world, fault, &mut dice).await;
        recover(&world, &mut dice).await;
        let left = some_left(&world, &mut dice);
        look_at(left, &mut dice).await;
        watch_memory(&world, &mut young);
    }
}

async fn strike(world: &Arc<World>, fault: Fault, dice: &mut Dice) {
    let node = Arc::clone(world.node(dice));
    let long = dice.milliseconds(200..2500);
    world.tell(format_args!("{fault:?} at {} or its store, for {long:?}", node.name));
    // Its memory is where everything is.
    let forgets = world.store.is_none() && matches!(fault, Fault::Kill | Fault::Replace);
    let promotes = matches!(fault, Fault::Store(StoreFault::Promote));
    let mut safe = Vec::new();
    if promotes {
        safe = some_left(world, dice);
        world.store.as_ref().unwrap().lock().await.settle().await;
    }
    if forgets || promotes {
        world.may_lose();
    }
    match fault {
        Fault::Store(fault) => world.store.as_ref().unwrap().lock().await.suffer(fault, long).await,
        Fault::Kill => {
            node.kill();
            tokio::time::sleep(long).await;
            node.start().await;
        }
        Fault::Replace => {
            node.stop().await;
            node.start().await;
        }
        Fault::Freeze => {
            node.signal("-STOP");
            tokio::time::sleep(long).await;
            node.signal("-CONT");
        }
        Fault::Date => {
            // By far more than any assertion lives, to either side.
            let hours = i64::try_from(2 + dice.below(20)).unwrap() * if dice.one_in(2) { 1 } else { -1 };
            node.show(hours * 3600).await;
            tokio::time::sleep(long).await;
            node.show(0).await;
        }
    }
    if forgets || promotes {
        world.may_lose();
    }
    world.tell("over");
    world.tally.count("fault");
    if !safe.is_empty() {
        // What the replica had received is not lost.
        safe.iter().for_each(|left| left.case.is_known_to_be_safe());
        recover(world, dice).await;
        look_at(safe, dice).await;
    }
}

/// Waits until all works at every node.
pub(crate) async fn recover(world: &Arc<World>, dice: &mut Dice) {
    let deadline = Instant::now() + PATIENCE;
    for node in &world.nodes {
        while !works(world, node, dice).await {
            let faults = world.faults().join("\n  ");
            assert!(Instant::now() < deadline, "{} does not work again:\n  {faults}\n{}", node.name, node.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    world.tell("all works");
}

/// Takes some requests that were left alone.
pub(crate) fn some_left(world: &World, dice: &mut Dice) -> Vec<Left> {
    let mut left = world.left.lock().unwrap();
    // Others may have expired by the time of the look.
    left.retain(|one| one.at.elapsed() < HALF_A_LIFE);
    let count = left.len().min(LOOKED_AT);
    (0..count)
        .map(|_| {
            let place = dice.below(left.len());
            left.swap_remove(place)
        })
        .collect()
}

/// Nodes that share a store keep nothing but codes and tokens. `young` is what each had when it was looked at first, and which process it was.
fn watch_memory(world: &World, young: &mut Option<Vec<(u64, u64)>>) {
    if world.store.is_none() {
        return;
    }
    let now = |node: &Arc<Node>| (node.starts(), node.memory());
    let young = young.get_or_insert_with(|| world.nodes.iter().map(now).collect());
    for (node, then) in world.nodes.iter().zip(young) {
        let (starts, memory) = now(node);
        if starts != then.0 {
            *then = (starts, memory);
        }
        let most = then.1 + TOLERANCE_KIB + node.given.load(Ordering::SeqCst) * OF_CODE_KIB;
        assert!(memory <= most, "{} grows: {memory} KiB, {} KiB when it was young", node.name, then.1);
    }
}
