//! Which requirement is shown by which test.
//!
//! `tests/vectors/requirements.tsv` lists the requirements of the specifications that concern a server: pushed requests (PAR, HTTP), request
//! objects (JAR), client authentication (CA), PKCE (PK), extensions (RES, RAR, DP, ISS, VCI) and profiles (F1, F2, FM, HA, AT, ...).
//! Tests name in comments the ones that they show. This test prints the table, with the requirements that no test names, and fails
//! when a test names one that does not exist.
//!
//! `cargo test --test requirements -- --nocapture`

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

const LIST: &str = include_str!("vectors/requirements.tsv");

struct Requirement {
    id: &'static str,
    level: &'static str,
    /// Empty, or why no test of this repository can show it.
    elsewhere: &'static str,
    text: &'static str,
}

fn requirements() -> Vec<Requirement> {
    let row = |line: &'static str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let [id, level, elsewhere, text] = cells[..] else { panic!("not four cells: {line}") };
        Requirement { id, level, elsewhere, text }
    };
    LIST.lines().map(row).collect()
}

/// The files that name an identifier of the families in the list, by identifier.
fn citations(families: &BTreeSet<&str>) -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut citations: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut folders = vec![root.join("tests"), root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "node_modules" | "target" | "vectors") && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if name.ends_with(".rs") || name.ends_with(".mjs") {
                let text = fs::read_to_string(&path).unwrap();
                let file = path.strip_prefix(root).unwrap().display().to_string();
                for id in identifiers(&text, families) {
                    citations.entry(id).or_default().insert(file.clone());
                }
            }
        }
    }
    citations
}

/// `PAR-021`, and all from one to the other of `CA-032 to CA-034`.
fn identifiers(text: &str, families: &BTreeSet<&str>) -> Vec<String> {
    let mut found = Vec::new();
    for (dash, _) in text.match_indices('-') {
        let start = text[..dash].rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |before| before + 1);
        let family = text.get(start..dash).unwrap_or_default();
        let number = |at: usize| {
            let digits = text.get(at..at + 3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
            let more = text.get(at + 3..at + 4).is_some_and(|next| next.as_bytes()[0].is_ascii_digit());
            if more { None } else { digits.parse::<u16>().ok() }
        };
        let Some(first) = number(dash + 1).filter(|_| families.contains(family)) else { continue };
        let rest = text.get(dash + 4..).unwrap_or_default();
        let other_end = rest.strip_prefix(" to ").and_then(|rest| rest.strip_prefix(family)?.strip_prefix('-'));
        let last = other_end.and_then(|digits| digits.get(..3)?.parse::<u16>().ok());
        found.extend((first..=last.unwrap_or(first)).map(|number| format!("{family}-{number:03}")));
    }
    found
}

#[test]
fn every_requirement_that_a_test_names_exists_and_the_others_are_listed() {
    let requirements = requirements();
    let families: BTreeSet<&str> =
        requirements.iter().filter_map(|one| one.id.split_once('-')).map(|(family, _)| family).collect();
    let citations = citations(&families);

    println!("{:<9} {:<14} shown by", "id", "level");
    for one in requirements.iter().filter(|one| citations.contains_key(one.id)) {
        let files: Vec<&str> = citations[one.id].iter().map(String::as_str).collect();
        println!("{:<9} {:<14.14} {}", one.id, one.level, files.join(" "));
    }
    println!("\nNot to be shown here:");
    let uncited = || requirements.iter().filter(|one| !citations.contains_key(one.id));
    for one in uncited().filter(|one| !one.elsewhere.is_empty()) {
        println!("{:<9} {:<14.14} {} ({})", one.id, one.level, one.text, one.elsewhere);
    }
    println!("\nWithout a test:");
    let without: Vec<&Requirement> = uncited().filter(|one| one.elsewhere.is_empty()).collect();
    for one in &without {
        println!("{:<9} {:<14.14} {}", one.id, one.level, one.text);
    }
    let shown = requirements.iter().filter(|one| citations.contains_key(one.id)).count();
    println!("\n{} requirements, {shown} shown, {} without a test", requirements.len(), without.len());

    let known: BTreeSet<&str> = requirements.iter().map(|one| one.id).collect();
    let unknown: Vec<_> = citations.iter().filter(|(id, _)| !known.contains(id.as_str())).collect();
    assert!(unknown.is_empty(), "tests name requirements that do not exist: {unknown:?}");
}
