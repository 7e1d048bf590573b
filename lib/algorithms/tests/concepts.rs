//! `CONCEPTS.md` is made from the cards in the algorithms' essays; this test fails when it is stale.
//!
//! `UPDATE_CONCEPTS=1 cargo test -p netsplit-algorithms --test concepts` writes it anew. A card is a list at the top of a file's
//! `//!` essay, one item per field:
//!
//! ```text
//! //! - **Concept:** Lamport clock
//! //! - **Guarantees:** Clock Condition (safety): ..
//! //!   which may go on on indented lines.
//! ```
//!
//! Every file of a subject's folder has a card, `mod.rs` excepted. An algorithm that fills a folder of its own has it in that folder's
//! `mod.rs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The fields that every card has. Those without a column in `CONCEPTS.md` are there for the reader of the essay.
const FIELDS: [&str; 7] =
    ["Concept", "Guarantees", "Does not guarantee", "Assumes", "Source", "Differs", "Chapter"];

const HEADER: &str = "\
# Concepts

Every algorithm of the library, in the order in which the chapters need it. Generated from the essays in `lib/algorithms/src`: do not
edit, but run `UPDATE_CONCEPTS=1 cargo test -p netsplit-algorithms --test concepts`.

| concept | file | chapter | paper, section | guarantees |
|---|---|---|---|---|
";

/// The card of one file.
struct Card {
    /// The file's path below `lib/algorithms/src`, with `/` on every platform.
    file: String,
    fields: BTreeMap<String, String>,
}

impl Card {
    /// The card in the essay of `source`, and what is wrong with it.
    fn parse(file: &str, source: &str) -> (Card, Vec<String>) {
        let essay: Vec<&str> = source.lines().map_while(|line| line.strip_prefix("//!")).collect();
        let mut fields: BTreeMap<String, String> = BTreeMap::new();
        let mut problems = Vec::new();
        let mut open: Option<String> = None;
        for line in &essay {
            if let Some((name, text)) = line.strip_prefix(" - **").and_then(|item| item.split_once(":** ")) {
                if fields.insert(name.to_owned(), text.trim().to_owned()).is_some() {
                    problems.push(format!("{file}: **{name}:** stands twice in the card"));
                }
                open = Some(name.to_owned());
            } else if let (Some(name), Some(more)) = (&open, line.strip_prefix("   ")) {
                let text = fields.get_mut(name).expect("an open field is in the card");
                *text = format!("{text} {}", more.trim());
            } else {
                open = None;
            }
        }
        for name in FIELDS.iter().filter(|&&name| !fields.contains_key(name)) {
            problems.push(format!("{file}: expected a line `//! - **{name}:** ..` in the essay"));
        }
        for name in fields.keys().filter(|name| !FIELDS.contains(&name.as_str())) {
            problems.push(format!("{file}: **{name}:** is no field of a card; expected one of {FIELDS:?}"));
        }
        let two_digits =
            |number: &str| number.len() == 2 && number.chars().all(|digit| digit.is_ascii_digit());
        if fields.get("Chapter").is_some_and(|chapters| !chapters.split(", ").all(two_digits)) {
            problems.push(format!("{file}: **Chapter:** expected numbers such as `06` or `01, 18`"));
        }
        (Card { file: file.to_owned(), fields }, problems)
    }

    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// Chapters first, so that the table follows the course; then the folders.
    fn place(&self) -> (&str, &str) {
        (self.field("Chapter"), &self.file)
    }

    fn row(&self) -> String {
        let file = format!("[`{0}`](lib/algorithms/src/{0})", self.file);
        let cells = [
            self.field("Concept"),
            &file,
            self.field("Chapter"),
            self.field("Source"),
            self.field("Guarantees"),
        ];
        format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))
    }
}

fn crate_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What stands in `folder`, in the order of names.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = listed.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    paths
}

