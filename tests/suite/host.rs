//! What a host might bring: a store of its own, with everything that can be wrong with one, and endpoints over any store.

use std::{
    collections::{HashMap, HashSet},
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard},
    task::Poll,
    thread,
    time::Duration,
};

use parjar::{
    AuthorizationResponse, AuthorizeRefusal, Clock as _, FormRequest, Granted, InMemoryRegistry, ManualClock,
    ParEndpoint, ParEndpointBuilder, Pending, Refusal, Reply,
    store::{
        AnnotateError, Annotation, Claim, ClaimError, Claimed, Extension, InsertError, NewRequest, Owner, RecordKey,
        Remembered, ReplayMark, RequestStore, StoreRefusal,
    },
};

use crate::support::{FORM, ISSUER, authorization, basic, browser_with, client};

/// An endpoint with the clients `basic` and `other`.
pub(crate) fn builder(issuer: &str) -> ParEndpointBuilder {
    ParEndpoint::builder(issuer).clients(InMemoryRegistry::new([basic("basic"), basic("other")].map(client)).unwrap())
}

pub(crate) fn endpoint<S: RequestStore>(store: S) -> ParEndpoint<InMemoryRegistry, S> {
    builder(ISSUER).store(store).build().unwrap()
}

/// Pushes a body with HTTP Basic and the secret `s3cret`.
pub(crate) fn push<C, S>(par: &ParEndpoint<C, S>, client_id: &str, body: &str) -> Reply
where
    C: parjar::ClientRegistry,
    S: RequestStore,
{
    let authorization = authorization(client_id, "s3cret");
    let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
    Reply::from(pollster::block_on(par.push(&FormRequest::new("POST", headers, body))))
}

/// Opens a pushed request of `basic`.
pub(crate) fn open<C, S>(
    par: &ParEndpoint<C, S>,
    request_uri: &str,
    browser: Option<&str>,
) -> Result<Pending, AuthorizeRefusal>
where
    C: parjar::ClientRegistry,
    S: RequestStore,
{
    pollster::block_on(par.authorize(&format!("client_id=basic&request_uri={request_uri}"), browser_with(browser)))
}

/// The authorization response with these parameters, which must be one.
pub(crate) fn respond<'a>(
    granted: &Granted,
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> AuthorizationResponse {
    pollster::block_on(granted.respond(parameters)).expect("a response")
}

/// The refusal of an outcome that must be a page.
pub(crate) fn page<T: std::fmt::Debug>(outcome: Result<T, AuthorizeRefusal>) -> Refusal {
    match outcome {
        Err(AuthorizeRefusal::Page(refusal)) => refusal,
        other => panic!("not a page: {other:?}"),
    }
}

/// The refusal of an outcome that must be a redirect, and its `Location`.
pub(crate) fn redirected<T: std::fmt::Debug>(outcome: Result<T, AuthorizeRefusal>) -> (Refusal, String) {
    match outcome {
        Err(AuthorizeRefusal::Redirect(refused)) => {
            let location = refused.response().location().expect("a Location").to_owned();
            (AuthorizeRefusal::Redirect(refused).refusal().clone(), location)
        }
        other => panic!("not a redirect: {other:?}"),
    }
}

/// Names and values of a `Location` whose parameters follow the redirect URI.
pub(crate) fn answer(location: &str, redirect_uri: &str) -> Vec<(String, String)> {
    let rest = location.strip_prefix(redirect_uri).expect("the redirect URI, byte for byte");
    let pairs = rest.strip_prefix(['?', '#', '&']).unwrap_or(rest);
    url::form_urlencoded::parse(pairs.as_bytes()).into_owned().collect()
}

/// A store as a host would write it, over one locked table.
#[derive(Clone)]
pub(crate) struct HostStore {
    table: Arc<Mutex<Table>>,
    /// Held for a whole operation, by a store that does it right.
    whole: Arc<Mutex<()>>,
    clock: ManualClock,
    fault: Option<Fault>,
}

