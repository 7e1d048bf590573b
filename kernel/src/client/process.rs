//! A kernel in a process of its own, started for one client.

use std::ffi::OsString;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Client, ClientError};
use crate::engine::session_directory::SessionDirectory;
use crate::session::Channel;
use crate::wire::{
    ConnectionFile, Content, ExecutionState, KernelInfoReply, KernelInfoRequest, Port, ShutdownRequest,
    Status,
};
use crate::{cache, parent};

/// The longest path of a folder whose sockets the system takes: with their names, it may have 107 bytes.
const LONGEST_PATH: usize = 80;
/// How long a kernel may take to answer for the first time.
const START: Duration = Duration::from_secs(60);
/// How long a kernel may take to end after it was asked to.
const END: Duration = Duration::from_secs(8);

/// A running kernel and the one client that is connected to it.
pub struct KernelProcess {
    /// The connection.
    pub client: Client,
    /// What the kernel said of itself.
    pub info: KernelInfoReply,
    process: Child,
    connection: ConnectionFile,
    _folder: Folder,
}

/// The folder of the connection file and the sockets.
enum Folder {
    /// In the cache; what a client leaves that is killed, the next one removes.
    Kept(SessionDirectory),
    /// In the system's folder for temporary files.
    Temporary(TempDir),
}

