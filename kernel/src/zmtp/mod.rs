//! ZeroMQ's wire protocol, ZMTP 3.0, as far as a kernel needs it: ROUTER and XPUB sockets over TCP and Unix sockets.
//!
//! A connection begins with a greeting of 64 bytes in either direction and a READY command that names the socket's type
//! ([`handshake`]); then messages follow, each a list of frames, each frame its flags, its length and its bytes
//! ([`decoder`]). That much is pure. [`connection`] runs one connection, [`server`] accepts them, and [`router`] and
//! [`publisher`] are the two patterns on top.
//!
//! **Why not the `zeromq` crate**, which our client uses: a kernel listens where any program on the machine can connect,
//! and with version 0.7 of the crate
//! - nine bytes end the process: it allocates what a frame's header claims, and a claim of 2^62 bytes aborts;
//! - a message that never ends (each frame announces one more) takes all memory;
//! - a subscriber that does not read takes up to 100,000 messages of memory (PUB), or stops everybody else (XPUB);
//! - nobody can tell when what was sent has left the process, so the last reply before an exit may be lost.
//!
//! So here everything that grows has a limit ([`Limits`], [`Budget`]), a peer that breaks a rule loses its own connection
//! and nothing else, sending never waits, and [`Router::close`] returns when everything has been handed over.
//!
//! Left out: ZMTP 1 and 2 (libzmq 2 and 3), security mechanisms other than NULL (Jupyter signs its messages instead),
//! sockets that connect. Source: rfc.zeromq.org/spec/23 (ZMTP 3.0), rfc.zeromq.org/spec/28 and 29 (patterns).

pub mod connection;
pub mod decoder;
pub mod handshake;
pub mod publisher;
pub mod router;
pub mod server;

use std::time::Duration;

pub use connection::{Budget, Outbox, Queue};
pub use publisher::Publisher;
pub use router::{Received, Router, Undelivered};

/// What a peer may cost.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The largest message that is received, in bytes.
    pub message_bytes: usize,
    /// The most frames of a message that is received.
    pub message_frames: usize,
    /// The most connections of one socket.
    pub peers: usize,
    /// How long a peer may take to introduce itself.
    pub handshake: Duration,
    /// The most memory for what waits for one peer to read it.
    pub waiting_bytes: usize,
    /// The most memory for what waits for all peers of one socket.
    pub waiting_in_all: usize,
}

impl Default for Limits {
    /// Room for widgets with large arrays and for clients that are busy for a while.
    fn default() -> Self {
        Self {
            message_bytes: 128 << 20,
            message_frames: 1_000,
            peers: 128,
            handshake: Duration::from_secs(10),
            waiting_bytes: 64 << 20,
            waiting_in_all: 96 << 20,
        }
    }
}

/// What a peer did wrong. It loses its connection for it.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It does not speak ZMTP at all.
    #[error("expected a greeting of ZMTP 3 that begins with ff .. 7f, found {0:02x?}")]
    Greeting(Vec<u8>),
    /// It speaks a version from before 2013.
    #[error("expected version 3 of ZMTP, found version {0}; update the client's ZeroMQ")]
    Version(u8),
    /// It wants a security mechanism that we do not have.
    #[error("expected the mechanism NULL, found {0:?}; switch CURVE and PLAIN off for this kernel")]
    Mechanism(String),
    /// Its socket does not fit ours.
    #[error("expected a socket that may talk to {ours}, found {theirs:?}")]
    SocketType {
        /// What we are.
        ours: &'static str,
        /// What it is.
        theirs: String,
    },
    /// Its routing identity is not allowed, or somebody else's.
    #[error(
        "expected a routing identity of its own of up to 255 bytes that does not begin with 0, found {0:02x?}"
    )]
    Identity(Vec<u8>),
    /// A command is not what it should be.
    #[error("expected a command {expected}, found {found:02x?}")]
    Command {
        /// Which command, or which form.
        expected: &'static str,
        /// Its first bytes.
        found: Vec<u8>,
    },
    /// A frame has flags that do not exist.
    #[error("expected the flags of a frame, found {0:#04x}")]
    Flags(u8),
    /// A message is too large.
    #[error("expected a message of up to {limit} bytes, found one of at least {found}")]
    TooLarge {
        /// How large it may be.
        limit: usize,
        /// How large it says it is.
        found: u64,
    },
    /// A message has too many frames.
    #[error("expected a message of up to {limit} frames, found more")]
    TooManyFrames {
        /// How many it may have.
        limit: usize,
    },
    /// All peers together have sent more than can be looked at.
    #[error(
        "expected the clients to leave room in {limit} bytes for all that they send at once, found it used up"
    )]
    NoRoom {
        /// How much room there is.
        limit: usize,
    },
    /// It takes too long to introduce itself.
    #[error("expected a handshake within {0:?}, found none")]
    TooSlow(Duration),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(#[from] std::io::Error),
}

/// The first few bytes of something from outside, for an error message.
fn beginning(bytes: &[u8]) -> Vec<u8> {
    bytes[..bytes.len().min(16)].to_vec()
}
