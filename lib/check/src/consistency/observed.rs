//! What a history shows of reads and writes: who did what in which order, and which write each read saw.
//!
//! # Sessions
//! A session is what one caller does. Callers of one name are one caller: so a person can go from replica to replica, by two
//! clients that are both called "ann". One operation is before another in it if the caller had the answer to the first when
//! it asked for the second: session order is "returned before", restricted to a session (Viotti and Vukolić, "Consistency in
//! non-transactional distributed storage systems", ACM Computing Surveys 49(1), 2016, section 2.2). In one instant that is
//! so only for a caller that always waits for its answers, since no clock orders what it shows as the same
//! (`linearizability/parts.rs`).
//!
//! # Outcomes
//! What failed never happened. A write whose outcome is unknown happened if somebody read it, and is then after all that its
//! caller had been told before; but nothing is after it, since it may take effect long after its caller gave up. One that
//! nobody read is as good as one that never happened: no read must have seen it. A read that was not answered says nothing.
//!
//! # Which write a read saw
//! It is known by its value. So each value may be written to a key only once; if a read could have seen several writes, it is left
//! out, and what is found without it is still right, but not all: the verdict is undecided instead of "holds".

use std::collections::BTreeMap;

use netsplit_node::{History, Outcome, Time};

use super::access::{Access, ReadsAndWrites};
use crate::linearizability::interned::Interned;
use crate::verdict::Verdict;

/// A history of reads and writes without its types.
#[derive(Debug, Default)]
pub(super) struct Observed {
    /// Answered reads, and writes that may have happened, in the order in which they were asked for.
    pub(super) operations: Vec<Operation>,
    pub(super) sessions: Vec<Session>,
    pub(super) keys: Vec<String>,
    /// For each key, a write of unknown outcome whose value was also written by another.
    pub(super) unclear_open_writes: Vec<bool>,
    /// What no model allows, in words.
    violations: Vec<String>,
    /// Why not all could be judged, in words.
    unclear: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Operation {
    pub(super) session: usize,
    pub(super) key: usize,
    pub(super) action: Action,
    /// What was written or found, in words.
    pub(super) value: String,
    pub(super) asked: Time,
    /// When the caller was told; nothing for a write of unknown outcome, which is before nothing but the reads that saw it.
    pub(super) told: Option<Time>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Write,
    /// A read that found nothing.
    ReadNothing,
    /// A read that saw this write.
    ReadOf(usize),
}

/// What one caller did.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) name: String,
    /// It never asked before it had its answer.
    pub(super) waits: bool,
    /// Its operations, in the order in which it asked for them.
    pub(super) operations: Vec<usize>,
}

/// An operation as it is noted, before it is known what each read saw.
struct Noted {
    caller: String,
    asked: Time,
    /// When it ended for its caller, however it ended.
    ended: Option<Time>,
    ending: Ending,
    /// What it did; nothing if that is of no importance.
    what: Option<What>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Ok,
    Fail,
    Open,
}

/// Values are told apart by numbers.
enum What {
    Write { key: String, value: u32, words: String },
    Read { key: String, found: Option<u32>, words: String },
    Nonsense,
}

impl Observed {
    pub(super) fn of<Q: ReadsAndWrites<R>, R>(history: &History<Q, R>) -> Observed {
        let mut values = Interned::new();
        let mut noted: Vec<Noted> = Vec::with_capacity(history.len());
        for operation in history {
            let (ending, response) = match &operation.outcome {
                Some(Outcome::Ok(response)) => (Ending::Ok, Some(response)),
                Some(Outcome::Fail(_)) => (Ending::Fail, None),
                Some(Outcome::Unknown) | None => (Ending::Open, None),
            };
            let what = match operation.request.access(response) {
                Access::Write { key, value } => {
                    let words = format!("{value:?}");
                    Some(What::Write { key, value: values.number(value).0, words })
                }
                Access::Read { key, found } => {
                    let words = found.as_ref().map_or("nothing".to_owned(), |found| format!("{found:?}"));
                    Some(What::Read { key, found: found.map(|found| values.number(found).0), words })
                }
                Access::Nonsense => Some(What::Nonsense),
                Access::Unanswered => None,
            };
            noted.push(Noted {
                caller: operation.caller_name.clone(),
                asked: operation.invoked,
                ended: operation.returned,
                ending,
                what,
            });
        }
        noted.sort_by_key(|noted| noted.asked);
        Observed::from_noted(&noted)
    }

