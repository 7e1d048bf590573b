//! The steps with real Jupyter clients: set-up as a user does it, Jupyter's own suite, every chapter in every client.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::Run;
use crate::process::Errors;
use crate::tally::Tally;

/// The set-up may have to fetch a hundred packages.
const SETUP_LIMIT: Duration = Duration::from_secs(15 * 60);
/// The first cell of a fresh stage builds the library, and a busy machine takes several times as long as a quiet one.
const CLIENT_LIMIT: Duration = Duration::from_secs(40 * 60);
/// What the set-up's lines say of work that is done once.
const WORK: [&str; 4] = ["Making", "Installing", "Copied", "Building"];

/// `netsplit lab --prepare-only` twice, `netsplit doctor`, and the packages that only the tests need.
pub(super) fn setup(run: &mut Run<'_>) -> Tally {
    let project = run.project;
    // As the step before has built it: for one package alone, cargo would choose other features of what the kernel depends
    // on, and build all of it a second time.
    let mut build = project.cargo(&["test", "--locked", "--workspace", "--no-run"]);
    if !run.program(&mut build, Errors::Shown, CLIENT_LIMIT).well {
        return Tally::one(false);
    }
    prepare(run, project.program("debug", "netsplit"))
}

/// The set-up with one binary, be it of the tests' profile or of the release.
fn prepare(run: &mut Run<'_>, netsplit: PathBuf) -> Tally {
    let project = run.project;
    // The course folder is made anew, so that every chapter on the stage is the one that is published now.
    let fresh = !project.course().exists() || fs::remove_dir_all(project.course()).is_ok();
    let mut tally = run.expect("the stage's course folder can be made anew", fresh);
    let lab = || {
        let mut command = project.on_stage(&netsplit);
        command.args(["lab", "--prepare-only", "--dir"]).arg(project.course());
        command
    };
    tally += Tally::one(run.program(&mut lab(), Errors::Shown, SETUP_LIMIT).well);
    let again = run.program(&mut lab(), Errors::Kept, SETUP_LIMIT);
    let is_work = |line: &str| WORK.iter().any(|work| line.contains(work));
    let repeated: Vec<&str> = again.output.lines().filter(|line| is_work(line)).collect();
    tally += Tally::one(again.well);
    tally += run.expect(&format!("a second set-up has nothing to do: {repeated:?}"), repeated.is_empty());
    let doctor = run.program(project.on_stage(&netsplit).arg("doctor"), Errors::Kept, SETUP_LIMIT);
    tally += run.expect("doctor finds nothing missing", doctor.well && !doctor.output.contains("MISSING"));
    tally += run.expect("every chapter was copied", chapters_on_stage(run).is_some_and(|it| !it.is_empty()));
    tally + install_test_packages(run)
}

/// Packages of the tests go into the stage's own environment, once per list of packages.
fn install_test_packages(run: &mut Run<'_>) -> Tally {
    let requirements = run.project.root.join("install").join("requirements-test.txt");
    let Some(python) = run.project.python() else {
        return run.expect("the stage has a Python environment", false);
    };
    let wanted = fs::read(&requirements).unwrap_or_default();
    let stamp = python.with_file_name("requirements-test.installed");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Tally::one(true);
    }
    let is_installed = install(run, &python, &requirements);
    Tally::one(is_installed && fs::write(&stamp, &wanted).is_ok())
}

/// Installs the packages of a list into the environment of this Python; whether that went well.
fn install(run: &mut Run<'_>, python: &Path, requirements: &Path) -> bool {
    let mut pip = run.project.on_stage(python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--requirement",
    ]);
    run.program(pip.arg(requirements), Errors::Kept, SETUP_LIMIT).well
}

/// The chapters in the course folder; none where one of those that are published is not there.
fn chapters_on_stage(run: &Run<'_>) -> Option<Vec<PathBuf>> {
    let published = run.project.root.join("notebooks");
    let copies = run.project.chapters().into_iter().map(|chapter| {
        let copy = run.project.course().join(chapter.strip_prefix(&published).ok()?);
        copy.exists().then_some(copy)
    });
    copies.collect()
}

pub(super) fn protocol(run: &mut Run<'_>) -> Tally {
    script(run, "kernel_suite.py", &[])
}

/// Every chapter with `netsplit run`, its outputs compared with the stored ones.
pub(super) fn headless(run: &mut Run<'_>) -> Tally {
    let netsplit = run.project.program("debug", "netsplit");
    chapters(run, netsplit)
}

/// What another client than our own may do differently shows in one chapter as in all.
pub(super) fn nbclient(run: &mut Run<'_>) -> Tally {
    let first = run.project.chapters().into_iter().take(1);
    let arguments: Vec<PathBuf> = std::iter::once(PathBuf::from("nbclient")).chain(first).collect();
    script(run, "chapters.py", &arguments)
}

/// Every published chapter with one client.
fn chapters(run: &mut Run<'_>, client: PathBuf) -> Tally {
    let arguments: Vec<PathBuf> = std::iter::once(client).chain(run.project.chapters()).collect();
    script(run, "chapters.py", &arguments)
}

