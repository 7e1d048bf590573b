//! Client sessions: each command takes effect once, however often it is sent (dissertation 6.3).
//!
//! A leader may crash after it has committed a command and before it has answered; then its client asks again, and the command would take
//! effect twice. So clients number their commands, and the state machine itself remembers what it answered to whom: as a part of the
//! replicated state, so that every server, also one that leads only later, knows it.
//!
//! ```text
//! ann      RegisterClient ─▶ 4    do 4/1 put x = 1 ──▶ ╳ answer lost    do 4/1 put x = 1 ─▶ stored (as before; nothing happens)
//! log      4: register            5: 4/1 put x = 1                      6: 4/1 put x = 1
//! ```
//!
//! A client has one request open at a time, so one response per session is enough. Sessions that are not used are forgotten when there are
//! too many, by a rule that depends on the log alone; a client of a forgotten session is told so, since it cannot know what became of
//! its last request.

use std::collections::BTreeMap;
use std::fmt;

use super::log::Index;
use super::membership::{Change, Configuration, Refusal};
use super::state_machine::{CommandKind, StateMachine};
use crate::Storable;

/// A session: the index of the entry that began it, which no other session can have.
pub type ClientId = Index;

/// A state machine whose commands take effect once: `M` with a memory of what it answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sessions<M: StateMachine> {
    machine: M,
    /// Invariant: at most [`MOST_SESSIONS`].
    sessions: BTreeMap<ClientId, Session<M::Response>>,
}

// Written out because the derive would ask a default of the responses.
impl<M: StateMachine> Default for Sessions<M> {
    fn default() -> Self {
        Sessions { machine: M::default(), sessions: BTreeMap::new() }
    }
}

/// The most sessions that are remembered. When there is one more, the one that was not used for the longest time is forgotten.
pub const MOST_SESSIONS: usize = 1_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Session<R> {
    /// The entry that used it last.
    last_used: Index,
    /// The number and the response of the last request.
    last: Option<(u64, R)>,
}

/// The remote procedure calls of clients and operators (dissertation figures 4.1 and 6.1).
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum SessionRequest<C> {
    /// Begin a session.
    RegisterClient,
    /// Do a command once.
    ClientRequest {
        /// The session.
        client: ClientId,
        /// The number of the request: one more than of the last, and the same when it is sent again. `sequenceNum`
        sequence: u64,
        /// The command.
        command: C,
    },
    /// Answer a command that changes nothing; it needs no session.
    ClientQuery(C),
    /// Change the cluster's membership. Sent again when it is done already, it is refused as nothing to change.
    ChangeMembership(Change),
}

/// What clients and operators are answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SessionResponse<R> {
    /// A session has begun.
    Registered(ClientId),
    /// The state machine's response.
    Response(R),
    /// The session is unknown, or the request is older than its last. This attempt had no effect; an earlier one may have had one.
    SessionExpired,
    /// The new membership is committed.
    Reconfigured(Configuration),
    /// The change of membership was not begun.
    Refused(Refusal),
}

impl<M: StateMachine> Sessions<M> {
    /// The state machine below.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// "If sequenceNum already processed from client, reply OK with stored response" (dissertation figure 6.1, ClientRequest).
    fn apply_once(
        &mut self,
        index: Index,
        client: ClientId,
        sequence: u64,
        command: &M::Command,
    ) -> SessionResponse<M::Response> {
        let Some(session) = self.sessions.get_mut(&client) else { return SessionResponse::SessionExpired };
        session.last_used = index;
        match &session.last {
            Some((last, response)) if *last == sequence => SessionResponse::Response(response.clone()),
            Some((last, _)) if *last > sequence => SessionResponse::SessionExpired,
            _ => {
                let response = self.machine.apply(index, command);
                session.last = Some((sequence, response.clone()));
                SessionResponse::Response(response)
            }
        }
    }

    fn register(&mut self, index: Index) -> SessionResponse<M::Response> {
        self.sessions.insert(index, Session { last_used: index, last: None });
        if self.sessions.len() > MOST_SESSIONS {
            let least_used = self.sessions.iter().min_by_key(|(_, session)| session.last_used);
            if let Some(client) = least_used.map(|(&client, _)| client) {
                self.sessions.remove(&client);
            }
        }
        SessionResponse::Registered(index)
    }
}

