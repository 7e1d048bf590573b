//! Which request is answered how; those that run code go on in [`super::execution`] and [`super::comms`].

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{Action, Asked, Channel, Current, Session, Task, Waiting, kernel_info};
use crate::engine::{Command, Completions, Detail};
use crate::source;
use crate::wire::*;

impl Session {
    /// Answers the request, or hands it to the engine, which makes it the current one.
    pub(super) fn answer(&mut self, channel: Channel, request: Message) {
        let Message { identities, header, metadata, content, buffers, .. } = request;
        if let Content::Unknown { msg_type, .. } = &content {
            return self.log(format!(
                "expected a request of the protocol on {channel:?}, found {msg_type:?}; ignored"
            ));
        }
        let cell_id = cell_id(&metadata);
        let asked = Asked { channel, identities, header, cell_id };
        self.at_hand = Some(asked.clone());
        self.status(&asked, ExecutionState::Busy);
        if channel == Channel::Shell && is_for_the_engine(&content) {
            self.hand_over(asked, content, metadata, buffers);
        } else {
            self.answer_at_once(&asked, content);
            self.status(&asked, ExecutionState::Idle);
        }
        self.at_hand = None;
        if self.ended {
            self.actions.push(Action::Exit);
        }
    }

    fn answer_at_once(&mut self, asked: &Asked, content: Content) {
        match content {
            Content::KernelInfoRequest(_) => self.reply(asked, kernel_info::reply(&self.language_version)),
            Content::IsCompleteRequest(request) => self.reply(asked, source::completeness(&request.code)),
            Content::HistoryRequest(request) => {
                let history = self.history.answer(&request);
                self.reply(asked, HistoryReply { outcome: Outcome::Ok, history });
            }
            Content::CommInfoRequest(request) => {
                let comms = self.comms.of_target(request.target_name.as_deref());
                self.reply(asked, CommInfoReply { outcome: Outcome::Ok, comms });
            }
            Content::InterruptRequest(_) => {
                self.interrupt();
                self.reply(asked, InterruptReply { outcome: Outcome::Ok });
            }
            Content::UsageRequest(_) => {
                let usage = (self.gauge)();
                self.reply(asked, UsageReply { outcome: Outcome::Ok, usage });
            }
            Content::ShutdownRequest(request) => {
                self.reply(asked, ShutdownReply { outcome: Outcome::Ok, restart: request.restart });
                self.ended = true;
            }
            Content::Malformed { msg_type, reason } => self.refuse(asked, &msg_type, &reason),
            other => {
                let reason = format!("not a request for {:?}", asked.channel);
                self.refuse(asked, other.msg_type(), &reason);
            }
        }
    }

    /// Gives the request to the engine, which makes it the current one.
    fn hand_over(
        &mut self,
        asked: Asked,
        content: Content,
        metadata: Map<String, Value>,
        buffers: Vec<Bytes>,
    ) {
        match content {
            Content::ExecuteRequest(request) => self.execute(asked, request),
            Content::CompleteRequest(CompleteRequest { code, cursor_pos }) => {
                let cursor = byte_offset(&code, cursor_pos);
                self.actions.push(Action::Engine(Command::Complete { code: code.clone(), cursor }));
                self.aside.push_back(Current { asked, task: Task::Complete { code } });
            }
            Content::InspectRequest(InspectRequest { code, cursor_pos, detail_level }) => {
                let cursor = byte_offset(&code, cursor_pos);
                let detail = if detail_level == 0 { Detail::Short } else { Detail::Full };
                self.actions.push(Action::Engine(Command::Inspect { code, cursor, detail }));
                self.aside.push_back(Current { asked, task: Task::Inspect });
            }
            comm => self.hear_comm(asked, comm, metadata, buffers),
        }
    }

