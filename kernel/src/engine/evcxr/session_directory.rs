//! The private folder of one kernel: what evcxr writes, its configuration, the relay's socket.
//!
//! evcxr is told of its folders through the environment, which a program must not change once it has threads. So a
//! kernel creates its folder, and then replaces itself by the same program with the environment set; the process id
//! stays. The folder is locked while the kernel lives and removed when it ends; a kernel that was killed leaves its folder
//! unlocked, and the next one to start removes it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::cache;

/// The variable that names the folder of a kernel, and the one that says of which: processes that a cell starts inherit
/// both.
const SESSION: &str = "NETSPLIT_SESSION";
const SESSION_OF: &str = "NETSPLIT_SESSION_OF";
/// The variable that names folders of shared libraries.
const LIBRARY_PATH: &str = if cfg!(target_os = "macos") { "DYLD_LIBRARY_PATH" } else { "LD_LIBRARY_PATH" };
/// A folder younger than this may belong to a kernel that has not locked it yet.
const YOUNG: Duration = Duration::from_secs(60);
/// Socket addresses are short; longer paths do not fit.
const LONGEST_SOCKET: usize = 100;

/// cargo reads this file because it lies above the folder that evcxr works in: cells are compiled fast, and what they
/// depend on is compiled to be fast.
const CARGO_CONFIG: &str = "[profile.dev.package.\"*\"]\nopt-level = 3\n";
/// No optimisation of the cell itself. (An evcxr.toml of the user does not change our kernel.)
const EVCXR_CONFIG: &str = "[evcxr]\nopt_level = \"0\"\n";

/// A folder that belongs to this process and vanishes with it.
#[derive(Debug)]
pub struct SessionDirectory {
    path: PathBuf,
    _lock: File,
}

/// Where things are in a session's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Where evcxr compiles cells.
    pub cells: PathBuf,
    /// Where the relay connects to.
    pub socket: PathBuf,
}

impl SessionDirectory {
    /// The folder of this kernel, if the process has been replaced already; the error says why it cannot be had.
    pub fn of_this_process() -> Result<Option<Self>, String> {
        let of = std::env::var(SESSION_OF).unwrap_or_default();
        let Some(path) = std::env::var_os(SESSION).filter(|_| of == std::process::id().to_string()) else {
            return Ok(None);
        };
        let path = PathBuf::from(path);
        let locked = File::create(path.join("lock")).and_then(|lock| Ok(lock.try_lock().map(|()| lock)?));
        match locked {
            Ok(lock) => Ok(Some(Self { path, _lock: lock })),
            Err(error) => Err(format!(
                "cannot lock {}: {error}; name a folder on a local disk in NETSPLIT_CACHE",
                path.join("lock").display()
            )),
        }
    }

    /// Creates a folder and replaces this process by one that knows it; comes back only with the reason why not.
    pub fn create_and_restart() -> String {
        let sessions = cache::directory().join("sessions");
        if let Err(error) = cache::create(&sessions) {
            return error;
        }
        remove_abandoned(&sessions);
        let created = tempfile::Builder::new().prefix("").rand_bytes(8).tempdir_in(&sessions);
        let path = match created.and_then(|folder| configure(folder.path()).map(|()| folder)) {
            Ok(folder) => folder.keep(),
            Err(error) => {
                return format!("cannot write to {}: {error}; make it writable", sessions.display());
            }
        };
        let this_program = match std::env::current_exe() {
            Ok(program) => program,
            Err(error) => return format!("cannot find the program itself: {error}"),
        };
        let mut command = Command::new(this_program);
        command.args(std::env::args_os().skip(1)).env(SESSION, &path);
        command.env(SESSION_OF, std::process::id().to_string()).envs(evcxr_environment(&path));
        format!("cannot start the kernel again with its environment: {}", command.exec())
    }

    /// What an engine needs to know of the folder.
    pub fn places(&self) -> Places {
        let inside = self.path.join("relay");
        let socket = match inside.as_os_str().len() < LONGEST_SOCKET {
            true => inside,
            false => std::env::temp_dir().join(format!("netsplit-{}", std::process::id())),
        };
        Places { cells: self.path.join("cells"), socket }
    }
}

