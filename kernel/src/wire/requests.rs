//! The contents of requests and of their replies, under the names that the protocol gives them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{MimeBundle, Outcome};

/// Asks who the kernel is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KernelInfoRequest {}

/// Who the kernel is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KernelInfoReply {
    /// Always ok.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The version of the messaging protocol.
    pub protocol_version: String,
    /// The kernel's name.
    pub implementation: String,
    /// The kernel's version.
    pub implementation_version: String,
    /// What cells are written in.
    pub language_info: LanguageInfo,
    /// What a console shows at its start.
    #[serde(default)]
    pub banner: String,
    /// Whether there is a debugger.
    #[serde(default)]
    pub debugger: bool,
    /// Where to read on.
    #[serde(default)]
    pub help_links: Vec<HelpLink>,
    /// Which optional parts of the protocol the kernel speaks.
    #[serde(default)]
    pub supported_features: Vec<String>,
}

/// What cells are written in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LanguageInfo {
    /// The language's name.
    pub name: String,
    /// The language's version.
    pub version: String,
    /// The MIME type of its source files.
    pub mimetype: String,
    /// The extension of its source files.
    pub file_extension: String,
    /// The highlighter's name in Pygments.
    #[serde(default)]
    pub pygments_lexer: String,
    /// The mode's name in CodeMirror.
    #[serde(default)]
    pub codemirror_mode: Value,
    /// How nbconvert exports notebooks.
    #[serde(default)]
    pub nbconvert_exporter: String,
}

/// A page to read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HelpLink {
    /// What the user sees.
    pub text: String,
    /// Where it leads.
    pub url: String,
}

/// Asks to run a cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecuteRequest {
    /// The cell's text.
    pub code: String,
    /// Run it as quietly as possible: no output, no history.
    #[serde(default)]
    pub silent: bool,
    /// Count it as a cell of the session.
    #[serde(default = "yes")]
    pub store_history: bool,
    /// Expressions to evaluate after the cell.
    #[serde(default)]
    pub user_expressions: Map<String, Value>,
    /// Whether the front end can ask the user for input.
    #[serde(default = "yes")]
    pub allow_stdin: bool,
    /// Abort the requests in the queue if this one fails.
    #[serde(default = "yes")]
    pub stop_on_error: bool,
}

impl ExecuteRequest {
    /// A request to run this cell, everything else as by default.
    pub fn new(code: &str) -> Self {
        Self {
            code: code.to_string(),
            silent: false,
            store_history: true,
            user_expressions: Map::new(),
            allow_stdin: false,
            stop_on_error: true,
        }
    }
}

/// How a cell ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecuteReply {
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The number of the cell in the session.
    #[serde(default)]
    pub execution_count: u32,
    /// The values of the expressions that were asked for.
    #[serde(default)]
    pub user_expressions: Map<String, Value>,
    /// A mechanism that the protocol has deprecated; always empty.
    #[serde(default)]
    pub payload: Vec<Value>,
}

/// Asks how the text at the cursor may go on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompleteRequest {
    /// The cell's text.
    pub code: String,
    /// The cursor, in Unicode code points.
    pub cursor_pos: usize,
}

/// How the text at the cursor may go on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompleteReply {
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The completions.
    #[serde(default)]
    pub matches: Vec<String>,
    /// Where the text to replace begins, in code points.
    #[serde(default)]
    pub cursor_start: usize,
    /// Where the text to replace ends, in code points.
    #[serde(default)]
    pub cursor_end: usize,
    /// The kinds of the completions, in the form that JupyterLab reads.
    #[serde(default)]
    pub metadata: Map<String, Value>,
}

/// Asks what the name at the cursor is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InspectRequest {
    /// The cell's text.
    pub code: String,
    /// The cursor, in Unicode code points.
    pub cursor_pos: usize,
    /// 0 for a short answer, 1 for a long one.
    #[serde(default)]
    pub detail_level: u8,
}

/// What the name at the cursor is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InspectReply {
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Whether there is anything to say.
    #[serde(default)]
    pub found: bool,
    /// What there is to say.
    #[serde(default)]
    pub data: MimeBundle,
    /// Remarks on it.
    #[serde(default)]
    pub metadata: Map<String, Value>,
}

/// Asks whether the text is a whole cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IsCompleteRequest {
    /// The text so far.
    pub code: String,
}

/// Whether the text is a whole cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum IsCompleteReply {
    /// It is.
    Complete,
    /// More must follow.
    Incomplete {
        /// White space to begin the next line with.
        indent: String,
    },
    /// Nothing that follows can make it right.
    Invalid,
    /// Nobody can say.
    Unknown,
}

/// Asks for cells that were run before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryRequest {
    /// Whether to send the outputs too.
    #[serde(default)]
    pub output: bool,
    /// Whether to send the text as it was typed.
    #[serde(default)]
    pub raw: bool,
    /// `tail`, `range` or `search`.
    pub hist_access_type: String,
    /// With `range`: which session; 0 is this one.
    #[serde(default)]
    pub session: i64,
    /// With `range`: the first cell.
    #[serde(default)]
    pub start: i64,
    /// With `range`: the cell after the last.
    #[serde(default)]
    pub stop: Option<i64>,
    /// With `tail` and `search`: how many.
    #[serde(default)]
    pub n: Option<usize>,
    /// With `search`: what to look for, with `*` and `?`.
    #[serde(default)]
    pub pattern: String,
    /// With `search`: each text once.
    #[serde(default)]
    pub unique: bool,
}

/// Cells that were run before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryReply {
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// (session, number, text) of each cell; with outputs, the text is a pair (text, null).
    #[serde(default)]
    pub history: Vec<Value>,
}

/// Asks to stop the running cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InterruptRequest {}

/// The running cell has been told to stop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InterruptReply {
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Asks the kernel to end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShutdownRequest {
    /// Whether it will be started again.
    #[serde(default)]
    pub restart: bool,
}

/// The kernel ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShutdownReply {
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Whether it will be started again.
    #[serde(default)]
    pub restart: bool,
}

fn yes() -> bool {
    true
}
