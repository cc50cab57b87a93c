//! Clients of a database that is slow, down, back, or changed meanwhile.

use std::{
    collections::HashMap,
    error::Error as _,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use parjar::{
    CachedRegistry, CachedRegistryLimits, Client, ClientRegistry as _, Event, FormRequest, LoadedClient, ManualClock,
    ParEndpoint, Reason, RegistryError, SecretVerifier, VerifierError,
};
use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinHandle};

use crate::support::{ISSUER, basic, with};

/// A database with one table.
#[derive(Default)]
struct Database {
    rows: Mutex<HashMap<String, Value>>,
    is_down: AtomicBool,
    /// Each look-up waits here for a permit when it has read its row.
    gate: Mutex<Option<Arc<Semaphore>>>,
    begun: AtomicUsize,
}

impl Database {
    fn of(rows: impl IntoIterator<Item = Value>) -> Arc<Self> {
        let database = Arc::<Self>::default();
        rows.into_iter().for_each(|row| database.put(row));
        database
    }

    fn put(&self, row: Value) {
        self.rows.lock().unwrap().insert(row["client_id"].as_str().unwrap().to_owned(), row);
    }

    fn remove(&self, client_id: &str) {
        self.rows.lock().unwrap().remove(client_id);
    }

    fn is_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    /// Makes look-ups wait from here on, until the gate is opened with permits or dropped.
    fn close_gate(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        *self.gate.lock().unwrap() = Some(Arc::clone(&gate));
        gate
    }

    fn open_gate(&self, gate: &Semaphore) {
        *self.gate.lock().unwrap() = None;
        gate.add_permits(1000);
    }

    fn loads(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    async fn look_up(&self, client_id: &str) -> Result<Option<Value>, io::Error> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let row = self.rows.lock().unwrap().get(client_id).cloned();
        let gate = self.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        if self.is_down.load(Ordering::SeqCst) { Err(io::Error::other("no route to the database")) } else { Ok(row) }
    }

    async fn has_begun(&self, loads: usize) {
        while self.loads() < loads {
            tokio::task::yield_now().await;
        }
    }
}

struct Cached {
    database: Arc<Database>,
    registry: CachedRegistry,
    clock: ManualClock,
}

impl Cached {
    fn over(database: &Arc<Database>, change: impl FnOnce(&mut CachedRegistryLimits)) -> Self {
        let clock = ManualClock::default();
        let mut limits = CachedRegistryLimits::default();
        change(&mut limits);
        let registry = CachedRegistry::builder(loader(database)).limits(limits).clock(clock.clone()).build().unwrap();
        Self { database: Arc::clone(database), registry, clock }
    }

    fn of(rows: impl IntoIterator<Item = Value>) -> Self {
        Self::over(&Database::of(rows), |_| {})
    }

    async fn get(&self, client_id: &str) -> Option<Arc<Client>> {
        self.registry.client(client_id).await.unwrap()
    }

    async fn error(&self, client_id: &str) -> RegistryError {
        self.registry.client(client_id).await.unwrap_err()
    }

