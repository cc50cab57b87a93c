//! Testing a host: a clock that stands still, a store in memory, random bytes that are known, and refusals by their reasons.
//!
//! | a test needs | it takes |
//! | --- | --- |
//! | time that passes when it says so | [`ManualClock`], for the endpoint and for the store |
//! | a store | [`MemoryStore`], which is [as good as any](crate::store::contract) |
//! | a full store | [`MemoryLimits`](crate::store::MemoryLimits) with `requests` of 1 |
//! | a store that is down | a [`RequestStore`](crate::store::RequestStore) of its own whose methods return [`StoreError`](crate::store::StoreError) |
//! | to know what happened | a closure as [`Observer`](crate::Observer) |
//! | handles that are the same in each run | a [`RandomSource`] of its own |
//! | an executor | any; nothing here needs one but features that say so |
//!
//! ```
//! use std::time::Duration;
//! use parjar::{
//!     Browser, Client, ClientRegistration, FormRequest, InMemoryRegistry, ManualClock, ParEndpoint, Reason, store::MemoryStore,
//! };
//!
//! # pollster::block_on(async {
//! let registration: ClientRegistration = serde_json::from_str(
//!     r#"{ "client_id": "web", "client_secret": "s3cret", "redirect_uris": ["https://app.example.com/cb"] }"#,
//! )?;
//! let clock = ManualClock::default();
//! let par = ParEndpoint::builder("https://as.example.com")
//!     .clients(InMemoryRegistry::new([Client::try_from(registration)?])?)
//!     .store(MemoryStore::default().with_clock(clock.clone()))
//!     .clock(clock.clone())
//!     .build()?;
//!
//! let headers = [
//!     ("content-type", &b"application/x-www-form-urlencoded"[..]),
//!     ("authorization", b"Basic d2ViOnMzY3JldA=="), // web:s3cret
//! ];
//! let pushed = par.push(&FormRequest::new("POST", headers, b"response_type=code")).await?;
//!
//! clock.advance(Duration::from_secs(61));
//! let refused = par.open("web", pushed.request_uri(), Browser::bound("a cookie")?).await.unwrap_err();
//! assert_eq!(refused.refusal().reason(), Reason::UnknownRequestUri);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! A `jwks_uri` has a [`JwksSource`](crate::JwksSource) that returns a text of the test; a `CachedRegistry` and a
//! `MetadataDocumentRegistry` take a clock in their builders.
//!
//! # Random bytes that are known
//!
//! **Never outside of tests**: who guesses a handle takes over a login. The bytes must differ from call to call, or the second push is refused
//! (`random_source`).
//!
//! ```
//! use std::sync::atomic::{AtomicU8, Ordering};
//! use parjar::{ParEndpoint, RandomError, RandomSource};
//!
//! struct Counted(AtomicU8);
//!
//! impl RandomSource for Counted {
//!     fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
//!         bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
//!         Ok(())
//!     }
//! }
//!
//! let builder = ParEndpoint::builder("https://as.example.com").random(Counted(AtomicU8::new(1)));
//! ```
//!
//! # What is worth a test in a host
//!
//! * A push without credentials, and one with a wrong secret: 401, and the same bytes.
//! * A `request_uri` that is opened in a second browser, and one whose form comes from another site: refused.
//! * A second click on *allow*: the same answer, and one code.
//! * A code that is redeemed with another DPoP key, or by another client: `invalid_grant`.
//! * The store down in the middle of a login: 503, and the login goes on afterwards.
//! * [`ParEndpoint::lint`](crate::ParEndpoint::lint) of the settings in production: no finding that you do not know.

#[cfg(doc)]
use crate::{ManualClock, RandomSource, store::MemoryStore};
