//! JSON that stays as it was written: every number keeps its digits, and every member its place.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// Levels that are laid out.
const DEPTH: u8 = 16;

/// `json` with a line per member or element. What is no JSON comes back as it is.
pub(crate) fn indented(json: &str) -> String {
    let laid_out = serde_json::from_str(json).and_then(|json| serde_json::to_string_pretty(&Indented(json, DEPTH)));
    laid_out.unwrap_or_else(|_| json.to_owned())
}

struct Indented<'a>(&'a RawValue, u8);

impl Serialize for Indented<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(json, depth) = *self;
        let Some(depth) = depth.checked_sub(1) else { return json.serialize(serializer) };
        if let Ok(Object(members)) = serde_json::from_str(json.get()) {
            serializer.collect_map(members.into_iter().map(|(name, value)| (name, Indented(value, depth))))
        } else if let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(json.get()) {
            serializer.collect_seq(elements.into_iter().map(|element| Indented(element, depth)))
        } else {
            json.serialize(serializer)
        }
    }
}

/// The members of an object, each a part of the text that was read. A name that comes twice is refused, where serde_json would silently
/// take the last one.
pub(crate) struct Object<'a>(pub(crate) Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Object<'de>, A::Error> {
        let (mut members, mut names) = (Vec::new(), HashSet::new());
        while let Some((name, value)) = access.next_entry::<String, &RawValue>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format_args!("{name}: is there twice")));
            }
            members.push((name, value));
        }
        Ok(Object(members))
    }
}
