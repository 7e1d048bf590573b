//! What may be reached: a list of paths and what may be started; ready-made for cells, for the compiler and for builds.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::ConfinementError;

/// What a process may reach. A path stands for a file, or for a folder with all below it; one that does not exist is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Files and folders that may be read, and loaded as shared libraries.
    pub readable: Vec<PathBuf>,
    /// What may be read and changed: files, folders, named pipes and links are made, renamed and removed. No device nodes.
    pub writable: Vec<PathBuf>,
    /// Named pipes, or folders of them, that may be written to. Nothing can be made or removed there: whoever reads the other end
    /// is not confined, and must not be led to another file.
    pub pipes: Vec<PathBuf>,
    /// Programs that may be started, or folders of them. They may be read as well.
    pub executable: Vec<PathBuf>,
    /// Whether anything may be started at all.
    pub starts: Starts,
}

/// What a process may start. All may start threads and copies of themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Starts {
    /// No program: cells.
    Nothing,
    /// The programs that the policy lists: the compiler and the linker.
    Programs,
    /// The same, and programs that are built on the way: cargo. A linker makes them executable, so permissions and times of files
    /// may be changed, and neither Landlock nor seccomp can tell whose files: those that the user owns.
    WhatIsBuilt,
}

/// What is to happen where this machine cannot enforce all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// It is an error: a judge must not run unconfined.
    Required,
    /// The rest is enforced, and [`Enforced::gaps`] says what is not.
    AsFarAsPossible,
}

/// Where the things are that cells and compilers need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Sources and libraries of cells: the compiler writes them, cells are loaded from there.
    pub cells: PathBuf,
    /// The named pipes that cells print into.
    pub pipes: PathBuf,
    /// For temporary files.
    pub temporary: PathBuf,
    /// The private home folder.
    pub home: PathBuf,
    /// What everybody reads: the prepared library, the crates that a notebook has asked for.
    pub libraries: Vec<PathBuf>,
    /// The compiler's root.
    pub sysroot: PathBuf,
}

/// Where systems keep shared libraries, and what loading them or telling local time needs.
const SYSTEM: [&str; 8] = [
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/share/zoneinfo",
    "/nix/store",
    "/etc/ld.so.cache",
    "/etc/localtime",
];
/// Devices that hold nothing.
const DEVICES: [&str; 3] = ["/dev/null", "/dev/zero", "/dev/full"];
/// Devices that only give.
const RANDOM: [&str; 2] = ["/dev/random", "/dev/urandom"];
/// The compiler's allocator asks how the system gives out memory; without an answer it asks the system for each piece, which costs
/// a small cell about 2 ms of the processor's time.
const MEMORY_SETTING: &str = "/proc/sys/vm/overcommit_memory";
/// Starting a program starts the loader that it names; and a C compiler that links starts its own linker.
const LOADERS: [&str; 4] = [
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-musl-x86_64.so.1",
    "/lib/ld-musl-aarch64.so.1",
];
/// What a C compiler starts in order to link.
const LINKERS: [&str; 8] = [
    "/usr/lib/gcc",
    "/usr/libexec/gcc",
    "/usr/bin/ld",
    "/usr/bin/ld.bfd",
    "/usr/bin/ld.gold",
    "/usr/bin/ld.lld",
    "/usr/bin/ld.mold",
    "/usr/bin/mold",
];

impl Policy {
    /// For the process that runs cells: it reads libraries, prints, has a home and a folder for temporary files, and starts nothing.
    pub fn for_cells(places: &Places) -> Self {
        let mut readable = system();
        readable.extend([places.cells.clone(), places.sysroot.join("lib")]);
        readable.extend(places.libraries.iter().cloned());
        let mut writable = paths(&DEVICES);
        writable.extend([places.temporary.clone(), places.home.clone()]);
        let pipes = vec![places.pipes.clone()];
        Self { readable, writable, pipes, executable: Vec::new(), starts: Starts::Nothing }
    }

    /// For a process that runs an answer which is judged: it reads libraries and the answer, and that is all.
    pub fn for_answers(libraries: &[PathBuf]) -> Self {
        let mut readable = system();
        readable.extend(libraries.iter().cloned());
        let writable = paths(&DEVICES);
        Self { readable, writable, pipes: Vec::new(), executable: Vec::new(), starts: Starts::Nothing }
    }

