//! The verification of credentials: one match over what the client has registered and what it presents.

use std::sync::Arc;

use super::{
    attest::AttestationVerifier,
    client_keys::{ClientKeys, may_be_by_new_key},
    look_up::LookedUp,
    operation::Operation,
    server::Server,
    urls::{EndpointUrls, Urls},
};
use crate::{
    client::{Client, Credential, KeySource},
    client_auth::{Audiences, Checked, CheckedAssertion, Matched, Presented, VerifiedAssertion, Vouched},
    error::{Reason, Refusal},
    jose::{EvenKeys, TokenFault, VerificationKeys, Verifier},
};

/// Authenticates clients, the same at all endpoints.
pub(super) struct Authenticator {
    server: Arc<Server>,
    urls: Arc<Urls>,
    client_keys: Arc<ClientKeys>,
    pub(super) attestations: AttestationVerifier,
}

impl Authenticator {
    pub(super) fn new(
        server: &Arc<Server>,
        urls: &Arc<Urls>,
        client_keys: &Arc<ClientKeys>,
        attestations: AttestationVerifier,
    ) -> Self {
        Self { server: Arc::clone(server), urls: Arc::clone(urls), client_keys: Arc::clone(client_keys), attestations }
    }

    /// Verifies the credentials of a request, in a way that the client has registered. `client` is what was found for the
    /// name in the request; `stand_in` is asked for a client to do the work with where there is none. It came `at` an
    /// endpoint with these URLs.
    pub(super) async fn verify<'a>(
        &self,
        operation: &Operation<'_>,
        presented: &'a Presented<'_>,
        client: &LookedUp,
        stand_in: impl FnOnce() -> Option<Arc<Client>>,
        at: EndpointUrls<'_>,
    ) -> Result<Vouched<'a>, Refusal> {
        let Server { issuer, policy, .. } = &*self.server;
        let checked = presented.check(issuer, policy, || self.server.now().unix_timestamp());
        let outcome = match (client, &checked) {
            (LookedUp::Absent(absence), _) => Err(absence.reason().into()),
            (LookedUp::Found(_), Err(refusal)) => Err(refusal.clone()),
            (LookedUp::Found(client), Ok(checked)) => self.verify_checked(operation, client, checked, at).await,
        };
        if let (Err(refusal), Ok(checked)) = (&outcome, &checked) {
            Box::pin(checked.hide(refusal.reason(), policy, stand_in, || self.server.now())).await?;
        }
        Ok(outcome?.bound_to(presented.certificate()))
    }

    /// What takes the most room while it waits is in boxes, so that a request with a secret does not carry the room for it.
    async fn verify_checked<'a>(
        &self,
        operation: &Operation<'_>,
        client: &Arc<Client>,
        checked: &Checked<'a>,
        at: EndpointUrls<'_>,
    ) -> Result<Vouched<'a>, Refusal> {
        Ok(match Matched::of(client, checked, &self.server.policy)? {
            Matched::Nothing(none) => none.into(),
            Matched::Secret(secrets, shown) => {
                shown.verify(secrets, &self.server.policy, || self.server.now()).await?.into()
            }
            Matched::SharedSecret(secrets, assertion) => {
                let current = secrets.value().at(self.server.now());
                let verified = self.verify_assertion(assertion, secrets.resolved(&current), at);
                verified.map_err(Reason::ClientAssertion)?.into()
            }
            Matched::PrivateKey(keys, assertion) => Box::pin(self.verify_signed(operation, assertion, keys, at))
                .await
                .map_err(Reason::ClientAssertion)?
                .into(),
            Matched::CertificateSubject(subject, certificate) => certificate.check_subject(subject)?.into(),
            Matched::CertificateKey(keys, certificate) => {
                let is_unknown = |fault| fault == TokenFault::NoKey;
                let recognized =
                    self.client_keys.attempt(operation, keys, |keys| certificate.check_key(keys), is_unknown);
                Box::pin(recognized).await.map_err(certificate_fault)?.into()
            }
            Matched::Attestation(client, attestation) => {
                Box::pin(self.attestations.verify(client, attestation)).await?.into()
            }
        })
    }

    async fn verify_signed<'a, 'c>(
        &self,
        operation: &Operation<'_>,
        assertion: &CheckedAssertion<'a>,
        keys: Credential<'c, &KeySource>,
        at: EndpointUrls<'_>,
    ) -> Result<VerifiedAssertion<'a, 'c>, TokenFault> {
        // A token that can be refused without keys must not make the server fetch them.
        assertion.check_algorithm(keys.client(), &self.server.policy)?;
        let verify = |keys: Credential<'c, &VerificationKeys>| {
            self.verify_assertion(assertion, keys.resolved(&EvenKeys(keys.value())), at)
        };
        self.client_keys.attempt(operation, keys, verify, may_be_by_new_key(assertion.names_key())).await
    }

    fn verify_assertion<'a, 'c>(
        &self,
        assertion: &CheckedAssertion<'a>,
        keys: Credential<'c, &impl Verifier>,
        at: EndpointUrls<'_>,
    ) -> Result<VerifiedAssertion<'a, 'c>, TokenFault> {
        assertion.verify(keys, &self.audiences(keys.client(), at), &self.server.policy)
    }

    /// The audiences that an assertion of this client may have.
    fn audiences<'s>(&'s self, client: &Client, at: EndpointUrls<'s>) -> Audiences<'s> {
        let legacy = self.server.policy.danger_allow_legacy_assertion_audience || client.allows_legacy_audience();
        let endpoints = legacy.then(|| self.urls.of_client_authentication(at));
        Audiences {
            issuer: &self.server.issuer,
            in_array: self.server.policy.accept_client_assertion_audience_array,
            endpoints,
        }
    }
}

