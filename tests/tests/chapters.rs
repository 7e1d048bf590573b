//! The chapters, as far as cargo alone can judge them: their form, where their numbers come from, and what their code does.
//!
//! Beside each notebook lies a `chapter.toml`, which says for each cell that runs a world exactly which promises it breaks, and for
//! each number of the prose where it comes from. The code cells of a chapter are compiled as one program, one after the
//! other as they stand, and after each cell of `chapter.toml` the program says what its invariants, its trace and its values
//! are. (That the stored outputs are those of a fresh kernel is another test's business: tests/e2e/chapters.py.)

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use netsplit_tests::course::{Cell, Chapter, chapters, check_tag};
use netsplit_tests::process::{self, Errors};
use netsplit_tests::project;
use toml::Table;

/// The parts of every chapter, in their order, by the beginnings of their headings.
const SKELETON: [&str; 11] = [
    "## Pass 1 · Intuition",
    "## Three layers",
    "## Evidence card",
    "## Pass 2 · Build",
    "## Pass 2 · Break",
    "## Incident",
    "## Exercises",
    "## Pass 3 · Mastery",
    "## Transfer",
    "## Real tools",
    "## Terms",
];
/// A code cell is one idea: more lines than this are two.
const LONGEST_CELL: usize = 30;
/// Wider lines are scrolled sideways in JupyterLab.
const WIDEST_LINE: usize = 100;
/// Longer prose than this between two pieces of code is not read.
const LONGEST_PROSE: usize = 2_600;

/// What `chapter.toml` says of the cells that run a world, in the order of the notebook.
fn judged(chapter: &Chapter) -> Vec<Judged> {
    let all = chapter.table("cells");
    let of = |cell: &Cell| all.get(&cell.id).map(|data| Judged::of(&cell.id, data, chapter));
    chapter.cells.iter().filter_map(of).collect()
}

/// What is known beforehand of a cell that runs a world.
struct Judged {
    id: String,
    kind: String,
    /// Expressions that are true while the invariant of that name holds.
    invariants: BTreeMap<String, String>,
    turns_red: BTreeSet<String>,
    trace: Option<String>,
    /// Expressions and their values.
    measures: BTreeMap<String, String>,
}

impl Judged {
    fn of(id: &str, data: &toml::Value, chapter: &Chapter) -> Judged {
        let text = |value: &toml::Value| value.as_str().expect("texts only").to_owned();
        let texts = |table: &Table| table.iter().map(|(key, value)| (key.clone(), text(value))).collect();
        let invariants = data.get("judged_by").map(|scene| {
            let scenes = chapter.table("invariants");
            texts(
                scenes.get(&text(scene)).and_then(|scene| scene.as_table()).expect("judged_by names a scene"),
            )
        });
        let turns_red = data.get("turns_red").and_then(|red| red.as_array());
        Judged {
            id: id.to_owned(),
            kind: data.get("kind").map(text).expect("every cell has a kind"),
            invariants: invariants.unwrap_or_default(),
            turns_red: turns_red
                .unwrap_or_else(|| panic!("{id}: say what it turns red"))
                .iter()
                .map(text)
                .collect(),
            trace: data.get("trace").map(text),
            measures: data.get("measures").and_then(|it| it.as_table()).map(texts).unwrap_or_default(),
        }
    }

    /// What the program must say after this cell: expression, and the value that it prints.
    fn expected(&self) -> Vec<(String, String)> {
        let holds = |(name, expression): (&String, &String)| {
            (
                expression.clone(),
                format!("{name} {}", if self.turns_red.contains(name) { "red" } else { "green" }),
            )
        };
        let invariants = self.invariants.iter().map(holds);
        let trace = self.trace.iter().map(|hash| ("lab.trace_hash()".to_owned(), format!("trace {hash}")));
        let measured =
            |(expression, value): (&String, &String)| (expression.clone(), format!("{expression} = {value}"));
        invariants.chain(trace).chain(self.measures.iter().map(measured)).collect()
    }

