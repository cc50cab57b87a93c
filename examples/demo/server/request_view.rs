//! An authorization request as one JSON object, for clients to see what arrived: members in the order of the push.

use parjar::{AuthorizationRequest, ParameterValue};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::value::RawValue;

pub(crate) struct RequestView<'a>(pub(crate) &'a AuthorizationRequest);

impl Serialize for RequestView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parameters = self.0.parameters();
        let mut object = serializer.serialize_map(None)?;
        let mut resource_done = false;
        for (name, value) in parameters.iter_values() {
            if name == "resource" {
                if !std::mem::replace(&mut resource_done, true) {
                    object.serialize_entry(name, &parameters.get_all(name).collect::<Vec<_>>())?;
                }
                continue;
            }
            let (text, is_json) = match value {
                ParameterValue::Text(text) => (text, matches!(name, "claims" | "authorization_details")),
                ParameterValue::Json(json) => (json, true),
            };
            // Passed on as text, because a number may have more digits than a float can hold.
            match is_json.then(|| serde_json::from_str::<&RawValue>(text)) {
                Some(Ok(json)) => object.serialize_entry(name, json)?,
                _ => object.serialize_entry(name, text)?,
            }
        }
        object.end()
    }
}
