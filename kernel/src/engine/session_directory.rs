//! The private folder of one kernel: the libraries of its cells, the pipes that they print into.
//!
//! The folder is locked while the kernel lives and removed when it ends; a kernel that was killed leaves its folder unlocked,
//! and the next one to start removes it, after it has ended what is left of that kernel's processes. All such folders lie in
//! one, which belongs to this user and is open to nobody else: what lies in it is loaded into running programs.

use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::{cache, processes};

/// The variable that names the folder of a kernel: all processes that its cells start inherit it.
pub const SESSION: &str = "NETSPLIT_SESSION";
/// The names of folders that are being made begin so. They get their names when they are locked.
const UNFINISHED: &str = "new-";
/// A folder that has been unfinished for longer was left by a kernel that died.
const YOUNG: Duration = Duration::from_secs(60);
/// How long the processes of an abandoned folder may take to be gone.
const PATIENCE: Duration = Duration::from_secs(1);

/// A folder that belongs to this process and vanishes with it.
#[derive(Debug)]
pub struct SessionDirectory {
    path: PathBuf,
    _lock: File,
}

impl SessionDirectory {
    /// A new folder in the cache; the error is one line with the remedy.
    pub fn create() -> Result<Self, String> {
        Self::create_in(&cache::directory().join("sessions"))
    }

