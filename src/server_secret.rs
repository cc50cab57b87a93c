//! The secret that the nodes of one authorization server share, and the keys that are derived from it.

use std::{fmt, str::FromStr, sync::Arc};

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{
    error_text::debug_by_display,
    random::{RandomError, RandomSource as _, SystemRandom},
};

/// Bytes of a secret, and characters of one that is a text.
const MIN_LENGTH: usize = 32;

/// Makes the keys of this library others than those that a host derives from the same text by HKDF.
const SALT: &[u8] = b"parjar/1/server secret";

/// A secret of the host that all nodes of an authorization server have in their configuration. From it, they derive the same keys
/// (HKDF with SHA-256, RFC 5869): one for each purpose and issuer, none of which tells another, or the secret.
///
/// | key | by |
/// | --- | --- |
/// | of the nonces of DPoP proofs, and of the challenges of attested clients | [`ParEndpointBuilder::server_secret`](crate::ParEndpointBuilder::server_secret) |
/// | that records are sealed with (feature `sealed`) | `SealingKeys::from_secret` |
/// | of the cookies that bind requests to browsers | [`BindingCookies::from_secret`](crate::BindingCookies::from_secret) |
/// | of the host's own, for its sessions for instance | [`key`](Self::key) |
///
/// A secret can be replaced while nodes run: [`accepting`](Self::accepting) has those beside it whose nonces, records and cookies still
/// count. [`guide::several_nodes`](crate::guide::several_nodes) has the steps.
///
/// ```
/// use parjar::{BindingCookies, InMemoryRegistry, ParEndpoint, ServerSecret};
///
/// # let configured = "f2a1c30b9d5e4f7786a0b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f506";
/// let secret = ServerSecret::parse(configured)?; // as `openssl rand -hex 32` has printed it
/// let issuer = "https://as.example.com";
/// let par = ParEndpoint::builder(issuer).clients(InMemoryRegistry::default()).server_secret(&secret).build()?;
/// let cookies = BindingCookies::from_secret(issuer, &secret);
/// let of_sessions = secret.key("sessions", issuer);
/// assert_ne!(of_sessions.as_bytes(), secret.key("remember me", issuer).as_bytes());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// It is kept as a digest, which is wiped when the last clone is dropped, and has no `Debug` that tells anything.
#[derive(Clone)]
pub struct ServerSecret {
    /// The present one first.
    all: Arc<[Extracted]>,
    is_drawn: bool,
}

/// What HKDF takes keys from.
type Extracted = Zeroizing<[u8; 32]>;

/// A key of 32 bytes that was derived from a [`ServerSecret`]. It is wiped when it is dropped.
#[derive(Clone)]
pub struct DerivedKey(Zeroizing<[u8; 32]>);

/// The reason that a text is no secret.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServerSecretError {
    /// Shorter than 32 bytes, or 32 characters.
    #[error("a secret must have at least 32 bytes, drawn at random")]
    TooShort,
    /// One byte over and over: a setting that was forgotten.
    #[error("a secret must be drawn at random, and this one is a single character over and over")]
    Uniform,
}

debug_by_display!(ServerSecretError);

/// The purposes of keys.
#[derive(Clone, Copy)]
pub(crate) enum Purpose<'a> {
    Nonces,
    BrowserBinding,
    #[cfg(feature = "sealed")]
    Sealing,
    /// The number by which nodes find a sealing key.
    #[cfg(feature = "sealed")]
    SealingNumber,
    /// What nodes compare to see that they have the same secret.
    Check,
    /// A key of the host's own.
    Host(&'a str),
}

impl ServerSecret {
    /// A secret of at least 32 bytes, drawn at random. They stay the host's to wipe.
    ///
    /// # Errors
    ///
    /// [`ServerSecretError`]
    pub fn new(secret: &[u8]) -> Result<Self, ServerSecretError> {
        if secret.len() < MIN_LENGTH {
            return Err(ServerSecretError::TooShort);
        }
        if secret.first().is_some_and(|first| secret.iter().all(|byte| byte == first)) {
            return Err(ServerSecretError::Uniform);
        }
        Ok(Self { all: Arc::new([extract(secret)]), is_drawn: false })
    }

