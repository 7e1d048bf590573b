//! `reads-and-members`: reads that leave nothing in the log, and other members.

use std::collections::{BTreeMap, BTreeSet};

use netsplit::grade::{Case, Exercise, Rule, Submitted};
use netsplit::{
    Call, Check, Client, Cluster, Duration, Latency, NodeId, Outcome, Specification, Time, Traffic,
    linearizable, ms, secs,
};

use super::given::*;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("reads-and-members", "Read without the log, and change members", 20.0, Rule::SafetyGate)
        .service("Server", "Ask", "Told")
        .made_by("Server::new(setup)", "Vec<::netsplit::NodeId>")
        .without(["consensus"])
        .visible("reads leave no trace", 1, quiet_reads)
        .visible("a stale leader is asked", 2, stale_leader)
        .visible("from three to five", 3, three_to_five)
        .visible("from three to three others", 4, moving_house)
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

/// In calm, thirty gets change no disk.
pub fn quiet_reads(case: &mut Case) {
    let mut scene = Scene::new(case, 3, 3);
    let all = scene.all();
    scene.wait(ms(1000));
    for _ in 0..4 {
        let wish = scene.any_wish(0.0);
        scene.must(&all, wish);
    }
    scene.wait(ms(500));
    let disks = |scene: &Scene<'_>| {
        all.iter().map(|index| scene.servers.read_disk(*index, "raft")).collect::<Vec<_>>()
    };
    let before = disks(&scene);
    for key in 0..30 {
        scene.must(&all, Ask::Get { key: key % 3 });
    }
    let after = disks(&scene);
    let same = if before == after {
        Ok(())
    } else {
        Err("the file of a server is another after the gets".to_owned())
    };
    scene.case.liveness("gets leave no trace on the disk", same);
    close(scene);
}

/// A leader is cut off, another one is elected and stores something, and the old one is asked before and after it knows.
pub fn stale_leader(case: &mut Case) {
    let mut scene = Scene::new(case, 3, 3);
    let all = scene.all();
    scene.wait(ms(1000));
    for _ in 0..3 {
        let wish = scene.any_wish(0.0);
        scene.must(&all, wish);
    }
    for _ in 0..2 {
        scene.wait(ms(600));
        let leader = scene.leader(&all).unwrap_or(0);
        let rest: Vec<usize> = all.iter().copied().filter(|it| *it != leader).collect();
        let cut = scene.cut_off(&[leader]);
        for key in 0..3 {
            scene.must(&rest, Ask::Put { key, value: 1_000 + scene.puts });
            scene.puts += 1;
            scene.ask(leader, Ask::Get { key });
            scene.wait(ms(50));
        }
        scene.case.lab().heal(cut);
        scene.ask(leader, Ask::Get { key: 0 });
        scene.wishes(3);
    }
    scene.wait(ms(1000));
    read_all(&mut scene, &all);
    close(scene);
}

/// These are the members from now on, a change at a time.
fn change(scene: &mut Scene<'_>, among: &[usize], members: &[usize]) {
    let members = members.iter().map(|index| scene.servers.id(*index)).collect();
    scene.must(among, Ask::Members(members));
    let wish = scene.any_wish(0.3);
    scene.must(among, wish);
}

/// Two servers join three. Then two of the first three are cut off, and the other three go on.
pub fn three_to_five(case: &mut Case) {
    let mut scene = Scene::new(case, 5, 3);
    scene.wait(ms(1000));
    let wish = scene.any_wish(0.0);
    scene.must(&[0, 1, 2], wish);
    change(&mut scene, &[0, 1, 2], &[0, 1, 2, 3]);
    change(&mut scene, &[0, 1, 2, 3], &[0, 1, 2, 3, 4]);
    scene.wait(ms(300));
    let one = scene.case.random().below(3) as usize;
    let other = (one + 1 + scene.case.random().below(2) as usize) % 3;
    let rest: Vec<usize> = (0..5).filter(|it| *it != one && *it != other).collect();
    let cut = scene.cut_off(&[one, other]);
    scene.wait(ms(800));
    let wish = scene.any_wish(0.0);
    scene.must(&rest, wish);
    // The two are asked as well: they are two of three in the membership that was, and of five now.
    for index in [one, other] {
        let wish = scene.any_wish(0.0);
        scene.ask(index, wish);
    }
    scene.wait(ms(1000));
    scene.case.lab().heal(cut);
    read_all(&mut scene, &[0, 1, 2, 3, 4]);
    close(scene);
}

/// Step by step from the first three servers to the last three; the first two then crash for good, or go on undisturbed and disturbing.
pub fn moving_house(case: &mut Case) {
    let mut scene = Scene::new(case, 5, 3);
    scene.wait(ms(1000));
    for _ in 0..2 {
        let wish = scene.any_wish(0.0);
        scene.must(&[0, 1, 2], wish);
    }
    let all = [0, 1, 2, 3, 4];
    for members in [&[0, 1, 2, 3][..], &[1, 2, 3], &[1, 2, 3, 4], &[2, 3, 4]] {
        if scene.case.random().chance(0.4) {
            let leader = scene.leader(&all).unwrap_or(2);
            let cut = scene.cut_off(&[leader]);
            scene.wait(ms(700));
            scene.case.lab().heal(cut);
            scene.wait(ms(300));
        }
        change(&mut scene, &all, members);
    }
    scene.wait(ms(500));
    if scene.case.random().chance(0.5) {
        scene.servers.crash(0);
        scene.servers.crash(1);
    }
    scene.wait(ms(500));
    let wish = scene.any_wish(0.0);
    scene.must(&[2, 3, 4], wish);
    let leader = scene.leader(&[2, 3, 4]).unwrap_or(2);
    let rest: Vec<usize> = (2..5).filter(|it| *it != leader).collect();
    scene.cut_off(&[leader]);
    read_all(&mut scene, &rest);
    for index in 0..2 {
        if !scene.servers.is_up(index) {
            scene.servers.restart(index);
        }
    }
    close(scene);
}

fn read_all(scene: &mut Scene<'_>, among: &[usize]) {
    for key in 0..3 {
        scene.must(among, Ask::Get { key });
    }
}

fn close(mut scene: Scene<'_>) {
    scene.judge_elections();
    scene.judge_store();
    scene.judge_progress();
}
