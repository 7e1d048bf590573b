//! Makes a [`Scene`] of a trace: chooses lifelines and times, and joins events into messages, calls, outages and cuts.

use std::collections::BTreeMap;

use netsplit_node::trace::{Cargo, Event, EventId, EventKind, Participant};
use netsplit_node::{NodeId, Time, Trace};

use crate::options::Options;
use crate::scene::{Column, Item, ItemKind, Mark, Message, Operation, Outage, Scene, Wall};

/// More lifelines than this are not drawn, whatever the width: their names could not be read.
const MOST_COLUMNS: usize = 24;

/// Up to this many lifelines are drawn even if nothing happens on some of them: that they are silent is worth seeing.
const ALWAYS_DRAWN: usize = 8;

/// The content of the diagram of `trace` that `options` asks for.
pub(crate) fn assemble(trace: &Trace, options: &Options) -> Scene {
    let from = options.since.unwrap_or(Time::ZERO);
    let until = options.until.unwrap_or(trace.until).min(trace.until);
    let first = trace.events.partition_point(|event| event.time < from);
    let end = trace.events.partition_point(|event| event.time <= until).max(first);
    let mut scene = Scene::default();
    let column_of = choose_columns(trace, &trace.events[first..end], options, &mut scene);
    let mut assembly = Assembly::new(trace, options, scene, column_of);
    for event in &trace.events[..first] {
        assembly.remember(event);
    }
    assembly.begin_window();
    let mut drawn_to = end;
    for (index, event) in trace.events[first..end].iter().enumerate() {
        if assembly.scene.items.len() >= options.at_most {
            drawn_to = first + index;
            break;
        }
        assembly.resume_paused(event.time);
        assembly.add(event);
    }
    if drawn_to == end {
        assembly.resume_paused(until);
    }
    let mut scene = assembly.finish();
    scene.start = match options.since {
        None if trace.omitted > 0 => trace.events.first().map_or(until, |event| event.time),
        _ => from,
    };
    let last = scene.items.last().map_or(scene.start, |item| item.time);
    scene.end = if drawn_to == end { until.max(last) } else { last };
    say_what_is_missing(trace, first, end - drawn_to, &mut scene);
    scene
}

fn say_what_is_missing(trace: &Trace, earlier: usize, later: usize, scene: &mut Scene) {
    if trace.omitted > 0 {
        let text = format!("{} that the trace did not keep", events(trace.omitted as usize, "earlier "));
        scene.not_drawn.insert(0, text);
    }
    if earlier > 0 {
        scene.not_drawn.push(format!("{} before {}", events(earlier, ""), scene.start));
    }
    if later > 0 {
        scene.later = Some(format!("{} not drawn: .since(..) shows them", events(later, "later ")));
    }
}

fn events(count: usize, which: &str) -> String {
    match count {
        1 => format!("1 {which}event"),
        _ => format!("{count} {which}events"),
    }
}

/// Fills the scene's columns; returns the column of each participant that has one.
fn choose_columns(
    trace: &Trace,
    window: &[Event],
    options: &Options,
    scene: &mut Scene,
) -> BTreeMap<NodeId, usize> {
    let mut busy: BTreeMap<NodeId, usize> = BTreeMap::new();
    for event in window {
        for id in participants(trace, event) {
            *busy.entry(id).or_default() += 1;
        }
    }
    let busy = |id: NodeId| busy.get(&id).copied().unwrap_or(0);
    let mut lines: Vec<_> = trace.lifelines.iter().filter(|line| options.shows(line)).collect();
    if lines.len() > ALWAYS_DRAWN {
        let all = lines.len();
        lines.retain(|line| busy(line.id) > 0);
        if lines.len() < all {
            let silent = all - lines.len();
            scene.not_drawn.push(format!("{silent} lifelines on which nothing happens"));
        }
    }
    if lines.len() > MOST_COLUMNS {
        let mut by_events = lines.clone();
        by_events.sort_by_key(|line| std::cmp::Reverse(busy(line.id)));
        by_events.truncate(MOST_COLUMNS);
        let quieter = lines.len() - MOST_COLUMNS;
        lines.retain(|line| by_events.iter().any(|kept| kept.id == line.id));
        scene.not_drawn.push(format!("{quieter} quieter lifelines (.only(..) chooses)"));
    }
    let column = |line: &&netsplit_node::trace::Lifeline| Column {
        id: line.id,
        name: line.name.clone(),
        kind: line.kind,
        state: line.state.as_ref().map(ToString::to_string),
        begins: None,
    };
    scene.columns = lines.iter().map(column).collect();
    scene.columns.iter().enumerate().map(|(index, column)| (column.id, index)).collect()
}

