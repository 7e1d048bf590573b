//! What a notebook consists of between two cells: its items, each in its epoch, and what is known of its variables.
//!
//! A type keeps its identity from cell to cell because each of them compiles it at the same path of a crate of the same
//! name. A type that was defined anew must not: old values would be read as new ones. So whatever is redefined, and all that
//! depends on it, moves into a new epoch: a module inside the modules of earlier epochs, from which everything is seen.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::dependencies::{Dependencies, Renewed, crates_in};
use crate::item::{Item, Kind};
use crate::parse::{Names, Parsed};
use crate::type_names::Items;

/// The text of a cell that has items which live on.
#[derive(Debug)]
pub struct Source {
    /// The cell's number: its file is `cell[3]`.
    pub number: u32,
    /// Its Rust, as many lines and columns as the cell.
    pub rust: String,
}

/// An item that is defined.
#[derive(Clone, Debug)]
pub struct Live {
    /// The item.
    pub item: Rc<Item>,
    /// The text it stands in.
    pub source: Rc<Source>,
    /// What the front end calls the cell.
    pub cell: Rc<str>,
    /// Its epoch.
    pub epoch: u32,
    /// The symbols of its statics, once a cell that defines them has been loaded.
    pub symbols: Option<Vec<String>>,
}

impl Live {
    /// Its text.
    pub fn text(&self) -> &str {
        &self.source.rust[self.item.range.clone()]
    }
}

/// A variable, as far as the engine knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its type, as `std::any::type_name` writes it.
    pub type_name: String,
    /// Whether it was declared `mut`.
    pub is_mutable: bool,
    /// The cell that declared it.
    pub declared_in: u32,
}

/// What there is between two cells.
#[derive(Clone, Debug, Default)]
pub struct Notebook {
    /// Items, in the order of their definition.
    pub items: Vec<Live>,
    /// Variables by name.
    pub variables: BTreeMap<String, Variable>,
    /// Variables that are not there any more, or never were, with the reason.
    pub lost: BTreeMap<String, String>,
    /// The newest epoch.
    pub epoch: u32,
    /// The crates that it has asked for.
    pub dependencies: Dependencies,
}

impl Items for Notebook {
    fn epoch_of(&self, name: &str) -> Option<u32> {
        let defines = |it: &&Live| {
            !matches!(it.item.kind, Kind::Use { .. }) && it.item.names.iter().any(|own| own == name)
        };
        self.items.iter().rev().find(defines).map(|it| it.epoch)
    }
}

impl Notebook {
    /// The notebook as it will be when this cell has been compiled. `cell` is what the front end calls it: what it defined
    /// before is replaced.
    pub fn with(&self, parsed: &Parsed, source: &Rc<Source>, cell: &Rc<str>) -> Self {
        let mut next = self.clone();
        let is_again = |it: &Live| it.cell == *cell;
        let (again, others): (Vec<Live>, Vec<Live>) = next.items.drain(..).partition(is_again);
        next.items = others;
        let mut replaced = Vec::new();
        for old in again {
            let is_imported = parsed.items.iter().any(|item| is_replaced(&old.item, item));
            if is_imported && next.hides(&old) { next.items.push(old) } else { replaced.push(old) }
        }
        let mut collides = false;
        for item in &parsed.items {
            let (same, stays): (Vec<Live>, Vec<Live>) =
                next.items.drain(..).partition(|old| is_replaced(&old.item, item));
            next.items = stays;
            let is_hidden = next.items.iter().any(|old| collide(&old.item, item));
            // What was compiled with a hidden import goes on with it.
            let (hidden, gone): (Vec<Live>, Vec<Live>) = same.into_iter().partition(|old| next.hides(old));
            let is_seen = gone.iter().chain(&replaced).any(|old| is_replaced(&old.item, item));
            collides |= is_hidden && !is_seen;
            replaced.extend(gone);
            next.items.extend(hidden);
        }
        let text_of = |item: &Item| &source.rust[item.range.clone()];
        let is_same = |old: &&Live| parsed.items.iter().any(|new| text_of(new) == old.text());
        let mut changed: Names =
            replaced.iter().filter(|it| !is_same(it)).flat_map(|it| it.item.names.clone()).collect();
        changed.extend(self.hidden_by(parsed));
        let rechosen =
            replaced.iter().flat_map(|old| parsed.items.iter().filter_map(|new| rechosen(&old.item, new)));
        let rechosen: Names = rechosen.flatten().cloned().collect();
        if !changed.is_empty() || !rechosen.is_empty() || collides {
            next.epoch += 1;
        }
        for item in &parsed.items {
            let before = replaced.iter().find(|old| old.text() == text_of(item));
            let moved = |old: &Live| old.epoch.max(next.epoch_seen_by(item));
            next.items.push(Live {
                item: Rc::new(item.clone()),
                source: source.clone(),
                cell: cell.clone(),
                epoch: before.map_or(next.epoch, moved),
                symbols: None,
            });
        }
        next.move_dependents(changed, rechosen);
        next
    }

