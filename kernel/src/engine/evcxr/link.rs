//! The kernel's end of the relay's reports: turns them into the cell's outputs, and remembers how the cell went.

use std::io::{self, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use serde_json::{Value, json};

use super::report::{ACKNOWLEDGED, BEGIN, INTERRUPT, Report};
use crate::engine::{Interrupt, Outlet, Output};
use crate::processes;
use crate::wire::{MimeBundle, StreamName};

/// Programs that evcxr starts to compile a cell. Killing them ends the compilation with an error and costs nothing else.
const COMPILERS: [&str; 5] = ["cargo", "rustc", "mold", "rust-lld", "ld"];

/// The kernel's end.
#[derive(Default)]
pub struct Link(Mutex<State>);

#[derive(Default)]
struct State {
    /// The relay that is connected.
    relay: Option<UnixStream>,
    /// The cell that is being compiled or run.
    cell: Option<CellRun>,
    interrupted: bool,
}

/// How a cell went, as far as it shows on the outside.
#[derive(Debug, Default)]
pub struct CellRun {
    /// Whether what is shown last is the cell's value.
    has_value: bool,
    /// Contents that belong together: the representations of one thing.
    bundle: MimeBundle,
    /// The text of its panic.
    pub panicked: Option<String>,
    /// The text of the error that a `?` has returned.
    pub returned_error: Option<String>,
    /// How the process that ran it ended.
    pub process_ended: Option<String>,
    /// Whether it was stopped before it began to run.
    pub not_run: bool,
    /// Whether the user interrupted it, in time or not.
    pub interrupted: bool,
}

impl Link {
    /// Listens for relays at this path and hands what their cells put out to the outlet.
    pub fn listen(self: &Arc<Self>, socket: &Path, outlet: &Outlet) -> io::Result<()> {
        let listener = UnixListener::bind(socket)?;
        let (link, outlet) = (Arc::clone(self), outlet.clone());
        thread::Builder::new().name("relay".to_string()).spawn(move || {
            // A relay is started when the one before it has ended.
            for relay in listener.incoming().flatten() {
                if let Err(error) = link.serve(relay, &outlet) {
                    tracing::debug!("the relay's connection ended: {error}");
                }
            }
        })?;
        Ok(())
    }

    /// A cell begins; false if it has been interrupted already.
    pub fn begin(&self, has_value: bool) -> bool {
        let mut state = self.state();
        state.cell = Some(CellRun { has_value, ..CellRun::default() });
        !state.interrupted
    }

    /// The cell has ended: how it went.
    pub fn end(&self) -> CellRun {
        let mut state = self.state();
        let mut run = state.cell.take().unwrap_or_default();
        run.interrupted = state.interrupted;
        run
    }

    fn serve(&self, mut relay: UnixStream, outlet: &Outlet) -> io::Result<()> {
        self.state().relay = Some(relay.try_clone()?);
        let mut reports = BufReader::new(relay.try_clone()?);
        while let Some(report) = Report::read(&mut reports) {
            let is_end = matches!(report, Report::Done | Report::Ended(_));
            let outputs = self.state().take_in(report);
            outputs.into_iter().for_each(|output| outlet.put(output));
            if is_end {
                relay.write_all(&[ACKNOWLEDGED])?;
            }
        }
        Ok(())
    }

    fn tell_relay(state: &mut State, byte: u8) {
        if let Some(relay) = &mut state.relay {
            // A relay that is gone has taken its cell along.
            let _ = relay.write_all(&[byte]);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics with the lock")
    }
}

impl Interrupt for Link {
    fn arm(&self) {
        let mut state = self.state();
        state.interrupted = false;
        Self::tell_relay(&mut state, BEGIN);
    }

    fn interrupt(&self) {
        let mut state = self.state();
        state.interrupted = true;
        Self::tell_relay(&mut state, INTERRUPT);
        // Outside a cell, evcxr may be compiling for itself, and would not get over it.
        if state.cell.is_some() {
            processes::kill_descendants(|name| COMPILERS.contains(&name));
        }
    }

    fn terminate(&self) {
        self.interrupt();
        processes::kill_descendants(|name| COMPILERS.contains(&name));
    }
}

impl State {
    /// What comes of a report; nothing of what evcxr runs for itself, outside any cell.
    fn take_in(&mut self, report: Report) -> Vec<Output> {
        let Some(cell) = &mut self.cell else {
            return match report {
                Report::Stdout(text) => vec![Output::Stream(StreamName::Stdout, text)],
                Report::Stderr(text) => vec![Output::Stream(StreamName::Stderr, text)],
                _ => Vec::new(),
            };
        };
        let mut outputs = Vec::new();
        match report {
            Report::Stdout(text) => {
                outputs.extend(cell.show(false));
                outputs.push(Output::Stream(StreamName::Stdout, text));
            }
            Report::Stderr(text) => outputs.push(Output::Stream(StreamName::Stderr, text)),
            Report::Content { mime, text } => {
                // The same type a second time is another thing.
                if cell.bundle.contains_key(&mime) {
                    outputs.extend(cell.show(false));
                }
                let value = content_value(&mime, text);
                cell.bundle.insert(mime, value);
            }
            Report::Panicked(text) => cell.panicked = Some(text),
            Report::ReturnedError(text) => cell.returned_error = Some(text),
            Report::NotRun => cell.not_run = true,
            Report::Done => outputs.extend(cell.show(cell.has_value)),
            Report::Ended(how) => {
                outputs.extend(cell.show(false));
                cell.process_ended = Some(how);
            }
        }
        outputs
    }
}

impl CellRun {
    fn show(&mut self, as_value: bool) -> Option<Output> {
        let bundle = std::mem::take(&mut self.bundle);
        let is_unit = bundle.len() == 1 && bundle.get("text/plain").is_some_and(|text| text == "()");
        match as_value && self.panicked.is_none() {
            _ if bundle.is_empty() => None,
            true if is_unit => None,
            true => Some(Output::Result(bundle)),
            false => Some(Output::Display(bundle)),
        }
    }
}

/// The content as the wire has it: JSON types as JSON, everything else as text.
pub fn content_value(mime: &str, text: String) -> Value {
    let is_json = mime == "application/json" || mime.ends_with("+json");
    match is_json.then(|| serde_json::from_str(&text)) {
        Some(Ok(value)) => value,
        _ => json!(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(has_value: bool, reports: Vec<Report>) -> Vec<Output> {
        let mut state = State { cell: Some(CellRun { has_value, ..CellRun::default() }), ..State::default() };
        reports.into_iter().flat_map(|report| state.take_in(report)).collect()
    }

    fn content(mime: &str, text: &str) -> Report {
        Report::Content { mime: mime.to_string(), text: text.to_string() }
    }

    fn bundle(parts: &[(&str, &str)]) -> MimeBundle {
        parts.iter().map(|(mime, text)| (mime.to_string(), json!(text))).collect()
    }

    /// Representations of one thing are one bundle; the same type again, or text between, begins another thing; the last
    /// one is the value of a cell that has one.
    #[test]
    fn contents_become_bundles() {
        let reports = vec![
            content("text/plain", "a"),
            content("image/svg+xml", "<svg/>"),
            content("text/plain", "b"),
            Report::Stdout("between\n".into()),
            content("text/plain", "c"),
            Report::Done,
        ];
        let mut expected = vec![
            Output::Display(bundle(&[("text/plain", "a"), ("image/svg+xml", "<svg/>")])),
            Output::Display(bundle(&[("text/plain", "b")])),
            Output::Stream(StreamName::Stdout, "between\n".into()),
            Output::Result(bundle(&[("text/plain", "c")])),
        ];
        assert_eq!(play(true, reports.clone()), expected);
        expected[3] = Output::Display(bundle(&[("text/plain", "c")]));
        assert_eq!(play(false, reports), expected);
    }

    /// The value `()` is not shown, and a panicking cell has no value.
    #[test]
    fn what_is_no_value() {
        assert_eq!(play(true, vec![content("text/plain", "()"), Report::Done]), []);
        assert_eq!(
            play(true, vec![content("text/plain", "7"), Report::Panicked(String::new()), Report::Done]),
            [Output::Display(bundle(&[("text/plain", "7")]))]
        );
    }

    /// JSON is passed on as JSON, unless it is none.
    #[test]
    fn json_contents() {
        assert_eq!(content_value("application/json", "[1]".into()), json!([1]));
        assert_eq!(content_value("application/vnd.vega.v5+json", "{}".into()), json!({}));
        assert_eq!(content_value("application/json", "[".into()), json!("["));
        assert_eq!(content_value("text/html", "7".into()), json!("7"));
    }

    /// Text that comes when no cell runs is late output; contents and ends then are evcxr's own.
    #[test]
    fn outside_a_cell() {
        let mut state = State::default();
        assert_eq!(
            state.take_in(Report::Stderr("x".into())),
            [Output::Stream(StreamName::Stderr, "x".into())]
        );
        assert_eq!(state.take_in(content("text/plain", "42")), []);
        assert_eq!(state.take_in(Report::Done), []);
    }
}
