//! The subject that the certificate of a client must have (RFC 8705 section 2.1.2).

use super::{ClientRegistration, RegistrationError};
use crate::{
    certificate::{NameOrder, Subject},
    expected::one_of,
};

/// Name, registered text, reader and rule of a member.
type Member<'a> = (&'static str, &'a Option<String>, fn(&str, NameOrder) -> Option<Subject>, &'static str);

/// The one expected subject of a client with `tls_client_auth`.
pub(super) fn of(registration: &ClientRegistration) -> Result<Subject, RegistrationError> {
    let order = order_of(registration)?;
    let mut subject = None;
    for (member, text, parse, expected) in members(registration) {
        let Some(text) = text else {
            continue;
        };
        if subject.is_some() {
            return Err(RegistrationError::new(member, "must not be there beside another expected subject"));
        }
        subject = Some(parse(text, order).ok_or_else(|| RegistrationError::new(member, expected))?);
    }
    subject.ok_or_else(|| {
        RegistrationError::new(
            "token_endpoint_auth_method",
            "tls_client_auth needs one of tls_client_auth_subject_dn and tls_client_auth_san_dns, _uri, _ip and _email",
        )
    })
}

/// Clients that authenticate in another way have no expected subject.
pub(super) fn check_absent(registration: &ClientRegistration) -> Result<(), RegistrationError> {
    order_of(registration)?;
    match members(registration).into_iter().find(|(_, text, ..)| text.is_some()) {
        None => Ok(()),
        Some((member, ..)) => {
            Err(RegistrationError::new(member, "has no use without token_endpoint_auth_method tls_client_auth"))
        }
    }
}

fn members(registration: &ClientRegistration) -> [Member<'_>; 5] {
    [
        (
            "tls_client_auth_subject_dn",
            &registration.tls_client_auth_subject_dn,
            Subject::directory_name,
            "must be a distinguished name by RFC 4514, with known or dotted attribute types and no empty values",
        ),
        (
            "tls_client_auth_san_dns",
            &registration.tls_client_auth_san_dns,
            |text, _| Subject::dns(text),
            "must be a DNS name in ASCII, without wildcard and final dot",
        ),
        (
            "tls_client_auth_san_uri",
            &registration.tls_client_auth_san_uri,
            |text, _| Subject::uri(text),
            "must be an absolute URI",
        ),
        (
            "tls_client_auth_san_ip",
            &registration.tls_client_auth_san_ip,
            |text, _| Subject::ip(text),
            "must be an IPv4 or an IPv6 address",
        ),
        (
            "tls_client_auth_san_email",
            &registration.tls_client_auth_san_email,
            |text, _| Subject::email(text),
            "must be a mailbox with an @, in ASCII",
        ),
    ]
}

fn order_of(registration: &ClientRegistration) -> Result<NameOrder, RegistrationError> {
    const MEMBER: &str = "tls_client_auth_subject_dn_order";
    match registration.tls_client_auth_subject_dn_order.as_deref() {
        None => Ok(NameOrder::LastFirst),
        Some(_) if registration.tls_client_auth_subject_dn.is_none() => {
            Err(RegistrationError::new(MEMBER, "has no use without tls_client_auth_subject_dn"))
        }
        Some("last_first") => Ok(NameOrder::LastFirst),
        Some("first_first") => Ok(NameOrder::FirstFirst),
        Some("either") => Ok(NameOrder::Either),
        Some(other) => Err(RegistrationError::new(MEMBER, one_of(other, &["last_first", "first_first", "either"]))),
    }
}
