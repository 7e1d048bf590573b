//! A small Jupyter client: what `netsplit run` executes notebooks with, and what the tests talk to kernels with.
//!
//! It is blocking: a thread of its own looks after the sockets, and messages wait in queues until they are asked for.

mod notebook;
mod process;

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Map;
use tokio::runtime::Runtime;
use zeromq::util::PeerIdentity;
use zeromq::{
    DealerSendHalf, DealerSocket, ReqSocket, Socket, SocketOptions, SocketRecv, SocketSend, SubSocket,
    ZmqMessage,
};

use crate::session::Channel;
use crate::wire::{ConnectionFile, Content, Header, Key, Message, Port};

pub use notebook::{CellReport, Notebook, NotebookError, Progress, cell_failure, run_cell};
pub use process::{KernelProcess, StartError};

/// Why a client cannot connect or send.
#[derive(Debug, thiserror::Error)]
#[error("cannot talk to the kernel: {0}")]
pub struct ClientError(String);

/// One client's connection to a kernel.
pub struct Client {
    runtime: Runtime,
    key: Key,
    session: String,
    shell: Requests,
    control: Requests,
    stdin: Requests,
    iopub: Receiver<Message>,
    heartbeat: ReqSocket,
}

struct Requests {
    send: DealerSendHalf,
    replies: Receiver<Message>,
}

impl Client {
    /// Connects to the kernel, which may still be on its way to open its sockets.
    pub fn connect(connection: &ConnectionFile) -> Result<Self, ClientError> {
        // The crate writes from tasks of its own, which must go on while nobody is waiting for anything here.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| ClientError(error.to_string()))?;
        let session = uuid::Uuid::new_v4().to_string();
        let (shell, control, stdin, iopub, heartbeat) = runtime.block_on(async {
            let mut iopub = connected(SubSocket::new(), connection, Port::Iopub).await?;
            iopub.subscribe("").await.map_err(|error| ClientError(error.to_string()))?;
            let shell = connected(dealer(&session)?, connection, Port::Shell).await?;
            let control = connected(dealer(&session)?, connection, Port::Control).await?;
            let stdin = connected(dealer(&session)?, connection, Port::Stdin).await?;
            let heartbeat = connected(ReqSocket::new(), connection, Port::Heartbeat).await?;
            Ok::<_, ClientError>((shell, control, stdin, iopub, heartbeat))
        })?;
        let requests = |socket: DealerSocket| {
            let (send, receive) = socket.split();
            Requests { send, replies: receive_all(&runtime, connection.key(), receive) }
        };
        let (shell, control, stdin) = (requests(shell), requests(control), requests(stdin));
        let iopub = receive_all(&runtime, connection.key(), iopub);
        Ok(Self { key: connection.key(), session, shell, control, stdin, iopub, heartbeat, runtime })
    }

    /// Sends a request and returns its header, which its replies carry as their parent.
    pub fn request(&mut self, channel: Channel, content: impl Into<Content>) -> Result<Header, ClientError> {
        let message = self.message(content);
        self.send(channel, &message)?;
        Ok(message.header)
    }

    /// A message of this client, not sent yet.
    pub fn message(&self, content: impl Into<Content>) -> Message {
        let content = content.into();
        let id = uuid::Uuid::new_v4().to_string();
        let date = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        Message {
            identities: Vec::new(),
            header: Header::new(id, content.msg_type(), self.session.clone(), "client", date),
            parent: None,
            metadata: Map::new(),
            content,
            buffers: Vec::new(),
        }
    }

    /// Sends a message, signed.
    pub fn send(&mut self, channel: Channel, message: &Message) -> Result<(), ClientError> {
        self.send_frames(channel, message.encode(&self.key))
    }

    /// Sends frames as they are, which need not be a message at all.
    pub fn send_frames(&mut self, channel: Channel, frames: Vec<Bytes>) -> Result<(), ClientError> {
        let requests = match channel {
            Channel::Shell => &mut self.shell,
            Channel::Control => &mut self.control,
            Channel::Stdin => &mut self.stdin,
        };
        let frames = ZmqMessage::try_from(frames).map_err(|error| ClientError(error.to_string()))?;
        self.runtime.block_on(requests.send.send(frames)).map_err(|error| ClientError(error.to_string()))
    }

    /// The next reply on the channel, or on stdin the next question, if one comes in time.
    pub fn reply(&mut self, channel: Channel, within: Duration) -> Option<Message> {
        match channel {
            Channel::Shell => in_time(&self.shell.replies, within),
            Channel::Control => in_time(&self.control.replies, within),
            Channel::Stdin => in_time(&self.stdin.replies, within),
        }
    }

    /// The next message that the kernel publishes, if one comes in time.
    pub fn published(&mut self, within: Duration) -> Option<Message> {
        in_time(&self.iopub, within)
    }

    /// Sends a heartbeat and returns what comes back, if it comes in time.
    pub fn heartbeat(&mut self, beat: &[u8], within: Duration) -> Option<Vec<u8>> {
        let echo = async {
            self.heartbeat.send(ZmqMessage::from(beat.to_vec())).await.ok()?;
            self.heartbeat.recv().await.ok()?.get(0).map(|frame| frame.to_vec())
        };
        self.runtime.block_on(async { tokio::time::timeout(within, echo).await.ok().flatten() })
    }
}

fn in_time(messages: &Receiver<Message>, within: Duration) -> Option<Message> {
    messages.recv_timeout(within).ok()
}

/// A socket for requests. The kernel asks its questions on the stdin socket of the same identity.
fn dealer(identity: &str) -> Result<DealerSocket, ClientError> {
    let mut options = SocketOptions::default();
    let identity = identity.parse::<PeerIdentity>().map_err(|error| ClientError(error.to_string()))?;
    options.peer_identity(identity);
    Ok(DealerSocket::with_options(options))
}

async fn connected<S: Socket>(
    mut socket: S,
    connection: &ConnectionFile,
    port: Port,
) -> Result<S, ClientError> {
    let endpoint = connection.endpoint(port);
    socket.connect(&endpoint).await.map_err(|error| ClientError(format!("{endpoint}: {error}")))?;
    Ok(socket)
}

/// Receives for ever; what does not decode is logged and left out.
fn receive_all(
    runtime: &Runtime,
    key: Key,
    mut socket: impl SocketRecv + Send + 'static,
) -> Receiver<Message> {
    let (sender, receiver) = channel();
    runtime.spawn(async move {
        // An error here is the kernel closing its socket.
        while let Ok(frames) = socket.recv().await {
            match Message::decode(&frames.into_vec(), &key) {
                Ok(message) => {
                    if sender.send(message).is_err() {
                        return;
                    }
                }
                Err(error) => tracing::warn!("the kernel sent something else than a message: {error}"),
            }
        }
    });
    receiver
}
