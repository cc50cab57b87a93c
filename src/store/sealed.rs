//! Encryption at rest: a store in front of another one, which then holds nothing that can be read or exchanged.

use std::{fmt, sync::Arc, time::Duration};

use chacha20poly1305::{
    Key as CipherKey, KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};

use super::{
    AnnotateError, Annotation, Claim, ClaimError, Claimed, Extension, InsertError, NewRequest, NotReady, Owner,
    RecordKey, Remembered, ReplayMark, RequestStore, StoreError, StoreRefusal,
};
use crate::{
    error_text::debug_by_display,
    random::{RandomSource, SystemRandom},
    server_secret::{DerivedKey, Purpose, ServerSecret},
    shared_value::SharedValue,
};

/// Goes up when the layout changes: version, number of the key, nonce, ciphertext and tag.
const VERSION: u8 = 1;
const NONCE: usize = 24;
const HEADER: usize = 5;

/// Keys in a ring.
const MAX_KEYS: usize = 16;

/// Seals the payloads that another store keeps, with XChaCha20-Poly1305 and keys of the host.
///
/// An attacker who reads the database, or a backup of it, sees neither `login_hint` nor `claims` nor anything else of a
/// request, nor the host's notes on it. One who can write to it cannot change a payload or a note, or put one in
/// another's place: each is tied to its key in the store, and by that to its issuer and its client. Such a record is
/// refused as [`ClaimError::Unreadable`].
///
/// Marks and the keys of records are digests, and stay as they are. So do the state and the expiry of a record: an
/// attacker who can write to the database can still delete requests and notes, reopen spent requests, or put an earlier
/// state of a request back.
///
/// A sealed payload or note is 45 bytes longer.
///
/// ```
/// use parjar::store::{MemoryStore, SealedStore, SealingKeys};
///
/// # let (this_year, last_year) = ([7; 32], [8; 32]);
/// let keys = SealingKeys::new(2026, this_year)?.and(2025, last_year)?;
/// let store = SealedStore::new(MemoryStore::default(), keys.clone());
///
/// // Later, with all nodes running: first every node knows the new key, then every node uses it.
/// # let next_year = [9; 32];
/// keys.replace(&SealingKeys::new(2026, this_year)?.and(2027, next_year)?);
/// keys.replace(&SealingKeys::new(2027, next_year)?.and(2026, this_year)?);
/// # Ok::<_, parjar::store::SealingKeyError>(())
/// ```
#[derive(Clone)]
pub struct SealedStore<S> {
    inner: S,
    keys: SealingKeys,
    random: Arc<dyn RandomSource>,
}

/// The keys of a [`SealedStore`]: one that seals, and others that only open what they have sealed before. Clones share
/// them, so that a clone kept by the host can replace them at run time.
///
/// A key has a number, which is stored with what it seals. No record lives longer than two hours, so an old key can go
/// two hours after the last node has stopped to seal with it.
#[derive(Clone)]
pub struct SealingKeys(SharedValue<Ring>);

/// The first one seals.
type Ring = [(u32, XChaCha20Poly1305)];

/// The reason that keys make no ring.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealingKeyError {
    /// All bytes are zero: a setting that was forgotten, not a key.
    #[error("a key must be 32 random bytes, not zeros")]
    Zeros,
    /// Two keys have the same number.
    #[error("the number {0} is there twice")]
    DuplicateNumber(u32),
    /// More than 16.
    #[error("there are too many keys")]
    TooMany,
}

debug_by_display!(SealingKeyError);

impl SealingKeys {
    /// A ring of one key: 32 bytes drawn at random, which are the host's to wipe.
    ///
    /// # Errors
    ///
    /// [`SealingKeyError::Zeros`]
    pub fn new(number: u32, key: [u8; 32]) -> Result<Self, SealingKeyError> {
        Ok(Self(SharedValue::new([(number, cipher(key)?)])))
    }

