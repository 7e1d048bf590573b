//! `:dep`: crates that a notebook asks for, built once for each set of them and shared by all notebooks.
//!
//! All requests of a notebook make one [`Set`], a shared library that re-exports them: the host loads it before the cell, so
//! a crate's code and its statics are there once, and cells are compiled against the crates' own files. What the library has
//! already (serde, tokio) is taken from there, and what an earlier set of the notebook has, from that one.

mod build;
mod content;
mod project;
mod reasons;
mod request;
mod seed;
mod set;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

pub(crate) use self::build::Builder;
use self::request::Request;
use self::set::{Account, Built, Set};
use crate::cargo::Starter;
use crate::failure::Failure;
use crate::library::{self, Library, LibraryError, OFFERED, Places};
use crate::linker::Linker;
use crate::parse::Names;

/// The crates that a notebook has asked for. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Dependencies {
    asked: Rc<Vec<Request>>,
    set: Option<Rc<Set>>,
}

/// What comes of `:dep` lines.
#[derive(Debug)]
pub struct Change {
    /// What the notebook has from here on.
    pub dependencies: Dependencies,
    /// What a user should know.
    pub notes: Vec<String>,
    /// What is another than before, if something is.
    pub renewed: Option<Renewed>,
}

/// Crates that are others than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// The names of all crates that cells had: what one makes may well be of another's types.
    pub names: Names,
    /// What the ones that are others call themselves.
    pub crates: Names,
}

/// A crate, for whoever lists them or completes code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// What cells call it.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it is from, and its features.
    pub origin: String,
    /// What stands behind the `=` in a Cargo.toml.
    pub requirement: String,
}

impl Dependencies {
    /// The shared libraries that must be loaded before a cell, in this order.
    pub fn libraries(&self) -> Vec<PathBuf> {
        self.chain().into_iter().map(|it| it.account.library.clone()).collect()
    }

    fn chain(&self) -> Vec<&Set> {
        self.set.as_deref().map(Set::chain).unwrap_or_default()
    }

    fn built(&self, request: &Request) -> Option<&Built> {
        self.set.as_ref()?.account.crates.get(&request.name)
    }

    /// What the compiler is told: the crates that the notebook has asked for, and those that types of variables are from.
    pub fn arguments(&self, linker: &Linker, type_names: &[&str]) -> Vec<String> {
        let Some(set) = &self.set else { return Vec::new() };
        let mut named: Vec<(&str, &Path)> = Vec::new();
        for request in self.asked.iter() {
            named.extend(self.built(request).map(|it| (it.name.as_str(), it.file.as_path())));
        }
        for name in type_names.iter().flat_map(|it| crates_in(it)) {
            let is_known = named.iter().any(|(known, _)| *known == name) || OFFERED.contains(&name);
            if let (false, Some((name, Some(file)))) = (is_known, set.account.others.get_key_value(name)) {
                named.push((name, file));
            }
        }
        let mut arguments = vec![format!("-Ldependency={}", set.dependencies().display())];
        for (name, file) in named {
            arguments.extend(["--extern".to_string(), format!("{name}={}", file.display())]);
        }
        if *linker == Linker::Compiler {
            let below =
                self.chain().into_iter().map(|it| format!("-Ldependency={}", it.dependencies().display()));
            arguments.extend(below);
            let (name, file) = (&set.account.name, set.account.library.display());
            arguments.extend(["--extern".to_string(), format!("{name}={file}")]);
        }
        arguments
    }

    /// The crate that a cell must name if the compiler links it, so that it does not link a copy of what is loaded.
    pub fn linked(&self, linker: &Linker) -> Option<&str> {
        self.set.as_ref().filter(|_| *linker == Linker::Compiler).map(|it| it.account.name.as_str())
    }

    /// All crates that were asked for.
    pub fn list(&self) -> Vec<Dependency> {
        let of = |request: &Request| Dependency {
            name: self.built(request).map_or(&request.name, |it| &it.name).clone(),
            version: self.built(request).map(|it| it.version.clone()).unwrap_or_default(),
            origin: request.origin(),
            requirement: request.requirement_text(),
        };
        self.asked.iter().map(of).collect()
    }

