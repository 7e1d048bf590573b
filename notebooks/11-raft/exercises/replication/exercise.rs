//! `replication`: what a client was told is stored stays stored, whoever leads. Servers may be cut off, and do not crash.

use std::collections::{BTreeMap, BTreeSet};

use netsplit::grade::{Case, Exercise, Rule, Submitted};
use netsplit::{
    Call, Check, Client, Cluster, Duration, Latency, NodeId, Outcome, Specification, Time, Traffic,
    linearizable, ms, secs,
};

use super::given::*;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("replication", "Replicate and commit", 25.0, Rule::SafetyGate)
        .service("Server", "Ask", "Told")
        .made_by("Server::new(setup)", "Vec<::netsplit::NodeId>")
        .without(["consensus"])
        .visible("three servers in calm", 1, |case| rough(case, 3, 0))
        .visible("the leader is cut off", 2, |case| rough(case, 3, 1))
        .visible("two troubles", 67, |case| rough(case, 3, 2))
        .visible("five servers", 4, |case| rough(case, 5, 3))
}

/// The servers, as tests hold them.
pub type Servers = Cluster<Submitted<Ask, Told>>;

/// So long after the last fault everything must work again.
const SOON: Duration = secs(2);

/// Servers in a world, and what they were asked and told.
pub struct Scene<'c> {
    pub case: &'c mut Case,
    pub servers: Servers,
    clients: Vec<Client<Submitted<Ask, Told>>>,
    /// Which server was asked for its status, when, and what it said.
    polls: Vec<(usize, Time, Call<Submitted<Ask, Told>>)>,
    /// What was wrong with the good that must come about.
    missing: Vec<String>,
    puts: u64,
    rules: Vec<netsplit::Rule>,
}

