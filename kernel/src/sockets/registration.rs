//! The handshake of JEP 66: the kernel chooses its ports itself and tells whoever has started it.
//!
//! With ports from a connection file, another program may have taken one of them by the time the kernel opens it. With a
//! registration, the file names one socket of the launcher instead: the kernel binds whatever is free, writes that into
//! the file for clients who come later, sends it to the launcher, and goes on when the launcher has confirmed it.
//!
//! The proposal leaves open what the message looks like, and the launchers that exist differ. Which form is meant shows
//! in the file:
//! - Positron's (the default): a request of type `handshake_request` as any other Jupyter message, answered by a
//!   `handshake_reply` with a status;
//! - Xeus' (the file has a `kernel_id`): delimiter, signature of the content alone, content with the ports as strings;
//!   answered the same way with the content `ACK`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use zeromq::{DealerSocket, ReqSocket, Socket, SocketRecv, SocketSend, ZmqMessage};

use crate::wire::{ConnectionFile, Content, DELIMITER, Header, Message, Registration};

/// How long the launcher may take to confirm.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the kernel cannot be registered.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// The launcher does not answer.
    #[error(
        "expected whoever started this kernel to confirm its ports at {endpoint} within {} s, but nobody did; \
         start the kernel again",
        PATIENCE.as_secs()
    )]
    Silent {
        /// Where.
        endpoint: String,
    },
    /// The connection breaks, or the launcher says something else.
    #[error("expected a confirmation from {endpoint}, found {reason}; start the kernel again")]
    Refused {
        /// Where.
        endpoint: String,
        /// What came.
        reason: String,
    },
    /// The ports cannot be written down.
    #[error("cannot write the ports into the connection file {path}: {source}; make it writable")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Writes the ports into the file and tells the launcher. Returns when it has confirmed them.
pub async fn register(
    registration: &Registration,
    connection: &ConnectionFile,
    path: &Path,
) -> Result<(), RegistrationError> {
    write_down(registration, connection, path)
        .map_err(|source| RegistrationError::File { path: path.to_path_buf(), source })?;
    let endpoint = registration.endpoint();
    let refused = |reason: String| RegistrationError::Refused { endpoint: endpoint.clone(), reason };
    let told = tokio::time::timeout(PATIENCE, tell(registration, connection, &endpoint)).await;
    told.map_err(|_| RegistrationError::Silent { endpoint: endpoint.clone() })?.map_err(refused)
}

/// Replaces the file by one that has the ports too; whoever reads it meanwhile sees the old one or the new one.
fn write_down(registration: &Registration, connection: &ConnectionFile, path: &Path) -> std::io::Result<()> {
    let mut all = registration.file.clone();
    if let Value::Object(ports) = serde_json::to_value(connection).expect("a connection file is plain data") {
        all.extend(ports);
    }
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&file, &all)?;
    file.persist(path)?;
    Ok(())
}

async fn tell(
    registration: &Registration,
    connection: &ConnectionFile,
    endpoint: &str,
) -> Result<(), String> {
    let said = |error: zeromq::ZmqError| error.to_string();
    match &registration.kernel_id {
        None => {
            let mut socket = ReqSocket::new();
            socket.connect(endpoint).await.map_err(said)?;
            socket
                .send(frames(handshake_request(connection).encode(&connection.key()))?)
                .await
                .map_err(said)?;
            let reply = socket.recv().await.map_err(said)?.into_vec();
            check_reply(&reply, connection)
        }
        Some(kernel_id) => {
            let mut socket = DealerSocket::new();
            socket.connect(endpoint).await.map_err(said)?;
            let content = xeus_content(connection, kernel_id);
            let signature = connection.key().sign(&[&content]);
            let parts = vec![Bytes::from_static(DELIMITER), signature.into(), content.into()];
            socket.send(frames(parts)?).await.map_err(said)?;
            let reply = socket.recv().await.map_err(said)?.into_vec();
            check_acknowledgement(&reply, connection)
        }
    }
}

fn frames(frames: Vec<Bytes>) -> Result<ZmqMessage, String> {
    ZmqMessage::try_from(frames).map_err(|error| error.to_string())
}

fn handshake_request(connection: &ConnectionFile) -> Message {
    let ports = json!({
        "control_port": connection.control_port,
        "shell_port": connection.shell_port,
        "stdin_port": connection.stdin_port,
        "iopub_port": connection.iopub_port,
        "hb_port": connection.hb_port,
    });
    let msg_type = "handshake_request".to_string();
    let value = ports.as_object().cloned().unwrap_or_default();
    let session = uuid::Uuid::new_v4().to_string();
    let date = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    Message {
        identities: Vec::new(),
        header: Header::new(uuid::Uuid::new_v4().to_string(), &msg_type, session, "kernel", date),
        parent: None,
        metadata: Map::new(),
        content: Content::Unknown { msg_type, value },
        buffers: Vec::new(),
    }
}

fn check_reply(frames: &[Bytes], connection: &ConnectionFile) -> Result<(), String> {
    let reply = Message::decode(frames, &connection.key()).map_err(|error| error.to_string())?;
    match &reply.content {
        Content::Unknown { msg_type, value } if msg_type == "handshake_reply" => match value.get("status") {
            Some(status) if status == "ok" => Ok(()),
            status => Err(format!("a handshake_reply with the status {status:?}")),
        },
        other => Err(other.msg_type().to_string()),
    }
}

fn xeus_content(connection: &ConnectionFile, kernel_id: &str) -> Vec<u8> {
    let ports = json!({
        "kernel_id": kernel_id,
        "control_port": connection.control_port.to_string(),
        "shell_port": connection.shell_port.to_string(),
        "stdin_port": connection.stdin_port.to_string(),
        "iopub_port": connection.iopub_port.to_string(),
        "hb_port": connection.hb_port.to_string(),
    });
    ports.to_string().into_bytes()
}

fn check_acknowledgement(frames: &[Bytes], connection: &ConnectionFile) -> Result<(), String> {
    let after = frames.iter().position(|frame| frame.as_ref() == DELIMITER).map(|place| &frames[place + 1..]);
    match after {
        Some([signature, content]) if !connection.key().verifies(&[content], signature) => {
            Err("a signature that does not belong to it".to_string())
        }
        Some([_, content]) if content.as_ref() == b"ACK" => Ok(()),
        _ => Err(format!("{} frames that are no acknowledgement", frames.len())),
    }
}
