//! An authorization request as one JSON object, for clients to see what arrived: members in the order of the push.

use parjar::AuthorizationRequest;
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::value::RawValue;

pub(crate) struct RequestView<'a>(pub(crate) &'a AuthorizationRequest);

impl Serialize for RequestView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parameters = self.0.parameters();
        let mut object = serializer.serialize_map(None)?;
        let mut resource_done = false;
        for (name, value) in parameters.iter() {
            match name {
                "resource" if resource_done => {}
                "resource" => {
                    object.serialize_entry(name, &parameters.get_all(name).collect::<Vec<_>>())?;
                    resource_done = true;
                }
                // Passed on as text, because a number may have more digits than a float can hold.
                "claims" | "authorization_details" => match serde_json::from_str::<&RawValue>(value) {
                    Ok(json) => object.serialize_entry(name, json)?,
                    Err(_) => object.serialize_entry(name, value)?,
                },
                _ => object.serialize_entry(name, value)?,
            }
        }
        object.end()
    }
}
