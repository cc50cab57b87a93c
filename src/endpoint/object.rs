//! Opening a request object: decryption, signature, claims, in this order and not before it is known whose it should be.

use super::{ParEndpoint, authenticate::may_be_by_new_key};
use crate::{
    client::{ClientRegistry, Credential, ObjectKeys},
    error::{Reason, Refusal},
    jar::{Decrypted, Envelope, Opening, RequestObject, Sender, SignedObject, VerifiedObject},
    jose::{TokenFault, VerificationKeys},
    store::RequestStore,
};

impl<C: ClientRegistry, S: RequestStore> ParEndpoint<C, S> {
    /// Opens the request object of a sender.
    pub(super) async fn open_object<'s>(&self, text: &str, sender: Sender<'s>) -> Result<RequestObject<'s>, Refusal> {
        let settings = &self.settings;
        let opening = Opening {
            sender,
            policy: self.policy(),
            issuer: &settings.issuer,
            decryption_keys: settings.decryption_keys.as_ref(),
            now: settings.clock.now(),
        };
        self.opened(text, &opening).await.map_err(|fault| Reason::RequestObject(fault).into())
    }

    /// The order of the steps.
    async fn opened<'s>(&self, text: &str, opening: &Opening<'s, '_>) -> Result<RequestObject<'s>, TokenFault> {
        let decrypted;
        let object = match Envelope::open(text, opening)? {
            Envelope::Signed(jws) => SignedObject::of(jws, opening.policy)?,
            Envelope::Encrypted(jwe) => {
                decrypted = Decrypted::of(&jwe, opening)?;
                decrypted.signed(opening.policy)?
            }
        };
        self.verify_object(&object, opening).await?.read(opening)
    }

    async fn verify_object<'a, 's>(
        &self,
        object: &'a SignedObject<'_>,
        opening: &Opening<'s, '_>,
    ) -> Result<VerifiedObject<'a, 's>, TokenFault> {
        let (client, policy) = (opening.sender.client(), opening.policy);
        // What can be refused without keys must not make the server fetch them.
        object.check_algorithm(client, policy)?;
        match ObjectKeys::of(client) {
            ObjectKeys::Nothing => Err(TokenFault::NoKey),
            ObjectKeys::Secrets(secrets) => object.verify(secrets.resolved(&secrets.value().at(opening.now)), policy),
            ObjectKeys::Public(keys) => {
                let verify = |keys: Credential<'s, &VerificationKeys>| object.verify(keys, policy);
                self.with_keys(keys, verify, may_be_by_new_key(object.names_key())).await
            }
        }
    }
}
