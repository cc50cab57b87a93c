//! Outcomes as metrics.

use super::{Event, Observer, Stage, Steps};

const EVENTS: &str = "parjar_events_total";
const REFUSALS: &str = "parjar_refusals_total";
const AUTHENTICATIONS: &str = "parjar_authentications_total";
const FETCHES: &str = "parjar_key_fetches_total";
const NOT_READY: &str = "parjar_not_ready_total";
const TOKENS: &str = "parjar_token_refusals_total";
const SKIPPED: &str = "parjar_hygiene_skipped_total";
const STEPS: &str = "parjar_step_seconds";
const OUTAGES: &str = "parjar_store_outage_seconds";

/// Counts every outcome, and how long it took, by the [`metrics`] facade, version 0.24. The host chooses where the counts go, for example to Prometheus.
///
/// | counter | labels | counts |
/// |---|---|---|
/// | `parjar_events_total` | `event`: [`Event::label`] | each event |
/// | `parjar_refusals_total` | `stage`: [`Stage::as_str`](crate::Stage::as_str), `reason`: [`Reason::label`](crate::Reason::label), `level`: [`Level::as_str`](crate::Level::as_str) | each refusal |
/// | `parjar_authentications_total` | `stage`, `method`: [`AuthenticationMethod::as_str`](crate::AuthenticationMethod::as_str) | each authentication at the token endpoint and at other endpoints of the host |
/// | `parjar_key_fetches_total` | `outcome`: `fetched`, `stale` (failed, with older keys to go on with) or `failed` | each fetch of a `jwks_uri` |
/// | `parjar_not_ready_total` | `reason`: [`NotReadyReason::label`](crate::store::NotReadyReason::label) | each time that [`ParEndpoint::ready`](crate::ParEndpoint::ready) was asked in vain |
/// | `parjar_token_refusals_total` | `error`: [`TokenErrorCode::as_str`](crate::TokenErrorCode::as_str) | each refusal of the host's own at its token endpoint: [`ParEndpoint::refuse_token`](crate::ParEndpoint::refuse_token) |
/// | `parjar_hygiene_skipped_total` | none | each mark of hygiene that the store had no room for |
///
/// | histogram, in seconds | labels | measures |
/// |---|---|---|
/// | `parjar_step_seconds` | `stage`, `step`: [`Step::as_str`](crate::Step::as_str), or `total` | each step of each operation that has an outcome, and the operation in all |
/// | `parjar_store_outage_seconds` | `stage` | each outage of the store that is over, from the first refusal: [`Event::StoreBack`] |
///
/// All labels are from fixed sets, so that a stranger cannot make new time series: some hundreds of them at most, and those of the
/// [rejections](crate::Rejection) and [endpoints](crate::HostEndpoint::Other) that the host names. Clients are in none of them.
/// [`Event::LABELS`], [`Reason::all`](crate::Reason::all) and [`Step::ALL`](crate::Step::ALL) list what there can be.
///
/// An alert on `parjar_refusals_total{level="error"}` tells that good requests fail for a fault of this side. Where
/// `parjar_step_seconds{step="total"}` rises, its other steps tell what is slow. The exporter of the host chooses the buckets.
///
/// ```
/// use parjar::{MetricsObserver, ParEndpoint};
///
/// let builder = ParEndpoint::builder("https://as.example.com").observer(MetricsObserver::new());
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct MetricsObserver;

impl MetricsObserver {
    /// Describes the counters and histograms to the recorder that is installed, and returns the observer. Install the recorder first: what is described or
    /// counted before is lost.
    #[must_use]
    pub fn new() -> Self {
        metrics::describe_counter!(EVENTS, "Outcomes of pushes, authorizations and their completion.");
        metrics::describe_counter!(REFUSALS, "Refused requests, by the operation and the reason.");
        metrics::describe_counter!(
            AUTHENTICATIONS,
            "Clients that have authenticated, at endpoints other than that of pushes."
        );
        metrics::describe_counter!(FETCHES, "Fetches of the keys of clients, by their outcome.");
        metrics::describe_counter!(
            NOT_READY,
            "Questions whether the store would take the next push that it did not answer with yes."
        );
        metrics::describe_counter!(TOKENS, "Refusals of the host's own at its token endpoint, by the error.");
        metrics::describe_counter!(SKIPPED, "Marks of hygiene that the store had no room for.");
        metrics::describe_histogram!(STEPS, metrics::Unit::Seconds, "How long operations and their steps take.");
        metrics::describe_histogram!(OUTAGES, metrics::Unit::Seconds, "Outages of the store that are over.");
        Self
    }
}

impl Default for MetricsObserver {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for MetricsObserver {
    fn observe(&self, event: &Event<'_>) {
        metrics::counter!(EVENTS, "event" => event.label()).increment(1);
        if let Some((stage, steps)) = event.steps() {
            measure(stage, steps);
        }
        match *event {
            Event::Refused { stage, reason, .. } => {
                let labels = [("stage", stage.as_str()), ("reason", reason.label()), ("level", event.level().as_str())];
                metrics::counter!(REFUSALS, &labels).increment(1);
            }
            Event::Authenticated { stage, method, .. } => {
                let labels = [("stage", stage.as_str()), ("method", method.as_str())];
                metrics::counter!(AUTHENTICATIONS, &labels).increment(1);
            }
            Event::KeysFetched { .. } => metrics::counter!(FETCHES, "outcome" => "fetched").increment(1),
            Event::KeysNotFetched { stale, .. } => {
                let outcome = if stale { "stale" } else { "failed" };
                metrics::counter!(FETCHES, "outcome" => outcome).increment(1);
            }
            Event::NotReady { error } => {
                metrics::counter!(NOT_READY, "reason" => error.reason().label()).increment(1);
            }
            Event::TokenRefused { error, .. } => metrics::counter!(TOKENS, "error" => error.as_str()).increment(1),
            Event::HygieneSkipped { marks, .. } => {
                metrics::counter!(SKIPPED).increment(u64::try_from(marks).unwrap_or(u64::MAX));
            }
            Event::StoreBack { stage, away } => {
                metrics::histogram!(OUTAGES, "stage" => stage.as_str()).record(away);
            }
            _ => {}
        }
    }
}

fn measure(stage: Stage, steps: &Steps) {
    let times = steps.iter().map(|(step, time)| (step.as_str(), time));
    for (step, time) in times.chain([("total", steps.total())]) {
        metrics::histogram!(STEPS, &[("stage", stage.as_str()), ("step", step)]).record(time);
    }
}
