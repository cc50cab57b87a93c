//! Operations over large tables and over small ones, by turns.

use std::time::{Duration, Instant};

use parjar::store::{Claim, NewRequest, Owner, PostgresStore, RecordKey, RequestStore};

const TURNS: u64 = 21;
const IN_A_TURN: u64 = 200;
const LIFETIME: Duration = Duration::from_secs(600);

/// Prints the median of what each operation took, in the small tables and in the large ones.
pub(crate) async fn compare(when: &str, small: &PostgresStore, large: &PostgresStore) {
    let mut taken = [const { Vec::new() }; 6];
    for turn in 0..TURNS {
        for (at, store) in [small, large].into_iter().enumerate() {
            let [insert, open, spend] = turn_of(store, when.len() as u64 * TURNS + turn).await;
            for (of, time) in [insert, open, spend].into_iter().enumerate() {
                taken[2 * of + at].push(time);
            }
        }
    }
    for (of, name) in ["insert", "claim", "consume"].into_iter().enumerate() {
        let [small, large] = [median(&mut taken[2 * of]), median(&mut taken[2 * of + 1])];
        println!("{when:<12} {name:<8} {small:>8.1} us {large:>8.1} us {:>6.2}", large / small);
    }
}

async fn turn_of(store: &PostgresStore, turn: u64) -> [f64; 3] {
    let claims: Vec<Claim> =
        (turn * IN_A_TURN..(turn + 1) * IN_A_TURN).map(|number| Claim::new(key(number), owner())).collect();
    let started = Instant::now();
    for claim in &claims {
        store.insert(NewRequest::new(claim.key, Owner::authenticated(owner()), &[42; 350]), LIFETIME).await.unwrap();
    }
    let inserted = started.elapsed();
    for claim in &claims {
        store.claim(*claim, LIFETIME).await.unwrap();
    }
    let opened = started.elapsed();
    for claim in &claims {
        store.consume(*claim, LIFETIME).await.unwrap();
    }
    let spent = started.elapsed();
    [inserted, opened - inserted, spent - opened].map(|time| time.as_secs_f64() * 1e6 / IN_A_TURN as f64)
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn owner() -> RecordKey {
    RecordKey::from_bytes([9; 32])
}

/// Spread like digests.
fn key(number: u64) -> RecordKey {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&(number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
    RecordKey::from_bytes(bytes)
}
