//! Writes the table of defaults and presets from the presets in the code.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::reasons::REASONS;
use crate::{
    guide::checked_in,
    jose::{ContentEncryption, KeyManagement, SigningAlgorithm},
    policy::{Policy, Profile},
};

/// The members of a policy in a file, those of its parts by their whole name.
fn members(policy: &Policy) -> Vec<(String, Value)> {
    let Ok(Value::Object(members)) = serde_json::to_value(policy) else { panic!("an object") };
    let whole = |outer: &str, inner: Map<String, Value>| -> Vec<(String, Value)> {
        inner.into_iter().map(|(name, value)| (format!("{outer}.{name}"), value)).collect()
    };
    let flat = members.into_iter().filter(|(name, _)| name != "preset").flat_map(|(name, value)| match value {
        Value::Object(inner) => whole(&name, inner),
        value => vec![(name, value)],
    });
    flat.collect()
}

fn shown(name: &str, value: &Value) -> String {
    let all = [
        (SigningAlgorithm::ALL.len(), "signing_alg"),
        (KeyManagement::ALL.len(), "encryption_alg"),
        (ContentEncryption::ALL.len(), "encryption_enc"),
    ];
    match value {
        Value::Null if name == "scopes_supported" => "any".to_owned(),
        Value::Null => "none".to_owned(),
        Value::Array(listed) if listed.is_empty() => "none".to_owned(),
        Value::Array(listed) if all.iter().any(|(number, kind)| listed.len() == *number && name.contains(kind)) => {
            "all".to_owned()
        }
        Value::Array(listed) => {
            listed.iter().filter_map(Value::as_str).map(|text| format!("`{text}`")).collect::<Vec<_>>().join(" ")
        }
        Value::String(text) => format!("`{text}`"),
        value => format!("`{value}`"),
    }
}

/// The values of other presets, with the presets that have them.
fn differing(name: &str, default: &str) -> String {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for profile in Profile::ALL {
        let members = members(&Policy::from(*profile));
        let value = members.iter().find(|(member, _)| member == name).map(|(_, value)| shown(name, value)).unwrap();
        if value == default {
            continue;
        }
        match groups.iter_mut().find(|(other, _)| *other == value) {
            Some((_, presets)) => presets.push(profile.as_str()),
            None => groups.push((value, vec![profile.as_str()])),
        }
    }
    let described = groups.into_iter().map(|(value, presets)| format!("{value}: {}", presets.join(", ")));
    described.collect::<Vec<_>>().join("; ")
}

fn link(name: &str) -> String {
    let (structure, field) = match name.split_once('.') {
        Some(("limits", field)) => ("Limits", field),
        Some((_, field)) => ("ClientAttestationPolicy", field),
        None => ("Policy", name),
    };
    format!("[`{name}`](crate::{structure}::{field})")
}

fn written() -> String {
    let mut table = "| setting, and what `oauth` has | because; and what others have |\n| --- | --- |\n".to_owned();
    let defaults = members(&Policy::oauth());
    for (name, reason) in REASONS {
        let value = defaults.iter().find(|(member, _)| member == name).map(|(_, value)| value);
        let value = shown(name, value.unwrap_or_else(|| panic!("{name} is not a setting")));
        let differing = differing(name, &value);
        let others = if differing.is_empty() { String::new() } else { format!("<br>{differing}") };
        writeln!(table, "| {}<br>{value} | {reason}{others} |", link(name)).unwrap();
    }
    table
}

#[test]
fn every_setting_has_a_reason() {
    for (name, _) in members(&Policy::oauth()) {
        assert!(
            REASONS.iter().any(|(member, _)| *member == name),
            "{name} has no reason in src/guide/policies/reasons.rs"
        );
    }
}

#[test]
fn the_table_of_presets_is_what_the_presets_have() {
    checked_in("src/guide/policies/table.md", include_str!("table.md"), &written());
}
