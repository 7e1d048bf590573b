//! Where the cells that ran are kept from one session to the next: a file with one line of JSON for each.
//!
//! ```text
//! {"session":7}                                          a session begins
//! {"session":7,"number":1,"code":"1 + 1"}                a cell runs
//! {"session":7,"number":1,"code":"1 + 1","result":"2"}   it has a value
//! ```
//!
//! Several kernels may share the file: lines are appended whole, and a lock beside the file is held while one is. Nobody
//! waits for that lock for long, nor for the disk: writing has a thread of its own. A line that makes no sense is
//! skipped, and when the file has grown too large, its newest lines replace it. Of a very long cell, or value, the beginning
//! is kept: a file that is read at every start must not hold a data set that somebody has pasted.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::session::{Entry, History};

/// How large the file may be before it is shortened; more than this is never read.
const LARGEST: u64 = 16 << 20;
/// How many lines are left of a file that is too large: as many as a session knows.
const KEPT: usize = 10_000;
/// How much is kept of one cell's text, or its value.
const LONGEST: usize = 64 << 10;
/// How long to wait for another kernel that is writing.
const PATIENCE: Duration = Duration::from_millis(200);
/// How long an ending kernel waits for the last lines to be written.
const LINGER: Duration = Duration::from_millis(500);

/// The file, and the thread that writes to it.
pub struct HistoryFile {
    entries: Sender<Entry>,
    writer: JoinHandle<()>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Cell(Entry),
    Began { session: i64 },
}

impl HistoryFile {
    /// Reads what earlier sessions have left, and begins a new one. A file that cannot be used is as good as an empty
    /// one, and a warning says so.
    pub fn open(path: &Path) -> (Self, History) {
        let (session, earlier) = begin_session(path).unwrap_or_else(|error| {
            tracing::warn!("cells are not remembered: {} cannot be used: {error}", path.display());
            (1, Vec::new())
        });
        let (entries, inbox) = channel();
        let path = path.to_path_buf();
        let writer = thread::spawn(move || write_all(&path, &inbox));
        (Self { entries, writer }, History::new(session, earlier))
    }

    /// Keeps the cell.
    pub fn remember(&self, mut entry: Entry) {
        shorten_text(&mut entry.code, "// ");
        if let Some(result) = &mut entry.result {
            shorten_text(result, "");
        }
        // The writer ends only when this sender is dropped.
        let _ = self.entries.send(entry);
    }

    /// Waits a moment for what has been remembered to be written.
    pub fn close(self) {
        drop(self.entries);
        let deadline = Instant::now() + LINGER;
        while !self.writer.is_finished() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Keeps the beginning of what is too long, and says so in a line of its own.
fn shorten_text(text: &mut String, mark: &str) {
    let all = text.len();
    if all > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        *text += &format!("\n{mark}[netsplit] the history keeps the first {LONGEST} of {all} bytes");
        text.shrink_to_fit();
    }
}

fn write_all(path: &Path, entries: &Receiver<Entry>) {
    let mut has_complained = false;
    for entry in entries {
        if let Err(error) = append(path, &Line::Cell(entry))
            && !std::mem::replace(&mut has_complained, true)
        {
            tracing::warn!("cells are not remembered: cannot write to {}: {error}", path.display());
        }
    }
}

/// The number of the new session, and the cells of the earlier ones.
fn begin_session(path: &Path) -> std::io::Result<(i64, Vec<Entry>)> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let lock = lock(path);
    let (lines, is_too_large) = read(path)?;
    let session = |line: &Line| match line {
        Line::Cell(Entry { session, .. }) | Line::Began { session } => *session,
    };
    // Numbers that no kernel can have counted up to come from a damaged line.
    let sane = |line: &Line| (1..1_000_000_000).contains(&session(line));
    let lines: Vec<Line> = lines.into_iter().filter(sane).collect();
    let next = lines.iter().map(session).max().unwrap_or(0) + 1;
    // Without the lock, somebody else may be doing it.
    if is_too_large && lock.is_some() {
        shorten(path, &lines)?;
    }
    append_locked(path, &Line::Began { session: next })?;
    Ok((next, cells(lines)))
}

