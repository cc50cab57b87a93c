//! Everything that may happen once: the use of an assertion, of a proof, of a request object, of a code challenge. How each is
//! marked, for how long, and which refusal a known mark means.
//!
//! The key of a mark covers its owner, the client that brings it, or of a proof with an access token the key that it is made with. So no
//! client can use up what is another's, and a store can keep marks by owner. What an attacker has of bringing another client's credential:
//!
//! | what | for another client |
//! | --- | --- |
//! | a client assertion, a request object | is refused: `iss`, `sub` and `client_id` name the client |
//! | a code challenge | is new to it; without the verifier, the code is of no use |
//! | a DPoP proof | is new to it, and binds the code or token to a key that the attacker has not; tokens bound to that key need a proof from it |
//! | the proof beside an attestation | needs an attestation of that other client for the same key: the two clients are one instance then |

use std::{sync::Arc, time::Duration};

use super::{owner::owner, server::Server};
use crate::{
    cause::Cause,
    client::Client,
    client_auth::{SingleUse, Vouched},
    dpop::Proven,
    error::{Reason, Refusal},
    jar::RequestObject,
    jose::TokenFault,
    store::{MarkPurpose, Owner, RecordKey, ReplayMark, RequestStore, StoreRefusal, digest::KeySpace},
    validation::request::AuthorizationRequest,
};

/// Seconds by which the clocks of nodes may differ.
const CLOCKS_APART: i64 = 60;

/// Makes the marks of one endpoint, and has them remembered.
pub(super) struct ReplayGuard {
    server: Arc<Server>,
    keys: Arc<KeySpace>,
}

/// The kinds of things that may happen once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Assertion,
    AttestationProof,
    DpopProof,
    RequestObject,
    CodeChallenge,
}

/// Something that may happen once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    purpose: Purpose,
    stored: ReplayMark,
}

/// A mark that is to be remembered when the login ends, unless the login takes too long.
#[derive(Clone, Copy, Debug)]
pub(super) struct MarkOfLogin {
    mark: Mark,
    /// By the clock's [`elapsed`](crate::Clock::elapsed).
    until: Duration,
}

/// The marks that are remembered in one step.
pub(super) struct Once<const N: usize>([Option<Mark>; N]);

impl Purpose {
    /// The purpose by which a store decides about a mark that it has no room for.
    fn in_store(self) -> MarkPurpose {
        match self {
            Self::CodeChallenge => MarkPurpose::Hygiene,
            _ => MarkPurpose::Credential,
        }
    }

    /// The reason to refuse what has happened before.
    fn replayed(self) -> Reason {
        match self {
            Self::Assertion => Reason::ClientAssertion(TokenFault::Replayed),
            Self::AttestationProof => Reason::AttestationProof(TokenFault::Replayed),
            Self::DpopProof => Reason::DpopProof(TokenFault::Replayed),
            Self::RequestObject => Reason::RequestObject(TokenFault::Replayed),
            Self::CodeChallenge => Reason::CodeChallengeReused,
        }
    }
}

impl Mark {
    fn new(purpose: Purpose, key: RecordKey, lifetime: Duration) -> Self {
        Self { purpose, stored: ReplayMark::new(purpose.in_store(), key, lifetime) }
    }
}

impl MarkOfLogin {
    /// The key of the mark.
    pub(super) fn key(&self) -> RecordKey {
        self.mark.stored.key
    }
}

impl ReplayGuard {
    pub(super) fn new(server: &Arc<Server>, keys: &Arc<KeySpace>) -> Self {
        Self { server: Arc::clone(server), keys: Arc::clone(keys) }
    }

    /// The `jti` of a client assertion, or of the proof that came along with an attestation.
    pub(super) fn credentials(&self, vouched: &Vouched<'_>) -> Option<Mark> {
        Some(match vouched.single_use()? {
            SingleUse::Assertion { id, expires_at } => {
                let key = self.keys.assertion(vouched.client().client_id(), id);
                self.mark_until(Purpose::Assertion, key, expires_at)
            }
            SingleUse::AttestationProof { instance, id, expires_at } => {
                let owner = owner(&self.keys, vouched.client());
                let key = self.keys.attestation_proof(&owner.key, &instance.to_string(), id);
                self.mark_until(Purpose::AttestationProof, key, expires_at)
            }
        })
    }

    /// The `jti` of a DPoP proof that a client brings.
    pub(super) fn dpop_proof(&self, client: &Client, proof: &Proven) -> Mark {
        self.dpop_proof_of(owner(&self.keys, client), proof)
    }

    fn dpop_proof_of(&self, owner: Owner, proof: &Proven) -> Mark {
        let (thumbprint, target) = (proof.thumbprint().to_string(), proof.target().as_str());
        let key = self.keys.dpop_proof(&owner.key, &thumbprint, target, proof.id());
        self.mark_until(Purpose::DpopProof, key, proof.expires_at())
    }

