//! What a client signs and encrypts with: its keys, the algorithms it is registered for, and whether these fit together.

use time::OffsetDateTime;
use url::{Host, Url};

use super::registration::{self, ClientRegistration, RegistrationError, SecretText};
use crate::{
    jose::{
        ContentEncryption, Jwe, Jws, KeyError, KeyManagement, Permitted, SharedSecret, SigningAlgorithm, TokenFault,
        VerificationKeys, Verified,
    },
    protocol::authentication_method::AuthenticationMethod,
};

/// The keys and algorithms of one client.
pub(crate) struct ClientKeys {
    pub(crate) source: KeySource,
    /// The secrets in clear, with their expiry, where a registered algorithm needs them.
    shared: Vec<(SharedSecret, Option<OffsetDateTime>)>,
    pub(crate) assertion_algorithm: Option<SigningAlgorithm>,
    pub(crate) object_algorithm: Option<SigningAlgorithm>,
    pub(crate) object_encryption: Option<(KeyManagement, ContentEncryption)>,
}

/// Where the public keys of a client are.
pub(crate) enum KeySource {
    None,
    Registered(VerificationKeys),
    Uri(Box<str>),
}

impl ClientKeys {
    pub(super) fn of(
        registration: &ClientRegistration,
        method: AuthenticationMethod,
    ) -> Result<Self, RegistrationError> {
        let source = source_of(registration)?;
        let assertion_algorithm =
            algorithm_of("token_endpoint_auth_signing_alg", registration.token_endpoint_auth_signing_alg.as_deref())?;
        let object_algorithm =
            algorithm_of("request_object_signing_alg", registration.request_object_signing_alg.as_deref())?;
        let object_encryption = encryption_of(registration)?;
        let mut keys = Self { source, shared: Vec::new(), assertion_algorithm, object_algorithm, object_encryption };
        keys.check_method(method)?;
        if let Some(algorithm) = object_algorithm.filter(|algorithm| !algorithm.is_symmetric()) {
            keys.check_usable("request_object_signing_alg", Some(algorithm))?;
        }
        if keys.need_secret(method) {
            keys.shared = shared_secrets(registration)?;
            keys.check_secrets(method)?;
        }
        Ok(keys)
    }

    /// The keys of the registration that cannot be used.
    pub(super) fn skipped(&self) -> &[KeyError] {
        match &self.source {
            KeySource::Registered(keys) => keys.skipped(),
            KeySource::None | KeySource::Uri(_) => &[],
        }
    }

    /// Verifies a MAC by a secret of the client.
    pub(crate) fn check_mac<'t>(
        &self,
        jws: &'t Jws<'_>,
        permitted: &Permitted<'_>,
        now: OffsetDateTime,
    ) -> Result<Verified<'t>, TokenFault> {
        self.first_right(now, |secret| secret.check(jws, permitted))
    }

    /// Decrypts with a key derived from a secret of the client.
    pub(crate) fn decrypt(
        &self,
        jwe: &Jwe<'_>,
        (algorithm, encryption): (KeyManagement, ContentEncryption),
        now: OffsetDateTime,
    ) -> Result<Vec<u8>, TokenFault> {
        self.first_right(now, |secret| secret.decrypt(jwe, algorithm, encryption))
    }

    /// The first secret that works, or what the last one said: while secrets are rotated there are several.
    fn first_right<T>(
        &self,
        now: OffsetDateTime,
        attempt: impl Fn(&SharedSecret) -> Result<T, TokenFault>,
    ) -> Result<T, TokenFault> {
        let mut outcome = Err(TokenFault::NoKey);
        for (secret, expiry) in &self.shared {
            if expiry.is_none_or(|expiry| now < expiry) {
                outcome = attempt(secret);
                if outcome.is_ok() {
                    break;
                }
            }
        }
        outcome
    }

    fn check_method(&self, method: AuthenticationMethod) -> Result<(), RegistrationError> {
        let wrong = |problem| RegistrationError::new("token_endpoint_auth_signing_alg", problem);
        match (method, self.assertion_algorithm) {
            (AuthenticationMethod::PrivateKeyJwt, Some(algorithm)) if algorithm.is_symmetric() => {
                Err(wrong("must be asymmetric for private_key_jwt"))
            }
            (AuthenticationMethod::ClientSecretJwt, Some(algorithm)) if !algorithm.is_symmetric() => {
                Err(wrong("must be symmetric for client_secret_jwt"))
            }
            (AuthenticationMethod::PrivateKeyJwt, algorithm) => {
                self.check_usable("token_endpoint_auth_method", algorithm)
            }
            (AuthenticationMethod::SelfSignedTlsClientAuth, _) => self.check_usable("token_endpoint_auth_method", None),
            _ => Ok(()),
        }
    }

    /// Whether there can be a key for the algorithm, or for any.
    fn check_usable(&self, member: &'static str, algorithm: Option<SigningAlgorithm>) -> Result<(), RegistrationError> {
        match &self.source {
            KeySource::None => Err(RegistrationError::new(member, "needs jwks or jwks_uri")),
            KeySource::Uri(_) => Ok(()),
            KeySource::Registered(keys) => {
                let usable = algorithm.map_or(!keys.is_empty(), |algorithm| keys.supports(algorithm));
                if usable {
                    Ok(())
                } else {
                    Err(RegistrationError::new("jwks", "holds no key for the registered algorithm"))
                }
            }
        }
    }

    fn need_secret(&self, method: AuthenticationMethod) -> bool {
        method == AuthenticationMethod::ClientSecretJwt
            || self.object_algorithm.is_some_and(SigningAlgorithm::is_symmetric)
            || self.object_encryption.is_some_and(|(algorithm, _)| algorithm.is_symmetric())
    }

    /// RFC 7518 section 3.2: as long as the hash, or longer.
    fn check_secrets(&self, method: AuthenticationMethod) -> Result<(), RegistrationError> {
        let assertions = (method == AuthenticationMethod::ClientSecretJwt)
            .then(|| self.assertion_algorithm.unwrap_or(SigningAlgorithm::Hs256));
        let objects = self.object_algorithm.filter(|algorithm| algorithm.is_symmetric());
        for algorithm in [assertions, objects].into_iter().flatten() {
            if !self.shared.iter().all(|(secret, _)| secret.supports(algorithm)) {
                return Err(RegistrationError::new(
                    "client_secret",
                    format!("is shorter than the hash of {algorithm}, the registered algorithm or the least there is"),
                ));
            }
        }
        Ok(())
    }
}

