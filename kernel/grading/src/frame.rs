//! Writes the crate that an answer is compiled as: what the statement gives, the answer's cells, and the glue that tells a host what the
//! answer defines.
//!
//! The glue stands beside code that nobody trusts and is compiled with it. So it names everything by a path from the outside, calls no
//! macro, and stands in a module of its own: a cell can make it fail to compile, and nothing else. What it may lead to happens in the
//! answer's own process, which nobody believes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use netsplit_engine::item::Kind;
use netsplit_engine::text::only;
use netsplit_report::{Answer as Declared, Exercise};

use crate::answer::Answer;
use crate::exercises::SourceFile;

/// The name of the crate's root, which errors are not shown of.
const ROOT: &str = "frame.rs";

/// What would be told of an unfinished program.
const SILENT: &str = "warnings";

/// A crate that is ready to be compiled.
#[derive(Debug)]
pub struct Written {
    /// Its root.
    pub root: PathBuf,
    /// Folders, with the prefixes that stand for them.
    pub renamed: Vec<(PathBuf, String)>,
    /// What lines of the root ask of an answer, by the file's name and the line.
    pub asks: BTreeMap<(String, usize), String>,
}

/// Writes the crate below this folder, which is made.
pub fn write(
    answer: &Answer,
    exercise: &Exercise,
    given: Option<&SourceFile>,
    folder: &Path,
) -> io::Result<Written> {
    fs::create_dir_all(folder)?;
    let mut writer = Writer { folder, text: String::new(), renamed: Vec::new(), asks: BTreeMap::new() };
    writer.line(&format!("#![allow({SILENT})]"));
    writer.given(exercise, given)?;
    writer.line("mod cells {");
    writer.line("use ::netsplit::*;");
    writer.line("use super::given::*;");
    // By name as well: what the statement gives hides what the library calls the same, as it does in a notebook; what the answer
    // defines itself hides both.
    let own = |name: &String| answer.items.items.iter().any(|it| it.item.names.contains(name));
    let names: Vec<String> = public_names(given).into_iter().filter(|it| !own(it)).collect();
    writer.line(&format!("use super::given::{{{}}};", names.join(", ")));
    for (name, import) in imports(given) {
        if !own(&name) {
            writer.line(&import);
        }
    }
    writer.cells(answer)?;
    writer.glue(answer, exercise);
    writer.line("}");
    writer.line("#[unsafe(no_mangle)]");
    writer.line("pub fn netsplit_answer(host: &mut ::netsplit::grade::host::Answers) { cells::netsplit_glue::register(host) }");
    let root = folder.join(ROOT);
    fs::write(&root, &writer.text)?;
    Ok(Written { root, renamed: writer.renamed, asks: writer.asks })
}

/// What a statement's code gives, by name.
fn public_names(given: Option<&SourceFile>) -> Vec<String> {
    // What cannot be read is told by the compiler.
    let items =
        given.and_then(|given| syn::parse_file(&given.text).ok()).map(|file| file.items).unwrap_or_default();
    let name = |item: syn::Item| {
        let (is_public, name) = match item {
            syn::Item::Struct(it) => (it.vis, it.ident),
            syn::Item::Enum(it) => (it.vis, it.ident),
            syn::Item::Fn(it) => (it.vis, it.sig.ident),
            syn::Item::Const(it) => (it.vis, it.ident),
            syn::Item::Static(it) => (it.vis, it.ident),
            syn::Item::Type(it) => (it.vis, it.ident),
            syn::Item::Trait(it) => (it.vis, it.ident),
            syn::Item::Mod(it) => (it.vis, it.ident),
            _ => return None,
        };
        matches!(is_public, syn::Visibility::Public(_)).then(|| name.to_string()).filter(|it| it != "_")
    };
    items.into_iter().filter_map(name).collect()
}

