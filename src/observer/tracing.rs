//! Outcomes as events of `tracing`.

use std::time::Duration;

use super::{CauseText, Event, Level, Observer, Step, Steps, cause_text::Listed};

/// Writes every outcome as a `tracing` event with target `parjar`, at its [level](Event::level): `INFO` for what
/// clients and users do and for what is refused to them, `WARN` for limits, replays, unusable clients, keys
/// that cannot be fetched or used, and the end of an outage of the store, `ERROR` for
/// faults of this side.
///
/// Fields are `client_id`, shortened to 64 characters and escaped, for refusals `stage` and `reason`, and for faults of this side
/// `cause`: the errors of the store, of the registry or of what else the host brought, [as one line](CauseText). Outcomes of
/// operations have `total_us` and the times of the [steps](Step) that were made, such as `store_us`, in whole microseconds. Secrets and
/// values of requests are in none of them.
///
/// # Spans
///
/// With the feature `tracing` the endpoint makes spans as well, whether or not there is this observer: one for each operation (`push`,
/// `authorize`, `complete`, `respond`, `token`, `host_endpoint` with `endpoint`, `resource`), with the label of the `reason` where it was refused,
/// and in it one for each [step](Step) by the name of its label. They have the target `parjar` and the level `DEBUG`, so that a filter
/// such as `parjar=debug` lets a slow push show where it waits. There is no value of a request in them.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingObserver;

/// One event, at a level that is known at run time only.
macro_rules! write_at {
    ($level:expr, $($fields:tt)*) => {
        match $level {
            Level::Info => tracing::info!(target: "parjar", $($fields)*),
            Level::Warning => tracing::warn!(target: "parjar", $($fields)*),
            Level::Error => tracing::error!(target: "parjar", $($fields)*),
        }
    };
}

/// The outcome of an operation, with its times, and a cause at the end. Fields that are `None` are left out.
macro_rules! write_outcome {
    ($level:expr, $steps:expr, [$($fields:tt)*] $($cause:ident)?, $message:literal) => {
        let steps: &Steps = $steps;
        let of = |step| steps.of(step).map(microseconds);
        write_at!(
            $level,
            $($fields)*,
            total_us = microseconds(steps.total()),
            look_up_us = of(Step::LookUp),
            authentication_us = of(Step::Authentication),
            keys_us = of(Step::Keys),
            proof_us = of(Step::Proof),
            request_object_us = of(Step::RequestObject),
            decryption_us = of(Step::Decryption),
            validation_us = of(Step::Validation),
            store_us = of(Step::Store),
            response_us = of(Step::Response),
            $($cause,)?
            $message
        )
    };
}

impl Observer for TracingObserver {
    fn observe(&self, event: &Event<'_>) {
        let level = event.level();
        match *event {
            Event::Pushed { client_id, steps } => {
                write_outcome!(level, steps, [client_id = ?shortened(client_id)], "pushed");
            }
            Event::Refused { stage, reason, client_id, cause, clock_offset, steps } => {
                let client_id = client_id.map(shortened);
                let client_id = client_id.as_ref().map(tracing::field::debug);
                let cause = cause.map(CauseText).map(tracing::field::display);
                let (stage, reason) = (stage.as_str(), reason.label());
                write_outcome!(level, steps, [stage, reason, client_id, clock_offset] cause, "refused");
            }
            Event::Authenticated { stage, client_id, method, steps } => {
                let (stage, method) = (stage.as_str(), method.as_str());
                write_outcome!(level, steps, [stage, client_id = ?shortened(client_id), method], "authenticated");
            }
            Event::Opened { client_id, steps } => {
                write_outcome!(level, steps, [client_id = ?shortened(client_id)], "opened");
            }
            Event::Completed { client_id, steps } => {
                write_outcome!(level, steps, [client_id = ?shortened(client_id)], "completed");
            }
            Event::Denied { stage: _, client_id, error, steps } => {
                write_outcome!(level, steps, [client_id = ?shortened(client_id), error = error.as_str()], "denied");
            }
            Event::KeysFetched { client_id, usable, skipped } => {
                write_at!(level, client_id = ?shortened(client_id), usable, skipped = skipped.len(), "keys fetched");
            }
            Event::KeysNotFetched { client_id, uri, error, stale } => {
                let cause = CauseText(error);
                write_at!(level, client_id = ?shortened(client_id), ?uri, stale, %cause, "keys not fetched");
            }
            Event::ClientNotReloaded { client_id, error } => {
                let cause = CauseText(error);
                write_at!(level, client_id = ?shortened(client_id), %cause, "client not reloaded");
            }
            Event::ClientUnusable { client_id, error } => {
                let cause = CauseText(error);
                write_at!(level, client_id = ?shortened(client_id), %cause, "client unusable");
            }
            Event::MembersIgnored { client_id, members, skipped } => {
                let (ignored, keys_skipped) = (Listed(members), skipped.len());
                write_at!(level, client_id = ?shortened(client_id), keys_skipped, %ignored, "members ignored");
            }
            Event::StoreBack { stage, away } => {
                write_at!(level, stage = stage.as_str(), away_us = microseconds(away), "store back");
            }
            Event::HygieneSkipped { client_id, marks } => {
                write_at!(level, client_id = ?shortened(client_id), marks, "hygiene skipped");
            }
            Event::ResponseNotSigned { client_id, error } => {
                let cause = CauseText(error);
                write_at!(level, client_id = ?shortened(client_id), %cause, "response not signed");
            }
            Event::TokenRefused { client_id, error } => {
                write_at!(level, client_id = ?shortened(client_id), error = error.as_str(), "token refused");
            }
            Event::AnsweredAgain { client_id } => {
                write_at!(level, client_id = ?shortened(client_id), "answered again");
            }
            Event::NonceKeyNotShared => write_at!(level, "nonce key not shared"),
            Event::NotReady { error } => {
                write_at!(level, reason = error.reason().label(), cause = %CauseText(error), "not ready");
            }
            Event::SettingsDiffer { groups, clock_offset } => {
                let groups = groups.iter().map(|group| group.as_str()).collect::<Vec<_>>().join(" ");
                write_at!(level, groups, clock_offset, "settings differ");
            }
            Event::Replayed { client_id } => write_at!(level, client_id = ?shortened(client_id), "replayed"),
        }
    }
}

/// The first characters. `Debug` of a text escapes its line breaks and control characters.
fn shortened(client_id: &str) -> String {
    client_id.chars().take(64).collect()
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
