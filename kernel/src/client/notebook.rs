//! Notebooks as files (nbformat 4), and how they are executed.
//!
//! Executing a notebook twice gives the same file, byte for byte, if its cells do the same: no times and no identifiers
//! are stored, and what a cell prints between two displays is joined, stdout first. (The two streams are separate
//! pipes, so how they interleave is an accident.)

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{ClientError, KernelProcess};
use crate::session::Channel;
use crate::wire::{
    ClearOutput, Content, ErrorOutput, ExecuteReply, ExecuteRequest, ExecutionState, Message, Outcome,
    Stream, StreamName, UpdateDisplayData,
};

/// How often a running cell is interrupted by a look at whether the kernel still lives.
const LOOK: Duration = Duration::from_millis(200);

/// A notebook of nbformat 4.
#[derive(Clone, Debug, PartialEq)]
pub struct Notebook {
    json: Value,
}

/// What came of one code cell.
#[derive(Clone, Debug, PartialEq)]
pub struct CellReport {
    /// The cell's place among the notebook's cells, from 0.
    pub place: usize,
    /// Its text.
    pub code: String,
    /// Its outputs, as a notebook stores them.
    pub outputs: Vec<Value>,
    /// How it ended.
    pub error: Option<ErrorOutput>,
}

/// Why a notebook cannot be executed.
#[derive(Debug, thiserror::Error)]
pub enum NotebookError {
    /// The file cannot be read or written.
    #[error("cannot {verb} the notebook {path}: {source}")]
    File {
        /// `read` or `write`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not a notebook.
    #[error("expected a notebook of nbformat 4 in {path}, found {reason}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The kernel is gone.
    #[error("the kernel died while cell {} ran; start it again", place + 1)]
    KernelDied {
        /// The cell's place, from 0.
        place: usize,
    },
    /// The kernel cannot be talked to.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// What to do at each cell: told before it runs and after it ran.
pub trait Progress {
    /// The cell at this place is about to run.
    fn begins(&mut self, _place: usize) {}
    /// The cell has run.
    fn ended(&mut self, _report: &CellReport) {}
}

impl Progress for () {}

impl Notebook {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, NotebookError> {
        let file = |source| NotebookError::File { verb: "read", path: path.to_path_buf(), source };
        let text = std::fs::read_to_string(path).map_err(file)?;
        Self::parse(&text).map_err(|reason| NotebookError::Format { path: path.to_path_buf(), reason })
    }

    /// Reads the text of a notebook; the error says what came instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let json: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if json["nbformat"] != 4 {
            return Err(format!("nbformat {}", json["nbformat"]));
        }
        let Some(cells) = json["cells"].as_array() else { return Err("no list of cells".to_string()) };
        match cells.iter().position(|cell| !cell["cell_type"].is_string() || source_of(cell).is_none()) {
            Some(place) => Err(format!("a cell without type or source at place {place}")),
            None => Ok(Self { json }),
        }
    }

    /// Writes the file, in the form that Jupyter itself would.
    pub fn write(&self, path: &Path) -> Result<(), NotebookError> {
        let file = |source| NotebookError::File { verb: "write", path: path.to_path_buf(), source };
        std::fs::write(path, self.text()).map_err(file)
    }

    /// The notebook as text: sorted keys, one blank of indentation, a newline at the end, as nbformat does it.
    pub fn text(&self) -> String {
        let mut text = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b" ");
        let mut serializer = serde_json::Serializer::with_formatter(&mut text, formatter);
        serde::Serialize::serialize(&sorted(&self.json), &mut serializer)
            .expect("JSON can be written to memory");
        text.push(b'\n');
        String::from_utf8(text).expect("JSON is text")
    }

    /// The places of the code cells that run, in their order; a cell with the tag `skip-execution` does not.
    pub fn code_cells(&self) -> Vec<usize> {
        let runs = |cell: &Value| cell["cell_type"] == "code" && !has_tag(cell, "skip-execution");
        let has_text = |cell: &Value| source_of(cell).is_some_and(|source| !source.trim().is_empty());
        self.cells()
            .iter()
            .enumerate()
            .filter(|(_, cell)| runs(cell) && has_text(cell))
            .map(|(place, _)| place)
            .collect()
    }

    /// Executes the notebook: every code cell in order, until one fails that is not marked `raises-exception`. Stores
    /// outputs and numbers in the notebook, and returns what came of each cell that ran.
    pub fn execute(
        &mut self,
        kernel: &mut KernelProcess,
        progress: &mut dyn Progress,
    ) -> Result<Vec<CellReport>, NotebookError> {
        let mut reports = Vec::new();
        self.clear();
        for place in self.code_cells() {
            progress.begins(place);
            let cell = &mut self.json["cells"][place];
            let code = source_of(cell).expect("checked when the notebook was read");
            let may_fail = has_tag(cell, "raises-exception");
            let (outputs, reply) =
                run_cell(kernel, &code, !may_fail)?.ok_or(NotebookError::KernelDied { place })?;
            cell["outputs"] = outputs.clone().into();
            cell["execution_count"] = reply.execution_count.into();
            let error = match reply.outcome {
                Outcome::Error(error) => Some(error),
                Outcome::Ok | Outcome::Aborted => None,
            };
            let ends = error.is_some() && !may_fail;
            let report = CellReport { place, code, outputs, error };
            progress.ended(&report);
            reports.push(report);
            if ends {
                break;
            }
        }
        Ok(reports)
    }

    /// Removes all outputs and numbers.
    fn clear(&mut self) {
        for cell in self.json["cells"].as_array_mut().expect("checked when the notebook was read") {
            if cell["cell_type"] == "code" {
                cell["outputs"] = json!([]);
                cell["execution_count"] = Value::Null;
            }
        }
    }

    fn cells(&self) -> &[Value] {
        self.json["cells"].as_array().expect("checked when the notebook was read")
    }
}

