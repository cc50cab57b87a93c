//! The PAR endpoint in a server of poem.

use parjar::BoxedParEndpoint;
use poem::{Route, endpoint::TowerCompatExt as _};

/// The routes, and the PAR endpoint.
pub fn with_par(routes: Route, par: &BoxedParEndpoint) -> Route {
    routes.at("/authorize/par", par.push_service().compat())
}
