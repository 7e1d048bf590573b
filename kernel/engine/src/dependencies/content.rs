//! What is in crates that come from folders: their content is part of what a set is, and of what its types are.
//!
//! Cargo tells two builds of a folder apart by time stamps, and gives their types the same identity. In a notebook, where
//! values live on, types of changed code must be other types, so each of these crates gets an identity made of its files.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::reasons;
use super::request::Request;
use crate::cargo::{self, Starter};
use crate::failure::Failure;

/// A crate that comes from a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathCrate {
    /// Its folder, which is absolute.
    pub folder: PathBuf,
    /// What it is called, as a package and as a crate.
    pub names: Vec<String>,
    /// Changes with its files and those of the folders that it depends on.
    pub identity: String,
}

/// A package, as cargo reads its manifest.
struct Manifest {
    package: Value,
    /// The folders that it depends on.
    folders: Vec<PathBuf>,
}

/// Reads the crates that these requests find in folders, with all that those depend on.
pub fn read(
    requests: &[Request],
    program: &Path,
    starter: &mut Starter<'_, '_>,
) -> Result<Vec<PathCrate>, Failure> {
    let mut manifests: BTreeMap<PathBuf, Manifest> = BTreeMap::new();
    for request in requests {
        let Some(folder) = request.path() else { continue };
        collect(folder, request, program, starter, &mut manifests)?;
        reasons::check_folder(request, &manifests[folder].package)?;
    }
    let mut contents = BTreeMap::new();
    for folder in manifests.keys() {
        let content = content(folder).map_err(|error| reasons::unreadable(folder, &error))?;
        contents.insert(folder.clone(), content);
    }
    let crates = manifests.iter().map(|(folder, manifest)| PathCrate {
        folder: folder.clone(),
        names: names(&manifest.package),
        identity: identity(folder, &manifests, &contents),
    });
    Ok(crates.collect())
}

fn collect(
    folder: &Path,
    request: &Request,
    program: &Path,
    starter: &mut Starter<'_, '_>,
    manifests: &mut BTreeMap<PathBuf, Manifest>,
) -> Result<(), Failure> {
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        if manifests.contains_key(&folder) {
            continue;
        }
        let file = folder.join("Cargo.toml");
        if !file.exists() {
            return Err(reasons::no_manifest(request, &folder));
        }
        let mut command = cargo::command(program, &file, "metadata");
        command.args(["--no-deps", "--offline", "--format-version", "1"]);
        let ran = cargo::run(&mut command, starter, &mut |_| {}).map_err(reasons::no_cargo)?;
        if starter.is_interrupted() {
            return Err(reasons::interrupted());
        }
        if !ran.is_well {
            return Err(reasons::unresolved(&ran.said, std::slice::from_ref(request)));
        }
        let packages = ran.messages.first().and_then(|it| it["packages"].as_array()).cloned();
        let is_it =
            |package: &Value| package["manifest_path"].as_str().is_some_and(|it| Path::new(it) == file);
        let Some(package) = packages.unwrap_or_default().into_iter().find(is_it) else {
            return Err(reasons::no_package(request, &folder));
        };
        let folders = folders_of(&package);
        waiting.extend(folders.iter().cloned());
        manifests.insert(folder, Manifest { package, folders });
    }
    Ok(())
}

/// The folders that a package needs to be built.
fn folders_of(package: &Value) -> Vec<PathBuf> {
    let all = package["dependencies"].as_array().cloned().unwrap_or_default();
    let needed = all.iter().filter(|it| it["kind"] != "dev").filter_map(|it| it["path"].as_str());
    let mut folders: Vec<PathBuf> =
        needed.map(|it| fs::canonicalize(it).unwrap_or_else(|_| PathBuf::from(it))).collect();
    folders.sort();
    folders.dedup();
    folders
}

fn names(package: &Value) -> Vec<String> {
    let targets = package["targets"].as_array().cloned().unwrap_or_default();
    let named = targets.iter().chain([package]).filter_map(|it| it["name"].as_str());
    let mut names: Vec<String> = named.map(|it| it.replace('-', "_")).collect();
    names.sort();
    names.dedup();
    names
}

/// A hash of all files in the folder that may take part in a build.
fn content(folder: &Path) -> io::Result<String> {
    let mut paths = Vec::new();
    list(folder, &mut paths)?;
    paths.sort();
    let mut hash = Sha256::new();
    for path in paths {
        let relative = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        let text = fs::read(&path)?;
        for part in [relative.as_bytes(), &text] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    Ok(hex(hash))
}

fn list(folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // What cargo builds is marked so by cargo, whatever it is called.
        let is_left_out = name.starts_with('.') || name == "Cargo.lock" || name == "target";
        let path = entry.path();
        if is_left_out || path.join("CACHEDIR.TAG").exists() {
            continue;
        }
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() && !entry.file_type()?.is_symlink() => list(&path, paths)?,
            Ok(found) if found.is_file() => paths.push(path),
            // Links that lead nowhere, pipes, ..
            _ => {}
        }
    }
    Ok(())
}

fn identity(
    folder: &Path,
    manifests: &BTreeMap<PathBuf, Manifest>,
    contents: &BTreeMap<PathBuf, String>,
) -> String {
    let mut reached = vec![folder.to_path_buf()];
    let mut next = 0;
    while let Some(folder) = reached.get(next).cloned() {
        next += 1;
        let more = manifests.get(&folder).map(|it| it.folders.clone()).unwrap_or_default();
        more.into_iter().for_each(|it| {
            if !reached.contains(&it) {
                reached.push(it)
            }
        });
    }
    // The crate itself goes first, the others in order.
    reached[1..].sort();
    let mut hash = Sha256::new();
    for folder in reached {
        hash.update(folder.to_string_lossy().as_bytes());
        hash.update(contents.get(&folder).map(String::as_bytes).unwrap_or_default());
    }
    hex(hash)
}

/// The first half of a hash: enough that nobody meets two of the same.
pub fn hex(hash: Sha256) -> String {
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
