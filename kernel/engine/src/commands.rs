//! What a line that begins with a colon or an exclamation mark does.

use std::io::Read;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::Duration;

use netsplit_control::End;

use crate::dependencies::Dependency;
use crate::engine::{Audience, Engine, Times};
use crate::failure::Failure;
use crate::outputs::{Output, Outputs, Stream};
use crate::programs::Programs;
use crate::text::Directive;

/// Each is a process, of which the system has room for so many.
const MOST_CHECKPOINTS: usize = 1000;

/// A shell that has ended and prints nothing for so long has printed everything.
const QUIET: Duration = Duration::from_millis(20);

/// The commands, with what they do.
pub const COMMANDS: [(&str, &str); 12] = [
    (":dep rand = \"0.9\"", "asks for a crate, in the words of a Cargo.toml"),
    (":deps", "shows the crates, with their versions"),
    (":vars", "shows the variables, with their types"),
    (":opt [0|1|2|3|s|z]", "shows or sets how far cells are optimised; 0 compiles fastest"),
    (":timing", "shows, or no longer shows, what each cell took"),
    (":undo", "takes back the last cell that ran; again, the one before it"),
    (":checkpoints [N]", "shows or sets how many states `:undo` can return to"),
    (":limits", "shows what a cell may use, and who says so"),
    (":limit time 10m", "changes a limit: memory, cpu, time, processes, file, output; or none"),
    (":clear", "forgets all variables, functions, types and crates"),
    (":explain E0382", "explains an error of the compiler"),
    (":help", "shows this"),
];

/// Runs a command.
pub fn run(
    engine: &mut Engine,
    command: &str,
    all: &[(usize, Directive)],
    audience: &mut dyn Audience,
) -> Result<(), Failure> {
    let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let argument = rest.split_whitespace().next();
    let text = match name {
        "dep" => return depend(engine, command, all, audience),
        "deps" => dependencies(engine),
        "vars" => variables(engine),
        "opt" => optimisation(engine, argument)?,
        "timing" => {
            engine.shows_times = !engine.shows_times;
            format!("the times of cells are {}shown\n", if engine.shows_times { "" } else { "not " })
        }
        "undo" => engine.undo()?,
        "checkpoints" => checkpoints(engine, argument)?,
        "limits" => engine.policy.table(),
        "limit" => limit(engine, rest.trim())?,
        "clear" => {
            engine.clear()?;
            String::new()
        }
        "explain" => return explain(engine, argument).map(|text| audience.put(Output::Page(text))),
        "help" => {
            audience.put(Output::Page(help(engine)));
            String::new()
        }
        more if is_among(engine.more_commands(), more) => {
            return engine.run_extension(more, rest.trim(), audience);
        }
        unknown => {
            let message = format!("expected one of the commands below, got `:{unknown}`");
            return Err(Failure::with_details(
                "CommandError",
                &message,
                help(engine).lines().map(str::to_string).collect(),
            ));
        }
    };
    if !text.is_empty() {
        audience.put(Output::Text(Stream::Out, text));
    }
    Ok(())
}

/// Whether one of these is called so.
fn is_among(commands: &[(&str, &str)], name: &str) -> bool {
    commands.iter().any(|(usage, _)| usage.split(' ').next() == Some(&format!(":{name}")))
}

fn help(engine: &Engine) -> String {
    let commands =
        COMMANDS.iter().chain(engine.more_commands()).map(|(usage, what)| format!("{usage:22}{what}\n"));
    let shell = format!("{:22}runs a command of the shell\n", "!ls");
    commands.chain([shell]).collect()
}

/// All `:dep` lines of a cell are obeyed at once, where the first one stands: their crates are built together.
fn depend(
    engine: &mut Engine,
    command: &str,
    all: &[(usize, Directive)],
    audience: &mut dyn Audience,
) -> Result<(), Failure> {
    let request = |(_, directive): &'_ (usize, Directive)| match directive {
        Directive::Command(command) => request_of(command).map(str::to_string),
        Directive::Shell(_) => None,
    };
    let requests: Vec<String> = all.iter().filter_map(request).collect();
    let is_first = requests.first().map(String::as_str) == request_of(command);
    match is_first {
        true => engine.depend(&requests.iter().map(String::as_str).collect::<Vec<_>>(), audience),
        false => Ok(()),
    }
}

/// What stands behind a `:dep`.
fn request_of(command: &str) -> Option<&str> {
    let rest = command.strip_prefix("dep")?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.trim())
}

fn dependencies(engine: &Engine) -> String {
    let all = engine.dependencies();
    let longest = all.iter().map(|it| it.name.len()).max().unwrap_or_default();
    let line = |it: &Dependency| {
        let origin = if it.origin.is_empty() { String::new() } else { format!("  ({})", it.origin) };
        format!("{:longest$}  {}{origin}\n", it.name, it.version)
    };
    match all.is_empty() {
        true => "no crates yet besides netsplit, serde, serde_json and tokio\n".to_string(),
        false => all.iter().map(line).collect(),
    }
}

fn variables(engine: &Engine) -> String {
    let variables = &engine.notebook.variables;
    if variables.is_empty() {
        return "no variables yet\n".to_string();
    }
    let longest = variables.keys().map(|name| name.chars().count()).max().unwrap_or_default();
    let line = |(name, it): (&String, &crate::notebook::Variable)| {
        let mutable = if it.is_mutable { "mut " } else { "    " };
        format!("{mutable}{name:longest$}  {}  cell[{}]\n", short(&it.type_name), it.declared_in)
    };
    variables.iter().map(line).collect()
}

