//! Minutes of mixed traffic through both examples as processes, while their stores, their nodes and their clocks fail. A model holds every
//! answer against what was acknowledged before.
//!
//! `PARJAR_SOAK_SEED` chooses clients and faults, and `PARJAR_SOAK_SECONDS` how long they go on. The seed does not choose how threads and processes take
//! turns, so a failure may take some runs to come again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects
)]

mod answers;
mod browser;
mod case;
mod clients;
mod dice;
mod faults;
mod http;
mod login;
mod node;
#[allow(dead_code)]
#[path = "../servers/postgres/database.rs"]
mod postgres;
#[allow(dead_code)]
#[path = "../servers/redis/servers.rs"]
mod redis;
mod stores;
#[allow(dead_code)]
#[path = "../servers/support.rs"]
mod support;
mod tally;
mod traffic;
mod world;

use std::{
    env,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tokio::task::JoinSet;

use self::{
    dice::Dice,
    faults::{recover, some_left, strike_again_and_again},
    stores::Store,
    traffic::{flood, garbage, replays, slow, users},
    world::World,
};

const SECONDS: u64 = 240;
/// When everything has happened after that, on any machine, and all clients have ended.
const LIMIT: Duration = Duration::from_secs(1200);
/// Users of each world who log in at the same time.
const USERS: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_doubled_or_shown_to_others_while_servers_nodes_and_clocks_fail() {
    let by_time = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let seed = setting("PARJAR_SOAK_SEED").unwrap_or_else(by_time);
    let seconds = setting("PARJAR_SOAK_SECONDS").unwrap_or(SECONDS);
    println!("PARJAR_SOAK_SEED={seed} PARJAR_SOAK_SECONDS={seconds}");
    let worlds = Worlds([
        World::shared("redis", Store::redis().await).await,
        World::shared("postgres", Store::postgres().await).await,
        World::alone("memory of axum", "axum").await,
        World::alone("memory of actix", "actix").await,
    ]);
    let mut running = JoinSet::new();
    for world in &worlds.0 {
        populate(world, seed, &mut running);
    }
    let began = Instant::now();
    while !running.is_empty() {
        let soon = Duration::from_millis(200);
        match tokio::time::timeout(soon, running.join_next()).await.ok().flatten() {
            None | Some(Ok(())) => {}
            Some(Err(error)) => {
                eprintln!("failed with PARJAR_SOAK_SEED={seed} PARJAR_SOAK_SECONDS={seconds}");
                std::panic::resume_unwind(error.into_panic());
            }
        }
        let missing: Vec<_> = worlds.0.iter().filter_map(|world| world.never()).collect();
        assert!(began.elapsed() < Duration::from_secs(seconds) + LIMIT, "there is no end, and never: {missing:?}");
        // On a slow machine it takes longer until everything has happened.
        if missing.is_empty() && began.elapsed() >= Duration::from_secs(seconds) {
            worlds.0.iter().for_each(|world| world.end());
        }
    }
    for world in &worlds.0 {
        look_back(world, seed).await;
    }
}

/// All worlds, whose nodes end with them.
struct Worlds([Arc<World>; 4]);

impl Drop for Worlds {
    fn drop(&mut self) {
        self.0.iter().for_each(|world| world.abandon());
    }
}

fn setting(name: &str) -> Option<u64> {
    env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")))
}

fn populate(world: &Arc<World>, seed: u64, running: &mut JoinSet<()>) {
    let dice = |what: &str| Dice::new(seed, &format!("{} {what}", world.name));
    for user in 0..USERS {
        running.spawn(users::log_in_again_and_again(Arc::clone(world), dice(&format!("user {user}"))));
    }
    running.spawn(replays::replay_again_and_again(Arc::clone(world), dice("replays")));
    running.spawn(garbage::send_again_and_again(Arc::clone(world), dice("garbage")));
    for slow in 0..2 {
        running.spawn(slow::dawdle_again_and_again(Arc::clone(world), dice(&format!("slow {slow}"))));
    }
    running.spawn(strike_again_and_again(Arc::clone(world), dice("faults")));
    if world.store.is_none() {
        running.spawn(flood::flood_again_and_again(Arc::clone(world), dice("flood")));
    }
}

/// After the last fault: all works, all that was left alone is there, every node ends well, and none has panicked.
async fn look_back(world: &Arc<World>, seed: u64) {
    let mut dice = Dice::new(seed, "end");
    recover(world, &mut dice).await;
    loop {
        let left = some_left(world, &mut dice);
        if left.is_empty() {
            break;
        }
        users::look_at(left, &mut dice).await;
    }
    let memory = world.nodes.iter().map(|node| format!("{} {} MiB", node.name, node.memory() / 1024));
    println!("{}: {}; memory: {}", world.name, world.tally, memory.collect::<Vec<_>>().join(", "));
    world.faults().iter().for_each(|fault| println!("  {fault}"));
    for node in &world.nodes {
        node.stop().await;
        let log = node.log();
        let panicked = log.lines().find(|line| line.contains("panicked"));
        assert_eq!(panicked, None, "{}", node.name);
    }
}
