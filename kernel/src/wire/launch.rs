//! How whoever starts a kernel tells it where to listen: by naming the ports, or by asking which ones it took (JEP 66).

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{ConnectionFile, ConnectionFileError};

/// What a connection file asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Launch {
    /// To listen on these ports.
    Connection(ConnectionFile),
    /// To listen on any ports, and to say which.
    Registration(Registration),
}

/// A connection file without ports: where to send them instead.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Registration {
    /// `tcp` or `ipc`.
    pub transport: String,
    /// The address to listen on; with `ipc`, the beginning of the sockets' paths.
    pub ip: String,
    /// The secret of the signatures; empty for none.
    #[serde(default)]
    pub key: String,
    /// How messages are signed.
    #[serde(default = "super::connection_file::hmac_sha256")]
    pub signature_scheme: String,
    /// Where whoever started the kernel listens, if not at `ip`.
    #[serde(default)]
    pub registration_ip: Option<String>,
    /// On which port.
    #[serde(deserialize_with = "number_or_text")]
    pub registration_port: u16,
    /// By which name it knows the kernel; only launchers that are made with Xeus give one.
    #[serde(default)]
    pub kernel_id: Option<String>,
    /// The whole file, so that nothing gets lost when the ports are added.
    #[serde(skip)]
    pub file: Map<String, Value>,
}

impl Launch {
    /// Reads and checks the file.
    pub fn read(path: &Path) -> Result<Self, ConnectionFileError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConnectionFileError::Unreadable { path: path.to_path_buf(), source })?;
        Self::parse(&text).map_err(|reason| ConnectionFileError::Broken { path: path.to_path_buf(), reason })
    }

    /// Reads and checks the file's text; the error says what was expected and what came.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: Map<String, Value> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if !file.contains_key("registration_port") {
            return ConnectionFile::parse(text).map(Self::Connection);
        }
        let read: Registration =
            serde_json::from_value(Value::Object(file.clone())).map_err(|error| error.to_string())?;
        let registration = Registration { file, ..read };
        registration.connection().check()?;
        Ok(Self::Registration(registration))
    }
}

impl Registration {
    /// The connection that the kernel is to make of it. With TCP the system chooses the ports.
    pub fn connection(&self) -> ConnectionFile {
        let port = |number: u16| if self.transport == "ipc" { number } else { 0 };
        ConnectionFile {
            transport: self.transport.clone(),
            ip: self.ip.clone(),
            shell_port: port(1),
            iopub_port: port(2),
            stdin_port: port(3),
            control_port: port(4),
            hb_port: port(5),
            key: self.key.clone(),
            signature_scheme: self.signature_scheme.clone(),
        }
    }

    /// The address of whoever started the kernel, as ZeroMQ writes it.
    pub fn endpoint(&self) -> String {
        let ip = self.registration_ip.as_ref().unwrap_or(&self.ip);
        super::connection_file::endpoint(&self.transport, ip, self.registration_port)
    }
}

/// A port as a number, or as Xeus writes it.
fn number_or_text<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
    use serde::de::Error;
    match Value::deserialize(from)? {
        Value::Number(number) => number.as_u64().and_then(|it| u16::try_from(it).ok()),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
    .ok_or_else(|| D::Error::custom("expected a port in \"registration_port\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTS: &str = r#"{"shell_port": 1, "iopub_port": 2, "stdin_port": 3, "control_port": 4, "hb_port": 5,
        "ip": "127.0.0.1", "key": "k", "transport": "tcp", "signature_scheme": "hmac-sha256"}"#;
    const ASK: &str = r#"{"ip": "127.0.0.1", "key": "k", "transport": "tcp", "signature_scheme": "hmac-sha256",
        "registration_port": 9000, "mine": [1]}"#;

    fn registration(text: &str) -> Registration {
        match Launch::parse(text) {
            Ok(Launch::Registration(registration)) => registration,
            other => panic!("{other:?}"),
        }
    }

    /// A file with ports names them, a file with a registration asks for them; it wins where both are there, as in a file
    /// that a kernel has completed, with which it is started again.
    #[test]
    fn which_way_the_file_means() {
        assert!(matches!(Launch::parse(PORTS), Ok(Launch::Connection(file)) if file.hb_port == 5));
        let asked = registration(ASK);
        assert_eq!(asked.endpoint(), "tcp://127.0.0.1:9000");
        assert_eq!(asked.connection().shell_port, 0);
        assert_eq!(asked.file["mine"], serde_json::json!([1]));
        registration(&PORTS.replace("\"hb_port\": 5", "\"hb_port\": 5, \"registration_port\": 9000"));
    }

    /// Xeus gives the kernel a name, its own address, and the port as text; with ipc, ports are parts of paths.
    #[test]
    fn variants() {
        let xeus = ASK.replace("9000", "\"9001\", \"registration_ip\": \"127.0.0.2\", \"kernel_id\": \"k1\"");
        assert_eq!(registration(&xeus).endpoint(), "tcp://127.0.0.2:9001");
        assert_eq!(registration(&xeus).kernel_id.as_deref(), Some("k1"));
        let ipc = registration(&ASK.replace("tcp", "ipc").replace("127.0.0.1", "/run/k"));
        assert_eq!((ipc.endpoint(), ipc.connection().hb_port), ("ipc:///run/k-9000".to_string(), 5));
    }

    /// Each fault is named, in either kind of file.
    #[test]
    fn faults_are_named() {
        let fault = |from: &str, to: &str| Launch::parse(&ASK.replace(from, to)).unwrap_err();
        assert!(fault("9000", "90000").contains("expected a port"));
        assert!(fault("9000", "null").contains("expected a port"));
        assert!(fault("\"tcp\"", "\"udp\"").contains("found \"udp\""));
        assert!(fault("127.0.0.1", "").contains("expected an address"));
        assert!(fault("\"ip\"", "\"not_ip\"").contains("missing field `ip`"));
        assert!(Launch::parse(&PORTS.replace("\"hb_port\": 5,", "")).unwrap_err().contains("hb_port"));
        assert!(Launch::parse("[]").is_err());
    }
}
