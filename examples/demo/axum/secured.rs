//! Connections with TLS, where the server ends it, and the certificates that clients show there.
//!
//! The handshake begins with the first byte that is read, so that no client keeps others from being accepted.

use std::{
    future::Future as _,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use parjar::PeerCertificate;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::{Accept, TlsAcceptor, server::TlsStream};

use crate::{
    demo::http::tls::Tls,
    listener::{PatientListener, PatientStream},
};

pub(crate) struct SecuredListener {
    inner: PatientListener,
    tls: Option<Tls>,
}

impl SecuredListener {
    pub(crate) fn new(inner: PatientListener, tls: Option<Tls>) -> Self {
        Self { inner, tls }
    }
}

impl Listener for SecuredListener {
    type Io = SecuredStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (SecuredStream, SocketAddr) {
        let (stream, address) = self.inner.accept().await;
        let state = match &self.tls {
            None => State::Plain(stream),
            Some(tls) => {
                let accept = TlsAcceptor::from(Arc::clone(&tls.config)).accept(stream);
                State::Handshake(Box::new(accept), tls.clone())
            }
        };
        (SecuredStream { state, peer: Peer::default() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// Who is at the other end. It turns out in the handshake, so before there is any request.
#[derive(Clone, Default)]
pub(crate) struct Peer(Arc<OnceLock<PeerCertificate>>);

impl Peer {
    pub(crate) fn certificate(&self) -> Option<&PeerCertificate> {
        self.0.get()
    }
}

impl Connected<IncomingStream<'_, SecuredListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, SecuredListener>) -> Self {
        stream.io().peer.clone()
    }
}

pub(crate) struct SecuredStream {
    state: State,
    peer: Peer,
}

enum State {
    Plain(PatientStream),
    Handshake(Box<Accept<PatientStream>>, Tls),
    Secured(Box<TlsStream<PatientStream>>),
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

impl SecuredStream {
    /// The stream that requests come over, once there is one.
    fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Stream>>> {
        if let State::Handshake(accept, tls) = &mut self.state {
            let stream = ready!(Pin::new(accept).poll(context))?;
            if let Some(certificate) = tls.peer(stream.get_ref().1) {
                let _ = self.peer.0.set(certificate);
            }
            self.state = State::Secured(Box::new(stream));
        }
        match &mut self.state {
            State::Plain(stream) => Poll::Ready(Ok(Pin::new(stream))),
            State::Secured(stream) => Poll::Ready(Ok(Pin::new(stream))),
            State::Handshake(..) => Poll::Pending,
        }
    }
}

impl AsyncRead for SecuredStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_open(context))?.poll_read(context, buffer)
    }
}

impl AsyncWrite for SecuredStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_open(context))?.poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_open(context))?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Nothing was promised to a client that has not finished the handshake.
        match &mut self.state {
            State::Handshake(..) => Poll::Ready(Ok(())),
            _ => ready!(self.poll_open(context))?.poll_shutdown(context),
        }
    }
}
