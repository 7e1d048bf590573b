//! The five sockets of a kernel: the only place that knows ZeroMQ and tokio.
//!
//! One thread, one loop: frames come in, the [`Session`] says what to do, frames go out. What is awkward about the
//! `zeromq` crate is dealt with here and named where it is: it queues what is sent and forgets it when the process
//! exits ([`Sockets::flush`]), and a heartbeat of one frame is an error to its REP socket (so ours is a ROUTER).

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustix::process::{Pid, getppid};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::Interval;
use zeromq::{
    PubSocket, RouterRecvHalf, RouterSendHalf, RouterSocket, Socket, SocketRecv, SocketSend, ZmqMessage,
};

use crate::engine::{Event, Host, Outlet, Output};
use crate::session::{Action, Channel, Input, Session};
use crate::wire::{ConnectionFile, Key, Message, Port, StreamName};

/// How many messages or events may wait to be looked at before their sender has to wait.
const INBOX: usize = 1_000;
/// Printed text is joined up to this many bytes before it is sent.
const LARGEST_STREAM_MESSAGE: usize = 256 * 1024;
/// How long a failed cell waits for requests that were sent before it failed, and are to be aborted.
const GRACE: Duration = Duration::from_millis(5);
/// How long an ending kernel waits for its last messages to leave.
const LINGER: Duration = Duration::from_secs(1);
/// How often the kernel looks whether the process that started it is still there.
const PARENT_CHECK: Duration = Duration::from_secs(1);

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
    /// The system refuses what every program needs.
    #[error("cannot set up the event loop: {0}; check the limits of this account (`ulimit -a`)")]
    EventLoop(#[from] std::io::Error),
}

/// Serves the connection until a client or a signal ends the kernel. The engine is started when the sockets are open.
pub fn serve(
    connection: &ConnectionFile,
    path: &Path,
    session: Session,
    start_engine: impl FnOnce(Outlet) -> Host,
) -> Result<(), SocketsError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let host = runtime.block_on(async {
        let mut sockets = Sockets::open(connection, path).await?;
        let (interrupt, end) = (signal(SignalKind::interrupt())?, End::new()?);
        let (sender, events) = mpsc::channel(INBOX);
        let host = start_engine(Outlet::new(move |event| drop(sender.blocking_send(event))));
        let (shell, control) = (sockets.receive(Channel::Shell), sockets.receive(Channel::Control));
        let inputs = Inputs { shell, control, events, interrupt, end, taken: None };
        converse(&mut sockets, inputs, session, &host).await;
        sockets.flush().await;
        Ok::<_, SocketsError>(host)
    })?;
    runtime.shutdown_background();
    if !host.stop() {
        tracing::warn!("the engine did not end in time; its processes are killed with this one");
    }
    Ok(())
}

async fn converse(sockets: &mut Sockets, mut inputs: Inputs, mut session: Session, host: &Host) {
    let mut actions = session.start();
    loop {
        for action in actions {
            match action {
                Action::Reply(channel, message) => sockets.reply(channel, &message).await,
                Action::Publish(message) => sockets.publish(&message).await,
                Action::Engine(command) => host.send(command),
                Action::Log(note) => tracing::warn!("{note}"),
                Action::Exit => return,
            }
        }
        actions = loop {
            match inputs.next().await {
                Some(Incoming::Frames(channel, frames)) => match Message::decode(&frames, &sockets.key) {
                    Ok(message) => {
                        tracing::debug!("{channel:?}: {}", message.header.msg_type);
                        break session.handle(Input::Request(channel, message));
                    }
                    Err(error) => tracing::warn!("{channel:?}: {error}; ignored"),
                },
                Some(Incoming::Event(event)) => break session.handle(Input::Engine(event)),
                Some(Incoming::Interrupt) => break session.handle(Input::Interrupt),
                None => return,
            }
        };
    }
}

