//! Each fault as a name and named values: the one form from which text and JSON are made, and read back.

use std::fmt;
use std::str::FromStr;

use super::Fault;
use super::text::{FaultError, Word, read};
use crate::network::Traffic;

/// A name with named values.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fields {
    pub(crate) name: String,
    pub(crate) values: Vec<(String, String)>,
}

impl Fields {
    pub(crate) fn of(name: &str) -> Fields {
        Fields { name: name.to_owned(), values: Vec::new() }
    }

    pub(crate) fn with<W: Word>(mut self, field: &str, value: &W) -> Fields {
        self.values.push((field.to_owned(), value.write()));
        self
    }

    /// Traffic is spread over fields of its own; what is not narrowed is left out.
    fn with_traffic(mut self, traffic: &Traffic) -> Fields {
        if let Some(cargo) = &traffic.cargo {
            self = self.with("of", cargo);
        }
        if let Some(senders) = &traffic.from {
            self = self.with("from", senders);
        }
        if let Some(receivers) = &traffic.to {
            self = self.with("to", receivers);
        }
        match &traffic.larger_than {
            Some(bytes) => self.with("larger-than", bytes),
            None => self,
        }
    }

    pub(crate) fn get<W: Word>(&self, field: &str) -> Result<W, FaultError> {
        self.find(field)?.ok_or_else(|| {
            FaultError::new(format!("{field}=.. ({}) in {:?}", W::FORM, self.name), self.to_string())
        })
    }

    pub(crate) fn find<W: Word>(&self, field: &str) -> Result<Option<W>, FaultError> {
        let value = self.values.iter().find(|(name, _)| name == field);
        value.map(|(_, word)| read(word)).transpose()
    }

    fn traffic(&self) -> Result<Traffic, FaultError> {
        Ok(Traffic {
            cargo: self.find("of")?,
            from: self.find("from")?,
            to: self.find("to")?,
            larger_than: self.find("larger-than")?,
        })
    }
}

impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.values.iter().try_for_each(|(field, value)| write!(f, " {field}={value}"))
    }
}

impl FromStr for Fields {
    type Err = FaultError;

    /// `name field=value field=value`; within braces, spaces do not count.
    fn from_str(text: &str) -> Result<Fields, FaultError> {
        let mut depth = 0;
        let compact: String = text
            .trim()
            .chars()
            .filter(|c| {
                depth += i32::from(*c == '{') - i32::from(*c == '}');
                depth == 0 || *c != ' '
            })
            .collect();
        let mut words = compact.split_whitespace();
        let name = words.next().ok_or_else(|| FaultError::new("a fault, like \"crash nodes={n1}\"", text))?;
        let mut fields = Fields::of(name);
        for word in words {
            let Some((field, value)) = word.split_once('=') else {
                return Err(FaultError::new("field=value", word));
            };
            fields.values.push((field.to_owned(), value.to_owned()));
        }
        Ok(fields)
    }
}

impl Fault {
    pub(crate) fn fields(&self) -> Fields {
        self.node_fields().or_else(|| self.network_fields()).unwrap_or_else(|| self.inner_fields())
    }

    fn node_fields(&self) -> Option<Fields> {
        Some(match self {
            Fault::Crash { nodes } => Fields::of("crash").with("nodes", nodes),
            Fault::CrashAfterEffects { node, effects } => {
                Fields::of("crash-after-effects").with("node", node).with("effects", effects)
            }
            Fault::CrashAtByte { node, bytes } => {
                Fields::of("crash-at-byte").with("node", node).with("bytes", bytes)
            }
            Fault::Restart { nodes } => Fields::of("restart").with("nodes", nodes),
            Fault::Pause { nodes, time } => Fields::of("pause").with("nodes", nodes).with("time", time),
            Fault::Slow { nodes, factor } => Fields::of("slow").with("nodes", nodes).with("factor", factor),
            Fault::ServiceTime { nodes, time } => {
                Fields::of("service-time").with("nodes", nodes).with("time", time)
            }
            Fault::Overload { nodes, limit } => {
                Fields::of("overload").with("nodes", nodes).with("limit", limit)
            }
            Fault::ConnectionLimit { nodes, limit } => {
                Fields::of("connection-limit").with("nodes", nodes).with("limit", limit)
            }
            Fault::VersionSkew { nodes, version } => {
                Fields::of("version-skew").with("nodes", nodes).with("version", version)
            }
            Fault::Misbehave { nodes, behaviour } => {
                Fields::of("misbehave").with("nodes", nodes).with("behaviour", behaviour)
            }
            _ => return None,
        })
    }

