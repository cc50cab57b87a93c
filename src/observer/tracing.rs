//! Outcomes as events of `tracing`.

use super::{CauseText, Event, Level, Observer};

/// Writes every outcome as a `tracing` event with target `parjar`, at its [level](Event::level): `INFO` for what
/// clients and users do and for what is refused to them, `WARN` for limits, replays, unusable clients and keys that cannot be fetched, `ERROR` for
/// faults of this side.
///
/// Fields are `client_id`, shortened to 64 characters and escaped, for refusals `stage` and `reason`, and for faults of this side
/// `cause`: the errors of the store, of the registry or of what else the host brought, [as one line](CauseText). Secrets and values
/// of requests are in none of them.
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

impl Observer for TracingObserver {
    fn observe(&self, event: &Event<'_>) {
        let level = event.level();
        match *event {
            Event::Pushed { client_id } => write_at!(level, client_id = ?shortened(client_id), "pushed"),
            Event::Refused { stage, reason, client_id, cause, clock_offset } => {
                let client_id = client_id.map(shortened);
                let client_id = client_id.as_ref().map(tracing::field::debug);
                let cause = cause.map(CauseText).map(tracing::field::display);
                let (stage, reason) = (stage.as_str(), reason.label());
                write_at!(level, stage, reason, client_id, clock_offset, cause, "refused");
            }
            Event::Authenticated { stage, client_id, method } => {
                let (stage, method) = (stage.as_str(), method.as_str());
                write_at!(level, stage, client_id = ?shortened(client_id), method, "authenticated");
            }
            Event::Opened { client_id } => write_at!(level, client_id = ?shortened(client_id), "opened"),
            Event::Completed { client_id } => write_at!(level, client_id = ?shortened(client_id), "completed"),
            Event::Denied { client_id, error } => {
                write_at!(level, client_id = ?shortened(client_id), error = error.as_str(), "denied");
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
            Event::HygieneSkipped { client_id, marks } => {
                write_at!(level, client_id = ?shortened(client_id), marks, "hygiene skipped");
            }
            Event::ResponseNotSigned { client_id, error } => {
                let cause = CauseText(error);
                write_at!(level, client_id = ?shortened(client_id), %cause, "response not signed");
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