    /// A secret as a text of at least 32 characters, without regard to white space at its ends, which files have. It holds enough where it
    /// has 128 random bits; a text that can be guessed gives away every key.
    ///
    /// # Errors
    ///
    /// [`ServerSecretError`]
    pub fn parse(text: &str) -> Result<Self, ServerSecretError> {
        let text = text.trim();
        if text.chars().count() < MIN_LENGTH { Err(ServerSecretError::TooShort) } else { Self::new(text.as_bytes()) }
    }

    /// A secret of this process alone, which is gone with it: for a server that has one process, and can do without its cookies and
    /// nonces when it starts again. An endpoint with such a secret and a [shared store](crate::store::RequestStore::is_shared)
    /// reports that it does not share the key of its nonces.
    ///
    /// # Errors
    ///
    /// When the random generator of the system fails.
    pub fn draw() -> Result<Self, RandomError> {
        let mut bytes = Zeroizing::new([0; 32]);
        SystemRandom.fill(&mut *bytes)?;
        Ok(Self { all: Arc::new([extract(&*bytes)]), is_drawn: true })
    }

    /// The same secret beside another one (and those that it accepts), by whose keys nothing new is made, and what was made still counts:
    /// one that was replaced, or one that will be the present one when all nodes know it.
    #[must_use]
    pub fn accepting(self, other: &Self) -> Self {
        let new = other.all.iter().filter(|other| !self.all.contains(other));
        let all: Arc<[Extracted]> = self.all.iter().chain(new).cloned().collect();
        Self { all, is_drawn: self.is_drawn }
    }

    /// Returns a key of the host's own, for what `label` says, of one issuer.
    #[must_use]
    pub fn key(&self, label: &str, issuer: &str) -> DerivedKey {
        self.derived(Purpose::Host(label), issuer).current
    }

    /// Returns the keys of the host's own with this label: that of the present secret, and those of the secrets that are
    /// [accepted](Self::accepting) beside it.
    pub fn keys(&self, label: &str, issuer: &str) -> impl Iterator<Item = DerivedKey> {
        let Derived { current, accepted } = self.derived(Purpose::Host(label), issuer);
        std::iter::once(current).chain(accepted)
    }

    /// Returns `true` for a secret that only this process has.
    #[must_use]
    pub fn is_drawn(&self) -> bool {
        self.is_drawn
    }

    pub(crate) fn derived(&self, purpose: Purpose<'_>, issuer: &str) -> Derived {
        let mut keys = self.all.iter().map(|extracted| expand(extracted, purpose, issuer));
        // There is always one.
        let current = keys.next().unwrap_or_else(|| DerivedKey(Zeroizing::new([0; 32])));
        Derived { current, accepted: keys.collect() }
    }
}

/// The keys of one purpose.
pub(crate) struct Derived {
    pub(crate) current: DerivedKey,
    pub(crate) accepted: Vec<DerivedKey>,
}

impl DerivedKey {
    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl DerivedKey {
    /// The first bytes of a key that is for nothing else.
    pub(crate) fn check(&self) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] = *self.as_bytes();
        [a, b, c, d, e, f, g, h]
    }
}

impl FromStr for ServerSecret {
    type Err = ServerSecretError;

    fn from_str(text: &str) -> Result<Self, ServerSecretError> {
        Self::parse(text)
    }
}

impl From<&Self> for ServerSecret {
    fn from(secret: &Self) -> Self {
        secret.clone()
    }
}

fn extract(secret: &[u8]) -> Extracted {
    let (extracted, _) = Hkdf::<Sha256>::extract(Some(SALT), secret);
    Zeroizing::new(extracted.into())
}

/// The length of the issuer keeps it from being taken for a part of the label.
fn expand(extracted: &Extracted, purpose: Purpose<'_>, issuer: &str) -> DerivedKey {
    let (purpose, label): (&[u8], &str) = match purpose {
        Purpose::Nonces => (b"nonces", ""),
        Purpose::BrowserBinding => (b"browser binding", ""),
        #[cfg(feature = "sealed")]
        Purpose::Sealing => (b"sealing", ""),
        #[cfg(feature = "sealed")]
        Purpose::SealingNumber => (b"sealing number", ""),
        Purpose::Check => (b"check", ""),
        Purpose::Host(label) => (b"host", label),
    };
    let length = (issuer.len() as u64).to_be_bytes();
    let info: [&[u8]; 6] = [b"parjar/1/", purpose, b"\0", &length, issuer.as_bytes(), label.as_bytes()];
    let mut key = Zeroizing::new([0; 32]);
    // HKDF gives up to 255 blocks of 32 bytes, and takes keys of 32 bytes, so that neither step can fail.
    let expanded = Hkdf::<Sha256>::from_prk(&**extracted).map(|hkdf| hkdf.expand_multi_info(&info, &mut *key));
    debug_assert!(matches!(expanded, Ok(Ok(()))));
    DerivedKey(key)
}

