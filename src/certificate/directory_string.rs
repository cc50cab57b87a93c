//! Values in names, made comparable.

use x509_cert::der::{
    Encode as _, Tag, Tagged as _,
    asn1::{Any, BmpString},
};

/// A value as it is compared.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    /// A string of any type, by its letters.
    Text(String),
    /// Another value, by its DER.
    Other(Vec<u8>),
}

impl Value {
    /// Returns the value of a certificate. `None` when it is a string that holds what its type forbids, or a control
    /// character.
    pub(super) fn read(any: &Any) -> Option<Self> {
        match any.tag() {
            Tag::Utf8String => Self::text(std::str::from_utf8(any.value()).ok()?),
            Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString => {
                Self::text(ascii(any.value())?)
            }
            Tag::BmpString => Self::text(&any.decode_as::<BmpString>().ok()?.chars().collect::<String>()),
            // T.61 does not say which characters its upper half stands for.
            Tag::TeletexString if any.value().is_ascii() => Self::text(ascii(any.value())?),
            _ => any.to_der().ok().map(Self::Other),
        }
    }

    /// `caseIgnoreMatch` (RFC 4517 section 4.2.11): letters in lower case by the simple rules of Unicode, spaces at either end
    /// gone, and several in a row one. `None` for control characters.
    ///
    /// RFC 4518 folds more, and so finds more equal: composed and decomposed characters, spaces of other kinds, and
    /// characters that cannot be seen. Here these differ.
    pub(super) fn text(text: &str) -> Option<Self> {
        if text.chars().any(char::is_control) {
            return None;
        }
        let mut folded = String::with_capacity(text.len());
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            if !folded.is_empty() {
                folded.push(' ');
            }
            folded.extend(word.chars().flat_map(char::to_lowercase));
        }
        Some(Self::Text(folded))
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Text(text) if text.is_empty())
    }
}

fn ascii(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii())
}
