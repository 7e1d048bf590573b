//! An answer: the cells of a notebook that say `// answer: NAME`, taken apart as a session would, so that what is defined twice counts
//! as it was defined last.

use std::collections::BTreeMap;
use std::rc::Rc;

use netsplit_engine::Told;
use netsplit_engine::item::Kind;
use netsplit_engine::notebook::{Notebook, Source};
use netsplit_engine::parse::{item_macros, parse};
use netsplit_engine::text;

/// The cells of an answer, taken apart.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The exercise's name.
    pub exercise: String,
    /// Its cells, in their order.
    pub sources: Vec<Rc<Source>>,
    /// What they define, in the order of their definition.
    pub items: Notebook,
    /// The cells that cannot be taken apart: the compiler says why.
    pub unparsed: Vec<Rc<Source>>,
    /// What whoever wrote it should know, in sentences.
    pub remarks: Vec<String>,
    /// What other cells define, with the cell's number.
    pub elsewhere: BTreeMap<String, u32>,
}

/// The exercises that a cell is an answer to: it says so in a line comment, `// answer: NAME`. Capitals and spaces do not matter.
pub fn exercises_of(code: &str) -> Vec<String> {
    let name = |line: &str| {
        let comment = line.trim().strip_prefix("//")?.trim_start_matches('/').trim_start();
        let rest =
            comment.get(..6).filter(|word| word.eq_ignore_ascii_case("answer")).map(|_| &comment[6..])?;
        let name = rest.trim_start().strip_prefix(':')?.trim();
        let is_name = !name.is_empty() && name.chars().all(|it| it.is_alphanumeric() || "-_".contains(it));
        is_name.then(|| name.to_string())
    };
    let mut names = Vec::new();
    for name in code.lines().filter_map(name) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

impl Answer {
    /// The answer to this exercise in these cells; it has no sources where there is none.
    pub fn of(cells: &[Told], exercise: &str) -> Self {
        let mut answer = Self { exercise: exercise.to_string(), ..Self::default() };
        for cell in cells {
            match exercises_of(&cell.code).iter().any(|it| it == exercise) {
                true => answer.add(cell),
                false => answer.note_elsewhere(cell),
            }
        }
        let own = answer.items.items.iter().flat_map(|it| it.item.names.clone()).collect::<Vec<_>>();
        answer.elsewhere.retain(|name, _| !own.contains(name));
        answer
    }

    /// Whether its cells define something of this name, as far as can be told without compiling them.
    pub fn defines(&self, name: &str) -> bool {
        !self.unparsed.is_empty()
            || self.items.items.iter().any(|it| it.item.names.iter().any(|own| own == name))
    }

    /// Its text: what a grade depends on.
    pub fn texts(&self) -> impl Iterator<Item = (u32, &str)> {
        self.sources.iter().map(|it| (it.number, it.rust.as_str()))
    }

    fn add(&mut self, cell: &Told) {
        let rust = text::read(&cell.code).rust;
        let source = Rc::new(Source { number: cell.number, rust });
        self.sources.push(source.clone());
        let macros = item_macros(self.items.items.iter().map(|it| it.item.as_ref()));
        let Ok(parsed) = parse(&source.rust, &macros) else {
            self.unparsed.push(source);
            return;
        };
        for new in &parsed.items {
            let defined = |name: &String| {
                let is_it = |old: &&netsplit_engine::notebook::Live| {
                    !matches!(old.item.kind, Kind::Use { .. } | Kind::Impl { .. })
                        && old.item.names.contains(name)
                };
                self.items.items.iter().find(is_it).map(|old| old.source.number)
            };
            let is_use = matches!(new.kind, Kind::Use { .. } | Kind::Impl { .. });
            for (name, before) in
                new.names.iter().filter(|_| !is_use).filter_map(|it| Some((it, defined(it)?)))
            {
                self.remarks.push(format!(
                    "`{name}` is defined in cell[{before}] and again in cell[{}]: the later one counts.",
                    cell.number
                ));
            }
        }
        if !parsed.statements.is_empty() {
            self.remarks.push(format!(
                "cell[{}] also has statements, which are no part of an answer and were left out.",
                cell.number
            ));
        }
        // Each cell is one of its own here, whatever a damaged file calls it.
        self.items = self.items.with(&parsed, &source, &format!("#{}", self.sources.len()).into());
    }

    fn note_elsewhere(&mut self, cell: &Told) {
        let rust = text::read(&cell.code).rust;
        let Ok(parsed) = parse(&rust, &BTreeMap::new()) else { return };
        let defining =
            parsed.items.iter().filter(|it| !matches!(it.kind, Kind::Use { .. } | Kind::Impl { .. }));
        for name in defining.flat_map(|it| &it.names) {
            self.elsewhere.insert(name.clone(), cell.number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(codes: &[&str]) -> Vec<Told> {
        let told = |(place, code): (usize, &&str)| Told {
            id: "same".into(),
            number: u32::try_from(place).unwrap() + 1,
            code: code.to_string(),
        };
        codes.iter().enumerate().map(told).collect()
    }

    /// The marker is found however it is spaced, and nothing else is one.
    #[test]
    fn markers() {
        for code in
            ["// answer: dedup", "//answer:dedup", "fn f() {}\n   //  Answer :  dedup  ", "/// answer: dedup"]
        {
            assert_eq!(exercises_of(code), ["dedup"], "{code}");
        }
        for code in [
            "// the answer: dedup",
            "answer: dedup",
            "// answer dedup",
            "// answer: two words",
            "// answé",
            "//",
        ] {
            assert_eq!(exercises_of(code), Vec::<String>::new(), "{code}");
        }
        assert_eq!(exercises_of("// answer: a\n// answer: b\n// answer: a"), ["a", "b"]);
    }

    /// An answer is what its cells define; a later definition replaces an earlier one, which is told; statements are left out.
    #[test]
    fn what_an_answer_is() {
        let cells = cells(&[
            "fn helper() {}",
            "// answer: a\nstruct P; fn f() {}",
            "// answer: b\nstruct Q;",
            "// answer: a\nstruct P(u8); let x = 1;",
        ]);
        let answer = Answer::of(&cells, "a");
        let items: Vec<&str> = answer.items.items.iter().map(|it| it.text()).collect();
        assert_eq!(items, ["fn f() {}", "struct P(u8);"]);
        assert_eq!(answer.sources.len(), 2);
        assert!(answer.defines("P") && !answer.defines("Q"));
        assert_eq!(answer.elsewhere.get("helper"), Some(&1));
        let remarks = answer.remarks.join(" ");
        assert!(remarks.contains("`P` is defined in cell[2] and again in cell[4]"), "{remarks}");
        assert!(remarks.contains("cell[4] also has statements"), "{remarks}");
    }

    /// What cannot be taken apart is kept for the compiler, and may define anything.
    #[test]
    fn broken_cells() {
        let answer = Answer::of(&cells(&["// answer: a\nfn f( {"]), "a");
        assert_eq!((answer.unparsed.len(), answer.defines("f")), (1, true));
    }
}
