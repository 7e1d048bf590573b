//! What a `:dep` line asks for, in the words of a Cargo.toml.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// The forms that a `:dep` line may have, for whoever wrote another.
pub const FORMS: [&str; 6] = [
    r#"  :dep rand = "0.9""#,
    r#"  :dep itertools                                     any version"#,
    r#"  :dep regex = { version = "1", features = ["std"], default-features = false }"#,
    r#"  :dep foo = { path = "../foo" }                     relative to the notebook's folder"#,
    r#"  :dep foo = { git = "https://..", branch = ".." }   or tag, or rev"#,
    r#"  :dep bar = { package = "foo", version = "1" }      another name for it"#,
];

/// Keys that say where a crate comes from, besides its version.
const PLACES: [&str; 6] = ["path", "git", "branch", "tag", "rev", "registry"];
/// Names that the language or the notebook has taken.
const TAKEN: [&str; 10] =
    ["std", "core", "alloc", "proc_macro", "test", "cells", "crate", "self", "super", "netsplit_runtime"];

/// A crate that a notebook asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Request {
    /// What cells call it.
    pub name: String,
    /// What it calls itself.
    pub package: String,
    /// The versions that will do.
    pub version: String,
    /// Where it comes from, if not from the registry: `path`, which is absolute, `git`, `branch`, ..
    pub place: BTreeMap<String, String>,
    /// The features that it must have, in order.
    pub features: Vec<String>,
    /// Whether it has its default features.
    pub default_features: bool,
}

impl Request {
    /// Reads what stands behind `:dep`. Relative paths begin in `folder`. The error is one line.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("expected the name of a crate behind `:dep`".to_string());
        }
        if !text.contains('=') {
            return Self::from_parts(text, &Value::from("*"), folder);
        }
        // A comment as in the cell's Rust; Cargo's own, `#`, is known to the parser.
        let without_comment = text.rsplit_once(" //").map_or(text, |(before, _)| before);
        let table: Table = text
            .parse()
            .or_else(|error| without_comment.parse().map_err(|_: toml::de::Error| error))
            .map_err(|error: toml::de::Error| {
                format!("`:dep {text}` cannot be read: {}", in_one_line(error.message()))
            })?;
        let mut entries = table.iter();
        match (entries.next(), entries.next()) {
            (Some((name, value)), None) => Self::from_parts(name, value, folder),
            _ => Err(format!("expected one crate in `:dep {text}`; write a line for each")),
        }
    }

    fn from_parts(name: &str, value: &Value, folder: &Path) -> Result<Self, String> {
        let is_part = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '-';
        let extern_name = name.replace('-', "_");
        if !name.starts_with(|it: char| it.is_ascii_alphabetic()) || !name.chars().all(is_part) {
            return Err(format!("expected the name of a crate, letters, digits, `-` and `_`, got `{name}`"));
        }
        if TAKEN.contains(&extern_name.as_str()) || syn::parse_str::<syn::Ident>(&extern_name).is_err() {
            return Err(format!(
                "the name `{name}` is taken; give the crate another: `:dep my_{extern_name} = {{ package = \"{name}\", .. }}`"
            ));
        }
        let mut request = Self {
            name: extern_name,
            package: name.to_string(),
            version: "*".to_string(),
            place: BTreeMap::new(),
            features: Vec::new(),
            default_features: true,
        };
        match value {
            Value::String(version) => request.version = version.trim().to_string(),
            Value::Table(table) => {
                for (key, value) in table {
                    request.set(key, value, folder)?;
                }
            }
            other => return Err(format!("expected a version in quotes, or `{{ .. }}`, got `{other}`")),
        }
        request.check_version()?;
        Ok(request)
    }

    fn set(&mut self, key: &str, value: &Value, folder: &Path) -> Result<(), String> {
        let text = || {
            let text = value.as_str().map(|it| it.trim().to_string());
            text.ok_or_else(|| format!("expected a text in quotes for `{key}`, got `{value}`"))
        };
        match key {
            "version" => self.version = text()?,
            "package" => self.package = text()?,
            "path" => {
                let path = folder.join(text()?);
                // What is not there is told of by whoever looks into it.
                let path = std::fs::canonicalize(&path).unwrap_or(path);
                self.place.insert(key.to_string(), path.display().to_string());
            }
            key if PLACES.contains(&key) => {
                self.place.insert(key.to_string(), text()?);
            }
            "features" => {
                let features = value.as_array().and_then(|them| {
                    them.iter().map(|it| it.as_str().map(str::to_string)).collect::<Option<Vec<_>>>()
                });
                let expected = || format!("expected features as in `features = [\"std\"]`, got `{value}`");
                self.features = features.ok_or_else(expected)?;
                self.features.sort();
                self.features.dedup();
            }
            "default-features" | "default_features" => {
                let is_on = value.as_bool();
                self.default_features =
                    is_on.ok_or_else(|| format!("expected true or false for `{key}`, got `{value}`"))?;
            }
            other => {
                return Err(format!(
                    "expected version, features, default-features, package, {}, got `{other}`",
                    PLACES.join(", ")
                ));
            }
        }
        Ok(())
    }

    fn check_version(&self) -> Result<(), String> {
        match semver::VersionReq::parse(&self.version) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!(
                "expected a version as in `{} = \"1.2\"`, got \"{}\": {error}",
                self.name, self.version
            )),
        }
    }

    /// The folder that it comes from, if it does.
    pub fn path(&self) -> Option<&Path> {
        self.place.get("path").map(Path::new)
    }

    /// Whether cells call it by another name than its own.
    pub fn is_renamed(&self) -> bool {
        self.package.replace('-', "_") != self.name
    }

    /// What stands behind the `=` in a Cargo.toml.
    pub fn requirement(&self) -> Table {
        let mut table = Table::new();
        if self.is_renamed() {
            table.insert("package".to_string(), Value::from(self.package.as_str()));
        }
        if self.version != "*" || self.place.is_empty() {
            table.insert("version".to_string(), Value::from(self.version.as_str()));
        }
        for (key, value) in &self.place {
            table.insert(key.clone(), Value::from(value.as_str()));
        }
        if !self.features.is_empty() {
            let features = self.features.iter().map(|it| Value::from(it.as_str())).collect();
            table.insert("features".to_string(), Value::Array(features));
        }
        if !self.default_features {
            table.insert("default-features".to_string(), Value::from(false));
        }
        table
    }

    /// The same, as one line of text.
    pub fn requirement_text(&self) -> String {
        let entries = self.requirement().into_iter().map(|(key, value)| format!("{key} = {value}"));
        format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
    }

    /// As it is listed: where from, and which features.
    pub fn origin(&self) -> String {
        let mut parts = Vec::new();
        if self.is_renamed() {
            parts.push(format!("package {}", self.package));
        }
        parts.extend(self.place.iter().map(|(key, value)| format!("{key} {value}")));
        if !self.features.is_empty() {
            parts.push(format!("features {}", self.features.join(", ")));
        }
        if !self.default_features {
            parts.push("without default features".to_string());
        }
        parts.join("; ")
    }
}

