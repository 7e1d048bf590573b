//! Plans of faults: what goes wrong when, as a value that can be printed, read back, saved and cut down.

use std::fmt;
use std::str::FromStr;

use netsplit_node::json::Json;
use netsplit_node::{Duration, NodeId};

use crate::error::{LabError, forwards};
use crate::fault::{Fault, FaultError, Fields, Undo, Word, read};
use crate::network::Traffic;
use crate::schedule::Job;
use crate::world::World;

/// What goes wrong when. [`Lab::play`](crate::Lab::play) begins it; times count from then.
///
/// ```
/// use netsplit_node::{NodeId, ms, secs};
/// use netsplit_sim::{Condition, Fault, FaultPlan, Group};
/// let group = |ids: &[u32]| Group::new(ids.iter().map(|&id| NodeId(id)));
/// let plan = FaultPlan::new()
///     .at(secs(3), Fault::Partition { groups: vec![group(&[0]), group(&[1, 2])] })
///     .lasting(secs(43))
///     .every(secs(10), Fault::Pause { nodes: group(&[1]), time: ms(300) })
///     .when(Condition::Role(NodeId(2), "leader".into()), Fault::Crash { nodes: group(&[2]) });
/// let text = "at 3s for 43s: partition groups={n0}|{n1,n2}\n\
///             every 10s: pause nodes={n1} time=300ms\n\
///             when n2 is leader: crash nodes={n2}";
/// assert_eq!(plan.to_string(), text);
/// assert_eq!(text.parse(), Ok(plan));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FaultPlan {
    /// The faults, in the order in which they were added; those of one moment happen in this order.
    pub entries: Vec<Entry>,
}

/// One fault of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When it happens.
    pub when: When,
    /// After how long it is undone, if it can be and should be.
    pub lasts: Option<Duration>,
    /// What happens.
    pub fault: Fault,
}

/// When a fault of a plan happens.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// Once, so long after the plan began.
    At(Duration),
    /// Again and again, the first time after one period.
    Every(Duration),
    /// Once, as soon as this holds after an event.
    Holds(Condition),
}

/// Something that can be seen of a world between two events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A node's role is this one ([`Inspection::role`](netsplit_node::Inspection::role)).
    Role(NodeId, String),
    /// A node has crashed and is down.
    Down(NodeId),
    /// A node has made a remark that contains this text, since the plan began.
    Notes(NodeId, String),
    /// So many matching messages were sent since the plan began.
    Sent(u64, Traffic),
}

impl FaultPlan {
    /// A plan of nothing.
    pub fn new() -> FaultPlan {
        FaultPlan::default()
    }

    /// Adds a fault that happens so long after the plan began.
    pub fn at(self, time: Duration, fault: Fault) -> FaultPlan {
        self.with(When::At(time), fault)
    }

    /// Adds a fault that happens again and again.
    pub fn every(self, period: Duration, fault: Fault) -> FaultPlan {
        self.with(When::Every(period), fault)
    }

    /// Adds a fault that happens once, as soon as `condition` holds.
    pub fn when(self, condition: Condition, fault: Fault) -> FaultPlan {
        self.with(When::Holds(condition), fault)
    }

    /// The fault that was added last is undone after `time`: nodes restart, cuts heal, rules end.
    pub fn lasting(mut self, time: Duration) -> FaultPlan {
        if let Some(entry) = self.entries.last_mut() {
            entry.lasts = Some(time);
        }
        self
    }

    fn with(mut self, when: When, fault: Fault) -> FaultPlan {
        self.entries.push(Entry { when, lasts: None, fault });
        self
    }
}

/// A plan that is being played.
#[derive(Clone)]
pub(crate) struct Playing {
    plan: FaultPlan,
    /// Of the entries that wait for a condition: their number, and how many matching messages or remarks there were.
    waiting: Vec<(u32, u64)>,
    stopped: bool,
}

impl World {
    pub(crate) fn play(&mut self, plan: FaultPlan) -> Result<(), LabError> {
        for entry in &plan.entries {
            let (what, time) = match entry.when {
                When::At(time) => ("the time of a fault", time),
                // An empty period would be for ever at one moment.
                When::Every(period) => ("a period less 1ns", period - netsplit_node::ns(1)),
                When::Holds(_) => ("", Duration::ZERO),
            };
            forwards(what, time)?;
            forwards("how long a fault lasts", entry.lasts.unwrap_or(Duration::ZERO))?;
        }
        let number = self.plans.len() as u32;
        let mut waiting = Vec::new();
        for (entry, index) in plan.entries.iter().zip(0..) {
            let begin = Job::Begin { plan: number, entry: index };
            match entry.when {
                When::At(time) | When::Every(time) => self.schedule(self.now + time, begin),
                When::Holds(_) => waiting.push((index, 0)),
            }
        }
        self.plans.push(Playing { plan, waiting, stopped: false });
        self.watch();
        Ok(())
    }