/// What a store can get wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    FindThenInsert,
    FindThenOpen,
    FindThenSpend,
    FindThenMark,
    WritesBackWhatItRead,
    OverwritesOnInsert,
    OverwritesSpentOnInsert,
    InsertsInTwoSteps,
    SpendsInTwoSteps,
    LosesBytes,
    OpensOnce,
    IgnoresOwner,
    IgnoresOwnerWhenSpending,
    DestroysForWrongOwner,
    OpensForWrongOwner,
    IgnoresBrowser,
    IgnoresBrowserWhenSpending,
    TakesNoBrowserForAny,
    DestroysForWrongBrowser,
    BindsAtFirstClaimOnly,
    SpendsWhatWaits,
    SpendsTwice,
    RemembersNothing,
    RemembersForEver,
    NeverExpires,
    SpendsWhatExpired,
    OpenDiesWithWaiting,
    ClaimProlongs,
    DoesNotSayHowLongItIsOpen,
    CountsFromThePush,
    CountsFromTheLastClaim,
    CountsFromTheBinding,
    LosesTheNote,
    NoteBinds,
    IgnoresTheRevision,
    IgnoresOwnerOfNotes,
    AnnotatesWhatWaits,
    ExtendsForAny,
    ExtendsForEver,
    ExtendsFromEachCall,
    Shortens,
    NoteProlongs,
    FindThenAnnotate,
    MarksAreAlwaysNew,
    MarksNeverExpire,
    RepeatedMarkLivesLonger,
    MarksAreOfTheirOwner,
    MarksOfRequestsAreOthers,
    IgnoresMarksOnInsert,
    TakesAMarkTwiceInACall,
    NamesTheFirstMark,
    KeepsMarksOfAReplay,
    KeepsMarksOfARefusedInsert,
    KeepsMarksOfALostRace,
    TakesBackMarksOfOthers,
    InsertsAReplay,
    TellsOfATakenKeyFirst,
    MarksOfACallLiveAsLong,
    MarksLiveAsLongAsTheRequest,
    FindThenMarkOnInsert,
    LocksTheFirstMarkOnly,
    MarksInTwoSteps,
    MarksBeforeTheRequest,
}

#[derive(Default)]
struct Table {
    requests: HashMap<RecordKey, Entry>,
    marks: HashMap<MarkName, Duration>,
    locks: HashMap<RecordKey, Arc<Mutex<()>>>,
}

/// A key; what more there is, is a fault.
type MarkName = (RecordKey, Option<RecordKey>, bool);

#[derive(Clone)]
struct Entry {
    owner: RecordKey,
    payload: Vec<u8>,
    browser: Option<RecordKey>,
    state: State,
    /// Since when it counts as open.
    opened_at: Duration,
    expires_at: Duration,
    note: Vec<u8>,
    revision: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Open,
    Spent,
}

impl HostStore {
    pub(crate) fn new(clock: ManualClock) -> Self {
        Self { table: Arc::default(), whole: Arc::default(), clock, fault: None }
    }

