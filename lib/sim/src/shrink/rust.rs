//! A run as a unit test in Rust: what was done to the laboratory, line by line, as one would have typed it.
//!
//! A closure has no text, so how nodes are made, and what a judge looks at, is not known from the run. Best guesses stand there (`Type::default()`),
//! and whoever knows better says so ([`Counterexample::with_code`]).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use netsplit_node::{Duration, KeyValueRequest, NodeId, Payload, Time, Value};

use super::counterexample::Counterexample;
use super::search::first_line;
use crate::action::{Action, Made};
use crate::clock::Discipline;
use crate::fault::{Fault, Undo, Word};
use crate::group::Group;
use crate::network::Traffic;
use crate::participants::Role;
use crate::run::Replaying;
use crate::world::World;

/// A request as an expression, if the writer knows it.
type Writer = Arc<dyn Fn(&dyn Payload) -> Option<String> + Send + Sync>;

/// What cannot be known from a run: the text of closures.
#[derive(Clone, Default)]
pub(super) struct Sources {
    codes: BTreeMap<String, String>,
    requests: Vec<Writer>,
    judge: Option<String>,
}

impl Counterexample {
    /// How something is written in Rust that a run does not know: the factory of a cluster, by the cluster's name
    /// (`with_code("raft", "|_id| Raft::new(config())")`), or the statement that requires a property, by the property's name.
    pub fn with_code(mut self, what: &str, code: &str) -> Counterexample {
        self.sources.codes.insert(what.to_owned(), code.to_owned());
        self
    }

    /// What must be true at the end, as an expression in Rust: the same that was judged. Clusters are variables of their names.
    pub fn with_assertion(mut self, code: &str) -> Counterexample {
        self.sources.judge = Some(code.to_owned());
        self
    }

    /// How requests of this type are written in Rust; otherwise by their Debug form, which is Rust for simple types alone.
    pub fn with_requests<Q: 'static>(
        mut self,
        write: impl Fn(&Q) -> String + Send + Sync + 'static,
    ) -> Counterexample {
        self.sources
            .requests
            .push(Arc::new(move |request: &dyn Payload| request.as_any().downcast_ref::<Q>().map(&write)));
        self
    }

    /// The run as a unit test: pasted into a crate that depends on `netsplit`, it fails as the run did, until the mistake is mended.
    ///
    /// ```
    /// use netsplit_algorithms::replication::EagerStore;
    /// use netsplit_node::secs;
    /// use netsplit_sim::Lab;
    /// let lab = Lab::new(42);
    /// let store = lab.cluster("store", 3, |_id| EagerStore::default());
    /// let (ann, bob) = (store.client_of(0), store.client_of(2));
    /// lab.isolate(store.nodes([0]));
    /// ann.put("x", 1);
    /// let read = bob.get("x");
    /// lab.run_for(secs(1));
    /// let small = lab.shrink(|lab| lab.of(&read).is_pending());
    /// let test = small.with_assertion("false").rust_test();
    /// assert!(test.contains("let client_1 = store.client_of(0);\n    client_1.get(\"x\");"), "{test}");
    /// ```
    pub fn rust_test(&self) -> String {
        let world = self.world().clone();
        let mut printer = Printer { sources: &self.sources, lines: Vec::new(), undos: Vec::new() };
        printer.print(&world);
        let lines: String = printer.lines.iter().map(|line| format!("    {line}\n")).collect();
        let assertion = match &self.sources.judge {
            Some(code) => format!("    assert!({code});\n"),
            None if world.properties.is_empty() => {
                "    // Assert here what was judged: with_assertion(\"..\") writes it.\n".to_owned()
            }
            None => "    assert_eq!(lab.violations(), []);\n".to_owned(),
        };
        format!(
            "use netsplit::*;\n\n/// {}\n#[test]\nfn counterexample() {{\n{lines}{assertion}}}\n",
            first_line(&self.failure)
        )
    }
}

/// Writes a run.
struct Printer<'a> {
    sources: &'a Sources,
    lines: Vec<String>,
    /// What a fault is undone by, and the variable that keeps it.
    undos: Vec<(Undo, String)>,
}

