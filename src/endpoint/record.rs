//! The record of a pushed request: a version byte, how it was protected, to which keys it is bound, then its parameters. Never
//! credentials, never the handle.

use crate::protocol::{
    authentication_key::AuthenticationKey,
    confirmation::{Confirmation, Thumbprint},
    parameters::{Name, ParameterValue, Parameters},
    protection::Protection,
};

/// Goes up when the layout changes, by the rule of [`store`](crate::store): the first release that knows a layout reads it, and writes
/// the one before.
const VERSION: u8 = 5;

/// A request as it was stored.
#[derive(PartialEq)]
pub(super) struct StoredRequest {
    pub(super) parameters: Parameters,
    pub(super) protection: Protection,
    pub(super) confirmation: Confirmation,
    pub(super) authentication_key: Option<AuthenticationKey>,
}

/// The keys that a request is bound to.
#[derive(Clone, Copy)]
pub(super) struct Bound<'a> {
    pub(super) confirmation: Confirmation,
    pub(super) authentication_key: Option<&'a AuthenticationKey>,
}

/// The bits that tell which thumbprints follow. After the last one comes the `kid` of that key, of no length where it has none.
const JKT: u8 = 1;
const X5T_S256: u8 = 2;
const CLIENT_INSTANCE: u8 = 4;
const AUTHENTICATION_KEY: u8 = 8;

/// Lays parameters out as: the number of pairs, then for each the length of its name, and that of its value doubled, plus one
/// if it is JSON, then all names and values. Numbers are little-endian groups of seven bits.
pub(super) fn encode(
    parameters: &Parameters,
    protection: Protection,
    Bound { confirmation, authentication_key }: Bound<'_>,
) -> Vec<u8> {
    let thumbprints = [
        (JKT, confirmation.jkt),
        (X5T_S256, confirmation.x5t_s256),
        (CLIENT_INSTANCE, confirmation.client_instance),
        (AUTHENTICATION_KEY, authentication_key.map(AuthenticationKey::thumbprint)),
    ];
    // Two length bytes for most pairs, and a little for those that need more.
    let lengths = parameters.len().saturating_mul(3).saturating_add(80);
    let mut bytes = Vec::with_capacity(parameters.text().len().saturating_add(lengths));
    bytes.push(VERSION);
    bytes.push(match protection {
        Protection::Plain => 0,
        Protection::Signed => 1,
        Protection::SignedAndEncrypted => 2,
    });
    bytes.push(thumbprints.iter().filter(|(_, there)| there.is_some()).fold(0, |set, (bit, _)| set | bit));
    for thumbprint in thumbprints.iter().filter_map(|(_, there)| there.as_ref()) {
        bytes.extend_from_slice(thumbprint.as_bytes());
    }
    if let Some(key) = authentication_key {
        let kid = key.kid().unwrap_or_default();
        put_number(&mut bytes, kid.len());
        bytes.extend_from_slice(kid.as_bytes());
    }
    put_number(&mut bytes, parameters.len());
    for (name, value) in parameters.iter_values() {
        let (length, json) = match value {
            ParameterValue::Text(text) => (text.len(), 0),
            ParameterValue::Json(json) => (json.len(), 1),
        };
        put_number(&mut bytes, name.len());
        put_number(&mut bytes, length << 1 | json);
    }
    bytes.extend_from_slice(parameters.text().as_bytes());
    bytes
}

/// Reads a record back. `None` for anything that [`encode`] did not write.
pub(super) fn decode(bytes: &[u8]) -> Option<StoredRequest> {
    let (&[version, protection, thumbprints], mut rest) = bytes.split_first_chunk()?;
    let protection = match (version, protection) {
        (VERSION, 0) => Protection::Plain,
        (VERSION, 1) => Protection::Signed,
        (VERSION, 2) => Protection::SignedAndEncrypted,
        _ => return None,
    };
    if thumbprints & !(JKT | X5T_S256 | CLIENT_INSTANCE | AUTHENTICATION_KEY) != 0 {
        return None;
    }
    let confirmation = Confirmation {
        jkt: take_thumbprint(&mut rest, thumbprints & JKT != 0)?,
        x5t_s256: take_thumbprint(&mut rest, thumbprints & X5T_S256 != 0)?,
        client_instance: take_thumbprint(&mut rest, thumbprints & CLIENT_INSTANCE != 0)?,
    };
    let authentication_key = match take_thumbprint(&mut rest, thumbprints & AUTHENTICATION_KEY != 0)? {
        None => None,
        Some(thumbprint) => Some(take_key(&mut rest, thumbprint)?),
    };
    let count = take_number(&mut rest)?;
    // Each pair takes at least two bytes, so a damaged count is noticed before it makes this allocate.
    if count > rest.len() / 2 {
        return None;
    }
    let mut lengths = Vec::with_capacity(count);
    for _ in 0..count {
        lengths.push((take_number(&mut rest)?, take_number(&mut rest)?));
    }
    let mut text = std::str::from_utf8(rest).ok()?;
    let mut parameters = Parameters::with_capacity(text.len());
    for (name, value) in lengths {
        let (name, rest) = text.split_at_checked(name)?;
        let (text_or_json, rest) = rest.split_at_checked(value >> 1)?;
        let value = if value & 1 == 0 { ParameterValue::Text } else { ParameterValue::Json }(text_or_json);
        parameters.push_value(Name::of(name), name, value);
        text = rest;
    }
    text.is_empty().then_some(StoredRequest { parameters, protection, confirmation, authentication_key })
}