    /// Whether this is an import of which a newer item has taken a name: `use a::{X, Y}` after `use a::X`.
    fn hides(&self, import: &Live) -> bool {
        matches!(import.item.kind, Kind::Use { .. })
            && self.items.iter().any(|it| it.epoch > import.epoch && collide(&it.item, &import.item))
    }

    /// Whether a function, a constant or a static of this name was defined after this cell: then the name means that.
    pub fn defines_value_after(&self, name: &str, cell: u32) -> bool {
        let is_value = |it: &&Live| {
            let parsed = syn::parse_str::<syn::Item>(it.text());
            matches!(parsed, Ok(syn::Item::Fn(_) | syn::Item::Const(_) | syn::Item::Static(_)))
        };
        let named = |it: &&Live| it.source.number > cell && it.item.names.iter().any(|own| own == name);
        self.items.iter().filter(named).any(|it| is_value(&it))
    }

    /// Names of types that come from outside, are used by items, and mean something else from now on.
    fn hidden_by(&self, parsed: &Parsed) -> Names {
        let own: Names = self
            .items
            .iter()
            .map(|it| it.item.as_ref())
            .chain(&parsed.items)
            .flat_map(|it| it.names.clone())
            .collect();
        let is_own = |path: &String| {
            let first = path.split("::").next().unwrap_or_default();
            own.contains(first) || ["crate", "self", "super"].contains(&first)
        };
        // What is imported from the notebook's own modules was known to them already.
        let types = parsed.items.iter().filter(|it| match &it.kind {
            Kind::Use { imports, .. } => !imports.iter().all(is_own),
            kind => !matches!(kind, Kind::Macro { .. }),
        });
        let names = types.flat_map(|it| &it.names).filter(|name| name.starts_with(char::is_uppercase));
        let is_used = |name: &&String| {
            self.items.iter().any(|it| it.item.mentions.contains(*name))
                && !self.items.iter().any(|it| it.item.names.contains(name))
        };
        names.filter(is_used).cloned().collect()
    }

    /// The newest epoch among the items that this one mentions: it must not be in an older one.
    fn epoch_seen_by(&self, item: &Item) -> u32 {
        let seen =
            self.items.iter().filter(|it| it.item.names.iter().any(|name| item.mentions.contains(name)));
        seen.map(|it| it.epoch).max().unwrap_or_default()
    }

    /// Moves all that depends on what has changed into the newest epoch; and the types for which traits have been given other choices: what
    /// is made of them would be read as something else.
    fn move_dependents(&mut self, mut changed: Names, mut rechosen: Names) {
        let newest = self.epoch;
        changed.extend(rechosen.iter().cloned());
        loop {
            let mut more = Names::new();
            let mut chosen = Names::new();
            for live in &mut self.items {
                let is_rechosen = live.item.names.iter().any(|name| rechosen.contains(name));
                if live.epoch < newest && (is_rechosen || !live.item.mentions.is_disjoint(&changed)) {
                    live.epoch = newest;
                    // A static of a type that has changed begins anew: its old memory means something else.
                    live.symbols = None;
                    more.extend(live.item.names.iter().cloned());
                }
                if let Kind::Impl { choices: (_, names), of, .. } = &live.item.kind
                    && !names.is_disjoint(&changed)
                {
                    chosen.extend(of.difference(&rechosen).cloned());
                }
            }
            if more.is_empty() && chosen.is_empty() {
                return;
            }
            changed.extend(more);
            changed.extend(chosen.iter().cloned());
            rechosen.extend(chosen);
        }
    }