    /// Statements that print what [`expected`](Judged::expected) foresees, a line each, after a mark.
    fn statements(&self) -> String {
        let mut code = String::new();
        let mut say = |text: String| writeln!(code, "{text}").expect("a string takes everything");
        for (name, expression) in &self.invariants {
            say(format!(
                "println!(\"{MARK}{}|{name} {{}}\", if {expression} {{ \"green\" }} else {{ \"red\" }});",
                self.id
            ));
        }
        if self.trace.is_some() {
            say(format!("println!(\"{MARK}{}|trace {{}}\", lab.trace_hash());", self.id));
        }
        for expression in self.measures.keys() {
            let shown = format!("{expression:?}").replace('{', "{{").replace('}', "}}");
            let shown = shown.trim_matches('"');
            say(format!("println!(\"{MARK}{}|{shown} = {{}}\", {expression});", self.id));
        }
        code
    }
}

/// Begins a line that the test added to the chapter's own output.
const MARK: &str = "=====|";

/// Lists what is wrong with any chapter, all at once.
fn none_complains(rule: impl Fn(&Chapter) -> Vec<String>) {
    let complaints: Vec<String> = chapters()
        .iter()
        .flat_map(|chapter| {
            rule(chapter).into_iter().map(|what| format!("{}: {what}", chapter.name)).collect::<Vec<_>>()
        })
        .collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn notebooks_have_the_form_of_a_chapter() {
    // What every Jupyter client relies on: the format, the kernel's name, ids that stay the same in every version.
    none_complains(|chapter| {
        let mut complaints = Vec::new();
        let notebook = &chapter.notebook;
        if (notebook["nbformat"].as_u64(), notebook["nbformat_minor"].as_u64()) != (Some(4), Some(5)) {
            complaints.push("expected nbformat 4.5".to_owned());
        }
        let kernel = &notebook["metadata"]["kernelspec"];
        if (kernel["name"].as_str(), kernel["language"].as_str()) != (Some("netsplit"), Some("rust")) {
            complaints.push(format!("expected the kernel netsplit for rust, found {kernel}"));
        }
        let mut ids = BTreeSet::new();
        for cell in &chapter.cells {
            let readable = cell.id.len() >= 2
                && cell.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            if !readable || !ids.insert(&cell.id) {
                complaints
                    .push(format!("cell id {:?}: expected one of its own, of lower-case words", cell.id));
            }
            if cell.stored["outputs"].to_string().contains("\"output_type\":\"error\"") {
                complaints.push(format!("{}: an error is stored as its output", cell.id));
            }
        }
        complaints
    });
}

#[test]
fn every_part_of_the_skeleton_is_there() {
    // In its order; and the title is the one of chapter.toml, with its hours and stars.
    none_complains(|chapter| {
        let headings: Vec<&str> = chapter
            .prose()
            .flat_map(|cell| cell.source.lines().filter(|line| line.starts_with('#')))
            .collect();
        let mut complaints = Vec::new();
        let mut rest = headings.iter();
        for part in SKELETON {
            if !rest.any(|heading| heading.starts_with(part)) {
                complaints.push(format!("no heading {part:?} in its place"));
                rest = headings.iter();
            }
        }
        let number = chapter.number();
        let title = chapter.data.get("title").and_then(|title| title.as_str()).unwrap_or_default();
        if headings.first() != Some(&format!("# {number} · {title}").as_str()) {
            complaints.push(format!("the first heading is not \"# {number} · {title}\""));
        }
        let header = chapter.cells.first().map(|cell| cell.source.as_str()).unwrap_or_default();
        let whole = |key| {
            chapter.data.get(key).and_then(|value: &toml::Value| value.as_integer()).unwrap_or_default()
        };
        if !header.contains(&format!("{} hours", whole("hours")))
            || header.matches('★').count() as i64 != whole("stars")
        {
            complaints.push("hours and stars of the header are not those of chapter.toml".to_owned());
        }
        complaints
    });
}

#[test]
fn rows_of_the_coverage_are_named_with_their_book() {
    // "S0: mode matrices for degradation"; a row that is named twice counts once, so it is a mistake.
    none_complains(|chapter| {
        let rows = chapter.data.get("covers").and_then(|rows| rows.as_array()).cloned().unwrap_or_default();
        let mut seen = BTreeSet::new();
        let well_formed = |row: &str| {
            row.split_once(": ")
                .is_some_and(|(book, row)| ["S0", "S1", "S2", "S3", "S4"].contains(&book) && !row.is_empty())
        };
        let mut complaints: Vec<String> = rows
            .iter()
            .map(|row| row.as_str().unwrap_or_default().to_owned())
            .filter(|row| !well_formed(row) || !seen.insert(row.clone()))
            .map(|row| format!("covers {row:?}: expected \"S0: a row\", once"))
            .collect();
        if rows.is_empty() {
            complaints.push("covers no row at all".to_owned());
        }
        complaints
    });
}

#[test]
fn cells_are_short() {
    // One idea a cell, no sideways scrolling, prose in sips.
    none_complains(|chapter| {
        let mut complaints = Vec::new();
        for cell in &chapter.cells {
            let (lines, widest) =
                (cell.source.lines().count(), cell.source.lines().map(|line| line.chars().count()).max());
            if cell.is_code && !cell.is_given() && lines > LONGEST_CELL {
                complaints
                    .push(format!("{}: {lines} lines of code, at most {LONGEST_CELL} are read", cell.id));
            }
            if cell.is_code && !cell.is_given() && widest > Some(WIDEST_LINE) {
                complaints.push(format!("{}: a line of more than {WIDEST_LINE} characters", cell.id));
            }
            if !cell.is_code && cell.source.chars().count() > LONGEST_PROSE {
                complaints.push(format!("{}: more than {LONGEST_PROSE} characters of prose", cell.id));
            }
        }
        complaints
    });
}

#[test]
fn exercises_stand_in_the_notebook_as_in_their_files() {
    // What a statement gives and the answer as students get it are each written in two places, and are one text; together the exercises
    // give a hundred points.
    none_complains(|chapter| {
        let folder = project::root().join("notebooks").join(&chapter.name);
        let mut complaints = Vec::new();
        let mut points = 0;
        let names = chapter.code().filter_map(|cell| cell.source.strip_prefix(":grade "));
        for name in names {
            let (exercise, own) = (folder.join("exercises").join(name), folder.join("instructor").join(name));
            for path in [exercise.join("given.rs"), own.join("empty.rs")] {
                let text = fs::read_to_string(&path).unwrap_or_default();
                let text: String =
                    text.split_inclusive('\n').filter(|line| !line.starts_with("//!")).collect();
                if !chapter.code().any(|cell| cell.source.trim() == text.trim()) {
                    complaints.push(format!("no cell is {}", path.display()));
                }
            }
            let heading = fs::read_to_string(exercise.join("exercise.rs")).unwrap_or_default();
            let stated = chapter.prose().flat_map(|cell| cell.source.lines()).filter_map(|line| {
                let title = heading
                    .lines()
                    .find_map(|line| line.split("Exercise::new(").nth(1))?
                    .split('"')
                    .nth(3)?;
                let rest = line.strip_prefix("### E")?.split_once(title)?.1;
                rest.split(' ').find_map(|word| word.parse::<u32>().ok())
            });
            match stated.collect::<Vec<_>>().as_slice() {
                [one] if heading.contains(&format!(", {one}.0, ")) => points += one,
                other => {
                    complaints.push(format!("{name}: the heading says {other:?} points, its file does not"))
                }
            }
        }
        if points != 100 {
            complaints.push(format!("the exercises give {points} points, not 100"));
        }
        complaints
    });
}

#[test]
fn every_break_is_predicted_first() {
    // A student who runs the break before guessing learns half as much: a cell for the guess stands between the question and it.
    none_complains(|chapter| {
        let mut complaints = Vec::new();
        for broken in judged(chapter).iter().filter(|cell| cell.kind == "break") {
            let place =
                chapter.cells.iter().position(|cell| cell.id == broken.id).expect("judged cells are cells");
            let opens_part =
                |cell: &&&Cell| !cell.is_code && cell.source.lines().any(|line| line.starts_with("##"));
            let before: Vec<&Cell> = chapter.cells[..place].iter().rev().collect();
            let intro = before.iter().find(opens_part);
            let asked = intro.is_some_and(|intro| intro.source.contains("Stop and predict"));
            let mut part = before.iter().take_while(|cell| !opens_part(cell));
            let guessed = part.any(|cell| cell.is_code && cell.id.ends_with("-predict"));
            if !asked || !guessed {
                complaints.push(format!("{}: no question and cell for the guess before it", broken.id));
            }
            if broken.turns_red.len() != 1 {
                complaints.push(format!(
                    "{}: a break turns one invariant red, not {:?}",
                    broken.id, broken.turns_red
                ));
            }
        }
        complaints
    });
}

#[test]
fn every_number_says_where_it_comes_from() {
    // A number enters a notebook only with a tag; an entry without its number is left over from an earlier text.
    none_complains(|chapter| {
        let tagged = chapter.table("numbers");
        let mut complaints = Vec::new();
        for cell in chapter.prose() {
            let entries =
                tagged.get(&cell.id).and_then(|table| table.as_table()).cloned().unwrap_or_default();
            let numbers = numbers(&cell.source);
            for number in numbers.iter().filter(|number| !entries.contains_key(*number)) {
                complaints.push(format!("{}: {number} has no tag in chapter.toml", cell.id));
            }
            for (number, entry) in &entries {
                if !numbers.contains(number) {
                    complaints.push(format!("{}: {number} is tagged and not in the text", cell.id));
                }
                if let Err(why) = check_tag(entry.as_str().unwrap_or_default(), &cell.source) {
                    complaints.push(format!("{}: {number}: {why}", cell.id));
                }
            }
        }
        for cell in tagged.keys().filter(|id| !chapter.prose().any(|cell| cell.id == **id)) {
            complaints.push(format!("numbers of {cell:?}, which is no cell of prose"));
        }
        complaints
    });
}

/// The numbers that a reader meets in `markdown`: not those in code, in headings, in names such as "K1", or before a list's items.
fn numbers(markdown: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut fenced = false;
    for line in markdown.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if fenced || line.starts_with('#') {
            continue;
        }
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join(" ");
        let item = prose
            .trim_start()
            .split_once(". ")
            .filter(|(number, _)| number.chars().all(|c| c.is_ascii_digit()));
        let prose = item.map_or(prose.as_str(), |(_, rest)| rest);
        let words = prose.split(|c: char| !(c.is_alphanumeric() || ".,:_".contains(c)));
        let numbers = words.map(|word| word.trim_matches(['.', ',', ':']));
        found
            .extend(numbers.filter(|word| word.starts_with(|c: char| c.is_ascii_digit())).map(str::to_owned));
    }
    found
}

