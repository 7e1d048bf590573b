//! Making faults happen, and undoing them.

use netsplit_node::trace::EventKind;
use netsplit_node::{Chance, DiskFaults, Duration, NodeId};

use super::Fault;
use crate::byzantine::Behaviour;
use crate::disturbances::Source;
use crate::error::LabError;
use crate::group::Group;
use crate::network::{Cut, Effect, Pipe, Rule, Severed, Traffic};
use crate::recorder::FROM_OUTSIDE;
use crate::schedule::{Flap, Job};
use crate::world::{World, kind};

/// How a fault is undone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Undo {
    /// It is over already, or cannot be undone.
    Nothing,
    Heal(Cut),
    End(Rule),
    /// By another fault: a restart, a factor of 1.
    With(Box<Fault>),
}

/// A service time for nodes that become slow and had none.
const SLOW_FROM: Duration = netsplit_node::us(100);

impl World {
    /// Makes a fault happen. When it is refused, nothing has changed.
    pub(crate) fn inject(&mut self, fault: &Fault) -> Result<Undo, LabError> {
        self.check_fault(fault)?;
        let undo = self.undo_of(fault);
        match fault {
            Fault::Crash { .. }
            | Fault::CrashAfterEffects { .. }
            | Fault::CrashAtByte { .. }
            | Fault::Restart { .. }
            | Fault::Pause { .. } => self.inject_into_life(fault)?,
            Fault::Slow { .. }
            | Fault::ServiceTime { .. }
            | Fault::Overload { .. }
            | Fault::ConnectionLimit { .. }
            | Fault::VersionSkew { .. }
            | Fault::Misbehave { .. } => self.inject_into_nodes(fault),
            Fault::Partition { .. }
            | Fault::Isolate { .. }
            | Fault::OneWay { .. }
            | Fault::Ring { .. }
            | Fault::Flap { .. } => return Ok(Undo::Heal(self.inject_cut(fault))),
            Fault::Loss { .. }
            | Fault::Duplicate { .. }
            | Fault::Delay { .. }
            | Fault::Reorder { .. }
            | Fault::Corrupt { .. }
            | Fault::Bandwidth { .. }
            | Fault::MtuDrop { .. } => return Ok(Undo::End(self.inject_rule(fault))),
            Fault::RouterDown { .. } | Fault::LinkDown { .. } | Fault::RouteWithdraw { .. } => {
                self.inject_into_routes(fault)?;
            }
            Fault::DnsChange { .. } | Fault::DnsStale { .. } => self.inject_into_names(fault)?,
            Fault::ClockOffset { .. }
            | Fault::ClockDrift { .. }
            | Fault::ClockJump { .. }
            | Fault::ClockFreeze { .. }
            | Fault::LeapSecond { .. }
            | Fault::BadTimeServer { .. } => self.inject_into_clocks(fault),
            Fault::TornWrites { .. }
            | Fault::WriteReorder { .. }
            | Fault::FsyncError { .. }
            | Fault::FsyncLie { .. }
            | Fault::BitRot { .. }
            | Fault::DiskFull { .. }
            | Fault::SlowDisk { .. } => self.inject_into_disks(fault),
        }
        Ok(undo)
    }

    pub(crate) fn undo(&mut self, undo: &Undo) -> Result<(), LabError> {
        match undo {
            Undo::Nothing => {}
            Undo::Heal(cut) => _ = self.heal(*cut)?,
            Undo::End(rule) => self.end_rule(*rule),
            Undo::With(fault) => _ = self.inject(fault)?,
        }
        Ok(())
    }

