//! The keys of a client and the algorithms that it is registered for, checked to fit together.

use std::sync::Arc;

use url::{Host, Url};

use super::{
    Client, ClientRegistration, RegistrationError, credential::Credential, ignored::Ignored,
    shared_secrets::SharedSecrets, without_keys,
};
use crate::{
    expected::{hint, one_of},
    jose::{ContentEncryption, KeyError, KeyManagement, SigningAlgorithm, VerificationKeys},
    protocol::{authentication_method::AuthenticationMethod, response_type::ResponseMode},
};

/// The keys and algorithms of one client.
pub(crate) struct ClientKeys {
    /// Its public keys, for assertions, certificates and request objects alike.
    pub(crate) source: Option<Arc<KeySource>>,
    /// The secrets in clear, where an algorithm that is registered for request objects needs them.
    pub(crate) shared: Option<Arc<SharedSecrets>>,
    pub(crate) assertion_algorithm: Option<SigningAlgorithm>,
    pub(crate) object_algorithm: Option<SigningAlgorithm>,
    /// Its request objects are to have an algorithm that does not exist here, so that none can be accepted.
    no_objects: bool,
    pub(crate) object_encryption: Option<(KeyManagement, ContentEncryption)>,
}

/// The public keys of a client, or the place they are fetched from.
pub(crate) enum KeySource {
    Registered(VerificationKeys),
    Uri(Box<str>),
}

/// How responses are signed for a client.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResponseAlgorithm {
    /// It has registered nothing.
    Any,
    Only(SigningAlgorithm),
    /// It has registered one that does not exist here, and cannot get signed responses.
    None,
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
        let ClientKeys { source, shared, object_algorithm, no_objects, .. } = client.keys();
        if *no_objects {
            return Self::Nothing;
        }
        let by_secret = object_algorithm.is_some_and(SigningAlgorithm::is_symmetric);
        match (by_secret, shared, source) {
            (true, Some(secrets), _) => Self::Secrets(Credential::of(client, secrets)),
            (false, _, Some(source)) => Self::Public(Credential::of(client, source)),
            _ => Self::Nothing,
        }
    }
}

impl ClientKeys {
    pub(super) fn of(
        registration: &ClientRegistration,
        method: AuthenticationMethod,
        ignored: &mut Ignored,
    ) -> Result<Self, RegistrationError> {
        without_keys::check(registration, method)?;
        let source = source_of(registration)?.map(Arc::new);
        if let Some(KeySource::Registered(keys)) = source.as_deref() {
            for problem in keys.skipped().iter().chain(keys.remarks()) {
                ignored.add("jwks", problem.to_string());
            }
        }
        let assertion_algorithm = assertion_algorithm_of(registration, method, ignored)?;
        let (object_algorithm, no_objects) = object_algorithm_of(registration, ignored)?;
        let object_encryption = encryption_of(registration, ignored)?;
        let mut keys =
            Self { source, shared: None, assertion_algorithm, object_algorithm, no_objects, object_encryption };
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
        if usable { Ok(Arc::clone(source)) } else { Err(self.no_key_for(algorithm)) }
    }

