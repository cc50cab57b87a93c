//! A second opinion on JSON.

use std::fmt;

use serde::{
    Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::Value;

/// The members of an object, in their order. `None` when it is none, or when one of them is there twice.
pub fn members(text: &str) -> Option<Vec<(String, Value)>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let members = deserializer.deserialize_map(Unique).ok()?;
    deserializer.end().ok()?;
    Some(members)
}

/// The value of a member.
pub fn get<'a>(members: &'a [(String, Value)], name: &str) -> Option<&'a Value> {
    members.iter().find(|(other, _)| other == name).map(|(_, value)| value)
}

struct Unique;

impl<'de> Visitor<'de> for Unique {
    type Value = Vec<(String, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members: Self::Value = Vec::new();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            if get(&members, &name).is_some() {
                return Err(A::Error::custom("twice"));
            }
            members.push((name, value));
        }
        Ok(members)
    }
}
