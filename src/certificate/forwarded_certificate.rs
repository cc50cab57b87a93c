//! The certificate of a connection, from a header of the proxy that ends TLS.

mod pem;
mod xfcc;

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{MAX_CERTIFICATE, client_certificate::ClientCertificate};
use crate::error_text::debug_by_display;

/// Bytes of a header with a whole chain.
const MAX_HEADER: usize = 64 * 1024;

/// The certificate of a client, from a header of the proxy that ends TLS.
///
/// Each constructor reads the format of one kind of proxy. Call the one of your proxy, with all values of the header
/// that it sets:
///
/// | proxy | header | constructor |
/// | --- | --- | --- |
/// | any by RFC 9440 | `Client-Cert` | [`from_client_cert_header`](Self::from_client_cert_header) |
/// | nginx | the one set to `$ssl_client_escaped_cert` | [`from_nginx`](Self::from_nginx) |
/// | AWS Application Load Balancer | `X-Amzn-Mtls-Clientcert-Leaf`, `X-Amzn-Mtls-Clientcert` | [`from_aws_alb`](Self::from_aws_alb) |
/// | Envoy, Istio | `X-Forwarded-Client-Cert` | [`from_envoy`](Self::from_envoy) |
/// | Traefik | `X-Forwarded-Tls-Client-Cert` | [`from_traefik`](Self::from_traefik) |
/// | HAProxy | the one set to `%[ssl_c_der,base64]` | [`from_haproxy`](Self::from_haproxy) |
///
/// This library never looks for such a header by itself. Read it only from connections of the proxy, and only if the
/// proxy takes out every header of that name that comes from outside, of clients without a certificate too (RFC 9440
/// section 4): otherwise an attacker can be any client.
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

/// A header with a certificate that the proxy cannot have sent. The host should refuse the request.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientCertHeaderError {
    /// There is more than one.
    #[error("the header with the client certificate is repeated")]
    Repeated,
    /// It is not of the format that was asked for, or holds more or less than a certificate of 1 to 8192 bytes.
    #[error("the header with the client certificate is malformed")]
    Malformed,
    /// It speaks of several hops, so that the certificate may be that of a proxy, or one that a client made up. See
    /// [`ForwardedCertificate::from_envoy`].
    #[error("the header with the client certificate has several elements")]
    SeveralHops,
}

debug_by_display!(ClientCertHeaderError);

impl ForwardedCertificate {
    /// Reads all values of `Client-Cert` (RFC 9440). `Ok(None)` where there are none: the client has shown no certificate.
    ///
    /// # Errors
    ///
    /// When there are several, or one that is not a byte sequence of RFC 8941 section 3.3.5 alone. The certificate
    /// itself is read when a client authenticates with it.
    pub fn from_client_cert_header<V: AsRef<[u8]>>(
        values: impl IntoIterator<Item = V>,
    ) -> Result<Option<Self>, ClientCertHeaderError> {
        Self::read(values, &[], |value| well_formed(between_colons(value).and_then(base64)))
    }

    /// Reads all values of a header that nginx sets to `$ssl_client_escaped_cert`: one certificate in PEM, percent-encoded.
    /// `Ok(None)` where there are none, or an empty one: the client has shown no certificate.
    ///
    /// ```nginx
    /// proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert;
    /// ```
    ///
    /// # Errors
    ///
    /// When there are several, or one that is not exactly that.
    pub fn from_nginx<V: AsRef<[u8]>>(
        values: impl IntoIterator<Item = V>,
    ) -> Result<Option<Self>, ClientCertHeaderError> {
        Self::read(values, &[b""], |value| well_formed(pem::only(value)))
    }

    /// Reads all values of `X-Amzn-Mtls-Clientcert-Leaf`, which an Application Load Balancer of AWS sets when it verifies chains, or
    /// of `X-Amzn-Mtls-Clientcert`, which it sets in passthrough mode, where nothing was verified: PEM, percent-encoded but for
    /// `+`, `=` and `/`. The first certificate of a chain counts. `Ok(None)` where there are none.
    ///
    /// # Errors
    ///
    /// When there are several headers, or one that is not that.
    pub fn from_aws_alb<V: AsRef<[u8]>>(
        values: impl IntoIterator<Item = V>,
    ) -> Result<Option<Self>, ClientCertHeaderError> {
        Self::read(values, &[], |value| well_formed(pem::first(value)))
    }