fn certificate_fault(fault: TokenFault) -> Reason {
    match fault {
        TokenFault::KeysUnavailable => Reason::CertificateKeysUnavailable,
        _ => Reason::UnregisteredCertificate,
    }
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "josekit"))]
mod tests {
    use std::sync::Arc;

    use josekit::{
        jwk::{Jwk, alg::ec::EcCurve},
        jws::{ES256, HS256, JwsHeader},
    };
    use serde_json::{Value, json};

    use crate::{
        client::{Client, ClientRegistration, ClientRegistry, InMemoryRegistry, RegistryError},
        clock::{Clock as _, ManualClock},
        endpoint::ParEndpoint,
        error::Reason,
        http::FormRequest,
        jose::{MAX_SHARED_SECRETS, TokenFault},
        work,
    };

    const ISSUER: &str = "https://as.example.com";

    fn key(number: usize) -> Jwk {
        let mut key = Jwk::generate_ec_key(EcCurve::P256).unwrap();
        key.set_key_id(format!("key-{number}"));
        key
    }

    fn registration(client_id: &str, keys: &[Jwk], with_names: bool) -> Client {
        let public = |key: &Jwk| {
            // Without its name.
            let mut public = json!(key.to_public_key().unwrap().as_ref());
            if with_names {
                public["kid"] = json!(key.key_id());
            }
            public
        };
        let registration = json!({
            "client_id": client_id, "token_endpoint_auth_method": "private_key_jwt",
            "jwks": { "keys": keys.iter().map(public).collect::<Vec<_>>() },
            "redirect_uris": ["https://app.example.com/cb"],
        });
        Client::try_from(serde_json::from_value::<ClientRegistration>(registration).unwrap()).unwrap()
    }

    fn assertion(client_id: &str, key: &Jwk, header: &Value, now: i64) -> String {
        let claims = json!({
            "iss": client_id, "sub": client_id, "aud": ISSUER, "jti": now.to_string(), "iat": now, "exp": now.saturating_add(60),
        });
        let header = JwsHeader::from_map(header.as_object().unwrap().clone()).unwrap();
        let signer = ES256.signer_from_jwk(key).unwrap();
        josekit::jws::serialize_compact(claims.to_string().as_bytes(), &header, &signer).unwrap()
    }