/// The lines that make sense, of as much of the file's end as may be read, and whether the file is larger than that.
fn read(path: &Path) -> std::io::Result<(Vec<Line>, bool)> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((Vec::new(), false)),
        Err(error) => return Err(error),
    };
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(LARGEST)))?;
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes)?;
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let mut damaged = 0;
    let parsed = lines.filter_map(|line| serde_json::from_slice(line).inspect_err(|_| damaged += 1).ok());
    let parsed: Vec<Line> = parsed.collect();
    if damaged > 0 {
        tracing::warn!("{damaged} lines of {} make no sense and are skipped", path.display());
    }
    let is_too_large = size > LARGEST || parsed.len() > 4 * KEPT;
    Ok((parsed, is_too_large))
}

/// The cells in the order in which they ran: the last line about a cell is the one that counts.
fn cells(lines: Vec<Line>) -> Vec<Entry> {
    let mut cells: Vec<Entry> = Vec::new();
    for line in lines {
        let Line::Cell(entry) = line else { continue };
        // Its first line is near: only the cells of kernels that run at the same time stand between.
        let is_same = |it: &&mut Entry| (it.session, it.number) == (entry.session, entry.number);
        match cells.iter_mut().rev().take(100).find(is_same) {
            Some(known) => *known = entry,
            None => cells.push(entry),
        }
    }
    cells
}

/// Replaces the file by its newest lines; whoever reads it meanwhile sees the old one or the new one. There is room for as
/// much again, so that it is not done at every start.
fn shorten(path: &Path, lines: &[Line]) -> std::io::Result<()> {
    let mut room = LARGEST as usize / 2;
    let fits = |text: &Vec<u8>| {
        let left = room.checked_sub(text.len());
        room = left.unwrap_or(0);
        left.is_some()
    };
    let newest: Vec<Vec<u8>> = lines.iter().rev().take(KEPT).map(text_of).take_while(fits).collect();
    // Always the same name: what a kernel leaves that is killed here is overwritten by the next.
    let shorter = path.with_extension("shorter");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&shorter)?;
    file.write_all(&newest.into_iter().rev().flatten().collect::<Vec<u8>>())?;
    std::fs::rename(shorter, path)
}

fn append(path: &Path, line: &Line) -> std::io::Result<()> {
    let _lock = lock(path);
    append_locked(path, line)
}

fn append_locked(path: &Path, line: &Line) -> std::io::Result<()> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    let mut text = text_of(line);
    // A line that was cut short by a crash must not spoil this one.
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(-1)).is_ok() {
        file.read_exact(&mut last)?;
    }
    if last != [b'\n'] {
        text.insert(0, b'\n');
    }
    file.write_all(&text)
}

fn text_of(line: &Line) -> Vec<u8> {
    let mut text = serde_json::to_vec(line).expect("a line is plain data");
    text.push(b'\n');
    text
}

