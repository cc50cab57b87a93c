//! Migrating: what settings and code of other servers are called here.
//!
//! Names of others are those of node-oidc-provider 9.13, as its package has them, and of Keycloak and Spring Authorization Server, as published
//! sources and configurations of 2026 have them. Look them up in the version that you run.
//!
//! # From node-oidc-provider
//!
//! A client of its adapter has the names of the specifications, so that it is a [`ClientRegistration`] as it is. The settings:
//!
//! | there | here |
//! | --- | --- |
//! | `features.pushedAuthorizationRequests.enabled` | [`Policy::pushed_authorization_requests`] |
//! | `....requirePushedAuthorizationRequests` | [`Policy::require_pushed_authorization_requests`] |
//! | `....allowUnregisteredRedirectUris`: any that could be registered | [`Policy::allow_per_request_redirect_uris`]: the origin of a registered one, see [`redirect_uris`](super::redirect_uris) |
//! | `routes.pushed_authorization_request`, default `/request` | [`ParEndpointBuilder::pushed_authorization_request_endpoint`], default `/authorize/par` |
//! | a lifetime of 60 s, fixed | [`Policy::request_uri_lifetime`], default 60 |
//! | `ttl.Interaction` | [`Policy::login_lifetime`] |
//! | `features.requestObjects.enabled`, `....requireSignedRequestObject` | [`Policy::request_parameter_supported`], [`Policy::require_signed_request_object`] |
//! | `features.dPoP.requireNonce` | [`Policy::require_dpop_nonce`] |
//! | `features.dPoP.nonceSecret`, `cookies.keys`, `features.attestClientAuth.challengeSecret` | [`ParEndpointBuilder::server_secret`], [`BindingCookies::from_secret`](crate::BindingCookies::from_secret) |
//! | `features.attestClientAuth.getAttestationSignaturePublicKey` | [`ParEndpointBuilder::attester_keys`] |
//! | `features.clientIdMetadataDocument` | `MetadataDocumentRegistry` |
//! | `features.mTLS.getCertificate` | [`FormRequest::with_client_certificate`](crate::FormRequest::with_client_certificate) |
//! | `features.fapi.profile` | a [preset](super::policies) |
//! | `clockTolerance`, default 15 | [`Policy::clock_leeway`], default 10 |
//! | `adapter` | [`RequestStore`](crate::store::RequestStore), and [`ClientRegistry`](crate::ClientRegistry) for clients |
//!
//! # From Keycloak
//!
//! | there | here |
//! | --- | --- |
//! | `/protocol/openid-connect/ext/par/request` | [`ParEndpointBuilder::pushed_authorization_request_endpoint`], default `/authorize/par` |
//! | realm attribute `parRequestUriLifespan`, default 60 | [`Policy::request_uri_lifetime`], default 60 |
//! | realm `accessCodeLifespanLogin` | [`Policy::login_lifetime`] |
//! | client profiles and policies | [presets](super::policies) |
//!
//! Of a client:
//!
//! | there | here ([`ClientRegistration`]) |
//! | --- | --- |
//! | `clientId`, `secret` | `client_id`, `client_secret` |
//! | `publicClient` | `token_endpoint_auth_method` `none` |
//! | `clientAuthenticatorType` `client-secret` | [`token_endpoint_auth_methods`](ClientRegistration::token_endpoint_auth_methods) with Basic and the body |
//! | `client-secret-jwt`, `client-jwt`, `client-x509` | `client_secret_jwt`, `private_key_jwt`, `tls_client_auth` |
//! | `token.endpoint.auth.signing.alg` | `token_endpoint_auth_signing_alg` |
//! | `jwks.url` with `use.jwks.url`, `jwks.string` with `use.jwks.string` | `jwks_uri`, `jwks` |
//! | `x509.subjectdn` | `tls_client_auth_subject_dn` |
//! | `tls.client.certificate.bound.access.tokens` | `tls_client_certificate_bound_access_tokens` |
//! | `dpop.bound.access.tokens` | `dpop_bound_access_tokens` |
//! | `redirectUris`; with `*` at their end | `redirect_uris`; [`danger_redirect_uri_patterns`](ClientRegistration::danger_redirect_uri_patterns) |
//! | `require.pushed.authorization.requests` | `require_pushed_authorization_requests` |
//! | `request.object.required` | `require_signed_request_object` |
//! | `request.object.signature.alg`, `request.object.encryption.alg`, `....enc` | `request_object_signing_alg`, `request_object_encryption_alg`, `..._enc` |
//! | `authorization.signed.response.alg` | `authorization_signed_response_alg` |
//! | `pkce.code.challenge.method` | [`Policy::require_code_challenge`], for all clients |
//! | `sectorIdentifierUri` | `sector_identifier_uri` |
//!
//! # From Spring Authorization Server
//!
//! | there | here |
//! | --- | --- |
//! | `AuthorizationServerSettings`: `pushedAuthorizationRequestEndpoint`, default `/oauth2/par` | [`ParEndpointBuilder::pushed_authorization_request_endpoint`], default `/authorize/par` |
//! | `RegisteredClientRepository` | [`ClientRegistry`](crate::ClientRegistry) |
//! | `OAuth2AuthorizationService` | [`RequestStore`](crate::store::RequestStore); codes and tokens stay the host's |
//! | `clientSecret`, a hash | [`SecretVerifier`](crate::SecretVerifier) |
//! | `clientAuthenticationMethods` | `token_endpoint_auth_method`, or [`token_endpoint_auth_methods`](ClientRegistration::token_endpoint_auth_methods) |
//! | `ClientSettings`: `jwkSetUrl` | `jwks_uri` |
//! | `tokenEndpointAuthenticationSigningAlgorithm` | `token_endpoint_auth_signing_alg` |
//! | `x509CertificateSubjectDN` | `tls_client_auth_subject_dn` |
//! | `requireProofKey` | [`Policy::require_code_challenge`], for all clients |
//! | `TokenSettings`: `x509CertificateBoundAccessTokens` | `tls_client_certificate_bound_access_tokens` |
//!
//! # PAR that you have written yourself
//!
//! | what it does | here | what it may have missed |
//! | --- | --- | --- |
//! | reads the form into a map | [`FormRequest`](crate::FormRequest) | repeated parameters, broken encodings, parameters in the URL |
//! | authenticates the client | [`ParEndpoint::push`], and [`ParEndpoint::authenticate_client`] at the token endpoint | two names in one request, two methods, time that tells which clients exist |
//! | validates the parameters | the same push, with [`rule`](ParEndpointBuilder::rule) for what is yours | to do it again when the request is opened |
//! | writes a row with a random key | [`RequestStore`](crate::store::RequestStore) | that the key in the table is as good as the handle |
//! | finds the row at the authorization endpoint | [`ParEndpoint::authorize`] | the client, the browser, and that a reload must work |
//! | deletes the row when it issues the code | [`ParEndpoint::complete`] | two callers at once; deleting before the client was compared |
//! | redirects with code and state | [`Granted::respond`](crate::Granted::respond) | `iss`, the response mode |
//!
//! # In steps, with clients in service
//!
//! 1. Map the registrations, and look at what [`Client::ignored`](crate::Client::ignored) and [`ParEndpoint::lint`] say of them
//!    ([linting](super::clients#linting)).
//! 2. Serve PAR by this crate, at the URL that clients know, and leave the old authorization endpoint to requests that were never pushed.
//! 3. Send the authorization endpoint to [`ParEndpoint::authorize`]; the old `request_uri`s are gone within their minute.
//! 4. Authenticate at the token endpoint with [`ParEndpoint::authenticate_client`], so that an assertion is good once for both.
//! 5. Set `require_pushed_authorization_requests` for the clients that push, one by one, and then for all.
//!
//! Clients that do things in an older way have switches of their own:
//! [`accept_unencoded_basic_secrets`](ClientRegistration::accept_unencoded_basic_secrets),
//! [`danger_allow_legacy_assertion_audience`](ClientRegistration::danger_allow_legacy_assertion_audience), [redirect
//! rules](super::redirect_uris).

#[cfg(doc)]
use crate::{ClientRegistration, ParEndpoint, ParEndpointBuilder, Policy};
