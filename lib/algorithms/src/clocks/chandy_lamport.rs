//! Chandy and Lamport's algorithm takes a picture of all nodes and all that is under way between them, while everything goes on: a bank counts its money.
//!
//! - **Concept:** Distributed snapshot (Chandy-Lamport)
//! - **Guarantees:** consistent global state (safety): what is recorded could have been seen by somebody at one moment: no receipt without its sending,
//!   and nothing lost that was under way. So what never changes, the sum of all money, is the same in every snapshot, and what never becomes false
//!   again once it is true, is true now if it was in the snapshot. Termination (liveness): every snapshot that was begun is completed.
//! - **Does not guarantee:** that the recorded state ever occurred at one moment by the clock; it lies between the beginning and the end of the snapshot.
//! - **Assumes:** FIFO channels that lose nothing, made of a worse network by [`FifoLinks`]; no crashes; every node reaches every other.
//! - **Source:** Chandy and Lamport, "Distributed Snapshots: Determining Global States of Distributed Systems", TOCS 3(1), 1985, section 3
//!   (marker-sending and marker-receiving rule), section 4 (theorem 1), section 5 (stable properties)
//! - **Differs:** several snapshots may be under way at once, told apart by who began them and a number. The recorded parts are sent to whoever began; the paper
//!   leaves open how they are collected.
//! - **Chapter:** 06
//!
//! ```text
//! n0  100 ──● records 100 ─────── 30 ──▶                        total: 100 + 100 + the 20 under way = 220
//!              ╲ marker             ╲                           (the 30 are sent after n0's record and
//! n1  120 ─ 20 ─╲──▼ records 100 ────▼──▶                        received after n1's: in neither)
//!             ╲  ╲  ╲ marker
//! n0  ─────────▼──╲──▼ 20 came after n0 had recorded, before n1's marker: they were in the channel
//! ```
//!
//! ```
//! use netsplit_algorithms::clocks::chandy_lamport::{Bank, Config, Request, Response};
//! use netsplit_node::{Outcome, ms, secs};
//! use netsplit_sim::Lab;
//!
//! let lab = Lab::new(42);
//! let banks = lab.cluster("bank", 3, |_id| Bank::new(Config { opening: 100, send_again_every: ms(50) }));
//! banks.client_of(1).call(Request::Transfer { to: banks.id(0), amount: 20 });
//! let snapshot = banks.client_of(0).call(Request::Snapshot);
//! lab.run_for(secs(1));
//! let Some(Outcome::Ok(Response::Snapshot(state))) = snapshot.outcome() else { panic!("it is taken") };
//! assert_eq!(state.total(), 300);
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use netsplit_node::{CallId, Context, Duration, Inspection, Invariant, Member, Node, NodeId, Service};

use crate::links::{FifoLinks, Frame};

/// What all banks are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// How much each bank has in the beginning.
    pub opening: u64,
    /// What was not acknowledged is sent again after this time, and again.
    pub send_again_every: Duration,
}

/// What clients ask a bank.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Request {
    /// Send money to another bank.
    Transfer {
        /// Which.
        to: NodeId,
        /// How much.
        amount: u64,
    },
    /// How much do you have? Asked of all banks one after the other, it is the wrong way to count money.
    Balance,
    /// Take a snapshot of all banks.
    Snapshot,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Request::Transfer { to, amount } => write!(f, "send {amount} to {to}"),
            Request::Balance => write!(f, "balance?"),
            Request::Snapshot => write!(f, "snapshot!"),
        }
    }
}

/// What a bank answers.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Response {
    /// The money has left.
    Sent,
    /// So much is here.
    Balance(u64),
    /// The snapshot is complete.
    Snapshot(GlobalState),
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Response::Sent => write!(f, "sent"),
            Response::Balance(balance) => write!(f, "{balance}"),
            Response::Snapshot(state) => write!(f, "{state:?}"),
        }
    }
}

/// The name of a snapshot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId {
    /// Who began it.
    pub by: NodeId,
    /// Which of its.
    pub number: u32,
}

impl fmt::Debug for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.by, self.number)
    }
}

/// What one bank has recorded: its state, and that of its incoming channels.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct LocalState {
    /// What it had.
    pub balance: u64,
    /// What was under way to it from each of the others; those from whom nothing was are left out.
    pub channels: BTreeMap<NodeId, Vec<u64>>,
}

impl fmt::Debug for LocalState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.balance)?;
        self.channels.iter().try_for_each(|(from, amounts)| write!(f, " + {amounts:?} from {from}"))
    }
}

