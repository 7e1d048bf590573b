//! One message: its frames, its header, and what may be wrong with frames that come from outside.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Content, Key, PROTOCOL_VERSION};

/// The frame between the identities and the message proper.
pub const DELIMITER: &[u8] = b"<IDS|MSG>";

/// A message, decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Where it is routed: the peer's identity on request sockets, the topic on iopub.
    pub identities: Vec<Bytes>,
    /// Who says this, when, and in which session.
    pub header: Header,
    /// The header of the request that this message answers or belongs to.
    pub parent: Option<Header>,
    /// Remarks that do not change the meaning.
    pub metadata: Map<String, Value>,
    /// What is said.
    pub content: Content,
    /// Binary data beside the JSON.
    pub buffers: Vec<Bytes>,
}

/// A message's header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Unique to the message.
    pub msg_id: String,
    /// Which content follows.
    pub msg_type: String,
    /// Unique to the run of the program that sends it.
    #[serde(default)]
    pub session: String,
    /// Who sends it.
    #[serde(default)]
    pub username: String,
    /// When it was made, in ISO 8601.
    #[serde(default)]
    pub date: String,
    /// The protocol's version.
    #[serde(default)]
    pub version: String,
    /// Whatever else came along; a parent header is echoed as it came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// What may be wrong with frames that come from outside.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WireError {
    /// No frame is the delimiter.
    #[error("expected a frame <IDS|MSG> before the message, found none among {frames} frames")]
    NoDelimiter {
        /// How many frames there are.
        frames: usize,
    },
    /// The message ends too early.
    #[error("expected a signature and 4 JSON frames after <IDS|MSG>, found {found} frames")]
    TooFewFrames {
        /// How many frames follow the delimiter.
        found: usize,
    },
    /// The signature is not that of the frames.
    #[error("the signature does not belong to this message under the key of the connection file")]
    BadSignature,
    /// The message has been here before.
    #[error("this message has been received before; a copy of it is not obeyed")]
    Replayed,
    /// A frame is not the JSON object that it should be.
    #[error("expected the {part} to be a JSON object, found {reason}")]
    BadJson {
        /// Which of the four frames.
        part: &'static str,
        /// What the parser says.
        reason: String,
    },
}

impl Header {
    /// A header of our own, of the protocol's version that we speak.
    pub fn new(msg_id: String, msg_type: &str, session: String, username: &str, date: String) -> Self {
        Self {
            msg_id,
            msg_type: msg_type.to_string(),
            session,
            username: username.to_string(),
            date,
            version: PROTOCOL_VERSION.to_string(),
            other: Map::new(),
        }
    }
}

impl Message {
    /// Reads a message: finds the delimiter, checks the signature *before* anything is parsed, then parses.
    pub fn decode(frames: &[Bytes], key: &Key) -> Result<Self, WireError> {
        let delimiter = frames
            .iter()
            .position(|frame| frame.as_ref() == DELIMITER)
            .ok_or(WireError::NoDelimiter { frames: frames.len() })?;
        let [signature, header, parent, metadata, content, buffers @ ..] = &frames[delimiter + 1..] else {
            return Err(WireError::TooFewFrames { found: frames.len() - delimiter - 1 });
        };
        if !key.verifies(&[header, parent, metadata, content], signature) {
            return Err(WireError::BadSignature);
        }
        let header: Header = parse("header", header)?;
        let parent: Map<String, Value> = parse("parent header", parent)?;
        let parent = match parent.is_empty() {
            true => None,
            false => Some(from_value("parent header", Value::Object(parent))?),
        };
        let metadata = parse("metadata", metadata)?;
        let content = Content::read(&header.msg_type, parse("content", content)?);
        let identities = frames[..delimiter].to_vec();
        Ok(Self { identities, header, parent, metadata, content, buffers: buffers.to_vec() })
    }

    /// Writes the message; the other end's [`Message::decode`] with the same key gives it back.
    pub fn encode(&self, key: &Key) -> Vec<Bytes> {
        let parent = match &self.parent {
            Some(parent) => serialize(parent),
            None => Bytes::from_static(b"{}"),
        };
        let signed =
            [serialize(&self.header), parent, serialize(&self.metadata), serialize(&self.content.write())];
        let mut frames = self.identities.clone();
        frames.push(Bytes::from_static(DELIMITER));
        frames.push(key.sign(&signed).into());
        frames.extend(signed);
        frames.extend(self.buffers.iter().cloned());
        frames
    }
}

fn serialize(value: &impl Serialize) -> Bytes {
    let text = serde_json::to_vec(value)
        .expect("a message consists of strings, numbers, lists and maps with string keys");
    // A message may wait for its reader, so it keeps no more memory than it has bytes.
    text.into_boxed_slice().into()
}

fn parse<T: serde::de::DeserializeOwned>(part: &'static str, frame: &[u8]) -> Result<T, WireError> {
    serde_json::from_slice(frame).map_err(|error| WireError::BadJson { part, reason: error.to_string() })
}

