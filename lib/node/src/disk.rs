//! A node's disk: what is written is volatile until it is synced, and a crash loses what was not.
//!
//! A disk holds named files. A write is seen at once by the node that wrote it (it is in the operating system's cache) and
//! survives a crash only if a sync that came after it has ended. Rewriting a whole file and appending are one operation each.
//! Not modelled yet: torn writes, a lying fsync, bit rot, a full disk.

use std::collections::BTreeMap;

/// The files of one node: what it sees, and what would survive a crash.
///
/// ```
/// use netsplit_node::Disk;
/// let mut disk = Disk::default();
/// disk.append("log", b"a");
/// let written = disk.writes();
/// disk.complete_sync(written);
/// disk.append("log", b"b");
/// disk.crash();
/// assert_eq!(disk.read("log").as_deref(), Some(&b"a"[..]));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    /// Most nodes never write: they pay one pointer.
    files: Option<Box<Files>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Files {
    durable: BTreeMap<String, Vec<u8>>,
    /// `durable` with every operation of `volatile` applied. Invariant: a read never sees anything else.
    seen: BTreeMap<String, Vec<u8>>,
    volatile: Vec<Operation>,
    /// Operations that were made durable so far; `synced + volatile.len()` were asked for.
    synced: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Operation {
    Write { file: String, bytes: Vec<u8> },
    Append { file: String, bytes: Vec<u8> },
    Remove { file: String },
}

impl Operation {
    fn apply(&self, files: &mut BTreeMap<String, Vec<u8>>) {
        match self {
            Operation::Write { file, bytes } => {
                files.insert(file.clone(), bytes.clone());
            }
            Operation::Append { file, bytes } => {
                files.entry(file.clone()).or_default().extend_from_slice(bytes)
            }
            Operation::Remove { file } => {
                files.remove(file);
            }
        }
    }
}

impl Disk {
    /// The content of `file` as this node sees it, synced or not; nothing if there is no such file.
    pub fn read(&self, file: &str) -> Option<Vec<u8>> {
        self.files.as_ref()?.seen.get(file).cloned()
    }

    /// The names of all files, in order.
    pub fn files(&self) -> Vec<String> {
        self.files.iter().flat_map(|files| files.seen.keys().cloned()).collect()
    }

    /// Replaces the whole content of `file`.
    pub fn write(&mut self, file: &str, bytes: &[u8]) {
        self.operate(Operation::Write { file: file.to_owned(), bytes: bytes.to_vec() });
    }

    /// Adds `bytes` at the end of `file`, which is made if it is not there.
    pub fn append(&mut self, file: &str, bytes: &[u8]) {
        self.operate(Operation::Append { file: file.to_owned(), bytes: bytes.to_vec() });
    }

    /// Removes `file`; nothing happens if it is not there.
    pub fn remove(&mut self, file: &str) {
        self.operate(Operation::Remove { file: file.to_owned() });
    }

    /// How many operations were ever asked for; a sync covers those up to its own moment.
    pub fn writes(&self) -> u64 {
        self.files.as_ref().map_or(0, |files| files.synced + files.volatile.len() as u64)
    }

    /// A sync that covers the first `writes` operations has ended: they survive a crash from now on.
    pub fn complete_sync(&mut self, writes: u64) {
        let Some(files) = &mut self.files else { return };
        let covered = writes.saturating_sub(files.synced).min(files.volatile.len() as u64);
        for operation in files.volatile.drain(..covered as usize) {
            operation.apply(&mut files.durable);
        }
        files.synced += covered;
    }

    /// Power is cut: what was not synced is gone.
    pub fn crash(&mut self) {
        if let Some(files) = &mut self.files {
            files.volatile.clear();
            files.seen = files.durable.clone();
        }
    }

    fn operate(&mut self, operation: Operation) {
        let files = self.files.get_or_insert_default();
        operation.apply(&mut files.seen);
        files.volatile.push(operation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_keeps_exactly_what_was_synced() {
        // Every prefix of a write-sync sequence: the synced part survives, the rest does not, nothing else appears.
        for synced in 0..=4u64 {
            let mut disk = Disk::default();
            disk.write("a", b"1");
            disk.append("a", b"2");
            disk.write("b", b"x");
            disk.remove("a");
            disk.complete_sync(synced);
            assert_eq!(disk.read("a"), None);
            disk.crash();
            let a = [None, Some("1"), Some("12"), Some("12"), None][synced as usize];
            assert_eq!(
                disk.read("a"),
                a.map(|text| text.as_bytes().to_vec()),
                "after {synced} synced operations"
            );
            assert_eq!(disk.read("b").is_some(), synced >= 3);
        }
    }

    #[test]
    fn a_sync_does_not_cover_later_writes() {
        // What was written while the disk was syncing is still volatile.
        let mut disk = Disk::default();
        disk.append("log", b"first");
        let covered = disk.writes();
        disk.append("log", b"second");
        disk.complete_sync(covered);
        disk.crash();
        assert_eq!(disk.read("log").unwrap(), b"first");
        assert_eq!(disk.files(), ["log"]);
    }
}
