//! What happens between the statements of a claim, and how many there are.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use parjar::store::{
    Claim, ClaimError, PostgresClient, PostgresClients, PostgresConnector, PostgresStore, RequestStore as _, StoreError,
};
use tokio_postgres::{Client, Error, Statement};

use super::{
    database::Database,
    drivers::{OneEach, Taken},
    endpoint::{LONG, claim, key, new_request, numbered},
};

/// Connections that count what they are asked, and run something before the statement of a number.
#[derive(Clone)]
struct Watched {
    within: OneEach,
    database: Arc<Database>,
    asked: Arc<Mutex<Asked>>,
}

#[derive(Default)]
struct Asked {
    statements: usize,
    before: Option<(usize, &'static str)>,
}

struct OfWatched {
    taken: Taken,
    by: Watched,
}

impl PostgresClients for Watched {
    type Client = OfWatched;

    async fn client(&self) -> Result<OfWatched, StoreError> {
        Ok(OfWatched { taken: self.within.client().await?, by: self.clone() })
    }
}

impl PostgresClient for OfWatched {
    fn client(&self) -> &Client {
        self.taken.client()
    }

    async fn prepared(&self, statement: &str) -> Result<Option<Statement>, Error> {
        let due = {
            let mut asked = self.by.asked.lock().unwrap();
            asked.statements += 1;
            let number = asked.statements;
            asked.before.filter(|(at, _)| *at == number).map(|(_, sql)| sql)
        };
        if let Some(sql) = due {
            self.by.database.run(sql).await;
        }
        self.taken.prepared(statement).await
    }

    fn forget_statements(&self) {
        self.taken.forget_statements();
    }

    fn close(self) {
        self.taken.close();
    }
}

/// A store that has seen nothing, and the only request of its tables.
struct Scene {
    watched: Watched,
    store: PostgresStore,
    claim: Claim,
}

impl Scene {
    /// After these changes to a request that waits.
    async fn after(changes: &[&str]) -> Self {
        let database = Arc::new(Database::new().await);
        let store = database.store().await;
        let key = key();
        store.insert(new_request(key), LONG).await.unwrap();
        for change in changes {
            database.run(change).await;
        }
        let watched = Watched { within: OneEach::of(&database), database, asked: Arc::default() };
        let connector = PostgresConnector::new(watched.clone());
        // Long enough for any machine.
        let store = PostgresStore::builder(connector).timeout(Duration::from_secs(60)).build().unwrap();
        Self { watched, store, claim: claim(key).by_browser(numbered(1)) }
    }

    fn before(&self, statement: usize, sql: &'static str) {
        *self.watched.asked.lock().unwrap() = Asked { statements: 0, before: Some((statement, sql)) };
    }

    /// The number of statements since the last call.
    fn statements(&self) -> usize {
        std::mem::take(&mut *self.watched.asked.lock().unwrap()).statements
    }

    async fn claim(&self) -> &'static str {
        named(self.store.claim(self.claim, LONG).await.map(drop))
    }

    async fn consume(&self) -> &'static str {
        named(self.store.consume(self.claim, LONG).await)
    }
}

fn named(outcome: Result<(), ClaimError>) -> &'static str {
    match outcome {
        Ok(()) => "ok",
        Err(ClaimError::Unknown) => "unknown",
        Err(ClaimError::Spent) => "spent",
        Err(ClaimError::OtherBrowser) => "other browser",
        Err(ClaimError::OtherOwner) => "other owner",
        Err(error) => panic!("{error}"),
    }
}

/// A request that has expired is none: it comes and goes by its time.
const GONE: &str = "UPDATE parjar_requests SET expires_at = now() - interval '1 hour'";
const WAITS: &str = "UPDATE parjar_requests
    SET state = 0, browser = NULL, opened_at = NULL, expires_at = now() + interval '1 hour'";
const OPEN: &str =
    "UPDATE parjar_requests SET state = 1, browser = NULL, opened_at = now(), expires_at = now() + interval '1 hour'";
/// In the browser of the claim, and in another.
const BOUND: &str = "UPDATE parjar_requests SET state = 1, browser = decode(repeat('01', 32), 'hex'),
    opened_at = now(), expires_at = now() + interval '1 hour'";
