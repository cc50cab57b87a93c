//! JSON of untrusted senders: duplicate members are refused (RFC 8259 leaves open which one would count), and so is nesting
//! deeper than anything legitimate.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

/// How deep arrays and objects may nest.
pub(crate) const MAX_DEPTH: u8 = 16;

/// Reads one JSON text. `None` for anything wrong with it.
pub(crate) fn parse(text: &str) -> Option<Value> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Check { depth: MAX_DEPTH }.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    // Read again by serde_json itself: only it knows how numbers arrive when some crate has switched on arbitrary precision.
    serde_json::from_str(text).ok()
}

/// Walks through a text without keeping it.
#[derive(Clone, Copy)]
struct Check {
    depth: u8,
}

impl Check {
    fn inner<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("nested too deep"))?;
        Ok(Self { depth })
    }
}

impl<'de> DeserializeSeed<'de> for Check {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Check {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        let mut names = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            members.next_value_seed(inner)?;
            if !names.insert(name) {
                return Err(A::Error::custom("a duplicate member"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn duplicate_members_are_refused_even_when_escaped() {
        assert!(parse(r#"{"a":1,"b":{"a":2}}"#).is_some());
        assert!(parse(r#"{"a":1,"a":1}"#).is_none());
        assert!(parse(r#"{"redirect_uri":1,"\u0072edirect_uri":2}"#).is_none());
        assert!(parse(r#"[{"a":1,"a":1}]"#).is_none());
    }

    #[test]
    fn nesting_ends_at_sixteen() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(16)).is_some());
        assert!(parse(&nested(17)).is_none());
        assert!(parse(&nested(100_000)).is_none());
    }

    #[test]
    fn a_text_has_one_value_and_nothing_after_it() {
        assert!(parse("[] []").is_none());
        assert!(parse("").is_none());
        assert!(parse("{} ").is_some());
    }
}