    pub(crate) fn with(clock: ManualClock, fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::new(clock) }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap()
    }

    /// The gap of a store that looks before it leaps.
    fn gap(&self, fault: Fault) {
        if self.has(fault) {
            thread::sleep(Duration::from_millis(15));
        }
    }

    fn find(&self, key: RecordKey) -> Option<Entry> {
        let now = self.clock.elapsed();
        let entry = self.table().requests.get(&key).cloned()?;
        let for_ever =
            self.has(Fault::NeverExpires) || (self.has(Fault::RemembersForEver) && entry.state == State::Spent);
        (for_ever || now < entry.expires_at).then_some(entry)
    }

    fn put(&self, key: RecordKey, entry: Entry) {
        self.table().requests.insert(key, entry);
    }

    fn claimed(&self, claim: &Claim, login_lifetime: Duration) -> Result<Entry, ClaimError> {
        let mut entry = self.find(claim.key).ok_or(ClaimError::Unknown)?;
        if entry.owner != claim.owner && !self.has(Fault::IgnoresOwner) {
            if self.has(Fault::DestroysForWrongOwner) {
                self.table().requests.remove(&claim.key);
            }
            if self.has(Fault::OpensForWrongOwner) && entry.state == State::Waiting {
                self.put(claim.key, Entry { state: State::Open, ..entry });
            }
            return Err(ClaimError::OtherOwner);
        }
        if entry.state == State::Spent {
            return Err(ClaimError::Spent);
        }
        self.check_browser(&entry, claim)?;
        if entry.state == State::Open && self.has(Fault::OpensOnce) {
            return Err(ClaimError::Unknown);
        }
        if entry.state == State::Waiting || self.has(Fault::ClaimProlongs) {
            let fixed = self.has(Fault::OpenDiesWithWaiting);
            entry.expires_at = if fixed { entry.expires_at } else { self.clock.elapsed() + login_lifetime };
        }
        let opens = match entry.state {
            State::Waiting => !self.has(Fault::CountsFromThePush),
            _ => self.has(Fault::CountsFromTheBinding) && entry.browser.is_none() && claim.browser.is_some(),
        };
        entry.opened_at = if opens { self.clock.elapsed() } else { entry.opened_at };
        if entry.state == State::Waiting || !self.has(Fault::BindsAtFirstClaimOnly) {
            entry.browser = entry.browser.or(claim.browser);
        }
        entry.state = State::Open;
        Ok(entry)
    }

    fn check_browser(&self, entry: &Entry, claim: &Claim) -> Result<(), ClaimError> {
        let lenient =
            self.has(Fault::IgnoresBrowser) || (self.has(Fault::TakesNoBrowserForAny) && claim.browser.is_none());
        if entry.browser.is_none() || entry.browser == claim.browser || lenient {
            return Ok(());
        }
        if self.has(Fault::DestroysForWrongBrowser) {
            self.table().requests.remove(&claim.key);
        }
        Err(ClaimError::OtherBrowser)
    }

    /// A request that is open, for a note or more time.
    fn opened(&self, claim: &Claim, any_owner: Fault) -> Result<Entry, ClaimError> {
        let entry = self.find(claim.key).ok_or(ClaimError::Unknown)?;
        if entry.owner != claim.owner && !self.has(any_owner) {
            return Err(ClaimError::OtherOwner);
        }
        match entry.state {
            State::Spent => return Err(ClaimError::Spent),
            State::Waiting if !self.has(Fault::AnnotatesWhatWaits) => return Err(ClaimError::Unknown),
            State::Waiting | State::Open => {}
        }
        self.check_browser(&entry, claim)?;
        Ok(entry)
    }

    fn spendable(&self, claim: &Claim) -> Result<Entry, ClaimError> {
        let found = if self.has(Fault::SpendsWhatExpired) {
            self.table().requests.get(&claim.key).cloned()
        } else {
            self.find(claim.key)
        };
        let entry = found.ok_or(ClaimError::Unknown)?;
        let any_owner = self.has(Fault::IgnoresOwner) || self.has(Fault::IgnoresOwnerWhenSpending);
        if entry.owner != claim.owner && !any_owner {
            return Err(ClaimError::OtherOwner);
        }
        if entry.state == State::Spent && !self.has(Fault::SpendsTwice) {
            return Err(ClaimError::Spent);
        }
        if !self.has(Fault::IgnoresBrowserWhenSpending) {
            self.check_browser(&entry, claim)?;
        }
        if entry.state == State::Waiting && !self.has(Fault::SpendsWhatWaits) {
            return Err(ClaimError::Unknown);
        }
        Ok(entry)
    }

    /// Does a whole operation, with a gap in the middle if it has this fault.
    fn whole<T>(&self, unless: Fault, operation: impl FnOnce() -> T) -> T {
        let _guard = (!self.has(unless)).then(|| self.whole.lock().unwrap());
        operation()
    }

    /// Does a whole operation with marks.
    fn marking<T>(&self, unless: Fault, marks: &[ReplayMark], operation: impl FnOnce() -> T) -> T {
        match marks.first() {
            Some(first) if self.has(Fault::LocksTheFirstMarkOnly) => {
                let lock = self.table().locks.entry(first.key).or_default().clone();
                let _guard = lock.lock().unwrap();
                operation()
            }
            Some(_) if unless == Fault::FindThenInsert && self.has(Fault::FindThenMarkOnInsert) => operation(),
            _ => self.whole(unless, operation),
        }
    }

    fn name_of(&self, mark: RecordKey, call: &Call<'_>) -> MarkName {
        let owner = self.has(Fault::MarksAreOfTheirOwner).then_some(call.owner);
        (mark, owner, call.request.is_some() && self.has(Fault::MarksOfRequestsAreOthers))
    }

    /// Fails when a mark is known.
    fn check_marks(&self, call: &Call<'_>) -> Result<(), RecordKey> {
        let ignores = call.request.is_some() && self.has(Fault::IgnoresMarksOnInsert);
        if ignores || self.has(Fault::MarksAreAlwaysNew) {
            return Ok(());
        }
        let now = self.clock.elapsed();
        let mut earlier = HashSet::new();
        for (count, mark) in call.marks.iter().enumerate() {
            let name = self.name_of(mark.key, call);
            let until = self.table().marks.get(&name).copied();
            let known = until.is_some_and(|until| now < until || self.has(Fault::MarksNeverExpire));
            let repeated = !earlier.insert(mark.key) && !self.has(Fault::TakesAMarkTwiceInACall);
            if known && self.has(Fault::RepeatedMarkLivesLonger) {
                self.table().marks.insert(name, now + mark.lifetime);
            }
            if known && self.has(Fault::TakesBackMarksOfOthers) && count > 0 {
                self.table().marks.remove(&name);
            }
            if (known || repeated) && self.has(Fault::KeepsMarksOfAReplay) {
                self.put_marks(&Call { marks: &call.marks[..count], ..*call });
            }
            if known || repeated {
                return Err(if self.has(Fault::NamesTheFirstMark) { call.marks[0].key } else { mark.key });
            }
        }
        if !call.marks.is_empty() {
            self.gap(if call.request.is_some() { Fault::FindThenMarkOnInsert } else { Fault::FindThenMark });
            self.gap(Fault::LocksTheFirstMarkOnly);
        }
        Ok(())
    }

    fn put_marks(&self, call: &Call<'_>) {
        let now = self.clock.elapsed();
        for mark in call.marks {
            let lifetime = match call.request {
                Some(request) if self.has(Fault::MarksLiveAsLongAsTheRequest) => request,
                _ if self.has(Fault::MarksOfACallLiveAsLong) => call.marks[0].lifetime,
                _ => mark.lifetime,
            };
            self.table().marks.insert(self.name_of(mark.key, call), now + lifetime);
        }
    }

    fn take_back_marks(&self, call: &Call<'_>) {
        for mark in call.marks {
            self.table().marks.remove(&self.name_of(mark.key, call));
        }
    }
}

