//! The private Python environment: JupyterLab and what it needs, pinned, and nothing of the user's own Python.
//!
//! Its folder's name carries the hash of the requirements, so another set of requirements gets another folder and
//! nothing is ever changed under a JupyterLab that runs. A stamp that is written last tells a finished environment
//! from one whose making was cut short.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use indicatif::{ProgressBar, ProgressStyle};

use super::super::Failure;
use super::super::places::{Places, ensure_writable, write_if_changed};
use super::super::prerequisites::{self, Python, Version};
use super::course::hash;

/// The pinned requirements, as they were when this binary was built.
const REQUIREMENTS: &str = include_str!("../../../../install/requirements.txt");

/// A Python environment of our own, finished or still to be made.
#[derive(Debug, Clone)]
pub struct Environment {
    root: PathBuf,
}

impl Environment {
    /// The environment for this binary's requirements.
    pub fn of(places: &Places) -> Self {
        Self { root: places.data.join(format!("python-{}", &hash(REQUIREMENTS.as_bytes())[..12])) }
    }

    /// Its folder, which is also a prefix in Jupyter's sense.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Its Python.
    pub fn python(&self) -> PathBuf {
        self.root.join("bin").join("python")
    }

    /// Its Jupyter data folder.
    pub fn jupyter_data(&self) -> PathBuf {
        self.root.join("share").join("jupyter")
    }

    fn stamp(&self) -> PathBuf {
        self.root.join("netsplit-finished")
    }

    /// Whether it is finished and its Python still is the one that it was made with: a system upgrade from 3.12 to
    /// 3.13 leaves an environment whose Python starts but finds none of the packages.
    pub fn is_ready(&self) -> bool {
        let made_with = std::fs::read_to_string(self.stamp()).ok().and_then(|text| Version::first_in(&text));
        made_with.is_some() && made_with == version_of(&self.python())
    }

    /// Makes it if it is not there yet, with the Python that `named` asks for. Returns whether it was made.
    pub fn prepare(&self, named: Option<&Path>) -> Result<bool, Failure> {
        if self.is_ready() && named.is_none_or(|path| self.was_made_by(path)) {
            return Ok(false);
        }
        let python = prerequisites::python(named)?;
        let data = self.root.parent().expect("an environment lies in the data folder");
        ensure_writable(data, "make it writable, or name another folder in the variable XDG_DATA_HOME")?;
        let _one_at_a_time = lock(&data.join("preparing.lock"))?;
        if named.is_none() && self.is_ready() {
            return Ok(false); // Another start finished it while this one waited.
        }
        self.make(&python)?;
        Ok(true)
    }

    fn was_made_by(&self, python: &Path) -> bool {
        std::fs::read_to_string(self.stamp())
            .is_ok_and(|text| text.trim_end().ends_with(&*python.to_string_lossy()))
    }

    fn make(&self, python: &Python) -> Result<(), Failure> {
        eprintln!("Making a private Python environment at {} (once)", self.root.display());
        let log = self.root.with_extension("log");
        let mut venv = prerequisites::clean_python(&python.path);
        venv.args(["-m", "venv", "--clear"]).arg(&self.root);
        run_logged(&mut venv, &log, |_| {})?;
        let requirements = self.root.join("requirements.txt");
        write_if_changed(&requirements, REQUIREMENTS.as_bytes())?;
        let mut pip = prerequisites::clean_python(self.python());
        pip.args([
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-input",
            "--progress-bar",
            "off",
        ]);
        pip.arg("--requirement").arg(&requirements);
        let bar = progress_bar(package_names(REQUIREMENTS).len());
        run_logged(&mut pip, &log, |line| show_pip(&bar, line))?;
        bar.finish_and_clear();
        let stamp = format!("Python {} {}\n", python.version, python.path.display());
        write_if_changed(&self.stamp(), stamp.as_bytes())?;
        Ok(())
    }
}

fn version_of(python: &Path) -> Option<Version> {
    let output = prerequisites::clean_python(python).arg("--version").output().ok()?;
    Version::first_in(&String::from_utf8_lossy(&output.stdout))
}

/// Holds the lock on `path` until the returned file is dropped; says so if somebody else has it.
fn lock(path: &Path) -> Result<File, Failure> {
    let refuse =
        |error: std::io::Error| Failure(format!("cannot lock {}: {error}: make it writable", path.display()));
    let file = File::create(path).map_err(refuse)?;
    if file.try_lock().is_err() {
        eprintln!("Waiting for another start of netsplit to finish preparing");
        file.lock().map_err(refuse)?;
    }
    Ok(file)
}

/// The distinct packages of a requirements file; one may be listed once per Python version.
fn package_names(requirements: &str) -> Vec<&str> {
    let lines = requirements.lines().filter(|line| !line.starts_with('#'));
    let mut names: Vec<&str> = lines.filter_map(|line| line.split_once("==")).map(|(name, _)| name).collect();
    names.dedup();
    names
}

fn progress_bar(packages: usize) -> ProgressBar {
    let bar = ProgressBar::new(packages as u64);
    let style = ProgressStyle::with_template("  Python packages [{bar:30}] {pos}/{len} {wide_msg}");
    bar.set_style(style.expect("the template is well formed").progress_chars("=> "));
    if bar.is_hidden() {
        eprintln!("Installing {packages} Python packages");
    }
    bar
}

