//! The Jupyter kernel of netsplit: messages, session, engines, sockets, a client, and the command line's subcommands.

pub mod cache;
pub mod client;
pub mod commands;
pub mod engine;
pub mod history_file;
pub mod parent;
pub mod processes;
pub mod session;
pub mod sockets;
pub mod source;
pub mod usage;
pub mod wire;
pub mod zmtp;
