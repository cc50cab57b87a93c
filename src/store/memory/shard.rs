//! One shard: a table of requests, a table of marks, and the order in which they expire.

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, hash_map},
    sync::Arc,
    time::Duration,
};

use super::{
    accounts::{Accounts, Shortage},
    expiries::Expiries,
    schedule::{Ending, Schedule},
    share::Share,
    usage::{Kind, OfKinds, bytes_of},
};
use crate::{
    clock::milliseconds,
    store::{AnnotateError, Annotation, Claim, ClaimError, Claimed, Extension, RecordKey, ReplayMark},
};

/// Expired entries that an insert removes on its way. More than one, so that sweeping outruns inserting.
pub(super) const SWEPT_PER_INSERT: usize = 4;

#[derive(Default)]
pub(super) struct Shard {
    requests: HashMap<RecordKey, Entry>,
    request_expiries: Expiries,
    marks: HashMap<RecordKey, Known>,
    mark_expiries: Expiries,
    ends: Ends,
}

struct Entry {
    share: Arc<Share>,
    state: State,
    expires_at: u64,
}

enum State {
    /// It waits, or is open. The login is in a box, since most requests wait.
    Live {
        payload: Box<[u8]>,
        login: Option<Box<Login>>,
    },
    Spent,
}

/// What is known of a request that is open.
struct Login {
    opened_at: u64,
    browser: Option<RecordKey>,
    /// The note of the host, and how often it was changed.
    annotation: Box<[u8]>,
    revision: u32,
}

impl Login {
    fn begin(opened_at: u64, browser: Option<RecordKey>) -> Box<Self> {
        Box::new(Self { opened_at, browser, annotation: Box::default(), revision: 0 })
    }
}

/// A mark that is remembered.
struct Known {
    share: Arc<Share>,
    kind: Kind,
    expires_at: u64,
}

/// A request on its way into the table.
pub(super) struct Insertion<'a> {
    pub(super) key: RecordKey,
    pub(super) payload: &'a [u8],
    pub(super) lifetime: Duration,
}

/// The reason that something was not put into a table.
pub(super) enum Unfit {
    /// There is something under the key.
    Known,
    Short(Shortage),
}

impl Shard {
    pub(super) fn insert(
        &mut self,
        new: &Insertion<'_>,
        share: &Arc<Share>,
        now: u64,
        accounts: &Accounts,
    ) -> Result<(), Unfit> {
        self.sweep(now, SWEPT_PER_INSERT, accounts);
        if self.requests.get(&new.key).is_some_and(|entry| now < entry.expires_at) {
            return Err(Unfit::Known);
        }
        let expires_at = now.saturating_add(milliseconds(new.lifetime));
        let ending = Ending { kind: Kind::Request, at: expires_at, bytes: bytes_of(new.payload) };
        accounts.reserve(share, ending).map_err(Unfit::Short)?;
        self.ends.of(share, ending.kind).add(ending);
        let state = State::Live { payload: new.payload.into(), login: None };
        let entry = Entry { share: share.clone(), state, expires_at };
        if let Some(expired) = self.requests.insert(new.key, entry) {
            expired.release(accounts, &mut self.ends);
        }
        self.expect_expiry(new.key, expires_at);
        Ok(())
    }

    pub(super) fn claim(&mut self, claim: &Claim, login_lifetime: Duration, now: u64) -> Result<Claimed, ClaimError> {
        let entry = self.requests.get_mut(&claim.key).ok_or(ClaimError::Unknown)?;
        let (payload, login) = entry.live(claim, now)?;
        let payload = payload.to_vec();
        if let Some(login) = login {
            login.browser = login.browser.or(claim.browser);
            let open_for = Duration::from_millis(now.saturating_sub(login.opened_at));
            return Ok(Claimed::new(payload, open_for).with_annotation(login.annotation.to_vec(), login.revision));
        }
        *login = Some(Login::begin(now, claim.browser));
        self.expire(claim.key, now.saturating_add(milliseconds(login_lifetime)));
        Ok(Claimed::new(payload, Duration::ZERO))
    }

