//! From the text of a document to a client.

use serde_json::Value;

use super::{ClientUrl, MetadataDocumentError, rules};
use crate::{
    client::{Client, ClientRegistration, RegistrationError},
    json,
};

/// What a document is held against.
#[derive(Clone, Copy)]
pub(super) struct DocumentRules {
    pub(super) most_bytes: usize,
    /// Whether those of the AT Protocol hold as well.
    pub(super) is_atproto: bool,
    /// Whether keys may be on another host than the document.
    pub(super) allow_foreign_keys: bool,
}

impl DocumentRules {
    /// The client that is described at this URL.
    pub(super) fn client(self, url: &ClientUrl, text: &str) -> Result<Client, MetadataDocumentError> {
        if text.len() > self.most_bytes {
            return Err(MetadataDocumentError::TooLarge(self.most_bytes));
        }
        let Some(Value::Object(members)) = json::parse(text) else {
            return Err(MetadataDocumentError::NotJson);
        };
        // Simple string comparison, RFC 3986 section 6.2.1.
        if members.get("client_id").and_then(Value::as_str) != Some(url.as_str()) {
            return Err(MetadataDocumentError::OtherClientId);
        }
        let client = || -> Result<Client, RegistrationError> {
            rules::check(&members)?;
            let mut registration = ClientRegistration::try_from(members)?;
            registration.other.retain(|name, value| is_of_use(name, value));
            rules::complete(&mut registration)?;
            if !self.allow_foreign_keys {
                rules::check_jwks_uri(url, &registration)?;
            }
            if self.is_atproto {
                rules::check_atproto(url, &registration)?;
            }
            Client::try_from(registration)
        };
        client().map_err(MetadataDocumentError::Registration)
    }
}

/// Drops what only takes room: a stranger's document is kept for hours. The rest is for the consent page (RFC 7591 section 2).
fn is_of_use(name: &str, value: &Value) -> bool {
    let name = name.split_once('#').map_or(name, |(name, _)| name);
    value.is_string() && matches!(name, "client_name" | "client_uri" | "logo_uri" | "policy_uri" | "tos_uri")
}
