//! Brute force for every model: its definition, tried with every order of the writes. Shares no code with the checkers.

use std::collections::BTreeMap;

use netsplit_node::{Duration, KeyValueRequest, KeyValueResponse, Outcome, Time, Value};

use crate::drawn::Store;

/// An operation that may have happened, in the order of calls.
pub struct Op {
    caller: u32,
    /// The caller never had two operations under way.
    waits: bool,
    key: String,
    asked: Time,
    /// The end of an answered operation.
    told: Option<Time>,
    /// A write's value; for an answered read, what it found.
    write: Option<Value>,
    found: Option<Value>,
}

/// What may have happened. A read that was not answered says nothing.
pub fn happened(history: &Store) -> Vec<Op> {
    let mut all: Vec<_> = history.iter().collect();
    all.sort_by_key(|operation| operation.invoked);
    let waits = |caller| {
        let mine: Vec<_> = all.iter().filter(|operation| operation.caller == caller).collect();
        mine.windows(2).all(|pair| pair[0].returned.is_some_and(|returned| returned <= pair[1].invoked))
    };
    let mut ops = Vec::new();
    for operation in &all {
        let told = operation.returned.filter(|_| matches!(operation.outcome, Some(Outcome::Ok(_))));
        let (key, write, found) = match (&operation.request, &operation.outcome) {
            (_, Some(Outcome::Fail(_))) => continue,
            (KeyValueRequest::Put { key, value }, _) => (key, Some(value.clone()), None),
            (KeyValueRequest::Get { key }, Some(Outcome::Ok(KeyValueResponse::Value(found)))) => {
                (key, None, found.clone())
            }
            (KeyValueRequest::Get { .. }, _) => continue,
        };
        ops.push(Op {
            caller: operation.caller.0,
            waits: waits(operation.caller),
            key: key.clone(),
            asked: operation.invoked,
            told,
            write,
            found,
        });
    }
    ops
}

/// Pairs of operations, by their places.
type Relation = Vec<Vec<bool>>;

fn relation(count: usize, holds: impl Fn(usize, usize) -> bool) -> Relation {
    (0..count).map(|one| (0..count).map(|other| holds(one, other)).collect()).collect()
}

/// With all that follows by several steps (Warshall 1962).
fn closed(mut relation: Relation) -> Relation {
    let count = relation.len();
    for middle in 0..count {
        for one in 0..count {
            for other in 0..count {
                relation[one][other] |= relation[one][middle] && relation[middle][other];
            }
        }
    }
    relation
}

/// The operations of a history, with their orders. Writes of unknown outcome that nobody read are left out.
pub struct World {
    ops: Vec<Op>,
    session: Relation,
    causal: Relation,
    /// For each read the write that it saw; nothing if it saw none.
    saw: Vec<Option<usize>>,
}

/// The orders of a history; nothing if a read saw what nobody wrote.
pub fn world(history: &Store) -> Option<World> {
    let all = happened(history);
    let is_read =
        |op: &Op| all.iter().any(|it| it.write.is_none() && it.key == op.key && it.found == op.write);
    let keep: Vec<bool> = all.iter().map(|op| op.told.is_some() || is_read(op)).collect();
    let mut keep = keep.into_iter();
    let ops: Vec<Op> = all.into_iter().filter(|_| keep.next() == Some(true)).collect();
    let mut saw = Vec::new();
    for op in &ops {
        let wrote = |it: &Op| it.key == op.key && it.write.is_some() && it.write == op.found;
        let write = ops.iter().position(wrote);
        if op.found.is_some() && write.is_none() {
            return None;
        }
        saw.push(write);
    }
    let session = relation(ops.len(), |one, other| in_session(&ops, one, other));
    let causal = closed(relation(ops.len(), |one, other| session[one][other] || saw[other] == Some(one)));
    Some(World { ops, session, causal, saw })
}

fn in_session(ops: &[Op], one: usize, other: usize) -> bool {
    let (first, then) = (&ops[one], &ops[other]);
    let Some(told) = first.told else { return false };
    first.caller == then.caller && if first.waits { one < other } else { told < then.asked }
}

/// Whether some order of `items` that respects `before` satisfies `is_right`.
fn some_order(
    items: &[usize],
    before: &dyn Fn(usize, usize) -> bool,
    is_right: &mut dyn FnMut(&[usize]) -> bool,
) -> bool {
    fn extend(
        order: &mut Vec<usize>,
        items: &[usize],
        before: &dyn Fn(usize, usize) -> bool,
        is_right: &mut dyn FnMut(&[usize]) -> bool,
    ) -> bool {
        if order.len() == items.len() {
            return is_right(order);
        }
        for &next in items {
            let waits = items.iter().any(|&it| !order.contains(&it) && before(it, next));
            if !order.contains(&next) && !waits {
                order.push(next);
                let found = extend(order, items, before, is_right);
                order.pop();
                if found {
                    return true;
                }
            }
        }
        false
    }
    extend(&mut Vec::new(), items, before, is_right)
}

