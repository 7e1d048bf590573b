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
        /// The types and constants that it chooses, as written, and the names in them: values of the type it is for are made of these.
        choices: (String, Names),
        /// The names in the type that it is for.
        of: Names,
    },
    /// A `use`: what it imports, as full paths with the names they get.
    Use {
        /// Paths, `as` names included.
        imports: Vec<String>,
        /// Whether everything is imported from somewhere.
        is_glob: bool,
    },
    /// `macro_rules!`: stands before everything that may call it.
    Macro {
        /// What it makes.
        makes: Makes,
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
    /// Where the call of `thread_local!` stands that it is in, if it is.
    pub call: Option<Range<usize>>,
}

/// What a macro of the notebook makes, as far as its definition tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Makes {
    /// Expressions or statements.
    Statements,
    /// Implementations.
    Impls,
    /// Functions, types, and what belongs to them.
    Items,
}

/// Reads an item of this text.
pub fn read_item(item: &syn::Item, text: &str) -> Item {
    let mut statics = Statics { text, found: Vec::new() };
    statics.visit_item(item);
    let (kind, names) = kind_and_names(item);
    Item { range: range_of(item), kind, names, mentions: names_in(item), statics: statics.found }
}

/// Reads a call of a macro of the notebook that makes items. What it is called with first is what it defines.
pub fn read_call(call: &syn::StmtMacro, makes: Makes) -> Item {
    let first = call.mac.tokens.clone().into_iter().find_map(|token| match token {
        proc_macro2::TokenTree::Ident(name) => Some(plain_name(&name)),
        _ => None,
    });
    let names = first.into_iter().filter(|_| makes == Makes::Items).collect();
    Item { range: range_of(call), kind: Kind::Other, names, mentions: names_in(call), statics: Vec::new() }
}

/// Reads a call of `thread_local!`.
pub fn read_thread_locals(call: &syn::StmtMacro, text: &str) -> Item {
    let statics = statics_in(&call.mac, &range_of(call), text);
    let names = statics.iter().map(|it| it.name.clone()).collect();
    Item { range: range_of(call), kind: Kind::ThreadLocals, names, mentions: names_in(call), statics }
}

/// The statics in a call of `thread_local!`, which stands here.
fn statics_in(call: &syn::Macro, place: &Range<usize>, text: &str) -> Vec<Static> {
    let tokens = &call.tokens;
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
    let read = |item: &syn::Item| match item {
        syn::Item::Static(item) => Some(Static { call: Some(place.clone()), ..read_static(item, text) }),
        _ => None,
    };
    statics.iter().filter_map(read).collect()
}

/// What a macro makes, told by what its arms begin with.
fn makes(tokens: &proc_macro2::TokenStream) -> Makes {
    let tokens: Vec<proc_macro2::TokenTree> = tokens.clone().into_iter().collect();
    let arms = tokens.windows(2).filter_map(|pair| match pair {
        [proc_macro2::TokenTree::Punct(arrow), proc_macro2::TokenTree::Group(arm)]
            if arrow.as_char() == '>' =>
        {
            Some(made_by(arm.stream()))
        }
        _ => None,
    });
    let mut made = arms.collect::<Vec<Makes>>();
    let first = made.pop().unwrap_or(Makes::Statements);
    match made.iter().all(|it| *it == first) {
        true => first,
        false if made.contains(&Makes::Statements) || first == Makes::Statements => Makes::Statements,
        false => Makes::Items,
    }
}

/// What these tokens of an arm make.
fn made_by(arm: proc_macro2::TokenStream) -> Makes {
    use proc_macro2::{Delimiter, TokenTree};
    let mut is_repetition = false;
    for token in arm {
        match token {
            TokenTree::Ident(word) => match word.to_string().as_str() {
                "impl" => return Makes::Impls,
                "struct" | "enum" | "union" | "fn" | "trait" | "mod" | "type" => return Makes::Items,
                "pub" | "unsafe" | "async" | "const" => {}
                _ => return Makes::Statements,
            },
            TokenTree::Punct(mark) if ['#', '$'].contains(&mark.as_char()) => {
                is_repetition = mark.as_char() == '$';
            }
            // An attribute, or `pub(crate)`.
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {}
            TokenTree::Group(group) if is_repetition && group.delimiter() == Delimiter::Parenthesis => {
                return made_by(group.stream());
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {}
            _ => return Makes::Statements,
        }
    }
    Makes::Statements
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
            Some(name) => (Kind::Macro { makes: makes(&it.mac.tokens) }, vec![plain_name(name)]),
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
    let mut chosen = head.clone();
    chosen.items = item.items.iter().filter(|it| !matches!(it, syn::ImplItem::Fn(_))).cloned().collect();
    let choices = chosen.items.iter().map(tokens_text).collect::<Vec<_>>().join(" ");
    let names = chosen.items.iter().flat_map(names_in).collect();
    Kind::Impl {
        choices: (choices, names),
        of: names_in(&*item.self_ty),
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

impl Statics<'_> {
    fn call(&mut self, call: &syn::Macro, place: Range<usize>) {
        if call.path.segments.last().is_some_and(|it| it.ident == "thread_local") {
            self.found.extend(statics_in(call, &place, self.text));
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

    fn visit_item_macro(&mut self, item: &syn::ItemMacro) {
        self.call(&item.mac, range_of(item));
    }

    fn visit_stmt_macro(&mut self, statement: &syn::StmtMacro) {
        self.call(&statement.mac, range_of(statement));
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
        type_text: static_type(item.ty.as_ref()),
        is_mutable: matches!(item.mutability, syn::StaticMutability::Mut(_)),
        call: None,
        range,
    }
}

/// The type with the lifetimes that a static's type need not say, and that of a declaration must.
fn static_type(of: &syn::Type) -> String {
    struct Lifetimes;
    impl syn::visit_mut::VisitMut for Lifetimes {
        fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
            let named = reference.lifetime.take().filter(|it| it.ident != "_");
            let all = || syn::Lifetime::new("'static", proc_macro2::Span::call_site());
            reference.lifetime = Some(named.unwrap_or_else(all));
            syn::visit_mut::visit_type_reference_mut(self, reference);
        }

        // The lifetimes of functions' parameters are of another kind.
        fn visit_type_fn_ptr_mut(&mut self, _: &mut syn::TypeFnPtr) {}
        fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut syn::ParenthesizedGenericArguments) {}
    }
    let mut whole = of.clone();
    syn::visit_mut::VisitMut::visit_type_mut(&mut Lifetimes, &mut whole);
    tokens_text(&whole)
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
        parse(code, &Default::default()).unwrap().items
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
        assert_eq!((it.name.as_str(), it.type_text.as_str(), it.is_mutable), ("N", "(u32 , u8)", true));
        assert_eq!(it.visibility, "pub(crate)");
        assert!(code[it.begin..].starts_with("pub(crate) static mut"));
        assert!(code[it.range.clone()].starts_with("#[allow") && code[it.range.clone()].ends_with(';'));
    }
}