/// The chapters that JupyterLab opens in every run; the others differ in content, not in what a browser has to do.
const IN_BROWSER: [&str; 3] = ["01", "02", "11"];

pub(super) fn browser(run: &mut Run<'_>) -> Tally {
    in_browser(run, &IN_BROWSER)
}

/// Every chapter in every client.
pub(super) fn everywhere(run: &mut Run<'_>) -> Tally {
    chapters(run, PathBuf::from("nbclient")) + in_browser(run, &[])
}

/// These chapters in JupyterLab, by their numbers; all where none is named.
fn in_browser(run: &mut Run<'_>, numbers: &[&str]) -> Tally {
    let mut arguments = vec![run.project.program("debug", "netsplit"), run.project.course()];
    arguments.extend(numbers.iter().map(PathBuf::from));
    script(run, "browser.py", &arguments)
}

/// `netsplit grade` against what students may think of.
pub(super) fn grading(run: &mut Run<'_>) -> Tally {
    let arguments =
        [run.project.program("debug", "netsplit"), run.project.root.join("tests").join("attacks")];
    script(run, "grading.py", &arguments)
}

/// What a user does who types `cargo lab`, with the release build.
pub(super) fn release(run: &mut Run<'_>) -> Tally {
    let arguments = ["build", "--release", "--locked", "--package", "netsplit-kernel", "--bin", "netsplit"];
    if !run.program(&mut run.project.cargo(&arguments), Errors::Shown, CLIENT_LIMIT).well {
        return Tally::one(false);
    }
    let netsplit = run.project.program("release", "netsplit");
    prepare(run, netsplit.clone()) + chapters(run, netsplit)
}

/// Runs a script of tests/e2e with the stage's Python; its last line is its tally.
fn script(run: &mut Run<'_>, name: &str, arguments: &[PathBuf]) -> Tally {
    let Some(python) = run.project.python() else {
        return run.expect("the stage has a Python environment (step setup)", false);
    };
    let mut command: Command = run.project.on_stage(python);
    command.arg(run.project.root.join("tests").join("e2e").join(name)).args(arguments);
    let ended = run.program(&mut command, Errors::Kept, CLIENT_LIMIT);
    Tally::of_last_line(&ended.output).unwrap_or_default().or_failed(ended.well)
}

/// A course of nbgrader's, from its making to its feedback, with commands and in its pages.
pub(super) fn nbgrader(run: &mut Run<'_>) -> Tally {
    let stage = run.project.stage().join("nbgrader");
    let (Some(base), Some(python)) = (run.project.python(), nbgrader_python(run, &stage.join("python")))
    else {
        return run.expect("there is a Python environment with nbgrader (step setup)", false);
    };
    let prefix = base.ancestors().nth(2).unwrap_or(&base).to_path_buf();
    let mut command = run.project.on_stage(&python);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = python.parent().into_iter().map(PathBuf::from).chain(std::env::split_paths(&path));
    command
        .arg(run.project.root.join("tests").join("e2e").join("nbgrader_course.py"))
        .args([run.project.program("debug", "netsplit"), stage.join("classroom")])
        // nbgrader starts `alembic` by its name; what JupyterLab itself needs lies with the other environment.
        .env("PATH", std::env::join_paths(path).unwrap_or_default())
        .env("JUPYTER_PATH", prefix.join("share/jupyter"))
        .env("JUPYTERLAB_DIR", prefix.join("share/jupyter/lab"));
    let ended = run.program(&mut command, Errors::Kept, CLIENT_LIMIT);
    Tally::of_last_line(&ended.output).unwrap_or_default().or_failed(ended.well)
}

/// An environment on top of the stage's, so that nbgrader's extensions are in no other test's JupyterLab.
fn nbgrader_python(run: &mut Run<'_>, folder: &Path) -> Option<PathBuf> {
    let requirements = run.project.root.join("install").join("requirements-nbgrader.txt");
    let base = run.project.python()?;
    let python = folder.join("bin").join("python");
    let wanted = format!("{}\n{}", base.display(), fs::read_to_string(&requirements).ok()?);
    let stamp = folder.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Some(python);
    }
    let mut venv = run.project.on_stage(&base);
    if !run.program(venv.args(["-m", "venv", "--clear"]).arg(folder), Errors::Kept, SETUP_LIMIT).well {
        return None;
    }
    // A folder named in a file *.pth is searched after the environment's own.
    let place = "import sysconfig; print(sysconfig.get_path('purelib'), end='')";
    let ask = |run: &mut Run<'_>, python: &Path| {
        let said = run.program(run.project.on_stage(python).args(["-c", place]), Errors::Kept, SETUP_LIMIT);
        said.well.then_some(said.output)
    };
    let (below, own) = (ask(run, &base)?, ask(run, &python)?);
    fs::write(Path::new(own.trim()).join("stage.pth"), below).ok()?;
    let is_installed = install(run, &python, &requirements);
    (is_installed && fs::write(&stamp, &wanted).is_ok()).then_some(python)
}
