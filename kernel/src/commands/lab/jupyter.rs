//! JupyterLab as the course wants it: no news, no update checks, nothing read from or written to the user's own
//! Jupyter settings; and how it is started.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::super::places::{Places, write_if_changed};
use super::super::{Failure, Outcome, prerequisites};
use super::course::HIDDEN;
use super::environment::Environment;

/// The port that is tried first when the user names none, as Jupyter does; the next free one is taken.
const FIRST_PORT: u16 = 8888;

/// Writes the settings into the environment, where JupyterLab reads them at every start.
pub fn configure(environment: &Environment) -> Outcome {
    let settings = [
        ("share/jupyter/lab/settings/overrides.json", overrides()),
        ("etc/jupyter/labconfig/page_config.json", page_config()),
        ("etc/jupyter/jupyter_lab_config.json", server_config()),
    ];
    for (path, value) in settings {
        let text = serde_json::to_string_pretty(&value).expect("a JSON value can be printed") + "\n";
        write_if_changed(&environment.root().join(path), text.as_bytes())?;
    }
    Ok(())
}

/// Defaults of JupyterLab's own settings; the user may change them in the settings editor.
fn overrides() -> Value {
    json!({
        "@jupyterlab/apputils-extension:notification": {
            "fetchNews": "false",
            "checkForUpdates": false,
        },
    })
}

/// Parts of JupyterLab that are off: the one that asks whether it may fetch news.
fn page_config() -> Value {
    json!({ "disabledExtensions": { "@jupyterlab/apputils-extension:announcements": true } })
}

/// The server's side: never ask the network for updates or for extensions to install.
fn server_config() -> Value {
    json!({
        "LabApp": {
            "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
            "news_url": null,
            "extension_manager": "readonly",
        },
    })
}

/// A command in the environment that keeps to itself: it neither reads nor changes the user's own Jupyter.
fn private_command(places: &Places, environment: &Environment) -> Command {
    let own = places.data.join("jupyter");
    let mut command = prerequisites::clean_python(environment.python());
    command
        .env("JUPYTER_DATA_DIR", &own)
        .env("JUPYTER_CONFIG_DIR", own.join("config"))
        .env("JUPYTER_PREFER_ENV_PATH", "1")
        .env_remove("JUPYTER_PATH")
        .env_remove("JUPYTER_CONFIG_PATH")
        .env_remove("JUPYTER_RUNTIME_DIR");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(environment.root().join("bin")).chain(std::env::split_paths(&path));
    if let Ok(path) = std::env::join_paths(folders) {
        command.env("PATH", path);
    }
    command
}

/// Signs notebooks that come from us: JupyterLab hides stored pictures of notebooks that are not signed.
pub fn trust(places: &Places, environment: &Environment, notebooks: &[PathBuf]) -> Outcome {
    if notebooks.is_empty() {
        return Ok(());
    }
    let output = private_command(places, environment)
        .args(["-m", "nbformat.sign"])
        .args(notebooks)
        .output()
        .map_err(|error| Failure(format!("cannot sign the chapters: {error}: run `netsplit doctor`")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let reason = said.lines().next_back().unwrap_or("it said nothing").to_string();
        return Err(Failure(format!("cannot sign the chapters ({reason}): run `netsplit doctor`")));
    }
    Ok(())
}

/// Refuses a port that the user named and that is taken; without a name there is nothing to refuse.
pub fn check_port(port: Option<u16>) -> Outcome {
    let Some(port) = port else { return Ok(()) };
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure(format!(
            "port {port} should be free, but {error}: choose another one with --port PORT"
        ))),
    }
}

/// How JupyterLab is to be started.
#[derive(Debug)]
pub struct Start<'a> {
    /// The course folder.
    pub course: &'a Path,
    /// The port, if the user named one.
    pub port: Option<u16>,
    /// Whether a browser is opened.
    pub browser: bool,
    /// The notebook to open where the folder has no saved tabs yet.
    pub first_chapter: Option<&'a Path>,
}

