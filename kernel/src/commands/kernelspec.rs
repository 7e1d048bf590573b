//! The kernelspec: the folder that tells Jupyter how to start this kernel.
//!
//! It is `share/jupyter/kernels/NAME` below some prefix, with `kernel.json` and the kernel's pictures in it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Failure;
use super::places::write_if_changed;

/// The name under which notebooks ask for this kernel.
pub const DEFAULT_NAME: &str = "netsplit";

/// The pictures that launchers show, with the names that Jupyter expects.
const LOGOS: [(&str, &[u8]); 3] = [
    ("logo-svg.svg", include_bytes!("../../../install/kernelspec/logo-svg.svg")),
    ("logo-32x32.png", include_bytes!("../../../install/kernelspec/logo-32x32.png")),
    ("logo-64x64.png", include_bytes!("../../../install/kernelspec/logo-64x64.png")),
];

/// The folder of the kernelspec `name` in a Jupyter data folder.
pub fn folder_in(jupyter_data: &Path, name: &str) -> PathBuf {
    jupyter_data.join("kernels").join(name)
}

/// Jupyter's own rule for kernel names: letters, digits, `.`, `_` and `-`. Ready for clap's `value_parser`.
pub fn parse_name(name: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(allowed) {
        return Err(
            "a kernel's name is made of letters, digits, '.', '_' and '-', such as netsplit-2".to_string()
        );
    }
    Ok(name.to_string())
}

/// How Jupyter is to start the kernel: as `binary kernel <connection file>`, with these besides.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// This program.
    pub binary: PathBuf,
    /// More arguments.
    pub arguments: Vec<String>,
    /// What the kernel's environment has more than Jupyter's.
    pub environment: Vec<(String, String)>,
}

fn kernel_json(start: &Start) -> Value {
    let command = [start.binary.to_string_lossy().into_owned(), "kernel".into(), "{connection_file}".into()];
    let argv: Vec<String> = command.into_iter().chain(start.arguments.iter().cloned()).collect();
    let mut spec = json!({
        "argv": argv,
        "display_name": "Rust (netsplit)",
        "language": "rust",
        "interrupt_mode": "message",
        "metadata": { "debugger": false, "netsplit": { "version": env!("CARGO_PKG_VERSION") } },
    });
    if !start.environment.is_empty() {
        spec["env"] = start.environment.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    }
    spec
}

/// Writes the kernelspec into `folder`, unless another kernel already stands there.
pub fn write(folder: &Path, start: &Start) -> Result<(), Failure> {
    if folder.join("kernel.json").exists() && !is_ours(folder) {
        return Err(Failure(format!(
            "{} already holds another kernel: choose a different name with --name NAME",
            folder.display()
        )));
    }
    let text = serde_json::to_string_pretty(&kernel_json(start)).expect("a JSON value can be printed") + "\n";
    write_if_changed(&folder.join("kernel.json"), text.as_bytes())?;
    for (name, picture) in LOGOS {
        write_if_changed(&folder.join(name), picture)?;
    }
    Ok(())
}

/// Removes the kernelspec in `folder`, if it is ours.
pub fn remove(folder: &Path) -> Result<(), Failure> {
    if !folder.join("kernel.json").exists() {
        return Err(Failure(format!("no kernel is installed at {}: nothing was removed", folder.display())));
    }
    if !is_ours(folder) {
        return Err(Failure(format!("{} holds another kernel: nothing was removed", folder.display())));
    }
    std::fs::remove_dir_all(folder)
        .map_err(|error| Failure(format!("cannot remove {}: {error}: remove it by hand", folder.display())))
}

/// The program that the kernelspec in `folder` starts, if there is one.
pub fn binary_of(folder: &Path) -> Option<PathBuf> {
    let argv0 = read(folder)?.get("argv")?.get(0)?.as_str()?.to_string();
    Some(PathBuf::from(argv0))
}

