//! A run as something that can be done again in part: what was done from outside at which time, and what became of each message.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use netsplit_node::{NodeId, Time};

use super::renumber::{Numbering, Renumbered};
use super::schedule::{Delivery, Schedule};
use crate::action::{Action, Made};
use crate::fault::Undo;
use crate::follow::{Routes, Sending};
use crate::network::{Cut, Rule};
use crate::participants::OperationId;
use crate::run::{Replaying, Stopped, Went};
use crate::world::World;

/// Something that was done from outside.
#[derive(Clone)]
pub(crate) struct Entry {
    /// Tells it from all others of its run, also where some are left out.
    pub(crate) id: u32,
    pub(crate) at: Time,
    /// After so many events of this moment; nothing if after all of them.
    pub(crate) amid: Option<u64>,
    pub(crate) action: Action,
    /// What it made then.
    pub(crate) made: Made,
    /// The first participant and the first client that it made, and how many of each.
    pub(crate) participants: (u32, u32),
    pub(crate) clients: (u32, u32),
    /// Of a cluster: the places of the members that are left out.
    pub(crate) left_out: Vec<u32>,
}

/// A run to be done again. All numbers are those of the run from which it was made.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) seed: u64,
    /// In order of their times.
    pub(crate) entries: Vec<Rc<Entry>>,
    pub(crate) schedule: Rc<Schedule>,
    /// What becomes of messages by when they are sent, in the place of what the schedule says of their numbers, while something else is left out.
    pub(crate) by_time: Option<Rc<BTreeMap<Sending, Delivery>>>,
    pub(crate) end: Time,
}

/// A run that was done again.
pub(crate) struct Played {
    pub(crate) world: World,
    pub(crate) numbering: Numbering,
    /// The entries that could not be done: whom they act on is not there, or the laboratory refuses.
    pub(crate) undone: Vec<u32>,
    pub(crate) came: Came,
}

/// How far a trial came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    ToItsEnd,
    /// A property of the name that was asked for is violated.
    ToTheViolation,
    /// It took more events than it may, or something got a number that others rely on.
    Nowhere,
    Interrupted,
}

/// How a trial is made.
#[derive(Clone, Copy)]
pub(crate) struct Manner<'a> {
    /// How many events to keep for the trace.
    pub(crate) keep: usize,
    /// Whether what becomes of messages is kept.
    pub(crate) routes: bool,
    /// Ends where this property is violated.
    pub(crate) ends_at: Option<&'a str>,
    /// At most so many events.
    pub(crate) events: u64,
}

/// Runs a world again exactly as it was, and notes what each action made, and what became of each message.
pub(crate) fn record(original: &World) -> Result<(Run, Routes, World), Stopped> {
    let mut world = World::new(original.seed, 0);
    world.keep_routes();
    let mut replaying = Replaying::new(original.handled());
    let (mut entries, mut logged_before): (Vec<Rc<Entry>>, Option<u64>) = (Vec::new(), None);
    for (logged, id) in original.log.iter().zip(0..) {
        world.run_events(logged.handled, &mut replaying)?;
        let amid = events_before(&world, logged.now, entries.last().zip(logged_before));
        logged_before = Some(logged.handled);
        world.now = logged.now;
        let before = (world.participants.len() as u32, world.clients.len() as u32);
        let made = world.act(logged.action.clone()).unwrap_or(Made::Nothing);
        let after = (world.participants.len() as u32, world.clients.len() as u32);
        entries.push(Rc::new(Entry {
            id,
            at: logged.now,
            amid,
            action: logged.action.clone(),
            made,
            participants: (before.0, after.0 - before.0),
            clients: (before.1, after.1 - before.1),
            left_out: Vec::new(),
        }));
    }
    world.run_events(original.handled(), &mut replaying)?;
    world.now = original.now;
    let routed = world.following.as_mut().and_then(|following| following.routed.take()).unwrap_or_default();
    let run = Run { seed: original.seed, entries, schedule: Rc::default(), by_time: None, end: original.now };
    Ok((run, routed, world))
}

/// How many events of this moment there were before something that was done amid them, since the action before it if that was at the same moment.
/// Nothing if all that was due had happened.
fn events_before(world: &World, now: Time, before: Option<(&Rc<Entry>, u64)>) -> Option<u64> {
    if world.now != now || world.clone().queue.pop_until(now).is_none() {
        return None;
    }
    match before {
        Some((entry, handled)) if entry.at == now => Some(world.handled() - handled),
        _ => Some(world.instant_events + 1),
    }
}

