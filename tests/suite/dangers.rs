//! The documentation of what weakens security is complete.

use std::{collections::BTreeSet, fs, path::Path};

/// The public names with `danger_` that the sources define, and not those that they mention.
fn defined(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            defined(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let definitions = text.lines().map(str::trim_start).filter(|line| line.starts_with("pub "));
            names.extend(definitions.filter_map(name_in).map(str::to_owned));
        }
    }
}

/// The name that a line defines, of a function or of a field.
fn name_in(line: &str) -> Option<&str> {
    let (before, rest) = line.split_at(line.find("danger_")?);
    let is_defined = matches!(before.trim_end(), "pub" | "pub fn" | "pub const fn");
    let end = rest.find(|character: char| !character.is_ascii_alphanumeric() && character != '_')?;
    is_defined.then(|| &rest[..end])
}

#[test]
fn every_dangerous_setting_is_in_the_list_of_the_documentation() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut names = BTreeSet::new();
    defined(&sources, &mut names);
    assert!(names.len() >= 10, "{names:?}");
    let documentation = fs::read_to_string(sources.join("lib.rs")).unwrap();
    let list = documentation.split("# What weakens security").nth(1).unwrap().split("//! # ").next().unwrap();
    let missing: Vec<_> = names.iter().filter(|name| !list.contains(&format!("::{name}"))).collect();
    assert_eq!(missing, [""; 0]);
}