impl Printer<'_> {
    /// Writes the log of a world, while the world is made again.
    fn print(&mut self, original: &World) {
        self.line(format!("let lab = Lab::new({});", original.seed));
        let mut world = World::new(original.seed, 0);
        let mut replaying = Replaying::new(original.handled());
        for logged in &original.log {
            self.pass_time(&world, logged.now, logged.handled);
            // What was done in the original can be done again.
            let _ = world.run_events(logged.handled, &mut replaying);
            world.now = logged.now;
            let made = world.act(logged.action.clone()).unwrap_or(Made::Nothing);
            // Handles do that by themselves.
            if matches!(&logged.action, Action::Change { change, .. } if change.is_relied_on) {
                continue;
            }
            self.action(&world, &logged.action, &made);
        }
        self.pass_time(&world, original.now, original.handled());
    }

    fn line(&mut self, line: String) {
        self.lines.push(line);
    }

    /// Lets time pass up to a moment; if not all of its events had happened, up to those that had.
    fn pass_time(&mut self, world: &World, until: Time, handled: u64) {
        let mut ahead = world.clone();
        let mut replaying = Replaying::new(handled);
        let is_all = ahead.run_again_to(until, &mut replaying).is_err() || ahead.handled() <= handled;
        let time = written(until - world.now);
        if !is_all {
            self.line(format!("lab.run_until(|| lab.events_handled() >= {handled}, {time});"));
        } else if until > world.now || ahead.handled() > world.handled() {
            self.line(format!("lab.run_for({time});"));
        }
    }

    fn action(&mut self, world: &World, action: &Action, made: &Made) {
        let line = match action {
            Action::Cluster { name, size, population } => {
                let code = self.sources.codes.get(name).cloned();
                let code = code
                    .unwrap_or_else(|| format!("|_id| {}::default()", expression(population.node_type())));
                let Made::Cluster(number) = made else { return };
                format!("let {} = lab.cluster({name:?}, {size}, {code});", cluster(world, *number))
            }
            Action::Client { service } => {
                let Made::Client(number) = made else { return };
                let (service, index) = member(world, *service);
                format!("let client_{} = {service}.client_of({index});", number + 1)
            }
            Action::Name { client, name } => {
                format!("let client_{0} = client_{0}.named({name:?});", client + 1)
            }
            Action::Patience { client, deadline: Some(deadline), retries } => {
                let deadline = written(*deadline);
                format!(
                    "let client_{0} = client_{0}.with_deadline({deadline}).with_retries({retries});",
                    client + 1
                )
            }
            Action::Patience { client, deadline: None, retries } => {
                format!("let client_{0} = client_{0}.with_retries({retries});", client + 1)
            }
            Action::Call { client, request } => self.call(world, *client, &**request),
            Action::Inject(fault) => self.fault(fault, made),
            Action::Undo(undo) => self.undo(undo),
            Action::LoseNext { count, traffic } => {
                format!("lab.lose_next({count}, {});", traffic_written(traffic))
            }
            Action::Require(property) => {
                let code = self.sources.codes.get(property.name()).cloned();
                let known = code.or_else(|| {
                    let (kind, number) = (property.invariant()?, property.cluster()?);
                    Some(format!("{}.require({}::default());", cluster(world, number), expression(kind)))
                });
                known.unwrap_or_else(|| {
                    format!(
                        "// The property {:?} was required here: with_code({:?}, \"..\") writes it.",
                        property.name(),
                        property.name()
                    )
                })
            }
            Action::Follow(schedule) => {
                format!("lab.follow({}.parse().unwrap());", text_written(&schedule.to_string()))
            }
            Action::Play(plan) => format!("lab.play({}.parse().unwrap());", text_written(&plan.to_string())),
            Action::Join { cluster: number } => format!("{}.join();", cluster(world, *number)),
            Action::Leave { node } => {
                let (cluster, index) = member(world, *node);
                format!("{cluster}.leave({index});")
            }
            other => setting(other),
        };
        self.line(line);
    }

    fn call(&self, world: &World, client: NodeId, request: &dyn Payload) -> String {
        let number = match world.participants[client.0 as usize].role {
            Role::Client(number) => number + 1,
            Role::Member { .. } => 0,
        };
        match request.as_any().downcast_ref::<KeyValueRequest>() {
            Some(KeyValueRequest::Get { key }) => return format!("client_{number}.get({key:?});"),
            Some(KeyValueRequest::Put { key, value }) => {
                return format!("client_{number}.put({key:?}, {});", value_written(value));
            }
            None => {}
        }
        let code = self.sources.requests.iter().find_map(|write| write(request));
        format!("client_{number}.call({});", code.unwrap_or_else(|| request.describe()))
    }

    fn fault(&mut self, fault: &Fault, made: &Made) -> String {
        let inject = format!("lab.inject({:?}.parse().unwrap());", fault.to_string());
        match made {
            Made::Undo(undo @ (Undo::Heal(_) | Undo::End(_))) => {
                let name = format!("fault_{}", self.undos.len() + 1);
                self.undos.push((undo.clone(), name.clone()));
                format!("let {name} = {inject}")
            }
            _ => inject,
        }
    }

    fn undo(&self, undo: &Undo) -> String {
        match (undo, self.undos.iter().find(|(it, _)| it == undo)) {
            (Undo::With(fault), _) => format!("lab.inject({:?}.parse().unwrap());", fault.to_string()),
            (_, Some((_, name))) => format!("lab.undo({name}.clone());"),
            _ => "// What was undone here had no effect.".to_owned(),
        }
    }
}

