//! Items of a notebook: what each defines, what it mentions, and which statics it has.

use std::ops::Range;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::parse::{Names, names_in, plain_name, range_of};

/// An item in a cell. Ranges are of bytes in the cell's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it stands, attributes and documentation included.
    pub range: Range<usize>,
    /// What it is.
    pub kind: Kind,
    /// The names that it defines at its level.
    pub names: Vec<String>,
    /// All names that it mentions, its own included.
    pub mentions: Names,
    /// The statics in it, at its level and inside.
    pub statics: Vec<Static>,
}

/// What an item is, as far as the engine treats it differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A function, a type, a constant, a module, a macro, ..
    Named,
    /// A trait, with its methods, by which it is used without being named.
    Trait {
        /// Methods, constants and types.
        members: Vec<String>,
    },
    /// An implementation.
    Impl {
        /// What stands before the brace, without spaces that do not matter.
        header: String,
        /// The names in the header.
        header_names: Names,
        /// The names that it defines inside.
        members: Vec<String>,
        /// Whether it implements a trait.
        is_of_trait: bool,
    },
    /// A `use`: what it imports, as full paths with the names they get.
    Use {
        /// Paths, `as` names included.
        imports: Vec<String>,
        /// Whether everything is imported from somewhere.
        is_glob: bool,
    },
    /// Thread-local variables.
    ThreadLocals,
    /// Something that every cell gets: `extern crate`, a macro call that makes items.
    Other,
}

/// A static variable, which lives as long as the notebook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Static {
    /// Its name.
    pub name: String,
    /// Where it stands, attributes included.
    pub range: Range<usize>,
    /// Where its attributes end.
    pub begin: usize,
    /// Its visibility, as written.
    pub visibility: String,
    /// Its type, as written.
    pub type_text: String,
    /// `static mut`.
    pub is_mutable: bool,
}

/// Reads an item of this text.
pub fn read_item(item: &syn::Item, text: &str) -> Item {
    let mut statics = Statics { text, found: Vec::new() };
    statics.visit_item(item);
    let (kind, names) = kind_and_names(item);
    Item { range: range_of(item), kind, names, mentions: names_in(item), statics: statics.found }
}

/// Reads a call of `thread_local!`.
pub fn read_thread_locals(call: &syn::StmtMacro, text: &str) -> Item {
    let tokens = &call.mac.tokens;
    // What it holds is statics, the last semicolon left out at will.
    let mut items: syn::Result<syn::File> = syn::parse2(tokens.clone());
    if items.is_err() {
        let mut closed = tokens.clone();
        closed.extend([proc_macro2::TokenTree::Punct(proc_macro2::Punct::new(
            ';',
            proc_macro2::Spacing::Alone,
        ))]);
        items = syn::parse2(closed);
    }
    let statics = items.map(|it| it.items).unwrap_or_default();
    let statics: Vec<Static> = statics
        .iter()
        .filter_map(|item| match item {
            syn::Item::Static(item) => Some(read_static(item, text)),
            _ => None,
        })
        .collect();
    let names = statics.iter().map(|it| it.name.clone()).collect();
    Item { range: range_of(call), kind: Kind::ThreadLocals, names, mentions: names_in(call), statics }
}

fn kind_and_names(item: &syn::Item) -> (Kind, Vec<String>) {
    let one = |name: &proc_macro2::Ident| (Kind::Named, vec![plain_name(name)]);
    match item {
        syn::Item::Const(it) => one(&it.ident),
        syn::Item::Enum(it) => one(&it.ident),
        syn::Item::Fn(it) => one(&it.sig.ident),
        syn::Item::Mod(it) => one(&it.ident),
        syn::Item::Static(it) => one(&it.ident),
        syn::Item::Struct(it) => one(&it.ident),
        syn::Item::Type(it) => one(&it.ident),
        syn::Item::Union(it) => one(&it.ident),
        syn::Item::TraitAlias(it) => one(&it.ident),
        syn::Item::Macro(it) => match &it.ident {
            Some(name) => one(name),
            None => (Kind::Other, Vec::new()),
        },
        syn::Item::Trait(it) => {
            let members = it.items.iter().filter_map(trait_member).collect();
            (Kind::Trait { members }, vec![plain_name(&it.ident)])
        }
        syn::Item::ForeignMod(it) => (Kind::Named, it.items.iter().filter_map(foreign_name).collect()),
        syn::Item::Impl(it) => (impl_kind(it), Vec::new()),
        syn::Item::Use(it) => use_kind(it),
        _ => (Kind::Other, Vec::new()),
    }
}

fn trait_member(member: &syn::TraitItem) -> Option<String> {
    match member {
        syn::TraitItem::Fn(it) => Some(plain_name(&it.sig.ident)),
        syn::TraitItem::Const(it) => Some(plain_name(&it.ident)),
        syn::TraitItem::Type(it) => Some(plain_name(&it.ident)),
        _ => None,
    }
}

fn foreign_name(item: &syn::ForeignItem) -> Option<String> {
    match item {
        syn::ForeignItem::Fn(it) => Some(plain_name(&it.sig.ident)),
        syn::ForeignItem::Static(it) => Some(plain_name(&it.ident)),
        syn::ForeignItem::Type(it) => Some(plain_name(&it.ident)),
        _ => None,
    }
}