    fn begin(&self, client_id: &'static str) -> JoinHandle<Result<Option<Arc<Client>>, RegistryError>> {
        let registry = self.registry.clone();
        tokio::spawn(async move { registry.client(client_id).await })
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

type Row = Pin<Box<dyn Future<Output = Result<Option<Value>, io::Error>> + Send>>;

fn loader(database: &Arc<Database>) -> impl Fn(String) -> Row + Send + Sync + use<> {
    let database = Arc::clone(database);
    move |client_id: String| {
        let database = Arc::clone(&database);
        let row: Row = Box::pin(async move { database.look_up(&client_id).await });
        row
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work)
}

fn cause(error: &RegistryError) -> String {
    error.source().unwrap().to_string()
}

fn name(client: &Client) -> &str {
    client.client_name().unwrap_or_default()
}

fn named(client_id: &str, client_name: &str) -> Value {
    with(basic(client_id), json!({ "client_name": client_name }))
}

#[test]
fn a_client_is_loaded_once_in_its_lifetime() {
    run(async {
        let cached = Cached::of([named("web", "old")]);
        assert_eq!(name(&cached.get("web").await.unwrap()), "old");
        cached.database.put(named("web", "new"));
        cached.pass(59);
        assert_eq!(name(&cached.get("web").await.unwrap()), "old");
        assert_eq!(cached.database.loads(), 1);
        cached.pass(1);
        assert_eq!(name(&cached.get("web").await.unwrap()), "new");
        assert_eq!(cached.database.loads(), 2);
    });
}

#[test]
fn sixty_four_callers_share_one_load() {
    run(async {
        let cached = Cached::of([basic("web")]);
        let gate = cached.database.close_gate();
        let callers: Vec<_> = (0..64).map(|_| cached.begin("web")).collect();
        cached.database.has_begun(1).await;
        cached.database.open_gate(&gate);
        let mut found = Vec::new();
        for caller in callers {
            found.push(caller.await.unwrap().unwrap().unwrap());
        }
        assert!(found.iter().all(|client| Arc::ptr_eq(client, &found[0])));
        assert_eq!(cached.database.loads(), 1);
    });
}

#[test]
fn sixty_four_threads_share_one_load() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(8).enable_time().build().unwrap();
    runtime.block_on(async {
        for _ in 0..20 {
            let cached = Cached::of([basic("web")]);
            let callers: Vec<_> = (0..64).map(|_| cached.begin("web")).collect();
            for caller in callers {
                assert!(caller.await.unwrap().unwrap().is_some());
            }
            assert_eq!(cached.database.loads(), 1);
        }
    });
}

#[test]
fn a_caller_who_goes_away_fails_nobody_and_locks_out_nobody() {
    run(async {
        let cached = Cached::of([basic("web")]);
        let gate = cached.database.close_gate();
        let first = cached.begin("web");
        cached.database.has_begun(1).await;
        let second = cached.begin("web");
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        cached.database.open_gate(&gate);
        assert!(second.await.unwrap().unwrap().is_some());
        assert_eq!(cached.database.loads(), 1);
    });
}

#[test]
fn a_load_that_everybody_has_given_up_is_there_for_the_next_one() {
    run(async {
        let cached = Cached::of([basic("web")]);
        let gate = cached.database.close_gate();
        for _ in 0..10 {
            let caller = cached.begin("web");
            cached.database.has_begun(1).await;
            caller.abort();
        }
        cached.database.open_gate(&gate);
        assert!(cached.get("web").await.is_some());
        assert_eq!(cached.database.loads(), 1);
    });
}

#[test]
fn a_load_that_takes_too_long_ends_and_the_next_one_is_good() {
    run(async {
        let cached =
            Cached::over(&Database::of([basic("web")]), |limits| limits.load_timeout = Duration::from_millis(20));
        let gate = cached.database.close_gate();
        let error = cached.error("web").await;
        assert!(!error.is_unusable_client());
        assert_eq!(cause(&error), "the client was not loaded in time");
        cached.database.open_gate(&gate);
        // A slow machine may take longer than the limit for a load that hangs no more.
        while cached.registry.client("web").await.is_err() {
            cached.pass(1);
        }
    });
}

#[test]
fn a_loader_that_panics_is_a_fault_of_that_load_only() {
    run(async {
        let calls = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&calls);
        let registry = CachedRegistry::new(move |_: String| {
            let first = count.fetch_add(1, Ordering::SeqCst) == 0;
            async move {
                assert!(!first, "on purpose");
                Ok::<_, io::Error>(Some(basic("web")))
            }
        });
        let error = registry.client("web").await.unwrap_err();
        assert_eq!(cause(&error), "the load has ended without an outcome");
        assert!(registry.client("web").await.unwrap().is_some());
    });
}

#[test]
fn the_last_answer_stands_in_for_a_loader_that_panics_as_well() {
    run(async {
        let (clock, is_broken) = (ManualClock::default(), Arc::new(AtomicBool::new(false)));
        let broken = Arc::clone(&is_broken);
        let loader = move |_: String| {
            let is_broken = broken.load(Ordering::SeqCst);
            async move {
                assert!(!is_broken, "on purpose");
                Ok::<_, io::Error>(Some(basic("web")))
            }
        };
        let registry = CachedRegistry::builder(loader).clock(clock.clone()).build().unwrap();
        let client = registry.client("web").await.unwrap().unwrap();
        is_broken.store(true, Ordering::SeqCst);
        clock.advance(Duration::from_secs(61));
        for _ in 0..10 {
            assert!(Arc::ptr_eq(&client, &registry.client("web").await.unwrap().unwrap()));
            clock.advance(Duration::from_secs(2));
        }
        clock.advance(Duration::from_secs(15 * 60));
        assert!(registry.client("web").await.is_err());
        is_broken.store(false, Ordering::SeqCst);
        clock.advance(Duration::from_secs(2));
        assert!(registry.client("web").await.unwrap().is_some());
    });
}

