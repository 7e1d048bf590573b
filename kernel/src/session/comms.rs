//! Comms: which targets the engine answers for, which comms are open, and what front ends say on them.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{Action, Asked, Current, Session, Task};
use crate::engine::{CommKind, CommMessage, Command};
use crate::wire::*;

/// The targets and the open comms.
#[derive(Debug, Default)]
pub(super) struct Comms {
    targets: BTreeSet<String>,
    /// The target of each open comm.
    open: BTreeMap<String, String>,
}

impl Comms {
    pub(super) fn announce(&mut self, target: String) {
        self.targets.insert(target);
    }

    pub(super) fn open(&mut self, comm_id: String, target: String) {
        self.open.insert(comm_id, target);
    }

    pub(super) fn close(&mut self, comm_id: &str) {
        self.open.remove(comm_id);
    }

    /// The open comms of this target, or of all, as `comm_info_reply` lists them.
    pub(super) fn of_target(&self, target: Option<&str>) -> Map<String, Value> {
        let wanted = self.open.iter().filter(|(_, its)| target.is_none_or(|target| target == its.as_str()));
        wanted.map(|(id, target)| (id.clone(), json!({"target_name": target}))).collect()
    }
}

impl Session {
    /// A front end speaks on a comm: what makes sense is passed on to the engine.
    pub(super) fn hear_comm(
        &mut self,
        asked: Asked,
        content: Content,
        metadata: Map<String, Value>,
        buffers: Vec<Bytes>,
    ) {
        let (comm_id, kind, data) = match content {
            Content::CommOpen(it) => (it.comm_id, CommKind::Open(it.target_name), it.data),
            Content::CommMsg(it) => (it.comm_id, CommKind::Message, it.data),
            Content::CommClose(it) => (it.comm_id, CommKind::Close, it.data),
            _ => unreachable!("everything else has been dispatched before"),
        };
        let is_open = self.comms.open.contains_key(&comm_id);
        match &kind {
            CommKind::Open(target) if !self.comms.targets.contains(target) => {
                // Nobody here answers to this target, and the protocol's way to say so is to close the comm.
                self.publish(Some(&asked), CommClose { comm_id, data: json!({}) });
                return self.status(&asked, ExecutionState::Idle);
            }
            CommKind::Open(target) if !is_open => self.comms.open(comm_id.clone(), target.clone()),
            CommKind::Close if is_open => self.comms.close(&comm_id),
            CommKind::Message if is_open => {}
            CommKind::Open(_) | CommKind::Message | CommKind::Close => {
                self.log(format!(
                    "expected a message on an open comm, found {kind:?} on {comm_id:?}; ignored"
                ));
                return self.status(&asked, ExecutionState::Idle);
            }
        }
        let said = CommMessage { comm_id, kind, data, metadata, buffers };
        self.actions.push(Action::Engine(Command::Comm(said)));
        self.current = Some(Current { asked, task: Task::Comm });
    }

    /// The engine has heard what was said. Comm messages have no reply, so a failure shows on stderr.
    pub(super) fn comm_handled(&mut self, asked: &Asked, handled: Result<(), ErrorOutput>) {
        if let Err(error) = handled {
            let text = format!("{}\n", error.traceback.join("\n"));
            self.publish(Some(asked), Stream { name: StreamName::Stderr, text });
        }
        self.status(asked, ExecutionState::Idle);
    }
}
