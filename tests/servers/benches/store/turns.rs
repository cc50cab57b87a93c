//! The operations of a store and their floors, by turns.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parjar::store::{Claim, NewRequest, Owner, RecordKey, RequestStore};

const LIFETIME: Duration = Duration::from_secs(600);
/// The time limit of the stores: a machine may stop for a while.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
const TURNS: usize = 31;

#[derive(Clone, Copy)]
pub(crate) enum Operation {
    Insert,
    Claim,
    Consume,
}

/// An engine, and a store over it.
pub(crate) trait Engine: Clone + Send + Sync + 'static {
    const NAME: &'static str;
    /// Operations in a turn.
    const COUNT: u64;

    fn store(&self) -> &impl RequestStore;

    /// What a floor needs to be there.
    fn prepare(&self, operation: Operation, number: u64) -> impl Future<Output = ()> + Send;

    fn floor(&self, operation: Operation, number: u64) -> impl Future<Output = ()> + Send;

    /// The processor time that the server says it has used so far.
    fn server_microseconds(&self) -> impl Future<Output = Option<f64>> + Send {
        async { None }
    }

    fn ours(&self, operation: Operation, number: u64) -> impl Future<Output = ()> + Send {
        run(self.store(), operation, number)
    }
}

pub(crate) async fn run(store: &impl RequestStore, operation: Operation, number: u64) {
    let claim = Claim::new(key(number), owner()).by_browser(owner());
    match operation {
        Operation::Insert => {
            let request = NewRequest::new(key(number), Owner::authenticated(owner()), payload());
            store.insert(request, LIFETIME).await.unwrap();
        }
        Operation::Claim => {
            assert_eq!(store.claim(claim, LIFETIME).await.unwrap().payload.len(), payload().len());
        }
        Operation::Consume => store.consume(claim, LIFETIME).await.unwrap(),
    }
}

/// A digest, as far as an engine can tell.
pub(crate) fn key(number: u64) -> RecordKey {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
    bytes[8..16].copy_from_slice(&number.to_le_bytes());
    RecordKey::from_bytes(bytes)
}

pub(crate) fn owner() -> RecordKey {
    RecordKey::from_bytes([9; 32])
}

/// As long as a request of eight parameters.
pub(crate) fn payload() -> &'static [u8] {
    &[42; 350]
}

/// Runs `call` for so many numbers, `concurrency` at a time, and gives the time that each took.
async fn spread<F: Future<Output = ()> + Send + 'static>(
    concurrency: u64,
    numbers: std::ops::Range<u64>,
    call: impl Fn(u64) -> F + Clone + Send + 'static,
) -> f64 {
    let next = Arc::new(AtomicU64::new(numbers.start));
    let count = numbers.end - numbers.start;
    let started = Instant::now();
    let tasks: Vec<_> = (0..concurrency)
        .map(|_| {
            let (next, call, end) = (Arc::clone(&next), call.clone(), numbers.end);
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= end {
                        break;
                    }
                    call(number).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    started.elapsed().as_secs_f64() * 1e6 / count as f64
}

/// What some operations took together.
#[derive(Clone, Copy, Default)]
struct Cost {
    operations: f64,
    /// Of the processor.
    client: f64,
    server: Option<f64>,
}

impl Cost {
    /// Runs a turn, and returns its time.
    async fn add<E: Engine>(&mut self, engine: &E, turn: impl Future<Output = f64>) -> f64 {
        let (client, server) = (own_microseconds(), engine.server_microseconds().await);
        let took = turn.await;
        let now = engine.server_microseconds().await;
        self.client += own_microseconds() - client;
        self.server = now.zip(server).map(|(now, before)| self.server.unwrap_or_default() + now - before);
        self.operations += E::COUNT as f64;
        took
    }
}

/// The processor time of this process so far.
fn own_microseconds() -> f64 {
    let told = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = told.rsplit(')').next().unwrap_or_default();
    // The fields 14 and 15, in hundredths of a second.
    after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() * 1e4
}

pub(crate) async fn compare<E: Engine>(engine: &E) {
    let mut fresh = 0;
    for concurrency in [1, 16, 64] {
        for (operation, name) in
            [(Operation::Insert, "insert"), (Operation::Claim, "claim"), (Operation::Consume, "consume")]
        {
            let (mut floors, mut stores, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
            let (mut of_floor, mut of_store) = (Cost::default(), Cost::default());
            for _ in 0..TURNS {
                let numbers = fresh..fresh + E::COUNT;
                fresh += E::COUNT;
                ready(engine, operation, numbers.clone()).await;
                let e = engine.clone();
                let floor_call = move |number| {
                    let e = e.clone();
                    async move { e.floor(operation, number).await }
                };
                let floor = of_floor.add(engine, spread(concurrency, numbers.clone(), floor_call)).await;
                let e = engine.clone();
                let our_call = move |number| {
                    let e = e.clone();
                    async move { e.ours(operation, number).await }
                };
                let ours = of_store.add(engine, spread(concurrency, numbers, our_call)).await;
                floors.push(floor);
                stores.push(ours);
                ratios.push(ours / floor);
            }
            let [floor, ours, ratio] = [floors, stores, ratios].map(median);
            let time = format!("{floor:>7.1} {ours:>7.1} {ratio:>5.2}");
            let pair = |of: fn(&Cost) -> Option<f64>| match (of(&of_floor), of(&of_store)) {
                (Some(floor), Some(ours)) => format!("{floor:>7.1} {ours:>7.1} {:>5.2}", ours / floor),
                _ => String::new(),
            };
            let client = pair(|cost| Some(cost.client / cost.operations));
            let server = pair(|cost| Some(cost.server? / cost.operations));
            println!("{:<10} {concurrency:>3} {name:<8} {time}  | {client}  | {server}", E::NAME);
        }
    }
}

/// Puts there what the operation is about.
async fn ready<E: Engine>(engine: &E, operation: Operation, numbers: std::ops::Range<u64>) {
    let e = engine.clone();
    let put = move |number| {
        let e = e.clone();
        async move {
            if !matches!(operation, Operation::Insert) {
                e.prepare(operation, number).await;
                e.ours(Operation::Insert, number).await;
            }
            if matches!(operation, Operation::Consume) {
                e.ours(Operation::Claim, number).await;
            }
        }
    };
    spread(64, numbers, put).await;
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
