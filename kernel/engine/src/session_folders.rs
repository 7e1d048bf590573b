//! Where the files of a session are, and what its processes may reach if they are confined.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use netsplit_confinement::{self as confinement, Policy, environment};
use netsplit_control::{Confinement, Starts};

use crate::library::Library;

/// The folders of a session, all below one that is removed with it.
#[derive(Clone, Debug)]
pub struct SessionFolders {
    /// All of them.
    pub session: PathBuf,
    /// Where cells are compiled, and loaded from.
    pub cells: PathBuf,
    /// Where the pipes are that they print into.
    pub pipes: PathBuf,
    confined: Option<Confined>,
}

/// What confined processes may reach.
#[derive(Clone, Debug)]
struct Confined {
    cells: Confinement,
    compiler: Confinement,
    home: PathBuf,
    temporary: PathBuf,
}

impl SessionFolders {
    /// Makes the folders of a session in this one.
    pub fn make(session: &Path, library: &Library, is_confined: bool) -> io::Result<Self> {
        // Rules are about the folders themselves, whatever leads to them.
        let session = session.canonicalize()?;
        let [cells, pipes] = ["cells", "pipes"].map(|name| session.join(name));
        fs::create_dir_all(&cells)?;
        fs::create_dir_all(&pipes)?;
        let confined = is_confined.then(|| confined(&session, &cells, &pipes, library)).transpose()?;
        Ok(Self { session, cells, pipes, confined })
    }

    /// Whether processes are confined.
    pub fn are_confined(&self) -> bool {
        self.confined.is_some()
    }

    /// What the process may reach that runs cells.
    pub fn of_cells(&self) -> Option<Confinement> {
        self.confined.as_ref().map(|it| it.cells.clone())
    }

    /// What the compiler and the linker may reach.
    pub fn of_compiler(&self) -> Option<Confinement> {
        self.confined.as_ref().map(|it| it.compiler.clone())
    }

    /// The same, with these programs, which it may start as well.
    pub fn of_compiler_with(&self, programs: &[&Path]) -> Option<Confinement> {
        let mut compiler = self.of_compiler()?;
        compiler.executable.extend(programs.iter().map(|it| it.display().to_string()));
        Some(compiler)
    }

    /// The whole environment of confined processes; none where they have ours.
    pub fn environment(&self) -> Option<Vec<(OsString, OsString)>> {
        self.confined.as_ref().map(|it| environment::allowed(std::env::vars_os(), &it.home, &it.temporary))
    }
}

fn confined(session: &Path, cells: &Path, pipes: &Path, library: &Library) -> io::Result<Confined> {
    let [home, temporary] = ["home", "tmp"].map(|name| session.join(name));
    fs::create_dir_all(&home)?;
    fs::create_dir_all(&temporary)?;
    let places = confinement::Places {
        cells: cells.to_path_buf(),
        pipes: pipes.to_path_buf(),
        temporary: temporary.clone(),
        home: home.clone(),
        libraries: library.readable(),
        sysroot: library.parts.sysroot.clone(),
    };
    let cells = written(&Policy::for_cells(&places), Starts::Nothing);
    let compiler = written(&Policy::for_compiler(&places, &[]), Starts::Programs);
    Ok(Confined { cells, compiler, home, temporary })
}

fn written(policy: &Policy, starts: Starts) -> Confinement {
    let text = |paths: &[PathBuf]| paths.iter().map(|path| path.display().to_string()).collect();
    Confinement {
        readable: text(&policy.readable),
        writable: text(&policy.writable),
        pipes: text(&policy.pipes),
        executable: text(&policy.executable),
        starts,
    }
}
