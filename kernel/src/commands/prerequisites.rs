//! What must be on the machine before the course can run: Rust, a C linker, Python.
//!
//! Each finding either says what was found or, in one line, what is missing and how to get it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Failure;

/// The oldest Python that the pinned packages run on.
pub const OLDEST_PYTHON: Version = Version(3, 10);

/// The oldest Rust that the library and its dependencies compile with: the workspace's `rust-version`.
const OLDEST_RUST: &str = env!("CARGO_PKG_RUST_VERSION");

/// The first two numbers of a version, which are all that compatibility hangs on here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32);

impl Version {
    /// The first version number in a text such as `rustc 1.95.0 (f2d3ce0bd 2026-03-21)` or `Python 3.13.0rc1`.
    pub fn first_in(text: &str) -> Option<Self> {
        text.split_whitespace().find_map(|word| {
            let mut parts = word.split('.');
            let major = parts.next()?.parse().ok()?;
            let minor: String = parts.next()?.chars().take_while(char::is_ascii_digit).collect();
            Some(Self(major, minor.parse().ok()?))
        })
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// Searches the folders of `PATH` for a program.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| is_executable(file))
}

/// Whether `file` is a file that someone may execute.
pub fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}

/// Runs a program and returns what it printed, if it ended well.
fn output_of(program: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
}

/// Cells are compiled on the user's machine, so `rustc` and `cargo` must be there, and new enough.
pub fn rust() -> Result<String, Failure> {
    let remedy = "install Rust from https://rustup.rs";
    let mut found = Vec::new();
    for program in ["rustc", "cargo"] {
        let path = on_path(program).ok_or_else(|| {
            Failure(format!("{program} {OLDEST_RUST} or later is needed, but none is on PATH: {remedy}"))
        })?;
        found.push(rust_program(&path, &output_of(&path, &["--version"]).unwrap_or_default())?);
    }
    Ok(found.join(", "))
}

/// Judges what `rustc --version` or `cargo --version` printed.
fn rust_program(path: &Path, printed: &str) -> Result<String, Failure> {
    let oldest = Version::first_in(OLDEST_RUST).expect("the workspace's rust-version is a version");
    match Version::first_in(printed) {
        Some(version) if version >= oldest => Ok(printed.split(" (").next().unwrap_or(printed).to_string()),
        Some(_) => Err(Failure(format!(
            "Rust {oldest} or later is needed, but {} is {printed}: run `rustup update stable`",
            path.display()
        ))),
        None => Err(Failure(format!(
            "{} should print its version, but printed {printed:?}: run `rustup default stable`",
            path.display()
        ))),
    }
}

/// rustc links through the system's C compiler driver.
pub fn linker() -> Result<String, Failure> {
    on_path("cc").map(|path| path.display().to_string()).ok_or_else(|| {
        Failure(
            "a C linker is needed to build cells, but there is no `cc` on PATH: install one \
             (Debian, Ubuntu: apt install build-essential; Fedora: dnf install gcc; macOS: xcode-select --install)"
                .to_string(),
        )
    })
}

/// A Python that can make private environments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Python {
    /// The program.
    pub path: PathBuf,
    /// Its version.
    pub version: Version,
}

/// The Python to use: the one that is `named`, else the first on `PATH` that is new enough.
pub fn python(named: Option<&Path>) -> Result<Python, Failure> {
    let candidates = match named {
        Some(path) => vec![path.to_path_buf()],
        None => ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python"]
            .into_iter()
            .filter_map(on_path)
            .collect(),
    };
    let found: Vec<Python> = candidates.iter().filter_map(|path| identify(path)).collect();
    let python = choose(named, &candidates, found)?;
    if output_of(&python.path, &["-c", "import venv, ensurepip"]).is_none() {
        return Err(Failure(format!(
            "Python's venv module is needed, but {} has none: install it \
             (Debian, Ubuntu: apt install python3-venv), or name another Python with --python PATH",
            python.path.display()
        )));
    }
    Ok(python)
}