    /// For the compiler and the linkers: they write the folder of cells, and start `programs`, what is in the compiler's root,
    /// and the system's linkers. What is read while a cell is compiled (`include_str!`, the code of macros) is limited as well.
    pub fn for_compiler(places: &Places, programs: &[PathBuf]) -> Self {
        let mut readable = system();
        readable.extend([places.sysroot.clone(), MEMORY_SETTING.into()]);
        readable.extend(places.libraries.iter().cloned());
        let mut writable = paths(&DEVICES);
        writable.extend([places.cells.clone(), places.temporary.clone(), places.home.clone()]);
        let mut executable = paths(&LOADERS);
        executable.extend(paths(&LINKERS));
        executable.extend([places.sysroot.join("bin"), places.sysroot.join("lib/rustlib")]);
        executable.extend(programs.iter().cloned());
        Self { readable, writable, pipes: Vec::new(), executable, starts: Starts::Programs }
    }

    /// For cargo: as the compiler, with the folder that is built in, where build scripts are started from, and the folders of
    /// `sources` to read (crates that are there already: a confined build has no network).
    pub fn for_builds(places: &Places, programs: &[PathBuf], target: &Path, sources: &[PathBuf]) -> Self {
        let mut policy = Self::for_compiler(places, programs);
        policy.readable.extend(sources.iter().cloned());
        policy.writable.push(target.to_path_buf());
        policy.executable.push(target.to_path_buf());
        policy.starts = Starts::WhatIsBuilt;
        policy
    }

    /// Confines the calling process to this policy, and all that it will start, for good. It must have one thread, as a process
    /// has that was just forked.
    ///
    /// # Errors
    /// Where `strictness` requires what this machine cannot enforce; where a path exists and cannot be opened; where there are
    /// several threads. The process may then be confined in part, and had better end.
    pub fn apply(&self, strictness: Strictness) -> Result<Enforced, ConfinementError> {
        #[cfg(target_os = "linux")]
        return self.apply_on_linux(strictness);
        #[cfg(not(target_os = "linux"))]
        match strictness {
            Strictness::Required => Err(ConfinementError::OtherSystem),
            Strictness::AsFarAsPossible => {
                Ok(Enforced { gaps: vec![ConfinementError::OtherSystem.to_string()], ..Enforced::default() })
            }
        }
    }

    #[cfg(target_os = "linux")]
    fn apply_on_linux(&self, strictness: Strictness) -> Result<Enforced, ConfinementError> {
        use crate::{available, files, privileges, system_calls};

        let mut gaps = Vec::new();
        let mut allow_gap = |error: ConfinementError| match strictness {
            Strictness::Required => Err(error),
            Strictness::AsFarAsPossible => {
                gaps.push(error.to_string());
                Ok(())
            }
        };
        if let Err(error) = privileges::is_alone() {
            allow_gap(error)?;
        }
        let has_no_privileges = privileges::give_up();
        let has_no_privileges = match has_no_privileges {
            Ok(()) => true,
            Err(error) => allow_gap(error).map(|()| false)?,
        };
        let landlock = available::landlock_version();
        let files = match files::restrict(self) {
            Ok(()) => true,
            Err(error @ ConfinementError::Path { .. }) => return Err(error),
            Err(error) => allow_gap(error).map(|()| false)?,
        };
        let landlock = if files { landlock } else { 0 };
        // Last, since it takes away what setting up the rest needs.
        let system_calls = match system_calls::filter(self.starts, landlock) {
            Ok(()) => true,
            Err(error) => allow_gap(error).map(|()| false)?,
        };
        Ok(Enforced { landlock, system_calls, has_no_privileges, gaps })
    }
}

fn system() -> Vec<PathBuf> {
    paths(&SYSTEM).into_iter().chain(paths(&RANDOM)).collect()
}

fn paths(names: &[&str]) -> Vec<PathBuf> {
    names.iter().map(PathBuf::from).collect()
}

/// What is in force, for people to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enforced {
    /// The version of Landlock that protects files; 0 where none does.
    pub landlock: u32,
    /// Whether system calls are filtered.
    pub system_calls: bool,
    /// Whether privileges are given up, and none can be gained.
    pub has_no_privileges: bool,
    /// What this machine cannot enforce, and why.
    pub gaps: Vec<String>,
}

impl fmt::Display for Enforced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if self.landlock > 0 {
            parts.push(format!("files are protected (Landlock {})", self.landlock));
        }
        if self.system_calls {
            parts.push("system calls are filtered".to_string());
        }
        if self.has_no_privileges {
            parts.push("no privileges".to_string());
        }
        parts.extend(self.gaps.iter().cloned());
        if parts.is_empty() { f.write_str("nothing is confined") } else { f.write_str(&parts.join("; ")) }
    }
}
