//! The system calls that a confined process may not make, by the reason why.

use libc::{
    AF_UNIX, CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER,
    CLONE_NEWUTS, CLONE_PARENT, O_ACCMODE, O_TRUNC, SOCK_SEQPACKET, SOCK_STREAM, c_long,
};
use seccompiler::SeccompCmpOp::{Eq, MaskedEq, Ne};

use super::{Calls, DeniedIf, argument, whole_argument};
use crate::Starts;
use crate::available::SCOPES;

/// The first version of Landlock that knows of cutting files short.
const TRUNCATION: u32 = 3;

/// What libc has no name for on all processors; the numbers are the same on all of them.
const SYS_FCHMODAT2: c_long = 452;
const SYS_STATMOUNT: c_long = 457;
const SYS_LISTMOUNT: c_long = 458;

/// Programs. Threads and forks stay allowed; cells that are to start nothing are confined by this, not only by Landlock's list.
static STARTING: Calls = &[libc::SYS_execve, libc::SYS_execveat];
/// Programs that have no path, which Landlock does not see: from a descriptor, or from memory.
static STARTING_WITHOUT_A_PATH: Calls = &[libc::SYS_execveat, libc::SYS_memfd_create];

/// The network and other processes' sockets, of every family. `connect` and the like as well, since a socket may have been there
/// before, and a pair of datagram sockets can be connected anew, to anybody's path.
static SOCKETS: Calls = &[
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
];

/// Other processes: looking into them, changing them, taking their descriptors.
static PROCESSES: Calls = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_process_mrelease,
    libc::SYS_kcmp,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_migrate_pages,
    libc::SYS_move_pages,
];

/// Memory and messages that any process of the user can share, which are no files.
static SHARING: Calls = &[
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_semctl,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
];

/// Another view of the file system, in which the policy's paths would be other files; and files by number instead of by path.
static FILE_SYSTEMS: Calls = &[
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    SYS_STATMOUNT,
    SYS_LISTMOUNT,
];

/// Another view of the system: as root of a user namespace a process could do what it may not do outside.
static NAMESPACES: Calls = &[libc::SYS_unshare, libc::SYS_setns];

/// What Landlock does not protect of files outside: owners, attributes, and being told what happens to them.
static OWNERS: Calls = &[
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    libc::SYS_inotify_init1,
    libc::SYS_fanotify_init,
    libc::SYS_fanotify_mark,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lchown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_inotify_init,
];

/// The same for permissions and times of files by path. Through an open file (`fchmod`, `futimens`) both may be set.
static PERMISSIONS: Calls = &[
    libc::SYS_fchmodat,
    SYS_FCHMODAT2,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chmod,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utime,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utimes,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_futimesat,
];

/// Doors into the kernel that no cell and no compiler needs, and that most break-outs of recent years began with. `io_uring` makes
/// other system calls that no filter sees.
static DOORS: Calls = &[
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_personality,
    libc::SYS_lookup_dcookie,
    libc::SYS_nfsservctl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_modify_ldt,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_uselib,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ustat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_sysfs,
    #[cfg(target_arch = "x86_64")]
    libc::SYS__sysctl,
];

/// The machine itself: its clock, its name, its modules, its life.
static MACHINE: Calls = &[
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_settimeofday,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
];

/// What a process needs to have company, or to let time pass without using it: threads, copies, sleep; and to outlive its parent.
pub static COMPANY: Calls = &[
    libc::SYS_clone,
    libc::SYS_clone3,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_prctl,
    libc::SYS_prlimit64,
    libc::SYS_tkill,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_fork,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_vfork,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_pause,
];

/// What can look past arguments that the filter must see: `truncate` and `openat2` matter where Landlock does not know of cutting short.
static CUTTING_SHORT: Calls = &[libc::SYS_truncate];
static CLONE3: Calls = &[libc::SYS_clone3];
static OPENAT2: Calls = &[libc::SYS_openat2];
/// One thread's signal to another, of which nobody says to which process it belongs.
static SIGNALS_TO_THREADS: Calls = &[libc::SYS_tkill];

/// What is denied whatever it is told.
pub fn always(starts: Starts, landlock: u32) -> Vec<Calls> {
    let mut denied = vec![SOCKETS, PROCESSES, SHARING, FILE_SYSTEMS, NAMESPACES, OWNERS, DOORS, MACHINE];
    denied.push(match starts {
        Starts::Nothing => STARTING,
        Starts::Programs | Starts::WhatIsBuilt => STARTING_WITHOUT_A_PATH,
    });
    if starts != Starts::WhatIsBuilt {
        denied.push(PERMISSIONS);
    }
    if landlock < TRUNCATION {
        denied.push(CUTTING_SHORT);
    }
    if landlock < SCOPES {
        denied.push(SIGNALS_TO_THREADS);
    }
    denied
}

/// What does not exist in a confined process. Its arguments lie in memory, where a filter cannot look, and libc has an older call
/// to fall back on: `clone` for `clone3`, `openat` for `openat2`.
pub fn absent(landlock: u32) -> Vec<Calls> {
    if landlock < TRUNCATION { vec![CLONE3, OPENAT2] } else { vec![CLONE3] }
}

