//! Attempts on the machine, and on doors into its kernel.

use std::io;

use super::{Attempt, Group, Needs, attempt, attempt_if, call};

const NAMESPACES: Needs = Needs::Setting("containers and some systems forbid user namespaces");
const DOORS: Needs = Needs::Setting("many systems keep this from ordinary users, or switch it off");

pub const ATTEMPTS: &[Attempt] = &[
    attempt_if(Needs::Root, Group::Machine, "set the clock", set_clock),
    attempt_if(Needs::Root, Group::Machine, "mount a file system", mount),
    attempt_if(Needs::Root, Group::Machine, "see another folder as the root of all", chroot),
    attempt_if(DOORS, Group::Machine, "use io_uring, which evades filters", io_uring),
    attempt_if(DOORS, Group::Machine, "load a program into the kernel (bpf)", bpf),
    attempt_if(DOORS, Group::Machine, "watch the processor (perf)", perf),
    attempt_if(DOORS, Group::Machine, "handle page faults itself (userfaultfd)", |_| {
        call(libc::SYS_userfaultfd, [1, 0, 0, 0, 0]).map(drop)
    }),
    attempt_if(DOORS, Group::Machine, "use the keys that the kernel keeps", |_| {
        // KEYCTL_GET_KEYRING_ID of the process, made if it is not there.
        call(libc::SYS_keyctl, [0, -2, 1, 0, 0]).map(drop)
    }),
    attempt_if(DOORS, Group::Machine, "find files by number", file_handle),
    attempt(Group::Machine, "ask for the personality of the process", |_| {
        call(libc::SYS_personality, [0xFFFF_FFFF, 0, 0, 0, 0]).map(drop)
    }),
    attempt_if(NAMESPACES, Group::Machine, "start a process that is root of a namespace", clone),
    // The last, since it makes another user of the process.
    attempt_if(NAMESPACES, Group::Machine, "become root of a namespace of its own", |_| {
        call(libc::SYS_unshare, [libc::CLONE_NEWUSER.into(), 0, 0, 0, 0]).map(drop)
    }),
];

/// To the time that it has.
#[allow(unsafe_code, reason = "setting the clock is in no library that this crate uses")]
fn set_clock(_: &super::Surroundings) -> io::Result<()> {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one `timespec` and reads the same one; it lives as long as the calls.
    answer(unsafe {
        libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut now);
        libc::clock_settime(libc::CLOCK_REALTIME, &raw const now)
    })
}

#[allow(unsafe_code, reason = "mounting is in no library that this crate uses")]
fn mount(surroundings: &super::Surroundings) -> io::Result<()> {
    let folder = std::ffi::CString::new(surroundings.places().home.into_os_string().into_encoded_bytes())?;
    // SAFETY: all three are texts that end in a zero, and there are no data.
    answer(unsafe {
        let mounted = libc::mount(c"none".as_ptr(), folder.as_ptr(), c"tmpfs".as_ptr(), 0, std::ptr::null());
        if mounted == 0 { libc::umount2(folder.as_ptr(), libc::MNT_DETACH) } else { mounted }
    })
}

/// The folder that is the root already, so that nothing changes.
#[allow(unsafe_code, reason = "changing the root is in no library that this crate uses")]
fn chroot(_: &super::Surroundings) -> io::Result<()> {
    // SAFETY: the path is a text that ends in a zero.
    answer(unsafe { libc::chroot(c"/".as_ptr()) })
}

#[allow(unsafe_code, reason = "no library that this crate uses makes rings")]
fn io_uring(_: &super::Surroundings) -> io::Result<()> {
    // `struct io_uring_params` has 120 bytes, all zero for a ring without wishes.
    let mut parameters = [0u64; 15];
    // SAFETY: the kernel reads and writes 120 bytes, of an array of 120.
    let ring = unsafe { libc::syscall(libc::SYS_io_uring_setup, 1u32, parameters.as_mut_ptr()) };
    if ring < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A map of one number, which is the least that one can ask for.
#[allow(unsafe_code, reason = "no library that this crate uses speaks bpf")]
fn bpf(_: &super::Surroundings) -> io::Result<()> {
    // `union bpf_attr` for BPF_MAP_CREATE (0): an array (2) with keys of 4 bytes, values of 4 and one entry.
    let attributes: [u32; 5] = [2, 4, 4, 1, 0];
    // SAFETY: the kernel reads as many bytes as it is told that there are.
    let map = unsafe { libc::syscall(libc::SYS_bpf, 0, attributes.as_ptr(), size_of_val(&attributes)) };
    if map < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// The time that this process has used, which is counted by software.
#[allow(unsafe_code, reason = "no library that this crate uses speaks perf")]
fn perf(_: &super::Surroundings) -> io::Result<()> {
    // `struct perf_event_attr` in its first version of 64 bytes: software (1), 64 bytes; the clock of a task (1); without the
    // kernel's share, which more machines forbid (exclude_kernel and exclude_hv, bits 5 and 6 of the sixth word).
    let attributes: [u64; 8] = [1 | 64 << 32, 1, 0, 0, 0, 0b110_0000, 0, 0];
    // SAFETY: the kernel reads the 64 bytes that the attributes say they have.
    let counter = unsafe { libc::syscall(libc::SYS_perf_event_open, attributes.as_ptr(), 0, -1, -1, 0u64) };
    if counter < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A copy of this process that ends at once.
#[allow(unsafe_code, reason = "the standard library makes no namespaces")]
fn clone(_: &super::Surroundings) -> io::Result<()> {
    let flags = i64::from(libc::CLONE_NEWUSER | libc::SIGCHLD);
    // SAFETY: attempts are made by a process with one thread, and the copy, which has a stack of its own, does nothing but end.
    match unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) } {
        -1 => Err(io::Error::last_os_error()),
        // SAFETY: nothing of the original is touched.
        0 => unsafe { libc::_exit(0) },
        copy => {
            let copy = i32::try_from(copy).ok().and_then(rustix::process::Pid::from_raw);
            rustix::process::waitpid(copy, rustix::process::WaitOptions::empty())?;
            Ok(())
        }
    }
}

#[allow(unsafe_code, reason = "file handles are in no library that this crate uses")]
fn file_handle(_: &super::Surroundings) -> io::Result<()> {
    // `struct file_handle`: how many bytes there are, the kind, and those bytes; 128 at most.
    let mut handle = [0u32; 34];
    handle[0] = 128;
    let mut mount = 0i32;
    // SAFETY: the handle has room for as many bytes as it says, the number of the mount is one `int`, the path ends in a zero.
    let found = unsafe {
        libc::syscall(
            libc::SYS_name_to_handle_at,
            libc::AT_FDCWD,
            c"/".as_ptr(),
            handle.as_mut_ptr(),
            &raw mut mount,
            0,
        )
    };
    if found < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn answer(code: i32) -> io::Result<()> {
    if code == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
