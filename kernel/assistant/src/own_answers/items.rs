//! The notebook's items, as their own source describes them: found token by token, for which no item has to be valid.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::protocol::Detail;

/// One item with a name.
pub struct Item {
    /// Its name, without the `!` of a macro.
    pub name: String,
    /// What it is, in the words of a completion.
    pub kind: &'static str,
    /// Whether it is reached through a type or a value.
    pub is_member: bool,
    is_macro: bool,
    signature: String,
    documentation: String,
}

impl Item {
    /// What is inserted for it.
    pub fn insertion(&self) -> String {
        format!("{}{}", self.name, if self.is_macro { "!" } else { "" })
    }

    /// Its signature, and as much of its documentation as is wanted.
    pub fn describe(&self, detail: Detail) -> String {
        let documentation = match detail {
            Detail::Brief => self.documentation.split("\n\n").next().unwrap_or_default(),
            Detail::Full => &self.documentation,
        };
        format!("{}\n\n{documentation}", self.signature).trim_end().to_string()
    }
}

/// All items with names, functions of `impl` blocks included; none if the text does not even consist of tokens.
pub fn of(source: &str) -> Vec<Item> {
    let mut items = Vec::new();
    if let Ok(tokens) = source.parse::<TokenStream>() {
        collect(tokens, source, false, &mut items);
    }
    // The places of tokens are remembered until somebody says that they are not needed.
    proc_macro2::extra::invalidate_current_thread_spans();
    items
}

fn collect(tokens: TokenStream, source: &str, is_member: bool, items: &mut Vec<Item>) {
    let mut tokens = tokens.into_iter().peekable();
    while tokens.peek().is_some() {
        let documentation = documentation(&mut tokens, source);
        let mut item = Vec::new();
        for token in tokens.by_ref() {
            let (is_semicolon, is_block) = (is_sign(&token, ';'), is_block(&token));
            item.push(token);
            // A constant goes on behind a block; what else has one ends with it.
            if is_semicolon || is_block && !matches!(kind_and_name(&item), Some(("instance", ..))) {
                break;
            }
        }
        if let Some(TokenTree::Group(block)) = item.last()
            && item.iter().any(|token| is_word(token, "impl"))
            && kind_and_name(&item).is_none()
        {
            collect(block.stream(), source, true, items);
        }
        items.extend(described(&item, source, is_member, documentation));
    }
}

/// Takes the attributes before an item, and gives the text of those that are documentation.
fn documentation(tokens: &mut std::iter::Peekable<impl Iterator<Item = TokenTree>>, source: &str) -> String {
    let mut lines = Vec::new();
    while let Some(sign) = tokens.next_if(|token| is_sign(token, '#')) {
        // The tokens of a `///` all stand where the whole line does.
        let line = source.get(sign.span().byte_range()).unwrap_or_default().trim_end();
        lines.extend(line.strip_prefix("///").map(|text| text.strip_prefix(' ').unwrap_or(text)));
        tokens.next_if(|token| is_sign(token, '!'));
        tokens.next_if(|token| matches!(token, TokenTree::Group(_)));
    }
    lines.join("\n")
}

fn described(item: &[TokenTree], source: &str, is_member: bool, documentation: String) -> Option<Item> {
    let (kind, name, is_macro) = kind_and_name(item)?;
    // What a type consists of is part of it; what a function does is not.
    let ends_before_block =
        ["fn", "mod", "macro_rules"].iter().any(|word| item.iter().any(|it| is_word(it, word)));
    let parts = item.iter().take_while(|token| !(ends_before_block && is_block(token)));
    let end = parts.last()?.span().byte_range().end;
    let signature = source.get(item.first()?.span().byte_range().start..end).unwrap_or_default();
    let signature = signature.trim_end_matches(';').to_string();
    Some(Item { name, kind, is_member, is_macro, signature, documentation })
}

/// What an item is, by its first keyword, its name, and whether it is a macro.
fn kind_and_name(item: &[TokenTree]) -> Option<(&'static str, String, bool)> {
    for (at, token) in item.iter().enumerate() {
        let TokenTree::Ident(word) = token else { continue };
        let kind = match word.to_string().as_str() {
            "fn" | "macro_rules" => "function",
            "struct" | "enum" | "trait" | "type" => "class",
            "union" if matches!(item.get(at + 1), Some(TokenTree::Ident(_))) => "class",
            "mod" => "module",
            "const" | "static" => "instance",
            "impl" | "use" => return None,
            _ => continue,
        };
        let mut rest = item[at + 1..].iter().filter(|token| !is_sign(token, '!') && !is_word(token, "mut"));
        match rest.next() {
            // `const fn`, `const unsafe fn`: the keyword that counts is still to come.
            Some(TokenTree::Ident(name))
                if !["fn", "unsafe", "async", "extern"].iter().any(|it| name == it) =>
            {
                return Some((kind, name.to_string(), word == "macro_rules"));
            }
            _ => continue,
        }
    }
    None
}

fn is_sign(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(it) if it.as_char() == sign)
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(it) if it == word)
}

fn is_block(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(it) if it.delimiter() == Delimiter::Brace)
}
