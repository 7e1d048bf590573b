//! From a cell that was taken apart to a library that can be loaded, in as many compiler runs as it takes: one, mostly.
//!
//! The first run assumes that the cell moves nothing, borrows nothing that it keeps, and needs only the items that it
//! reaches. Where the compiler objects, the assumption is dropped for that variable, and the cell compiled again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::diagnostics::{Diagnostic, Span};
use crate::failure::Failure;
use crate::files::{cell_file, without_prefixes};
use crate::frame::{self, Draft, Line, Taken};
use crate::library::Parts;
use crate::notebook::{Notebook, Variable};
use crate::parse::{Names, Parsed};
use crate::programs::Programs;
use crate::rustc::{self, CompileError, Job};
use crate::type_names::{Choices, Nameless, nameable, next_choices};

/// More rounds than any cell needs: each drops an assumption.
const MOST_ROUNDS: usize = 40;

/// What is the same for all cells of a notebook.
pub struct Compiler<'a> {
    /// What to compile with and against.
    pub parts: &'a Parts,
    /// Where cells are compiled.
    pub folder: &'a Path,
    /// `-C opt-level`
    pub optimisation: &'a str,
}

/// A cell to compile.
pub struct Source<'a> {
    /// The notebook with the cell's items.
    pub notebook: &'a Notebook,
    /// The cell's number.
    pub number: u32,
    /// The number of this run.
    pub run: u32,
    /// Its Rust.
    pub rust: &'a str,
    /// Taken apart.
    pub parsed: &'a Parsed,
}

/// Why a variable that a cell declares is not there afterwards.
#[derive(Clone, Debug)]
pub struct NotKept {
    /// In a sentence.
    pub reason: String,
    /// Whether whoever wrote the cell will not expect it, and is told at once.
    pub is_surprise: bool,
}

/// A cell that can be loaded.
#[derive(Debug)]
pub struct Ready {
    /// The library.
    pub library: PathBuf,
    /// The symbols of statics that it defines.
    pub symbols: BTreeMap<usize, Vec<String>>,
    /// What the compiler warns of.
    pub warnings: Vec<Diagnostic>,
    /// The variables that it takes.
    pub taken: Vec<String>,
    /// Variables that it declares and that cannot be kept, with the reason.
    pub not_kept: BTreeMap<String, NotKept>,
    /// The times of the compiler and the linker, of all rounds.
    pub times: (Duration, Duration),
    /// How many rounds there were.
    pub rounds: usize,
}

impl Compiler<'_> {
    /// Compiles a cell. `text_of` gives the text of cells by their files' names, for what is drawn of errors.
    pub fn compile(
        &self,
        source: &Source<'_>,
        choices: &mut Choices,
        programs: &mut Programs<'_>,
        text_of: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Ready, Failure> {
        let mut attempt = Attempt::new(source, choices);
        let folder = self.folder.join(format!("run-{}", source.run));
        let library = self.folder.join(format!("cell-{}.so", source.run));
        let mut times = (Duration::ZERO, Duration::ZERO);
        for round in 1..=MOST_ROUNDS {
            let failed = |error: std::io::Error| {
                Failure::plain("EngineError", &format!("cannot write into {}: {error}", folder.display()))
            };
            let draft = attempt.draft(source, self.parts);
            let written = frame::write(&draft, &folder).map_err(failed)?;
            let job = Job {
                root: &written.root,
                renamed: &written.renamed,
                library: library.clone(),
                crates: attempt.crates(source, self.parts),
                optimisation: self.optimisation,
            };
            let compiled = rustc::compile(self.parts, &job, programs).map_err(no_library)?;
            times = (times.0 + compiled.times.0, times.1 + compiled.times.1);
            let _ = std::fs::remove_dir_all(&folder);
            if compiled.is_well {
                let warnings =
                    compiled.diagnostics.into_iter().filter(|it| is_of_cell(it, source.number)).collect();
                let taken = attempt.taken.iter().map(|it| it.name.clone()).collect();
                let (symbols, not_kept) = (written.symbols, attempt.not_kept);
                return Ok(Ready { library, symbols, warnings, taken, not_kept, times, rounds: round });
            }
            let errors: Vec<&Diagnostic> = compiled.diagnostics.iter().filter(|it| it.is_error()).collect();
            let verdict = attempt.learn(&errors, &written.lines, source, choices);
            match verdict {
                Verdict::TryAgain => {}
                Verdict::Failed(real) => return Err(attempt.failure(&real, text_of)),
                Verdict::CannotShow(error) => return Err(cannot_show(error, source)),
            }
        }
        Err(Failure::plain(
            "EngineError",
            "the compiler finds something new in this cell each time; split it",
        ))
    }
}

