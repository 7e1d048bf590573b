//! What cells are compiled against, built once per compiler and version and shared by all notebooks of a user: the library,
//! the runtime, the cell host, and the linker that this machine links fastest with.
//!
//! A prepared library is a folder in the cache, named after the compiler and the sources: a copy of the sources (so that
//! nobody's edits break a notebook that is open), what cargo made of them, and `library.json`, which says where everything is.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::cargo::{self, Starter};
use crate::linker::{self, Linker};

/// The variable that names a folder which is laid out as the cache is, prepared by somebody else for everybody: it is read
/// and never written.
pub const SHARED: &str = "NETSPLIT_SHARED";
/// The variable that names a folder made by `cargo vendor`, which replaces the registry.
pub const VENDORED: &str = "NETSPLIT_VENDOR";
/// The variable that forbids the network.
pub const OFFLINE: &str = "NETSPLIT_OFFLINE";
/// Changes when what is written about a prepared library changes.
const FORMAT: &str = "2";
/// How many prepared libraries are kept: this one, and the one before it for whoever goes back.
const KEPT: usize = 2;
/// What is built, in folders of the sources.
const MEMBERS: [&str; 13] = [
    "kernel/cell-host",
    "kernel/confinement",
    "kernel/control",
    "kernel/runtime",
    "lib/algorithms",
    "lib/check",
    "lib/figure",
    "lib/grade",
    "lib/grade/report",
    "lib/node",
    "lib/prelude",
    "lib/sim",
    "lib/view",
];
/// The crates of others that a cell may name without asking for them.
pub const OFFERED: [&str; 3] = ["serde", "serde_json", "tokio"];

/// Where prepared things are.
#[derive(Clone, Debug)]
pub struct Places {
    /// The user's own folder.
    pub cache: PathBuf,
    /// A folder that is looked into first, and never written.
    pub shared: Option<PathBuf>,
    /// A folder made by `cargo vendor`, which takes the place of the registry for what notebooks ask for.
    pub vendored: Option<PathBuf>,
    /// Whether the network must not be used.
    pub is_offline: bool,
}

impl Places {
    /// This cache, and what the environment says: `NETSPLIT_SHARED`, `NETSPLIT_VENDOR`, `NETSPLIT_OFFLINE`.
    pub fn new(cache: &Path) -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|it| !it.is_empty());
        let folder = |name: &str| {
            let folder = PathBuf::from(set(name)?);
            Some(std::path::absolute(&folder).unwrap_or(folder))
        };
        Self {
            cache: std::path::absolute(cache).unwrap_or_else(|_| cache.to_path_buf()),
            shared: folder(SHARED),
            vendored: folder(VENDORED),
            is_offline: set(OFFLINE).is_some_and(|it| it != "0" && it != "false"),
        }
    }
}

/// A library that cells can use.
#[derive(Debug)]
pub struct Library {
    /// Where everything is.
    pub parts: Parts,
    /// Where prepared things are.
    pub places: Places,
    folder: PathBuf,
    /// Keeps others from removing it; there is none where nobody could.
    _lock: Option<File>,
}

/// Where the parts of a prepared library are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parts {
    /// The compiler itself, not the proxy that chooses one.
    pub rustc: PathBuf,
    /// The compiler's root.
    pub sysroot: PathBuf,
    /// The compiler's helper functions, which it links into every library: 128-bit division, and what not every machine does.
    pub builtins: Option<PathBuf>,
    /// The program that runs cells.
    pub host: PathBuf,
    /// Where the crates that others depend on are.
    pub dependencies: PathBuf,
    /// The crates that a cell may name, with their files.
    pub crates: Vec<(String, PathBuf)>,
    /// How cells are linked.
    pub linker: Linker,
    /// The cargo of this compiler.
    pub cargo: PathBuf,
    /// How the compiler was called, for crates that are to be the same.
    pub flags: String,
    /// All crates of others that are in it.
    pub packages: Vec<Package>,
}

/// A crate of somebody else's that the library was built with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The features that it was built with.
    pub features: Vec<String>,
    /// Whether it runs in the compiler: derives, and what they are made of.
    pub is_of_compiler: bool,
    /// The name of its file.
    pub file: String,
}

impl Parts {
    /// The crates that are shared libraries, which must be loaded before a cell that uses them.
    pub fn shared_libraries(&self) -> impl Iterator<Item = &Path> {
        self.crates
            .iter()
            .map(|(_, file)| file.as_path())
            .filter(|file| file.extension().is_none_or(|it| it != "rlib"))
    }
}

