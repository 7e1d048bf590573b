//! A file goes over several hops; each hop may check what it carries, and only the ends can say that the file has arrived as it was.
//!
//! - **Concept:** End-to-end argument (careful file transfer)
//! - **Guarantees:** with [`Checks::EndToEnd`]: byte-identical delivery (safety): what the last node stores has the digest that the first node computed from the client's
//!   file, whatever links and memories between did to it. Once a client is told, the file is on the last node's disk. Liveness: while the first and the last node stay up,
//!   and what is sent again and again arrives whole at some time, every file does.
//! - **Does not guarantee:** with [`Checks::EachHop`]: anything about what happens inside a node between two links. With either: delivery if the first node crashes (its clients
//!   learn `Unknown`), or against somebody who changes a file and its digest.
//! - **Assumes:** nobody forges a message. Messages may be lost, doubled, reordered and changed; nodes on the way may crash. A change is noticed by CRC-32C but for one in 2^32.
//! - **Source:** Saltzer, Reed and Clark, "End-to-End Arguments in System Design", TOCS 2(4), 1984, sections "Careful file transfer" and "Performance aspects"
//! - **Differs:** the paper's file goes from disk to disk and is read again for its checksum. A whole digest of 32 bits instead of a cryptographic one, which the library has not.
//! - **Chapter:** 02
//!
//! ```text
//! n0 first            n1 a hop                        n2 last
//! │ chunk, crc ──────▶ crc is right ✓                  │
//! │                    in memory: a bit flips          │
//! │                    new crc of the wrong bytes ────▶ crc is right ✓      every hop is green,
//! │                                                    │ digest of the file ✗   and the file is wrong
//! │ ◀────────────────────────────────────────── again ─┤
//! ```
//!
//! The checks of the hops are not useless: a chunk that a link has changed is sent again at once, and not the whole file at the end. They save time; they do not make it safe.
//!
//! ```
//! use netsplit_algorithms::end_to_end::file_transfer::{Checks, Config, FileTransfer, Send};
//! use netsplit_node::{ms, secs};
//! use netsplit_sim::Lab;
//!
//! let lab = Lab::new(42);
//! let config = Config { checks: Checks::EndToEnd, chunk: 4, send_again_every: ms(50) };
//! let path = lab.cluster("node", 4, move |_id| FileTransfer::new(config));
//! let sent = path.client_of(0).call(Send { file: b"a letter".to_vec() });
//! lab.run_for(secs(1));
//! assert_eq!(format!("{sent:?}"), "Ok(arrived)");
//! assert_eq!(path.node(3).received().next(), Some(&b"a letter"[..]));
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use netsplit_node::{CallId, Context, Duration, Inspection, Node, NodeId, Service};

use crate::Storable;
use crate::wire::crc32c;

/// What all nodes of a path are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Who checks.
    pub checks: Checks,
    /// How many bytes travel in one message, at least 1.
    pub chunk: usize,
    /// What was not confirmed is sent again after this time, and again.
    pub send_again_every: Duration,
}

/// Who checks what has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Checks {
    /// Each node checks what came over its link; the last one believes the file to be right if all its chunks were.
    EachHop,
    /// The same, and the last node compares the whole file with the digest that the first one has computed.
    EndToEnd,
}

/// What a client asks the first node: to bring a file to the last.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Send {
    /// The file.
    pub file: Vec<u8>,
}

impl fmt::Debug for Send {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "send {} bytes", self.file.len())
    }
}

/// What a client is answered: the file is on the last node's disk.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Arrived;

impl fmt::Debug for Arrived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arrived")
    }
}

/// What goes from node to node.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// Towards the last node: a piece of a file.
    Chunk {
        /// The piece.
        chunk: Chunk,
        /// What the node before has computed over it.
        hop_sum: u32,
    },
    /// Towards the first node: this piece is there.
    Have {
        /// The file.
        transfer: CallId,
        /// The piece.
        number: u32,
    },
    /// Towards the first node: the file is on the disk.
    Stored {
        /// The file.
        transfer: CallId,
    },
    /// Towards the first node: all pieces were there, and together they are not the file. Again, from the beginning.
    Again {
        /// The file.
        transfer: CallId,
    },
}