/// The files that must have a card: those of the subjects' folders, and the `mod.rs` of algorithms with a folder of their own.
fn algorithm_files() -> Vec<PathBuf> {
    let subjects = entries(&crate_folder().join("src")).into_iter().filter(|path| path.is_dir());
    let inside = subjects.flat_map(|subject| entries(&subject));
    inside
        .map(|path| if path.is_dir() { path.join("mod.rs") } else { path })
        .filter(|path| {
            let is_index = path.file_name().is_some_and(|name| name == "mod.rs");
            let depth =
                path.strip_prefix(crate_folder().join("src")).expect("below src").components().count();
            path.extension().is_some_and(|extension| extension == "rs") && !(is_index && depth == 2)
        })
        .collect()
}

fn cards() -> (Vec<Card>, Vec<String>) {
    let source_folder = crate_folder().join("src");
    let mut problems = Vec::new();
    let mut cards: Vec<Card> = Vec::new();
    for path in algorithm_files() {
        let below = path.strip_prefix(&source_folder).expect("below src").components();
        let file = below.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
        let source = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (card, wrong) = Card::parse(&file, &source);
        problems.extend(wrong);
        cards.push(card);
    }
    cards.sort_by(|a, b| a.place().cmp(&b.place()));
    (cards, problems)
}

#[test]
fn every_essay_has_a_whole_card() {
    // What is not on the card is not in the table, and a reader would not miss it.
    let (cards, problems) = cards();
    assert!(
        cards.len() >= 6,
        "found only {} algorithms: is the test looking in the right place?",
        cards.len()
    );
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn the_concepts_page_is_fresh() {
    // Compared with what the essays say now; rewritten when that is asked for.
    let page = HEADER.to_owned() + &cards().0.iter().map(Card::row).collect::<String>();
    let path = crate_folder().join("../../CONCEPTS.md");
    if env::var("UPDATE_CONCEPTS").is_ok_and(|value| value == "1") {
        fs::write(&path, &page).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == page,
        "CONCEPTS.md is stale: run `UPDATE_CONCEPTS=1 cargo test -p netsplit-algorithms --test concepts` and commit it"
    );
}

#[test]
fn the_index_in_lib_rs_names_every_algorithm() {
    // The table from need to file is written by hand, because the need is not on the card.
    let index = fs::read_to_string(crate_folder().join("src/lib.rs")).expect("lib.rs");
    for card in cards().0 {
        assert!(
            index.contains(&format!("| `{}` |", card.file)),
            "lib.rs: expected a row for `{}` in its table",
            card.file
        );
    }
}

#[test]
fn a_card_is_read_as_it_stands() {
    // Continued lines join, the list ends at the first line that is not indented, and what is wrong is named.
    let source = "//! A sentence.\n//!\n//! - **Concept:** A | B\n//! - **Source:** somebody,\n//!   somewhere\n//!\n//!   not this\n\
                  //! - **Chapter:** 6\n//! - **Concept:** again\n//! - **Smell:** odd\n\n//! - **Assumes:** below the essay\n";
    let (card, problems) = Card::parse("x/y.rs", source);
    assert_eq!(card.field("Source"), "somebody, somewhere");
    assert_eq!(
        problems,
        [
            "x/y.rs: **Concept:** stands twice in the card",
            "x/y.rs: expected a line `//! - **Guarantees:** ..` in the essay",
            "x/y.rs: expected a line `//! - **Does not guarantee:** ..` in the essay",
            "x/y.rs: expected a line `//! - **Assumes:** ..` in the essay",
            "x/y.rs: expected a line `//! - **Differs:** ..` in the essay",
            &format!("x/y.rs: **Smell:** is no field of a card; expected one of {FIELDS:?}"),
            "x/y.rs: **Chapter:** expected numbers such as `06` or `01, 18`",
        ]
    );
    let (card, _) = Card::parse("x/y.rs", "//! - **Concept:** A | B\n//! - **Chapter:** 06\n");
    assert_eq!(card.row(), "| A \\| B | [`x/y.rs`](lib/algorithms/src/x/y.rs) | 06 |  |  |\n");
}