    /// Ends all plans; what they did stays as it is.
    pub(crate) fn stop_plans(&mut self) {
        self.plans.iter_mut().for_each(|playing| playing.stopped = true);
        self.watch();
    }

    fn watch(&mut self) {
        self.watching = self.plans.iter().any(|playing| !playing.stopped && !playing.waiting.is_empty());
        self.refresh_extras();
    }

    pub(crate) fn begin_entry(&mut self, plan: u32, entry: u32) {
        let playing = &self.plans[plan as usize];
        if playing.stopped {
            return;
        }
        let Entry { when, lasts, fault } = playing.plan.entries[entry as usize].clone();
        if let When::Every(period) = when {
            self.schedule(self.now + period, Job::Begin { plan, entry });
        }
        // A fault that cannot happen (a crash of a node that is down) is none.
        let Ok(undo) = self.inject(&fault) else { return };
        if let Some(time) = lasts
            && undo != Undo::Nothing
        {
            self.schedule(self.now + time, Job::End { plan, undo });
        }
    }

    pub(crate) fn end_entry(&mut self, plan: u32, undo: &Undo) {
        if !self.plans[plan as usize].stopped {
            let _ = self.undo(undo);
        }
    }

    /// After an event: begins what waited for it.
    #[cold]
    pub(crate) fn check_watches(&mut self) {
        for plan in 0..self.plans.len() {
            if self.plans[plan].stopped {
                continue;
            }
            let holds = |world: &World, &(entry, seen): &(u32, u64)| match &world.plans[plan].plan.entries
                [entry as usize]
                .when
            {
                When::Holds(condition) => world.holds(condition, seen),
                When::At(_) | When::Every(_) => false,
            };
            let due: Vec<u32> = self.plans[plan]
                .waiting
                .iter()
                .filter(|waiting| holds(self, waiting))
                .map(|(entry, _)| *entry)
                .collect();
            self.plans[plan].waiting.retain(|(entry, _)| !due.contains(entry));
            for entry in due {
                self.begin_entry(plan as u32, entry);
            }
        }
        self.watch();
    }

    fn holds(&self, condition: &Condition, seen: u64) -> bool {
        match condition {
            Condition::Role(node, role) => {
                self.inspect(*node).is_some_and(|seen| seen.role.as_deref() == Some(role))
            }
            Condition::Down(node) => self.participants.get(node.0 as usize).is_some_and(|node| !node.up),
            Condition::Notes(..) => seen > 0,
            Condition::Sent(count, _) => seen >= *count,
        }
    }

    /// Counts what conditions wait for.
    #[cold]
    pub(crate) fn notice(&mut self, seen: impl Fn(&Condition) -> bool) {
        for playing in &mut self.plans {
            for (entry, count) in &mut playing.waiting {
                if let When::Holds(condition) = &playing.plan.entries[*entry as usize].when {
                    *count += u64::from(seen(condition));
                }
            }
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Role(node, role) => write!(f, "{node} is {role}"),
            Condition::Down(node) => write!(f, "{node} is down"),
            Condition::Notes(node, text) => write!(f, "{node} notes {text:?}"),
            Condition::Sent(count, traffic) => {
                let fault = Fault::Delay { by: Duration::ZERO, traffic: traffic.clone() }.to_string();
                write!(f, "sent {count}{}", fault.trim_start_matches("delay by=0s"))
            }
        }
    }
}

impl FromStr for Condition {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Condition, FaultError> {
        let form =
            "a condition: \"n1 is leader\", \"n1 is down\", \"n1 notes \"text\"\" or \"sent 5 of=replies\"";
        let wrong = || FaultError::new(form, text);
        if let Some(rest) = text.strip_prefix("sent ") {
            let (count, traffic) = rest.split_once(' ').unwrap_or((rest, ""));
            let Fault::Delay { traffic, .. } = format!("delay by=0s {traffic}").parse()? else {
                return Err(wrong());
            };
            return Ok(Condition::Sent(read(count)?, traffic));
        }
        let (node, rest) = text.split_once(' ').ok_or_else(wrong)?;
        let node: NodeId = read(node)?;
        if rest == "is down" {
            return Ok(Condition::Down(node));
        }
        if let Some(role) = rest.strip_prefix("is ") {
            return Ok(Condition::Role(node, role.to_owned()));
        }
        let quoted =
            rest.strip_prefix("notes \"").and_then(|rest| rest.strip_suffix('"')).ok_or_else(wrong)?;
        Ok(Condition::Notes(node, quoted.replace("\\\"", "\"").replace("\\\\", "\\")))
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::At(time) => write!(f, "at {}", time.write()),
            When::Every(period) => write!(f, "every {}", period.write()),
            When::Holds(condition) => write!(f, "when {condition}"),
        }
    }
}

