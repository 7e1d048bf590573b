//! A ZeroMQ peer made of plain bytes, which can do what no library would: stop reading, lie, and talk nonsense.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use bytes::Bytes;
use netsplit_kernel::wire::{ConnectionFile, Key, Message, Port};
use netsplit_kernel::zmtp::Limits;
use netsplit_kernel::zmtp::decoder::{Decoder, Item, encode_command, encode_frame_head};
use netsplit_kernel::zmtp::handshake::{GREETING, greeting};

use super::front_end::PATIENCE;

pub struct RawPeer {
    stream: Box<dyn Stream>,
    decoder: Decoder,
}

pub trait Stream: Read + Write + Send {
    fn set_patience(&self, patience: Option<Duration>);
    /// One more end of the same connection, to read from.
    fn reader(&self) -> Box<dyn Read + Send>;
}

impl Stream for UnixStream {
    fn set_patience(&self, patience: Option<Duration>) {
        self.set_read_timeout(patience).unwrap();
        self.set_write_timeout(patience).unwrap();
    }

    fn reader(&self) -> Box<dyn Read + Send> {
        Box::new(self.try_clone().expect("the system has room for one more descriptor"))
    }
}

impl Stream for TcpStream {
    fn set_patience(&self, patience: Option<Duration>) {
        self.set_read_timeout(patience).unwrap();
        self.set_write_timeout(patience).unwrap();
    }

    fn reader(&self) -> Box<dyn Read + Send> {
        Box::new(self.try_clone().expect("the system has room for one more descriptor"))
    }
}

impl RawPeer {
    /// Connected, and nothing said yet.
    pub fn silent(connection: &ConnectionFile, port: Port) -> Self {
        let endpoint = connection.endpoint(port);
        let stream: Box<dyn Stream> = match endpoint.split_once("://").unwrap() {
            ("ipc", path) => Box::new(UnixStream::connect(path).unwrap()),
            (_, address) => Box::new(TcpStream::connect(address).unwrap()),
        };
        stream.set_patience(Some(PATIENCE));
        Self { stream, decoder: Decoder::new(Limits::default()) }
    }

    /// A subscriber that has not subscribed to anything.
    pub fn subscriber(connection: &ConnectionFile) -> Self {
        let mut peer = Self::silent(connection, Port::Iopub);
        peer.shake_hands("SUB", "");
        peer
    }

    /// A client for requests.
    pub fn dealer(connection: &ConnectionFile, port: Port, identity: &str) -> Self {
        let mut peer = Self::silent(connection, port);
        peer.shake_hands("DEALER", identity);
        peer
    }

    /// Introduces itself as any peer would.
    pub fn shake_hands(&mut self, socket_type: &str, identity: &str) {
        let mut ready = b"\x05READY".to_vec();
        for (name, value) in [("Socket-Type", socket_type), ("Identity", identity)] {
            ready.push(name.len() as u8);
            ready.extend(name.bytes());
            ready.extend((value.len() as u32).to_be_bytes());
            ready.extend(value.bytes());
        }
        self.bytes(&greeting());
        self.bytes(&encode_command(&ready));
        let mut theirs = [0; GREETING];
        self.stream.read_exact(&mut theirs).expect("the kernel greets");
        assert!(matches!(self.item(), Some(Item::Command(body)) if body.starts_with(b"\x05READY")));
    }

    /// Sends bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the kernel takes what is sent");
    }

    /// Reads whatever comes and forgets it, from now on.
    pub fn read_nothing_of_interest(&self) {
        self.stream.set_patience(None);
        let mut reader = self.stream.reader();
        std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
    }

    /// Sends bytes as they are; false if the kernel does not want them any more.
    pub fn try_bytes(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Sends a message.
    pub fn send(&mut self, frames: &[&[u8]]) {
        self.bytes(&encode(frames));
    }

    /// The next message from the kernel, decoded.
    pub fn message(&mut self, key: &Key) -> Message {
        match self.item() {
            Some(Item::Message(frames)) => Message::decode(&frames, key).expect("the kernel signs well"),
            other => panic!("expected a message, got {other:?}"),
        }
    }

    /// The next message's frames, or nothing if the kernel has closed the connection.
    pub fn frames(&mut self) -> Option<Vec<Bytes>> {
        match self.item() {
            Some(Item::Message(frames)) => Some(frames),
            Some(Item::Command(body)) => panic!("expected a message, got the command {body:?}"),
            None => None,
        }
    }

    /// The next thing from the kernel, or nothing if it has closed the connection.
    pub fn item(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.decoder.take().expect("the kernel speaks ZMTP") {
                return Some(item);
            }
            let mut chunk = [0; 16 * 1024];
            match self.stream.read(&mut chunk) {
                Ok(0) => return None,
                Ok(read) => self.decoder.buffer().extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("the kernel says nothing: {error}"),
            }
        }
    }

    /// The kernel has closed the connection, or does now; what it has said before does not matter.
    pub fn expect_end(&mut self) {
        let mut chunk = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return,
                Err(error) => panic!("the kernel keeps the connection: {error}"),
            }
        }
    }

    /// Nothing comes for a while.
    pub fn expect_silence(&mut self, patience: Duration) {
        self.stream.set_patience(Some(patience));
        let mut chunk = [0; 1];
        let read = self.stream.read(&mut chunk);
        assert!(read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "something came");
        self.stream.set_patience(Some(PATIENCE));
    }
}

/// A message's bytes.
pub fn encode(frames: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (place, frame) in frames.iter().enumerate() {
        bytes.extend(encode_frame_head(frame.len(), place + 1 == frames.len()));
        bytes.extend_from_slice(frame);
    }
    bytes
}