/// What a statement's code imports: names, and imports of each by itself. In a notebook they hold for the cells that follow.
fn imports(given: Option<&SourceFile>) -> Vec<(String, String)> {
    fn leaves(tree: &syn::UseTree, path: &str, found: &mut Vec<(String, String)>) {
        match tree {
            syn::UseTree::Path(it) => leaves(&it.tree, &format!("{path}{}::", it.ident), found),
            syn::UseTree::Group(it) => it.items.iter().for_each(|tree| leaves(tree, path, found)),
            syn::UseTree::Glob(_) => found.push((String::new(), format!("use {path}*;"))),
            syn::UseTree::Name(it) if it.ident == "self" => {
                let module = path.trim_end_matches("::");
                let name = module.rsplit("::").next().unwrap_or_default();
                found.push((name.to_string(), format!("use {module};")));
            }
            syn::UseTree::Name(it) => found.push((it.ident.to_string(), format!("use {path}{};", it.ident))),
            syn::UseTree::Rename(it) => {
                found.push((it.rename.to_string(), format!("use {path}{} as {};", it.ident, it.rename)));
            }
        }
    }
    let items = given.and_then(|given| syn::parse_file(&given.text).ok()).map(|file| file.items);
    let mut found = Vec::new();
    for item in items.unwrap_or_default() {
        if let syn::Item::Use(it) = item {
            let root = if it.leading_colon.is_some() { "::" } else { "" };
            leaves(&it.tree, root, &mut found);
        }
    }
    // Paths from where the statement's code stands mean something else here.
    let is_relative =
        |import: &str| ["use self::", "use super::", "use crate::"].iter().any(|it| import.starts_with(it));
    found.retain(|(_, import)| !is_relative(import));
    found
}

struct Writer<'a> {
    folder: &'a Path,
    text: String,
    renamed: Vec<(PathBuf, String)>,
    asks: BTreeMap<(String, usize), String>,
}

