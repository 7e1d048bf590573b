//! A schedule: what arrives when, and which timers fire when, said message by message instead of drawn.
//!
//! In the field's words a schedule is the sequence of events that an adversary chooses (Fischer, Lynch and Paterson, 1985, section 2). Here it
//! is a value: it can be printed, read back, sent to somebody else, and followed by a laboratory ([`Lab::follow`](crate::Lab::follow)).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use netsplit_node::{Duration, NodeId, Time};

use crate::fault::{FaultError, Word, read};

/// One message among all: who sends it, to whom, and the how manieth it is on that way, from 1. Requests and answers count as well, and so
/// does what is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKey {
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
    /// The first message from the one to the other is 1.
    pub number: u32,
}

/// What becomes of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// How long it is under way; several if it arrives several times, none if it is lost.
    pub after: Vec<Duration>,
    /// Whether it is changed on the way, as by [`Lab::corrupt`](crate::Lab::corrupt).
    pub corrupted: bool,
}

impl Delivery {
    /// It arrives once, after so long.
    pub fn after(time: Duration) -> Delivery {
        Delivery { after: vec![time], corrupted: false }
    }

    /// It is lost.
    pub fn lost() -> Delivery {
        Delivery { after: Vec::new(), corrupted: false }
    }
}

/// What becomes of the messages that a schedule does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Others {
    /// What the network draws for them.
    #[default]
    Drawn,
    /// They are lost.
    Lost,
    /// Each takes so long, whatever links and rules say.
    After(Duration),
}

/// A timer that fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firing {
    /// When.
    pub at: Time,
    /// Whose it is.
    pub node: NodeId,
    /// The timer in its Debug form.
    pub timer: String,
}

/// What arrives when. What it does not say is as it always is, and a link that is cut stays cut.
///
/// ```
/// use netsplit_algorithms::replication::EagerStore;
/// use netsplit_node::{NodeId, ms};
/// use netsplit_sim::{Lab, Others, Schedule};
/// let schedule = Schedule::new().arrives(NodeId(2), NodeId(0), 1, ms(1)).others(Others::Lost);
/// assert_eq!(schedule.to_string(), "others: lost\nn2 -> n0 #1: after 1ms");
/// assert_eq!(schedule.to_string().parse(), Ok(schedule.clone()));
///
/// let lab = Lab::new(42);
/// lab.follow(schedule);
/// let store = lab.cluster("store", 2, |_id| EagerStore::default());
/// let put = store.client_of(0).put("x", 1);
/// lab.run_for(ms(10));
/// assert!(put.is_pending(), "the request arrives, the answer does not");
/// assert_eq!((lab.traffic().sent, lab.traffic().received), (3, 1));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// What becomes of single messages.
    pub messages: BTreeMap<MessageKey, Delivery>,
    /// What becomes of all others.
    pub others: Others,
    /// The timers that fire, and no others; nothing if timers fire when their nodes have set them to.
    pub timers: Option<Vec<Firing>>,
    /// Which way each step's random numbers go, by node and step from 1, as [`Random::branch`](netsplit_node::Random::branch) numbers ways,
    /// the first if a step is not named; nothing if they are drawn.
    pub choices: Option<BTreeMap<(NodeId, u32), u64>>,
    /// Whether nodes see clocks that stand at zero, as explored ones do.
    pub clocks_stand: bool,
}

impl Schedule {
    /// A schedule that says nothing.
    pub fn new() -> Schedule {
        Schedule::default()
    }

    /// This message arrives, after so long.
    pub fn arrives(mut self, from: NodeId, to: NodeId, number: u32, after: Duration) -> Schedule {
        self.messages.insert(MessageKey { from, to, number }, Delivery::after(after));
        self
    }

    /// This message is lost.
    pub fn lost(mut self, from: NodeId, to: NodeId, number: u32) -> Schedule {
        self.messages.insert(MessageKey { from, to, number }, Delivery::lost());
        self
    }

    /// What becomes of all messages that are not named.
    pub fn others(mut self, others: Others) -> Schedule {
        self.others = others;
        self
    }

    /// This timer fires at this time, and only those that are named so fire at all.
    pub fn fires(mut self, at: Time, node: NodeId, timer: &str) -> Schedule {
        self.timers.get_or_insert_default().push(Firing { at, node, timer: timer.to_owned() });
        self
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Schedule::default()
    }
}

impl Word for Time {
    const FORM: &'static str = "a time since the beginning, like 300ms";
    fn write(&self) -> String {
        (*self - Time::ZERO).write()
    }
    fn read(word: &str) -> Option<Self> {
        Duration::read(word).filter(|time| !time.is_negative()).map(|time| Time::ZERO + time)
    }
}

impl fmt::Display for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {} #{}", self.from, self.to, self.number)
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.corrupted {
            f.write_str("corrupted ")?;
        }
        let times: Vec<String> = self.after.iter().map(Duration::write).collect();
        match times.len() {
            0 => f.write_str("lost"),
            _ => write!(f, "after {}", times.join(" and ")),
        }
    }
}

