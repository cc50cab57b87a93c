//! Nodes of one authorization server that hold their settings against each other, over the store that they share.

mod fingerprint;

pub(super) use self::fingerprint::Check;

use std::{collections::BTreeSet, time::Duration};

use time::OffsetDateTime;

use self::fingerprint::{Fingerprint, Reading};
use super::ParEndpoint;
use crate::{
    observer::Event,
    settings_group::SettingsGroup,
    store::{
        AnnotateError, Annotation, Claim, ClaimError, InsertError, NewRequest, Owner, RequestStore, StoreError,
        StoreRefusal, digest::settings_key,
    },
};

/// How long what a node has written can be read.
const LIFETIME: Duration = Duration::from_secs(300);
/// After this time, the next node with the same settings writes them again, so that others always find them.
const RENEWAL: Duration = Duration::from_secs(150);
/// How much can be in the store at a time. A change makes two settings, and each may be there twice for the sake of renewal.
const SLOTS: u8 = 6;
/// The owner of what is written.
const OWNER: u8 = u8::MAX;
/// Seconds that clocks may be apart, whatever the policy has.
const LEAST_LEEWAY: u32 = 10;

/// The settings of this node beside those of the others. [`ParEndpoint::compare_settings`] makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsComparison {
    differing: Vec<SettingsGroup>,
    clock_offset: Option<i64>,
}

impl SettingsComparison {
    /// Returns the groups in which another node differs from this one. None: no node was seen that differs.
    #[must_use]
    pub fn differing(&self) -> &[SettingsGroup] {
        &self.differing
    }

    /// Returns the seconds by which the clock of this node is ahead of that of another one, of which the clock is furthest away. Negative
    /// when it is behind. `None` if no other clock was seen.
    #[must_use]
    pub fn clock_offset(&self) -> Option<i64> {
        self.clock_offset
    }
}

/// What has been seen of other nodes so far.
#[derive(Default)]
struct Seen {
    differing: BTreeSet<SettingsGroup>,
    clock_offset: Option<i64>,
    /// `true` if these settings are in the store, and stay there for a while.
    is_there: bool,
}

impl<C, S: RequestStore> ParEndpoint<C, S> {
    /// Holds the settings of this node against those of other nodes of the issuer, and leaves them in the store for others to do the
    /// same. Where they differ, the outcome says in what, and so does [`Event::SettingsDiffer`]. Nothing is refused, since nodes are
    /// bound to differ while a change goes from one to the next.
    ///
    /// Call it at start, and every minute or so from then on: what a node has left is there for five minutes, and is written again before they
    /// are over by the next node with the same settings. So five minutes after the last node with the old settings has gone, no node
    /// finds a difference any more. Each call takes six claims, and sometimes an insert and a note.
    ///
    /// The store holds digests of eight bytes, by which nothing can be learned that cannot be guessed, and of keys what only who has the key
    /// can compute. What is compared are the [groups](SettingsGroup); the registered clients, the rules and observers of the host, and the
    /// store itself are not. Nodes of different issuers do not see each other, nor do nodes whose stores are not the same.
    ///
    /// ```
    /// use std::time::Duration;
    /// use parjar::BoxedParEndpoint;
    ///
    /// /// A task of each node, for as long as it runs.
    /// async fn watch_settings(par: BoxedParEndpoint) {
    ///     loop {
    ///         match par.compare_settings().await {
    ///             Ok(comparison) => {
    ///                 for group in comparison.differing() {
    ///                     eprintln!("another node has a different {group}");
    ///                 }
    ///             }
    ///             Err(error) => eprintln!("the settings were not compared: {error}"),
    ///         }
    ///         # async fn sleep(_: Duration) {}
    ///         sleep(Duration::from_secs(60)).await; // of tokio::time, for instance
    ///         # break;
    ///     }
    /// }
    /// # let par = parjar::ParEndpoint::builder("https://as.example.com").clients(parjar::InMemoryRegistry::default()).build()?;
    /// # pollster::block_on(watch_settings(par.boxed()));
    /// # Ok::<_, parjar::BuildError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the store could not be asked, or has no room.
    pub async fn compare_settings(&self) -> Result<SettingsComparison, StoreError> {
        let own = self.fingerprint();
        let mut seen = Seen::default();
        let mut vacant = Vec::new();
        for slot in 0..SLOTS {
            if !self.look_at(slot, &own, &mut seen).await? {
                vacant.push(slot);
            }
        }
        for slot in vacant {
            if seen.is_there {
                break;
            }
            // Another node may have come first.
            if !self.write(slot, &own).await? {
                self.look_at(slot, &own, &mut seen).await?;
            } else {
                seen.is_there = true;
            }
        }
        let comparison = self.compared(seen);
        if !comparison.differing.is_empty() {
            let SettingsComparison { differing, clock_offset } = &comparison;
            self.parts.observers.observe(&Event::SettingsDiffer { groups: differing, clock_offset: *clock_offset });
        }
        Ok(comparison)
    }

