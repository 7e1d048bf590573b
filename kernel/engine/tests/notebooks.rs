//! The engine's own tests: notebooks as tables of cells in and results out, in `tests/notebooks`.
//!
//! A file holds notebooks; each begins with a line `## What it shows`. Cells are separated by lines `---`. Below a cell's code
//! stands what it must give, in lines that begin with
//! `//=>` the text of its value, `//out` a line of stdout, `//err` a part of stderr, `//fails` a part of its error,
//! `//shows` a MIME type and a part of what is displayed, `//same id` it is a new run of the cell that many cells before,
//! `//floods` a part of stderr after a stdout that does not matter, `//late` a cell's number and a part of what that cell puts out after its end. `//repeat 3 code` stands for three lines of
//! code, in which `$n` is 0, 1, 2. `$crates` is a copy of `tests/crates` that belongs to the notebook.
//! A cell with none of them must end well and put out nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use netsplit_engine::library::{self, Library};
use netsplit_engine::{Audience, Cell, Engine, Failure, Interrupt, Output, Settings, Stream};

fn library() -> Library {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("engine-cache");
    library::prepare(&home, &cache, &mut |_| {}).expect("the library can be prepared")
}

#[derive(Debug, Default)]
struct Expected {
    value: Vec<String>,
    out: Vec<String>,
    err: Vec<String>,
    fails: Vec<String>,
    shows: Vec<(String, String)>,
    again: Option<usize>,
    late: Vec<(u32, String)>,
    floods: bool,
}

impl Expected {
    /// With the folder of the notebook's crates in place.
    fn with_crates(&self, crates: &Path) -> Self {
        let all = |lines: &[String]| lines.iter().map(|line| with_crates(line, crates)).collect();
        Self {
            value: all(&self.value),
            out: all(&self.out),
            err: all(&self.err),
            fails: all(&self.fails),
            shows: self.shows.clone(),
            again: self.again,
            late: self.late.clone(),
            floods: self.floods,
        }
    }
}

#[derive(Debug)]
struct Notebook {
    title: String,
    cells: Vec<(String, Expected)>,
}

fn read(text: &str) -> Vec<Notebook> {
    let mut notebooks = Vec::new();
    let mut parts = text.split("\n## ");
    let first = parts.next().unwrap_or_default().strip_prefix("## ");
    for part in first.into_iter().chain(parts) {
        let (title, cells) = part.split_once('\n').expect("a notebook has cells");
        let cells = cells.split("\n---\n").map(read_cell).collect();
        notebooks.push(Notebook { title: title.to_string(), cells });
    }
    notebooks
}

fn read_cell(text: &str) -> (String, Expected) {
    let mut expected = Expected::default();
    let mut code = Vec::new();
    for line in text.lines() {
        let after =
            |mark: &str| line.strip_prefix(mark).map(|it| it.strip_prefix(' ').unwrap_or(it).to_string());
        if let Some(value) = after("//=>") {
            expected.value.push(value);
        } else if let Some(line) = after("//out") {
            expected.out.push(line);
        } else if let Some(part) = after("//err") {
            expected.err.push(part);
        } else if let Some(part) = after("//fails") {
            expected.fails.push(part);
        } else if let Some(shown) = after("//shows") {
            let (mime, part) = shown.split_once(' ').expect("a MIME type and a part");
            expected.shows.push((mime.to_string(), part.to_string()));
        } else if let Some(before) = after("//same id") {
            expected.again = Some(before.trim().parse().expect("how many cells before"));
        } else if let Some(part) = after("//floods") {
            expected.floods = true;
            expected.err.push(part);
        } else if let Some(late) = after("//late") {
            let (cell, part) = late.split_once(' ').expect("a cell and a part");
            expected.late.push((cell.parse().expect("a cell's number"), part.to_string()));
        } else if let Some(repeated) = after("//repeat") {
            let (times, line) = repeated.split_once(' ').expect("how often, and a line");
            let times: usize = times.parse().expect("how often");
            code.extend((0..times).map(|n| line.replace("$n", &n.to_string())));
        } else {
            code.push(line.to_string());
        }
    }
    (code.join("\n").trim_matches('\n').to_string(), expected)
}

#[derive(Debug, Default)]
struct Seen {
    value: Option<String>,
    out: String,
    err: String,
    shows: Vec<(String, String)>,
}