    fn network_fields(&self) -> Option<Fields> {
        Some(match self {
            Fault::Partition { groups } => Fields::of("partition").with("groups", groups),
            Fault::Isolate { nodes } => Fields::of("isolate").with("nodes", nodes),
            Fault::OneWay { from, to } => Fields::of("one-way").with("from", from).with("to", to),
            Fault::Ring { nodes } => Fields::of("ring").with("nodes", nodes),
            Fault::Flap { groups, down, up } => {
                Fields::of("flap").with("groups", groups).with("down", down).with("up", up)
            }
            Fault::Loss { probability, traffic } => {
                Fields::of("loss").with("probability", probability).with_traffic(traffic)
            }
            Fault::Duplicate { probability, traffic } => {
                Fields::of("duplicate").with("probability", probability).with_traffic(traffic)
            }
            Fault::Delay { by, traffic } => Fields::of("delay").with("by", by).with_traffic(traffic),
            Fault::Reorder { probability, by, traffic } => {
                Fields::of("reorder").with("probability", probability).with("by", by).with_traffic(traffic)
            }
            Fault::Corrupt { probability, traffic } => {
                Fields::of("corrupt").with("probability", probability).with_traffic(traffic)
            }
            Fault::Bandwidth { rate, queue, traffic } => {
                Fields::of("bandwidth").with("rate", rate).with("queue", queue).with_traffic(traffic)
            }
            Fault::DnsChange { name, to } => Fields::of("dns-change").with("name", name).with("to", to),
            Fault::DnsStale { nodes, on } => Fields::of("dns-stale").with("nodes", nodes).with("on", on),
            Fault::RouterDown { router, on } => {
                Fields::of("router-down").with("router", router).with("on", on)
            }
            Fault::LinkDown { one, other, on } => {
                Fields::of("link-down").with("one", one).with("other", other).with("on", on)
            }
            Fault::RouteWithdraw { network, on } => {
                Fields::of("route-withdraw").with("network", network).with("on", on)
            }
            Fault::MtuDrop { bytes, traffic } => {
                Fields::of("mtu-drop").with("bytes", bytes).with_traffic(traffic)
            }
            _ => return None,
        })
    }

    /// Of clocks and disks.
    fn inner_fields(&self) -> Fields {
        let of = |name: &str, nodes| Fields::of(name).with("nodes", nodes);
        match self {
            Fault::ClockOffset { nodes, by } => of("clock-offset", nodes).with("by", by),
            Fault::ClockDrift { nodes, ppb } => of("clock-drift", nodes).with("ppb", ppb),
            Fault::ClockJump { nodes, by } => of("clock-jump", nodes).with("by", by),
            Fault::ClockFreeze { nodes, frozen } => of("clock-freeze", nodes).with("frozen", frozen),
            Fault::LeapSecond { nodes, smear } => of("leap-second", nodes).with("smear", smear),
            Fault::BadTimeServer { nodes, by } => of("bad-time-server", nodes).with("by", by),
            Fault::TornWrites { nodes, on } => of("torn-writes", nodes).with("on", on),
            Fault::WriteReorder { nodes, on } => of("write-reorder", nodes).with("on", on),
            Fault::FsyncError { nodes, count } => of("fsync-error", nodes).with("count", count),
            Fault::FsyncLie { nodes, on } => of("fsync-lie", nodes).with("on", on),
            Fault::BitRot { nodes, bits } => of("bit-rot", nodes).with("bits", bits),
            Fault::DiskFull { nodes, bytes } => of("disk-full", nodes).with("bytes", bytes),
            Fault::SlowDisk { nodes, by } => of("slow-disk", nodes).with("by", by),
            _ => unreachable!("the faults of nodes and of the network have their own functions"),
        }
    }

    pub(crate) fn from_fields(fields: &Fields) -> Result<Fault, FaultError> {
        match Fault::of_nodes(fields)? {
            Some(fault) => Ok(fault),
            None => match Fault::of_network(fields)? {
                Some(fault) => Ok(fault),
                None => Fault::of_clocks_and_disks(fields),
            },
        }
    }

    fn of_nodes(fields: &Fields) -> Result<Option<Fault>, FaultError> {
        Ok(Some(match fields.name.as_str() {
            "crash" => Fault::Crash { nodes: fields.get("nodes")? },
            "crash-after-effects" => {
                Fault::CrashAfterEffects { node: fields.get("node")?, effects: fields.get("effects")? }
            }
            "crash-at-byte" => Fault::CrashAtByte { node: fields.get("node")?, bytes: fields.get("bytes")? },
            "restart" => Fault::Restart { nodes: fields.get("nodes")? },
            "pause" => Fault::Pause { nodes: fields.get("nodes")?, time: fields.get("time")? },
            "slow" => Fault::Slow { nodes: fields.get("nodes")?, factor: fields.get("factor")? },
            "service-time" => Fault::ServiceTime { nodes: fields.get("nodes")?, time: fields.get("time")? },
            "overload" => Fault::Overload { nodes: fields.get("nodes")?, limit: fields.get("limit")? },
            "connection-limit" => {
                Fault::ConnectionLimit { nodes: fields.get("nodes")?, limit: fields.get("limit")? }
            }
            "version-skew" => {
                Fault::VersionSkew { nodes: fields.get("nodes")?, version: fields.get("version")? }
            }
            "misbehave" => {
                Fault::Misbehave { nodes: fields.get("nodes")?, behaviour: fields.get("behaviour")? }
            }
            _ => return Ok(None),
        }))
    }

