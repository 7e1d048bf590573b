//! The cargo project that a set is built from: one crate, a shared library, that re-exports what the notebook asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::content::PathCrate;
use super::request::Request;
use crate::library::{Library, Package};

/// The names of dependencies that nobody asked for begin so.
pub const PIN: &str = "netsplit_pin_";

/// A project, in its folder.
pub struct Project<'a> {
    /// Where it is.
    pub folder: PathBuf,
    /// What its crate is called.
    pub name: String,
    /// What it re-exports.
    pub requests: &'a [Request],
    /// The set before, on top of which it is built: its crate.
    pub base: Option<String>,
}

impl Project<'_> {
    /// Its manifest.
    pub fn manifest(&self) -> PathBuf {
        self.folder.join("Cargo.toml")
    }

    /// Writes it. These crates of the library are asked for with the features that they have there, so that cargo comes to
    /// the same crates; `versions` are those that requests have led to, as far as that is known.
    pub fn write(
        &self,
        library: &Library,
        pins: &[&Package],
        versions: &BTreeMap<String, String>,
    ) -> io::Result<()> {
        fs::create_dir_all(self.folder.join("src"))?;
        let mut package = Table::new();
        package.insert("name".to_string(), self.name.as_str().into());
        package.insert("version".to_string(), "0.0.0".into());
        package.insert("edition".to_string(), "2024".into());
        let kinds = Value::Array(vec!["dylib".into()]);
        let lib = Table::from_iter([("crate-type".to_string(), kinds)]);
        let mut dependencies = Table::new();
        let mut of_compiler = Table::new();
        for request in self.requests {
            dependencies.insert(manifest_name(request).to_string(), Value::Table(request.requirement()));
        }
        for pin in pins {
            let leads_here = |it: &&Request| {
                it.package == pin.name && versions.get(&it.name) == Some(&pin.version) && it.place.is_empty()
            };
            let table = if pin.is_of_compiler { &mut of_compiler } else { &mut dependencies };
            // A crate must not go by two names in one manifest.
            match self.requests.iter().find(leads_here) {
                Some(request) => {
                    let name = manifest_name(request).to_string();
                    let wanted = table.entry(name).or_insert_with(|| Value::Table(request.requirement()));
                    add_features(wanted, pin);
                }
                None => {
                    let name = format!("{PIN}{}_{}", pin.name, pin.version);
                    let name = name.replace(|it: char| !it.is_ascii_alphanumeric(), "_");
                    table.insert(name, Value::Table(pinned(pin)));
                }
            }
        }
        let parts = [
            ("package", package),
            ("lib", lib),
            // It is nobody's member, whatever lies above it.
            ("workspace", Table::new()),
            ("dependencies", dependencies),
            // There is no build script, so these are not built, but they count for what is common.
            ("build-dependencies", of_compiler),
            ("profile", profile(library)?),
        ];
        let manifest = Table::from_iter(parts.map(|(key, table)| (key.to_string(), Value::Table(table))));
        let manifest = toml::to_string(&manifest).map_err(io::Error::other)?;
        fs::write(self.manifest(), manifest)?;
        self.write_root([].into_iter())
    }

    /// Writes its code, which re-exports these crates.
    pub fn write_root<'b>(&self, names: impl Iterator<Item = &'b str>) -> io::Result<()> {
        // What the runtime and the set before have in them is taken from there, and not linked again.
        let below = ["netsplit_runtime"].into_iter().chain(self.base.as_deref());
        let below: String = below.map(|name| format!("extern crate {name} as _;\n")).collect();
        let asked: String = names.map(|name| format!("pub extern crate {name};\n")).collect();
        fs::write(self.folder.join("src/lib.rs"), format!("//! The crates of a notebook.\n{below}{asked}"))
    }

    /// Puts a lock file in place, whose versions are kept where they fit; none takes it away.
    pub fn lock(&self, from: Option<&Path>) -> io::Result<()> {
        let lock = self.folder.join("Cargo.lock");
        match from {
            Some(from) => fs::write(lock, fs::read(from)?),
            None if lock.exists() => fs::remove_file(lock),
            None => Ok(()),
        }
    }

    /// Writes the program that stands before the compiler and tells it what is in crates that come from folders. None where
    /// there are none.
    pub fn write_wrapper(&self, crates: &[PathCrate]) -> io::Result<Option<PathBuf>> {
        if crates.is_empty() {
            return Ok(None);
        }
        let path = self.folder.join("rustc.sh");
        let quoted = |folder: &Path| format!("'{}'", folder.display().to_string().replace('\'', r"'\''"));
        let cases = crates
            .iter()
            .map(|it| format!("{}) set -- \"$@\" -Cmetadata={} ;;\n", quoted(&it.folder), it.identity));
        let text = format!(
            "#!/bin/sh\n# Crates of changed code are other crates.\ncase \"$CARGO_MANIFEST_DIR\" in\n{}esac\nexec \"$@\"\n",
            cases.collect::<String>()
        );
        fs::write(&path, text)?;
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        Ok(Some(path))
    }
}