    /// Has a request that is there expire at another time.
    fn expire(&mut self, key: RecordKey, expires_at: u64) {
        let Some(entry) = self.requests.get_mut(&key) else { return };
        let before = entry.ending();
        entry.expires_at = expires_at;
        self.ends.of(&entry.share, Kind::Request).change(before, entry.ending());
        entry.share.used(Kind::Request).schedule().change(before, entry.ending());
        self.expect_expiry(key, expires_at);
    }

    pub(super) fn annotate(
        &mut self,
        claim: &Claim,
        annotation: Annotation<'_>,
        now: u64,
    ) -> Result<(), AnnotateError> {
        let (login, _) = self.login(claim, now)?;
        if login.revision != annotation.revision {
            return Err(AnnotateError::Changed);
        }
        login.annotation = annotation.bytes.into();
        login.revision = login.revision.saturating_add(1);
        Ok(())
    }

    pub(super) fn extend(&mut self, claim: &Claim, extension: Extension, now: u64) -> Result<Duration, ClaimError> {
        let (login, expires_at) = self.login(claim, now)?;
        let latest = login.opened_at.saturating_add(milliseconds(extension.longest));
        let wanted = now.saturating_add(milliseconds(extension.lifetime)).min(latest);
        if wanted > expires_at {
            self.expire(claim.key, wanted);
        }
        Ok(Duration::from_millis(wanted.max(expires_at).saturating_sub(now)))
    }

    /// Returns the login of a request that is open, and its expiry.
    fn login(&mut self, claim: &Claim, now: u64) -> Result<(&mut Login, u64), ClaimError> {
        let entry = self.requests.get_mut(&claim.key).ok_or(ClaimError::Unknown)?;
        let expires_at = entry.expires_at;
        match entry.live(claim, now)? {
            (_, Some(login)) => Ok((login, expires_at)),
            (_, None) => Err(ClaimError::Unknown),
        }
    }

    pub(super) fn consume(
        &mut self,
        claim: &Claim,
        remembered_for: Duration,
        now: u64,
        accounts: &Accounts,
    ) -> Result<(), ClaimError> {
        let hash_map::Entry::Occupied(mut occupied) = self.requests.entry(claim.key) else {
            return Err(ClaimError::Unknown);
        };
        let entry = occupied.get_mut();
        if let (_, None) = entry.live(claim, now)? {
            return Err(ClaimError::Unknown);
        }
        entry.release(accounts, &mut self.ends);
        if !accounts.spent.reserve(accounts.limits.requests) {
            occupied.remove();
            return Ok(());
        }
        entry.state = State::Spent;
        entry.expires_at = now.saturating_add(milliseconds(remembered_for));
        let expires_at = entry.expires_at;
        self.expect_expiry(claim.key, expires_at);
        Ok(())
    }

    fn expect_expiry(&mut self, key: RecordKey, expires_at: u64) {
        self.request_expiries.add(key, expires_at, &self.requests, |entry| entry.expires_at);
    }

    pub(super) fn knows(&self, mark: &RecordKey, now: u64) -> bool {
        self.marks.get(mark).is_some_and(|known| now < known.expires_at)
    }

    pub(super) fn put_down(
        &mut self,
        mark: &ReplayMark,
        share: &Arc<Share>,
        now: u64,
        accounts: &Accounts,
    ) -> Result<(), Unfit> {
        self.sweep(now, SWEPT_PER_INSERT, accounts);
        if self.knows(&mark.key, now) {
            return Err(Unfit::Known);
        }
        if let Some(expired) = self.marks.remove(&mark.key) {
            expired.release(accounts, &mut self.ends);
        }
        let known = Known { share: share.clone(), kind: mark.purpose.into(), expires_at: expiry_of(mark, now) };
        let expires_at = known.expires_at;
        accounts.reserve(share, known.ending()).map_err(Unfit::Short)?;
        self.ends.of(share, known.kind).add(known.ending());
        self.marks.insert(mark.key, known);
        self.mark_expiries.add(mark.key, expires_at, &self.marks, |known| known.expires_at);
        Ok(())
    }

