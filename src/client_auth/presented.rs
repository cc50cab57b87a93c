//! The client that a request names, and the credentials that it shows for it.

use std::fmt;

use super::{
    assertion::{Assertion, CheckedAssertion},
    attestation::{Attestation, CheckedAttestation},
    basic,
    certificate::ShownCertificate,
    secret::ShownSecret,
};
use crate::{
    certificate::client_certificate::ClientCertificate,
    error::{Reason, Refusal},
    http::{
        FormRequest, Header,
        form::{Form, FormCredentials},
    },
    policy::Policy,
    protocol::{authentication_method::AuthenticationMethod, parameters::Name},
};

/// The client that a request names, and the credentials that it shows for it. Nothing of it has been verified.
pub(crate) struct Presented<'a> {
    shown: Shown<'a>,
    /// The certificate of the connection. It is there whatever the credentials are.
    certificate: Option<ClientCertificate<'a>>,
}

enum Shown<'a> {
    /// It takes the keys of the client to verify.
    Assertion(Box<Assertion<'a>>),
    /// It takes the keys of the attester to verify.
    Attestation(Box<Attestation<'a>>),
    Secret {
        client_id: Box<str>,
        secret: ShownSecret<'a>,
    },
    /// A name alone: of a client that has no credentials, or that its certificate stands for.
    Name(Box<str>),
}

/// Credentials that are good if they are those of the client.
pub(crate) enum Checked<'a> {
    Assertion(CheckedAssertion<'a>),
    Attestation(CheckedAttestation<'a>),
    Secret(&'a ShownSecret<'a>),
    /// A name, and the certificate, which need not be good for a client that has no credentials.
    Name(Option<Result<Box<ShownCertificate>, Reason>>),
}

impl<'a> Presented<'a> {
    /// Reads the client that the request claims to come from. At most one way of authentication may be in it (RFC 6749 section
    /// 2.3), and all names of the client in it must agree.
    pub(crate) fn read(
        request: &FormRequest<'a>,
        form: &Form,
        credentials: &'a FormCredentials,
        policy: &Policy,
    ) -> Result<Self, Refusal> {
        let shown = Shown::read(request, form, credentials, policy)?;
        Ok(Self { shown, certificate: request.client_certificate() })
    }

    pub(crate) fn client_id(&self) -> &str {
        match &self.shown {
            Shown::Assertion(assertion) => assertion.client_id(),
            Shown::Attestation(attestation) => attestation.client_id(),
            Shown::Secret { client_id, .. } | Shown::Name(client_id) => client_id,
        }
    }

    pub(crate) fn certificate(&self) -> Option<ClientCertificate<'a>> {
        self.certificate
    }

    /// Checks all that does not depend on the client. A certificate is read in any case: how long it takes should not tell which
    /// clients exist, and how they authenticate.
    pub(crate) fn check(
        &self,
        issuer: &str,
        policy: &Policy,
        now: impl FnOnce() -> i64,
    ) -> Result<Checked<'_>, Refusal> {
        match &self.shown {
            Shown::Assertion(assertion) => {
                let checked = assertion.check(policy, now());
                Ok(Checked::Assertion(checked.map_err(Reason::ClientAssertion)?))
            }
            Shown::Attestation(attestation) => {
                let now = now();
                attestation.check(issuer, policy, now).map(Checked::Attestation).map_err(|reason| {
                    let offset = match reason {
                        Reason::AttestationProof(fault) => fault.clock_offset(attestation.proof_issued_at(), now),
                        _ => None,
                    };
                    Refusal::from(reason).with_clock_offset(offset)
                })
            }
            Shown::Secret { secret, .. } => Ok(Checked::Secret(secret)),
            Shown::Name(_) => {
                Ok(Checked::Name(self.certificate.map(|shown| ShownCertificate::read(shown).map(Box::new))))
            }
        }
    }
}

impl Checked<'_> {
    /// The method by which they are shown, as far as they tell it: an assertion may be made with a secret or with a key, and a
    /// certificate may mean nothing.
    pub(super) fn method(&self) -> Option<AuthenticationMethod> {
        match self {
            Self::Secret(secret) => Some(secret.method()),
            Self::Attestation(attestation) => Some(attestation.method()),
            Self::Assertion(_) | Self::Name(_) => None,
        }
    }
}

impl<'a> Shown<'a> {
    fn read(
        request: &FormRequest<'a>,
        form: &Form,
        credentials: &'a FormCredentials,
        policy: &Policy,
    ) -> Result<Self, Refusal> {
        let has_assertion = form.has_seen(Name::ClientAssertion);
        let has_assertion_type = form.has_seen(Name::ClientAssertionType);
        let has_authorization = match request.authorization {
            Header::Absent => false,
            Header::Once(_) => true,
            Header::Repeated => return Err(Reason::RepeatedHeader.into()),
        };
        let methods = [has_authorization, form.has_seen(Name::ClientSecret), has_assertion || has_assertion_type];
        if methods.into_iter().filter(|used| *used).count() > 1 {
            return Err(Reason::SeveralMethods.into());
        }
        if has_assertion != has_assertion_type {
            return Err(Reason::HalfAssertion.into());
        }
        let in_form = form.parameters.known(Name::ClientId);
        let check_name = |client_id: &str| {
            let agree = in_form.is_none_or(|in_form| in_form == client_id);
            if agree { Ok(()) } else { Err(Refusal::from(Reason::ClientMismatch)) }
        };
        if let (Some(text), Some(kind)) = (&credentials.client_assertion, &credentials.client_assertion_type) {
            let assertion = Assertion::read(text, kind, policy)?;
            check_name(assertion.client_id())?;
            return Ok(Self::Assertion(Box::new(assertion)));
        }
        if let Header::Once(authorization) = request.authorization {
            let (client_id, secret) = basic::read(authorization)?;
            check_name(&client_id)?;
            return Ok(Self::Secret { client_id, secret: ShownSecret::Basic(secret) });
        }
        if credentials.client_secret.is_none()
            && policy.offers_attestation()
            && let Some(attestation) = Attestation::read(request, policy)?
        {
            check_name(attestation.client_id())?;
            return Ok(Self::Attestation(Box::new(attestation)));
        }
        // With a certificate too: nothing in one is a client_id (RFC 8705 section 2).
        let client_id = in_form.ok_or(Reason::MissingClientId)?.into();
        Ok(match &credentials.client_secret {
            Some(secret) => Self::Secret { client_id, secret: ShownSecret::Post(secret) },
            None => Self::Name(client_id),
        })
    }
}

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented").field("client_id", &self.client_id()).finish_non_exhaustive()
    }
}
