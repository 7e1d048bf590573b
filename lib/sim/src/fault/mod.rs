//! Faults as data: what can go wrong in a world, as values that can be printed, saved, sent to somebody else and cut down.
//!
//! | fault | what it models, and from where |
//! |---|---|
//! | [`Crash`](Fault::Crash), [`Restart`](Fault::Restart) | a process dies; what it had not synced is lost ("crash-recovery", Cachin, Guerraoui and Rodrigues, 2011, 2.2) |
//! | [`CrashAfterEffects`](Fault::CrashAfterEffects), [`CrashAtByte`](Fault::CrashAtByte) | power is cut between two effects of a step, or in the middle of a write |
//! | [`Pause`](Fault::Pause) | a garbage collection, a suspended virtual machine: the node does not notice |
//! | [`Slow`](Fault::Slow), [`ServiceTime`](Fault::ServiceTime), [`Overload`](Fault::Overload) | gray failure (Huang and others, "Gray failure: the Achilles' heel of cloud-scale systems", 2017); one server with a queue; a queue that overflows |
//! | [`ConnectionLimit`](Fault::ConnectionLimit), [`VersionSkew`](Fault::VersionSkew) | file descriptors and threads that run out; deployments and configurations that reach some nodes |
//! | [`Partition`](Fault::Partition), [`Isolate`](Fault::Isolate), [`OneWay`](Fault::OneWay), [`Ring`](Fault::Ring), [`Flap`](Fault::Flap) | cuts (Alquraan and others, "An analysis of network-partitioning failures in cloud systems", 2018: complete, partial and simplex partitions) |
//! | [`Loss`](Fault::Loss), [`Duplicate`](Fault::Duplicate), [`Delay`](Fault::Delay), [`Reorder`](Fault::Reorder), [`Corrupt`](Fault::Corrupt) | what fair-loss links do to messages |
//! | [`Bandwidth`](Fault::Bandwidth), [`MtuDrop`](Fault::MtuDrop) | a shared link with a queue in front of it; a router that drops what is too large and says nothing (RFC 2923) |
//! | [`RouterDown`](Fault::RouterDown), [`LinkDown`](Fault::LinkDown), [`RouteWithdraw`](Fault::RouteWithdraw) | routes that break, and that routers learn of late: see `network/routing.rs` |
//! | [`DnsChange`](Fault::DnsChange), [`DnsStale`](Fault::DnsStale) | names that stand for something else than somebody believes: see `dns.rs` |
//! | [`ClockOffset`](Fault::ClockOffset) to [`BadTimeServer`](Fault::BadTimeServer) | clocks: see `clock.rs` |
//! | [`TornWrites`](Fault::TornWrites) to [`SlowDisk`](Fault::SlowDisk) | disks: see `disk.rs` of the seam |
//! | [`Misbehave`](Fault::Misbehave) | nodes that lie: see `byzantine.rs` |
//!
//! Not modelled: limits of memory (what a node's values hold cannot be measured; what comes of it is a crash or a pause), certificates
//! and keys that leak (the signing model has neither; `signature.rs` of the seam). ARCHITECTURE.md has the table of what is where.

mod check;
mod fields;
mod inject;
mod text;

use netsplit_node::{Duration, NodeId};

use crate::byzantine::Behaviour;
use crate::group::Group;
use crate::network::{Bandwidth, Latency, Traffic};

pub(crate) use fields::Fields;
pub(crate) use inject::Undo;
pub use text::FaultError;
pub(crate) use text::{Word, read};