    /// What the notebook has when these lines, each what stands behind a `:dep`, have been obeyed. Relative paths begin in
    /// `folder`.
    pub fn with(
        &self,
        lines: &[&str],
        folder: &Path,
        builder: &mut Builder<'_, '_>,
    ) -> Result<Change, Failure> {
        let mut asked = self.asked.to_vec();
        let mut notes = Vec::new();
        let mut is_new = false;
        for line in lines {
            let request = Request::parse(line, folder).map_err(|it| reasons::malformed(&it))?;
            if let Some(note) = offered(&request, builder.library)? {
                notes.push(note);
                continue;
            }
            if !builder.may_build && request.path().is_some() {
                return Err(reasons::not_prepared());
            }
            // What a folder holds may be something else each time.
            is_new |= request.path().is_some() || !asked.contains(&request);
            asked.retain(|it| it.name != request.name);
            asked.push(request);
        }
        if !is_new {
            return Ok(Change { dependencies: self.clone(), notes, renewed: None });
        }
        let set = self.obtain(&asked, builder)?;
        if !self.set.as_ref().is_some_and(|it| Rc::ptr_eq(it, &set)) {
            notes.extend(set.account.notes.iter().cloned());
        }
        let dependencies = Self { asked: Rc::new(asked), set: Some(set) };
        let renewed = self.renewed_by(&dependencies, &mut notes);
        Ok(Change { dependencies, notes, renewed })
    }

    /// The set in force if it has all of it, else one on top of it.
    fn obtain(&self, asked: &[Request], builder: &mut Builder<'_, '_>) -> Result<Rc<Set>, Failure> {
        // What is built besides, as a shared set may have it, is built again: without it the features may differ.
        let before = self.set.as_ref().map(|it| it.account.requests.as_slice()).unwrap_or_default();
        let is_kept = |it: &&Request| asked.iter().all(|asked| asked.name != it.name);
        let mut all: Vec<Request> = before.iter().filter(is_kept).chain(asked).cloned().collect();
        all.sort();
        let mut paths = self.paths(&all, builder)?;
        for attempt in 0.. {
            if let Some(set) = self.set.as_ref().filter(|it| it.has(&all, &paths)) {
                return Ok(set.clone());
            }
            let set = Set::obtain(builder, &all, &paths, self.set.as_ref())?;
            // Somebody may have edited a file while it was compiled; then it is not what its key says.
            let after = self.paths(&all, builder)?;
            if after == paths || attempt > 2 {
                return Ok(set);
            }
            set.spoil();
            paths = after;
        }
        unreachable!("the loop ends after a few attempts")
    }

    fn paths(
        &self,
        requests: &[Request],
        builder: &mut Builder<'_, '_>,
    ) -> Result<Vec<content::PathCrate>, Failure> {
        content::read(requests, &builder.library.parts.cargo, &mut builder.starter)
    }

    /// What is another in the sets that follow, and says which of the crates that were asked for are.
    fn renewed_by(&self, next: &Self, notes: &mut Vec<String>) -> Option<Renewed> {
        let (before, after) = (&self.set.as_ref()?.account, &next.set.as_ref()?.account);
        let mut crates = Names::new();
        for (name, instance) in &before.instances {
            // Cells have these from the library, whatever the set has.
            let is_of_library = OFFERED.contains(&name.as_str());
            if !is_of_library && after.instances.get(name) != Some(instance) {
                crates.insert(name.clone());
            }
        }
        for request in self.asked.iter() {
            let instance = |of: &Account| of.crates.get(&request.name).map(|it| it.instance.clone());
            if let Some(built) =
                next.built(request).filter(|it| Some(&it.instance) != instance(before).as_ref())
            {
                notes.push(format!(
                    "`{}` is version {} from here on, in another build than before; values of its types must be made again",
                    built.name, built.version
                ));
            }
        }
        let asked = self.asked.iter().filter_map(|it| self.built(it));
        let names: Names = asked.map(|it| it.name.clone()).collect();
        (!crates.is_empty()).then_some(Renewed { names, crates })
    }
}