    #[test]
    fn a_refusal_makes_the_same_work_for_a_client_with_many_keys_and_for_an_unknown_one() {
        // CA-010, C-18: counted, not timed
        let keys: Vec<Jwk> = (0..5).map(key).collect();
        let stranger = key(99);
        let clock = ManualClock::default();
        let clients = [
            registration("one", &keys[..1], true),
            registration("two", &keys[..2], true),
            registration("three", &keys[..3], true),
            registration("five", &keys, true),
            registration("unnamed", &keys, false),
        ];
        let par = ParEndpoint::builder(ISSUER)
            .clients(InMemoryRegistry::new(clients).unwrap())
            .clock(clock.clone())
            .build()
            .unwrap();
        let work = |client_id: &str, header: Value| {
            let token = assertion(client_id, &stranger, &header, clock.now().unix_timestamp());
            let body = format!(
                "client_assertion={token}&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            );
            let request =
                FormRequest::new("POST", [("content-type", &b"application/x-www-form-urlencoded"[..])], &body);
            let (pushed, work) = work::of(|| pollster::block_on(par.push(&request)));
            (pushed.unwrap_err().reason(), work.verifications)
        };
        let headers = [
            json!({ "alg": "ES256" }),
            json!({ "alg": "ES256", "kid": "key-0" }),
            json!({ "alg": "ES256", "kid": "unknown" }),
            json!({ "alg": "ES384" }),
            json!({ "alg": "ES256", "x5t#S256": "A".repeat(43) }),
        ];
        for header in headers {
            let (reason, expected) = work("unknown", header.clone());
            assert_eq!((reason, expected), (Reason::UnknownClient, 3), "{header}");
            for client_id in ["one", "two", "three", "five", "unnamed"] {
                let (reason, verifications) = work(client_id, header.clone());
                assert!(
                    matches!(reason, Reason::ClientAssertion(TokenFault::Signature | TokenFault::NoKey)),
                    "{reason}"
                );
                assert_eq!(verifications, expected, "{client_id} {header}");
            }
        }
    }

    #[test]
    fn a_client_that_cannot_be_used_makes_the_work_of_an_unknown_one() {
        // CA-010
        struct Broken;
        impl ClientRegistry for Broken {
            async fn client(&self, _: &str) -> Result<Option<Arc<Client>>, RegistryError> {
                Err(RegistryError::unusable_client("its document is gone"))
            }
        }
        let clock = ManualClock::default();
        let par = ParEndpoint::builder(ISSUER).clients(Broken).clock(clock.clone()).build().unwrap();
        let header = json!({ "alg": "ES256" });
        let token = assertion("broken", &key(0), &header, clock.now().unix_timestamp());
        let body = format!(
            "client_assertion={token}&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        );
        let request = FormRequest::new("POST", [("content-type", &b"application/x-www-form-urlencoded"[..])], &body);
        let (pushed, work) = work::of(|| pollster::block_on(par.push(&request)));
        assert_eq!((pushed.unwrap_err().reason(), work.verifications), (Reason::UnusableClient, 3));
    }

    #[test]
    fn a_refusal_makes_as_many_macs_however_many_secrets_are_rotated() {
        // CA-010: counted, not timed
        let secret =
            |number: usize| format!("{number} is a secret of 64 characters, which is as long as the hash of HS512");
        let registration = |client_id: &str, secrets: usize| {
            let further: Vec<Value> = (1..secrets).map(|number| json!({ "client_secret": secret(number) })).collect();
            let registration = json!({
                "client_id": client_id, "token_endpoint_auth_method": "client_secret_jwt", "client_secret": secret(0),
                "client_secrets": further, "redirect_uris": ["https://app.example.com/cb"],
            });
            Client::try_from(serde_json::from_value::<ClientRegistration>(registration).unwrap())
        };
        assert_eq!(registration("nine", 9).unwrap_err().member(), "client_secrets");
        let clock = ManualClock::default();
        let clients = [("one", 1), ("two", 2), ("eight", 8)]
            .map(|(client_id, secrets)| registration(client_id, secrets).unwrap());
        let par = ParEndpoint::builder(ISSUER)
            .clients(InMemoryRegistry::new(clients).unwrap())
            .clock(clock.clone())
            .build()
            .unwrap();
        let push = |client_id: &str, secret: &str| {
            let now = clock.now().unix_timestamp();
            let claims = json!({
                "iss": client_id, "sub": client_id, "aud": ISSUER, "jti": secret, "iat": now, "exp": now.saturating_add(60),
            });
            let signer = HS256.signer_from_bytes(secret).unwrap();
            let token =
                josekit::jws::serialize_compact(claims.to_string().as_bytes(), &JwsHeader::new(), &signer).unwrap();
            let body = format!(
                "client_assertion={token}&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer\
                 &response_type=code"
            );
            let request =
                FormRequest::new("POST", [("content-type", &b"application/x-www-form-urlencoded"[..])], &body);
            let (pushed, work) = work::of(|| pollster::block_on(par.push(&request)));
            (pushed.err().map(|refusal| refusal.reason()), work.macs)
        };
        let wrong = "another secret of 64 characters, as long as the hash of HS512 is";
        assert_eq!(push("unknown", wrong), (Some(Reason::UnknownClient), MAX_SHARED_SECRETS));
        for client_id in ["one", "two", "eight"] {
            let refused = Some(Reason::ClientAssertion(TokenFault::Signature));
            assert_eq!(push(client_id, wrong), (refused, MAX_SHARED_SECRETS), "{client_id}");
            assert_eq!(push(client_id, &secret(0)), (None, 1), "{client_id}");
        }
        assert_eq!(push("eight", &secret(7)), (None, 8));
    }
}
