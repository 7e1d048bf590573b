//! What is under way, and what the network may do with it.

/// What the network does with messages, apart from losing and doubling them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// Each arrives at most once, at any time, in any order. A message that changes nothing where it arrives stays under way.
    #[default]
    Unordered,
    /// Each arrives at most once, those from one participant to another in the order in which they were sent.
    Ordered,
    /// Each that was ever sent between nodes may arrive at any time, again and again. Requests and answers of clients arrive at most once.
    Duplicating,
}

/// A message, request or answer under way, in an order that depends on nothing but what it is under way.
///
/// Numbers are those of envelopes. Where order matters, a channel's stand in the order in which they were sent, one channel after the other.
pub(crate) fn send(
    network: Network,
    in_flight: &mut Vec<u32>,
    envelope: u32,
    channel: impl Fn(u32) -> u64,
) -> bool {
    match network {
        Network::Unordered => {
            let at = in_flight.partition_point(|&other| other < envelope);
            in_flight.insert(at, envelope);
            true
        }
        Network::Duplicating => match in_flight.binary_search(&envelope) {
            Ok(_) => false,
            Err(at) => {
                in_flight.insert(at, envelope);
                true
            }
        },
        Network::Ordered => {
            let to = channel(envelope);
            let at = in_flight.partition_point(|&other| channel(other) <= to);
            in_flight.insert(at, envelope);
            true
        }
    }
}

/// The places of those that can arrive now: each envelope once, of a channel the first.
pub(crate) fn deliverable(
    network: Network,
    in_flight: &[u32],
    channel: impl Fn(u32) -> u64,
) -> impl Iterator<Item = usize> {
    (0..in_flight.len()).filter(move |&at| {
        at == 0
            || match network {
                Network::Unordered | Network::Duplicating => in_flight[at - 1] != in_flight[at],
                Network::Ordered => channel(in_flight[at - 1]) != channel(in_flight[at]),
            }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Envelopes 10 to 19 are those of channel 1, and so on.
    fn channel(envelope: u32) -> u64 {
        u64::from(envelope / 10)
    }

    fn sent(network: Network, envelopes: &[u32]) -> Vec<u32> {
        let mut in_flight = Vec::new();
        envelopes.iter().for_each(|&envelope| {
            send(network, &mut in_flight, envelope, channel);
        });
        in_flight
    }

    #[test]
    fn each_network_keeps_what_it_promises() {
        // Copies count where each arrives once, not where it may arrive again and again; order counts within a channel.
        let envelopes = [21, 12, 11, 12, 20];
        assert_eq!(sent(Network::Unordered, &envelopes), [11, 12, 12, 20, 21]);
        assert_eq!(sent(Network::Duplicating, &envelopes), [11, 12, 20, 21]);
        assert_eq!(sent(Network::Ordered, &envelopes), [12, 11, 12, 21, 20]);
        let places = |network| {
            let in_flight = sent(network, &envelopes);
            deliverable(network, &in_flight, channel).collect::<Vec<_>>()
        };
        assert_eq!(places(Network::Unordered), [0, 1, 3, 4]);
        assert_eq!(places(Network::Duplicating), [0, 1, 2, 3]);
        assert_eq!(places(Network::Ordered), [0, 3]);
    }
}