    fn from_noted(noted: &[Noted]) -> Observed {
        let mut observed = Observed::default();
        let writes = Writes::of(noted);
        let mut sessions: BTreeMap<&str, usize> = BTreeMap::new();
        let mut keys: BTreeMap<&str, usize> = BTreeMap::new();
        // Where each noted operation went, and which reads are still to be told which write they saw.
        let mut places = vec![None; noted.len()];
        let mut reads = Vec::new();
        let waiting = callers_that_wait(noted);
        for (number, it) in noted.iter().enumerate() {
            let session = *sessions.entry(&it.caller).or_insert_with(|| {
                let (name, waits) = (it.caller.clone(), waiting[it.caller.as_str()]);
                observed.sessions.push(Session { name, waits, operations: Vec::new() });
                observed.sessions.len() - 1
            });
            let Some((key, action, value)) = observed.judged(it, &writes, noted) else { continue };
            let keys_so_far = keys.len();
            let key_number = *keys.entry(key).or_insert(keys_so_far);
            if key_number == keys_so_far {
                observed.keys.push(key.to_owned());
                observed.unclear_open_writes.push(writes.has_unclear_open_write(key, noted));
            }
            let place = observed.operations.len();
            places[number] = Some(place);
            if let Action::ReadOf(write) = action {
                reads.push((place, write));
            }
            observed.sessions[session].operations.push(place);
            observed.operations.push(Operation {
                session,
                key: key_number,
                action,
                value: value.to_owned(),
                asked: it.asked,
                told: it.ended.filter(|_| it.ending == Ending::Ok).map(|told| told.max(it.asked)),
            });
        }
        for (read, write) in reads {
            let write = places[write].expect("a write that was read is kept");
            observed.operations[read].action = Action::ReadOf(write);
        }
        observed
    }

    /// Key, action and value of an operation that is to be judged; a read names its write by its place among all that was noted.
    fn judged<'n>(
        &mut self,
        it: &'n Noted,
        writes: &Writes<'_>,
        noted: &[Noted],
    ) -> Option<(&'n str, Action, &'n str)> {
        let name = &it.caller;
        match it.what.as_ref().filter(|_| it.ending != Ending::Fail)? {
            What::Write { key, words, .. } => Some((key, Action::Write, words)),
            What::Read { key, found: None, words } => Some((key, Action::ReadNothing, words)),
            What::Read { key, found: Some(value), words } => {
                let told = it.ended.unwrap_or(it.asked);
                match writes.of_value(key, *value) {
                    [write] => return Some((key, Action::ReadOf(*write), words)),
                    [] => {
                        let failed = writes.failed.get(&(key.as_str(), *value)).map(|&write| &noted[write]);
                        let rest = failed.map_or("which nobody wrote".to_owned(), |failed| {
                            format!("which {} tried to write, but that failed", failed.caller)
                        });
                        self.violations.push(format!("{name} read {key} = {words} at {told}, {rest}"));
                    }
                    [one, other, ..] => {
                        let (one, other) = (&noted[*one], &noted[*other]);
                        self.unclear.push(format!(
                            "{name} read {key} = {words} at {told}, and which write that was cannot be told: {} wrote it at {}, and {} at {}; \
                             let every write have a value of its own",
                            one.caller, one.asked, other.caller, other.asked
                        ));
                    }
                }
                None
            }
            What::Nonsense => {
                let told = it.ended.unwrap_or(it.asked);
                self.violations
                    .push(format!("what {name} was told at {told} is no answer to what was asked"));
                None
            }
        }
    }

    /// Whether `first` is before `then` in their session.
    pub(super) fn is_before(&self, first: usize, then: usize) -> bool {
        let (one, other) = (&self.operations[first], &self.operations[then]);
        let Some(told) = one.told.filter(|_| one.session == other.session) else { return false };
        if self.sessions[one.session].waits { first < then } else { told < other.asked }
    }

    /// The write that this read saw.
    pub(super) fn seen_by(&self, read: usize) -> Option<usize> {
        match self.operations[read].action {
            Action::ReadOf(write) => Some(write),
            Action::Write | Action::ReadNothing => None,
        }
    }

    pub(super) fn is_write(&self, operation: usize) -> bool {
        self.operations[operation].action == Action::Write
    }

    /// The answered reads, in the order in which they were asked for.
    pub(super) fn reads(&self) -> impl Iterator<Item = usize> {
        (0..self.operations.len()).filter(|&operation| !self.is_write(operation))
    }

    /// For each key its writes, in the order in which they were asked for.
    pub(super) fn writes_by_key(&self) -> Vec<Vec<usize>> {
        let mut writes = vec![Vec::new(); self.keys.len()];
        for operation in (0..self.operations.len()).filter(|&operation| self.is_write(operation)) {
            writes[self.operations[operation].key].push(operation);
        }
        writes
    }

    /// What of a session has an answer, in the order of the answers: what is before an operation is always the first part of it.
    pub(super) fn ended(&self, session: &Session) -> Vec<usize> {
        let ended = |&operation: &usize| self.operations[operation].told.is_some();
        let mut ended: Vec<usize> = session.operations.iter().copied().filter(ended).collect();
        if !session.waits {
            ended.sort_by_key(|&operation| self.operations[operation].told);
        }
        ended
    }

    /// Begins a verdict, with what no model allows and what cannot be told.
    pub(super) fn begin<Q, R>(&self, property: &str, history: &History<Q, R>) -> Verdict {
        let mut verdict = Verdict::of(property, history)
            .counting(self.reads().count(), "read")
            .counting(self.sessions.len(), "session");
        self.violations.iter().for_each(|sentence| verdict.violated(sentence));
        self.unclear.iter().for_each(|sentence| verdict.undecided(sentence));
        verdict
    }

    /// "ann wrote x = 2", "ann read x = 2", "ann read nothing for x".
    pub(super) fn words(&self, operation: usize) -> String {
        format!("{} {}", self.name(operation), self.deed(operation))
    }

    /// "wrote x = 2 at 3ms": a write at the end of it, as far as that is known.
    pub(super) fn deed_and_time(&self, operation: usize) -> String {
        let it = &self.operations[operation];
        format!("{} at {}", self.deed(operation), it.told.unwrap_or(it.asked))
    }

    fn deed(&self, operation: usize) -> String {
        let it = &self.operations[operation];
        let key = &self.keys[it.key];
        match it.action {
            Action::Write => format!("wrote {key} = {}", it.value),
            Action::ReadOf(_) => format!("read {key} = {}", it.value),
            Action::ReadNothing => format!("found nothing at {key}"),
        }
    }

    pub(super) fn name(&self, operation: usize) -> &str {
        &self.sessions[self.operations[operation].session].name
    }

    /// "x = 2"
    pub(super) fn assignment(&self, operation: usize) -> String {
        let it = &self.operations[operation];
        format!("{} = {}", self.keys[it.key], it.value)
    }

    /// "  3ms to 9ms             ann wrote x = 2"
    pub(super) fn row(&self, operation: usize, mark: &str) -> String {
        let it = &self.operations[operation];
        let when = match it.told {
            Some(told) => format!("{} to {told}", it.asked),
            None => format!("from {} on", it.asked),
        };
        format!("{mark} {when:<22} {}", self.words(operation))
    }
}