/// A state of the whole system.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct GlobalState {
    /// Each bank's part.
    pub parts: BTreeMap<NodeId, LocalState>,
}

impl GlobalState {
    /// All money, at banks and under way.
    pub fn total(&self) -> u64 {
        let balances: u64 = self.parts.values().map(|part| part.balance).sum();
        balances + self.under_way()
    }

    /// The money under way.
    pub fn under_way(&self) -> u64 {
        self.parts.values().flat_map(|part| part.channels.values().flatten()).sum()
    }
}

impl fmt::Debug for GlobalState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.parts.iter().map(|(bank, part)| format!("{bank}: {part:?}")).collect();
        f.write_str(&parts.join(", "))
    }
}

/// What banks send each other, over FIFO links.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// Money.
    Money {
        /// How much.
        amount: u64,
    },
    /// What comes after this on this channel is not in the snapshot.
    Marker {
        /// Which.
        snapshot: SnapshotId,
    },
    /// To whoever began the snapshot: this is my part.
    Part {
        /// Which.
        snapshot: SnapshotId,
        /// The part.
        part: LocalState,
    },
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Money { amount } => write!(f, "{amount}"),
            Message::Marker { snapshot } => write!(f, "marker {snapshot:?}"),
            Message::Part { snapshot, part } => write!(f, "part of {snapshot:?}: {part:?}"),
        }
    }
}

/// What wakes a bank.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Frames that were not acknowledged go out again.
    SendAgain,
}

/// A bank. All of it is volatile: the algorithm knows no crashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bank {
    config: Config,
    balance: u64,
    links: FifoLinks<Message>,
    /// Snapshots in which this bank has recorded its state.
    recordings: BTreeMap<SnapshotId, Recording>,
    /// Snapshots that this bank has begun, with the parts that have come.
    collected: BTreeMap<SnapshotId, (CallId, GlobalState)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Recording {
    part: LocalState,
    /// The channels whose marker has not come: what arrives on them belongs to the snapshot.
    open: BTreeSet<NodeId>,
}

impl Node for Bank {
    type Message = Frame<Message>;
    type Timer = Timer;

    fn on_message(&mut self, from: NodeId, frame: Frame<Message>, ctx: &mut Context<Self>) {
        let arrival = self.links.receive(from, frame);
        if let Some(answer) = arrival.answer {
            ctx.send(from, answer);
        }
        for message in arrival.delivered {
            match message {
                Message::Money { amount } => self.take_money(from, amount),
                Message::Marker { snapshot } => self.receive_marker(from, snapshot, ctx),
                Message::Part { snapshot, part } => self.collect(from, snapshot, part, ctx),
            }
        }
    }

    fn on_timer(&mut self, Timer::SendAgain: Timer, ctx: &mut Context<Self>) {
        self.send_again(ctx);
    }

    /// The balance, and the snapshots that it is recording.
    fn inspect(&self) -> Inspection {
        let open = self.recordings.iter().filter(|(_, recording)| !recording.open.is_empty());
        let recording: Vec<String> =
            open.map(|(snapshot, recording)| format!("{snapshot:?}: {:?}", recording.part)).collect();
        let role = if recording.is_empty() { "open" } else { "recording" };
        Inspection::new().role(role).field("balance", self.balance).field("recording", recording)
    }
}

impl Service for Bank {
    type Request = Request;
    type Response = Response;

    fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Context<Self>) {
        match request {
            Request::Transfer { to, amount } => self.transfer(call, to, amount, ctx),
            Request::Balance => ctx.reply(call, Response::Balance(self.balance)),
            Request::Snapshot => self.begin(call, ctx),
        }
    }
}

impl Bank {
    /// A bank of a cluster that was told `config`.
    pub fn new(config: Config) -> Bank {
        Bank {
            config,
            balance: config.opening,
            links: FifoLinks::default(),
            recordings: BTreeMap::new(),
            collected: BTreeMap::new(),
        }
    }

    /// What this bank has.
    pub fn balance(&self) -> u64 {
        self.balance
    }

    /// The snapshots that this bank has begun, and what is known of each.
    pub fn snapshots(&self) -> impl Iterator<Item = (SnapshotId, &GlobalState)> {
        self.collected.iter().map(|(&snapshot, (_, state))| (snapshot, state))
    }

