//! A frame is a message with its length in front, so that messages can be told apart in a stream of bytes that comes in pieces.
//!
//! - **Concept:** Length-prefixed frame
//! - **Guarantees:** what was written frame by frame is read frame by frame (safety), in whatever pieces it comes. A reader never takes more memory than
//!   the longest frame that it accepts, whatever the bytes say; what is no frame is an error, and the stream is over then.
//! - **Does not guarantee:** that a frame is whole where the stream is cut off: it never becomes a frame. Resynchronisation: after one wrong length
//!   nothing of the stream can be found again, which is why each frame has a checksum.
//! - **Assumes:** the bytes of a stream come in order, as TCP brings them.
//! - **Source:** Kleppmann, "Designing Data-Intensive Applications", 2017, chapter 4; gRPC over HTTP/2, "Length-Prefixed-Message" (`PROTOCOL-HTTP2.md` of
//!   its documents); checksum: RFC 3720, 2004, section 10.2 (a digest behind header and data)
//! - **Differs:** two kinds of one idea. [`Framing::Varint`] is how Protocol Buffers delimit messages in files, with a CRC-32C behind each; [`Framing::Grpc`] is
//!   gRPC's: one byte that tells whether it is compressed, four bytes of length, big end first. Compression itself is left out.
//! - **Chapter:** 02
//!
//! ```text
//! varint:  │ length: 1 to 10 bytes │ message │ CRC-32C of the message: 4 bytes, little end first │
//! gRPC:    │ 0 or 1: compressed │ length: 4 bytes, big end first │ message │
//!
//! the stream:  ..│05 h e l l o crc│07 g o o│d b y e crc│..      read in pieces: nothing, "hello", nothing, "goodbye"
//! ```
//!
//! ```
//! use netsplit_algorithms::wire::{FrameReader, Framing};
//!
//! let mut stream = Framing::Grpc.frame(b"hello");
//! assert_eq!(stream, [0, 0, 0, 0, 5, b'h', b'e', b'l', b'l', b'o']);
//! stream.extend(Framing::Grpc.frame(b"goodbye"));
//!
//! let mut reader = FrameReader::new(Framing::Grpc, 1_000);
//! assert_eq!(reader.read(&stream[..7]), Ok(vec![]));                         // not yet
//! assert_eq!(reader.read(&stream[7..]), Ok(vec![b"hello".to_vec(), b"goodbye".to_vec()]));
//! ```

use std::fmt;

use crate::wire::crc32c;
use crate::wire::varint::{VarintError, read_varint, write_varint};

/// How a message's end is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// A varint with the length, the message, and its checksum.
    Varint,
    /// Five bytes of header, as gRPC has them. HTTP/2 and TCP below have checksums of their own, for each link.
    Grpc,
}

/// Why bytes are no stream of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameError {
    /// A frame says that it is longer than is accepted.
    TooLong {
        /// What it says.
        length: u64,
        /// What is accepted.
        most: u64,
    },
    /// The length is no number.
    Length(VarintError),
    /// The message is not what was sent.
    Checksum {
        /// What stands behind the message.
        expected: u32,
        /// What the message has.
        found: u32,
    },
    /// The message is compressed, or says something else that nobody here understands.
    Flag(u8),
    /// An earlier frame was wrong: nobody knows where the next one begins.
    Lost,
}

impl Framing {
    /// The bytes of one frame.
    ///
    /// # Panics
    /// If gRPC's four bytes cannot hold the length.
    pub fn frame(self, message: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(message.len() + 14);
        match self {
            Framing::Varint => {
                write_varint(message.len() as u64, &mut bytes);
                bytes.extend_from_slice(message);
                bytes.extend_from_slice(&crc32c(message).to_le_bytes());
            }
            Framing::Grpc => {
                let length = u32::try_from(message.len());
                let length = length.unwrap_or_else(|_| {
                    panic!("a message of {} bytes: expected less than 4 GiB in a gRPC frame", message.len())
                });
                bytes.push(0);
                bytes.extend_from_slice(&length.to_be_bytes());
                bytes.extend_from_slice(message);
            }
        }
        bytes
    }

    /// Takes the first frame's message from `bytes`; nothing if it has not all come.
    fn take(self, bytes: &mut &[u8], most: u64) -> Result<Option<Vec<u8>>, FrameError> {
        let mut rest = *bytes;
        let length = match self {
            Framing::Varint => match read_varint(&mut rest) {
                Err(VarintError::Truncated) => return Ok(None),
                length => length.map_err(FrameError::Length)?,
            },
            Framing::Grpc => {
                if let Some(&flag) = rest.first().filter(|&&flag| flag != 0) {
                    return Err(FrameError::Flag(flag));
                }
                let Some((header, after)) = rest.split_at_checked(5) else { return Ok(None) };
                rest = after;
                u64::from(u32::from_be_bytes([header[1], header[2], header[3], header[4]]))
            }
        };
        // Before anything is waited for: a length that is a lie must not make anybody wait, or take memory.
        if length > most {
            return Err(FrameError::TooLong { length, most });
        }
        let Some((message, mut rest)) = rest.split_at_checked(length as usize) else { return Ok(None) };
        if self == Framing::Varint {
            let Some((sum, after)) = rest.split_at_checked(4) else { return Ok(None) };
            let (expected, found) = (u32::from_le_bytes([sum[0], sum[1], sum[2], sum[3]]), crc32c(message));
            if expected != found {
                return Err(FrameError::Checksum { expected, found });
            }
            rest = after;
        }
        *bytes = rest;
        Ok(Some(message.to_vec()))
    }
}

