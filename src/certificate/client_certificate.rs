//! The certificate of a connection, as the host hands it in.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{certificate::MAX_CERTIFICATE, protocol::confirmation::Thumbprint};

/// The certificate with which a client proved possession of its key in the TLS handshake (RFC 8705).
///
/// Only the TLS stack of the host can say so: take the leaf from there, and nothing else of the chain. Where a proxy ends TLS, see
/// [`ForwardedCertificate`]. Never fill it from a header that a client could have sent.
#[derive(Clone, Copy)]
pub struct ClientCertificate<'a> {
    der: &'a [u8],
    chain_verified: bool,
}

impl<'a> ClientCertificate<'a> {
    /// The leaf certificate, DER, of a chain that the TLS stack has verified up to a root that is trusted to name clients, its
    /// dates included. `tls_client_auth` needs one. Its roots should be few (RFC 8705 section 7.4): an attacker who gets a
    /// certificate of one of them for the registered name is the client.
    #[must_use]
    pub fn with_verified_chain(der: &'a [u8]) -> Self {
        Self { der, chain_verified: true }
    }

    /// The leaf certificate, DER, of a chain that has not been verified: what `self_signed_tls_client_auth` needs, and the binding
    /// of tokens. It is refused for `tls_client_auth`.
    #[must_use]
    pub fn with_unverified_chain(der: &'a [u8]) -> Self {
        Self { der, chain_verified: false }
    }

    /// The leaf certificate, DER.
    #[must_use]
    pub fn der(&self) -> &'a [u8] {
        self.der
    }

    /// Whether the chain was verified.
    #[must_use]
    pub fn chain_verified(&self) -> bool {
        self.chain_verified
    }

    /// `x5t#S256`: what a token is bound to (RFC 8705 section 3.1).
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        Thumbprint::of(self.der)
    }
}

impl fmt::Debug for ClientCertificate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").field("chain_verified", &self.chain_verified).finish_non_exhaustive()
    }
}

/// A certificate out of the `Client-Cert` header (RFC 9440) of a proxy that ends TLS.
///
/// This library never looks for that header by itself. Read it only from connections of the proxy, and only if the proxy takes out
/// every `Client-Cert` that comes from outside, of clients without a certificate too (RFC 9440 section 4): otherwise any
/// sender can be any client.
///
/// ```
/// use parjar::{ForwardedCertificate, FormRequest};
///
/// # let (headers, body) = ([("content-type", &b"application/x-www-form-urlencoded"[..])], b"client_id=web");
/// let values = [":MIIB:"]; // all values of the header `client-cert`, as the framework has them
/// let forwarded = ForwardedCertificate::from_client_cert_header(values)?;
/// let mut request = FormRequest::new("POST", headers, body);
/// if let Some(forwarded) = &forwarded {
///     // ... if the proxy verifies chains.
///     request = request.with_client_certificate(forwarded.with_verified_chain());
/// }
/// # Ok::<_, parjar::ClientCertHeaderError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ForwardedCertificate(Vec<u8>);

/// A `Client-Cert` header that no proxy can have sent. The request should be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientCertHeaderError {
    /// More than one.
    #[error("the Client-Cert header is repeated")]
    Repeated,
    /// Not one byte sequence between colons, in base64 with its padding, of 1 to 8192 bytes; or with parameters.
    #[error("the Client-Cert header is not one byte sequence")]
    Malformed,
}

impl ForwardedCertificate {
    /// Reads all values of the header. `Ok(None)` where there are none: the client has shown no certificate.
    ///
    /// # Errors
    ///
    /// When there are several, or one that is not a byte sequence of RFC 8941 section 3.3.5 alone. Whether it is a certificate
    /// turns out when a client authenticates with it.
    pub fn from_client_cert_header<V: AsRef<[u8]>>(
        values: impl IntoIterator<Item = V>,
    ) -> Result<Option<Self>, ClientCertHeaderError> {
        let mut values = values.into_iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(ClientCertHeaderError::Repeated);
        }
        let der = decode(value.as_ref()).ok_or(ClientCertHeaderError::Malformed)?;
        Ok(Some(Self(der)))
    }

    /// The certificate, of a chain that the proxy has verified: see [`ClientCertificate::with_verified_chain`].
    #[must_use]
    pub fn with_verified_chain(&self) -> ClientCertificate<'_> {
        ClientCertificate::with_verified_chain(&self.0)
    }

    /// The certificate, of a chain that the proxy has not verified: see [`ClientCertificate::with_unverified_chain`].
    #[must_use]
    pub fn with_unverified_chain(&self) -> ClientCertificate<'_> {
        ClientCertificate::with_unverified_chain(&self.0)
    }
}

fn decode(value: &[u8]) -> Option<Vec<u8>> {
    let encoded = value.strip_prefix(b":")?.strip_suffix(b":")?;
    if encoded.len() > MAX_CERTIFICATE.div_ceil(3).saturating_mul(4) {
        return None;
    }
    let der = STANDARD.decode(encoded).ok()?;
    (1..=MAX_CERTIFICATE).contains(&der.len()).then_some(der)
}

impl fmt::Debug for ForwardedCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ForwardedCertificate(..)")
    }
}
