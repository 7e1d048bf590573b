//! An assignment's notebook as the instructor has it: the students' one, with the solution in it, and with nbgrader's marks.
//!
//! A notebook for students says all that is needed: a cell with `// answer: NAME` is what they write, one with `:grade NAME` grades it. The
//! solution comes from `reference.rs`, and nbgrader takes it out again.

use std::fs;
use std::path::Path;

use netsplit_grading::exercises_of;
use serde_json::{Value, json};
use syn::visit::Visit;

use super::{Failure, cannot};

/// What an exercise says that its cells need.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exercise {
    /// What `:grade` calls it.
    pub name: String,
    /// How many points a full answer gives.
    pub points: f64,
    /// `given.rs`: students get it as a cell that they cannot change.
    pub given: String,
    /// `reference.rs`, the right answer.
    pub reference: String,
}

impl Exercise {
    /// Reads the exercises in these folders: what students see, and what nobody but the instructor does.
    pub fn all(exercises: &Path, instructor: &Path) -> Result<Vec<Self>, Failure> {
        let entries = fs::read_dir(exercises).map_err(|error| cannot("read", exercises, &error))?;
        let mut names: Vec<String> = entries
            .flatten()
            .filter(|it| it.path().join("exercise.rs").is_file())
            .map(|it| it.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names.into_iter().map(|name| Self::read(exercises, instructor, name)).collect()
    }

    fn read(exercises: &Path, instructor: &Path, name: String) -> Result<Self, Failure> {
        let read = |path: &Path| fs::read_to_string(path).map_err(|error| cannot("read", path, &error));
        let public = exercises.join(&name);
        let exercise = public.join("exercise.rs");
        let points = points(&read(&exercise)?).ok_or_else(|| {
            Failure(format!(
                "expected `Exercise::new(name, title, points, rule)` with a number of points in {}, found none",
                exercise.display()
            ))
        })?;
        let given = public.join("given.rs");
        let given = if given.exists() { without_essay(&read(&given)?) } else { String::new() };
        let reference = without_essay(&read(&instructor.join(&name).join("reference.rs"))?);
        Ok(Self { name, points, given, reference })
    }
}

/// The number of points in `Exercise::new(name, title, points, rule)`.
fn points(source: &str) -> Option<f64> {
    #[derive(Default)]
    struct Points(Option<f64>);
    impl<'a> Visit<'a> for Points {
        fn visit_expr_call(&mut self, call: &'a syn::ExprCall) {
            let is_new = matches!(&*call.func, syn::Expr::Path(it) if {
                let path: Vec<String> = it.path.segments.iter().map(|it| it.ident.to_string()).collect();
                path.ends_with(&["Exercise".to_string(), "new".to_string()])
            });
            if let (true, Some(syn::Expr::Lit(literal))) = (is_new, call.args.iter().nth(2)) {
                self.0 = match &literal.lit {
                    syn::Lit::Float(number) => number.base10_parse().ok(),
                    _ => None,
                };
            }
            syn::visit::visit_expr_call(self, call);
        }
    }
    let mut found = Points::default();
    found.visit_file(&syn::parse_file(source).ok()?);
    found.0
}

/// A notebook of these cells, for the kernel of this name.
pub fn notebook(kernel: &str, cells: Vec<Value>) -> Value {
    json!({
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": { "display_name": "Rust (netsplit)", "language": "rust", "name": kernel },
            "language_info": { "name": "rust" },
        },
        "cells": cells,
    })
}

/// A cell of text.
pub fn text(id: &str, source: &str) -> Value {
    json!({ "cell_type": "markdown", "id": id, "metadata": {}, "source": source })
}

/// A cell of code.
pub fn code(id: &str, source: &str) -> Value {
    json!({
        "cell_type": "code", "id": id, "metadata": {}, "source": source, "execution_count": null, "outputs": [],
    })
}

/// The part of a chapter that is called `Exercises`, under the chapter's title.
pub fn exercises_of_chapter(chapter: &Value) -> Vec<Value> {
    let cells = chapter["cells"].as_array().map_or(&[][..], Vec::as_slice);
    let heading = |cell: &Value, level: &str| {
        let text = source(cell);
        let is_text = cell["cell_type"] == "markdown";
        text.lines().next().and_then(|line| line.strip_prefix(level)).filter(|_| is_text).map(str::to_string)
    };
    let title = cells.iter().find_map(|cell| heading(cell, "# ")).unwrap_or_default();
    let mut part =
        cells.iter().skip_while(|cell| heading(cell, "## ").is_none_or(|it| !it.starts_with("Exercises")));
    let first = part.next().cloned();
    let rest = part.take_while(|cell| heading(cell, "## ").is_none()).cloned();
    std::iter::once(text("title", &format!("# {title}")))
        .chain(first)
        .chain(rest)
        .map(without_outputs)
        .collect()
}

