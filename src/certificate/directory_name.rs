//! Distinguished names: read from text (RFC 4514, and as older writers print it) or from a certificate, and compared as names
//! (`distinguishedNameMatch`, RFC 4517 section 4.2.15).

use x509_cert::{
    attr::AttributeTypeAndValue,
    der::{
        Decode as _,
        asn1::{Any, ObjectIdentifier},
    },
    name::{Name, RelativeDistinguishedName},
};

use super::{attribute, directory_string::Value};
use crate::hex;

/// Bytes of a name that is registered.
const MAX_TEXT: usize = 4096;

/// A name as it is compared: its parts in the order of certificates, the attributes of each in one order of their own.
#[derive(PartialEq, Eq)]
pub(super) struct DirectoryName(Vec<Vec<Attribute>>);

/// Type and value.
type Attribute = (ObjectIdentifier, Value);

impl DirectoryName {
    /// Returns the subject of a certificate. `None` when it holds a value that is no proper string.
    pub(super) fn read(name: &Name) -> Option<Self> {
        let attribute = |read: &AttributeTypeAndValue| Some((read.oid, Value::read(&read.value)?));
        let part = |read: &RelativeDistinguishedName| sorted(read.iter().map(attribute).collect::<Option<_>>()?);
        name.iter_rdn().map(part).collect::<Option<_>>().map(Self)
    }

    /// Reads the text of RFC 4514, in which the last part of the certificate comes first. Spaces around separators do not count.
    /// A value may also stand in double quotes, and parts may have a semicolon in between (RFC 2253 section 4).
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let mut rest = Rest(text.as_bytes());
        let (mut parts, mut part) = (Vec::new(), Vec::new());
        loop {
            part.push(rest.attribute()?);
            match rest.next() {
                Some(b'+') => {}
                Some(b',' | b';') => parts.push(sorted(std::mem::take(&mut part))?),
                None => break,
                Some(_) => return None,
            }
        }
        parts.push(sorted(part)?);
        parts.reverse();
        Some(Self(parts))
    }

    /// Returns the same parts from the other end.
    pub(super) fn reversed(mut self) -> Self {
        self.0.reverse();
        self
    }

    /// Returns `true` if the parts of the other one are these from the other end.
    pub(super) fn is_reverse_of(&self, other: &Self) -> bool {
        self.0.iter().rev().eq(&other.0)
    }
}

fn sorted(mut attributes: Vec<Attribute>) -> Option<Vec<Attribute>> {
    attributes.sort_unstable();
    (!attributes.is_empty()).then_some(attributes)
}

/// The text that is left to read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn skip_spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.next();
        }
    }

    /// `attributeTypeAndValue`, up to the separator after it.
    fn attribute(&mut self) -> Option<Attribute> {
        self.skip_spaces();
        let mut kind = String::new();
        loop {
            match self.next()? {
                b'=' => break,
                byte if byte.is_ascii_graphic() || byte == b' ' => kind.push(byte.into()),
                _ => return None,
            }
        }
        let kind = attribute::parse(kind.trim_end_matches(' '))?;
        self.skip_spaces();
        let value = match self.peek() {
            Some(b'#') => self.hex_string()?,
            Some(b'"') => self.quoted()?,
            _ => self.string()?,
        };
        (!value.is_empty()).then_some((kind, value))
    }

    /// `hexstring`: the DER of the value.
    fn hex_string(&mut self) -> Option<Value> {
        self.next();
        let mut der = Vec::new();
        while !matches!(self.peek(), None | Some(b' ' | b',' | b';' | b'+')) {
            der.push(self.hex_pair()?);
        }
        self.skip_spaces();
        Value::read(&Any::from_der(&der).ok()?)
    }

    /// `string`, with its escapes undone. Escaped or not, spaces at the ends do not count when names are compared.
    fn string(&mut self) -> Option<Value> {
        let mut bytes = Vec::new();
        while !matches!(self.peek(), None | Some(b',' | b';' | b'+')) {
            let byte = match self.next()? {
                b'\\' => self.escaped()?,
                b'"' | b'<' | b'>' => return None,
                byte => byte,
            };
            bytes.push(byte);
        }
        Value::text(std::str::from_utf8(&bytes).ok()?)
    }

    /// A value in double quotes. One inside is written `\"`, or twice as .NET prints it.
    fn quoted(&mut self) -> Option<Value> {
        self.next();
        let mut bytes = Vec::new();
        loop {
            let byte = match self.next()? {
                b'\\' => self.escaped()?,
                b'"' if self.peek() == Some(b'"') => self.next()?,
                b'"' => break,
                byte => byte,
            };
            bytes.push(byte);
        }
        self.skip_spaces();
        Value::text(std::str::from_utf8(&bytes).ok()?)
    }

    /// The byte after a backslash.
    fn escaped(&mut self) -> Option<u8> {
        match self.peek()? {
            b' ' | b'"' | b'#' | b'+' | b',' | b';' | b'<' | b'=' | b'>' | b'\\' => self.next(),
            _ => self.hex_pair(),
        }
    }

    fn hex_pair(&mut self) -> Option<u8> {
        hex::byte([self.next()?, self.next()?])
    }
}
