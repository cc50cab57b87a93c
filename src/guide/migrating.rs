//! Migrating: what settings and code of other servers are called here.
//!
//! Names of others are those of node-oidc-provider 9.13, Keycloak 26 and Spring Authorization Server 1.5, read from their sources. Where they
//! have none, the column is empty.
//!
//! # The server
//!
//! | here ([`Policy`], [`ParEndpointBuilder`]) | node-oidc-provider | Keycloak | Spring |
//! | --- | --- | --- | --- |
//! | [`pushed_authorization_requests`](Policy::pushed_authorization_requests) | `features.pushedAuthorizationRequests.enabled` | the feature `par` | the configurer `pushedAuthorizationRequestEndpoint` |
//! | [`require_pushed_authorization_requests`](Policy::require_pushed_authorization_requests) | `features.pushedAuthorizationRequests.requirePushedAuthorizationRequests` | | |
//! | [`pushed_authorization_request_endpoint`](ParEndpointBuilder::pushed_authorization_request_endpoint), default `/authorize/par` | `routes.pushed_authorization_request`, default `/request` | `/protocol/openid-connect/ext/par/request` | `AuthorizationServerSettings`, default `/oauth2/par` |
//! | [`request_uri_lifetime`](Policy::request_uri_lifetime), default 60 s | 60 s, fixed | realm attribute `parRequestUriLifespan`, default 60 | |
//! | [`login_lifetime`](Policy::login_lifetime) | `ttl.Interaction` | realm `accessCodeLifespanLogin` | |
//! | [`allow_per_request_redirect_uris`](Policy::allow_per_request_redirect_uris): the origin of a registered one | `features.pushedAuthorizationRequests.allowUnregisteredRedirectUris`: any that could be registered | | |
//! | [`request_parameter_supported`](Policy::request_parameter_supported) | `features.requestObjects.enabled` | on | |
//! | [`require_signed_request_object`](Policy::require_signed_request_object) | `features.requestObjects.requireSignedRequestObject` | a client policy | |
//! | [`require_dpop_nonce`](Policy::require_dpop_nonce) | `features.dPoP.requireNonce` | | |
//! | [`server_secret`](ParEndpointBuilder::server_secret) | `features.dPoP.nonceSecret`, `features.attestClientAuth.challengeSecret`, `cookies.keys` | | |
//! | [`clock_leeway`](Policy::clock_leeway) | `clockTolerance` | | |
//! | [`attester_keys`](ParEndpointBuilder::attester_keys) | `features.attestClientAuth.getAttestationSignaturePublicKey` | | |
//! | `MetadataDocumentRegistry` | `features.clientIdMetadataDocument` | | |
//! | [`RequestStore`](crate::store::RequestStore) | `adapter` | Infinispan | `OAuth2AuthorizationService` |
//! | [`ClientRegistry`](crate::ClientRegistry) | `adapter`, `clients` | the realm | `RegisteredClientRepository` |
//! | [presets](super::policies) | `features.fapi.profile` | client profiles of client policies | |
//!
//! # A client
//!
//! Those of node-oidc-provider have the names of the specifications, as here: a client of its adapter is a [`ClientRegistration`] as it is.
//!
//! | here ([`ClientRegistration`]) | Keycloak | Spring (`RegisteredClient`) |
//! | --- | --- | --- |
//! | `client_id`, `client_secret` | `clientId`, `secret` | `clientId`, `clientSecret` (a hash: [`SecretVerifier`](crate::SecretVerifier)) |
//! | `token_endpoint_auth_method` | `clientAuthenticatorType`: `client-secret`, `client-jwt`, `client-secret-jwt`, `client-x509`; `publicClient` for `none` | `clientAuthenticationMethods` |
//! | [`token_endpoint_auth_methods`](ClientRegistration::token_endpoint_auth_methods) | `client-secret` takes Basic and the body | more than one of them |
//! | `token_endpoint_auth_signing_alg` | `token.endpoint.auth.signing.alg` | `tokenEndpointAuthenticationSigningAlgorithm` |
//! | `jwks_uri`, `jwks` | `jwks.url` with `use.jwks.url`, `jwks.string` with `use.jwks.string` | `jwkSetUrl` |
//! | `tls_client_auth_subject_dn` | `x509.subjectdn` | `x509CertificateSubjectDN` |
//! | `tls_client_certificate_bound_access_tokens` | `tls.client.certificate.bound.access.tokens` | `x509CertificateBoundAccessTokens` of the token settings |
//! | `dpop_bound_access_tokens` | `dpop.bound.access.tokens` | |
//! | `redirect_uris`; with `*` [`danger_redirect_uri_patterns`](ClientRegistration::danger_redirect_uri_patterns) | `redirectUris` | `redirectUris` |
//! | `require_pushed_authorization_requests` | `require.pushed.authorization.requests` | |
//! | `require_signed_request_object` | `request.object.required` | |
//! | `request_object_signing_alg`, `..._encryption_alg`, `..._encryption_enc` | `request.object.signature.alg`, `request.object.encryption.alg`, `request.object.encryption.enc` | |
//! | `authorization_signed_response_alg` | `authorization.signed.response.alg` | |
//! | [`require_code_challenge`](Policy::require_code_challenge) of the policy | `pkce.code.challenge.method` | `requireProofKey` |
//! | `sector_identifier_uri` | `sectorIdentifierUri` | |
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
