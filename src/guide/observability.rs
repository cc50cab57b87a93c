//! Observability: events, metrics, spans, dashboards, alerts, and readiness.
//!
//! Every outcome is an [`Event`], which an [`Observer`] receives on the request path. No secret, no handle and no name that was merely claimed
//! is in one.
//!
//! | observer | feature | what it makes |
//! | --- | --- | --- |
//! | `TracingObserver` | `tracing` | one `tracing` event for each outcome, with its times and its cause; spans of the endpoint |
//! | `MetricsObserver` | `metrics` | counters and histograms of the `metrics` facade |
//! | a closure | | what you like |
//!
#![cfg_attr(all(feature = "metrics", feature = "tracing"), doc = "```")]
#![cfg_attr(not(all(feature = "metrics", feature = "tracing")), doc = "```text")]
//! use parjar::{MetricsObserver, ParEndpoint, TracingObserver};
//!
//! // First the recorder: metrics_exporter_prometheus::PrometheusBuilder::new().install()?;
//! let builder = ParEndpoint::builder("https://as.example.com")
//!     .observer(TracingObserver)
//!     .observer(MetricsObserver::new());
//! ```
//!
//! **Install the recorder before `MetricsObserver::new()`**, which describes the metrics to it. Counts go to the recorder that is there when
//! something is counted; without one they are lost. With `install_recorder()`, for a route of the host's own, `run_upkeep` of the handle has to be
//! called every few seconds, or what was observed stays in memory until the next scrape. [`Reason::all`], [`Event::LABELS`] and
//! [`Step::ALL`](crate::Step::ALL) list all labels, so that counters can be there at zero before the first refusal.
//!
//! # What is counted
//!
//! `MetricsObserver` has the table of names and labels. What the kinds of events are:
//!
//! | `event` | is one for |
//! | --- | --- |
//! | `pushed` | each push that was taken |
//! | `opened` | each load of a login page, **and each decision**: it counts pages, not logins |
//! | `completed`, `denied` | each login that has ended; `completed` before the host has committed its code |
//! | `answered_again` | each second click that got its answer |
//! | `refused` | each refusal, at any stage; `parjar_refusals_total` has the [reason](super::refusals) |
//! | `replayed` | each use of a `request_uri` that was spent |
//! | `authenticated` | each authentication at the token endpoint and others of the host |
//! | `token_refused` | each refusal of the host's own there, where it makes them by [`ParEndpoint::refuse_token`](crate::ParEndpoint::refuse_token) |
//!
//! # Alerts
//!
//! ```text
//! # Good requests fail for a fault of this side: store, registry, signer, random source.
//! sum(rate(parjar_refusals_total{level="error"}[5m])) > 0
//! # Pushes fail because the store is full. Its level is "warning", since the store does what it should: alert on it all the same. The
//! # cause in the log says which bound is reached.
//! sum(rate(parjar_refusals_total{reason="store_full"}[5m])) > 0
//! # A node is not ready; reason="full" among them.
//! sum by (instance, reason) (rate(parjar_not_ready_total[2m])) > 0
//! # Nodes have different settings for longer than a change takes.
//! increase(parjar_events_total{event="settings_differ"}[30m]) > 20
//! # Each node has nonces of its own: clients are sent from one to the other.
//! parjar_events_total{event="nonce_key_not_shared"} > 0
//! # Keys of clients cannot be fetched, and there are no older ones to go on with.
//! sum(rate(parjar_key_fetches_total{outcome="failed"}[15m])) > 0.1
//! # Someone tries secrets, or a client was deployed with the wrong one.
//! sum(rate(parjar_refusals_total{reason=~"wrong_secret|unknown_client"}[5m])) > 1
//! # Someone tries codes.
//! sum(rate(parjar_token_refusals_total{error="invalid_grant"}[5m])) > 1
//! # Repeated code challenges are not noticed any more.
//! increase(parjar_hygiene_skipped_total[1h]) > 0
//! ```
//!
//! | page someone | look in the morning | only a line on a dashboard |
//! | --- | --- | --- |
//! | `level="error"`, `store_full`, not ready | `client_limit`, `client_unusable`, `client_not_reloaded`, `keys_not_fetched`, `unreadable_record`, `settings_differ` | all other refusals |
//!
//! # Dashboards
//!
//! | question | panel |
//! | --- | --- |
//! | how busy it is | `sum by (event) (rate(parjar_events_total[5m]))`: `pushed`, `completed`, `denied` |
//! | how many pushes come to an end | `completed` and `denied` by `pushed` |
//! | why requests are refused | `sum by (stage, reason) (rate(parjar_refusals_total[5m]))` |
//! | how long a push takes | `parjar_step_seconds{stage="push", step="total"}` |
//! | what is slow in it | the same by `step`: `store`, `authentication`, `keys`, `look_up` and others |
//! | how long the store was away | `parjar_store_outage_seconds` |
//!
//! # Logs
//!
//! `TracingObserver` writes with the target `parjar`: `INFO` for what clients and users do, `WARN` for limits and what looks like an attack,
//! `ERROR` with the `cause` for faults of this side. A host with another log takes [`Event::level`], [`Event::label`] and [`CauseText`]:
//!
//! ```
//! use parjar::{CauseText, Event, Level, ParEndpoint};
//!
//! let builder = ParEndpoint::builder("https://as.example.com").observer(|event: &Event<'_>| match event {
//!     Event::Refused { stage, reason, client_id, cause, .. } if event.level() >= Level::Warning => {
//!         let cause = cause.map(|cause| CauseText(cause).to_string()).unwrap_or_default();
//!         eprintln!("{} refused {client_id:?}: {reason} {cause}", stage.as_str());
//!     }
//!     event if event.level() >= Level::Warning => eprintln!("{}", event.label()),
//!     _ => {}
//! });
//! ```
//!
//! `client_id` in an event is a registered client, and still no label for a metric: there are too many.
//!
//! # Readiness
//!
//! [`ParEndpoint::ready`] is what a probe asks, every second if it likes: see [`stores`](super::stores#readiness).

#[cfg(doc)]
use crate::{CauseText, Event, Observer, ParEndpoint, Reason};