    fn undo_of(&self, fault: &Fault) -> Undo {
        let with = |fault| Undo::With(Box::new(fault));
        match fault.clone() {
            Fault::Crash { nodes } => with(Fault::Restart { nodes }),
            Fault::CrashAfterEffects { node, .. } | Fault::CrashAtByte { node, .. } => {
                with(Fault::Restart { nodes: node.into() })
            }
            Fault::Slow { nodes, .. } => with(Fault::Slow { nodes, factor: 1 }),
            Fault::ServiceTime { nodes, .. } => {
                let time = crate::network::Latency::Constant(Duration::ZERO);
                with(Fault::ServiceTime { nodes, time })
            }
            Fault::Overload { nodes, .. } => with(Fault::Overload { nodes, limit: u32::MAX }),
            Fault::ConnectionLimit { nodes, .. } => with(Fault::ConnectionLimit { nodes, limit: u32::MAX }),
            Fault::VersionSkew { nodes, .. } => {
                let version =
                    nodes.ids().first().and_then(|&node| self.versions_of(node)).map(|(runs, _)| runs);
                version.map_or(Undo::Nothing, |version| with(Fault::VersionSkew { nodes, version }))
            }
            Fault::Misbehave { nodes, .. } => with(Fault::Misbehave { nodes, behaviour: Behaviour::Honest }),
            Fault::RouterDown { router, on } => with(Fault::RouterDown { router, on: !on }),
            Fault::LinkDown { one, other, on } => with(Fault::LinkDown { one, other, on: !on }),
            Fault::RouteWithdraw { network, on } => with(Fault::RouteWithdraw { network, on: !on }),
            Fault::DnsChange { name, .. } => match self.dns.number_of(&name) {
                Ok(number) => with(Fault::DnsChange { name, to: self.dns.nodes_of(number) }),
                Err(_) => Undo::Nothing,
            },
            Fault::DnsStale { nodes, on } => with(Fault::DnsStale { nodes, on: !on }),
            Fault::ClockOffset { nodes, by } => with(Fault::ClockJump { nodes, by: -by }),
            Fault::ClockDrift { nodes, .. } => with(Fault::ClockDrift { nodes, ppb: 0 }),
            Fault::ClockFreeze { nodes, frozen } => with(Fault::ClockFreeze { nodes, frozen: !frozen }),
            Fault::BadTimeServer { nodes, .. } => with(Fault::BadTimeServer { nodes, by: Duration::ZERO }),
            Fault::TornWrites { nodes, on } => with(Fault::TornWrites { nodes, on: !on }),
            Fault::WriteReorder { nodes, on } => with(Fault::WriteReorder { nodes, on: !on }),
            Fault::FsyncError { nodes, .. } => with(Fault::FsyncError { nodes, count: 0 }),
            Fault::FsyncLie { nodes, on } => with(Fault::FsyncLie { nodes, on: !on }),
            Fault::DiskFull { nodes, .. } => with(Fault::DiskFull { nodes, bytes: u64::MAX }),
            Fault::SlowDisk { nodes, .. } => with(Fault::SlowDisk { nodes, by: Duration::ZERO }),
            _ => Undo::Nothing,
        }
    }

    fn inject_cut(&mut self, fault: &Fault) -> Cut {
        let names = |group: &Group| self.names(group);
        match fault {
            Fault::Partition { groups } => {
                let text = groups.iter().map(names).collect::<Vec<_>>().join(" | ");
                self.cut(Severed::between(groups), text, groups)
            }
            Fault::Isolate { nodes } => {
                let text = format!("{} | everyone else", names(nodes));
                self.cut(Severed::around(nodes), text, std::slice::from_ref(nodes))
            }
            Fault::OneWay { from, to } => {
                let text = format!("{} -x-> {}", names(from), names(to));
                self.cut(Severed::one_way(from, to), text, &[from.clone(), to.clone()])
            }
            Fault::Ring { nodes } => {
                let text = format!("only neighbours on the ring {}", names(nodes));
                self.cut(Severed::ring(nodes), text, &[])
            }
            Fault::Flap { groups, down, up } => {
                let cut = self.network.reserve_cut();
                let flap = Flap { groups: groups.clone(), down: *down, up: *up, is_down: false };
                self.flaps.insert(cut, flap);
                self.flap(cut);
                cut
            }
            _ => unreachable!("only faults between groups are cuts"),
        }
    }

    fn inject_rule(&mut self, fault: &Fault) -> Rule {
        let (effect, traffic) = rule_of(fault);
        self.begin_rule(traffic, effect)
    }

    /// Cuts links from this moment on.
    pub(crate) fn cut(&mut self, severed: Severed, text: String, groups: &[Group]) -> Cut {
        let cut = self.network.reserve_cut();
        self.cut_as(cut, severed, text, groups);
        cut
    }

    pub(crate) fn cut_as(&mut self, cut: Cut, severed: Severed, text: String, groups: &[Group]) {
        let one_way = severed.is_one_way();
        self.network.cut(cut, severed);
        self.disturbances.begin(Source::Cut(cut.0), self.now, format!("partition: {text}"));
        let groups = groups.iter().map(|group| group.ids().to_vec()).collect();
        self.record(kind::CUT, (NodeId(cut.0), None), FROM_OUTSIDE, |_| EventKind::Cut {
            cut: cut.0,
            text,
            groups,
            one_way,
        });
    }