/// What says how the world is, without names of anything.
fn setting(action: &Action) -> String {
    match action {
        Action::HealAll => "lab.heal_all();".to_owned(),
        Action::Latency(latency) => format!("lab.set_latency({:?}.parse().unwrap());", latency.to_string()),
        Action::Link { from, to, profile } => {
            let (from, to) = (group_written(from), group_written(to));
            format!("lab.set_link_one_way({from}, {to}, {:?}.parse().unwrap());", profile.to_string())
        }
        Action::SyncTime(time) => format!("lab.set_sync_time({});", written(*time)),
        Action::Discipline { nodes, discipline: Some(Discipline { poll, error }) } => {
            format!(
                "lab.discipline_clocks({}, {}, {});",
                group_written(nodes),
                written(*poll),
                written(*error)
            )
        }
        Action::Discipline { nodes, discipline: None } => {
            format!("lab.free_clocks({});", group_written(nodes))
        }
        Action::HealCore(core) => format!("lab.heal_core({});", group_written(core)),
        Action::Attach { members, network } => {
            format!("lab.attach({}, {network:?});", group_written(members))
        }
        other => format!("// Here was done, and must be written by hand: {other}"),
    }
}

/// The variable of a cluster: its name, as far as that is a name.
fn cluster(world: &World, number: u32) -> String {
    let name = &world.clusters[number as usize].name;
    let letters =
        name.chars().map(|it| if it.is_ascii_alphanumeric() { it.to_ascii_lowercase() } else { '_' });
    let variable: String = letters.collect();
    let is_name = variable.starts_with(|it: char| it.is_ascii_alphabetic());
    if is_name && variable != "lab" { variable } else { format!("cluster_{variable}") }
}

/// A node as its cluster's variable and its index.
fn member(world: &World, id: NodeId) -> (String, usize) {
    match world.participants.get(id.0 as usize).map(|participant| participant.role) {
        Some(Role::Member { cluster: number, .. }) => {
            let index = world.clusters[number as usize].members.iter().position(|&member| member == id);
            (cluster(world, number), index.unwrap_or(0))
        }
        _ => ("/* the name */ lab".to_owned(), 0),
    }
}

/// The name of a type where names are in scope: "Raft::<KeyValueStore>".
fn expression(kind: &str) -> String {
    let mut short = String::new();
    let mut rest = kind;
    while !rest.is_empty() {
        let end = rest.find(|it: char| !it.is_alphanumeric() && it != '_' && it != ':').unwrap_or(rest.len());
        let (path, after) = rest.split_at(end);
        short.push_str(path.rsplit("::").next().unwrap_or(path));
        let mark = after.chars().next().map_or(0, char::len_utf8);
        if after.starts_with('<') && !short.contains('<') {
            short.push_str("::");
        }
        short.push_str(&after[..mark]);
        rest = &after[mark..];
    }
    short
}

/// "ms(3)".
fn written(time: Duration) -> String {
    let text = time.write();
    let digits = text.find(|it: char| it.is_ascii_alphabetic()).unwrap_or(text.len());
    match &text[digits..] {
        "s" => format!("secs({})", &text[..digits]),
        unit => format!("{unit}({})", &text[..digits]),
    }
}

/// A text of several lines as a literal of several lines.
fn text_written(text: &str) -> String {
    if !text.contains('\n') {
        return format!("{text:?}");
    }
    let mut literal = "\"".to_owned();
    for line in text.lines() {
        let escaped = format!("{line:?}");
        // Cannot fail: it is written to a string.
        let _ = write!(literal, "\n        {}", &escaped[1..escaped.len() - 1]);
    }
    literal + "\n    \""
}

fn value_written(value: &Value) -> String {
    match value {
        Value::Number(number) => match i32::try_from(*number) {
            Ok(number) => number.to_string(),
            Err(_) => format!("{number}_i64"),
        },
        Value::Text(text) => format!("{text:?}"),
    }
}

fn group_written(group: &Group) -> String {
    let ids: Vec<String> = group.ids().iter().map(|id| format!("NodeId({})", id.0)).collect();
    format!("Group::new([{}])", ids.join(", "))
}

fn traffic_written(traffic: &Traffic) -> String {
    let mut code = "Traffic::all()".to_owned();
    let side = |name: &str, group: &Option<Group>| {
        group.as_ref().map_or(String::new(), |group| format!(".{name}({})", group_written(group)))
    };
    code += &side("from", &traffic.from);
    code += &side("to", &traffic.to);
    code += match traffic.kind_in_words() {
        "traffic" => "",
        "messages" => ".messages()",
        "requests" => ".requests()",
        _ => ".replies()",
    };
    code + &traffic.larger_than.map_or(String::new(), |bytes| format!(".larger_than({bytes})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use netsplit_node::{ms, ns, secs};

    #[test]
    fn types_and_times_are_written_as_one_would() {
        // Without the paths that a test does not need.
        assert_eq!(expression("netsplit_algorithms::replication::eager::EagerStore"), "EagerStore");
        let raft = "a::raft::server::Raft<a::raft::sessions::Sessions<a::KeyValueStore>>";
        assert_eq!(expression(raft), "Raft::<Sessions<KeyValueStore>>");
        assert_eq!([written(ms(1500)), written(secs(2)), written(ns(7))], ["ms(1500)", "secs(2)", "ns(7)"]);
        assert_eq!(value_written(&Value::from(1)), "1");
        assert_eq!(value_written(&Value::from(1_i64 << 40)), "1099511627776_i64");
    }
}