/// Reads the frames of one stream.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FrameReader {
    framing: Framing,
    /// The longest message that is accepted, in bytes.
    most: u64,
    /// What has come of a frame that is not whole. Invariant: not longer than one frame and the piece that came last.
    begun: Vec<u8>,
    lost: bool,
}

impl FrameReader {
    /// A reader at the beginning of a stream, which accepts messages of at most `most` bytes.
    pub fn new(framing: Framing, most: u64) -> FrameReader {
        FrameReader { framing, most, begun: Vec::new(), lost: false }
    }

    /// The messages that are whole with this piece, in order. After an error the stream is over.
    // The messages before the wrong one are not returned: their sender is cut off, and sends them again to somebody who listens.
    pub fn read(&mut self, piece: &[u8]) -> Result<Vec<Vec<u8>>, FrameError> {
        if self.lost {
            return Err(FrameError::Lost);
        }
        self.begun.extend_from_slice(piece);
        let (mut rest, mut messages) = (&self.begun[..], Vec::new());
        loop {
            match self.framing.take(&mut rest, self.most) {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => {
                    self.lost = true;
                    return Err(error);
                }
            }
        }
        self.begun = rest.to_vec();
        Ok(messages)
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::TooLong { length, most } => {
                write!(f, "a frame of {length} bytes: expected at most {most}")
            }
            FrameError::Length(error) => write!(f, "a frame's length: {error}"),
            FrameError::Checksum { expected, found } => {
                write!(f, "a frame's checksum is {found:08x}: expected {expected:08x}; ask for it again")
            }
            FrameError::Flag(flag) => write!(f, "a frame begins with {flag}: expected 0, not compressed"),
            FrameError::Lost => write!(f, "an earlier frame was wrong: begin a new stream"),
        }
    }
}

impl std::error::Error for FrameError {}

#[cfg(test)]
mod tests {
    use super::*;
    use netsplit_node::Random;

    const BOTH: [Framing; 2] = [Framing::Varint, Framing::Grpc];

    #[test]
    fn the_bytes_of_a_frame() {
        // As the two formats have them; the message of gRPC's is the one that its reference implementation frames in its tests.
        assert_eq!(Framing::Grpc.frame(&[0x08, 0x96, 0x01]), [0, 0, 0, 0, 3, 0x08, 0x96, 0x01]);
        assert_eq!(Framing::Varint.frame(b"123456789")[..2], [9, b'1']);
        assert_eq!(Framing::Varint.frame(b"123456789")[10..], [0x83, 0x92, 0x06, 0xe3]);
    }

    #[test]
    fn frames_are_read_from_pieces_of_any_size() {
        // Messages of all lengths up to 300, empty ones too, cut into random pieces.
        for seed in 0..200 {
            let (mut random, framing) = (Random::new(seed), BOTH[seed as usize % 2]);
            let messages: Vec<Vec<u8>> =
                (0..20).map(|_| (0..random.below(300)).map(|_| random.next_u64() as u8).collect()).collect();
            let stream: Vec<u8> = messages.iter().flat_map(|message| framing.frame(message)).collect();
            let (mut reader, mut read, mut rest) = (FrameReader::new(framing, 300), Vec::new(), &stream[..]);
            while !rest.is_empty() {
                let (piece, after) = rest.split_at((random.below(100) as usize + 1).min(rest.len()));
                read.extend(reader.read(piece).unwrap());
                rest = after;
            }
            assert_eq!(read, messages, "seed {seed}");
        }
    }

    #[test]
    fn hostile_streams_are_errors_or_wait() {
        // Random bytes: no panic, nothing longer than is accepted, and after an error nothing any more.
        for seed in 0..3_000 {
            let (mut random, framing) = (Random::new(seed), BOTH[seed as usize % 2]);
            let mut reader = FrameReader::new(framing, 50);
            let bytes: Vec<u8> =
                (0..random.below(200)).map(|_| (random.next_u64() >> random.below(64)) as u8).collect();
            match reader.read(&bytes) {
                Ok(messages) => assert!(messages.iter().all(|message| message.len() <= 50)),
                Err(_) => assert_eq!(reader.read(&[]), Err(FrameError::Lost)),
            }
        }
        let mut reader = FrameReader::new(Framing::Grpc, 1_000);
        let lie = reader.read(&[0, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(lie, Err(FrameError::TooLong { length: u64::from(u32::MAX), most: 1_000 }));
        assert_eq!(FrameReader::new(Framing::Grpc, 9).read(&[1]), Err(FrameError::Flag(1)));
    }

    #[test]
    fn every_flipped_bit_is_noticed_by_the_checksum_and_by_nothing_else() {
        // Of the framing with a checksum, no message that was changed is ever returned; gRPC's returns changed messages as they came.
        let message = b"an amount: 100";
        for (framing, returned) in [(Framing::Varint, 0), (Framing::Grpc, message.len() * 8)] {
            let frame = framing.frame(message);
            let flipped = (0..frame.len() * 8).filter(|bit| {
                let mut changed = frame.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                let read = FrameReader::new(framing, 1_000).read(&changed);
                read.is_ok_and(|messages| messages.first().is_some_and(|it| it.len() == message.len()))
            });
            assert_eq!(flipped.count(), returned, "{framing:?}");
        }
    }
}
