//! Takes a cell apart into items, statements and its last expression, and says which names each of them uses.
//!
//! Names are taken from tokens, whatever they stand for: a cell that mentions too much compiles more than it needs, one
//! that mentions too little does not compile. So texts are searched too, since `"{x}"` uses `x`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, Expr, Stmt};

use crate::item::{Item, Kind, Makes, read_call, read_item, read_thread_locals};

/// A set of names.
pub type Names = BTreeSet<String>;

/// A cell, taken apart. Ranges are of bytes in its text.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// `#![..]`, which are of the whole cell.
    pub inner_attributes: Vec<Range<usize>>,
    /// What is at the top level of a program.
    pub items: Vec<Item>,
    /// What runs.
    pub statements: Vec<Statement>,
    /// The last expression, if it may have a value.
    pub tail: Option<Range<usize>>,
    /// Whether something is awaited.
    pub awaits: bool,
    /// Whether it could be taken apart.
    pub is_whole: bool,
}

/// A statement, the last expression among them.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The names that it mentions, those that it binds left out.
    pub mentions: Names,
    /// Those of them that may be variables: not the names of fields and methods.
    pub free: Names,
    /// The variables that it declares.
    pub binds: Vec<Binding>,
}

/// A variable that a `let` declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Its name.
    pub name: String,
    /// Whether it is `mut`.
    pub is_mutable: bool,
}

/// Macros whose value is `()`.
const UNIT_MACROS: [&str; 12] = [
    "print",
    "println",
    "eprint",
    "eprintln",
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "write",
    "thread_local",
];
/// Macros that await what they are given.
const AWAITING_MACROS: [&str; 4] = ["join", "try_join", "select", "pin"];

/// Parsing is recursive, and a stack has an end. The compiler has a larger one, and says what is to be said.
const DEEPEST: usize = 200;

/// Whether brackets or operators stand inside each other as deeply as nobody writes them.
pub fn is_too_deep(tokens: &TokenStream) -> bool {
    let mut open = vec![(tokens.clone().into_iter(), 0_usize)];
    while let Some((rest, operators)) = open.last_mut() {
        match rest.next() {
            Some(TokenTree::Group(group)) => {
                *operators = 0;
                open.push((group.stream().into_iter(), 0));
            }
            Some(TokenTree::Punct(punct)) if "!&*-<".contains(punct.as_char()) => *operators += 1,
            Some(_) => *operators = 0,
            None => {
                open.pop();
                continue;
            }
        }
        if open.len() > DEEPEST || open.last().is_some_and(|(_, operators)| *operators > DEEPEST) {
            return true;
        }
    }
    false
}

/// Macros of the notebook that make items.
pub type ItemMacros = BTreeMap<String, Makes>;

/// Those of these items.
pub fn item_macros<'a>(items: impl IntoIterator<Item = &'a Item>) -> ItemMacros {
    let macros = items.into_iter().filter_map(|item| match item.kind {
        Kind::Macro { makes } if makes != Makes::Statements => Some((item.names.first()?.clone(), makes)),
        _ => None,
    });
    macros.collect()
}