const BOUND_ELSEWHERE: &str = "UPDATE parjar_requests SET state = 1, browser = decode(repeat('02', 32), 'hex'),
    opened_at = now(), expires_at = now() + interval '1 hour'";
const SPENT: &str = "UPDATE parjar_requests SET state = 2, payload = ''";
const NOTED: &str = "UPDATE parjar_requests SET annotation = 'note', revision = 1";
const NOTHING: &str = "SELECT 1";

#[tokio::test]
async fn a_claim_holds_whatever_happens_between_its_statements() {
    // S-08
    for (before, number, between, outcome, statements) in [
        (WAITS, 1, NOTHING, "ok", 1),
        (GONE, 2, NOTHING, "unknown", 2),
        (GONE, 2, WAITS, "ok", 3),
        (GONE, 2, OPEN, "ok", 3),
        (GONE, 2, BOUND, "ok", 2),
        (GONE, 2, BOUND_ELSEWHERE, "other browser", 2),
        (BOUND, 2, NOTHING, "ok", 2),
        (BOUND, 2, SPENT, "spent", 2),
        (BOUND, 2, GONE, "unknown", 2),
        (BOUND, 2, WAITS, "ok", 3),
        (OPEN, 3, NOTHING, "ok", 3),
        (OPEN, 3, BOUND, "ok", 5),
        (OPEN, 3, BOUND_ELSEWHERE, "other browser", 5),
        (OPEN, 3, SPENT, "spent", 5),
        (OPEN, 3, GONE, "unknown", 5),
        (OPEN, 3, WAITS, "ok", 4),
        (BOUND_ELSEWHERE, 2, NOTHING, "other browser", 2),
    ] {
        let case = format!("{before}; {between}");
        let scene = Scene::after(&[before]).await;
        scene.before(number, between);
        assert_eq!(scene.claim().await, outcome, "{case}");
        assert_eq!(scene.statements(), statements, "{case}");
        if outcome == "ok" {
            let other = Claim::new(scene.claim.key, scene.claim.owner).by_browser(numbered(2));
            assert_eq!(named(scene.store.claim(other, LONG).await.map(drop)), "other browser", "{case}");
            assert_eq!(scene.consume().await, "ok", "{case}");
        }
    }
}

#[tokio::test]
async fn a_claim_that_binds_a_browser_tells_of_a_note_that_was_written_meanwhile() {
    let scene = Scene::after(&[OPEN]).await;
    scene.before(3, NOTED);
    let claimed = scene.store.claim(scene.claim, LONG).await.unwrap();
    assert_eq!((claimed.annotation.as_slice(), claimed.revision), (&b"note"[..], 1));
}

#[tokio::test]
async fn a_claim_that_is_repeated_is_one_statement_and_believes_what_it_reads() {
    for (meanwhile, outcome, statements) in [
        (NOTHING, "ok", 1),
        (SPENT, "spent", 1),
        (BOUND_ELSEWHERE, "other browser", 1),
        (GONE, "unknown", 3),
        (WAITS, "ok", 2),
        (OPEN, "ok", 4),
    ] {
        let scene = Scene::after(&[]).await;
        assert_eq!(scene.claim().await, "ok");
        scene.watched.database.run(meanwhile).await;
        scene.statements();
        assert_eq!(scene.claim().await, outcome, "{meanwhile}");
        assert_eq!(scene.statements(), statements, "{meanwhile}");
    }
}

#[tokio::test]
async fn a_request_is_spent_whatever_happens_between_the_statements() {
    for (before, between, outcome, statements) in [
        (BOUND, NOTHING, "ok", 1),
        (WAITS, NOTHING, "unknown", 2),
        (WAITS, BOUND, "ok", 3),
        (WAITS, BOUND_ELSEWHERE, "other browser", 2),
        (GONE, BOUND, "ok", 3),
        (BOUND_ELSEWHERE, BOUND, "ok", 3),
        (BOUND_ELSEWHERE, SPENT, "spent", 2),
    ] {
        let case = format!("{before}; {between}");
        let scene = Scene::after(&[before]).await;
        scene.before(2, between);
        assert_eq!(scene.consume().await, outcome, "{case}");
        assert_eq!(scene.statements(), statements, "{case}");
    }
}