/// A piece of a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chunk {
    /// Which file.
    pub transfer: CallId,
    /// Which piece, from 0.
    pub number: u32,
    /// Of how many.
    pub of: u32,
    /// The digest of the whole file, computed by the first node.
    pub digest: u32,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Chunk {
    /// The checksum of all of it: a wrong number is as bad as a wrong byte.
    pub fn sum(&self) -> u32 {
        let mut bytes = self.bytes.clone();
        for number in [self.transfer.0, self.number.into(), self.of.into(), self.digest.into()] {
            number.store(&mut bytes);
        }
        crc32c(&bytes)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Chunk { chunk, .. } => {
                write!(f, "{}/{} {:?}", chunk.number + 1, chunk.of, String::from_utf8_lossy(&chunk.bytes))
            }
            Message::Have { number, .. } => write!(f, "have {}", number + 1),
            Message::Stored { .. } => write!(f, "stored"),
            Message::Again { .. } => write!(f, "again"),
        }
    }
}

/// What wakes a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// What the last node may not have goes out again.
    SendAgain,
}

/// A node of a path: the first, the last, or one between, by its number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileTransfer {
    config: Config,
    /// First node, volatile: the files under way.
    sending: BTreeMap<CallId, Sending>,
    /// Last node, volatile: the files of which pieces have come.
    pieces: BTreeMap<CallId, BTreeMap<u32, Vec<u8>>>,
    /// Last node, persistent: the files that have arrived.
    ///
    /// Invariant: on the disk before the first node hears of it.
    received: BTreeMap<CallId, Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Sending {
    chunks: Vec<Chunk>,
    /// The pieces that the last node is not known to have.
    missing: BTreeSet<u32>,
}

impl Node for FileTransfer {
    type Message = Message;
    type Timer = Timer;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.recover(ctx);
    }

    fn on_message(&mut self, _from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Chunk { chunk, hop_sum } => self.carry(chunk, hop_sum, ctx),
            back if ctx.id() != first(ctx) => ctx.send(next(ctx, first(ctx)), back),
            Message::Have { transfer, number } => self.confirm(transfer, number),
            Message::Stored { transfer } => self.end(transfer, ctx),
            Message::Again { transfer } => self.begin_again(transfer, ctx),
        }
    }

    fn on_timer(&mut self, Timer::SendAgain: Timer, ctx: &mut Context<Self>) {
        self.send_missing(ctx);
    }

    /// What it sends, and what has arrived.
    fn inspect(&self) -> Inspection {
        let arrived: Vec<String> =
            self.received.values().map(|file| String::from_utf8_lossy(file).into_owned()).collect();
        let role = if self.sending.is_empty() { "idle" } else { "sending" };
        Inspection::new().role(role).field("arrived", arrived)
    }
}

impl Service for FileTransfer {
    type Request = Send;
    type Response = Arrived;

    fn on_request(&mut self, call: CallId, Send { file }: Send, ctx: &mut Context<Self>) {
        if ctx.id() != first(ctx) {
            return ctx.refuse(call, format!("files are sent from {}", first(ctx)));
        }
        self.begin(call, &file, ctx);
    }
}

impl FileTransfer {
    /// A node of a path that was told `config`.
    pub fn new(config: Config) -> FileTransfer {
        assert!(config.chunk > 0, "chunks of 0 bytes: expected at least 1");
        FileTransfer { config, sending: BTreeMap::new(), pieces: BTreeMap::new(), received: BTreeMap::new() }
    }

    /// The files that have arrived here, in the order in which they were sent.
    pub fn received(&self) -> impl Iterator<Item = &[u8]> {
        self.received.values().map(Vec::as_slice)
    }

    // The first node.

    /// Cuts the file into pieces, with the digest of the whole: computed here, where the file is known to be right.
    fn begin(&mut self, transfer: CallId, file: &[u8], ctx: &mut Context<Self>) {
        let (digest, pieces) = (crc32c(file), file.chunks(self.config.chunk).collect::<Vec<_>>());
        // A file without bytes has one piece without bytes.
        let pieces = if pieces.is_empty() { vec![&[][..]] } else { pieces };
        let of = pieces.len() as u32;
        let chunks = pieces.into_iter().enumerate().map(|(number, bytes)| Chunk {
            transfer,
            number: number as u32,
            of,
            digest,
            bytes: bytes.to_vec(),
        });
        self.sending.insert(transfer, Sending { chunks: chunks.collect(), missing: (0..of).collect() });
        self.send_missing(ctx);
    }