/// Picks the first Python that is new enough, or says why none is.
fn choose(named: Option<&Path>, candidates: &[PathBuf], found: Vec<Python>) -> Result<Python, Failure> {
    let newest = found.iter().max_by_key(|it| it.version).cloned();
    if let Some(fitting) = found.into_iter().find(|it| it.version >= OLDEST_PYTHON) {
        return Ok(fitting);
    }
    let what_came = match (newest, named, candidates.first()) {
        (Some(old), ..) => format!("{} is Python {}", old.path.display(), old.version),
        (None, Some(path), _) => format!("{} is not a Python that runs", path.display()),
        (None, None, Some(path)) => format!("{} does not run", path.display()),
        (None, None, None) => "no python3 is on PATH".to_string(),
    };
    Err(Failure(format!(
        "Python {OLDEST_PYTHON} or later is needed, but {what_came}: install it (Debian, Ubuntu: apt install python3 \
         python3-venv; Fedora: dnf install python3; macOS: brew install python), or name one with --python PATH"
    )))
}

/// Asks a program for its Python version; none where it is not a Python that runs.
fn identify(path: &Path) -> Option<Python> {
    let printed = output_of(path, &["-c", "import sys; print('%d.%d' % sys.version_info[:2])"])?;
    Some(Python { path: path.to_path_buf(), version: Version::first_in(&printed)? })
}

/// A command on `program` that nothing in the caller's Python settings can lead astray.
pub fn clean_python(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for variable in
        ["PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV"]
    {
        command.env_remove(variable);
    }
    command.env("PYTHONNOUSERSITE", "1");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_up(path: &str, version: Version) -> Python {
        Python { path: PathBuf::from(path), version }
    }

    /// Versions are found in what real programs print, and 3.9 is older than 3.10.
    #[test]
    fn versions_are_read_from_what_programs_print() {
        assert_eq!(Version::first_in("rustc 1.95.0 (f2d3ce0bd 2026-03-21)"), Some(Version(1, 95)));
        assert_eq!(Version::first_in("cargo 1.96.0-nightly"), Some(Version(1, 96)));
        assert_eq!(Version::first_in("Python 3.13rc1"), Some(Version(3, 13)));
        assert_eq!(Version::first_in("error: no default toolchain"), None);
        assert!(Version(3, 9) < OLDEST_PYTHON);
    }

    /// An old Rust and a rustup without a toolchain are told apart, and each names its own remedy.
    #[test]
    fn old_rust_and_no_rust_have_different_remedies() {
        let judge = |printed| rust_program(Path::new("/bin/rustc"), printed);
        assert_eq!(judge("rustc 1.99.1 (abc 2027-01-01)").unwrap(), "rustc 1.99.1");
        assert!(
            judge("rustc 1.60.0 (abc 2022-01-01)")
                .unwrap_err()
                .to_string()
                .ends_with("`rustup update stable`")
        );
        assert!(judge("").unwrap_err().to_string().ends_with("`rustup default stable`"));
    }

    /// The first Python that is new enough wins over an older one that comes earlier on the path.
    #[test]
    fn a_newer_python_later_on_the_path_is_used() {
        let found = vec![made_up("/bin/python3", Version(3, 8)), made_up("/bin/python3.12", Version(3, 12))];
        assert_eq!(choose(None, &[], found).unwrap().path, Path::new("/bin/python3.12"));
    }

    /// Each way of having no Python is one line that says what came and what to install.
    #[test]
    fn missing_python_is_one_line_with_the_remedy() {
        let old = choose(None, &[], vec![made_up("/bin/python3", Version(3, 8))]).unwrap_err().to_string();
        let none = choose(None, &[], Vec::new()).unwrap_err().to_string();
        let named = choose(Some(Path::new("/x")), &[], Vec::new()).unwrap_err().to_string();
        assert!(old.contains("/bin/python3 is Python 3.8"), "{old}");
        assert!(none.contains("no python3 is on PATH"), "{none}");
        assert!(named.contains("/x is not a Python that runs"), "{named}");
        for line in [old, none, named] {
            assert!(line.contains("apt install python3 python3-venv") && !line.contains('\n'), "{line}");
        }
    }

    /// A program that answers like Python but lacks venv (Debian without python3-venv) is refused with that package's name.
    #[test]
    fn python_without_venv_names_the_debian_package() {
        use std::os::unix::fs::PermissionsExt;
        let scratch = tempfile::tempdir().unwrap();
        let fake = scratch.path().join("python3");
        std::fs::write(&fake, "#!/bin/sh\ncase \"$2\" in *venv*) exit 1;; *) echo 3.12;; esac\n").unwrap();
        std::fs::set_permissions(&fake, std::fs::Permissions::from_mode(0o755)).unwrap();
        let failure = python(Some(&fake)).unwrap_err().to_string();
        assert!(failure.contains("apt install python3-venv"), "{failure}");
    }
}
