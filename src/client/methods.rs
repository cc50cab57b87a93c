//! The methods by which a client may authenticate: one, or two that show the same credentials in different ways.

use super::{ClientRegistration, RegistrationError, ignored::Ignored};
use crate::{
    expected::{hint, one_of},
    protocol::authentication_method::AuthenticationMethod,
};

const ONE: &str = "token_endpoint_auth_method";
const SEVERAL: &str = "token_endpoint_auth_methods";

/// The methods that one client may use, the one that stands for it first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Methods {
    first: AuthenticationMethod,
    other: Option<AuthenticationMethod>,
}

impl Methods {
    /// The methods of a registration, which must not contradict each other.
    pub(super) fn of(registration: &ClientRegistration, ignored: &mut Ignored) -> Result<Self, RegistrationError> {
        let one = match registration.token_endpoint_auth_method.as_deref() {
            None => None,
            Some(text) => Some(AuthenticationMethod::parse(text).ok_or_else(|| unknown(ONE, text))?),
        };
        let Some(listed) = &registration.token_endpoint_auth_methods else {
            return Ok(Self::from(one.unwrap_or(AuthenticationMethod::ClientSecretBasic)));
        };
        let several = known(listed, ignored);
        let unknown = || unknown(SEVERAL, listed.first().map(String::as_str).unwrap_or_default());
        let first = one.or(several.first().copied()).ok_or_else(unknown)?;
        if !several.contains(&first) {
            return Err(RegistrationError::new(SEVERAL, "must contain token_endpoint_auth_method"));
        }
        let mut methods = Self::from(first);
        for method in several.into_iter().filter(|method| *method != first) {
            if !show_the_same(first, method) {
                return Err(RegistrationError::new(
                    SEVERAL,
                    "must be client_secret_basic and client_secret_post, or attest_jwt_client_auth and \
                     attest_jwt_client_auth_dpop: no others show the same credentials",
                ));
            }
            methods.other = Some(method);
        }
        Ok(methods)
    }

    pub(crate) fn first(self) -> AuthenticationMethod {
        self.first
    }

    pub(crate) fn contain(self, method: AuthenticationMethod) -> bool {
        self.iter().any(|registered| registered == method)
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = AuthenticationMethod> {
        [Some(self.first), self.other].into_iter().flatten()
    }
}

impl From<AuthenticationMethod> for Methods {
    fn from(first: AuthenticationMethod) -> Self {
        Self { first, other: None }
    }
}

/// Returns `true` for two ways to show the same credentials. With methods of different strength an attacker would choose the weaker.
fn show_the_same(one: AuthenticationMethod, other: AuthenticationMethod) -> bool {
    one == other || (one.sends_secret() && other.sends_secret()) || (one.uses_attestation() && other.uses_attestation())
}

fn unknown(member: &'static str, text: &str) -> RegistrationError {
    RegistrationError::new(member, one_of(text, &names()))
}

fn names() -> [&'static str; AuthenticationMethod::ALL.len()] {
    AuthenticationMethod::ALL.map(AuthenticationMethod::as_str)
}

fn known(listed: &[String], ignored: &mut Ignored) -> Vec<AuthenticationMethod> {
    let mut methods = Vec::with_capacity(listed.len());
    for (index, text) in listed.iter().enumerate() {
        match AuthenticationMethod::parse(text) {
            Some(method) => methods.push(method),
            None => {
                let (number, hint) = (index.saturating_add(1), hint(text, &names()));
                ignored.add(SEVERAL, format!("number {number} is an unknown method{hint}"));
            }
        }
    }
    methods
}