/// The crates that the paths in a type's name begin with.
pub fn crates_in(type_name: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut rest = type_name;
    while let Some(at) = rest.find("::") {
        let before = &rest[..at];
        let begin = before.rfind(|it: char| !it.is_alphanumeric() && it != '_').map_or(0, |it| it + 1);
        if !before[..begin].ends_with(':') && begin < at {
            found.insert(&before[begin..]);
        }
        rest = &rest[at + 2..];
        // What follows belongs to this path until another begins.
        let end = rest.find(|it: char| !it.is_alphanumeric() && it != '_' && it != ':').unwrap_or(rest.len());
        rest = &rest[end..];
    }
    found
}

/// Whether the library has a crate already, and what to say of it. An error if it is not as asked for.
fn offered(request: &Request, library: &Library) -> Result<Option<String>, Failure> {
    let name = request.name.as_str();
    let own = |name: &str| name == "netsplit" || OFFERED.contains(&name);
    if !own(name) {
        return Ok(None);
    }
    if request.is_renamed() || !request.place.is_empty() {
        return Err(reasons::refused(&format!(
            "the name `{name}` is that of a crate which every notebook has; give this one another: `:dep my_{name} = {{ package = \"{}\", .. }}`",
            request.package
        )));
    }
    let parts = &library.parts;
    let (version, features) = match parts.packages.iter().find(|it| it.name == name && !it.is_of_compiler) {
        Some(package) => (package.version.as_str(), package.features.clone()),
        None => (env!("CARGO_PKG_VERSION"), Vec::new()),
    };
    let fits = semver::VersionReq::parse(&request.version)
        .is_ok_and(|wanted| semver::Version::parse(version).is_ok_and(|version| wanted.matches(&version)));
    let remedy =
        format!("or have one of your own beside it: `:dep my_{name} = {{ package = \"{name}\", .. }}`");
    if !fits {
        return Err(reasons::refused(&format!(
            "every notebook has `{name}` {version}, and \"{}\" is asked for; leave the line out, {remedy}",
            request.version
        )));
    }
    let missing: Vec<&str> =
        request.features.iter().filter(|it| !features.contains(it)).map(String::as_str).collect();
    if !missing.is_empty() {
        return Err(reasons::refused(&format!(
            "the `{name}` {version} that every notebook has is without the feature `{}`, its features are {}; leave it out, {remedy}",
            missing.join("`, `"),
            features.join(", ")
        )));
    }
    let with = if features.is_empty() {
        String::new()
    } else {
        format!(", with the features {}", features.join(", "))
    };
    Ok(Some(format!("every notebook has `{name}`: version {version}{with}")))
}

/// Prepares the library and a set of crates in a folder that others will only read: each request is what stands behind a
/// `:dep`, with absolute paths. Notebooks for which `NETSPLIT_SHARED` names the folder use the set if it has all that they
/// ask for. Returns what is in it.
///
/// # Errors
/// A line for people: no compiler, no such crate, ..
pub fn prepare_shared(
    home: &Path,
    folder: &Path,
    requests: &[&str],
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<Dependency>, SharedError> {
    let places = Places { shared: None, ..Places::new(folder) };
    let library = library::prepare_in(home, &places, progress)?;
    let nowhere = Path::new("/");
    let none = Dependencies::default();
    let mut builder = Builder { library: &library, starter: Starter::Here, may_build: true, progress };
    let change = none.with(requests, nowhere, &mut builder)?;
    change.notes.iter().for_each(|note| (builder.progress)(&format!("note: {note}")));
    Ok(change.dependencies.list())
}

/// Why there is no shared set.
#[derive(Debug, thiserror::Error)]
pub enum SharedError {
    /// The library cannot be prepared.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The crates cannot.
    #[error("{}", .0.message)]
    Crates(Failure),
}

impl From<Failure> for SharedError {
    fn from(failure: Failure) -> Self {
        Self::Crates(failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The crates that a type's paths begin with are found, wherever in the type they stand.
    #[test]
    fn crates_of_types() {
        let found = |text| crates_in(text).into_iter().collect::<Vec<_>>();
        assert_eq!(
            found("either::Either<core::option::Option<x>, (b_c::D, i32)>"),
            ["b_c", "core", "either"]
        );
        assert_eq!(found("&'_ dyn core::fmt::Debug"), ["core"]);
        assert_eq!(found("i32"), [] as [&str; 0]);
    }
}