/// The four session guarantees.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Guarantee {
    ReadYourWrites,
    MonotonicReads,
    MonotonicWrites,
    WritesFollowReads,
}

impl World {
    fn writes(&self) -> Vec<usize> {
        (0..self.ops.len()).filter(|&op| self.ops[op].write.is_some()).collect()
    }

    fn reads(&self) -> Vec<usize> {
        (0..self.ops.len()).filter(|&op| self.ops[op].write.is_none()).collect()
    }

    fn callers(&self) -> Vec<u32> {
        let mut callers: Vec<u32> = self.ops.iter().map(|op| op.caller).collect();
        callers.sort_unstable();
        callers.dedup();
        callers
    }

    /// Whether something depends on itself.
    pub fn is_circular(&self) -> bool {
        (0..self.ops.len()).any(|op| self.causal[op][op])
    }

    /// Whether every caller waits for its answers.
    pub fn all_wait(&self) -> bool {
        self.ops.iter().all(|op| op.waits)
    }

    /// `one` had ended before `other`, of the same key, was asked for.
    fn in_real_time(&self, one: usize, other: usize) -> bool {
        let (first, then) = (&self.ops[one], &self.ops[other]);
        first.key == then.key && first.told.is_some_and(|told| told < then.asked)
    }

    /// Whether what `read` found is the last of what it must have seen, in this order of the writes.
    fn is_last(&self, read: usize, must_see: &[usize], order: &[usize]) -> bool {
        let of_key = |write: &usize| self.ops[*write].key == self.ops[read].key;
        let seen = |write: &usize| must_see.contains(write) || self.saw[read] == Some(*write);
        let last = order.iter().rev().find(|&write| of_key(write) && seen(write));
        last.copied() == self.saw[read]
    }

    /// What a guarantee says a read must have seen.
    fn must_see(&self, guarantee: Guarantee, read: usize) -> Vec<usize> {
        let up_to = |op: usize| op == read || self.session[op][read];
        let reads: Vec<usize> = self.reads().into_iter().filter(|&it| up_to(it)).collect();
        let is_seen = |write: usize| match guarantee {
            Guarantee::ReadYourWrites => self.session[write][read],
            Guarantee::MonotonicReads => reads.iter().any(|&it| it != read && self.saw[it] == Some(write)),
            Guarantee::MonotonicWrites => {
                reads.iter().filter_map(|&it| self.saw[it]).any(|later| self.session[write][later])
            }
            Guarantee::WritesFollowReads => {
                let follows = closed(relation(self.ops.len(), |one, other| {
                    let read_before = |&it: &usize| self.saw[it] == Some(one) && self.session[it][other];
                    self.ops[other].write.is_some() && self.reads().iter().any(read_before)
                }));
                reads.iter().filter_map(|&it| self.saw[it]).any(|later| follows[write][later])
            }
        };
        self.writes().into_iter().filter(|&write| is_seen(write)).collect()
    }

    /// Whether each session has an order of the writes in which its reads find the last of what they must have seen.
    pub fn keeps(&self, guarantee: Guarantee, real_time: bool) -> bool {
        let before = closed(relation(self.ops.len(), |one, other| {
            let writes = self.ops[one].write.is_some() && self.ops[other].write.is_some();
            self.causal[one][other] || real_time && writes && self.in_real_time(one, other)
        }));
        if (0..self.ops.len()).any(|op| before[op][op]) {
            return false;
        }
        self.callers().iter().all(|&caller| {
            let reads: Vec<usize> =
                self.reads().into_iter().filter(|&it| self.ops[it].caller == caller).collect();
            let must_see: Vec<Vec<usize>> =
                reads.iter().map(|&read| self.must_see(guarantee, read)).collect();
            some_order(&self.writes(), &|one, other| before[one][other], &mut |order| {
                reads.iter().zip(&must_see).all(|(&read, must_see)| self.is_last(read, must_see, order))
            })
        })
    }

