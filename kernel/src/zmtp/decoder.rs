//! Frames, messages and commands: bytes in, whole items out, whatever the pieces are in which the bytes arrive.
//!
//! ```text
//! flags  length            body          flags: 1 more frames follow, 2 the length has 8 bytes, 4 a command
//! 1 B    1 or 8 B, big end length bytes
//! ```
//!
//! Nothing is allocated because a peer claims that it will send much: the buffer grows with what has really come, and a
//! message that announces more than its limit is refused at once.

use bytes::{Buf, Bytes, BytesMut};

use super::{Fault, Limits};

const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;

/// A whole thing that a peer said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// The frames of a message, at least one.
    Message(Vec<Bytes>),
    /// The body of a command.
    Command(Bytes),
}

/// The bytes of one connection that have arrived and are not yet a whole item.
#[derive(Debug)]
pub struct Decoder {
    buffer: BytesMut,
    /// The frames of the message that is arriving.
    frames: Vec<Bytes>,
    /// Bytes in `frames`.
    collected: usize,
    limits: Limits,
}

impl Decoder {
    /// A decoder that has seen nothing.
    pub fn new(limits: Limits) -> Self {
        Self { buffer: BytesMut::new(), frames: Vec::new(), collected: 0, limits }
    }

    /// Where what arrives is appended.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// How many bytes are waiting for their item to be whole.
    pub fn held(&self) -> usize {
        self.buffer.len() + self.collected
    }

    /// The next whole item, if enough has arrived. After a fault, the connection is of no use any more.
    pub fn take(&mut self) -> Result<Option<Item>, Fault> {
        while let Some((flags, body)) = self.take_frame()? {
            if flags & COMMAND != 0 {
                return Ok(Some(Item::Command(body)));
            }
            if self.frames.len() == self.limits.message_frames {
                return Err(Fault::TooManyFrames { limit: self.limits.message_frames });
            }
            self.collected += body.len();
            self.frames.push(body);
            if flags & MORE == 0 {
                self.collected = 0;
                return Ok(Some(Item::Message(std::mem::take(&mut self.frames))));
            }
        }
        Ok(None)
    }

    fn take_frame(&mut self) -> Result<Option<(u8, Bytes)>, Fault> {
        let Some(&flags) = self.buffer.first() else { return Ok(None) };
        if flags & !(MORE | LONG | COMMAND) != 0 || flags & (MORE | COMMAND) == MORE | COMMAND {
            return Err(Fault::Flags(flags));
        }
        let (head, length) = match flags & LONG {
            0 => match self.buffer.get(1) {
                Some(&length) => (2, u64::from(length)),
                None => return Ok(None),
            },
            _ => match self.buffer.get(1..9) {
                Some(mut length) => (9, length.get_u64()),
                None => return Ok(None),
            },
        };
        let limit = self.limits.message_bytes;
        let left = limit.saturating_sub(self.collected);
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length <= left)
            .ok_or(Fault::TooLarge { limit, found: length.saturating_add(self.collected as u64) })?;
        if self.buffer.len() - head < length {
            return Ok(None);
        }
        self.buffer.advance(head);
        Ok(Some((flags, self.buffer.split_to(length).freeze())))
    }
}

/// A command, ready to be sent.
pub fn encode_command(body: &[u8]) -> Vec<u8> {
    encode_head(COMMAND, body.len()).into_iter().chain(body.iter().copied()).collect()
}

/// What stands before the bytes of a message's frame.
pub fn encode_frame_head(length: usize, is_last: bool) -> Vec<u8> {
    encode_head(if is_last { 0 } else { MORE }, length)
}

