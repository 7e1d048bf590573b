//! A report as HTML, in the colours of the page it stands in.

use std::fmt::Write;

use super::{cases, holds, kind, number, replay};
use crate::grade::Graded;

/// JupyterLab gives its colours names, light or dark; elsewhere (a page of feedback) these are its light ones. What is good or bad is also
/// said by a mark and in words.
const STYLE: &str = "<style>
.netsplit-grade { font-family: var(--jp-ui-font-family, sans-serif); color: var(--jp-ui-font-color1, #212121); border: 1px solid var(--jp-border-color2, #e0e0e0); border-radius: 4px; padding: 0.6em 1em; max-width: 60em; }
.netsplit-grade h4 { margin: 0 0 0.2em 0; font-size: 1.1em; }
.netsplit-grade .points { font-size: 1.3em; font-weight: 600; }
.netsplit-grade .bar { height: 6px; border-radius: 3px; background: var(--jp-layout-color2, #eeeeee); margin: 0.4em 0; overflow: hidden; }
.netsplit-grade .bar > div { height: 100%; background: var(--jp-success-color1, #388e3c); }
.netsplit-grade .quiet { color: var(--jp-ui-font-color2, #616161); }
.netsplit-grade table { border-collapse: collapse; margin: 0.6em 0; }
.netsplit-grade td, .netsplit-grade th { text-align: left; padding: 0.2em 0.8em 0.2em 0; vertical-align: top; background: none; }
.netsplit-grade .good { color: var(--jp-success-color1, #388e3c); }
.netsplit-grade .bad { color: var(--jp-error-color1, #d32f2f); }
.netsplit-grade pre { background: var(--jp-layout-color2, #eeeeee); color: inherit; padding: 0.6em; overflow-x: auto; }
.netsplit-grade code { background: var(--jp-layout-color2, #eeeeee); color: inherit; padding: 0 0.2em; }
</style>";

/// The report as HTML.
pub fn html(graded: &Graded) -> String {
    let report = &graded.report;
    let share = if report.out_of > 0.0 { report.points / report.out_of * 100.0 } else { 0.0 };
    let mut html = format!(
        "{STYLE}\n<div class=\"netsplit-grade\">\n<h4>{}</h4>\n<div><span class=\"points\">{}</span> of {} points <span class=\"quiet\">{}</span></div>\n<div class=\"bar\"><div style=\"width: {share:.0}%\"></div></div>\n",
        escaped(&report.title),
        number(report.points),
        number(report.out_of),
        escaped(&cases(graded)),
    );
    for remark in &report.remarks {
        let _ = writeln!(html, "<p>{}</p>", words(remark));
    }
    if !graded.drawing.is_empty() {
        let _ = writeln!(html, "<pre>{}</pre>", escaped(&graded.drawing));
    }
    properties(graded, &mut html);
    for it in report.shown.iter().filter(|it| !it.failures.is_empty()) {
        let _ = write!(html, "<p>In the test “{}” with seed {}:</p>\n<ul>\n", escaped(&it.test), it.seed);
        for (property, reason) in &it.failures {
            let reason = if reason.is_empty() { "it does not hold" } else { reason };
            let _ = writeln!(html, "<li><b>{}</b>: {}</li>", escaped(property), lines(reason));
        }
        html.push_str("</ul>\n");
    }
    if let Some(picture) = &report.picture {
        let _ = writeln!(html, "<p class=\"quiet\">{}</p>\n{}", escaped(&picture.caption), picture.html);
    }
    html + "</div>"
}

fn properties(graded: &Graded, html: &mut String) {
    let report = &graded.report;
    if report.properties.is_empty() {
        return;
    }
    html.push_str("<table>\n");
    for it in &report.properties {
        let (mark, class) = if holds(it) { ("✓", "good") } else { ("✗", "bad") };
        let (held, all) = it.held;
        let _ = write!(
            html,
            "<tr><td class=\"{class}\">{mark}</td><td>{}</td><td>{held} of {all}</td><td class=\"quiet\">{}",
            escaped(&it.name),
            kind(it.kind)
        );
        if !it.failed_under.is_empty() {
            let _ = write!(html, "<br>fails under: {}", escaped(&it.failed_under.join(", ")));
        }
        if let Some((test, seed)) = &it.seen_with {
            let _ = write!(html, "<br>{}", words(&replay(report, test, *seed)));
        }
        html.push_str("</td></tr>\n");
    }
    html.push_str("</table>\n");
}

/// Text that is no markup, whatever it says.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Text in which code stands between backquotes.
fn words(text: &str) -> String {
    let escaped = escaped(text);
    let pieces: Vec<&str> = escaped.split('`').collect();
    // An odd one out is no quote.
    if pieces.len().is_multiple_of(2) {
        return escaped;
    }
    let piece = |(place, piece): (usize, &&str)| match place % 2 {
        0 => piece.to_string(),
        _ => format!("<code>{piece}</code>"),
    };
    pieces.iter().enumerate().map(piece).collect()
}

/// Text of several lines.
fn lines(text: &str) -> String {
    match text.contains('\n') {
        true => format!("<pre>{}</pre>", escaped(text)),
        false => words(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shown::examples;

    /// Nothing that a report says becomes markup, and quoted code is shown as code.
    #[test]
    fn nothing_is_markup() {
        let html = html(&examples::graded());
        assert!(html.contains("a retry &lt;b&gt;") && !html.contains("<b> "), "{html}");
        assert!(html.contains("<code>:grade dedup seed 17</code>"), "{html}");
        assert!(html.contains("<span class=\"points\">7.5</span> of 20"), "{html}");
        assert!(html.contains("width: 38%"), "{html}");
    }

    /// One backquote quotes nothing.
    #[test]
    fn quotes_come_in_pairs() {
        assert_eq!(words("a `b` c"), "a <code>b</code> c");
        assert_eq!(words("it`s"), "it`s");
    }
}