/// A call that brings marks.
#[derive(Clone, Copy)]
struct Call<'a> {
    owner: RecordKey,
    marks: &'a [ReplayMark],
    /// The lifetime of the request that comes with them.
    request: Option<Duration>,
}

impl RequestStore for HostStore {
    async fn insert(&self, request: NewRequest<'_>, lifetime: Duration) -> Result<Remembered, InsertError> {
        let entry = Entry {
            owner: request.owner.key,
            payload: request.payload.to_vec(),
            browser: None,
            state: State::Waiting,
            opened_at: self.clock.elapsed(),
            expires_at: self.clock.elapsed() + lifetime,
            note: Vec::new(),
            revision: 0,
        };
        let call = Call { owner: request.owner.key, marks: request.marks, request: Some(lifetime) };
        let replayed = |mark| InsertError::Refused(StoreRefusal::Replayed { mark });
        let is_free = || {
            let taken = self.find(request.key).is_some_and(|there| match there.state {
                State::Spent => !self.has(Fault::OverwritesSpentOnInsert),
                _ => !self.has(Fault::OverwritesOnInsert),
            });
            self.gap(Fault::FindThenInsert);
            if taken { Err(InsertError::Exists) } else { Ok(()) }
        };
        let put = || {
            let payload = if self.has(Fault::InsertsInTwoSteps) { Vec::new() } else { entry.payload.clone() };
            self.put(request.key, Entry { payload, ..entry.clone() });
        };
        let in_steps = self.has(Fault::MarksBeforeTheRequest) || self.has(Fault::KeepsMarksOfALostRace);
        self.marking(Fault::FindThenInsert, request.marks, || {
            if self.has(Fault::TellsOfATakenKeyFirst) {
                is_free()?;
            }
            if self.has(Fault::InsertsAReplay) {
                is_free().inspect(|()| put())?;
                self.check_marks(&call).map_err(replayed)?;
                self.put_marks(&call);
                return Ok::<_, InsertError>(());
            }
            self.check_marks(&call).map_err(replayed)?;
            if self.has(Fault::KeepsMarksOfARefusedInsert) {
                self.put_marks(&call);
            }
            is_free()?;
            self.put_marks(&call);
            if !in_steps {
                put();
            }
            Ok(())
        })?;
        if in_steps {
            self.gap(Fault::KeepsMarksOfALostRace);
            if self.has(Fault::MarksBeforeTheRequest) {
                pause().await;
            }
            self.whole(Fault::FindThenInsert, || is_free().inspect(|()| put())).inspect_err(|_| {
                if !self.has(Fault::KeepsMarksOfALostRace) {
                    self.take_back_marks(&call);
                }
            })?;
        }
        if self.has(Fault::InsertsInTwoSteps) {
            pause().await;
            self.put(request.key, entry);
        }
        Ok(Remembered::ALL)
    }