/// Whether this project wrote the kernelspec in `folder`: it carries our mark in its metadata.
fn is_ours(folder: &Path) -> bool {
    read(folder).is_some_and(|spec| spec.pointer("/metadata/netsplit").is_some())
}

fn read(folder: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(folder.join("kernel.json")).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(binary: &str) -> Start {
        Start { binary: PathBuf::from(binary), ..Start::default() }
    }

    /// What Jupyter reads: the command with the connection file, the language, interrupts as messages, and pictures.
    #[test]
    fn written_kernelspec_has_what_jupyter_reads() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = folder_in(scratch.path(), DEFAULT_NAME);
        write(&folder, &start("/opt/netsplit")).unwrap();
        assert_eq!(folder, scratch.path().join("kernels/netsplit"));
        let spec = read(&folder).unwrap();
        assert_eq!(spec["argv"], json!(["/opt/netsplit", "kernel", "{connection_file}"]));
        assert_eq!((&spec["language"], &spec["interrupt_mode"]), (&json!("rust"), &json!("message")));
        assert_eq!(binary_of(&folder).unwrap(), Path::new("/opt/netsplit"));
        assert_eq!(spec.get("env"), None);
        assert!(std::fs::read(folder.join("logo-64x64.png")).unwrap().starts_with(b"\x89PNG"));
    }

    /// What a kernel is to be started with besides stands where Jupyter looks for it.
    #[test]
    fn arguments_and_environment_are_written() {
        let scratch = tempfile::tempdir().unwrap();
        let arguments = vec!["--limits".to_string(), "time=5m".to_string()];
        let environment = vec![("NETSPLIT_SHARED".to_string(), "/srv/crates".to_string())];
        write(scratch.path(), &Start { arguments, environment, ..start("/x") }).unwrap();
        let spec = read(scratch.path()).unwrap();
        assert_eq!(spec["argv"], json!(["/x", "kernel", "{connection_file}", "--limits", "time=5m"]));
        assert_eq!(spec["env"], json!({ "NETSPLIT_SHARED": "/srv/crates" }));
    }

    /// A second installation replaces the first: the new binary is the one that starts.
    #[test]
    fn installing_again_updates_the_binary() {
        let scratch = tempfile::tempdir().unwrap();
        write(scratch.path(), &start("/old/netsplit")).unwrap();
        write(scratch.path(), &start("/new/netsplit")).unwrap();
        assert_eq!(binary_of(scratch.path()).unwrap(), Path::new("/new/netsplit"));
    }

    /// Another kernel of the same name is neither overwritten nor removed.
    #[test]
    fn foreign_kernels_are_left_alone() {
        let scratch = tempfile::tempdir().unwrap();
        let foreign = r#"{"argv": ["python3"], "metadata": {}}"#;
        std::fs::write(scratch.path().join("kernel.json"), foreign).unwrap();
        assert!(write(scratch.path(), &start("/x")).unwrap_err().to_string().contains("another kernel"));
        assert!(remove(scratch.path()).unwrap_err().to_string().contains("another kernel"));
        assert_eq!(std::fs::read_to_string(scratch.path().join("kernel.json")).unwrap(), foreign);
    }

    /// Removing leaves nothing behind, and removing twice says that there was nothing.
    #[test]
    fn removal_is_complete_and_honest() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = folder_in(scratch.path(), "mine");
        write(&folder, &start("/x")).unwrap();
        remove(&folder).unwrap();
        assert!(!folder.exists());
        assert!(remove(&folder).unwrap_err().to_string().contains("nothing was removed"));
    }

    /// Names that would leave the kernels folder, or that Jupyter would not find, are refused.
    #[test]
    fn names_are_checked_by_jupyters_rule() {
        for good in ["netsplit", "Rust-2", "a.b_c"] {
            assert_eq!(parse_name(good).as_deref(), Ok(good));
        }
        for bad in ["", "..", "a/b", "with space", "ä"] {
            assert!(parse_name(bad).is_err(), "{bad:?}");
        }
    }
}