    /// Undoes what [`put_down`](Self::put_down) did at that time. When the mark has expired since, another may be in
    /// its place, which expires later and stays.
    pub(super) fn take_back(&mut self, mark: &ReplayMark, put_down_at: u64, accounts: &Accounts) {
        if let hash_map::Entry::Occupied(occupied) = self.marks.entry(mark.key)
            && occupied.get().expires_at == expiry_of(mark, put_down_at)
        {
            occupied.remove().release(accounts, &mut self.ends);
        }
    }

    /// Removes up to `limit` expired requests and as many expired marks, and tells how many of the lists it has gone
    /// through.
    pub(super) fn sweep(&mut self, now: u64, limit: usize, accounts: &Accounts) -> usize {
        let mut done = 0usize;
        for _ in 0..limit {
            let Some(key) = self.request_expiries.next(now) else { break };
            done = done.saturating_add(1);
            if let hash_map::Entry::Occupied(occupied) = self.requests.entry(key)
                && occupied.get().expires_at <= now
            {
                occupied.remove().release(accounts, &mut self.ends);
            }
        }
        for _ in 0..limit {
            let Some(key) = self.mark_expiries.next(now) else { break };
            done = done.saturating_add(1);
            if let hash_map::Entry::Occupied(occupied) = self.marks.entry(key)
                && occupied.get().expires_at <= now
            {
                occupied.remove().release(accounts, &mut self.ends);
            }
        }
        done
    }

    /// Returns the second at which the first of a kind ends, of unauthenticated clients or of any.
    pub(super) fn room_at(&self, kind: Kind, of_unauthenticated: bool) -> Option<u64> {
        let of_others = self.ends.authenticated.of(kind).room_at(0).filter(|_| !of_unauthenticated);
        [self.ends.unauthenticated.of(kind).room_at(0), of_others].into_iter().flatten().min()
    }
}

impl Entry {
    /// Returns what is kept of a request that waits for its claim or is open to it.
    fn live(&mut self, claim: &Claim, now: u64) -> Result<(&[u8], &mut Option<Box<Login>>), ClaimError> {
        if self.expires_at <= now {
            return Err(ClaimError::Unknown);
        }
        if self.share.key != claim.owner {
            return Err(ClaimError::OtherOwner);
        }
        let State::Live { payload, login } = &mut self.state else {
            return Err(ClaimError::Spent);
        };
        match login.as_ref().and_then(|login| login.browser) {
            Some(browser) if claim.browser != Some(browser) => Err(ClaimError::OtherBrowser),
            _ => Ok((payload, login)),
        }
    }

    /// Takes this entry out of the count that it is in.
    fn release(&self, accounts: &Accounts, ends: &mut Ends) {
        if matches!(self.state, State::Spent) {
            accounts.spent.release();
        } else {
            ends.of(&self.share, Kind::Request).remove(self.ending());
            accounts.release(&self.share, self.ending());
        }
    }

    fn ending(&self) -> Ending {
        let payload: &[u8] = match &self.state {
            State::Live { payload, .. } => payload,
            State::Spent => &[],
        };
        Ending { kind: Kind::Request, at: self.expires_at, bytes: bytes_of(payload) }
    }
}

impl Known {
    fn release(&self, accounts: &Accounts, ends: &mut Ends) {
        ends.of(&self.share, self.kind).remove(self.ending());
        accounts.release(&self.share, self.ending());
    }

    fn ending(&self) -> Ending {
        Ending { kind: self.kind, at: self.expires_at, bytes: 0 }
    }
}

fn expiry_of(mark: &ReplayMark, now: u64) -> u64 {
    now.saturating_add(milliseconds(mark.lifetime))
}

/// The schedules that say when room comes back in this shard.
#[derive(Default)]
struct Ends {
    authenticated: OfKinds<Schedule>,
    unauthenticated: OfKinds<Schedule>,
}

impl Ends {
    fn of(&mut self, share: &Share, kind: Kind) -> &mut Schedule {
        if share.is_authenticated { &mut self.authenticated } else { &mut self.unauthenticated }.of_mut(kind)
    }
}
