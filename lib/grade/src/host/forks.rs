//! How a judge gets processes for an answer: it starts one, which loads nothing of the answer, and asks it for copies of itself, each
//! with a socket of its own. Only the copies load the answer, so that none of them knows what another one did.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};

/// What a copy may use, in front of its socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Seconds of the processor.
    pub processor_seconds: u64,
    /// Bytes of memory, besides what is there before the answer is loaded.
    pub memory: u64,
}

const ORDER_LENGTH: usize = 16;
const NEWS_LENGTH: usize = 8;

impl Order {
    fn bytes(self) -> [u8; ORDER_LENGTH] {
        let mut bytes = [0; ORDER_LENGTH];
        bytes[..8].copy_from_slice(&self.processor_seconds.to_le_bytes());
        bytes[8..].copy_from_slice(&self.memory.to_le_bytes());
        bytes
    }

    fn of(bytes: &[u8; ORDER_LENGTH]) -> Order {
        let number = |range: std::ops::Range<usize>| {
            u64::from_le_bytes(bytes[range].try_into().expect("the range has eight bytes"))
        };
        Order { processor_seconds: number(0..8), memory: number(8..16) }
    }
}

/// Asks for a copy that serves `socket`.
///
/// # Errors
/// If the process that makes copies is gone.
pub fn tell(control: &UnixStream, order: Order, socket: BorrowedFd<'_>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let sockets = [socket];
    if !ancillary.push(SendAncillaryMessage::ScmRights(&sockets)) {
        return Err(io::Error::other("a message has no room for a socket"));
    }
    let bytes = order.bytes();
    let sent = sendmsg(control, &[IoSlice::new(&bytes)], &mut ancillary, SendFlags::NOSIGNAL)?;
    if sent == ORDER_LENGTH { Ok(()) } else { Err(io::Error::other("an order was sent in part")) }
}

/// The next order and its socket; nothing where the judge has no more.
///
/// # Errors
/// If what comes is no order.
pub fn receive(control: &UnixStream) -> io::Result<Option<(Order, OwnedFd)>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut bytes = [0; ORDER_LENGTH];
    let received =
        recvmsg(control, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?.bytes;
    if received == 0 {
        return Ok(None);
    }
    let sockets = ancillary.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(sockets) => Some(sockets),
        _ => None,
    });
    let socket = sockets.flatten().next().ok_or_else(|| io::Error::other("an order without a socket"))?;
    if received != ORDER_LENGTH {
        return Err(io::Error::other("an order that is too short"));
    }
    Ok(Some((Order::of(&bytes), socket)))
}

/// The answer to an order: the number of the copy, or 0 where the system has no room for one. And, later, the end of each copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct News {
    /// The copy's number.
    pub process: u32,
    /// Nothing while it runs; then the signal that ended it, or 0.
    pub ended_by: Option<u32>,
}

impl News {
    /// Tells it to the judge.
    ///
    /// # Errors
    /// If the judge is gone.
    pub fn tell(self, mut control: &UnixStream) -> io::Result<()> {
        let mut bytes = [0; NEWS_LENGTH];
        bytes[..4].copy_from_slice(&self.process.to_le_bytes());
        bytes[4..].copy_from_slice(&self.ended_by.map_or(u32::MAX, |signal| signal).to_le_bytes());
        control.write_all(&bytes)
    }

    /// The next news.
    ///
    /// # Errors
    /// If the process that makes copies is gone.
    pub fn hear(mut control: &UnixStream) -> io::Result<News> {
        let mut bytes = [0; NEWS_LENGTH];
        control.read_exact(&mut bytes)?;
        let [process, ended_by] = [&bytes[..4], &bytes[4..]]
            .map(|half| u32::from_le_bytes(half.try_into().expect("half of it has four bytes")));
        Ok(News { process, ended_by: (ended_by != u32::MAX).then_some(ended_by) })
    }
}
