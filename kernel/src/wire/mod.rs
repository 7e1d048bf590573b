//! The Jupyter messaging protocol 5.5 on the wire: bytes to typed messages and back, and nothing else.
//!
//! A message is a list of frames: who it is routed to, a delimiter, a signature, four JSON objects (header, header of the
//! request it answers, metadata, content), and any number of binary buffers:
//!
//! ```text
//! identities..  <IDS|MSG>  signature  header  parent  metadata  content  buffers..
//! ```
//!
//! Everything here is pure: no socket, no clock, no random number. [`Message::decode`] and [`Message::encode`] are inverse
//! to each other; [`WireError`] says what may be wrong with frames that came from outside. A content that does not fit
//! its type is not an error of the wire: the header is known, so the session can still answer ([`Content::Malformed`]).
//!
//! Source: "Messaging in Jupyter", jupyter-client.readthedocs.io, sections "The Wire Protocol" and following.

mod comms;
mod connection_file;
mod content;
mod input;
mod launch;
mod message;
mod published;
mod replay;
mod requests;
mod signature;
mod usage;

pub use comms::*;
pub use connection_file::{ConnectionFile, ConnectionFileError, Port};
pub use content::*;
pub use input::*;
pub use launch::{Launch, Registration};
pub use message::{DELIMITER, Header, Message, WireError};
pub use published::*;
pub use replay::Gate;
pub use requests::*;
pub use signature::Key;
pub use usage::*;

/// The version of the messaging protocol that every header carries.
pub const PROTOCOL_VERSION: &str = "5.5";
