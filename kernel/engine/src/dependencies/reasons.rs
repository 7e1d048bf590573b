//! Why a crate cannot be had: what cargo says, in plain words and with what to do.

use std::fmt::Display;
use std::io;
use std::path::Path;

use serde_json::Value;

use super::request::Request;
use crate::failure::Failure;

/// How many lines of a crate's own errors are shown.
const LINES: usize = 24;
/// The kind of all these failures.
const NAME: &str = "DependencyError";
/// What a crate that is made of other languages says when something is missing, and what that is.
const TOOLS: [(&str, &str); 9] = [
    ("failed to find tool \"c++\"", "a C++ compiler"),
    ("failed to find tool \"g++\"", "a C++ compiler"),
    ("failed to find tool \"clang++\"", "a C++ compiler"),
    ("failed to find tool", "a C compiler"),
    ("linker `cc` not found", "a C compiler, which links programs"),
    ("is `cmake` not installed?", "the program cmake"),
    ("could not find `protoc`", "the program protoc"),
    ("unable to find libclang", "the library libclang"),
    ("the pkg-config command could not be found", "the program pkg-config"),
];

fn failure(message: &str, details: Vec<String>) -> Failure {
    Failure::with_details(NAME, message, details)
}

/// A malformed line.
pub fn malformed(message: &str) -> Failure {
    let forms = super::request::FORMS.iter().map(ToString::to_string);
    failure(message, ["a line has one of these forms:".to_string()].into_iter().chain(forms).collect())
}

/// A line that is well formed and cannot be obeyed.
pub fn refused(message: &str) -> Failure {
    failure(message, Vec::new())
}

/// A confined notebook builds nothing: a crate's build script would be a way around the confinement.
pub fn not_prepared() -> Failure {
    refused(
        "a confined notebook builds no crates, and these have not been prepared for it; whoever installs the kernel does that with `netsplit install --shared DIR --dep ..`",
    )
}

/// Somebody interrupted.
pub fn interrupted() -> Failure {
    Failure::plain(
        "Interrupted",
        "the cell was interrupted while its crates were prepared; nothing has changed",
    )
}

/// Cargo cannot be started.
pub fn no_cargo(error: io::Error) -> Failure {
    failure(
        &format!("cannot run cargo: {error}; install Rust with it, as https://rustup.rs says"),
        Vec::new(),
    )
}

/// The cache cannot be written.
pub fn unwritable(folder: &Path, error: &dyn Display) -> Failure {
    let folder = folder.display();
    failure(
        &format!("cannot prepare crates in {folder}: {error}; make it writable, or set NETSPLIT_CACHE"),
        Vec::new(),
    )
}

/// A lock cannot be had.
pub fn unlockable(error: &io::Error) -> Failure {
    failure(
        &format!("the cache cannot be locked: {error}; name a folder on a local disk in NETSPLIT_CACHE"),
        Vec::new(),
    )
}

/// A crate's folder cannot be read.
pub fn unreadable(folder: &Path, error: &io::Error) -> Failure {
    failure(&format!("cannot read the crate in {}: {error}", folder.display()), Vec::new())
}

/// A path leads to no crate.
pub fn no_manifest(request: &Request, folder: &Path) -> Failure {
    let what = if folder.is_dir() { "there is no Cargo.toml in it" } else { "there is no such folder" };
    failure(
        &format!(
            "expected the crate `{}` in {}, but {what}; a path is relative to the notebook's folder",
            request.package,
            folder.display()
        ),
        Vec::new(),
    )
}

/// A path leads to a workspace.
pub fn no_package(request: &Request, folder: &Path) -> Failure {
    failure(
        &format!(
            "expected the crate `{}` in {}, but its Cargo.toml is that of a workspace; name the folder of one of its members",
            request.package,
            folder.display()
        ),
        Vec::new(),
    )
}

