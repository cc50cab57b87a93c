//! Opening a request object: decryption, signature, claims, in this order and not before it is known whose it should be.

use super::ParEndpoint;
use crate::{
    client::{Client, ClientRegistry},
    error::{Reason, Refusal},
    jar::{self, Envelope, Opening, RequestObject},
    jose::TokenFault,
    store::{Mark, RequestStore},
};

impl<C: ClientRegistry, S: RequestStore> ParEndpoint<C, S> {
    /// Opens the request object of a client. Nothing is decrypted unless it `may_decrypt`.
    pub(super) async fn open_object(
        &self,
        text: &str,
        client: &Client,
        may_decrypt: bool,
    ) -> Result<RequestObject, Refusal> {
        let settings = &self.settings;
        let opening = Opening {
            client,
            policy: self.policy(),
            issuer: &settings.issuer,
            decryption_keys: settings.decryption_keys.as_ref(),
            may_decrypt,
            now: settings.clock.now(),
        };
        self.opened(text, &opening).await.map_err(|fault| Reason::RequestObject(fault).into())
    }

    async fn opened(&self, text: &str, opening: &Opening<'_>) -> Result<RequestObject, TokenFault> {
        let Opening { client, policy, .. } = opening;
        let envelope = Envelope::open(text, opening)?;
        let jws = envelope.jws(policy)?;
        let permitted = jar::permitted(client, policy);
        let verified = if client.keys().object_algorithm.is_some_and(|algorithm| algorithm.is_symmetric()) {
            client.keys().check_mac(&jws, &permitted, opening.now)?
        } else {
            self.verify_signature(client, &jws, &permitted).await?
        };
        envelope.read(verified, opening)
    }

    /// What must be new about the object, if it is good for one use.
    pub(super) fn object_mark(&self, client: &Client, object: &RequestObject) -> Option<Mark> {
        let id = object.id.as_deref()?;
        Some(self.mark(self.settings.keys.request_object(client.client_id(), id), object.expires_at?))
    }
}