/// Follows pip: it names each package when it collects it, and all of them when it has begun to install them.
fn show_pip(bar: &ProgressBar, line: &str) {
    if let Some(package) = line.strip_prefix("Collecting ") {
        bar.inc(1);
        bar.set_message(package.split([' ', '=', '>', '<', ';']).next().unwrap_or_default().to_string());
    } else if line.starts_with("Installing collected packages") {
        bar.set_position(bar.length().unwrap_or_default());
        bar.set_message("unpacking");
        bar.enable_steady_tick(std::time::Duration::from_millis(200));
    }
}

/// Runs a program with all its output in a log file, handing each line to `see`.
/// A failure is the last line that looks like an error, and where the rest is.
fn run_logged(command: &mut Command, log: &Path, mut see: impl FnMut(&str)) -> Result<(), Failure> {
    let name = command.get_args().nth(1).unwrap_or_default().to_string_lossy().into_owned();
    let broken =
        |error: std::io::Error| Failure(format!("cannot run {name}: {error}: see {}", log.display()));
    let mut file = File::create(log).map_err(broken)?;
    let errors = file.try_clone().map_err(broken)?;
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).spawn().map_err(broken)?;
    let output = child.stdout.take().expect("the output was asked for");
    for line in BufReader::new(output).split(b'\n') {
        let line = line.map_err(broken)?;
        file.write_all(&line).and_then(|()| file.write_all(b"\n")).map_err(broken)?;
        see(String::from_utf8_lossy(&line).trim_start());
    }
    let status = child.wait().map_err(broken)?;
    if status.success() {
        return Ok(());
    }
    let reason = last_error(&std::fs::read_to_string(log).unwrap_or_default());
    Err(Failure(format!(
        "{name} failed ({reason}): check the network connection; all it said is in {}",
        log.display()
    )))
}

/// The line of a log that best says what went wrong: the last one that begins with `ERROR`, else the last one.
fn last_error(log: &str) -> String {
    let lines = || log.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines().rfind(|line| line.starts_with("ERROR") || line.starts_with("Error"));
    line.or_else(|| lines().next_back()).unwrap_or("it said nothing").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(root: &Path) -> Environment {
        Environment { root: root.to_path_buf() }
    }

    /// Everything is pinned: each requirement names exactly one version, and JupyterLab is among them.
    #[test]
    fn every_requirement_is_pinned() {
        let lines = || REQUIREMENTS.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        for line in lines() {
            let (name, rest) = line.split_once("==").unwrap_or_else(|| panic!("{line} is not pinned"));
            let version = rest.split(';').next().unwrap_or_default().trim();
            assert!(!name.contains([' ', '>', '<', '~']) && !version.contains(['*', ',', ' ']), "{line}");
        }
        for needed in ["jupyterlab", "nbclient", "nbformat", "jupyter-client"] {
            assert!(package_names(REQUIREMENTS).contains(&needed), "{needed}");
        }
    }

    /// A package that is listed once per Python version is one package.
    #[test]
    fn packages_are_counted_once() {
        assert_eq!(package_names("# why\na==1 ; x\na==2 ; y\nb==3\n"), ["a", "b"]);
    }

    /// An environment without its stamp is not ready: its making was cut short.
    #[test]
    fn unfinished_environment_is_not_ready() {
        let scratch = tempfile::tempdir().unwrap();
        let environment = environment(scratch.path());
        std::fs::create_dir(scratch.path().join("bin")).unwrap();
        fake_python(&environment.python(), "3.12.4");
        assert!(!environment.is_ready());
        std::fs::write(environment.stamp(), "Python 3.12 /usr/bin/python3\n").unwrap();
        assert!(environment.is_ready());
        assert!(environment.was_made_by(Path::new("/usr/bin/python3")));
        assert!(!environment.was_made_by(Path::new("/opt/python3.13")));
    }

    /// When the system's Python moved on to another version, the environment is made anew.
    #[test]
    fn environment_of_an_upgraded_python_is_not_ready() {
        let scratch = tempfile::tempdir().unwrap();
        let environment = environment(scratch.path());
        std::fs::create_dir(scratch.path().join("bin")).unwrap();
        std::fs::write(environment.stamp(), "Python 3.12 /usr/bin/python3\n").unwrap();
        fake_python(&environment.python(), "3.13.0");
        assert!(!environment.is_ready());
    }

    /// What pip complained about is in the one line that the user sees, with the path of the whole log.
    #[test]
    fn failed_program_is_one_line_with_its_reason_and_log() {
        let scratch = tempfile::tempdir().unwrap();
        let log = scratch.path().join("log");
        let mut command = Command::new("sh");
        command.args(["-c", "echo Collecting a; echo 'ERROR: No matching distribution for a' >&2; exit 3"]);
        let mut seen = Vec::new();
        let failure =
            run_logged(&mut command, &log, |line| seen.push(line.to_string())).unwrap_err().to_string();
        assert_eq!(seen, ["Collecting a"]);
        assert!(failure.contains("ERROR: No matching distribution for a"), "{failure}");
        assert!(failure.contains(&*log.to_string_lossy()) && !failure.contains('\n'), "{failure}");
    }

    fn fake_python(path: &Path, version: &str) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(path, format!("#!/bin/sh\necho Python {version}\n")).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}
