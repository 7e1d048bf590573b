//! What rust-analyzer finds, as a front end shows it.

use std::ops::Range;

use netsplit_assistant::protocol::{Completion, Completions, Detail, MimeBundle};
use serde_json::json;

/// Where evcxr puts what a cell says; to the user it has no name.
const NOTEBOOKS_CRATE: &str = "ctx";

/// Completions that insert names, each once: `push(value)` is what a front end shows, `push` what it inserts.
pub fn completions<'a>(
    replaced: Range<usize>,
    found: impl Iterator<Item = (&'a str, &'a str, &'a str)>,
) -> Completions {
    let mut matches: Vec<Completion> = Vec::new();
    for (code, label, kind) in found {
        // `iter().le(other)` is no continuation of a name.
        let text = code.split(['(', '[', '{', '<', ' ', ';', '$']).next().unwrap_or_default();
        // What evcxr wraps a cell in is no name of the user's.
        let is_evcxrs = text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("evcxr"));
        if text.is_empty() || is_evcxrs || code.contains(").") || matches.iter().any(|it| it.text == text) {
            continue;
        }
        matches.push(Completion { text: text.into(), label: label.into(), kind: kind.into() });
    }
    // Names before keywords, what is meant to be used before what is not.
    matches.sort_by_key(|it| (it.kind == "keyword", it.text.starts_with('_')));
    Completions { replaced, matches }
}

/// What is known of a name. rust-analyzer's sections are, between rules: the place and the signature; what type
/// parameters stand for; the documentation.
pub fn inspection(html: &str, detail: Detail) -> MimeBundle {
    let html = html.replace(&format!(">{NOTEBOOKS_CRATE}::"), ">");
    let html =
        html.replace(&format!("<pre><code class=\"language-rust\">{NOTEBOOKS_CRATE}\n</code></pre>\n"), "");
    let html = match detail {
        Detail::Full => html,
        Detail::Brief => brief(&html),
    };
    MimeBundle::from_iter([
        ("text/plain".to_string(), json!(plain(&html))),
        ("text/html".to_string(), json!(html)),
    ])
}

/// The signature and the first paragraph of the documentation.
fn brief(html: &str) -> String {
    let mut sections = html.split("<hr />");
    let signature = sections.next().unwrap_or_default();
    let signature = signature.rfind("<pre>").map_or(signature, |at| &signature[at..]);
    let first = sections.last().and_then(|text| Some(&text[text.find("<p>")?..text.find("</p>")? + 4]));
    // A single section after the signature may be about type parameters.
    match first.filter(|text| !(text.starts_with("<p><code>") && text.contains("</code> = <code>"))) {
        Some(first) => format!("{signature}\n{first}\n"),
        None => signature.to_string(),
    }
}

/// The text of what pulldown-cmark has made of Markdown: paragraphs and headings stand apart, list items have a dash.
fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        text.push_str(&rest[..start]);
        let end = rest[start..].find('>').map_or(rest.len(), |at| start + at + 1);
        match &rest[start..end] {
            "</p>" | "</pre>" | "</h1>" | "</h2>" | "</h3>" | "</ul>" => text.push('\n'),
            "<li>" => text.push_str("- "),
            _ => (),
        }
        rest = &rest[end..];
    }
    text.push_str(rest);
    for (entity, sign) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")] {
        text = text.replace(entity, sign);
    }
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    text.trim().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUSH: &str = "<pre><code class=\"language-rust\">ctx::Stack\n</code></pre>\n\
        <pre><code class=\"language-rust\">pub fn push(&amp;mut self, value: T)\n</code></pre>\n<hr />\n\
        <p><code>T</code> = <code>u8</code></p>\n<hr />\n\
        <p>Puts a <em>value</em> on top.</p>\n<h1>Panics</h1>\n<p>Never, if 1 &lt; 2.</p>\n<ul>\n<li>one</li>\n</ul>\n";

    fn text(html: &str, detail: Detail) -> String {
        inspection(html, detail)["text/plain"].as_str().unwrap().to_string()
    }

    /// Level 0 is the signature and the first paragraph, level 1 all there is, without the name of evcxr's crate.
    #[test]
    fn two_levels_of_detail() {
        assert_eq!(text(PUSH, Detail::Brief), "pub fn push(&mut self, value: T)\n\nPuts a value on top.");
        let full = "Stack\n\npub fn push(&mut self, value: T)\n\nT = u8\n\nPuts a value on top.\n\nPanics\n\n\
            Never, if 1 < 2.\n\n- one";
        assert_eq!(text(PUSH, Detail::Full), full);
        assert!(inspection(PUSH, Detail::Full)["text/html"].as_str().unwrap().contains("<em>value</em>"));
    }

    /// Where there is no documentation, the signature is all.
    #[test]
    fn signatures_alone() {
        let undocumented: String = PUSH.split_inclusive("<hr />").take(2).collect();
        let undocumented = undocumented.trim_end_matches("<hr />");
        assert_eq!(text(undocumented, Detail::Brief), "pub fn push(&mut self, value: T)");
        let variable = "<pre><code class=\"language-rust\">let v: Vec&lt;u8&gt;\n</code></pre>\n";
        assert_eq!(text(variable, Detail::Brief), "let v: Vec<u8>");
        assert_eq!(text(variable, Detail::Full), "let v: Vec<u8>");
    }

    /// What is inserted is a name, each name comes once, and names come before keywords.
    #[test]
    fn completions_insert_names() {
        let found = [
            ("match $1 {\n}", "match", "keyword"),
            ("__private()", "__private()", "function"),
            ("map(f)", "map(…)", "function"),
            ("map", "map", "instance"),
            ("iter().map(f)", "iter().map(…)", "function"),
            ("matches!()", "matches!(…)", "function"),
            ("EvcxrUserCodeError", "EvcxrUserCodeError", "class"),
            ("Option<>", "Option<…>", "class"),
        ];
        let found = completions(1..3, found.into_iter());
        let texts: Vec<&str> = found.matches.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(texts, ["map", "matches!", "Option", "__private", "match"]);
        assert_eq!((found.matches[0].label.as_str(), found.replaced), ("map(…)", 1..3));
    }
}