/// The error that ended the notebook, if one did: the last report's, unless its cell was expected to fail.
pub fn cell_failure(notebook: &Notebook, reports: &[CellReport]) -> Option<(usize, ErrorOutput)> {
    let last = reports.last()?;
    let expected = has_tag(&notebook.cells()[last.place], "raises-exception");
    last.error.clone().filter(|_| !expected).map(|error| (last.place, error))
}

/// Runs one cell and collects its outputs as a notebook stores them. Nothing is returned if the kernel dies.
pub fn run_cell(
    kernel: &mut KernelProcess,
    code: &str,
    stop_on_error: bool,
) -> Result<Option<(Vec<Value>, ExecuteReply)>, ClientError> {
    let request = ExecuteRequest { stop_on_error, ..ExecuteRequest::new(code) };
    let asked = kernel.client.request(Channel::Shell, request)?;
    let is_ours = |message: &Message| message.parent.as_ref() == Some(&asked);
    let mut outputs = Outputs::default();
    loop {
        match kernel.client.published(LOOK) {
            Some(message) if is_ours(&message) => match message.content {
                Content::Status(status) if status.execution_state == ExecutionState::Idle => break,
                content => outputs.add(content),
            },
            Some(_) => {}
            None if kernel.ended().is_some() => return Ok(None),
            None => {}
        }
    }
    loop {
        match kernel.client.reply(Channel::Shell, LOOK) {
            Some(message) if is_ours(&message) => match message.content {
                Content::ExecuteReply(reply) => return Ok(Some((outputs.finish(), reply))),
                other => {
                    return Err(ClientError(format!("expected an execute_reply, got {}", other.msg_type())));
                }
            },
            Some(_) => {}
            None if kernel.ended().is_some() => return Ok(None),
            None => {}
        }
    }
}

/// A cell's outputs so far.
#[derive(Default)]
struct Outputs {
    done: Vec<Value>,
    stdout: String,
    stderr: String,
    /// Where in `done` something lies that can be replaced, by its name.
    named: Vec<(Value, usize)>,
    /// Everything goes as soon as something new comes.
    clears: bool,
}

impl Outputs {
    fn add(&mut self, content: Content) {
        match &content {
            Content::ClearOutput(ClearOutput { wait: true }) => return self.clears = true,
            Content::ClearOutput(ClearOutput { wait: false }) => return *self = Self::default(),
            Content::UpdateDisplayData(update) => return self.replace(update),
            Content::Stream(_)
            | Content::DisplayData(_)
            | Content::ExecuteResult(_)
            | Content::ErrorOutput(_)
                if self.clears =>
            {
                *self = Self::default();
            }
            _ => {}
        }
        let name = match &content {
            Content::DisplayData(shown) => shown.transient.get("display_id").cloned(),
            _ => None,
        };
        let output = match content {
            Content::Stream(Stream { name: StreamName::Stdout, text }) => return self.stdout.push_str(&text),
            Content::Stream(Stream { name: StreamName::Stderr, text }) => return self.stderr.push_str(&text),
            Content::DisplayData(shown) => {
                json!({"output_type": "display_data", "data": lines_of(shown.data), "metadata": shown.metadata})
            }
            Content::ExecuteResult(result) => json!({
                "output_type": "execute_result",
                "data": lines_of(result.data),
                "metadata": result.metadata,
                "execution_count": result.execution_count,
            }),
            Content::ErrorOutput(error) => json!({
                "output_type": "error", "ename": error.ename, "evalue": error.evalue, "traceback": error.traceback,
            }),
            _ => return,
        };
        self.end_streams();
        self.named.extend(name.map(|name| (name, self.done.len())));
        self.done.push(output);
    }

