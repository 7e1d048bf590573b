//! From what a type calls itself at run time to how a program names it.
//!
//! `std::any::type_name` gives paths through private modules (`core::iter::adapters::map::Map`), which a program must name
//! by where they are exported (`core::iter::Map`). Where that is differs, so there are candidates, the likeliest first, and
//! the compiler says which of them it knows.

use std::collections::BTreeMap;

use syn::visit_mut::{self, VisitMut};

use crate::rustc::CRATE;

/// Which of the candidates is right, by the path; the first unless something else is known.
pub type Choices = BTreeMap<String, usize>;

/// Why a type has no name that a program can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nameless {
    /// It is, or has in it, a closure or a future.
    Closure,
    /// It was made from a definition that has been replaced since.
    Outdated {
        /// The definition's name.
        item: String,
    },
    /// It is defined inside a function.
    Local,
    /// None of the candidates is right.
    Unknown,
}

/// What the notebook knows of its own items: the epoch of the one with this name.
pub trait Items {
    /// The epoch, if there is such an item.
    fn epoch_of(&self, name: &str) -> Option<u32>;
}

/// How a program names this type.
pub fn nameable(type_name: &str, choices: &Choices, items: &dyn Items) -> Result<String, Nameless> {
    if type_name.contains("{{closure}}") {
        return Err(Nameless::Closure);
    }
    let mut parsed: syn::Type = syn::parse_str(type_name).map_err(|_| Nameless::Unknown)?;
    let mut renaming = Renaming { choices, items, wrong: None };
    renaming.visit_type_mut(&mut parsed);
    match renaming.wrong {
        Some(wrong) => Err(wrong),
        None => Ok(quote::ToTokens::to_token_stream(&parsed).to_string()),
    }
}

/// The choices to try next, when the compiler does not know some of the names that were tried; nothing if all have been.
///
/// Every path with one of the `unknown` words in it goes on to its next candidate. They go on side by side: one after the other, the first
/// would be past its right name when the second comes to its own.
pub fn next_choices(type_name: &str, choices: &Choices, unknown: &[&str]) -> Option<Choices> {
    let mut paths = Paths::default();
    paths.visit_type_mut(&mut syn::parse_str::<syn::Type>(type_name).ok()?);
    paths.found.sort_unstable();
    paths.found.dedup();
    let mut next = choices.clone();
    let mut open = Vec::new();
    for path in paths.found {
        let segments: Vec<&str> = path.split("::").collect();
        let (candidates, chosen) = (candidates(&segments), choices.get(&path).copied().unwrap_or_default());
        if chosen + 1 == candidates.len() {
            continue;
        }
        if candidates[chosen].split("::").any(|word| unknown.contains(&word)) {
            next.insert(path, chosen + 1);
        } else {
            open.push((path, chosen + 1));
        }
    }
    if next == *choices {
        // The compiler named none of them.
        next.extend(open.into_iter().take(1));
    }
    (next != *choices).then_some(next)
}

struct Renaming<'a> {
    choices: &'a Choices,
    items: &'a dyn Items,
    wrong: Option<Nameless>,
}

impl VisitMut for Renaming<'_> {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        visit_mut::visit_path_mut(self, path);
        let segments: Vec<String> = path.segments.iter().map(|it| it.ident.to_string()).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let renamed = match segments.as_slice() {
            [_] | [] => return,
            [first, rest @ ..] if *first == CRATE => match self.own(rest) {
                Ok(renamed) => renamed,
                Err(wrong) => {
                    self.wrong = Some(wrong);
                    return;
                }
            },
            _ => {
                let mut candidates = candidates(&segments);
                let chosen = self.choices.get(&segments.join("::")).copied().unwrap_or_default();
                let chosen = candidates.swap_remove(chosen.min(candidates.len() - 1));
                format!("::{chosen}")
            }
        };
        let Ok(mut renamed) = syn::parse_str::<syn::Path>(&renamed) else {
            self.wrong = Some(Nameless::Unknown);
            return;
        };
        // The last segment keeps its arguments.
        if let (Some(new), Some(old)) = (renamed.segments.last_mut(), path.segments.last()) {
            new.arguments = old.arguments.clone();
        }
        *path = renamed;
    }
}

