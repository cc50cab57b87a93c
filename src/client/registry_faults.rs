//! Where registries report the faults that their answers do not show.

use std::{fmt, sync::Arc};

use super::RegistryError;

/// Takes the faults that a registry's answers do not show. An endpoint gives it to its registry, and reports to its observers what comes
/// in: see [`ClientRegistry::report_faults_to`](crate::ClientRegistry::report_faults_to).
#[derive(Clone)]
pub struct RegistryFaults(Arc<Report>);

type Report = dyn Fn(&str, &RegistryError) + Send + Sync;

impl RegistryFaults {
    /// Takes faults by a function, for tests of a registry and for registries that are used without an endpoint.
    pub fn new(report: impl Fn(&str, &RegistryError) + Send + Sync + 'static) -> Self {
        Self(Arc::new(report))
    }

    /// A client could not be loaded, and an older answer is given instead. `client_id` is registered.
    pub fn not_reloaded(&self, client_id: &str, error: &RegistryError) {
        (self.0)(client_id, error);
    }
}

impl fmt::Debug for RegistryFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RegistryFaults(..)")
    }
}
