//! What a cell puts out while it runs: what it prints, taken apart and bounded, and what it shows.

use netsplit_control::Showing;
use serde_json::{Map, Value};

use crate::contents::{Piece, Printed};
use crate::engine::Audience;
pub use crate::host::Stream;
use crate::limits::{Limit, Policy};
use crate::progress::ProgressLine;

/// A value in several forms, by MIME type.
pub type Bundle = Map<String, Value>;

/// How much of stderr is remembered: the last words of a process say why it died, and a backtrace may follow them.
const LAST_ERRORS: usize = 32 << 10;

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

/// What has come from a cell. What it shows in the notebook is limited: text is cut, and what is shown is shown whole or not
/// at all.
pub struct Outputs {
    printed: [Printed; 2],
    bundle: Bundle,
    is_result: bool,
    has_result: bool,
    /// How many bytes may still come; none for as many as there are.
    room: Option<usize>,
    /// What is said when no more may come, until it has been said.
    note: Option<String>,
    limit: Option<usize>,
    last_errors: String,
    progress: ProgressLine,
}

impl Outputs {
    /// Nothing yet, with the room that the limits give.
    pub fn new(policy: &Policy) -> Self {
        let limit = policy.limits().output().map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        let note = format!("\n[netsplit] {}; the rest is not shown\n", policy.sentence(Limit::Output));
        Self {
            printed: Default::default(),
            bundle: Bundle::default(),
            is_result: false,
            has_result: false,
            room: limit,
            note: Some(note),
            limit,
            last_errors: String::new(),
            progress: ProgressLine::default(),
        }
    }

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
        let room = self.room.unwrap_or(usize::MAX);
        let fits = self.take_room(text.len());
        if !fits {
            text.truncate(text.floor_char_boundary(room));
        }
        if !text.is_empty() {
            self.pass_on(Output::Text(stream, text), to);
        }
        if !fits {
            self.complain(to);
        }
    }

    /// Whether so many bytes may come; from the first that may not, nothing may.
    fn take_room(&mut self, bytes: usize) -> bool {
        let Some(room) = &mut self.room else { return true };
        let left = room.checked_sub(bytes);
        *room = left.unwrap_or(0);
        left.is_some()
    }

    fn complain(&mut self, to: &mut dyn Audience) {
        if let Some(note) = self.note.take() {
            self.pass_on(Output::Text(Stream::Err, note), to);
        }
    }

    /// Shows something, if it may.
    fn put(&mut self, output: Output, to: &mut dyn Audience) {
        let bytes = match &output {
            Output::Display { data, .. } | Output::Result(data) => size(data),
            _ => 0,
        };
        // What replaces something makes the notebook no larger; a progress bar may run for as long as it likes.
        let is_update = matches!(output, Output::Display { is_update: true, .. });
        if is_update || self.take_room(bytes) {
            self.pass_on(output, to);
        } else {
            self.complain(to);
        }
    }

    fn pass_on(&mut self, output: Output, to: &mut dyn Audience) {
        let bytes = match &output {
            Output::Text(_, text) => text.len(),
            Output::Display { data, .. } => size(data),
            Output::Result(_) | Output::Page(_) | Output::Clear { .. } => 0,
        };
        to.put(output.clone());
        self.progress.passed(&output, bytes, to);
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
            self.put(Output::Result(data), to);
        } else {
            self.put(Output::Display { data, id: None, is_update: false }, to);
        }
    }

    /// The cell shows something.
    pub fn show(&mut self, showing: Showing, to: &mut dyn Audience) {
        self.finish_bundle(to);
        match showing {
            Showing::Display { forms, id, is_update } => {
                self.put(Output::Display { data: bundle(forms), id, is_update }, to);
            }
            Showing::Result { forms } => self.put(Output::Result(bundle(forms)), to),
            Showing::ResultBegins => self.is_result = true,
            Showing::ResultEnds => self.is_result = false,
            Showing::Clear { wait } => {
                // What was shown so far is gone from the notebook.
                self.room = self.limit;
                self.pass_on(Output::Clear { wait }, to);
            }
            Showing::Progress { text: Some(text) } => self.progress.show(text, to),
            Showing::Progress { text: None } => self.progress.hide(to),
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
        // Who was interrupted or died has not taken its line away.
        self.progress.hide(to);
    }
}

