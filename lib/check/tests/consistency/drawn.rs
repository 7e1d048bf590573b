//! Small histories of a key-value store: drawn, with replicas that lag behind and some answers that are nonsense; and
//! intricate ones, changed a little.

use std::collections::BTreeMap;

use netsplit_check::by_hand;
use netsplit_node::{
    CallId, History, KeyValueRequest, KeyValueResponse, NodeId, Operation, Outcome, Random, Time, ns,
};

pub type Store = History<KeyValueRequest, KeyValueResponse>;

/// What a store can be like.
#[derive(Clone, Copy)]
pub struct Shape {
    pub operations: u64,
    pub callers: u64,
    pub keys: u64,
    pub replicas: u64,
    /// Out of ten operations, so many that are open, and so many that failed.
    pub open: u64,
    pub failed: u64,
    /// The chance that a read finds anything.
    pub nonsense: f64,
    /// Callers may ask before they have their answer.
    pub overlaps: bool,
    /// Operations may begin and end in one instant.
    pub ties: bool,
}

impl Shape {
    /// A small one of any kind.
    pub fn any(random: &mut Random) -> Shape {
        Shape {
            operations: 3 + random.below(8),
            callers: 1 + random.below(4).min(2),
            keys: 1 + random.below(2),
            replicas: 1 + random.below(3).max(random.below(3)),
            open: random.below(3),
            failed: u64::from(random.chance(0.2)),
            nonsense: [0.0, 0.3, 0.7][random.below(3) as usize],
            overlaps: random.chance(0.2),
            ties: true,
        }
    }
}

/// How many histories a comparison draws, and their seed.
pub fn count_and_seed(count: u64) -> (u64, u64) {
    let setting = |name: &str| std::env::var(name).ok().and_then(|value| value.parse().ok());
    (setting("NETSPLIT_LONG").unwrap_or(count), setting("NETSPLIT_SEED").unwrap_or(20_261_121))
}

/// A history in which every write has a value of its own.
pub fn history(shape: Shape, random: &mut Random) -> Store {
    let mut free = vec![0_u64; shape.callers as usize];
    let mut operations = Vec::new();
    let mut moment = 10;
    for call in 0..shape.operations {
        let caller = random.below(shape.callers) as usize;
        moment = (moment + random.below(3)).max(free[caller]);
        let earliest = if shape.overlaps { 0 } else { free[caller] };
        let asked = moment - random.below(4).min(moment - earliest);
        let told = moment + random.below(4);
        let key = ["x", "y"][random.below(shape.keys) as usize].to_owned();
        let request = match random.below(5) {
            0..3 => KeyValueRequest::Get { key },
            _ => KeyValueRequest::Put { key, value: (call as i64).into() },
        };
        let kind = random.below(10);
        let outcome = if kind < shape.open {
            random.chance(0.5).then_some(Outcome::Unknown)
        } else if kind >= 10 - shape.failed {
            Some(Outcome::Fail("refused".to_owned()))
        } else {
            Some(Outcome::Ok(KeyValueResponse::Stored))
        };
        free[caller] = if outcome.is_none() { moment + 1000 } else { told + u64::from(!shape.ties) };
        // Without ties, calls are at even and returns at odd instants.
        let at = |instant: u64, odd: u64| {
            Time::ZERO + ns(if shape.ties { instant } else { 2 * instant + odd } as i64)
        };
        operations.push(Operation {
            call: CallId(call),
            caller: NodeId(caller as u32),
            caller_name: ["ann", "bob", "cyd"][caller].to_owned(),
            request,
            invoked: at(asked, 0),
            returned: outcome.is_some().then(|| at(told, 1)),
            outcome,
            served: Vec::new(),
        });
    }
    answer_reads(&mut operations, shape, random);
    operations.sort_by_key(|operation| (operation.invoked, operation.call));
    for (number, operation) in (0..).zip(&mut operations) {
        operation.call = CallId(number);
    }
    History { service: "store".to_owned(), seed: None, operations, disturbances: vec![] }
}

