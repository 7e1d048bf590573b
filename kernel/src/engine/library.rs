//! The library that every cell sees, compiled once per version and shared by all kernels of a user.
//!
//! A prepared library is a folder in the cache, named after the compiler and the library's sources: a copy of the
//! sources (so that nobody's edits break a notebook that is open), and what cargo has made of them when evcxr compiled
//! a first cell. A kernel copies the latter, so that cargo finds everything fresh and compiles the cell alone.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use super::evcxr::PREPARE;
use super::evcxr::session_directory::{configure, evcxr_environment};
use crate::cache;

/// How many prepared libraries are kept: this one, and the one before it for whoever goes back.
const KEPT: usize = 2;

/// A library that cells can use.
#[derive(Debug)]
pub struct PreparedLibrary {
    folder: PathBuf,
    /// Keeps others from removing it.
    _lock: File,
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

/// Prepares the library unless that has been done before. `kernel` is the program `netsplit`; `progress` is told what
/// is going on, line by line, if there is anything to do.
pub fn prepare_library(
    kernel: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<PreparedLibrary, LibraryError> {
    let home = home();
    let libraries = cache::directory().join("library");
    let file = |source| LibraryError::File { folder: libraries.clone(), source };
    fs::create_dir_all(&libraries).map_err(file)?;
    let sources = sources(&home)?;
    let key = key(&compiler_version()?, &sources);
    let folder = libraries.join(&key);
    let lock = File::create(libraries.join(format!("{key}.lock"))).map_err(file)?;
    lock.lock_shared().map_err(file)?;
    if !folder.join("ready").exists() {
        lock.unlock().map_err(file)?;
        lock.lock().map_err(file)?;
        // Somebody else may have made it while we waited for the lock.
        if !folder.join("ready").exists() {
            progress("preparing the library for this compiler; this is done once and takes a moment");
            make(&folder, &sources, kernel, progress)?;
            remove_old(&libraries, &key);
        }
        lock.lock_shared().map_err(file)?;
    }
    Ok(PreparedLibrary { folder, _lock: lock })
}

/// The folder of the library for this compiler and these sources; none where it is still to be prepared.
pub fn prepared() -> Result<Option<PathBuf>, LibraryError> {
    let key = key(&compiler_version()?, &sources(&home())?);
    let folder = cache::directory().join("library").join(key);
    Ok(folder.join("ready").exists().then_some(folder))
}

/// What `rustc -vV` says.
pub fn compiler_version() -> Result<String, LibraryError> {
    let output = Command::new("rustc").arg("-vV").output().map_err(LibraryError::NoCompiler)?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => {
            let reason =
                String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default().to_string();
            Err(LibraryError::NoCompiler(io::Error::other(reason)))
        }
    }
}

/// The folder of netsplit's sources: `NETSPLIT_HOME`, or where this program was compiled.
pub fn home() -> PathBuf {
    let compiled_in =
        || Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default();
    std::env::var_os("NETSPLIT_HOME").map(PathBuf::from).unwrap_or_else(compiled_in)
}

impl PreparedLibrary {
    /// The copy of the sources.
    pub fn sources(&self) -> PathBuf {
        self.folder.join("sources")
    }

    /// The line that makes a cell depend on the library, and the line that brings its names in.
    pub fn first_cell(&self) -> String {
        first_cell(&self.sources())
    }

