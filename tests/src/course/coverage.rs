//! The coverage table: what the source books teach, and which chapters teach it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use toml::Table;

use super::{Chapter, list, text, texts};

/// The text of `COVERAGE.md`: every row of every book, with the chapters that say that they cover it.
pub fn coverage(rows: &Table, chapters: &[Chapter]) -> String {
    let mut out = "# Coverage\n\n\
        What the five source books of the curriculum (S0 to S4) teach, row by row: where it is planned (the home of a row in bold), and the\n\
        chapters that teach it now, by their own `chapter.toml`. Generated: do not edit, but run\n\
        `UPDATE_COURSE=1 cargo test -p netsplit-tests --test course`.\n"
        .to_owned();
    let mut last = "";
    for row in list(rows, "row") {
        let book = text(row, "book");
        if book != last {
            let _ = write!(out, "\n## {book}\n\n| row | planned | taught |\n|---|---|---|\n");
            last = book;
        }
        let name = name(row);
        let teaching: Vec<&str> =
            chapters.iter().filter(|it| covers(it).contains(name.as_str())).map(Chapter::number).collect();
        let _ = writeln!(out, "| {} | {} | {} |", text(row, "row"), text(row, "where"), teaching.join(", "));
    }
    out
}

/// What is wrong with what the chapters say: rows that there are not, and rows whose home does not say that it covers them.
pub fn missing_rows(rows: &Table, chapters: &[Chapter]) -> Vec<String> {
    let known: BTreeSet<String> = list(rows, "row").into_iter().map(name).collect();
    let mut complaints = Vec::new();
    for chapter in chapters {
        let covered = covers(chapter);
        for row in covered.iter().filter(|row| !known.contains(**row)) {
            complaints.push(format!("{}: there is no row {row:?}", chapter.name));
        }
        for row in list(rows, "row") {
            if homes(text(row, "where")).contains(chapter.number()) && !covered.contains(name(row).as_str()) {
                complaints.push(format!(
                    "{}: it is the home of {:?}, and does not cover it",
                    chapter.name,
                    name(row)
                ));
            }
        }
    }
    complaints
}

/// "S0: mode matrices for degradation".
fn name(row: &Table) -> String {
    format!("{}: {}", text(row, "book"), text(row, "row"))
}

fn covers(chapter: &Chapter) -> BTreeSet<&str> {
    texts(&chapter.data, "covers").into_iter().collect()
}

/// The chapters that are in bold: `**01**, 04 and **10**–**12**` has 01, 10 and 12.
fn homes(place: &str) -> BTreeSet<&str> {
    let bold = place.split("**").skip(1).step_by(2);
    bold.flat_map(|it| it.split(|c: char| !c.is_ascii_digit())).filter(|it| it.len() == 2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_of_a_row_is_in_bold() {
        // Only what is bold, one or several, with words or without.
        let of = |place| homes(place).into_iter().collect::<Vec<_>>();
        assert_eq!(of("**01**, 04 and **10/11**"), ["01", "10", "11"]);
        assert_eq!(of("hdr (all), 12"), Vec::<&str>::new());
        assert_eq!(of("**01** B5, **29** E5"), ["01", "29"]);
    }
}
