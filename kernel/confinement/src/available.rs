//! What this machine can enforce, asked without confining anybody.

/// What this machine can enforce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Available {
    /// Protection of files.
    pub landlock: Landlock,
    /// Whether system calls can be filtered.
    pub system_calls: bool,
    /// Whether Landlock keeps signals within what is confined; older versions leave it to the filter of system calls, which then
    /// allows signals of a process to itself alone.
    pub signals: bool,
    /// Whether a limit on the number of processes holds for this user: it never does for root.
    pub process_limit: bool,
}

/// Whether Landlock is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landlock {
    /// In this version (the number of its ABI).
    Version(u32),
    /// The kernel has it, and it was not switched on when the machine started.
    SwitchedOff,
    /// The kernel does not have it, or a container forbids asking.
    Missing,
}

impl Landlock {
    /// Why files cannot be protected, and what to do; `None` if they can.
    pub fn why_not(self) -> Option<&'static str> {
        match self {
            Self::Version(_) => None,
            Self::SwitchedOff => Some(
                "Landlock is in this kernel, and switched off; the boot parameter `lsm=landlock,..` switches it on",
            ),
            Self::Missing => Some("this kernel has no Landlock, which needs Linux 5.13 or newer"),
        }
    }
}

impl Available {
    /// Why this machine cannot confine, and what to do; `None` if it can.
    pub fn why_not(&self) -> Option<&'static str> {
        let filter = "this kernel, or the container around it, does not filter system calls (seccomp)";
        self.landlock.why_not().or((!self.system_calls).then_some(filter))
    }
}

/// Asks the kernel what it can enforce.
pub fn available() -> Available {
    #[cfg(target_os = "linux")]
    {
        let landlock = landlock();
        Available {
            landlock,
            system_calls: has_seccomp(),
            signals: landlock_version() >= SCOPES,
            process_limit: !rustix::process::getuid().is_root(),
        }
    }
    #[cfg(not(target_os = "linux"))]
    Available { landlock: Landlock::Missing, system_calls: false, signals: false, process_limit: true }
}

/// The first version of Landlock that keeps signals within what is confined.
#[cfg(target_os = "linux")]
pub const SCOPES: u32 = 6;

/// The version of Landlock, 0 where there is none.
#[cfg(target_os = "linux")]
pub fn landlock_version() -> u32 {
    match landlock() {
        Landlock::Version(version) => version,
        Landlock::SwitchedOff | Landlock::Missing => 0,
    }
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "neither rustix nor the crate landlock tells the version")]
fn landlock() -> Landlock {
    /// `LANDLOCK_CREATE_RULESET_VERSION` of linux/landlock.h: make nothing, return the version.
    const VERSION: u32 = 1;
    // SAFETY: with this flag, no attributes and the size 0, the call reads no memory and makes nothing.
    let answer = unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<libc::c_void>(), 0usize, VERSION)
    };
    match u32::try_from(answer) {
        Ok(version) if version > 0 => Landlock::Version(version),
        _ if std::io::Error::last_os_error().raw_os_error() == Some(libc::EOPNOTSUPP) => {
            Landlock::SwitchedOff
        }
        _ => Landlock::Missing,
    }
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "rustix does not know this question")]
fn has_seccomp() -> bool {
    let action: u32 = libc::SECCOMP_RET_ERRNO;
    // SAFETY: the kernel reads one number, from a variable that lives as long as the call.
    unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0u32, &raw const action) == 0 }
}
