//! Makes the mutants: copies of an algorithm's text with one mistake put in.
//!
//! The place of a mistake is named by the text that stands there. It must stand there exactly once: when the algorithm changes, the
//! build says which mutant has to change with it, instead of testing nothing.

#[path = "src/catalogue/mod.rs"]
mod catalogue;

use std::path::{Path, PathBuf};
use std::{env, fs};

use catalogue::{Algorithm, Mutant};

fn main() {
    let source =
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo names the folder")).join("../src");
    let target = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names a folder to write to"));
    println!("cargo::rerun-if-changed={}", source.display());
    println!("cargo::rerun-if-changed=src/catalogue");
    println!("cargo::rerun-if-changed=build.rs");
    for algorithm in catalogue::ALGORITHMS {
        let mut modules = String::new();
        for mutant in algorithm.mutants {
            let folder = target.join(algorithm.name).join(mutant.name);
            let root = make(algorithm, mutant, &source, &folder);
            modules += &format!(
                "/// {} Breaks {}.\n#[allow(unused, missing_docs, clippy::all, reason = \"a mistake was put into it\")]\n\
                 #[path = {:?}]\npub mod {};\n",
                mutant.mistake, mutant.breaks, root, mutant.name
            );
        }
        write(&target.join(format!("{}.rs", algorithm.name)), &modules);
    }
}

/// Writes the algorithm's files with the mutant's mistake into `folder`. Returns the file that is its module.
fn make(algorithm: &Algorithm, mutant: &Mutant, source: &Path, folder: &Path) -> PathBuf {
    let path = source.join(algorithm.path);
    let (files, root) = if path.is_dir() {
        (rust_files(&path), "mod.rs".to_owned())
    } else {
        (vec![path.clone()], name_of(&path))
    };
    let mut edits_made = 0;
    for file in &files {
        let mut text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for edit in mutant.edits.iter().filter(|edit| edit.file == name_of(file)) {
            let places = text.matches(edit.right).count();
            assert!(
                places == 1,
                "mutant {}: expected exactly one place in {} that reads\n{}\nand found {places}: the algorithm has changed, so change the mutant with it",
                mutant.name,
                file.display(),
                edit.right
            );
            text = text.replace(edit.right, edit.wrong);
            edits_made += 1;
        }
        // The copy lives in another crate than the rest of the library.
        write(&folder.join(name_of(file)), &text.replace("crate::", "netsplit_algorithms::"));
    }
    assert!(
        edits_made == mutant.edits.len(),
        "mutant {}: an edit names a file that is not there",
        mutant.name
    );
    folder.join(root)
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn write(path: &Path, text: &str) {
    let folder = path.parent().expect("a file lies in a folder");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
