//! Certificates for tests: as authorities make them, and as none should. Nothing here is signed, since the library leaves chains
//! to the TLS stack.

use josekit::jwk::{
    Jwk, KeyPair,
    alg::{ec::EcKeyPair, ed::EdKeyPair, rsa::RsaKeyPair},
};

use crate::tokens::{ES256_KEY, Key};

pub(crate) const CN: &str = "2.5.4.3";
pub(crate) const C: &str = "2.5.4.6";
pub(crate) const O: &str = "2.5.4.10";
pub(crate) const OU: &str = "2.5.4.11";

pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const UTF8: u8 = 0x0C;
pub(crate) const NUMERIC: u8 = 0x12;
pub(crate) const PRINTABLE: u8 = 0x13;
pub(crate) const TELETEX: u8 = 0x14;
pub(crate) const IA5: u8 = 0x16;
pub(crate) const BMP: u8 = 0x1E;

pub(crate) const EMAIL: u8 = 0x81;
pub(crate) const DNS: u8 = 0x82;
pub(crate) const URI: u8 = 0x86;
pub(crate) const IP: u8 = 0x87;

/// `subjectAltName`
pub(crate) const ALTERNATIVE_NAMES: &str = "2.5.29.17";

/// Type, kind of string and bytes of one attribute.
pub(crate) type Attribute<'a> = (&'a str, u8, &'a [u8]);

/// Tag, length and value.
pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let value = parts.concat();
    let mut der = vec![tag];
    match value.len() {
        short @ 0..=0x7F => der.push(short as u8),
        long @ 0x80..=0xFF => der.extend([0x81, long as u8]),
        longer => der.extend([0x82, (longer >> 8) as u8, longer as u8]),
    }
    der.extend(value);
    der
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, parts)
}

pub(crate) fn oid(dotted: &str) -> Vec<u8> {
    let mut arcs = dotted.split('.').map(|arc| arc.parse::<u64>().unwrap());
    let first = arcs.next().unwrap() * 40 + arcs.next().unwrap();
    let mut bytes = Vec::new();
    for arc in std::iter::once(first).chain(arcs) {
        let groups = (0..9).rev().map(|at| arc >> (7 * at)).skip_while(|high| *high == 0).collect::<Vec<_>>();
        let last = groups.len().max(1) - 1;
        if groups.is_empty() {
            bytes.push(0);
        }
        bytes.extend(
            groups.iter().enumerate().map(|(at, group)| (*group as u8 & 0x7F) | if at < last { 0x80 } else { 0 }),
        );
    }
    tlv(0x06, &[&bytes])
}

/// A name, its parts in the order of certificates.
pub(crate) fn name(parts: &[&[Attribute<'_>]]) -> Vec<u8> {
    let part = |attributes: &&[Attribute<'_>]| {
        let attribute = |(kind, tag, value): &Attribute<'_>| sequence(&[&oid(kind), &tlv(*tag, &[value])]);
        let mut attributes: Vec<_> = attributes.iter().map(attribute).collect();
        attributes.sort();
        tlv(0x31, &attributes.iter().map(|attribute| &**attribute).collect::<Vec<_>>())
    };
    sequence(&[&parts.iter().map(part).collect::<Vec<_>>().concat()])
}

/// A certificate to be made.
pub(crate) struct Maker {
    subject: Vec<u8>,
    public_key: Vec<u8>,
    extensions: Vec<Vec<u8>>,
    serial: u8,
}

impl Maker {
    /// The subject `CN=client,O=Example,C=BR` and the key [`ES256_KEY`].
    pub(crate) fn new() -> Self {
        let subject = name(&[&[(C, PRINTABLE, b"BR")], &[(O, UTF8, b"Example")], &[(CN, UTF8, b"client")]]);
        Self { subject, public_key: public_key(&ES256_KEY), extensions: Vec::new(), serial: 1 }
    }

    pub(crate) fn subject(self, parts: &[&[Attribute<'_>]]) -> Self {
        Self { subject: name(parts), ..self }
    }

    pub(crate) fn key(self, key: &Key) -> Self {
        self.public_key(public_key(key))
    }

    /// A `SubjectPublicKeyInfo`.
    pub(crate) fn public_key(self, public_key: Vec<u8>) -> Self {
        Self { public_key, ..self }
    }

    /// Alternative names by tag and value.
    pub(crate) fn alternative_names(self, names: &[(u8, &[u8])]) -> Self {
        let names: Vec<_> = names.iter().map(|(tag, value)| tlv(*tag, &[value])).collect();
        self.extension(ALTERNATIVE_NAMES, &sequence(&[&names.concat()]))
    }

    pub(crate) fn extension(mut self, kind: &str, value: &[u8]) -> Self {
        self.extensions.push(sequence(&[&oid(kind), &tlv(0x04, &[value])]));
        self
    }

    /// Another certificate with the same contents.
    pub(crate) fn serial(self, serial: u8) -> Self {
        Self { serial, ..self }
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        let algorithm = sequence(&[&oid("1.2.840.10045.4.3.2")]);
        let issuer = name(&[&[(CN, UTF8, b"Authority")]]);
        // Over for long.
        let validity = sequence(&[&tlv(0x17, &[b"200101000000Z"]), &tlv(0x17, &[b"210101000000Z"])]);
        let extensions = tlv(0xA3, &[&sequence(&[&self.extensions.concat()])]);
        let extensions: &[u8] = if self.extensions.is_empty() { &[] } else { &extensions };
        let version = tlv(0xA0, &[&tlv(0x02, &[&[2]])]);
        let serial = tlv(0x02, &[&[self.serial]]);
        let fields: [&[u8]; 8] =
            [&version, &serial, &algorithm, &issuer, &validity, &self.subject, &self.public_key, extensions];
        sequence(&[&sequence(&fields), &algorithm, &tlv(BIT_STRING, &[&[0, 1, 2, 3]])])
    }
}

/// The `SubjectPublicKeyInfo` of a key.
pub(crate) fn public_key(key: &Key) -> Vec<u8> {
    let private = key.private();
    let jwk = Jwk::from_map(private.as_object().unwrap().clone()).unwrap();
    match private["kty"].as_str().unwrap() {
        "EC" => EcKeyPair::from_jwk(&jwk).unwrap().to_der_public_key(),
        "RSA" => RsaKeyPair::from_jwk(&jwk).unwrap().to_der_public_key(),
        _ => EdKeyPair::from_jwk(&jwk).unwrap().to_der_public_key(),
    }
}
