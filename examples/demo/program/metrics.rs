//! Counts of all outcomes for Prometheus, at an address of their own: they are no business of clients and browsers.

use std::net::SocketAddr;

use metrics_exporter_prometheus::PrometheusBuilder;
use parjar::MetricsObserver;

use super::start_error::StartError;

/// Serves the counts from now on, and returns what counts.
pub(crate) fn serve(address: SocketAddr) -> Result<MetricsObserver, StartError> {
    let exporter = PrometheusBuilder::new().with_http_listener(address);
    exporter.install().map_err(|error| StartError::new("--metrics", error))?;
    Ok(MetricsObserver::new())
}
