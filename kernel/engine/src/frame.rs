//! Writes the crate that a cell is compiled as: the cell's files, and the frame that includes them, takes the variables that
//! the cell uses, runs its statements, shows its value and puts the variables back.
//!
//! Every line of the frame that can be wrong because of what is in the cell has a meaning, by which an error at that line is
//! understood: a variable that cannot be put back was moved, one that cannot be stored borrows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::files::{Part, ROOT, cell_file};
use crate::item::{Kind, Static};
use crate::notebook::{Live, Notebook};
use crate::parse::Parsed;
use crate::text::{blank, only};
use crate::type_names::epoch_module;

/// What a line of the frame is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Takes a variable that was there before.
    Take(String),
    /// Puts a variable back that was there before.
    PutBack(String),
    /// Stores a variable that the cell declares.
    Store(String),
    /// Shows the cell's value.
    Show,
}

/// A variable that a cell takes.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Its name.
    pub name: String,
    /// Its type, as the program names it.
    pub type_text: String,
    /// `mut`
    pub is_mutable: bool,
    /// Whether it is put back: not if the cell moves it.
    pub is_put_back: bool,
    /// Whether the cell declares another variable of this name, which takes its place.
    pub is_shadowed: bool,
}

/// What is to be compiled.
pub struct Draft<'a> {
    /// The notebook with the cell's items.
    pub notebook: &'a Notebook,
    /// The items to take along, by their places.
    pub slice: BTreeSet<usize>,
    /// The cell's number.
    pub number: u32,
    /// The number of this run, which no other has.
    pub run: u32,
    /// The cell's Rust.
    pub rust: &'a str,
    /// The cell, taken apart.
    pub parsed: &'a Parsed,
    /// The variables that it takes.
    pub taken: &'a [Taken],
    /// The variables that it declares and that are stored, in the order of declaration.
    pub stored: &'a [String],
    /// Whether its last expression is shown.
    pub shows: bool,
    /// A crate to name although nothing is used of it.
    pub linked: Option<&'a str>,
}

/// A crate that is ready to be compiled.
#[derive(Debug)]
pub struct Written {
    /// Its root.
    pub root: PathBuf,
    /// Folders, with the prefixes that stand for them.
    pub renamed: Vec<(PathBuf, String)>,
    /// What lines of files are for, by the file's name as the compiler gives it.
    pub lines: BTreeMap<(String, usize), Line>,
    /// The symbols of statics that this crate defines, by their items' places.
    pub symbols: BTreeMap<usize, Vec<String>>,
}

/// The lints that tell a programmer of a finished program what is normal in a notebook.
const SILENT: &str = "unused_imports, unused_variables, unused_mut, unused_assignments, unused_macros, unused_parens, dead_code, \
    unreachable_code, non_local_definitions, improper_ctypes, improper_ctypes_definitions, private_interfaces, path_statements, \
    unused_labels, unused_doc_comments, non_snake_case, unexpected_cfgs, redundant_semicolons, no_mangle_generic_items, special_module_name, non_upper_case_globals, let_underscore_drop, unused_braces";

/// What takes the place of the standard library's. In every module, since names from a glob do not go before the standard
/// library's macros.
const MACROS: &str = "use ::netsplit_runtime::{dbg, print};";

/// The name of a run's function.
pub fn entry(run: u32) -> String {
    format!("netsplit_cell_{run}")
}

/// Writes the crate below this folder, which is made.
pub fn write(draft: &Draft<'_>, folder: &Path) -> io::Result<Written> {
    let mut writer = Writer {
        draft,
        folder,
        frame: String::new(),
        lines: BTreeMap::new(),
        renamed: Vec::new(),
        symbols: BTreeMap::new(),
        statics: 0,
    };
    writer.write_frame()?;
    let root = folder.join(ROOT);
    fs::write(&root, &writer.frame)?;
    Ok(Written { root, renamed: writer.renamed, lines: writer.lines, symbols: writer.symbols })
}