impl FromStr for Delivery {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Delivery, FaultError> {
        let (corrupted, rest) = match text.strip_prefix("corrupted ") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if rest == "lost" {
            return Ok(Delivery { corrupted, ..Delivery::lost() });
        }
        let wrong = || FaultError::new("\"lost\", \"after 1ms\" or \"after 1ms and 3ms\"", text);
        let times = rest.strip_prefix("after ").ok_or_else(wrong)?.split(" and ").map(read);
        Ok(Delivery { after: times.collect::<Result<_, _>>()?, corrupted })
    }
}

/// A line for each thing that it says.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        match self.others {
            Others::Drawn => {}
            Others::Lost => lines.push("others: lost".to_owned()),
            Others::After(time) => lines.push(format!("others: after {}", time.write())),
        }
        lines.extend(self.messages.iter().map(|(key, delivery)| format!("{key}: {delivery}")));
        if let Some(timers) = &self.timers {
            lines.push("timers: only these".to_owned());
            lines.extend(
                timers.iter().map(|it| format!("at {}: {} fires {}", it.at.write(), it.node, it.timer)),
            );
        }
        if let Some(choices) = &self.choices {
            lines.push("choices: the first but for these".to_owned());
            lines.extend(choices.iter().map(|((node, step), way)| format!("{node} step {step}: way {way}")));
        }
        if self.clocks_stand {
            lines.push("clocks: stand still".to_owned());
        }
        f.write_str(&lines.join("\n"))
    }
}

impl FromStr for Schedule {
    type Err = FaultError;

    /// Empty lines and lines that begin with `#` do not count.
    fn from_str(text: &str) -> Result<Schedule, FaultError> {
        let mut schedule = Schedule::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            schedule.read_line(line)?;
        }
        Ok(schedule)
    }
}

impl Schedule {
    fn read_line(&mut self, line: &str) -> Result<(), FaultError> {
        let form = "a line like \"n0 -> n1 #2: after 1ms\", \"others: lost\", \"at 5ms: n0 fires Election\" or \"n0 step 2: way 1\"";
        let wrong = || FaultError::new(form, line);
        let (head, rest) = line.split_once(": ").ok_or_else(wrong)?;
        match (head, rest) {
            ("timers", "only these") => _ = self.timers.get_or_insert_default(),
            ("choices", "the first but for these") => _ = self.choices.get_or_insert_default(),
            ("clocks", "stand still") => self.clocks_stand = true,
            ("others", "lost") => self.others = Others::Lost,
            ("others", _) => {
                self.others = Others::After(read(rest.strip_prefix("after ").ok_or_else(wrong)?)?)
            }
            _ => {
                if let Some(at) = head.strip_prefix("at ") {
                    let (node, timer) = rest.split_once(" fires ").ok_or_else(wrong)?;
                    let firing = Firing { at: read(at)?, node: read(node)?, timer: timer.to_owned() };
                    self.timers.get_or_insert_default().push(firing);
                } else if let Some((node, step)) = head.split_once(" step ") {
                    let way = read(rest.strip_prefix("way ").ok_or_else(wrong)?)?;
                    self.choices.get_or_insert_default().insert((read(node)?, read(step)?), way);
                } else {
                    let (way, number) = head.split_once(" #").ok_or_else(wrong)?;
                    let (from, to) = way.split_once(" -> ").ok_or_else(wrong)?;
                    let key = MessageKey { from: read(from)?, to: read(to)?, number: read(number)? };
                    self.messages.insert(key, rest.parse()?);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netsplit_node::ms;

    #[test]
    fn what_is_printed_reads_back() {
        // Every kind of line, so that a schedule can be sent to somebody else.
        let mut schedule = Schedule::new()
            .arrives(NodeId(0), NodeId(1), 2, ms(3))
            .lost(NodeId(1), NodeId(0), 1)
            .others(Others::After(ms(1)))
            .fires(Time::ZERO + ms(5), NodeId(2), "Retry(\"a: b\")");
        let key = MessageKey { from: NodeId(3), to: NodeId(0), number: 1 };
        schedule.messages.insert(key, Delivery { after: vec![ms(1), ms(2)], corrupted: true });
        schedule.choices = Some(BTreeMap::from([((NodeId(1), 4), 2)]));
        schedule.clocks_stand = true;
        let text = schedule.to_string();
        assert_eq!(
            text,
            "others: after 1ms\nn0 -> n1 #2: after 3ms\nn1 -> n0 #1: lost\nn3 -> n0 #1: corrupted after 1ms and 2ms\n\
             timers: only these\nat 5ms: n2 fires Retry(\"a: b\")\nchoices: the first but for these\nn1 step 4: way 2\nclocks: stand still"
        );
        assert_eq!(text.parse(), Ok(schedule));
        assert_eq!("timers: only these".parse(), Ok(Schedule { timers: Some(vec![]), ..Schedule::new() }));
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_its_line() {
        // The sentence says what was expected and what came.
        for (text, part) in
            [("n0 n1: lost", "a line like"), ("n0 -> n1 #1: gone", "\"gone\""), ("others: x", "others: x")]
        {
            let refused = text.parse::<Schedule>().expect_err(text).to_string();
            assert!(refused.contains(part), "{refused}");
        }
    }
}
