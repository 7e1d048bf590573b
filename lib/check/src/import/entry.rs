//! One line of a record: which process, whether it asks or is answered, which function, with which values.

use super::ImportProblem;

/// An entry of a record.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) process: u32,
    pub(super) kind: Kind,
    /// Without its colon: `read`.
    pub(super) function: String,
    pub(super) key: Option<Edn>,
    pub(super) value: Edn,
}

/// Jepsen's four: `:info` is the answer of who does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Invoke,
    Ok,
    Fail,
    Info,
}

/// A value in EDN, as far as records need it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Edn {
    Nil,
    Number(i64),
    Text(String),
    /// Without its colon.
    Keyword(String),
    Vector(Vec<Edn>),
    /// Keys and values in turn.
    Map(Vec<Edn>),
}

const ENTRY: &str = "an entry: {:process 0, :type :invoke, :f :read, :value nil}, or \
                     \"INFO jepsen.util - 0\", :invoke, :read and nil with tabs between them";
const NOT_AN_ENTRY: ImportProblem = ImportProblem::NotAnEntry { expected: ENTRY };

/// Reads a line; nothing if it is empty, another program part's, or about the nemesis.
pub(super) fn read(line: &str) -> Result<Option<Entry>, ImportProblem> {
    let line = line.trim();
    let others = line.contains("jepsen.") && !line.contains("jepsen.util");
    if line.is_empty() || line.starts_with(';') || others && !line.starts_with('{') {
        return Ok(None);
    }
    let fields = if line.starts_with('{') { of_map(line) } else { of_log(line) };
    fields.ok_or(NOT_AN_ENTRY)?.into_entry()
}

/// What an entry is made of, before it is understood.
struct Fields {
    process: Edn,
    kind: Edn,
    function: Edn,
    key: Option<Edn>,
    value: Edn,
}

impl Fields {
    fn into_entry(self) -> Result<Option<Entry>, ImportProblem> {
        let process = match self.process {
            Edn::Keyword(nemesis) if nemesis == "nemesis" => return Ok(None),
            Edn::Number(process) => u32::try_from(process).map_err(|_| NOT_AN_ENTRY)?,
            _ => return Err(NOT_AN_ENTRY),
        };
        let (Edn::Keyword(kind), Edn::Keyword(function)) = (self.kind, self.function) else {
            return Err(NOT_AN_ENTRY);
        };
        let kind = match kind.as_str() {
            "invoke" => Kind::Invoke,
            "ok" => Kind::Ok,
            "fail" => Kind::Fail,
            "info" => Kind::Info,
            _ => return Err(ImportProblem::NotAnEntry { expected: ":invoke, :ok, :fail or :info" }),
        };
        Ok(Some(Entry { process, kind, function, key: self.key, value: self.value }))
    }
}

/// `{:process 0, :type :invoke, :f :read, :value nil}`, in any order, whatever else is in it.
fn of_map(line: &str) -> Option<Fields> {
    let Edn::Map(entries) = whole(line)? else { return None };
    let get = |name: &str| {
        let mut pairs = entries.chunks_exact(2);
        pairs.find(|pair| matches!(&pair[0], Edn::Keyword(key) if key == name)).map(|pair| pair[1].clone())
    };
    Some(Fields {
        process: get("process")?,
        kind: get("type")?,
        function: get("f")?,
        key: get("key"),
        value: get("value").unwrap_or(Edn::Nil),
    })
}

/// `INFO  jepsen.util - 0`, `:invoke`, `:read`, `nil`, with tabs between them, with or without what stands before the process.
fn of_log(line: &str) -> Option<Fields> {
    let mut columns = line.split('\t');
    let process = columns.next()?.rsplit(" - ").next()?;
    let fields = Fields {
        process: whole(process)?,
        kind: whole(columns.next()?)?,
        function: whole(columns.next()?)?,
        key: None,
        value: whole(columns.next()?)?,
    };
    Some(fields)
}

/// The text as one value, with nothing after it.
fn whole(text: &str) -> Option<Edn> {
    let (value, rest) = value(text, 0)?;
    rest.trim_start_matches(is_blank).is_empty().then_some(value)
}

/// Deeper than any record; what is nested deeper would cost the stack.
const DEEPEST: usize = 16;