impl Audience for Seen {
    fn put(&mut self, output: Output) {
        let text =
            |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
        match output {
            Output::Text(Stream::Out, text) => self.out += &text,
            Output::Text(Stream::Err, text) => self.err += &plain(&text),
            Output::Result(data) => {
                self.value = data.get("text/plain").map(text);
                self.shows.extend(
                    data.iter()
                        .filter(|(mime, _)| *mime != "text/plain")
                        .map(|(mime, it)| (mime.clone(), text(it))),
                );
            }
            Output::Display { data, is_update, .. } => {
                let mark = if is_update { "update:" } else { "" };
                self.shows.extend(data.iter().map(|(mime, it)| (format!("{mark}{mime}"), text(it))));
            }
            Output::Page(text) => self.shows.push(("page".to_string(), text)),
            Output::Clear { wait } => self.shows.push(("clear".to_string(), wait.to_string())),
        }
    }

    fn ask(&mut self, prompt: &str, is_password: bool) -> Result<String, String> {
        match prompt {
            "nobody?" => Err("nobody can be asked".to_string()),
            prompt => Ok(format!("{}{prompt}", if is_password { "secret " } else { "" })),
        }
    }
}

fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain += before;
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    plain + rest
}

/// What is wrong with a cell; nothing if it is as expected.
fn judge(expected: &Expected, seen: &Seen, ended: &Result<(), Failure>) -> Vec<String> {
    let mut wrong = Vec::new();
    match (ended, expected.fails.is_empty()) {
        (Ok(()), true) => {}
        (Ok(()), false) => wrong.push("it did not fail".to_string()),
        (Err(failure), true) => wrong.push(format!(
            "it failed: {}: {}\n{}",
            failure.name,
            failure.message,
            plain(&failure.traceback.join("\n"))
        )),
        (Err(failure), false) => {
            let told =
                format!("{}: {}\n{}", failure.name, failure.message, plain(&failure.traceback.join("\n")));
            wrong.extend(
                expected
                    .fails
                    .iter()
                    .filter(|part| !told.contains(*part))
                    .map(|part| format!("no {part:?} in its error {told}")),
            );
        }
    }
    let value = (!expected.value.is_empty()).then(|| expected.value.join("\n"));
    // What is shown in several forms has a text among them, which only counts where it is asked for.
    let counts = expected.shows.is_empty() || value.is_some();
    if counts && seen.value != value {
        wrong.push(format!("expected the value {value:?}, got {:?}", seen.value));
    }
    let out: Vec<&str> = seen.out.lines().collect();
    if out != expected.out && !expected.floods {
        wrong.push(format!("expected stdout {:?}, got {:?}", expected.out, seen.out));
    }
    wrong.extend(
        expected
            .err
            .iter()
            .filter(|part| !seen.err.contains(*part))
            .map(|part| format!("no {part:?} in stderr {}", seen.err)),
    );
    if expected.err.is_empty() && !seen.err.is_empty() {
        wrong.push(format!("unexpected stderr: {}", seen.err));
    }
    for (mime, part) in &expected.shows {
        if !seen.shows.iter().any(|(shown, content)| shown == mime && content.contains(part)) {
            wrong.push(format!("expected {mime} with {part:?}, got {:?}", seen.shows));
        }
    }
    if expected.shows.is_empty() && !seen.shows.is_empty() {
        wrong.push(format!("unexpected: {:?}", seen.shows));
    }
    wrong
}

fn run(notebook: &Notebook, library: Library) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = Settings::usual(folder.path().to_path_buf());
    let (late, put_late) = std::sync::mpsc::channel();
    let late = Arc::new(move |cell: u32, _: Stream, text: String| drop(late.send((cell, text))));
    let interrupt = Arc::new(Interrupt::default());
    let mut engine = Engine::start(library, settings, interrupt.clone(), late).expect("the engine starts");
    let crates = folder.path().join("crates");
    if notebook.cells.iter().any(|(code, _)| code.contains("$crates")) {
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crates"), &crates);
    }
    let mut late: BTreeMap<u32, String> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (place, (code, expected)) in notebook.cells.iter().enumerate() {
        let id = place - expected.again.unwrap_or_default();
        let (code, expected) = (with_crates(code, &crates), expected.with_crates(&crates));
        let cell = Cell { code: code.clone(), number: place as u32 + 1, id: Some(id.to_string()) };
        let mut seen = Seen::default();
        interrupt.clear();
        let ended = engine.execute(&cell, &mut seen);
        for problem in judge(&expected, &seen, &ended) {
            wrong.push(format!("{}, cell[{}]\n{code}\n-> {problem}", notebook.title, place + 1));
        }
        for (cell, part) in &expected.late {
            // It comes when it comes; a minute is for machines that do much else.
            while !late.get(cell).is_some_and(|it| it.contains(part)) {
                let Ok((from, text)) = put_late.recv_timeout(Duration::from_secs(60)) else {
                    wrong.push(format!("{}: no late {part:?} of cell[{cell}]: {late:?}", notebook.title));
                    break;
                };
                *late.entry(from).or_default() += &text;
            }
        }
    }
    wrong
}

