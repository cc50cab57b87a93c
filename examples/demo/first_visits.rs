//! First visits with a link. A browser that follows a link twice, by a double click, drops its first request and the cookie that was
//! to come with the answer. Its second request must open the page, and that of any other browser must not.
//!
//! Nothing in two such requests tells them apart. So a second one is taken for one of the same browser where the first is still under
//! way, or went nowhere: its connection is closed, or is the very one that the second comes over.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use parjar::RandomError;
use tokio::time::sleep;

use super::{
    message::{Connection, Message},
    random,
};

/// The library gives the same cookie to the same visit for not much longer.
const MEMORY: Duration = Duration::from_secs(15);
const VISITS: usize = 4096;
/// How long an answer to a first visit is held back, so that one that was sent together with it finds it under way.
const TOGETHER: Duration = Duration::from_millis(50);
/// How often, and how long each time, a visit waits for the connection of an earlier one to close.
const LOOKS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Default)]
pub(crate) struct FirstVisits(Mutex<Visits>);

#[derive(Default)]
struct Visits {
    by_request: HashMap<String, First>,
    arrivals: VecDeque<(Instant, String)>,
}

struct First {
    id: String,
    at: Instant,
    connection: Weak<Connection>,
    /// Alive while a visit is under way.
    under_way: Weak<()>,
}

/// A visit of a browser without a cookie.
pub(crate) struct Visit {
    id: String,
    is_first: bool,
    _under_way: Arc<()>,
}

impl Visit {
    /// What the library sees of the browser.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Ends the visit, once its answer is made.
    pub(crate) async fn end(self) {
        if self.is_first {
            sleep(TOGETHER).await;
        }
    }
}

impl FirstVisits {
    pub(crate) async fn begin(&self, request_uri: &str, message: &Message) -> Result<Visit, RandomError> {
        let id = random::token()?;
        for _ in 0..LOOKS {
            if let Some(visit) = self.lock().join(request_uri, &id, message) {
                return Ok(visit);
            }
            sleep(PAUSE).await;
        }
        // That of another browser.
        Ok(Visit { id, is_first: false, _under_way: Arc::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Visits> {
        let mut visits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |(at, _): &(Instant, String)| at.elapsed() >= MEMORY;
        while visits.arrivals.front().is_some_and(is_old) || visits.arrivals.len() > VISITS {
            let Some((at, request_uri)) = visits.arrivals.pop_front() else { break };
            if visits.by_request.get(&request_uri).is_some_and(|first| first.at == at) {
                visits.by_request.remove(&request_uri);
            }
        }
        visits
    }
}

impl Visits {
    /// Makes the visit the first one, or one of the browser that the first was of. `None` for that of another browser, as it seems.
    fn join(&mut self, request_uri: &str, id: &str, message: &Message) -> Option<Visit> {
        let connection = message.connection.as_ref().map(Arc::downgrade).unwrap_or_default();
        let under_way = Arc::new(());
        let Some(first) = self.by_request.get_mut(request_uri) else {
            let at = Instant::now();
            let first = First { id: id.to_owned(), at, connection, under_way: Arc::downgrade(&under_way) };
            self.arrivals.push_back((at, request_uri.to_owned()));
            self.by_request.insert(request_uri.to_owned(), first);
            return Some(Visit { id: id.to_owned(), is_first: true, _under_way: under_way });
        };
        // Programs share connections between those that they work for; browsers, which tell what they load, do not.
        let is_page = message.header("sec-fetch-dest") == Some("document");
        let is_same_connection = is_page && Weak::ptr_eq(&first.connection, &connection);
        let together = first.under_way.upgrade();
        if together.is_none() && !is_same_connection && first.connection.strong_count() > 0 {
            return None;
        }
        first.connection = connection;
        let under_way = together.unwrap_or(under_way);
        first.under_way = Arc::downgrade(&under_way);
        Some(Visit { id: first.id.clone(), is_first: false, _under_way: under_way })
    }
}
