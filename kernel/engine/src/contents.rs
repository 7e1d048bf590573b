//! Finds rich contents in what a cell prints: by a convention of `evcxr`, a type shows itself by printing each of its forms
//! between two marker lines, and the types of many crates do.
//!
//! Text is passed on at once, also without a newline, unless it may be the beginning of a mark. A mark counts at the *end* of
//! a line too, since text that was printed without a newline stands before it. Nothing else in the output means anything.

/// What every mark begins with.
const MARK: &str = "EVCXR_BEGIN_CONTENT ";
const CONTENT_ENDS: &str = "EVCXR_END_CONTENT";

/// What was printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text.
    Text(String),
    /// Something to show.
    Content {
        /// Its MIME type.
        mime: String,
        /// The content.
        text: String,
    },
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

    /// Nothing more comes: what is left is text, an unfinished content among it.
    pub fn end(&mut self) -> Option<Piece> {
        let mut rest = match self.content.take() {
            Some(content) => format!("{MARK}{}\n{}", content.mime, content.lines.join("\n")),
            None => String::new(),
        };
        rest += &String::from_utf8_lossy(&std::mem::take(&mut self.line));
        (!rest.is_empty()).then_some(Piece::Text(rest))
    }

    fn line(&mut self, with_newline: &str, pieces: &mut Vec<Piece>) {
        let line = with_newline.trim_end_matches('\n');
        if let Some(mut content) = self.content.take() {
            if line == CONTENT_ENDS {
                return pieces.push(Piece::Content { mime: content.mime, text: content.lines.join("\n") });
            }
            content.lines.push(line.to_string());
            self.content = Some(content);
        } else if let Some((before, mime)) = line.split_once(MARK) {
            push_text(before.to_string(), pieces);
            self.content = Some(Content { mime: mime.trim().to_string(), lines: Vec::new() });
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

    fn whole(chunks: &[&[u8]]) -> Vec<Piece> {
        let mut printed = Printed::default();
        let mut together = Vec::new();
        let pieces: Vec<Piece> = chunks.iter().flat_map(|chunk| printed.feed(chunk)).collect();
        for piece in pieces.into_iter().chain(printed.end()) {
            match piece {
                Piece::Text(text) => push_text(text, &mut together),
                other => together.push(other),
            }
        }
        together
    }

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_string())
    }

    fn content(mime: &str, text: &str) -> Piece {
        Piece::Content { mime: mime.to_string(), text: text.to_string() }
    }

    /// Contents are found, also after text without a newline; other marks of evcxr are text like any other.
    #[test]
    fn contents_and_text() {
        let printed =
            "a\nbEVCXR_BEGIN_CONTENT text/html\n<b>\n</b>\nEVCXR_END_CONTENT\nEVCXR_EXECUTION_COMPLETE\nc";
        let expected = [text("a\nb"), content("text/html", "<b>\n</b>"), text("EVCXR_EXECUTION_COMPLETE\nc")];
        assert_eq!(whole(&[printed.as_bytes()]), expected);
    }

    /// A content that is never finished is not lost.
    #[test]
    fn unfinished_contents_are_text() {
        assert_eq!(whole(&[b"EVCXR_BEGIN_CONTENT x\ny\nz"]), [text("EVCXR_BEGIN_CONTENT x\nyz")]);
    }

    proptest! {
        /// Wherever the stream is cut into chunks, the same comes out.
        #[test]
        fn chunks_do_not_matter(cuts in prop::collection::vec(0..90_usize, 0..6)) {
            let printed = "é\nbEVCXR_BEGIN_CONTENT text/html\n<b>é</b>\nEVCXR_END_CONTENT\nEVCXR_\u{1F600}tail".as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|it| it.min(printed.len())).collect();
            cuts.sort();
            let mut chunks = Vec::new();
            let mut from = 0;
            for cut in cuts {
                chunks.push(&printed[from..cut]);
                from = cut;
            }
            chunks.push(&printed[from..]);
            prop_assert_eq!(whole(&chunks), whole(&[printed]));
        }
    }
}