fn with_crates(text: &str, crates: &Path) -> String {
    text.replace("$crates", &crates.display().to_string())
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the crates are there").flatten() {
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), &to).expect("a copy")),
        }
    }
}

fn run_all(file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/notebooks").join(file);
    let text = std::fs::read_to_string(&path).expect("the table is there");
    let filter = std::env::var("NETSPLIT_NOTEBOOK").unwrap_or_default();
    let notebooks: Vec<Notebook> = read(&text).into_iter().filter(|it| it.title.contains(&filter)).collect();
    assert!(!notebooks.is_empty() || !filter.is_empty(), "no notebooks in {}", path.display());
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    let work = || {
        while let Some(notebook) = notebooks.get(next.fetch_add(1, Ordering::Relaxed)) {
            let found = run(notebook, library());
            wrong.lock().expect("no thread has panicked").extend(found);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    let wrong = wrong.into_inner().expect("no thread has panicked");
    assert!(wrong.is_empty(), "{} problems in {file}:\n\n{}\n", wrong.len(), wrong.join("\n\n"));
}

/// Every file of notebooks has its test, so that they run side by side and fail apart.
#[test]
fn all_files_are_run() {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/notebooks");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .flatten()
        .map(|it| it.file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let mut known: Vec<&str> = FILES.to_vec();
    known.sort();
    assert_eq!(files, known);
}

macro_rules! files {
    ($($test:ident $file:literal $what:literal;)*) => {
        const FILES: &[&str] = &[$($file),*];
        $(#[doc = $what]
        #[test]
        fn $test() {
            run_all($file);
        })*
    };
}

files! {
    variables "variables.txt" "What variables are called, what they hold, when they are dropped.";
    moves "moves.txt" "Values that cells move.";
    borrows "borrows.txt" "Borrows, which end with their cell.";
    closures "closures.txt" "Closures, functions as values, recursion.";
    patterns "patterns.txt" "Patterns that declare variables.";
    values "values.txt" "Values, variables, moves, borrows.";
    redefinition "redefinition.txt" "Items that are defined anew, and older values of them.";
    traits "traits.txt" "Traits, generics, derives.";
    modules "modules.txt" "Modules and imports.";
    macros "macros.txt" "Macros, of one's own and the standard library's.";
    statics "statics.txt" "Statics, thread-locals, constants.";
    asynchronous "asynchronous.txt" "Waiting at the top level, tasks, channels.";
    threads "threads.txt" "Threads, also those that outlive their cell.";
    panics "panics.txt" "Panics in every place, and what is told of them.";
    checkpoints "checkpoints.txt" "States that are returned to, by a death or on request.";
    limits "limits.txt" "What a cell may use.";
    endings "endings.txt" "Errors that are returned, processes that end.";
    compile_errors "compile_errors.txt" "What the compiler says, and where.";
    warnings "warnings.txt" "Warnings that help, and those that would annoy.";
    output "output.txt" "What cells and their children print.";
    displays "displays.txt" "Rich output.";
    texts "texts.txt" "Comments, texts, scripts, very long cells.";
    commands "commands.txt" "Commands to the engine and to the shell.";
    laboratory "laboratory.txt" "The laboratory in a notebook.";
    memory "memory.txt" "Types that change while values of them are held: no memory is read as something else.";
    items "items.txt" "Functions, types, implementations, and what becomes of them when they change.";
    dependencies "dependencies.txt" "Crates that a notebook asks for.";
    dependencies_errors "dependencies_errors.txt" "Crates that cannot be had, and why.";
    running "running.txt" "What cells put out and ask for, how they end, commands.";
}
