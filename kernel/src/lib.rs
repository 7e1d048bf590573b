//! The Jupyter kernel of netsplit: messages, session, engines, sockets, and the command line's subcommands.

pub mod commands;