    /// Copies what cargo has made of the library to where evcxr compiles cells, times included: cargo compares them.
    pub fn copy_to(&self, cells: &Path) -> io::Result<()> {
        copy_tree(&self.folder.join("cells/target"), &cells.join("target"))
    }
}

fn first_cell(sources: &Path) -> String {
    let prelude = sources.join("lib/prelude");
    // Debug's quotes and escapes are those of TOML.
    format!(":dep netsplit = {{ path = {:?} }}\nuse netsplit::*;", prelude.display().to_string())
}

/// The library's files, by their paths below the home, in order.
fn sources(home: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, LibraryError> {
    if !home.join("lib/prelude/Cargo.toml").exists() {
        return Err(LibraryError::NoSources(home.to_path_buf()));
    }
    let mut paths = vec![PathBuf::from("Cargo.toml"), PathBuf::from("Cargo.lock")];
    collect(home, Path::new("lib"), &mut paths)
        .and_then(|()| {
            paths.sort();
            paths.into_iter().map(|path| fs::read(home.join(&path)).map(|content| (path, content))).collect()
        })
        .map_err(|source| LibraryError::File { folder: home.to_path_buf(), source })
}

/// Everything below the folder that a build needs: not the tests, the benchmarks, or what a build has left.
fn collect(home: &Path, folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(home.join(folder))? {
        let entry = entry?;
        let name = entry.file_name();
        let path = folder.join(&name);
        let is_hidden = name.to_string_lossy().starts_with('.');
        if entry.file_type()?.is_dir() {
            if !is_hidden
                && !["tests", "benches", "examples", "target"].iter().any(|left_out| name == *left_out)
            {
                collect(home, &path, paths)?;
            }
        } else if !is_hidden {
            paths.push(path);
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
    for (path, content) in sources {
        add(path.to_string_lossy().as_bytes());
        add(content);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Makes the folder: the sources, then what evcxr makes of them in a process of its own, which gets its environment.
fn make(
    folder: &Path,
    sources: &[(PathBuf, Vec<u8>)],
    kernel: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<(), LibraryError> {
    let file = |source| LibraryError::File { folder: folder.to_path_buf(), source };
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(file)?;
    }
    configure(folder).map_err(file)?;
    for (path, content) in sources {
        let path = folder.join("sources").join(path);
        fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(file)?;
        fs::write(&path, content).map_err(file)?;
    }
    let mut process = Command::new(kernel)
        .env(PREPARE, first_cell(&folder.join("sources")))
        .envs(evcxr_environment(folder))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(file)?;
    let mut last_lines = Vec::new();
    if let Some(stderr) = process.stderr.take() {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            progress(line.trim());
            last_lines.push(line);
        }
    }
    if !process.wait().map_err(file)?.success() {
        let from = last_lines.len().saturating_sub(40);
        return Err(LibraryError::Build(last_lines[from..].join("\n")));
    }
    File::create(folder.join("ready")).map(|_| ()).map_err(file)
}

/// Removes the oldest prepared libraries that nobody uses.
fn remove_old(libraries: &Path, current: &str) {
    let Ok(entries) = fs::read_dir(libraries) else { return };
    let made = |folder: &Path| fs::metadata(folder.join("ready")).and_then(|it| it.modified()).ok();
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

/// Copies a folder with all times; leaves out the first cell itself, which a kernel compiles anew in its own folder.
fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        let is_first_cell =
            ["ctx", "libctx", "libcode_", "incremental"].iter().any(|left_out| text.starts_with(left_out));
        let (source, target) = (entry.path(), to.join(&name));
        if is_first_cell {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_tree(&source, &target)?;
        } else {
            fs::copy(&source, &target)?;
            let modified = entry.metadata()?.modified()?;
            File::options().append(true).open(&target)?.set_modified(modified)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(
            paths.contains(&PathBuf::from("lib/prelude/src/lib.rs"))
                && paths.contains(&PathBuf::from("Cargo.toml"))
        );
        assert!(
            paths.iter().all(|path| !path.components().any(|part| part.as_os_str() == "tests")),
            "{paths:?}"
        );
        assert!(paths.is_sorted());
        let missing = sources(Path::new("/nowhere")).unwrap_err().to_string();
        assert!(missing.contains("/nowhere") && missing.contains("NETSPLIT_HOME"), "{missing}");
    }

    /// A copy keeps the times, by which cargo tells what is fresh, and leaves out the first cell.
    #[test]
    fn copies_keep_times() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("deps")).unwrap();
        for name in ["deps/libnetsplit.so", "deps/libctx.so", "deps/ctx.d"] {
            fs::write(from.join(name), name).unwrap();
        }
        let long_ago =
            std::time::SystemTime::UNIX_EPOCH + std::time::Duration::new(1_000_000_000, 123_456_789);
        File::options()
            .append(true)
            .open(from.join("deps/libnetsplit.so"))
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
        copy_tree(&from, &to).unwrap();
        let copied: Vec<_> =
            fs::read_dir(to.join("deps")).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(copied, ["libnetsplit.so"]);
        assert_eq!(fs::metadata(to.join("deps/libnetsplit.so")).unwrap().modified().unwrap(), long_ago);
    }
}
