//! The assistant, which completes and explains, is built when JupyterLab is open already: rust-analyzer takes minutes to
//! compile, and nobody needs it before the first Tab.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::commands::places::Places;
use crate::engine::rust::assistant_program;

/// The package that the program is built from.
pub const PACKAGE: &str = "netsplit-assistant-server";

/// Starts the build, unless the program is there or this program was not built by cargo in the sources. It goes on by
/// itself, with the lowest priority; the kernel finds the program when it is there.
pub fn build_in_background(places: &Places) {
    let Ok(program) = assistant_program() else { return };
    let Some(build) = Build::of(&program) else { return };
    if program.exists() {
        return;
    }
    let log = places.data.join("assistant-build.log");
    match build.start(&places.source, &log) {
        Ok(()) => eprintln!(
            "Building the assistant for completion in the background (once, some minutes; it says in {} how far it is)",
            log.display()
        ),
        Err(error) => eprintln!("Completion will know little: the assistant cannot be built ({error})"),
    }
}

/// How cargo has to be told to put a program here.
#[derive(Debug, PartialEq, Eq)]
struct Build {
    target: PathBuf,
    is_release: bool,
}

impl Build {
    /// By where the program has to lie: `target/release/netsplit-assistant`.
    fn of(program: &Path) -> Option<Self> {
        let profile = program.parent()?;
        let is_release = match profile.file_name()?.to_str()? {
            "release" => true,
            "debug" => false,
            _ => return None,
        };
        Some(Self { target: profile.parent()?.to_path_buf(), is_release })
    }

    fn start(&self, source: &Path, log: &Path) -> std::io::Result<()> {
        let log = File::create(log)?;
        let mut cargo = Command::new("nice");
        cargo.args(["-n", "19", "cargo", "build", "--locked", "--package", PACKAGE]);
        if self.is_release {
            cargo.arg("--release");
        }
        cargo.current_dir(source).env("CARGO_TARGET_DIR", &self.target);
        // In a group of its own: an interrupt at the terminal is meant for JupyterLab.
        cargo.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0).spawn().map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The program's place says how it is built; an installed one is not ours to build.
    #[test]
    fn the_place_tells_the_profile() {
        let of = |program: &str| Build::of(Path::new(program));
        let build = |is_release| Some(Build { target: PathBuf::from("/n/target"), is_release });
        assert_eq!(of("/n/target/release/netsplit-assistant"), build(true));
        assert_eq!(of("/n/target/debug/netsplit-assistant"), build(false));
        assert_eq!(of("/usr/bin/netsplit-assistant"), None);
    }
}