/// Whether the package in a folder is the one that is asked for, and a library.
pub fn check_folder(request: &Request, package: &Value) -> Result<(), Failure> {
    let found = package["name"].as_str().unwrap_or_default();
    if found != request.package {
        let (name, path) = (&request.name, request.place.get("path").map(String::as_str).unwrap_or_default());
        return Err(refused(&format!(
            "the crate in {path} is called `{found}`: write `:dep {found} = {{ path = \"{path}\" }}`, or `:dep {name} = {{ package = \"{found}\", path = \"{path}\" }}`"
        )));
    }
    check_library(request, Some(package))
}

/// Whether a package has a library that a cell can use.
pub fn check_library(request: &Request, package: Option<&Value>) -> Result<(), Failure> {
    let targets = package.and_then(|it| it["targets"].as_array());
    let usable = ["lib", "rlib", "dylib", "proc-macro"];
    let is_usable = |kind: &Value| usable.iter().any(|it| kind == it);
    let is_library =
        |target: &Value| target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(is_usable));
    match targets.is_some_and(|targets| targets.iter().any(is_library)) {
        true => Ok(()),
        false => Err(refused(&format!(
            "the crate `{}` is a program, or made for other languages: it has no library (`src/lib.rs`) that a cell could use",
            request.package
        ))),
    }
}

/// The names that a package and its targets have.
pub fn names_of(package: &Value) -> Vec<String> {
    let targets = package["targets"].as_array().cloned().unwrap_or_default();
    targets.iter().chain([package]).filter_map(|it| it["name"].as_str().map(str::to_string)).collect()
}

/// Whether cargo has not come to an answer because the registry cannot be reached.
pub fn is_of_network(said: &[String]) -> bool {
    let signs = [
        "Could not connect",
        "could not connect",
        "Could not resolve host",
        "Couldn't resolve host",
        "Connection refused",
        "Connection timed out",
        "Timeout was reached",
        "network failure",
        "Network is unreachable",
        "failed to connect",
        "failed to resolve address",
        "spurious network error",
        "SSL connect error",
        "download of config.json failed",
        "failed to download",
        "unable to update registry",
    ];
    said.iter().any(|line| signs.iter().any(|sign| line.contains(sign)))
}

/// Whether the versions do not fit together.
pub fn is_of_versions(said: &[String]) -> bool {
    said.iter().any(|line| line.contains("failed to select a version") || line.contains("(locked to"))
}

/// The request for a feature that is not there.
pub fn lacks_feature<'a>(said: &[String], requests: &'a [Request]) -> Option<&'a Request> {
    let lacking = said.iter().find(|line| {
        line.contains("netsplit_crates_") && line.contains("does not have") && line.contains("feature")
    })?;
    let package = quoted(lacking).nth(1)?;
    requests.iter().find(|it| it.package == package)
}

/// A feature is not there; these are.
pub fn no_feature(request: &Request, features: &[String], said: &[String]) -> Failure {
    let missing: Vec<&str> = request
        .features
        .iter()
        .filter(|it| !it.contains('/') && !it.starts_with("dep:") && !features.contains(it))
        .map(String::as_str)
        .collect();
    let package = &request.package;
    if features.is_empty() || missing.is_empty() {
        return failure(
            &format!("the crate `{package}` does not have the features that are asked for"),
            tail(said),
        );
    }
    let nearest = missing.iter().filter_map(|it| nearest(it, features)).next();
    let hint = nearest.map(|it| format!("; do you mean `{it}`?")).unwrap_or_default();
    failure(
        &format!("the crate `{package}` has no feature `{}`{hint}", missing.join("`, `")),
        vec![format!("it has: {}", features.join(", "))],
    )
}

