//! What is answered without an assistant.

use super::*;
use crate::protocol::Variable;

const ITEMS: &str = "use std::fmt;
/// A place, é.
///
/// More of it.
#[derive(Debug)]
pub struct Point { x: f64 }
impl Point {
    /// Its distance.
    pub fn length(&self) -> f64 { self.x }
}
fn pointless<T: Into<String>>(of: T) -> usize { 0 }
fn pointless(of: u8) { }
const fn port_of() -> u8 { 0 }
static mut POOLS: u8 = { 1 } + 2;
macro_rules! poke { () => {} }
mod points { pub fn inner() {} }
";

fn notebook() -> Notebook {
    let variable = |name: &str, type_name: &str, mutable| Variable {
        name: name.to_string(),
        type_name: type_name.to_string(),
        mutable,
    };
    let variables = vec![variable("pos", "Vec<Point>", true), variable("z", "u8", false)];
    Notebook { items: ITEMS.to_string(), variables, externs: Vec::new() }
}

/// The completions at the `|`: the bytes that are replaced, and what by.
fn completed(code: &str) -> (std::ops::Range<usize>, Vec<String>) {
    let cursor = code.find('|').unwrap();
    let known = |name: &str, kind: &str| KnownName { name: name.to_string(), kind: kind.to_string() };
    let library = [known("Lab", "class"), known("poll", "function"), known("Point", "class")];
    let commands = [":vars", ":version", ":clear"];
    let found = complete(&notebook(), &library, &commands, &code.replace('|', ""), cursor);
    (found.replaced, found.matches.into_iter().map(|it| it.text).collect())
}

/// Names come by their beginning, the nearest first, and each once.
#[test]
fn names_are_completed() {
    let table: [(&str, std::ops::Range<usize>, &[&str]); 12] = [
        ("po|", 0..2, &["pos", "pointless", "port_of", "poke!", "points", "poll"]),
        ("let x = Po|;", 8..10, &["Point"]),
        ("La|", 0..2, &["Lab"]),
        ("é(z + pr|)", 7..9, &["print!", "println!"]),
        ("whi|le", 0..3, &["while"]),
        (
            "let port = 1; struct Porter; po|",
            29..31,
            &["pos", "port", "pointless", "port_of", "poke!", "points", "poll"],
        ),
        ("struct Porter; Por|", 15..18, &["Porter"]),
        ("let mut posh|", 8..12, &[]),
        ("pos.l|", 4..5, &[]),
        ("Point::ne|", 7..9, &[]),
        ("0..po|", 3..5, &["pos", "pointless", "port_of", "poke!", "points", "poll"]),
        ("Unkn|", 0..4, &[]),
    ];
    for (code, replaced, texts) in table {
        assert_eq!(completed(code), (replaced, texts.iter().map(|it| it.to_string()).collect()), "{code}");
    }
}

/// Every completion says what it is, and a variable shows its type.
#[test]
fn completions_have_kinds() {
    let kinds = |code: &str| {
        let found = complete(&notebook(), &[], &[], code, code.len());
        found.matches.into_iter().map(|it| (it.label, it.kind)).collect::<Vec<_>>()
    };
    let pair = |label: &str, kind: &str| (label.to_string(), kind.to_string());
    let names = [
        pair("pos: Vec<Point>", "instance"),
        pair("pointless", "function"),
        pair("port_of", "function"),
        pair("poke!", "function"),
        pair("points", "module"),
    ];
    assert_eq!(kinds("po"), names);
    assert_eq!(kinds("Poi"), [pair("Point", "class")]);
    assert_eq!(kinds("retu"), [pair("return", "keyword")]);
    assert_eq!(kinds("Som"), [pair("Some", "instance")]);
}

/// A `:` at the beginning of a cell is a command, also after others; in Rust it is a colon.
#[test]
fn commands_are_completed() {
    assert_eq!(completed(":v|"), (0..2, vec![":vars".to_string(), ":version".to_string()]));
    assert_eq!(completed("# a\n:dep x\n  :c|"), (13..15, vec![":clear".to_string()]));
    assert_eq!(completed(":|").1.len(), 3);
    assert_eq!(completed("let x\n:cle|").1, Vec::<String>::new());
}

/// A cursor that is nowhere completes nothing, and does not panic.
#[test]
fn cursors_may_be_anywhere() {
    for cursor in 0..12 {
        let found = complete(&notebook(), &[], &[], "é🦀 pé", cursor);
        assert!(found.replaced.end <= cursor && (cursor < 9 || found.matches.is_empty()), "{cursor}");
        assert_eq!(inspect(&notebook(), "é🦀 pé", cursor, Detail::Full), None);
    }
}

fn inspected(code: &str, detail: Detail) -> Option<String> {
    let cursor = code.find('|').unwrap();
    let bundle = inspect(&notebook(), &code.replace('|', ""), cursor, detail)?;
    bundle["text/plain"].as_str().map(str::to_string)
}

/// A variable shows its type; an item its signature and the documentation that is wanted.
#[test]
fn names_are_inspected() {
    let table: [(&str, Option<&str>); 11] = [
        ("po|s.len()", Some("let mut pos: Vec<Point>")),
        ("z|", Some("let z: u8")),
        ("Point| { x: 1.0 }", Some("pub struct Point { x: f64 }\n\nA place, é.\n\nMore of it.")),
        ("pointless|(1)", Some("fn pointless(of: u8)")),
        ("pos[0].len|gth()", Some("pub fn length(&self) -> f64\n\nIts distance.")),
        ("po|ke!()", Some("macro_rules! poke")),
        ("points|::inner", Some("mod points")),
        ("port_of|()", Some("const fn port_of() -> u8")),
        ("POOLS|", Some("static mut POOLS: u8 = { 1 } + 2")),
        ("pos.z|", None),
        ("nobody|", None),
    ];
    for (code, text) in table {
        assert_eq!(inspected(code, Detail::Full).as_deref(), text, "{code}");
    }
    assert_eq!(inspected("Point|", Detail::Brief).unwrap(), "pub struct Point { x: f64 }\n\nA place, é.");
}

/// Items that do not parse cost the names of the items and no others.
#[test]
fn broken_items_are_left_out() {
    let notebook = Notebook { items: "struct \"".to_string(), ..notebook() };
    let found = complete(&notebook, &[], &[], "po", 2);
    assert_eq!(found.matches.iter().map(|it| it.text.as_str()).collect::<Vec<_>>(), ["pos"]);
}
