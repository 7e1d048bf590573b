//! Publishing: everything goes to every subscriber, and none of them can hold up the others, or the kernel.
//!
//! Each subscriber has a queue of its own ([`Feed`]). What happens when a client does not read as fast as cells print:
//!
//! 1. Up to [`HIGH`] waits for it.
//! 2. Beyond that, as long as it reads at all, the engine has to wait ([`Iopub::has_room`]), and so does the cell: nothing is
//!    lost. What the cell prints meanwhile is joined into fewer messages.
//! 3. A client that has read nothing for [`STALLED`] is waited for no longer. Once [`FULL`] waits for it, printed text is left
//!    out, and one line in its place says how much; everything else is kept, or the client would never see a cell end.
//! 4. Beyond [`HOPELESS`], the client is disconnected. When it comes back, it is welcomed anew.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::wire::{Content, Key, Message, Stream, StreamName};
use crate::zmtp::{Budget, Limits, Publisher, Queue};

/// How many bytes may wait for a client that reads before the engine has to wait too.
const HIGH: usize = 4 << 20;
/// How many bytes may wait for a client before text is left out.
const FULL: usize = 16 << 20;
/// How many bytes may wait for a client at all.
const HOPELESS: usize = 64 << 20;
/// After how long without reading a client is waited for no longer.
const STALLED: Duration = Duration::from_secs(1);
/// What a message costs besides its frames' bytes.
const OVERHEAD: usize = 500;

/// The iopub socket.
pub struct Iopub {
    publisher: Publisher<Feed>,
    key: Key,
    topic: String,
}

/// What waits for one subscriber.
#[derive(Debug)]
struct Feed {
    key: Key,
    queue: VecDeque<Entry>,
    bytes: usize,
}

#[derive(Debug)]
enum Entry {
    Whole(Arc<Publication>),
    /// Text that was left out, how many bytes of it, and the message that it began with.
    Gap(Arc<Publication>, usize),
}

/// A message as it is sent to every subscriber.
#[derive(Debug)]
struct Publication {
    message: Message,
    frames: Vec<Bytes>,
    bytes: usize,
}

/// Whether a message found room.
#[derive(Debug, PartialEq, Eq)]
enum Taken {
    Yes,
    /// Too much waits already, and this message cannot be left out.
    No,
}

impl Iopub {
    /// Listens.
    pub async fn bind(endpoint: &str, key: Key, budget: Budget) -> std::io::Result<Self> {
        let feeds_key = key.clone();
        let make_feed = move || Feed { key: feeds_key.clone(), queue: VecDeque::new(), bytes: 0 };
        let publisher = Publisher::bind(endpoint, Limits::default(), budget, make_feed).await?;
        Ok(Self { publisher, key, topic: format!("kernel.{}", std::process::id()) })
    }

    /// The port that it listens on; 0 without TCP.
    pub fn port(&self) -> u16 {
        self.publisher.port()
    }

    /// The topic of the next subscription, which has taken effect. Nothing is lost if the wait for it is given up.
    pub async fn subscription(&mut self) -> Bytes {
        self.publisher.subscription().await
    }

    /// Publishes, under the topic that the message brings along or under one that is made of its type.
    pub fn publish(&self, mut message: Message) {
        let topic = match message.identities.first() {
            Some(topic) => topic.clone(),
            None => format!("{}.{}", self.topic, message.header.msg_type).into(),
        };
        message.identities = vec![topic.clone()];
        let publication = Arc::new(Publication::new(message, &self.key));
        for outbox in self.publisher.subscribers(&topic) {
            if outbox.with(|feed| feed.push(&publication)) == Taken::No {
                tracing::warn!("a client of iopub does not read and is disconnected");
                outbox.end();
            }
        }
    }

    /// Whether the engine may go on putting out: false while too much waits for a client that is still reading.
    pub fn has_room(&self) -> bool {
        let is_behind = |outbox: &Arc<crate::zmtp::Outbox<Feed>>| {
            outbox.with(|feed| feed.bytes > HIGH) && outbox.stalled_for() < STALLED
        };
        !self.publisher.subscribers(self.topic.as_bytes()).any(is_behind)
    }

    /// As [`crate::zmtp::Router::close`].
    pub async fn close(self) {
        self.publisher.close().await;
    }
}

impl Publication {
    fn new(message: Message, key: &Key) -> Self {
        let frames = message.encode(key);
        let bytes = OVERHEAD + frames.iter().map(Bytes::len).sum::<usize>();
        Self { message, frames, bytes }
    }

    fn printed(&self) -> Option<&Stream> {
        match &self.message.content {
            Content::Stream(stream) => Some(stream),
            _ => None,
        }
    }
}

impl Feed {
    fn push(&mut self, publication: &Arc<Publication>) -> Taken {
        let after = self.bytes + publication.bytes;
        let printed = publication.printed().map(|stream| stream.text.len());
        // Once text has been left out, the next piece is too until there is room for a good deal of it: not every line
        // that happens to fit makes a gap of its own.
        let is_in_gap = matches!(self.queue.back(), Some(Entry::Gap(..))) && self.bytes > FULL / 2;
        match printed {
            // However large one message is, it is not left out where nothing else waits.
            _ if self.queue.is_empty() || after <= FULL && !is_in_gap => self.keep(publication),
            Some(printed) => self.leave_out(publication, printed),
            None if after <= HOPELESS => self.keep(publication),
            None => return Taken::No,
        }
        Taken::Yes
    }

    fn keep(&mut self, publication: &Arc<Publication>) {
        self.bytes += publication.bytes;
        self.queue.push_back(Entry::Whole(publication.clone()));
    }

