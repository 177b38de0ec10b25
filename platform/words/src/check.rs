//! For tests that hold the languages against each other and against the code that speaks.

use fluent_bundle::FluentResource;
use std::collections::BTreeSet;
use std::path::Path;

/// The keys of a file.
#[must_use]
pub fn keys(file: &str) -> BTreeSet<&str> {
    let is_key = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase());
    file.lines().filter(is_key).filter_map(|line| line.split_once(" =")).map(|it| it.0).collect()
}

/// What is put into a file's texts: what stands between braces as `$name`, by key.
#[must_use]
pub fn put_in(file: &str) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let mut key = "";
    for line in file.lines() {
        if let Some((name, _)) = line.split_once(" =")
            && line.starts_with(|c: char| c.is_ascii_lowercase())
        {
            key = name;
        }
        for part in line.split('$').skip(1) {
            let name: String =
                part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            found.insert((key.to_owned(), name));
        }
    }
    found
}

/// What is wrong with a file's form; nothing, when it can be read whole.
#[must_use]
pub fn torn(file: &str) -> Option<String> {
    let read = FluentResource::try_new(file.to_owned());
    read.err().map(|(_, errors)| format!("{errors:?}"))
}

/// All the Rust code below a folder.
///
/// # Errors
/// When a file cannot be read.
pub fn code_below(folder: &Path) -> std::io::Result<String> {
    let mut code = String::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            code += &code_below(&path)?;
        } else if path.extension().is_some_and(|it| it == "rs") {
            code += &std::fs::read_to_string(path)?;
        }
    }
    Ok(code)
}