fn is_blank(character: char) -> bool {
    character.is_whitespace() || character == ','
}

/// The first value of the text, and what follows it.
fn value(text: &str, depth: usize) -> Option<(Edn, &str)> {
    let text = text.trim_start_matches(is_blank);
    if depth > DEEPEST {
        return None;
    }
    match text.chars().next()? {
        '"' => quoted(&text[1..]),
        '[' => sequence(&text[1..], ']', depth).map(|(values, rest)| (Edn::Vector(values), rest)),
        '{' => sequence(&text[1..], '}', depth)
            .filter(|(values, _)| values.len() % 2 == 0)
            .map(|(values, rest)| (Edn::Map(values), rest)),
        _ => {
            let ends = |character: char| is_blank(character) || "[]{}\"".contains(character);
            let (word, rest) = text.split_at(text.find(ends).unwrap_or(text.len()));
            let value = match word.strip_prefix(':') {
                Some(keyword) if !keyword.is_empty() => Edn::Keyword(keyword.to_owned()),
                Some(_) => return None,
                None if word == "nil" => Edn::Nil,
                None => Edn::Number(word.parse().ok()?),
            };
            Some((value, rest))
        }
    }
}

fn sequence(mut text: &str, end: char, depth: usize) -> Option<(Vec<Edn>, &str)> {
    let mut values = Vec::new();
    loop {
        text = text.trim_start_matches(is_blank);
        if let Some(rest) = text.strip_prefix(end) {
            return Some((values, rest));
        }
        let (value, rest) = value(text, depth + 1)?;
        values.push(value);
        text = rest;
    }
}

fn quoted(text: &str) -> Option<(Edn, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((Edn::Text(value), &text[at + 1..])),
            '\\' => value.push(match characters.next()?.1 {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other @ ('"' | '\\') => other,
                _ => return None,
            }),
            _ => value.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_line_are_one_entry() {
        // The log's columns and the map say the same; the order in a map and what else is in it do not matter.
        let expected = Entry {
            process: 12,
            kind: Kind::Ok,
            function: "cas".to_owned(),
            key: None,
            value: Edn::Vector(vec![Edn::Number(3), Edn::Number(-1)]),
        };
        for line in [
            "INFO  jepsen.util - 12\t:ok\t:cas\t[3 -1]",
            "12\t:ok\t:cas\t[3 -1]",
            "{:f :cas, :value [3, -1], :index 7, :time 125, :process 12, :type :ok}",
            "{:type :ok :process 12 :f :cas :value [3 -1] :error \"a \\\"quote\\\"\"}",
        ] {
            assert_eq!(read(line), Ok(Some(expected.clone())), "{line}");
        }
    }

    #[test]
    fn lines_about_other_things_are_passed_over() {
        // Blank lines, comments, other parts of Jepsen, the nemesis.
        for line in [
            "",
            "   ",
            "; recorded by hand",
            "INFO  jepsen.core - Run complete, writing",
            "{:process :nemesis, :type :info, :f :start}",
        ] {
            assert_eq!(read(line), Ok(None), "{line}");
        }
    }

    #[test]
    fn what_is_no_entry_is_said_to_be_none() {
        // Cut off, unknown kinds, processes that are no numbers, nesting without end.
        let deep = format!("{{:process 1, :type :ok, :f :read, :value {}", "[".repeat(100_000));
        for line in [
            "INFO  jepsen.util - 0\t:invoke\t:read",
            "INFO  jepsen.util - 0",
            "0\t:maybe\t:read\tnil",
            "{:process 1, :type :ok, :f :read, :value \"open}",
            "{:process 1, :type :ok, :f :read, :value}",
            "{:process -1, :type :ok, :f :read}",
            "{:process 4294967296, :type :ok, :f :read}",
            "{:type :ok, :f :read}",
            "{:process 1, :type :ok, :f \"read\"}",
            "{:process 1, :type :ok, :f :read} and more",
            "{:process 1, :type :ok, :f :read, :value :}",
            &deep,
        ] {
            assert!(
                matches!(read(line), Err(ImportProblem::NotAnEntry { .. })),
                "{line:.80}: {:?}",
                read(line)
            );
        }
    }
}