    /// Crates are others from here on: types that are made of theirs are others as well, and values of them are out of reach.
    pub fn renew(&mut self, renewed: &Renewed) {
        let is_of_them =
            |it: &Variable| crates_in(&it.type_name).iter().any(|name| renewed.crates.contains(*name));
        for (name, variable) in self.variables.extract_if(.., |_, it| is_of_them(it)) {
            let cell = variable.declared_in;
            let reason = format!(
                "`{name}` was made in cell[{cell}] with a crate that has been replaced by a `:dep` since; run cell[{cell}] again"
            );
            self.lost.insert(name, reason);
        }
        let uses = |it: &&Live| !it.item.mentions.is_disjoint(&renewed.names);
        // What these bring into the notebook has names that are not known.
        let is_open = |it: &Live| matches!(it.item.kind, Kind::Use { is_glob: true, .. } | Kind::Other);
        let used: Vec<&Live> = self.items.iter().filter(uses).collect();
        if used.is_empty() {
            return;
        }
        let mut changed = renewed.names.clone();
        if used.into_iter().any(is_open) {
            changed.extend(self.items.iter().flat_map(|it| it.item.mentions.iter().cloned()));
        }
        self.epoch += 1;
        self.move_dependents(changed, Names::new());
    }

    /// The items that code which mentions these names needs, by their places; all of them on request.
    pub fn slice(&self, mentions: &Names, everything: bool) -> BTreeSet<usize> {
        if everything {
            return (0..self.items.len()).collect();
        }
        let own: Names = self.items.iter().flat_map(|it| it.item.names.iter().cloned()).collect();
        let mut names = mentions.clone();
        let mut slice = BTreeSet::new();
        loop {
            let before = slice.len();
            for (place, live) in self.items.iter().enumerate() {
                if !slice.contains(&place) && is_reached(&live.item, &names, &own) {
                    slice.insert(place);
                    names.extend(live.item.mentions.iter().cloned());
                }
            }
            if slice.len() == before {
                return slice;
            }
        }
    }

    /// The statics of items are where these symbols are.
    pub fn define_statics(&mut self, symbols: &BTreeMap<usize, Vec<String>>) {
        for (place, symbols) in symbols {
            self.items[*place].symbols = Some(symbols.clone());
        }
    }

    /// Where a function is defined that is called this on the stack, as in `deep` or `<P as Node>::on_message`.
    pub fn place_of(&self, function: &str) -> Option<String> {
        let mut path = function.split("::{{closure}}").next()?.rsplit("::");
        let (name, of) = (path.next()?, path.next().unwrap_or_default());
        let defines = |it: &&Live| match &it.item.kind {
            Kind::Named => of.is_empty() && it.item.names.iter().any(|own| own == name),
            Kind::Impl { members, header_names, .. } => {
                members.iter().any(|member| member == name)
                    && header_names.iter().any(|own| of.contains(own.as_str()))
            }
            _ => false,
        };
        let live = self.items.iter().rev().find(defines)?;
        let within = live.text().find(&format!("fn {name}"))?;
        let before = &live.source.rust[..live.item.range.start + within];
        Some(format!("cell[{}]:{}", live.source.number, before.matches('\n').count() + 1))
    }

    /// The process that held the variables has ended, and the statics with it.
    pub fn forget_values(&mut self, reason: &str) {
        for name in std::mem::take(&mut self.variables).into_keys() {
            self.lost.insert(name, reason.to_string());
        }
        self.items.iter_mut().for_each(|it| it.symbols = None);
    }
}

