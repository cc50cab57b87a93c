//! JSON of untrusted senders: duplicate members are refused (RFC 8259 leaves open which one would count), and so is nesting
//! deeper than anything legitimate.

use std::{borrow::Cow, cell::Cell, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value, value::RawValue};

/// Levels of arrays and objects, where no setting says otherwise.
pub(crate) const MAX_DEPTH: u8 = 16;

/// Members of an object that is read by [`parse_members`].
const MAX_MEMBERS: usize = 256;

/// Member names to which serde_json gives a meaning of its own when some crate in the program has switched on its features
/// `raw_value` or `arbitrary_precision`. A sender must not get at that meaning.
const PRIVATE: &str = "$serde_json::private::";
/// The one under which numbers arrive with `arbitrary_precision`.
const NUMBER: &str = "$serde_json::private::Number";

/// The reason for which a JSON text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonError {
    /// Not JSON, or JSON with a member that is there twice.
    Malformed,
    /// Nested deeper than was allowed.
    TooDeep,
}

/// Reads one JSON text of an untrusted sender. `None` if anything is wrong with it.
pub(crate) fn parse(text: &str) -> Option<Value> {
    parse_within(text, MAX_DEPTH).ok()
}

/// Reads one JSON text as [`parse`] does, with a bound for the nesting, and a reason for a refusal.
pub(crate) fn parse_within(text: &str, depth: u8) -> Result<Value, JsonError> {
    #[cfg(test)]
    crate::work::count(|work| &mut work.json);
    // Without this, a name that arrives borrowed is serde_json's own: what a sender spells with escapes arrives owned.
    if text.contains(PRIVATE) {
        return Err(JsonError::Malformed);
    }
    let too_deep = Cell::new(false);
    let strict = Strict { depth, numbers: Numbers::Borrowed, too_deep: &too_deep };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = strict.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|_| if too_deep.get() { JsonError::TooDeep } else { JsonError::Malformed })
}

/// Returns the same JSON without white space between its tokens, or `None` when a string in it has a raw control
/// character. A text that is not JSON does not become JSON: two tokens with white space between them stay apart.
pub(crate) fn compact(text: &str) -> Option<Cow<'_, str>> {
    if !text.bytes().any(|byte| byte <= b' ') {
        return Some(Cow::Borrowed(text));
    }
    let is_word = |byte: u8| !is_white_space(byte) && !b"{}[]:,\"".contains(&byte);
    let mut compact = Vec::with_capacity(text.len());
    let (mut in_string, mut escaped, mut gap) = (false, false, false);
    for byte in text.bytes() {
        if in_string {
            match byte {
                0x00..=0x1F => return None,
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
        } else if is_white_space(byte) {
            gap = true;
            continue;
        } else {
            if gap && is_word(byte) && compact.last().is_some_and(|last| is_word(*last)) {
                compact.push(b' ');
            }
            gap = false;
            in_string = byte == b'"';
        }
        compact.push(byte);
    }
    String::from_utf8(compact).ok().map(Cow::Owned)
}

fn is_white_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Reads one JSON object of an untrusted sender whose values are to be kept as they are written. `None` if anything is
/// wrong with its own members; the values have yet to be [`parse`]d.
pub(crate) fn parse_members(text: &str) -> Option<Vec<(Cow<'_, str>, &RawValue)>> {
    #[cfg(test)]
    crate::work::count(|work| &mut work.json);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let members = deserializer.deserialize_map(RawMembers).ok()?;
    deserializer.end().ok()?;
    Some(members)
}

/// Reads JSON of the host: a policy or a registration. A duplicate member is an error here as well, since it would hide
/// a setting.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    Strict { depth: MAX_DEPTH, numbers: Numbers::Any, too_deep: &Cell::new(false) }.deserialize(deserializer)
}

/// Returns `true` for `null`, `""`, `[]` and `{}`, which some writers put in place of a member that they do not have.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The bytes that a value takes as compact JSON.
pub(crate) fn printed_length(value: &Value) -> usize {
    let with_commas = |lengths: usize, items: usize| lengths.saturating_add(items.saturating_sub(1)).saturating_add(2);
    match value {
        Value::Null | Value::Bool(true) => 4,
        Value::Bool(false) => 5,
        Value::Number(number) => number.to_string().len(),
        Value::String(text) => printed_length_of_text(text),
        Value::Array(items) => {
            with_commas(items.iter().map(printed_length).fold(0, usize::saturating_add), items.len())
        }
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                printed_length_of_text(name).saturating_add(1).saturating_add(printed_length(value))
            };
            with_commas(members.iter().map(member).fold(0, usize::saturating_add), members.len())
        }
    }
}

fn printed_length_of_text(text: &str) -> usize {
    let escape = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0C => 1,
        0..0x20 => 5,
        _ => 0,
    };
    text.bytes().map(escape).fold(text.len().saturating_add(2), usize::saturating_add)
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: u8,
    numbers: Numbers,
    /// Set when the depth was exceeded: errors of serde are texts.
    too_deep: &'a Cell<bool>,
}

