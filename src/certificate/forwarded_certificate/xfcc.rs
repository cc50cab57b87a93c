//! `X-Forwarded-Client-Cert` of Envoy: elements with commas in between, of pairs with semicolons in between, whose values may
//! stand in double quotes.
//!
//! Envoy writes alternative names of the certificate without quotes, and they are the client's own text. It writes them last: a
//! certificate after them, which a client could have made up, counts only if it has the digest that Envoy gave before.

use sha2::{Digest as _, Sha256};

use super::{ClientCertHeaderError, pem};
use crate::hex;

/// The members of an element that count.
#[derive(Default)]
struct Element {
    /// SHA-256 of the certificate, in hexadecimal digits.
    hash: Option<Vec<u8>>,
    /// PEM, percent-encoded.
    cert: Option<Vec<u8>>,
    chain: Option<Vec<u8>>,
    /// `true` if a certificate came after an alternative name.
    certificate_after_names: bool,
}

/// Returns the DER of the certificate in a header of one element.
pub(super) fn certificate(header: &[u8]) -> Result<Vec<u8>, ClientCertHeaderError> {
    Element::only_one_of(header)?.certificate().ok_or(ClientCertHeaderError::Malformed)
}

impl Element {
    fn only_one_of(header: &[u8]) -> Result<Self, ClientCertHeaderError> {
        let (mut element, mut names) = (Self::default(), false);
        let mut rest = header;
        loop {
            let (key, value) = take_pair(&mut rest).ok_or(ClientCertHeaderError::Malformed)?;
            let is = |name: &str| key.eq_ignore_ascii_case(name.as_bytes());
            let mut other = None;
            let place = match () {
                () if is("hash") && !names => &mut element.hash,
                () if is("cert") => &mut element.cert,
                () if is("chain") => &mut element.chain,
                () => &mut other,
            };
            if place.replace(value).is_some() {
                return Err(ClientCertHeaderError::Malformed);
            }
            names |= is("uri") || is("dns");
            element.certificate_after_names |= names && (is("cert") || is("chain"));
            match rest.split_first() {
                None => return Ok(element),
                Some((b';', pairs)) => rest = pairs,
                Some((b',', _)) => return Err(ClientCertHeaderError::SeveralHops),
                Some(_) => return Err(ClientCertHeaderError::Malformed),
            }
        }
    }

    fn certificate(self) -> Option<Vec<u8>> {
        let of_chain = self.chain.map(|chain| pem::first(&chain).ok_or(()));
        let leaf = match (self.cert.map(|cert| pem::only(&cert).ok_or(())), of_chain) {
            (Some(Ok(cert)), Some(Ok(leaf))) if cert == leaf => cert,
            (Some(Ok(leaf)), None) | (None, Some(Ok(leaf))) => leaf,
            _ => return None,
        };
        let digest = hex::encode(&Sha256::digest(&leaf).into());
        let is_announced = self.hash.is_some_and(|hash| hash.eq_ignore_ascii_case(&digest));
        (is_announced || !self.certificate_after_names).then_some(leaf)
    }
}

/// Takes the pair at the front, up to the separator after it.
fn take_pair<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8], Vec<u8>)> {
    let end = rest.iter().position(|byte| matches!(byte, b'=' | b';' | b',' | b'"'))?;
    let (key, text) = rest.split_at_checked(end).filter(|(key, _)| !key.is_empty())?;
    let mut text = text.strip_prefix(b"=")?.iter();
    let mut value = Vec::new();
    if text.as_slice().starts_with(b"\"") {
        text.next();
        loop {
            match text.next()? {
                b'"' => break,
                b'\\' => value.push(*text.next()?),
                byte => value.push(*byte),
            }
        }
    } else {
        let length = text.as_slice().iter().take_while(|byte| !matches!(byte, b';' | b',' | b'"')).count();
        value.extend(text.by_ref().take(length));
    }
    *rest = text.as_slice();
    Some((key, value))
}
