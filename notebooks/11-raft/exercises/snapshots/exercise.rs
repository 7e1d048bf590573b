//! `snapshots`: the file on the disk stays small however much is written, and who was away gets what it has missed all the same.

use std::collections::{BTreeMap, BTreeSet};

use netsplit::grade::{Case, Exercise, Rule, Submitted};
use netsplit::{
    Call, Check, Client, Cluster, Duration, Latency, NodeId, Outcome, Specification, Time, Traffic,
    linearizable, ms, secs,
};

use super::given::*;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("snapshots", "Forget the beginning", 15.0, Rule::SafetyGate)
        .service("Server", "Ask", "Told")
        .made_by("Server::new(setup)", "Vec<::netsplit::NodeId>")
        .without(["consensus"])
        .visible("a hundred puts", 1, |case| long(case, false))
        .visible("one server is away meanwhile", 2, |case| long(case, true))
        .visible("and then a power cut", 3, power_cut)
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

/// No file `raft` has more bytes than this, a second after the last put.
const MOST: usize = 2_500;

/// Puts, one after the other, at the leader, as fast as it answers.
fn puts(scene: &mut Scene<'_>, count: u32, among: &[usize]) {
    let mut leader = scene.leader(among).unwrap_or(among[0]);
    for _ in 0..count {
        let wish = scene.any_wish(0.0);
        let call = scene.clients[leader].call(wish.clone());
        scene.case.lab().run_until(|| !call.is_pending(), ms(700));
        if !matches!(call.outcome(), Some(Outcome::Ok(_))) {
            if scene.must(among, wish).is_none() {
                return;
            }
            scene.wait(ms(200));
            leader = scene.leader(among).unwrap_or(leader);
        }
    }
}

/// A hundred puts, during which one server may be away. Then only it and one more are left.
pub fn long(case: &mut Case, is_away: bool) {
    let mut scene = Scene::new(case, 3, 3);
    let all = scene.all();
    scene.wait(ms(1000));
    puts(&mut scene, 5, &all);
    let away = scene.case.random().below(3) as usize;
    let rest: Vec<usize> = all.iter().copied().filter(|it| *it != away).collect();
    if is_away {
        let cut = scene.cut_off(&[away]);
        scene.wait(ms(1000));
        puts(&mut scene, 95, &rest);
        scene.case.lab().heal(cut);
    } else {
        puts(&mut scene, 95, &all);
    }
    scene.wait(ms(1000));
    let gone = rest[scene.case.random().below(2) as usize];
    judge_size(&mut scene);
    let left: Vec<usize> = all.iter().copied().filter(|it| *it != gone).collect();
    let _ = scene.cut_off(&[gone]);
    read_all(&mut scene, &left);
    close(scene);
}

/// A server that was away is needed for what comes next, and then it is the only one that has all of it.
pub fn away_leads(case: &mut Case) {
    let mut scene = Scene::new(case, 3, 3);
    let all = scene.all();
    scene.wait(ms(1000));
    puts(&mut scene, 5, &all);
    let away = scene.case.random().below(3) as usize;
    let rest: Vec<usize> = all.iter().copied().filter(|it| *it != away).collect();
    let cut = scene.cut_off(&[away]);
    scene.wait(ms(1000));
    puts(&mut scene, 65, &rest);
    scene.case.lab().heal(cut);
    scene.wait(ms(1000));
    let other = rest[scene.case.random().below(2) as usize];
    let last = rest[0] + rest[1] - other;
    let cut = scene.cut_off(&[other]);
    scene.wait(ms(1000));
    puts(&mut scene, 4, &[away, last]);
    scene.case.lab().heal(cut);
    let _ = scene.cut_off(&[last]);
    read_all(&mut scene, &[away, other]);
    close(scene);
}

/// Puts, crashes, puts; a server is away and comes back; all crash at once.
pub fn power_cut(case: &mut Case) {
    let mut scene = Scene::new(case, 3, 3);
    let all = scene.all();
    scene.wait(ms(1000));
    puts(&mut scene, 30, &all);
    let away = scene.case.random().below(3) as usize;
    let rest: Vec<usize> = all.iter().copied().filter(|it| *it != away).collect();
    scene.servers.crash(away);
    scene.wait(ms(1000));
    let count = 20 + scene.case.random().below(60) as u32;
    puts(&mut scene, count, &rest);
    scene.mend();
    let pause = scene.case.random().below(300) as i64;
    scene.wait(ms(pause));
    for index in scene.all() {
        if scene.servers.is_up(index) {
            scene.servers.crash(index);
        }
    }
    scene.mend();
    scene.wait(ms(1000));
    read_all(&mut scene, &all);
    judge_size(&mut scene);
    close(scene);
}

fn read_all(scene: &mut Scene<'_>, among: &[usize]) {
    for key in 0..3 {
        scene.must(among, Ask::Get { key });
    }
}

fn judge_size(scene: &mut Scene<'_>) {
    let size = |index| scene.servers.read_disk(index, "raft").map_or(0, |it| it.len());
    let large = scene.all().into_iter().filter(|index| size(*index) > MOST);
    let large = large.map(|index| format!("server {index} has {} bytes", size(index))).collect();
    scene.case.liveness("the file stays small", all_well(large));
    let none = scene.all().into_iter().filter(|index| size(*index) == 0);
    let none = none.map(|index| format!("server {index} has no file `raft`")).collect();
    scene.case.liveness("there is a file", all_well(none));
}

fn close(mut scene: Scene<'_>) {
    scene.judge_elections();
    scene.judge_store();
    scene.judge_progress();
}