#[test]
fn without_a_runtime_the_cause_is_told() {
    let cached = Cached::of([basic("web")]);
    let error = pollster::block_on(cached.registry.client("web")).unwrap_err();
    assert!(cause(&error).contains("there is no runtime"));
}

#[test]
fn the_last_answer_stands_in_while_the_database_is_down_and_for_no_longer_than_the_limit() {
    run(async {
        let cached = Cached::over(&Database::of([basic("web")]), |limits| {
            limits.lifetime = Duration::from_secs(60);
            limits.stale_if_error = Duration::from_secs(100);
        });
        let client = cached.get("web").await.unwrap();
        cached.database.is_down(true);
        cached.pass(159);
        assert!(Arc::ptr_eq(&client, &cached.get("web").await.unwrap()));
        cached.pass(1);
        let error = cached.error("web").await;
        assert!(!error.is_unusable_client());
        assert_eq!(cause(&error), "no route to the database");
    });
}

#[test]
fn a_client_that_was_never_loaded_is_refused_while_the_database_is_down_and_no_longer() {
    run(async {
        let cached = Cached::of([basic("web")]);
        cached.database.is_down(true);
        assert!(!cached.error("web").await.is_unusable_client());
        cached.database.is_down(false);
        assert_eq!(cause(&cached.error("web").await), "no route to the database", "within the second");
        assert_eq!(cached.database.loads(), 1);
        cached.pass(1);
        assert!(cached.get("web").await.is_some());
    });
}

#[test]
fn while_the_database_hangs_one_request_waits_and_the_others_go_on_at_once() {
    run(async {
        let cached = Cached::of([basic("web")]);
        cached.get("web").await.unwrap();
        cached.pass(60);
        cached.database.is_down(true);
        cached.get("web").await.unwrap();
        assert_eq!(cached.database.loads(), 2);
        // From here on look-ups hang, and no request does.
        let gate = cached.database.close_gate();
        for _ in 0..3 {
            cached.pass(1);
            cached.get("web").await.unwrap();
            cached.get("web").await.unwrap();
            cached.database.has_begun(3).await;
        }
        assert_eq!(cached.database.loads(), 3, "one load is under way");
        // The database is back, with another row.
        cached.database.is_down(false);
        cached.database.put(named("web", "new"));
        cached.database.open_gate(&gate);
        cached.registry.invalidate("web");
        assert_eq!(name(&cached.get("web").await.unwrap()), "new");
    });
}

