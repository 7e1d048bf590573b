//! A small judge of XML: whether a text is one well-formed element, and what it holds.
//!
//! It knows what the pictures use: elements, attributes in double quotes, the five named entities and text. All else, comments
//! and processing instructions among them, it refuses.

/// What a well-formed picture holds.
#[derive(Debug, Default)]
pub struct Content {
    /// Every element's name, in order.
    pub elements: Vec<String>,
    /// Every attribute's name and value, entities resolved.
    pub attributes: Vec<(String, String)>,
    /// Every text between tags that is not blank, entities resolved.
    pub texts: Vec<String>,
}

/// Reads a document; an error says what is wrong and where.
pub fn read(document: &str) -> Result<Content, String> {
    let mut content = Content::default();
    let mut open: Vec<String> = Vec::new();
    let mut rest = document;
    if let Some(bad) = document.chars().find(|&character| !is_allowed(character)) {
        return Err(format!("{bad:?} is no character of XML"));
    }
    while let Some(start) = rest.find('<') {
        text(&rest[..start], open.is_empty(), &mut content)?;
        let end = start + rest[start..].find('>').ok_or("a tag that never ends")?;
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop().as_deref() != Some(name) {
                return Err(format!("</{name}> closes what is not open"));
            }
            continue;
        }
        if open.is_empty() && !content.elements.is_empty() {
            return Err(format!("<{tag}> stands beside the root"));
        }
        let (inside, alone) = tag.strip_suffix('/').map_or((tag, false), |inside| (inside, true));
        let name = inside.split([' ', '\n']).next().unwrap_or_default();
        if name.is_empty() || !name.chars().all(|letter| letter.is_ascii_alphanumeric()) {
            return Err(format!("<{tag}> has no name"));
        }
        attributes(&inside[name.len()..], &mut content)?;
        content.elements.push(name.to_owned());
        if !alone {
            open.push(name.to_owned());
        }
    }
    text(rest, true, &mut content)?;
    match open.pop() {
        Some(name) => Err(format!("<{name}> is never closed")),
        None => Ok(content),
    }
}

fn text(raw: &str, outside: bool, content: &mut Content) -> Result<(), String> {
    if raw.trim().is_empty() {
        return Ok(());
    }
    if outside {
        return Err(format!("text outside of the root: {raw:?}"));
    }
    content.texts.push(resolve(raw)?);
    Ok(())
}

fn attributes(raw: &str, content: &mut Content) -> Result<(), String> {
    let mut rest = raw.trim();
    let mut seen = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").ok_or_else(|| format!("no attribute: {rest:?}"))?;
        let (value, after) = after.split_once('"').ok_or_else(|| format!("{name} is never closed"))?;
        if name.is_empty() || !name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-') {
            return Err(format!("{name:?} names no attribute"));
        }
        if seen.contains(&name) {
            return Err(format!("{name} stands twice in one tag"));
        }
        if !after.is_empty() && !after.starts_with(char::is_whitespace) {
            return Err(format!("no blank after {name}"));
        }
        seen.push(name);
        content.attributes.push((name.to_owned(), resolve(value)?));
        rest = after.trim_start();
    }
    Ok(())
}

fn resolve(raw: &str) -> Result<String, String> {
    let mut resolved = String::new();
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        resolved.push_str(&rest[..at]);
        let end = rest[at..].find(';').ok_or_else(|| format!("an entity that never ends: {rest:?}"))?;
        resolved.push(match &rest[at + 1..at + end] {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "#39" => '\'',
            other => return Err(format!("&{other}; is no entity")),
        });
        rest = &rest[at + end + 1..];
    }
    resolved.push_str(rest);
    Ok(resolved)
}

fn is_allowed(character: char) -> bool {
    matches!(character, '\n' | '\t' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
