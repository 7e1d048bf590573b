//! What the statement of `what-if` gives: the model of the incident with four knobs, and what can befall it.

use netsplit::replication::failover;
use netsplit::{
    Address, Cluster, Context, Duration, Lab, Latency, Node, NodeId, Outcome, Time, hours, mins, ms, secs,
};
use serde::{Deserialize, Serialize};

/// What you choose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Knobs {
    /// How many other spots must have a write before it is acknowledged: 0, 1 or 2.
    pub confirmations: usize,
    /// An observer that has not heard the primary for so long wants another one.
    pub suspect_after: Duration,
    /// Who may be appointed.
    pub promote: Promote,
    /// A primary that a majority of observers has not answered for so long acknowledges nothing more; `None`: it goes on.
    pub lease: Option<Duration>,
}

/// Who may be appointed when the east is missed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Promote {
    /// Nobody: only the east may write.
    OnlyEast,
    /// The west if it is heard, else the cloud.
    WestFirst,
    /// The cloud (it is in the east too, in another building) if it is heard, else the west.
    CloudFirst,
}

/// What befalls the three spots, after half a minute of peace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trouble {
    /// East, with its observer, is cut off from the others for so long.
    EastCutOff(Duration),
    /// East burns down, with its observer: first the cables, half a second later the machines. It never comes back.
    EastBurns,
    /// West is cut off for so long.
    WestCutOff(Duration),
    /// The east's machine takes no step for so long, and does not notice.
    EastPauses(Duration),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Aftermath {
    /// Writes that customers were told of, and that the last primary does not have.
    pub lost: usize,
    /// How long the longest acknowledgement took in the last twenty seconds of peace.
    pub usual: Duration,
    /// The longest time without any acknowledgement; and 12 h 20 min if a copy has to be built anew; and 2 h if the west writes in the end
    /// although east or cloud is well, so that all of the east writes across the country until people have moved it back.
    pub degraded: Duration,
}

/// What spots hear.
#[derive(Clone, Debug)]
pub enum Word {
    Manager(Time, Outcome<failover::Appointed>),
    Copy { epoch: u64, start: usize, writes: Vec<Taken> },
    Have { epoch: u64, length: usize },
}

/// A write: the epoch in which it was taken, its number, and when.
pub type Taken = (u64, usize, Time);

/// A place with a copy of the database.
#[derive(Clone, Debug)]
pub struct Spot {
    knobs: Knobs,
    observers: Vec<Address<failover::FailoverManager>>,
    believes: failover::Appointed,
    log: Vec<Taken>,
    acked: usize,
    /// When what was acknowledged.
    acks: Vec<(Time, Taken)>,
    have: std::collections::BTreeMap<NodeId, usize>,
    /// When it sent what each observer has answered last.
    heard: std::collections::BTreeMap<NodeId, Time>,
    must_be_rebuilt: bool,
}

impl Spot {
    fn may_acknowledge(&self, now: Time) -> bool {
        let Some(lease) = self.knobs.lease else { return true };
        self.heard.values().filter(|sent| now - **sent < lease).count() > self.observers.len() / 2
    }

    fn acknowledge(&mut self, now: Time) {
        if !self.may_acknowledge(now) {
            return;
        }
        let mut lengths: Vec<usize> = self.have.values().copied().collect();
        lengths.sort_by(|one, other| other.cmp(one));
        lengths.insert(0, self.log.len());
        let enough = lengths.get(self.knobs.confirmations).copied().unwrap_or(0);
        let new = (self.acked..enough).map(|place| self.log[place]);
        let own = new.filter(|(epoch, ..)| *epoch == self.believes.epoch);
        self.acks.extend(own.map(|write| (now, write)));
        self.acked = self.acked.max(enough);
    }

    fn believe(&mut self, appointed: failover::Appointed) {
        if appointed.epoch > self.believes.epoch {
            self.believes = appointed;
            self.have.clear();
        }
    }

    /// Takes over the primary's log from `start` on, unless customers were told of what would be cut off.
    fn copy(&mut self, start: usize, writes: &[Taken]) -> Option<usize> {
        let pairs = self.log.iter().skip(start).zip(writes);
        let same = start + pairs.take_while(|(own, sent)| own == sent).count();
        let differs = same < self.log.len() && same < start + writes.len();
        self.must_be_rebuilt |= differs && self.acked > same;
        if self.must_be_rebuilt {
            return None;
        }
        if differs {
            self.log.truncate(same);
            self.acked = self.acked.min(same);
        }
        if start <= self.log.len() {
            let known = self.log.len() - start;
            self.log.extend(writes.iter().skip(known));
        }
        Some(self.log.len())
    }

    fn write(&mut self, ctx: &mut Context<Self>) {
        self.log.push((self.believes.epoch, self.log.len(), ctx.now()));
        self.acknowledge(ctx.now());
        for peer in ctx.peers() {
            let start = self.have.get(&peer).copied().unwrap_or(0);
            let writes = self.log[start..].to_vec();
            ctx.send(peer, Word::Copy { epoch: self.believes.epoch, start, writes });
        }
    }
}

