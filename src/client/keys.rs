//! The keys of a client and the algorithms that it is registered for, checked to fit together.

use std::sync::Arc;

use url::{Host, Url};

use super::{
    Client,
    credential::Credential,
    registration::{ClientRegistration, RegistrationError},
    shared_secrets::SharedSecrets,
};
use crate::jose::{ContentEncryption, KeyError, KeyManagement, SigningAlgorithm, VerificationKeys};

/// The keys and algorithms of one client.
pub(crate) struct ClientKeys {
    /// Its public keys, for assertions, certificates and request objects alike.
    pub(crate) source: Option<Arc<KeySource>>,
    /// The secrets in clear, where an algorithm that is registered for request objects needs them.
    pub(crate) shared: Option<Arc<SharedSecrets>>,
    pub(crate) assertion_algorithm: Option<SigningAlgorithm>,
    pub(crate) object_algorithm: Option<SigningAlgorithm>,
    pub(crate) object_encryption: Option<(KeyManagement, ContentEncryption)>,
}

/// The public keys of a client, or the place they are fetched from.
pub(crate) enum KeySource {
    Registered(VerificationKeys),
    Uri(Box<str>),
}

/// The keys that the request objects of a client are held against.
pub(crate) enum ObjectKeys<'c> {
    Secrets(Credential<'c, &'c SharedSecrets>),
    Public(Credential<'c, &'c KeySource>),
    /// It has registered none.
    Nothing,
}

impl<'c> ObjectKeys<'c> {
    pub(crate) fn of(client: &'c Arc<Client>) -> Self {
        let ClientKeys { source, shared, object_algorithm, .. } = client.keys();
        let by_secret = object_algorithm.is_some_and(SigningAlgorithm::is_symmetric);
        match (by_secret, shared, source) {
            (true, Some(secrets), _) => Self::Secrets(Credential::of(client, secrets)),
            (false, _, Some(source)) => Self::Public(Credential::of(client, source)),
            _ => Self::Nothing,
        }
    }
}

impl ClientKeys {
    pub(super) fn of(registration: &ClientRegistration) -> Result<Self, RegistrationError> {
        let source = source_of(registration)?.map(Arc::new);
        let assertion_algorithm =
            algorithm_of("token_endpoint_auth_signing_alg", registration.token_endpoint_auth_signing_alg.as_deref())?;
        let object_algorithm =
            algorithm_of("request_object_signing_alg", registration.request_object_signing_alg.as_deref())?;
        let object_encryption = encryption_of(registration)?;
        let mut keys = Self { source, shared: None, assertion_algorithm, object_algorithm, object_encryption };
        let by_secret = object_algorithm.filter(|algorithm| algorithm.is_symmetric());
        if by_secret.is_none() && object_algorithm.is_some() {
            keys.usable("request_object_signing_alg", object_algorithm)?;
        }
        if by_secret.is_some() || object_encryption.is_some_and(|(algorithm, _)| algorithm.is_symmetric()) {
            let shared = SharedSecrets::of(registration)?;
            by_secret.map_or(Ok(()), |algorithm| shared.check_length(algorithm))?;
            keys.shared = Some(Arc::new(shared));
        }
        Ok(keys)
    }

    /// The keys of the registration that cannot be used.
    pub(super) fn skipped(&self) -> &[KeyError] {
        match self.source.as_deref() {
            Some(KeySource::Registered(keys)) => keys.skipped(),
            Some(KeySource::Uri(_)) | None => &[],
        }
    }

    /// The public keys, if there can be one for the algorithm, or for any. `member` needs them.
    pub(super) fn usable(
        &self,
        member: &'static str,
        algorithm: Option<SigningAlgorithm>,
    ) -> Result<Arc<KeySource>, RegistrationError> {
        let source = self.source.as_ref().ok_or_else(|| RegistrationError::new(member, "needs jwks or jwks_uri"))?;
        let usable = match &**source {
            KeySource::Uri(_) => true,
            KeySource::Registered(keys) => algorithm.map_or(!keys.is_empty(), |algorithm| keys.supports(algorithm)),
        };
        if usable {
            Ok(Arc::clone(source))
        } else {
            Err(RegistrationError::new("jwks", "holds no key for the registered algorithm"))
        }
    }

    /// The public keys that assertions are signed with.
    pub(super) fn of_assertions(&self) -> Result<Arc<KeySource>, RegistrationError> {
        if self.assertion_algorithm.is_some_and(SigningAlgorithm::is_symmetric) {
            return Err(unfit_for_assertions("must be asymmetric for private_key_jwt"));
        }
        self.usable("token_endpoint_auth_method", self.assertion_algorithm)
    }

    /// The secrets that assertions have a MAC by.
    pub(super) fn shared_for_assertions(
        &self,
        registration: &ClientRegistration,
    ) -> Result<Arc<SharedSecrets>, RegistrationError> {
        let algorithm = self.assertion_algorithm.unwrap_or(SigningAlgorithm::Hs256);
        if !algorithm.is_symmetric() {
            return Err(unfit_for_assertions("must be symmetric for client_secret_jwt"));
        }
        let shared = match &self.shared {
            Some(shared) => Arc::clone(shared),
            None => Arc::new(SharedSecrets::of(registration)?),
        };
        shared.check_length(algorithm)?;
        Ok(shared)
    }
}

fn unfit_for_assertions(problem: &'static str) -> RegistrationError {
    RegistrationError::new("token_endpoint_auth_signing_alg", problem)
}

fn source_of(registration: &ClientRegistration) -> Result<Option<KeySource>, RegistrationError> {
    match (&registration.jwks, &registration.jwks_uri) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(RegistrationError::new("jwks", "and jwks_uri exclude each other")),
        (Some(jwks), None) => VerificationKeys::from_registered(jwks)
            .map(|keys| Some(KeySource::Registered(keys)))
            .map_err(|error| RegistrationError::new("jwks", error.to_string())),
        (None, Some(uri)) if is_fetchable(uri) => Ok(Some(KeySource::Uri(uri.as_str().into()))),
        (None, Some(_)) => Err(RegistrationError::new(
            "jwks_uri",
            "must be an https URL of a named host that is not the server itself",
        )),
    }
}

/// Returns `true` if a URL may be fetched as far as its text tells: an https URL of a name, not of an address. The addresses that
/// the name resolves to are for the [`JwksSource`](crate::JwksSource) to look at.
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
