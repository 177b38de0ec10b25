//! Who may depend on whom, who may know what, and how every file begins; the offender is named.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(root().join("Cargo.toml")).exec().unwrap()
}

/// Where a crate of the house lives, which says what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Events,
    Platform,
    Projections,
    Service(String),
    Domain,
    Model,
    Binary,
    Tests,
}

fn place(package: &Package) -> Place {
    let root = root();
    let folder = package.manifest_path.parent().unwrap().as_std_path();
    let relative = folder.strip_prefix(&root).unwrap();
    let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["events"] => Place::Events,
        ["platform", _] => Place::Platform,
        ["projections"] => Place::Projections,
        ["services", "commands", "domain"] => Place::Domain,
        ["services", "scoring", "model"] => Place::Model,
        ["services", name] => Place::Service((*name).to_owned()),
        ["deploy", "ael" | "bench"] => Place::Binary,
        ["tests"] => Place::Tests,
        other => panic!("{} lives in {other:?}, where no crate belongs", package.name),
    }
}

fn may_depend(from: &Place, to: &Place) -> bool {
    match (from, to) {
        (Place::Binary | Place::Tests, _) => true,
        (_, Place::Binary | Place::Tests) | (Place::Events, _) => false,
        (_, Place::Events) => true,
        (Place::Platform, to) => *to == Place::Platform,
        (Place::Domain | Place::Model, _) => false,
        (Place::Projections, to) => *to == Place::Platform,
        // A read model is one folder with its queries: `queries` reads through them.
        (Place::Service(name), Place::Projections) => name == "queries",
        (Place::Service(name), Place::Domain) => name == "commands",
        (Place::Service(name), Place::Model) => name == "scoring",
        (Place::Service(_), to) => *to == Place::Platform,
    }
}

#[test]
fn dependencies_point_one_way() {
    let metadata = metadata();
    let house = metadata.workspace_packages();
    let mut offenders = Vec::new();
    for package in &house {
        for dependency in
            package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development)
        {
            let Some(other) = house.iter().find(|other| other.name.as_str() == dependency.name)
            else {
                continue;
            };
            if !may_depend(&place(package), &place(other)) {
                offenders.push(format!("{} must not depend on {}", package.name, other.name));
            }
        }
    }
    assert!(offenders.is_empty(), "{offenders:#?}");
}

#[test]
fn each_outside_world_has_one_door() {
    let doors: [(&str, &[&str]); 4] = [
        ("async-nats", &["ael-bus"]),
        // The yardstick of the benchmark does the same commands in-process.
        ("ael-domain", &["ael-commands", "ael-bench"]),
        ("postgres-es", &["ael-bench"]),
        (
            "sqlx",
            &[
                "ael",
                "ael-auth",
                "ael-bench",
                "ael-store",
                "ael-stack",
                "ael-queries",
                "ael-projections",
                "ael-system-tests",
            ],
        ),
    ];
    let metadata = metadata();
    let mut offenders = Vec::new();
    for package in metadata.workspace_packages() {
        for (outside, allowed) in doors {
            let uses = package
                .dependencies
                .iter()
                .any(|d| d.name == outside && d.kind != DependencyKind::Development);
            if uses && !allowed.contains(&package.name.as_str()) {
                offenders.push(format!("{} must not use {outside}", package.name));
            }
        }
    }
    assert!(offenders.is_empty(), "{offenders:#?}");
}

#[test]
fn edges_hold_no_database_client() {
    let metadata = metadata();
    let edges = ["api", "bot", "scoring", "transcription", "jobs"];
    for package in metadata.workspace_packages() {
        if let Place::Service(name) = place(package)
            && edges.contains(&name.as_str())
        {
            let names: BTreeSet<_> = package.dependencies.iter().map(|d| d.name.as_str()).collect();
            for forbidden in ["sqlx", "ael-store", "ael-projections", "ael-seal"] {
                assert!(!names.contains(forbidden), "{} must not know {forbidden}", package.name);
            }
        }
    }
}

/// What the local model may use: reading a table that is handed to it, arithmetic, and no way out.
#[test]
fn the_local_model_does_no_io() {
    let allowed = ["ael-events", "chrono", "csv", "rand", "serde", "thiserror", "toml"];
    let metadata = metadata();
    let house = metadata.workspace_packages();
    let model = house.iter().find(|package| place(package) == Place::Model).unwrap();
    for used in model.dependencies.iter().filter(|used| used.kind != DependencyKind::Development) {
        assert!(allowed.contains(&used.name.as_str()), "the model must not use {}", used.name);
    }
}

#[test]
fn every_licence_is_one_we_accept() {
    let accepted = [
        "MIT",
        "Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "Zlib",
        "Unicode-3.0",
        "Unicode-DFS-2016",
        "0BSD",
        "CC0-1.0",
        "MIT-0",
        "Unlicense",
        "BSL-1.0",
        "CDLA-Permissive-2.0",
        "MPL-2.0",
        "OpenSSL",
    ];
    let known = |licence: &str| accepted.contains(&licence.trim_matches(['(', ')', ' ']));
    let mut offenders = Vec::new();
    for package in metadata().packages {
        let licence = package.license.clone().unwrap_or_default().replace('/', " OR ");
        let fits = licence.split(" AND ").all(|part| part.split(" OR ").any(known));
        if !fits {
            offenders.push(format!("{} {}: {licence:?}", package.name, package.version));
        }
    }
    assert!(offenders.is_empty(), "{offenders:#?}");
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_file_begins_by_saying_what_it_is_for_and_stays_readable() {
    let mut found = Vec::new();
    for folder in ["events", "platform", "projections", "services", "deploy", "tests"] {
        sources(&root().join(folder), &mut found);
    }
    assert!(found.len() > 20, "the sources were not found");
    let mut offenders = Vec::new();
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        let shown = path.strip_prefix(root()).unwrap().display().to_string();
        if !text.trim_start().starts_with("//!") {
            offenders.push(format!("{shown} does not begin with a //! sentence"));
        }
        let lines = text.lines().count();
        if lines > 500 {
            offenders.push(format!("{shown} has {lines} lines: two files, or a table of contents"));
        }
        for (number, line) in text.lines().enumerate() {
            if line.chars().count() > 100 {
                offenders.push(format!("{shown}:{} is longer than 100 columns", number + 1));
            }
            let line = line.trim_start();
            if line == "#[ignore]" || line.starts_with(concat!("#[", "allow(")) {
                offenders
                    .push(format!("{shown}:{} makes an exception without a reason", number + 1));
            }
        }
    }
    assert!(offenders.is_empty(), "{offenders:#?}");
}
