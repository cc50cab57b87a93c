//! Code that the README shows, which is code of the examples. The manual includes whole files, and needs no test.

use std::{fs, path::Path};

#[test]
fn the_readme_shows_code_and_commands_that_are_in_the_examples_and_in_the_manual() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let readme = read("README.md");
    let blocks = |language: &str| -> Vec<String> {
        let fence = format!("```{language}\n");
        readme.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
    };
    let shown = blocks("rust,ignore");
    assert_eq!(shown.len(), 1);
    assert!(read("examples/minimal.rs").contains(&shown[0]), "README.md shows what is not in examples/minimal.rs");

    let manual = read("src/guide/getting_started.rs").replace("//! ", "");
    let commands: Vec<String> = blocks("sh").into_iter().filter(|block| block.starts_with("curl")).collect();
    assert_eq!(commands.len(), 2);
    for command in commands {
        assert!(manual.contains(&command), "README.md and the manual differ in {command}");
    }
}