fn without_outputs(cell: Value) -> Value {
    let (id, source) = (cell["id"].as_str().unwrap_or_default(), source(&cell));
    if cell["cell_type"] == "code" { code(id, &source) } else { text(id, &source) }
}

/// A cell's text, which is one string or its lines.
fn source(cell: &Value) -> String {
    match &cell["source"] {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().unwrap_or_default().to_string(),
    }
}

/// Puts the solutions into the cells of a students' notebook, and marks for nbgrader what each cell is.
pub fn mark(cells: Vec<Value>, exercises: &[Exercise]) -> Vec<Value> {
    let mut marked = Vec::new();
    for mut cell in cells {
        if cell["cell_type"] == "code" {
            marked.extend(mark_code(&mut cell, exercises));
        }
        marked.push(cell);
    }
    marked
}

/// Marks a cell; returns one that must stand before it.
fn mark_code(cell: &mut Value, exercises: &[Exercise]) -> Option<Value> {
    let source = source(cell);
    let named = |name: &str| exercises.iter().find(|it| it.name == name);
    let graded = source.trim().strip_prefix(":grade ").and_then(|name| named(name.trim()));
    if let Some(exercise) = exercises_of(&source).first().and_then(|name| named(name)) {
        put_mark(cell, &json!({ "grade": false, "solution": true, "locked": false }));
        if let Some(answer) = with_solution_inside(&exercise.reference, &source) {
            cell["source"] = answer.into();
            return None;
        }
        cell["source"] = with_solution_throughout(&exercise.reference).into();
        let id = format!("{}-begin", cell["id"].as_str().unwrap_or_default());
        Some(text(&id, &format!("Begin with this:\n```rust\n{}\n```", source.trim())))
    } else if let Some(exercise) = graded {
        put_mark(
            cell,
            &json!({ "grade": true, "solution": false, "locked": true, "points": exercise.points }),
        );
        None
    } else {
        if exercises.iter().any(|it| !it.given.is_empty() && it.given == source.trim()) {
            put_mark(cell, &json!({ "grade": false, "solution": false, "locked": true }));
        }
        None
    }
}

/// nbgrader knows the cell by its id.
fn put_mark(cell: &mut Value, role: &Value) {
    let mut marks =
        json!({ "schema_version": 3, "cell_type": "code", "grade_id": cell["id"], "task": false });
    if let (Some(marks), Some(role)) = (marks.as_object_mut(), role.as_object()) {
        marks.extend(role.clone());
    }
    cell["metadata"]["nbgrader"] = marks;
}

/// The file without its `//!` lines, which a cell cannot have.
pub fn without_essay(file: &str) -> String {
    let lines: Vec<&str> = file.lines().filter(|line| !line.starts_with("//!")).collect();
    lines.join("\n").trim().to_string()
}

/// The right answer; the lines in which it differs from what students begin with stand between nbgrader's marks. None where students
/// would be left with something that is not Rust,
/// or with less than they begin with: nbgrader takes a solution out, and puts nothing of ours in its place.
fn with_solution_inside(right: &str, empty: &str) -> Option<String> {
    let (right, empty): (Vec<&str>, Vec<&str>) = (right.lines().collect(), empty.trim().lines().collect());
    let same = |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| pairs.take_while(|(a, b)| a == b).count();
    let before = same(&mut right.iter().zip(&empty));
    let most = right.len().min(empty.len()) - before;
    let after = same(&mut right.iter().rev().zip(empty.iter().rev())).min(most);
    let end = right.len() - after;
    let left = [&right[..before], &right[end..]].concat().join("\n");
    let items = |text: &str| syn::parse_file(text).ok().map(|file| file.items.len());
    (items(&left)? == items(&empty.join("\n"))?).then(|| marked(&right, before, end))
}

/// The right answer, of which students keep the line that says to what.
fn with_solution_throughout(right: &str) -> String {
    let lines: Vec<&str> = right.lines().collect();
    let marker = lines.iter().position(|line| !exercises_of(line).is_empty());
    marked(&lines, marker.map_or(0, |it| it + 1), lines.len())
}