struct Sockets {
    key: Key,
    topic: String,
    iopub: PubSocket,
    shell: Router,
    control: Router,
    /// Kept open so that clients can connect; nothing is asked there yet.
    stdin: RouterSocket,
    heartbeat: JoinHandle<()>,
    receivers: Vec<JoinHandle<()>>,
}

struct Router {
    send: RouterSendHalf,
    /// Taken by the task that receives.
    receive: Option<RouterRecvHalf>,
}

impl From<RouterSocket> for Router {
    fn from(socket: RouterSocket) -> Self {
        let (send, receive) = socket.split();
        Self { send, receive: Some(receive) }
    }
}

impl Sockets {
    async fn open(connection: &ConnectionFile, path: &Path) -> Result<Self, SocketsError> {
        let iopub = bind::<PubSocket>(connection, path, Port::Iopub).await?;
        let shell = bind::<RouterSocket>(connection, path, Port::Shell).await?.into();
        let control = bind::<RouterSocket>(connection, path, Port::Control).await?.into();
        let stdin = bind(connection, path, Port::Stdin).await?;
        let heartbeat = tokio::spawn(echo(bind(connection, path, Port::Heartbeat).await?));
        let topic = format!("kernel.{}", std::process::id());
        Ok(Self {
            key: connection.key(),
            topic,
            iopub,
            shell,
            control,
            stdin,
            heartbeat,
            receivers: Vec::new(),
        })
    }

    /// What comes in on a channel. Receiving has a task of its own: the crate does not promise that `recv` may be
    /// cancelled half way, as waiting for several things at once would do.
    fn receive(&mut self, channel: Channel) -> Receiver<Vec<Bytes>> {
        let (sender, receiver) = mpsc::channel(INBOX);
        let router = self.router(channel);
        let socket = router.receive.take().expect("each channel is received once");
        self.receivers.push(tokio::spawn(receive(socket, sender)));
        receiver
    }

    fn router(&mut self, channel: Channel) -> &mut Router {
        match channel {
            Channel::Shell => &mut self.shell,
            Channel::Control => &mut self.control,
        }
    }