/// Takes a cell apart. The error is only good for knowing that there is one: the compiler tells it better. Calls of these
/// macros, and of those in the cell that make items, are items.
pub fn parse(rust: &str, macros: &ItemMacros) -> syn::Result<Parsed> {
    let tokens: TokenStream = rust.parse()?;
    if is_too_deep(&tokens) {
        let reason = format!("expected at most {DEEPEST} brackets inside each other");
        return Err(syn::Error::new(proc_macro2::Span::call_site(), reason));
    }
    let parser = |input: ParseStream<'_>| {
        let attributes = input.call(syn::Attribute::parse_inner)?;
        Ok((attributes, input.call(Block::parse_within)?))
    };
    let (attributes, statements) = parser.parse2(tokens)?;
    let mut parsed = Parsed {
        inner_attributes: attributes.iter().map(range_of).collect(),
        awaits: awaits(&statements),
        is_whole: true,
        ..Parsed::default()
    };
    let last = statements.len().saturating_sub(1);
    let defined = statements.iter().filter_map(|it| match it {
        Stmt::Item(item @ syn::Item::Macro(_)) => Some(read_item(item, rust)),
        _ => None,
    });
    let mut macros = macros.clone();
    macros.extend(item_macros(&defined.collect::<Vec<_>>()));
    let made = |call: &syn::Macro| macros.get(&plain_name(call.path.get_ident()?)).copied();
    for (place, statement) in statements.iter().enumerate() {
        match statement {
            Stmt::Item(item) => parsed.items.push(read_item(item, rust)),
            Stmt::Macro(statement) if statement.mac.path.is_ident("thread_local") => {
                parsed.items.push(read_thread_locals(statement, rust));
            }
            Stmt::Macro(statement) if made(&statement.mac).is_some() => {
                let makes = made(&statement.mac).unwrap_or(Makes::Items);
                parsed.items.push(read_call(statement, makes));
            }
            statement => {
                parsed.statements.push(read_statement(statement));
                if place == last && has_value(statement) {
                    parsed.tail = Some(range_of(statement));
                }
            }
        }
    }
    Ok(parsed)
}

/// Whether the cell's last statement may have a value.
fn has_value(statement: &Stmt) -> bool {
    let gives = |call: &syn::Macro| !UNIT_MACROS.iter().any(|unit| call.path.is_ident(unit));
    match statement {
        Stmt::Expr(Expr::ForLoop(_) | Expr::While(_) | Expr::Assign(_), None) => false,
        Stmt::Expr(Expr::Macro(last), None) => gives(&last.mac),
        Stmt::Expr(_, None) => true,
        Stmt::Macro(last) => last.semi_token.is_none() && gives(&last.mac),
        _ => false,
    }
}

/// The bytes of the text that something was made of.
pub fn range_of(of: &impl Spanned) -> Range<usize> {
    of.span().byte_range()
}

fn read_statement(statement: &Stmt) -> Statement {
    let mut binds = Vec::new();
    let mut mentions = Mentions::default();
    if let Stmt::Local(local) = statement {
        let mut bindings = Bindings::default();
        bindings.visit_pat(&local.pat);
        binds = bindings.found;
        // Of the pattern, what is no binding: paths of variants, types.
        let in_pattern = names_in(&local.pat);
        mentions.all.extend(in_pattern.into_iter().filter(|name| binds.iter().all(|it| it.name != *name)));
        if let Some(initialiser) = &local.init {
            mentions.add(quote(&initialiser.expr));
            if let Some((_, diverging)) = &initialiser.diverge {
                mentions.add(quote(diverging));
            }
        }
    } else {
        mentions.add(quote(statement));
    }
    Statement { mentions: mentions.all, free: mentions.free, binds }
}

fn quote(of: &impl quote::ToTokens) -> TokenStream {
    let mut tokens = TokenStream::new();
    of.to_tokens(&mut tokens);
    tokens
}

/// The names in these tokens, fields and methods included.
pub fn names_in(of: &impl quote::ToTokens) -> Names {
    let mut mentions = Mentions::default();
    mentions.add(quote(of));
    mentions.all
}

/// Names in tokens.
#[derive(Default)]
struct Mentions {
    all: Names,
    /// Those that do not follow a dot.
    free: Names,
}

impl Mentions {
    fn add(&mut self, tokens: TokenStream) {
        // `a.b` names a field, `a..b` does not.
        let mut dots = 0;
        for token in tokens {
            let is_member = dots == 1;
            dots = match &token {
                TokenTree::Punct(punct) if punct.as_char() == '.' => dots + 1,
                _ => 0,
            };
            match token {
                TokenTree::Ident(name) => {
                    let name = plain_name(&name);
                    if !is_member {
                        self.free.insert(name.clone());
                    }
                    self.all.insert(name);
                }
                TokenTree::Group(group) => self.add(group.stream()),
                TokenTree::Literal(literal) => self.add_text(&literal.to_string()),
                TokenTree::Punct(_) => {}
            }
        }
    }

