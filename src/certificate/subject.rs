//! The subject that the certificate of a client is expected to have (RFC 8705 section 2.1.2).

use std::net::IpAddr;

use url::Url;
use x509_cert::ext::pkix::name::GeneralName;

use super::{directory_name::DirectoryName, document::Certificate};

/// One expected subject.
pub(crate) struct Subject(Expected);

enum Expected {
    DirectoryName(DirectoryName),
    /// In this order or the other one.
    DirectoryNameInEitherOrder(DirectoryName),
    Dns(Box<str>),
    Uri(Box<str>),
    Ip(IpAddr),
    Email(Box<str>),
}

/// The end of a subject that its registered text begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameOrder {
    /// The last part of the certificate (RFC 4514).
    LastFirst,
    /// The first part of the certificate.
    FirstFirst,
    Either,
}

impl Subject {
    /// `tls_client_auth_subject_dn`
    pub(crate) fn directory_name(text: &str, order: NameOrder) -> Option<Self> {
        let name = DirectoryName::parse(text)?;
        Some(Self(match order {
            NameOrder::LastFirst => Expected::DirectoryName(name),
            NameOrder::FirstFirst => Expected::DirectoryName(name.reversed()),
            NameOrder::Either => Expected::DirectoryNameInEitherOrder(name),
        }))
    }

    /// `tls_client_auth_san_dns`
    pub(crate) fn dns(text: &str) -> Option<Self> {
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        let good = text.len() <= 253 && text.split('.').all(is_label);
        good.then(|| Self(Expected::Dns(text.into())))
    }

    /// `tls_client_auth_san_uri`
    pub(crate) fn uri(text: &str) -> Option<Self> {
        let good = text.len() <= 2048 && text.bytes().all(|byte| byte.is_ascii_graphic()) && Url::parse(text).is_ok();
        good.then(|| Self(Expected::Uri(text.into())))
    }

    /// `tls_client_auth_san_ip`
    pub(crate) fn ip(text: &str) -> Option<Self> {
        text.parse().ok().map(Expected::Ip).map(Self)
    }

    /// `tls_client_auth_san_email`
    pub(crate) fn email(text: &str) -> Option<Self> {
        let (local, domain) = text.rsplit_once('@')?;
        let good = text.len() <= 320 && text.bytes().all(|byte| byte.is_ascii_graphic());
        (good && !local.is_empty() && !domain.is_empty()).then(|| Self(Expected::Email(text.into())))
    }

    /// Returns `true` if this is the subject of the certificate, or one of its alternative names. Always the whole
    /// name: never a part of one, and no wildcards.
    pub(crate) fn is_of(&self, certificate: &Certificate) -> bool {
        match &self.0 {
            Expected::DirectoryName(expected) => {
                DirectoryName::read(certificate.subject()).is_some_and(|subject| subject == *expected)
            }
            Expected::DirectoryNameInEitherOrder(expected) => DirectoryName::read(certificate.subject())
                .is_some_and(|subject| subject == *expected || subject.is_reverse_of(expected)),
            _ => self.is_among_alternative_names(certificate),
        }
    }

    fn is_among_alternative_names(&self, certificate: &Certificate) -> bool {
        certificate.alternative_names().iter().any(|name| match (&self.0, name) {
            (Expected::Dns(expected), GeneralName::DnsName(name)) => name.as_str().eq_ignore_ascii_case(expected),
            (Expected::Uri(expected), GeneralName::UniformResourceIdentifier(name)) => name.as_str() == &**expected,
            (Expected::Ip(IpAddr::V4(expected)), GeneralName::IpAddress(name)) => name.as_bytes() == expected.octets(),
            (Expected::Ip(IpAddr::V6(expected)), GeneralName::IpAddress(name)) => name.as_bytes() == expected.octets(),
            (Expected::Email(expected), GeneralName::Rfc822Name(name)) => is_same_mailbox(expected, name.as_str()),
            _ => false,
        })
    }
}

/// Makes an address comparable (RFC 5280 section 7.5): case counts before the `@` and not after it.
fn is_same_mailbox(expected: &str, name: &str) -> bool {
    match (expected.rsplit_once('@'), name.rsplit_once('@')) {
        (Some((local, domain)), Some((other_local, other_domain))) => {
            local == other_local && domain.eq_ignore_ascii_case(other_domain)
        }
        _ => false,
    }
}