struct Writer<'a> {
    draft: &'a Draft<'a>,
    folder: &'a Path,
    frame: String,
    lines: BTreeMap<(String, usize), Line>,
    renamed: Vec<(PathBuf, String)>,
    symbols: BTreeMap<usize, Vec<String>>,
    statics: usize,
}

impl Writer<'_> {
    fn line(&mut self, text: &str) {
        self.frame.push_str(text);
        self.frame.push('\n');
    }

    fn line_for(&mut self, meaning: Line, text: &str) {
        let number = self.frame.lines().count() + 1;
        let file = self.folder.join(ROOT).display().to_string();
        self.lines.insert((file, number), meaning);
        self.line(text);
    }

    fn write_frame(&mut self) -> io::Result<()> {
        for attribute in &self.draft.parsed.inner_attributes {
            let attribute = self.draft.rust[attribute.clone()].replace('\n', " ");
            self.line(&attribute);
        }
        self.line(&format!("#![allow({SILENT})]"));
        self.line("extern crate alloc;");
        if let Some(linked) = self.draft.linked {
            self.line(&format!("extern crate {linked} as _;"));
        }
        self.line("use ::netsplit_runtime::prelude::*;");
        self.line(MACROS);
        let newest = self.draft.notebook.epoch;
        for epoch in 0..=newest {
            if epoch > 0 {
                self.line(&format!("mod {} {{ use super::*;", epoch_module(epoch)));
                self.line(MACROS);
            }
            self.items(epoch)?;
        }
        self.function()?;
        self.line(&"}".repeat(newest as usize));
        Ok(())
    }

    /// Writes a file with a part of a cell, and returns what includes it.
    fn file(&mut self, part: Part, number: u32, text: &str) -> io::Result<String> {
        let folder = self.folder.join(part.folder());
        if !self.renamed.iter().any(|(it, _)| *it == folder) {
            fs::create_dir_all(&folder)?;
            self.renamed.push((folder.clone(), part.prefix()));
        }
        let path = folder.join(cell_file(number));
        fs::write(&path, text)?;
        Ok(format!("include!({:?})", path.display().to_string()))
    }

    /// The items of one epoch, cell by cell.
    fn items(&mut self, epoch: u32) -> io::Result<()> {
        let notebook = self.draft.notebook;
        let mut cells: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for place in &self.draft.slice {
            let live = &notebook.items[*place];
            if live.epoch == epoch {
                cells.entry(live.source.number).or_default().push(*place);
            }
        }
        let is_macro = |place: &usize| matches!(notebook.items[*place].item.kind, Kind::Macro { .. });
        for (number, places) in &cells {
            let macros: Vec<usize> = places.iter().copied().filter(is_macro).collect();
            self.part(Part::Macros(epoch), *number, &macros)?;
        }
        for (number, places) in &cells {
            let others: Vec<usize> = places.iter().copied().filter(|place| !is_macro(place)).collect();
            self.part(Part::Items(epoch), *number, &others)?;
        }
        Ok(())
    }

    /// Writes the file with these items of a cell.
    fn part(&mut self, part: Part, number: u32, places: &[usize]) -> io::Result<()> {
        let notebook = self.draft.notebook;
        let Some(first) = places.first() else { return Ok(()) };
        let source = notebook.items[*first].source.clone();
        let mut edits = Vec::new();
        for place in places {
            self.statics(*place, &notebook.items[*place], &mut edits);
        }
        let mut ranges: Vec<&Range<usize>> =
            places.iter().map(|it| &notebook.items[*it].item.range).collect();
        ranges.sort_by_key(|range| range.start);
        if let Part::Items(epoch) | Part::Macros(epoch) = part {
            root_paths(&source.rust, epoch, &mut edits);
        }
        let text = edited(&source.rust, &ranges, edits);
        let include = self.file(part, number, &text)?;
        self.line(&format!("{include};"));
        Ok(())
    }

    /// What becomes of an item's statics: the first crate defines and exports them, the others refer to that.
    fn statics(&mut self, place: usize, live: &Live, edits: &mut Vec<(Range<usize>, String)>) {
        if let Some(symbols) = &live.symbols {
            for (it, symbol) in live.item.statics.iter().zip(symbols) {
                let range = it.call.clone().unwrap_or_else(|| it.range.clone());
                let declared = declaration(it, symbol);
                match edits.last_mut().filter(|(before, _)| *before == range) {
                    Some((_, text)) => *text += &declared,
                    None => edits.push((range, declared)),
                }
            }
            return;
        }
        let mut symbols = Vec::new();
        for it in &live.item.statics {
            let symbol = format!("netsplit_static_{}_{}", self.draft.run, self.statics);
            self.statics += 1;
            let export = format!("#[unsafe(export_name = \"{symbol}\")]");
            match &it.call {
                Some(call) => edits.push((
                    call.end..call.end,
                    format!(
                        " {export} static NETSPLIT_LOCAL_{}: ::std::thread::LocalKey<{}> = {};",
                        self.statics, it.type_text, it.name
                    ),
                )),
                None => edits.push((it.begin..it.begin, export + " ")),
            }
            symbols.push(symbol);
        }
        if !symbols.is_empty() {
            self.symbols.insert(place, symbols);
        }
    }

    /// The function that runs the cell.
    fn function(&mut self) -> io::Result<()> {
        let draft = self.draft;
        self.line(&format!("#[unsafe(no_mangle)] pub fn {}() {{", entry(draft.run)));
        if !draft.taken.is_empty() {
            self.line("if !::netsplit_runtime::are_there(&[");
            for it in draft.taken {
                let need = format!("::netsplit_runtime::Need::of::<{}>({:?}),", it.type_text, it.name);
                self.line_for(Line::Take(it.name.clone()), &need);
            }
            self.line("]) { return; }");
        }
        for it in draft.taken {
            let mutable = if it.is_mutable { "mut " } else { "" };
            let (name, type_text) = (raw(&it.name), &it.type_text);
            let text = format!("let {mutable}{name}: {type_text} = ::netsplit_runtime::take({:?});", it.name);
            self.line_for(Line::Take(it.name.clone()), &text);
        }
        if !draft.parsed.statements.is_empty() {
            let statements = self.statements()?;
            let returned = "::core::result::Result<(), ::std::boxed::Box<dyn ::std::error::Error>>";
            let run = match draft.parsed.awaits {
                true => format!(
                    "let netsplit_is_done = ::netsplit_runtime::run_future(::std::boxed::Box::pin(async {{ let () = {statements}; let netsplit_returned: {returned} = ::core::result::Result::Ok(()); netsplit_returned }}));"
                ),
                false => format!(
                    "let netsplit_is_done = ::netsplit_runtime::run(::std::boxed::Box::new(|| -> {returned} {{ let () = {statements}; ::core::result::Result::Ok(()) }}));"
                ),
            };
            self.line(&run);
        }
        for it in draft.taken.iter().filter(|it| it.is_put_back) {
            let condition = if it.is_shadowed { "if !netsplit_is_done " } else { "" };
            let text = format!("{condition}{{ ::netsplit_runtime::put({:?}, {}); }}", it.name, raw(&it.name));
            self.line_for(Line::PutBack(it.name.clone()), &text);
        }
        self.line("}");
        Ok(())
    }

    /// The cell's statements as an expression.
    fn statements(&mut self) -> io::Result<String> {
        let draft = self.draft;
        let mut left_out: Vec<Range<usize>> = draft.parsed.items.iter().map(|it| it.range.clone()).collect();
        left_out.extend(draft.parsed.inner_attributes.iter().cloned());
        let tail = draft.parsed.tail.clone().filter(|_| draft.shows);
        left_out.extend(tail.clone());
        left_out.sort_by_key(|range| range.start);
        let mut edits =
            left_out.into_iter().map(|range| (range.clone(), blank(&draft.rust[range]))).collect();
        root_paths(draft.rust, draft.notebook.epoch, &mut edits);
        let whole = 0..draft.rust.len();
        // What cannot be taken apart may lack a semicolon, which must not be given to it.
        let end = if draft.parsed.is_whole { ";" } else { "" };
        let mut text = format!("{{{}\n{end}\n", edited(draft.rust, &[&whole], edits));
        let name = Part::Statements.prefix() + &cell_file(draft.number);
        if let Some(range) = tail {
            let shown = only(draft.rust, [&range]);
            let include = self.file(Part::Tail, draft.number, &shown)?;
            let line = text.lines().count() + 1;
            self.lines.insert((name.clone(), line), Line::Show);
            let _ = writeln!(
                text,
                "match &{include} {{ netsplit_value => {{ use ::netsplit_runtime::AsDebug as _; ::netsplit_runtime::begin_result(); netsplit_value.evcxr_display(); ::netsplit_runtime::end_result(); }} }}"
            );
        }
        // In reverse, so that what borrows is asked for before what it borrows from is gone.
        for variable in draft.stored.iter().rev() {
            let line = text.lines().count() + 1;
            self.lines.insert((name.clone(), line), Line::Store(variable.clone()));
            let _ = writeln!(text, "::netsplit_runtime::put({variable:?}, {});", raw(variable));
        }
        text.push_str("}\n");
        self.file(Part::Statements, draft.number, &text)
    }
}