/// Whom an event concerns.
fn participants(trace: &Trace, event: &Event) -> Vec<NodeId> {
    match &event.kind {
        EventKind::Sent { from, to, .. } | EventKind::Lost { from, to, .. } => vec![*from, *to],
        EventKind::Received { node, from, .. } => vec![*node, *from],
        EventKind::Duplicated { message } | EventKind::Corrupted { message } => {
            trace.event(*message).map_or_else(Vec::new, |sent| participants(trace, sent))
        }
        EventKind::Started { node, .. }
        | EventKind::TimerFired { node, .. }
        | EventKind::Noted { node, .. }
        | EventKind::Wrote { node, .. }
        | EventKind::Synced { node }
        | EventKind::Fault { node, .. }
        | EventKind::Crashed { node, .. }
        | EventKind::Paused { node, .. } => vec![*node],
        EventKind::Invoked { client, .. } | EventKind::Returned { client, .. } => vec![*client],
        EventKind::Cut { .. }
        | EventKind::Healed { .. }
        | EventKind::RuleBegan { .. }
        | EventKind::RuleEnded { .. }
        | EventKind::Changed { .. }
        | EventKind::Violated { .. } => Vec::new(),
    }
}

/// The work in progress: what is open at the moment that has been reached.
struct Assembly<'a> {
    trace: &'a Trace,
    options: &'a Options,
    scene: Scene,
    column_of: BTreeMap<NodeId, usize>,
    messages: BTreeMap<EventId, usize>,
    operations: BTreeMap<EventId, usize>,
    /// Calls that were open when the window began, in order.
    open_before: BTreeMap<EventId, (NodeId, String)>,
    /// The outage that each column is in, if any.
    down: BTreeMap<usize, usize>,
    /// When each paused column goes on.
    resumes: BTreeMap<usize, Time>,
    cuts: BTreeMap<u32, usize>,
    /// Rules that held when the window began, each with what it does and since when.
    rules_before: BTreeMap<u32, String>,
    elsewhere: usize,
}

