//! The outcome of authentication: first a client that its credentials vouch for, then one that has authenticated.

use std::{fmt, sync::Arc};

use super::{
    assertion::VerifiedAssertion, attestation::VerifiedAttestation, certificate::Recognized, secret::RightSecret,
};
use crate::{
    certificate::client_certificate::ClientCertificate,
    client::{Client, Credential, NoCredentials},
    dpop::Proven,
    error::Reason,
    jose::TokenFault,
    protocol::{
        authentication_key::AuthenticationKey,
        authentication_method::AuthenticationMethod,
        confirmation::{Confirmation, Thumbprint},
    },
};

/// A client whose credentials were verified, in a request whose DPoP proof was not. It has not authenticated: an attestation may
/// be worth nothing without that proof. [`prove`](Self::prove) is the only way on.
pub(crate) struct Vouched<'a> {
    client: Arc<Client>,
    method: AuthenticationMethod,
    key: Option<AuthenticationKey>,
    confirmation: Confirmation,
    /// The key of an attestation that no other proof came with.
    proof_key: Option<Thumbprint>,
    single_use: Option<SingleUse<'a>>,
}

/// The `jti` of credentials that are good for one use, and the end of their time in seconds since 1970.
#[derive(Clone, Copy)]
pub(crate) enum SingleUse<'a> {
    /// Of a client assertion.
    Assertion { id: &'a str, expires_at: i64 },
    /// Of the proof that comes with an attestation of this instance of the client.
    AttestationProof { instance: Thumbprint, id: &'a str, expires_at: i64 },
}

impl<'a> Vouched<'a> {
    fn new(client: &Arc<Client>, method: AuthenticationMethod) -> Self {
        Self {
            client: Arc::clone(client),
            method,
            key: None,
            confirmation: Confirmation::default(),
            proof_key: None,
            single_use: None,
        }
    }

    /// The client that the credentials are of.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The use of the credentials that must be the first, if they are good for one.
    pub(crate) fn single_use(&self) -> Option<SingleUse<'a>> {
        self.single_use
    }

    /// Takes down the certificate of the connection, whether or not the client has authenticated with it.
    pub(crate) fn bound_to(mut self, certificate: Option<ClientCertificate<'_>>) -> Self {
        if self.client.binds_tokens_to_certificate() {
            self.confirmation.x5t_s256 = certificate.map(|certificate| certificate.thumbprint());
        }
        self
    }

    /// Returns `true` if the client authenticates with the DPoP proof, too.
    pub(crate) fn needs_proof(&self) -> bool {
        self.proof_key.is_some()
    }

    /// The client, once the DPoP proof of its request was verified, if there is one. With an attestation that no other proof came
    /// with, there must be one by its key.
    pub(crate) fn prove(self, proven: Option<&Proven>) -> Result<AuthenticatedClient, Reason> {
        let jkt = proven.map(Proven::thumbprint);
        match (self.proof_key, jkt) {
            (Some(_), None) => Err(Reason::AttestationProof(TokenFault::Missing)),
            (Some(needed), Some(jkt)) if needed != jkt => Err(Reason::AttestationProof(TokenFault::OtherKey)),
            _ => Ok(AuthenticatedClient {
                client: self.client,
                method: self.method,
                key: self.key,
                confirmation: Confirmation { jkt, ..self.confirmation },
            }),
        }
    }
}

impl From<Credential<'_, NoCredentials>> for Vouched<'_> {
    /// The client is registered to prove nothing.
    fn from(none: Credential<'_, NoCredentials>) -> Self {
        Self::new(none.client(), AuthenticationMethod::None)
    }
}

impl From<RightSecret<'_>> for Vouched<'_> {
    fn from(secret: RightSecret<'_>) -> Self {
        Self::new(secret.client(), secret.method())
    }
}

impl<'a> From<VerifiedAssertion<'a, '_>> for Vouched<'a> {
    fn from(assertion: VerifiedAssertion<'a, '_>) -> Self {
        let (id, expires_at) = assertion.single_use();
        Self {
            key: assertion.key().cloned(),
            single_use: Some(SingleUse::Assertion { id, expires_at }),
            ..Self::new(assertion.client(), assertion.method())
        }
    }
}

impl From<Recognized<'_>> for Vouched<'_> {
    fn from(certificate: Recognized<'_>) -> Self {
        Self { key: certificate.key().cloned(), ..Self::new(certificate.client(), certificate.method()) }
    }
}

