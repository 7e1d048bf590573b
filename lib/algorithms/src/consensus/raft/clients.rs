//! How clients are served (section 8; dissertation 6.2).
//!
//! A client may ask any server. A follower passes the request on to the leader, and the answer back; while it knows no leader it keeps
//! the request. The paper's servers reject the request and name the leader instead; then whoever asks must tell a rejected request
//! from one that may have happened. Here nothing is ever refused, so that `Fail` is never said of a request of which another copy,
//! doubled by the network, is on its way into the log: a call ends with its answer, or its client gives up and knows nothing.

use netsplit_node::{CallId, Context, NodeId};

use super::log::Payload;
use super::message::Message;
use super::state_machine::{CommandKind, StateMachine};
use super::{Raft, Reads, Role};

/// Who is to be answered: a call, and the server at which its client waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The server that was asked.
    pub server: NodeId,
    /// The call there.
    pub call: CallId,
}

impl<M: StateMachine> Raft<M> {
    /// A client asks this server.
    pub(super) fn handle_client_request(
        &mut self,
        call: CallId,
        command: M::Command,
        ctx: &mut Context<Self>,
    ) {
        match (&self.role, self.leader) {
            (Role::Leader(_), _) => self.serve(Origin { server: self.me, call }, command, ctx),
            (_, Some(leader)) => ctx.send(leader, Message::Forward { call, command }),
            (_, None) => self.waiting.push((call, command)),
        }
    }

    /// Another server passes a client's request on. Who leads no longer forgets it: it might otherwise go round for ever.
    pub(super) fn handle_forward(
        &mut self,
        server: NodeId,
        call: CallId,
        command: M::Command,
        ctx: &mut Context<Self>,
    ) {
        if self.is_leader() {
            self.serve(Origin { server, call }, command, ctx);
        }
    }

    /// The leader serves a request, its own client's or another server's.
    fn serve(&mut self, origin: Origin, command: M::Command, ctx: &mut Context<Self>) {
        match M::kind(&command) {
            CommandKind::Read if self.config.reads != Reads::ThroughLog => {
                self.begin_read(origin, command, ctx)
            }
            CommandKind::Read | CommandKind::Write => {
                let index = self.append_to_log(Payload::Command(command), ctx);
                self.promised.insert(index, (self.current_term, origin));
            }
            CommandKind::Membership(change) => self.begin_change(origin, change, ctx),
        }
    }

    /// A leader is known: what waited for one is passed on.
    pub(super) fn forward_waiting_clients(&mut self, ctx: &mut Context<Self>) {
        if let Some(leader) = self.leader {
            for (call, command) in std::mem::take(&mut self.waiting) {
                ctx.send(leader, Message::Forward { call, command });
            }
        }
    }

    /// This server leads: it serves what waited for a leader.
    pub(super) fn serve_waiting_clients(&mut self, ctx: &mut Context<Self>) {
        for (call, command) in std::mem::take(&mut self.waiting) {
            self.serve(Origin { server: self.me, call }, command, ctx);
        }
    }

    /// Answers a client, by way of the server that it asked.
    pub(super) fn answer(&self, origin: Origin, response: M::Response, ctx: &mut Context<Self>) {
        let Origin { server, call } = origin;
        if server == self.me {
            ctx.reply(call, response);
        } else {
            ctx.send(server, Message::Answer { call, response });
        }
    }
}