impl fmt::Debug for ServerSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerSecret(..)")
    }
}

impl fmt::Debug for DerivedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DerivedKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Purpose, SALT, ServerSecret, ServerSecretError};
    use hkdf::Hkdf;
    use sha2::Sha256;

    const TEXT: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn keys_differ_by_secret_purpose_label_and_issuer() {
        let (one, other) = (ServerSecret::parse(TEXT).unwrap(), ServerSecret::new(&[7, 8].repeat(16)).unwrap());
        let purposes = [
            Purpose::Nonces,
            Purpose::BrowserBinding,
            Purpose::Check,
            Purpose::Host(""),
            Purpose::Host("a"),
            Purpose::Host("nonces"),
            Purpose::Host("https://b.example"),
        ];
        let mut keys = BTreeSet::new();
        for secret in [&one, &other] {
            for purpose in purposes {
                for issuer in ["https://a.example", "https://a.examplea", "https://b.example", ""] {
                    assert!(keys.insert(*secret.derived(purpose, issuer).current.as_bytes()));
                }
            }
        }
        assert_eq!(keys.len(), 2 * 7 * 4);
        assert_eq!(
            one.key("a", "i").as_bytes(),
            ServerSecret::parse(&format!("  {TEXT}\n")).unwrap().key("a", "i").as_bytes()
        );
    }

    /// Nodes of different versions must derive the same keys, so that the derivation must never change.
    #[test]
    fn a_key_is_hkdf_of_purpose_issuer_and_label() {
        let secret = ServerSecret::parse(TEXT).unwrap();
        let mut expected = [0; 32];
        let info = [&b"parjar/1/host\0"[..], &[0, 0, 0, 0, 0, 0, 0, 1], b"i", b"sessions"].concat();
        Hkdf::<Sha256>::new(Some(SALT), TEXT.as_bytes()).expand(&info, &mut expected).unwrap();
        assert_eq!(secret.key("sessions", "i").as_bytes(), &expected);
    }

    #[test]
    fn accepted_secrets_come_after_the_present_one_and_once() {
        let [a, b, c] = [b"ab", b"bc", b"cd"].map(|pair| ServerSecret::new(&pair.repeat(16)).unwrap());
        let all = a.clone().accepting(&b).accepting(&a).accepting(&c.clone().accepting(&b));
        let keys: Vec<_> = all.keys("x", "i").map(|key| *key.as_bytes()).collect();
        assert_eq!(keys, [&a, &b, &c].map(|secret| *secret.key("x", "i").as_bytes()));
        assert_eq!(all.key("x", "i").as_bytes(), a.key("x", "i").as_bytes());
    }

    #[test]
    fn what_is_short_or_no_secret_is_refused() {
        for (secret, error) in [
            ("", ServerSecretError::TooShort),
            ("0123456789abcdef0123456789abcde", ServerSecretError::TooShort),
            ("0123456789abcdef0123456789abcde ", ServerSecretError::TooShort),
            ("äöüäöüäöüäöüäöüä", ServerSecretError::TooShort),
            ("00000000000000000000000000000000", ServerSecretError::Uniform),
        ] {
            assert_eq!(secret.parse::<ServerSecret>().unwrap_err(), error, "{secret}");
        }
        assert_eq!(ServerSecret::new(&[0; 64]).unwrap_err(), ServerSecretError::Uniform);
    }

    #[test]
    fn drawn_secrets_differ_and_nothing_is_shown() {
        let (one, other) = (ServerSecret::draw().unwrap(), ServerSecret::draw().unwrap());
        assert_ne!(one.key("x", "i").as_bytes(), other.key("x", "i").as_bytes());
        assert!(one.is_drawn() && !ServerSecret::parse(TEXT).unwrap().accepting(&one).is_drawn());
        assert_eq!(format!("{one:?} {:?}", one.key("x", "i")), "ServerSecret(..) DerivedKey(..)");
    }
}
