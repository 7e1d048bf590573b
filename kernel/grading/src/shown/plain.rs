//! A report as text.

use std::fmt::Write;

use super::{cases, holds, kind, number, replay};
use crate::grade::Graded;

/// The report as text.
pub fn text(graded: &Graded) -> String {
    let report = &graded.report;
    let mut text = format!(
        "{} (`{}`): {} of {} points\n",
        report.title,
        report.exercise,
        number(report.points),
        number(report.out_of)
    );
    let cases = cases(graded);
    if !cases.is_empty() {
        let _ = writeln!(text, "{cases}");
    }
    for remark in &report.remarks {
        let _ = writeln!(text, "{remark}");
    }
    if !graded.drawing.is_empty() {
        let _ = write!(text, "\n{}\n", graded.drawing);
    }
    if !report.properties.is_empty() {
        text.push('\n');
    }
    let longest = report.properties.iter().map(|it| it.name.chars().count()).max().unwrap_or_default();
    for it in &report.properties {
        let mark = if holds(it) { "✓" } else { "✗" };
        let (held, all) = it.held;
        let _ = writeln!(text, "{mark} {:longest$}  {held} of {all}  ({})", it.name, kind(it.kind));
        if !it.failed_under.is_empty() {
            let _ = writeln!(text, "    fails under: {}", it.failed_under.join(", "));
        }
        if let Some((test, seed)) = &it.seen_with {
            let _ = writeln!(text, "    {}", replay(report, test, *seed));
        }
    }
    for it in report.shown.iter().filter(|it| !it.failures.is_empty()) {
        let _ = write!(text, "\nIn the test “{}” with seed {}:\n", it.test, it.seed);
        for (property, reason) in &it.failures {
            let _ = match reason.is_empty() {
                true => writeln!(text, "  {property}: it does not hold"),
                false => writeln!(text, "  {property}: {}", reason.replace('\n', "\n    ")),
            };
        }
    }
    if let Some(picture) = &report.picture {
        let _ = write!(text, "\n{}\n{}\n", picture.caption, picture.text.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shown::examples;

    /// Points, cases, properties, reasons and how to see them are all there.
    #[test]
    fn everything_is_told() {
        let expected = "Count once (`dedup`): 7.5 of 20 points
visible tests: 1 of 2 cases passed
A violation of safety leaves at most 40 %.

✓ nothing is counted twice  2 of 2  (must never fail)
✗ every payment is counted  1 of 2  (must come about)
    fails under: a retry <b>
    `:grade dedup seed 17` shows it, in the test “a retry <b>”

In the test “a retry <b>” with seed 7:
  every payment is counted: expected 3, got 2
";
        assert_eq!(text(&examples::graded()), expected);
    }
}
