//! Attempts on files outside.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, symlink};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, inotify};

use super::{Attempt, Group, Surroundings, attempt};

pub const ATTEMPTS: &[Attempt] = &[
    attempt(Group::Files, "read a file outside", |it| fs::read(it.outside("secret")).map(drop)),
    attempt(Group::Files, "read a file outside through a link", |it| {
        fs::read(it.places().temporary.join("way-out")).map(drop)
    }),
    attempt(Group::Files, "read the list of users", |_| fs::read("/etc/passwd").map(drop)),
    attempt(Group::Files, "list the home folder", |it| fs::read_dir(it.outside("home")).map(drop)),
    attempt(Group::Files, "list the folder of temporary files of all", |_| fs::read_dir("/tmp").map(drop)),
    attempt(Group::Files, "write a shell's start-up file (.bashrc)", |it| add_to(it, "home/.bashrc")),
    attempt(Group::Files, "write Jupyter's configuration", |it| {
        add_to(it, "home/.jupyter/jupyter_server_config.py")
    }),
    attempt(Group::Files, "write a start-up file of IPython", |it| {
        add_to(it, "home/.ipython/profile_default/startup/00.py")
    }),
    attempt(Group::Files, "change a file outside", |it| add_to(it, "to-change")),
    attempt(Group::Files, "cut a file outside short", cut_short),
    attempt(Group::Files, "remove a file outside", |it| fs::remove_file(it.outside("to-remove"))),
    attempt(Group::Files, "rename a file outside", |it| {
        fs::rename(it.outside("to-rename"), it.outside("renamed"))
    }),
    attempt(Group::Files, "move a file from outside inside", |it| {
        fs::rename(it.outside("to-link"), it.places().temporary.join("moved"))
    }),
    attempt(Group::Files, "link a file outside into its own folder", |it| {
        fs::hard_link(it.outside("secret"), it.places().temporary.join("linked"))
    }),
    attempt(Group::Files, "put a link in the place of a pipe that the kernel reads", |it| {
        symlink("/etc/passwd", it.places().pipes.join("pipe"))
    }),
    attempt(Group::Files, "make a folder outside", |it| fs::create_dir(it.outside("new"))),
    attempt(Group::Files, "make a link outside", |it| symlink("/etc", it.outside("link"))),
    attempt(Group::Files, "make a file outside readable for all", |it| {
        fs::set_permissions(it.outside("to-open-up"), Permissions::from_mode(0o666))
    }),
    attempt(Group::Files, "change the time of a file outside", touch),
    attempt(Group::Files, "be told what happens in a folder outside", watch),
];

fn add_to(surroundings: &Surroundings, name: &str) -> io::Result<()> {
    OpenOptions::new().append(true).create(true).open(surroundings.outside(name))?.write_all(b"\n")
}

#[allow(unsafe_code, reason = "the standard library cuts short open files only")]
fn cut_short(surroundings: &Surroundings) -> io::Result<()> {
    let path = std::ffi::CString::new(surroundings.outside("to-cut").into_os_string().into_encoded_bytes())?;
    // SAFETY: the path is a text that ends in a zero and lives as long as the call.
    match unsafe { libc::truncate(path.as_ptr(), 1) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn touch(surroundings: &Surroundings) -> io::Result<()> {
    let time = Timespec { tv_sec: 1, tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    Ok(rustix::fs::utimensat(CWD, surroundings.outside("to-touch"), &times, AtFlags::empty())?)
}

fn watch(surroundings: &Surroundings) -> io::Result<()> {
    let watcher = inotify::init(inotify::CreateFlags::CLOEXEC)?;
    inotify::add_watch(File::from(watcher), surroundings.outside("home"), inotify::WatchFlags::CREATE)?;
    Ok(())
}