    /// Names the keys that were skipped, since one of them may have been meant.
    fn no_key_for(&self, algorithm: Option<SigningAlgorithm>) -> RegistrationError {
        let mut problem = match algorithm {
            None => "holds no key that can be used".to_owned(),
            Some(algorithm) => format!("holds no key for the registered algorithm {algorithm}"),
        };
        for skipped in self.skipped().iter().take(MAX_NAMED) {
            problem.push_str(&format!("; {skipped}"));
        }
        RegistrationError::new("jwks", problem)
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
        shared.check_number()?;
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

/// Skipped keys that an error names.
const MAX_NAMED: usize = 8;

fn signing_algorithms() -> Vec<&'static str> {
    SigningAlgorithm::ALL.iter().map(|algorithm| algorithm.as_str()).collect()
}

fn unsupported(member: &'static str, text: &str) -> RegistrationError {
    RegistrationError::new(member, one_of(text, &signing_algorithms()))
}

/// What becomes of a member with an algorithm that does not exist here.
fn ignored_algorithm(text: &str, consequence: &str) -> String {
    format!("is not an algorithm that is supported{}, and {consequence}", hint(text, &signing_algorithms()))
}

/// An unknown one keeps a client from authenticating only where assertions are its method.
fn assertion_algorithm_of(
    registration: &ClientRegistration,
    method: AuthenticationMethod,
    ignored: &mut Ignored,
) -> Result<Option<SigningAlgorithm>, RegistrationError> {
    const MEMBER: &str = "token_endpoint_auth_signing_alg";
    let Some(text) = registration.token_endpoint_auth_signing_alg.as_deref() else {
        return Ok(None);
    };
    let algorithm = SigningAlgorithm::parse(text);
    if algorithm.is_none() {
        if method.uses_assertion() {
            return Err(unsupported(MEMBER, text));
        }
        ignored.add(MEMBER, ignored_algorithm(text, "the client authenticates without one"));
    }
    Ok(algorithm)
}

/// The algorithm, and whether there is none by which a request object could be accepted.
fn object_algorithm_of(
    registration: &ClientRegistration,
    ignored: &mut Ignored,
) -> Result<(Option<SigningAlgorithm>, bool), RegistrationError> {
    const MEMBER: &str = "request_object_signing_alg";
    let Some(text) = registration.request_object_signing_alg.as_deref() else {
        return Ok((None, false));
    };
    let algorithm = SigningAlgorithm::parse(text);
    if algorithm.is_none() {
        if registration.require_signed_request_object {
            return Err(unsupported(MEMBER, text));
        }
        ignored.add(MEMBER, ignored_algorithm(text, "no request object of the client is accepted"));
    }
    Ok((algorithm, algorithm.is_none()))
}

/// The pair that encrypted request objects are to have. One that does not exist here is none, unless they must be encrypted.
fn encryption_of(
    registration: &ClientRegistration,
    ignored: &mut Ignored,
) -> Result<Option<(KeyManagement, ContentEncryption)>, RegistrationError> {
    let mut ignore = |member, problem: String| {
        if registration.require_encrypted_request_object {
            return Err(RegistrationError::new(member, problem));
        }
        ignored.add(member, problem);
        Ok(None)
    };
    let encryption = registration.request_object_encryption_enc.as_deref();
    let Some(text) = registration.request_object_encryption_alg.as_deref() else {
        return match encryption {
            None => Ok(None),
            Some(_) => ignore("request_object_encryption_enc", "needs request_object_encryption_alg".to_owned()),
        };
    };
    let Some(algorithm) = KeyManagement::parse(text) else {
        let names: Vec<&str> = KeyManagement::ALL.iter().map(|algorithm| algorithm.as_str()).collect();
        return ignore("request_object_encryption_alg", one_of(text, &names));
    };
    match encryption.map_or(Some(ContentEncryption::A128CbcHs256), ContentEncryption::parse) {
        Some(encryption) => Ok(Some((algorithm, encryption))),
        None => {
            let names: Vec<&str> = ContentEncryption::ALL.iter().map(|encryption| encryption.as_str()).collect();
            ignore("request_object_encryption_enc", one_of(encryption.unwrap_or_default(), &names))
        }
    }
}

impl ResponseAlgorithm {
    /// An unknown one matters to a client that has registered for nothing but signed responses.
    pub(super) fn of(
        registration: &ClientRegistration,
        modes: Option<&[ResponseMode]>,
        ignored: &mut Ignored,
    ) -> Result<Self, RegistrationError> {
        const MEMBER: &str = "authorization_signed_response_alg";
        let Some(text) = registration.authorization_signed_response_alg.as_deref() else {
            return Ok(Self::Any);
        };
        match SigningAlgorithm::parse(text) {
            Some(algorithm) => Ok(Self::Only(algorithm)),
            None if modes.is_some_and(|modes| modes.iter().all(|mode| mode.is_signed())) => {
                Err(unsupported(MEMBER, text))
            }
            None => {
                ignored.add(MEMBER, ignored_algorithm(text, "the client gets no signed responses"));
                Ok(Self::None)
            }
        }
    }
}
