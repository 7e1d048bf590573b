//! Everything that the kernel waits for, one thing at a time: clients, the engine, signals, the end of its parent.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::Receiver;

use super::Sockets;
use crate::engine::{Event, Output};
use crate::parent::Parents;
use crate::session::Channel;
use crate::wire::StreamName;
use crate::zmtp::Received;

/// Printed text is joined up to this many bytes before it is sent.
const LARGEST_STREAM_MESSAGE: usize = 256 * 1024;
/// How long a failed cell waits for the next of the requests that were sent before it failed, and are to be aborted.
const GRACE: Duration = Duration::from_millis(5);
/// How long it waits for all of them.
const GRACE_IN_ALL: Duration = Duration::from_millis(200);
/// How often to look whether clients have caught up with what was published.
const CATCHING_UP: Duration = Duration::from_millis(2);

/// What the kernel waits for besides its clients.
pub struct Inputs {
    events: Receiver<Event>,
    interrupt: Signal,
    end: End,
    /// An event that has been taken out of the queue, and comes next.
    taken: Option<Event>,
    /// Until when the taken event, a failure, lets requests pass that were sent before it.
    grace: Option<Instant>,
}

/// What has come.
pub enum Incoming {
    /// A message on a channel.
    Frames(Channel, Vec<Bytes>),
    /// The client with this identity is not there to be asked any more.
    Gone(Bytes),
    /// A client has subscribed to this topic.
    Subscription(Bytes),
    /// The engine has something to say.
    Event(Event),
    /// The user interrupts.
    Interrupt,
}

impl Inputs {
    /// Waits for these events, and for signals.
    pub fn new(events: Receiver<Event>) -> std::io::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { events, interrupt, end: End::new()?, taken: None, grace: None })
    }

    /// The next input, or nothing when the process shall end. Shell requests wait while the session has no room.
    pub async fn next(&mut self, sockets: &mut Sockets, has_room: bool) -> Option<Incoming> {
        loop {
            if let Some(event) = self.taken.take() {
                return Some(self.event(event, sockets, has_room).await);
            }
            let may_put_out = sockets.iopub.has_room();
            let event = tokio::select! {
                biased;
                () = self.end.comes() => return None,
                Some(()) = self.interrupt.recv() => return Some(Incoming::Interrupt),
                frames = sockets.control.message() => return Some(Incoming::Frames(Channel::Control, frames)),
                received = sockets.stdin.receive() => return Some(match received {
                    Received::Message(frames) => Incoming::Frames(Channel::Stdin, frames),
                    Received::Gone(identity) => Incoming::Gone(identity),
                }),
                topic = sockets.iopub.subscription() => return Some(Incoming::Subscription(topic)),
                frames = sockets.shell.message(), if has_room => {
                    return Some(Incoming::Frames(Channel::Shell, frames));
                }
                Some(event) = self.events.recv(), if may_put_out => event,
                () = tokio::time::sleep(CATCHING_UP), if !may_put_out => continue,
            };
            return Some(self.event(event, sockets, has_room).await);
        }
    }

    async fn event(&mut self, event: Event, sockets: &mut Sockets, has_room: bool) -> Incoming {
        match event {
            Event::Output(Output::Stream(name, text)) => Incoming::Event(self.join_printed(name, text)),
            // Requests that have arrived come first, so that the session finds all of them in its queue and aborts them.
            Event::Executed(Err(_)) if has_room => match self.arrived_request(sockets).await {
                Some(frames) => {
                    self.taken = Some(event);
                    Incoming::Frames(Channel::Shell, frames)
                }
                None => {
                    self.grace = None;
                    Incoming::Event(event)
                }
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

    /// A request that has been sent already, also if it is still on its way through the system's buffers. A client that
    /// never stops sending cannot keep the failure back.
    async fn arrived_request(&mut self, sockets: &mut Sockets) -> Option<Vec<Bytes>> {
        let until = *self.grace.get_or_insert_with(|| Instant::now() + GRACE_IN_ALL);
        if Instant::now() > until {
            return None;
        }
        tokio::time::timeout(GRACE, sockets.shell.message()).await.ok()
    }
}

/// What ends a kernel from outside: signals, and the end of the process that started it.
struct End {
    terminate: Signal,
    hangup: Signal,
    parents: Parents,
}

impl End {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            parents: Parents::of_this_process(),
        })
    }

    async fn comes(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
            () = self.parents.end() => tracing::warn!("the process that started this kernel is gone; ending"),
        }
    }
}
