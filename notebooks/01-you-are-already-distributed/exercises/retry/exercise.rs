//! `retry`: a till that asks the bank as often as it must, and tells the truth about what came of it.

use netsplit::grade::{Case, Exercise, Rule, Submitted};
use netsplit::{Call, Cluster, Duration, NodeId, Outcome, Time, Traffic, ms, secs};

use super::given::*;

/// The till, as tests hold it.
pub type Till = Cluster<Submitted<Purchase, TillAnswer>>;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("retry", "Ask again, and tell the truth", 20.0, Rule::SafetyGate)
        .service("Till", "Purchase", "TillAnswer")
        .calls(["CardBank"])
        .made_by("Till::new(::netsplit::Address::new(setup))", "::netsplit::NodeId")
        .visible("a good day", 1, good_day)
        .visible("the first answer of the bank is lost", 2, lost_answer)
        .visible("the bank is cut off", 3, |case| cut_off(case, false))
        .visible("the bank is busy at first", 4, busy_at_first)
}

/// A till, its bank, and what was wished.
pub struct Scene<'c> {
    pub case: &'c mut Case,
    pub bank: Cluster<CardBank>,
    pub till: Till,
    wishes: Vec<Wished>,
}

struct Wished {
    wish: Purchase,
    call: Call<Submitted<Purchase, TillAnswer>>,
    at: Time,
    /// Whether the bank can be reached for so long that everybody learns what it says.
    is_easy: bool,
}

impl<'c> Scene<'c> {
    /// A till whose bank is busy at these times: seconds after the beginning.
    pub fn new(case: &'c mut Case, busy: &[(i64, i64)]) -> Scene<'c> {
        let at = |second: &i64| Time::ZERO + secs(*second);
        let busy: Vec<(Time, Time)> = busy.iter().map(|(from, to)| (at(from), at(to))).collect();
        let bank =
            case.lab().cluster("bank", 1, move |_| CardBank { busy: busy.clone(), ..CardBank::default() });
        let address: NodeId = bank.id(0);
        let till = case.submitted::<Purchase, TillAnswer>("Till").setup(address).calling(&bank).start(1);
        Scene { case, bank, till, wishes: Vec::new() }
    }

    /// Somebody wishes to pay. `is_easy`: there are three seconds in a row, of the ten, in which the bank answers at once.
    pub fn wish(&mut self, is_easy: bool) {
        let cents = 1 + self.case.random().below(LIMIT);
        self.wish_of(cents, is_easy);
    }

    /// The same, of so much.
    pub fn wish_of(&mut self, cents: u64, is_easy: bool) {
        let key = self.case.random().below(90) * 100 + self.wishes.len() as u64;
        let (wish, client) = (Purchase { key, cents }, self.till.client_of(0));
        let call = client.call(wish.clone());
        self.wishes.push(Wished { wish, call, at: self.case.lab().now(), is_easy });
    }

    /// Time passes.
    pub fn wait(&mut self, time: Duration) {
        self.case.lab().run_for(time);
    }

    /// Everything heals and comes to rest; then what was told is compared with the bank's book.
    pub fn close(mut self) {
        self.wait(PATIENCE + secs(1));
        self.case.lab().heal_all();
        self.wait(secs(60));
        let taken = self.bank.node(0).taken;
        let (mut lies, mut late, mut vague, mut twice) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for wished in &self.wishes {
            let Wished { wish, call, at, is_easy } = wished;
            let booked = taken.get(&wish.key).copied();
            let told = call.outcome().and_then(Outcome::ok);
            match (&told, booked) {
                (Some(TillAnswer::Paid { receipt }), Some((own, _))) if *receipt == own => {}
                (Some(TillAnswer::NotPaid), None) | (Some(TillAnswer::Unknown) | None, _) => {}
                (Some(told), booked) => {
                    let booked =
                        booked.map_or("nothing".to_owned(), |(receipt, _)| format!("receipt {receipt}"));
                    lies.push(format!("key {} was told {told:?}, the bank's book has {booked}", wish.key));
                }
            }
            if told.is_none() || call.returned().is_none_or(|then| then - *at > PATIENCE + ms(100)) {
                let when = call
                    .returned()
                    .map_or("nothing".to_owned(), |then| format!("something after {}", then - *at));
                late.push(format!("key {} was told {when}", wish.key));
            }
            if *is_easy && matches!(told, Some(TillAnswer::Unknown)) {
                vague.push(format!("key {} was told Unknown, and the bank could have been asked", wish.key));
            }
        }
        for (key, (_, cents)) in &taken {
            if !self.wishes.iter().any(|it| it.wish.key == *key && it.wish.cents == *cents) {
                twice.push(format!("the bank took {cents} cents under key {key}, which nobody wished"));
            }
        }
        self.case.safety("nobody is told what is not so", all_well(lies));
        self.case.safety("the bank takes what was wished, once", all_well(twice));
        self.case.liveness("everybody is told something in time", all_well(late));
        self.case.liveness("who could have been told what happened is told", all_well(vague));
    }
}

fn all_well(complaints: Vec<String>) -> Result<(), String> {
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("; ")) }
}

/// Three wishes, and one that is above the limit.
pub fn good_day(case: &mut Case) {
    let mut scene = Scene::new(case, &[]);
    for _ in 0..3 {
        scene.wish(true);
        scene.wait(ms(300));
    }
    scene.wish_of(LIMIT + 1, true);
    scene.close();
}

/// The bank takes the money, and its answer is lost.
pub fn lost_answer(case: &mut Case) {
    let mut scene = Scene::new(case, &[]);
    scene.case.lab().lose_next(1, Traffic::all().from(scene.bank.all()).replies());
    scene.wish(true);
    scene.close();
}

/// Nothing passes between till and bank: from the first request on, or from the first answer on.
pub fn cut_off(case: &mut Case, after_the_request: bool) {
    let mut scene = Scene::new(case, &[]);
    if after_the_request {
        scene.case.lab().cut_one_way(scene.bank.all(), scene.till.all());
    } else {
        scene.case.lab().partition([scene.bank.all(), scene.till.all()]);
    }
    scene.wish(false);
    scene.close();
}

/// The bank refuses for two seconds.
pub fn busy_at_first(case: &mut Case) {
    let mut scene = Scene::new(case, &[(0, 2)]);
    scene.wish(true);
    scene.close();
}
