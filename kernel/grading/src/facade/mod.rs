//! The library without what an answer may not use.
//!
//! A façade is a crate that is called `netsplit` and re-exports the real one, but for the items that an exercise forbids: under every path
//! that leads to one of them stands a private item of the same name, which goes before what a glob brings. It has no code of its own, so
//! an answer that was compiled against it runs with the library that is loaded.
//!
//! What is forbidden are names. A value of a forbidden type that another function returns can be had all the same: whoever forbids a
//! type forbids what makes it, or the module.

mod names;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use netsplit_engine::rustc;

use crate::error::GradingError;
use crate::key::Key;
use crate::workshop::Workshop;
use names::Names;

/// Changes when façades are made in another way.
const FORMAT: &str = "1";

/// The façade without these items, in the cache.
///
/// # Errors
/// If the library does not have one of them, or the cache cannot be written.
pub fn prepare(without: &[String], workshop: &mut Workshop<'_>) -> Result<PathBuf, GradingError> {
    let mut sorted = without.to_vec();
    sorted.sort();
    sorted.dedup();
    let library = workshop.library.folder().file_name().unwrap_or_default().as_encoded_bytes().to_vec();
    let key = sorted.iter().fold(Key::default().and(FORMAT).and(library), |key, it| key.and(it)).name();
    let facades = workshop.library.places.cache.join("facades");
    let path = facades.join(format!("{key}.rlib"));
    let file = |error| GradingError::file("write", &path, error);
    fs::create_dir_all(&facades).map_err(file)?;
    if path.exists() {
        return Ok(path);
    }
    let lock = File::create(facades.join("lock")).map_err(file)?;
    lock.lock().map_err(file)?;
    if !path.exists() {
        make(&sorted, &path, workshop)?;
    }
    Ok(path)
}

fn make(without: &[String], path: &Path, workshop: &mut Workshop<'_>) -> Result<(), GradingError> {
    let bench = workshop.folder("facade")?;
    let text = text(&Names::read(&workshop.library.sources())?, without)?;
    let root = bench.path().join("lib.rs");
    let built = bench.path().join("libnetsplit.rlib");
    fs::write(&root, text).map_err(|error| GradingError::file("write", &root, error))?;
    let parts = &workshop.library.parts;
    let mut compiler = rustc::begin(parts);
    compiler.args(["--crate-type=rlib", "--crate-name=netsplit", "-Cmetadata=netsplit-facade"]);
    for (_, real) in parts.crates.iter().filter(|(name, _)| name == "netsplit") {
        compiler.arg("--extern").arg(format!("real={}", real.display()));
    }
    compiler.arg("-o").arg(&built).arg(&root);
    let (is_well, diagnostics) = rustc::understood(rustc::run(&compiler, &mut workshop.programs)?);
    if !is_well {
        let reasons: Vec<String> =
            diagnostics.iter().filter(|it| it.is_error()).map(|it| it.title()).collect();
        return Err(GradingError::Library(format!("the façade does not compile: {}", reasons.join("; "))));
    }
    let file = |error| GradingError::file("write", path, error);
    let new = path.with_extension("new");
    fs::copy(&built, &new).map_err(file)?;
    fs::rename(&new, path).map_err(file)
}

/// The façade's text.
fn text(names: &Names, without: &[String]) -> Result<String, GradingError> {
    let mut root = Module::default();
    for item in without {
        let hidden = names.paths_to(item);
        if hidden.is_empty() {
            return Err(GradingError::UnknownItem(item.clone()));
        }
        for path in hidden {
            let (name, modules) = path.split_last().expect("a path has a name");
            root.at(modules).hidden.insert(name.clone());
        }
    }
    let mut text = "//! The library without what an answer may not use.\n#![allow(warnings)]\n".to_string();
    root.write(&mut Vec::new(), &mut text);
    Ok(text)
}

/// A module of the façade in which something is missing.
#[derive(Debug, Default)]
struct Module {
    hidden: BTreeSet<String>,
    modules: BTreeMap<String, Module>,
}

impl Module {
    fn at(&mut self, path: &[String]) -> &mut Module {
        match path.split_first() {
            None => self,
            Some((first, rest)) => self.modules.entry(first.clone()).or_default().at(rest),
        }
    }

    fn write(&self, path: &mut Vec<String>, text: &mut String) {
        let real: String = path.iter().map(|it| format!("::{it}")).collect();
        *text += &format!("pub use ::real{real}::*;\n");
        for name in &self.hidden {
            // It takes the name as a type and as a value.
            *text += &format!("struct {name}(());\n");
        }
        for (name, module) in self.modules.iter().filter(|(name, _)| !self.hidden.contains(*name)) {
            *text += &format!("pub mod {name} {{\n");
            path.push(name.clone());
            module.write(path, text);
            path.pop();
            *text += "}\n";
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    /// An item is hidden under each of its paths: where it is re-exported, twice, and in its own module.
    #[test]
    fn all_paths_are_hidden() {
        let text = text(&Names::read(&home()).unwrap(), &["idempotency::DedupTable".to_string()]).unwrap();
        assert_eq!(text.matches("struct DedupTable(());").count(), 3, "{text}");
        assert!(
            text.contains("pub mod idempotency {\npub use ::real::idempotency::*;\nstruct DedupTable(());"),
            "{text}"
        );
    }

    /// What the library does not have cannot be forbidden.
    #[test]
    fn unknown_items_are_told() {
        let error = text(&Names::read(&home()).unwrap(), &["idempotency::Nothing".to_string()]).unwrap_err();
        assert!(error.to_string().contains("`idempotency::Nothing`"), "{error}");
    }
}
