//! Request objects: requests that are JWTs (RFC 9101), signed, encrypted, required, pushed or in the query.
//!
//! A pushed request is authenticated and private already. A request object adds a signature that outlives the connection: proof of
//! what the client has asked for, which FAPI 2.0 Message Signing, FAPI 1.0 and their kin demand.
//!
//! | | pushed | in the query |
//! | --- | --- | --- |
//! | parameter | `request`, beside `client_id` and credentials alone | `request`, beside `client_id` |
//! | source of parameters | the object alone | the object alone |
//! | encrypted | yes | no, since anyone could send one ([`danger_decrypt_request_objects_by_value`](crate::Policy::danger_decrypt_request_objects_by_value)) |
//! | good | once, if it has a `jti` and [`single_use_request_objects`](crate::Policy::single_use_request_objects) is on; the `request_uri` ends once in any case | the same |
//! | `request_uri=https://...` | never | never: nothing is fetched |
//!
//! # What a client sends
//!
//! ```json
//! { "alg": "ES256", "typ": "oauth-authz-req+jwt", "kid": "2026" }
//! { "iss": "bank", "aud": "https://as.example.com", "exp": 1798761600, "nbf": 1798761300,
//!   "client_id": "bank", "response_type": "code", "redirect_uri": "https://bank.example.com/cb", "state": "af0" }
//! ```
//!
//! `iss` is the client, `aud` the issuer or an array with it, and `exp` at most an hour after `nbf`. `sub` is absent. Keys are those that
//! [client assertions](super::clients#how-clients-authenticate) are verified by, of `jwks` or `jwks_uri`; MACs by the `client_secret` are for
//! clients that have registered `request_object_signing_alg` so.
//!
//! # Requiring them
//!
//! ```
//! use parjar::{Client, ClientRegistration, InMemoryRegistry, ParEndpoint, Policy};
//!
//! // Of all clients,
//! let policy = Policy::fapi2_message_signing();
//! assert!(policy.require_signed_request_object);
//! // or of one of them.
//! # let jwks = r#""jwks": { "keys": [ { "kty": "EC", "crv": "P-256", "kid": "2026",
//! #   "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" } ] }"#;
//! # let registration = format!(r#"{{ "client_id": "bank", "token_endpoint_auth_method": "private_key_jwt", {jwks},
//! #   "require_signed_request_object": true, "redirect_uris": ["https://bank.example.com/cb"] }}"#);
//! let registration: ClientRegistration = serde_json::from_str(&registration)?; // with "require_signed_request_object": true
//! let client = Client::try_from(registration)?;
//! assert!(client.must_sign(&Policy::oauth()));
//! let par = ParEndpoint::builder("https://as.example.com").policy(policy).clients(InMemoryRegistry::new([client])?).build()?;
//! assert_eq!(par.metadata()["require_signed_request_object"], true);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # Encryption
//!
//! Clients encrypt to a key of the server's: [`DecryptionKeys::parse`] reads the private ones, [`DecryptionKeys::public_jwks`] is what the host
//! publishes at its `jwks_uri`, [`ParEndpointBuilder::decryption_keys`] makes them known. [Keys and JWTs](crate#keys-and-jwts) shows it, and
//! [rotation](super::several_nodes#other-keys-to-decrypt-with) how they are replaced.
//!
//! # Signed responses (JARM)
//!
//! The other direction: with a [`ResponseSigner`] the response modes `jwt`, `query.jwt`, `fragment.jwt` and `form_post.jwt` are there, in which
//! the parameters of the response are claims of a JWT that the host signs.
//! [`require_signed_authorization_response`](crate::Policy::require_signed_authorization_response) demands them.
//!
//! # Reading it
//!
//! [`AuthorizationRequest::parameters`] has the parameters, whatever they came in; values that are not text keep their JSON types there
//! ([`Parameters::iter_values`]). [`AuthorizationRequest::protection`] tells how they came.
//!
//! When one is refused, the sender learns `invalid_request_object` and no more. The operator finds the reason in the log, and what to do at
//! [refusals](super::refusals#tokens-that-are-not-good).

#[cfg(doc)]
use crate::{AuthorizationRequest, ParEndpointBuilder, Parameters, ResponseSigner, jose::DecryptionKeys};