/// Cargo finds no crates that fit.
pub fn unresolved(said: &[String], requests: &[Request]) -> Failure {
    let line = |part: &str| said.iter().find(|line| line.contains(part));
    let asked = |name: &str| requests.iter().find(|it| it.package == name);
    let searched =
        line("location searched: ").map(|it| it.trim_start_matches("location searched: ").to_string());
    let is_vendored =
        searched.as_ref().is_some_and(|it| it.contains("netsplit") || it.contains("directory source"));
    let is_offline = line("you're using offline mode").is_some();
    if is_of_network(said) && !is_offline {
        let names: Vec<String> = requests.iter().map(|it| format!("`{}`", it.package)).collect();
        return failure(
            &format!(
                "cannot download {}: the network or the registry cannot be reached, and they have not been downloaded before; connect, or name a folder made by `cargo vendor` in NETSPLIT_VENDOR",
                names.join(", ")
            ),
            tail(said),
        );
    }
    let missing = line("no matching package named").or(line("searched package name:"));
    if let Some(name) = missing.and_then(|it| quoted(it).next()) {
        let where_from = if asked(name).is_some() { "" } else { ", which another crate needs," };
        let suggested = line("perhaps you meant").or(line("packages with similar names"));
        let hint = suggested.map(|it| format!(" ({})", it.trim())).unwrap_or_default();
        let message = if is_vendored {
            format!(
                "the crate `{name}`{where_from} is not among the vendored ones{}: add it there with `cargo vendor`, or do without NETSPLIT_VENDOR",
                searched.map(|it| format!(" ({it})")).unwrap_or_default()
            )
        } else if is_offline {
            format!(
                "the crate `{name}`{where_from} has not been downloaded before, and there is no network or none is to be used; connect, unset NETSPLIT_OFFLINE and CARGO_NET_OFFLINE, or name a folder made by `cargo vendor` in NETSPLIT_VENDOR"
            )
        } else {
            format!(
                "there is no crate `{name}`{where_from} in {}{hint}; see how it is spelt on https://crates.io",
                searched.map_or("the registry".to_string(), |it| it.replace("crates.io index", "crates.io"))
            )
        };
        return failure(&message, Vec::new());
    }
    if let Some(requirement) =
        line("failed to select a version for the requirement").and_then(|it| quoted(it).next())
    {
        let name = requirement.split(' ').next().unwrap_or_default();
        let versions = line("candidate versions found which didn't match: ");
        let versions = versions.and_then(|it| it.split_once("match: ")).map_or("none", |(_, it)| it);
        let where_from = if asked(name).is_some() { "" } else { ", which another crate asks for" };
        let offline =
            if is_offline { "; without a network only what was downloaded before is there" } else { "" };
        return failure(
            &format!(
                "there is no version of `{name}` as in `{requirement}`{where_from}; there are {versions}{offline}"
            ),
            Vec::new(),
        );
    }
    let message =
        said.iter().find_map(|it| it.strip_prefix("error: ")).unwrap_or("cargo finds no crates that fit");
    failure(message, tail(said))
}

/// Something does not compile.
pub fn not_built(said: &[String], requests: &[Request]) -> Failure {
    let text = said.join("\n");
    let blamed = ["error: could not compile `", "error: failed to run custom build command for `"];
    let name = blamed.iter().find_map(|it| text.split_once(it)).and_then(|(_, rest)| rest.split('`').next());
    let name = name.map(|it| it.split(' ').next().unwrap_or(it)).unwrap_or("one of the crates");
    let asked = requests.iter().any(|it| it.package == name);
    let who = if asked {
        format!("the crate `{name}`")
    } else {
        format!("the crate `{name}`, which another one needs,")
    };
    let lower = text.to_lowercase();
    if let Some(library) = missing_library(&text) {
        return failure(
            &format!(
                "{who} needs the system's library `{library}`: install its development files (on Debian mostly `apt install lib{library}-dev pkg-config`), or see whether the crate has a feature that brings its own (`vendored`, `bundled`)"
            ),
            first_error(said),
        );
    }
    if let Some((_, tool)) = TOOLS.iter().find(|(sign, _)| lower.contains(*sign)) {
        return failure(
            &format!(
                "{who} needs {tool}, which is not installed (on Debian: `apt install build-essential pkg-config cmake`)"
            ),
            first_error(said),
        );
    }
    let message = match lower.contains("no space left on device") {
        true => "there is no space left on the disk".to_string(),
        false => format!("{who} does not compile"),
    };
    failure(&message, first_error(said))
}

