//! Grading with the program itself: in notebooks, under nbgrader's autograder, and many submissions at once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use netsplit_engine::library;
use netsplit_kernel::processes::{Process, descendants};
use serde_json::{Value, json};

fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("engine-cache")
}

/// A course with one assignment, and a folder for submissions.
struct Course(tempfile::TempDir);

impl Course {
    fn new() -> Self {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        library::prepare(&home, &cache(), &mut |_| {}).expect("the library can be prepared");
        let place = tempfile::tempdir().unwrap();
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("grading/tests/course");
        copy(&own.join("exercises"), &place.path().join("source/one/exercises"));
        copy(&own.join("instructor"), &place.path().join("instructor/one"));
        Self(place)
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    fn write(&self, below: &str, text: &str) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn reference(&self, exercise: &str) -> String {
        fs::read_to_string(self.path("instructor/one").join(exercise).join("reference.rs")).unwrap()
    }

    /// The program, working in this folder.
    fn netsplit(&self, folder: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_netsplit"));
        command.current_dir(self.path(folder)).env("NETSPLIT_CACHE", cache()).env("NETSPLIT_HISTORY", "");
        command.env_remove("NETSPLIT_COURSE").env_remove("NBGRADER_EXECUTION");
        command
    }

    /// Grades all submissions; the table's rows by student and exercise, and what was said.
    fn grade(&self, command: &mut Command) -> (BTreeMap<(String, String), Value>, String) {
        let json = self.path("grades.json");
        let output = command.args(["submitted", "--json"]).arg(&json).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        let rows: Vec<Value> = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_string();
        (rows.into_iter().map(|row| ((text(&row["student"]), text(&row["exercise"])), row)).collect(), said)
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}

fn notebook(codes: &[&str]) -> String {
    let cell = |(place, code): (usize, &&str)| json!({"cell_type": "code", "id": format!("c{place}"), "metadata": {}, "outputs": [], "execution_count": null, "source": code});
    let cells: Vec<Value> = codes.iter().enumerate().map(cell).collect();
    json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).to_string()
}

fn shown(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The outputs of the last cell of a notebook that was executed in this folder.
fn executed(course: &Course, folder: &str, environment: &[(&str, &str)], codes: &[&str]) -> Vec<Value> {
    course.write(&format!("{folder}/in.ipynb"), &notebook(codes));
    let mut command = course.netsplit(folder);
    command.args(["run", "in.ipynb", "--output", "out.ipynb"]).envs(environment.iter().copied());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", shown(&output));
    let out: Value =
        serde_json::from_str(&fs::read_to_string(course.path(folder).join("out.ipynb")).unwrap()).unwrap();
    out["cells"].as_array().unwrap().last().unwrap()["outputs"].as_array().unwrap().clone()
}

const GIVEN: &str = "use serde::{Serialize, Deserialize}; #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)] pub struct Payment { pub key: u64, pub cents: u64 }";

/// What a cell with `:grade` puts out: one display, and one number.
fn display_and_number(outputs: &[Value]) -> (String, String) {
    let kinds: Vec<&str> = outputs.iter().map(|it| it["output_type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["display_data", "execute_result"], "{outputs:#?}");
    let text = |output: &Value| -> String {
        output["data"]["text/plain"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect()
    };
    (text(&outputs[0]), text(&outputs[1]))
}

/// In a notebook, confined or not, `:grade` gives a number and a report; an answer that is not there, and one that does not compile, are no
/// errors.
#[test]
fn notebooks_grade_their_answers() {
    let course = Course::new();
    let till = course.reference("dedup");
    for environment in [&[][..], &[("NETSPLIT_CONFINED", "1")]] {
        let (report, points) = display_and_number(&executed(
            &course,
            "source/one",
            environment,
            &[GIVEN, &till, ":grade dedup"],
        ));
        assert_eq!(points, "20", "{report}");
        assert!(report.contains("✓ nothing is counted twice"), "{report}");
    }
    let twice = till.replace("if self.counted.insert(payment.key)", "self.counted.insert(payment.key);");
    let (report, points) =
        display_and_number(&executed(&course, "source/one", &[], &[GIVEN, &twice, ":grade dedup seed 5"]));
    assert_eq!(points, "0", "{report}");
    assert!(report.contains("In the test “a retry” with seed 5:"), "{report}");
    let (report, points) = display_and_number(&executed(&course, "source/one", &[], &["1", ":grade total"]));
    assert_eq!(points, "0");
    assert!(report.contains("no cell says `// answer: total`"), "{report}");
}

/// Exercises beside a confined notebook may be its learner's own: they reach no further than the notebook.
#[test]
fn exercises_are_confined_with_their_notebook() {
    let course = Course::new();
    let exercise = "//! Looks around.\nuse netsplit::grade::{Exercise, Rule};\npub fn exercise() -> Exercise {\n    let sees = std::fs::read(\"/etc/passwd\").is_ok();\n    Exercise::new(\"spy\", if sees { \"sees it\" } else { \"sees nothing\" }, 1.0, Rule::Proportional)\n}\n";
    course.write("mine/exercises/spy/exercise.rs", exercise);
    let seen = |environment: &[(&str, &str)]| {
        display_and_number(&executed(&course, "mine", environment, &[":grade spy"])).0
    };
    assert!(seen(&[]).contains("sees it"));
    // Another judge than the one that has described itself already.
    course.write("mine/exercises/spy/exercise.rs", &format!("{exercise}// again\n"));
    assert!(seen(&[("NETSPLIT_CONFINED", "1")]).contains("sees nothing"));
}

/// Under nbgrader's autograder the course's own exercises are judged with the hidden tests, not what lies beside the submission; and the
/// session is confined.
#[test]
fn the_autograder_judges_with_the_courses_tests() {
    let course = Course::new();
    // A submission that brings exercises of its own, in which everything is right.
    let forged = fs::read_to_string(course.path("source/one/exercises/total/exercise.rs")).unwrap();
    course.write("autograded/ann/one/exercises/total/exercise.rs", &forged.replace("total == right", "true"));
    let environment =
        [("NBGRADER_EXECUTION", "autograde"), ("NETSPLIT_COURSE", course.0.path().to_str().unwrap())];
    let secret = course.path("instructor/secret");
    let look = format!(
        "assert!(std::fs::read(\"{}\").is_err()); assert!(std::env::var(\"NETSPLIT_COURSE\").is_err()); assert!(std::fs::read_dir(\".\").is_err());",
        secret.display()
    );
    let codes = |answer: &str| {
        executed(&course, "autograded/ann/one", &environment, &[&look, answer, ":grade total"])
    };
    let (report, points) = display_and_number(&codes(
        "// answer: total\nfn total(n: Vec<i64>) -> i64 { if n.is_empty() { 0 } else { i64::MAX } }",
    ));
    assert_eq!(points, "0", "{report}");
    assert!(report.contains("of 18 cases passed"), "{report}");
    assert!(secret.exists());
    let (report, points) = display_and_number(&codes(&course.reference("total")));
    assert_eq!(points, "10", "{report}");
}

/// Every submission gets its points, or a reason; what is equal, or was graded before, is not graded again.
#[test]
fn all_submissions_get_a_grade() {
    let course = Course::new();
    let (till, total) = (course.reference("dedup"), course.reference("total"));
    let right = notebook(&[GIVEN, &till, &total]);
    course.write("submitted/ann/one/one.ipynb", &right);
    course.write("submitted/bob/one/one.ipynb", &right);
    course.write("submitted/carl/one/one.ipynb", &right[..right.len() / 2]);
    course.write("submitted/dora/one/one.ipynb", &notebook(&["// no answers"]));
    course.write(
        "submitted/eve/total.rs",
        "//! Wrong.\n// answer: total\nfn total(_: Vec<i64>) -> i64 { panic!() }",
    );
    course.write(
        "submitted/fred/one/one.ipynb",
        &notebook(&[
            &total.replace("// answer: total", "// answer: totals"),
            &till.replace("fn on_request", "fn on_reqest"),
        ]),
    );
    let log = course.path("log.jsonl");
    let arguments = ["grade", "-j", "2", "--course", ".", "--log", "log.jsonl"];
    let (rows, _) = course.grade(course.netsplit(".").args(arguments));
    let points = |student: &str, exercise: &str| {
        let row = &rows[&(student.to_string(), exercise.to_string())];
        row["graded"]["report"]["points"].as_f64().unwrap()
    };
    let remarks = |student: &str, exercise: &str| {
        rows[&(student.to_string(), exercise.to_string())]["graded"]["report"]["remarks"].to_string()
    };
    for student in ["ann", "bob"] {
        assert_eq!((points(student, "dedup"), points(student, "total")), (20.0, 10.0));
    }
    for (student, exercise, reason) in [
        ("carl", "dedup", "damaged"),
        ("dora", "total", "no cell says `// answer: total`"),
        ("eve", "total", "panicked"),
        ("fred", "total", "says `// answer: totals`, which is no exercise here"),
        ("fred", "dedup", "does not compile"),
    ] {
        assert_eq!(points(student, exercise), 0.0, "{student}");
        assert!(
            remarks(student, exercise).contains(reason) || student == "eve",
            "{student}: {}",
            remarks(student, exercise)
        );
    }
    let written = fs::read_to_string(&log).unwrap();
    // Three of ann's, which are bob's; three of dora's; one of eve's; three of fred's.
    assert_eq!(written.lines().count(), 10, "{written}");
    let (again, _) = course.grade(course.netsplit(".").args(arguments));
    assert_eq!(again, rows);
    assert_eq!(fs::read_to_string(&log).unwrap(), written);
}

/// A worker that is killed is replaced, and the grades are the same.
#[test]
fn killed_workers_change_nothing() {
    let course = Course::new();
    for number in 0..4 {
        let text =
            format!("// answer: total\nfn total(n: Vec<i64>) -> i64 {{ n.iter().sum::<i64>() + {number} }}");
        course.write(&format!("submitted/student-{number}/total.rs"), &text);
    }
    let arguments = |log: &str| ["grade", "-j", "1", "--course", ".", "--log", log].map(str::to_string);
    let (rows, _) = course.grade(course.netsplit(".").args(arguments("quiet.jsonl")));
    let json = course.path("killed.json");
    let mut command = course.netsplit(".");
    command.args(arguments("killed.jsonl")).args(["submitted", "--json"]).arg(&json);
    let mut grading = command.spawn().unwrap();
    let patience = Instant::now() + Duration::from_secs(120);
    let worker = loop {
        assert!(Instant::now() < patience, "no worker has begun to grade");
        let of_worker = |process: &Process| {
            let command = fs::read(format!("/proc/{}/cmdline", process.pid)).unwrap_or_default();
            String::from_utf8_lossy(&command).contains("--worker") && !descendants(process.pid).is_empty()
        };
        match descendants(grading.id()).into_iter().find(of_worker) {
            Some(worker) => break worker.pid,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    assert!(Command::new("kill").args(["-9", &worker.to_string()]).status().unwrap().success());
    assert!(grading.wait().unwrap().success());
    let after: Vec<Value> = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(after, rows.into_values().collect::<Vec<_>>());
    assert_eq!(fs::read_to_string(course.path("killed.jsonl")).unwrap().lines().count(), 4);
}

/// A new exercise passes its own check; with a wrong answer as the right one it does not.
#[test]
fn new_exercises_pass_their_check() {
    let course = Course::new();
    course.write("mine/readme", "");
    let new = course.netsplit("mine").args(["exercise", "new", "two-generals"]).output().unwrap();
    assert!(new.status.success(), "{}", shown(&new));
    let check = || course.netsplit("mine").args(["exercise", "check", "two-generals"]).output().unwrap();
    let checked = check();
    assert!(checked.status.success(), "{}", shown(&checked));
    let table = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert_eq!(table.lines().filter(|line| line.starts_with("ok ")).count(), 3, "{table}");
    let own = course.path("mine/instructor/two-generals");
    fs::copy(own.join("wrong/echo.rs"), own.join("reference.rs")).unwrap();
    let checked = check();
    assert!(!checked.status.success());
    assert!(shown(&checked).contains("MISS two-generals     reference.rs"), "{}", shown(&checked));
}