    /// One order for all, and every read finds the last of what is before it.
    pub fn is_causally_convergent(&self) -> bool {
        let past = |read: usize| {
            self.writes().into_iter().filter(|&write| self.causal[write][read]).collect::<Vec<_>>()
        };
        let pasts: Vec<(usize, Vec<usize>)> =
            self.reads().into_iter().map(|read| (read, past(read))).collect();
        !self.is_circular()
            && some_order(&self.writes(), &|one, other| self.causal[one][other], &mut |order| {
                pasts.iter().all(|(read, past)| self.is_last(*read, past, order))
            })
    }

    /// For each session an order of all writes and its own reads.
    pub fn is_causal_memory(&self) -> bool {
        self.callers().iter().all(|&caller| {
            let items: Vec<usize> = (0..self.ops.len())
                .filter(|&op| self.ops[op].write.is_some() || self.ops[op].caller == caller)
                .collect();
            some_order(&items, &|one, other| self.causal[one][other], &mut |order| {
                self.reads_are_right(order)
            })
        })
    }

    /// Every read finds what was written last before it.
    fn reads_are_right(&self, order: &[usize]) -> bool {
        let mut store: BTreeMap<&str, usize> = BTreeMap::new();
        order.iter().all(|&op| {
            let it = &self.ops[op];
            if it.write.is_some() {
                store.insert(&it.key, op);
                return true;
            }
            store.get(it.key.as_str()).copied() == self.saw[op]
        })
    }

    /// How stale the reads are, each by the best order of the writes that real time allows: for each read, whether an order
    /// exists in which at most so many writes that had ended `age` before it come after what it found.
    pub fn is_stale_at_most(&self, age: Duration, versions: usize) -> bool {
        self.reads().into_iter().all(|read| {
            let it = &self.ops[read];
            let of_key: Vec<usize> =
                self.writes().into_iter().filter(|&write| self.ops[write].key == it.key).collect();
            let comes_later = self.saw[read].is_some_and(|write| it.told < Some(self.ops[write].asked));
            let missed = |order: &[usize]| {
                let after =
                    order.iter().position(|&write| Some(write) == self.saw[read]).map_or(0, |at| at + 1);
                let had_ended =
                    |&&write: &&usize| self.ops[write].told.is_some_and(|told| told + age < it.asked);
                order[after..].iter().filter(had_ended).count()
            };
            !comes_later
                && some_order(&of_key, &|one, other| self.in_real_time(one, other), &mut |order| {
                    missed(order) <= versions
                })
        })
    }

    /// For each key some result that all reads find which were asked for later than `within` after each write.
    pub fn converges(&self, within: Duration) -> bool {
        let is_over = |write: usize, read: usize| {
            let long_before = |end: Time| end + within < self.ops[read].asked;
            match self.ops[write].told {
                Some(told) => long_before(told),
                None => self
                    .reads()
                    .iter()
                    .any(|&it| self.saw[it] == Some(write) && self.ops[it].told.is_some_and(long_before)),
            }
        };
        let of_key = |op: usize, key: &str| self.ops[op].key == key;
        ["x", "y", "z"].iter().all(|key| {
            let writes: Vec<usize> = self.writes().into_iter().filter(|&it| of_key(it, key)).collect();
            let is_late =
                |&read: &usize| of_key(read, key) && writes.iter().all(|&write| is_over(write, read));
            let late: Vec<usize> = self.reads().into_iter().filter(is_late).collect();
            let mut results: Vec<Option<usize>> = writes.iter().map(|&write| Some(write)).collect();
            if writes.is_empty() {
                results.push(None);
            }
            late.is_empty() || results.iter().any(|result| late.iter().all(|&read| self.saw[read] == *result))
        })
    }
}

/// Whether one order of all that was answered, and of anything else, agrees with the callers' orders and the answers.
pub fn is_sequential(history: &Store) -> bool {
    let ops = happened(history);
    fn extend(ops: &[Op], placed: &mut Vec<usize>, store: &BTreeMap<String, Value>) -> bool {
        let left = |op: &usize| !placed.contains(op);
        if (0..ops.len()).filter(left).all(|op| ops[op].told.is_none()) {
            return true;
        }
        for next in (0..ops.len()).filter(left).collect::<Vec<_>>() {
            if (0..ops.len()).any(|op| !placed.contains(&op) && in_session(ops, op, next)) {
                continue;
            }
            let mut store = store.clone();
            match &ops[next].write {
                Some(value) => drop(store.insert(ops[next].key.clone(), value.clone())),
                None if store.get(&ops[next].key) != ops[next].found.as_ref() => continue,
                None => {}
            }
            placed.push(next);
            let found = extend(ops, placed, &store);
            placed.pop();
            if found {
                return true;
            }
        }
        false
    }
    extend(&ops, &mut Vec::new(), &BTreeMap::new())
}
