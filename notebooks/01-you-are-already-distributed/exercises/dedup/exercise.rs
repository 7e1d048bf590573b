//! `dedup`: a payment service that takes money once for each key, whatever the network and crashes do, and that forgets in time.

use std::collections::BTreeMap;

use netsplit::grade::{Case, Exercise, Rule, Submitted};
use netsplit::{Call, Cluster, Duration, Outcome, Traffic, mins, ms, secs};

use super::given::*;

/// The service, as tests hold it.
pub type Service = Cluster<Submitted<Payment, Answer>>;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("dedup", "Once for each key", 25.0, Rule::SafetyGate)
        .service("Payments", "Payment", "Answer")
        .without(["DedupTable", "idempotency"])
        .budgets(netsplit::grade::Budgets { processor_seconds: 5, memory: 24 << 20, steps: 400_000 })
        .visible("two payments", 1, two_payments)
        .visible("the answer is lost", 2, lost_answer)
        .visible("a crash between two attempts", 3, crash_between)
        .visible("eleven minutes later", 4, too_late)
}

/// A service in a world, and what was asked of it.
pub struct Scene<'c> {
    pub case: &'c mut Case,
    pub service: Service,
    /// What is asked for once more in the end.
    payments: Vec<Payment>,
    /// The line of the ledger that each key may have.
    lines: BTreeMap<u64, String>,
    calls: Vec<(Payment, Call<Submitted<Payment, Answer>>)>,
}

impl<'c> Scene<'c> {
    /// A service of which nothing was asked yet. Its disk takes `sync` to make something durable.
    pub fn new(case: &'c mut Case, sync: Duration) -> Scene<'c> {
        case.lab().set_sync_time(sync);
        let service = case.submitted::<Payment, Answer>("Payments").start(1);
        Scene { case, service, payments: Vec::new(), lines: BTreeMap::new(), calls: Vec::new() }
    }

    /// A new wish, with a key of its own, made now. Nothing is sent.
    pub fn wish(&mut self, memo: &str) -> Payment {
        let payment = self.passing_wish(memo);
        self.payments.push(payment.clone());
        payment
    }

    /// The same, and it is not repeated in the end.
    pub fn passing_wish(&mut self, memo: &str) -> Payment {
        let key = self.case.random().below(90) * 10_000 + self.lines.len() as u64;
        let cents = 1 + self.case.random().below(9_999);
        let payment = Payment { key, made: self.case.lab().now(), cents, memo: memo.to_owned() };
        self.lines.insert(key, payment.line());
        payment
    }

    /// Sends an attempt, by a client of its own.
    pub fn attempt(&mut self, payment: &Payment) {
        let client = self.service.client_of(0).with_deadline(secs(30));
        self.calls.push((payment.clone(), client.call(payment.clone())));
    }

    /// Time passes.
    pub fn wait(&mut self, time: Duration) {
        self.case.lab().run_for(time);
    }

    /// Crashes the service, if it is up, and starts it again.
    pub fn crash_and_restart(&mut self) {
        if self.service.is_up(0) {
            self.service.crash(0);
        }
        self.wait(ms(20));
        self.service.restart(0);
        self.wait(ms(50));
    }

    /// In calm weather, each payment is asked for once more, and must get its receipt, whatever went before. Then everything that was
    /// told is compared with the ledger, as a power cut leaves it.
    pub fn close(mut self) {
        let asked = self.payments.clone();
        for payment in &asked {
            self.attempt(payment);
            self.wait(secs(2));
        }
        // The calls of an operation and what was told: only the last ones count here.
        let last = self.calls.iter().skip(self.calls.len() - asked.len());
        let (mut unpaid, mut untold, mut is_late) = (Vec::new(), Vec::new(), false);
        for (payment, call) in last {
            let outcome = call.outcome();
            // It came two seconds ago at the latest, and no wish is made within two seconds of its end.
            let late = call.returned().unwrap_or(self.case.lab().now()) - payment.made > KEPT;
            is_late |= late;
            match (late, &outcome) {
                (false, Some(Outcome::Ok(Answer::Paid { .. })))
                | (true, Some(Outcome::Ok(Answer::TooLate))) => {}
                (false, told) => unpaid.push(format!("key {} was told {}", payment.key, words(told))),
                (true, told) => untold.push(format!("key {} was told {}", payment.key, words(told))),
            }
        }
        self.case.liveness("a payment that is repeated in time gets its receipt", all_well(unpaid));
        if is_late {
            self.case.liveness("a payment that is repeated too late is told so", all_well(untold));
        }
        let is_up = self.service.is_up(0);
        if is_up {
            self.service.crash(0);
        }
        let up = if is_up { Ok(()) } else { Err("it is down, and nobody has crashed it".to_owned()) };
        self.case.safety("the service lives on, within its memory", up);
        self.judge();
    }

    /// What was told, against what a power cut has left of the ledger.
    fn judge(&mut self) {
        let ledger = self.service.read_disk(0, "ledger").unwrap_or_default();
        let ledger = String::from_utf8_lossy(&ledger).into_owned();
        let lines: Vec<&str> = ledger.lines().collect();
        let mut wrong = Vec::new();
        let mut seen: BTreeMap<u64, usize> = BTreeMap::new();
        for (line, number) in lines.iter().zip(1..) {
            match read_line(line) {
                Some((key, ..)) if self.lines.get(&key).is_some_and(|own| own.trim_end() == *line) => {
                    *seen.entry(key).or_default() += 1;
                }
                _ => wrong
                    .push(format!("line {number} of the ledger, {line:?}, is no payment that was asked for")),
            }
        }
        self.case.safety("only what was asked for is in the ledger", all_well(wrong));
        let twice = seen.iter().filter(|(_, times)| **times > 1);
        let twice = twice.map(|(key, times)| format!("key {key} was charged {times} times")).collect();
        self.case.safety("no key is charged twice", all_well(twice));
        let mut broken = Vec::new();
        for (payment, call) in &self.calls {
            let Some(Outcome::Ok(Answer::Paid { line, memo })) = call.outcome() else { continue };
            let own = payment.line();
            let charged = (line as usize).checked_sub(1).and_then(|place| lines.get(place).copied());
            if charged != Some(own.trim_end()) || memo != payment.memo {
                broken.push(format!(
                    "key {} was told line {line} of the ledger, which is {charged:?}",
                    payment.key
                ));
            }
        }
        self.case.safety("a receipt names its own line, which a crash does not take away", all_well(broken));
        let history = self.service.history();
        let late = history.iter().filter(|operation| !operation.served.is_empty());
        let mut hasty = late.filter(|operation| {
            matches!(operation.outcome, Some(Outcome::Ok(Answer::TooLate)))
                && operation.served.iter().all(|at| *at - operation.request.made <= KEPT)
        });
        self.case.safety("nobody who comes in time is told that it is too late", hasty.next().is_none());
    }
}

/// What somebody was told, in a sentence.
fn words<T: std::fmt::Debug>(told: &Option<T>) -> String {
    told.as_ref().map_or("nothing".to_owned(), |told| format!("{told:?}"))
}

fn all_well(complaints: Vec<String>) -> Result<(), String> {
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("; ")) }
}

