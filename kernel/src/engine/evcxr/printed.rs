//! Takes apart what the process that runs the cells prints on its stdout.
//!
//! evcxr uses the cell's own stdout for its protocol: marks on lines of their own say that a cell panicked, that it has
//! ended, that rich content begins. [`Printed`] tells those from the cell's text, as bytes come in: text is passed on at
//! once, also without a newline, unless it may be the beginning of a mark. A mark counts at the *end* of a line too,
//! since text that was printed without a newline stands before it.

/// The cell has ended.
pub const COMPLETE: &str = "EVCXR_EXECUTION_COMPLETE";
/// The cell has panicked.
pub const PANICKED: &str = "EVCXR_PANIC_NOTIFICATION";
/// A `?` has left the cell early.
pub const RETURNED_ERROR: &str = "EVCXR_ERROR_OCCURRED";
/// What every mark begins with.
const MARK: &str = "EVCXR_";
const CONTENT_BEGINS: &str = "EVCXR_BEGIN_CONTENT ";
const CONTENT_ENDS: &str = "EVCXR_END_CONTENT";
/// Marks that evcxr itself must see, with what follows them on their line.
const FOR_EVCXR: [&str; 2] = ["EVCXR_VARIABLE_CHANGED_TYPE:", "EVCXR_INPUT_REQUEST"];

/// What was printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The cell's text.
    Text(String),
    /// Something to show.
    Content {
        /// Its MIME type.
        mime: String,
        /// The content.
        text: String,
    },
    /// [`PANICKED`].
    Panicked,
    /// [`RETURNED_ERROR`].
    ReturnedError,
    /// [`COMPLETE`].
    Complete,
    /// A line for evcxr.
    ForEvcxr(String),
}

/// What has been printed and not been understood yet.
#[derive(Debug, Default)]
pub struct Printed {
    line: Vec<u8>,
    content: Option<Content>,
}

#[derive(Debug)]
struct Content {
    mime: String,
    lines: Vec<String>,
}

impl Printed {
    /// More bytes come in; whatever can be understood comes out.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
                self.line(&line, &mut pieces);
            }
        }
        if self.content.is_none() {
            let text = take_text(&mut self.line);
            push_text(text, &mut pieces);
        }
        pieces
    }

    /// Nothing more comes: what is left is text.
    pub fn end(&mut self) -> Option<Piece> {
        let rest = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        (!rest.is_empty()).then_some(Piece::Text(rest))
    }

    fn line(&mut self, with_newline: &str, pieces: &mut Vec<Piece>) {
        let line = with_newline.trim_end_matches('\n');
        if let Some(mut content) = self.content.take() {
            if line == CONTENT_ENDS {
                return pieces.push(Piece::Content { mime: content.mime, text: content.lines.join("\n") });
            }
            if !line.ends_with(PANICKED) {
                content.lines.push(line.to_string());
                self.content = Some(content);
                return;
            }
        }
        let marks = [
            (COMPLETE, Piece::Complete),
            (PANICKED, Piece::Panicked),
            (RETURNED_ERROR, Piece::ReturnedError),
        ];
        for (mark, piece) in marks {
            if let Some(before) = line.strip_suffix(mark) {
                push_text(before.to_string(), pieces);
                return pieces.push(piece);
            }
        }
        if let Some((before, mime)) = line.split_once(CONTENT_BEGINS) {
            push_text(before.to_string(), pieces);
            self.content = Some(Content { mime: mime.trim().to_string(), lines: Vec::new() });
        } else if let Some(at) = FOR_EVCXR.iter().find_map(|mark| line.find(mark)) {
            push_text(line[..at].to_string(), pieces);
            pieces.push(Piece::ForEvcxr(line[at..].to_string()));
        } else {
            push_text(with_newline.to_string(), pieces);
        }
    }
}

fn push_text(text: String, pieces: &mut Vec<Piece>) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Text(before)) => before.push_str(&text),
        _ => pieces.push(Piece::Text(text)),
    }
}

/// Takes what is certainly text from the front of an unfinished line: everything before what is, or may become, a mark.
fn take_text(line: &mut Vec<u8>) -> String {
    let mark = MARK.as_bytes();
    let certain = match line.windows(mark.len()).position(|window| window == mark) {
        Some(at) => at,
        None => {
            let may_begin = (1..mark.len()).rev().find(|length| line.ends_with(&mark[..*length]));
            line.len() - may_begin.unwrap_or(0)
        }
    };
    let mut certain_bytes: Vec<u8> = line.drain(..certain).collect();
    let text = take_utf8(&mut certain_bytes);
    line.splice(0..0, certain_bytes);
    text
}