/// Why the library cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// There is no compiler.
    #[error(
        "cannot run rustc: {0}; install Rust as https://rustup.rs says, and see that rustc is on the PATH"
    )]
    NoCompiler(io::Error),
    /// There are no sources.
    #[error(
        "expected netsplit's library in {0}, found none; set NETSPLIT_HOME to the folder of netsplit's sources"
    )]
    NoSources(PathBuf),
    /// A file cannot be read or written.
    #[error("cannot prepare the library in {folder}: {source}; make it writable, or set NETSPLIT_CACHE")]
    File {
        /// Where.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It does not compile.
    #[error("the library does not compile: {0}")]
    Build(String),
}

/// Prepares the library from the sources in `home`, in the folder `cache`, unless that has been done before, there or in the
/// folder that `NETSPLIT_SHARED` names; `progress` is told what is going on, line by line, if there is anything to do.
///
/// # Errors
/// If there is no compiler, or the sources do not compile, or the cache cannot be written.
pub fn prepare(home: &Path, cache: &Path, progress: &mut dyn FnMut(&str)) -> Result<Library, LibraryError> {
    prepare_in(home, &Places::new(cache), progress)
}

/// Prepares the library in these places.
///
/// # Errors
/// If there is no compiler, or the sources do not compile, or the cache cannot be written.
pub fn prepare_in(
    home: &Path,
    places: &Places,
    progress: &mut dyn FnMut(&str),
) -> Result<Library, LibraryError> {
    let sources = sources(home)?;
    let key = key(&compiler_version()?, &sources);
    if let Some(library) = places.shared.as_deref().and_then(|shared| open_shared(shared, &key, places)) {
        return Ok(library);
    }
    let libraries = places.cache.join("library");
    let file = |source| LibraryError::File { folder: libraries.clone(), source };
    fs::create_dir_all(&libraries).map_err(file)?;
    let folder = libraries.join(&key);
    let lock = File::create(libraries.join(format!("{key}.lock"))).map_err(file)?;
    lock.lock_shared().map_err(file)?;
    if !folder.join("library.json").exists() {
        lock.unlock().map_err(file)?;
        lock.lock().map_err(file)?;
        // Somebody else may have made it while we waited for the lock.
        if !folder.join("library.json").exists() {
            progress("preparing the library for this compiler; this is done once and takes a moment");
            make(&folder, &sources, progress)?;
            remove_old(&libraries, &key);
        }
        lock.lock_shared().map_err(file)?;
    }
    let parts = read_parts(&folder).map_err(file)?;
    Ok(Library { parts, places: places.clone(), folder, _lock: Some(lock) })
}

/// The library of a shared folder, if it is there and whole.
fn open_shared(shared: &Path, key: &str, places: &Places) -> Option<Library> {
    open(&shared.join("library").join(key), places)
}

/// The library that was prepared in this folder, if it is whole: for whoever is told of it by a process that has prepared or found it. Its
/// lock is only read, and nobody's loss where it cannot be.
pub fn open(folder: &Path, places: &Places) -> Option<Library> {
    let lock = File::open(folder.with_extension("lock")).ok().filter(|lock| lock.lock_shared().is_ok());
    let parts = read_parts(folder).ok()?;
    Some(Library { parts, places: places.clone(), folder: folder.to_path_buf(), _lock: lock })
}

fn read_parts(folder: &Path) -> io::Result<Parts> {
    Ok(serde_json::from_slice(&fs::read(folder.join("library.json"))?)?)
}

/// The folder of the library for this compiler and these sources; none where it is still to be prepared.
///
/// # Errors
/// If there is no compiler, or there are no sources.
pub fn prepared(home: &Path, cache: &Path) -> Result<Option<PathBuf>, LibraryError> {
    let key = key(&compiler_version()?, &sources(home)?);
    let places = Places::new(cache);
    let roots = places.shared.iter().chain([&places.cache]);
    let mut folders = roots.map(|root| root.join("library").join(&key));
    Ok(folders.find(|folder| folder.join("library.json").exists()))
}

/// What `rustc -vV` says. It is asked once: a kernel would otherwise ask it twice while somebody waits for the first cell.
///
/// # Errors
/// If there is no compiler.
pub fn compiler_version() -> Result<String, LibraryError> {
    static VERSION: OnceLock<String> = OnceLock::new();
    if let Some(version) = VERSION.get() {
        return Ok(version.clone());
    }
    let version = ask_compiler(&["-vV"])?;
    Ok(VERSION.get_or_init(|| version).clone())
}