/// The members of the name [`NUMBER`] that are numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Numbers {
    Borrowed,
    Any,
}

impl Strict<'_> {
    fn inner<E: Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth, ..self }),
            None => {
                self.too_deep.set(true);
                Err(E::custom("nested too deep"))
            }
        }
    }

    fn is_number(self, name: Option<&Cow<'_, str>>) -> bool {
        match name {
            Some(Cow::Borrowed(name)) => *name == NUMBER,
            Some(Cow::Owned(name)) => name == NUMBER && self.numbers == Numbers::Any,
            None => false,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// A member name, with `true` if it stands in the text as it is.
struct MemberName;

impl<'de> DeserializeSeed<'de> for MemberName {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for MemberName {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

struct RawMembers;

impl<'de> Visitor<'de> for RawMembers {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut object: Self::Value = Vec::with_capacity(16);
        while let Some(name) = members.next_key_seed(MemberName)? {
            if object.len() >= MAX_MEMBERS || object.iter().any(|(other, _)| *other == name) {
                return Err(A::Error::custom("a repeated member, or too many"));
            }
            object.push((name, members.next_value()?));
        }
        Ok(object)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut name = members.next_key_seed(MemberName)?;
        if self.is_number(name.as_ref()) {
            let text: String = members.next_value()?;
            return serde_json::from_str::<Number>(&text).map(Value::Number).map_err(A::Error::custom);
        }
        let inner = self.inner()?;
        let mut object = Map::new();
        while let Some(member) = name {
            if member.starts_with(PRIVATE) {
                return Err(A::Error::custom("a reserved member"));
            }
            let value = members.next_value_seed(inner)?;
            if let Some(_twice) = object.insert(member.clone().into_owned(), value) {
                return Err(A::Error::custom(format!("{member}: is there twice")));
            }
            name = members.next_key_seed(MemberName)?;
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{JsonError, compact, parse, parse_within, printed_length};

    #[test]
    fn duplicate_members_are_refused_even_when_escaped() {
        assert!(parse(r#"{"a":1,"b":{"a":2}}"#).is_some());
        assert!(parse(r#"{"a":1,"a":1}"#).is_none());
        assert!(parse(r#"{"redirect_uri":1,"\u0072edirect_uri":2}"#).is_none());
        assert!(parse(r#"[{"a":1,"a":1}]"#).is_none());
    }

    #[test]
    fn names_that_mean_something_to_serde_json_are_refused_in_every_spelling() {
        for name in ["Number", "RawValue", "Anything"] {
            for dollar in ["$", r"\u0024"] {
                for at in [r#"{"NAME":"5"}"#, r#"[{"a":{"NAME":"5"}}]"#, r#"{"a":1,"NAME":"5"}"#] {
                    let text = at.replace("NAME", &format!("{dollar}serde_json::private::{name}"));
                    assert!(parse(&text).is_none(), "{text}");
                }
            }
        }
    }

    #[test]
    fn the_length_of_json_is_known_without_printing_it() {
        for text in [
            "null",
            "[]",
            "{}",
            "[true,false,null]",
            r#"{"a":[1,-2.5,1e300],"b":{"":""}}"#,
            r#"["\"\\\/\b\f\n\r\t\u0000\u001f\u007f ä€😀"]"#,
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(printed_length(&value), value.to_string().len(), "{text}");
        }
    }

    #[test]
    fn nesting_ends_at_sixteen() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(16)).is_some());
        assert!(parse(&nested(17)).is_none());
        assert!(parse(&nested(100_000)).is_none());
    }

    #[test]
    fn nesting_that_is_too_deep_is_told_from_what_is_no_json() {
        assert_eq!(parse_within("[[[1]]]", 2), Err(JsonError::TooDeep));
        assert_eq!(parse_within("[[1", 2), Err(JsonError::Malformed));
        assert!(parse_within("[[1]]", 2).is_ok());
    }

    #[test]
    fn compact_json_has_the_same_tokens_and_the_same_strings() {
        for (text, expected) in [
            ("{\r\n\t\"a b\" : [ 1.0e+2 , \"x \\\" y\" ]\n}", r#"{"a b":[1.0e+2,"x \" y"]}"#),
            ("{}", "{}"),
            (" [ ] ", "[]"),
            (r#"{"a\\" : 1}"#, r#"{"a\\":1}"#),
            ("1 2", "1 2"),
            ("tr\nue", "tr ue"),
        ] {
            assert_eq!(compact(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(compact("{\"a\":\"\n\"}"), None);
        assert_eq!(compact("\"\u{1}\""), None);
    }

    #[test]
    fn a_text_has_one_value_and_nothing_after_it() {
        assert!(parse("[] []").is_none());
        assert!(parse("").is_none());
        assert!(parse("{} ").is_some());
    }
}
