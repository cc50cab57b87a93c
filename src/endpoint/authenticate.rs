//! Client authentication at the token endpoint of the host, and at its others, by the rules of the PAR endpoint (RFC 9126 section
//! 2).

use std::pin::pin;

use super::{ParEndpoint, Parts, gate, look_up::LookedUp, operation::Operation, replay::Once, urls::HostUrls};
use crate::{
    client::ClientRegistry,
    client_auth::{AuthenticatedClient, AuthenticatedRequest, Presented},
    error::{Reason, Refusal},
    http::FormRequest,
    observer::{Event, Stage, Step},
    protocol::host_endpoint::HostEndpoint,
    store::RequestStore,
};

/// The endpoint that a request has come to.
#[derive(Clone, Copy)]
struct At<'a> {
    urls: &'a HostUrls,
    stage: Stage,
    /// `true` if it hands out tokens, which may have to be bound to a key.
    issues_tokens: bool,
    /// `true` if a name alone is not enough, whatever the policy is.
    needs_credentials: bool,
}

impl<C: ClientRegistry, S: RequestStore> ParEndpoint<C, S> {
    /// Authenticates the client of a request to the token endpoint, by the rules of the PAR endpoint (RFC 9126 section 2), and
    /// returns it with the parameters of the request, read as strictly as those of a push.
    ///
    /// A DPoP proof that comes along is verified (RFC 9449 section 5), and demanded where policy or registration demand it. Bind
    /// the tokens to [`AuthenticatedClient::confirmation`], and refuse a code or a refresh token that the client does not
    /// [fulfil](AuthenticatedClient::fulfils).
    ///
    /// A client assertion and a proof are used up by this, whatever becomes of the request.
    ///
    /// # A request from no client
    ///
    /// Where a server lets a wallet trade a pre-authorized code without a `client_id`
    /// (`pre-authorized_grant_anonymous_access_supported` in its metadata, OpenID for Verifiable Credential Issuance), there is no client to
    /// authenticate, and this method refuses the request with [`Reason::MissingClientId`]. So the host takes such requests out
    /// before: those that [claim no client](FormRequest::claimed_client_id) at all, with this grant type. The code is then all that the
    /// sender has: it should be good once and for a short time, demand a transaction code, and be refused here where it was
    /// issued for a certain client. A DPoP proof that comes along is verified with [`dpop::Proof`](crate::dpop::Proof), and its
    /// `jti` remembered by the host. A request that does claim a client goes to this method, with a pre-authorized code too.
    ///
    /// ```
    /// use parjar::{AuthenticatedRequest, FormRequest, ParEndpoint, Parameters, Refusal};
    ///
    /// const PRE_AUTHORIZED: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";
    ///
    /// enum Sender {
    ///     Anonymous(Parameters),
    ///     Client(AuthenticatedRequest),
    /// }
    ///
    /// async fn sender(par: &ParEndpoint, request: &FormRequest<'_>, body: &[u8]) -> Result<Sender, Refusal> {
    ///     let limits = &par.policy().limits;
    ///     if request.claimed_client_id(limits)?.is_none() {
    ///         let parameters = Parameters::parse(body, limits)?;
    ///         if parameters.get("grant_type") == Some(PRE_AUTHORIZED) {
    ///             return Ok(Sender::Anonymous(parameters));
    ///         }
    ///     }
    ///     Ok(Sender::Client(par.authenticate_client(request).await?))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// A refusal, ready to be sent as the reply of the token endpoint.
    pub async fn authenticate_client(&self, request: &FormRequest<'_>) -> Result<AuthenticatedRequest, Refusal> {
        let at =
            At { urls: &self.parts.urls.token, stage: Stage::Token, issues_tokens: true, needs_credentials: false };
        self.authenticate(at, request).await
    }