fn is_reached(item: &Item, names: &Names, own: &Names) -> bool {
    let is_named = || item.names.iter().any(|name| names.contains(name));
    match &item.kind {
        Kind::Named | Kind::Macro { .. } | Kind::ThreadLocals => is_named(),
        Kind::Trait { members } => is_named() || members.iter().any(|member| names.contains(member)),
        Kind::Impl { header_names, .. } => {
            let mut of_notebook = header_names.intersection(own).peekable();
            of_notebook.peek().is_none() || of_notebook.all(|name| names.contains(name))
        }
        Kind::Use { .. } | Kind::Other => true,
    }
}

/// Whether a new item takes the place of an old one.
fn is_replaced(old: &Item, new: &Item) -> bool {
    match (&old.kind, &new.kind) {
        (Kind::Use { imports: old, .. }, Kind::Use { imports: new, .. }) => old == new,
        (Kind::Use { .. }, _) | (_, Kind::Use { .. }) => false,
        (
            Kind::Impl { header, members, is_of_trait, .. },
            Kind::Impl { header: new_header, members: new_members, .. },
        ) => header == new_header && (*is_of_trait || members.iter().any(|it| new_members.contains(it))),
        // Calls of macros that make implementations have no names.
        (Kind::Other, Kind::Other) if old.names.is_empty() => old.mentions == new.mentions,
        _ => old.names.iter().any(|name| new.names.contains(name)),
    }
}

/// The type of which an implementation is replaced by one that chooses other types or constants.
fn rechosen<'a>(old: &Item, new: &'a Item) -> Option<&'a Names> {
    match (&old.kind, &new.kind) {
        (Kind::Impl { choices: before, .. }, Kind::Impl { choices, of, .. }) => {
            (is_replaced(old, new) && before.0 != choices.0).then_some(of)
        }
        _ => None,
    }
}

