//! Everybody at this moment, as a cluster view shows it.

use netsplit_node::NodeId;
use netsplit_node::trace::{Cargo, EventKind, Participant as Kind};
use netsplit_view::{ClockView, ClusterView, FileView, Health, InFlight, MemberView};

use crate::participants::{Participant, Role};
use crate::queue::{Coming, Freight};
use crate::world::World;

/// Who cannot reach whom is told of at most so many participants: it is asked for each pair.
const MOST_PAIRED: usize = 64;

impl World {
    pub(crate) fn cluster_view(&self) -> ClusterView {
        let there = |id: &NodeId| !self.participants[id.0 as usize].left;
        let everybody = (0..self.participants.len() as u32).map(NodeId).filter(there);
        let members: Vec<MemberView> = everybody.map(|id| self.member_view(id)).collect();
        let ids: Vec<NodeId> = members.iter().map(|member| member.id).take(MOST_PAIRED).collect();
        let pairs = ids.iter().flat_map(|&from| ids.iter().map(move |&to| (from, to)));
        let severed = pairs.filter(|&(from, to)| from != to && self.network.is_cut(from, to)).collect();
        let in_flight = self.in_flight();
        let remarks = self.rules_in_words();
        ClusterView { time: self.now, seed: self.seed, members, severed, in_flight, remarks }
    }

    fn member_view(&self, id: NodeId) -> MemberView {
        let participant = &self.participants[id.0 as usize];
        let kind = match participant.role {
            Role::Member { .. } => Kind::Node,
            Role::Client(_) => Kind::Client,
        };
        MemberView {
            health: health(participant),
            state: self.inspect(id),
            files: files(participant),
            clock: self.clock_view(participant),
            ..MemberView::new(id, self.name_of(id), kind)
        }
    }

    fn clock_view(&self, participant: &Participant) -> Option<ClockView> {
        let clock = participant.special.as_ref()?.clock.as_ref()?;
        let shows = clock.read(self.now);
        let bound = Some(clock.uncertainty(self.now)).filter(|bound| *bound != netsplit_node::Duration::ZERO);
        Some(ClockView { shows, ahead: shows - self.now, bound })
    }

    /// What is under way, with its words as far as the trace has them.
    fn in_flight(&self) -> Vec<InFlight> {
        let mut arrivals = self.queue.waiting();
        arrivals.retain(|(_, coming)| matches!(coming, Coming::Arrival { .. }));
        let sent: Vec<u64> = arrivals.iter().filter_map(|(_, coming)| sending(coming)).collect();
        let earliest = sent.iter().copied().min().unwrap_or(u64::MAX);
        let events = self.events_since(earliest);
        let messages = arrivals.into_iter().filter_map(|(arrives, coming)| {
            let Coming::Arrival { to, from, cargo: freight, sent } = coming else { return None };
            let event = events.iter().find(|event| event.id.0 == sent).map(|event| &event.kind);
            let (cargo, text) = match (event, freight) {
                (Some(EventKind::Sent { cargo, text, .. }), _) => (*cargo, text.clone()),
                (_, Freight::Message(_)) => (Cargo::Message, "(sent before the trace begins)".to_owned()),
                (_, Freight::Parcel(_)) => (Cargo::Request, "(sent before the trace begins)".to_owned()),
            };
            Some(InFlight { from, to, cargo, text, arrives })
        });
        messages.collect()
    }
}

fn sending(coming: &Coming) -> Option<u64> {
    match coming {
        Coming::Arrival { sent, .. } => Some(*sent),
        _ => None,
    }
}

fn health(participant: &Participant) -> Health {
    match (participant.up, &participant.blocked) {
        (false, _) => Health::Down,
        (true, Some(_)) => Health::Paused,
        (true, None) => Health::Up,
    }
}

fn files(participant: &Participant) -> Vec<FileView> {
    let disk = &participant.belongings.disk;
    let view = |name: String| {
        let (seen, synced) = (disk.read(&name).unwrap_or_default(), disk.read_synced(&name));
        let is_synced = synced.as_ref() == Some(&seen);
        FileView { name, bytes: seen.len(), synced: synced.map(|bytes| bytes.len()), is_synced }
    };
    disk.files().into_iter().map(view).collect()
}