    /// Authenticates the client of a request to another endpoint of the host: for revocation (RFC 7009 section 2.1), introspection
    /// (RFC 7662 section 2.1), device authorization (RFC 8628 section 3.1) or whatever else the host has. It is as
    /// [`authenticate_client`](Self::authenticate_client) is, with these differences:
    ///
    /// * A DPoP proof that comes along must be for the URL that was given as
    ///   [`host_endpoint`](crate::ParEndpointBuilder::host_endpoint), and none is demanded: nothing is bound to its key here. A host
    ///   whose endpoint issues tokens looks at [`AuthenticatedClient::confirmation`]. A client whose attestation
    ///   is proved by DPoP needs a proof everywhere.
    /// * An assertion is for the issuer, as everywhere. One of a client with
    ///   [`danger_allow_legacy_assertion_audience`](crate::ClientRegistration::danger_allow_legacy_assertion_audience) may also name this
    ///   URL, which is not accepted elsewhere.
    /// * Its refusals are told apart in [`Event::Refused`](crate::Event::Refused), by [`Stage::HostEndpoint`], and its successes in
    ///   [`Event::Authenticated`](crate::Event::Authenticated).
    ///
    /// Public clients revoke their tokens with a `client_id` alone, where the policy lets them push so. At
    /// [`HostEndpoint::Introspection`] they are refused: with a name that everyone knows, everyone could try tokens there (RFC 7662
    /// section 2.1). The token in the request is for the host to look up, and to compare with the client.
    ///
    /// ```
    /// use parjar::{FormRequest, HostEndpoint, InMemoryRegistry, ParEndpoint, Refusal};
    ///
    /// let par = ParEndpoint::builder("https://as.example.com")
    ///     .clients(InMemoryRegistry::new([])?)
    ///     .host_endpoint(HostEndpoint::Revocation, "https://as.example.com/revoke")
    ///     .build()?;
    /// assert_eq!(par.metadata()["revocation_endpoint"], "https://as.example.com/revoke");
    ///
    /// async fn revoke(par: &ParEndpoint, request: &FormRequest<'_>) -> Result<(), Refusal> {
    ///     let (client, parameters) = par.authenticate_client_at(HostEndpoint::Revocation, request).await?.into_parts();
    ///     // ... if `parameters.get("token")` is one of `client`, it is revoked; the answer is 200 in any case ...
    ///     Ok(())
    /// }
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A refusal, ready to be sent as the reply of the endpoint.
    pub async fn authenticate_client_at(
        &self,
        endpoint: HostEndpoint,
        request: &FormRequest<'_>,
    ) -> Result<AuthenticatedRequest, Refusal> {
        let (urls, stage) = (self.parts.urls.of_host(endpoint), Stage::HostEndpoint(endpoint));
        let needs_credentials = endpoint == HostEndpoint::Introspection;
        self.authenticate(At { urls, stage, issues_tokens: false, needs_credentials }, request).await
    }

    async fn authenticate(&self, at: At<'_>, request: &FormRequest<'_>) -> Result<AuthenticatedRequest, Refusal> {
        let operation = self.parts.begin(at.stage);
        operation.trace(pin!(self.authenticate_in(&operation, at, request))).await
    }

    async fn authenticate_in(
        &self,
        operation: &Operation<'_>,
        at: At<'_>,
        request: &FormRequest<'_>,
    ) -> Result<AuthenticatedRequest, Refusal> {
        let refused = |client_id: Option<&str>, refusal| operation.refused(client_id, refusal);
        let mut form = gate::pass(request, &self.policy().limits).map_err(|refusal| refused(None, refusal))?;
        let credentials = std::mem::take(&mut form.credentials);
        let presented =
            Presented::read(request, &form, &credentials, self.policy()).map_err(|refusal| refused(None, refusal))?;
        let claimed = presented.client_id();
        let client = self.look_up(operation, claimed).await.map_err(|refusal| refused(Some(claimed), refusal))?;
        match self.authenticate_at(operation, at, &presented, &client, request).await {
            Ok(client) => {
                let (client_id, method) = (client.client().client_id(), client.method());
                if let Some(steps) = &operation.worked() {
                    operation.observe(&Event::Authenticated { stage: at.stage, client_id, method, steps });
                }
                let parameters = form.parameters.of_client(client_id);
                Ok(AuthenticatedRequest::new(client, parameters))
            }
            Err(refusal) => Err(refused(Some(client.name(claimed)), refusal)),
        }
    }

    /// Authenticates the client of a request to an endpoint of the host, and uses up its credentials.
    async fn authenticate_at(
        &self,
        operation: &Operation<'_>,
        at: At<'_>,
        presented: &Presented<'_>,
        client: &LookedUp,
        request: &FormRequest<'_>,
    ) -> Result<AuthenticatedClient, Refusal> {
        let Parts { authenticator, proofs, replay, .. } = &*self.parts;
        let stand_in = || self.clients.stand_in();
        let verified = authenticator.verify(operation, presented, client, stand_in, at.urls.urls());
        let vouched = operation.time(Step::Authentication, pin!(verified)).await?;
        if at.needs_credentials && !vouched.client().is_confidential() {
            return Err(Reason::MissingCredentials.into());
        }
        let mark = replay.credentials(&vouched);
        let purpose = at.urls.purpose(request)?;
        let proven = proofs.verify(operation, request.dpop, &purpose, vouched.needs_proof())?;
        let client = vouched.prove(proven.as_ref())?;
        if at.issues_tokens && proven.is_none() && client.client().must_use_dpop(self.policy()) {
            return Err(Reason::MissingDpopProof.into());
        }
        let once = Once::new([mark, proven.as_ref().map(|proven| replay.dpop_proof(client.client(), proven))]);
        if !once.is_empty() {
            let remembered = replay.remember_of_client(&self.store, client.client(), &once);
            operation.time(Step::Store, pin!(remembered)).await?;
        }
        Ok(client)
    }
}
