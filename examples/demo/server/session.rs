//! Who is signed in, and since when: a signed cookie, so that any node can read it and none has to keep it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _, digest::InvalidLength};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use time::{Duration, OffsetDateTime};

use super::{
    accounts::{ALICE, Account},
    issuer::Issuer,
};
use crate::demo::http::message::Message;

/// After which the user has to sign in again.
const LIFE: Duration = Duration::hours(8);

/// Makes and reads the cookies of sessions.
pub(crate) struct Sessions {
    mac: Hmac<Sha256>,
    cookie: &'static str,
    attributes: &'static str,
}

/// A user who has signed in.
#[derive(Clone, Copy)]
pub(crate) struct Session {
    pub(crate) account: &'static Account,
    pub(crate) signed_in_at: OffsetDateTime,
}

impl Session {
    /// A session that begins now.
    pub(crate) fn begin(account: &'static Account) -> Self {
        Self { account, signed_in_at: OffsetDateTime::now_utc() }
    }
}

impl Sessions {
    pub(crate) fn new(key: &[u8; 32], issuer: &Issuer) -> Result<Self, InvalidLength> {
        let (cookie, attributes) = match issuer.is_https() {
            true => ("__Host-parjar-session", "; Path=/; HttpOnly; SameSite=Lax; Secure"),
            false => ("parjar-session", "; Path=/; HttpOnly; SameSite=Lax"),
        };
        Ok(Self { mac: Hmac::new_from_slice(key)?, cookie, attributes })
    }

    /// The session that a browser has, if it is one of this server and not over.
    pub(crate) fn of(&self, message: &Message<'_>) -> Option<Session> {
        let value = message.cookie(self.cookie)?;
        let (signed, shown) = value.rsplit_once('.')?;
        let genuine = self.signature(signed);
        if !bool::from(genuine.as_bytes().ct_eq(shown.as_bytes())) {
            return None;
        }
        let (subject, time) = signed.split_once('.')?;
        let signed_in_at = OffsetDateTime::from_unix_timestamp(time.parse().ok()?).ok()?;
        // A clock that is ahead elsewhere makes no session longer.
        let is_over = signed_in_at.saturating_add(LIFE) <= OffsetDateTime::now_utc();
        (subject == ALICE.subject && !is_over).then_some(Session { account: &ALICE, signed_in_at })
    }

    /// A `Set-Cookie` header.
    pub(crate) fn cookie(&self, session: &Session) -> String {
        let signed = format!("{}.{}", session.account.subject, session.signed_in_at.unix_timestamp());
        format!(
            "{}={signed}.{}; Max-Age={}{}",
            self.cookie,
            self.signature(&signed),
            LIFE.whole_seconds(),
            self.attributes
        )
    }

    fn signature(&self, text: &str) -> String {
        let mac = self.mac.clone().chain_update(text.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}