/// Operations take effect in the order in which they were drawn, each at one replica; others hear of a write later, in any order, or never.
fn answer_reads(
    operations: &mut [Operation<KeyValueRequest, KeyValueResponse>],
    shape: Shape,
    random: &mut Random,
) {
    let mut replicas = vec![BTreeMap::new(); shape.replicas as usize];
    let mut under_way: Vec<(usize, String, _)> = Vec::new();
    let values: Vec<_> = operations
        .iter()
        .filter_map(|operation| match &operation.request {
            KeyValueRequest::Put { key, value } => Some((key.clone(), value.clone())),
            KeyValueRequest::Get { .. } => None,
        })
        .collect();
    let any_of = |wanted: &str, random: &mut Random| {
        let of_key: Vec<_> = values.iter().filter(|(key, _)| key == wanted).collect();
        random.pick(&of_key).map(|(_, value)| value.clone())
    };
    for operation in operations {
        while !under_way.is_empty() && random.chance(0.5) {
            let (replica, key, value) = under_way.remove(random.below(under_way.len() as u64) as usize);
            replicas[replica].insert(key, value);
        }
        let at = random.below(shape.replicas) as usize;
        let answer = match &operation.request {
            KeyValueRequest::Put { key, value } => {
                let failed = matches!(operation.outcome, Some(Outcome::Fail(_)));
                let is_open = matches!(operation.outcome, Some(Outcome::Unknown) | None);
                if !failed && (!is_open || random.chance(0.7)) {
                    replicas[at].insert(key.clone(), value.clone());
                    let others = (0..replicas.len()).filter(|&replica| replica != at);
                    under_way.extend(others.map(|replica| (replica, key.clone(), value.clone())));
                }
                continue;
            }
            KeyValueRequest::Get { key } if random.chance(shape.nonsense) => {
                random.chance(0.8).then(|| any_of(key, random)).flatten()
            }
            KeyValueRequest::Get { key } => replicas[at].get(key).cloned(),
        };
        if let Some(Outcome::Ok(response)) = &mut operation.outcome {
            *response = KeyValueResponse::Value(answer);
        }
    }
}

/// Operations that follow one another: `ann wx1` writes, `bob rx1` reads, `bob rx` finds nothing; each takes its own millisecond.
pub fn in_turn(text: &str) -> Store {
    let mut history = by_hand("store");
    for (at, operation) in text.split(", ").enumerate() {
        let (caller, deed) = operation.split_once(' ').expect("a caller and a deed");
        let (kind, key, value) = (&deed[..1], deed[1..2].to_owned(), deed[2..].parse::<i32>().ok());
        let during = 2 * at as u32..2 * at as u32 + 1;
        history = match (kind, value) {
            ("w", Some(value)) => {
                let put = KeyValueRequest::Put { key, value: value.into() };
                history.ok(caller, during, put, KeyValueResponse::Stored)
            }
            _ => {
                let get = KeyValueRequest::Get { key };
                history.ok(caller, during, get, KeyValueResponse::Value(value.map(Into::into)))
            }
        };
    }
    history.history()
}

/// One of these texts, its parts in another order, done by others, or with other answers: up to three changes.
pub fn changed_a_little(texts: &[&str], random: &mut Random) -> Store {
    let text = random.pick(texts).expect("there are some");
    let mut parts: Vec<String> = text.split(", ").map(str::to_owned).collect();
    let writes: Vec<String> = parts.iter().filter(|part| &part[4..5] == "w").cloned().collect();
    for _ in 0..random.below(4) {
        let at = random.below(parts.len() as u64) as usize;
        let (caller, deed) = (parts[at][..3].to_owned(), parts[at][4..].to_owned());
        match random.below(4) {
            0 if at > 0 => parts.swap(at - 1, at),
            1 if &deed[..1] == "r" => {
                let of_key: Vec<&str> =
                    writes.iter().map(|it| &it[5..]).filter(|it| it[..1] == deed[1..2]).collect();
                let nothing = &deed[1..2];
                let found = random.pick(&of_key).copied().filter(|_| random.chance(0.8)).unwrap_or(nothing);
                parts[at] = format!("{caller} r{found}");
            }
            2 => {
                parts[at] =
                    format!("{} {deed}", random.pick(&["ann", "bob", "cyd"]).expect("there are three"))
            }
            3 if &deed[..1] == "r" => {
                let again = parts[at].clone();
                parts.insert(random.below(parts.len() as u64 + 1) as usize, again);
            }
            _ => {}
        }
    }
    in_turn(&parts.join(", "))
}