/// A name as it must be written where it is a keyword.
fn raw(name: &str) -> String {
    let is_plain = syn::parse_str::<syn::Ident>(name).is_ok();
    if is_plain { name.to_string() } else { format!("r#{name}") }
}

/// How later cells refer to a static.
fn declaration(it: &Static, symbol: &str) -> String {
    let type_text = match it.call.is_some() {
        true => format!("::std::thread::LocalKey<{}>", it.type_text),
        false => it.type_text.clone(),
    };
    let kind = if it.is_mutable { "static mut" } else { "safe static" };
    format!(
        "unsafe extern \"C\" {{ #[link_name = \"{symbol}\"] {} {kind} {}: {type_text}; }}",
        it.visibility, it.name
    )
}

/// Paths from the notebook's root lead into the epoch.
fn root_paths(text: &str, epoch: u32, edits: &mut Vec<(Range<usize>, String)>) {
    if epoch == 0 {
        return;
    }
    let modules: String = (1..=epoch).map(|epoch| format!("::{}", epoch_module(epoch))).collect();
    for (at, _) in text.match_indices("crate::") {
        let end = at + "crate".len();
        let is_path = !text[..at].ends_with(|it: char| it.is_alphanumeric() || "_$\"".contains(it));
        if is_path && !edits.iter().any(|(range, _)| range.contains(&at)) {
            edits.push((end..end, modules.clone()));
        }
    }
}

