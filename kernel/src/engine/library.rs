//! The library that every cell sees: where its sources are, and preparing it for the compiler that is there.

use std::path::{Path, PathBuf};

use netsplit_assistant::own_answers::KnownName;
use netsplit_engine::library;
pub use netsplit_engine::library::{Library, LibraryError, SHARED, compiler_version};

use crate::cache;

/// Prepares the library unless that has been done before; `progress` is told what is going on, line by line, if there is
/// anything to do.
pub fn prepare(progress: &mut dyn FnMut(&str)) -> Result<Library, LibraryError> {
    library::prepare(&home(), &cache::directory(), progress)
}

/// The folder of the library for this compiler and these sources; none where it is still to be prepared.
pub fn prepared() -> Result<Option<PathBuf>, LibraryError> {
    library::prepared(&home(), &cache::directory())
}

/// The library that another process of ours has prepared in this folder.
pub fn open(folder: &Path) -> Option<Library> {
    library::open(folder, &library::Places::new(&cache::directory()))
}

/// The folder of netsplit's sources: `NETSPLIT_HOME`, or where this program was compiled.
pub fn home() -> PathBuf {
    let compiled_in =
        || Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default();
    std::env::var_os("NETSPLIT_HOME").map(PathBuf::from).unwrap_or_else(compiled_in)
}

/// The names that the library's prelude brings into every cell.
pub fn names(sources: &Path) -> Vec<KnownName> {
    let prelude = std::fs::read_to_string(sources.join("lib/prelude/src/lib.rs")).unwrap_or_default();
    let items = syn::parse_file(&prelude).map(|file| file.items).unwrap_or_default();
    let mut names = Vec::new();
    for item in items {
        if let syn::Item::Use(item) = item {
            collect(&item.tree, &mut names);
        }
    }
    names
}

fn collect(tree: &syn::UseTree, names: &mut Vec<KnownName>) {
    let mut add = |name: &syn::Ident| {
        let name = name.to_string();
        // Types begin with a capital; of the rest, modules and functions are told apart by rust-analyzer alone.
        let kind = if name.starts_with(|it: char| it.is_uppercase()) { "class" } else { "function" };
        names.push(KnownName { name, kind: kind.to_string() });
    };
    match tree {
        syn::UseTree::Path(path) => collect(&path.tree, names),
        syn::UseTree::Group(group) => group.items.iter().for_each(|tree| collect(tree, names)),
        syn::UseTree::Name(name) => add(&name.ident),
        syn::UseTree::Rename(rename) => add(&rename.rename),
        syn::UseTree::Glob(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the prelude re-exports is known by name.
    #[test]
    fn the_preludes_names_are_known() {
        let names = names(&home());
        let kind = |name: &str| names.iter().find(|it| it.name == name).map(|it| it.kind.as_str());
        assert_eq!(
            (kind("Lab"), kind("secs"), kind("check")),
            (Some("class"), Some("function"), Some("function"))
        );
        assert_eq!(kind("netsplit_sim"), None);
    }
}
