//! The endpoints beside the services of a server of tonic.

use parjar::BoxedParEndpoint;
use tonic::service::Routes;

/// The services with the routes that the library answers by itself. Plain HTTP clients need `accept_http1(true)` on the server.
pub fn with_par(services: Routes, par: &BoxedParEndpoint) -> Routes {
    services.into_axum_router().route_service("/authorize/par", par.push_service()).into()
}
