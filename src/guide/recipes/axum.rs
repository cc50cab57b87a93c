//! The endpoints in a server of axum.

use axum::Router;
use parjar::BoxedParEndpoint;

/// The routes that the library answers by itself. The body of a push needs no limit of axum's.
pub fn routes(par: &BoxedParEndpoint) -> Router {
    Router::new()
        .route_service("/authorize/par", par.push_service())
        .route_service("/.well-known/oauth-authorization-server", par.metadata_service())
}
