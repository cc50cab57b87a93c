//! What a setting must be, in words that show nothing of what it is but its type, and the allowed value that it is nearest to.

use serde_json::{Number, Value};

use crate::nearest::nearest;

/// Says that a text must be one of these.
pub(crate) fn one_of(text: &str, allowed: &[&str]) -> String {
    format!("must be {}{}", listed(allowed), hint(text, allowed))
}

/// Names the allowed value that a text was probably meant to be, to be put behind another sentence.
pub(crate) fn hint(text: &str, allowed: &[&str]) -> String {
    nearest(text, allowed.iter().copied()).map(|near| format!("; the nearest is {near}")).unwrap_or_default()
}

/// Says that a value must be `wanted`, which it is not.
pub(crate) fn instead_of(wanted: &str, value: &Value) -> String {
    match value {
        // Of the right type, so it is too large.
        Value::Number(number) if number.is_u64() && wanted.starts_with("a whole number") => {
            format!("must be {wanted}, and is too large")
        }
        Value::Array(items) if wanted.starts_with("an array of strings") => {
            match items.iter().enumerate().find(|(_, item)| !item.is_string()) {
                Some((index, item)) => {
                    let number = index.saturating_add(1);
                    format!("must be {wanted}, and number {number} is {}", type_of(item))
                }
                None => format!("must be {wanted}"),
            }
        }
        value => format!("must be {wanted}, not {}", type_of(value)),
    }
}

/// Returns the type of a value, with its article.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if is_whole(number) => "a number",
        Value::Number(_) => "a negative number or a fraction",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn is_whole(number: &Number) -> bool {
    number.is_u64()
}

fn listed(allowed: &[&str]) -> String {
    match allowed {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [others @ .., last] => format!("{} or {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{instead_of, one_of};

    #[test]
    fn a_misspelt_value_is_told_what_it_is_nearest_to() {
        for (text, allowed, expected) in [
            ("nativ", &["web", "native"][..], "must be web or native; the nearest is native"),
            ("desktop", &["web", "native"], "must be web or native"),
            ("es256", &["ES256"], "must be ES256; the nearest is ES256"),
            ("s3cret", &["a", "b", "c"], "must be a, b or c"),
        ] {
            assert_eq!(one_of(text, allowed), expected, "{text}");
        }
    }

    #[test]
    fn a_wrong_type_is_named_without_its_value() {
        for (wanted, value, expected) in [
            ("true or false", json!("true"), "must be true or false, not a string"),
            ("a string", json!(["s3cret"]), "must be a string, not an array"),
            ("a string", json!({ "s3cret": 1 }), "must be a string, not an object"),
            ("a string", json!(true), "must be a string, not true or false"),
            ("a string", json!(3), "must be a string, not a number"),
            ("a whole number", json!("3"), "must be a whole number, not a string"),
            ("a whole number", json!(-3), "must be a whole number, not a negative number or a fraction"),
            ("a whole number", json!(1.5), "must be a whole number, not a negative number or a fraction"),
            ("a whole number", json!(1e300), "must be a whole number, not a negative number or a fraction"),
            ("a whole number", json!(u64::MAX), "must be a whole number, and is too large"),
            ("an array of strings", json!("s3cret"), "must be an array of strings, not a string"),
            ("an array of strings", json!(["s", null]), "must be an array of strings, and number 2 is null"),
            ("an object", json!(null), "must be an object, not null"),
        ] {
            assert_eq!(instead_of(wanted, &value), expected);
        }
    }
}
