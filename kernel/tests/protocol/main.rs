//! The kernel's side of the Jupyter protocol, over real sockets and with scripted cells.

mod cells;
mod clients;
mod comms;
mod ending;
#[path = "../front_end/mod.rs"]
mod front_end;
mod handshake;
mod history;
mod hostile;
mod input;
mod malformed;
mod message_spec;
mod parents;
mod raw_peer;
mod start;
mod testbed;