impl Writer<'_> {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// A line that can be wrong because of what is in the answer: then it says this.
    fn line_that_asks(&mut self, what: &str, text: &str) {
        let number = self.text.lines().count() + 1;
        self.asks.insert((self.folder.join(ROOT).display().to_string(), number), what.to_string());
        self.line(text);
    }

    /// Writes a file into a folder that goes by another name in errors.
    fn file(&mut self, folder: &str, prefix: &str, name: &str, text: &str) -> io::Result<String> {
        let folder = self.folder.join(folder);
        if !self.renamed.iter().any(|(it, _)| *it == folder) {
            fs::create_dir_all(&folder)?;
            self.renamed.push((folder.clone(), prefix.to_string()));
        }
        let path = folder.join(name);
        fs::write(&path, text)?;
        Ok(format!("{:?}", path.display().to_string()))
    }

    fn given(&mut self, exercise: &Exercise, given: Option<&SourceFile>) -> io::Result<()> {
        let Some(given) = given else {
            self.line("pub mod given {}");
            return Ok(());
        };
        let prefix = format!("exercises/{}", exercise.name);
        let path = self.file("given", &prefix, "given.rs", &given.text)?;
        // A module of its own file, whose documentation may stand at its beginning.
        self.line(&format!("#[path = {path}] pub mod given;"));
        Ok(())
    }

    /// The answer's items: macros first, as in a session, then the rest, each cell in a file of its own.
    fn cells(&mut self, answer: &Answer) -> io::Result<()> {
        for macros in [true, false] {
            for source in &answer.sources {
                let whole = 0..source.rust.len();
                let ranges: Vec<Range<usize>> =
                    match answer.unparsed.iter().any(|it| it.number == source.number) {
                        true if macros => Vec::new(),
                        true => vec![whole],
                        false => {
                            let of_cell =
                                answer.items.items.iter().filter(|it| it.source.number == source.number);
                            let wanted =
                                of_cell.filter(|it| matches!(it.item.kind, Kind::Macro { .. }) == macros);
                            let mut ranges: Vec<_> = wanted.map(|it| it.item.range.clone()).collect();
                            ranges.sort_by_key(|it| it.start);
                            ranges
                        }
                    };
                if ranges.is_empty() {
                    continue;
                }
                let (folder, prefix) = if macros { ("macros", "macros0/") } else { ("items", "") };
                let text = own_root(&only(&source.rust, &ranges));
                let path = self.file(folder, prefix, &format!("cell[{}]", source.number), &text)?;
                // A cell may have a macro of that name.
                self.line(&format!("::core::include!({path});"));
            }
        }
        Ok(())
    }

    fn glue(&mut self, answer: &Answer, exercise: &Exercise) {
        self.line("pub mod netsplit_glue {");
        self.line("use super::*;");
        self.line("pub fn register(host: &mut ::netsplit::grade::host::Answers) {");
        let mut registered = BTreeSet::new();
        for declared in exercise.answers.iter().filter(|it| answer.defines(it.name())) {
            if registered.insert(declared.name()) {
                self.register(declared);
            }
        }
        self.line("}");
        self.line("}");
    }

    fn register(&mut self, declared: &Declared) {
        match declared {
            Declared::Service { name, make, setup, request, response, calls } => {
                let asked = format!(
                    "`{name}` must be a service: `impl Node for {name}`, and `impl Service for {name}` with `type Request = {request};` and `type Response = {response};`"
                );
                let check = format!(
                    "{{ fn is<T: ::netsplit::Service<Request = {request}, Response = {response}>>() {{}} is::<super::{name}>(); }}"
                );
                self.line_that_asks(&asked, &check);
                self.node("service", name, make, setup, calls);
            }
            Declared::Node { name, make, setup, message, calls } => {
                let asked = format!(
                    "`{name}` must be a node: `impl Node for {name}`, with `type Message = {message};`"
                );
                let check = match message.is_empty() {
                    true => format!("{{ fn is<T: ::netsplit::Node>() {{}} is::<super::{name}>(); }}"),
                    false => format!(
                        "{{ fn is<T: ::netsplit::Node<Message = {message}>>() {{}} is::<super::{name}>(); }}"
                    ),
                };
                self.line_that_asks(&asked, &check);
                self.node("node", name, make, setup, calls);
            }
            Declared::Function { name, takes, gives } => {
                let asked = match takes.is_empty() {
                    true => format!("`{name}` must be a function: `fn {name}() -> {gives}`"),
                    false => format!("`{name}` must be a function: `fn {name}(..: {takes}) -> {gives}`"),
                };
                let register = match takes.is_empty() {
                    true => format!("host.value::<{gives}>({name:?}, super::{name});"),
                    false => format!("host.function::<{takes}, {gives}>({name:?}, super::{name});"),
                };
                self.line_that_asks(&asked, &register);
            }
        }
    }

    fn node(&mut self, kind: &str, name: &str, make: &str, setup: &str, calls: &[String]) {
        let wire = format!(
            "what `{name}` sends and sets as timers travels between processes: write `#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]` at the types of its messages and timers"
        );
        let and: String = calls.iter().map(|it| format!(".and::<{it}>()")).collect();
        self.line_that_asks(
            &wire,
            &format!(
                "host.{kind}::<super::{name}, {setup}>({name:?}, ::netsplit::grade::host::Calls::none(){and},"
            ),
        );
        let made = format!("the tests make `{name}` by `{make}`, which must be possible");
        self.line_that_asks(&made, &format!("|setup: {setup}| -> super::{name} {{ {make} }});"));
    }
}

/// In a cell, `crate` is where its items are; here they are in a module.
fn own_root(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    for (at, found) in text.match_indices("crate::") {
        let is_path = !text[..at].ends_with(|it: char| it.is_alphanumeric() || "_$\"".contains(it));
        if is_path {
            shown.push_str(&text[from..at]);
            shown.push_str("crate::cells::");
            from = at + found.len();
        }
    }
    shown + &text[from..]
}

#[cfg(test)]
mod tests {
    use netsplit_engine::Told;
    use netsplit_report::{Budgets, Rule};

    use super::*;

    /// An exercise that wants this.
    fn exercise(answers: Vec<Declared>) -> Exercise {
        Exercise {
            name: "a".to_string(),
            title: "A".to_string(),
            points: 1.0,
            rule: Rule::Proportional,
            answers,
            without: Vec::new(),
            budgets: Budgets::default(),
            visible: Vec::new(),
            hidden: 0,
        }
    }

