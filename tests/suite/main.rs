//! The library through its public API, by capability. Comments such as `PAR-021` or `P-08` are ids of requirements and attacks.

#![cfg(any(feature = "aws-lc-rs", feature = "josekit"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects
)]

mod assertions_once;
mod attestation_policies;
mod attestations;
mod authentication_keys;
mod binding_cookies;
mod browsers;
#[cfg(feature = "cached")]
mod cached_registry;
mod certificate_headers;
mod certificate_maker;
mod certificate_names;
mod certificates;
mod challenges_once;
mod changed_settings;
mod client_assertions;
mod client_authentication;
mod client_keys;
mod client_look_ups;
mod codes;
mod compared_settings;
mod cross_origin;
mod dangers;
mod decryption;
mod dpop_nonces;
mod dpop_proofs;
mod dpop_push;
mod dpop_tokens;
mod encrypted_objects;
mod endpoint_lint;
mod error_texts;
mod errors;
mod exactly_once;
mod failures;
mod forms;
#[cfg(feature = "reqwest")]
mod guarded_fetcher;
mod host;
mod host_endpoints;
mod host_redirect_rules;
#[cfg(feature = "http")]
mod http_types;
mod jwks_abandoned;
mod jwks_cache;
mod jwks_waiting;
mod kept_grants;
mod key_selection;
mod literal_tokens;
mod login_age;
mod logins;
mod mangled_tokens;
mod many_issuers;
mod memory_store;
mod metadata;
#[cfg(feature = "metadata-documents")]
mod metadata_documents;
mod method_sets;
mod objects_by_value;
mod observers;
mod parameters;
mod plain_requests;
mod policies;
mod policy_lint;
mod presets;
mod proofs;
mod push;
mod readiness;
mod reasons;
mod redemption;
mod redirect_uris;
mod registration_lint;
mod registrations;
mod registries;
mod request_object_parameters;
mod request_object_signatures;
mod request_objects;
mod required_objects;
mod required_par;
mod responses;
mod resumed_logins;
#[cfg(feature = "sealed")]
mod sealed_store;
mod second_clicks;
mod secrets;
mod server_secrets;
#[cfg(feature = "tower")]
mod services;
mod shared_nonces;
mod signed_responses;
#[cfg(feature = "tracing")]
mod spans;
mod steps;
mod store_contract;
mod store_double;
mod store_room;
mod stored_requests;
mod support;
#[cfg(feature = "reqwest")]
mod tls_server;
mod token_errors;
mod tokens;
mod untidy_parameters;
mod unusual_keys;
mod visits;
