//! A seeded generator of what no client should send: the same seed gives the same attacks.

use netsplit_kernel::wire::{DELIMITER, Key, Port};
use netsplit_kernel::zmtp::decoder::{encode_command, encode_frame_head};
use netsplit_kernel::zmtp::handshake::greeting;

/// One thing to send.
#[derive(Clone, Debug)]
pub struct Attack {
    pub what: What,
    /// Whether the kernel has to write a line about it.
    pub is_logged: bool,
}

#[derive(Clone, Debug)]
pub enum What {
    /// A message on an open connection.
    Frames(Port, Vec<Vec<u8>>),
    /// The bytes of a connection of its own.
    Connection(Port, Vec<u8>),
}

pub struct Generator {
    state: u64,
    key: Key,
    count: u64,
    /// A message that was good when it was sent first.
    used: Option<Vec<Vec<u8>>>,
}

/// Contents that do not fit the types of their messages, or go to the limits of what fits.
const ODD_CONTENTS: &[(&str, &str)] = &[
    ("execute_request", r#"{"code": 7}"#),
    ("execute_request", r#"{}"#),
    ("execute_request", r#"{"code": "print a", "silent": "yes"}"#),
    ("execute_request", r#"{"code": "print a", "user_expressions": []}"#),
    ("complete_request", r#"{"code": "a", "cursor_pos": -1}"#),
    ("complete_request", r#"{"code": "a", "cursor_pos": 1e99}"#),
    ("inspect_request", r#"{"code": "a", "cursor_pos": 1, "detail_level": 300}"#),
    ("is_complete_request", r#"{"code": null}"#),
    ("history_request", r#"{"hist_access_type": 5}"#),
    ("history_request", r#"{"hist_access_type": "tail", "n": -4}"#),
    ("comm_open", r#"{"comm_id": "c"}"#),
    ("comm_msg", r#"{"data": {}}"#),
    ("shutdown_request", r#"{"restart": "maybe"}"#),
    ("input_reply", r#"{"value": "nobody asked"}"#),
    ("kernel_info_reply", r#"{}"#),
    ("status", r#"{"execution_state": "idle"}"#),
    ("make_coffee", r#"{"sugar": 2}"#),
    ("debug_request", r#"{}"#),
    ("", r#"{}"#),
];

/// Odd requests that have a good answer, and need no line in the log.
const EXTREMES: &[(&str, &str)] = &[
    ("complete_request", r#"{"code": "äö", "cursor_pos": 18446744073709551615}"#),
    ("inspect_request", r#"{"code": "", "cursor_pos": 9}"#),
    (
        "history_request",
        r#"{"hist_access_type": "range", "session": -9223372036854775808, "start": -5, "stop": 1}"#,
    ),
    ("history_request", r#"{"hist_access_type": "range", "session": 9223372036854775807}"#),
    ("history_request", r#"{"hist_access_type": "search", "pattern": "*?*?*", "n": 18446744073709551615}"#),
    ("history_request", r#"{"hist_access_type": "sideways"}"#),
    ("comm_info_request", r#"{"target_name": null, "more": [[[]]]}"#),
    ("is_complete_request", r#"{"code": "((((((((((((((((((((((((((("}"#),
    ("kernel_info_request", r#"{"unexpected": 1e308}"#),
];

/// Texts that are no JSON objects, though some are JSON.
const NO_OBJECTS: &[&str] =
    &["", "{", "[]", "null", "7", "{\"a\":}", "{} {}", "{\"a\":1e999}", "{\"a\":\"\\ud800\"}", "NaN"];

/// Objects that are no headers.
const NO_HEADERS: &[&str] = &[
    r#"{"msg_id":7,"msg_type":"execute_request"}"#,
    r#"{"msg_id":"x"}"#,
    r#"{}"#,
    r#"{"msg_id":"x","msg_type":{}}"#,
    r#"{"msg_id":"x","msg_type":"status","session":[]}"#,
];

const GOOD: [&str; 4] =
    [r#"{"msg_id":"1","msg_type":"kernel_info_request","session":"s"}"#, "{}", "{}", "{}"];

impl Generator {
    pub fn new(seed: u64, key: Key) -> Self {
        Self { state: seed, key, count: 0, used: None }
    }

    /// The next attack.
    pub fn attack(&mut self) -> Attack {
        self.count += 1;
        if self.below(25) == 0 {
            return self.connection();
        }
        let (port, frames, is_logged) = match self.below(12) {
            0 => (Port::Shell, self.request(EXTREMES), false),
            // The heartbeat echoes everything, so there is nothing to complain about.
            1 => (Port::Heartbeat, self.random_frames(5, 1_000), false),
            2 => {
                let no_subscription =
                    [vec![vec![]], vec![vec![2, 3]], vec![vec![1]; 2], vec![vec![1; 5_000]]];
                (Port::Iopub, no_subscription[self.below(4)].clone(), true)
            }
            3 => self.used_message(),
            _ => ([Port::Shell, Port::Control, Port::Stdin][self.below(3)], self.no_message(), true),
        };
        Attack { what: What::Frames(port, frames), is_logged }
    }

    /// Frames that no channel for messages accepts.
    fn no_message(&mut self) -> Vec<Vec<u8>> {
        match self.below(10) {
            0 => self.random_frames(10, 40),
            1 => self.random_frames(3, 1 << 20),
            2 => vec![DELIMITER.to_vec(); 1 + self.below(4)],
            3 => {
                let length = self.below(6).max(1);
                self.genuine().into_iter().take(length).collect()
            }
            4 => {
                let mut frames = self.genuine();
                frames[1 + self.below(5)].push(b' ');
                frames
            }
            5 => self.flipped(),
            6 => {
                let nonsense = self.one_of(NO_OBJECTS).as_bytes().to_vec();
                self.with_part(nonsense)
            }
            7 => self.with_part(b"{\"a\":\"\xff\xfe\xc3\"}".to_vec()),
            8 => {
                let deep = 1_000 + self.below(50_000);
                let nested = ["{\"a\":".repeat(deep), "1".to_string(), "}".repeat(deep)].concat();
                self.with_part(nested.into())
            }
            _ => match self.below(3) {
                0 => {
                    let header = self.one_of(NO_HEADERS).to_string();
                    self.signed([header, "{}".into(), "{}".into(), self.unique()])
                }
                _ => self.request(ODD_CONTENTS),
            },
        }
    }

    /// A message in which one bit is not as it was signed.
    fn flipped(&mut self) -> Vec<Vec<u8>> {
        let mut frames = self.genuine();
        let (frame, bit) = (1 + self.below(5), 1 << self.below(8));
        let place = self.below(frames[frame].len());
        // A digit of the signature in upper case is the same digit; any other flip is a forgery.
        let is_case = frame == 1 && bit == 0x20 && frames[1][place].is_ascii_alphabetic();
        frames[frame][place] ^= if is_case { 1 } else { bit };
        frames
    }

    /// A message that is good the first time, and from then on a copy.
    fn used_message(&mut self) -> (Port, Vec<Vec<u8>>, bool) {
        match self.used.clone() {
            Some(frames) => ([Port::Shell, Port::Control, Port::Stdin][self.below(3)], frames, true),
            None => {
                let frames = self.signed(GOOD.map(str::to_string));
                self.used = Some(frames.clone());
                (Port::Shell, frames, false)
            }
        }
    }

    /// A connection that goes wrong before the first message, or at it.
    fn connection(&mut self) -> Attack {
        let port = [Port::Shell, Port::Control, Port::Stdin, Port::Iopub, Port::Heartbeat][self.below(5)];
        let peer: &[u8] = if port == Port::Iopub { b"SUB" } else { b"DEALER" };
        let shaken = |more: &[u8]| [&greeting()[..], &ready(peer, b""), more].concat();
        let changed = |place: usize, byte: u8| {
            let mut greeting = greeting();
            greeting[place] = byte;
            greeting.to_vec()
        };
        let claim = |flags: u8, length: u64| [&[flags][..], &length.to_be_bytes()].concat();
        let endless = [encode_frame_head(0, false), encode_frame_head(1, false), vec![b'x']].concat();
        let (bytes, is_logged) = match self.below(14) {
            0 => (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(), true),
            1 => (changed(9, 0), true),
            2 => (changed(10, 1), true),
            3 => (changed(12, b'P'), true),
            4 => (greeting()[..self.below(64)].to_vec(), false),
            5 => ([&greeting()[..], &ready(b"PUSH", b"")].concat(), true),
            6 => ([&greeting()[..], &ready(peer, b"\0mine")].concat(), true),
            7 => (
                [&greeting()[..], &encode_command(b"\x05READY\x0bSocket-Type\xff\xff\xff\xff")].concat(),
                true,
            ),
            8 => ([&greeting()[..], &[0, 1, b'x']].concat(), true),
            9 => (shaken(&claim(2, 1 << self.below(64).max(28))), true),
            10 => (shaken(&claim(6, u64::MAX)), true),
            11 => (shaken(&[0x80 | self.below(128) as u8]), true),
            12 => (shaken(&endless.repeat(600)), true),
            _ => (shaken(&claim(3, 1 << 20)), false),
        };
        Attack { what: What::Connection(port, bytes), is_logged }
    }

    /// A message that would be good if it were sent as it is.
    fn genuine(&mut self) -> Vec<Vec<u8>> {
        let [header, parent, metadata, _] = GOOD.map(str::to_string);
        let content = self.unique();
        self.signed([header, parent, metadata, content])
    }

    /// A signed message with this as one of its four parts.
    fn with_part(&mut self, part: Vec<u8>) -> Vec<Vec<u8>> {
        let unique = self.unique();
        let mut parts = GOOD.map(|part| part.as_bytes().to_vec());
        let place = self.below(4);
        // The other parts make the message one that has not been there before.
        parts[if place == 3 { 2 } else { 3 }] = unique.into();
        parts[place] = part;
        self.sign(parts)
    }

    fn request(&mut self, table: &[(&str, &str)]) -> Vec<Vec<u8>> {
        let (msg_type, content) = table[self.below(table.len())];
        let header = format!(r#"{{"msg_id":"a{}","msg_type":"{msg_type}","session":"s"}}"#, self.count);
        self.signed([header, "{}".to_string(), "{}".to_string(), content.to_string()])
    }

    fn signed(&self, parts: [String; 4]) -> Vec<Vec<u8>> {
        self.sign(parts.map(String::into_bytes))
    }

    fn sign(&self, parts: [Vec<u8>; 4]) -> Vec<Vec<u8>> {
        let mut frames = vec![DELIMITER.to_vec(), self.key.sign(&parts).into_bytes()];
        frames.extend(parts);
        frames
    }

    fn unique(&self) -> String {
        format!(r#"{{"unique":{}}}"#, self.count)
    }

    fn random_frames(&mut self, at_most: usize, size: usize) -> Vec<Vec<u8>> {
        (0..=self.below(at_most)).map(|_| self.garbage(size)).collect()
    }

    fn one_of(&mut self, list: &[&'static str]) -> &'static str {
        list[self.below(list.len())]
    }

    fn garbage(&mut self, at_most: usize) -> Vec<u8> {
        (0..self.below(at_most + 1)).map(|_| self.next() as u8).collect()
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// SplitMix64, by its inventors' constants.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

fn ready(socket_type: &[u8], identity: &[u8]) -> Vec<u8> {
    let mut body = b"\x05READY".to_vec();
    for (name, value) in [(b"Socket-Type".as_slice(), socket_type), (b"Identity", identity)] {
        body.push(name.len() as u8);
        body.extend_from_slice(name);
        body.extend((value.len() as u32).to_be_bytes());
        body.extend_from_slice(value);
    }
    encode_command(&body)
}
