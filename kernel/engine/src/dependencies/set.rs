//! A set of crates that has been built: a folder in the cache, `crates/<key>`, shared by all kernels of a user.
//!
//! The key is made of the library, the requests, the content of crates that come from folders, and the set that the notebook
//! had before, on top of which it is built: what that one has in it is taken from there, so that values which the notebook
//! holds keep their types. A set is there when `set.json` is; it is written last.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::thread;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::build::{Builder, Plan};
use super::content::{PathCrate, hex};
use super::project::Project;
use super::reasons;
use super::request::Request;
use crate::failure::Failure;
use crate::library::Library;

/// Changes when what is written about a set, or the way it is built, changes.
const FORMAT: &str = "1";
/// How many sets are kept that nobody uses at the moment: the ones used last.
const KEPT: usize = 24;
/// How often somebody who waits for a set looks whether it is there.
const PATIENCE: Duration = Duration::from_millis(20);

/// A set that cells can use.
#[derive(Debug)]
pub struct Set {
    /// What is in it.
    pub account: Account,
    /// Where it is.
    pub folder: PathBuf,
    /// The set that it is built on.
    pub base: Option<Rc<Set>>,
    /// Keeps others from removing it; there is none where nobody could.
    _lock: Option<File>,
}

/// What is written about a set.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    /// Its crate.
    pub name: String,
    /// Differs each time that it is built: what is built on it is built on this very one.
    pub id: String,
    /// The folder of the library that it is for.
    pub home: PathBuf,
    /// What was asked for.
    pub requests: Vec<Request>,
    /// The crates in it that come from folders.
    pub paths: Vec<PathCrate>,
    /// The folder of the set that it is built on.
    pub base: Option<PathBuf>,
    /// Its shared library.
    pub library: PathBuf,
    /// The crates that were asked for, by the names of their requests.
    pub crates: BTreeMap<String, Built>,
    /// All crates by their own names; none where several have the same.
    pub others: BTreeMap<String, Option<PathBuf>>,
    /// Tells this build of each crate, by its own name, from others, whose types are others.
    pub instances: BTreeMap<String, String>,
    /// What a user should know.
    pub notes: Vec<String>,
}

/// A crate that has been built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Built {
    /// What cells call it.
    pub name: String,
    /// The file that the compiler reads.
    pub file: PathBuf,
    /// Its version.
    pub version: String,
    /// Tells it from other builds.
    pub instance: String,
}

impl Set {
    /// The folder with all crates.
    pub fn dependencies(&self) -> PathBuf {
        self.folder.join("target/release/deps")
    }

    /// This set and the ones below it, the lowest first: the order in which they must be loaded.
    pub fn chain(&self) -> Vec<&Set> {
        let mut chain: Vec<&Set> = std::iter::successors(Some(self), |it| it.base.as_deref()).collect();
        chain.reverse();
        chain
    }

    /// Whether it is what these requests lead to.
    pub fn has(&self, requests: &[Request], paths: &[PathCrate]) -> bool {
        self.account.requests == requests && self.account.paths == paths
    }

    /// Takes it from those who come later: it is not what its key says.
    pub fn spoil(&self) {
        let _ = fs::remove_file(self.folder.join("set.json"));
    }

    /// The set with these requests on top of `base`: one that is there, or a new one.
    pub fn obtain(
        builder: &mut Builder<'_, '_>,
        requests: &[Request],
        paths: &[PathCrate],
        base: Option<&Rc<Set>>,
    ) -> Result<Rc<Set>, Failure> {
        let key = key(builder.library, requests, paths, base.map(Rc::as_ref));
        let places = &builder.library.places;
        if let Some(shared) = places.shared.as_deref().map(|it| it.join("crates")) {
            let exact = open(&shared.join(&key), base, File::open(shared.join(format!("{key}.lock"))).ok());
            if let Some(set) = exact.or_else(|| wider(builder.library, &shared, requests, paths, base)) {
                return Ok(Rc::new(set));
            }
        }
        let crates = places.cache.join("crates");
        let folder = crates.join(&key);
        if !builder.may_build && !folder.join("set.json").exists() {
            return Err(reasons::not_prepared());
        }
        let failed = |error| reasons::unwritable(&folder, &error);
        fs::create_dir_all(&crates).map_err(failed)?;
        let lock =
            File::options().create(true).truncate(false).write(true).open(crates.join(format!("{key}.lock")));
        let lock = lock.map_err(failed)?;
        wait(builder, || lock.try_lock_shared())?;
        if !folder.join("set.json").exists() {
            lock.unlock().map_err(failed)?;
            wait(builder, || lock.try_lock())?;
            // Somebody else may have made it while we waited for the lock.
            if !folder.join("set.json").exists() {
                make(builder, &folder, &key, requests, paths, base)?;
                remove_old(&crates);
            }
            lock.lock_shared().map_err(failed)?;
        }
        // The ones that were used last are kept.
        let _ = lock.set_modified(SystemTime::now());
        let set = open(&folder, base, Some(lock));
        set.map(Rc::new)
            .ok_or_else(|| reasons::unwritable(&folder, &std::io::Error::other("set.json is damaged")))
    }
}