impl FromStr for When {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<When, FaultError> {
        match text.trim().split_once(' ') {
            Some(("at", time)) => read(time).map(When::At),
            Some(("every", period)) => read(period).map(When::Every),
            Some(("when", condition)) => condition.parse().map(When::Holds),
            _ => Err(FaultError::new("\"at 3s\", \"every 10s\" or \"when condition\"", text)),
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.when)?;
        if let Some(time) = self.lasts {
            write!(f, " for {}", time.write())?;
        }
        write!(f, ": {}", self.fault)
    }
}

impl FromStr for Entry {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Entry, FaultError> {
        let form = "\"at 3s for 2s: fault\", \"every 10s: fault\" or \"when condition: fault\"";
        let wrong = || FaultError::new(form, text);
        let (when, fault) = text.rsplit_once(": ").ok_or_else(wrong)?;
        let (when, lasts) = match when.rsplit_once(" for ") {
            Some((before, time)) if Duration::read(time).is_some() => (before, Some(read(time)?)),
            _ => (when, None),
        };
        Ok(Entry { when: when.parse()?, lasts, fault: fault.parse()? })
    }
}

impl FaultPlan {
    /// The plan as JSON: a list of objects, each with its time, the fault's name and the fault's values in words.
    ///
    /// ```
    /// use netsplit_sim::FaultPlan;
    /// let plan: FaultPlan = "at 3s for 1s: crash nodes={n1}".parse().unwrap();
    /// assert_eq!(plan.to_json(), r#"[{"when":"at 3s","for":"1s","fault":"crash","nodes":"{n1}"}]"#);
    /// assert_eq!(FaultPlan::from_json(&plan.to_json()), Ok(plan));
    /// ```
    pub fn to_json(&self) -> String {
        let object = |entry: &Entry| {
            let fields = entry.fault.fields();
            let mut object = vec![("when".to_owned(), Json::from(entry.when.to_string()))];
            object.extend(entry.lasts.map(|time| ("for".to_owned(), Json::from(time.write()))));
            object.push(("fault".to_owned(), Json::from(fields.name)));
            object.extend(fields.values.into_iter().map(|(field, value)| (field, Json::from(value))));
            Json::Object(object)
        };
        Json::List(self.entries.iter().map(object).collect()).to_string()
    }

    /// Reads what [`to_json`](FaultPlan::to_json) wrote.
    pub fn from_json(text: &str) -> Result<FaultPlan, FaultError> {
        let json: Json = text.parse().map_err(|error| FaultError::new(format!("JSON ({error})"), text))?;
        let Json::List(objects) = json else { return Err(FaultError::new("a list of faults", text)) };
        let entry = |object: &Json| {
            let wrong = || {
                FaultError::new(
                    "an object whose values are strings, with \"when\" and \"fault\"",
                    object.to_string(),
                )
            };
            let Json::Object(fields) = object else { return Err(wrong()) };
            let text = |field: &str| object.get(field).and_then(Json::text);
            let mut fault = Fields::of(text("fault").ok_or_else(wrong)?);
            for (field, value) in
                fields.iter().filter(|(field, _)| !["when", "for", "fault"].contains(&field.as_str()))
            {
                fault.values.push((field.clone(), value.text().ok_or_else(wrong)?.to_owned()));
            }
            let lasts = text("for").map(read).transpose()?;
            Ok(Entry {
                when: text("when").ok_or_else(wrong)?.parse()?,
                lasts,
                fault: Fault::from_fields(&fault)?,
            })
        };
        objects.iter().map(entry).collect::<Result<_, _>>().map(|entries| FaultPlan { entries })
    }
}

/// One line per fault.
impl fmt::Display for FaultPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.entries.iter().map(Entry::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl FromStr for FaultPlan {
    type Err = FaultError;

    /// Empty lines and lines that begin with `#` do not count.
    fn from_str(text: &str) -> Result<FaultPlan, FaultError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        Ok(FaultPlan { entries: lines.map(str::parse).collect::<Result<_, _>>()? })
    }
}