/// The lock beside the file, held until it is dropped. If somebody else keeps it for too long, we go on without it: the
/// worst that can happen is a line that makes no sense.
fn lock(path: &Path) -> Option<File> {
    let mut name = PathBuf::from(path).into_os_string();
    name.push(".lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(name).ok()?;
    let deadline = Instant::now() + PATIENCE;
    while flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        if Instant::now() > deadline {
            return None;
        }
        thread::sleep(Duration::from_millis(2));
    }
    Some(file)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    struct Home {
        folder: tempfile::TempDir,
    }

    impl Home {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().unwrap() }
        }

        fn path(&self) -> PathBuf {
            self.folder.path().join("below").join("history.jsonl")
        }

        /// A session that runs these cells, and sees what came before them.
        fn session(&self, codes: &[&str]) -> Vec<Value> {
            let (file, mut history) = HistoryFile::open(&self.path());
            let seen = tail(&history);
            for (code, number) in codes.iter().zip(1..) {
                file.remember(history.push(number, code));
            }
            file.close();
            seen
        }

        fn damage(&self, text: &[u8]) {
            let mut file = OpenOptions::new().append(true).open(self.path()).unwrap();
            file.write_all(text).unwrap();
        }
    }

    fn tail(history: &History) -> Vec<Value> {
        let all = json!({"hist_access_type": "tail", "output": true});
        history.answer(&serde_json::from_value(all).unwrap())
    }

    /// Each session sees the cells of those before it, under their numbers; values are kept with them.
    #[test]
    fn sessions_see_the_ones_before() {
        let home = Home::new();
        assert_eq!(home.session(&["a", "b\nb"]), [] as [Value; 0]);
        assert_eq!(home.session(&[]), [json!([1, 1, ["a", null]]), json!([1, 2, ["b\nb", null]])]);
        let (file, mut history) = HistoryFile::open(&home.path());
        file.remember(history.push(1, "1 + 1"));
        file.remember(history.result(1, "2").unwrap());
        file.close();
        let seen = home.session(&[]);
        assert_eq!(seen.last(), Some(&json!([3, 1, ["1 + 1", "2"]])), "session 2 ran nothing");
        assert_eq!(seen.len(), 3);
    }

    /// Two kernels at the same time have different numbers, and keep both their cells.
    #[test]
    fn two_at_a_time() {
        let home = Home::new();
        let (one, mut of_one) = HistoryFile::open(&home.path());
        let (two, mut of_two) = HistoryFile::open(&home.path());
        for number in 1..=50 {
            one.remember(of_one.push(number, "one"));
            two.remember(of_two.push(number, "two"));
        }
        one.close();
        two.close();
        let seen = home.session(&[]);
        let of = |session: i64| seen.iter().filter(|it| it[0] == session).count();
        assert_eq!((of(1), of(2)), (50, 50));
    }

    /// Whatever stands in the file, the lines that make sense are read, and new ones can be added.
    #[test]
    fn damage_does_not_hurt() {
        let home = Home::new();
        home.session(&["a"]);
        home.damage(
            b"\x00\xff\xfe\n{\"session\":1,\"numb\n[]\n{\"session\":9223372036854775807}\n{\"session\":-4}\n",
        );
        home.damage(b"{\"session\":1,\"number\":99999999999,\"code\":\"x\"}\n{\"session\":1,\"number\":2,\"code\":\"cut");
        assert_eq!(home.session(&["b"]), [json!([1, 1, ["a", null]])]);
        assert_eq!(home.session(&[]), [json!([1, 1, ["a", null]]), json!([2, 1, ["b", null]])]);
    }

    /// A file that cannot be read or written is as good as none.
    #[test]
    fn without_a_file() {
        let home = Home::new();
        std::fs::create_dir_all(home.path()).unwrap();
        assert_eq!(home.session(&["a"]), [] as [Value; 0]);
        assert_eq!(home.session(&["a"]), [] as [Value; 0]);
    }

    /// A file that has grown too large is shortened, and the newest cells stay.
    #[test]
    fn it_is_bounded() {
        let home = Home::new();
        home.session(&["first"]);
        let code = "x".repeat(2_000);
        let lines: String = (1..=9_000_u32)
            .map(|number| format!("{{\"session\":2,\"number\":{number},\"code\":\"{code}\"}}\n"))
            .collect();
        home.damage(lines.as_bytes());
        home.damage(b"\n{\"session\":3,\"number\":1,\"code\":\"newest\"}\n");
        assert!(std::fs::metadata(home.path()).unwrap().len() > LARGEST);
        let seen = home.session(&[]);
        assert_eq!(seen.last(), Some(&json!([3, 1, ["newest", null]])));
        assert!(!seen.contains(&json!([1, 1, ["first", null]])) && seen.len() > 8_000, "{}", seen.len());
        assert!(std::fs::metadata(home.path()).unwrap().len() <= LARGEST / 2 + 100, "there is room for more");
        assert_eq!(home.session(&[]).last(), seen.last());
    }

    /// Of a cell of 50 MB the beginning is kept, and says so; what was there before it stays.
    #[test]
    fn long_cells_are_cut() {
        let home = Home::new();
        home.session(&["first"]);
        let (file, mut history) = HistoryFile::open(&home.path());
        file.remember(history.push(1, &format!("let x = \"{}\";", "é".repeat(25 << 20))));
        file.remember(history.result(1, &"y".repeat(1 << 20)).unwrap());
        file.close();
        assert!(std::fs::metadata(home.path()).unwrap().len() < 5 * LONGEST as u64);
        let seen = home.session(&[]);
        assert_eq!(seen[0], json!([1, 1, ["first", null]]));
        let (code, result) = (seen[1][2][0].as_str().unwrap(), seen[1][2][1].as_str().unwrap());
        assert!(code.starts_with("let x = \"éé") && code.len() < LONGEST + 100);
        let told = code.lines().last().unwrap();
        assert_eq!(
            told,
            format!("// [netsplit] the history keeps the first {LONGEST} of {} bytes", (50 << 20) + 11)
        );
        assert!(result.starts_with("yy") && result.len() < LONGEST + 100);
    }
}
