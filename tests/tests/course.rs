//! The course around the chapters: its contents, its coverage table, its glossary and its incidents, each held to what the chapters say.
//!
//! Two of them are generated: `UPDATE_COURSE=1 cargo test -p netsplit-tests --test course` writes them anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use netsplit_tests::course::{self, Chapter, chapters, check_tag, list, text, texts};
use netsplit_tests::project;

/// Complains if the file is not this text; writes it where that is asked for.
fn is_generated(path: &Path, expected: &str) {
    if std::env::var_os("UPDATE_COURSE").is_some() {
        fs::write(path, expected).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    let different = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
    assert!(
        found == expected,
        "{} is not what it is generated from; first difference: {different:?}; run UPDATE_COURSE=1 cargo test -p netsplit-tests --test course",
        path.display()
    );
}

fn none_complains(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn the_contents_are_those_of_the_course() {
    // Every chapter that is here is a link; titles and hours are the plan's, paths and symptoms name chapters of the plan.
    let (plan, chapters) = (course::data("course.toml"), chapters());
    is_generated(&course::notebooks().join("00-contents.ipynb"), &course::contents(&plan, &chapters));
    let planned = list(&plan, "chapter");
    let numbers: BTreeSet<&str> = planned.iter().map(|it| text(it, "number")).collect();
    let mut complaints = Vec::new();
    for chapter in &chapters {
        match planned.iter().find(|it| text(it, "number") == chapter.number()) {
            None => complaints.push(format!("{} is not in course.toml", chapter.name)),
            Some(it) if text(it, "title") != text(&chapter.data, "title") => {
                complaints.push(format!("{}: the plan calls it {:?}", chapter.name, text(it, "title")))
            }
            Some(_) => {}
        }
    }
    for way in list(&plan, "path").into_iter().chain(list(&plan, "symptom")) {
        let unknown = texts(way, "chapters").into_iter().filter(|number| !numbers.contains(number));
        complaints.extend(unknown.map(|number| format!("{way:?}: there is no chapter {number}")));
    }
    none_complains(complaints);
}

#[test]
fn rows_of_the_coverage_are_taught_where_they_are_at_home() {
    // A chapter covers rows that there are, and each whose home it is.
    let (rows, chapters) = (course::data("coverage.toml"), chapters());
    none_complains(course::missing_rows(&rows, &chapters));
    is_generated(&project::root().join("COVERAGE.md"), &course::coverage(&rows, &chapters));
}

#[test]
fn the_glossary_says_what_the_chapters_say() {
    // Each row of a table of terms is in the glossary in the same words, and nothing else is; what an entry points to is there.
    let glossary = course::data("glossary.toml");
    let entries = list(&glossary, "term");
    let terms: BTreeSet<&str> = entries.iter().map(|it| text(it, "term")).collect();
    let mut complaints = Vec::new();
    for chapter in &chapters() {
        let said: BTreeSet<(String, String)> = chapter.terms().into_iter().collect();
        let of = entries.iter().filter(|it| text(it, "chapter") == chapter.number());
        let known = of.map(|it| (text(it, "term").to_owned(), text(it, "means").to_owned())).collect();
        let different = said.symmetric_difference(&known);
        complaints
            .extend(different.map(|it| format!("{}: glossary and terms differ in {it:?}", chapter.name)));
        if said.is_empty() {
            complaints.push(format!("{}: its table of terms has no rows", chapter.name));
        }
    }
    for entry in &entries {
        let unknown = texts(entry, "see").into_iter().filter(|it| !terms.contains(it));
        complaints.extend(unknown.map(|it| format!("{:?}: there is no term {it:?}", text(entry, "term"))));
    }
    none_complains(complaints);
}

#[test]
fn every_number_of_an_incident_says_where_it_is_from() {
    // And what a chapter replays is in its notebook: each number of the incident's file, and each time of its line of time that has one.
    let chapters = chapters();
    let mut complaints = Vec::new();
    for (name, incident) in course::incidents() {
        let mut complain = |what: String| complaints.push(format!("{name}: {what}"));
        let Some(chapter) = chapters.iter().find(|it| it.number() == text(&incident, "chapter")) else {
            complain("its chapter is not here".to_owned());
            continue;
        };
        let notebook = whole_text(chapter);
        for (kind, value) in [("timeline", "at"), ("number", "value")] {
            for entry in list(&incident, kind) {
                if let Err(why) = check_tag(text(entry, "tag"), "composite scenario") {
                    complain(format!("{}: {why}", text(entry, value)));
                }
                let digits = number_in(text(entry, value));
                if digits.is_empty() || !notebook.contains(digits) {
                    complain(format!("{:?} is not in the notebook", text(entry, value)));
                }
            }
        }
        let is_whole = !text(&incident, "name").is_empty() && !texts(&incident, "sources").is_empty();
        if !is_whole || list(&incident, "fix").is_empty() {
            complain("expected a name, sources, and a fix".to_owned());
        }
    }
    none_complains(complaints);
}

/// Prose and code of a chapter.
fn whole_text(chapter: &Chapter) -> String {
    chapter.cells.iter().map(|cell| cell.source.as_str()).collect::<Vec<_>>().join("\n")
}

/// What a reader meets of a time or a value: of "2018-10-21 22:52 UTC" it is 22:52, of "about 40 min" it is 40.
fn number_in(value: &str) -> &str {
    let numbers = value.split(|c: char| !(c.is_ascii_digit() || ".,:".contains(c)));
    let numbers = numbers.map(|it| it.trim_matches(['.', ',', ':'])).filter(|it| !it.is_empty());
    // A day of a date stands before its time; of several values the first is the one that is meant.
    let all: Vec<&str> = numbers.collect();
    all.iter().find(|it| it.contains(':')).or(all.first()).copied().unwrap_or_default()
}

#[test]
fn the_number_of_a_value_is_found() {
    // The judge of incidents, on what it must see.
    assert_eq!(number_in("2018-10-21 22:52 UTC"), "22:52");
    assert_eq!(number_in("about 40 min"), "40");
    assert_eq!(number_in("10,000"), "10,000");
    assert_eq!(number_in("a day"), "");
}
