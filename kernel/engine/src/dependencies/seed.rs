//! What has been built before need not be built again: a set begins with what the set before, and the library, have.

use std::fs::{self, File, FileTimes};
use std::io;
use std::path::Path;

/// The folders in which cargo keeps what it has built.
const FOLDERS: [&str; 3] = ["deps", "build", ".fingerprint"];

/// Takes over what is in a folder of cargo's, of the crates whose names are wanted.
pub fn take_over(from: &Path, to: &Path, is_wanted: &dyn Fn(&str) -> bool) -> io::Result<()> {
    for folder in FOLDERS {
        let (from, to) = (from.join(folder), to.join(folder));
        fs::create_dir_all(&to)?;
        let Ok(entries) = fs::read_dir(&from) else { continue };
        for entry in entries {
            let name = entry?.file_name();
            if crate_of(&name.to_string_lossy()).is_some_and(|it| is_wanted(&it)) {
                copy(&from.join(&name), &to.join(&name))?;
            }
        }
    }
    Ok(())
}

/// The name of the crate that a file is of: `libserde_core-0123456789abcdef.rlib`, `serde_core-0123456789abcdef.d`.
fn crate_of(file: &str) -> Option<String> {
    let (stem, kind) = file.split_once('.').unwrap_or((file, ""));
    let is_library = ["rlib", "rmeta", "so", "dylib"].contains(&kind);
    let stem = stem.strip_prefix("lib").filter(|_| is_library).unwrap_or(stem);
    let (name, hash) = stem.rsplit_once('-')?;
    let is_hash = hash.len() == 16 && hash.chars().all(|it| it.is_ascii_hexdigit());
    is_hash.then(|| name.replace('-', "_"))
}

/// Copies a file or a folder, time stamps included, by which cargo tells what is fresh. Libraries, which are replaced as a
/// whole and never written into, are shared.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if to.exists() {
        return Ok(());
    }
    let found = fs::metadata(from)?;
    if found.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            copy(&from.join(&name), &to.join(&name))?;
        }
        return Ok(());
    }
    let is_library =
        to.extension().is_some_and(|it| ["rlib", "rmeta", "so", "dylib"].iter().any(|kind| it == *kind));
    if is_library && fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to)?;
    let times = FileTimes::new().set_modified(found.modified()?);
    // A file that cannot be opened for writing keeps the time of the copy, and is built again.
    File::options().write(true).open(to).map_or(Ok(()), |file| file.set_times(times))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file's name says which crate it is of; what has no hash is nobody's.
    #[test]
    fn files_are_of_crates() {
        let of = |file: &str| crate_of(file).unwrap_or_default();
        assert_eq!(of("libserde_core-0123456789abcdef.rlib"), "serde_core");
        assert_eq!(of("serde_core-0123456789abcdef.d"), "serde_core");
        assert_eq!(of("serde-json-0123456789abcdef"), "serde_json");
        assert_eq!(of("libloading-0123456789abcdef"), "libloading");
        assert_eq!(of("liblibloading-0123456789abcdef.rmeta"), "libloading");
        assert_eq!(of("libnetsplit.so"), "");
    }

    /// What is taken over keeps its time, and only what is wanted is there.
    #[test]
    fn times_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let unit = "a-0123456789abcdef";
        fs::create_dir_all(from.join(".fingerprint").join(unit)).unwrap();
        fs::create_dir_all(from.join("deps")).unwrap();
        let files =
            [format!(".fingerprint/{unit}/x"), format!("deps/lib{unit}.rlib"), format!("deps/{unit}.d")];
        let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        for file in &files {
            let file = File::create(from.join(file)).unwrap();
            file.set_times(FileTimes::new().set_modified(long_ago)).unwrap();
        }
        File::create(from.join("deps/libb-0123456789abcdef.rlib")).unwrap();
        take_over(&from, &to, &|name| name == "a").unwrap();
        for file in &files {
            assert_eq!(fs::metadata(to.join(file)).unwrap().modified().unwrap(), long_ago, "{file}");
        }
        assert!(!to.join("deps/libb-0123456789abcdef.rlib").exists());
    }
}