    /// A new folder in this one, which is for such folders alone; the error is one line with the remedy.
    pub fn create_in(sessions: &Path) -> Result<Self, String> {
        cache::create(sessions)?;
        claim(sessions)?;
        remove_abandoned(sessions);
        make_in(sessions).map_err(|error| {
            let sessions = sessions.display();
            format!("cannot make a folder in {sessions}: {error}; make it writable, or name a folder on a local disk in NETSPLIT_CACHE")
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Sees to it that the folder is ours, and nobody else's to write or look into.
fn claim(folder: &Path) -> Result<(), String> {
    let (path, us) = (folder.display(), rustix::process::geteuid().as_raw());
    let cannot = |error: io::Error| {
        format!("cannot keep others out of {path}: {error}; name another folder in NETSPLIT_CACHE")
    };
    let found = fs::metadata(folder).map_err(cannot)?;
    if found.uid() != us {
        return Err(format!(
            "expected {path} to belong to this user (number {us}), found user number {}; remove it, or name another folder in NETSPLIT_CACHE",
            found.uid()
        ));
    }
    match found.mode() & 0o077 {
        0 => Ok(()),
        _ => fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(cannot),
    }
}

fn make_in(sessions: &Path) -> io::Result<SessionDirectory> {
    let unfinished = tempfile::Builder::new().prefix(UNFINISHED).rand_bytes(8).tempdir_in(sessions)?;
    let lock = File::create(unfinished.path().join("lock"))?;
    lock.try_lock()?;
    let name = unfinished.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    let path = sessions.join(name.trim_start_matches(UNFINISHED));
    fs::rename(unfinished.path(), &path)?;
    // It has another name now, so there is nothing left to remove.
    let _ = unfinished.keep();
    Ok(SessionDirectory { path, _lock: lock })
}

impl Drop for SessionDirectory {
    fn drop(&mut self) {
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

/// Removes what kernels have left that were killed: their folders, and the processes that name them. What belongs to
/// another user is that user's.
fn remove_abandoned(sessions: &Path) {
    let Ok(entries) = fs::read_dir(sessions) else { return };
    let us = rustix::process::geteuid().as_raw();
    for entry in entries.flatten() {
        let folder = entry.path();
        if !entry.metadata().is_ok_and(|it| it.is_dir() && it.uid() == us) {
            continue;
        }
        let is_unfinished = entry.file_name().to_string_lossy().starts_with(UNFINISHED);
        let age = entry.metadata().and_then(|it| it.modified()).map(|it| it.elapsed().unwrap_or_default());
        let is_abandoned = match is_unfinished {
            true => age.is_ok_and(|age| age > YOUNG),
            false => File::open(folder.join("lock")).map_or(true, |lock| lock.try_lock().is_ok()),
        };
        if is_abandoned {
            end_processes(&folder);
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

/// Ends what the cells of this folder's kernel have started, again and again as long as it starts others.
fn end_processes(folder: &Path) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = processes::carrying(SESSION, folder.as_os_str().as_bytes());
        left.iter().for_each(|process| processes::kill(*process));
        if left.is_empty() || Instant::now() > deadline {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a dead kernel left is removed; what is locked, or is just being made, stays; a folder vanishes with its owner.
    #[test]
    fn abandoned_folders_are_removed() {
        let sessions = tempfile::tempdir().unwrap();
        let alive = make_in(sessions.path()).unwrap();
        let (dead, new) = (sessions.path().join("dead"), sessions.path().join("new-1"));
        for folder in [&dead, &new] {
            fs::create_dir(folder).unwrap();
        }
        File::create(dead.join("lock")).unwrap();
        remove_abandoned(sessions.path());
        assert_eq!([dead.exists(), alive.path().exists(), new.exists()], [false, true, true]);
        let path = alive.path().to_path_buf();
        drop(alive);
        assert!(!path.exists());
    }

    /// What the cells of a killed kernel have started is ended before its folder goes; what names another folder lives.
    #[test]
    fn processes_of_abandoned_folders_are_ended() {
        let sessions = tempfile::tempdir().unwrap();
        let alive = make_in(sessions.path()).unwrap();
        let dead = sessions.path().join("dead");
        fs::create_dir(&dead).unwrap();
        File::create(dead.join("lock")).unwrap();
        // Not `sleep`: a test beside this one kills all of that name.
        let lasting = |folder: &Path| {
            std::process::Command::new("tail").args(["-f", "/dev/null"]).env(SESSION, folder).spawn().unwrap()
        };
        let (mut left, mut other) = (lasting(&dead), lasting(alive.path()));
        let carries = |folder: &Path| processes::carrying(SESSION, folder.as_os_str().as_bytes());
        let deadline = Instant::now() + Duration::from_secs(20);
        // A new process has our environment until it has become the other program.
        while [carries(&dead), carries(alive.path())] != [[left.id()], [other.id()]] {
            assert!(Instant::now() < deadline, "the processes are not there");
            std::thread::sleep(Duration::from_millis(2));
        }
        remove_abandoned(sessions.path());
        assert!(!dead.exists());
        assert!(!left.wait().unwrap().success(), "it was killed");
        assert!(other.try_wait().unwrap().is_none(), "it lives");
        other.kill().unwrap();
        other.wait().unwrap();
    }

    /// The folder of folders becomes private; where it is somebody else's, a line says so, with the remedy.
    #[test]
    fn the_folder_of_folders_is_ours() {
        let sessions = tempfile::tempdir().unwrap();
        fs::set_permissions(sessions.path(), fs::Permissions::from_mode(0o777)).unwrap();
        drop(SessionDirectory::create_in(sessions.path()).unwrap());
        assert_eq!(fs::metadata(sessions.path()).unwrap().mode() & 0o777, 0o700);
        // Root's; and where we are root, we give one away.
        let is_root = rustix::process::geteuid().is_root();
        if is_root {
            std::os::unix::fs::chown(sessions.path(), Some(12_345), None).unwrap();
        }
        let foreign = if is_root { sessions.path() } else { Path::new("/") };
        let error = claim(foreign).unwrap_err();
        assert!(error.contains("to belong to this user") && error.contains("NETSPLIT_CACHE"), "{error}");
        // A folder of another user in ours stays, also where we might remove it.
        if is_root {
            let theirs = sessions.path().join("theirs");
            fs::create_dir(&theirs).unwrap();
            std::os::unix::fs::chown(&theirs, Some(12_345), None).unwrap();
            remove_abandoned(sessions.path());
            assert!(theirs.exists());
        }
    }
}