/// Why a kernel does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The process cannot be started.
    #[error("cannot start the kernel {program}: {source}")]
    Spawn {
        /// The program.
        program: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It ended before it answered.
    #[error("the kernel ended before it was ready ({0}); what it says above is the reason")]
    Ended(ExitStatus),
    /// It is there and says nothing.
    #[error("the kernel did not answer within {} s; run it with NETSPLIT_LOG=debug to see why", START.as_secs())]
    Silent,
    /// It cannot be talked to.
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl KernelProcess {
    /// Starts `program kernel <connection file>` with these additions to its environment and in this directory, and
    /// waits until it answers and its publications arrive.
    pub fn start<'a>(
        program: impl Into<PathBuf>,
        environment: impl IntoIterator<Item = (&'a str, OsString)>,
        directory: Option<PathBuf>,
    ) -> Result<Self, StartError> {
        Self::start_with(program.into(), environment, directory, |folder| Ok(connection_in(folder)))
    }

    /// The same over TCP on the local machine, on ports that are free now.
    pub fn start_on_tcp<'a>(
        program: impl Into<PathBuf>,
        environment: impl IntoIterator<Item = (&'a str, OsString)>,
    ) -> Result<Self, StartError> {
        Self::start_with(program.into(), environment, None, |_| free_ports())
    }

    fn start_with<'a>(
        program: PathBuf,
        environment: impl IntoIterator<Item = (&'a str, OsString)>,
        directory: Option<PathBuf>,
        connection: impl FnOnce(&Path) -> std::io::Result<ConnectionFile>,
    ) -> Result<Self, StartError> {
        let failed = |source| StartError::Spawn { program: program.clone(), source };
        let folder = Folder::create().map_err(failed)?;
        let connection = connection(folder.path()).map_err(failed)?;
        let file = folder.path().join("connection.json");
        std::fs::write(&file, serde_json::to_vec(&connection).expect("a connection file is plain data"))
            .map_err(failed)?;
        let mut command = Command::new(&program);
        command.arg("kernel").arg(&file);
        // It ends with this process, also if this one is killed.
        command.env(parent::VARIABLE, std::process::id().to_string()).envs(environment);
        if let Some(directory) = directory {
            command.current_dir(directory);
        }
        let mut process = command.spawn().map_err(failed)?;
        match greet(&connection, &mut process) {
            Ok((client, info)) => Ok(Self { client, info, process, connection, _folder: folder }),
            Err(error) => {
                // It may have ended by itself already.
                let _ = process.kill();
                let _ = process.wait();
                Err(error)
            }
        }
    }

    /// One more client of the same kernel.
    pub fn another_client(&self) -> Result<Client, ClientError> {
        Client::connect(&self.connection)
    }

    /// The connection, as the kernel's connection file describes it.
    pub fn connection(&self) -> &ConnectionFile {
        &self.connection
    }

    /// The process id of the kernel.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// How the process ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().ok().flatten()
    }

    /// Ends the process at once, without asking it.
    pub fn kill(&mut self) {
        // It may have ended by itself already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Waits for the process to end by itself.
    pub fn wait(&mut self, within: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + within;
        loop {
            match self.ended() {
                Some(status) => return Some(status),
                None if Instant::now() > deadline => return None,
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

impl Drop for KernelProcess {
    /// Asks the kernel to end, and ends it if it does not.
    fn drop(&mut self) {
        if self.ended().is_some() {
            return;
        }
        let asked = self.client.request(Channel::Control, ShutdownRequest { restart: false });
        if asked.is_err() || self.wait(END).is_none() {
            self.kill();
        }
    }
}

impl Folder {
    fn create() -> std::io::Result<Self> {
        let clients = cache::directory().join("clients");
        let kept = (clients.as_os_str().len() + "/12345678".len() <= LONGEST_PATH)
            .then(|| SessionDirectory::create_in(&clients).ok())
            .flatten();
        match kept {
            Some(kept) => Ok(Self::Kept(kept)),
            // The path is too long for a socket, or the cache cannot be written.
            None => tempfile::Builder::new().prefix("netsplit-client-").tempdir().map(Self::Temporary),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(folder) => folder.path(),
            Self::Temporary(folder) => folder.path(),
        }
    }
}

/// Sockets in a private directory: nobody else can connect, and there is no port that somebody else could have taken.
fn connection_in(directory: &Path) -> ConnectionFile {
    ConnectionFile {
        transport: "ipc".to_string(),
        ip: directory.join("socket").display().to_string(),
        shell_port: 1,
        iopub_port: 2,
        stdin_port: 3,
        control_port: 4,
        hb_port: 5,
        key: uuid::Uuid::new_v4().to_string(),
        signature_scheme: "hmac-sha256".to_string(),
    }
}

fn free_ports() -> std::io::Result<ConnectionFile> {
    // All five are held until all five are known, or the system would give the same one again.
    let listeners = (0..5).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<Vec<_>, _>>()?;
    let ports =
        listeners.iter().map(|it| it.local_addr().map(|it| it.port())).collect::<Result<Vec<_>, _>>()?;
    Ok(ConnectionFile {
        transport: "tcp".to_string(),
        ip: "127.0.0.1".to_string(),
        shell_port: ports[0],
        iopub_port: ports[1],
        stdin_port: ports[2],
        control_port: ports[3],
        hb_port: ports[4],
        key: uuid::Uuid::new_v4().to_string(),
        signature_scheme: "hmac-sha256".to_string(),
    })
}

/// Connects, and asks for kernel_info until the answer's `idle` has come through iopub as well: a subscription takes
/// effect some time after it was made, and what is published before that is lost.
fn greet(connection: &ConnectionFile, process: &mut Child) -> Result<(Client, KernelInfoReply), StartError> {
    let deadline = Instant::now() + START;
    // The heartbeat's socket is the last that the kernel opens; a client that comes too early would wait for long.
    while !is_open(connection) {
        check(process, deadline)?;
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut client = Client::connect(connection)?;
    loop {
        check(process, deadline)?;
        let asked = client.request(Channel::Shell, KernelInfoRequest {})?;
        let Some(reply) = client.reply(Channel::Shell, Duration::from_secs(1)) else { continue };
        while let Some(message) = client.published(Duration::from_millis(100)) {
            let idle = Content::Status(Status { execution_state: ExecutionState::Idle });
            if message.content == idle && message.parent.as_ref() == Some(&asked) {
                if let Content::KernelInfoReply(info) = reply.content {
                    return Ok((client, info));
                }
                break;
            }
        }
    }
}

fn is_open(connection: &ConnectionFile) -> bool {
    match connection.transport.as_str() {
        "ipc" => Path::new(connection.endpoint(Port::Heartbeat).trim_start_matches("ipc://")).exists(),
        _ => TcpStream::connect((connection.ip.as_str(), connection.hb_port)).is_ok(),
    }
}

fn check(process: &mut Child, deadline: Instant) -> Result<(), StartError> {
    match process.try_wait() {
        Ok(Some(status)) => Err(StartError::Ended(status)),
        _ if Instant::now() > deadline => Err(StartError::Silent),
        _ => Ok(()),
    }
}
