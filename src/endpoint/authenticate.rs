//! Client authentication, the same for pushes and for the token endpoint (RFC 9126 section 2).

use std::sync::Arc;

use super::{
    ParEndpoint, gate,
    replay::{Mark, Once},
};
use crate::{
    client::{Client, ClientRegistry, Credential, KeySource, jwks::Lookup},
    client_auth::{AuthenticatedClient, Checked, CheckedAssertion, Matched, Presented, VerifiedAssertion, Vouched},
    dpop::Purpose,
    error::{Reason, Refusal},
    http::{FormRequest, Header},
    jose::{TokenFault, VerificationKeys},
    observer::{Event, Stage},
    store::RequestStore,
};

/// A client that its credentials vouch for, and the use of them that must be the first.
pub(super) struct Verified {
    pub(super) vouched: Vouched,
    /// The `jti` of the credentials, to be remembered once nothing else can go wrong.
    pub(super) mark: Option<Mark>,
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
        let Verified { vouched, mark } = self.verify_credentials(presented).await?;
        if self.settings.token_targets.is_empty() && !matches!(request.dpop, Header::Absent) {
            return Err(Reason::UnknownTokenEndpoint.into());
        }
        let purpose = Purpose::new(request.method, &self.settings.token_targets);
        let proven = self.proved(request.dpop, &purpose, vouched.needs_proof())?;
        let client = vouched.prove(proven.as_ref())?;
        if proven.is_none() && client.client().must_use_dpop(self.policy()) {
            return Err(Reason::MissingDpopProof.into());
        }
        let once = Once::new([mark, proven.as_ref().map(|proven| self.settings.replay.dpop_proof(proven))]);
        self.settings.replay.remember_of_client(&self.store, client.client(), &once).await?;
        Ok(client)
    }

    /// Verifies the credentials of a request, in the one way that the client has registered.
    pub(super) async fn verify_credentials(&self, presented: &Presented<'_>) -> Result<Verified, Refusal> {
        let (policy, clock) = (self.policy(), &self.settings.clock);
        let client = self.client(presented.client_id()).await?;
        let checked = presented.check(self.issuer(), policy, || clock.now().unix_timestamp());
        let outcome = match (&client, &checked) {
            (None, _) => Err(Reason::UnknownClient.into()),
            (Some(_), Err(reason)) => Err((*reason).into()),
            (Some(client), Ok(checked)) => self.verify_checked(client, checked).await,
        };
        if let (Err(refusal), Ok(checked)) = (&outcome, &checked) {
            let reason = refusal.reason();
            let stand_in = if checked.takes_stand_in(reason) { self.clients.stand_in() } else { None };
            checked.hide(reason, stand_in.as_deref(), policy, || clock.now());
        }
        let Verified { vouched, mark } = outcome?;
        Ok(Verified { vouched: vouched.bound_to(presented.certificate()), mark })
    }

    async fn verify_checked(&self, client: &Arc<Client>, checked: &Checked<'_>) -> Result<Verified, Refusal> {
        let now = || self.settings.clock.now();
        let vouched = match Matched::of(client, checked, self.policy())? {
            Matched::Nothing(none) => none.into(),
            Matched::Secret(secrets, shown) => shown.verify(secrets, now)?.into(),
            Matched::SharedSecret(secrets, assertion) => {
                let current = secrets.value().at(now());
                let verified =
                    assertion.verify(secrets.resolved(&current), &self.settings.audiences(client), self.policy());
                return self.by_assertion(verified);
            }
            Matched::PrivateKey(keys, assertion) => {
                return self.by_assertion(self.verify_assertion(keys, assertion).await);
            }
            Matched::CertificateSubject(subject, certificate) => certificate.check_subject(subject)?.into(),
            Matched::CertificateKey(keys, certificate) => {
                let is_unknown = |fault| fault == TokenFault::NoKey;
                let recognized = self.with_keys(keys, |keys| certificate.check_key(keys), is_unknown).await;
                recognized.map_err(certificate_fault)?.into()
            }
            Matched::Attestation(client, attestation) => {
                return self.verify_attestation(client, attestation).await;
            }
        };
        Ok(Verified { vouched, mark: None })
    }

    fn by_assertion(&self, verified: Result<VerifiedAssertion<'_, '_>, TokenFault>) -> Result<Verified, Refusal> {
        let assertion = verified.map_err(Reason::ClientAssertion)?;
        Ok(Verified { mark: Some(self.settings.replay.assertion(&assertion)), vouched: assertion.into() })
    }

    async fn verify_assertion<'a, 'c>(
        &self,
        keys: Credential<'c, &KeySource>,
        assertion: &CheckedAssertion<'a>,
    ) -> Result<VerifiedAssertion<'a, 'c>, TokenFault> {
        let (policy, audiences) = (self.policy(), self.settings.audiences(keys.client()));
        // What can be refused without keys must not make the server fetch them.
        assertion.check_algorithm(keys.client(), policy)?;
        let verify = |keys: Credential<'c, &VerificationKeys>| assertion.verify(keys, &audiences, policy);
        self.with_keys(keys, verify, may_be_by_new_key(assertion.names_key())).await
    }

    /// Tries the keys of a client, and newer ones if the known ones do not do and there `may_be_new` ones.
    pub(super) async fn with_keys<'c, T>(
        &self,
        source: Credential<'c, &KeySource>,
        attempt: impl Fn(Credential<'c, &VerificationKeys>) -> Result<T, TokenFault>,
        may_be_new: impl Fn(TokenFault) -> bool,
    ) -> Result<T, TokenFault> {
        let uri = match source.value() {
            KeySource::Registered(keys) => return attempt(source.resolved(keys)),
            KeySource::Uri(uri) => uri,
        };
        let client = source.client();
        let keys = self.looked_up(client, self.settings.jwks.get(uri).await).ok_or(TokenFault::KeysUnavailable)?;
        let outcome = attempt(source.resolved(&keys));
        if outcome.as_ref().is_err_and(|fault| may_be_new(*fault))
            && let Some(newer) = self.looked_up(client, self.settings.jwks.newer(uri, &keys).await)
        {
            return attempt(source.resolved(&newer));
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

/// Tells the faults of a token that is perhaps signed with a new key: a sender that names no key may have one.
pub(super) fn may_be_by_new_key(names_key: bool) -> impl Fn(TokenFault) -> bool {
    move |fault| fault == TokenFault::NoKey || (fault == TokenFault::Signature && !names_key)
}

fn certificate_fault(fault: TokenFault) -> Reason {
    match fault {
        TokenFault::KeysUnavailable => Reason::CertificateKeysUnavailable,
        _ => Reason::UnregisteredCertificate,
    }
}
