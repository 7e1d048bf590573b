//! The connection file: where the five sockets are, and the key that signs messages.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Key;

/// What a connection file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionFile {
    /// `tcp` or `ipc`.
    pub transport: String,
    /// The address to listen on; with `ipc`, the beginning of the sockets' paths.
    pub ip: String,
    /// Requests that are answered one after another.
    pub shell_port: u16,
    /// What the kernel publishes.
    pub iopub_port: u16,
    /// Questions of the kernel to the user.
    pub stdin_port: u16,
    /// Requests that are answered at once.
    pub control_port: u16,
    /// The heartbeat.
    pub hb_port: u16,
    /// The secret of the signatures; empty for none.
    #[serde(default)]
    pub key: String,
    /// How messages are signed.
    #[serde(default = "hmac_sha256")]
    pub signature_scheme: String,
}

/// One of the five sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// Requests that are answered one after another.
    Shell,
    /// What the kernel publishes.
    Iopub,
    /// Questions of the kernel to the user.
    Stdin,
    /// Requests that are answered at once.
    Control,
    /// The heartbeat.
    Heartbeat,
}

/// Why a connection file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionFileError {
    /// It cannot be read.
    #[error("cannot read the connection file {path}: {source}; give the path of the file that Jupyter wrote")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is not what a connection file should be.
    #[error(
        "the connection file {path} is broken: {reason}; let Jupyter write it anew by starting the kernel again"
    )]
    Broken {
        /// The file.
        path: PathBuf,
        /// What was expected and what came.
        reason: String,
    },
}

pub(super) fn hmac_sha256() -> String {
    "hmac-sha256".to_string()
}

impl ConnectionFile {
    /// Reads and checks the file.
    pub fn read(path: &Path) -> Result<Self, ConnectionFileError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConnectionFileError::Unreadable { path: path.to_path_buf(), source })?;
        Self::parse(&text).map_err(|reason| ConnectionFileError::Broken { path: path.to_path_buf(), reason })
    }

    /// Reads and checks the file's text; the error says what was expected and what came.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        file.check().map(|()| file)
    }

    /// Checks what can be checked without a look at the machine.
    pub(super) fn check(&self) -> Result<(), String> {
        if !["tcp", "ipc"].contains(&self.transport.as_str()) {
            return Err(format!("expected the transport \"tcp\" or \"ipc\", found {:?}", self.transport));
        }
        if !self.key.is_empty() && self.signature_scheme != "hmac-sha256" {
            return Err(format!(
                "expected the signature scheme \"hmac-sha256\", found {:?}",
                self.signature_scheme
            ));
        }
        if self.ip.is_empty() {
            return Err("expected an address in \"ip\", found nothing".to_string());
        }
        Ok(())
    }

    /// The key that signs the messages of this connection.
    pub fn key(&self) -> Key {
        Key::new(&self.key)
    }

    /// The address of one of the sockets, as ZeroMQ writes it.
    pub fn endpoint(&self, port: Port) -> String {
        let number = match port {
            Port::Shell => self.shell_port,
            Port::Iopub => self.iopub_port,
            Port::Stdin => self.stdin_port,
            Port::Control => self.control_port,
            Port::Heartbeat => self.hb_port,
        };
        endpoint(&self.transport, &self.ip, number)
    }
}

/// An address as ZeroMQ writes it.
pub(super) fn endpoint(transport: &str, ip: &str, number: u16) -> String {
    match transport {
        "ipc" => format!("ipc://{ip}-{number}"),
        _ if ip.contains(':') => format!("tcp://[{ip}]:{number}"),
        _ if ip == "*" => format!("tcp://0.0.0.0:{number}"),
        _ => format!("tcp://{ip}:{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"shell_port": 1, "iopub_port": 2, "stdin_port": 3, "control_port": 4, "hb_port": 5,
        "ip": "127.0.0.1", "key": "k", "transport": "tcp", "signature_scheme": "hmac-sha256", "kernel_name": "netsplit"}"#;

    /// A file as Jupyter writes it is read, fields that we do not need included.
    #[test]
    fn a_file_as_jupyter_writes_it() {
        let file = ConnectionFile::parse(GOOD).unwrap();
        assert_eq!(file.endpoint(Port::Shell), "tcp://127.0.0.1:1");
        assert_eq!(file.endpoint(Port::Heartbeat), "tcp://127.0.0.1:5");
        let ipc = ConnectionFile::parse(&GOOD.replace("tcp", "ipc").replace("127.0.0.1", "/run/k")).unwrap();
        assert_eq!(ipc.endpoint(Port::Iopub), "ipc:///run/k-2");
        let six = ConnectionFile::parse(&GOOD.replace("127.0.0.1", "::1")).unwrap();
        assert_eq!(six.endpoint(Port::Control), "tcp://[::1]:4");
        let any = ConnectionFile::parse(&GOOD.replace("127.0.0.1", "*")).unwrap();
        assert_eq!(any.endpoint(Port::Stdin), "tcp://0.0.0.0:3");
    }

    /// Each fault is named: what was expected, what came.
    #[test]
    fn faults_are_named() {
        let fault = |from: &str, to: &str| ConnectionFile::parse(&GOOD.replace(from, to)).unwrap_err();
        assert!(ConnectionFile::parse("").unwrap_err().contains("EOF"));
        assert!(fault("\"hb_port\": 5,", "").contains("missing field `hb_port`"));
        assert!(fault("\"hb_port\": 5", "\"hb_port\": 70000").contains("70000"));
        assert!(fault("\"tcp\"", "\"udp\"").contains("found \"udp\""));
        assert!(fault("hmac-sha256", "hmac-md5").contains("found \"hmac-md5\""));
        assert!(fault("127.0.0.1", "").contains("expected an address"));
    }

    /// The message to the user is one line with the path and the remedy.
    #[test]
    fn the_error_is_one_line_with_path_and_remedy() {
        let error = ConnectionFile::read(Path::new("/no/such/file.json")).unwrap_err().to_string();
        assert!(error.contains("/no/such/file.json") && error.contains("; give"), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}
