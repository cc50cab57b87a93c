//! The subject that the certificate of a client must have (RFC 8705 section 2.1.2).

use super::registration::{ClientRegistration, RegistrationError};
use crate::{
    certificate::{NameOrder, Subject},
    protocol::authentication_method::AuthenticationMethod,
};

/// Name, registered text, reader and rule of a member.
type Member<'a> = (&'static str, &'a Option<String>, &'a dyn Fn(&str) -> Option<Subject>, &'static str);

/// The one expected subject of a client with `tls_client_auth`.
pub(super) fn subject_of(
    registration: &ClientRegistration,
    method: AuthenticationMethod,
) -> Result<Option<Subject>, RegistrationError> {
    let order = order_of(registration)?;
    let members: [Member<'_>; 5] = [
        (
            "tls_client_auth_subject_dn",
            &registration.tls_client_auth_subject_dn,
            &|text| Subject::directory_name(text, order),
            "must be a distinguished name by RFC 4514, with known or dotted attribute types and no empty values",
        ),
        (
            "tls_client_auth_san_dns",
            &registration.tls_client_auth_san_dns,
            &Subject::dns,
            "must be a DNS name in ASCII, without wildcard and final dot",
        ),
        ("tls_client_auth_san_uri", &registration.tls_client_auth_san_uri, &Subject::uri, "must be an absolute URI"),
        (
            "tls_client_auth_san_ip",
            &registration.tls_client_auth_san_ip,
            &Subject::ip,
            "must be an IPv4 or an IPv6 address",
        ),
        (
            "tls_client_auth_san_email",
            &registration.tls_client_auth_san_email,
            &Subject::email,
            "must be a mailbox with an @, in ASCII",
        ),
    ];
    let mut subject = None;
    for (member, text, parse, expected) in members {
        let Some(text) = text else {
            continue;
        };
        if method != AuthenticationMethod::TlsClientAuth {
            return Err(RegistrationError::new(
                member,
                "has no use without token_endpoint_auth_method tls_client_auth",
            ));
        }
        if subject.is_some() {
            return Err(RegistrationError::new(member, "must not be there beside another expected subject"));
        }
        subject = Some(parse(text).ok_or_else(|| RegistrationError::new(member, expected))?);
    }
    if subject.is_none() && method == AuthenticationMethod::TlsClientAuth {
        return Err(RegistrationError::new(
            "token_endpoint_auth_method",
            "tls_client_auth needs one of tls_client_auth_subject_dn and tls_client_auth_san_dns, _uri, _ip and _email",
        ));
    }
    Ok(subject)
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
        Some(_) => Err(RegistrationError::new(MEMBER, "must be last_first, first_first or either")),
    }
}
