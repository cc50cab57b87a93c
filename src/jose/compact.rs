//! The compact serializations (RFC 7515 section 7.1, RFC 7516 section 7.1), taken apart.

use serde_json::Value;

use super::{ContentEncryption, KeyManagement, TokenFault, base64url, header::Header};

/// A token of either kind. Nothing of it has been verified.
pub(crate) enum Token<'a> {
    Signed(Jws<'a>),
    Encrypted(Jwe<'a>),
}

/// A signed token, decoded.
pub(crate) struct Jws<'a> {
    pub(crate) header: Header,
    pub(super) signing_input: &'a str,
    payload: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

/// An encrypted token, decoded.
pub(crate) struct Jwe<'a> {
    pub(super) header: Header,
    /// The encoded header, which the tag covers.
    pub(super) additional_data: &'a str,
    pub(super) encrypted_key: Vec<u8>,
    pub(super) initialization_vector: Vec<u8>,
    pub(super) ciphertext: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

impl<'a> Token<'a> {
    /// Takes a token apart that is at most `limit` bytes long. Keys that its header names are ignored.
    pub(crate) fn parse(text: &'a str, limit: usize) -> Result<Self, TokenFault> {
        if text.len() > limit {
            return Err(TokenFault::TooLarge);
        }
        // No further than to where there is one too many: a sender may write a million dots.
        let mut segments = [""; 6];
        let mut count = 0usize;
        for (place, segment) in segments.iter_mut().zip(text.split('.')) {
            *place = segment;
            count = count.saturating_add(1);
        }
        let [first, second, third, fourth, fifth, _] = segments;
        match count {
            3 => Jws::parse_segments(text, [first, second, third]).map(Self::Signed),
            5 => Jwe::parse_segments([first, second, third, fourth, fifth]).map(Self::Encrypted),
            _ => Err(TokenFault::Malformed),
        }
    }
}

impl<'a> Jws<'a> {
    /// As [`Token::parse`], for where nothing encrypted can be.
    pub(crate) fn parse_ignoring_hints(text: &'a str, limit: usize) -> Result<Self, TokenFault> {
        match Token::parse(text, limit)? {
            Token::Signed(jws) => Ok(jws),
            Token::Encrypted(_) => Err(TokenFault::Malformed),
        }
    }

    /// As [`parse_ignoring_hints`](Self::parse_ignoring_hints), for a token whose header may name no keys.
    pub(crate) fn parse(text: &'a str, limit: usize) -> Result<Self, TokenFault> {
        let jws = Self::parse_ignoring_hints(text, limit)?;
        jws.header.check_names_no_keys()?;
        Ok(jws)
    }

    /// As [`parse`](Self::parse), for a token that brings its key along in the header (`jwk`, RFC 7515 section 4.1.3).
    pub(super) fn parse_with_jwk(text: &'a str, limit: usize) -> Result<(Self, Value), TokenFault> {
        let mut jws = Self::parse_bringing("jwk", text, limit)?;
        let jwk = jws.header.brought.take().ok_or(TokenFault::Key)?;
        Ok((jws, jwk))
    }

    /// As [`parse`](Self::parse), for a token that may bring certificates along (`x5c`, RFC 7515 section 4.1.6). They are given as
    /// DER, and prove nothing.
    pub(crate) fn parse_with_certificates(text: &'a str, limit: usize) -> Result<(Self, Vec<Vec<u8>>), TokenFault> {
        let mut jws = Self::parse_bringing("x5c", text, limit)?;
        let certificates = match jws.header.brought.take() {
            None => Vec::new(),
            Some(x5c) => certificates(&x5c).ok_or(TokenFault::Malformed)?,
        };
        Ok((jws, certificates))
    }

    fn parse_bringing(member: &str, text: &'a str, limit: usize) -> Result<Self, TokenFault> {
        if text.len() > limit {
            return Err(TokenFault::TooLarge);
        }
        let mut segments = text.splitn(4, '.');
        let (Some(header), Some(payload), Some(signature), None) =
            (segments.next(), segments.next(), segments.next(), segments.next())
        else {
            return Err(TokenFault::Malformed);
        };
        Self::of_segments(text, Header::parse_with(header, member)?, [payload, signature])
    }

    fn parse_segments(text: &'a str, [header, payload, signature]: [&str; 3]) -> Result<Self, TokenFault> {
        Self::of_segments(text, Header::parse(header)?, [payload, signature])
    }

    fn of_segments(text: &'a str, header: Header, [payload, signature]: [&str; 2]) -> Result<Self, TokenFault> {
        let (signing_input, _) = text.rsplit_once('.').ok_or(TokenFault::Malformed)?;
        if header.has_any_content_type() {
            return Err(TokenFault::Type);
        }
        Ok(Self { header, signing_input, payload: decode(payload)?, signature: decode(signature)? })
    }

    /// `kid`, for looking up keys.
    pub(crate) fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// Returns `true` if it says by `kid` with which key it was signed.
    pub(crate) fn names_key(&self) -> bool {
        self.header.kid.is_some()
    }

    /// The payload as its sender claims it, for looking up the sender. Believe nothing in it.
    pub(crate) fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    pub(super) fn into_unverified_payload(self) -> Vec<u8> {
        self.payload
    }
}

impl<'a> Jwe<'a> {
    /// As [`Token::parse`], for where nothing else can be, and for a token whose header may name no keys.
    pub(super) fn parse(text: &'a str, limit: usize) -> Result<Self, TokenFault> {
        match Token::parse(text, limit)? {
            Token::Encrypted(jwe) => jwe.header.check_names_no_keys().map(|()| jwe),
            Token::Signed(_) => Err(TokenFault::Malformed),
        }
    }

    /// As [`Header::check_hints`].
    pub(crate) fn check_hints(&self, refused: bool) -> Result<(), TokenFault> {
        self.header.check_hints(refused)
    }

    /// The algorithms that the header names, if they are among these.
    pub(super) fn algorithms_among(
        &self,
        algorithms: &[KeyManagement],
        encryptions: &[ContentEncryption],
    ) -> Result<(KeyManagement, ContentEncryption), TokenFault> {
        let named @ (algorithm, encryption) = self.algorithms()?;
        let among = algorithms.contains(&algorithm) && encryptions.contains(&encryption);
        if among { Ok(named) } else { Err(TokenFault::Algorithm) }
    }

    /// The algorithms that the header names, if both exist here.
    pub(crate) fn algorithms(&self) -> Result<(KeyManagement, ContentEncryption), TokenFault> {
        let algorithm = self.header.alg.as_deref().and_then(KeyManagement::parse);
        let encryption = self.header.enc.as_deref().and_then(ContentEncryption::parse);
        algorithm.zip(encryption).ok_or(TokenFault::Algorithm)
    }

    /// As [`Header::has_type`].
    pub(crate) fn has_type(&self, types: &[&str]) -> bool {
        self.header.has_type(types)
    }

    /// Returns `true` if `cty` is absent, `JWT`, or one of these media types.
    pub(crate) fn has_content_type(&self, types: &[&str]) -> bool {
        self.header.has_content_type(types)
    }

    /// The claims of these names that the header repeats (RFC 7519 section 5.3).
    pub(crate) fn repeated(&self, names: &[&'static str]) -> Vec<(&'static str, Value)> {
        let repeated = |name: &&'static str| self.header.others.get(*name).map(|value| (*name, value.clone()));
        names.iter().filter_map(repeated).collect()
    }

    fn parse_segments([header, key, vector, ciphertext, tag]: [&'a str; 5]) -> Result<Self, TokenFault> {
        Ok(Self {
            header: Header::parse(header)?,
            additional_data: header,
            encrypted_key: decode(key)?,
            initialization_vector: decode(vector)?,
            ciphertext: decode(ciphertext)?,
            tag: decode(tag)?,
        })
    }
}

/// Base64 of the ordinary kind, unlike everything else in a token.
fn certificates(x5c: &Value) -> Option<Vec<Vec<u8>>> {
    use ::base64::{Engine as _, engine::general_purpose::STANDARD};

    let listed = x5c.as_array().filter(|listed| (1..=MAX_CERTIFICATES).contains(&listed.len()))?;
    listed.iter().map(|certificate| STANDARD.decode(certificate.as_str()?).ok()).collect()
}

/// Certificates in `x5c`.
const MAX_CERTIFICATES: usize = 8;

fn decode(segment: &str) -> Result<Vec<u8>, TokenFault> {
    base64url::decode(segment).ok_or(TokenFault::Malformed)
}
