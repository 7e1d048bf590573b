//! `levels`: a shop in five copies, a cut, and for each endpoint how many copies must take part.

use std::collections::BTreeMap;

use netsplit::clocks::VersionVector;
use netsplit::grade::{Case, Exercise, Rule};
use netsplit::replication::Level;
use netsplit::replication::tunable_store::{Config, Policy, Request, Response, TunableStore, get, put};
use netsplit::{Client, Cluster, Lab, Outcome, Random, Value, ms, secs};

use super::given::*;

/// How many pieces there are at first.
const PIECES: i64 = 6;
/// How many requests come during the cut.
const DURING: usize = 60;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    // The measure is which share of the requests failed needlessly, below zero.
    let bars = vec![(-0.25, 0.5), (-0.1, 0.8), (-0.01, 1.0)];
    Exercise::new("levels", "A level for each endpoint", 20.0, Rule::Bars(bars))
        .function("copies_for", "Endpoint", "Copies")
        .visible("two copies and three", 1, |case| shop(case, &[2, 3]))
        .visible("one copy and four", 2, |case| shop(case, &[1, 4]))
        .visible("two, two and one", 3, |case| shop(case, &[2, 2, 1]))
}

/// The levels that lose the fewest requests and break nothing.
fn best(endpoint: Endpoint) -> Copies {
    match endpoint {
        Endpoint::Browse | Endpoint::AddToCart | Endpoint::LogIn => Copies::One,
        Endpoint::TakeFromStock => Copies::Majority,
        Endpoint::ChangePassword => Copies::All,
    }
}

/// What came of a day in the shop.
struct Day {
    failed: usize,
    sold: i64,
    old_passwords: usize,
    lost_items: usize,
}

/// Lets the same requests come to the answer's shop and to the best one, under the same cut.
pub fn shop(case: &mut Case, sides: &[usize]) {
    const ALL: [Endpoint; 5] = [
        Endpoint::Browse,
        Endpoint::AddToCart,
        Endpoint::TakeFromStock,
        Endpoint::LogIn,
        Endpoint::ChangePassword,
    ];
    let mut levels = Vec::new();
    for endpoint in ALL {
        let Some(copies) = case.evaluate::<Endpoint, Copies>("copies_for", &endpoint) else { return };
        levels.push((endpoint, copies));
    }
    let of_answer = |endpoint: Endpoint| {
        levels.iter().find(|(it, _)| *it == endpoint).map_or(Copies::One, |(_, copies)| *copies)
    };
    let (seed, requests) = (case.seed(), requests(case.random()));
    let day = Shop::new(case.lab().clone(), of_answer).day(&requests, sides);
    let best = Shop::new(Lab::new(seed), best).day(&requests, sides);
    let none = |count: usize, what: &str| if count == 0 { Ok(()) } else { Err(format!("{count} {what}")) };
    case.safety(
        "no piece is sold that was not there",
        none((day.sold - PIECES).max(0) as usize, "pieces too many"),
    );
    case.safety("no old password opens", none(day.old_passwords, "times somebody came in with an old one"));
    case.safety("no item is lost from a cart", none(day.lost_items, "items"));
    // What fails this reaches no bar; it is here to say the number.
    let needless = day.failed.saturating_sub(best.failed);
    let few = if needless * 4 <= DURING {
        Ok(())
    } else {
        Err(format!("{needless} of {DURING} failed needlessly"))
    };
    case.liveness("at most a quarter of the requests fails needlessly", few);
    case.measure(-(needless as f64 / DURING as f64));
}

/// Who asks for what: the copy, and the endpoint.
fn requests(random: &mut Random) -> Vec<(usize, Endpoint)> {
    let one = |_| {
        let endpoint = match random.below(100) {
            0..40 => Endpoint::Browse,
            40..65 => Endpoint::AddToCart,
            65..75 => Endpoint::TakeFromStock,
            75..95 => Endpoint::LogIn,
            _ => Endpoint::ChangePassword,
        };
        (random.below(5) as usize, endpoint)
    };
    let mut requests: Vec<(usize, Endpoint)> = (0..DURING).map(one).collect();
    // On every day somebody changes the password, people log in, and more is asked for than there is.
    for copy in 0..5 {
        let place = 4 * copy;
        requests[place] = (copy, Endpoint::ChangePassword);
        requests[place + 1] = ((copy + 2) % 5, Endpoint::LogIn);
        requests[place + 2] = (copy, Endpoint::TakeFromStock);
        requests[place + 3] = (copy, Endpoint::TakeFromStock);
    }
    requests
}

