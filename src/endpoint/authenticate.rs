//! Client authentication at the token endpoint of the host, by the rules of the PAR endpoint (RFC 9126 section 2).

use super::{ParEndpoint, Parts, gate, look_up::LookedUp, replay::Once, urls::Endpoint};
use crate::{
    client::ClientRegistry,
    client_auth::{AuthenticatedClient, AuthenticatedRequest, Presented},
    error::{Reason, Refusal},
    http::FormRequest,
    observer::Stage,
    store::RequestStore,
};

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
    /// # Errors
    ///
    /// A refusal, ready to be sent as the reply of the token endpoint.
    pub async fn authenticate_client(&self, request: &FormRequest<'_>) -> Result<AuthenticatedRequest, Refusal> {
        let refused = |client_id: Option<&str>, refusal| self.parts.observers.refused(Stage::Token, client_id, refusal);
        let mut form = gate::pass(request, &self.policy().limits).map_err(|refusal| refused(None, refusal))?;
        let credentials = std::mem::take(&mut form.credentials);
        let presented =
            Presented::read(request, &form, &credentials, self.policy()).map_err(|refusal| refused(None, refusal))?;
        let claimed = presented.client_id();
        let client = self.look_up(claimed).await.map_err(|refusal| refused(Some(claimed), refusal))?;
        match self.authenticate_at(&self.parts.urls.token, &presented, &client, request).await {
            Ok(client) => {
                let parameters = form.parameters.of_client(client.client().client_id());
                Ok(AuthenticatedRequest::new(client, parameters))
            }
            Err(refusal) => Err(refused(Some(client.name(claimed)), refusal)),
        }
    }

    /// Authenticates the client of a request to an endpoint of the host, and uses up its credentials.
    async fn authenticate_at(
        &self,
        endpoint: &Endpoint<Option<Box<str>>>,
        presented: &Presented<'_>,
        client: &LookedUp,
        request: &FormRequest<'_>,
    ) -> Result<AuthenticatedClient, Refusal> {
        let Parts { authenticator, proofs, replay, .. } = &*self.parts;
        let stand_in = || self.clients.stand_in();
        let vouched = authenticator.verify(presented, client, stand_in).await?;
        let mark = replay.credentials(&vouched);
        let purpose = endpoint.purpose(request)?;
        let proven = proofs.verify(request.dpop, &purpose, vouched.needs_proof())?;
        let client = vouched.prove(proven.as_ref())?;
        if proven.is_none() && client.client().must_use_dpop(self.policy()) {
            return Err(Reason::MissingDpopProof.into());
        }
        let once = Once::new([mark, proven.as_ref().map(|proven| replay.dpop_proof(proven))]);
        replay.remember_of_client(&self.store, client.client(), &once).await?;
        Ok(client)
    }
}
