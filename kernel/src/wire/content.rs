//! What messages say: the table of all messages, and how a content is read and written.

use super::{comms::*, input::*, published::*, requests::*, usage::*};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Makes [`Content`] from one table: the message's name, and the type of its content.
macro_rules! contents {
    ($($message:literal $content:ident,)*) => {
        /// The content of a message, by its type.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(clippy::large_enum_variant, reason = "a kernel holds a handful of messages at a time")]
        pub enum Content {
            $(#[doc = concat!("`", $message, "`")] $content($content),)*
            /// A type that is not in the protocol, or not supported here.
            Unknown {
                /// Its name.
                msg_type: String,
                /// What it said.
                value: Map<String, Value>,
            },
            /// A known type whose content is not what the protocol says.
            Malformed {
                /// Its name.
                msg_type: String,
                /// What was expected and what came.
                reason: String,
            },
        }

        impl Content {
            /// The type as the header names it.
            pub fn msg_type(&self) -> &str {
                match self {
                    $(Self::$content(_) => $message,)*
                    Self::Unknown { msg_type, .. } | Self::Malformed { msg_type, .. } => msg_type,
                }
            }

            /// Reads the content of a message of this type.
            pub(super) fn read(msg_type: &str, content: Map<String, Value>) -> Self {
                match msg_type {
                    $($message => match serde_json::from_value(Value::Object(content)) {
                        Ok(content) => Self::$content(content),
                        Err(error) => Self::Malformed { msg_type: msg_type.to_string(), reason: error.to_string() },
                    },)*
                    _ => Self::Unknown { msg_type: msg_type.to_string(), value: content },
                }
            }

            /// The content as JSON.
            pub(crate) fn write(&self) -> Value {
                match self {
                    $(Self::$content(content) => {
                        serde_json::to_value(content).expect("contents have string keys and no failing parts")
                    })*
                    Self::Unknown { value, .. } => Value::Object(value.clone()),
                    Self::Malformed { .. } => Value::Object(Map::new()),
                }
            }
        }

        $(impl From<$content> for Content {
            fn from(content: $content) -> Self {
                Self::$content(content)
            }
        })*
    };
}

contents! {
    "kernel_info_request" KernelInfoRequest,
    "kernel_info_reply" KernelInfoReply,
    "execute_request" ExecuteRequest,
    "execute_reply" ExecuteReply,
    "complete_request" CompleteRequest,
    "complete_reply" CompleteReply,
    "inspect_request" InspectRequest,
    "inspect_reply" InspectReply,
    "is_complete_request" IsCompleteRequest,
    "is_complete_reply" IsCompleteReply,
    "history_request" HistoryRequest,
    "history_reply" HistoryReply,
    "comm_info_request" CommInfoRequest,
    "comm_info_reply" CommInfoReply,
    "comm_open" CommOpen,
    "comm_msg" CommMsg,
    "comm_close" CommClose,
    "interrupt_request" InterruptRequest,
    "interrupt_reply" InterruptReply,
    "shutdown_request" ShutdownRequest,
    "shutdown_reply" ShutdownReply,
    "usage_request" UsageRequest,
    "usage_reply" UsageReply,
    "input_request" InputRequest,
    "input_reply" InputReply,
    "status" Status,
    "execute_input" ExecuteInput,
    "stream" Stream,
    "display_data" DisplayData,
    "update_display_data" UpdateDisplayData,
    "clear_output" ClearOutput,
    "execute_result" ExecuteResult,
    "error" ErrorOutput,
    "iopub_welcome" IopubWelcome,
}

/// A value in several representations, by MIME type.
pub type MimeBundle = Map<String, Value>;

/// How a request ended; the rest of a reply is meaningful if it is `Ok`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Outcome {
    /// It was done.
    Ok,
    /// It failed.
    Error(ErrorOutput),
    /// It was not tried, because an earlier request failed.
    Aborted,
}

/// What went wrong: the content of `error`, and part of a reply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorOutput {
    /// The kind of the error.
    pub ename: String,
    /// The error in one sentence.
    pub evalue: String,
    /// The error at length, line by line, with ANSI colours.
    #[serde(default)]
    pub traceback: Vec<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(msg_type: &str, content: Value) -> Content {
        let Value::Object(content) = content else { panic!("contents are objects") };
        Content::read(msg_type, content)
    }

    /// The defaults of an execute request are the protocol's.
    #[test]
    fn defaults_of_an_execute_request() {
        let Content::ExecuteRequest(request) = read("execute_request", json!({"code": "1"})) else {
            panic!()
        };
        assert!(!request.silent && request.store_history && request.stop_on_error && request.allow_stdin);
    }

    /// Replies are written as the protocol shows them: the status stands beside the other fields.
    #[test]
    fn replies_are_flat() {
        let error = ErrorOutput { ename: "E".into(), evalue: "v".into(), traceback: vec!["t".into()] };
        let reply = ExecuteReply {
            outcome: Outcome::Error(error),
            execution_count: 7,
            user_expressions: Map::new(),
            payload: Vec::new(),
        };
        let written = Content::from(reply.clone()).write();
        let expected = json!({"status": "error", "ename": "E", "evalue": "v", "traceback": ["t"],
            "execution_count": 7, "user_expressions": {}, "payload": []});
        assert_eq!(written, expected);
        assert_eq!(read("execute_reply", written), reply.into());
        assert_eq!(read("execute_reply", json!({"status": "aborted"})).write()["status"], "aborted");
        assert_eq!(
            Content::from(IsCompleteReply::Incomplete { indent: "  ".into() }).write(),
            json!({"status": "incomplete", "indent": "  "})
        );
        assert_eq!(
            Content::from(Status { execution_state: ExecutionState::Busy }).write(),
            json!({"execution_state": "busy"})
        );
        assert_eq!(
            Content::from(Stream { name: StreamName::Stderr, text: "x".into() }).write(),
            json!({"name": "stderr", "text": "x"})
        );
    }

    /// A known type with the wrong content is told apart from a type that nobody knows.
    #[test]
    fn malformed_and_unknown_are_told_apart() {
        let malformed = read("execute_request", json!({"code": 7}));
        assert!(
            matches!(&malformed, Content::Malformed { msg_type, reason }
            if msg_type == "execute_request" && reason.contains("expected a string")),
            "{malformed:?}"
        );
        let unknown = read("make_coffee", json!({"sugar": 2}));
        assert_eq!(unknown.msg_type(), "make_coffee");
        assert_eq!(unknown.write(), json!({"sugar": 2}));
    }
}
