//! The certificate of a connection, kept with the requests that come over it.

use std::{fmt, sync::Arc};

use super::client_certificate::ClientCertificate;

/// The certificate of a client, for the extensions of an `http::Request`: there a [`PushService`](crate::PushService) looks for it. What puts it there
/// is the host's acceptor of TLS connections, or a layer that reads the header of a proxy. Clones share the bytes.
///
/// Nothing that a client sends gets into the extensions of a request by itself.
///
/// ```
/// use parjar::{ClientCertHeaderError, ForwardedCertificate, PeerCertificate};
/// use parjar::reexports::http::Request;
///
/// /// Behind nginx, which verifies chains, and sets this header on every request: what came from outside is gone.
/// fn with_certificate<B>(mut request: Request<B>) -> Result<Request<B>, ClientCertHeaderError> {
///     let values = request.headers().get_all("x-ssl-client-cert");
///     if let Some(forwarded) = ForwardedCertificate::from_nginx(values)? {
///         let certificate = PeerCertificate::from(forwarded.with_verified_chain());
///         request.extensions_mut().insert(certificate);
///     }
///     Ok(request)
/// }
/// ```
#[derive(Clone)]
pub struct PeerCertificate {
    der: Arc<[u8]>,
    chain_verified: bool,
}

impl PeerCertificate {
    /// Returns the certificate, for [`FormRequest::with_client_certificate`](crate::FormRequest::with_client_certificate).
    #[must_use]
    pub fn to_client_certificate(&self) -> ClientCertificate<'_> {
        match self.chain_verified {
            true => ClientCertificate::with_verified_chain(&self.der),
            false => ClientCertificate::with_unverified_chain(&self.der),
        }
    }
}

impl From<ClientCertificate<'_>> for PeerCertificate {
    /// Keeps the certificate, and whether its chain was verified.
    fn from(certificate: ClientCertificate<'_>) -> Self {
        Self { der: certificate.der().into(), chain_verified: certificate.chain_verified() }
    }
}

impl fmt::Debug for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_client_certificate().fmt(f)
    }
}