#[test]
fn numbers_are_found_where_a_reader_sees_them() {
    // The judge of the numbers, on what it must see and what it must not.
    let seen = numbers(
        "# 1 title\n10,000 sign-ups (`42` of them) at 02:00:00, K3 and B2: 1.5 s.\n2. 90s, \"7\"\n```\n8\n```\n|9|",
    );
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["02:00:00", "1.5", "10,000", "7", "9", "90s"]);
    assert!(check_tag("[C] measured", "").is_ok() && check_tag("[U] told", "A composite scenario.").is_ok());
    for bad in ["", "measured", "[C]", "[C] ", "[Z] guessed", "[X] wrong", "[U] told"] {
        assert!(check_tag(bad, "prose").is_err(), "{bad:?} is accepted");
    }
}

#[test]
fn the_code_does_what_the_chapter_says() {
    // Each break turns exactly its named invariant red, everything else stays green; traces and measured values are the stated ones.
    let chapters = chapters();
    let workshop = Path::new(env!("CARGO_TARGET_TMPDIR")).join("chapters");
    write_programs(&workshop, &chapters);
    none_complains(|chapter| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["run", "--quiet", "--offline", "--bin", &chapter.name]).current_dir(&workshop);
        cargo.env("CARGO_TARGET_DIR", workshop.join("target"));
        let ended = process::run(&mut cargo, Errors::Kept, Duration::from_secs(900));
        if !ended.well {
            return vec![format!("its code {}:\n{}", ended.how, ended.output)];
        }
        compare(chapter, &ended.output)
    });
}