impl Drop for SessionDirectory {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.places().socket);
        // A compiler that was killed a moment ago may have created a file in the meantime.
        for _ in 0..10 {
            match fs::remove_dir_all(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                _ => return,
            }
        }
        tracing::warn!("cannot remove {}; the next kernel will", self.path.display());
    }
}

/// Writes the configuration that makes evcxr work in this folder as we want it to.
pub fn configure(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder.join(".cargo"))?;
    fs::create_dir_all(folder.join("config"))?;
    fs::create_dir_all(folder.join("cells"))?;
    fs::write(folder.join(".cargo/config.toml"), CARGO_CONFIG)?;
    fs::write(folder.join("config/evcxr.toml"), EVCXR_CONFIG)
}

/// The environment that makes evcxr work in this folder.
pub fn evcxr_environment(folder: &Path) -> Vec<(&'static str, OsString)> {
    let mut environment: Vec<(&'static str, OsString)> = vec![
        ("EVCXR_TMPDIR", folder.join("cells").into()),
        ("EVCXR_CONFIG_DIR", folder.join("config").into()),
    ];
    environment.extend(shared_libraries(folder).map(|paths| (LIBRARY_PATH, paths)));
    environment
}

/// Where compiled cells find the library and the standard library: in this order, before anything that is set already.
///
/// The paths that rustc writes into a cell are relative to the folder in which it was compiled, and evcxr loads it from
/// another; and cargo, when it runs a program, names folders in which another build of the library may lie.
fn shared_libraries(folder: &Path) -> Option<OsString> {
    let output = Command::new("rustc").args(["--print", "target-libdir"]).output().ok()?;
    let standard = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    let target = standard.parent()?.file_name()?;
    let ours = folder.join("cells/target").join(target).join("debug/deps");
    let others = std::env::var_os(LIBRARY_PATH).unwrap_or_default();
    std::env::join_paths([ours, standard].into_iter().chain(std::env::split_paths(&others))).ok()
}

fn remove_abandoned(sessions: &Path) {
    let Ok(entries) = fs::read_dir(sessions) else { return };
    for folder in entries.flatten().map(|entry| entry.path()) {
        let age =
            fs::metadata(&folder).and_then(|it| it.modified()).map(|it| it.elapsed().unwrap_or_default());
        let is_young = age.is_ok_and(|age| age < YOUNG);
        let is_abandoned = match File::open(folder.join("lock")) {
            Ok(lock) => lock.try_lock().is_ok(),
            Err(_) => !is_young,
        };
        if is_abandoned {
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The environment names the session's own library first, then the folder that really holds the standard library.
    #[test]
    fn cells_find_their_own_libraries_first() {
        let environment = evcxr_environment(Path::new("session"));
        let (_, folders) = environment.iter().find(|(name, _)| *name == LIBRARY_PATH).unwrap();
        let folders: Vec<_> = std::env::split_paths(folders).collect();
        assert!(
            folders[0].starts_with("session/cells/target") && folders[0].ends_with("debug/deps"),
            "{folders:?}"
        );
        let is_std = |entry: fs::DirEntry| entry.file_name().to_string_lossy().starts_with("libstd-");
        assert!(fs::read_dir(&folders[1]).unwrap().flatten().any(is_std), "{folders:?}");
    }

    /// What a dead kernel left is removed; what is locked, or has just been created, stays.
    #[test]
    fn abandoned_folders_are_removed() {
        let sessions = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let folder = sessions.path().join(name);
            configure(&folder).unwrap();
            folder
        };
        let (dead, alive, new) = (folder("dead"), folder("alive"), folder("new"));
        File::create(dead.join("lock")).unwrap();
        let lock = File::create(alive.join("lock")).unwrap();
        lock.try_lock().unwrap();
        remove_abandoned(sessions.path());
        assert_eq!([dead.exists(), alive.exists(), new.exists()], [false, true, true]);
    }
}
