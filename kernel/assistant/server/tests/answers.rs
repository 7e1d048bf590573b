//! The real process, asked through the client: what it completes and explains, and what that costs.

use std::path::Path;
use std::time::{Duration, Instant};

use netsplit_assistant::protocol::{Answer, Completions, Detail, Extern, Notebook, Question, Variable};
use netsplit_assistant::{Assistant, Reply, Settings};

const ITEMS: &str = "use std::collections::BTreeMap;
#[derive(Clone, Debug)]
struct Point { width: f64, height: f64 }
impl Point {
    /// The distance from the origin.
    ///
    /// By Pythagoras.
    fn length(&self) -> f64 { 0.0 }
    fn origin() -> Self { Point { width: 0.0, height: 0.0 } }
}
enum Color { Red, Green(u8) }
trait Shape { fn area_of_shape(&self) -> f64; }
impl Shape for Point { fn area_of_shape(&self) -> f64 { 0.0 } }
macro_rules! twice { ($e:expr) => { ($e, $e) } }
fn half_of(of: f64) -> f64 { of / 2.0 }
";

fn notebook() -> Notebook {
    let table =
        [("names", "Vec<String>"), ("place", "Point"), ("lab", "Lab"), ("map", "BTreeMap<u8, Point>")];
    let variables = table.iter().map(|(name, type_name)| Variable {
        name: name.to_string(),
        type_name: type_name.to_string(),
        mutable: true,
    });
    Notebook { items: ITEMS.to_string(), variables: variables.collect(), externs: Vec::new() }
}

/// Cells with the cursor at `|`, the bytes that are replaced, and one of the completions with its kind.
const COMPLETIONS: [(&str, &str, &str, &str); 33] = [
    ("names.pu|", "pu", "push", "function"),
    ("names.|", "", "len", "instance"),
    ("names.iter().ma|", "ma", "map", "function"),
    ("names.iter().map(|it| it.to_upper¦)", "to_upper", "to_uppercase", "function"),
    ("names[0].tr|", "tr", "trim", "function"),
    ("place.wi|", "wi", "width", "instance"),
    ("place.le|", "le", "length", "function"),
    ("place.area|", "area", "area_of_shape", "function"),
    ("map[&1].len|", "len", "length", "function"),
    ("map.ent|", "ent", "entry", "function"),
    ("Point::or|", "or", "origin", "function"),
    ("Color::G|", "G", "Green", "instance"),
    ("pla|", "pla", "place", "instance"),
    ("let c: Col|", "Col", "Color", "class"),
    ("hal|f_of(1.0)", "hal", "half_of", "function"),
    ("twi|", "twi", "twice!", "function"),
    ("printl|", "printl", "println!", "function"),
    ("whi|", "whi", "while", "keyword"),
    ("println!(\"{}\", place.le|)", "le", "length", "function"),
    ("println!(\"{}\", place.le|", "le", "length", "function"),
    ("vec![place.le|", "le", "length", "function"),
    ("if true { for i in 0..3 { place.le|", "le", "length", "function"),
    ("place.le|\n}", "le", "length", "function"),
    ("let local = 1u8;\nlocal.wrapping_a|", "wrapping_a", "wrapping_add", "function"),
    ("let é = place.clone(); é.le|; // ü", "le", "length", "function"),
    (":dep x = \"1\"\n!ls\nplace.le|", "le", "length", "function"),
    ("use std::coll|", "coll", "collections", "module"),
    ("Lab::ne|", "ne", "new", "function"),
    ("lab.run_f|", "run_f", "run_for", "function"),
    ("struct Mine { own: u8 }\nlet m = Mine { own: 1 }; m.o|", "o", "own", "instance"),
    ("clocks::Vec|", "Vec", "VectorClock", "class"),
    // rust-analyzer panics at these when it is asked as they are.
    ("", "", "place", "instance"),
    ("lab.cluster(|)", "", "place", "instance"),
];

/// Cells with the cursor at `|`, what both levels show of the name, and what only the second does.
const INSPECTIONS: [(&str, &str, &str); 11] = [
    ("pla|ce.width", "let mut place: Point", ""),
    ("names", "let mut names: Vec<String>", ""),
    ("place.len|gth()", "fn length(&self) -> f64\n\nThe distance from the origin.", "By Pythagoras."),
    ("half_of|(1.0)", "fn half_of(of: f64) -> f64", ""),
    ("Point|", "struct Point", ""),
    ("names.pu|sh(", "pub fn push(&mut self, value: T)", "alloc::vec::Vec"),
    ("Vec|", "A contiguous growable array type", "alloc::vec"),
    ("Lab|::new(1)", "One simulated world", "netsplit_sim::lab"),
    ("lab.run_for|", "pub fn run_for(&self", "netsplit_sim::lab"),
    ("place.wid|th", "width: f64", "Point"),
    ("let x = 1u8; if true { x|", "let x: u8", ""),
];

fn sources() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap()
}

/// Takes the cursor out of a cell; `¦` is one where the cell has a closure.
fn cursor_of(code: &str) -> (String, usize) {
    let mark = if code.contains('¦') { '¦' } else { '|' };
    let cursor = code.find(mark).unwrap_or(code.len());
    (code.replacen(mark, "", 1), cursor)
}