impl Renaming<'_> {
    /// A path in the notebook's own crate.
    fn own(&self, segments: &[&str]) -> Result<String, Nameless> {
        let epochs = segments.iter().take_while(|it| epoch(it).is_some()).count();
        let (modules, rest) = segments.split_at(epochs);
        let [item, ..] = rest else { return Err(Nameless::Unknown) };
        if item.starts_with("netsplit_cell_") {
            return Err(Nameless::Local);
        }
        let made_in = modules.last().and_then(|it| epoch(it)).unwrap_or_default();
        if self.items.epoch_of(item) != Some(made_in) {
            return Err(Nameless::Outdated { item: (*item).to_string() });
        }
        Ok(rest.join("::"))
    }
}

/// The epoch that a module is for.
fn epoch(module: &str) -> Option<u32> {
    module.strip_prefix("netsplit_epoch_")?.parse().ok()
}

/// The name of an epoch's module.
pub fn epoch_module(epoch: u32) -> String {
    format!("netsplit_epoch_{epoch}")
}

#[derive(Default)]
struct Paths {
    found: Vec<String>,
}

impl VisitMut for Paths {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        visit_mut::visit_path_mut(self, path);
        let segments: Vec<String> = path.segments.iter().map(|it| it.ident.to_string()).collect();
        if segments.len() > 2 && segments[0] != CRATE {
            self.found.push(segments.join("::"));
        }
    }
}

