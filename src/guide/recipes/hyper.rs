//! The PAR endpoint as the service of connections of hyper.

use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use parjar::BoxedParEndpoint;
use tokio::net::TcpStream;

/// Answers all requests of a connection as the PAR endpoint.
pub async fn serve(connection: TcpStream, par: &BoxedParEndpoint) -> hyper::Result<()> {
    let service = TowerToHyperService::new(par.push_service());
    // The timer closes connections whose heads take too long. Bodies need a time limit around the service.
    http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(connection), service).await
}
