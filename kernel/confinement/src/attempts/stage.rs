//! What attempts are made against.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::Places;

/// What is to be read from this process's memory.
static MARKER: [u8; 8] = *b"netsplit";

/// A folder with secrets, sockets that listen, a process: whoever sets the stage owns them, and they end with it.
#[derive(Debug)]
pub struct Stage {
    surroundings: Surroundings,
    bystander: Child,
    _listening: (TcpListener, UdpSocket, UnixListener, UnixDatagram, UnixListener),
}

/// Where the attempts find what they are made against. It travels to the child as arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// The stage's folder; `inside` is what the confined process may use.
    pub folder: PathBuf,
    /// The process that has set the stage.
    pub parent: i32,
    /// A process of the same user.
    pub bystander: i32,
    /// Of a socket that listens on 127.0.0.1.
    pub tcp: u16,
    /// Of a socket on 127.0.0.1.
    pub udp: u16,
    /// Where the parent's memory has something to read.
    pub marker: usize,
}

impl Stage {
    /// Sets the stage in an empty folder.
    ///
    /// # Errors
    /// If a file or socket cannot be made, or no process started.
    pub fn set(folder: &Path) -> io::Result<Self> {
        let places = places_in(folder);
        for folder in [&places.cells, &places.pipes, &places.temporary, &places.home] {
            fs::create_dir_all(folder)?;
        }
        let home = folder.join("outside/home");
        fs::create_dir_all(home.join(".jupyter"))?;
        fs::create_dir_all(home.join(".ipython/profile_default/startup"))?;
        fs::write(home.join(".bashrc"), "# yours\n")?;
        for name in
            ["secret", "to-change", "to-cut", "to-remove", "to-rename", "to-open-up", "to-touch", "to-link"]
        {
            fs::write(folder.join("outside").join(name), "secret")?;
        }
        std::os::unix::fs::symlink(folder.join("outside/secret"), places.temporary.join("way-out"))?;
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let stream = UnixListener::bind(folder.join("outside/stream"))?;
        let datagram = UnixDatagram::bind(folder.join("outside/datagram"))?;
        let bystander = start_bystander("/bin/sleep").or_else(|_| start_bystander("sleep"))?;
        let surroundings = Surroundings {
            folder: folder.to_path_buf(),
            parent: std::process::id().cast_signed(),
            bystander: bystander.id().cast_signed(),
            tcp: tcp.local_addr()?.port(),
            udp: udp.local_addr()?.port(),
            marker: MARKER.as_ptr().addr(),
        };
        let unnamed = UnixListener::bind_addr(&surroundings.abstract_address()?)?;
        Ok(Self { surroundings, bystander, _listening: (tcp, udp, stream, datagram, unnamed) })
    }

    /// What the child is to know.
    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.bystander.kill();
        let _ = self.bystander.wait();
    }
}

impl Surroundings {
    /// The folders of a notebook, inside the stage.
    pub fn places(&self) -> Places {
        places_in(&self.folder)
    }

    /// A file or folder that no notebook may reach.
    pub fn outside(&self, name: &str) -> PathBuf {
        self.folder.join("outside").join(name)
    }

    /// As arguments of a command line.
    pub fn to_arguments(&self) -> Vec<String> {
        let numbers =
            [self.parent.to_string(), self.bystander.to_string(), self.tcp.to_string(), self.udp.to_string()];
        [vec![self.folder.display().to_string()], numbers.into(), vec![self.marker.to_string()]].concat()
    }

    /// From the arguments of a command line; nothing if they are of something else.
    pub fn from_arguments(arguments: &[String]) -> Option<Self> {
        let [folder, parent, bystander, tcp, udp, marker] = arguments else { return None };
        Some(Self {
            folder: folder.into(),
            parent: parent.parse().ok()?,
            bystander: bystander.parse().ok()?,
            tcp: tcp.parse().ok()?,
            udp: udp.parse().ok()?,
            marker: marker.parse().ok()?,
        })
    }

    /// A Unix socket's address that is no file; named after the bystander, so that it is this stage's alone.
    pub(super) fn abstract_address(&self) -> io::Result<SocketAddr> {
        SocketAddr::from_abstract_name(format!("netsplit-stage-{}", self.bystander))
    }

    /// The beginning of a file in `/proc` of a process, which must have one.
    pub(super) fn read_process_file(process: i32, name: &str) -> io::Result<()> {
        File::open(format!("/proc/{process}/{name}")).map(drop)
    }
}

fn start_bystander(program: &str) -> io::Result<Child> {
    // Its end is that of the stage, at the latest in ten minutes.
    Command::new(program).arg("600").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

fn places_in(folder: &Path) -> Places {
    let inside = folder.join("inside");
    Places {
        cells: inside.join("cells"),
        pipes: inside.join("pipes"),
        temporary: inside.join("tmp"),
        home: inside.join("home"),
        libraries: Vec::new(),
        sysroot: PathBuf::from("/nowhere"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the child is told is what the parent knows, a folder with spaces too.
    #[test]
    fn surroundings_travel_as_arguments() {
        let folder = PathBuf::from("/a folder/with spaces");
        let sent = Surroundings { folder, parent: 1, bystander: 2, tcp: 3, udp: 4, marker: 5 };
        assert_eq!(Surroundings::from_arguments(&sent.to_arguments()), Some(sent));
        assert_eq!(Surroundings::from_arguments(&["x".to_string()]), None);
    }
}