/// The library that pkg-config or a build script has not found.
fn missing_library(text: &str) -> Option<&str> {
    let after = |sign: &str| text.split_once(sign).map(|(_, rest)| rest);
    let by_pkg_config = after("The system library `").and_then(|rest| rest.split('`').next());
    let by_linker = || after("unable to find library -l").or_else(|| after("cannot find -l"));
    let by_linker = || by_linker().and_then(|rest| rest.split([':', '\n', ' ']).next());
    let openssl = || after("Could not find directory of OpenSSL installation").map(|_| "ssl");
    by_pkg_config.or_else(by_linker).or_else(openssl)
}

/// The first error, without what comes after.
fn first_error(said: &[String]) -> Vec<String> {
    let begins = |line: &String| line.starts_with("error");
    let is_summary = |line: &String| line.starts_with("error: could not compile");
    let Some(from) = said.iter().position(begins) else { return tail(said) };
    let rest = &said[from..];
    let end = rest.iter().skip(1).position(|it| begins(it) || is_summary(it)).map_or(rest.len(), |it| it + 1);
    let mut shown: Vec<String> = rest[..end.min(LINES)].to_vec();
    // A build script says what is missing at the end.
    if said[from].contains("custom build command") && end > LINES {
        shown = [&rest[..2], &rest[end - (LINES - 2)..end]].concat();
    } else if end > LINES {
        shown.push("..".to_string());
    }
    while shown.last().is_some_and(|it| it.is_empty()) {
        shown.pop();
    }
    shown
}

fn tail(said: &[String]) -> Vec<String> {
    said[said.len().saturating_sub(LINES)..].to_vec()
}

/// What stands between backquotes.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The one that is most like this, if one is.
fn nearest<'a>(wanted: &str, known: &'a [String]) -> Option<&'a String> {
    let near = known.iter().map(|it| (distance(wanted, it), it));
    near.min().filter(|(distance, _)| *distance <= 1 + wanted.len() / 3).map(|(_, it)| it)
}