    /// Reads all values of `X-Forwarded-Client-Cert` (XFCC), which Envoy sets: the `Cert` of its one element, or else the first
    /// certificate of its `Chain`. `Ok(None)` where there are none.
    ///
    /// Envoy sends what is needed with `forward_client_cert_details: SANITIZE_SET` and
    /// `set_current_client_cert_details: { cert: true }`. With `APPEND_FORWARD` it adds its own element to those that came from
    /// outside.
    ///
    /// # Errors
    ///
    /// When there are several headers or several elements, or no certificate in the one that is there.
    pub fn from_envoy<V: AsRef<[u8]>>(
        values: impl IntoIterator<Item = V>,
    ) -> Result<Option<Self>, ClientCertHeaderError> {
        Self::read(values, &[], xfcc::certificate)
    }

    /// Reads all values of `X-Forwarded-Tls-Client-Cert`, which the middleware `passTLSClientCert` of Traefik sets with
    /// `pem: true`: the certificates of a chain with commas in between, in base64 without the lines around it, which version 2
    /// also percent-encodes. The first one counts. `Ok(None)` where there are none.
    ///
    /// Traefik takes out the header of a sender unless `forwardedHeaders` trusts it, so `insecure` must be off.
    ///
    /// # Errors
    ///
    /// When there are several headers, or one that is not that.
    pub fn from_traefik<V: AsRef<[u8]>>(
        values: impl IntoIterator<Item = V>,
    ) -> Result<Option<Self>, ClientCertHeaderError> {
        Self::read(values, &[], |value| {
            let leaf = value.split(|byte| *byte == b',').next().unwrap_or_default();
            well_formed(pem::unescape(leaf).and_then(|leaf| base64(&leaf)))
        })
    }

    /// Reads all values of a header that HAProxy sets to `%[ssl_c_der,base64]`, or to `:%[ssl_c_der,base64]:` as RFC 9440 has it.
    /// `Ok(None)` where there are none, or one that is empty or `::`: the client has shown no certificate.
    ///
    /// ```haproxy
    /// http-request set-header Client-Cert :%[ssl_c_der,base64]:
    /// ```
    ///
    /// # Errors
    ///
    /// When there are several, or one that is not that.
    pub fn from_haproxy<V: AsRef<[u8]>>(
        values: impl IntoIterator<Item = V>,
    ) -> Result<Option<Self>, ClientCertHeaderError> {
        Self::read(values, &[b"", b"::"], |value| well_formed(base64(between_colons(value).unwrap_or(value))))
    }

    /// Returns the certificate, of a chain that the proxy has verified: see [`ClientCertificate::with_verified_chain`].
    #[must_use]
    pub fn with_verified_chain(&self) -> ClientCertificate<'_> {
        ClientCertificate::with_verified_chain(&self.0)
    }

    /// Returns the certificate, of a chain that the proxy has not verified: see
    /// [`ClientCertificate::with_unverified_chain`].
    #[must_use]
    pub fn with_unverified_chain(&self) -> ClientCertificate<'_> {
        ClientCertificate::with_unverified_chain(&self.0)
    }

    /// Reads the one value that there may be. Those that are `absent` say that there is no certificate.
    fn read<V: AsRef<[u8]>>(
        values: impl IntoIterator<Item = V>,
        absent: &[&[u8]],
        decode: impl FnOnce(&[u8]) -> Result<Vec<u8>, ClientCertHeaderError>,
    ) -> Result<Option<Self>, ClientCertHeaderError> {
        let mut values = values.into_iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(ClientCertHeaderError::Repeated);
        }
        match value.as_ref() {
            value if absent.contains(&value) => Ok(None),
            value if value.len() > MAX_HEADER => Err(ClientCertHeaderError::Malformed),
            value => decode(value).map(|der| Some(Self(der))),
        }
    }
}

fn well_formed(der: Option<Vec<u8>>) -> Result<Vec<u8>, ClientCertHeaderError> {
    der.ok_or(ClientCertHeaderError::Malformed)
}

fn between_colons(value: &[u8]) -> Option<&[u8]> {
    value.strip_prefix(b":")?.strip_suffix(b":")
}

/// Base64 with its padding, of the bytes that a certificate may have.
fn base64(encoded: &[u8]) -> Option<Vec<u8>> {
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
