//! The five sockets of a kernel, and the loop that serves them.
//!
//! One thread, one loop: frames come in, the [`Session`] says what to do, frames go out. Nothing in the loop waits for a
//! client: what is sent is put into the queue of its receiver ([`crate::zmtp`]), and what a client sends is dealt with
//! message by message, the bad ones with a line in the log. Before the process ends, the sockets are closed in a way that
//! loses nothing ([`Sockets::close`]).

mod inputs;
mod iopub;
mod registration;

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use self::inputs::{Incoming, Inputs};
use self::iopub::Iopub;
pub use self::registration::RegistrationError;
use crate::engine::{Host, Outlet};
use crate::history_file::HistoryFile;
use crate::session::{Action, Channel, Input, Session};
use crate::wire::{ConnectionFile, Gate, Key, Launch, Message, Port};
use crate::zmtp::{Budget, Limits, Router};

/// How many events of the engine may wait to be looked at before it has to wait.
const EVENTS: usize = 128;
/// How many bytes of all clients together may wait to be looked at.
const UNREAD: usize = 256 << 20;
/// How long an ending kernel waits for its last messages to leave.
const LINGER: Duration = Duration::from_secs(1);

/// Why a kernel cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum SocketsError {
    /// A socket cannot be opened.
    #[error(
        "cannot listen on {endpoint}, which {path} names for {port:?}: {reason}; \
         stop the program that has it, or start the kernel again"
    )]
    Bind {
        /// Where.
        endpoint: String,
        /// Which of the sockets.
        port: Port,
        /// The connection file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// Whoever started the kernel does not want it.
    #[error(transparent)]
    Registration(#[from] RegistrationError),
    /// The system refuses what every program needs.
    #[error("cannot set up the event loop: {0}; check the limits of this account (`ulimit -a`)")]
    EventLoop(#[from] std::io::Error),
}

/// Serves until a client or a signal ends the kernel. The engine is started when the sockets are open. `path` is the
/// connection file, which gets the ports where the kernel chooses them.
pub fn serve(
    launch: &Launch,
    path: &Path,
    session: Session,
    memory: Option<HistoryFile>,
    start_engine: impl FnOnce(Outlet) -> Host,
) -> Result<(), SocketsError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let host = runtime.block_on(async {
        let mut sockets = match launch {
            Launch::Connection(connection) => Sockets::open(connection, path).await?,
            Launch::Registration(registration) => {
                let connection = registration.connection();
                let sockets = Sockets::open(&connection, path).await?;
                registration::register(registration, &sockets.ports(connection), path).await?;
                sockets
            }
        };
        let (sender, events) = mpsc::channel(EVENTS);
        let mut inputs = Inputs::new(events)?;
        let host = start_engine(Outlet::new(move |event| drop(sender.blocking_send(event))));
        converse(&mut sockets, &mut inputs, session, memory.as_ref(), &host).await;
        sockets.close().await;
        Ok::<_, SocketsError>(host)
    })?;
    runtime.shutdown_background();
    if !host.stop() {
        tracing::warn!("the engine did not end in time; its processes are killed with this one");
    }
    if let Some(memory) = memory {
        memory.close();
    }
    Ok(())
}

async fn converse(
    sockets: &mut Sockets,
    inputs: &mut Inputs,
    mut session: Session,
    memory: Option<&HistoryFile>,
    host: &Host,
) {
    let mut actions = session.start();
    loop {
        let mut undelivered = Vec::new();
        for action in actions {
            match action {
                Action::Reply(channel, message) => {
                    if let Err(id) = sockets.reply(channel, &message) {
                        undelivered.push(id);
                    }
                }
                Action::Publish(message) => sockets.iopub.publish(message),
                Action::Engine(command) => host.send(command),
                Action::Remember(entry) => memory.into_iter().for_each(|it| it.remember(entry.clone())),
                Action::Log(note) => tracing::warn!("{note}"),
                Action::Exit => return,
            }
        }
        actions = undelivered.into_iter().flat_map(|id| session.handle(Input::Undelivered(id))).collect();
        if actions.is_empty() {
            actions = match sockets.next_input(inputs, session.has_room()).await {
                Some(input) => session.handle(input),
                None => return,
            };
        }
    }
}

struct Sockets {
    key: Key,
    gate: Gate,
    iopub: Iopub,
    shell: Router,
    control: Router,
    stdin: Router,
    heartbeat: u16,
}

impl Sockets {
    async fn open(connection: &ConnectionFile, path: &Path) -> Result<Self, SocketsError> {
        let budget = Budget::new(UNREAD);
        let cannot = |port: Port| {
            move |error: std::io::Error| SocketsError::Bind {
                endpoint: connection.endpoint(port),
                port,
                path: path.to_path_buf(),
                reason: error.to_string(),
            }
        };
        let router = |port: Port| {
            let (endpoint, budget) = (connection.endpoint(port), budget.clone());
            async move { Router::bind(&endpoint, Limits::default(), budget).await.map_err(cannot(port)) }
        };
        let key = connection.key();
        let endpoint = connection.endpoint(Port::Iopub);
        let iopub = Iopub::bind(&endpoint, key.clone(), budget.clone()).await.map_err(cannot(Port::Iopub))?;
        let (shell, control) = (router(Port::Shell).await?, router(Port::Control).await?);
        let stdin = router(Port::Stdin).await?;
        // Opened last: once it is there, everything is.
        let heartbeat = router(Port::Heartbeat).await?;
        let heartbeat_port = heartbeat.port();
        tokio::spawn(echo(heartbeat));
        let gate = Gate::new(key.clone());
        Ok(Self { key, gate, iopub, shell, control, stdin, heartbeat: heartbeat_port })
    }

    /// The connection with the ports on which we really listen.
    fn ports(&self, connection: ConnectionFile) -> ConnectionFile {
        if connection.transport == "ipc" {
            return connection;
        }
        ConnectionFile {
            shell_port: self.shell.port(),
            iopub_port: self.iopub.port(),
            stdin_port: self.stdin.port(),
            control_port: self.control.port(),
            hb_port: self.heartbeat,
            ..connection
        }
    }

    /// The next input for the session, or nothing when the process shall end. What is no message is logged.
    async fn next_input(&mut self, inputs: &mut Inputs, has_room: bool) -> Option<Input> {
        loop {
            match inputs.next(self, has_room).await? {
                Incoming::Frames(channel, frames) => match self.gate.decode(&frames) {
                    Ok(message) => {
                        tracing::debug!("{channel:?}: {}", message.header.msg_type);
                        return Some(Input::Request(channel, message));
                    }
                    Err(error) => tracing::warn!("{channel:?}: {error}; ignored"),
                },
                Incoming::Gone(identity) => return Some(Input::Gone(identity)),
                Incoming::Subscription(topic) => match String::from_utf8(topic.to_vec()) {
                    Ok(topic) => return Some(Input::Subscribed(topic)),
                    Err(_) => tracing::debug!("a subscription that is no text gets no welcome"),
                },
                Incoming::Event(event) => return Some(Input::Engine(event)),
                Incoming::Interrupt => return Some(Input::Interrupt),
            }
        }
    }

    /// Sends the message, or returns its identifier.
    fn reply(&mut self, channel: Channel, message: &Message) -> Result<(), String> {
        let router = match channel {
            Channel::Shell => &mut self.shell,
            Channel::Control => &mut self.control,
            Channel::Stdin => &mut self.stdin,
        };
        router.send(message.encode(&self.key)).map_err(|error| {
            let Message { header, .. } = message;
            tracing::warn!("cannot send {} on {channel:?}: {error}", header.msg_type);
            header.msg_id.clone()
        })
    }

    /// Closes the sockets and waits until everything sent has left the process, or nobody takes it.
    async fn close(self) {
        let Self { iopub, shell, control, stdin, .. } = self;
        let closed = async { tokio::join!(iopub.close(), shell.close(), control.close(), stdin.close()) };
        if tokio::time::timeout(LINGER, closed).await.is_err() {
            tracing::debug!("a client has not read everything");
        }
    }
}

/// Sends every heartbeat back as it came, whatever it looks like.
async fn echo(mut socket: Router) {
    loop {
        let beat: Vec<Bytes> = socket.message().await;
        if let Err(error) = socket.send(beat) {
            tracing::debug!("cannot answer a heartbeat: {error}");
        }
    }
}
