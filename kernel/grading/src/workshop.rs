//! What it takes to make something: the library, a folder, and what starts the compiler.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use netsplit_engine::Interrupt;
use netsplit_engine::Session;
use netsplit_engine::keeper::Keeper;
use netsplit_engine::library::Library;
use netsplit_engine::programs::Programs;
use netsplit_engine::session_folders::SessionFolders;

use crate::error::GradingError;

/// A place where judges and answers are compiled and run.
pub struct Workshop<'a> {
    /// What is compiled against.
    pub library: &'a Library,
    /// Its folders, and what compilers may reach.
    pub folders: &'a SessionFolders,
    /// Starts compilers and judges, and stops them.
    pub programs: Programs<'a>,
    /// Whether exercises come from whoever teaches. Where a session is confined, others' judges are as well.
    pub judges_are_trusted: bool,
}

impl<'a> Workshop<'a> {
    /// That of a notebook's session.
    pub fn of(session: Session<'a>, judges_are_trusted: bool) -> Self {
        let Session { library, folders, programs, .. } = session;
        Self { library, folders, programs, judges_are_trusted }
    }

    /// A folder of this name for something to be made in, which is empty.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn folder(&self, name: &str) -> Result<Bench, GradingError> {
        Bench::at(self.folders.cells.join(name))
    }
}

/// A folder that is removed when it is no longer needed.
#[derive(Debug)]
pub struct Bench(PathBuf);

impl Bench {
    /// Here; what was there goes.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn at(path: PathBuf) -> Result<Self, GradingError> {
        let make = || match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => fs::create_dir_all(&path),
        };
        make().map_err(|error| GradingError::file("write", &path, error))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Folders and a keeper for answers that come without a notebook; all of it goes when this goes.
pub struct OwnSession {
    folders: SessionFolders,
    keeper: Keeper,
    interrupt: Arc<Interrupt>,
    _folder: tempfile::TempDir,
}

impl OwnSession {
    /// Makes one in the cache.
    ///
    /// # Errors
    /// If the folders cannot be made, or the keeper does not start.
    pub fn start(library: &Library, is_confined: bool) -> Result<Self, GradingError> {
        // Not among the notebooks': kernels remove what lies there and belongs to none of them.
        let sessions = library.places.cache.join("grading");
        let failed = |error| GradingError::file("write", &sessions, error);
        fs::create_dir_all(&sessions).map_err(failed)?;
        let folder = tempfile::Builder::new().prefix("grade-").tempdir_in(&sessions).map_err(failed)?;
        let folders = SessionFolders::make(folder.path(), library, is_confined).map_err(failed)?;
        let program = &library.parts.host;
        let keeper = Keeper::start(program, &[], &folders, &[])
            .map_err(|error| GradingError::file("start", program, error))?;
        Ok(Self { folders, keeper, interrupt: Arc::default(), _folder: folder })
    }

    /// Its workshop.
    pub fn workshop<'a>(&'a mut self, library: &'a Library) -> Workshop<'a> {
        let programs = Programs { keeper: &mut self.keeper, interrupt: &self.interrupt };
        Workshop { library, folders: &self.folders, programs, judges_are_trusted: true }
    }
}
