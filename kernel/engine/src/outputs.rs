//! What a cell puts out while it runs: what it prints, taken apart and bounded, and what it shows.

use netsplit_control::Showing;
use serde_json::{Map, Value};

use crate::contents::{Piece, Printed};
use crate::engine::Audience;
pub use crate::host::Stream;

/// A value in several forms, by MIME type.
pub type Bundle = Map<String, Value>;

/// How much text of a cell is passed on; a front end is of no use to anybody long before.
const MOST_TEXT: usize = 10 << 20;

/// How much of stderr is remembered: the last words of a process say why it died.
const LAST_ERRORS: usize = 1 << 10;

/// What a cell puts out.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Text.
    Text(Stream, String),
    /// Something to show.
    Display {
        /// Its forms.
        data: Bundle,
        /// The name by which it can be replaced.
        id: Option<String>,
        /// Whether it replaces what was shown under that name.
        is_update: bool,
    },
    /// The value of the last expression.
    Result(Bundle),
    /// Something to read beside the notebook.
    Page(String),
    /// Take back what was shown.
    Clear {
        /// Not before something new comes.
        wait: bool,
    },
}

/// What has come from a cell.
#[derive(Default)]
pub struct Outputs {
    printed: [Printed; 2],
    bundle: Bundle,
    is_result: bool,
    has_result: bool,
    length: usize,
    is_cut: bool,
    last_errors: String,
}

impl Outputs {
    /// The cell has printed.
    pub fn printed(&mut self, stream: Stream, bytes: &[u8], to: &mut dyn Audience) {
        for piece in self.printed[stream as usize].feed(bytes) {
            self.piece(stream, piece, to);
        }
    }

    fn piece(&mut self, stream: Stream, piece: Piece, to: &mut dyn Audience) {
        match piece {
            Piece::Text(text) => {
                self.finish_bundle(to);
                self.text(stream, text, to);
            }
            Piece::Content { mime, text } => {
                if self.bundle.contains_key(&mime) {
                    self.finish_bundle(to);
                }
                let content = content_value(&mime, text);
                self.bundle.insert(mime, content);
            }
        }
    }

    fn text(&mut self, stream: Stream, mut text: String, to: &mut dyn Audience) {
        if stream == Stream::Err {
            self.remember_errors(&text);
        }
        let room = MOST_TEXT.saturating_sub(self.length);
        self.length = self.length.saturating_add(text.len());
        if text.len() > room {
            let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
            text.truncate(end);
            if !std::mem::replace(&mut self.is_cut, true) {
                to.put(Output::Text(stream, text));
                let note = format!(
                    "\n[netsplit] the cell printed more than {} MB; the rest is not shown\n",
                    MOST_TEXT >> 20
                );
                to.put(Output::Text(Stream::Err, note));
            }
        } else if !text.is_empty() {
            to.put(Output::Text(stream, text));
        }
    }

    fn remember_errors(&mut self, text: &str) {
        self.last_errors.push_str(text);
        let surplus = self.last_errors.len().saturating_sub(LAST_ERRORS);
        let from = (surplus..).find(|from| self.last_errors.is_char_boundary(*from)).unwrap_or_default();
        self.last_errors.drain(..from);
    }

    /// Puts out the contents that were printed one after the other.
    fn finish_bundle(&mut self, to: &mut dyn Audience) {
        let data = std::mem::take(&mut self.bundle);
        if data.is_empty() {
            return;
        }
        if self.is_result && !self.has_result {
            self.has_result = true;
            to.put(Output::Result(data));
        } else {
            to.put(Output::Display { data, id: None, is_update: false });
        }
    }

    /// The cell shows something.
    pub fn show(&mut self, showing: Showing, to: &mut dyn Audience) {
        self.finish_bundle(to);
        match showing {
            Showing::Display { forms, id, is_update } => {
                to.put(Output::Display { data: bundle(forms), id, is_update });
            }
            Showing::Result { forms } => to.put(Output::Result(bundle(forms))),
            Showing::ResultBegins => self.is_result = true,
            Showing::ResultEnds => self.is_result = false,
            Showing::Clear { wait } => to.put(Output::Clear { wait }),
        }
    }

    /// The end of what was printed on stderr.
    pub fn last_errors(&self) -> &str {
        &self.last_errors
    }

    /// Nothing more comes.
    pub fn end(&mut self, to: &mut dyn Audience) {
        for stream in [Stream::Out, Stream::Err] {
            if let Some(piece) = self.printed[stream as usize].end() {
                self.piece(stream, piece, to);
            }
        }
        self.finish_bundle(to);
    }
}

fn bundle(forms: Vec<(String, String)>) -> Bundle {
    forms.into_iter().map(|(mime, text)| (mime.clone(), content_value(&mime, text))).collect()
}

/// JSON types hold JSON, all others text.
fn content_value(mime: &str, text: String) -> Value {
    let is_json = mime == "application/json" || mime.ends_with("+json");
    let parsed = is_json.then(|| serde_json::from_str(&text).ok()).flatten();
    parsed.unwrap_or(Value::String(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Kept(Vec<Output>);

    impl Audience for Kept {
        fn put(&mut self, output: Output) {
            self.0.push(output);
        }

        fn ask(&mut self, _: &str, _: bool) -> Result<String, String> {
            Err("nobody".to_string())
        }
    }

    fn collected(act: impl FnOnce(&mut Outputs, &mut Kept)) -> Vec<Output> {
        let mut kept = Kept::default();
        let mut outputs = Outputs::default();
        act(&mut outputs, &mut kept);
        outputs.end(&mut kept);
        kept.0
    }

    /// Contents that follow each other are forms of one thing; a form that comes again begins another.
    #[test]
    fn forms_are_collected() {
        let content = |mime: &str| format!("EVCXR_BEGIN_CONTENT {mime}\nx\nEVCXR_END_CONTENT\n");
        let all = collected(|outputs, kept| {
            outputs.printed(
                Stream::Out,
                (content("text/html") + &content("text/plain") + &content("text/html")).as_bytes(),
                kept,
            );
        });
        let sizes: Vec<usize> = all
            .iter()
            .map(|it| match it {
                Output::Display { data, .. } => data.len(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(sizes, [2, 1]);
    }

    /// A flood is cut, with a note, once.
    #[test]
    fn floods_are_cut() {
        let all = collected(|outputs, kept| {
            for _ in 0..12 {
                outputs.printed(Stream::Out, "é".repeat(1 << 19).as_bytes(), kept);
            }
        });
        let length: usize =
            all.iter().map(|it| if let Output::Text(Stream::Out, text) = it { text.len() } else { 0 }).sum();
        let notes = all.iter().filter(|it| matches!(it, Output::Text(Stream::Err, _))).count();
        assert_eq!((length, notes), (MOST_TEXT, 1));
    }

    /// JSON is passed on as JSON, and what claims to be and is not, as text.
    #[test]
    fn json_is_json() {
        assert_eq!(content_value("application/vnd.x+json", "{\"a\":1}".to_string())["a"], 1);
        assert_eq!(content_value("application/json", "{".to_string()), "{");
        assert_eq!(content_value("text/plain", "1".to_string()), "1");
    }
}
