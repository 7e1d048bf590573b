//! What judge and host say to each other: one question, one reply, as frames on a socket.
//!
//! A frame is its length (32 bits, little-endian) and a value in postcard's form. A reply comes from a process that runs somebody's
//! answer: whatever it says, reading it is an error at worst, and never takes more memory than [`LONGEST`].

use std::io::{self, BufReader, Read, Write};

use netsplit_node::{CallId, DiskOperation, Duration, NodeId, Outcome, Time};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// No frame is longer, in bytes.
pub const LONGEST: usize = 8 << 20;

/// A value whose type only the answer knows, with its Debug form for pictures.
#[derive(Clone, Serialize, Deserialize)]
pub struct Packet {
    /// The value.
    pub bytes: Vec<u8>,
    /// Its Debug form, where somebody looks.
    pub text: String,
}

impl PartialEq for Packet {
    fn eq(&self, other: &Packet) -> bool {
        self.bytes == other.bytes
    }
}

impl std::fmt::Debug for Packet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.text.is_empty() { write!(f, "{} bytes", self.bytes.len()) } else { f.write_str(&self.text) }
    }
}

/// What surrounds a step: all that a handler may ask its context without asking for an effect.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Surroundings {
    /// What the node's clock shows.
    pub now: Time,
    /// How far it may be wrong.
    pub uncertainty: Duration,
    /// What its oscillator counts.
    pub monotonic: Time,
    /// Its cluster, itself included.
    pub members: Vec<NodeId>,
}

/// One question.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Question {
    /// This process becomes a life of a node; its first step.
    Begin(Box<Begin>, Surroundings),
    /// A message has arrived.
    Message { from: NodeId, message: Vec<u8>, surroundings: Surroundings },
    /// A timer has run out.
    Timer { timer: Vec<u8>, surroundings: Surroundings },
    /// A request has arrived.
    Request { call: CallId, request: Vec<u8>, surroundings: Surroundings },
    /// A call of this node has come to an end.
    Ended { from: NodeId, call: u64, outcome: Outcome<Vec<u8>>, surroundings: Surroundings },
    /// The value of a function.
    Evaluate { function: String, argument: Vec<u8> },
}

/// How a node begins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Begin {
    /// Which of the answer's types it is.
    pub answer: String,
    /// What its maker is given.
    pub setup: Vec<u8>,
    /// Its number.
    pub node: NodeId,
    /// The seed of its random numbers.
    pub seed: u64,
    /// The files on its disk.
    pub files: Vec<(String, Vec<u8>)>,
    /// How many bytes its disk holds, if that is limited.
    pub capacity: Option<u64>,
    /// With what the nodes of this world sign.
    pub secret: [u64; 2],
    /// Whether somebody looks: then messages and states come with their Debug forms.
    pub is_watched: bool,
}

/// One reply.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Reply {
    /// What a handler asked for, in order, and the node's Debug form, where somebody looks.
    Step { effects: Vec<Wish>, state: String },
    /// The value of a function.
    Value(Vec<u8>),
    /// The code panicked.
    Panicked(String),
    /// The question does not fit the answer: it has no such function, or a value is of another type.
    Misfit(String),
}

/// Something that a handler asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Wish {
    /// Send a message.
    Send { to: NodeId, message: Packet },
    /// Wake the node later.
    SetTimer { after: Duration, timer: Packet },
    /// Forget a timer.
    CancelTimer { timer: Packet },
    /// Call the service that is the answer's number `service`.
    Call { service: usize, to: NodeId, request: Vec<u8>, deadline: Duration, call: u64 },
    /// Answer a call.
    Answer { call: CallId, outcome: Outcome<Vec<u8>> },
    /// A remark.
    Note(String),
    /// Something for the disk.
    Disk(DiskOperation),
    /// Make durable what was written so far.
    Sync,
}

/// The bytes of a value.
///
/// # Errors
/// If the type cannot be written, which derived ones can.
pub fn to_bytes(value: &impl Serialize) -> Result<Vec<u8>, String> {
    postcard::to_stdvec(value).map_err(|error| error.to_string())
}

/// The value of these bytes.
///
/// # Errors
/// If they are no value of the type.
pub fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(format!("{} bytes are left over", rest.len())),
        Err(error) => Err(error.to_string()),
    }
}