/// Whether two items cannot stand in one module though both go on: imports beside something of the same name.
fn collide(old: &Item, new: &Item) -> bool {
    let is_use = |item: &Item| matches!(item.kind, Kind::Use { .. });
    (is_use(old) || is_use(new)) && old.names.iter().any(|name| new.names.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    #[derive(Default)]
    struct Story {
        notebook: Notebook,
        cells: u32,
    }

    impl Story {
        fn run(&mut self, code: &str) {
            self.cells += 1;
            self.run_again(self.cells, code);
        }

        fn run_again(&mut self, cell: u32, code: &str) {
            let source = Rc::new(Source { number: self.cells, rust: code.to_string() });
            self.notebook = self.notebook.with(
                &parse(code, &Default::default()).unwrap(),
                &source,
                &cell.to_string().into(),
            );
        }

        fn items(&self) -> Vec<String> {
            self.notebook.items.iter().map(|it| format!("{} {}", it.epoch, it.text())).collect()
        }

        fn slice(&self, names: &[&str]) -> Vec<String> {
            let names = names.iter().map(ToString::to_string).collect();
            self.notebook
                .slice(&names, false)
                .into_iter()
                .map(|it| self.notebook.items[it].text().to_string())
                .collect()
        }
    }

    /// Other choices of a trait make other values of a type, so that it is another type; another body of a function does not.
    #[test]
    fn other_choices_are_another_type() {
        let cell = |message: &str, choice: &str, body: &str| {
            format!(
                "struct M{message}; struct P; impl T for P {{ type A = {choice}; fn f() {{ {body} }} }} fn g(p: P) {{}} struct Q;"
            )
        };
        let epochs = |changed: String| {
            let mut story = Story::default();
            story.run_again(1, &cell("", "M", ""));
            story.run_again(1, &changed);
            story.notebook.items.iter().map(|it| it.epoch).collect::<Vec<_>>()
        };
        // The message, the type, the implementation, what uses the type, what does not.
        assert_eq!(epochs(cell("(u8)", "M", "")), [1, 1, 1, 1, 0]);
        assert_eq!(epochs(cell("", "u8", "")), [0, 1, 1, 1, 0]);
        assert_eq!(epochs(cell("", "M", "todo()")), [0, 0, 0, 0, 0]);
        // The implementation in a cell of its own.
        let mut story = Story::default();
        story.run("struct P; fn g(p: P) {}");
        story.run("impl T for P { type A = u8; }");
        story.run("impl T for P { type A = u16; }");
        assert_eq!(story.items(), ["1 struct P;", "1 fn g(p: P) {}", "1 impl T for P { type A = u16; }"]);
    }

    /// An import that another one has hidden since is made again beside it, and what was compiled with the first goes on.
    #[test]
    fn hidden_imports_come_again() {
        let mut story = Story::default();
        let (first, both) =
            ("use std::collections::BTreeMap;", "use std::collections::{BTreeMap, BTreeSet};");
        story.run(first);
        story.run("fn of(map: &BTreeMap<u8, u8>) -> usize { map.len() }");
        story.run(both);
        let old = ["0 fn of(map: &BTreeMap<u8, u8>) -> usize { map.len() }".to_string(), format!("1 {both}")];
        for _ in 0..2 {
            story.run(first);
            let mut items = story.items();
            items.sort();
            assert_eq!(items, [old[0].clone(), format!("0 {first}"), old[1].clone(), format!("2 {first}")]);
        }
        // The first cell itself, again: the same.
        for _ in 0..2 {
            story.run_again(1, first);
            let mut items = story.items();
            items.sort();
            assert_eq!(items, [old[0].clone(), format!("0 {first}"), old[1].clone(), format!("2 {first}")]);
        }
    }

    /// What is redefined moves into a new epoch, with all that depends on it; the rest stays.
    #[test]
    fn redefinition_moves_dependents() {
        let mut story = Story::default();
        story.run("struct P; struct Q(P); struct R;");
        story.run("impl P {} fn f(q: Q) {} fn g(r: R) {}");
        story.run("struct P(u8);");
        let expected = [
            "1 struct Q(P);",
            "0 struct R;",
            "1 impl P {}",
            "1 fn f(q: Q) {}",
            "0 fn g(r: R) {}",
            "1 struct P(u8);",
        ];
        assert_eq!(story.items(), expected);
    }

    /// A cell that runs again replaces what it defined, and nothing moves if nothing changed.
    #[test]
    fn cells_run_again() {
        let mut story = Story::default();
        story.run("struct P; struct Old;");
        story.run("fn f(p: P) {}");
        story.run_again(1, "struct P; struct New;");
        assert_eq!(story.items(), ["0 fn f(p: P) {}", "0 struct P;", "1 struct New;"]);
    }

    /// Implementations of one trait replace each other; inherent ones only if they define the same.
    #[test]
    fn implementations() {
        let mut story = Story::default();
        story.run("struct P; impl P { fn a(&self) {} } impl Clone for P { fn clone(&self) -> P { P } }");
        story.run("impl P { fn b(&self) {} }");
        assert_eq!(story.items().len(), 4);
        story.run("impl P { fn a(&self) { todo() } } impl Clone for P { fn clone(&self) -> P { todo() } }");
        let texts = story.items().join("\n");
        assert_eq!((story.items().len(), texts.matches("todo").count()), (4, 2), "{texts}");
    }

    /// Imports repeat without harm, and one that hides another stands further inside.
    #[test]
    fn imports() {
        let mut story = Story::default();
        story.run("use std::fmt::Result;");
        story.run("use std::fmt::Result;");
        assert_eq!(story.items(), ["0 use std::fmt::Result;"]);
        story.run("use std::io::Result;");
        assert_eq!(story.items(), ["0 use std::fmt::Result;", "1 use std::io::Result;"]);
    }

    /// A cell takes along what it reaches: by names, by methods of traits, implementations of what is there.
    #[test]
    fn slices() {
        let mut story = Story::default();
        story.run(
            "struct A; struct B; impl A { fn m(&self) { helper() } } impl B {} fn helper() {} fn other() {}",
        );
        story.run("trait Greet { fn hi(&self) {} } impl Greet for A {} impl Greet for i32 {}");
        assert_eq!(story.slice(&["x"]), [] as [&str; 0]);
        assert_eq!(
            story.slice(&["A"]),
            ["struct A;", "impl A { fn m(&self) { helper() } }", "fn helper() {}"]
        );
        assert_eq!(story.slice(&["hi"]), ["trait Greet { fn hi(&self) {} }", "impl Greet for i32 {}"]);
        assert_eq!(story.slice(&["B"]), ["struct B;", "impl B {}"]);
    }
}
