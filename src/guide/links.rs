//! Links between pages, of which rustdoc checks the page and not the heading.

use std::{collections::HashMap, fs, path::Path};

/// The places that a link can lead to, by page. That of the crate is called `crate`, the front page `guide`.
fn anchors(source: &Path) -> HashMap<String, Vec<String>> {
    let read = |path: &str| fs::read_to_string(source.join(path)).unwrap_or_default();
    let mut pages = vec![("crate".to_owned(), read("lib.rs")), ("guide".to_owned(), read("guide.rs"))];
    for entry in fs::read_dir(source.join("guide")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = read(&format!("guide/{name}.rs")) + &read(&format!("guide/{name}/table.md"));
            pages.push((name, text));
        }
    }
    pages.into_iter().map(|(name, text)| (name, places(&text))).collect()
}

fn places(text: &str) -> Vec<String> {
    let line = |line: &str| {
        let line = line.strip_prefix("//! ").unwrap_or(line);
        line.strip_prefix("# ").or(line.strip_prefix("## ")).map(slug)
    };
    let spans = text.split("<span id=\"").skip(1).filter_map(|rest| rest.split('"').next().map(str::to_owned));
    text.lines().filter_map(line).chain(spans).collect()
}

/// What rustdoc makes of a heading.
fn slug(heading: &str) -> String {
    let kept = |letter: char| match letter {
        ' ' => Some('-'),
        letter if letter.is_alphanumeric() || matches!(letter, '-' | '_') => Some(letter.to_ascii_lowercase()),
        _ => None,
    };
    heading.chars().filter_map(kept).collect()
}

#[test]
fn links_within_the_manual_lead_to_headings() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let anchors = anchors(&source);
    let mut seen = 0;
    for page in anchors.keys() {
        let path = match page.as_str() {
            "crate" => "lib.rs".to_owned(),
            "guide" => "guide.rs".to_owned(),
            page => format!("guide/{page}.rs"),
        };
        let text = fs::read_to_string(source.join(path)).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = ["super::", "crate::guide::", "guide::"]
                .iter()
                .fold(target, |target, prefix| target.strip_prefix(prefix).unwrap_or(target));
            let Some((name, anchor)) = target.split_once('#') else { continue };
            let name = if name.is_empty() { page } else { name };
            let Some(places) = anchors.get(name) else { continue };
            assert!(places.iter().any(|place| place == anchor), "{page} leads to {target}, which is not there");
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen} links were found");
}
