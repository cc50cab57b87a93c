//! A JSON object that keeps each member as its own text and refuses a name that comes twice, where serde_json would silently
//! take the last one.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

use super::start_error::StartError;

pub(crate) struct Members(Vec<(String, Box<RawValue>)>);

impl Members {
    /// Reads an object. The problem is told without values, which serde_json would show for one of the wrong type.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error: serde_json::Error| {
            let message = error.to_string();
            match message.rsplit_once(" at line ") {
                Some((problem, _)) if error.is_data() && text.trim_start().starts_with('{') => problem.to_owned(),
                _ if error.is_data() => "must be a JSON object".to_owned(),
                _ => format!("is not JSON: {message}"),
            }
        })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), &**value))
    }

    pub(crate) fn get(&self, wanted: &str) -> Option<&RawValue> {
        self.iter().find_map(|(name, value)| (name == wanted).then_some(value))
    }

    /// The value of a member that is a string.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// Refuses all names but these.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), StartError> {
        match self.iter().find(|(name, _)| !known.contains(name)) {
            None => Ok(()),
            Some((name, _)) => Err(StartError::new(name, "is not a member of the configuration")),
        }
    }

    pub(crate) fn to_map(&self) -> Result<Map<String, Value>, StartError> {
        let value = |name: &str, value: &RawValue| {
            serde_json::from_str(value.get()).map_err(|_| StartError::new(name, "is not usable JSON"))
        };
        self.iter().map(|(name, raw)| Ok((name.to_owned(), value(name, raw)?))).collect()
    }
}

/// The elements of an array, each as its own text.
pub(crate) fn elements(raw: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(raw.get()).ok()
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Members, A::Error> {
        let mut members: Vec<(String, Box<RawValue>)> = Vec::new();
        while let Some((name, value)) = access.next_entry::<String, Box<RawValue>>()? {
            if members.iter().any(|(earlier, _)| *earlier == name) {
                return Err(A::Error::custom(format_args!("{name}: is there twice")));
            }
            members.push((name, value));
        }
        Ok(Members(members))
    }
}