fn impl_kind(item: &syn::ItemImpl) -> Kind {
    let mut head = item.clone();
    head.items.clear();
    head.attrs.clear();
    let members = item.items.iter().filter_map(|member| match member {
        syn::ImplItem::Fn(it) => Some(plain_name(&it.sig.ident)),
        syn::ImplItem::Const(it) => Some(plain_name(&it.ident)),
        syn::ImplItem::Type(it) => Some(plain_name(&it.ident)),
        _ => None,
    });
    Kind::Impl {
        header: tokens_text(&head),
        header_names: names_in(&head),
        members: members.collect(),
        is_of_trait: item.trait_.is_some(),
    }
}

fn use_kind(item: &syn::ItemUse) -> (Kind, Vec<String>) {
    let mut imports = Imports::default();
    imports.walk(&item.tree, String::new());
    (Kind::Use { imports: imports.paths, is_glob: imports.is_glob }, imports.names)
}

#[derive(Default)]
struct Imports {
    paths: Vec<String>,
    names: Vec<String>,
    is_glob: bool,
}

impl Imports {
    fn walk(&mut self, tree: &syn::UseTree, prefix: String) {
        match tree {
            syn::UseTree::Path(it) => self.walk(&it.tree, format!("{prefix}{}::", plain_name(&it.ident))),
            syn::UseTree::Group(it) => it.items.iter().for_each(|tree| self.walk(tree, prefix.clone())),
            syn::UseTree::Glob(_) => {
                self.is_glob = true;
                self.paths.push(format!("{prefix}*"));
            }
            syn::UseTree::Name(it) => {
                let name = plain_name(&it.ident);
                let shown = match name.as_str() {
                    "self" => {
                        prefix.trim_end_matches("::").rsplit("::").next().unwrap_or_default().to_string()
                    }
                    _ => name.clone(),
                };
                self.names.push(shown);
                self.paths.push(format!("{prefix}{name}"));
            }
            syn::UseTree::Rename(it) => {
                let name = plain_name(&it.rename);
                self.paths.push(format!("{prefix}{} as {name}", plain_name(&it.ident)));
                if name != "_" {
                    self.names.push(name);
                }
            }
        }
    }
}

/// Finds statics wherever they stand in an item.
struct Statics<'t> {
    text: &'t str,
    found: Vec<Static>,
}

impl Visit<'_> for Statics<'_> {
    fn visit_item_static(&mut self, item: &syn::ItemStatic) {
        self.found.push(read_static(item, self.text));
        visit::visit_item_static(self, item);
    }
}

fn read_static(item: &syn::ItemStatic, text: &str) -> Static {
    let range = range_of(item);
    let begin = item.attrs.last().map_or(range.start, |last| range_of(last).end);
    let begin = begin + text[begin..range.end].find(|it: char| !it.is_whitespace()).unwrap_or_default();
    let visibility = match &item.vis {
        syn::Visibility::Inherited => String::new(),
        written => text[range_of(written)].to_string(),
    };
    Static {
        name: item.ident.to_string(),
        begin,
        visibility,
        type_text: text[range_of(item.ty.as_ref())].to_string(),
        is_mutable: matches!(item.mutability, syn::StaticMutability::Mut(_)),
        range,
    }
}

/// Tokens as text, spaced in one way.
fn tokens_text(of: &impl quote::ToTokens) -> String {
    let _ = of.span();
    let mut tokens = proc_macro2::TokenStream::new();
    of.to_tokens(&mut tokens);
    tokens.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    fn items(code: &str) -> Vec<Item> {
        parse(code).unwrap().items
    }

    /// Each kind of item says what it defines.
    #[test]
    fn names() {
        let code = "fn f() {} struct S; enum E { A } trait T { fn m(&self); } mod n {} const C: i32 = 1; \
                    static X: i32 = 2; type A = i32; macro_rules! mac { () => {} } union U { a: i32 } \
                    use std::{fmt::{self, Debug as D}, io::*}; thread_local! { static L: i32 = 3 }";
        let names: Vec<Vec<String>> = items(code).into_iter().map(|it| it.names).collect();
        let expected = [
            vec!["f"],
            vec!["S"],
            vec!["E"],
            vec!["T"],
            vec!["n"],
            vec!["C"],
            vec!["X"],
            vec!["A"],
            vec!["mac"],
            vec!["U"],
            vec!["fmt", "D"],
            vec!["L"],
        ];
        assert_eq!(names, expected);
    }

    /// Implementations are told apart by their headers, however they are written.
    #[test]
    fn headers() {
        let header = |code: &str| match items(code).remove(0).kind {
            Kind::Impl { header, .. } => header,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            header("impl<T: Clone> Tr for S<T> { fn a() {} }"),
            header("impl < T : Clone >  Tr for S<T> {\n}")
        );
        assert_ne!(header("impl Tr for S {}"), header("impl S {}"));
    }

    /// Statics are found inside functions, and where their attributes end.
    #[test]
    fn statics() {
        let code = "fn next() -> u32 {\n    #[allow(dead_code)]\n    pub(crate) static mut N: (u32, u8) = (1, 2);\n    1\n}";
        let found = items(code).remove(0).statics;
        let [it] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((it.name.as_str(), it.type_text.as_str(), it.is_mutable), ("N", "(u32, u8)", true));
        assert_eq!(it.visibility, "pub(crate)");
        assert!(code[it.begin..].starts_with("pub(crate) static mut"));
        assert!(code[it.range.clone()].starts_with("#[allow") && code[it.range.clone()].ends_with(';'));
    }
}