    /// Sends all that the last node may not have. Of a file of which it has all pieces, one goes again: what it says of it may be lost.
    fn send_missing(&mut self, ctx: &mut Context<Self>) {
        if self.sending.is_empty() {
            return;
        }
        for sending in self.sending.values() {
            let missing = sending.missing.iter().copied();
            let wanted: Vec<u32> = if sending.missing.is_empty() { vec![0] } else { missing.collect() };
            for number in wanted {
                forward(sending.chunks[number as usize].clone(), ctx);
            }
        }
        ctx.set_timer(self.config.send_again_every, Timer::SendAgain);
    }

    fn confirm(&mut self, transfer: CallId, number: u32) {
        if let Some(sending) = self.sending.get_mut(&transfer) {
            sending.missing.remove(&number);
        }
    }

    fn begin_again(&mut self, transfer: CallId, ctx: &mut Context<Self>) {
        if let Some(sending) = self.sending.get_mut(&transfer) {
            sending.missing = (0..sending.chunks.len() as u32).collect();
            self.send_missing(ctx);
        }
    }

    /// The end-to-end acknowledgement: only this one says anything to the client.
    fn end(&mut self, transfer: CallId, ctx: &mut Context<Self>) {
        if self.sending.remove(&transfer).is_some() {
            ctx.reply(transfer, Arrived);
        }
    }

    // Every node.

    /// A piece has come over a link: what the link has changed is dropped, as if it were lost; the rest goes on.
    fn carry(&mut self, chunk: Chunk, hop_sum: u32, ctx: &mut Context<Self>) {
        if chunk.sum() != hop_sum {
            return ctx.note("a wrong checksum: dropped");
        }
        if ctx.id() == last(ctx) { self.take(chunk, ctx) } else { forward(chunk, ctx) }
    }

    // The last node.

    /// Keeps a piece; with all of them, puts the file together.
    fn take(&mut self, chunk: Chunk, ctx: &mut Context<Self>) {
        let Chunk { transfer, number, of, digest, bytes } = chunk;
        let back = next(ctx, first(ctx));
        if self.received.contains_key(&transfer) {
            return ctx.send(back, Message::Stored { transfer });
        }
        let pieces = self.pieces.entry(transfer).or_default();
        pieces.insert(number, bytes);
        ctx.send(back, Message::Have { transfer, number });
        if pieces.len() == of as usize {
            let file = self.pieces.remove(&transfer).unwrap_or_default().into_values().flatten().collect();
            self.finish(transfer, file, digest, ctx);
        }
    }

    /// The check at the end: what came is compared with what was sent. Not the checks on the way, which have all been right.
    fn finish(&mut self, transfer: CallId, file: Vec<u8>, digest: u32, ctx: &mut Context<Self>) {
        let back = next(ctx, first(ctx));
        let is_right = match self.config.checks {
            Checks::EndToEnd => crc32c(&file) == digest,
            Checks::EachHop => true,
        };
        if !is_right {
            ctx.note("not what was sent: again");
            return ctx.send(back, Message::Again { transfer });
        }
        ctx.disk().append("received", (transfer.0, file.clone()).to_bytes());
        ctx.disk().sync();
        self.received.insert(transfer, file);
        ctx.send(back, Message::Stored { transfer });
    }

    /// After a crash: the files that have arrived are on the disk.
    fn recover(&mut self, ctx: &mut Context<Self>) {
        let bytes = ctx.disk().read("received").unwrap_or_default();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (transfer, file) = <(u64, Vec<u8>)>::load(&mut rest)
                .expect("the disk is whole: a node does not run on a damaged one");
            self.received.insert(CallId(transfer), file);
        }
    }
}

/// Sends a piece to the next node, with a new checksum: that of what this node has in memory.
fn forward(chunk: Chunk, ctx: &mut Context<FileTransfer>) {
    let hop_sum = chunk.sum();
    ctx.send(next(ctx, last(ctx)), Message::Chunk { chunk, hop_sum });
}

fn path(ctx: &Context<FileTransfer>) -> Vec<NodeId> {
    let mut path: Vec<NodeId> = ctx.peers().chain([ctx.id()]).collect();
    path.sort_unstable();
    path
}

fn first(ctx: &Context<FileTransfer>) -> NodeId {
    path(ctx)[0]
}

fn last(ctx: &Context<FileTransfer>) -> NodeId {
    path(ctx)[ctx.peers().len()]
}

/// The neighbour on the way to `to`.
fn next(ctx: &Context<FileTransfer>, to: NodeId) -> NodeId {
    let path = path(ctx);
    let here = path.binary_search(&ctx.id()).expect("a node is on its path");
    if to > ctx.id() { path[here + 1] } else { path[here - 1] }
}
