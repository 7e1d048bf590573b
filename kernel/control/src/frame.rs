//! Frames on a stream of bytes: how fields become bytes and come back.

use std::fmt;
use std::io::{self, Read, Write};

/// No frame is longer: a picture of this size is no picture any more.
const LONGEST: usize = 256 << 20;

/// Why a frame cannot be read or written.
#[derive(Debug)]
pub enum FrameError {
    /// The stream is broken.
    Io(io::Error),
    /// The frame says that it has this many bytes.
    Length(usize),
    /// A frame begins with a tag that means nothing.
    Tag(u8),
    /// A frame ends inside a field.
    TooShort,
    /// A frame goes on after its last field.
    TooLong,
    /// A text is not UTF-8.
    Text,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the stream is broken: {error}"),
            Self::Length(length) => write!(f, "expected at most {LONGEST} bytes in a frame, got {length}"),
            Self::Tag(tag) => write!(f, "expected a known tag, got {tag}"),
            Self::TooShort => f.write_str("the frame ends inside a field"),
            Self::TooLong => f.write_str("the frame goes on after its last field"),
            Self::Text => f.write_str("expected UTF-8 in a text"),
        }
    }
}

impl std::error::Error for FrameError {}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Writes one frame.
pub fn write_frame<T: Fields>(to: &mut impl Write, content: &T) -> Result<(), FrameError> {
    let mut out = Writer(vec![0; 4]);
    content.write(&mut out);
    let length = out.0.len() - 4;
    if length > LONGEST {
        return Err(FrameError::Length(length));
    }
    out.0[..4].copy_from_slice(&(length as u32).to_le_bytes());
    // One write, so that frames of several threads do not mix.
    to.write_all(&out.0)?;
    Ok(to.flush()?)
}

/// Reads one frame; none at the stream's end.
pub fn read_frame<T: Fields>(from: &mut impl Read) -> Result<Option<T>, FrameError> {
    let mut length = [0; 4];
    let mut had = 0;
    while had < length.len() {
        match from.read(&mut length[had..]) {
            Ok(0) if had == 0 => return Ok(None),
            Ok(0) => return Err(FrameError::TooShort),
            Ok(more) => had += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST {
        return Err(FrameError::Length(length));
    }
    let mut bytes = Vec::new();
    from.take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() < length {
        return Err(FrameError::TooShort);
    }
    let mut reader = Reader(&bytes);
    let content = T::read(&mut reader)?;
    if reader.0.is_empty() { Ok(Some(content)) } else { Err(FrameError::TooLong) }
}

/// The bytes of a frame that is being written.
pub struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn tag(&mut self, tag: u8) {
        self.0.push(tag);
    }
}

/// The bytes of a frame that have not been read yet.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn tag(&mut self) -> Result<u8, FrameError> {
        self.bytes(1).map(|bytes| bytes[0])
    }

    fn bytes(&mut self, count: usize) -> Result<&'a [u8], FrameError> {
        let (bytes, rest) = self.0.split_at_checked(count).ok_or(FrameError::TooShort)?;
        self.0 = rest;
        Ok(bytes)
    }
}

/// What can be a part of a frame.
pub trait Fields: Sized {
    /// Appends it.
    fn write(&self, out: &mut Writer);
    /// Takes it off the beginning.
    fn read(from: &mut Reader<'_>) -> Result<Self, FrameError>;
}

impl Fields for u32 {
    fn write(&self, out: &mut Writer) {
        out.0.extend_from_slice(&self.to_le_bytes());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, FrameError> {
        let bytes = from.bytes(4)?;
        Ok(Self::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }
}

impl Fields for u64 {
    fn write(&self, out: &mut Writer) {
        out.0.extend_from_slice(&self.to_le_bytes());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, FrameError> {
        let bytes = from.bytes(8)?;
        Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | Self::from(*byte)))
    }
}

impl Fields for bool {
    fn write(&self, out: &mut Writer) {
        out.tag(u8::from(*self));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, FrameError> {
        match from.tag()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(FrameError::Tag(other)),
        }
    }
}

impl Fields for String {
    fn write(&self, out: &mut Writer) {
        (self.len() as u32).write(out);
        out.0.extend_from_slice(self.as_bytes());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, FrameError> {
        let length = u32::read(from)? as usize;
        let bytes = from.bytes(length)?;
        Self::from_utf8(bytes.to_vec()).map_err(|_| FrameError::Text)
    }
}

impl<T: Fields> Fields for Option<T> {
    fn write(&self, out: &mut Writer) {
        self.is_some().write(out);
        if let Some(content) = self {
            content.write(out);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, FrameError> {
        bool::read(from)?.then(|| T::read(from)).transpose()
    }
}

impl<T: Fields> Fields for Vec<T> {
    fn write(&self, out: &mut Writer) {
        (self.len() as u32).write(out);
        self.iter().for_each(|item| item.write(out));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, FrameError> {
        // The count is not trusted with memory: every item takes at least a byte of the frame.
        (0..u32::read(from)?).map(|_| T::read(from)).collect()
    }
}

impl<A: Fields, B: Fields> Fields for (A, B) {
    fn write(&self, out: &mut Writer) {
        self.0.write(out);
        self.1.write(out);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, FrameError> {
        Ok((A::read(from)?, B::read(from)?))
    }
}

impl<A: Fields, B: Fields, C: Fields> Fields for (A, B, C) {
    fn write(&self, out: &mut Writer) {
        self.0.write(out);
        self.1.write(out);
        self.2.write(out);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, FrameError> {
        Ok((A::read(from)?, B::read(from)?, C::read(from)?))
    }
}

/// Makes `write` and `read` of an enum from one table, so that the two cannot differ.
macro_rules! frames {
    ($type:ident { $($tag:literal => $variant:ident $({ $($field:ident),* })? $(( $($place:ident),* ))?,)* }) => {
        impl $crate::frame::Fields for $type {
            fn write(&self, out: &mut $crate::frame::Writer) {
                match self {
                    $(Self::$variant $({ $($field),* })? $(( $($place),* ))? => {
                        out.tag($tag);
                        $($($crate::frame::Fields::write($field, out);)*)?
                        $($($crate::frame::Fields::write($place, out);)*)?
                    })*
                }
            }

            fn read(from: &mut $crate::frame::Reader<'_>) -> Result<Self, $crate::frame::FrameError> {
                match from.tag()? {
                    $($tag => {
                        $($(let $field = $crate::frame::Fields::read(from)?;)*)?
                        $($(let $place = $crate::frame::Fields::read(from)?;)*)?
                        Ok(Self::$variant $({ $($field),* })? $(( $($place),* ))?)
                    })*
                    other => Err($crate::frame::FrameError::Tag(other)),
                }
            }
        }
    };
}

pub(crate) use frames;