fn ask_compiler(arguments: &[&str]) -> Result<String, LibraryError> {
    // Which compiler answers may depend on the folder that asks: rustup obeys a file in it.
    let mut rustc = Command::new("rustc");
    let output = rustc.args(arguments).current_dir(cargo::TRUSTED_FOLDER).output();
    let output = output.map_err(LibraryError::NoCompiler)?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_string()),
        false => {
            let text = String::from_utf8_lossy(&output.stderr);
            Err(LibraryError::NoCompiler(io::Error::other(
                text.lines().next().unwrap_or_default().to_string(),
            )))
        }
    }
}

impl Library {
    /// Its folder, which no other library has.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What cells and the compiler read: the library, and the crates of notebooks.
    pub fn readable(&self) -> Vec<PathBuf> {
        let roots = std::iter::once(&self.places.cache).chain(&self.places.shared);
        std::iter::once(self.folder.clone()).chain(roots.map(|root| root.join("crates"))).collect()
    }

    /// The copy of the sources.
    pub fn sources(&self) -> PathBuf {
        self.folder.join("sources")
    }
}

/// The library's files, by their paths below the home, in order.
fn sources(home: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, LibraryError> {
    if !home.join("lib/prelude/Cargo.toml").exists() {
        return Err(LibraryError::NoSources(home.to_path_buf()));
    }
    let mut paths = vec![PathBuf::from("Cargo.toml"), PathBuf::from("Cargo.lock")];
    let collected = MEMBERS.iter().try_for_each(|member| collect(home, Path::new(member), &mut paths));
    let read = collected.and_then(|()| {
        paths.sort();
        paths.into_iter().map(|path| fs::read(home.join(&path)).map(|content| (path, content))).collect()
    });
    read.map_err(|source| LibraryError::File { folder: home.to_path_buf(), source })
}

/// Everything below the folder that a build needs: not the tests, the benchmarks, or what a build has left.
fn collect(home: &Path, folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(home.join(folder))? {
        let entry = entry?;
        let name = entry.file_name();
        let path = folder.join(&name);
        let is_left_out = ["tests", "benches", "examples", "target"].iter().any(|left_out| name == *left_out);
        if name.to_string_lossy().starts_with('.') || is_left_out {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => collect(home, &path, paths)?,
            false => paths.push(path),
        }
    }
    Ok(())
}

fn key(compiler: &str, sources: &[(PathBuf, Vec<u8>)]) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    add(compiler.as_bytes());
    add(env!("CARGO_PKG_VERSION").as_bytes());
    add(FORMAT.as_bytes());
    for (path, content) in sources {
        add(path.to_string_lossy().as_bytes());
        add(content);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Makes the folder: the sources, what cargo makes of them, and the account of both.
fn make(
    folder: &Path,
    sources: &[(PathBuf, Vec<u8>)],
    progress: &mut dyn FnMut(&str),
) -> Result<(), LibraryError> {
    let file = |source| LibraryError::File { folder: folder.to_path_buf(), source };
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(file)?;
    }
    for (path, content) in sources {
        let to = folder.join("sources").join(path);
        fs::create_dir_all(to.parent().unwrap_or(folder)).map_err(file)?;
        let content = match path.file_name() {
            _ if path == Path::new("Cargo.toml") => workspace(content)?,
            Some(name) if name == "Cargo.toml" => member(content)?,
            _ => content.clone(),
        };
        fs::write(&to, content).map_err(file)?;
    }
    let sysroot = PathBuf::from(ask_compiler(&["--print", "sysroot"])?);
    let standard = PathBuf::from(ask_compiler(&["--print", "target-libdir"])?);
    let flags = flags(folder, &standard);
    let built = build(folder, &cargo_of(&sysroot), &flags, progress)?;
    progress("choosing the fastest linker");
    let mut parts = parts(&built, folder, &sysroot, &standard)
        .ok_or_else(|| LibraryError::Build("some part is missing".into()))?;
    parts.flags = flags;
    parts.linker = linker::fastest(&parts, folder).map_err(file)?;
    let account = serde_json::to_vec_pretty(&parts).map_err(|error| file(error.into()))?;
    // Under its name only when it is whole.
    fs::write(folder.join("library.new"), account).map_err(file)?;
    fs::rename(folder.join("library.new"), folder.join("library.json")).map_err(file)
}

/// The workspace's manifest, for the members that are here.
fn workspace(manifest: &[u8]) -> Result<Vec<u8>, LibraryError> {
    rewritten(manifest, |manifest| {
        let workspace = manifest.get_mut("workspace").and_then(toml::Value::as_table_mut);
        let workspace = workspace.ok_or("expected a workspace")?;
        let members = MEMBERS.iter().map(|member| toml::Value::from(*member)).collect();
        workspace.insert("members".to_string(), toml::Value::Array(members));
        workspace.remove("exclude");
        // Profiles of packages that are not here.
        if let Some(profiles) = manifest.get_mut("profile").and_then(toml::Value::as_table_mut) {
            profiles.retain(|name, _| name == "release");
        }
        Ok(())
    })
}

/// A member's manifest, without the tests that are not here.
fn member(manifest: &[u8]) -> Result<Vec<u8>, LibraryError> {
    rewritten(manifest, |manifest| {
        manifest.retain(|name, _| !["test", "bench", "example", "dev-dependencies"].contains(&name));
        Ok(())
    })
}

fn rewritten(
    manifest: &[u8],
    rewrite: impl FnOnce(&mut toml::Table) -> Result<(), &'static str>,
) -> Result<Vec<u8>, LibraryError> {
    let broken = |reason: String| LibraryError::Build(format!("Cargo.toml: {reason}"));
    let text = String::from_utf8_lossy(manifest);
    let mut manifest: toml::Table =
        text.parse().map_err(|error: toml::de::Error| broken(error.to_string()))?;
    rewrite(&mut manifest).map_err(|reason| broken(reason.to_string()))?;
    Ok(toml::to_string(&manifest).map_err(|error| broken(error.to_string()))?.into_bytes())
}

/// The cargo that belongs to a compiler; the one on the PATH where they do not lie together.
fn cargo_of(sysroot: &Path) -> PathBuf {
    Some(sysroot.join("bin/cargo")).filter(|it| it.exists()).unwrap_or_else(|| PathBuf::from("cargo"))
}

/// How the compiler is called, for cargo's environment.
fn flags(folder: &Path, standard: &Path) -> String {
    let dependencies = folder.join("target/release/deps");
    let paths = [dependencies, standard.to_path_buf()].map(|it| it.display().to_string()).join(":");
    // One standard library in the process, found where it was compiled against, whatever the environment says: paths of
    // the older kind go before LD_LIBRARY_PATH. Fields are separated so that paths with spaces stay whole.
    ["-Cprefer-dynamic", &format!("-Clink-args=-Wl,--disable-new-dtags,-rpath,{paths}")].join("\x1f")
}

/// Builds, and returns cargo's account of what it made.
fn build(
    folder: &Path,
    program: &Path,
    flags: &str,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<Value>, LibraryError> {
    let file = |source| LibraryError::File { folder: folder.to_path_buf(), source };
    let mut command = cargo::command(program, &folder.join("sources/Cargo.toml"), "build");
    command
        .args(["--release", "--package", "netsplit-cell-host"])
        .args(["--message-format", "json-render-diagnostics"])
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env("CARGO_ENCODED_RUSTFLAGS", flags)
        .env("CARGO_PROFILE_RELEASE_DEBUG", "false");
    let ran = cargo::run(&mut command, &mut Starter::Here, &mut |line| progress(line.trim()));
    let ran = ran.map_err(file)?;
    if !ran.is_well {
        let from = ran.said.len().saturating_sub(40);
        return Err(LibraryError::Build(ran.said[from..].join("\n")));
    }
    // rust-analyzer reads the packages for all platforms, and a build for this one does not fetch the others. Where there is no network,
    // cells run all the same.
    let mut fetch = cargo::command(program, &folder.join("sources/Cargo.toml"), "fetch");
    let _ = cargo::run(&mut fetch, &mut Starter::Here, &mut |line| progress(line.trim()));
    Ok(ran.messages)
}

/// Finds the parts in cargo's account.
fn parts(messages: &[Value], folder: &Path, sysroot: &Path, standard: &Path) -> Option<Parts> {
    let mut host = None;
    let mut crates = Vec::new();
    let mut packages = Vec::new();
    for message in messages.iter().filter(|it| it["reason"] == "compiler-artifact") {
        let name = message["target"]["name"].as_str()?.replace('-', "_");
        if let Some(program) = message["executable"].as_str() {
            host = Some(PathBuf::from(program)).filter(|_| name == "netsplit_cell_host").or(host);
        }
        let files: Vec<&str> = message["filenames"].as_array()?.iter().filter_map(Value::as_str).collect();
        let is_offered = name.starts_with("netsplit") || OFFERED.contains(&name.as_str());
        let file = ["so", "dylib", "rlib"].iter().find_map(|kind| {
            files.iter().find(|file| Path::new(file).extension().is_some_and(|it| it == *kind))
        });
        packages.extend(file.and_then(|file| package(message, Path::new(file))));
        if let (true, Some(file)) = (is_offered, file) {
            crates.push((name, PathBuf::from(file)));
        }
    }
    crates.sort();
    Some(Parts {
        rustc: sysroot.join("bin/rustc"),
        sysroot: sysroot.to_path_buf(),
        builtins: builtins(standard),
        host: host?,
        dependencies: folder.join("target/release/deps"),
        crates,
        linker: Linker::Compiler,
        cargo: cargo_of(sysroot),
        flags: String::new(),
        packages,
    })
}

/// A crate of the registry, from cargo's message that it is built.
fn package(message: &Value, file: &Path) -> Option<Package> {
    let id = message["package_id"].as_str().filter(|id| id.starts_with("registry+"))?;
    let (name, version) = id.rsplit_once('#')?.1.split_once('@')?;
    let features = message["features"].as_array()?.iter().filter_map(Value::as_str);
    let is_macro = message["target"]["kind"].as_array()?.iter().any(|kind| kind == "proc-macro");
    Some(Package {
        name: name.to_string(),
        version: version.to_string(),
        features: features.map(str::to_string).collect(),
        // What runs in the compiler is not optimised.
        is_of_compiler: is_macro || message["profile"]["opt_level"] == "0",
        file: file.file_name()?.to_string_lossy().into_owned(),
    })
}

fn builtins(standard: &Path) -> Option<PathBuf> {
    let mut files = fs::read_dir(standard).ok()?.flatten().map(|entry| entry.path());
    files.find(|path| {
        let name = path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        name.starts_with("libcompiler_builtins-") && name.ends_with(".rlib")
    })
}

/// Removes the oldest prepared libraries that nobody uses.
fn remove_old(libraries: &Path, current: &str) {
    let Ok(entries) = fs::read_dir(libraries) else { return };
    let made = |folder: &Path| fs::metadata(folder.join("library.json")).and_then(|it| it.modified()).ok();
    let is_other = |folder: &PathBuf| folder.is_dir() && !folder.ends_with(current);
    let mut others: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_other).collect();
    others.sort_by_key(|folder| std::cmp::Reverse(made(folder)));
    for folder in others.iter().skip(KEPT - 1) {
        let lock_path = folder.with_extension("lock");
        let is_free = File::open(&lock_path)
            .is_ok_and(|lock| lock.try_lock().is_ok() && fs::remove_dir_all(folder).is_ok());
        if is_free {
            let _ = fs::remove_file(lock_path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    /// The key changes with the compiler, with a file's content, and with a file's name; not with anything else.
    #[test]
    fn key_follows_compiler_and_sources() {
        let sources = |name: &str, content: &str| vec![(PathBuf::from(name), content.as_bytes().to_vec())];
        let first = key("rustc 1", &sources("a", "x"));
        assert_eq!(first, key("rustc 1", &sources("a", "x")));
        let others = [
            key("rustc 2", &sources("a", "x")),
            key("rustc 1", &sources("a", "y")),
            key("rustc 1", &sources("ax", "")),
        ];
        assert!(others.iter().all(|other| *other != first));
    }

    /// The library's sources are found, tests are left out, and the order is always the same.
    #[test]
    fn sources_are_complete_and_ordered() {
        let paths: Vec<PathBuf> = sources(&home()).unwrap().into_iter().map(|(path, _)| path).collect();
        for file in ["Cargo.toml", "Cargo.lock", "lib/prelude/src/lib.rs", "kernel/runtime/src/host.rs"] {
            assert!(paths.contains(&PathBuf::from(file)), "{file}");
        }
        assert!(
            paths.iter().all(|path| !path.components().any(|part| part.as_os_str() == "tests")),
            "{paths:?}"
        );
        assert!(paths.is_sorted());
        let missing = sources(Path::new("/nowhere")).unwrap_err().to_string();
        assert!(missing.contains("/nowhere") && missing.contains("NETSPLIT_HOME"), "{missing}");
    }

    /// The manifest that is built names just the folders that were copied, and keeps the profile.
    #[test]
    fn the_workspace_is_cut_down() {
        let manifest = fs::read(home().join("Cargo.toml")).unwrap();
        let cut: toml::Table = String::from_utf8(workspace(&manifest).unwrap()).unwrap().parse().unwrap();
        assert_eq!(cut["workspace"]["members"].as_array().unwrap().len(), MEMBERS.len());
        assert_eq!(cut["profile"]["release"]["opt-level"].as_integer(), Some(3));
    }
}