fn source_of(registration: &ClientRegistration) -> Result<KeySource, RegistrationError> {
    match (&registration.jwks, &registration.jwks_uri) {
        (None, None) => Ok(KeySource::None),
        (Some(_), Some(_)) => Err(RegistrationError::new("jwks", "and jwks_uri exclude each other")),
        (Some(jwks), None) => VerificationKeys::from_registered(jwks)
            .map(KeySource::Registered)
            .map_err(|error| RegistrationError::new("jwks", error.to_string())),
        (None, Some(uri)) if is_fetchable(uri) => Ok(KeySource::Uri(uri.as_str().into())),
        (None, Some(_)) => Err(RegistrationError::new(
            "jwks_uri",
            "must be an https URL of a named host that is not the server itself",
        )),
    }
}

/// Whether a URL may be fetched as far as its text tells: nobody has keys at a bare address. What a name resolves to is for the
/// [`JwksSource`](crate::JwksSource) to look at.
fn is_fetchable(uri: &str) -> bool {
    let Ok(url) = Url::parse(uri) else {
        return false;
    };
    let Some(Host::Domain(name)) = url.host() else {
        return false;
    };
    let name = name.trim_end_matches('.');
    let is_local = name.is_empty() || name == "localhost" || name.ends_with(".localhost");
    let written = uri.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'@' | b'#' | b'\\'));
    url.scheme() == "https" && uri.len() <= MAX_URI && !is_local && written
}

/// Bytes of a `jwks_uri`.
const MAX_URI: usize = 2048;

pub(super) fn algorithm_of(
    member: &'static str,
    registered: Option<&str>,
) -> Result<Option<SigningAlgorithm>, RegistrationError> {
    let unknown = || RegistrationError::new(member, "is not an algorithm that is supported");
    registered.map(|text| SigningAlgorithm::parse(text).ok_or_else(unknown)).transpose()
}

fn encryption_of(
    registration: &ClientRegistration,
) -> Result<Option<(KeyManagement, ContentEncryption)>, RegistrationError> {
    let encryption = match registration.request_object_encryption_enc.as_deref() {
        None => ContentEncryption::A128CbcHs256,
        Some(_) if registration.request_object_encryption_alg.is_none() => {
            return Err(RegistrationError::new("request_object_encryption_enc", "needs request_object_encryption_alg"));
        }
        Some(text) => ContentEncryption::parse(text).ok_or_else(|| {
            RegistrationError::new("request_object_encryption_enc", "is not an encryption that is supported")
        })?,
    };
    let Some(text) = registration.request_object_encryption_alg.as_deref() else {
        return Ok(None);
    };
    let algorithm = KeyManagement::parse(text).ok_or_else(|| {
        RegistrationError::new("request_object_encryption_alg", "is not an algorithm that is supported")
    })?;
    Ok(Some((algorithm, encryption)))
}

fn shared_secrets(
    registration: &ClientRegistration,
) -> Result<Vec<(SharedSecret, Option<OffsetDateTime>)>, RegistrationError> {
    let first = registration.client_secret.iter().map(|secret| (Some(secret), registration.client_secret_expires_at));
    let others = registration
        .client_secrets
        .iter()
        .map(|further| (further.client_secret.as_ref(), further.client_secret_expires_at));
    let in_clear = |secret: Option<&SecretText>| {
        secret.map(|secret| SharedSecret::new(secret.as_str().as_bytes())).ok_or_else(|| {
            RegistrationError::new("client_secret", "must be in clear for the registered algorithms, not as a digest")
        })
    };
    let secrets = first.chain(others).map(|(secret, expiry)| {
        let expiry = registration::expiry("client_secret_expires_at", expiry)?;
        Ok((in_clear(secret)?, expiry))
    });
    let secrets: Vec<_> = secrets.collect::<Result<_, _>>()?;
    if secrets.is_empty() {
        return Err(RegistrationError::new("client_secret", "is missing, and a registered algorithm needs it"));
    }
    Ok(secrets)
}
