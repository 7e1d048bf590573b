//! The folder where netsplit keeps what can be made again: prepared libraries, and the files of running sessions.

use std::path::{Path, PathBuf};

/// `NETSPLIT_CACHE`, or `netsplit` in the user's cache folder. Not the shared `/tmp`: cargo obeys configuration files in
/// every folder above the one it works in, and anybody could put one there.
pub fn directory() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("NETSPLIT_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("netsplit")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/netsplit")))
        .unwrap_or_else(|| std::env::temp_dir().join("netsplit"))
}

/// Creates the folder and all above it; the error is one line with the path and the remedy.
pub fn create(folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|error| {
        let folder = folder.display();
        format!("cannot create {folder}: {error}; make it writable, or name another folder in NETSPLIT_CACHE")
    })
}