/// These lines, with nbgrader's marks around some of them.
fn marked(lines: &[&str], begin: usize, end: usize) -> String {
    let solution = &lines[begin..end];
    let indent: String =
        solution.first().unwrap_or(&"").chars().take_while(|it| it.is_whitespace()).collect();
    let (first, last) = (format!("{indent}// BEGIN SOLUTION"), format!("{indent}// END SOLUTION"));
    [&lines[..begin], &[first.as_str()], solution, &[last.as_str()], &lines[end..]].concat().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exercise(given: &str, reference: &str) -> Exercise {
        Exercise { name: "a".into(), points: 7.5, given: given.into(), reference: reference.into() }
    }

    /// The solution is what the right answer has and the empty one has not, indented as it is; the rest stays for students.
    #[test]
    fn the_solution_is_the_difference() {
        let right = "// answer: a\nfn a() {\n    let x = 1;\n    x\n}";
        let wanted =
            "// answer: a\nfn a() {\n    // BEGIN SOLUTION\n    let x = 1;\n    x\n    // END SOLUTION\n}";
        assert_eq!(with_solution_inside(right, "// answer: a\nfn a() {\n    0\n}\n").unwrap(), wanted);
    }

    /// Lines that are the same before and after the solution are counted once, also where one answer is part of the other.
    #[test]
    fn no_line_is_lost_or_doubled() {
        for (right, empty) in [
            ("a!();\nb!();\nb!();", "a!();\nb!();"),
            ("a!();", "a!();"),
            ("fn f() {\n1\n}", "fn f() {\n2\n}"),
        ] {
            let marked = with_solution_inside(right, empty).unwrap();
            let kept: Vec<&str> = marked.lines().filter(|it| !it.contains("SOLUTION")).collect();
            assert_eq!(kept.join("\n"), right, "{empty}");
        }
    }

    /// Where half an item would be left, all of it is the solution, and students are told what to begin with.
    #[test]
    fn no_half_items_are_left() {
        let (right, empty) = ("// answer: a\nstruct A {\n    b: u8,\n}", "// answer: a\nstruct A;");
        let cells = mark(vec![code("x", empty)], &[exercise("", right)]);
        assert_eq!(cells[0]["source"], format!("Begin with this:\n```rust\n{empty}\n```"));
        let wanted = "// answer: a\n// BEGIN SOLUTION\nstruct A {\n    b: u8,\n}\n// END SOLUTION";
        assert_eq!(cells[1]["source"], wanted);
    }

    /// nbgrader needs marks of schema 3, and points where there is a grade; what has no role has no marks.
    #[test]
    fn cells_are_marked() {
        let sources = ["struct G;", "// answer: a\nfn a() {\n1\n}", ":grade a", ":grade other", "1"];
        let cells =
            sources.iter().enumerate().map(|(place, it)| code(&format!("cell-{place}"), it)).collect();
        let cells = mark(cells, &[exercise("struct G;", "// answer: a\nfn a() {\n2\n}")]);
        let marks = |place: usize| &cells[place]["metadata"]["nbgrader"];
        let roles =
            |place: usize| ["grade", "solution", "locked"].map(|role| marks(place)[role].as_bool().unwrap());
        assert_eq!([0, 1, 2].map(roles), [[false, false, true], [false, true, false], [true, false, true]]);
        assert_eq!((&marks(2)["points"], &marks(2)["grade_id"]), (&json!(7.5), &json!("cell-2")));
        assert!(marks(3).is_null() && marks(4).is_null());
    }

    /// Points are read wherever in the file they stand; what is no number is none.
    #[test]
    fn points_are_read() {
        let file = |points: &str| {
            format!(
                "//! A.\npub fn e() -> E {{ let e = grade::Exercise::new(\"a\", \"b\",\n {points}, R); e }}"
            )
        };
        assert_eq!((points(&file("12.5")), points(&file("POINTS")), points("fn")), (Some(12.5), None, None));
    }

    /// Of a chapter the exercises are taken, under its title, without what was put out.
    #[test]
    fn the_exercises_of_a_chapter() {
        let mut graded = code("g", ":grade a");
        graded["outputs"] = json!([{ "output_type": "stream" }]);
        let cells = [
            text("t", "# T\nx"),
            code("c", "1"),
            text("e", "## Exercises\ny"),
            graded,
            text("f", "## Further"),
            code("d", "2"),
        ];
        let part = exercises_of_chapter(&json!({ "cells": cells }));
        let sources: Vec<String> = part.iter().map(source).collect();
        assert_eq!(sources, ["# T", "## Exercises\ny", ":grade a"]);
        assert_eq!(part[2]["outputs"], json!([]));
    }
}