    /// The same, with a further key that opens but does not seal.
    ///
    /// # Errors
    ///
    /// The number is taken, the key is zeros, or the ring is full.
    pub fn and(self, number: u32, key: [u8; 32]) -> Result<Self, SealingKeyError> {
        let present = self.0.get();
        if present.iter().any(|(taken, _)| *taken == number) {
            return Err(SealingKeyError::DuplicateNumber(number));
        }
        if present.len() >= MAX_KEYS {
            return Err(SealingKeyError::TooMany);
        }
        let ring: Arc<Ring> = present.iter().cloned().chain([(number, cipher(key)?)]).collect();
        Ok(Self(SharedValue::new(ring)))
    }

    /// The ring of a secret: the key of the present one seals, and those of the secrets that are [accepted](ServerSecret::accepting) beside it
    /// open. Keys have numbers that come from the secrets. `issuer` is the issuer whose records they are; of
    /// issuers that share one sealed store, any name that all nodes have in common.
    ///
    /// ```
    /// use parjar::{ServerSecret, store::{MemoryStore, SealedStore, SealingKeys}};
    ///
    /// # let (this_year, last_year) = ("f2a1c30b9d5e4f7786a0b1c2d3e4f506", "0b1c2d3e4f506f2a1c30b9d5e4f7786a");
    /// let secret = ServerSecret::parse(this_year)?.accepting(&ServerSecret::parse(last_year)?);
    /// let keys = SealingKeys::from_secret("https://as.example.com", &secret)?;
    /// let store = SealedStore::new(MemoryStore::default(), keys);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// For more than 16 secrets, and in one of four thousand million cases because two secrets have the same number.
    pub fn from_secret(issuer: &str, secret: &ServerSecret) -> Result<Self, SealingKeyError> {
        let (keys, numbers) =
            (secret.derived(Purpose::Sealing, issuer), secret.derived(Purpose::SealingNumber, issuer));
        let ring = Self::new(number_of(&numbers.current), *keys.current.as_bytes())?;
        let mut accepted = numbers.accepted.iter().zip(&keys.accepted);
        accepted.try_fold(ring, |ring, (number, key)| ring.and(number_of(number), *key.as_bytes()))
    }

    /// Puts other keys in the place of all present ones, at once and for every clone.
    pub fn replace(&self, others: &Self) {
        self.0.replace(others.0.get());
    }
}

fn number_of(derived: &DerivedKey) -> u32 {
    let [a, b, c, d, ..] = *derived.as_bytes();
    u32::from_be_bytes([a, b, c, d])
}

fn cipher(key: [u8; 32]) -> Result<XChaCha20Poly1305, SealingKeyError> {
    if key == [0; 32] {
        return Err(SealingKeyError::Zeros);
    }
    Ok(XChaCha20Poly1305::new(&CipherKey::from(key)))
}

impl fmt::Debug for SealingKeys {
    /// Numbers only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.get().iter().map(|(number, _)| number)).finish()
    }
}

impl<S> SealedStore<S> {
    /// Seals what `inner` keeps.
    pub fn new(inner: S, keys: SealingKeys) -> Self {
        Self { inner, keys, random: Arc::new(SystemRandom) }
    }

    /// Draws nonces from another source than the system's generator. For tests, and for hardware generators.
    #[must_use]
    pub fn with_random(self, random: impl RandomSource) -> Self {
        Self { random: Arc::new(random), ..self }
    }

    fn seal(&self, payload: &[u8], bound_to: &BoundTo) -> Result<Vec<u8>, StoreError> {
        let ring = self.keys.0.get();
        // A ring is never empty.
        let (number, cipher) = ring.first().ok_or_else(|| StoreError::new("there is no key to seal with"))?;
        let header = header(*number);
        let mut nonce = [0; NONCE];
        self.random.fill(&mut nonce).map_err(StoreError::new)?;
        let additional = bound_to.with(&header);
        let sealed = cipher
            .encrypt(&XNonce::from(nonce), Payload { msg: payload, aad: &additional })
            .map_err(|_| StoreError::new("a payload could not be sealed"))?;
        Ok([&header[..], &nonce, &sealed].concat())
    }