/// A type's name without the paths.
pub fn short(type_name: &str) -> String {
    let mut short = String::new();
    let mut word = String::new();
    for character in type_name.chars() {
        if character.is_alphanumeric() || character == '_' {
            word.push(character);
        } else if character == ':' {
            word.clear();
        } else {
            short.push_str(&std::mem::take(&mut word));
            short.push(character);
        }
    }
    short + &word
}

fn optimisation(engine: &mut Engine, level: Option<&str>) -> Result<String, Failure> {
    match level {
        None => {}
        Some(level @ ("0" | "1" | "2" | "3" | "s" | "z")) => engine.optimisation = level.to_string(),
        Some(other) => {
            return Err(Failure::plain(
                "CommandError",
                &format!("expected 0, 1, 2, 3, s or z after :opt, got {other}"),
            ));
        }
    }
    Ok(format!("cells are compiled with optimisation {}\n", engine.optimisation))
}

fn checkpoints(engine: &mut Engine, most: Option<&str>) -> Result<String, Failure> {
    if let Some(most) = most {
        let number = most.parse().ok().filter(|number| *number <= MOST_CHECKPOINTS);
        let expected = || {
            let message =
                format!("expected a number up to {MOST_CHECKPOINTS} after :checkpoints, got {most}");
            Failure::plain("CommandError", &message)
        };
        engine.checkpoints.keep(number.ok_or_else(expected)?);
    }
    Ok(match engine.checkpoints.most() {
        0 => "no checkpoints are kept: a cell that ends its process costs all variables\n".to_string(),
        most => format!("the states after the last {most} cells are kept\n"),
    })
}

/// Changes limits, and says what holds from now on: also for the rest of this cell.
fn limit(engine: &mut Engine, wish: &str) -> Result<String, Failure> {
    let changed = engine.policy.change(wish);
    let changed = changed.map_err(|error| Failure::plain("CommandError", &error.to_string()))?;
    Ok(changed.iter().map(|(limit, _)| engine.policy.line(limit)).collect())
}

fn explain(engine: &Engine, code: Option<&str>) -> Result<String, Failure> {
    let code =
        code.ok_or_else(|| Failure::plain("CommandError", "expected an error's code, as in :explain E0382"))?;
    let output = Command::new(engine.compiler()).args(["--explain", code]).stdin(Stdio::null()).output();
    let output = output
        .map_err(|error| Failure::plain("CommandError", &format!("cannot ask the compiler: {error}")))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(Failure::plain(
            "CommandError",
            &format!("the compiler has no error {code}: expected one as in E0382"),
        )),
    }
}

/// The line below a cell that says what it took.
pub fn times_line(times: Times) -> String {
    let milliseconds = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
    let rounds = if times.rounds > 1 { format!(" in {} rounds", times.rounds) } else { String::new() };
    format!(
        "compiled {:.0} ms{rounds}, linked {:.0} ms, ran {:.1} ms\n",
        milliseconds(times.compile),
        milliseconds(times.link),
        milliseconds(times.run)
    )
}

/// Runs a command of the shell; what it prints is passed on as it comes.
pub fn shell(
    command: &str,
    line: usize,
    programs: &mut Programs<'_>,
    mut outputs: Outputs,
    audience: &mut dyn Audience,
) -> Result<(), Failure> {
    let failed =
        |error: std::io::Error| Failure::plain("ShellError", &format!("cannot run a shell: {error}"));
    let (out, their_out) = std::io::pipe().map_err(failed)?;
    let (err, their_err) = std::io::pipe().map_err(failed)?;
    let mut shell = Command::new("sh");
    let shell =
        programs.start(shell.args(["-c", command]), their_out.as_fd(), their_err.as_fd()).map_err(failed)?;
    drop((their_out, their_err));
    let (sender, printed) = std::sync::mpsc::channel();
    for (stream, mut pipe) in [(Stream::Out, out), (Stream::Err, err)] {
        let sender = sender.clone();
        thread::spawn(move || {
            let mut chunk = [0; 8192];
            while let Ok(count @ 1..) = pipe.read(&mut chunk) {
                let _ = sender.send((stream, chunk[..count].to_vec()));
            }
        });
    }
    drop(sender);
    // What it leaves running in the background may hold its pipes for long, and is not waited for.
    loop {
        match printed.recv_timeout(QUIET) {
            Ok((stream, bytes)) => outputs.printed(stream, &bytes, audience),
            Err(RecvTimeoutError::Timeout) if !programs.has_ended(&shell).map_err(failed)? => {}
            Err(_) => break,
        }
    }
    outputs.end(audience);
    let how = match programs.wait(shell).map_err(failed)? {
        End::Exited(0) => return Ok(()),
        _ if programs.interrupt.is_set() => {
            return Err(Failure::plain("Interrupted", "the command was interrupted"));
        }
        End::Exited(code) => format!("exit code {code}"),
        End::Signalled(signal) => format!("signal {signal}"),
    };
    Err(Failure::plain("ShellError", &format!("line {line}: the command `{command}` failed: {how}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paths vanish, what they lead to stays.
    #[test]
    fn short_names() {
        assert_eq!(short("alloc::vec::Vec<(i32, cells::P)>"), "Vec<(i32, P)>");
        assert_eq!(short("&'_ dyn core::fmt::Debug"), "&'_ dyn Debug");
    }
}
