//! Who is calling: client authentication, the same for pushes and for the token endpoint (RFC 9126 section 2).

use std::sync::Arc;

use super::{
    ParEndpoint, gate,
    replay::{Mark, Once},
};
use crate::{
    certificate::client_certificate::ClientCertificate,
    client::{Client, ClientRegistry, KeySource, jwks::Lookup},
    client_auth::{
        Assertion, AuthenticatedClient, Credentials, Presented, Recognized, ShownCertificate, check_offered,
        check_uses_assertion,
    },
    dpop::{Proven, Purpose},
    error::{Reason, Refusal},
    http::{FormRequest, Header},
    jose::{Jws, Permitted, TokenFault, VerificationKeys, Verified, verify_with_decoy_key},
    observer::{Event, Stage},
    protocol::{authentication_method::AuthenticationMethod, confirmation::Thumbprint},
    store::RequestStore,
};

/// A client that has authenticated, and what must be new about its credentials.
pub(super) struct Authenticated {
    pub(super) client: AuthenticatedClient,
    /// The `jti` of its credentials, to be remembered once nothing else can go wrong.
    pub(super) mark: Option<Mark>,
    /// The key that has yet to be proved by a DPoP proof: nobody has authenticated without.
    pub(super) proof_key: Option<Thumbprint>,
}

impl<C: ClientRegistry, S: RequestStore> ParEndpoint<C, S> {
    /// Authenticates the client of a request to the token endpoint, by the rules of the PAR endpoint (RFC 9126 section 2).
    /// The parameters of the request are the host's to read: [`Parameters::parse`](crate::Parameters::parse) does it strictly.
    ///
    /// A DPoP proof that comes along is verified (RFC 9449 section 5), and demanded where policy or registration demand it. Bind
    /// the tokens to [`AuthenticatedClient::confirmation`], and refuse a code or a refresh token that the client does not
    /// [fulfil](AuthenticatedClient::fulfils).
    ///
    /// A client assertion and a proof are used up by this, whatever becomes of the request.
    ///
    /// # Errors
    ///
    /// A refusal, ready to be sent as the reply of the token endpoint.
    pub async fn authenticate_client(&self, request: &FormRequest<'_>) -> Result<AuthenticatedClient, Refusal> {
        let refused = |client_id: Option<&str>, refusal| self.settings.refused(Stage::Token, client_id, refusal);
        let mut form = gate::pass(request, &self.policy().limits).map_err(|refusal| refused(None, refusal))?;
        let credentials = std::mem::take(&mut form.credentials);
        let presented =
            Presented::read(request, &form, &credentials, self.policy()).map_err(|refusal| refused(None, refusal))?;
        let outcome = self.authenticate_once(&presented, request).await;
        outcome.map_err(|refusal| refused(Some(presented.client_id()), refusal))
    }

    async fn authenticate_once(
        &self,
        presented: &Presented<'_>,
        request: &FormRequest<'_>,
    ) -> Result<AuthenticatedClient, Refusal> {
        let Authenticated { client, mark, proof_key } = self.authenticate(presented).await?;
        if self.settings.token_targets.is_empty() && !matches!(request.dpop, Header::Absent) {
            return Err(Reason::UnknownTokenEndpoint.into());
        }
        let purpose = Purpose::new(request.method, &self.settings.token_targets);
        let proven = self.proved(request.dpop, &purpose, proof_key)?;
        if proven.is_none() && client.client().must_use_dpop(self.policy()) {
            return Err(Reason::MissingDpopProof.into());
        }
        let once = Once::new([mark, proven.as_ref().map(|proven| self.settings.replay.dpop_proof(proven))]);
        self.settings.replay.remember_of_client(&self.store, presented.client_id(), &once).await?;
        Ok(client.with_dpop_key(proven.as_ref().map(Proven::thumbprint)))
    }

    /// In the one way that the client has registered.
    pub(super) async fn authenticate(&self, presented: &Presented<'_>) -> Result<Authenticated, Refusal> {
        let client = self.client(presented.client_id()).await?;
        let Authenticated { client, mark, proof_key } = match &presented.credentials {
            Credentials::Assertion(assertion) => self.authenticate_by_assertion(assertion, client).await?,
            Credentials::Attestation(attestation) => self.authenticate_by_attestation(attestation, client).await?,
            Credentials::Nothing(_) => {
                let client = self.authenticate_by_certificate(presented.certificate, client).await?;
                Authenticated { client, mark: None, proof_key: None }
            }
            Credentials::Secret(shown) => {
                let stand_in = match &client {
                    Some(client) if client.has_secrets() => None,
                    _ => self.clients.stand_in(),
                };
                let now = || self.settings.clock.now();
                let client = shown.verify(client, stand_in.as_deref(), self.policy(), now)?;
                Authenticated { client, mark: None, proof_key: None }
            }
        };
        Ok(Authenticated { client: client.bound_to(presented.certificate), mark, proof_key })
    }