/// Takes all whole characters; the bytes of one that has not come in entirely stay.
pub fn take_utf8(bytes: &mut Vec<u8>) -> String {
    let incomplete = match std::str::from_utf8(bytes) {
        Ok(_) => 0,
        Err(error) if error.error_len().is_none() => bytes.len() - error.valid_up_to(),
        // What is no UTF-8 anywhere becomes replacement characters, but for a character cut off at the very end.
        Err(_) => (1..4.min(bytes.len() + 1))
            .find(|length| {
                let tail = &bytes[bytes.len() - length..];
                tail[0] >= 0xC0 && std::str::from_utf8(tail).is_err_and(|error| error.error_len().is_none())
            })
            .unwrap_or(0),
    };
    let rest = bytes.split_off(bytes.len() - incomplete);
    String::from_utf8_lossy(&std::mem::replace(bytes, rest)).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_string())
    }

    fn content(mime: &str, text: &str) -> Piece {
        Piece::Content { mime: mime.to_string(), text: text.to_string() }
    }

    fn whole(bytes: &[u8]) -> Vec<Piece> {
        let mut printed = Printed::default();
        let mut pieces = printed.feed(bytes);
        pieces.extend(printed.end());
        joined(pieces)
    }

    fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
        let mut together = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => push_text(text, &mut together),
                other => together.push(other),
            }
        }
        together
    }

    /// Marks are understood on lines of their own and after text without a newline.
    #[test]
    fn marks_and_text() {
        assert_eq!(whole(b"a\nEVCXR_EXECUTION_COMPLETE\n"), [text("a\n"), Piece::Complete]);
        assert_eq!(whole(b"aEVCXR_EXECUTION_COMPLETE\n"), [text("a"), Piece::Complete]);
        assert_eq!(whole(b"EVCXR_PANIC_NOTIFICATION\n"), [Piece::Panicked]);
        assert_eq!(whole(b"x EVCXR_ERROR_OCCURRED\ny"), [text("x "), Piece::ReturnedError, text("y")]);
        assert_eq!(whole(b"EVCXR_MAGIC\n"), [text("EVCXR_MAGIC\n")]);
        let changed = "EVCXR_VARIABLE_CHANGED_TYPE:v";
        assert_eq!(whole(format!("{changed}\n").as_bytes()), [Piece::ForEvcxr(changed.to_string())]);
    }

    /// Contents keep their lines, may follow text without a newline, and end with a panic.
    #[test]
    fn contents() {
        let svg = b"hi EVCXR_BEGIN_CONTENT image/svg+xml\n<svg>\n\n</svg>\nEVCXR_END_CONTENT\n";
        assert_eq!(whole(svg), [text("hi "), content("image/svg+xml", "<svg>\n\n</svg>")]);
        assert_eq!(whole(b"EVCXR_BEGIN_CONTENT a/b\nEVCXR_END_CONTENT\n"), [content("a/b", "")]);
        let panicking = b"EVCXR_BEGIN_CONTENT a/b\nx\nEVCXR_PANIC_NOTIFICATION\nafter\n";
        assert_eq!(whole(panicking), [Piece::Panicked, text("after\n")]);
    }

    /// Text is passed on before its line is whole, but for what may be the beginning of a mark or of a character.
    #[test]
    fn text_does_not_wait_for_its_newline() {
        let mut printed = Printed::default();
        assert_eq!(printed.feed(b"50%.."), [text("50%..")]);
        assert_eq!(printed.feed(b" EVC"), [text(" ")]);
        assert_eq!(printed.feed(b"ORD"), [text("EVCORD")]);
        assert_eq!(printed.feed(&"é".as_bytes()[..1]), []);
        assert_eq!(printed.feed(&"é".as_bytes()[1..]), [text("é")]);
        assert_eq!(printed.feed(b"EVCXR_EXEC"), []);
        assert_eq!(printed.feed(b"UTION_COMPLETE\n"), [Piece::Complete]);
    }

    /// Bytes that are no UTF-8 become replacement characters and hold up nothing.
    #[test]
    fn other_bytes_are_replaced() {
        let mut bytes = b"a\xffb\xc3".to_vec();
        assert_eq!((take_utf8(&mut bytes).as_str(), bytes.as_slice()), ("a\u{fffd}b", b"\xc3".as_slice()));
        let mut only_bad = vec![0xff; 5];
        assert_eq!((take_utf8(&mut only_bad).chars().count(), only_bad.len()), (5, 0));
    }

    proptest! {
        /// However the bytes are cut into pieces, the same is understood.
        #[test]
        fn cuts_do_not_matter(parts in proptest::collection::vec(part(), 0..8), cuts in proptest::collection::vec(0..200_usize, 0..8)) {
            let bytes = parts.concat().into_bytes();
            let mut printed = Printed::default();
            let (mut pieces, mut from) = (Vec::new(), 0);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            cuts.push(bytes.len());
            for cut in cuts {
                pieces.extend(printed.feed(&bytes[from..cut]));
                from = cut;
            }
            pieces.extend(printed.end());
            prop_assert_eq!(joined(pieces), whole(&bytes));
        }
    }

    fn part() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("EVCXR_EXECUTION_COMPLETE\n".to_string()),
            Just("EVCXR_PANIC_NOTIFICATION\n".to_string()),
            Just("EVCXR_BEGIN_CONTENT text/plain\n".to_string()),
            Just("EVCXR_END_CONTENT\n".to_string()),
            Just("EVCXR_".to_string()),
            Just("EVC".to_string()),
            Just("\n".to_string()),
            "[aéE_\n]{0,6}",
        ]
    }
}