    fn transfer(&mut self, call: CallId, to: NodeId, amount: u64, ctx: &mut Context<Self>) {
        if to == ctx.id() || !ctx.peers().any(|peer| peer == to) {
            return ctx.refuse(call, format!("{to} is no other bank"));
        }
        if amount > self.balance {
            return ctx.refuse(call, format!("{amount} asked for, {} there", self.balance));
        }
        self.balance -= amount;
        self.tell(to, Message::Money { amount }, ctx);
        ctx.reply(call, Response::Sent);
    }

    /// Money arrives: in every snapshot that is recorded here, and whose marker has not come from there, it was under way.
    fn take_money(&mut self, from: NodeId, amount: u64) {
        self.balance += amount;
        for recording in self.recordings.values_mut().filter(|recording| recording.open.contains(&from)) {
            recording.part.channels.entry(from).or_default().push(amount);
        }
    }

    /// Begins a snapshot: records, as if a marker had come from nowhere.
    fn begin(&mut self, call: CallId, ctx: &mut Context<Self>) {
        let snapshot = SnapshotId { by: ctx.id(), number: self.collected.len() as u32 };
        self.collected.insert(snapshot, (call, GlobalState::default()));
        self.record(snapshot, ctx);
        self.end_if_closed(snapshot, ctx);
    }

    /// Marker-sending rule: records its state, and sends a marker on every channel before anything else is sent there.
    fn record(&mut self, snapshot: SnapshotId, ctx: &mut Context<Self>) {
        let part = LocalState { balance: self.balance, channels: BTreeMap::new() };
        self.recordings.insert(snapshot, Recording { part, open: ctx.peers().collect() });
        for peer in ctx.peers() {
            self.tell(peer, Message::Marker { snapshot }, ctx);
        }
    }

    /// Marker-receiving rule: the first marker of a snapshot says to record, with that channel empty; each later one closes its channel.
    fn receive_marker(&mut self, from: NodeId, snapshot: SnapshotId, ctx: &mut Context<Self>) {
        if !self.recordings.contains_key(&snapshot) {
            self.record(snapshot, ctx);
        }
        if let Some(recording) = self.recordings.get_mut(&snapshot) {
            recording.open.remove(&from);
        }
        self.end_if_closed(snapshot, ctx);
    }

    /// Once all channels are closed, the part is whole and goes to whoever began.
    fn end_if_closed(&mut self, snapshot: SnapshotId, ctx: &mut Context<Self>) {
        let Some(recording) = self.recordings.get(&snapshot).filter(|it| it.open.is_empty()) else { return };
        let part = recording.part.clone();
        if snapshot.by == ctx.id() {
            self.collect(ctx.id(), snapshot, part, ctx);
        } else {
            self.tell(snapshot.by, Message::Part { snapshot, part }, ctx);
        }
    }

    /// One more part; with those of all banks the snapshot is complete.
    fn collect(&mut self, from: NodeId, snapshot: SnapshotId, part: LocalState, ctx: &mut Context<Self>) {
        let Some((call, state)) = self.collected.get_mut(&snapshot) else { return };
        state.parts.insert(from, part);
        if state.parts.len() == ctx.peers().len() + 1 {
            ctx.reply(*call, Response::Snapshot(state.clone()));
        }
    }

    fn tell(&mut self, to: NodeId, message: Message, ctx: &mut Context<Self>) {
        let frame = self.links.send(to, message);
        ctx.send(to, frame);
        ctx.set_timer(self.config.send_again_every, Timer::SendAgain);
    }

    fn send_again(&mut self, ctx: &mut Context<Self>) {
        let frames = self.links.unacknowledged();
        if !frames.is_empty() {
            ctx.set_timer(self.config.send_again_every, Timer::SendAgain);
        }
        for (to, frame) in frames {
            ctx.send(to, frame);
        }
    }
}

/// Every complete snapshot has all the money there is, and not more.
#[derive(Clone, Debug, Default, Hash)]
pub struct Conservation;

impl Invariant<Bank> for Conservation {
    fn name(&self) -> &str {
        "Conservation"
    }

    fn check(&mut self, members: &[Member<'_, Bank>]) -> Result<(), String> {
        let total: u64 = members.iter().map(|member| member.state.config.opening).sum();
        for (snapshot, state) in members.iter().flat_map(|member| member.state.snapshots()) {
            if state.parts.len() == members.len() && state.total() != total {
                return Err(format!("snapshot {snapshot:?} has {} of {total}: {state:?}", state.total()));
            }
        }
        Ok(())
    }
}