impl Node for Spot {
    type Message = Word;
    type Timer = Duration;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        [ms(45), ms(500)].into_iter().for_each(|every| ctx.set_timer(every, every));
    }

    fn on_timer(&mut self, every: Duration, ctx: &mut Context<Self>) {
        ctx.set_timer(every, every);
        if every == ms(500) {
            let (now, heartbeat) =
                (ctx.monotonic(), failover::Heartbeat { from: ctx.id(), position: self.log.len() as u64 });
            for observer in self.observers.clone() {
                ctx.call(observer, heartbeat, every, move |told| Word::Manager(now, told));
            }
        } else if self.believes.primary == ctx.id() {
            self.write(ctx);
        }
    }

    fn on_message(&mut self, from: NodeId, news: Word, ctx: &mut Context<Self>) {
        match news {
            Word::Manager(sent, Outcome::Ok(appointed)) => {
                self.heard.insert(from, sent);
                self.believe(appointed);
            }
            Word::Copy { epoch, start, writes } if epoch >= self.believes.epoch => {
                self.believe(failover::Appointed { epoch, primary: from });
                if let Some(length) = self.copy(start, &writes) {
                    ctx.send(from, Word::Have { epoch, length });
                }
            }
            Word::Have { epoch, length } if epoch == self.believes.epoch => {
                self.have.insert(from, length);
                self.acknowledge(ctx.monotonic());
            }
            _ => {}
        }
    }
}

/// The three spots and their observers. `east`, `west` and `cloud` are members 0, 1 and 2, or 0, 2 and 1 where the cloud is asked first.
fn spots_of(seed: u64, knobs: &Knobs) -> (Lab, Cluster<failover::FailoverManager>, Cluster<Spot>, usize) {
    let lab = Lab::new(seed);
    lab.keep_events(0);
    let first = NodeId(3);
    let candidates = if knobs.promote == Promote::OnlyEast {
        failover::Candidates::Only(first)
    } else {
        failover::Candidates::First
    };
    let config = failover::Config { first, candidates, suspect_after: knobs.suspect_after, rest: mins(10) };
    let managers = lab.cluster("observer", 3, move |_id| failover::FailoverManager::new(config));
    let observers: Vec<_> = (0..3).map(|index| managers.address(index)).collect();
    let knobs = knobs.clone();
    let west = if knobs.promote == Promote::CloudFirst { 2 } else { 1 };
    let spots = lab.cluster("place", 3, move |_id| Spot {
        knobs: knobs.clone(),
        observers: observers.clone(),
        believes: failover::Appointed { epoch: 1, primary: first },
        log: Vec::new(),
        acked: 0,
        acks: Vec::new(),
        have: std::collections::BTreeMap::new(),
        heard: std::collections::BTreeMap::new(),
        must_be_rebuilt: false,
    });
    let at = |index: usize| spots.nodes([index]).and(managers.nodes([index]));
    let near = at(0).and(at(3 - west));
    lab.set_latency(Latency::Constant(ms(1)));
    lab.set_link_latency(near.clone(), at(west), Latency::Constant(ms(30)));
    lab.set_link_latency(at(west), near, Latency::Constant(ms(30)));
    (lab, managers, spots, west)
}

/// Half a minute of peace, the trouble, and three minutes more.
pub fn play(seed: u64, knobs: &Knobs, trouble: Trouble) -> Aftermath {
    let (lab, managers, spots, west) = spots_of(seed, knobs);
    lab.run_for(secs(30));
    let at = |index: usize| spots.nodes([index]).and(managers.nodes([index]));
    match trouble {
        Trouble::EastCutOff(long) | Trouble::WestCutOff(long) => {
            let cut = lab.isolate(if matches!(trouble, Trouble::EastCutOff(_)) { at(0) } else { at(west) });
            lab.run_for(long);
            lab.heal(cut);
        }
        Trouble::EastBurns => {
            lab.isolate(at(0));
            lab.run_for(ms(500));
            spots.crash(0);
            managers.crash(0);
        }
        Trouble::EastPauses(long) => {
            spots.pause(0, long);
            lab.run_for(long);
        }
    }
    lab.run_for(mins(3));
    aftermath(&lab, &spots, west)
}

fn aftermath(lab: &Lab, spots: &Cluster<Spot>, west: usize) -> Aftermath {
    let all: Vec<Spot> = (0..3).map(|index| spots.node(index)).collect();
    let mut acks: Vec<(Time, Taken)> = all.iter().flat_map(|place| place.acks.clone()).collect();
    acks.sort();
    let newest = all.iter().map(|place| place.believes).max_by_key(|it| it.epoch).expect("there are three");
    let last = (0..3).find(|index| spots.id(*index) == newest.primary).unwrap_or(0);
    let lost = acks.iter().filter(|(_, write)| all[last].log.get(write.1) != Some(write)).count();
    // Lost with its place is lost, too.
    let burnt = !spots.is_up(last);
    let peace = Time::ZERO + secs(10)..Time::ZERO + secs(30);
    let usual = acks.iter().filter(|(at, _)| peace.contains(at)).map(|(at, write)| *at - write.2);
    let usual = usual.max().unwrap_or(hours(1));
    let times: Vec<Time> =
        [Time::ZERO].into_iter().chain(acks.iter().map(|it| it.0)).chain([lab.now()]).collect();
    let silence = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(hours(24));
    // Nobody acknowledges any more, and nobody will: until people come, say an hour later.
    let silence =
        if lab.now() - times[times.len() - 2] > mins(2) || burnt { silence + hours(1) } else { silence };
    let rebuilding = if all.iter().any(|place| place.must_be_rebuilt) { mins(740) } else { secs(0) };
    let near_is_well = spots.is_up(0) || spots.is_up(3 - west);
    let far = if last == west && near_is_well { hours(2) } else { secs(0) };
    Aftermath { lost, usual, degraded: silence + rebuilding + far }
}
