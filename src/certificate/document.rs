//! One certificate, read.

use x509_cert::{
    TbsCertificate,
    der::{Decode as _, Encode as _, asn1::Any, oid::AssociatedOid as _},
    ext::pkix::{SubjectAltName, name::GeneralName},
    name::Name,
    spki::SubjectPublicKeyInfoOwned,
};

use crate::protocol::confirmation::Thumbprint;

/// Bytes of a certificate that is read.
pub(crate) const MAX_CERTIFICATE: usize = 8 * 1024;

/// A certificate that was read, and not verified.
pub(crate) struct Certificate {
    inner: x509_cert::Certificate,
    alternative_names: Vec<GeneralName>,
    thumbprint: Thumbprint,
}

impl Certificate {
    /// Reads DER. `None` when it is too large, or not a certificate to the last byte. Alternative names that cannot be read do
    /// not count, and none do if the extension is there twice.
    pub(crate) fn parse(der: &[u8]) -> Option<Self> {
        if der.len() > MAX_CERTIFICATE {
            return None;
        }
        let inner = x509_cert::Certificate::from_der(der).ok()?;
        let alternative_names = alternative_names(inner.tbs_certificate());
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

/// Reads the names one by one: a certificate with an odd one is good for its subject, and for its other names.
fn alternative_names(certificate: &TbsCertificate) -> Vec<GeneralName> {
    let mut extensions =
        certificate.extensions().into_iter().flatten().filter(|extension| extension.extn_id == SubjectAltName::OID);
    let (Some(only), None) = (extensions.next(), extensions.next()) else {
        return Vec::new();
    };
    let names = Vec::<Any>::from_der(only.extn_value.as_bytes()).unwrap_or_default();
    names.iter().filter_map(|name| GeneralName::from_der(&name.to_der().ok()?).ok()).collect()
}
