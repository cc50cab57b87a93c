//! Opening a request object: decryption, signature, claims, in this order and not before its sender is known.

use std::sync::Arc;

use super::{
    client_keys::{ClientKeys, may_be_by_new_key},
    operation::Operation,
    server::Server,
};
use crate::{
    client::{Credential, ObjectKeys},
    error::{Reason, Refusal},
    jar::{Decrypted, Envelope, Opening, RequestObject, Sender, SignedObject, VerifiedObject},
    jose::{DecryptionKeys, KeyManagement, TokenFault, VerificationKeys},
    observer::Step,
};

/// Opens request objects.
pub(super) struct ObjectOpener {
    server: Arc<Server>,
    decryption_keys: Option<DecryptionKeys>,
    client_keys: Arc<ClientKeys>,
}

impl ObjectOpener {
    pub(super) fn new(
        server: &Arc<Server>,
        decryption_keys: Option<DecryptionKeys>,
        client_keys: &Arc<ClientKeys>,
    ) -> Self {
        Self { server: Arc::clone(server), decryption_keys, client_keys: Arc::clone(client_keys) }
    }

    /// The algorithms of encryption that the policy offers and that there are keys for: the server's, or secrets of clients, who
    /// must have registered that.
    pub(super) fn encryption_algorithms(&self) -> Vec<KeyManagement> {
        let keys = self.decryption_keys.as_ref().map(DecryptionKeys::algorithms).unwrap_or_default();
        let usable = |algorithm: &KeyManagement| algorithm.is_symmetric() || keys.contains(algorithm);
        let offered = self.server.policy.request_object_encryption_alg_values_supported.iter().copied();
        offered.filter(usable).collect()
    }

    /// The keys that clients encrypt to, if there are any.
    pub(super) fn decryption_keys(&self) -> Option<&DecryptionKeys> {
        self.decryption_keys.as_ref()
    }

    /// Opens the request object of a sender.
    pub(super) async fn open<'s>(
        &self,
        operation: &Operation<'_>,
        text: &str,
        sender: Sender<'s>,
    ) -> Result<RequestObject<'s>, Refusal> {
        let opening = Opening {
            sender,
            policy: &self.server.policy,
            issuer: &self.server.issuer,
            decryption_keys: self.decryption_keys.as_ref(),
            now: self.server.now(),
        };
        self.opened(operation, text, &opening).await.map_err(|fault| Reason::RequestObject(fault).into())
    }

    /// The order of the steps.
    async fn opened<'s>(
        &self,
        operation: &Operation<'_>,
        text: &str,
        opening: &Opening<'s, '_>,
    ) -> Result<RequestObject<'s>, TokenFault> {
        let decrypted;
        let object = match Envelope::open(text, opening)? {
            Envelope::Signed(jws) => SignedObject::of(jws, opening.policy)?,
            Envelope::Encrypted(jwe) => {
                decrypted = operation.run(Step::Decryption, || Decrypted::of(&jwe, opening))?;
                decrypted.signed(opening.policy)?
            }
        };
        self.verify_object(operation, &object, opening).await?.read(opening)
    }

    async fn verify_object<'a, 's>(
        &self,
        operation: &Operation<'_>,
        object: &'a SignedObject<'_>,
        opening: &Opening<'s, '_>,
    ) -> Result<VerifiedObject<'a, 's>, TokenFault> {
        let (client, policy) = (opening.sender.client(), opening.policy);
        // A token that can be refused without keys must not make the server fetch them.
        object.check_algorithm(client, policy)?;
        match ObjectKeys::of(client) {
            ObjectKeys::Nothing => Err(TokenFault::NoKey),
            ObjectKeys::Secrets(secrets) => object.verify(secrets.resolved(&secrets.value().at(opening.now)), policy),
            ObjectKeys::Public(keys) => {
                let verify = |keys: Credential<'s, &VerificationKeys>| object.verify(keys, policy);
                self.client_keys.attempt(operation, keys, verify, may_be_by_new_key(object.names_key())).await
            }
        }
    }
}