/// Which callers never had two operations under way, those that failed included.
fn callers_that_wait(noted: &[Noted]) -> BTreeMap<&str, bool> {
    let mut callers: BTreeMap<&str, (bool, &Noted)> = BTreeMap::new();
    for it in noted {
        callers
            .entry(&it.caller)
            .and_modify(|(waits, before)| {
                *waits &= before.ended.is_some_and(|ended| ended <= it.asked);
                *before = it;
            })
            .or_insert((true, it));
    }
    callers.into_iter().map(|(caller, (waits, _))| (caller, waits)).collect()
}

/// Who wrote what: by key and value, the places of the writes among all that was noted.
#[derive(Default)]
struct Writes<'n> {
    happened: BTreeMap<(&'n str, u32), Vec<usize>>,
    failed: BTreeMap<(&'n str, u32), usize>,
}

impl<'n> Writes<'n> {
    fn of(noted: &'n [Noted]) -> Writes<'n> {
        let mut writes = Writes::default();
        for (number, it) in noted.iter().enumerate() {
            match &it.what {
                Some(What::Write { key, value, .. }) if it.ending == Ending::Fail => {
                    writes.failed.insert((key, *value), number);
                }
                Some(What::Write { key, value, .. }) => {
                    writes.happened.entry((key, *value)).or_default().push(number);
                }
                _ => {}
            }
        }
        writes
    }

    fn of_value(&self, key: &'n str, value: u32) -> &[usize] {
        self.happened.get(&(key, value)).map_or(&[], Vec::as_slice)
    }

    fn has_unclear_open_write(&self, key: &str, noted: &[Noted]) -> bool {
        let of_key = self.happened.range((key, 0)..=(key, u32::MAX)).map(|(_, writes)| writes);
        of_key
            .filter(|writes| writes.len() > 1)
            .any(|writes| writes.iter().any(|&write| noted[write].ending == Ending::Open))
    }
}
