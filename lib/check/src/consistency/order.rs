//! What must come before what: a graph whose nodes are operations, and a few between them that keep its edges few.
//!
//! Session order and real time have as many pairs as there are pairs of operations. So each gets a line of nodes besides the
//! operations: an operation leads to the node of its end, each node to the next, and the last one before an operation leads
//! to it.

use std::collections::VecDeque;

use netsplit_node::Time;

use super::observed::Observed;

/// A relation that must not go round in a circle.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// For each node, those immediately before it.
    before: Vec<Vec<u32>>,
    /// For each edge that was put, in their order, the node that it leads to.
    put: Vec<u32>,
}

/// How much of an order there was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    nodes: usize,
    edges: usize,
}

impl Order {
    /// Of these operations, nothing being before anything yet.
    pub(super) fn of(observed: &Observed) -> Order {
        Order { before: vec![Vec::new(); observed.operations.len()], put: Vec::new() }
    }

    /// The causal order of Ahamad and others ("Causal memory: definitions, implementation, and programming", Distributed Computing
    /// 9(1), 1995, section 2): session order, a write before the reads that saw it, and what follows from these two.
    pub(super) fn causal(observed: &Observed) -> Order {
        let mut order = Order::of(observed);
        order.put_sessions(observed, |_| true, |_| true);
        order.put_reads_from(observed);
        order
    }

    /// The operations of each session that `from` picks, before those that `to` picks.
    pub(super) fn put_sessions(
        &mut self,
        observed: &Observed,
        from: impl Fn(usize) -> bool,
        to: impl Fn(usize) -> bool,
    ) {
        for session in &observed.sessions {
            let mut firsts = observed.ended(session);
            firsts.retain(|&operation| from(operation));
            let line = self.line(&firsts);
            for &operation in session.operations.iter().filter(|&&operation| to(operation)) {
                let count = firsts.partition_point(|&first| observed.is_before(first, operation));
                if count > 0 {
                    self.put(line[count - 1], operation);
                }
            }
        }
    }

    /// Each write before the reads that saw it.
    pub(super) fn put_reads_from(&mut self, observed: &Observed) {
        for read in observed.reads() {
            if let Some(write) = observed.seen_by(read) {
                self.put(write as u32, read);
            }
        }
    }

    /// Each write that had ended before another write of the same key was asked for, before that one.
    pub(super) fn put_real_time(&mut self, observed: &Observed) {
        let told = |write: usize| observed.operations[write].told;
        for writes in observed.writes_by_key() {
            let mut ended: Vec<usize> =
                writes.iter().copied().filter(|&write| told(write).is_some()).collect();
            ended.sort_by_key(|&write| told(write));
            let line = self.line(&ended);
            for write in writes {
                let asked = observed.operations[write].asked;
                let count = ended.partition_point(|&first| told(first).unwrap_or(Time::MAX) < asked);
                if count > 0 {
                    self.put(line[count - 1], write);
                }
            }
        }
    }

    /// A node after each of these and all before it, in this order.
    fn line(&mut self, operations: &[usize]) -> Vec<u32> {
        let mut line: Vec<u32> = Vec::with_capacity(operations.len());
        for &operation in operations {
            line.push(self.node_after(operation as u32, line.last().copied()));
        }
        line
    }

    /// A new node after `one` and, if there is one, `another`.
    pub(super) fn node_after(&mut self, one: u32, another: Option<u32>) -> u32 {
        let node = self.before.len();
        self.before.push(Vec::new());
        self.put(one, node);
        if let Some(another) = another {
            self.put(another, node);
        }
        node as u32
    }

    pub(super) fn put(&mut self, first: u32, then: usize) {
        self.before[then].push(first);
        self.put.push(then as u32);
    }

    /// What is immediately before a node.
    pub(super) fn before(&self, node: u32) -> &[u32] {
        &self.before[node as usize]
    }

    pub(super) fn nodes(&self) -> usize {
        self.before.len()
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { nodes: self.before.len(), edges: self.put.len() }
    }

    /// Takes away what was put since.
    pub(super) fn return_to(&mut self, mark: Mark) {
        for then in self.put.drain(mark.edges..) {
            self.before[then as usize].pop();
        }
        self.before.truncate(mark.nodes);
    }

    /// Whether nothing is before itself.
    pub(super) fn is_acyclic(&self) -> bool {
        // Takes away what has nothing after it, until nothing is left (Kahn 1962).
        let mut after = vec![0_u32; self.before.len()];
        self.before.iter().flatten().for_each(|&node| after[node as usize] += 1);
        let mut last: Vec<u32> =
            (0..self.before.len() as u32).filter(|&node| after[node as usize] == 0).collect();
        let mut taken = 0;
        while let Some(node) = last.pop() {
            taken += 1;
            for &before in self.before(node) {
                after[before as usize] -= 1;
                if after[before as usize] == 0 {
                    last.push(before);
                }
            }
        }
        taken == self.before.len()
    }

    /// A shortest way from `first` to `then`, both included; if they are the same, one that leads out and back.
    pub(super) fn path(&self, first: u32, then: u32) -> Option<Vec<u32>> {
        let mut next = vec![u32::MAX; self.before.len()];
        let mut queue = VecDeque::from([then]);
        while let Some(node) = queue.pop_front() {
            for &before in self.before(node) {
                if next[before as usize] != u32::MAX {
                    continue;
                }
                next[before as usize] = node;
                if before == first {
                    let mut path = vec![first];
                    let mut at = first;
                    while at != then || path.len() == 1 {
                        at = next[at as usize];
                        path.push(at);
                    }
                    return Some(path);
                }
                queue.push_back(before);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(nodes: usize, edges: &[(u32, usize)]) -> Order {
        let mut order = Order { before: vec![Vec::new(); nodes], put: Vec::new() };
        edges.iter().for_each(|&(first, then)| order.put(first, then));
        order
    }

    #[test]
    fn a_circle_is_found_wherever_it_lies() {
        // A line is none, two ways to one end are none; a circle is one, also if only few lead into it.
        assert!(order(4, &[(0, 1), (1, 2), (0, 3), (3, 2)]).is_acyclic());
        assert!(!order(4, &[(0, 1), (1, 2), (2, 1)]).is_acyclic());
        assert!(!order(1, &[(0, 0)]).is_acyclic());
    }

    #[test]
    fn the_shortest_way_is_given() {
        // Not the long one that was put first; none against the direction; and out and back again for a circle.
        let order = order(5, &[(0, 1), (1, 2), (2, 3), (0, 4), (4, 3), (3, 0)]);
        assert_eq!(order.path(0, 3), Some(vec![0, 4, 3]));
        assert_eq!(order.path(1, 4), Some(vec![1, 2, 3, 0, 4]));
        assert_eq!(order.path(0, 0), Some(vec![0, 4, 3, 0]));
        let line = self::order(2, &[(0, 1)]);
        assert_eq!((line.path(1, 0), line.path(0, 0)), (None, None));
    }

    #[test]
    fn what_was_put_can_be_taken_away() {
        // Nodes and edges, and no others than those since the mark.
        let mut order = order(2, &[(0, 1)]);
        let mark = order.mark();
        let node = order.node_after(1, Some(0));
        order.put(node, 0);
        assert!(!order.is_acyclic());
        order.return_to(mark);
        assert!(order.is_acyclic());
        assert_eq!((order.nodes(), order.path(0, 1)), (2, Some(vec![0, 1])));
    }
}
