//! What running code puts out, as messages that belong to the request which ran it.

use serde_json::{Map, json};

use super::{Action, Current, Session, Task};
use crate::engine::{Clearing, CommKind, CommMessage, Output};
use crate::wire::*;

impl Session {
    /// Publishes what code puts out, as part of the request that runs it or, if it comes late, of the cell that ran last.
    pub(super) fn put_out(&mut self, output: Output) {
        match output {
            // Comms are not outputs of the cell: they are there for silent cells too.
            Output::Target(target) => self.comms.announce(target),
            Output::Comm(said) => self.say(said),
            Output::Late(cell, name, text) => {
                let parent = self.cells.get(&cell).cloned().or_else(|| self.last_cell.clone());
                let message = self.message(parent, Stream { name, text }.into());
                self.actions.push(Action::Publish(message));
            }
            output => {
                let is_silent = self.execution().is_some_and(|execution| execution.request.silent);
                if !is_silent {
                    self.show(output);
                }
            }
        }
    }

    fn show(&mut self, output: Output) {
        let number = self.execution().map(|execution| execution.number).unwrap_or(self.count);
        let metadata = Map::new();
        let named = |id| Map::from_iter([("display_id".to_string(), json!(id))]);
        let content: Content = match output {
            Output::Stream(name, text) => Stream { name, text }.into(),
            Output::Display(data) => DisplayData { data, metadata, transient: Map::new() }.into(),
            Output::Named(id, data) => DisplayData { data, metadata, transient: named(id) }.into(),
            Output::Update(id, data) => UpdateDisplayData { data, metadata, transient: named(id) }.into(),
            Output::Clear(clearing) => ClearOutput { wait: clearing == Clearing::WithTheNext }.into(),
            Output::Result(data) => {
                if let Some(text) = data.get("text/plain").and_then(|it| it.as_str())
                    && self.execution().is_some_and(|execution| execution.request.store_history)
                    && let Some(entry) = self.history.result(number, text)
                {
                    self.actions.push(Action::Remember(entry));
                }
                ExecuteResult { execution_count: number, data, metadata }.into()
            }
            Output::Page(data) => return self.page(data),
            Output::Target(_) | Output::Comm(_) | Output::Late(..) => return,
        };
        let parent = self.parent_of_output();
        let message = self.message(parent, content);
        self.actions.push(Action::Publish(message));
    }

    /// A page travels with the reply. Outside of a cell there is no reply, so it is shown like anything else.
    fn page(&mut self, data: MimeBundle) {
        match self.execution() {
            Some(execution) => {
                execution.payload.push(json!({"source": "page", "data": data, "start": 0}));
            }
            None => self.show(Output::Display(data)),
        }
    }

    /// The engine speaks on a comm.
    fn say(&mut self, said: CommMessage) {
        let CommMessage { comm_id, kind, data, metadata, buffers } = said;
        let content: Content = match kind {
            CommKind::Open(target_name) => {
                self.comms.open(comm_id.clone(), target_name.clone());
                CommOpen { comm_id, target_name, target_module: None, data }.into()
            }
            CommKind::Message => CommMsg { comm_id, data }.into(),
            CommKind::Close => {
                self.comms.close(&comm_id);
                CommClose { comm_id, data }.into()
            }
        };
        let parent = self.parent_of_output();
        let message = Message { metadata, buffers, ..self.message(parent, content) };
        self.actions.push(Action::Publish(message));
    }

    /// The request that runs code now, or the cell that ran last.
    fn parent_of_output(&self) -> Option<Header> {
        match &self.current {
            Some(Current { asked, task: Task::Execute(_) | Task::Evaluate(..) | Task::Comm }) => {
                Some(asked.header.clone())
            }
            _ => self.last_cell.clone(),
        }
    }
}