/// Two wishes, each asked for once.
pub fn two_payments(case: &mut Case) {
    let mut scene = Scene::new(case, ms(5));
    for memo in ["coffee", "cake"] {
        let payment = scene.wish(memo);
        scene.attempt(&payment);
        scene.wait(secs(1));
    }
    scene.close();
}

/// The answer to the first attempt is lost.
pub fn lost_answer(case: &mut Case) {
    let mut scene = Scene::new(case, ms(5));
    let (coffee, cake) = (scene.wish("coffee"), scene.wish("cake"));
    scene.case.lab().lose_next(1, Traffic::all().replies());
    scene.attempt(&coffee);
    scene.wait(secs(2));
    scene.attempt(&coffee);
    scene.attempt(&cake);
    scene.wait(secs(2));
    scene.close();
}

/// The service crashes and begins again between two attempts; the second crash finds two payments in its ledger.
pub fn crash_between(case: &mut Case) {
    let mut scene = Scene::new(case, ms(5));
    for memo in ["coffee", "cake"] {
        let payment = scene.wish(memo);
        scene.attempt(&payment);
        scene.wait(secs(1));
        scene.crash_and_restart();
        scene.attempt(&payment);
        scene.wait(secs(1));
    }
    scene.close();
}

/// A payment is repeated after nine minutes, and after eleven.
pub fn too_late(case: &mut Case) {
    let mut scene = Scene::new(case, ms(5));
    let payment = scene.wish("coffee");
    scene.attempt(&payment);
    scene.wait(mins(9));
    scene.attempt(&payment);
    scene.wait(mins(2));
    scene.close();
}