/// One end of the socket. Who waits for a frame gets it with one call of the system, since length and value are read together.
pub struct Channel<S: Read> {
    stream: BufReader<S>,
}

impl<S: Read> Channel<S>
where
    for<'a> &'a S: Write,
{
    /// The end that this stream is.
    pub fn new(stream: S) -> Self {
        Channel { stream: BufReader::new(stream) }
    }

    /// Writes a frame, as [`write`] does.
    ///
    /// # Errors
    /// If the other end is gone, or the value is longer than a frame may be.
    pub fn write(&self, value: &impl Serialize) -> io::Result<()> {
        write(self.stream.get_ref(), value)
    }

    /// Reads a frame, as [`read`] does; nothing where the other end is gone.
    ///
    /// # Errors
    /// If what comes is no frame, or none of this type, or nothing comes in time.
    pub fn read<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        read(&mut self.stream)
    }
}

/// Writes a frame.
///
/// # Errors
/// If the other end is gone, or the value is longer than a frame may be.
pub fn write(mut stream: impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut frame = postcard::to_extend(value, vec![0; 4]).map_err(io::Error::other)?;
    let length = frame.len() - 4;
    if length > LONGEST {
        return Err(io::Error::other(format!("{length} bytes are more than a frame holds ({LONGEST})")));
    }
    frame[..4].copy_from_slice(&(length as u32).to_le_bytes());
    stream.write_all(&frame)
}

/// Reads a frame; nothing where the other end is gone.
///
/// # Errors
/// If what comes is no frame, or none of this type, or nothing comes in time.
pub fn read<T: DeserializeOwned>(mut stream: impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    if let Err(error) = stream.read_exact(&mut length) {
        return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST {
        let text = format!("a frame of {length} bytes is longer than any may be");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    from_bytes(&bytes).map(Some).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests {
    use netsplit_node::ms;

    use super::*;

    #[test]
    fn frames_read_back() {
        // What one side writes is what the other reads, and then there is nothing more.
        let question = Question::Evaluate { function: "f".to_owned(), argument: vec![1, 2, 3] };
        let mut bytes = Vec::new();
        write(&mut bytes, &question).unwrap();
        let mut stream = bytes.as_slice();
        let read: Option<Question> = super::read(&mut stream).unwrap();
        assert!(
            matches!(read, Some(Question::Evaluate { function, argument }) if function == "f" && argument == [1, 2, 3])
        );
        assert!(super::read::<Question>(&mut stream).unwrap().is_none());
    }

    #[test]
    fn no_bytes_are_a_panic() {
        // A reply comes from whoever is judged: cut short, changed or made up, it is an error or another reply.
        let timer = Packet { bytes: vec![7; 40], text: "t".to_owned() };
        let reply = Reply::Step {
            effects: vec![Wish::SetTimer { after: ms(5), timer }, Wish::Sync],
            state: String::new(),
        };
        let mut bytes = Vec::new();
        write(&mut bytes, &reply).unwrap();
        for length in 0..bytes.len() {
            assert!(!matches!(read::<Reply>(&bytes[..length]), Ok(Some(_))), "{length} bytes are no reply");
        }
        let mut random = netsplit_node::Random::new(1);
        for _ in 0..20_000 {
            let mut changed = bytes.clone();
            let place = 4 + random.below(bytes.len() as u64 - 4) as usize;
            changed[place] = random.next_u64() as u8;
            let _ = read::<Reply>(changed.as_slice());
        }
    }

    #[test]
    fn a_long_frame_is_refused_before_it_is_read() {
        // Four gigabytes are promised, and no memory is taken for them.
        let error = read::<Reply>([255, 255, 255, 255, 0].as_slice()).unwrap_err();
        assert_eq!(error.to_string(), "a frame of 4294967295 bytes is longer than any may be");
        assert!(write(Vec::new(), &vec![0_u8; LONGEST + 1]).is_err());
    }

    #[test]
    fn what_is_left_over_is_an_error() {
        // Two values in one are none.
        assert_eq!(from_bytes::<u8>(&[1]), Ok(1));
        assert_eq!(from_bytes::<u8>(&[1, 2]), Err("1 bytes are left over".to_owned()));
    }
}
