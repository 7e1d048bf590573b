//! The program's beginning: it becomes the keeper, and the processes that it forks become runners.

use std::fs::OpenOptions;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use crate::keeper::{self, Role};
use crate::{judged, panics, runner};

/// Serves the kernel until it goes away. This process's stdin is the socket to the kernel; the arguments are the folder that is
/// removed when the kernel has gone, and the libraries that cells may call.
pub fn run() {
    let Some(kernel) = socket_to_kernel() else {
        eprintln!("netsplit-cell-host is started by the kernel; there is nothing to do for it here");
        std::process::exit(2);
    };
    let mut arguments = std::env::args_os().skip(1).peekable();
    if arguments.next_if(|first| first == judged::ARGUMENT).is_some() {
        judged::run(kernel, arguments);
    }
    let folder = arguments.next().map(PathBuf::from).unwrap_or_default();
    panics::watch();
    // What cells may call is loaded once, for all processes that are forked.
    for library in arguments {
        if let Err(error) = runner::load_crate(&library) {
            eprintln!("netsplit-cell-host: cannot load {}: {error}", library.display());
            std::process::exit(2);
        }
    }
    match keeper::keep(kernel, &folder) {
        Ok(Role::Runner(channel, confinement)) => runner::serve(channel, confinement),
        Ok(Role::Keeper) => {}
        Err(error) => {
            eprintln!("netsplit-cell-host: {error}");
            std::process::exit(2);
        }
    }
}

/// The socket that the kernel gave this process as its stdin, which becomes empty for the cells.
fn socket_to_kernel() -> Option<UnixStream> {
    let kept = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 10).ok()?;
    let stream = UnixStream::from(kept);
    // What is no socket has no peer.
    stream.peer_addr().ok()?;
    let nothing = OpenOptions::new().read(true).open("/dev/null").ok()?;
    rustix::stdio::dup2_stdin(&nothing).ok()?;
    Some(stream)
}