    /// The names in the braces of a format string: `{x}`, `{x:?}`, `{:width$}`.
    fn add_text(&mut self, text: &str) {
        if !text.ends_with(['"', '#']) {
            return;
        }
        for piece in text.split('{').skip(1) {
            let inside = piece.split('}').next().unwrap_or_default();
            for word in inside.split(|it: char| !it.is_alphanumeric() && it != '_') {
                if word.starts_with(|it: char| it.is_alphabetic() || it == '_') {
                    self.free.insert(word.to_string());
                    self.all.insert(word.to_string());
                }
            }
        }
    }
}

/// `r#type` and `type` are one name.
pub fn plain_name(name: &proc_macro2::Ident) -> String {
    let text = name.to_string();
    text.strip_prefix("r#").map_or(text.clone(), str::to_string)
}

/// The variables that a pattern binds. A name in capitals, or one with a path, is a constant or a variant.
#[derive(Default)]
struct Bindings {
    found: Vec<Binding>,
}

impl Visit<'_> for Bindings {
    fn visit_pat_ident(&mut self, pattern: &syn::PatIdent) {
        let name = plain_name(&pattern.ident);
        let is_variable = !name.starts_with(char::is_uppercase) || pattern.by_ref.is_some();
        if is_variable && self.found.iter().all(|it| it.name != name) {
            self.found.push(Binding { name, is_mutable: pattern.mutability.is_some() });
        }
        visit::visit_pat_ident(self, pattern);
    }

    // Blocks in constants of patterns bind for themselves.
    fn visit_expr(&mut self, _: &Expr) {}
}

fn awaits(statements: &[Stmt]) -> bool {
    let mut search = Awaits::default();
    statements.iter().for_each(|statement| search.visit_stmt(statement));
    search.found
}

/// Looks for `.await` outside of functions, closures and async blocks.
#[derive(Default)]
struct Awaits {
    found: bool,
}

impl Visit<'_> for Awaits {
    fn visit_expr_await(&mut self, _: &syn::ExprAwait) {
        self.found = true;
    }

    fn visit_macro(&mut self, call: &syn::Macro) {
        let is_awaiting = |name: &proc_macro2::Ident| AWAITING_MACROS.iter().any(|it| name == it);
        let is_known = call.path.segments.len() > 1
            && call.path.segments.last().is_some_and(|it| is_awaiting(&it.ident));
        self.found |= is_known || awaits_in(call.tokens.clone());
    }

    fn visit_item(&mut self, _: &syn::Item) {}
    fn visit_expr_closure(&mut self, _: &syn::ExprClosure) {}
    fn visit_expr_async(&mut self, _: &syn::ExprAsync) {}
}

