//! Which public paths lead to which items of the library: its text is read as the compiler would, as far as modules and `use` go.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Item, UseTree, Visibility};

use crate::error::GradingError;

/// A module's place: its crate, and the modules inside.
type Place = Vec<String>;
/// The re-exports that a search has gone through: a place, a name, and which of its meanings.
type Visited = BTreeSet<(Place, String, usize)>;

/// The modules of the library's crates.
#[derive(Debug, Default)]
pub struct Names {
    modules: BTreeMap<Place, Module>,
}

/// What stands in a module.
#[derive(Debug, Default)]
struct Module {
    /// Each name with what it may stand for: a type and a function can be called the same.
    entries: BTreeMap<String, Vec<Entry>>,
    /// Where everything is imported from.
    globs: Vec<(Vec<String>, bool)>,
}

/// What a name stands for.
#[derive(Clone, Debug)]
struct Entry {
    is_public: bool,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Item,
    Module,
    /// Something from elsewhere.
    Use(Vec<String>),
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Item(Place),
    Module(Place),
}

impl Names {
    /// Reads the library's crates below this folder.
    pub fn read(home: &Path) -> Result<Self, GradingError> {
        let mut names = Self::default();
        let lib = home.join("lib");
        let mut folders = vec![lib.clone()];
        while let Some(folder) = folders.pop() {
            let entries =
                fs::read_dir(&folder).map_err(|error| GradingError::file("read", &folder, error))?;
            for path in entries.flatten().map(|it| it.path()).filter(|it| it.is_dir()) {
                // A crate may lie inside another's folder.
                folders.push(path.clone());
                if let Some(name) = crate_name(&path) {
                    names.add_file(&[name].to_vec(), &path.join("src/lib.rs"), &path.join("src"))?;
                }
            }
        }
        Ok(names)
    }

    /// All public paths below `netsplit` that lead to what this path leads to; for a module, to all that is in it as well.
    pub fn paths_to(&self, path: &str) -> Vec<Vec<String>> {
        let parts: Vec<String> = path.split("::").map(str::to_string).collect();
        let root = vec!["netsplit".to_string()];
        let forbidden = self.resolve(&root, &parts, &mut BTreeSet::new());
        if forbidden.is_empty() {
            return Vec::new();
        }
        let is_forbidden = |target: &Target| {
            let (Target::Item(place) | Target::Module(place)) = target;
            forbidden.contains(target)
                || forbidden
                    .iter()
                    .any(|it| matches!(it, Target::Module(module) if place.starts_with(module)))
        };
        let mut found = Vec::new();
        self.walk(&root, &mut Vec::new(), &mut vec![root.clone()], &is_forbidden, &mut found);
        found
    }

    /// Visits all public paths below a module, but for the modules that are on the way already.
    fn walk(
        &self,
        module: &Place,
        path: &mut Vec<String>,
        on_the_way: &mut Vec<Place>,
        is_forbidden: &dyn Fn(&Target) -> bool,
        found: &mut Vec<Vec<String>>,
    ) {
        for name in self.public_names(module, &mut BTreeSet::new()) {
            path.push(name.clone());
            let targets = self.resolve_name(module, &name, true, &mut BTreeSet::new());
            if targets.iter().any(is_forbidden) {
                found.push(path.clone());
            } else {
                for target in targets {
                    if let Target::Module(place) = target
                        && !on_the_way.contains(&place)
                    {
                        on_the_way.push(place.clone());
                        self.walk(&place, path, on_the_way, is_forbidden, found);
                        on_the_way.pop();
                    }
                }
            }
            path.pop();
        }
    }