impl Run {
    /// The same, with each request of a workload as a call of its own. `world` is how the run ended.
    pub(crate) fn with_calls_for_loads(mut self, world: &World) -> Run {
        let mut next = self.entries.len() as u32;
        let mut entries = Vec::new();
        for entry in std::mem::take(&mut self.entries) {
            match (&entry.action, &entry.made) {
                (Action::Load(_), Made::Load(load)) => {
                    let load = &world.loads[*load as usize];
                    entries.extend(calls_of(world, &load.clients, &load.operations, entry.at, &mut next));
                }
                (Action::StopLoad(_), _) => {}
                _ => entries.push(entry),
            }
        }
        // Stable: what was done first at a moment stays first.
        entries.sort_by_key(|entry| entry.at);
        Run { entries, ..self }
    }

    /// The numbers that all who take part have here.
    pub(crate) fn numbering(&self) -> Numbering {
        let mut numbering = Numbering::default();
        let (mut next, mut next_client) = (0, 0);
        for entry in &self.entries {
            let (first, count) = entry.participants;
            for place in (0..count).filter(|place| !entry.left_out.contains(place)) {
                numbering.nodes.insert(NodeId(first + place), NodeId(next));
                next += 1;
            }
            let (first, count) = entry.clients;
            for client in first..first + count {
                numbering.clients.insert(client, next_client);
                next_client += 1;
            }
        }
        numbering
    }

    /// The same without what acts on clusters, members and clients that are not there.
    pub(crate) fn without_strays(mut self) -> Run {
        loop {
            let numbering = self.numbering();
            let clusters = self.entries.iter().filter_map(|entry| match entry.made {
                Made::Cluster(number) => Some(number),
                _ => None,
            });
            let clusters: Vec<u32> = clusters.collect();
            let before = self.entries.len();
            self.entries.retain(|entry| {
                let is_there = entry.action.cluster().is_none_or(|it| clusters.contains(&it));
                is_there
                    && (matches!(entry.made, Made::Cluster(_)) || numbering.action(&entry.action).is_some())
            });
            if self.entries.len() == before {
                return self;
            }
        }
    }

    /// How many members each cluster would have.
    pub(crate) fn size_of(entry: &Entry) -> u32 {
        entry.participants.1 - entry.left_out.len() as u32
    }

    /// Does it again.
    pub(crate) fn play(&self, manner: Manner<'_>) -> Played {
        let numbering = self.numbering();
        let mut world = World::new(self.seed, manner.keep);
        world.states.set_each_run(if manner.keep > 0 { 256 } else { 0 });
        if manner.routes || self.by_time.is_some() {
            world.keep_routes();
        }
        if let (Some(by_time), Some(following)) = (&self.by_time, &mut world.following) {
            let named = by_time.iter();
            let named = named.filter_map(|(&sending, it)| Some((numbering.sending(sending)?, it.clone())));
            following.by_time = Some(Arc::new(named.collect()));
        }
        if !self.schedule.is_empty() {
            // What is wrong with it was wrong with the run from which it is.
            let _ = world.act(Action::Follow(numbering.schedule(&self.schedule)));
        }
        let renumbered = Renumbered::new(numbering.clients.clone());
        let undos = Undos::default();
        let mut stage = Stage { world, numbering, renumbered, undos, undone: Vec::new() };
        let came = stage.play(self, manner);
        let Stage { mut world, numbering, renumbered, undone, .. } = stage;
        world.renumbered = Some(Box::new(renumbered));
        Played { world, numbering, undone, came }
    }
}

/// The clients of a workload and their calls.
fn calls_of(
    world: &World,
    clients: &[u32],
    operations: &[OperationId],
    begins: Time,
    next: &mut u32,
) -> Vec<Rc<Entry>> {
    let mut entries = Vec::new();
    let mut add = |at, action, made, participants, clients| {
        let id = *next;
        *next += 1;
        entries.push(Rc::new(Entry {
            id,
            at,
            amid: None,
            action,
            made,
            participants,
            clients,
            left_out: Vec::new(),
        }));
    };
    for &number in clients {
        let client = &world.clients[number as usize];
        let made = Made::Client(number);
        add(begins, Action::Client { service: client.service }, made, (client.id.0, 1), (number, 1));
        if client.deadline.is_some() {
            let (deadline, retries) = (client.deadline, client.retries);
            add(
                begins,
                Action::Patience { client: number, deadline, retries },
                Made::Nothing,
                (0, 0),
                (0, 0),
            );
        }
    }
    for &id in operations {
        let operation = &world.clusters[id.cluster as usize].operations[id.index as usize];
        let action = Action::Call { client: operation.caller, request: operation.request.clone() };
        add(operation.invoked, action, Made::Call(id), (0, 0), (0, 0));
    }
    entries
}

