//! Small random histories of every specification: right ones, slightly wrong ones, and nonsense.

use netsplit_check::spec::*;
use netsplit_node::{
    CallId, History, KeyValueRequest, KeyValueResponse, NodeId, Operation, Outcome, Random, Time, Value, ns,
};

/// The requests of a specification, and the responses to them, each at random from a few.
pub struct Words<S: Specification> {
    pub specification: S,
    pub request: fn(&mut Random) -> S::Request,
    pub response: fn(&mut Random, &S::Request) -> S::Response,
}

/// How much of what can happen to a client happens.
#[derive(Clone, Copy)]
pub struct Shape {
    pub operations: u64,
    pub callers: u64,
    /// Out of ten operations, so many that are open, and so many that failed.
    pub open: u64,
    pub failed: u64,
}

/// A history whose operations took effect one after the other within their intervals, as far as `faithful` (a chance) goes; the other
/// responses are drawn.
pub fn random_history<S: Specification>(
    words: &Words<S>,
    shape: Shape,
    faithful: f64,
    random: &mut Random,
) -> History<S::Request, S::Response> {
    // Each operation takes effect at a moment of its own; its call and return lie around it, and may fall on those of others.
    let mut state = words.specification.init();
    let mut free = vec![0_u64; shape.callers as usize];
    let mut operations = Vec::new();
    let mut moment = 0;
    let overlaps = random.chance(0.2);
    for call in 0..shape.operations {
        let caller = random.below(shape.callers) as usize;
        moment += random.below(3);
        moment = moment.max(free[caller]);
        let earliest = if overlaps { 0 } else { free[caller] };
        let invoked = moment - random.below(4).min(moment - earliest);
        let returned = moment + random.below(4);
        let request = (words.request)(random);
        let kind = random.below(10);
        let (is_open, failed) = (kind < shape.open, kind >= 10 - shape.failed);
        let response = respond(words, &state, &request, random.chance(faithful), random);
        let takes_effect = !failed && (!is_open || random.chance(0.5));
        if takes_effect && let Some(next) = words.specification.step(&state, &request, response.as_ref()) {
            state = next;
        }
        let outcome = match response {
            _ if failed => Some(Outcome::Fail("refused".to_owned())),
            Some(response) if !is_open => Some(Outcome::Ok(response)),
            _ if random.chance(0.5) => Some(Outcome::Unknown),
            _ => None,
        };
        // Who still waits asks nothing more, unless requests overlap.
        free[caller] = if outcome.is_none() { moment + 1000 } else { returned };
        operations.push(Operation {
            call: CallId(call),
            caller: NodeId(caller as u32),
            caller_name: format!("client {caller}"),
            request,
            invoked: Time::ZERO + ns(invoked as i64),
            returned: outcome.as_ref().map(|_| Time::ZERO + ns(returned as i64)),
            outcome,
            served: Vec::new(),
        });
    }
    operations.sort_by_key(|operation| (operation.invoked, operation.call));
    for (number, operation) in (0..).zip(&mut operations) {
        operation.call = CallId(number);
    }
    History { service: "service".to_owned(), seed: None, operations, disturbances: Vec::new() }
}

/// A response that fits the state, if one of a few draws does, or any.
fn respond<S: Specification>(
    words: &Words<S>,
    state: &S::State,
    request: &S::Request,
    faithful: bool,
    random: &mut Random,
) -> Option<S::Response> {
    let mut drawn = (words.response)(random, request);
    for _ in 0..40 {
        if !faithful || words.specification.step(state, request, Some(&drawn)).is_some() {
            break;
        }
        drawn = (words.response)(random, request);
    }
    Some(drawn)
}

fn small(random: &mut Random) -> Value {
    Value::from(random.below(3) as i64)
}

fn perhaps(random: &mut Random) -> Option<Value> {
    random.chance(0.7).then(|| small(random))
}

pub fn register() -> Words<Register> {
    Words {
        specification: Register,
        request: |random| match random.below(2) {
            0 => RegisterRequest::Read,
            _ => RegisterRequest::Write(small(random)),
        },
        response: |random, request| match request {
            RegisterRequest::Read => RegisterResponse::Value(perhaps(random)),
            RegisterRequest::Write(_) => RegisterResponse::Written,
        },
    }
}

pub fn cas_register() -> Words<CasRegister> {
    Words {
        specification: CasRegister,
        request: |random| match random.below(4) {
            0 => CasRequest::Read,
            1 => CasRequest::Write(small(random)),
            _ => CasRequest::CompareAndSet { expected: perhaps(random), new: perhaps(random) },
        },
        response: |random, request| match request {
            CasRequest::Read => CasResponse::Value(perhaps(random)),
            CasRequest::Write(_) => CasResponse::Written,
            CasRequest::CompareAndSet { .. } => CasResponse::Swapped(random.chance(0.5)),
        },
    }
}