fn no_library(error: CompileError) -> Failure {
    match error {
        CompileError::Interrupted => {
            Failure::plain("Interrupted", "the cell was interrupted while it was compiled; nothing is lost")
        }
        other => Failure::plain("EngineError", &other.to_string()),
    }
}

fn is_of_cell(diagnostic: &Diagnostic, number: u32) -> bool {
    let file = cell_file(number);
    diagnostic.level == "warning"
        && diagnostic.spans.iter().any(|it| it.is_primary && without_prefixes(&it.file_name) == file)
}

/// What a round of the compiler comes to.
enum Verdict<'a> {
    /// An assumption was wrong.
    TryAgain,
    /// These are the cell's errors.
    Failed(Vec<&'a Diagnostic>),
    /// The cell's value has no form to show.
    CannotShow(&'a Diagnostic),
}

/// What is assumed of a cell.
struct Attempt {
    taken: Vec<Taken>,
    /// Variables that the cell mentions and that cannot be taken, with the reason.
    out_of_reach: BTreeMap<String, String>,
    stored: Vec<String>,
    not_kept: BTreeMap<String, NotKept>,
    everything: bool,
}

impl Attempt {
    fn new(source: &Source<'_>, choices: &Choices) -> Self {
        let mut stored: Vec<String> = Vec::new();
        let mut mentioned = Names::new();
        for statement in &source.parsed.statements {
            mentioned.extend(statement.free.iter().filter(|name| !stored.contains(name)).cloned());
            for bound in &statement.binds {
                stored.retain(|name| *name != bound.name);
                stored.push(bound.name.clone());
            }
        }
        let mut attempt = Self {
            taken: Vec::new(),
            out_of_reach: BTreeMap::new(),
            stored,
            not_kept: BTreeMap::new(),
            everything: false,
        };
        for name in mentioned {
            attempt.take(&name, source, choices);
        }
        attempt
    }

    fn take(&mut self, name: &str, source: &Source<'_>, choices: &Choices) {
        let Some(variable) = source.notebook.variables.get(name) else {
            if let Some(reason) = source.notebook.lost.get(name) {
                self.out_of_reach.insert(name.to_string(), reason.clone());
            }
            return;
        };
        if source.notebook.defines_value_after(name, variable.declared_in) {
            return;
        }
        match nameable(&variable.type_name, choices, source.notebook) {
            Ok(type_text) => self.taken.push(Taken {
                name: name.to_string(),
                type_text,
                is_mutable: variable.is_mutable,
                is_put_back: true,
                is_shadowed: self.stored.iter().any(|it| it == name),
            }),
            Err(nameless) => {
                self.out_of_reach.insert(name.to_string(), why_out_of_reach(name, &nameless, variable));
            }
        }
    }

    /// What the compiler is told of the notebook's crates.
    fn crates(&self, source: &Source<'_>, parts: &Parts) -> Vec<String> {
        let variables = self.taken.iter().filter_map(|it| source.notebook.variables.get(&it.name));
        let type_names: Vec<&str> = variables.map(|it| it.type_name.as_str()).collect();
        source.notebook.dependencies.arguments(&parts.linker, &type_names)
    }

    fn draft<'a>(&'a self, source: &'a Source<'a>, parts: &Parts) -> Draft<'a> {
        let mut mentions = Names::new();
        source.parsed.statements.iter().for_each(|it| mentions.extend(it.mentions.iter().cloned()));
        source.parsed.items.iter().for_each(|it| mentions.extend(it.mentions.iter().cloned()));
        for taken in &self.taken {
            mentions.extend(
                taken.type_text.split(|it: char| !it.is_alphanumeric() && it != '_').map(str::to_string),
            );
        }
        let mut slice = source.notebook.slice(&mentions, self.everything);
        let items = source.notebook.items.iter().enumerate();
        slice.extend(items.filter(|(_, it)| it.source.number == source.number).map(|(place, _)| place));
        Draft {
            notebook: source.notebook,
            slice,
            number: source.number,
            run: source.run,
            rust: source.rust,
            parsed: source.parsed,
            taken: &self.taken,
            stored: &self.stored,
            shows: source.parsed.tail.is_some(),
            linked: source.notebook.dependencies.linked(&parts.linker),
        }
    }

    /// Drops the assumptions that these errors refute, if all of them do.
    fn learn<'a>(
        &mut self,
        errors: &[&'a Diagnostic],
        lines: &BTreeMap<(String, usize), Line>,
        source: &Source<'_>,
        choices: &mut Choices,
    ) -> Verdict<'a> {
        let mut real = Vec::new();
        let mut shown = None;
        let mut learned = false;
        let mut misnamed: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for error in errors {
            let meaning = |span: &&Span| lines.get(&(span.file_name.clone(), span.line_start));
            let (primary, secondary): (Vec<&Span>, Vec<&Span>) =
                error.places().into_iter().partition(|it| it.is_primary);
            // What borrows is asked first, which the compiler names as the one who requires the borrow: that something else
            // cannot be stored or put back follows from it.
            let requires = |span: &&&Span| span.label.as_ref().is_some_and(|it| it.contains("requires"));
            let of_stores = |line: &&Line| matches!(line, Line::Store(_));
            let borrower = secondary.iter().filter(requires).find_map(meaning).filter(of_stores);
            // A type that is named wrongly is wrong where it stands. That a variable comes from there is said in passing of
            // what is wrong in the cell.
            let in_passing =
                secondary.iter().filter_map(meaning).filter(|line| !matches!(line, Line::Take(_)));
            let mut meant: Vec<&Line> = primary.iter().filter_map(meaning).chain(in_passing).collect();
            meant.sort_by_key(|line| !of_stores(line));
            meant.splice(0..0, borrower);
            match meant.first() {
                Some(Line::Store(name)) => {
                    learned |= self.do_not_keep(name, error, source.number);
                }
                // That a variable outlives what the cell lends it is the cell's own error.
                Some(Line::PutBack(_) | Line::Take(_)) if lends(error) => real.push(*error),
                Some(Line::PutBack(name)) => learned |= self.do_not_put_back(name, source),
                Some(Line::Take(name)) => {
                    misnamed.entry(name.clone()).or_default().extend(error.first_name());
                }
                Some(Line::Show) if error.is("E0277") || error.is("E0599") => shown = Some(*error),
                Some(Line::Show) | None => real.push(*error),
            }
        }
        learned |= !misnamed.is_empty();
        self.rename(&misnamed, source, choices);
        if !real.is_empty() || (!learned && shown.is_none()) {
            return match self.everything {
                true => Verdict::Failed(real),
                false => {
                    self.everything = true;
                    Verdict::TryAgain
                }
            };
        }
        match shown {
            Some(error) if !learned => Verdict::CannotShow(error),
            _ => Verdict::TryAgain,
        }
    }

    /// A variable that was there before is moved into the cell's statements. If they give it another value, they put it back
    /// themselves, as if they had declared it.
    fn do_not_put_back(&mut self, name: &str, source: &Source<'_>) -> bool {
        let Some(taken) = self.taken.iter_mut().find(|it| it.name == *name && it.is_put_back) else {
            return false;
        };
        taken.is_put_back = false;
        if taken.is_mutable && !taken.is_shadowed && assigns(source.rust, name) {
            self.stored.push(name.to_string());
        }
        true
    }

    fn do_not_keep(&mut self, name: &str, error: &Diagnostic, cell: u32) -> bool {
        let before = self.stored.len();
        self.stored.retain(|it| it != name);
        // What is moved on inside the cell, or never had a value, is nobody's surprise.
        let (is_surprise, reason) = if error.is("E0382") {
            (false, format!("`{name}` was moved in cell[{cell}]"))
        } else if error.is("E0381") {
            (false, format!("`{name}` was never given a value in cell[{cell}]"))
        } else {
            (
                true,
                format!(
                    "`{name}` borrows from something in cell[{cell}], and a borrow ends with its cell; keep an owned value (`.clone()`, `.to_owned()`, `.to_vec()`), or borrow again where you use it"
                ),
            )
        };
        self.not_kept.insert(name.to_string(), NotKept { reason, is_surprise });
        self.stored.len() < before
    }

    /// Tries the next names for types of which the compiler does not know those that were tried: by variable, the words that the compiler
    /// stumbled over. All go on from the same choices: one type of two variables goes on by one name, not by two.
    fn rename(&mut self, misnamed: &BTreeMap<String, Vec<&str>>, source: &Source<'_>, choices: &mut Choices) {
        let tried = choices.clone();
        for (name, unknown) in misnamed {
            let Some(variable) = source.notebook.variables.get(name) else { continue };
            self.taken.retain(|it| it.name != *name);
            match next_choices(&variable.type_name, &tried, unknown) {
                Some(others) => {
                    choices.extend(others.into_iter().filter(|it| tried.get(&it.0) != Some(&it.1)))
                }
                None => {
                    let reason = why_out_of_reach(name, &Nameless::Unknown, variable);
                    self.out_of_reach.insert(name.clone(), reason);
                }
            }
        }
        for name in misnamed.keys() {
            if !self.out_of_reach.contains_key(name) {
                self.take(name, source, choices);
            }
        }
    }

    /// The cell's errors, and what the notebook knows of names that the compiler does not.
    fn failure(&self, errors: &[&Diagnostic], text_of: &dyn Fn(&str) -> Option<String>) -> Failure {
        let mut failure = Failure::compile(errors, text_of);
        let unknown =
            |name: &str| errors.iter().any(|it| it.is("E0425") && it.message.contains(&format!("`{name}`")));
        for (name, reason) in self.out_of_reach.iter().filter(|(name, _)| unknown(name)) {
            failure.message = format!("`{name}` cannot be used here: {reason}");
            failure.traceback.extend([String::new(), format!("\u{1b}[1mnote\u{1b}[0m: {reason}")]);
        }
        failure
    }
}

