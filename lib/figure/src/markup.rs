//! Texts of users on a page: made visible where they are not, and harmless where markup would take them for its own.
//!
//! What a message says is the student's business, and may be anything: angle brackets, a newline, a character that turns the
//! reading direction of all that follows. Pictures show it as it is, and nothing of it is ever taken for markup.

use std::fmt::Write;

/// `text` on one line, with every character that has no picture of its own replaced by one.
///
/// A newline becomes `↵`; other control characters, marks of reading direction that would disorder their surroundings, and
/// what XML forbids become their number.
///
/// ```
/// use netsplit_figure::markup::visible;
/// assert_eq!(visible("a\nb\u{202e}c\0"), "a↵b\\u{202e}c\\u{0}");
/// ```
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => shown.push('↵'),
            '\t' => shown.push(' '),
            _ if has_no_picture(character) => {
                let _ = write!(shown, "\\u{{{:x}}}", character as u32);
            }
            _ => shown.push(character),
        }
    }
    shown
}

/// `text` made [`visible`] and escaped for the content of elements and for quoted attributes of XML and HTML.
///
/// ```
/// use netsplit_figure::markup::escape;
/// assert_eq!(escape("<b a=\"1\">&'"), "&lt;b a=&quot;1&quot;&gt;&amp;&#39;");
/// ```
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

fn has_no_picture(character: char) -> bool {
    let number = character as u32;
    character.is_control()
        || matches!(number, 0x2028 | 0x2029 | 0xFEFF)                        // separators, byte order mark
        || matches!(number, 0x200B | 0x200E | 0x200F | 0x061C)               // zero width space, direction marks
        || matches!(number, 0x202A..=0x202E | 0x2066..=0x2069)               // embedding and isolation
        || (number & 0xFFFE) == 0xFFFE                                       // non-characters: XML forbids some
        || matches!(number, 0xFDD0..=0xFDEF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_taken_for_markup() {
        // Every ASCII character: what comes out holds no raw bracket, quote, or control character.
        let all: String = (0..128u8).map(char::from).collect();
        let escaped = escape(&all);
        assert!(!escaped.contains(['<', '>', '"', '\'']));
        assert!(!escaped.chars().any(char::is_control));
        let ampersands = escaped.match_indices('&').map(|(at, _)| &escaped[at..]);
        for entity in ampersands {
            assert!(
                ["&lt;", "&gt;", "&amp;", "&quot;", "&#39;"].iter().any(|known| entity.starts_with(known))
            );
        }
    }

    #[test]
    fn letters_of_every_script_stay() {
        // Only what cannot be seen is replaced: a name is not made unreadable for being foreign, an emoji keeps its joiners.
        for text in ["naïve", "שלום", "日本語", "👩\u{200d}🚀", "x = 1"] {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn what_cannot_be_seen_becomes_its_number() {
        // Marks of direction and width, and what XML does not allow at all.
        for hidden in [
            '\u{feff}',
            '\u{200b}',
            '\u{200f}',
            '\u{2066}',
            '\u{2028}',
            '\u{fffe}',
            '\u{1ffff}',
            '\u{fdd0}',
            '\u{85}',
        ] {
            assert_eq!(visible(&hidden.to_string()), format!("\\u{{{:x}}}", hidden as u32));
        }
    }

    #[test]
    fn no_line_of_a_text_can_end_a_rich_output() {
        // The end marker stands on a line of its own: a text that holds it stays on one line with what is around it.
        assert_eq!(visible("x\nEVCXR_END_CONTENT").lines().count(), 1);
    }
}
