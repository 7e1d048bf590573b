//! Where things live: the project's sources, our own data, and the folders that Jupyter looks into.
//!
//! Everything is derived from environment variables that are read once, so that tests can pass their own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::engine::library;

/// The folders that the commands work with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The project's sources: the library that cells are compiled against, the chapters, the pinned requirements.
    pub source: PathBuf,
    /// Our own data: the private Python environment and what JupyterLab keeps for us.
    pub data: PathBuf,
    /// The user's own Jupyter data folder, where `install --user` goes.
    pub jupyter: PathBuf,
    /// Further Jupyter data folders that are searched for kernels, first one first.
    pub jupyter_search: Vec<PathBuf>,
}

impl Places {
    /// The folders for this user on this machine.
    pub fn of_this_user() -> Result<Self, Failure> {
        Self::from_variables(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
    }

    /// The folders that follow from the environment variables `variable`.
    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Failure> {
        let folder = |name: &str| variable(name).map(PathBuf::from);
        let home = folder("HOME").ok_or_else(|| {
            Failure("the variable HOME should name your home folder, but it is not set: set it".to_string())
        })?;
        let share = folder("XDG_DATA_HOME")
            .filter(|path| path.is_absolute())
            .unwrap_or_else(|| home.join(".local").join("share"));
        let jupyter = folder("JUPYTER_DATA_DIR").unwrap_or_else(|| {
            if cfg!(target_os = "macos") {
                home.join("Library").join("Jupyter")
            } else {
                share.join("jupyter")
            }
        });
        let mut jupyter_search: Vec<PathBuf> =
            variable("JUPYTER_PATH").map(|all| std::env::split_paths(&all).collect()).unwrap_or_default();
        for prefix in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
            jupyter_search.extend(folder(prefix).map(|it| it.join("share").join("jupyter")));
        }
        jupyter_search.extend(["/usr/local/share/jupyter", "/usr/share/jupyter"].map(PathBuf::from));
        Ok(Self { source: library::home(), data: share.join("netsplit"), jupyter, jupyter_search })
    }

    /// The chapters as they were published.
    pub fn chapters(&self) -> PathBuf {
        self.source.join("notebooks")
    }
}

/// Makes `folder` with all its parents and checks that files can be made in it; `remedy` ends the error's line.
pub fn ensure_writable(folder: &Path, remedy: &str) -> Result<(), Failure> {
    let refuse = |error: std::io::Error| {
        Failure(format!(
            "{} should be a folder that can be written to, but {error}: {remedy}",
            folder.display()
        ))
    };
    std::fs::create_dir_all(folder).map_err(refuse)?;
    tempfile::Builder::new().prefix(".netsplit-probe").tempfile_in(folder).map_err(refuse)?;
    Ok(())
}

/// Replaces the file at `path` in one step, so that a crash leaves the old content or the new one, never a part.
/// Does nothing where the content is already the same. Returns whether the file was written.
pub fn write_if_changed(path: &Path, content: &[u8]) -> Result<bool, Failure> {
    if std::fs::read(path).is_ok_and(|old| old == content) {
        return Ok(false);
    }
    let refuse = |error: std::io::Error| {
        Failure(format!("cannot write {}: {error}: make its folder writable", path.display()))
    };
    let folder = path.parent().expect("a file lies in a folder");
    std::fs::create_dir_all(folder).map_err(refuse)?;
    let mut temporary = tempfile::Builder::new().prefix(".netsplit-").tempfile_in(folder).map_err(refuse)?;
    std::io::Write::write_all(&mut temporary, content).map_err(refuse)?;
    make_readable(temporary.path()).map_err(refuse)?;
    temporary.persist(path).map_err(|error| refuse(error.error))?;
    Ok(true)
}

/// Temporary files are made for their owner only; what we publish (a kernelspec, a notebook) is for everyone to read.
fn make_readable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(variables: &[(&str, &str)]) -> Result<Places, Failure> {
        Places::from_variables(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        })
    }

    /// Our data follows the XDG rule: `$XDG_DATA_HOME/netsplit`, else `~/.local/share/netsplit`; relative values are void.
    #[test]
    fn data_follows_the_xdg_rule() {
        let of = |variables: &[(&str, &str)]| places(variables).unwrap().data;
        assert_eq!(of(&[("HOME", "/h")]), Path::new("/h/.local/share/netsplit"));
        assert_eq!(of(&[("HOME", "/h"), ("XDG_DATA_HOME", "/d")]), Path::new("/d/netsplit"));
        assert_eq!(of(&[("HOME", "/h"), ("XDG_DATA_HOME", "d")]), Path::new("/h/.local/share/netsplit"));
    }

    /// Jupyter's own variables are honoured, in Jupyter's order: JUPYTER_PATH, the active environment, the system.
    #[test]
    fn jupyter_folders_follow_jupyters_variables() {
        let variables =
            [("HOME", "/h"), ("JUPYTER_DATA_DIR", "/j"), ("JUPYTER_PATH", "/a:/b"), ("VIRTUAL_ENV", "/v")];
        let places = places(&variables).unwrap();
        assert_eq!(places.jupyter, Path::new("/j"));
        let expected = ["/a", "/b", "/v/share/jupyter", "/usr/local/share/jupyter", "/usr/share/jupyter"];
        assert_eq!(places.jupyter_search, expected.map(PathBuf::from));
    }

    /// Without a home folder there is one line that names the variable, not a panic.
    #[test]
    fn missing_home_is_one_line() {
        let failure = places(&[]).unwrap_err().to_string();
        assert!(failure.contains("HOME") && !failure.contains('\n'), "{failure}");
    }

    /// A folder that cannot be made is refused with its path and the remedy, even for root (a file is in the way).
    #[test]
    fn unwritable_folder_is_refused_with_path_and_remedy() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("file");
        std::fs::write(&file, "in the way").unwrap();
        let failure =
            ensure_writable(&file.join("below"), "choose another with --dir DIR").unwrap_err().to_string();
        assert!(
            failure.contains("file/below") && failure.ends_with("choose another with --dir DIR"),
            "{failure}"
        );
        ensure_writable(&scratch.path().join("a/b"), "unused").unwrap();
        assert_eq!(std::fs::read_dir(scratch.path().join("a/b")).unwrap().count(), 0, "the probe is removed");
    }

    /// Writing the same content twice touches the file once, and the file can be read by everyone.
    #[test]
    fn unchanged_content_is_not_written_again() {
        use std::os::unix::fs::PermissionsExt;
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("folder/file.json");
        assert!(write_if_changed(&path, b"one").unwrap());
        assert!(!write_if_changed(&path, b"one").unwrap());
        assert!(write_if_changed(&path, b"two").unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    }
}
