//! How two peers introduce themselves: 64 bytes of greeting, then a READY command with the socket's type.
//!
//! Both sides send at once and wait for nothing, so there are no turns to take.

use bytes::{Buf, Bytes};

use super::decoder::encode_command;
use super::{Fault, beginning};

/// The length of a greeting.
pub const GREETING: usize = 64;

/// The socket types that we serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketType {
    /// Knows its peers by their identities.
    Router,
    /// Publishes to everybody who subscribes.
    Xpub,
}

impl SocketType {
    fn name(self) -> &'static str {
        match self {
            Self::Router => "ROUTER",
            Self::Xpub => "XPUB",
        }
    }

    /// Which peers make sense, by the table of RFC 23.
    fn accepts(self, peer: &str) -> bool {
        match self {
            Self::Router => ["REQ", "DEALER", "ROUTER"].contains(&peer),
            Self::Xpub => ["SUB", "XSUB"].contains(&peer),
        }
    }
}

/// Our greeting: signature, version 3.0, the mechanism NULL, and that we are not a security server.
pub fn greeting() -> [u8; GREETING] {
    let mut greeting = [0; GREETING];
    (greeting[0], greeting[9], greeting[10]) = (0xff, 0x7f, 3);
    greeting[12..16].copy_from_slice(b"NULL");
    greeting
}

/// Checks a peer's greeting. A newer minor version is fine: it speaks 3.0 to us.
pub fn check_greeting(greeting: &[u8; GREETING]) -> Result<(), Fault> {
    if (greeting[0], greeting[9]) != (0xff, 0x7f) {
        return Err(Fault::Greeting(beginning(greeting)));
    }
    if greeting[10] < 3 {
        return Err(Fault::Version(greeting[10]));
    }
    match &greeting[12..32] {
        mechanism if mechanism.starts_with(b"NULL\0") => Ok(()),
        other => Err(Fault::Mechanism(String::from_utf8_lossy(other).trim_end_matches('\0').to_string())),
    }
}

/// Our READY command, as it is sent.
pub fn ready(ours: SocketType) -> Vec<u8> {
    let mut body = b"\x05READY\x0bSocket-Type".to_vec();
    body.extend((ours.name().len() as u32).to_be_bytes());
    body.extend(ours.name().bytes());
    encode_command(&body)
}

/// Reads a peer's READY command and returns its routing identity, which may be empty.
pub fn check_ready(ours: SocketType, body: &Bytes) -> Result<Bytes, Fault> {
    let broken = || Fault::Command { expected: "READY with properties", found: beginning(body) };
    let mut rest = body.clone();
    if take_short(&mut rest).as_deref() != Some(b"READY") {
        return Err(broken());
    }
    let (mut theirs, mut identity) = (None, Bytes::new());
    while !rest.is_empty() {
        let name = take_short(&mut rest).ok_or_else(broken)?;
        let value = take_long(&mut rest).ok_or_else(broken)?;
        // Names of properties are not case sensitive.
        match name.to_ascii_lowercase().as_slice() {
            b"socket-type" => theirs = Some(value),
            b"identity" => identity = value,
            _ => {}
        }
    }
    let theirs = theirs.ok_or_else(broken)?;
    let theirs = String::from_utf8_lossy(&theirs);
    if !ours.accepts(&theirs) {
        return Err(Fault::SocketType { ours: ours.name(), theirs: theirs.into_owned() });
    }
    // Identities that begin with 0 are those that a ROUTER makes up for peers without one.
    if identity.len() > 255 || identity.first() == Some(&0) {
        return Err(Fault::Identity(beginning(&identity)));
    }
    Ok(identity)
}

/// The context of a PING command, which the PONG must repeat; nothing if it is another command.
pub fn ping_context(body: &Bytes) -> Option<Bytes> {
    let context = body.strip_prefix(b"\x04PING")?;
    // Two bytes say how long the peer waits; the context has 16 at most.
    (context.len() >= 2 && context.len() <= 18).then(|| body.slice(7..))
}