    /// Holds what is in a slot against the settings of this node. Returns `false` if nothing is there.
    async fn look_at(&self, slot: u8, own: &Fingerprint, seen: &mut Seen) -> Result<bool, StoreError> {
        let entry = match self.store.claim(self.slot(slot), LIFETIME).await {
            Ok(entry) => entry,
            Err(ClaimError::Unknown) => return Ok(false),
            Err(ClaimError::Unavailable(error)) => return Err(error),
            // A store that seals says so when it has not the key.
            Err(_) => {
                seen.differing.insert(SettingsGroup::SealingKeys);
                return Ok(true);
            }
        };
        match own.held_against(&entry.payload) {
            Reading::Same => seen.is_there |= entry.open_for < RENEWAL,
            Reading::Different(groups) => seen.differing.extend(groups),
            Reading::Unreadable => _ = seen.differing.insert(SettingsGroup::SealingKeys),
        }
        if let Some(offset) = self.clock_offset(&entry.annotation, entry.open_for) {
            let is_further = seen.clock_offset.is_none_or(|known| known.unsigned_abs() < offset.unsigned_abs());
            seen.clock_offset = if is_further { Some(offset) } else { seen.clock_offset };
        }
        Ok(true)
    }

    /// Puts the settings of this node into a slot. Returns `false` if it is taken.
    async fn write(&self, slot: u8, own: &Fingerprint) -> Result<bool, StoreError> {
        let claim = self.slot(slot);
        let request = NewRequest::new(claim.key, Owner::authenticated(claim.owner), own.as_bytes());
        match self.store.insert(request, LIFETIME).await {
            Ok(_) => {}
            Err(InsertError::Exists) => return Ok(false),
            Err(InsertError::Refused(StoreRefusal::Unavailable(error))) => return Err(error),
            Err(InsertError::Refused(refusal)) => return Err(StoreError::new(refusal)),
        }
        // The store tells others how long ago the first claim was, and the note what the clock of this node said then.
        match self.store.claim(claim, LIFETIME).await {
            Ok(entry) => {
                let open_for = i64::try_from(entry.open_for.as_millis()).unwrap_or_default();
                let opened_at = milliseconds(self.parts.server.now()).saturating_sub(open_for).to_be_bytes();
                match self.store.annotate(claim, Annotation::new(&opened_at, entry.revision)).await {
                    Err(AnnotateError::NotOpen(ClaimError::Unavailable(error))) => Err(error),
                    _ => Ok(true),
                }
            }
            Err(ClaimError::Unavailable(error)) => Err(error),
            Err(_) => Ok(true),
        }
    }

    /// The seconds by which the clock of this node is ahead of that of the writer of a note.
    fn clock_offset(&self, note: &[u8], open_for: Duration) -> Option<i64> {
        let opened_at = i64::from_be_bytes(note.try_into().ok()?);
        let there = opened_at.checked_add(i64::try_from(open_for.as_millis()).ok()?)?;
        milliseconds(self.parts.server.now()).checked_sub(there)?.checked_div(1000)
    }

    fn compared(&self, seen: Seen) -> SettingsComparison {
        let Seen { mut differing, clock_offset, .. } = seen;
        let leeway = self.policy().clock_leeway.max(LEAST_LEEWAY);
        if clock_offset.is_some_and(|offset| offset.unsigned_abs() > leeway.into()) {
            differing.insert(SettingsGroup::Clock);
        }
        SettingsComparison { differing: differing.into_iter().collect(), clock_offset }
    }

    fn slot(&self, slot: u8) -> Claim {
        Claim::new(settings_key(self.issuer(), slot), settings_key(self.issuer(), OWNER))
    }
}

fn milliseconds(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}