/// The command that starts JupyterLab.
pub fn command(places: &Places, environment: &Environment, start: &Start<'_>) -> Command {
    let workspaces = start.course.join(HIDDEN).join("workspaces");
    let mut command = private_command(places, environment);
    command.args(["-m", "jupyterlab"]).arg(format!("--ServerApp.root_dir={}", start.course.display()));
    // Warnings and the address are worth a line; the forty lines that JupyterLab says about itself are not.
    command.arg("--ServerApp.log_level=WARN").arg("--LabApp.log_level=WARN");
    match start.port {
        Some(port) => command.arg(format!("--port={port}")).arg("--ServerApp.port_retries=0"),
        None => command.arg(format!("--port={FIRST_PORT}")),
    };
    if !start.browser {
        command.arg("--no-browser");
    }
    if rustix::process::geteuid().is_root() {
        command.arg("--allow-root"); // In a container the only user is root; JupyterLab would refuse to start.
    }
    if let (Some(chapter), false) = (start.first_chapter, workspaces.exists()) {
        command.arg(format!("--LabApp.default_url=/lab/tree/{}", chapter.display()));
    }
    command.env("JUPYTERLAB_WORKSPACES_DIR", workspaces);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places {
            source: PathBuf::from("/source"),
            data: PathBuf::from("/data/netsplit"),
            jupyter: PathBuf::from("/home/jupyter"),
            jupyter_search: Vec::new(),
        }
    }

    fn arguments(start: &Start<'_>) -> Vec<String> {
        let command = command(&places(), &Environment::of(&places()), start);
        command.get_args().map(|it| it.to_string_lossy().into_owned()).collect()
    }

    fn start(course: &Path) -> Start<'_> {
        Start { course, port: None, browser: true, first_chapter: Some(Path::new("01/01.ipynb")) }
    }

    /// A port that the user named must be free, and a refusal names the port and the option.
    #[test]
    fn taken_port_is_refused_in_one_line() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let failure = check_port(Some(port)).unwrap_err().to_string();
        assert!(failure.contains(&port.to_string()) && failure.contains("--port"), "{failure}");
        drop(taken);
        check_port(Some(port)).unwrap();
        check_port(None).unwrap();
    }

    /// A named port is used or nothing is; without one JupyterLab may move on to the next free port.
    #[test]
    fn named_port_is_not_moved() {
        let scratch = tempfile::tempdir().unwrap();
        let named = arguments(&Start { port: Some(9999), ..start(scratch.path()) });
        assert!(named.contains(&"--port=9999".to_string()));
        assert!(named.contains(&"--ServerApp.port_retries=0".to_string()));
        assert!(!arguments(&start(scratch.path())).iter().any(|it| it.contains("port_retries")));
    }

    /// The first start opens the first chapter; once tabs were saved, JupyterLab opens those.
    #[test]
    fn first_start_opens_the_first_chapter() {
        let scratch = tempfile::tempdir().unwrap();
        let opens = |it: &String| it == "--LabApp.default_url=/lab/tree/01/01.ipynb";
        assert!(arguments(&start(scratch.path())).iter().any(opens));
        std::fs::create_dir_all(scratch.path().join(HIDDEN).join("workspaces")).unwrap();
        assert!(!arguments(&start(scratch.path())).iter().any(opens));
    }

    /// The user's own Jupyter is neither read nor changed: data and settings are ours.
    #[test]
    fn the_users_own_jupyter_is_left_alone() {
        let command = private_command(&places(), &Environment::of(&places()));
        let value = |name: &str| {
            let found = command.get_envs().find(|(known, _)| *known == name).and_then(|(_, value)| value);
            found.map(|it| it.to_string_lossy().into_owned())
        };
        assert_eq!(value("JUPYTER_CONFIG_DIR").as_deref(), Some("/data/netsplit/jupyter/config"));
        assert_eq!(value("JUPYTER_DATA_DIR").as_deref(), Some("/data/netsplit/jupyter"));
        assert_eq!(value("JUPYTER_PATH"), None);
    }
}