/// Whether an error says that something lives, or is unchanged, for less long than a borrow of it.
fn lends(error: &Diagnostic) -> bool {
    ["E0373", "E0499", "E0502", "E0506", "E0515", "E0521", "E0597", "E0716"].iter().any(|code| error.is(code))
}

/// Whether this variable is given a value somewhere in the cell, after its declaration.
fn assigns(rust: &str, name: &str) -> bool {
    let assigned = |(at, _): (usize, &str)| {
        let before = rust[..at].chars().next_back();
        let after = rust[at + name.len()..].trim_start();
        before.is_none_or(|it| !it.is_alphanumeric() && it != '_' && it != '.')
            && after.starts_with('=')
            && !after.starts_with("==")
    };
    rust.match_indices(name).any(assigned)
}

fn why_out_of_reach(name: &str, nameless: &Nameless, variable: &Variable) -> String {
    let declared_in = variable.declared_in;
    match nameless {
        Nameless::Closure => closure_reason(name, &variable.type_name, declared_in),
        Nameless::Outdated { item } => {
            format!(
                "`{name}` was made in cell[{declared_in}] with a `{item}` that has been defined anew since; run cell[{declared_in}] again"
            )
        }
        Nameless::Local => {
            format!(
                "`{name}` is of a type that is defined inside a block of cell[{declared_in}]; define the type at the top level"
            )
        }
        Nameless::Unknown => {
            format!(
                "`{name}`, made in cell[{declared_in}], is of a type without a name that other cells can use; keep it in a `Box<dyn ..>` of a trait that you need"
            )
        }
    }
}