/// What the program said, against what `chapter.toml` foresees.
fn compare(chapter: &Chapter, output: &str) -> Vec<String> {
    let said: BTreeSet<&str> = output.lines().filter_map(|line| line.strip_prefix(MARK)).collect();
    let mut complaints = Vec::new();
    let judged = judged(chapter);
    for cell in &judged {
        let expected = cell.expected();
        if expected.is_empty() {
            complaints.push(format!("{}: nothing is said of it that could be checked", cell.id));
        }
        for (_, value) in expected {
            if !said.contains(format!("{}|{value}", cell.id).as_str()) {
                let about = |line: &&&str| {
                    line.starts_with(&format!(
                        "{}|{}",
                        cell.id,
                        value.rsplit_once(' ').map_or("", |(about, _)| about)
                    ))
                };
                complaints.push(format!(
                    "{}: expected {value}, found {:?}",
                    cell.id,
                    said.iter().find(about)
                ));
            }
        }
        let unknown: Vec<&String> =
            cell.turns_red.iter().filter(|name| !cell.invariants.contains_key(*name)).collect();
        if !unknown.is_empty() {
            complaints.push(format!("{}: turns {unknown:?} red, which nothing judges", cell.id));
        }
    }
    for id in chapter.table("cells").keys().filter(|id| !judged.iter().any(|cell| cell.id == **id)) {
        complaints.push(format!("{id:?} is judged and is no cell"));
    }
    complaints
}