/// Something that goes wrong, as a value. [`Lab::inject`](crate::Lab::inject) makes it happen; its text form reads back:
///
/// ```
/// use netsplit_node::{NodeId, ms};
/// use netsplit_sim::{Fault, Group};
/// let fault = Fault::Pause { nodes: NodeId(2).into(), time: ms(300) };
/// assert_eq!(fault.to_string(), "pause nodes={n2} time=300ms");
/// assert_eq!("pause nodes={n2} time=300ms".parse(), Ok(fault));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Nodes crash: memory, timers and what the disk had not synced are gone. Undone by restarting them.
    Crash {
        /// The nodes; those that are down already stay down.
        nodes: Group,
    },
    /// A node crashes in the middle of what it does next.
    CrashAfterEffects {
        /// The node.
        node: NodeId,
        /// After so many more effects, before the one that would follow.
        effects: u32,
    },
    /// A node's power is cut while its disk writes: of what it had not synced, the first bytes reach the disk.
    CrashAtByte {
        /// The node.
        node: NodeId,
        /// How many bytes, in the order in which they were written.
        bytes: u64,
    },
    /// Crashed nodes begin again: made anew, with the disk that survived. Nodes that are up stay up.
    Restart {
        /// The nodes.
        nodes: Group,
    },
    /// Nodes take no step for a while, and do not notice.
    Pause {
        /// The nodes.
        nodes: Group,
        /// For how long.
        time: Duration,
    },
    /// Everything that takes nodes time (their service time, the syncs of their disks) takes so many times as long; a node without
    /// a service time gets one of 0.1 ms to begin with. Undone by the factor 1.
    Slow {
        /// The nodes.
        nodes: Group,
        /// How many times as long; 1 is as before.
        factor: u32,
    },
    /// Each step takes nodes this long: what it asks for happens afterwards, and what arrives meanwhile waits in a queue.
    ServiceTime {
        /// The nodes.
        nodes: Group,
        /// The time, drawn anew for each step; a constant of 0 is none.
        time: Latency,
    },
    /// At most so many arrivals wait for busy or paused nodes; the rest is lost.
    Overload {
        /// The nodes.
        nodes: Group,
        /// The length of the queue.
        limit: u32,
    },
    /// Nodes have so many connections: each request that is not answered yet holds one, as it holds a file descriptor, or a thread where
    /// each request has its own. One more is refused at once, and fails. Undone by no limit.
    ConnectionLimit {
        /// The nodes.
        nodes: Group,
        /// How many; `u32::MAX` is no limit.
        limit: u32,
    },
    /// Nodes stop and start with another version of their code ([`Cluster::add_version`](crate::Cluster::add_version)), which they keep: a
    /// deployment that reached some, or a configuration that was pushed to some. Undone by the version that the first of them ran.
    VersionSkew {
        /// The nodes.
        nodes: Group,
        /// The number of the version; what their cluster was made with is 0.
        version: u32,
    },
    /// Links between different groups are cut; who is in none reaches everyone (so two groups of three nodes leave a bridge).
    Partition {
        /// The groups, at least two, that do not overlap.
        groups: Vec<Group>,
    },
    /// A group is cut off from everyone else.
    Isolate {
        /// The group.
        nodes: Group,
    },
    /// What `from` sends to `to` is lost; the other direction works on.
    OneWay {
        /// The senders.
        from: Group,
        /// The receivers.
        to: Group,
    },
    /// Each node reaches only its two neighbours on a ring, in the order of their numbers.
    Ring {
        /// The nodes of the ring, at least four (fewer are all neighbours).
        nodes: Group,
    },
    /// A partition that comes and goes: cut for a while, whole for a while, and so on.
    Flap {
        /// The groups, as of a partition.
        groups: Vec<Group>,
        /// How long it is cut.
        down: Duration,
        /// How long it is whole.
        up: Duration,
    },
    /// Loses each matching message with this probability.
    Loss {
        /// From 0 to 1.
        probability: f64,
        /// Which messages.
        traffic: Traffic,
    },
    /// Delivers each matching message twice with this probability.
    Duplicate {
        /// From 0 to 1.
        probability: f64,
        /// Which messages.
        traffic: Traffic,
    },
    /// Delivers matching messages this much later.
    Delay {
        /// How much.
        by: Duration,
        /// Which messages.
        traffic: Traffic,
    },
    /// Holds each matching message back with this probability, for a random time, so that later ones overtake it.
    Reorder {
        /// From 0 to 1.
        probability: f64,
        /// It is held back for up to so long, each time equally likely.
        by: Duration,
        /// Which messages.
        traffic: Traffic,
    },
    /// Changes each matching message with this probability: by the cluster's own mutator if it has one
    /// ([`Cluster::set_mutator`](crate::Cluster::set_mutator), and for calls
    /// [`set_request_mutator`](crate::Cluster::set_request_mutator) and
    /// [`set_response_mutator`](crate::Cluster::set_response_mutator)), and otherwise so that a checksum notices and it is lost.
    Corrupt {
        /// From 0 to 1.
        probability: f64,
        /// Which messages.
        traffic: Traffic,
    },
    /// Matching messages share one link of this bandwidth, with a queue in front of it; what finds the queue full is lost.
    Bandwidth {
        /// How much the link carries.
        rate: Bandwidth,
        /// How many bytes may wait, the rest of what is being sent included. Long queues trade loss for delay ("bufferbloat": Gettys and Nichols, 2011).
        queue: u64,
        /// Which messages.
        traffic: Traffic,
    },
    /// Matching messages larger than `bytes` are lost, and nobody is told.
    MtuDrop {
        /// The largest size that passes.
        bytes: u64,
        /// Which messages.
        traffic: Traffic,
    },
    /// A router of the topology ([`Topology`](crate::Topology)) is down: its network's members reach each other and nobody else, and
    /// nothing passes through it. The other routers find other ways when they have converged.
    RouterDown {
        /// The router.
        router: String,
        /// Whether it is down from now on, or up again.
        on: bool,
    },
    /// A link between two routers is down.
    LinkDown {
        /// One router.
        one: String,
        /// The other.
        other: String,
        /// Whether it is down from now on, or up again.
        on: bool,
    },
    /// A network no longer announces that it can be reached: once the other routers have converged, nothing finds its way there, though
    /// all of its nodes are up and what they send still leaves (Facebook, 4 October 2021: Janardhan, "More details about the October 4
    /// outage").
    RouteWithdraw {
        /// The network.
        network: String,
        /// Whether it is withdrawn from now on, or announced again.
        on: bool,
    },
    /// A name ([`Name`](crate::Name)) stands for other nodes from now on, as after a failover or a mistake. Undone by what it stood for.
    DnsChange {
        /// The name.
        name: String,
        /// The nodes, of the cluster that the name was made for.
        to: Group,
    },
    /// The resolvers of these nodes or clients use an answer for ever, whatever its time to live: what they know they believe until they
    /// restart. So did the Java virtual machine by default (`networkaddress.cache.ttl`), and so do resolvers that serve stale answers
    /// rather than none (RFC 8767).
    DnsStale {
        /// Nodes and clients.
        nodes: Group,
        /// Whether it is so from now on.
        on: bool,
    },
    /// Nodes' clocks are wrong by so much, from one moment to the next. Undone by the opposite.
    ClockOffset {
        /// The nodes.
        nodes: Group,
        /// Added to what the clock shows; negative is behind.
        by: Duration,
    },
    /// Nodes' oscillators run fast (or slow, if negative); a quartz is good to about 50 ppm. Undone by 0.
    ClockDrift {
        /// The nodes.
        nodes: Group,
        /// Parts per billion: 1,000 gain 1 µs a second.
        ppb: i64,
    },
    /// Nodes' clocks are set, once: like an offset, but it is not undone.
    ClockJump {
        /// The nodes.
        nodes: Group,
        /// Added to what the clock shows; negative is back in time.
        by: Duration,
    },
    /// Nodes' clocks stand still. Undone by letting them go on, behind by the time lost.
    ClockFreeze {
        /// The nodes.
        nodes: Group,
        /// Whether they stand still from now on, or go on.
        frozen: bool,
    },
    /// A second is inserted now: clocks show the last second twice, or are smeared.
    LeapSecond {
        /// The nodes.
        nodes: Group,
        /// Over how long it is spread; 0 steps the clock. Google and Amazon smear over 24 hours.
        smear: Duration,
    },
    /// The time servers that discipline these clocks are wrong by so much; a clock that nobody disciplines does not notice. Undone
    /// by 0.
    BadTimeServer {
        /// The nodes.
        nodes: Group,
        /// How far the servers are ahead.
        by: Duration,
    },
    /// From now on a crash may leave part of what was not synced, and the last write torn: a random number of bytes of it.
    TornWrites {
        /// The nodes.
        nodes: Group,
        /// Whether it is so from now on.
        on: bool,
    },
    /// From now on a crash may keep any of the writes that were not synced and lose any other, whatever their order.
    WriteReorder {
        /// The nodes.
        nodes: Group,
        /// Whether it is so from now on.
        on: bool,
    },
    /// The next syncs fail: the node is told by a crash, as databases do since 2018 (Rebello and others, "Can applications recover
    /// from fsync failures?", 2020), and the writes are lost.
    FsyncError {
        /// The nodes.
        nodes: Group,
        /// How many syncs of each fail; 0 takes it back.
        count: u32,
    },
    /// From now on syncs end without having made anything durable.
    FsyncLie {
        /// The nodes.
        nodes: Group,
        /// Whether it is so from now on.
        on: bool,
    },
    /// Random bits of what is on the disk change, now (Bairavasundaram and others, "An analysis of data corruption in the storage
    /// stack", 2008).
    BitRot {
        /// The nodes.
        nodes: Group,
        /// How many bits of each disk.
        bits: u32,
    },
    /// Disks hold no more than so many bytes: a write beyond it crashes the node that did not ask first
    /// ([`DiskAccess::has_room`](netsplit_node::DiskAccess::has_room)).
    DiskFull {
        /// The nodes.
        nodes: Group,
        /// How many bytes a disk holds; `u64::MAX` is no limit.
        bytes: u64,
    },
    /// Syncs take this much longer.
    SlowDisk {
        /// The nodes.
        nodes: Group,
        /// How much longer; 0 takes it back.
        by: Duration,
    },
    /// Nodes lie from now on, in this way.
    Misbehave {
        /// The nodes.
        nodes: Group,
        /// How.
        behaviour: Behaviour,
    },
}
