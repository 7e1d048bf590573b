//! The private folder of one kernel: the libraries of its cells, the pipes that they print into.
//!
//! The folder is locked while the kernel lives and removed when it ends; a kernel that was killed leaves its folder unlocked,
//! and the next one to start removes it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cache;

/// The variable that names the folder of a kernel: all processes that its cells start inherit it.
pub const SESSION: &str = "NETSPLIT_SESSION";
/// The names of folders that are being made begin so. They get their names when they are locked.
const UNFINISHED: &str = "new-";
/// A folder that has been unfinished for longer was left by a kernel that died.
const YOUNG: Duration = Duration::from_secs(60);

/// A folder that belongs to this process and vanishes with it.
#[derive(Debug)]
pub struct SessionDirectory {
    path: PathBuf,
    _lock: File,
}

impl SessionDirectory {
    /// A new folder in the cache; the error is one line with the remedy.
    pub fn create() -> Result<Self, String> {
        let sessions = cache::directory().join("sessions");
        cache::create(&sessions)?;
        remove_abandoned(&sessions);
        create_in(&sessions).map_err(|error| {
            let sessions = sessions.display();
            format!("cannot make a folder in {sessions}: {error}; make it writable, or name a folder on a local disk in NETSPLIT_CACHE")
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn create_in(sessions: &Path) -> io::Result<SessionDirectory> {
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

fn remove_abandoned(sessions: &Path) {
    let Ok(entries) = fs::read_dir(sessions) else { return };
    for entry in entries.flatten() {
        let folder = entry.path();
        let is_unfinished = entry.file_name().to_string_lossy().starts_with(UNFINISHED);
        let age = entry.metadata().and_then(|it| it.modified()).map(|it| it.elapsed().unwrap_or_default());
        let is_abandoned = match is_unfinished {
            true => age.is_ok_and(|age| age > YOUNG),
            false => File::open(folder.join("lock")).map_or(true, |lock| lock.try_lock().is_ok()),
        };
        if is_abandoned {
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a dead kernel left is removed; what is locked, or is just being made, stays; a folder vanishes with its owner.
    #[test]
    fn abandoned_folders_are_removed() {
        let sessions = tempfile::tempdir().unwrap();
        let alive = create_in(sessions.path()).unwrap();
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
}
