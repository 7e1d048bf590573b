//! Where the project's files are, and the private stage that its end-to-end tests run on.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The project's folders, as seen from a tool that was built in it.
#[derive(Debug, Clone)]
pub struct Project {
    /// The workspace.
    pub root: PathBuf,
    /// Cargo's target folder, whichever it is.
    pub target: PathBuf,
}

impl Project {
    /// Finds the folders from this program's own place: `target/<profile>/<tool>`.
    pub fn of_this_program() -> std::io::Result<Self> {
        let program = std::env::current_exe()?;
        let target = program.ancestors().nth(2).unwrap_or(Path::new(".")).to_path_buf();
        Ok(Self { root: root(), target })
    }

    /// A program of the workspace, built with this profile (`debug` is where cargo puts the profile `dev`).
    pub fn program(&self, profile: &str, name: &str) -> PathBuf {
        self.target.join(profile).join(name)
    }

    /// A cargo command in the workspace.
    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments).current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// The folder that holds everything of the end-to-end tests, so that nothing of the user's is read or changed.
    pub fn stage(&self) -> PathBuf {
        self.target.join("e2e")
    }

    /// The course folder on the stage.
    pub fn course(&self) -> PathBuf {
        self.stage().join("course")
    }

    /// Where screenshots and other things to look at go.
    pub fn artifacts(&self) -> PathBuf {
        self.target.join("artifacts")
    }

    /// A command whose data, settings and kernels are those of the stage.
    pub fn on_stage(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let jupyter = self.stage().join("jupyter");
        let mut command = Command::new(program);
        command
            .current_dir(&self.root)
            .env("XDG_DATA_HOME", self.stage().join("data"))
            .env("NETSPLIT_CACHE", self.stage().join("cache"))
            // The library that the cell engine's tests have prepared, if they have: it takes minutes.
            .env("NETSPLIT_SHARED", self.target.join("tmp").join("engine-cache"))
            .env("JUPYTER_DATA_DIR", &jupyter)
            .env("JUPYTER_CONFIG_DIR", jupyter.join("config"))
            .env("JUPYTER_PREFER_ENV_PATH", "1")
            .env("NETSPLIT_ARTIFACTS", self.artifacts())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("JUPYTER_PATH")
            .env_remove("PYTHONPATH");
        command
    }

    /// The stage's private Python, once `netsplit lab --prepare-only` has made it. An older one may lie beside it;
    /// the one that was finished last is the one in use.
    pub fn python(&self) -> Option<PathBuf> {
        let environments = std::fs::read_dir(self.stage().join("data").join("netsplit")).ok()?;
        let finished = environments.filter_map(|entry| {
            let folder = entry.ok()?.path();
            let made = folder.join("netsplit-finished").metadata().ok()?.modified().ok()?;
            Some((made, folder))
        });
        finished.max().map(|(_, folder)| folder.join("bin").join("python"))
    }

    /// The notebooks of all chapters, in order.
    pub fn chapters(&self) -> Vec<PathBuf> {
        let folders = std::fs::read_dir(self.root.join("notebooks")).into_iter().flatten().flatten();
        let files = folders.filter_map(|folder| std::fs::read_dir(folder.path()).ok()).flatten().flatten();
        let mut notebooks: Vec<PathBuf> = files
            .map(|file| file.path())
            .filter(|path| path.extension().is_some_and(|it| it == "ipynb"))
            .collect();
        notebooks.sort();
        notebooks
    }
}

/// The workspace that this crate lies in.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies in the workspace").to_path_buf()
}