/// A crate with one program for each chapter: the code cells one after the other, the items among them too, in one `main`.
fn write_programs(workshop: &Path, chapters: &[Chapter]) {
    let sources = workshop.join("src").join("bin");
    fs::create_dir_all(&sources).expect("the workshop can be made");
    let prelude = project::root().join("lib").join("prelude");
    let manifest = format!(
        "[package]\nname = \"chapters\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\nnetsplit = {{ path = {prelude:?} }}\n\n[profile.dev]\nopt-level = 1\n"
    );
    write_if_other(&workshop.join("Cargo.toml"), &manifest);
    for chapter in chapters {
        let judged: BTreeMap<String, Judged> =
            judged(chapter).into_iter().map(|cell| (cell.id.clone(), cell)).collect();
        let mut program = "#![allow(warnings)]\nuse netsplit::*;\n\nfn main() {\n".to_owned();
        for cell in chapter.own_code() {
            // A cell may end in an expression, which its notebook would show.
            write!(program, "// {}\n{}\n;\n", cell.id, cell.source).expect("a string takes everything");
            program.extend(judged.get(&cell.id).map(Judged::statements));
        }
        program.push_str("}\n");
        write_if_other(&sources.join(&chapter.name).with_extension("rs"), &program);
    }
}

/// Leaves a file alone that is as it should be, so that cargo need not build it again.
fn write_if_other(path: &Path, content: &str) {
    if fs::read_to_string(path).ok().as_deref() != Some(content) {
        fs::write(path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}
