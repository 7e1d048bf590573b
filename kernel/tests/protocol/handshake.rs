//! The handshake of JEP 66: the kernel chooses its ports and tells whoever has started it.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use front_end::PATIENCE;
use netsplit_kernel::client::Client;
use netsplit_kernel::session::Channel;
use netsplit_kernel::wire::*;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use zeromq::{RepSocket, RouterSocket, Socket, SocketRecv, SocketSend, ZmqMessage};

use super::front_end;

const KEY: &str = "a key";

/// A kernel that was started to register itself.
struct Registering {
    process: Child,
    folder: TempDir,
}

impl Registering {
    fn start(port: u16, more: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut file = json!({"transport": "tcp", "ip": "127.0.0.1", "key": KEY,
            "signature_scheme": "hmac-sha256", "registration_port": port, "mine": "kept"});
        file.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        std::fs::write(folder.path().join("connection.json"), file.to_string()).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_netsplit"))
            .arg("kernel")
            .arg(folder.path().join("connection.json"))
            .envs([("NETSPLIT_ENGINE", "scripted"), ("NETSPLIT_HISTORY", "")])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { process, folder }
    }

    /// The file, as the kernel has completed it.
    fn file(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("connection.json")).unwrap()
    }

    /// Waits for the kernel to end by itself: its exit code and the lines that it has said.
    fn end(mut self) -> (Option<i32>, Vec<String>) {
        let started = Instant::now();
        while self.process.try_wait().unwrap().is_none() {
            assert!(started.elapsed() < PATIENCE, "the kernel does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut text = String::new();
        std::io::Read::read_to_string(&mut self.process.stderr.take().unwrap(), &mut text).unwrap();
        (self.process.wait().unwrap().code(), text.lines().map(str::to_string).collect())
    }
}

impl Drop for Registering {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The end of the launcher: a socket, and what it hears and says.
fn launcher<S: Socket>(work: impl AsyncFnOnce(S, u16)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut socket = S::new();
        let endpoint = socket.bind("tcp://127.0.0.1:0").await.unwrap();
        let port = endpoint.to_string().rsplit_once(':').unwrap().1.parse().unwrap();
        tokio::time::timeout(PATIENCE, work(socket, port)).await.expect("the kernel registers in time");
    });
}

/// The kernel works on the ports that it has told, and anybody else finds them in the file.
fn check_kernel(told: &Value, kernel: &Registering) {
    let port = |name: &str| match &told[name] {
        Value::String(text) => text.parse::<u64>().unwrap(),
        number => number.as_u64().unwrap(),
    };
    let file = ConnectionFile::parse(&kernel.file()).expect("the file has become a connection file");
    let ports = [file.shell_port, file.iopub_port, file.stdin_port, file.control_port, file.hb_port];
    let names = ["shell_port", "iopub_port", "stdin_port", "control_port", "hb_port"];
    assert_eq!(ports.map(u64::from), names.map(port));
    assert!(ports.iter().all(|port| *port > 0));
    let whole: Value = serde_json::from_str(&kernel.file()).unwrap();
    assert_eq!(whole["mine"], "kept", "nothing of the file is lost");
    assert!(matches!(Launch::parse(&kernel.file()), Ok(Launch::Registration(_))), "it serves for a restart");
    let mut client = Client::connect(&file).unwrap();
    client.request(Channel::Shell, KernelInfoRequest {}).unwrap();
    assert!(client.reply(Channel::Shell, PATIENCE).is_some());
    client.request(Channel::Control, ShutdownRequest { restart: false }).unwrap();
    assert!(client.reply(Channel::Control, PATIENCE).is_some());
}

fn reply_to(request: &Message, status: &str) -> ZmqMessage {
    let msg_type = "handshake_reply".to_string();
    let value = Map::from_iter([("status".to_string(), json!(status))]);
    let date = "2026-01-02T03:04:05Z".to_string();
    let reply = Message {
        identities: Vec::new(),
        header: Header::new("r1".to_string(), &msg_type, "launcher".to_string(), "launcher", date),
        parent: Some(request.header.clone()),
        metadata: Map::new(),
        content: Content::Unknown { msg_type, value },
        buffers: Vec::new(),
    };
    ZmqMessage::try_from(reply.encode(&Key::new(KEY))).unwrap()
}