fn in_one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Request, String> {
        Request::parse(text, Path::new("/notebooks"))
    }

    /// All forms are read, and what means the same is the same.
    #[test]
    fn forms() {
        let rand = parse(r#" rand = "0.9" "#).unwrap();
        assert_eq!(
            (rand.name.as_str(), rand.package.as_str(), rand.version.as_str()),
            ("rand", "rand", "0.9")
        );
        assert_eq!(rand, parse(r#"rand = { version = "0.9" } // dice"#).unwrap());
        assert_eq!(rand, parse(r#"rand = "0.9" # dice"#).unwrap());
        assert_eq!(rand, parse(r#"rand.version = "0.9""#).unwrap());
        assert_eq!(parse("itertools").unwrap().version, "*");
        let dashed = parse("my-crate").unwrap();
        assert_eq!((dashed.name.as_str(), dashed.package.as_str()), ("my_crate", "my-crate"));
        let features =
            parse(r#"regex = { version = "1", features = ["std", "a", "a"], default-features = false }"#)
                .unwrap();
        assert_eq!((features.features, features.default_features), (vec!["a".into(), "std".into()], false));
        assert_eq!(
            parse(r#"foo = { path = "../foo" }"#).unwrap().path(),
            Some(Path::new("/notebooks/../foo"))
        );
        let renamed = parse(r#"bar = { package = "foo", git = "https://h/x", tag = "v1" }"#).unwrap();
        assert_eq!((renamed.name.as_str(), renamed.package.as_str()), ("bar", "foo"));
        assert_eq!(renamed.place.len(), 2);
    }

    /// What it becomes in a manifest is read again as the same.
    #[test]
    fn requirements() {
        for text in [
            r#"rand = "0.9""#,
            "itertools",
            r#"foo = { path = "/x", version = "1" }"#,
            r#"a-b = { package = "c-d", version = "=1.2.3", features = ["x"], default-features = false }"#,
        ] {
            let request = parse(text).unwrap();
            let name = text.split(' ').next().unwrap();
            let again = parse(&format!("{name} = {}", request.requirement_text())).unwrap();
            assert_eq!(again, request, "{text}");
        }
    }

    /// What is wrong is said with what was expected.
    #[test]
    fn malformed_lines() {
        for (text, part) in [
            ("", "expected the name"),
            ("rand 0.9", "got `rand 0.9`"),
            ("rand = 0.9", "version in quotes"),
            ("rand = ", "cannot be read"),
            (r#"rand = { version = "0.9", feature = ["x"] }"#, "got `feature`"),
            (r#"rand = { features = "std" }"#, "expected features as in"),
            (r#"rand = { default-features = "no" }"#, "expected true or false"),
            (r#"rand = "nonsense""#, "expected a version as in"),
            (r#"rand = { path = 1 }"#, "text in quotes for `path`"),
            ("std", "taken"),
            ("crate", "taken"),
            ("self = \"1\"", "taken"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part) && error.lines().count() == 1, "{text}: {error}");
        }
    }
}
