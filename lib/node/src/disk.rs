//! A node's disk: what is written is volatile until it is synced, and a crash loses what was not.
//!
//! A disk holds named files. A write is seen at once by the node that wrote it (it is in the operating system's cache) and
//! survives a crash only if a sync that came after it has ended. Rewriting a whole file and appending are one operation each.
//! What else goes wrong is in [`DiskFaults`]: torn and reordered writes, syncs that lie or fail, a full disk; and bits rot
//! ([`Disk::rot`]). Not modelled: directories, sectors (a write may be torn at any byte), reads that fail.

use std::collections::BTreeMap;

use crate::random::Random;

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
    volatile: Vec<DiskOperation>,
    /// Operations that were made durable so far; `synced + volatile.len()` were asked for.
    synced: u64,
    faults: DiskFaults,
}

/// What is wrong with a disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiskFaults {
    /// A crash may keep part of what was not synced: a random number of its bytes, in their order.
    pub torn: bool,
    /// A crash may keep any operation that was not synced and lose any other.
    pub reordered: bool,
    /// Syncs end without having made anything durable.
    pub lying: bool,
    /// So many syncs will fail.
    pub failing_syncs: u32,
    /// No more bytes than this fit; nothing for no limit.
    pub capacity: Option<u64>,
}

/// One thing that was asked of a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum DiskOperation {
    /// The whole content of a file is replaced.
    Write {
        /// The file.
        file: String,
        /// Its new content.
        bytes: Vec<u8>,
    },
    /// Bytes are added at the end of a file.
    Append {
        /// The file.
        file: String,
        /// What is added.
        bytes: Vec<u8>,
    },
    /// A file is removed.
    Remove {
        /// The file.
        file: String,
    },
}

impl DiskOperation {
    fn apply(&self, files: &mut BTreeMap<String, Vec<u8>>) {
        match self {
            DiskOperation::Write { file, bytes } => {
                files.insert(file.clone(), bytes.clone());
            }
            DiskOperation::Append { file, bytes } => {
                files.entry(file.clone()).or_default().extend_from_slice(bytes)
            }
            DiskOperation::Remove { file } => {
                files.remove(file);
            }
        }
    }

    /// How many bytes it brings to the disk; a removal counts as one.
    fn size(&self) -> u64 {
        match self {
            DiskOperation::Write { bytes, .. } | DiskOperation::Append { bytes, .. } => bytes.len() as u64,
            DiskOperation::Remove { .. } => 1,
        }
    }

    /// Only the first `kept` bytes reach the disk. Of a write, they lie over the beginning of what was there.
    fn tear(&self, kept: u64, files: &mut BTreeMap<String, Vec<u8>>) {
        let kept = kept as usize;
        match self {
            DiskOperation::Write { file, bytes } if kept < bytes.len() => {
                let torn = files.entry(file.clone()).or_default();
                let rest = torn.split_off(kept.min(torn.len()));
                *torn = bytes[..kept].iter().copied().chain(rest).collect();
            }
            DiskOperation::Append { file, bytes } if kept < bytes.len() => {
                files.entry(file.clone()).or_default().extend_from_slice(&bytes[..kept]);
            }
            DiskOperation::Remove { .. } if kept == 0 => {}
            whole => whole.apply(files),
        }
    }
}

impl Disk {
    /// The content of `file` as this node sees it, synced or not; nothing if there is no such file.
    pub fn read(&self, file: &str) -> Option<Vec<u8>> {
        self.files.as_ref()?.seen.get(file).cloned()
    }

    /// The content of `file` that a crash would leave, faults of the disk apart; nothing if there would be no such file.
    pub fn read_synced(&self, file: &str) -> Option<Vec<u8>> {
        self.files.as_ref()?.durable.get(file).cloned()
    }

    /// The names of all files, in order.
    pub fn files(&self) -> Vec<String> {
        self.files.iter().flat_map(|files| files.seen.keys().cloned()).collect()
    }

    /// Replaces the whole content of `file`.
    pub fn write(&mut self, file: &str, bytes: &[u8]) {
        self.operate(DiskOperation::Write { file: file.to_owned(), bytes: bytes.to_vec() });
    }

    /// Adds `bytes` at the end of `file`, which is made if it is not there.
    pub fn append(&mut self, file: &str, bytes: &[u8]) {
        self.operate(DiskOperation::Append { file: file.to_owned(), bytes: bytes.to_vec() });
    }

    /// Removes `file`; nothing happens if it is not there.
    pub fn remove(&mut self, file: &str) {
        self.operate(DiskOperation::Remove { file: file.to_owned() });
    }