fn answer(assistant: &Assistant, question: Question) -> Answer {
    match assistant.ask(question) {
        Reply::Answered(answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn completed(assistant: &Assistant, notebook: &Notebook, code: &str) -> (Completions, String) {
    let (code, cursor) = cursor_of(code);
    let question = Question::Complete { notebook: notebook.clone(), code: code.clone(), cursor };
    match answer(assistant, question) {
        Answer::Completions(completions) => {
            let replaced = code[completions.replaced.clone()].to_string();
            (completions, replaced)
        }
        other => panic!("{code}: {other:?}"),
    }
}

fn inspected(assistant: &Assistant, code: &str, detail: Detail) -> Answer {
    let (code, cursor) = cursor_of(code);
    answer(assistant, Question::Inspect { notebook: notebook(), code, cursor, detail })
}

fn resident_megabytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) / 1024
}

fn completions_are_found(assistant: &Assistant) -> Vec<Duration> {
    let mut times = Vec::new();
    for (code, replaced, text, kind) in COMPLETIONS {
        let begin = Instant::now();
        let (completions, found) = completed(assistant, &notebook(), code);
        times.push(begin.elapsed());
        let texts: Vec<&str> = completions.matches.iter().map(|it| it.text.as_str()).collect();
        let matching = completions.matches.iter().find(|it| it.text == text);
        let matching = matching.unwrap_or_else(|| panic!("{code}: {texts:?}"));
        assert_eq!((found.as_str(), matching.kind.as_str()), (replaced, kind), "{code}: {texts:?}");
        assert!(texts.iter().all(|it| !it.to_lowercase().contains("evcxr")), "{code}: {texts:?}");
    }
    times
}

fn inspections_are_found(assistant: &Assistant) {
    for (code, both, full) in INSPECTIONS {
        for detail in [Detail::Brief, Detail::Full] {
            let Answer::Inspection(bundle) = inspected(assistant, code, detail) else { panic!("{code}") };
            let text = bundle["text/plain"].as_str().unwrap();
            assert!(text.contains(both), "{code}: {text}");
            assert!(detail == Detail::Brief || text.contains(full), "{code}: {text}");
            assert!(bundle["text/html"].as_str().unwrap().starts_with("<pre>"), "{code}");
        }
        let briefly = inspected(assistant, code, Detail::Brief);
        let is_long = !full.is_empty() && full != "Point";
        let Answer::Inspection(bundle) = briefly else { panic!("{code}") };
        assert!(!is_long || !bundle["text/plain"].as_str().unwrap().contains(full), "{code}: {bundle:?}");
    }
    assert_eq!(inspected(assistant, "nobody|", Detail::Full), Answer::Nothing);
    assert_eq!(inspected(assistant, "1 + | 2", Detail::Full), Answer::Nothing);
}

/// A cursor at every byte of cells that are no Rust, and none is the end of the process.
fn anything_may_be_asked(assistant: &Assistant) {
    let mut refused = 0;
    for code in ["é🦀.", "\"", "}", "let", ":x", "r#\"", "'", "a.b.", "fn"] {
        for cursor in 0..=code.len() + 1 {
            let question = Question::Complete { notebook: notebook(), code: code.to_string(), cursor };
            if let Answer::Failed(reason) = answer(assistant, question) {
                refused += usize::from(reason.contains("expected a cursor"));
            }
        }
    }
    // Beyond the end of each, and within é and 🦀.
    assert_eq!(refused, 9 + 1 + 3);
    completed(assistant, &notebook(), "names.pu|");
}

/// A crate that the notebook depends on is known from the next question on, without being built.
fn crates_are_known(assistant: &Assistant) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    std::fs::write(
        folder.path().join("src/lib.rs"),
        "pub fn from_the_crate() {}\ncompile_error!(\"built\");",
    )
    .unwrap();
    let manifest = "[package]\nname = \"mycrate\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    std::fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    let extern_of = |name: &str, path: &Path| Extern {
        name: name.to_string(),
        requirement: format!("{{ path = {:?} }}", path.display().to_string()),
    };
    let externs = vec![extern_of("mycrate", folder.path()), extern_of("nowhere", Path::new("/nowhere"))];
    let notebook = Notebook { externs, ..notebook() };
    // The first question after a new crate reads it, and may take longer than a question may.
    let (completions, _) = completed(assistant, &notebook, "mycrate::fr|");
    assert_eq!(completions.matches.first().map(|it| it.text.as_str()), Some("from_the_crate"));
    completed(assistant, &notebook, "lab.run_f|");
}

/// One process answers everything: starting one takes seconds.
#[test]
fn the_process_answers() {
    let folder = tempfile::tempdir().unwrap();
    // As preparing the library does: rust-analyzer reads the packages for all platforms.
    let fetch =
        std::process::Command::new("cargo").args(["fetch", "--locked"]).current_dir(sources()).status();
    assert!(fetch.expect("cargo starts").success(), "the packages of the lock file can be fetched");
    let arguments = vec!["--library".to_string(), sources().display().to_string()];
    let program = env!("CARGO_BIN_EXE_netsplit-assistant").into();
    let mut settings = Settings::new(program, arguments, folder.path().to_path_buf());
    settings.deadline = Duration::from_secs(60);
    let assistant = Assistant::new(settings);
    let begin = Instant::now();
    assistant.warm_up();
    while !assistant.is_ready() {
        assert!(begin.elapsed() < Duration::from_secs(120), "not ready");
        std::thread::sleep(Duration::from_millis(10));
    }
    let ready = begin.elapsed();
    let mut times = completions_are_found(&assistant);
    let first = times[0];
    times.sort();
    let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
    inspections_are_found(&assistant);
    anything_may_be_asked(&assistant);
    crates_are_known(&assistant);
    let process = assistant.process().expect("it runs");
    let memory = resident_megabytes(process);
    println!("ready {ready:.1?}, first {first:.2?}, median {median:.2?}, longest {longest:.2?}, {memory} MB");
    drop(assistant);
    assert!(!Path::new(&format!("/proc/{process}")).exists(), "it has ended");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "and left nothing");
}
