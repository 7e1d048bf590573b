//! Not an answer: the library's own clock.
// answer: vector-clock
#[derive(Default)]
struct MyClock {
    clock: clocks::VectorClock,
}

fn of(stamp: &Stamp) -> clocks::VectorClock {
    stamp.iter().map(|(&node, &count)| (NodeId(node), count)).collect()
}

fn stamp(clock: &clocks::VectorClock) -> Stamp {
    clock.iter().map(|(node, count)| (node.0, count)).collect()
}

impl Vector for MyClock {
    fn event(&mut self, at: u32) -> Stamp {
        stamp(&self.clock.tick(NodeId(at)))
    }
    fn receive(&mut self, at: u32, sent: &Stamp) -> Stamp {
        stamp(&self.clock.receive(NodeId(at), &of(sent)))
    }
    fn compare(one: &Stamp, other: &Stamp) -> Order {
        match of(one).compare(&of(other)) {
            clocks::Causality::Before => Order::Before,
            clocks::Causality::After => Order::After,
            clocks::Causality::Equal => Order::Equal,
            clocks::Causality::Concurrent => Order::Concurrent,
        }
    }
    fn join(one: &Stamp, other: &Stamp) -> Stamp {
        let mut join = of(one);
        join.merge(&of(other));
        stamp(&join)
    }
}

fn vector_clock(job: Job) -> Said {
    work::<MyClock>(job)
}