    fn of_network(fields: &Fields) -> Result<Option<Fault>, FaultError> {
        let (probability, traffic) = (|| fields.get("probability"), || fields.traffic());
        Ok(Some(match fields.name.as_str() {
            "partition" => Fault::Partition { groups: fields.get("groups")? },
            "isolate" => Fault::Isolate { nodes: fields.get("nodes")? },
            "one-way" => Fault::OneWay { from: fields.get("from")?, to: fields.get("to")? },
            "ring" => Fault::Ring { nodes: fields.get("nodes")? },
            "flap" => Fault::Flap {
                groups: fields.get("groups")?,
                down: fields.get("down")?,
                up: fields.get("up")?,
            },
            "loss" => Fault::Loss { probability: probability()?, traffic: traffic()? },
            "duplicate" => Fault::Duplicate { probability: probability()?, traffic: traffic()? },
            "delay" => Fault::Delay { by: fields.get("by")?, traffic: traffic()? },
            "reorder" => {
                Fault::Reorder { probability: probability()?, by: fields.get("by")?, traffic: traffic()? }
            }
            "corrupt" => Fault::Corrupt { probability: probability()?, traffic: traffic()? },
            "bandwidth" => Fault::Bandwidth {
                rate: fields.get("rate")?,
                queue: fields.get("queue")?,
                traffic: traffic()?,
            },
            "dns-change" => Fault::DnsChange { name: fields.get("name")?, to: fields.get("to")? },
            "dns-stale" => Fault::DnsStale { nodes: fields.get("nodes")?, on: fields.get("on")? },
            "router-down" => Fault::RouterDown { router: fields.get("router")?, on: fields.get("on")? },
            "link-down" => Fault::LinkDown {
                one: fields.get("one")?,
                other: fields.get("other")?,
                on: fields.get("on")?,
            },
            "route-withdraw" => {
                Fault::RouteWithdraw { network: fields.get("network")?, on: fields.get("on")? }
            }
            "mtu-drop" => Fault::MtuDrop { bytes: fields.get("bytes")?, traffic: traffic()? },
            _ => return Ok(None),
        }))
    }

    fn of_clocks_and_disks(fields: &Fields) -> Result<Fault, FaultError> {
        let nodes = || fields.get("nodes");
        Ok(match fields.name.as_str() {
            "clock-offset" => Fault::ClockOffset { nodes: nodes()?, by: fields.get("by")? },
            "clock-drift" => Fault::ClockDrift { nodes: nodes()?, ppb: fields.get("ppb")? },
            "clock-jump" => Fault::ClockJump { nodes: nodes()?, by: fields.get("by")? },
            "clock-freeze" => Fault::ClockFreeze { nodes: nodes()?, frozen: fields.get("frozen")? },
            "leap-second" => Fault::LeapSecond { nodes: nodes()?, smear: fields.get("smear")? },
            "bad-time-server" => Fault::BadTimeServer { nodes: nodes()?, by: fields.get("by")? },
            "torn-writes" => Fault::TornWrites { nodes: nodes()?, on: fields.get("on")? },
            "write-reorder" => Fault::WriteReorder { nodes: nodes()?, on: fields.get("on")? },
            "fsync-error" => Fault::FsyncError { nodes: nodes()?, count: fields.get("count")? },
            "fsync-lie" => Fault::FsyncLie { nodes: nodes()?, on: fields.get("on")? },
            "bit-rot" => Fault::BitRot { nodes: nodes()?, bits: fields.get("bits")? },
            "disk-full" => Fault::DiskFull { nodes: nodes()?, bytes: fields.get("bytes")? },
            "slow-disk" => Fault::SlowDisk { nodes: nodes()?, by: fields.get("by")? },
            _ => {
                return Err(FaultError::new(
                    "the name of a fault, like crash or partition",
                    fields.name.clone(),
                ));
            }
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fields().fmt(f)
    }
}

impl FromStr for Fault {
    type Err = FaultError;
    fn from_str(text: &str) -> Result<Fault, FaultError> {
        Fault::from_fields(&text.parse()?)
    }
}