struct Shop<F> {
    lab: Lab,
    store: Cluster<TunableStore>,
    /// Of each copy one.
    clients: Vec<Client<TunableStore>>,
    copies_for: F,
    password: i64,
    items: Vec<String>,
    day: Day,
}

impl<F: Fn(Endpoint) -> Copies> Shop<F> {
    fn new(lab: Lab, copies_for: F) -> Shop<F> {
        let config = Config {
            policy: Policy::Serve,
            patience: ms(30),
            ask_again_every: ms(20),
            exchange_every: ms(300),
        };
        let store = lab.cluster("copy", 5, move |_id| TunableStore::new(config));
        let clients = (0..5).map(|copy| store.client_of(copy)).collect();
        let day = Day { failed: 0, sold: 0, old_passwords: 0, lost_items: 0 };
        Shop { lab, store, clients, copies_for, password: 1, items: Vec::new(), day }
    }

    fn day(mut self, requests: &[(usize, Endpoint)], sides: &[usize]) -> Day {
        for (key, value) in [("price", 350), ("stock", PIECES), ("password", 1)] {
            self.ask(0, put(key, value, VersionVector::default(), Level::All));
        }
        let mut first = 0;
        let group = |size: &usize| {
            first += size;
            self.store.nodes(first - size..first)
        };
        let groups: Vec<_> = sides.iter().map(group).collect();
        let cut = self.lab.partition(groups);
        for (copy, endpoint) in requests {
            let served = self.serve(*copy, *endpoint);
            self.day.failed += usize::from(served.is_none());
        }
        self.lab.heal(cut);
        self.lab.run_for(secs(5));
        let everywhere: BTreeMap<usize, _> = (0..5).map(|copy| (copy, self.store.node(copy))).collect();
        let is_lost = |item: &&String| everywhere.values().any(|it| !it.data().contains_key(*item));
        self.day.lost_items = self.items.iter().filter(is_lost).count();
        self.day
    }

    /// Nothing where the request failed.
    fn serve(&mut self, copy: usize, endpoint: Endpoint) -> Option<()> {
        let level = match (self.copies_for)(endpoint) {
            Copies::One => Level::One,
            Copies::Majority => Level::Quorum,
            Copies::All => Level::All,
        };
        match endpoint {
            Endpoint::Browse => drop(self.read(copy, "price", level)?),
            Endpoint::AddToCart => {
                let item = format!("item {}", self.items.len());
                self.ask(copy, put(&item, 1, VersionVector::default(), level))?;
                self.items.push(item);
            }
            Endpoint::TakeFromStock => {
                let (left, context) = self.read(copy, "stock", level)?;
                let left = left.into_iter().min().unwrap_or(0);
                if left > 0 {
                    self.ask(copy, put("stock", left - 1, context, level))?;
                    self.day.sold += 1;
                }
            }
            Endpoint::LogIn => {
                let (found, _) = self.read(copy, "password", level)?;
                self.day.old_passwords += usize::from(!found.contains(&self.password));
            }
            Endpoint::ChangePassword => {
                let (_, context) = self.read(copy, "password", level)?;
                self.ask(copy, put("password", self.password + 1, context, level))?;
                self.password += 1;
            }
        }
        Some(())
    }

    fn read(&self, copy: usize, key: &str, level: Level) -> Option<(Vec<i64>, VersionVector)> {
        let Response::Values { values, context } = self.ask(copy, get(key, level))? else { return None };
        let number = |value: Value| match value {
            Value::Number(number) => Some(number),
            Value::Text(_) => None,
        };
        Some((values.into_iter().filter_map(number).collect(), context))
    }

    fn ask(&self, copy: usize, request: Request) -> Option<Response> {
        let call = self.clients[copy].call(request);
        self.lab.run_for(ms(50));
        call.outcome().and_then(Outcome::ok)
    }
}
