//! The threat model: who attacks what, what stops it, and what is left to the host.
//!
//! What is protected: that a code is issued once, to the client that asked for it, for the user who agreed, in the browser where the login
//! began; secrets and keys; and that the server stays up.
//!
//! # An attacker on the web
//!
//! Has a browser, a web site, and perhaps a client of its own.
//!
//! | tries | is stopped by | left to the host |
//! | --- | --- | --- |
//! | to guess a `request_uri` | 256 random bits; the store knows its digest alone | |
//! | to use one that leaked (log, referrer, shoulder) | the [`Browser`](crate::Browser) that opened it first, its lifetime, its end | `Referrer-Policy`, and no query in logs |
//! | to have a victim end a login that the attacker began | the binding to a browser; PKCE and `state` at the client | to show the user who asks, and for what |
//! | to have a victim's browser post the decision (CSRF) | [`ParEndpoint::decide`](crate::ParEndpoint::decide) | to call it, or to have a token of its own; no framing |
//! | to send a response elsewhere | exact redirect URIs, checked twice; no redirect before one was found good | no [matcher](crate::ParEndpointBuilder::danger_redirect_uri_matcher) |
//! | to change the request on its way (mix-up, swapped parameters) | the push; `iss` in the response; signed objects | |
//! | to use a code that leaked | PKCE; [`check_code`](crate::ParEndpoint::check_code) | to end the code, once, and to call it |
//! | to use a code or token without the key | [`check_code`](crate::ParEndpoint::check_code), proofs at the API | each step of [`sender_constrained`](super::sender_constrained) |
//! | to begin without a push where one is required | one door: `request`, plain parameters and foreign `request_uri`s are refused alike | no second authorization endpoint |
//! | a double click, a reload, a second tab | [`logins`](super::logins#second-clicks) | sticky sessions, or a page that says so |
//!
//! # A sender who would be a client
//!
//! | tries | is stopped by | left to the host |
//! | --- | --- | --- |
//! | to find out which clients exist | one answer and the same work for every failed authentication | a slow [`SecretVerifier`](crate::SecretVerifier) with a [stand-in](crate::ClientRegistry::stand_in) |
//! | to guess a secret | constant time; the event counts | a limit for each sender; secrets of 128 random bits |
//! | to use an assertion or a proof again | its `jti`, remembered in one step with the request | one store for all nodes |
//! | to use one that was for another server | `aud` is the issuer alone | no [legacy audience](crate::Policy::danger_allow_legacy_assertion_audience) |
//! | to confuse algorithms and keys | algorithms pinned by registration, before a key is touched; no key out of a header | |
//! | to learn something from decryption errors | one answer; the tag before the padding; nothing is decrypted for strangers | |
//! | to be another client by a header of a proxy | no header is read by itself | to take the header out of what comes from outside ([`ForwardedCertificate`](crate::ForwardedCertificate)) |
//! | to have the server fetch from its own network | `GuardedFetcher`: https, public addresses, no redirect, 64 KiB, 5 s | the same in a [`JwksSource`](crate::JwksSource) of its own |
//! | to send one thing and have another one read | a strict form, unique JSON members, limits before work | to hand over all values of a header |
//!
//! # A client that is registered
//!
//! | tries | is stopped by | left to the host |
//! | --- | --- | --- |
//! | to fill the store | a share for each client in memory; bounds for public clients in shared stores | a limit for each client in front of Redis and PostgreSQL |
//! | to spend or read another client's request | the owner is part of every operation | |
//! | to push in the name of another | one name in credentials and form | |
//! | to ask for more than it registered | each parameter against the registration, at the push and again | to issue no more than the [request](crate::AuthorizationRequest) says |
//! | to put script into a page | | to escape `client_name` and all values |
//!
//! # Someone with the database
//!
//! | has | learns or does | stopped by |
//! | --- | --- | --- |
//! | a copy of the store | requests in clear: hints, scopes, claims; no handle, no secret, no browser | `SealedStore` |
//! | write access to the store | deletes or reopens requests; changes none that is sealed | the host's database |
//! | the registrations | secrets in clear where they are stored so | digests, [`SecretVerifier`](crate::SecretVerifier), keys in the place of secrets |
//! | logs and metrics | names of clients, reasons, times | nothing else is in them |
//! | the [`ServerSecret`](crate::ServerSecret) | makes nonces and cookies, opens sealed records; no handle, no code | [another one](super::several_nodes#another-secret) |
//!
//! # Against the server itself
//!
//! | tries | is stopped by | left to the host |
//! | --- | --- | --- |
//! | large bodies, many parameters, deep JSON | [`Limits`](crate::Limits), before work | to stop reading one byte above; time limits for slow senders |
//! | signatures that cost | none before the client is known and its algorithm fits; at most three keys | a limit for each sender |
//! | to take a node out by its dependencies | 503 with `Retry-After`, time limits, no retry storm | alerts: [`observability`](super::observability#alerts) |
//! | a panic | no `unwrap`, no indexing, no unchecked arithmetic; fuzzed parsers | |
//!
//! # What a refusal costs
//!
//! No kind of bad input makes the server do more than a good push of the same make, save a bad signature. The tests count it: forms and JSON
//! texts that are read, digests, MACs, verifications, decryptions, look-ups of clients and calls of the store.
//!
//! | what is wrong | client looked up | verified | store called |
//! | --- | --- | --- | --- |
//! | nothing: a good push | 1 | the secret, or one signature for each token | 1 |
//! | method, content type, size, number of parameters, encoding, a parameter twice, a malformed assertion, a malformed `request_uri` | 0 | nothing | 0 |
//! | the client is unknown, or has another secret or method | 1 | a secret, in any case | 0 |
//! | redirect URI, scope, any parameter | 1 | the credentials | 0 |
//! | an assertion that is expired | 1 | nothing | 0 |
//! | an assertion for another audience | 1 | one signature | 0 |
//! | an assertion or a proof that was used before | 1 | as a good push | 1 |
//! | **an assertion with a bad signature, of an unknown client, or with an algorithm or a `kid` that the client has not** | 1 | **three signatures** | 0 |
//! | a request object that is malformed or encrypted garbage, of a client that has authenticated | 1 | the credentials, and one decryption | 0 |
//! | a request object with a bad signature or for another audience | 1 | as a good push | 0 |
//! | a DPoP proof that is malformed, or without a nonce | 1 | the credentials | 0 |
//! | a DPoP proof with a bad signature | 1 | as a good push | 0 |
//! | a `request_uri` that is unknown, spent, of another client or another browser | 1 | nothing | 1 |
//!
//! An assertion takes three verifications wherever its signature decides: a client may have three keys that it could be of, and a
//! sender is not to learn from the time how many there are, or that there is no such client. That is 0.2 ms of a processor with P-256, and
//! the reason to limit failed authentications of each sender.
//!
//! # Not in the model
//!
//! An attacker on the user's device or in the browser itself; one who reads the memory of the server; a malicious operator; and what happens
//! after the code: tokens, sessions and logout are the host's. What a setting gives up is said where it is spelled `danger_`: [what weakens
//! security](crate#what-weakens-security).