/// Why a closure is not kept, and what to do.
pub fn closure_reason(name: &str, type_name: &str, declared_in: u32) -> String {
    let (what, remedy) = if type_name.starts_with("core::iter::") {
        let boxed = format!("`let {name}: Box<dyn Iterator<Item = ..>> = Box::new(..)`");
        (
            "an iterator with a closure",
            format!("collect it (`.collect::<Vec<_>>()`), or keep it boxed: {boxed}"),
        )
    } else {
        let boxed = format!("`let {name}: Box<dyn Fn(..) -> ..> = Box::new(..)`");
        ("a closure or future, or contains one,", format!("write a `fn`, or keep it boxed: {boxed}"))
    };
    format!(
        "`{name}` is {what} of cell[{declared_in}], whose type has no name, so it ends with its cell; {remedy}"
    )
}

fn cannot_show(error: &Diagnostic, source: &Source<'_>) -> Failure {
    let of_type = error
        .message
        .split('`')
        .nth(3)
        .or_else(|| error.message.split('`').nth(1))
        .unwrap_or("it")
        .trim_start_matches('&');
    let line =
        source.parsed.tail.as_ref().map_or(1, |tail| source.rust[..tail.start].matches('\n').count() + 1);
    let message = format!(
        "the cell's last value, of type `{of_type}`, cannot be shown: derive Debug for it (`#[derive(Debug)]`), or end the line with `;`"
    );
    let place = format!("  \u{1b}[94m-->\u{1b}[0m cell[{}]:{line}", source.number);
    Failure::with_details("CompileError", &message, vec![place])
}