impl<'c> Scene<'c> {
    /// So many servers, of which the first `members` are the members.
    pub fn new(case: &'c mut Case, servers: usize, members: usize) -> Scene<'c> {
        case.lab().set_latency(Latency::Uniform(ms(1), ms(5)));
        case.lab().set_sync_time(ms(2));
        let members: Vec<NodeId> = (0..members as u32).map(NodeId).collect();
        let servers = case.submitted::<Ask, Told>("Server").setup(members).start(servers);
        let clients = (0..servers.size()).map(|index| servers.client_of(index).with_deadline(ms(600)));
        let clients = clients.collect();
        Scene { case, servers, clients, polls: Vec::new(), missing: Vec::new(), puts: 0, rules: Vec::new() }
    }

    /// Time passes; meanwhile the servers are asked for their status every so often.
    pub fn wait(&mut self, time: Duration) {
        let until = self.case.lab().now() + time;
        while self.case.lab().now() < until {
            self.poll();
            self.case.lab().run_for(ms(100).min(until - self.case.lab().now()));
        }
    }

    fn poll(&mut self) {
        for index in (0..self.servers.size()).filter(|it| self.servers.is_up(*it)) {
            let call = self.clients[index].call(Ask::Status);
            self.polls.push((index, self.case.lab().now(), call));
        }
    }

    /// Who said that it leads: when it was asked, which server, and the term.
    fn claims(&self) -> impl Iterator<Item = (Time, usize, Term)> {
        self.polls.iter().filter_map(|(index, at, call)| match call.outcome() {
            Some(Outcome::Ok(Told::Leads(term))) => Some((*at, *index, term)),
            _ => None,
        })
    }

    /// Who of these servers said last that it leads the highest term.
    pub fn leader(&mut self, among: &[usize]) -> Option<usize> {
        let since = self.case.lab().now() - ms(700);
        let recent = self.claims().filter(|(at, index, _)| *at > since && among.contains(index));
        recent.max_by_key(|(at, _, term)| (*term, *at)).map(|(_, index, _)| index)
    }

    /// All servers.
    pub fn all(&self) -> Vec<usize> {
        (0..self.servers.size()).collect()
    }

    /// Nothing passes between these servers and the others; clients reach all.
    pub fn cut_off(&mut self, some: &[usize]) -> netsplit::Cut {
        let others: Vec<usize> = self.all().into_iter().filter(|it| !some.contains(it)).collect();
        let groups = [self.servers.nodes(some.iter().copied()), self.servers.nodes(others)];
        self.case.lab().partition(groups)
    }

    /// Among servers messages are lost, doubled, late or out of order, until all is mended.
    pub fn bad_links(&mut self) {
        let kind = self.case.random().below(4);
        self.bad_links_of(kind);
    }

    /// The same, of one kind; 1 is doubled.
    pub fn bad_links_of(&mut self, kind: u64) {
        let all = self.servers.all();
        let among = Traffic::all().from(all.clone()).to(all);
        let lab = self.case.lab();
        self.rules.push(match kind {
            0 => lab.lose(0.2, among),
            1 => lab.duplicate(0.5, among),
            2 => lab.delay(ms(40), among),
            _ => lab.reorder(0.4, ms(120), among),
        });
    }

    /// All cuts heal, all rules end, all servers are up.
    pub fn mend(&mut self) {
        self.case.lab().heal_all();
        for rule in std::mem::take(&mut self.rules) {
            self.case.lab().remove_rule(rule);
        }
        for index in self.all() {
            if !self.servers.is_up(index) {
                self.servers.restart(index);
            }
        }
    }

    /// Somebody asks a server something, and does not wait.
    pub fn ask(&mut self, index: usize, ask: Ask) {
        if self.servers.is_up(index) {
            self.clients[index].call(ask);
        }
    }

    /// A put that nobody has made before, or a get.
    pub fn any_wish(&mut self, share_of_gets: f64) -> Ask {
        let key = self.case.random().below(3) as u8;
        if self.case.random().chance(share_of_gets) {
            return Ask::Get { key };
        }
        self.puts += 1;
        Ask::Put { key, value: self.puts }
    }

    /// A few wishes, one after the other, at whichever server, mostly at the one that leads.
    pub fn wishes(&mut self, count: u32) {
        for _ in 0..count {
            let all = self.all();
            let any = self.case.random().below(all.len() as u64) as usize;
            let leads = if self.case.random().chance(0.7) { self.leader(&all) } else { None };
            let wish = self.any_wish(0.5);
            self.ask(leads.unwrap_or(any), wish);
            let pause = 20 + self.case.random().below(80) as i64;
            self.wait(ms(pause));
        }
    }

    /// These servers must do what is asked now: they are asked in turn until one does.
    pub fn must(&mut self, among: &[usize], ask: Ask) -> Option<Told> {
        let until = self.case.lab().now() + SOON;
        while self.case.lab().now() < until {
            for index in among.iter().copied().filter(|it| self.servers.is_up(*it)).collect::<Vec<_>>() {
                let call = self.clients[index].call(ask.clone());
                self.case.lab().run_until(|| !call.is_pending(), ms(700));
                if let Some(Outcome::Ok(told)) = call.outcome() {
                    return Some(told);
                }
            }
            // Time passes although nobody is up.
            self.case.lab().run_for(ms(50));
        }
        self.missing.push(format!("{ask:?} was not done within {SOON} by {among:?}"));
        None
    }

    /// Of these servers, which are a majority and can talk, one leads by now, and the same goes on leading.
    pub fn must_be_led(&mut self, among: &[usize]) {
        self.wait(SOON);
        let since = self.case.lab().now();
        self.wait(ms(1000));
        let claims = self.claims().filter(|(at, index, _)| *at >= since && among.contains(index));
        let leaders: BTreeSet<(usize, Term)> = claims.map(|(_, index, term)| (index, term)).collect();
        if leaders.len() != 1 {
            self.missing.push(format!(
                "servers {among:?} had {SOON} for an election, then said within a second: {leaders:?} (server, term)"
            ));
        }
    }

    /// At most one server leads a term.
    pub fn judge_elections(&mut self) {
        let mut leaders: BTreeMap<Term, usize> = BTreeMap::new();
        let mut wrong = Vec::new();
        for (_, index, term) in self.claims() {
            let first = *leaders.entry(term).or_insert(index);
            if first != index {
                wrong.push(format!("servers {first} and {index} both lead term {term}"));
            }
        }
        wrong.dedup();
        self.case.safety("a term has one leader at most", all_well(wrong));
    }

    /// Everything that clients were told fits one store that does one thing after the other.
    pub fn judge_store(&mut self) {
        let verdict = self.servers.history().check(linearizable(Store));
        self.case.safety("the store is linearizable", verdict);
    }

    /// What had to come about.
    pub fn judge_progress(&mut self) {
        let missing = std::mem::take(&mut self.missing);
        self.case.liveness("who can talk to a majority goes on", all_well(missing));
        let down: Vec<String> = self
            .all()
            .into_iter()
            .filter(|it| !self.servers.is_up(*it))
            .map(|it| format!("server {it}"))
            .collect();
        self.case.liveness("nobody crashes by itself", all_well(down));
    }
}

fn all_well(complaints: Vec<String>) -> Result<(), String> {
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("; ")) }
}