impl<M: StateMachine> StateMachine for Sessions<M>
where
    M::Response: Storable,
{
    type Command = SessionRequest<M::Command>;
    type Response = SessionResponse<M::Response>;

    fn apply(&mut self, index: Index, command: &Self::Command) -> Self::Response {
        match command {
            SessionRequest::RegisterClient => self.register(index),
            SessionRequest::ClientRequest { client, sequence, command } => {
                self.apply_once(index, *client, *sequence, command)
            }
            SessionRequest::ClientQuery(_) | SessionRequest::ChangeMembership(_) => self.query(command),
        }
    }

    fn kind(command: &Self::Command) -> CommandKind {
        match command {
            SessionRequest::RegisterClient | SessionRequest::ClientRequest { .. } => CommandKind::Write,
            SessionRequest::ClientQuery(command) => match M::kind(command) {
                CommandKind::Read => CommandKind::Read,
                // Not a query after all: without a session it has no effect, but is told so by `query`.
                CommandKind::Write | CommandKind::Membership(_) => CommandKind::Read,
            },
            SessionRequest::ChangeMembership(change) => CommandKind::Membership(change.clone()),
        }
    }

    fn query(&self, read: &Self::Command) -> Self::Response {
        match read {
            SessionRequest::ClientQuery(command) if M::kind(command) == CommandKind::Read => {
                SessionResponse::Response(self.machine.query(command))
            }
            _ => SessionResponse::SessionExpired,
        }
    }

    fn reconfigured(result: Result<&Configuration, Refusal>) -> Option<Self::Response> {
        Some(match result {
            Ok(configuration) => SessionResponse::Reconfigured(configuration.clone()),
            Err(refusal) => SessionResponse::Refused(refusal),
        })
    }

    fn snapshot(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.sessions.store(&mut bytes);
        self.machine.snapshot().store(&mut bytes);
        bytes
    }

    fn restore(mut bytes: &[u8]) -> Option<Self> {
        let sessions = Storable::load(&mut bytes)?;
        let machine = M::restore(&Vec::from_bytes(bytes)?)?;
        Some(Sessions { machine, sessions })
    }
}

impl<R: Storable> Storable for Session<R> {
    fn store(&self, bytes: &mut Vec<u8>) {
        self.last_used.store(bytes);
        self.last.store(bytes);
    }

    fn load(bytes: &mut &[u8]) -> Option<Self> {
        Some(Session { last_used: Index::load(bytes)?, last: Option::load(bytes)? })
    }
}

impl<C: fmt::Debug> fmt::Debug for SessionRequest<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SessionRequest::RegisterClient => write!(f, "register"),
            SessionRequest::ClientRequest { client, sequence, command } => {
                write!(f, "{client}/{sequence} {command:?}")
            }
            SessionRequest::ClientQuery(command) => write!(f, "{command:?}"),
            SessionRequest::ChangeMembership(change) => write!(f, "{change:?}"),
        }
    }
}

impl<C: Storable> Storable for SessionRequest<C> {
    fn store(&self, bytes: &mut Vec<u8>) {
        match self {
            SessionRequest::RegisterClient => bytes.push(0),
            SessionRequest::ClientRequest { client, sequence, command } => {
                bytes.push(1);
                client.store(bytes);
                sequence.store(bytes);
                command.store(bytes);
            }
            SessionRequest::ClientQuery(command) => {
                bytes.push(2);
                command.store(bytes);
            }
            SessionRequest::ChangeMembership(change) => {
                bytes.push(3);
                change.store(bytes);
            }
        }
    }

    fn load(bytes: &mut &[u8]) -> Option<Self> {
        Some(match u8::load(bytes)? {
            0 => SessionRequest::RegisterClient,
            1 => {
                let (client, sequence) = Storable::load(bytes)?;
                SessionRequest::ClientRequest { client, sequence, command: C::load(bytes)? }
            }
            2 => SessionRequest::ClientQuery(C::load(bytes)?),
            3 => SessionRequest::ChangeMembership(Change::load(bytes)?),
            _ => return None,
        })
    }
}
