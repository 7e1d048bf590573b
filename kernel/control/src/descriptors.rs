//! Open files, passed from one process to another over a socket: each travels with one byte, behind the frame that speaks of it.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::cmsg_space;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};

/// Passes an open file on; the receiver has one of its own then.
///
/// # Errors
/// If the socket does not take it.
pub fn send_descriptor(socket: &UnixStream, descriptor: BorrowedFd<'_>) -> io::Result<()> {
    let descriptors = [descriptor];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut attached = SendAncillaryBuffer::new(&mut space);
    if !attached.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::Error::other("a descriptor has no room in a message"));
    }
    sendmsg(socket, &[IoSlice::new(&[0])], &mut attached, SendFlags::empty())?;
    Ok(())
}

/// Takes the open file that comes next.
///
/// # Errors
/// If what comes next is none, or nothing comes any more.
pub fn receive_descriptor(socket: &UnixStream) -> io::Result<OwnedFd> {
    let mut byte = [0];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut attached = RecvAncillaryBuffer::new(&mut space);
    let flags = if cfg!(target_os = "linux") { RecvFlags::CMSG_CLOEXEC } else { RecvFlags::empty() };
    recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut attached, flags)?;
    let descriptor = attached.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    descriptor.ok_or_else(|| io::Error::other("expected an open file with the message, found none"))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::fd::AsFd;

    use super::*;

    /// What is written into a file that was passed on arrives at its other end, and bytes before and after keep their places.
    #[test]
    fn descriptors_arrive() {
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        let (mut reader, writer) = io::pipe().unwrap();
        ours.write_all(b"before").unwrap();
        send_descriptor(&ours, writer.as_fd()).unwrap();
        drop(writer);
        ours.write_all(b"after").unwrap();
        let mut text = [0; 6];
        theirs.read_exact(&mut text).unwrap();
        let mut received = io::PipeWriter::from(receive_descriptor(&theirs).unwrap());
        received.write_all(b"hello").unwrap();
        drop(received);
        let mut told = String::new();
        reader.read_to_string(&mut told).unwrap();
        theirs.read_exact(&mut text[..5]).unwrap();
        assert_eq!((told.as_str(), &text[..5]), ("hello", b"after".as_slice()));
    }

    /// A message without a file is an error.
    #[test]
    fn bytes_are_no_descriptors() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        ours.write_all(b"x").unwrap();
        assert!(receive_descriptor(&theirs).is_err());
        drop(ours);
        assert!(receive_descriptor(&theirs).is_err());
    }
}
