//! An object in a file, and where each of its members is, for errors.

use std::fmt;

use serde_json::{Map, Value, value::RawValue};

use super::start_error::StartError;
use crate::demo::http::json_text::Object;

pub(crate) struct Members<'a> {
    text: &'a str,
    members: Object<'a>,
}

impl<'a> Members<'a> {
    /// Reads an object. The problem is told without values, which serde_json would show for one of the wrong type.
    pub(crate) fn parse(text: &'a str, place: impl fmt::Display) -> Result<Self, StartError> {
        let members = serde_json::from_str(text).map_err(|error: serde_json::Error| {
            let message = error.to_string();
            let message = message.rsplit_once(" at line ").map_or(&*message, |(message, _)| message);
            let problem = match message {
                problem if error.is_data() && text.trim_start().starts_with('{') => problem.to_owned(),
                _ if error.is_data() => "must be a JSON object".to_owned(),
                problem => format!("is not JSON: {problem}"),
            };
            StartError::new(&place, problem).at(rest_of(text, error.line(), error.column()))
        })?;
        Ok(Self { text, members })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.members.0.iter().map(|(name, value)| (name.as_str(), *value))
    }

    pub(crate) fn get(&self, wanted: &str) -> Option<&'a RawValue> {
        self.iter().find_map(|(name, value)| (name == wanted).then_some(value))
    }

    /// The text of a member, or of one of a member as `outer.inner`; where it is not there, that of the object.
    pub(crate) fn part(&self, path: &str) -> &'a str {
        let (outer, inner) = path.split_once('.').unwrap_or((path, ""));
        match self.get(outer) {
            None => self.text,
            Some(value) => match Members::parse(value.get(), "") {
                Ok(members) if !inner.is_empty() => members.part(inner),
                _ => value.get(),
            },
        }
    }

    /// The value of a member that is a string.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// Refuses all names but these.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), StartError> {
        match self.iter().find(|(name, _)| !known.contains(name)) {
            None => Ok(()),
            Some((name, value)) => {
                let problem = format_args!("is no member here; there can be {}", known.join(", "));
                Err(StartError::new(name, problem).at(value.get()))
            }
        }
    }

    pub(crate) fn to_map(&self) -> Result<Map<String, Value>, StartError> {
        let value = |name: &str, value: &RawValue| {
            serde_json::from_str(value.get()).map_err(|_| StartError::new(name, "is not usable JSON").at(value.get()))
        };
        self.iter().map(|(name, raw)| Ok((name.to_owned(), value(name, raw)?))).collect()
    }
}

/// The elements of an array, each as its own text.
pub(crate) fn elements(raw: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(raw.get()).ok()
}

/// The text from a line and a column on, as serde_json counts them: from 1, and in bytes. A column may be 0.
fn rest_of(text: &str, line: usize, column: usize) -> &str {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    text.get(start.saturating_add(column.saturating_sub(1))..).unwrap_or_default()
}