    /// What was asked of it and is not durable yet, in order: for those who carry a node's steps from one process to another.
    pub fn unsynced(&self) -> &[DiskOperation] {
        self.files.as_ref().map_or(&[], |files| &files.volatile)
    }

    /// How many operations were ever asked for; a sync covers those up to its own moment.
    pub fn writes(&self) -> u64 {
        self.files.as_ref().map_or(0, |files| files.synced + files.volatile.len() as u64)
    }

    /// A sync that covers the first `writes` operations has ended: they survive a crash from now on, unless the disk lies.
    pub fn complete_sync(&mut self, writes: u64) {
        let Some(files) = &mut self.files else { return };
        if files.faults.lying {
            return;
        }
        let covered = writes.saturating_sub(files.synced).min(files.volatile.len() as u64);
        for operation in files.volatile.drain(..covered as usize) {
            operation.apply(&mut files.durable);
        }
        files.synced += covered;
    }

    /// Whether the sync that ends now fails, if the disk has a failing one left.
    pub fn next_sync_fails(&mut self) -> bool {
        let Some(files) = &mut self.files else { return false };
        let fails = files.faults.failing_syncs > 0;
        files.faults.failing_syncs -= u32::from(fails);
        fails
    }

    /// Power is cut: what was not synced is gone.
    pub fn crash(&mut self) {
        self.crash_at_byte(0);
    }

    /// Power is cut while the disk writes: of what was not synced, the first `bytes` bytes have reached it, in the order in which they
    /// were written. A write that is torn by it leaves its beginning over what was there.
    pub fn crash_at_byte(&mut self, bytes: u64) {
        let Some(files) = &mut self.files else { return };
        let mut left = bytes;
        for operation in std::mem::take(&mut files.volatile) {
            if left == 0 {
                break;
            }
            operation.tear(left, &mut files.durable);
            left = left.saturating_sub(operation.size());
        }
        files.seen = files.durable.clone();
    }

    /// Power is cut, and what is left depends on what is wrong with the disk ([`DiskFaults`]).
    pub fn crash_with(&mut self, random: &mut Random) {
        let Some(files) = &mut self.files else { return };
        let (torn, reordered) = (files.faults.torn, files.faults.reordered);
        if reordered {
            for operation in std::mem::take(&mut files.volatile) {
                if random.chance(0.5) {
                    let kept = if torn { random.below(operation.size() + 1) } else { operation.size() };
                    operation.tear(kept, &mut files.durable);
                }
            }
            files.seen = files.durable.clone();
        } else if torn {
            let written: u64 = files.volatile.iter().map(DiskOperation::size).sum();
            self.crash_at_byte(random.below(written + 1));
        } else {
            self.crash();
        }
    }

    /// What is wrong with it.
    pub fn faults(&self) -> DiskFaults {
        self.files.as_ref().map_or_else(DiskFaults::default, |files| files.faults.clone())
    }

    /// Makes something wrong with it, or right again.
    pub fn set_faults(&mut self, faults: DiskFaults) {
        if self.files.is_some() || faults != DiskFaults::default() {
            self.files.get_or_insert_default().faults = faults;
        }
    }

    /// Changes one random bit of what is durable, in a random file that is not empty. Nobody is told. Returns the file.
    pub fn rot(&mut self, random: &mut Random) -> Option<String> {
        let files = self.files.as_mut()?;
        let mut byte =
            random.below(files.durable.values().map(|bytes| bytes.len() as u64).sum::<u64>().max(1));
        let bit = random.below(8);
        let mut rotten = None;
        for (file, bytes) in &mut files.durable {
            match bytes.get_mut(byte as usize) {
                Some(place) => {
                    *place ^= 1 << bit;
                    rotten = Some(file.clone());
                    break;
                }
                None => byte -= bytes.len() as u64,
            }
        }
        files.seen = files.durable.clone();
        for operation in &files.volatile {
            operation.apply(&mut files.seen);
        }
        rotten
    }

    /// Whether so many more bytes fit.
    pub fn has_room(&self, bytes: usize) -> bool {
        let Some(files) = &self.files else { return true };
        let Some(capacity) = files.faults.capacity else { return true };
        let used: u64 = files.seen.values().map(|bytes| bytes.len() as u64).sum();
        used + bytes as u64 <= capacity
    }

    /// Asks for room for so many bytes.
    pub(crate) fn claim_room(&self, bytes: usize) {
        assert!(
            self.has_room(bytes),
            "no space left on the disk for {bytes} more bytes; ask ctx.disk().has_room before"
        );
    }