fn key(library: &Library, requests: &[Request], paths: &[PathCrate], base: Option<&Set>) -> String {
    let mut hash = Sha256::new();
    let requests = serde_json::to_string(requests).unwrap_or_default();
    let paths = serde_json::to_string(paths).unwrap_or_default();
    let home = library.folder().display().to_string();
    for part in [FORMAT, &home, &requests, &paths, base.map(|it| it.account.id.as_str()).unwrap_or_default()]
    {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex(hash)
}

fn read(folder: &Path) -> Option<Account> {
    serde_json::from_slice(&fs::read(folder.join("set.json")).ok()?).ok()
}

/// Opens a set that is there and whole; the caller holds the lock, or takes it here.
fn open(folder: &Path, base: Option<&Rc<Set>>, lock: Option<File>) -> Option<Set> {
    let lock = lock.filter(|it| it.try_lock_shared().is_ok());
    let account = read(folder)?;
    Some(Set { account, folder: folder.to_path_buf(), base: base.cloned(), _lock: lock })
}

/// A shared set that has all that is asked for, and more: the smallest. Its crates may have more features than the requests
/// say, as they would in any larger project.
fn wider(
    library: &Library,
    shared: &Path,
    requests: &[Request],
    paths: &[PathCrate],
    base: Option<&Rc<Set>>,
) -> Option<Set> {
    // What a notebook has already must stay as it is.
    if base.is_some() {
        return None;
    }
    let has_all = |it: &Account| {
        it.base.is_none()
            && it.home == library.folder()
            && requests.iter().all(|request| it.requests.contains(request))
            && paths.iter().all(|path| it.paths.contains(path))
    };
    let folders = fs::read_dir(shared).ok()?.flatten().map(|entry| entry.path());
    let accounts = folders.filter_map(|folder| Some((read(&folder).filter(has_all)?, folder)));
    let (_, folder) = accounts.min_by_key(|(account, folder)| (account.requests.len(), folder.clone()))?;
    let lock = File::open(folder.with_extension("lock")).ok();
    open(&folder, None, lock)
}

/// Waits for a lock, or for somebody who does not want to wait any longer.
fn wait(
    builder: &mut Builder<'_, '_>,
    attempt: impl Fn() -> Result<(), fs::TryLockError>,
) -> Result<(), Failure> {
    let mut is_told = false;
    loop {
        match attempt() {
            Ok(()) => return Ok(()),
            Err(fs::TryLockError::Error(error)) => return Err(reasons::unlockable(&error)),
            Err(fs::TryLockError::WouldBlock) if builder.starter.is_interrupted() => {
                return Err(reasons::interrupted());
            }
            Err(fs::TryLockError::WouldBlock) => {
                if !is_told {
                    (builder.progress)("waiting for another notebook, which builds the same crates");
                }
                is_told = true;
                thread::sleep(PATIENCE);
            }
        }
    }
}

/// Makes the set's folder. What an interrupted build has left there is built on.
fn make(
    builder: &mut Builder<'_, '_>,
    folder: &Path,
    key: &str,
    requests: &[Request],
    paths: &[PathCrate],
    base: Option<&Rc<Set>>,
) -> Result<(), Failure> {
    let failed = |error| reasons::unwritable(folder, &error);
    let plan = Plan {
        folder,
        project: Project {
            folder: folder.join("project"),
            name: format!("netsplit_crates_{key}"),
            requests,
            base: base.map(|it| it.account.name.clone()),
        },
        paths,
        base: base.map(Rc::as_ref),
    };
    let built = builder.build(&plan);
    if built.is_err() && !builder.starter.is_interrupted() {
        let _ = fs::remove_dir_all(folder);
    }
    let mut account = built?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    account.id = format!("{key}-{}", now.as_nanos());
    let text = serde_json::to_vec_pretty(&account).map_err(|error| failed(error.into()))?;
    fs::write(folder.join("set.new"), text).map_err(failed)?;
    fs::rename(folder.join("set.new"), folder.join("set.json")).map_err(failed)
}

/// Removes the sets that have not been used for longest, those of libraries that are gone, and what builds have left.
fn remove_old(crates: &Path) {
    let Ok(entries) = fs::read_dir(crates) else { return };
    let folders = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    let used = |folder: &Path| fs::metadata(folder.with_extension("lock")).and_then(|it| it.modified()).ok();
    let mut folders: Vec<PathBuf> = folders.collect();
    folders.sort_by_key(|folder| std::cmp::Reverse(used(folder)));
    let mut kept = 0;
    for folder in folders {
        let is_wanted = read(&folder).is_some_and(|it| {
            it.home.join("library.json").exists() && it.base.is_none_or(|base| base.join("set.json").exists())
        });
        kept += usize::from(is_wanted);
        if is_wanted && kept <= KEPT {
            continue;
        }
        // Whoever uses it holds the lock; so does whoever builds it.
        if File::open(folder.with_extension("lock")).is_ok_and(|lock| lock.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(&folder);
        }
    }
}