fn encode_head(flags: u8, length: usize) -> Vec<u8> {
    match u8::try_from(length) {
        Ok(length) => vec![flags, length],
        Err(_) => {
            let mut head = vec![flags | LONG];
            head.extend((length as u64).to_be_bytes());
            head
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn small() -> Limits {
        Limits { message_bytes: 1_000, message_frames: 5, ..Limits::default() }
    }

    fn encode(frames: &[Bytes]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (place, frame) in frames.iter().enumerate() {
            bytes.extend(encode_frame_head(frame.len(), place + 1 == frames.len()));
            bytes.extend_from_slice(frame);
        }
        bytes
    }

    fn fault(bytes: &[u8]) -> Fault {
        let mut decoder = Decoder::new(small());
        decoder.buffer().extend_from_slice(bytes);
        loop {
            match decoder.take() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("{bytes:?} is not refused"),
                Err(fault) => return fault,
            }
        }
    }

    /// A frame of 255 bytes has a short head, one of 256 a long one; both are as the specification draws them.
    #[test]
    fn heads_of_frames() {
        assert_eq!(encode_frame_head(3, true), [0, 3]);
        assert_eq!(encode_frame_head(255, false), [1, 255]);
        assert_eq!(encode_frame_head(256, true), [2, 0, 0, 0, 0, 0, 0, 1, 0]);
        assert_eq!(encode_command(b"\x04PING"), b"\x04\x05\x04PING");
    }

    /// What no peer may send is refused, by its flags or by what it claims, before its bytes have come.
    #[test]
    fn faults_are_named() {
        assert!(matches!(fault(&[8]), Fault::Flags(8)));
        assert!(matches!(fault(&[5, 0]), Fault::Flags(5)), "a command has no further frames");
        let huge = fault(&[2, 0x40, 0, 0, 0, 0, 0, 0, 0]);
        assert!(matches!(huge, Fault::TooLarge { limit: 1_000, found: 0x4000_0000_0000_0000 }), "{huge}");
        assert!(matches!(fault(&[2, 255, 255, 255, 255, 255, 255, 255, 255]), Fault::TooLarge { .. }));
        let creeping = [[1, 250].as_slice(), &[b'x'; 250]].concat().repeat(5);
        assert!(
            matches!(fault(&creeping), Fault::TooLarge { found: 1_250, .. }),
            "all frames count together"
        );
        assert!(matches!(fault(&[1, 0].repeat(6)), Fault::TooManyFrames { limit: 5 }));
    }

    /// A command may come between two frames of a message, which stays whole.
    #[test]
    fn a_command_between_two_frames() {
        let mut decoder = Decoder::new(small());
        decoder.buffer().extend_from_slice(b"\x01\x01a\x04\x01C\x00\x01b");
        assert_eq!(decoder.take().unwrap(), Some(Item::Command(Bytes::from_static(b"C"))));
        let whole = vec![Bytes::from_static(b"a"), Bytes::from_static(b"b")];
        assert_eq!(decoder.take().unwrap(), Some(Item::Message(whole)));
        assert_eq!((decoder.take().unwrap(), decoder.held()), (None, 0));
    }

    proptest! {
        /// Messages come out as they went in, into whatever pieces the network cuts them.
        #[test]
        fn pieces_do_not_matter(
            messages in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..4), 1..5),
            piece in 1_usize..50,
        ) {
            let messages: Vec<Vec<Bytes>> =
                messages.into_iter().map(|frames| frames.into_iter().map(Bytes::from).collect()).collect();
            let bytes = messages.iter().flat_map(|frames| encode(frames)).collect::<Vec<u8>>();
            let mut decoder = Decoder::new(small());
            let mut found = Vec::new();
            for piece in bytes.chunks(piece) {
                decoder.buffer().extend_from_slice(piece);
                while let Some(Item::Message(message)) = decoder.take().unwrap() {
                    found.push(message);
                }
            }
            prop_assert_eq!(found, messages);
            prop_assert_eq!(decoder.held(), 0);
        }

        /// Whatever bytes come, the decoder ends with items or a fault, and holds no more than has come.
        #[test]
        fn arbitrary_bytes(bytes in prop::collection::vec(prop_oneof![3 => 0_u8..8, 1 => any::<u8>()], 0..400)) {
            let mut decoder = Decoder::new(small());
            decoder.buffer().extend_from_slice(&bytes);
            while let Ok(Some(_)) = decoder.take() {}
            prop_assert!(decoder.held() <= bytes.len());
        }
    }
}