    /// What this cell has shown under a name is shown in another form; what another cell has, stays as it was stored.
    fn replace(&mut self, update: &UpdateDisplayData) {
        let name = update.transient.get("display_id");
        for (_, place) in self.named.iter().filter(|(other, _)| Some(other) == name) {
            let output = &mut self.done[*place];
            output["data"] = lines_of(update.data.clone()).into();
            output["metadata"] = update.metadata.clone().into();
        }
    }

    fn end_streams(&mut self) {
        for (name, text) in [("stdout", &mut self.stdout), ("stderr", &mut self.stderr)] {
            if !text.is_empty() {
                self.done.push(json!({"output_type": "stream", "name": name, "text": lines(text)}));
                text.clear();
            }
        }
    }

    fn finish(mut self) -> Vec<Value> {
        self.end_streams();
        self.done
    }
}

/// A notebook stores text as a list of lines.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn lines_of(data: Map<String, Value>) -> Map<String, Value> {
    let split = |(mime, value): (String, Value)| match &value {
        Value::String(text) => {
            let value = json!(lines(text));
            (mime, value)
        }
        _ => (mime, value),
    };
    data.into_iter().map(split).collect()
}

fn has_tag(cell: &Value, tag: &str) -> bool {
    cell["metadata"]["tags"].as_array().is_some_and(|tags| tags.iter().any(|it| it == tag))
}

fn source_of(cell: &Value) -> Option<String> {
    match &cell["source"] {
        Value::String(text) => Some(text.clone()),
        Value::Array(lines) => {
            lines.iter().map(Value::as_str).collect::<Option<Vec<_>>>().map(|lines| lines.concat())
        }
        _ => None,
    }
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            entries.sort_by(|(left, _), (right, _)| left.cmp(right));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys are sorted and text ends with a newline, so that Jupyter's own writer would change nothing.
    #[test]
    fn written_as_jupyter_writes_it() {
        let text = "{\n \"cells\": [\n  {\n   \"cell_type\": \"markdown\",\n   \"id\": \"a\",\n   \"metadata\": {},\n   \"source\": [\n    \"é\"\n   ]\n  }\n ],\n \"metadata\": {},\n \"nbformat\": 4,\n \"nbformat_minor\": 5\n}\n";
        let shuffled = r#"{"nbformat_minor":5,"nbformat":4,"cells":[{"source":["é"],"metadata":{},"id":"a","cell_type":"markdown"}],"metadata":{}}"#;
        assert_eq!(Notebook::parse(shuffled).unwrap().text(), text);
        assert_eq!(Notebook::parse(text).unwrap().text(), text);
    }

    /// What is no notebook is refused with what came instead.
    #[test]
    fn other_files_are_refused() {
        assert!(Notebook::parse("").unwrap_err().contains("EOF"));
        assert_eq!(Notebook::parse(r#"{"nbformat": 3}"#).unwrap_err(), "nbformat 3");
        assert_eq!(Notebook::parse(r#"{"nbformat": 4}"#).unwrap_err(), "no list of cells");
        let cell = r#"{"nbformat": 4, "cells": [{"cell_type": "code"}]}"#;
        assert_eq!(Notebook::parse(cell).unwrap_err(), "a cell without type or source at place 0");
    }

    /// Only code cells with text run, and not those that are tagged to be skipped.
    #[test]
    fn which_cells_run() {
        let cell = |kind: &str, source: Value, tags: Value| json!({"cell_type": kind, "source": source, "metadata": {"tags": tags}});
        let cells = [
            cell("code", json!("a"), json!([])),
            cell("markdown", json!("b"), json!([])),
            cell("code", json!(["c\n", "d"]), json!(["raises-exception"])),
            cell("code", json!("e"), json!(["skip-execution"])),
            cell("code", json!(" \n"), json!([])),
        ];
        let notebook = Notebook::parse(&json!({"nbformat": 4, "cells": cells}).to_string()).unwrap();
        assert_eq!(notebook.code_cells(), [0, 2]);
        assert_eq!(source_of(&notebook.cells()[2]).unwrap(), "c\nd");
    }

    /// However the two streams interleave, the stored outputs are the same.
    #[test]
    fn streams_are_joined_between_displays() {
        let stream = |name, text: &str| Content::Stream(Stream { name, text: text.to_string() });
        let stored = |contents: Vec<Content>| {
            let mut outputs = Outputs::default();
            contents.into_iter().for_each(|content| outputs.add(content));
            outputs.finish()
        };
        let (out, err) = (|text| stream(StreamName::Stdout, text), |text| stream(StreamName::Stderr, text));
        let one = stored(vec![out("a\n"), err("x"), out("b\nc")]);
        assert_eq!(one, stored(vec![err("x"), out("a\nb"), out("\nc")]));
        assert_eq!(
            one,
            [
                json!({"output_type": "stream", "name": "stdout", "text": ["a\n", "b\n", "c"]}),
                json!({"output_type": "stream", "name": "stderr", "text": ["x"]}),
            ]
        );
    }
}
