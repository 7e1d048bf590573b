//! Taking the Debug form of a value apart, one level deep: a structure into its fields, a map into its entries, a list into its elements.
//!
//! Debug forms have no grammar that binds anybody, so this reads what `#[derive(Debug)]` and the standard collections write, and takes
//! everything else as one whole. It never fails and never looks into quotes.

/// A value, seen one level deep. Parts are slices of the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape<'a> {
    /// `Name { field: value, .. }`, or the same without a name.
    Fields(Vec<(&'a str, &'a str)>),
    /// `{key: value, ..}`.
    Map(Vec<(&'a str, &'a str)>),
    /// `[a, b]` or `{a, b}`.
    List(Vec<&'a str>),
    /// Anything else.
    Whole(&'a str),
}

/// Takes a value apart.
pub(super) fn shape(text: &str) -> Shape<'_> {
    let text = text.trim();
    let Some(open) = text.find(['{', '[', '(']) else { return Shape::Whole(text) };
    let name = text[..open].trim_end();
    let Some(inside) = enclosed(&text[open..]) else { return Shape::Whole(text) };
    let parts = split(inside, ',');
    match text.as_bytes()[open] {
        b'[' if name.is_empty() => Shape::List(parts),
        b'{' if name.is_empty() => entries(&parts).map_or_else(|| Shape::List(parts), Shape::Map),
        b'{' if is_name(name) => match entries(&parts) {
            Some(fields) if fields.iter().all(|(name, _)| is_name(name)) => Shape::Fields(fields),
            _ => Shape::Whole(text),
        },
        _ => Shape::Whole(text),
    }
}

/// What stands between the bracket with which `text` begins and its partner, if the partner ends the text.
fn enclosed(text: &str) -> Option<&str> {
    let end = text.len().checked_sub(1)?;
    let mut depth = 0_usize;
    for (at, character) in outside_quotes(text) {
        match character {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return (at == end).then(|| text[1..at].trim());
                }
            }
            _ => {}
        }
    }
    None
}

/// The parts of `text` between separators that stand in no bracket and no quote. `..` of a structure that does not say all is none.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut depth, mut begin) = (Vec::new(), 0_i32, 0);
    for (at, character) in outside_quotes(text) {
        match character {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth -= 1,
            _ if character == separator && depth == 0 => {
                parts.push(text[begin..at].trim());
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[begin..].trim());
    parts.retain(|part| !part.is_empty() && *part != "..");
    parts
}

/// Names with their values, if all parts are that.
fn entries<'a>(parts: &[&'a str]) -> Option<Vec<(&'a str, &'a str)>> {
    let entry = |part: &&'a str| {
        let colon = outside_brackets(part, ": ")?;
        Some((part[..colon].trim(), part[colon + 1..].trim()))
    };
    if parts.is_empty() { None } else { parts.iter().map(entry).collect() }
}

/// Where `wanted` first stands in no bracket and no quote.
fn outside_brackets(text: &str, wanted: &str) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, character) in outside_quotes(text) {
        match character {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth -= 1,
            _ if depth == 0 && text[at..].starts_with(wanted) => return Some(at),
            _ => {}
        }
    }
    None
}

/// The characters that stand in no string and no character literal, with their places.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut inside, mut escaped) = (false, false);
    text.char_indices().filter(move |&(_, character)| {
        if escaped {
            escaped = false;
            return false;
        }
        match character {
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            _ => return !inside,
        }
        false
    })
}

/// Whether it may be the name of a type or a field, with its path and parameters.
fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && text.chars().all(|it| it.is_alphanumeric() || "_:<>#".contains(it))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[derive(Debug)]
    #[allow(dead_code, reason = "it is there for its Debug form")]
    struct Store {
        state: BTreeMap<String, (i32, Vec<char>)>,
        role: Option<&'static str>,
    }

    #[test]
    fn what_derives_write_comes_apart() {
        // One level: a field's value stays as it is written.
        let store = Store {
            state: BTreeMap::from([("a, {".to_owned(), (1, vec!['\'', ',']))]),
            role: Some("\"x\": }"),
        };
        let text = format!("{store:?}");
        let Shape::Fields(fields) = shape(&text) else { panic!("{text}") };
        assert_eq!(fields[0].0, "state");
        assert_eq!(fields[1], ("role", "Some(\"\\\"x\\\": }\")"));
        let Shape::Map(entries) = shape(fields[0].1) else { panic!("{}", fields[0].1) };
        assert_eq!(entries, [("\"a, {\"", "(1, ['\\'', ','])")]);
    }

    #[test]
    fn lists_sets_and_nothing() {
        // A set is a list without an order; empty brackets are empty lists.
        assert_eq!(shape("[1, (2, 3), [4, 5]]"), Shape::List(vec!["1", "(2, 3)", "[4, 5]"]));
        assert_eq!(shape(&format!("{:?}", BTreeSet::from([2, 1]))), Shape::List(vec!["1", "2"]));
        assert_eq!(shape("{}"), Shape::List(vec![]));
        assert_eq!(shape("[]"), Shape::List(vec![]));
    }

    #[test]
    fn everything_else_stays_whole() {
        // What nobody derived, what was cut in the middle, and what only looks like a structure.
        for text in [
            "7",
            "Some(3)",
            "",
            "Log { entries: [1, 2, …",
            "a } b {",
            "]",
            "x {1, 2}",
            "from {a: b} to",
            "1s { a: b }",
        ] {
            assert_eq!(shape(text), Shape::Whole(text), "{text}");
        }
    }
}
