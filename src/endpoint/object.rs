//! Opening a request object: decryption, signature, claims, in this order and not before it is known whose it should be.

use super::ParEndpoint;
use crate::{
    client::{Client, ClientRegistry},
    error::{Reason, Refusal},
    jar::{self, Decrypted, Envelope, Opening, RequestObject},
    jose::{Jws, SigningAlgorithm, TokenFault, Verified},
    store::RequestStore,
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

    /// The order of the steps.
    async fn opened(&self, text: &str, opening: &Opening<'_>) -> Result<RequestObject, TokenFault> {
        let decrypted;
        let (jws, decrypted) = match Envelope::open(text, opening)? {
            Envelope::Signed(jws) => (jws, None),
            Envelope::Encrypted(jwe) => {
                decrypted = Decrypted::of(&jwe, opening)?;
                (decrypted.jws(opening.policy)?, Some(&decrypted))
            }
        };
        jar::check_type(&jws, opening.policy)?;
        let verified = self.verify_object(&jws, opening).await?;
        RequestObject::read(verified, decrypted, opening)
    }

    async fn verify_object<'t>(&self, jws: &'t Jws<'_>, opening: &Opening<'_>) -> Result<Verified<'t>, TokenFault> {
        let Opening { client, policy, now, .. } = opening;
        let permitted = jar::permitted(client, policy);
        if client.keys().object_algorithm.is_some_and(SigningAlgorithm::is_symmetric) {
            return client.keys().check_mac(jws, &permitted, *now);
        }
        self.verify_signature(client, jws, &permitted).await
    }
}
