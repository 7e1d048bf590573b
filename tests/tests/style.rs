//! The style of the sources, as far as a machine can judge it.
//!
//! Each rule is a function from a file to complaints. Its test tries it on a bad example first, so that a rule which has
//! gone blind is noticed, and then on every Rust file of the workspace.

use std::fs;
use std::path::Path;

use netsplit_tests::project;

/// The most lines a file may have; about 400 are wanted.
const LONGEST_FILE: usize = 600;

/// One source file.
struct Source {
    /// Relative to the workspace, with `/` between the parts.
    path: String,
    text: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_string(), text: text.to_string() }
    }

    /// The lines of code with their numbers, without comments that take a whole line.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    fn complain(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path)
    }
}

/// All Rust files of the workspace, without what is built, hidden, or a user's course.
fn rust_files() -> Vec<Source> {
    let root = project::root();
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.map(|entry| entry.expect("a folder's entry can be read").path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') && !is_built(&path, &root) {
                folders.push(path);
            } else if name.ends_with(".rs") {
                let relative = path.strip_prefix(&root).expect("the file lies in the workspace");
                let text =
                    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                found.push(Source::new(&relative.to_string_lossy(), &text));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Cargo marks its target folders, whatever their name; the course folder is the user's own.
fn is_built(path: &Path, root: &Path) -> bool {
    path.join("CACHEDIR.TAG").exists() || path == root.join("target") || path == root.join("netsplit-course")
}

/// The rule finds the fault in `bad`, and none in the sources.
fn hold(rule: fn(&Source) -> Vec<String>, bad: &Source) {
    assert!(!rule(bad).is_empty(), "the rule overlooks its own bad example");
    let files = rust_files();
    assert!(files.len() > 20, "the sources were not found below {}", project::root().display());
    let complaints: Vec<String> = files.iter().flat_map(rule).collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// Every file opens with what it is.
#[test]
fn files_say_what_they_are() {
    fn rule(file: &Source) -> Vec<String> {
        let opens_well =
            file.text.lines().next().is_some_and(|line| line.starts_with("//! ") && line.len() > 10);
        if opens_well {
            Vec::new()
        } else {
            vec![file.complain(1, "opens without a `//!` that says what it is")]
        }
    }
    hold(rule, &Source::new("a.rs", "use std::fmt;\n"));
}

/// No file is longer than can be read in one go.
#[test]
fn files_are_short() {
    fn rule(file: &Source) -> Vec<String> {
        let lines = file.text.lines().count();
        let complaint = format!("{lines} lines, {LONGEST_FILE} at most: split it by the subject's own parts");
        if lines > LONGEST_FILE { vec![file.complain(lines, &complaint)] } else { Vec::new() }
    }
    hold(rule, &Source::new("a.rs", &"//! Long.\n".repeat(LONGEST_FILE + 1)));
}

/// Nothing is left for later: no unfinished function, no test that does not run, no documentation that is never executed.
#[test]
fn nothing_is_unfinished() {
    fn rule(file: &Source) -> Vec<String> {
        // Put together here, so that this very file does not hold them.
        let everywhere = [["#[ign", "ore"], ["```ign", "ore"], ["```no_", "run"]].map(|parts| parts.concat());
        let in_code = [["to", "do!("], ["unimple", "mented!("]].map(|parts| parts.concat());
        let in_lines = file.text.lines().enumerate().flat_map(|(index, line)| {
            let found = everywhere.iter().filter(move |word| line.contains(word.as_str()));
            found.map(move |word| file.complain(index + 1, &format!("`{word}`"))).collect::<Vec<_>>()
        });
        // What students get of an answer is what they are to finish.
        let is_stub = file.path.starts_with("notebooks/") && file.path.ends_with("/empty.rs");
        let in_code = file.code().filter(|_| !is_stub).flat_map(|(number, line)| {
            let found = in_code.iter().filter(move |word| line.contains(word.as_str()) && !is_exercise(line));
            found.map(move |word| file.complain(number, &format!("`{word}..)`"))).collect::<Vec<_>>()
        });
        in_lines.collect::<Vec<_>>().into_iter().chain(in_code).collect()
    }
    hold(rule, &Source::new("a.rs", &["//! A.\n#[ign", "ore]\nfn f() {}\n"].concat()));
    let exercise = ["    to", "do!(\"charge once per key, then reply\")"].concat();
    assert!(
        rule(&Source::new("a.rs", &exercise)).is_empty(),
        "the exercise of the third cell is no omission"
    );
    let later = ["    to", "do!(\"later\")"].concat();
    assert!(!rule(&Source::new("a.rs", &later)).is_empty());
    assert!(rule(&Source::new("notebooks/01-a/instructor/b/empty.rs", &later)).is_empty());
}

/// What an exercise leaves to the student, as the third cell of the design does, is not an omission of ours.
fn is_exercise(line: &str) -> bool {
    line.contains("charge once per key, then reply")
}

/// The files of the library that read a real clock: a limit of time for checkers is one of real time, and so is what a user waits for.
const READ_A_CLOCK: [&str; 2] = ["lib/check/src/linearizability/budget.rs", "lib/node/src/progress.rs"];

/// The library is deterministic: nothing in it iterates in an order that differs from run to run, or reads a real clock.
#[test]
fn the_library_is_deterministic() {
    fn rule(file: &Source) -> Vec<String> {
        if !file.path.starts_with("lib/") {
            return Vec::new();
        }
        let forbidden = ["HashMap", "HashSet", "SystemTime", "Instant", "thread_rng", "RandomState"];
        let lines = file.code().flat_map(|(number, line)| {
            let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            let may_be = |word: &str| word == "Instant" && READ_A_CLOCK.contains(&file.path.as_str());
            let found = forbidden.into_iter().filter(move |word| words.contains(word) && !may_be(word));
            found.map(move |word| {
                file.complain(number, &format!("`{word}`: use the lab's time, seed, or ordered maps"))
            })
        });
        lines.collect()
    }
    hold(rule, &Source::new("lib/a.rs", "use std::collections::HashMap;\n"));
    assert!(rule(&Source::new("lib/a.rs", "// not a HashMap\nfn instant() {}\n")).is_empty());
    for file in READ_A_CLOCK {
        assert!(rule(&Source::new(file, "use std::time::Instant;\n")).is_empty());
        assert!(!rule(&Source::new(file, "use std::time::SystemTime;\n")).is_empty());
    }
}

/// No code of this project is unsafe but for the runtime of cells and what confines them, which say why at each place; the
/// compiler's lint covers the crates, this covers that nobody switches it off.
#[test]
fn nobody_switches_lints_off_for_a_crate() {
    fn rule(file: &Source) -> Vec<String> {
        let unsafe_code = ["allow(unsafe", "_code)"].concat();
        let shared_by_tests = "dead_code, reason = \"each test binary uses its part of this\"";
        let may_be =
            ["kernel/runtime/src/", "kernel/confinement/"].iter().any(|it| file.path.starts_with(it));
        let is_explained = |line: &str| may_be && line.contains("reason = \"");
        let switches = |line: &str| {
            line.trim_start().starts_with("#![allow") && !line.contains(shared_by_tests)
                || line.contains(&unsafe_code) && !is_explained(line)
        };
        file.code()
            .filter(|(_, line)| switches(line))
            .map(|(number, line)| file.complain(number, line))
            .collect()
    }
    hold(rule, &Source::new("a.rs", &["//! A.\n#![al", "low(missing_docs)]\n"].concat()));
}