/// `None` when it should be there and is not.
fn take_thumbprint(bytes: &mut &[u8], is_there: bool) -> Option<Option<Thumbprint>> {
    if !is_there {
        return Some(None);
    }
    let (thumbprint, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(Some(Thumbprint::from_bytes(*thumbprint)))
}

/// The key of this thumbprint, with the `kid` that follows.
fn take_key(bytes: &mut &[u8], thumbprint: Thumbprint) -> Option<AuthenticationKey> {
    let length = take_number(bytes)?;
    let (kid, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    let key = AuthenticationKey::new(thumbprint);
    Some(if kid.is_empty() { key } else { key.with_kid(std::str::from_utf8(kid).ok()?) })
}

fn put_number(bytes: &mut Vec<u8>, mut number: usize) {
    loop {
        let [group, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(group & 0x7F);
            return;
        }
        bytes.push(group | 0x80);
    }
}

fn take_number(bytes: &mut &[u8]) -> Option<usize> {
    let mut number = 0usize;
    // Four groups hold 256 MiB, more than any record.
    for group in 0..4u32 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= usize::from(byte & 0x7F).checked_shl(group.checked_mul(7)?)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Bound, StoredRequest, decode, encode};
    use crate::protocol::{
        authentication_key::AuthenticationKey,
        confirmation::{Confirmation, Thumbprint},
        parameters::{ParameterValue, Parameters},
        protection::Protection,
    };

    #[test]
    fn a_record_survives_the_round_trip() {
        let mut parameters = Parameters::default();
        parameters.push("client_id", "c1");
        parameters.push("claims", &"x".repeat(20_000));
        parameters.push("ü", "é\u{1F600}");
        parameters.push_value(None, "amount", ParameterValue::Json("9007199254740993"));
        let thumbprint = |byte| Some(Thumbprint::from_bytes([byte; 32]));
        let confirmations = [
            Confirmation::default(),
            Confirmation { jkt: thumbprint(1), ..Confirmation::default() },
            Confirmation { x5t_s256: thumbprint(2), ..Confirmation::default() },
            Confirmation { client_instance: thumbprint(3), ..Confirmation::default() },
            Confirmation { jkt: thumbprint(1), x5t_s256: thumbprint(2), client_instance: thumbprint(3) },
        ];
        let key = AuthenticationKey::new(Thumbprint::from_bytes([4; 32]));
        let keys = [None, Some(key.clone()), Some(key.clone().with_kid("é")), Some(key.with_kid("k".repeat(256)))];
        for protection in [Protection::Plain, Protection::Signed, Protection::SignedAndEncrypted] {
            for (confirmation, authentication_key) in
                confirmations.into_iter().flat_map(|it| keys.clone().map(|key| (it, key)))
            {
                let bound = Bound { confirmation, authentication_key: authentication_key.as_ref() };
                let record = encode(&parameters, protection, bound);
                let parameters = parameters.clone();
                let stored = StoredRequest { parameters, protection, confirmation, authentication_key };
                assert!(decode(&record) == Some(stored));
            }
        }
    }

    #[test]
    fn damage_is_noticed_and_never_panics() {
        let mut parameters = Parameters::default();
        parameters.push("client_id", "c1");
        parameters.push("scope", "openid");
        let confirmation = Confirmation { jkt: Some(Thumbprint::from_bytes([7; 32])), ..Confirmation::default() };
        let key = AuthenticationKey::new(Thumbprint::from_bytes([8; 32])).with_kid("2026");
        let bound = Bound { confirmation, authentication_key: Some(&key) };
        let record = encode(&parameters, Protection::Plain, bound);
        for end in 0..record.len() {
            assert!(decode(&record[..end]).is_none(), "truncated at {end}");
        }
        for index in 0..record.len() {
            for bit in 0..8 {
                let mut damaged = record.clone();
                damaged[index] ^= 1 << bit;
                let _ = decode(&damaged);
            }
        }
        let mut longer = record.clone();
        longer.push(b'x');
        assert!(decode(&longer).is_none());
        for version in [0, 1, 2, 3, 4, 6] {
            let mut other_version = record.clone();
            other_version[0] = version;
            assert!(decode(&other_version).is_none(), "version {version}");
        }
    }
}