impl<'a> From<VerifiedAttestation<'a, '_>> for Vouched<'a> {
    fn from(attestation: VerifiedAttestation<'a, '_>) -> Self {
        let instance = attestation.instance();
        let of_proof = |(id, expires_at)| SingleUse::AttestationProof { instance, id, expires_at };
        Self {
            key: Some(AuthenticationKey::new(instance)),
            confirmation: Confirmation { client_instance: Some(instance), ..Confirmation::default() },
            proof_key: attestation.single_use().is_none().then_some(instance),
            single_use: attestation.single_use().map(of_proof),
            ..Self::new(attestation.client(), attestation.method())
        }
    }
}

/// A client that has proved its identity, in a way it registered. Only this library makes one.
///
/// With the method `none`, which needs [`Policy::danger_allow_unauthenticated_clients`](crate::Policy::danger_allow_unauthenticated_clients),
/// it has proved nothing.
#[derive(Clone)]
pub struct AuthenticatedClient {
    client: Arc<Client>,
    method: AuthenticationMethod,
    key: Option<AuthenticationKey>,
    confirmation: Confirmation,
}

impl AuthenticatedClient {
    /// The client.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The method that it has used in this request, of those it registered.
    #[must_use]
    pub fn method(&self) -> AuthenticationMethod {
        self.method
    }

    /// The key that it has authenticated with: one of its JWK set (`private_key_jwt`, `self_signed_tls_client_auth`), that of its
    /// certificate (`tls_client_auth`, for keys of RSA, ECDSA and Ed25519), or that of the instance of an attested client. `None` with
    /// secrets and without credentials.
    #[must_use]
    pub fn authentication_key(&self) -> Option<&AuthenticationKey> {
        self.key.as_ref()
    }

    /// Returns `true` if the client has authenticated with this key, or if `demanded` is `None`. Keys are compared by their
    /// thumbprints; `kid` makes no difference.
    ///
    /// The AT Protocol binds a session to the key that its authorization request was authenticated with. There, demand
    /// [`AuthorizationRequest::authentication_key`](crate::AuthorizationRequest::authentication_key) when the code is redeemed and
    /// whenever a token is refreshed, and answer `invalid_grant` if this is `false`. Other profiles let a client change its keys
    /// while it has tokens.
    ///
    /// ```
    /// use parjar::{AuthenticatedClient, AuthenticationKey, Confirmation};
    ///
    /// /// What the host keeps with a code, and with a refresh token.
    /// struct Bound {
    ///     confirmation: Confirmation,
    ///     authentication_key: Option<AuthenticationKey>,
    /// }
    ///
    /// fn may_redeem(client: &AuthenticatedClient, code: &Bound) -> bool {
    ///     client.fulfils(code.confirmation) && client.authenticated_with(code.authentication_key.as_ref())
    /// }
    /// ```
    #[must_use]
    pub fn authenticated_with(&self, demanded: Option<&AuthenticationKey>) -> bool {
        let used = self.key.as_ref().map(AuthenticationKey::thumbprint);
        demanded.is_none_or(|demanded| used == Some(demanded.thumbprint()))
    }

    /// The keys that the request has proved possession of, beside its credentials. Bind the tokens that it gets to these.
    ///
    /// It has the key of a DPoP proof that came along, and the thumbprint of the connection's certificate if the client is
    /// registered with
    /// [`tls_client_certificate_bound_access_tokens`](crate::ClientRegistration::tls_client_certificate_bound_access_tokens)
    /// and one was handed in. If none was, it is for the host to refuse the request or to issue tokens that are not bound (RFC
    /// 8705 section 3.4). A host that binds the tokens of other clients too takes
    /// [`ClientCertificate::thumbprint`](crate::ClientCertificate::thumbprint).
    #[must_use]
    pub fn confirmation(&self) -> Confirmation {
        self.confirmation
    }

    /// Returns `true` if the request has proved possession of all keys that a code, or a refresh token, is bound to: the
    /// [`confirmation`](crate::AuthorizationRequest::confirmation) of its authorization request. If not, answer
    /// `invalid_grant`. Every request fulfils a `demanded` that is empty.
    #[must_use]
    pub fn fulfils(&self, demanded: Confirmation) -> bool {
        let Confirmation { jkt, x5t_s256, client_instance } = self.confirmation;
        [(demanded.jkt, jkt), (demanded.x5t_s256, x5t_s256), (demanded.client_instance, client_instance)]
            .into_iter()
            .all(|(demanded, proved)| demanded.is_none() || demanded == proved)
    }

    /// The client, to be shared.
    pub(crate) fn shared(&self) -> &Arc<Client> {
        &self.client
    }
}

impl fmt::Debug for AuthenticatedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticatedClient").field("client_id", &self.client.client_id()).finish_non_exhaustive()
    }
}