    /// The names that others see in a module.
    fn public_names(&self, module: &Place, visited: &mut BTreeSet<Place>) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let Some(content) = self.modules.get(module).filter(|_| visited.insert(module.clone())) else {
            return names;
        };
        for (name, entries) in &content.entries {
            if entries.iter().any(|it| it.is_public) {
                names.insert(name.clone());
            }
        }
        for (path, is_public) in &content.globs {
            if *is_public {
                for target in self.resolve(module, path, &mut BTreeSet::new()) {
                    if let Target::Module(place) = target {
                        names.extend(self.public_names(&place, visited));
                    }
                }
            }
        }
        names
    }

    /// What a path leads to that is written in this module.
    fn resolve(&self, from: &Place, path: &[String], visited: &mut Visited) -> BTreeSet<Target> {
        let Some((last, modules)) = path.split_last() else {
            return BTreeSet::from([Target::Module(from.clone())]);
        };
        let mut places = BTreeSet::from([from.clone()]);
        for (position, name) in modules.iter().chain([last]).enumerate() {
            let is_last = position == path.len() - 1;
            let mut targets = BTreeSet::new();
            for place in &places {
                targets.extend(self.step(place, name, position == 0, visited));
            }
            if is_last {
                return targets;
            }
            places = targets
                .into_iter()
                .filter_map(|it| if let Target::Module(place) = it { Some(place) } else { None })
                .collect();
        }
        BTreeSet::new()
    }

    fn step(&self, from: &Place, name: &str, is_first: bool, visited: &mut Visited) -> BTreeSet<Target> {
        let module = |place: Place| BTreeSet::from([Target::Module(place)]);
        match name {
            "self" => return module(from.clone()),
            "super" => return module(from[..from.len().saturating_sub(1).max(1)].to_vec()),
            "crate" if is_first => return module(from[..1].to_vec()),
            _ => {}
        }
        let found = self.resolve_name(from, name, false, visited);
        let as_crate = vec![name.to_string()];
        if found.is_empty() && is_first && self.modules.contains_key(&as_crate) {
            return module(as_crate);
        }
        found
    }

    fn resolve_name(
        &self,
        module: &Place,
        name: &str,
        only_public: bool,
        visited: &mut Visited,
    ) -> BTreeSet<Target> {
        let mut targets = BTreeSet::new();
        let Some(content) = self.modules.get(module) else { return targets };
        let place = || module.iter().cloned().chain([name.to_string()]).collect();
        let entries = content.entries.get(name).into_iter().flatten().enumerate();
        for (index, entry) in entries.filter(|(_, it)| it.is_public || !only_public) {
            match &entry.what {
                What::Item => drop(targets.insert(Target::Item(place()))),
                What::Module => drop(targets.insert(Target::Module(place()))),
                What::Use(path) => {
                    let step = (module.clone(), name.to_string(), index);
                    // `pub use explore::explore` leads through the other meaning of its own name, not through itself.
                    if visited.insert(step.clone()) {
                        targets.extend(self.resolve(module, path, visited));
                        visited.remove(&step);
                    }
                }
            }
        }
        let globs = content.globs.iter().enumerate().filter(|_| targets.is_empty());
        let mut from_globs = BTreeSet::new();
        for (index, (path, _)) in globs.filter(|(_, (_, is_public))| *is_public || !only_public) {
            let step = (module.clone(), name.to_string(), usize::MAX - index);
            if !visited.insert(step.clone()) {
                continue;
            }
            for target in self.resolve(module, path, visited) {
                if let Target::Module(place) = target {
                    from_globs.extend(self.resolve_name(&place, name, true, visited));
                }
            }
            visited.remove(&step);
        }
        targets.extend(from_globs);
        targets
    }

    fn add_file(&mut self, place: &Place, path: &Path, folder: &Path) -> Result<(), GradingError> {
        let text = fs::read_to_string(path).map_err(|error| GradingError::file("read", path, error))?;
        let file = syn::parse_file(&text)
            .map_err(|error| GradingError::Library(format!("{}: {error}", path.display())))?;
        self.add_items(place, &file.items, folder)
    }

    fn add_items(&mut self, place: &Place, items: &[Item], folder: &Path) -> Result<(), GradingError> {
        self.modules.entry(place.clone()).or_default();
        for item in items {
            if is_for_tests(item) {
                continue;
            }
            let mut define = |name: &syn::Ident, visibility: &Visibility, what: What| {
                let entry = Entry { is_public: matches!(visibility, Visibility::Public(_)), what };
                let module = self.modules.entry(place.clone()).or_default();
                module.entries.entry(name.to_string()).or_default().push(entry);
            };
            match item {
                Item::Struct(it) => define(&it.ident, &it.vis, What::Item),
                Item::Enum(it) => define(&it.ident, &it.vis, What::Item),
                Item::Union(it) => define(&it.ident, &it.vis, What::Item),
                Item::Trait(it) => define(&it.ident, &it.vis, What::Item),
                Item::Type(it) => define(&it.ident, &it.vis, What::Item),
                Item::Fn(it) => define(&it.sig.ident, &it.vis, What::Item),
                Item::Const(it) => define(&it.ident, &it.vis, What::Item),
                Item::Static(it) => define(&it.ident, &it.vis, What::Item),
                Item::Use(it) => {
                    self.add_use(place, &it.tree, &mut Vec::new(), matches!(it.vis, Visibility::Public(_)))
                }
                Item::Mod(it) => {
                    define(&it.ident, &it.vis, What::Module);
                    let name = it.ident.to_string();
                    let inner: Place = place.iter().cloned().chain([name.clone()]).collect();
                    match &it.content {
                        Some((_, items)) => self.add_items(&inner, items, &folder.join(&name))?,
                        None => {
                            let files =
                                [folder.join(format!("{name}.rs")), folder.join(&name).join("mod.rs")];
                            let file: &PathBuf = if files[0].exists() { &files[0] } else { &files[1] };
                            self.add_file(&inner, file, &folder.join(&name))?;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn add_use(&mut self, place: &Place, tree: &UseTree, path: &mut Vec<String>, is_public: bool) {
        let module = self.modules.entry(place.clone()).or_default();
        let mut add = |name: String, path: Vec<String>| {
            let entry = Entry { is_public, what: What::Use(path) };
            module.entries.entry(name).or_default().push(entry);
        };
        match tree {
            UseTree::Path(it) => {
                path.push(it.ident.to_string());
                self.add_use(place, &it.tree, path, is_public);
                path.pop();
            }
            UseTree::Name(it) if it.ident == "self" => {
                add(path.last().cloned().unwrap_or_default(), path.clone());
            }
            UseTree::Name(it) => {
                let name = it.ident.to_string();
                add(name.clone(), path.iter().cloned().chain([name]).collect());
            }
            UseTree::Rename(it) => {
                let whole = path.iter().cloned().chain((it.ident != "self").then(|| it.ident.to_string()));
                add(it.rename.to_string(), whole.collect());
            }
            UseTree::Glob(_) => module.globs.push((path.clone(), is_public)),
            UseTree::Group(it) => it.items.iter().for_each(|tree| self.add_use(place, tree, path, is_public)),
        }
    }
}

/// The name of the crate in a folder, as `use` writes it.
fn crate_name(folder: &Path) -> Option<String> {
    let manifest: toml::Table = fs::read_to_string(folder.join("Cargo.toml")).ok()?.parse().ok()?;
    let name = manifest.get("package")?.get("name")?.as_str()?;
    folder.join("src/lib.rs").exists().then(|| name.replace('-', "_"))
}

fn is_for_tests(item: &Item) -> bool {
    let attributes = match item {
        Item::Mod(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => return false,
    };
    attributes.iter().any(|it| {
        let is_cfg = it.path().is_ident("cfg");
        is_cfg && it.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A library of two crates, with these files.
    fn library(prelude: &str, other: &str) -> Names {
        let mut names = Names::default();
        for (name, text) in [("netsplit", prelude), ("netsplit_other", other)] {
            let file = syn::parse_file(text).unwrap();
            names.add_items(&vec![name.to_string()], &file.items, Path::new("")).unwrap();
        }
        names
    }

    fn paths(names: &Names, path: &str) -> Vec<String> {
        names.paths_to(path).iter().map(|it| it.join("::")).collect()
    }

    /// Paths through re-exports, renamed modules, globs and whole crates are all found; private ones are not.
    #[test]
    fn every_way_is_found() {
        let names = library(
            "pub use netsplit_other::{deep, deep::Thing as Renamed}; pub use netsplit_other as other; \
             pub mod own { pub use netsplit_other::deep::*; } mod private { pub use netsplit_other::deep::Thing; }",
            "pub mod deep { pub struct Thing; pub struct Else; pub use super::deep as again; } pub use deep::Thing;",
        );
        let expected = ["Renamed", "deep::Thing", "other::Thing", "other::deep::Thing", "own::Thing"];
        let mut found = paths(&names, "deep::Thing");
        found.retain(|it| !it.contains("again"));
        assert_eq!(found, expected);
        // A module that leads to itself is entered once on each way.
        assert!(paths(&names, "other::deep::Else").contains(&"deep::Else".to_string()));
    }

    /// A module that is forbidden takes along what is defined in it, wherever that is re-exported.
    #[test]
    fn modules_take_their_items_along() {
        let names = library(
            "pub use netsplit_other::raft::Raft; pub use netsplit_other::{raft, paxos};",
            "pub mod raft { pub struct Raft; pub mod log { pub struct Entry; } } pub mod paxos { pub use crate::raft::log::Entry; pub struct Paxos; }",
        );
        assert_eq!(paths(&names, "raft"), ["Raft", "paxos::Entry", "raft"]);
    }

    /// A type and a function of one name are both meant.
    #[test]
    fn both_meanings_of_a_name() {
        let names = library("pub use netsplit_other::explore; pub mod explore {}", "pub fn explore() {}");
        assert_eq!(paths(&names, "explore"), ["explore"]);
        assert!(paths(&names, "nothing").is_empty());
    }
}