    /// Replies to a cell that was waiting behind one that failed.
    pub(super) fn abort(&mut self, request: Message) {
        let Message { identities, header, .. } = request;
        let asked = Asked { channel: Channel::Shell, identities, header, cell_id: None };
        self.at_hand = Some(asked.clone());
        self.status(&asked, ExecutionState::Busy);
        let reply = self.execute_reply(Outcome::Aborted);
        self.reply(&asked, reply);
        self.status(&asked, ExecutionState::Idle);
        self.at_hand = None;
    }

    /// Marks the cells that wait as not to be run.
    pub(super) fn abort_waiting_cells(&mut self) {
        let is_cell = |it: &&mut Waiting| matches!(it.request.content, Content::ExecuteRequest(_));
        self.queue.iter_mut().filter(is_cell).for_each(|it| it.aborted = true);
    }

    /// Answers a request that cannot be served with an error of its own reply type, so that its client does not wait.
    fn refuse(&mut self, asked: &Asked, msg_type: &str, reason: &str) {
        self.log(format!("expected the content of {msg_type}, found {reason}"));
        self.fail(asked, "BadRequest", reason);
    }

    /// Replies that the request has failed; a message that has no reply gets none.
    pub(super) fn fail(&mut self, asked: &Asked, ename: &str, evalue: &str) {
        let (ename, evalue) = (ename.to_string(), evalue.to_string());
        let error = ErrorOutput { ename, traceback: vec![evalue.clone()], evalue };
        let Some(name) = asked.header.msg_type.strip_suffix("_request") else { return };
        if name == "execute" {
            return self.reply(asked, self.execute_reply(Outcome::Error(error)));
        }
        let value = serde_json::to_value(Outcome::Error(error)).expect("an outcome is plain data");
        let value = value.as_object().cloned().unwrap_or_default();
        self.reply(asked, Content::Unknown { msg_type: format!("{name}_reply"), value });
    }

    /// The reply to a cell that has not been run.
    fn execute_reply(&self, outcome: Outcome) -> ExecuteReply {
        let (user_expressions, payload) = (Map::new(), Vec::new());
        ExecuteReply { outcome, execution_count: self.count, user_expressions, payload }
    }

    /// A client's subscription has taken effect (JEP 65).
    pub(super) fn welcome(&mut self, subscription: String) {
        let topic = Bytes::from(subscription.clone());
        let mut message = self.message(None, IopubWelcome { subscription }.into());
        message.identities = vec![topic];
        self.actions.push(Action::Publish(message));
    }
}

fn is_for_the_engine(content: &Content) -> bool {
    matches!(
        content,
        Content::ExecuteRequest(_)
            | Content::CompleteRequest(_)
            | Content::InspectRequest(_)
            | Content::CommOpen(_)
            | Content::CommMsg(_)
            | Content::CommClose(_)
    )
}

pub(super) fn complete_reply(code: &str, found: Completions) -> CompleteReply {
    let start = code_points(code, found.replaced.start);
    let end = code_points(code, found.replaced.end);
    let types: Vec<_> = found
        .matches
        .iter()
        .map(|it| json!({"text": it.text, "type": it.kind, "displayText": it.label, "start": start, "end": end}))
        .collect();
    CompleteReply {
        outcome: Outcome::Ok,
        matches: found.matches.into_iter().map(|it| it.text).collect(),
        cursor_start: start,
        cursor_end: end,
        metadata: Map::from_iter([("_jupyter_types_experimental".to_string(), json!(types))]),
    }
}

/// The byte at which the code point with this number begins: the wire counts code points, Rust counts bytes.
fn byte_offset(text: &str, code_points: usize) -> usize {
    text.char_indices().nth(code_points).map_or(text.len(), |(offset, _)| offset)
}

/// How many code points begin before this byte.
fn code_points(text: &str, byte_offset: usize) -> usize {
    text.char_indices().take_while(|(offset, _)| *offset < byte_offset).count()
}

/// What JupyterLab and notebooks in general call the cell that a request is for.
fn cell_id(metadata: &Map<String, Value>) -> Option<String> {
    metadata.get("cellId").or_else(|| metadata.get("cell_id"))?.as_str().map(str::to_string)
}