    async fn reply(&mut self, channel: Channel, message: &Message) {
        let frames = message.encode(&self.key);
        let sent = match ZmqMessage::try_from(frames) {
            Ok(frames) => self.router(channel).send.send(frames).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = sent {
            tracing::warn!("cannot send {} on {channel:?}: {error}", message.header.msg_type);
        }
    }

    async fn publish(&mut self, message: &Message) {
        let mut frames = message.encode(&self.key);
        frames.insert(0, format!("{}.{}", self.topic, message.header.msg_type).into());
        let Ok(frames) = ZmqMessage::try_from(frames) else { return };
        if let Err(error) = self.iopub.send(frames).await {
            tracing::warn!("cannot publish {}: {error}", message.header.msg_type);
        }
    }

    /// Closes the sockets and waits until everything sent has left the process. The crate puts what is sent into one
    /// queue per client, whose writer ends when the socket is closed *and* the queue is empty; so no task left means
    /// that no message is left.
    async fn flush(self) {
        // What was published waits to be spread over the clients' queues; that happens as soon as we let others run.
        for _ in 0..100 {
            yield_now().await;
        }
        self.heartbeat.abort();
        self.receivers.iter().for_each(JoinHandle::abort);
        drop((self.iopub, self.shell, self.control, self.stdin));
        let deadline = Instant::now() + LINGER;
        while tokio::runtime::Handle::current().metrics().num_alive_tasks() > 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn bind<S: Socket>(connection: &ConnectionFile, path: &Path, port: Port) -> Result<S, SocketsError> {
    let endpoint = connection.endpoint(port);
    let mut socket = S::new();
    match socket.bind(&endpoint).await {
        Ok(_) => Ok(socket),
        Err(error) => {
            Err(SocketsError::Bind { endpoint, port, path: path.to_path_buf(), reason: error.to_string() })
        }
    }
}

/// Sends every heartbeat back as it came, whatever it looks like.
async fn echo(mut socket: RouterSocket) {
    loop {
        match socket.recv().await {
            Ok(beat) => {
                if let Err(error) = socket.send(beat).await {
                    tracing::debug!("cannot answer a heartbeat: {error}");
                }
            }
            Err(error) => pause(&error).await,
        }
    }
}

async fn receive(mut socket: RouterRecvHalf, sender: Sender<Vec<Bytes>>) {
    loop {
        match socket.recv().await {
            Ok(frames) => {
                if sender.send(frames.into_vec()).await.is_err() {
                    return;
                }
            }
            Err(error) => pause(&error).await,
        }
    }
}

/// One bad client must not end a loop, and an error that comes back at once must not make it spin.
async fn pause(error: &zeromq::ZmqError) {
    tracing::warn!("a client misbehaves: {error}");
    tokio::time::sleep(Duration::from_millis(10)).await;
}

/// Everything that the loop waits for.
struct Inputs {
    shell: Receiver<Vec<Bytes>>,
    control: Receiver<Vec<Bytes>>,
    events: Receiver<Event>,
    interrupt: Signal,
    end: End,
    /// An event that has been taken out of the queue, and comes next.
    taken: Option<Event>,
}

enum Incoming {
    Frames(Channel, Vec<Bytes>),
    Event(Event),
    Interrupt,
}

impl Inputs {
    /// The next input, or nothing when the process shall end.
    async fn next(&mut self) -> Option<Incoming> {
        if let Some(event) = self.taken.take() {
            return Some(self.event(event).await);
        }
        let event = tokio::select! {
            biased;
            () = self.end.comes() => return None,
            Some(()) = self.interrupt.recv() => return Some(Incoming::Interrupt),
            Some(frames) = self.control.recv() => return Some(Incoming::Frames(Channel::Control, frames)),
            Some(frames) = self.shell.recv() => return Some(Incoming::Frames(Channel::Shell, frames)),
            Some(event) = self.events.recv() => event,
            else => return None,
        };
        Some(self.event(event).await)
    }

    async fn event(&mut self, event: Event) -> Incoming {
        match event {
            Event::Output(Output::Stream(name, text)) => Incoming::Event(self.join_printed(name, text)),
            // Requests that have arrived come first, so that the session finds all of them in its queue and aborts them.
            Event::Executed(Err(_)) => match self.arrived_request().await {
                Some(frames) => {
                    self.taken = Some(event);
                    Incoming::Frames(Channel::Shell, frames)
                }
                None => Incoming::Event(event),
            },
            event => Incoming::Event(event),
        }
    }

    /// Joins text that was printed in one go into one message: a cell that prints a million lines must not make a
    /// million messages.
    fn join_printed(&mut self, name: StreamName, mut text: String) -> Event {
        while text.len() < LARGEST_STREAM_MESSAGE {
            match self.events.try_recv() {
                Ok(Event::Output(Output::Stream(same, more))) if same == name => text.push_str(&more),
                Ok(other) => {
                    self.taken = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        Event::Output(Output::Stream(name, text))
    }

    /// A request that has been sent already, also if it is still on its way through the system's buffers.
    async fn arrived_request(&mut self) -> Option<Vec<Bytes>> {
        tokio::time::timeout(GRACE, self.shell.recv()).await.ok().flatten()
    }
}

/// What ends a kernel from outside: signals, and the end of the process that started it.
struct End {
    terminate: Signal,
    hangup: Signal,
    parent: Option<Pid>,
    parent_check: Interval,
}

impl End {
    fn new() -> std::io::Result<Self> {
        // Jupyter says in this variable that the kernel shall not outlive the process that started it.
        let has_parent = std::env::var_os("JPY_PARENT_PID").is_some();
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            parent: getppid().filter(|_| has_parent),
            parent_check: tokio::time::interval(PARENT_CHECK),
        })
    }

    async fn comes(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.hangup.recv() => return,
                _ = self.parent_check.tick() => if self.parent.is_some() && getppid() != self.parent {
                    return tracing::warn!("the process that started this kernel is gone; ending");
                },
            }
        }
    }
}