/// Where a path that leads through private modules may be exported, the likeliest first.
fn candidates(segments: &[&str]) -> Vec<String> {
    let (first, last) = (segments[0], segments[segments.len() - 1]);
    let whole = segments.join("::");
    let mut found = Vec::new();
    let mut add = |path: String| {
        if !found.contains(&path) {
            found.push(path);
        }
    };
    let is_standard = ["std", "core", "alloc"].contains(&first);
    if segments.len() <= 2 || (is_standard && segments.len() == 3) {
        add(whole.clone());
    }
    if is_standard && segments.len() > 3 {
        let second = segments[1];
        // These modules export their types themselves.
        let is_whole = ["mpsc", "atomic", "hash_map", "btree_map"].contains(&segments[2]);
        if is_whole {
            add(format!("{first}::{second}::{}::{last}", segments[2]));
        }
        // `collections::hash::map::Iter` is exported as `collections::hash_map::Iter`, but `HashMap` one level above.
        if second == "collections" && segments.len() == 5 && !last.contains("Map") && !last.contains("Set") {
            add(format!("{first}::{second}::{}_{}::{last}", segments[2], segments[3]));
        }
        add(format!("{first}::{second}::{last}"));
    }
    if !is_standard {
        add(format!("{first}::{last}"));
    }
    for end in (1..segments.len() - 1).rev() {
        add(format!("{}::{last}", segments[..=end].join("::")));
    }
    // `tokio::runtime::task::join::JoinHandle` is exported by `tokio::task`.
    for module in &segments[1..segments.len() - 1] {
        add(format!("{first}::{module}::{last}"));
    }
    add(whole);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Known(&'static [(&'static str, u32)]);

    impl Items for Known {
        fn epoch_of(&self, name: &str) -> Option<u32> {
            self.0.iter().find(|it| it.0 == name).map(|it| it.1)
        }
    }

    fn named(type_name: &str) -> Result<String, Nameless> {
        nameable(type_name, &Choices::new(), &Known(&[("P", 0), ("Q", 2), ("shapes", 0)]))
            .map(|it| it.replace(' ', ""))
    }

    /// Paths of the standard library lead to where its types are exported.
    #[test]
    fn standard_types() {
        for (type_name, expected) in [
            ("i32", "i32"),
            ("&str", "&str"),
            ("alloc::vec::Vec<alloc::string::String>", "::alloc::vec::Vec<::alloc::string::String>"),
            ("std::collections::hash::map::HashMap<u8, i32>", "::std::collections::HashMap<u8,i32>"),
            (
                "alloc::collections::btree::map::Iter<u8, i32>",
                "::alloc::collections::btree_map::Iter<u8,i32>",
            ),
            ("std::sync::poison::mutex::Mutex<i32>", "::std::sync::Mutex<i32>"),
            ("std::sync::mpsc::Sender<i32>", "::std::sync::mpsc::Sender<i32>"),
            (
                "core::iter::adapters::take::Take<core::ops::range::Range<i32>>",
                "::core::iter::Take<::core::ops::Range<i32>>",
            ),
            (
                "alloc::boxed::Box<dyn core::ops::function::Fn(i32) -> i32 + core::marker::Send>",
                "::alloc::boxed::Box<dyn::core::ops::Fn(i32)->i32+::core::marker::Send>",
            ),
            ("[core::option::Option<(i32, char)>; 3]", "[::core::option::Option<(i32,char)>;3]"),
            ("netsplit_sim::cluster::Cluster<cells::P>", "::netsplit_sim::Cluster<P>"),
        ] {
            assert_eq!(named(type_name).as_deref(), Ok(expected));
        }
    }

    /// The notebook's own types are named as in a cell, if they are still what they were.
    #[test]
    fn own_types() {
        assert_eq!(named("cells::P").as_deref(), Ok("P"));
        assert_eq!(named("cells::netsplit_epoch_1::netsplit_epoch_2::Q").as_deref(), Ok("Q"));
        assert_eq!(named("cells::shapes::Circle").as_deref(), Ok("shapes::Circle"));
        assert_eq!(named("cells::Q"), Err(Nameless::Outdated { item: "Q".to_string() }));
        assert_eq!(named("cells::netsplit_cell_3::{{closure}}"), Err(Nameless::Closure));
        assert_eq!(named("alloc::vec::Vec<cells::netsplit_cell_3::Local>"), Err(Nameless::Local));
    }

    /// If the compiler does not know the first candidate, there are others, and at last the path itself.
    #[test]
    fn other_candidates() {
        let name = |choices: &Choices| nameable("a::b::c::D", choices, &Known(&[])).unwrap().replace(' ', "");
        let mut choices = Choices::new();
        let mut names = vec![name(&choices)];
        while let Some(next) = next_choices("a::b::c::D", &choices, &["D"]) {
            choices = next;
            names.push(name(&choices));
        }
        assert_eq!(names[0], "::a::D");
        assert!(
            names.contains(&"::a::b::D".to_string()) && names.contains(&"::a::b::c::D".to_string()),
            "{names:?}"
        );
        assert_eq!(next_choices("i32", &Choices::new(), &["i32"]), None);
    }

    /// Of several names that are wrong, each goes on until it is right, and what is right stays.
    #[test]
    fn several_names_are_found_side_by_side() {
        let (type_name, right) = (
            "s::c::Cluster<l::a::b::Raft<l::a::b::m::Store>>",
            "::s::Cluster<::l::a::b::Raft<::l::a::b::Store>>",
        );
        let exported = ["s::Cluster", "l::a::b::Raft", "l::a::b::Store"];
        let mut choices = Choices::new();
        for _ in 0..8 {
            let name = nameable(type_name, &choices, &Known(&[])).unwrap().replace(' ', "");
            let paths =
                name.split(['<', '>']).map(|it| it.trim_start_matches("::")).filter(|it| !it.is_empty());
            let unknown: Vec<&str> =
                paths.filter(|it| !exported.contains(it)).filter_map(|it| it.rsplit("::").next()).collect();
            if unknown.is_empty() {
                assert_eq!(name, right);
                return;
            }
            choices = next_choices(type_name, &choices, &unknown).expect("not all names were tried");
        }
        panic!("the names were not found: {choices:?}");
    }
}
