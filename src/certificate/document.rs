//! One certificate, read.

use x509_cert::{
    der::Decode as _,
    ext::pkix::{SubjectAltName, name::GeneralName},
    name::Name,
    spki::SubjectPublicKeyInfoOwned,
};

use crate::protocol::confirmation::Thumbprint;

/// Bytes of a certificate that is read.
pub(crate) const MAX_CERTIFICATE: usize = 8 * 1024;

/// A certificate that was read. Nothing of it has been believed.
pub(crate) struct Certificate {
    inner: x509_cert::Certificate,
    alternative_names: Vec<GeneralName>,
    thumbprint: Thumbprint,
}

impl Certificate {
    /// Reads DER. `None` when it is too large, or not a certificate to the last byte, or if what it says about its subject's
    /// alternative names cannot be read or is there twice.
    pub(crate) fn parse(der: &[u8]) -> Option<Self> {
        if der.len() > MAX_CERTIFICATE {
            return None;
        }
        let inner = x509_cert::Certificate::from_der(der).ok()?;
        let extension = inner.tbs_certificate().get_extension::<SubjectAltName>().ok()?;
        let alternative_names = extension.map(|(_, names)| names.0).unwrap_or_default();
        Some(Self { inner, alternative_names, thumbprint: Thumbprint::of(der) })
    }

    /// `x5t#S256`
    pub(crate) fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    pub(crate) fn public_key(&self) -> &SubjectPublicKeyInfoOwned {
        self.inner.tbs_certificate().subject_public_key_info()
    }

    pub(super) fn subject(&self) -> &Name {
        self.inner.tbs_certificate().subject()
    }

    pub(super) fn alternative_names(&self) -> &[GeneralName] {
        &self.alternative_names
    }
}
