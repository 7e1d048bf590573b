//! Wrong: a receipt is not counted as an event of its own.
// answer: vector-clock
#[derive(Default)]
struct MyClock {
    known: Stamp,
}

/// Whether `other` knows all that `one` knows.
fn at_most(one: &Stamp, other: &Stamp) -> bool {
    one.iter().all(|(node, count)| *count <= other.get(node).copied().unwrap_or(0))
}

impl Vector for MyClock {
    fn event(&mut self, at: u32) -> Stamp {
        *self.known.entry(at).or_default() += 1;
        self.known.clone()
    }
    fn receive(&mut self, at: u32, sent: &Stamp) -> Stamp {
        self.known = MyClock::join(&self.known, sent);
        let _ = at;
        self.known.clone()
    }
    fn compare(one: &Stamp, other: &Stamp) -> Order {
        match (at_most(one, other), at_most(other, one)) {
            (true, true) => Order::Equal,
            (true, false) => Order::Before,
            (false, true) => Order::After,
            (false, false) => Order::Concurrent,
        }
    }
    fn join(one: &Stamp, other: &Stamp) -> Stamp {
        let mut join = one.clone();
        for (&node, &count) in other {
            let known = join.entry(node).or_default();
            *known = count.max(*known);
        }
        join
    }
}

fn vector_clock(job: Job) -> Said {
    work::<MyClock>(job)
}