    /// By the certificate of the connection, of clients that have registered that; and those that have no credentials.
    async fn authenticate_by_certificate(
        &self,
        certificate: Option<ClientCertificate<'_>>,
        client: Option<Arc<Client>>,
    ) -> Result<AuthenticatedClient, Refusal> {
        // It is read in any case: how long it takes should not tell which clients exist, and how they authenticate.
        let shown = certificate.map(ShownCertificate::read);
        let client = client.ok_or(Reason::UnknownClient)?;
        check_offered(&client, self.policy())?;
        if !client.token_endpoint_auth_method().uses_certificate() {
            return Ok(AuthenticatedClient::by_name(client)?);
        }
        let shown = shown.ok_or(Reason::MissingCertificate)??;
        let recognized = if client.token_endpoint_auth_method() == AuthenticationMethod::TlsClientAuth {
            shown.check_subject(&client)?
        } else {
            self.recognize_key(&client, &shown).await?
        };
        Ok(AuthenticatedClient::by_certificate(client, recognized))
    }

    async fn recognize_key(&self, client: &Client, shown: &ShownCertificate) -> Result<Recognized, Reason> {
        let outcome = self.with_keys(client, |keys| shown.check_key(keys), |fault| fault == TokenFault::NoKey).await;
        outcome.map_err(|fault| match fault {
            TokenFault::KeysUnavailable => Reason::CertificateKeysUnavailable,
            _ => Reason::UnregisteredCertificate,
        })
    }

    async fn authenticate_by_assertion(
        &self,
        assertion: &Assertion<'_>,
        client: Option<Arc<Client>>,
    ) -> Result<Authenticated, Refusal> {
        let good = assertion.check(self.policy(), self.settings.clock.now().unix_timestamp());
        let refuse = |refusal: Refusal| {
            // A signature is verified in any case: how long it takes should not tell which clients exist, and how they
            // authenticate.
            if good.is_ok() && refusal.reason() != Reason::ClientAssertion(TokenFault::Signature) {
                let offered = &self.policy().token_endpoint_auth_signing_alg_values_supported;
                verify_with_decoy_key(assertion.jws(), offered);
            }
            refusal
        };
        let client = client.ok_or_else(|| refuse(Reason::UnknownClient.into()))?;
        good.map_err(assertion_fault)?;
        check_uses_assertion(&client, self.policy()).map_err(refuse)?;
        let verified = self.verify_assertion(&client, assertion.jws()).await;
        let proof = verified.map_err(|fault| refuse(assertion_fault(fault)))?;
        let accepted = assertion.accept(proof, &self.settings.audiences(&client)).map_err(assertion_fault)?;
        let mark = self.settings.replay.assertion(client.client_id(), &accepted);
        let client = AuthenticatedClient::by_assertion(client, &accepted);
        Ok(Authenticated { client, mark: Some(mark), proof_key: None })
    }

    async fn verify_assertion<'t>(&self, client: &Client, jws: &'t Jws<'_>) -> Result<Verified<'t>, TokenFault> {
        let offered = &self.policy().token_endpoint_auth_signing_alg_values_supported;
        let permitted = Permitted::for_client(offered, client.keys().assertion_algorithm);
        if client.token_endpoint_auth_method() == AuthenticationMethod::ClientSecretJwt {
            return client.keys().check_mac(jws, &permitted, self.settings.clock.now());
        }
        self.verify_signature(client, jws, &permitted).await
    }

    /// Verifies a signature with the keys of a client, wherever they are.
    pub(super) async fn verify_signature<'t>(
        &self,
        client: &Client,
        jws: &'t Jws<'_>,
        permitted: &Permitted<'_>,
    ) -> Result<Verified<'t>, TokenFault> {
        // What can be refused without keys must not make anybody fetch them.
        permitted.algorithm_of(jws)?;
        // A sender that names no key may have a new one.
        let may_be_new = |fault| fault == TokenFault::NoKey || (fault == TokenFault::Signature && !jws.names_key());
        self.with_keys(client, |keys| keys.check(jws, permitted), may_be_new).await
    }

    /// Tries the keys of a client, and newer ones if those that are known do not do and there `may_be_new` ones.
    async fn with_keys<T>(
        &self,
        client: &Client,
        attempt: impl Fn(&VerificationKeys) -> Result<T, TokenFault>,
        may_be_new: impl Fn(TokenFault) -> bool,
    ) -> Result<T, TokenFault> {
        let uri = match &client.keys().source {
            KeySource::None => return Err(TokenFault::NoKey),
            KeySource::Registered(keys) => return attempt(keys),
            KeySource::Uri(uri) => uri,
        };
        let keys = self.looked_up(client, self.settings.jwks.get(uri).await).ok_or(TokenFault::KeysUnavailable)?;
        let outcome = attempt(&keys);
        if outcome.as_ref().is_err_and(|fault| may_be_new(*fault))
            && let Some(newer) = self.looked_up(client, self.settings.jwks.newer(uri, &keys).await)
        {
            return attempt(&newer);
        }
        outcome
    }

    fn looked_up(&self, client: &Client, lookup: Lookup) -> Option<Arc<VerificationKeys>> {
        let client_id = client.client_id();
        match lookup {
            Lookup::Known(keys) => Some(keys),
            Lookup::Fetched(keys) => {
                self.settings.observe(&Event::KeysFetched { client_id, usable: keys.len(), skipped: keys.skipped() });
                Some(keys)
            }
            Lookup::Unavailable => None,
            Lookup::Failed { error, stale } => {
                self.settings.observe(&Event::KeysNotFetched { client_id, error: &error, stale: stale.is_some() });
                stale
            }
        }
    }
}

fn assertion_fault(fault: TokenFault) -> Refusal {
    Reason::ClientAssertion(fault).into()
}
