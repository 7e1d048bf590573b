//! How wide a text is and where it may be cut, in cells of a font whose letters are all equally wide.
//!
//! The tables are rough on purpose: they decide where labels go and how a text picture lines up, not how letters look.

/// The width of `text` in cells: two for most letters of East Asia and for emoji, none for marks that join or combine.
pub fn cells(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(cells_of).sum() }
}

/// `text` if it fits into `room` cells, else its beginning with an ellipsis. At least one letter stays.
pub fn cut(text: &str, room: usize) -> String {
    cut_with(text, room, "…")
}

/// Like [`cut`], with another sign for what is missing.
pub fn cut_with(text: &str, room: usize, sign: &str) -> String {
    if cells(text) <= room {
        return text.to_owned();
    }
    let room = room.saturating_sub(cells(sign)).max(1);
    let kept = &text[..prefix(text, room)];
    // A joiner with nothing to join, or an opened pair with nothing in it, is left behind by the cut.
    let kept = kept.trim_end_matches(|end| cells_of(end) == 0 || matches!(end, ' ' | '{' | '(' | '[' | ','));
    if kept.is_empty() { sign.to_owned() } else { format!("{kept}{sign}") }
}

/// `text` in lines of at most `room` cells, broken at spaces where there are any.
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let mut word = word.to_owned();
        if !line.is_empty() && cells(&line) + 1 + cells(&word) > room {
            lines.push(std::mem::take(&mut line));
        }
        while cells(&word) > room {
            let rest = word.split_off(prefix(&word, room));
            lines.push(std::mem::replace(&mut word, rest));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// How many bytes of `text` fit into `room` cells; one letter at least, and none is torn from its marks.
fn prefix(text: &str, room: usize) -> usize {
    let mut used = 0;
    for (at, character) in text.char_indices() {
        used += cells_of(character);
        if used > room && at > 0 {
            return at;
        }
    }
    text.len()
}

fn cells_of(character: char) -> usize {
    match character as u32 {
        0x0300..=0x036F | 0x0591..=0x05C7 | 0x064B..=0x065F | 0x200C..=0x200D | 0x20D0..=0x20F0 => 0,
        0xFE00..=0xFE0F | 0x1F3FB..=0x1F3FF => 0,
        0x1100..=0x115F | 0x2E80..=0x303E | 0x3041..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF => 2,
        0xFE30..=0xFE6F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 => 2,
        0x1F1E6..=0x1F1FF | 0x1F300..=0x1F64F | 0x1F680..=0x1F6FF | 0x1F900..=0x1FAFF | 0x20000..=0x3FFFD => {
            2
        }
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_fits_and_says_so() {
        // Whatever the text, what is left is no wider than the room and ends with the sign.
        for text in
            ["Append { term: 3, entries: [] }", "日本語日本語日本語", "👩\u{200d}🚀👩\u{200d}🚀👩\u{200d}🚀"]
        {
            for room in 3..12 {
                let short = cut(text, room);
                assert!(cells(&short) <= room.max(cells(text).min(3)), "{short:?} in {room}");
                assert!(short.ends_with('…'), "{short:?}");
            }
        }
        assert_eq!(cut("Append { term: 3 }", 16), "Append { term:…");
        assert_eq!(cut("Append { term: 3 }", 10), "Append…");
        assert_eq!(cut("hello", 5), "hello");
    }

    #[test]
    fn wrapped_lines_fit_and_lose_nothing() {
        // Words stay whole where they fit; longer ones are broken.
        assert_eq!(wrap("Greeter { heard: 2 }", 9), ["Greeter {", "heard: 2", "}"]);
        assert_eq!(wrap("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        for line in wrap("日本語日本語 x 日本語", 5) {
            assert!(cells(&line) <= 5, "{line}");
        }
    }

    #[test]
    fn wide_and_joining_characters_are_counted_as_such() {
        // What text columns rest on.
        assert_eq!((cells("ab"), cells("日本"), cells("e\u{301}"), cells("🚀")), (2, 4, 1, 2));
    }
}