/// What a manifest calls a request: by the package's name unless it gives another.
fn manifest_name(request: &Request) -> &str {
    if request.is_renamed() { &request.name } else { &request.package }
}

/// Adds the features that a crate has in the library to what is asked of it.
fn add_features(wanted: &mut Value, pin: &Package) {
    let Some(table) = wanted.as_table_mut() else { return };
    let features = table.entry("features").or_insert_with(|| Value::Array(Vec::new()));
    if let Some(features) = features.as_array_mut() {
        features.extend(pin.features.iter().map(|it| Value::from(it.as_str())));
    }
}

fn pinned(package: &Package) -> Table {
    let mut table = Table::new();
    table.insert("package".to_string(), package.name.as_str().into());
    table.insert("version".to_string(), format!("={}", package.version).into());
    table.insert("default-features".to_string(), false.into());
    let features = package.features.iter().map(|it| Value::from(it.as_str())).collect();
    table.insert("features".to_string(), Value::Array(features));
    table
}

/// The library's profile, without what it says of its own crates.
fn profile(library: &Library) -> io::Result<Table> {
    let manifest = fs::read_to_string(library.sources().join("Cargo.toml"))?;
    let mut manifest: Table = manifest.parse().map_err(io::Error::other)?;
    let mut profiles = Table::new();
    if let Some(Value::Table(all)) = manifest.get_mut("profile")
        && let Some(Value::Table(mut release)) = all.remove("release")
    {
        release.remove("package");
        profiles.insert("release".to_string(), Value::Table(release));
    }
    Ok(profiles)
}

/// The crates of the library that take part in making the ones that are given by name and version: themselves, and what they
/// depend on.
pub fn pins<'a>(library: &'a Library, used: &BTreeSet<(String, String)>) -> Vec<&'a Package> {
    let lock = fs::read_to_string(library.sources().join("Cargo.lock")).unwrap_or_default();
    let lock: Table = lock.parse().unwrap_or_default();
    let locked = lock.get("package").and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |it: &Value, key: &str| it.get(key).and_then(Value::as_str).unwrap_or_default().to_string();
    let mut reached = used.clone();
    let mut waiting: Vec<(String, String)> = used.iter().cloned().collect();
    while let Some((name, version)) = waiting.pop() {
        let is_it = |it: &&Value| text(it, "name") == name && text(it, "version") == version;
        let known = library.parts.packages.iter().any(|it| it.name == name && it.version == version);
        let entry = locked.iter().find(is_it).filter(|_| known);
        let needs = entry.and_then(|it| it.get("dependencies")?.as_array().cloned()).unwrap_or_default();
        for need in needs.iter().filter_map(Value::as_str) {
            // "syn 2.0.1" where there are several, else "syn".
            let mut words = need.split(' ');
            let (name, version) = (words.next().unwrap_or_default(), words.next());
            let fits = |it: &&Value| {
                text(it, "name") == name && version.is_none_or(|that| text(it, "version") == that)
            };
            if let Some(found) = locked.iter().find(fits) {
                let found = (text(found, "name"), text(found, "version"));
                if reached.insert(found.clone()) {
                    waiting.push(found);
                }
            }
        }
    }
    let is_reached = |it: &&Package| reached.contains(&(it.name.clone(), it.version.clone()));
    library.parts.packages.iter().filter(is_reached).collect()
}