    /// What the statement gives goes before what the library calls the same, but not before the answer's own.
    #[test]
    fn what_is_given_hides_the_library() {
        let folder = tempfile::tempdir().unwrap();
        let given = SourceFile {
            path: "given.rs".into(),
            text: "pub enum Told {}\nstruct Hidden;\npub fn f() {}".into(),
        };
        let cells =
            [Told { id: "x".into(), number: 4, code: "// answer: a\nfn f() -> u8 { 1 }".to_string() }];
        let written =
            write(&Answer::of(&cells, "a"), &exercise(Vec::new()), Some(&given), folder.path()).unwrap();
        let root = fs::read_to_string(&written.root).unwrap();
        assert!(root.contains("\nuse super::given::{Told};\n"), "{root}");
    }

    /// What the statement imports is there for the answer as well, as it is in a notebook, unless the answer imports or defines the name itself.
    #[test]
    fn what_the_statement_imports_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let text = "use std::fmt::{self, Write as _};\nuse serde::{Deserialize, Serialize};\nuse super::x;\nuse std::iter::*;";
        let given = SourceFile { path: "given.rs".into(), text: text.into() };
        let code = "// answer: a\nuse serde::Serialize;\nfn f() -> u8 { 1 }".to_string();
        let cells = [Told { id: "x".into(), number: 4, code }];
        let written =
            write(&Answer::of(&cells, "a"), &exercise(Vec::new()), Some(&given), folder.path()).unwrap();
        let root = fs::read_to_string(&written.root).unwrap();
        let imports: Vec<&str> =
            root.lines().skip_while(|it| !it.starts_with("use super::given::{")).skip(1).take(4).collect();
        assert_eq!(
            imports,
            ["use std::fmt;", "use std::fmt::Write as _;", "use serde::Deserialize;", "use std::iter::*;"]
        );
    }

    /// Items stand in files of their cells at their own lines, macros before everything, and statements nowhere.
    #[test]
    fn items_keep_their_places() {
        let folder = tempfile::tempdir().unwrap();
        let code =
            "// answer: a\nlet x = 1;\nfn f() -> u8 { crate::one!() }\nmacro_rules! one { () => { 1 } }";
        let cells = [Told { id: "x".into(), number: 4, code: code.to_string() }];
        let wanted = Declared::Function { name: "f".into(), takes: String::new(), gives: "u8".into() };
        let written = write(&Answer::of(&cells, "a"), &exercise(vec![wanted]), None, folder.path()).unwrap();
        let items = fs::read_to_string(folder.path().join("items/cell[4]")).unwrap();
        assert_eq!(items.lines().nth(2), Some("fn f() -> u8 { crate::cells::one!() }"));
        assert!(!items.contains("let x") && !items.contains("macro_rules"), "{items}");
        let root = fs::read_to_string(&written.root).unwrap();
        let place = |part: &str| root.find(part).unwrap_or_else(|| panic!("{part} in {root}"));
        assert!(place("macros/cell[4]") < place("items/cell[4]"));
        assert!(root.contains("host.value::<u8>(\"f\", super::f);"), "{root}");
        let asked: Vec<&String> = written.asks.values().collect();
        assert_eq!(asked, ["`f` must be a function: `fn f() -> u8`"]);
    }

    /// What an answer does not define is not asked for.
    #[test]
    fn only_what_is_there_is_registered() {
        let folder = tempfile::tempdir().unwrap();
        let cells = [Told { id: "x".into(), number: 1, code: "// answer: a\nfn f() {}".to_string() }];
        let wanted = ["f", "g"].map(|name| Declared::Function {
            name: name.into(),
            takes: String::new(),
            gives: "()".into(),
        });
        let written =
            write(&Answer::of(&cells, "a"), &exercise(wanted.to_vec()), None, folder.path()).unwrap();
        let root = fs::read_to_string(&written.root).unwrap();
        assert!(root.contains("super::f)") && !root.contains("super::g)"), "{root}");
    }
}
