//! The browser in which the playground is open: one random cookie, which proves that a form was sent by a page of the playground.
//!
//! Nothing is kept on the server, so any node can check a form that another one rendered.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parjar::RandomError;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::demo::{
    http::message::{Form, Message},
    server::{issuer::Issuer, random},
};

const LENGTH: usize = 43;

pub(crate) struct Browser {
    id: String,
    cookie: &'static str,
    secure: bool,
    known: bool,
}

impl Browser {
    /// The browser that the cookie names, or a new one. A known browser keeps its cookie, so that an older tab stays good.
    pub(crate) fn of(message: &Message<'_>, issuer: &Issuer) -> Result<Self, RandomError> {
        let secure = issuer.is_https();
        // With the prefix, no neighbouring host can plant a cookie of its own choice.
        let cookie = if secure { "__Host-parjar-browser" } else { "parjar-browser" };
        let known = message.cookie(cookie).filter(|id| is_id(id));
        let id = known.map_or_else(random::token, |id| Ok(id.to_owned()))?;
        Ok(Self { id, cookie, secure, known: known.is_some() })
    }

    /// What this server keeps things of the browser under.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The value that a form of this server carries. A foreign page can neither read it nor, without the cookie, compute it.
    pub(crate) fn form_token(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::new().chain_update("parjar demo form ").chain_update(&self.id).finalize())
    }

    /// Whether `form` was sent from a page that this server gave to this browser.
    pub(crate) fn sent(&self, message: &Message<'_>, form: Form<'_>, issuer: &Issuer) -> bool {
        let token = form.field("csrf").unwrap_or(Cow::Borrowed(""));
        let genuine = token.as_bytes().ct_eq(self.form_token().as_bytes());
        self.known && bool::from(genuine) && !message.to_browser_request().comes_from_elsewhere(issuer.as_str())
    }

    pub(crate) fn set_cookie(&self) -> Option<String> {
        if self.known {
            return None;
        }
        let secure = if self.secure { "; Secure" } else { "" };
        Some(format!("{}={}; Path=/; HttpOnly; SameSite=Lax{secure}", self.cookie, self.id))
    }
}

fn is_id(text: &str) -> bool {
    text.len() == LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