    fn leave_out(&mut self, publication: &Arc<Publication>, printed: usize) {
        match self.queue.back_mut() {
            Some(Entry::Gap(first, bytes)) if first.message.parent == publication.message.parent => {
                *bytes += printed;
            }
            _ => {
                // The text itself need not be kept for the sake of its header.
                let content = Stream { name: StreamName::Stderr, text: String::new() }.into();
                let message = Message { content, ..publication.message.clone() };
                let first = Publication { message, frames: Vec::new(), bytes: OVERHEAD };
                self.bytes += OVERHEAD;
                self.queue.push_back(Entry::Gap(Arc::new(first), printed));
            }
        }
    }
}

impl Queue for Feed {
    fn pop(&mut self) -> Option<Vec<Bytes>> {
        match self.queue.pop_front()? {
            Entry::Whole(publication) => {
                self.bytes -= publication.bytes;
                Some(publication.frames.clone())
            }
            Entry::Gap(first, bytes) => {
                self.bytes -= first.bytes;
                let text = format!(
                    "[{bytes} bytes of output are left out here, because this client did not read them in time]\n"
                );
                let content = Stream { name: StreamName::Stderr, text }.into();
                Some(Message { content, ..first.message.clone() }.encode(&self.key))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::wire::{ExecutionState, Header, Status};

    fn publication(parent: &str, content: Content) -> Arc<Publication> {
        let header = |id: &str| {
            Header::new(id.into(), content.msg_type(), "s".into(), "kernel", "2026-01-02T03:04:05Z".into())
        };
        let message = Message {
            identities: vec![Bytes::from_static(b"topic")],
            header: header("m"),
            parent: Some(header(parent)),
            metadata: Map::new(),
            content: content.clone(),
            buffers: Vec::new(),
        };
        Arc::new(Publication::new(message, &Key::new("k")))
    }

    fn printed(parent: &str, bytes: usize) -> Arc<Publication> {
        publication(parent, Stream { name: StreamName::Stdout, text: "x".repeat(bytes) }.into())
    }

    fn idle(parent: &str) -> Arc<Publication> {
        publication(parent, Status { execution_state: ExecutionState::Idle }.into())
    }

    fn feed() -> Feed {
        Feed { key: Key::new("k"), queue: VecDeque::new(), bytes: 0 }
    }

    fn contents(mut feed: Feed) -> Vec<(String, Content)> {
        let mut found = Vec::new();
        while let Some(frames) = feed.pop() {
            let message = Message::decode(&frames, &Key::new("k")).expect("it is signed");
            found.push((message.parent.expect("it has a parent").msg_id, message.content));
        }
        assert_eq!(feed.bytes, 0, "everything is accounted for");
        found
    }

    /// Where there is room, everything waits in its order.
    #[test]
    fn with_room_nothing_is_left_out() {
        let mut feed = feed();
        for publication in [printed("q1", 10), idle("q1"), printed("q2", 20)] {
            assert_eq!(feed.push(&publication), Taken::Yes);
        }
        let found = contents(feed);
        assert_eq!(found.len(), 3);
        assert!(matches!(&found[2], (parent, Content::Stream(it)) if parent == "q2" && it.text.len() == 20));
    }

    /// A client that does not read loses text, one line per cell says how much, and it never loses the end of a cell.
    #[test]
    fn text_is_left_out_and_the_rest_is_kept() {
        let mut feed = feed();
        let megabyte = 1 << 20;
        for cell in ["q1", "q2"] {
            for _ in 0..40 {
                assert_eq!(feed.push(&printed(cell, megabyte)), Taken::Yes);
            }
            assert_eq!(feed.push(&idle(cell)), Taken::Yes);
        }
        assert!(feed.bytes < FULL + 10_000);
        assert_eq!(feed.push(&printed("q2", 1)), Taken::Yes);
        assert_eq!(feed.push(&printed("q2", megabyte)), Taken::Yes);
        assert_eq!(feed.push(&printed("q2", 1)), Taken::Yes);
        let found = contents(feed);
        let texts: Vec<(&str, String)> = found
            .iter()
            .filter_map(|(parent, content)| match content {
                Content::Stream(it) if it.name == StreamName::Stderr => {
                    Some((parent.as_str(), it.text.clone()))
                }
                _ => None,
            })
            .collect();
        assert_eq!(texts.len(), 3, "{texts:?}");
        assert!(texts[0].0 == "q1" && texts[0].1.contains(&format!("{} bytes", 25 * megabyte)), "{texts:?}");
        assert!(texts[1].0 == "q2" && texts[1].1.contains(&format!("{} bytes", 40 * megabyte)), "{texts:?}");
        assert!(
            texts[2].1.contains(&format!("{} bytes", megabyte + 1)),
            "what fits does not interrupt a gap"
        );
        assert_eq!(found.iter().filter(|(_, it)| matches!(it, Content::Status(_))).count(), 2);
        assert_eq!(found.iter().filter(|(_, it)| matches!(it, Content::Stream(_))).count(), 15 + 1 + 3);
    }

    /// A client that reads nothing at all is given up in the end, however small the messages are.
    #[test]
    fn a_hopeless_client_is_given_up() {
        let mut feed = feed();
        let mut pushed = 0;
        while feed.push(&idle("q1")) == Taken::Yes {
            pushed += 1;
        }
        assert!(feed.bytes <= HOPELESS && pushed > 10_000, "{pushed}");
        assert_eq!(feed.push(&printed("q1", 1)), Taken::Yes, "text is left out instead");
    }
}