/// What is denied for some arguments.
pub fn by_arguments(starts: Starts, landlock: u32) -> Vec<DeniedIf> {
    let mut denied = vec![new_namespaces(), pairs_of_sockets(), input_of_terminals(), owners_of_signals()];
    denied.extend(limits_and_priorities_of_others());
    if starts != Starts::WhatIsBuilt {
        // Without a path it is the open file whose times are set.
        denied.push(DeniedIf { call: libc::SYS_utimensat, cases: vec![whole_argument(1, Ne, 0)] });
    }
    if landlock < TRUNCATION {
        denied.extend(opening_in_order_to_cut_short());
    }
    if landlock < SCOPES {
        denied.extend(signals_to_others());
    }
    denied
}

/// Namespaces (`NAMESPACES` has the reason), and children of the own parent: they would look like children of whoever confines.
fn new_namespaces() -> DeniedIf {
    let flags = [
        CLONE_NEWNS,
        CLONE_NEWCGROUP,
        CLONE_NEWUTS,
        CLONE_NEWIPC,
        CLONE_NEWUSER,
        CLONE_NEWPID,
        CLONE_NEWNET,
        CLONE_PARENT,
    ];
    let is_set = |flag: i32| argument(0, MaskedEq(bits(flag)), bits(flag));
    DeniedIf { call: libc::SYS_clone, cases: flags.map(is_set).into() }
}

/// A pair of connected sockets speaks to nobody else, and tokio needs one; a pair of datagram sockets can be connected anew.
fn pairs_of_sockets() -> DeniedIf {
    /// Below the flags, which are SOCK_NONBLOCK and SOCK_CLOEXEC.
    const TYPE: u64 = 0xF;
    let is_allowed = |it: &u64| [SOCK_STREAM, SOCK_SEQPACKET].map(bits).contains(it);
    // One by one, since a filter cannot compare a part of an argument for being different.
    let other_types = (0..=TYPE).filter(|it| !is_allowed(it)).map(|it| argument(1, MaskedEq(TYPE), it));
    let other_families = argument(0, Ne, bits(AF_UNIX));
    DeniedIf { call: libc::SYS_socketpair, cases: other_types.chain([other_families]).collect() }
}

/// Typing into a terminal in the name of its user, and changing what a terminal is.
fn input_of_terminals() -> DeniedIf {
    let requests = [libc::TIOCSTI, libc::TIOCLINUX, libc::TIOCSETD, FIOSETOWN, SIOCSPGRP];
    DeniedIf { call: libc::SYS_ioctl, cases: requests.map(|it| argument(1, Eq, it)).into() }
}

/// Of asm-generic/sockios.h: as `F_SETOWN`.
const FIOSETOWN: u64 = 0x8901;
const SIOCSPGRP: u64 = 0x8902;

/// An open file can be told to send any signal to any process.
fn owners_of_signals() -> DeniedIf {
    /// Of asm-generic/fcntl.h.
    const F_SETOWN_EX: u64 = 15;
    let commands = [bits(libc::F_SETOWN), F_SETOWN_EX];
    DeniedIf { call: libc::SYS_fcntl, cases: commands.map(|it| argument(1, Eq, it)).into() }
}

/// Limits and priorities, but for those of the caller (0).
fn limits_and_priorities_of_others() -> Vec<DeniedIf> {
    let of_others = |call| DeniedIf { call, cases: vec![argument(0, Ne, 0)] };
    let mut denied: Vec<DeniedIf> = [
        libc::SYS_prlimit64,
        libc::SYS_sched_setaffinity,
        libc::SYS_sched_setscheduler,
        libc::SYS_sched_setparam,
        libc::SYS_sched_setattr,
    ]
    .map(of_others)
    .into();
    // Of a process (0 here, 1 there), and not of a group or a user.
    for (call, process) in [(libc::SYS_setpriority, 0), (libc::SYS_ioprio_set, 1)] {
        denied.push(DeniedIf { call, cases: vec![argument(0, Ne, process), argument(1, Ne, 0)] });
    }
    denied
}

/// Opening a file for reading cuts it short if asked to, which the first versions of Landlock do not see.
fn opening_in_order_to_cut_short() -> Vec<DeniedIf> {
    let flags = |index| argument(index, MaskedEq(bits(O_ACCMODE | O_TRUNC)), bits(O_TRUNC));
    vec![
        DeniedIf { call: libc::SYS_openat, cases: vec![flags(2)] },
        #[cfg(target_arch = "x86_64")]
        DeniedIf { call: libc::SYS_open, cases: vec![flags(1)] },
    ]
}

/// Signals are for the process itself, where Landlock does not keep them among the confined. A copy that it forks has another
/// number, which no filter can know beforehand, so there even `raise` fails; `abort` then ends the process by an illegal
/// instruction.
pub fn signals_to_others() -> Vec<DeniedIf> {
    let own = u64::from(std::process::id());
    let calls = [libc::SYS_kill, libc::SYS_tgkill, libc::SYS_rt_sigqueueinfo, libc::SYS_rt_tgsigqueueinfo];
    calls.map(|call| DeniedIf { call, cases: vec![argument(0, Ne, own)] }).into()
}

fn bits(flags: i32) -> u64 {
    u64::from(flags.cast_unsigned())
}
