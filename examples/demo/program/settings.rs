//! Whether the nodes that share a store have the same settings.

use std::time::Duration;

use parjar::{BoxedParEndpoint, CauseText};

use super::log;

const EVERY: Duration = Duration::from_secs(60);

/// Compares them at start and from then on. The observer writes what differs to the log.
pub(crate) async fn compare(par: BoxedParEndpoint) {
    loop {
        if let Err(error) = par.compare_settings().await {
            log::line(format_args!("the settings were not compared: {}", CauseText(&error)));
        }
        tokio::time::sleep(EVERY).await;
    }
}