/// How many letters must change, come or go to make one word of another (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (place, other) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[place + 1];
            row[place + 1] = changed.min(row[place] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests() -> Vec<Request> {
        let parse = |text: &str| Request::parse(text, Path::new("/")).unwrap();
        vec![
            parse("rand = { version = \"0.9\", features = [\"std_rgn\"] }"),
            parse("randd"),
            parse("openssl-sys"),
        ]
    }

    fn said(text: &str) -> Vec<String> {
        text.lines().map(str::to_string).collect()
    }

    /// What cargo says when it finds no crates, and what is made of it: who, what, and what to do.
    #[test]
    fn crates_that_are_not_found() {
        let required = "required by package `netsplit_crates_x v0.0.0 (/c/project)`";
        let reminder = "As a reminder, you're using offline mode (--offline) which can sometimes cause surprising resolution failures, if this error is too confusing you may wish to retry without `--offline`.";
        for (text, expected) in [
            (
                format!("    Updating crates.io index\nerror: no matching package named `randd` found\nlocation searched: crates.io index\n{required}"),
                "there is no crate `randd` in crates.io; see how it is spelt on https://crates.io",
            ),
            (
                format!("error: no matching package found\nsearched package name: `randd`\nperhaps you meant:      rand\nlocation searched: crates.io index\n{required}"),
                "there is no crate `randd` in crates.io (perhaps you meant:      rand)",
            ),
            (
                format!("error: no matching package named `zstd` found\nlocation searched: crates.io index\n{required}\n{reminder}"),
                "the crate `zstd`, which another crate needs, has not been downloaded before",
            ),
            (
                format!("error: no matching package named `rand` found\nlocation searched: directory source `/vend` (which is replacing registry `crates-io`)\n{required}\n{reminder}"),
                "the crate `rand` is not among the vendored ones (directory source `/vend` (which is replacing registry `crates-io`)): add it there with `cargo vendor`",
            ),
            (
                format!("error: failed to select a version for the requirement `rand = \"^99\"`\ncandidate versions found which didn't match: 0.10.3, 0.10.2, 0.10.1, ...\nlocation searched: crates.io index\n{required}"),
                "there is no version of `rand` as in `rand = \"^99\"`; there are 0.10.3, 0.10.2, 0.10.1, ...",
            ),
            (
                "error: failed to get `rand` as a dependency of package `netsplit_crates_x v0.0.0 (/c)`\n\nCaused by:\n  download of config.json failed\n\nCaused by:\n  [7] Could not connect to server (Failed to connect to 127.0.0.1 port 9 after 0 ms: Could not connect to server)".to_string(),
                "cannot download `rand`, `randd`, `openssl-sys`: the network or the registry cannot be reached",
            ),
            ("error: something new\n  of cargo's".to_string(), "something new"),
        ] {
            let failure = unresolved(&said(&text), &requests());
            assert!(failure.message.starts_with(expected), "{}", failure.message);
            assert!(failure.message.lines().count() == 1, "{}", failure.message);
        }
    }

    /// A feature that is not there is told from other errors, and the nearest one is offered.
    #[test]
    fn features() {
        let text = "error: failed to select a version for `rand`.\n    ... required by package `netsplit_crates_x v0.0.0 (/c)`\nversions that meet the requirements `^0.9` are: 0.9.5\n\npackage `netsplit_crates_x` depends on `rand` with feature `std_rgn` but `rand` does not have that feature.\n package `rand` does have feature `std_rng`";
        let (said, requests) = (said(text), requests());
        let request = lacks_feature(&said, &requests).unwrap();
        let features = ["alloc", "std", "std_rng"].map(str::to_string);
        let failure = no_feature(request, &features, &said);
        assert_eq!(failure.message, "the crate `rand` has no feature `std_rgn`; do you mean `std_rng`?");
        assert!(failure.traceback.concat().contains("it has: alloc, std, std_rng"));
        assert!(
            lacks_feature(&["error: no matching package named `rand` found".to_string()], &requests)
                .is_none()
        );
    }

    /// A build that fails names the crate and what it lacks; what does not compile shows its own first error, and no more.
    #[test]
    fn builds() {
        let custom = "error: failed to run custom build command for `openssl-sys v0.9.1`\n\nCaused by:\n";
        for (text, expected) in [
            (
                format!("{custom}  The system library `foo` required by crate `openssl-sys` was not found."),
                "the crate `openssl-sys` needs the system's library `foo`: install its development files",
            ),
            (
                format!("{custom}  Could not find directory of OpenSSL installation, and this `-sys` crate cannot"),
                "the crate `openssl-sys` needs the system's library `ssl`",
            ),
            (
                custom.replace("openssl-sys", "zstd-sys")
                    + "  error occurred in cc-rs: failed to find tool \"cc\": No such file or directory (os error 2)",
                "the crate `zstd-sys`, which another one needs, needs a C compiler, which is not installed",
            ),
            (
                custom.replace("openssl-sys", "x") + "  error occurred in cc-rs: failed to find tool \"c++\": No such file",
                "the crate `x`, which another one needs, needs a C++ compiler",
            ),
            (
                "   Compiling rand v0.9.5\nerror[E0308]: mismatched types\n --> src/lib.rs:5:5\n\nerror: could not compile `rand` (lib) due to 1 previous error".to_string(),
                "the crate `rand` does not compile",
            ),
        ] {
            let failure = not_built(&said(&text), &requests());
            assert!(failure.message.starts_with(expected), "{}", failure.message);
        }
        let long = format!("error[E0308]: first\n{}error: second\n", "  more\n".repeat(100));
        let shown = first_error(&said(&long));
        assert!(shown.len() == LINES + 1 && shown[0].contains("first"), "{shown:?}");
        assert_eq!(
            first_error(&said("a\nerror: one\n  two\n\nerror: could not compile `x`")),
            ["error: one", "  two"]
        );
    }
}