/// How much a notebook grows by it, nearly.
fn size(data: &Bundle) -> usize {
    let length = |value: &Value| match value {
        Value::String(text) => text.len(),
        other => other.to_string().len(),
    };
    data.values().map(length).sum()
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
        let mut policy = Policy::default();
        policy.change("output 1M").unwrap();
        let mut outputs = Outputs::new(&policy);
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
                outputs.printed(Stream::Out, "é".repeat(50_000).as_bytes(), kept);
            }
        });
        let length: usize =
            all.iter().map(|it| if let Output::Text(Stream::Out, text) = it { text.len() } else { 0 }).sum();
        assert_eq!(length, 1 << 20);
        let Some(Output::Text(Stream::Err, note)) = all.last() else { panic!("no note") };
        assert!(note.contains("limit of 1M; `:limit output 2M` raises it"), "{note}");
        let notes = all.iter().filter(|it| matches!(it, Output::Text(Stream::Err, _))).count();
        assert_eq!(notes, 1);
    }

    /// What is shown counts as well, whole or not at all; what replaces something does not, and clearing makes room again.
    #[test]
    fn pictures_count() {
        let picture = |id: &str, is_update| {
            let forms = vec![("text/html".to_string(), "x".repeat(400 << 10))];
            Showing::Display { forms, id: Some(id.to_string()), is_update }
        };
        let ids = |all: &[Output]| -> Vec<String> {
            let id = |it: &Output| match it {
                Output::Display { id, .. } => id.clone().unwrap_or_default(),
                Output::Text(..) => "note".to_string(),
                other => panic!("{other:?}"),
            };
            all.iter().filter(|it| !matches!(it, Output::Clear { .. })).map(id).collect()
        };
        let all = collected(|outputs, kept| {
            for (id, is_update) in [("a", false), ("b", false), ("b", true), ("c", false), ("b", true)] {
                outputs.show(picture(id, is_update), kept);
            }
            outputs.show(Showing::Clear { wait: false }, kept);
            outputs.show(picture("d", false), kept);
        });
        assert_eq!(ids(&all), ["a", "b", "b", "note", "b", "d"]);
    }

    /// While a cell shows how far it is, what it prints stays; when the line goes, all else is as if it had never been there.
    #[test]
    fn a_line_of_progress_leaves_nothing() {
        let line = |text: Option<&str>| Showing::Progress { text: text.map(str::to_string) };
        let all = collected(|outputs, kept| {
            outputs.printed(Stream::Out, b"before\n", kept);
            outputs.show(line(Some("1 of 3")), kept);
            outputs.printed(Stream::Out, b"meanwhile\n", kept);
            outputs.show(line(Some("2 of 3")), kept);
            outputs.show(line(None), kept);
            outputs.printed(Stream::Out, b"after\n", kept);
        });
        assert_eq!(shown(&all), ["before\n", "meanwhile\n", "after\n"]);
        let updates: Vec<bool> = all
            .iter()
            .filter_map(|it| if let Output::Display { is_update, .. } = it { Some(*is_update) } else { None })
            .collect();
        assert_eq!(updates, [false, true]);
    }

    /// A cell that ends without taking its line away, one that clears, one that has printed much: nothing stays of the line.
    #[test]
    fn a_line_of_progress_ends_in_every_case() {
        let line = || Showing::Progress { text: Some("half".to_string()) };
        assert_eq!(shown(&collected(|outputs, kept| outputs.show(line(), kept))), [""; 0]);
        let cleared = collected(|outputs, kept| {
            outputs.show(line(), kept);
            outputs.show(Showing::Clear { wait: false }, kept);
            outputs.printed(Stream::Out, b"x", kept);
        });
        assert_eq!(shown(&cleared), ["x"]);
        let much = "y".repeat(300 << 10);
        let flooded = collected(|outputs, kept| {
            outputs.show(line(), kept);
            outputs.printed(Stream::Out, much.as_bytes(), kept);
            outputs.show(line(), kept);
        });
        assert_eq!(shown(&flooded).concat(), much);
        assert_eq!(flooded.iter().filter(|it| matches!(it, Output::Display { .. })).count(), 1);
    }

    /// What a front end shows in the end: texts, and displays as "(shown)".
    fn shown(all: &[Output]) -> Vec<String> {
        let mut shown = Vec::new();
        let mut clears = false;
        for output in all {
            match output {
                Output::Clear { wait } => {
                    clears = *wait;
                    if !clears {
                        shown.clear();
                    }
                    continue;
                }
                _ if std::mem::take(&mut clears) => shown.clear(),
                _ => {}
            }
            match output {
                Output::Text(_, text) => shown.push(text.clone()),
                Output::Display { is_update: false, .. } => shown.push("(shown)".to_string()),
                _ => {}
            }
        }
        shown
    }

    /// JSON is passed on as JSON, and what claims to be and is not, as text.
    #[test]
    fn json_is_json() {
        assert_eq!(content_value("application/vnd.x+json", "{\"a\":1}".to_string())["a"], 1);
        assert_eq!(content_value("application/json", "{".to_string()), "{");
        assert_eq!(content_value("text/plain", "1".to_string()), "1");
    }
}