/// Whether tokens of a macro say `.await`, outside of blocks.
fn awaits_in(tokens: TokenStream) -> bool {
    let mut after_dot = false;
    for token in tokens {
        let found = match &token {
            TokenTree::Ident(name) => after_dot && name == "await",
            TokenTree::Group(group) => {
                group.delimiter() != proc_macro2::Delimiter::Brace && awaits_in(group.stream())
            }
            _ => false,
        };
        if found {
            return true;
        }
        after_dot = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '.');
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken_apart(code: &str) -> Parsed {
        parse(code, &ItemMacros::new()).unwrap()
    }

    fn bound(code: &str) -> Vec<String> {
        let parsed = taken_apart(code);
        let binds = parsed.statements.iter().flat_map(|it| &it.binds);
        binds.map(|it| format!("{}{}", if it.is_mutable { "mut " } else { "" }, it.name)).collect()
    }

    /// Every pattern's variables are found, and nothing else.
    #[test]
    fn bindings() {
        assert_eq!(bound("let x = 1; let mut y = 2;"), ["x", "mut y"]);
        assert_eq!(bound("let (a, mut b) = (1, 2); let P { c, d: e, .. } = p;"), ["a", "mut b", "c", "e"]);
        assert_eq!(bound("let Some(v) = o else { let inner = 1; panic!() };"), ["v"]);
        assert_eq!(
            bound("let [first, .., last @ 1..=3] = l; let _ = 1; let None = o else { return Ok(()) };"),
            ["first", "last"]
        );
        assert_eq!(bound("{ let hidden = 1; } if true { let b = 2; }"), [] as [&str; 0]);
    }

    /// What would overflow the parser's stack is left to the compiler; long texts and deep ones in strings are not.
    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
        assert!(
            parse(&nested(150), &ItemMacros::new()).is_ok()
                && parse(&nested(100_000), &ItemMacros::new()).is_err()
        );
        assert!(parse(&format!("{}true", "!".repeat(100_000)), &ItemMacros::new()).is_err());
        assert!(parse(&format!("f({:?});", "(".repeat(100_000)), &ItemMacros::new()).is_ok());
        assert!(parse(&"a - b; ".repeat(1000), &ItemMacros::new()).is_ok());
    }

    /// The last expression counts as the cell's value unless it cannot have one.
    #[test]
    fn tails() {
        let tail = |code: &str| taken_apart(code).tail.map(|range| code[range].to_string());
        assert_eq!(tail("let x = 1; x + 1"), Some("x + 1".to_string()));
        assert_eq!(tail("vec![1]"), Some("vec![1]".to_string()));
        assert_eq!(tail("match x { _ => 1 }"), Some("match x { _ => 1 }".to_string()));
        for none in
            ["x;", "println!(\"a\")", "for i in 0..3 {}", "let x = 1;", "fn f() {}", "vec![1];", "x = 3"]
        {
            assert_eq!(tail(none), None, "{none}");
        }
    }

    /// Calls of macros that make items are items, of others statements.
    #[test]
    fn calls() {
        let kinds = |code: &str| (taken_apart(code).items.len() - 1, taken_apart(code).statements.len());
        assert_eq!(
            kinds("macro_rules! m { ($n:ident) => { #[derive(Debug)] pub struct $n; } } m!(A);"),
            (1, 0)
        );
        assert_eq!(kinds("macro_rules! m { ($($t:ty),*) => { $(impl T for $t {})* } } m!(A, B);"), (1, 0));
        assert_eq!(kinds("macro_rules! m { ($n:ident) => {{ struct $n; 1 }} } m!(A);"), (0, 1));
        assert_eq!(kinds("macro_rules! m { (a) => { fn f() {} }; (b) => { 1 } } m!(b);"), (0, 1));
    }

    /// A variable is mentioned by its name, in macros and in format strings too; a statement does not mention what it binds.
    #[test]
    fn mentions() {
        let parsed = taken_apart("let x = y + f(z); println!(\"{a} {:b$} {{\", c.d)");
        let names: Vec<Vec<&str>> =
            parsed.statements.iter().map(|it| it.mentions.iter().map(String::as_str).collect()).collect();
        assert_eq!(names, [vec!["f", "y", "z"], vec!["a", "b", "c", "d", "println"]]);
        let free = taken_apart("a.b(c..d)").statements[0].free.clone();
        assert_eq!(free.iter().map(String::as_str).collect::<Vec<_>>(), ["a", "c", "d"]);
        assert!(taken_apart("let x = x + 1;").statements[0].mentions.contains("x"));
    }

    /// Waiting at the top level is told from waiting inside something that waits by itself.
    #[test]
    fn awaiting() {
        for waiting in [
            "f().await",
            "let x = f().await?;",
            "println!(\"{}\", f().await)",
            "tokio::join!(a, b);",
            "if true { f().await; }",
        ] {
            assert!(taken_apart(waiting).awaits, "{waiting}");
        }
        for not in
            ["async fn f() { g().await }", "let f = async { g().await };", "let f = async || g().await;", "1"]
        {
            assert!(!taken_apart(not).awaits, "{not}");
        }
    }
}
