//! Redirect URIs: which are good, and how a client may have one for each request (RFC 9126 section 2.4).
//!
//! A `redirect_uri` is good if it is a registered one, byte for byte. All else is an exception:
//!
//! | exception | for | switch | what guards it |
//! | --- | --- | --- | --- |
//! | any port on `127.0.0.1` and `[::1]` | native clients, and public ones that do not say what they are | none | RFC 8252 |
//! | any port on `localhost` | the same | [`allow_localhost_redirect_uris_on_any_port`](Policy::allow_localhost_redirect_uris_on_any_port) | the user's own resolver |
//! | another path and query on a registered origin | pushed requests of authenticated clients | three, below | PKCE, `code` alone, no fragment |
//! | `vscode:` and other schemes without a dot | registered ones | [`danger_allow_redirect_uri_schemes_without_dot`](Policy::danger_allow_redirect_uri_schemes_without_dot) | PKCE |
//! | rules of the host: `*`, default ports | what the host says | [`danger_redirect_uri_matcher`](crate::ParEndpointBuilder::danger_redirect_uri_matcher) | PKCE, or nothing |
//!
//! # A redirect URI for each request
//!
//! A client that has many pages to come back to, or makes one up for each login, may push any URI on the https origin of a registered one. All
//! of these must hold, or it is refused as every other URI that is not registered:
//!
//! 1. The policy has [`allow_per_request_redirect_uris`](Policy::allow_per_request_redirect_uris).
//! 2. The registration has `allow_per_request_redirect_uris`.
//! 3. The client must push, by policy or registration (`require_pushed_authorization_requests`).
//! 4. The client authenticates, and has no `sector_identifier_uri`.
//! 5. The request has `response_type=code`, a `code_challenge` by S256, and a `response_mode` that keeps the code out of the fragment.
//! 6. The URI has the origin of a registered one, no fragment and no user information, nothing in its path that servers read in two ways (`..`,
//!    `%2F`, `//`), and no parameter of a response in its query.
//!
//! ```
//! use parjar::{Client, ClientRegistration, Policy};
//!
//! let mut policy = Policy::oauth();
//! policy.allow_per_request_redirect_uris = true;
//! policy.restrict_per_request_redirect_uris_to_registered_path = true;
//!
//! let registration: ClientRegistration = serde_json::from_str(
//!     r#"{
//!       "client_id": "shop", "client_secret": "1YVgm1x8fnDGVKbWGJnN4w",
//!       "redirect_uris": ["https://shop.example.com/cb"],
//!       "require_pushed_authorization_requests": true,
//!       "allow_per_request_redirect_uris": true
//!     }"#,
//! )?;
//! assert!(Client::try_from(registration)?.may_use_per_request_redirect_uris(&policy));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! Now `https://shop.example.com/cb/orders/17?tab=2` is good, and `https://shop.example.com/login` is not: with
//! [`restrict_per_request_redirect_uris_to_registered_path`](Policy::restrict_per_request_redirect_uris_to_registered_path) the path is the
//! registered one, or goes on after it behind a `/`. Set it where clients share an origin.
//!
//! On the consent page, [`RedirectUri::is_registered`] is `false` for such a URI, so that the page can show where the user goes.
//!
//! # When it is looked at
//!
//! At the push, and again when the request is opened. A URI that was taken out of the registration in between is refused then
//! ([`redirect_uri_withdrawn`](super::refusals#redirect_uri_withdrawn)). The token endpoint of the host compares `redirect_uri` with the one
//! that it has kept with the code.
//!
//! Each rule that a URI can break has a label of its own: [refusals](super::refusals#code-invalid_request).

#[cfg(doc)]
use crate::{Policy, RedirectUri};
