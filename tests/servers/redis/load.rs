//! Logins without pause, while something happens to the servers.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use parjar::store::{ClaimError, InsertError, RecordKey, RequestStore, StoreRefusal};

use super::{
    MINUTE, claim, fresh, mark,
    nodes::{Node, endpoint},
    request,
};
use crate::{operator::Seen, support::wait_for};

/// Tasks that push, open and spend over several stores, twice each at the same moment, and one that pushes to an endpoint.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    shared: Arc<Shared>,
    workers: Vec<tokio::task::JoinHandle<()>>,
    watched: Arc<Node>,
}

#[derive(Default)]
struct Shared {
    spent: Mutex<Vec<RecordKey>>,
    refused: AtomicUsize,
    lost: AtomicUsize,
}

/// What has come of it.
pub(crate) struct Outcome {
    /// Requests that a caller was told to have spent.
    pub(crate) spent: Vec<RecordKey>,
    /// Operations that were refused since the servers could not do them.
    pub(crate) refused: usize,
    /// Requests that a caller was told to have pushed, and that are not there.
    pub(crate) lost: usize,
    /// What the operator of the endpoint has seen.
    pub(crate) seen: Seen,
}

impl Load {
    pub(crate) fn on<S: RequestStore + Clone + 'static>(stores: &[S]) -> Self {
        let (stop, shared): (Arc<AtomicBool>, Arc<Shared>) = Default::default();
        let watched = Arc::new(endpoint(stores[0].clone()));
        let pushing = {
            let (stop, watched) = (Arc::clone(&stop), Arc::clone(&watched));
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    watched.push().await;
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
            })
        };
        let workers = (0..8)
            .map(|number| {
                let [one, other] = [0, 1].map(|node| stores[(number + node) % stores.len()].clone());
                let (stop, shared) = (Arc::clone(&stop), Arc::clone(&shared));
                tokio::spawn(async move {
                    while !stop.load(Ordering::SeqCst) {
                        shared.login(&one, &other).await;
                    }
                })
            })
            .chain([pushing])
            .collect();
        Self { stop, shared, workers, watched }
    }

    /// Waits until more logins have come to their end.
    pub(crate) async fn go_on(&self) {
        let before = self.shared.spent.lock().unwrap().len();
        let is_further = || (self.shared.spent.lock().unwrap().len() > before + 50).then_some(());
        tokio::task::block_in_place(|| wait_for("some work", is_further));
    }

    pub(crate) async fn stop(self) -> Outcome {
        self.stop.store(true, Ordering::SeqCst);
        for worker in self.workers {
            worker.await.unwrap();
        }
        self.watched.pushed_again().await;
        let spent = std::mem::take(&mut *self.shared.spent.lock().unwrap());
        let [refused, lost] = [&self.shared.refused, &self.shared.lost].map(|count| count.load(Ordering::SeqCst));
        Outcome { spent, refused, lost, seen: self.watched.look() }
    }
}

impl Shared {
    async fn login(&self, one: &impl RequestStore, other: &impl RequestStore) {
        let key = fresh();
        match one.insert(request(key, &[mark()]), MINUTE).await {
            Ok(_) => {}
            Err(InsertError::Refused(StoreRefusal::Unavailable(_))) => return self.refuse().await,
            Err(error) => panic!("{error:?}"),
        }
        match other.claim(claim(key), MINUTE).await {
            Ok(_) => {}
            Err(ClaimError::Unavailable(_)) => return self.refuse().await,
            Err(ClaimError::Unknown) => {
                self.lost.fetch_add(1, Ordering::SeqCst);
                return;
            }
            Err(error) => panic!("{error:?}"),
        }
        let (first, second) = tokio::join!(one.consume(claim(key), MINUTE), other.consume(claim(key), MINUTE));
        let mut won = 0;
        for outcome in [first, second] {
            match outcome {
                Ok(()) => won += 1,
                Err(ClaimError::Spent | ClaimError::Unknown) => {}
                Err(ClaimError::Unavailable(_)) => self.refuse().await,
                Err(error) => panic!("{error:?}"),
            }
        }
        assert!(won < 2, "spent twice");
        if won == 1 {
            self.spent.lock().unwrap().push(key);
        }
    }

    async fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}