    async fn claim(&self, claim: Claim, login_lifetime: Duration) -> Result<Claimed, ClaimError> {
        let (entry, open_for) = self.whole(Fault::FindThenOpen, || {
            let entry = self.claimed(&claim, login_lifetime)?;
            self.gap(Fault::FindThenOpen);
            let now = self.clock.elapsed();
            let open_for =
                if self.has(Fault::DoesNotSayHowLongItIsOpen) { Duration::ZERO } else { now - entry.opened_at };
            let opened_at = if self.has(Fault::CountsFromTheLastClaim) { now } else { entry.opened_at };
            self.put(claim.key, Entry { opened_at, ..entry.clone() });
            Ok::<_, ClaimError>((entry, open_for))
        })?;
        if self.has(Fault::WritesBackWhatItRead) {
            self.gap(Fault::WritesBackWhatItRead);
            self.put(claim.key, entry.clone());
        }
        let mut payload = entry.payload;
        if self.has(Fault::LosesBytes) {
            payload.retain(|byte| *byte != 0);
        }
        let mut note = entry.note;
        if self.has(Fault::LosesTheNote) {
            note.retain(|byte| *byte != 0);
        }
        Ok(Claimed::new(payload, open_for).with_annotation(note, entry.revision))
    }

    async fn annotate(&self, claim: Claim, annotation: Annotation<'_>) -> Result<(), AnnotateError> {
        self.whole(Fault::FindThenAnnotate, || {
            let mut entry = self.opened(&claim, Fault::IgnoresOwnerOfNotes)?;
            if entry.revision != annotation.revision && !self.has(Fault::IgnoresTheRevision) {
                return Err(AnnotateError::Changed);
            }
            self.gap(Fault::FindThenAnnotate);
            if self.has(Fault::NoteBinds) {
                entry.browser = entry.browser.or(claim.browser);
            }
            if self.has(Fault::NoteProlongs) {
                entry.expires_at = self.clock.elapsed() + Duration::from_secs(60);
            }
            let revision = entry.revision + 1;
            self.put(claim.key, Entry { note: annotation.bytes.to_vec(), revision, ..entry });
            Ok(())
        })
    }

    async fn extend(&self, claim: Claim, extension: Extension) -> Result<Duration, ClaimError> {
        let _guard = self.whole.lock().unwrap();
        let mut entry = self.opened(&claim, Fault::ExtendsForAny)?;
        let now = self.clock.elapsed();
        let wanted = now + extension.lifetime;
        let latest = if self.has(Fault::ExtendsFromEachCall) { now } else { entry.opened_at } + extension.longest;
        let bounded = if self.has(Fault::ExtendsForEver) { wanted } else { wanted.min(latest) };
        let expires_at = if self.has(Fault::Shortens) { bounded } else { bounded.max(entry.expires_at) };
        entry.expires_at = expires_at;
        self.put(claim.key, entry);
        Ok(expires_at.saturating_sub(now))
    }

    async fn consume(&self, claim: Claim, remembered_for: Duration) -> Result<(), ClaimError> {
        let spent = self.whole(Fault::FindThenSpend, || {
            let entry = self.spendable(&claim)?;
            self.gap(Fault::FindThenSpend);
            let expires_at = self.clock.elapsed() + remembered_for;
            let (payload, note) = (Vec::new(), Vec::new());
            let spent = Entry { payload, note, state: State::Spent, expires_at, ..entry };
            if self.has(Fault::RemembersNothing) || self.has(Fault::SpendsInTwoSteps) {
                self.table().requests.remove(&claim.key);
            } else {
                self.put(claim.key, spent.clone());
            }
            Ok::<_, ClaimError>(spent)
        })?;
        if self.has(Fault::SpendsInTwoSteps) {
            pause().await;
            self.put(claim.key, spent);
        }
        Ok(())
    }

    async fn remember(&self, owner: Owner, marks: &[ReplayMark]) -> Result<Remembered, StoreRefusal> {
        let call = Call { owner: owner.key, marks, request: None };
        let replayed = |mark| StoreRefusal::Replayed { mark };
        let first = if self.has(Fault::MarksInTwoSteps) { marks.len().min(1) } else { marks.len() };
        self.marking(Fault::FindThenMark, marks, || {
            self.check_marks(&call).map_err(replayed)?;
            self.put_marks(&Call { marks: &marks[..first], ..call });
            Ok::<_, StoreRefusal>(())
        })?;
        if self.has(Fault::MarksInTwoSteps) {
            pause().await;
            self.put_marks(&Call { marks: &marks[first..], ..call });
        }
        Ok(Remembered::ALL)
    }
}

/// Waits until it is polled again: a caller may give up here.
pub(crate) async fn pause() {
    let mut paused = false;
    poll_fn(|context| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