/// With Positron's form, the ports come in a signed `handshake_request`, which is answered by a `handshake_reply`.
#[test]
fn with_a_request_and_a_reply() {
    launcher(async |mut socket: RepSocket, port| {
        let kernel = Registering::start(port, json!({}));
        let frames = socket.recv().await.unwrap().into_vec();
        let request = Message::decode(&frames, &Key::new(KEY)).expect("it is signed");
        assert_eq!(request.header.msg_type, "handshake_request");
        let Content::Unknown { value, .. } = &request.content else { panic!("{:?}", request.content) };
        let told = Value::Object(value.clone());
        socket.send(reply_to(&request, "ok")).await.unwrap();
        tokio::task::spawn_blocking(move || {
            check_kernel(&told, &kernel);
            assert_eq!(kernel.end(), (Some(0), Vec::new()));
        })
        .await
        .unwrap();
    });
}

/// With Xeus' form, the ports come as texts in one signed frame, which is answered by `ACK`, signed as well.
#[test]
fn with_an_acknowledgement() {
    launcher(async |mut socket: RouterSocket, port| {
        let more = json!({"kernel_id": "k-7", "registration_ip": "127.0.0.1", "registration_port": port.to_string()});
        let kernel = Registering::start(port, more);
        let frames = socket.recv().await.unwrap().into_vec();
        let [peer, delimiter, signature, content] = frames.as_slice() else { panic!("{frames:?}") };
        assert!(delimiter == DELIMITER && Key::new(KEY).verifies(&[content], signature));
        let told: Value = serde_json::from_slice(content).unwrap();
        assert_eq!(told["kernel_id"], "k-7");
        let signature = Key::new(KEY).sign(&["ACK"]);
        let reply: Vec<Bytes> =
            vec![peer.clone(), delimiter.clone(), signature.into(), Bytes::from_static(b"ACK")];
        socket.send(ZmqMessage::try_from(reply).unwrap()).await.unwrap();
        tokio::task::spawn_blocking(move || check_kernel(&told, &kernel)).await.unwrap();
    });
}

/// A kernel that is refused, or answered by somebody without the key, ends and says so in one line.
#[test]
fn refused() {
    for forge in [false, true] {
        launcher(async |mut socket: RepSocket, port| {
            let kernel = Registering::start(port, json!({}));
            let frames = socket.recv().await.unwrap().into_vec();
            let request = Message::decode(&frames, &Key::new(KEY)).expect("it is signed");
            let mut reply = reply_to(&request, if forge { "ok" } else { "error" }).into_vec();
            if forge {
                reply[1] = Bytes::from_static(b"00");
            }
            socket.send(ZmqMessage::try_from(reply).unwrap()).await.unwrap();
            let (code, lines) = tokio::task::spawn_blocking(move || kernel.end()).await.unwrap();
            assert_eq!((code, lines.len()), (Some(1), 1), "{lines:?}");
            let expected = if forge { "signature" } else { "\"error\"" };
            assert!(lines[0].starts_with("netsplit: expected a confirmation"), "{lines:?}");
            assert!(
                lines[0].contains(expected) && lines[0].contains("; start the kernel again"),
                "{lines:?}"
            );
        });
    }
}

/// A kernel that nobody answers ends after a while, and says so in one line.
#[test]
fn nobody_answers() {
    launcher(async |_socket: RepSocket, port| {
        let kernel = Registering::start(port, json!({}));
        let (code, lines) = tokio::task::spawn_blocking(move || kernel.end()).await.unwrap();
        assert_eq!((code, lines.len()), (Some(1), 1), "{lines:?}");
        assert!(lines[0].contains("to confirm its ports") && lines[0].contains("10 s"), "{lines:?}");
    });
}
