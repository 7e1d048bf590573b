//! Answers from their cells to their points, with the real compiler, judge and confinement.

mod support;

use netsplit_report::Mode;
use support::{graded, hidden, library, reference};

const VISIBLE: Mode = Mode::Visible { seed: None };

/// Right answers get all points, and the hidden cases are judged.
#[test]
fn right_answers_get_everything() {
    let library = library();
    for exercise in ["dedup", "total"] {
        let graded = graded(&library, exercise, &[&reference(exercise)], &hidden());
        assert_eq!(graded.report.points, graded.report.out_of, "{graded:#?}");
        assert!(graded.counts && graded.report.passed.1 > 10, "{graded:#?}");
    }
}

/// Without the hidden tests the visible ones are judged, each is shown, and a seed replaces their own.
#[test]
fn visible_tests_are_shown() {
    let library = library();
    let graded_with = |mode: &Mode| {
        graded(&library, "total", &["// answer: total\nfn total(_: Vec<i64>) -> i64 { 0 }"], mode)
    };
    let report = graded_with(&VISIBLE).report;
    assert_eq!((report.points, report.passed), (5.0, (1, 2)), "{report:#?}");
    let shown: Vec<(&str, u64, usize)> =
        report.shown.iter().map(|it| (it.test.as_str(), it.seed, it.failures.len())).collect();
    assert_eq!(shown, [("three numbers", 1, 1), ("no number", 2, 0)]);
    let seeds: Vec<u64> =
        graded_with(&Mode::Visible { seed: Some(9) }).report.shown.iter().map(|it| it.seed).collect();
    assert_eq!(seeds, [9, 9]);
}

/// Each gets no points and a sentence that says why; none is an error.
#[test]
fn what_cannot_be_judged_is_told() {
    let library = library();
    let till = reference("dedup");
    let table = till.replace("std::collections::BTreeSet<u64>", "DedupTable<u64, u64>");
    let path = till.replace(
        "std::collections::BTreeSet<u64>",
        "netsplit::idempotency::dedup_table::DedupTable<u64, u64>",
    );
    let imported = format!("use netsplit::idempotency::DedupTable as T;\n{till}");
    let behind = format!("{till}\nextern crate netsplit_algorithms;");
    let other = till
        .replace("type Response = u64", "type Response = u32")
        .replace("sum: u64", "sum: u32")
        .replace("+= payment.cents", "+= payment.cents as u32");
    let cases: [(&str, Vec<&str>, &str); 13] = [
        (
            "dedup",
            vec!["let x = 1;", "struct Till;"],
            "`Till` stands in cell[2], which does not say `// answer: dedup`",
        ),
        ("dedup", vec!["let x = 1;"], "no cell says `// answer: dedup`"),
        (
            "dedup",
            vec!["// answer: dedup\nfn other() {}"],
            "The answer defines no `Till`; it consists of cell[1].",
        ),
        (
            "dedup",
            vec!["struct Till;", "// answer: dedup\nfn other() {}"],
            "`Till` stands in cell[1], which is no part of the answer",
        ),
        (
            "dedup",
            vec!["fn helper() {}", "// answer: dedup\nstruct Till; fn f() { helper() }"],
            "`helper` stands in cell[1], which is no part of the answer: write `// answer: dedup` there too, or move it.",
        ),
        ("dedup", vec![&table], "This answer may not use `DedupTable`: it is what the exercise asks for."),
        ("dedup", vec![&path], "This answer may not use `idempotency`"),
        ("dedup", vec![&imported], "This answer may not use `idempotency`"),
        ("dedup", vec![&behind], "can't find crate for `netsplit_algorithms`"),
        (
            "dedup",
            vec!["// answer: dedup\nstruct Till;"],
            "`Till` must be a service: `impl Node for Till`, and `impl Service for Till`",
        ),
        ("dedup", vec![&other], "with `type Request = Payment;` and `type Response = u64;`"),
        (
            "total",
            vec!["// answer: total\nfn total(x: u8) -> u8 { x }"],
            "`total` must be a function: `fn total(..: Vec<i64>) -> i64`",
        ),
        ("total", vec!["// answer: total\nfn total( {"], "The answer does not compile"),
    ];
    for (exercise, codes, expected) in cases {
        let graded = graded(&library, exercise, &codes, &VISIBLE);
        let remarks = graded.report.remarks.join(" ");
        assert!(
            remarks.contains(expected),
            "{codes:?}: expected {expected:?}, got {remarks}\n{}",
            graded.drawing
        );
        assert_eq!((graded.report.points, graded.report.passed), (0.0, (0, 0)), "{codes:?}");
    }
}

/// A test that waits in a loop for what an answer never does comes to an end, and says so.
#[test]
fn a_test_that_waits_for_ever_ends() {
    let library = library();
    let right = reference("echo");
    let silent = right.replace("ctx.reply(call, said);", "let _ = (call, said, ctx);");
    assert_ne!(silent, right);
    assert_eq!(graded(&library, "echo", &[&right], &VISIBLE).report.points, 10.0);
    let report = graded(&library, "echo", &[&silent], &VISIBLE).report;
    assert_eq!((report.points, report.passed), (0.0, (0, 1)), "{report:#?}");
    assert!(
        format!("{:?}", report.shown[0].failures).contains("what the test waits for never comes"),
        "{report:#?}"
    );
}

/// Errors stand at the lines of the student's cell, and none of our text is shown.
#[test]
fn errors_stand_where_they_are() {
    let library = library();
    let graded = graded(
        &library,
        "total",
        &["", "let x = 1;\n// answer: total\nfn total(n: Vec<i64>) -> i64 {\n    n.sam()\n}"],
        &VISIBLE,
    );
    assert!(graded.drawing.contains("--> cell[2]:4:7"), "{}", graded.drawing);
    assert!(!graded.drawing.contains("frame.rs") && !graded.drawing.contains("/tmp"), "{}", graded.drawing);
}

/// What a student defines of our names changes nothing: macros, modules, prelude names and whole crates.
#[test]
fn shadows_change_nothing() {
    let library = library();
    let right = reference("total");
    let shadows = [
        "macro_rules! include { ($($t:tt)*) => { compile_error!(\"no\"); } }",
        "macro_rules! vec { ($($t:tt)*) => { 0 } }",
        "mod netsplit { pub mod grade { pub mod host { pub struct Answers; } } }",
        "mod given { pub fn total() {} }",
        "#[derive(Clone)] enum Option<T> { Some(T), None } struct Vec2; type Result<T> = Option<T>;",
        "fn judge() {} struct Answers; struct Calls;",
    ];
    for shadow in shadows {
        let graded = graded(&library, "total", &[&format!("{right}\n{shadow}")], &hidden());
        assert_eq!(graded.report.points, 10.0, "{shadow}: {:#?} {}", graded.report.remarks, graded.drawing);
    }
}