    fn open(&self, record: &[u8], bound_to: &BoundTo) -> Option<Vec<u8>> {
        let (header, rest) = record.split_first_chunk::<HEADER>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>()?;
        let [version, number @ ..] = *header;
        if version != VERSION {
            return None;
        }
        let number = u32::from_be_bytes(number);
        let ring = self.keys.0.get();
        let (_, cipher) = ring.iter().find(|(known, _)| *known == number)?;
        let additional = bound_to.with(header);
        cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &additional }).ok()
    }
}

fn header(number: u32) -> [u8; HEADER] {
    let [a, b, c, d] = number.to_be_bytes();
    [VERSION, a, b, c, d]
}

/// The names that a payload belongs to. Both keys are digests over the issuer, and one of them over the client.
struct BoundTo {
    key: RecordKey,
    owner: RecordKey,
    part: Part,
}

/// The parts of a record that are sealed.
enum Part {
    Payload,
    /// The note of the host, with its revision.
    Annotation(u32),
}

impl BoundTo {
    fn payload(key: RecordKey, owner: RecordKey) -> Self {
        Self { key, owner, part: Part::Payload }
    }

    fn annotation(claim: &Claim, revision: u32) -> Self {
        Self { key: claim.key, owner: claim.owner, part: Part::Annotation(revision) }
    }

    fn with(&self, header: &[u8; HEADER]) -> Vec<u8> {
        let mut additional = [&header[..], self.key.as_bytes(), self.owner.as_bytes()].concat();
        if let Part::Annotation(revision) = self.part {
            additional.extend_from_slice(&revision.to_be_bytes());
        }
        additional
    }
}

impl<S: RequestStore> RequestStore for SealedStore<S> {
    async fn insert(&self, request: NewRequest<'_>, lifetime: Duration) -> Result<Remembered, InsertError> {
        let sealed = self.seal(request.payload, &BoundTo::payload(request.key, request.owner.key))?;
        self.inner.insert(NewRequest { payload: &sealed, ..request }, lifetime).await
    }

    async fn claim(&self, claim: Claim, login_lifetime: Duration) -> Result<Claimed, ClaimError> {
        let sealed = self.inner.claim(claim, login_lifetime).await?;
        let bound_to = BoundTo::payload(claim.key, claim.owner);
        let payload = self.open(&sealed.payload, &bound_to).ok_or(ClaimError::Unreadable)?;
        let annotation = if sealed.annotation.is_empty() {
            Vec::new()
        } else {
            let bound_to = BoundTo::annotation(&claim, sealed.revision);
            self.open(&sealed.annotation, &bound_to).ok_or(ClaimError::Unreadable)?
        };
        Ok(Claimed { payload, annotation, ..sealed })
    }

    async fn consume(&self, claim: Claim, remembered_for: Duration) -> Result<(), ClaimError> {
        self.inner.consume(claim, remembered_for).await
    }

    async fn annotate(&self, claim: Claim, annotation: Annotation<'_>) -> Result<(), AnnotateError> {
        if annotation.bytes.is_empty() {
            return self.inner.annotate(claim, annotation).await;
        }
        let bound_to = BoundTo::annotation(&claim, annotation.revision.saturating_add(1));
        let sealed = self.seal(annotation.bytes, &bound_to)?;
        self.inner.annotate(claim, Annotation { bytes: &sealed, ..annotation }).await
    }

    async fn extend(&self, claim: Claim, extension: Extension) -> Result<Duration, ClaimError> {
        self.inner.extend(claim, extension).await
    }

    async fn remember(&self, owner: Owner, marks: &[ReplayMark]) -> Result<Remembered, StoreRefusal> {
        self.inner.remember(owner, marks).await
    }

    async fn ready(&self) -> Result<(), NotReady> {
        self.inner.ready().await
    }

    fn is_shared(&self) -> bool {
        self.inner.is_shared()
    }
}

impl<S> fmt::Debug for SealedStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedStore").field("keys", &self.keys).finish_non_exhaustive()
    }
}