fn from_value<T: serde::de::DeserializeOwned>(part: &'static str, value: Value) -> Result<T, WireError> {
    serde_json::from_value(value).map_err(|error| WireError::BadJson { part, reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::wire::{ExecuteRequest, KernelInfoRequest};

    fn key() -> Key {
        Key::new("a key")
    }

    fn header(msg_type: &str) -> Header {
        Header::new("id-1".into(), msg_type, "session-1".into(), "ann", "2026-01-02T03:04:05Z".into())
    }

    fn message(content: Content) -> Message {
        Message {
            identities: vec![Bytes::from_static(b"peer")],
            header: header(content.msg_type()),
            parent: None,
            metadata: Map::new(),
            content,
            buffers: Vec::new(),
        }
    }

    fn signed(parts: [&str; 4]) -> Vec<Bytes> {
        let mut frames = vec![Bytes::from_static(DELIMITER), Bytes::from(key().sign(&parts))];
        frames.extend(parts.map(|part| Bytes::copy_from_slice(part.as_bytes())));
        frames
    }

    /// What is encoded is decoded to the same message, with its identities, parent, metadata and buffers.
    #[test]
    fn decode_gives_back_what_encode_was_given() {
        let mut sent = message(Content::ExecuteRequest(ExecuteRequest::new("1 + 1")));
        sent.parent = Some(header("kernel_info_request"));
        sent.metadata.insert("cellId".into(), json!("c-1"));
        sent.buffers = vec![Bytes::from_static(&[0, 255]), Bytes::new()];
        assert_eq!(Message::decode(&sent.encode(&key()), &key()), Ok(sent));
    }

    /// A parent header is echoed as it came, fields that we do not know included.
    #[test]
    fn unknown_header_fields_survive() {
        let raw = r#"{"msg_id":"1","msg_type":"kernel_info_request","subshell_id":"s-7"}"#;
        let read = Message::decode(&signed([raw, "{}", "{}", "{}"]), &key()).unwrap();
        assert_eq!(read.header.other.get("subshell_id"), Some(&json!("s-7")));
        assert_eq!(read.content, Content::KernelInfoRequest(KernelInfoRequest {}));
        let mut answer = message(Content::KernelInfoRequest(KernelInfoRequest {}));
        answer.parent = Some(read.header);
        let parent: Value = serde_json::from_slice(&answer.encode(&key())[4]).unwrap();
        assert_eq!(parent["subshell_id"], json!("s-7"));
    }

    /// Each thing that may be wrong with the frames has its own error, and the signature is checked before parsing.
    #[test]
    fn each_fault_of_the_frames_has_its_own_error() {
        let good = r#"{"msg_id":"1","msg_type":"kernel_info_request"}"#;
        let decode = |frames: &[Bytes]| Message::decode(frames, &key()).map(|_| ()).unwrap_err();
        assert_eq!(decode(&[]), WireError::NoDelimiter { frames: 0 });
        assert_eq!(decode(&[Bytes::from_static(b"x")]), WireError::NoDelimiter { frames: 1 });
        assert_eq!(decode(&signed([good, "{}", "{}", "{}"])[..5]), WireError::TooFewFrames { found: 4 });
        let mut forged = signed([good, "{}", "{}", "{}"]);
        forged[5] = Bytes::from_static(b"not json");
        assert_eq!(decode(&forged), WireError::BadSignature);
        for (index, part) in ["header", "parent header", "metadata", "content"].into_iter().enumerate() {
            for nonsense in ["", "[]", "{", "7", "{\"a\":}"] {
                let mut parts = [good, "{}", "{}", "{}"];
                parts[index] = nonsense;
                let error = decode(&signed(parts));
                assert!(
                    matches!(&error, WireError::BadJson { part: found, .. } if *found == part),
                    "{error:?}"
                );
            }
        }
        let no_type = decode(&signed([r#"{"msg_id":"1"}"#, "{}", "{}", "{}"]));
        assert!(no_type.to_string().contains("missing field `msg_type`"), "{no_type}");
        let mut not_utf8 = vec![Bytes::from_static(b"{\"msg_id\":\"\xff\"}")];
        not_utf8.extend([Bytes::from_static(b"{}"), Bytes::from_static(b"{}"), Bytes::from_static(b"{}")]);
        let signature = key().sign(&[&not_utf8[0], &not_utf8[1], &not_utf8[2], &not_utf8[3]]);
        not_utf8.splice(0..0, [Bytes::from_static(DELIMITER), signature.into()]);
        assert!(matches!(decode(&not_utf8), WireError::BadJson { part: "header", .. }));
    }

    proptest! {
        /// Whatever bytes come in, decoding returns: it never panics, and nothing unsigned gets through.
        #[test]
        fn arbitrary_frames_are_refused(frames in proptest::collection::vec(frame(), 0..12)) {
            prop_assert!(Message::decode(&frames, &key()).is_err());
        }

        /// Without a key, any frames that decode are encoded to frames that decode to the same message.
        #[test]
        fn what_decodes_survives_a_round_trip(id in ".*", extra in ".*", code in ".*", data in any::<Vec<u8>>()) {
            let header = json!({"msg_id": id, "msg_type": "execute_request", "extra": extra}).to_string();
            let content = json!({"code": code}).to_string();
            let frames: Vec<Bytes> = vec![
                Bytes::from_static(DELIMITER), Bytes::new(), header.into(), Bytes::from_static(b"{}"),
                Bytes::from_static(b"{}"), content.into(), data.into(),
            ];
            let none = Key::new("");
            let message = Message::decode(&frames, &none).unwrap();
            prop_assert_eq!(Message::decode(&message.encode(&none), &none).unwrap(), message);
        }
    }

    /// Frames that are like those of a message often enough to get past the first checks.
    fn frame() -> impl Strategy<Value = Bytes> {
        prop_oneof![
            Just(Bytes::from_static(DELIMITER)),
            Just(Bytes::from_static(b"{}")),
            Just(Bytes::from_static(br#"{"msg_id":"1","msg_type":"execute_request"}"#)),
            any::<Vec<u8>>().prop_map(Bytes::from),
        ]
    }
}
