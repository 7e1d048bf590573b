//! A picture in the three forms in which notebooks, their readers and printers take it.
//!
//! A front end picks the richest form that it may show: a page with a script, a picture, or text. The page holds the picture as an image,
//! so that it is seen where scripts are taken out (a notebook of a stranger, a code host); a script turns the image into one that answers
//! the pointer. Nothing is loaded from anywhere.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use netsplit_node::rich;

/// A picture, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// The picture as self-contained SVG, whose `aria-label` says what it shows.
    pub svg: String,
    /// The same for those who read text.
    pub text: String,
    /// What makes it answer the pointer; nothing for a picture that only stands there.
    pub live: Option<Live>,
}

/// What a figure's script gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// The script, after `script/figure.js`: a function body that has `figure` (see there).
    pub script: &'static str,
    /// Data for it, as JSON.
    pub data: String,
}

/// What all live figures share: the place on the page, the theme, the panel of words.
const CORE: &str = include_str!("script/figure.js");

impl Figure {
    /// The figure as a part of a page.
    pub fn html(&self) -> String {
        let mut html = format!(
            "<div class=\"netsplit-figure\" style=\"overflow-x:auto\"><img alt=\"{}\" src=\"data:image/svg+xml,{}\">",
            self.label(),
            match self.live {
                Some(_) => in_address(&without_titles(&self.svg)),
                None => in_address(&self.svg),
            }
        );
        if let Some(live) = &self.live {
            let data = live.data.replace("</", "<\\/").replace("<!--", "<\\!--");
            let _ = write!(
                html,
                "<script type=\"application/json\">{data}</script><script>(()=>{{\n{}{}}})()</script>",
                packed_once(CORE),
                packed_once(live.script)
            );
        }
        html.push_str("</div>");
        html
    }

    /// Shows all three forms in a notebook.
    pub fn show(&self) {
        for (mime, content) in self.forms() {
            rich::show(mime, &content);
        }
    }

    /// All three forms, each with its media type.
    pub fn forms(&self) -> Vec<(&'static str, String)> {
        vec![
            ("text/html", self.html()),
            ("image/svg+xml", self.svg.clone()),
            ("text/plain", self.text.clone()),
        ]
    }

    /// What the picture shows in one sentence, escaped as it is in the picture.
    fn label(&self) -> &str {
        let after = self.svg.split_once("aria-label=\"").map_or("", |(_, after)| after);
        after.split_once('"').map_or("", |(label, _)| label)
    }
}

/// A picture without the words that a pointer shows: an image in a page never shows them, and scripts know better.
fn without_titles(svg: &str) -> String {
    let (head, body) = svg.split_once("</style>").unwrap_or(("", svg));
    let mut parts = body.split("<title>");
    let mut bare = format!("{head}</style>{}", parts.next().unwrap_or_default());
    parts.filter_map(|part| part.split_once("</title>")).for_each(|(_, rest)| bare.push_str(rest));
    bare
}

/// `svg` as the rest of a `data:` address within a quoted attribute.
fn in_address(svg: &str) -> String {
    let mut address = String::with_capacity(svg.len() + svg.len() / 8);
    let mut rest = svg;
    while let Some(at) = rest.find(['%', '#', '"', '\'', '&', '\n']) {
        address.push_str(&rest[..at]);
        address.push_str(match rest.as_bytes()[at] {
            b'%' => "%25",
            b'#' => "%23",
            // An attribute ends at a quote, and an address loses its line ends.
            b'"' => "'",
            b'\'' => "%22",
            b'&' => "&amp;",
            _ => "",
        });
        rest = &rest[at + 1..];
    }
    address.push_str(rest);
    address
}

/// The same script is in every figure: it is packed when it is first needed.
fn packed_once(script: &'static str) -> Arc<str> {
    static KNOWN: Mutex<BTreeMap<&'static str, Arc<str>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(script).or_insert_with(|| packed(script).into()).clone()
}

/// A script without its comments, indentation and most blanks, which no reader of a notebook needs. Strings and templates stay as they are;
/// comments have lines of their own, and no regular expression holds a quote or a blank.
fn packed(script: &str) -> String {
    const SIGNS: &str = "=(){}[],;:?<>+-*/&|!.";
    let lines = script.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    let mut packed = String::with_capacity(text.len());
    let (mut quote, mut escaped) = (None, false);
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if character == '\\' => escaped = true,
            Some(open) if character == open => quote = None,
            Some(_) => {}
            None if matches!(character, '"' | '`') => quote = Some(character),
            None if character == ' ' => {
                let before =
                    packed.chars().next_back().is_none_or(|before| SIGNS.contains(before) || before == '\n');
                let after = rest.peek().is_none_or(|&after| SIGNS.contains(after));
                if before || after {
                    continue;
                }
            }
            None => {}
        }
        if character == '\n' && quote.is_none() && packed.ends_with('\n') {
            continue;
        }
        packed.push(character);
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Canvas;

    fn figure(words: &str, live: Option<Live>) -> Figure {
        let mut canvas = Canvas::default();
        canvas.group(words, |canvas| canvas.text((1, 2), "font-family=\"a, 'b'\"", words));
        Figure { svg: canvas.finish((10, 10), words), text: words.to_owned(), live }
    }

    /// What a browser reads out of a `data:` address in an attribute.
    fn read_back(address: &str) -> String {
        address.replace("&amp;", "&").replace("%22", "\"").replace("%23", "#").replace("%25", "%")
    }

    #[test]
    fn the_image_is_the_picture() {
        // Quotes change their kind, and nothing else: texts come out as they went in.
        let figure = figure("50% & <\"#1'>", None);
        let html = figure.html();
        let address = html.split("data:image/svg+xml,").nth(1).and_then(|rest| rest.split('"').next());
        let swap = |text: &str| text.replace('"', "\0").replace('\'', "\"").replace('\0', "'");
        assert_eq!(swap(&read_back(address.expect("an image"))), figure.svg.replace('\n', ""));
    }

    #[test]
    fn no_data_ends_the_script_that_holds_it() {
        // A message may say anything, the end of a script included.
        let live =
            Live { script: "// a remark\n  figure.data;\n", data: "{\"a\":\"</script><!--\"}".to_owned() };
        let html = figure("x", Some(live)).html();
        assert_eq!(html.matches("</script").count(), 2);
        assert!(!html.contains("<!--") && !html.contains("a remark") && html.contains("\nfigure.data;\n"));
    }

    #[test]
    fn a_packed_script_says_the_same() {
        // Words stay apart, strings and templates stay whole, a line's end may end a statement.
        let script = "  // a remark\n  const a = \"x = 'y'\", b = `p  ${ q } \\` r`;\n\n  return a in b\n";
        assert_eq!(packed(script), "const a=\"x = 'y'\",b=`p  ${ q } \\` r`;\nreturn a in b\n");
    }
}