pub fn key_value() -> Words<KeyValue> {
    Words {
        specification: KeyValue,
        request: |random| {
            let key = ["x", "y"][random.below(2) as usize].to_owned();
            match random.below(2) {
                0 => KeyValueRequest::Get { key },
                _ => KeyValueRequest::Put { key, value: small(random) },
            }
        },
        response: |random, request| match request {
            KeyValueRequest::Get { .. } => KeyValueResponse::Value(perhaps(random)),
            KeyValueRequest::Put { .. } => KeyValueResponse::Stored,
        },
    }
}

pub fn append_store() -> Words<AppendStore> {
    Words {
        specification: AppendStore,
        request: |random| {
            let key = ["x", "y"][random.below(2) as usize].to_owned();
            let text = ["a", "b"][random.below(2) as usize].to_owned();
            match random.below(5) {
                0 | 1 => AppendRequest::Get { key },
                2 => AppendRequest::Put { key, text },
                _ => AppendRequest::Append { key, text },
            }
        },
        response: |random, request| match request {
            AppendRequest::Get { .. } => {
                let length = random.below(3);
                let letters = (0..length).map(|_| ["a", "b"][random.below(2) as usize]);
                AppendResponse::Text(letters.collect())
            }
            _ => AppendResponse::Stored,
        },
    }
}

pub fn set() -> Words<Set> {
    Words {
        specification: Set,
        request: |random| match random.below(8) {
            0..3 => SetRequest::Add(small(random)),
            3..5 => SetRequest::Remove(small(random)),
            5..7 => SetRequest::Contains(small(random)),
            _ => SetRequest::Members,
        },
        response: |random, request| match request {
            SetRequest::Add(_) | SetRequest::Remove(_) => SetResponse::Changed(random.chance(0.5)),
            SetRequest::Contains(_) => SetResponse::Contained(random.chance(0.5)),
            SetRequest::Members => {
                SetResponse::Members((0..3).filter(|_| random.chance(0.5)).map(|it: i64| it.into()).collect())
            }
        },
    }
}

pub fn queue() -> Words<Queue> {
    Words {
        specification: Queue,
        request: |random| match random.below(2) {
            0 => QueueRequest::Dequeue,
            _ => QueueRequest::Enqueue(small(random)),
        },
        response: |random, request| match request {
            QueueRequest::Dequeue => QueueResponse::Dequeued(perhaps(random)),
            QueueRequest::Enqueue(_) => QueueResponse::Enqueued,
        },
    }
}

pub fn counter() -> Words<Counter> {
    Words {
        specification: Counter,
        request: |random| match random.below(2) {
            0 => CounterRequest::Read,
            _ => CounterRequest::Add(random.below(3) as i64 - 1),
        },
        response: |random, request| match request {
            CounterRequest::Add(_) if random.chance(0.7) => CounterResponse::Added,
            _ => CounterResponse::Count(random.below(4) as i64 - 1),
        },
    }
}

pub fn lock() -> Words<Lock> {
    Words {
        specification: Lock,
        request: |random| {
            let owner = ["ann", "bob"][random.below(2) as usize].to_owned();
            if random.chance(0.5) { LockRequest::Acquire { owner } } else { LockRequest::Release { owner } }
        },
        response: |random, request| match request {
            _ if random.chance(0.4) => LockResponse::Refused,
            LockRequest::Acquire { .. } => LockResponse::Granted,
            LockRequest::Release { .. } => LockResponse::Released,
        },
    }
}

pub fn bank() -> Words<Bank> {
    Words {
        specification: Bank::new([("ann", 2), ("bob", 0)]),
        request: |random| {
            let (from, to) = if random.chance(0.6) { ("ann", "bob") } else { ("bob", "ann") };
            let amount = random.below(2) as i64 + 1;
            match random.below(3) {
                0 => BankRequest::Balances,
                _ => BankRequest::Transfer { from: from.to_owned(), to: to.to_owned(), amount },
            }
        },
        response: |random, request| match request {
            BankRequest::Transfer { .. } if random.chance(0.7) => BankResponse::Transferred,
            BankRequest::Transfer { .. } => BankResponse::Refused,
            BankRequest::Balances => {
                let ann = random.below(3) as i64;
                BankResponse::balances([("ann", ann), ("bob", 2 - ann)])
            }
        },
    }
}

pub fn log() -> Words<Log> {
    Words {
        specification: Log,
        request: |random| match random.below(5) {
            0..3 => LogRequest::Append(small(random)),
            3 => LogRequest::Read(random.below(3)),
            _ => LogRequest::Length,
        },
        response: |random, request| match request {
            LogRequest::Append(_) => LogResponse::At(random.below(4)),
            LogRequest::Read(_) => LogResponse::Entry(perhaps(random)),
            LogRequest::Length => LogResponse::Length(random.below(4)),
        },
    }
}