/// The answer to a PING command, as it is sent.
pub fn pong(context: &[u8]) -> Vec<u8> {
    encode_command(&[b"\x04PONG", context].concat())
}

fn take_short(rest: &mut Bytes) -> Option<Bytes> {
    let length = usize::from(*rest.first()?);
    take(rest, 1, length)
}

fn take_long(rest: &mut Bytes) -> Option<Bytes> {
    let length = rest.get(..4)?.get_u32();
    take(rest, 4, length as usize)
}

fn take(rest: &mut Bytes, head: usize, length: usize) -> Option<Bytes> {
    if rest.len() - head < length {
        return None;
    }
    rest.advance(head);
    Some(rest.split_to(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(properties: &[(&str, &[u8])]) -> Bytes {
        let mut body = b"\x05READY".to_vec();
        for (name, value) in properties {
            body.push(name.len() as u8);
            body.extend(name.bytes());
            body.extend((value.len() as u32).to_be_bytes());
            body.extend_from_slice(value);
        }
        body.into()
    }

    /// The greeting is the one that the specification shows, and passes its own check.
    #[test]
    fn greetings() {
        let ours = greeting();
        assert_eq!(&ours[..16], b"\xff\0\0\0\0\0\0\0\0\x7f\x03\0NULL");
        assert!(check_greeting(&ours).is_ok());
        let changed = |place: usize, byte: u8| {
            let mut greeting = ours;
            greeting[place] = byte;
            check_greeting(&greeting)
        };
        assert!(changed(11, 1).is_ok(), "a newer minor version");
        assert!(matches!(changed(10, 1), Err(Fault::Version(1))));
        assert!(matches!(changed(0, b'G'), Err(Fault::Greeting(_))));
        let mut curve = ours;
        curve[12..17].copy_from_slice(b"CURVE");
        assert!(matches!(check_greeting(&curve), Err(Fault::Mechanism(name)) if name == "CURVE"));
    }

    /// What we say of ourselves is what a peer of ours would accept, byte by byte.
    #[test]
    fn our_ready_command() {
        assert_eq!(ready(SocketType::Router), b"\x04\x1c\x05READY\x0bSocket-Type\0\0\0\x06ROUTER");
    }

    /// A peer's type must fit ours, its identity must be one that we do not make up, and properties must be whole.
    #[test]
    fn ready_commands_are_checked() {
        let router = |body: &Bytes| check_ready(SocketType::Router, body);
        let dealer = command(&[("Socket-Type", b"DEALER"), ("Identity", b"ann"), ("X-Other", b"")]);
        assert_eq!(router(&dealer).unwrap(), "ann");
        assert_eq!(router(&command(&[("SOCKET-TYPE", b"REQ")])).unwrap(), "");
        assert!(matches!(check_ready(SocketType::Xpub, &dealer), Err(Fault::SocketType { .. })));
        assert!(check_ready(SocketType::Xpub, &command(&[("Socket-Type", b"SUB")])).is_ok());
        let ours = command(&[("Socket-Type", b"DEALER"), ("Identity", b"\0\0\0\0\x01")]);
        assert!(matches!(router(&ours), Err(Fault::Identity(_))));
        let long = command(&[("Socket-Type", b"DEALER"), ("Identity", &[b'i'; 256])]);
        assert!(matches!(router(&long), Err(Fault::Identity(_))));
        for cut in 0..dealer.len() {
            // Only at the ends of its properties is a shortened command whole again.
            let whole = [28, 44].contains(&cut);
            assert_eq!(router(&dealer.slice(..cut)).is_ok(), whole, "cut at {cut}");
        }
    }

    /// A PING is answered with its own context; anything else is not a PING.
    #[test]
    fn pings() {
        let context = ping_context(&Bytes::from_static(b"\x04PING\0\x0ahello")).unwrap();
        assert_eq!(pong(&context), b"\x04\x0a\x04PONGhello");
        assert!(ping_context(&Bytes::from_static(b"\x04PING\0")).is_none());
        assert!(ping_context(&Bytes::from_static(b"\x04PONG\0\0")).is_none());
    }
}