    fn operate(&mut self, operation: DiskOperation) {
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

    /// The contents of all files.
    fn contents(disk: &Disk) -> Vec<(String, Vec<u8>)> {
        disk.files().into_iter().map(|file| (file.clone(), disk.read(&file).unwrap())).collect()
    }

    /// Two synced operations, and ten unsynced bytes in four more.
    fn half_synced() -> Disk {
        let mut disk = Disk::default();
        disk.write("a", b"old a");
        disk.append("log", b"1");
        disk.complete_sync(2);
        disk.write("a", b"NEW");
        disk.append("log", b"234");
        disk.append("log", b"567");
        disk.remove("a");
        disk
    }

    #[test]
    fn power_may_be_cut_at_every_byte() {
        // What was synced survives; of the rest exactly the first bytes do; a torn write lies over the old content; nothing else appears.
        let at = |bytes| {
            let mut disk = half_synced();
            disk.crash_at_byte(bytes);
            let text =
                |file| disk.read(file).map_or("-".to_owned(), |bytes| String::from_utf8(bytes).unwrap());
            format!("{} {}", text("a"), text("log"))
        };
        let expected = [
            "old a 1",
            "Nld a 1",
            "NEd a 1",
            "NEW 1",
            "NEW 12",
            "NEW 123",
            "NEW 1234",
            "NEW 12345",
            "NEW 123456",
            "NEW 1234567",
            "- 1234567",
            "- 1234567",
        ];
        for (bytes, expected) in expected.into_iter().enumerate() {
            assert_eq!(at(bytes as u64), expected, "after {bytes} bytes");
        }
    }

    #[test]
    fn a_torn_crash_is_some_cut_and_a_reordered_one_some_choice() {
        // Over many draws every byte of the cut occurs, and reordering keeps a later write without an earlier one.
        let (mut torn, mut reordered) =
            (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
        let cuts: Vec<_> = (0..=10)
            .map(|bytes| {
                let mut disk = half_synced();
                disk.crash_at_byte(bytes);
                contents(&disk)
            })
            .collect();
        for seed in 0..500 {
            for (faults, seen) in [
                (DiskFaults { torn: true, ..DiskFaults::default() }, &mut torn),
                (DiskFaults { reordered: true, ..DiskFaults::default() }, &mut reordered),
            ] {
                let mut disk = half_synced();
                disk.set_faults(faults);
                disk.crash_with(&mut Random::new(seed));
                seen.insert(contents(&disk));
            }
        }
        assert_eq!(torn, cuts.into_iter().collect());
        assert!(
            reordered
                .contains(&vec![("a".to_owned(), b"old a".to_vec()), ("log".to_owned(), b"1567".to_vec())])
        );
        assert_eq!(
            reordered.len(),
            12,
            "each choice of four operations, but a removed file does not show its write"
        );
    }

    #[test]
    fn a_lying_sync_makes_nothing_durable_and_an_honest_one_makes_up_for_it() {
        // The node sees its writes until the power is cut.
        let mut disk = Disk::default();
        disk.set_faults(DiskFaults { lying: true, ..DiskFaults::default() });
        disk.append("log", b"1");
        disk.complete_sync(disk.writes());
        let mut honest = disk.clone();
        disk.crash();
        assert_eq!(disk.read("log"), None);
        honest.set_faults(DiskFaults::default());
        honest.append("log", b"2");
        honest.complete_sync(honest.writes());
        honest.crash();
        assert_eq!(honest.read("log").unwrap(), b"12");
    }

    #[test]
    fn rot_changes_one_bit_of_what_is_durable() {
        // Not more, not less, and an empty disk has none to change.
        for seed in 0..50 {
            let mut disk = half_synced();
            disk.crash();
            let before = contents(&disk);
            disk.rot(&mut Random::new(seed)).expect("a file");
            let bits = |all: &[(String, Vec<u8>)]| {
                all.iter().flat_map(|(_, bytes)| bytes.clone()).collect::<Vec<u8>>()
            };
            let flipped: u32 =
                bits(&before).iter().zip(bits(&contents(&disk))).map(|(a, b)| (a ^ b).count_ones()).sum();
            assert_eq!(flipped, 1);
        }
        assert_eq!(Disk::default().rot(&mut Random::new(1)), None);
    }

    #[test]
    fn a_full_disk_has_no_room() {
        // Room is what is left of the capacity, files that are only seen included.
        let mut disk = half_synced();
        disk.set_faults(DiskFaults { capacity: Some(10), ..DiskFaults::default() });
        assert!(disk.has_room(3) && !disk.has_room(4), "7 bytes of the log are there");
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