/// The text of these ranges, everything else blanked, with some places replaced; as many lines as before.
fn edited(text: &str, ranges: &[&Range<usize>], mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| range.start);
    edits.retain(|(range, _)| ranges.iter().any(|it| it.start <= range.start && range.end <= it.end));
    let mut shown = String::with_capacity(text.len());
    let mut edits = edits.into_iter().peekable();
    let mut from = 0;
    for range in ranges {
        shown.push_str(&blank(&text[from..range.start]));
        from = range.start;
        while let Some((place, replacement)) = edits.next_if(|(place, _)| place.end <= range.end) {
            shown.push_str(&text[from..place.start]);
            shown.push_str(&replacement);
            let lines = |text: &str| text.matches('\n').count();
            let missing = lines(&text[place.clone()]).saturating_sub(lines(&replacement));
            shown.push_str(&"\n".repeat(missing));
            from = place.end;
        }
        shown.push_str(&text[from..range.end]);
        from = range.end;
    }
    shown.push_str(&blank(&text[from..]));
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Edits keep the number of lines, and what lies outside of the ranges is blank.
    #[test]
    fn edits_keep_lines() {
        let text = "fn f() {\n  static A: u8 =\n  1;\n}\nlet x = 1;";
        let range = 0..text.find("\nlet").unwrap();
        let place = text.find("static").unwrap()..text.find(";\n}").unwrap() + 1;
        let expected = "fn f() {\n  extern A\n\n}\n          ";
        assert_eq!(edited(text, &[&range], vec![(place, "extern A".to_string())]), expected);
    }
}