/// What cuts and rules are called here.
#[derive(Default)]
struct Undos {
    cuts: BTreeMap<Cut, Cut>,
    rules: BTreeMap<Rule, Rule>,
}

/// A run that is being done again.
struct Stage {
    world: World,
    numbering: Numbering,
    renumbered: Renumbered,
    undos: Undos,
    undone: Vec<u32>,
}

impl Stage {
    fn play(&mut self, run: &Run, manner: Manner<'_>) -> Came {
        for entry in &run.entries {
            if let Some(came) = self.run_up_to(entry, manner) {
                return came;
            }
            self.world.now = entry.at;
            let made = self.translated(entry).and_then(|action| self.world.act(action).ok());
            let Some(made) = made else {
                if entry.participants.1 > 0 {
                    return Came::Nowhere;
                }
                self.undone.push(entry.id);
                continue;
            };
            if !self.learn(&entry.made, made) {
                return Came::Nowhere;
            }
            if self.has_ended(manner) {
                return Came::ToTheViolation;
            }
        }
        self.run_to(run.end, u64::MAX, manner).unwrap_or(Came::ToItsEnd)
    }

    /// Nothing if the entry's moment has come.
    fn run_up_to(&mut self, entry: &Entry, manner: Manner<'_>) -> Option<Came> {
        match entry.amid {
            None => self.run_to(entry.at, u64::MAX, manner),
            Some(events) => {
                let before = Time::from_nanos(entry.at.as_nanos().saturating_sub(1));
                self.run_to(before, u64::MAX, manner).or_else(|| self.run_to(entry.at, events, manner))
            }
        }
    }

    fn run_to(&mut self, until: Time, events: u64, manner: Manner<'_>) -> Option<Came> {
        let last = self.world.handled().saturating_add(events);
        loop {
            match self.world.go_on(until, last.min(manner.events)) {
                Went::There => return None,
                Went::Far if self.world.handled() >= last => return None,
                Went::Far | Went::Round => return Some(Came::Nowhere),
                Went::Interrupted => return Some(Came::Interrupted),
                Went::Wrong if self.has_ended(manner) => return Some(Came::ToTheViolation),
                Went::Wrong => {}
            }
        }
    }

    fn has_ended(&mut self, manner: Manner<'_>) -> bool {
        // What is told by nobody is forgotten, so that the world can go on from here.
        let is_new = std::mem::take(&mut self.world.violated);
        let Some(name) = manner.ends_at.filter(|_| is_new) else { return false };
        self.world.violations().iter().any(|violation| violation.property == name)
    }

    /// What the entry's action is here; nothing if it cannot be done.
    fn translated(&self, entry: &Entry) -> Option<Action> {
        Some(match &entry.action {
            Action::Cluster { name, population, .. } => {
                let first = self.world.participants.len() as u32;
                let size = Run::size_of(entry);
                let members = (first..first + size).map(NodeId).collect();
                Action::Cluster {
                    name: name.clone(),
                    size: size as usize,
                    population: population.for_members(members),
                }
            }
            Action::Undo(Undo::Heal(cut)) => Action::Undo(Undo::Heal(*self.undos.cuts.get(cut)?)),
            Action::Undo(Undo::End(rule)) => Action::Undo(Undo::End(*self.undos.rules.get(rule)?)),
            Action::StopLoad(load) => Action::StopLoad(*self.renumbered.loads.get(load)?),
            Action::Play(plan) if self.numbering.plan(plan).entries.is_empty() => return None,
            action => self.numbering.action(action)?,
        })
    }

    /// Notes what something is called here. Whether those that nobody renumbers have the numbers that they had.
    fn learn(&mut self, old: &Made, new: Made) -> bool {
        match (old, new) {
            (Made::Undo(Undo::Heal(old)), Made::Undo(Undo::Heal(new))) => {
                _ = self.undos.cuts.insert(*old, new)
            }
            (Made::Undo(Undo::End(old)), Made::Undo(Undo::End(new))) => {
                _ = self.undos.rules.insert(*old, new)
            }
            (Made::Load(old), Made::Load(new)) => _ = self.renumbered.loads.insert(*old, new),
            (Made::Call(old), Made::Call(new)) => self.renumbered.operations.push((*old, new)),
            (Made::Cluster(old), Made::Cluster(new)) | (Made::Name(old), Made::Name(new)) => {
                return *old == new;
            }
            _ => {}
        }
        true
    }
}