    /// The `jti` of a request object that is good for one use, for as long as a login can last that has begun with it in the
    /// query: it may come again in the query or at a push.
    pub(super) fn request_object(&self, object: &RequestObject<'_>) -> Option<Mark> {
        let (id, expires_at) = object.single_use()?;
        let key = self.keys.request_object(object.client().client_id(), id);
        let mut mark = self.mark_until(Purpose::RequestObject, key, expires_at);
        mark.stored.lifetime = mark.stored.lifetime.saturating_add(self.login_lifetime());
        Some(mark)
    }

    /// The challenge of a pushed request, where challenges are remembered.
    pub(super) fn code_challenge(&self, request: &AuthorizationRequest) -> Option<Mark> {
        let memory = self.server.policy.code_challenge_memory;
        let challenge = request.code_challenge().filter(|_| memory > 0)?;
        let key = self.keys.code_challenge(request.client_id(), challenge.as_str());
        Some(Mark::new(Purpose::CodeChallenge, key, Duration::from_secs(memory.into())))
    }

    /// A mark that lives until `expires_at`, by the clock of any node: one that is behind, or was set back, by less than
    /// [`CLOCKS_APART`] does not take for new what another node has seen.
    fn mark_until(&self, purpose: Purpose, key: RecordKey, expires_at: i64) -> Mark {
        let left = expires_at.saturating_sub(self.server.now().unix_timestamp());
        let seconds = left.saturating_add(CLOCKS_APART).max(1);
        Mark::new(purpose, key, Duration::from_secs(u64::try_from(seconds).unwrap_or(1)))
    }

    fn login_lifetime(&self) -> Duration {
        Duration::from_secs(self.server.policy.login_lifetime.into())
    }

    /// Keeps a mark for the end of a login that begins now.
    pub(super) fn at_end_of_login(&self, mark: Mark) -> MarkOfLogin {
        MarkOfLogin { mark, until: self.server.clock.elapsed().saturating_add(self.login_lifetime()) }
    }

    /// The time that a login has left.
    pub(super) fn time_left(&self, login: &MarkOfLogin) -> Duration {
        login.until.saturating_sub(self.server.clock.elapsed())
    }

    /// Remembers the mark of a login that ends.
    pub(super) async fn end_login<S: RequestStore>(
        &self,
        store: &S,
        client: &Client,
        login: MarkOfLogin,
    ) -> Result<(), Refusal> {
        if self.server.clock.elapsed() >= login.until {
            return Err(Reason::RequestObject(TokenFault::Expired).into());
        }
        remember_one(store, owner(&self.keys, client), login.mark).await
    }

    /// Remembers marks of a client.
    pub(super) async fn remember_of_client<S: RequestStore, const N: usize>(
        &self,
        store: &S,
        client: &Client,
        once: &Once<N>,
    ) -> Result<(), Refusal> {
        let remembered = store.remember(owner(&self.keys, client), &once.stored()).await;
        remembered.map(drop).map_err(|error| once.refused(error))
    }

    /// Remembers a proof that came with an access token, which the host has found good. It counts against its key.
    pub(super) async fn remember_proof<S: RequestStore>(&self, store: &S, proof: &Proven) -> Result<(), Refusal> {
        let owner = Owner::authenticated(self.keys.dpop_key(&proof.thumbprint().to_string()));
        remember_one(store, owner, self.dpop_proof_of(owner, proof)).await
    }
}

async fn remember_one<S: RequestStore>(store: &S, owner: Owner, mark: Mark) -> Result<(), Refusal> {
    let remembered = store.remember(owner, &[mark.stored]).await;
    remembered.map(drop).map_err(|error| Once([Some(mark)]).refused(error))
}

impl<const N: usize> Once<N> {
    pub(super) fn new(marks: [Option<Mark>; N]) -> Self {
        Self(marks)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// The marks, as a store takes them.
    pub(super) fn stored(&self) -> Vec<ReplayMark> {
        self.0.iter().flatten().map(|mark| mark.stored).collect()
    }

    /// The refusal that a store's refusal of these marks means.
    pub(super) fn refused(&self, error: StoreRefusal) -> Refusal {
        match error {
            StoreRefusal::Replayed { mark } => self.replayed(mark).into(),
            StoreRefusal::OwnerLimit { retry_after } => Refusal::later(Reason::ClientLimit, whole_seconds(retry_after)),
            StoreRefusal::Full { bound, retry_after } => {
                Refusal::later(Reason::StoreFull, whole_seconds(retry_after)).because_of(Cause::new(bound))
            }
            StoreRefusal::Unavailable(error) => Refusal::unavailable(Reason::StoreUnavailable, error),
        }
    }

    /// The meaning of a known mark. A store that names none of these can only mean one that was there.
    fn replayed(&self, known: RecordKey) -> Reason {
        let named = self.0.iter().flatten().find(|mark| mark.stored.key == known);
        named
            .or_else(|| self.0.iter().flatten().next_back())
            .map_or(Reason::StoreUnavailable, |mark| mark.purpose.replayed())
    }
}

/// Rounded up, and at least one: `Retry-After: 0` would invite a storm.
fn whole_seconds(duration: Duration) -> u32 {
    let seconds = duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0)).max(1);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}