/// What a store may answer.
pub struct Store;

impl Specification for Store {
    type State = Option<u64>;
    type Request = Ask;
    type Response = Told;

    fn init(&self) -> Option<u64> {
        None
    }

    fn step(&self, state: &Option<u64>, ask: &Ask, told: Option<&Told>) -> Option<Option<u64>> {
        match (ask, told) {
            (Ask::Put { value, .. }, None | Some(Told::Stored)) => Some(Some(*value)),
            (Ask::Get { .. }, None) => Some(*state),
            (Ask::Get { .. }, Some(Told::Value(value))) if value == state => Some(*state),
            (Ask::Status | Ask::Members(_), _) => Some(*state),
            _ => None,
        }
    }

    fn partition(&self, ask: &Ask) -> Option<String> {
        match ask {
            Ask::Put { key, .. } | Ask::Get { key } => Some(key.to_string()),
            Ask::Status | Ask::Members(_) => Some("status".to_owned()),
        }
    }

    fn reads(&self, ask: &Ask, _told: Option<&Told>) -> bool {
        !matches!(ask, Ask::Put { .. })
    }
}

/// Wishes while leaders are cut off or links are bad, so many times; then all is mended, and everything that was stored is there at
/// every leader.
pub fn rough(case: &mut Case, servers: usize, troubles: u32) {
    let mut scene = Scene::new(case, servers, servers);
    let all = scene.all();
    scene.wait(ms(700));
    scene.wishes(3);
    for _ in 0..troubles {
        let leader = scene.leader(&all).unwrap_or(0);
        let kind = scene.case.random().below(10);
        if kind < 3 {
            // The leader is heard and hears nothing; then it is cut off for good.
            let others = all.iter().copied().filter(|it| *it != leader);
            let (from, to) = (scene.servers.nodes(others), scene.servers.nodes([leader]));
            let cut = scene.case.lab().cut_one_way(from, to);
            for _ in 0..2 {
                let wish = scene.any_wish(0.0);
                scene.ask(leader, wish);
                scene.wait(ms(60));
            }
            scene.case.lab().heal(cut);
            let cut = scene.cut_off(&[leader]);
            scene.wishes(6);
            scene.case.lab().heal(cut);
        } else if kind < 8 {
            let with = scene.case.random().below(servers as u64) as usize;
            let some = if servers > 3 && with != leader { vec![leader, with] } else { vec![leader] };
            let cut = scene.cut_off(&some);
            // The old leader is asked too, and knows nothing of the new one.
            for _ in 0..3 {
                let wish = scene.any_wish(0.4);
                scene.ask(leader, wish);
                scene.wishes(3);
            }
            scene.case.lab().heal(cut);
        } else {
            scene.bad_links();
            scene.wishes(7);
            scene.mend();
        }
        scene.wishes(2);
    }
    scene.mend();
    close(scene);
}

/// In calm a put is stored, and every key can be read; without the leader of that time too.
fn close(mut scene: Scene<'_>) {
    let all = scene.all();
    scene.wait(ms(1000));
    let wish = scene.any_wish(0.0);
    scene.must(&all, wish);
    for key in 0..3 {
        scene.must(&all, Ask::Get { key });
    }
    scene.wait(ms(200));
    let leader = scene.leader(&all).unwrap_or(0);
    let rest: Vec<usize> = all.iter().copied().filter(|it| *it != leader).collect();
    scene.cut_off(&[leader]);
    for key in 0..3 {
        scene.must(&rest, Ask::Get { key });
    }
    scene.judge_elections();
    scene.judge_store();
    scene.judge_progress();
}