#[test]
fn an_outage_ends_with_its_cause_and_the_first_load_after_it() {
    run(async {
        let cached = Cached::of([named("web", "old")]);
        cached.get("web").await.unwrap();
        cached.pass(60);
        cached.database.is_down(true);
        cached.get("web").await.unwrap();
        cached.database.is_down(false);
        cached.database.put(named("web", "new"));
        cached.pass(1);
        while name(&cached.get("web").await.unwrap()) == "old" {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn a_client_that_was_taken_out_is_unknown_at_the_end_of_its_lifetime() {
    run(async {
        let cached = Cached::of([basic("web")]);
        cached.get("web").await.unwrap();
        cached.database.remove("web");
        cached.pass(60);
        assert!(cached.get("web").await.is_none());
        cached.database.is_down(true);
        cached.pass(10);
        assert!(!cached.error("web").await.is_unusable_client(), "the client that it was does not stand in");
    });
}

#[test]
fn unknown_names_are_remembered_for_a_while() {
    run(async {
        let cached = Cached::of([]);
        assert!(cached.get("web").await.is_none());
        cached.database.put(basic("web"));
        cached.pass(9);
        assert!(cached.get("web").await.is_none());
        assert_eq!(cached.database.loads(), 1);
        cached.pass(1);
        assert!(cached.get("web").await.is_some());
    });
}

#[test]
fn names_that_strangers_make_up_push_out_no_client() {
    run(async {
        let clients: Vec<String> = (0..50).map(|number| format!("client-{number}")).collect();
        let cached = Cached::over(&Database::of(clients.iter().map(|name| basic(name))), |limits| {
            limits.clients = 100;
            limits.absent = 100;
        });
        for client in &clients {
            cached.get(client).await.unwrap();
        }
        for number in 0..5_000 {
            assert!(cached.get(&format!("stranger-{number}")).await.is_none());
        }
        let loads = cached.database.loads();
        for client in &clients {
            cached.get(client).await.unwrap();
        }
        assert_eq!(cached.database.loads(), loads);
    });
}

/// Counts the clients that are alive.
struct Counted(Arc<AtomicUsize>);

impl SecretVerifier for Counted {
    async fn verify(&self, _: &str, _: &[u8]) -> Result<bool, VerifierError> {
        Ok(false)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn no_more_clients_are_kept_than_there_is_room_for() {
    run(async {
        let alive = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&alive);
        let mut limits = CachedRegistryLimits::default();
        limits.clients = 100;
        let rows = |client_id: String| async move {
            Ok::<_, io::Error>(Some(json!({ "client_id": client_id, "redirect_uris": ["https://app.example.com/cb"] })))
        };
        let registry = CachedRegistry::builder(rows)
            .limits(limits)
            .prepare(move |registration| {
                count.fetch_add(1, Ordering::SeqCst);
                Client::with_secret_verifier(registration, Counted(Arc::clone(&count)))
            })
            .build()
            .unwrap();
        for number in 0..5_000 {
            registry.client(&format!("client-{number}")).await.unwrap().unwrap();
        }
        let alive = alive.load(Ordering::SeqCst);
        assert!((50..=128).contains(&alive), "{alive} are kept");
    });
}

#[test]
fn what_is_invalidated_is_loaded_again_and_the_others_are_not() {
    run(async {
        let cached = Cached::of([named("web", "old"), named("app", "old")]);
        cached.get("web").await.unwrap();
        cached.get("app").await.unwrap();
        assert!(cached.get("new").await.is_none());
        ["web", "app", "new"].into_iter().for_each(|client_id| cached.database.put(named(client_id, "new")));
        cached.registry.invalidate("web");
        cached.registry.invalidate("new");
        for (client_id, client_name) in [("web", "new"), ("app", "old"), ("new", "new")] {
            assert_eq!(name(&cached.get(client_id).await.unwrap()), client_name, "{client_id}");
        }
        cached.registry.clone().invalidate_all();
        assert_eq!(name(&cached.get("app").await.unwrap()), "new");
    });
}

#[test]
fn what_is_invalidated_does_not_stand_in() {
    run(async {
        let cached = Cached::of([basic("web"), basic("app")]);
        cached.get("web").await.unwrap();
        cached.get("app").await.unwrap();
        cached.database.is_down(true);
        cached.registry.invalidate("web");
        cached.error("web").await;
        cached.get("app").await.unwrap();
        cached.registry.invalidate_all();
        cached.error("app").await;
    });
}

#[test]
fn a_load_that_was_overtaken_does_not_put_the_old_row_back() {
    type Invalidate = fn(&CachedRegistry);
    let ways: [Invalidate; 2] = [|registry| registry.invalidate("web"), CachedRegistry::invalidate_all];
    for invalidate in ways {
        for old in [None, Some(named("web", "old"))] {
            run(async {
                let cached = Cached::of(old.clone());
                let gate = cached.database.close_gate();
                let before = cached.begin("web");
                cached.database.has_begun(1).await;
                cached.database.put(named("web", "new"));
                invalidate(&cached.registry);
                // This one has begun after the change, and does not wait for the load that began before.
                let after = cached.begin("web");
                cached.database.has_begun(2).await;
                cached.database.open_gate(&gate);
                assert_eq!(before.await.unwrap().unwrap().is_some(), old.is_some());
                assert_eq!(name(&after.await.unwrap().unwrap().unwrap()), "new");
                assert_eq!(name(&cached.get("web").await.unwrap()), "new");
                assert_eq!(cached.database.loads(), 2);
            });
        }
    }
}

#[test]
fn a_failed_load_that_was_overtaken_does_not_bring_the_last_answer_back() {
    run(async {
        let cached = Cached::of([basic("web")]);
        cached.get("web").await.unwrap();
        cached.pass(60);
        cached.database.is_down(true);
        let gate = cached.database.close_gate();
        let caller = cached.begin("web");
        cached.database.has_begun(2).await;
        cached.registry.invalidate("web");
        cached.database.open_gate(&gate);
        caller.await.unwrap().unwrap_err();
        cached.error("web").await;
    });
}

#[test]
fn after_an_invalidation_no_look_up_sees_the_row_of_before() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap();
    runtime.block_on(async {
        let cached = Cached::of([named("web", "0")]);
        let is_over = Arc::new(AtomicBool::new(false));
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let (registry, is_over) = (cached.registry.clone(), Arc::clone(&is_over));
                tokio::spawn(async move {
                    while !is_over.load(Ordering::SeqCst) {
                        registry.client("web").await.unwrap().unwrap();
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for version in 1..500_u32 {
            cached.database.put(named("web", &version.to_string()));
            cached.registry.invalidate("web");
            assert_eq!(name(&cached.get("web").await.unwrap()), version.to_string());
        }
        is_over.store(true, Ordering::SeqCst);
        for reader in readers {
            reader.await.unwrap();
        }
    });
}

#[test]
fn a_registration_that_has_not_changed_keeps_its_prepared_client() {
    run(async {
        let cached = Cached::of([basic("web")]);
        let client = cached.get("web").await.unwrap();
        let is_same = |other: Option<Arc<Client>>| Arc::ptr_eq(&client, &other.unwrap());
        cached.pass(60);
        assert!(is_same(cached.get("web").await));
        cached.registry.invalidate("web");
        assert!(is_same(cached.get("web").await));
        cached.registry.invalidate_all();
        assert!(is_same(cached.get("web").await));
        assert_eq!(cached.database.loads(), 4);
        cached.database.put(with(basic("web"), json!({ "client_secret": "another" })));
        cached.pass(60);
        assert!(!is_same(cached.get("web").await));
    });
}

#[test]
fn a_row_that_cannot_be_used_refuses_its_client_and_is_looked_at_again_soon() {
    run(async {
        let no_registration = json!({ "client_id": "web", "redirect_uris": 1 });
        let text = LoadedClient::from("no JSON".to_owned());
        assert!(format!("{text:?}").contains("the client cannot be used"), "{text:?}");
        let weak = with(basic("web"), json!({ "token_endpoint_auth_method": "telepathy" }));
        for (row, reason) in [(no_registration, "redirect_uris: "), (weak, "token_endpoint_auth_method: ")] {
            let cached = Cached::of([row]);
            for _ in 0..2 {
                let error = cached.error("web").await;
                assert!(error.is_unusable_client());
                assert!(cause(&error).starts_with(reason), "{}", cause(&error));
            }
            assert_eq!(cached.database.loads(), 1);
            cached.database.put(basic("web"));
            cached.pass(10);
            assert!(cached.get("web").await.is_some());
        }
    });
}

#[test]
fn a_good_client_whose_row_was_spoilt_is_refused() {
    run(async {
        let cached = Cached::of([basic("web")]);
        cached.get("web").await.unwrap();
        cached.database.put(json!({ "client_id": "web", "redirect_uris": 1 }));
        cached.pass(60);
        assert!(cached.error("web").await.is_unusable_client());
    });
}

#[test]
fn a_loader_can_say_itself_that_a_row_cannot_be_used() {
    run(async {
        let registry = CachedRegistry::new(|_: String| async {
            Err::<Option<Value>, _>(RegistryError::unusable_client("a reason"))
        });
        let error = registry.client("web").await.unwrap_err();
        assert!(error.is_unusable_client());
        assert_eq!(cause(&error), "a reason");
    });
}

#[test]
fn a_loader_can_shorten_the_lifetime_of_a_client() {
    run(async {
        let clock = ManualClock::default();
        let loads = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&loads);
        let rows = move |_: String| {
            count.fetch_add(1, Ordering::SeqCst);
            let row = LoadedClient::from(basic("web")).with_max_age(Duration::from_secs(5));
            async { Ok::<_, io::Error>(Some(row)) }
        };
        let registry = CachedRegistry::builder(rows).clock(clock.clone()).build().unwrap();
        for (seconds, expected) in [(0, 1), (4, 1), (1, 2)] {
            clock.advance(Duration::from_secs(seconds));
            registry.client("web").await.unwrap();
            assert_eq!(loads.load(Ordering::SeqCst), expected);
        }
    });
}

#[test]
fn a_name_in_another_case_leads_to_the_client_and_has_no_row_of_its_own() {
    run(async {
        let database = Database::of([named("web", "old")]);
        let clock = ManualClock::default();
        let rows = {
            let look_up = loader(&database);
            move |client_id: String| look_up(client_id.to_ascii_lowercase())
        };
        let registry = CachedRegistry::builder(rows).clock(clock.clone()).build().unwrap();
        let get = async |client_id: &str| registry.client(client_id).await.unwrap().unwrap();
        let client = get("web").await;
        for spelling in ["WEB", "Web", "WEB"] {
            assert!(Arc::ptr_eq(&client, &get(spelling).await));
        }
        assert_eq!(database.loads(), 3);
        database.put(named("web", "new"));
        registry.invalidate("web");
        let other: Arc<Client> = get("WEB").await;
        assert_eq!(name(&other), "new");
        // Of a row with another name altogether nothing is made.
        database.rows.lock().unwrap().insert("other".to_owned(), basic("web"));
        assert!(registry.client("other").await.unwrap().is_none());
    });
}

#[test]
fn observers_are_told_of_each_load_that_failed_and_of_nothing_else() {
    run(async {
        let cached = Cached::of([basic("web")]);
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        let par = ParEndpoint::builder(ISSUER)
            .clients(cached.registry.clone())
            .observer(move |event: &Event<'_>| {
                if let Event::ClientNotReloaded { client_id, error, .. } = event {
                    lines.lock().unwrap().push(format!("{client_id}: {}", cause(error)));
                }
            })
            .build()
            .unwrap()
            .boxed();
        let headers = [("content-type", &b"application/x-www-form-urlencoded"[..])];
        let reason = async || {
            let refused = par.push(&FormRequest::new("POST", headers, "client_id=web&client_secret=wrong")).await;
            refused.unwrap_err().reason()
        };
        assert_eq!(reason().await, Reason::WrongMethod);
        cached.database.is_down(true);
        cached.pass(60);
        for _ in 0..3 {
            assert_eq!(reason().await, Reason::WrongMethod);
        }
        assert_eq!(*log.lock().unwrap(), ["web: no route to the database"]);
        cached.registry.invalidate("web");
        assert_eq!(reason().await, Reason::RegistryUnavailable);
        assert_eq!(log.lock().unwrap().len(), 1);
    });
}

#[test]
fn limits_outside_their_bounds_are_refused_by_name() {
    let nobody = || |_: String| async { Ok::<_, io::Error>(None::<Value>) };
    let wrong = |change: fn(&mut CachedRegistryLimits)| {
        let mut limits = CachedRegistryLimits::default();
        change(&mut limits);
        CachedRegistry::builder(nobody()).limits(limits).build().unwrap_err().to_string()
    };
    let day = "must be a day or less";
    assert_eq!(wrong(|limits| limits.lifetime = Duration::from_secs(86_401)), format!("lifetime: {day}"));
    assert_eq!(wrong(|limits| limits.stale_if_error = Duration::MAX), format!("stale_if_error: {day}"));
    assert_eq!(wrong(|limits| limits.absent_lifetime = Duration::MAX), "absent_lifetime: must be an hour or less");
    assert_eq!(wrong(|limits| limits.retry = Duration::MAX), "retry: must be a minute or less");
    assert_eq!(
        wrong(|limits| limits.load_timeout = Duration::ZERO),
        "load_timeout: must be above 0, and a minute or less"
    );
    assert_eq!(wrong(|limits| limits.clients = 0), "clients: must not be 0");
    assert_eq!(wrong(|limits| limits.absent = 0), "absent: must not be 0");
}

#[test]
fn nothing_of_a_registration_is_shown() {
    run(async {
        let registry = Cached::of([basic("web")]).registry;
        registry.client("web").await.unwrap();
        let shown = format!("{registry:?} {:?}", LoadedClient::from(basic("web")));
        assert!(!shown.contains("s3cret"), "{shown}");
    });
}