impl<'a> Assembly<'a> {
    fn new(
        trace: &'a Trace,
        options: &'a Options,
        scene: Scene,
        column_of: BTreeMap<NodeId, usize>,
    ) -> Assembly<'a> {
        Assembly {
            trace,
            options,
            scene,
            column_of,
            messages: BTreeMap::new(),
            operations: BTreeMap::new(),
            open_before: BTreeMap::new(),
            down: BTreeMap::new(),
            resumes: BTreeMap::new(),
            cuts: BTreeMap::new(),
            rules_before: BTreeMap::new(),
            elsewhere: 0,
        }
    }

    /// Takes note of an event before the window: only what lasts matters.
    fn remember(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Crashed { node, .. } => self.outage(*node, true, None),
            EventKind::Paused { node, until } => self.pause(*node, *until, None),
            EventKind::Started { node, .. } => self.end_outage(*node, None),
            EventKind::Cut { cut, text, groups, one_way } => self.cut(*cut, text, groups, *one_way, None),
            EventKind::Healed { cut } => {
                self.cuts.remove(cut);
            }
            EventKind::RuleBegan { rule, text } => {
                let text = format!("rule {rule} holds since {}: {text}", event.time);
                self.rules_before.insert(*rule, text);
            }
            EventKind::RuleEnded { rule, .. } => {
                self.rules_before.remove(rule);
            }
            EventKind::Invoked { client, text } => {
                self.open_before.insert(event.id, (*client, text.clone()));
            }
            EventKind::Returned { operation, .. } => {
                self.open_before.remove(operation);
            }
            _ => {}
        }
        let over: Vec<usize> = self
            .resumes
            .iter()
            .filter(|(_, until)| **until < event.time)
            .map(|(column, _)| *column)
            .collect();
        for column in over {
            self.resumes.remove(&column);
            self.down.remove(&column);
        }
    }

    /// What lasted up to the window is kept, what ended before it is dropped.
    fn begin_window(&mut self) {
        let from = self.options.since.unwrap_or(Time::ZERO);
        self.resumes.retain(|_, until| *until >= from);
        let (resumes, outages) = (&self.resumes, &self.scene.outages);
        self.down.retain(|column, outage| outages[*outage].crashed || resumes.contains_key(column));
        let open = &self.down;
        let mut kept: Vec<Outage> = Vec::new();
        let mut index = BTreeMap::new();
        for (number, outage) in std::mem::take(&mut self.scene.outages).into_iter().enumerate() {
            if open.get(&outage.column) == Some(&number) {
                index.insert(outage.column, kept.len());
                kept.push(outage);
            }
        }
        (self.scene.outages, self.down) = (kept, index);
        let open = std::mem::take(&mut self.cuts);
        let walls = std::mem::take(&mut self.scene.walls);
        for wall in walls.into_iter().enumerate().filter(|(number, wall)| open.get(&wall.cut) == Some(number))
        {
            self.cuts.insert(wall.1.cut, self.scene.walls.len());
            self.scene.walls.push(wall.1);
        }
        for text in std::mem::take(&mut self.rules_before).into_values() {
            let item = Item { event: None, time: from, kind: ItemKind::World, words: text.clone(), text };
            self.scene.items.push(item);
        }
        for (id, (client, text)) in std::mem::take(&mut self.open_before) {
            if let Some(&column) = self.column_of.get(&client) {
                self.operations.insert(id, self.scene.operations.len());
                self.scene.operations.push(Operation { column, text, invoked: None, returned: None });
            }
        }
    }

    /// Takes an event into the picture.
    fn add(&mut self, event: &Event) {
        let hidden = participants(self.trace, event).iter().any(|id| !self.column_of.contains_key(id));
        if hidden {
            self.elsewhere += 1;
            return;
        }
        match &event.kind {
            EventKind::Sent { .. } | EventKind::Received { .. } | EventKind::Lost { .. } => {
                self.transport(event)
            }
            EventKind::Duplicated { message } => {
                if let Some(index) = self.message(*message) {
                    self.scene.messages[index].doubled = true;
                }
            }
            EventKind::Corrupted { message } => {
                if let Some(index) = self.message(*message) {
                    self.scene.messages[index].text.push_str(" (changed on the way)");
                }
            }
            EventKind::Invoked { client, text } => {
                let column = self.column_of[client];
                let (operation, item) = (self.scene.operations.len(), self.scene.items.len());
                self.operations.insert(event.id, operation);
                self.scene.operations.push(Operation {
                    column,
                    text: text.clone(),
                    invoked: Some(item),
                    returned: None,
                });
                self.item(event, ItemKind::Invoked { operation }, String::new());
            }
            EventKind::Returned { client, operation, outcome, text } => {
                let index = self.operation(*client, *operation);
                self.scene.operations[index].returned =
                    Some((self.scene.items.len(), *outcome, text.clone()));
                self.item(event, ItemKind::Returned { operation: index }, String::new());
            }
            EventKind::Cut { cut, text, groups, one_way } => {
                let wall = self.scene.walls.len();
                self.cut(*cut, text, groups, *one_way, Some(self.scene.items.len()));
                self.item(event, ItemKind::Cut { wall }, String::new());
            }
            EventKind::Healed { cut } => {
                if let Some(wall) = self.cuts.remove(cut) {
                    self.scene.walls[wall].to = Some(self.scene.items.len());
                    self.item(event, ItemKind::Healed { wall }, String::new());
                }
            }
            EventKind::RuleBegan { .. }
            | EventKind::RuleEnded { .. }
            | EventKind::Changed { .. }
            | EventKind::Violated { .. } => {
                self.item(event, ItemKind::World, self.trace.sentence(event));
            }
            _ => self.mark(event),
        }
    }

    fn transport(&mut self, event: &Event) {
        let item = self.scene.items.len();
        match &event.kind {
            EventKind::Sent { .. } => {
                let Some(message) = self.message(event.id) else { return };
                self.scene.messages[message].sent = Some(item);
                self.item(event, ItemKind::Sent { message }, String::new());
            }
            EventKind::Received { node, from, message } => {
                let message = self.message(*message).unwrap_or_else(|| self.stranger(*message, *from, *node));
                self.scene.messages[message].received.push(item);
                self.item(event, ItemKind::Received { message }, String::new());
            }
            EventKind::Lost { from, to, message, reason } => {
                let message = self.message(*message).unwrap_or_else(|| self.stranger(*message, *from, *to));
                self.scene.messages[message].lost = Some((item, reason.clone()));
                self.item(event, ItemKind::Lost { message }, String::new());
            }
            _ => {}
        }
    }

    /// The message that was sent at event `id`, where the trace still has that event.
    fn message(&mut self, id: EventId) -> Option<usize> {
        if let Some(&known) = self.messages.get(&id) {
            return Some(known);
        }
        let EventKind::Sent { from, to, cargo, text } = &self.trace.event(id)?.kind else { return None };
        Some(self.new_message(id, *from, *to, *cargo, text.clone()))
    }

    /// A message whose sending the trace no longer has.
    fn stranger(&mut self, id: EventId, from: NodeId, to: NodeId) -> usize {
        self.new_message(id, from, to, Cargo::Message, "(sent earlier)".to_owned())
    }

    fn new_message(&mut self, id: EventId, from: NodeId, to: NodeId, cargo: Cargo, text: String) -> usize {
        let index = self.scene.messages.len();
        self.messages.insert(id, index);
        self.scene.messages.push(Message {
            from: self.column_of[&from],
            to: self.column_of[&to],
            cargo,
            text,
            sent: None,
            received: Vec::new(),
            lost: None,
            doubled: false,
        });
        index
    }

    fn operation(&mut self, client: NodeId, id: EventId) -> usize {
        if let Some(&known) = self.operations.get(&id) {
            return known;
        }
        let column = self.column_of[&client];
        self.operations.insert(id, self.scene.operations.len());
        self.scene.operations.push(Operation { column, text: String::new(), invoked: None, returned: None });
        self.scene.operations.len() - 1
    }

    fn mark(&mut self, event: &Event) {
        let (options, item) = (self.options, self.scene.items.len());
        let (node, mark, text) = match &event.kind {
            EventKind::Started { node, again } => {
                self.end_outage(*node, Some(item));
                let column = &mut self.scene.columns[self.column_of[node]];
                if column.begins.is_none() && !again {
                    column.begins = Some(item);
                }
                let mark = if *again { Mark::Restarts } else { Mark::Starts };
                (node, mark, if *again { "restarts".to_owned() } else { String::new() })
            }
            EventKind::TimerFired { node, text } => {
                // A client's time-out explains what it does next; a node's timers may be many.
                let client = self.scene.columns[self.column_of[node]].kind == Participant::Client;
                if options.timers_hidden && !client {
                    return;
                }
                (node, Mark::Timer, if text == "()" { "timer".to_owned() } else { text.clone() })
            }
            EventKind::Noted { .. } if options.notes_hidden => return,
            EventKind::Noted { node, text } => (node, Mark::Note, text.clone()),
            EventKind::Fault { node, text } => (node, Mark::Fault, text.clone()),
            EventKind::Wrote { .. } | EventKind::Synced { .. } if options.disks_hidden => return,
            EventKind::Wrote { node, file } => (node, Mark::Write, format!("writes {file}")),
            EventKind::Synced { node } => (node, Mark::Sync, "synced".to_owned()),
            EventKind::Crashed { node, reason } => {
                self.outage(*node, true, Some(item));
                (node, Mark::Crash, reason.clone())
            }
            EventKind::Paused { node, until } => {
                self.pause(*node, *until, Some(item));
                (node, Mark::Pause, format!("pauses until {until}"))
            }
            _ => return,
        };
        let column = self.column_of[node];
        self.item(event, ItemKind::Mark { column, mark }, text);
    }

    fn item(&mut self, event: &Event, kind: ItemKind, text: String) {
        let words = self.trace.sentence(event);
        self.scene.items.push(Item { event: Some(event.id), time: event.time, kind, text, words });
    }

    fn outage(&mut self, node: NodeId, crashed: bool, from: Option<usize>) {
        let Some(&column) = self.column_of.get(&node) else { return };
        self.end_outage(node, from);
        self.down.insert(column, self.scene.outages.len());
        self.scene.outages.push(Outage { column, crashed, from, to: None });
    }

    fn pause(&mut self, node: NodeId, until: Time, from: Option<usize>) {
        let Some(&column) = self.column_of.get(&node) else { return };
        let until = self.resumes.get(&column).map_or(until, |&earlier| until.max(earlier));
        if !self.down.contains_key(&column) {
            self.outage(node, false, from);
        }
        self.resumes.insert(column, until);
    }

    fn end_outage(&mut self, node: NodeId, to: Option<usize>) {
        let Some(&column) = self.column_of.get(&node) else { return };
        self.resumes.remove(&column);
        if let Some(outage) = self.down.remove(&column) {
            self.scene.outages[outage].to = to;
        }
    }

    /// Ends the pauses that are over by `now`; the trace has no event of its own for that.
    fn resume_paused(&mut self, now: Time) {
        let mut over: Vec<(Time, usize)> = self
            .resumes
            .iter()
            .filter(|(_, until)| **until <= now)
            .map(|(column, until)| (*until, *column))
            .collect();
        over.sort();
        for (time, column) in over {
            let item = self.scene.items.len();
            self.end_outage(self.scene.columns[column].id, Some(item));
            let words = format!("{} goes on", self.scene.columns[column].name);
            let kind = ItemKind::Mark { column, mark: Mark::Resume };
            self.scene.items.push(Item { event: None, time, kind, text: "goes on".to_owned(), words });
        }
    }

    fn cut(&mut self, cut: u32, text: &str, groups: &[Vec<NodeId>], one_way: bool, from: Option<usize>) {
        let group_of = |id: NodeId| {
            let group = groups.iter().position(|group| group.contains(&id));
            // A single group is cut off from everyone else.
            if groups.len() == 1 { group.or(Some(1)) } else { group }
        };
        let sides = self.scene.columns.iter().map(|column| group_of(column.id)).collect();
        self.cuts.insert(cut, self.scene.walls.len());
        self.scene.walls.push(Wall { cut, text: text.to_owned(), sides, one_way, from, to: None });
    }

    fn finish(mut self) -> Scene {
        if self.elsewhere > 0 {
            self.scene.not_drawn.push(format!("{} of other lifelines", events(self.elsewhere, "")));
        }
        self.scene
    }
}