    /// Heals a cut. Returns whether it was open, or would have come again.
    pub(crate) fn heal(&mut self, cut: Cut) -> Result<bool, LabError> {
        let flapped = self.flaps.remove(&cut).is_some();
        let open = self.network.heal(cut)?;
        if open {
            self.disturbances.end(Source::Cut(cut.0), self.now);
            self.record(kind::HEALED, (NodeId(cut.0), None), FROM_OUTSIDE, |_| EventKind::Healed {
                cut: cut.0,
            });
        }
        Ok(open || flapped)
    }

    pub(crate) fn names(&self, group: &Group) -> String {
        group.ids().iter().map(|&id| self.name_of(id)).collect::<Vec<_>>().join(", ")
    }

    fn inject_into_life(&mut self, fault: &Fault) -> Result<(), LabError> {
        match fault {
            Fault::Crash { nodes } => {
                for &node in nodes.ids() {
                    self.crash(node, "crashes", FROM_OUTSIDE);
                }
            }
            Fault::CrashAfterEffects { node, effects } => self.crash_after_effects(*node, *effects)?,
            Fault::CrashAtByte { node, bytes } => {
                // What reached the disk before the power was cut is as good as synced.
                let participant = &mut self.participants[node.0 as usize];
                if participant.up {
                    participant.belongings.disk.crash_at_byte(*bytes);
                }
                self.crash(*node, "crashes while its disk writes", FROM_OUTSIDE);
            }
            Fault::Restart { nodes } => {
                for &node in nodes.ids() {
                    let participant = &self.participants[node.0 as usize];
                    if !participant.up && !participant.left {
                        self.restart(node)?;
                    }
                }
            }
            Fault::Pause { nodes, time } => {
                for &node in nodes.ids() {
                    if self.participants[node.0 as usize].up {
                        self.pause(node, self.now + *time)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn inject_into_nodes(&mut self, fault: &Fault) {
        for node in self.tell_of(fault) {
            match fault {
                Fault::Slow { factor, .. } => {
                    let special = self.special(node);
                    special.slowness = *factor;
                    if special.service_time.is_none() {
                        special.service_time = Some(crate::network::Latency::Constant(SLOW_FROM));
                        special.only_slow = true;
                    }
                    if *factor == 1 && std::mem::take(&mut special.only_slow) {
                        special.service_time = None;
                    }
                }
                Fault::ServiceTime { time, .. } => {
                    let none = *time == crate::network::Latency::Constant(Duration::ZERO);
                    self.special(node).service_time = (!none).then_some(*time);
                }
                Fault::ConnectionLimit { limit, .. } => self.special(node).connection_limit = *limit,
                Fault::VersionSkew { version, .. } => self.upgrade(node, *version),
                Fault::Overload { limit, .. } => self.special(node).queue_limit = *limit,
                Fault::Misbehave { behaviour, .. } => self.misbehave(node, behaviour),
                _ => {}
            }
        }
    }

    fn inject_into_clocks(&mut self, fault: &Fault) {
        let now = self.now;
        for node in self.tell_of(fault) {
            let clock = self.clock(node);
            match fault {
                Fault::ClockOffset { by, .. } | Fault::ClockJump { by, .. } => clock.step(now, *by),
                Fault::ClockDrift { ppb, .. } => clock.set_drift(now, *ppb),
                Fault::ClockFreeze { frozen, .. } => clock.freeze(now, *frozen),
                Fault::LeapSecond { smear, .. } => clock.insert_second(now, *smear),
                Fault::BadTimeServer { by, .. } => clock.server_error = *by,
                _ => {}
            }
        }
    }

    fn inject_into_disks(&mut self, fault: &Fault) {
        for node in self.tell_of(fault) {
            if let Fault::SlowDisk { by, .. } = fault {
                self.special(node).disk_delay = *by;
                continue;
            }
            let disk = &mut self.participants[node.0 as usize].belongings.disk;
            if let Fault::BitRot { bits, .. } = fault {
                for _ in 0..*bits {
                    disk.rot(&mut self.fault_random);
                }
                continue;
            }
            let before = disk.faults();
            disk.set_faults(match fault {
                Fault::TornWrites { on, .. } => DiskFaults { torn: *on, ..before },
                Fault::WriteReorder { on, .. } => DiskFaults { reordered: *on, ..before },
                Fault::FsyncError { count, .. } => DiskFaults { failing_syncs: *count, ..before },
                Fault::FsyncLie { on, .. } => DiskFaults { lying: *on, ..before },
                Fault::DiskFull { bytes, .. } => {
                    DiskFaults { capacity: (*bytes < u64::MAX).then_some(*bytes), ..before }
                }
                _ => before,
            });
        }
    }

    /// Notes on each node's lifeline what happens to it. Returns the nodes.
    fn tell_of(&mut self, fault: &Fault) -> Vec<NodeId> {
        let nodes = fault.nodes().map_or_else(Vec::new, |nodes| nodes.ids().to_vec());
        let mut fields = fault.fields();
        fields.values.retain(|(field, _)| field != "nodes");
        for &node in &nodes {
            let text = fields.to_string();
            self.disturbances.happens(self.now, format!("{}: {text}", self.name_of(node)));
            self.record(kind::FAULT, (node, None), FROM_OUTSIDE, |_| EventKind::Fault { node, text });
        }
        nodes
    }

    /// Cuts or heals a flapping partition, and plans the next time.
    pub(crate) fn flap(&mut self, cut: Cut) {
        let Some(flap) = self.flaps.get_mut(&cut) else { return };
        flap.is_down = !flap.is_down;
        let (is_down, groups) = (flap.is_down, flap.groups.clone());
        let next = if is_down { flap.down } else { flap.up };
        self.schedule(self.now + next, Job::Flap(cut));
        if is_down {
            let names: Vec<String> = groups.iter().map(|group| self.names(group)).collect();
            self.cut_as(cut, Severed::between(&groups), format!("{} (flapping)", names.join(" | ")), &groups);
        } else if let Ok(true) = self.network.heal(cut) {
            self.disturbances.end(Source::Cut(cut.0), self.now);
            self.record(kind::HEALED, (NodeId(cut.0), None), FROM_OUTSIDE, |_| EventKind::Healed {
                cut: cut.0,
            });
        }
    }
}

impl Fault {
    /// The nodes that it befalls, where they are named as such.
    pub(crate) fn nodes(&self) -> Option<&Group> {
        match self {
            Fault::Crash { nodes }
            | Fault::Restart { nodes }
            | Fault::Pause { nodes, .. }
            | Fault::Slow { nodes, .. }
            | Fault::ServiceTime { nodes, .. }
            | Fault::Overload { nodes, .. }
            | Fault::ConnectionLimit { nodes, .. }
            | Fault::VersionSkew { nodes, .. }
            | Fault::Ring { nodes }
            | Fault::ClockOffset { nodes, .. }
            | Fault::ClockDrift { nodes, .. }
            | Fault::ClockJump { nodes, .. }
            | Fault::ClockFreeze { nodes, .. }
            | Fault::LeapSecond { nodes, .. }
            | Fault::BadTimeServer { nodes, .. }
            | Fault::TornWrites { nodes, .. }
            | Fault::WriteReorder { nodes, .. }
            | Fault::FsyncError { nodes, .. }
            | Fault::FsyncLie { nodes, .. }
            | Fault::BitRot { nodes, .. }
            | Fault::DiskFull { nodes, .. }
            | Fault::SlowDisk { nodes, .. }
            | Fault::Misbehave { nodes, .. } => Some(nodes),
            _ => None,
        }
    }
}

/// The network's rule behind a fault of messages.
fn rule_of(fault: &Fault) -> (Effect, &Traffic) {
    match fault {
        Fault::Loss { probability, traffic } => (Effect::Lose(Chance::new(*probability)), traffic),
        Fault::Duplicate { probability, traffic } => (Effect::Duplicate(Chance::new(*probability)), traffic),
        Fault::Delay { by, traffic } => (Effect::Delay(*by), traffic),
        Fault::Reorder { probability, by, traffic } => {
            (Effect::Reorder(Chance::new(*probability), *by), traffic)
        }
        Fault::Corrupt { probability, traffic } => (Effect::Corrupt(Chance::new(*probability)), traffic),
        Fault::Bandwidth { rate, queue, traffic } => (Effect::Share(Pipe::new(*rate, *queue)), traffic),
        Fault::MtuDrop { bytes, traffic } => (Effect::TooLarge(*bytes), traffic),
        _ => unreachable!("only faults of messages are rules"),
    }
}
