//! Connections: how many there are, how each is secured, and how they end.

use std::{convert::Infallible, io, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    http::{StatusCode, Version, header},
    response::{IntoResponse as _, Response},
    serve::Listener,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use parjar::PeerCertificate;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

use crate::{
    demo::{
        http::tls::Tls,
        program::{Sockets, Stop},
    },
    time_limit::TimeLimitedStream,
};

/// A connection has to bring a whole request, and take the answer, within this time.
const TIME_LIMIT: Duration = Duration::from_secs(30);
const CONNECTIONS: u32 = 1024;

/// Serves until it is told to stop and what was under way has been answered.
pub(crate) async fn serve(sockets: Sockets, routes: Router, stop: Stop) -> io::Result<()> {
    let Sockets { listener, tls } = sockets;
    let mut listener = TcpListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(usize::try_from(CONNECTIONS).unwrap_or(usize::MAX)));
    let (stopping, stopped) = watch::channel(());
    let accept = async {
        // The semaphore is never closed.
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            let (stream, _) = Listener::accept(&mut listener).await;
            let (tls, routes, stopped) = (tls.clone(), routes.clone(), stopped.clone());
            tokio::spawn(async move {
                secure(stream, tls, routes, stopped).await;
                drop(place);
            });
        }
    };
    tokio::select! {
        () = accept => {}
        () = stop => {}
    }
    drop((listener, stopping));
    let _ = places.acquire_many(CONNECTIONS).await;
    Ok(())
}

/// Ends TLS, if that is to be done here. A client that does not finish the handshake has been promised nothing.
async fn secure(stream: TcpStream, tls: Option<Tls>, routes: Router, mut stopped: watch::Receiver<()>) {
    let stream = TimeLimitedStream::new(stream, TIME_LIMIT);
    let Some(tls) = tls else { return answer(stream, None, routes, stopped).await };
    tokio::select! {
        secured = TlsAcceptor::from(Arc::clone(&tls.config)).accept(stream) => if let Ok(stream) = secured {
            let certificate = tls.peer(stream.get_ref().1);
            answer(stream, certificate, routes, stopped).await;
        },
        _ = stopped.changed() => {}
    }
}

/// Answers one request after the other. When a connection fails, there is no client left to tell.
async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    certificate: Option<PeerCertificate>,
    routes: Router,
    mut stopped: watch::Receiver<()>,
) {
    let service = service_fn(|mut request: hyper::Request<Incoming>| {
        if let Some(certificate) = &certificate {
            request.extensions_mut().insert(certificate.clone());
        }
        let answer = names_one_host(&request).then(|| routes.clone().call(request));
        async {
            match answer {
                Some(answer) => answer.await,
                None => Ok::<Response, Infallible>(StatusCode::BAD_REQUEST.into_response()),
            }
        }
    });
    let mut connection = pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        _ = stopped.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// RFC 9112 section 3.2: a request that leaves open which host it is for is refused.
fn names_one_host<B>(request: &hyper::Request<B>) -> bool {
    match request.headers().get_all(header::HOST).iter().count() {
        0 => request.version() < Version::HTTP_11,
        hosts => hosts == 1,
    }
}
