//! The laws of versions: what replicas keep of a key, judged by causal histories, which say of every write which writes its client had seen.

use std::collections::BTreeSet;

use netsplit_algorithms::clocks::{Causality, DottedSiblings, VersionVector, VersionedSiblings};
use netsplit_node::{NodeId, Random};

/// What the judge keeps at a replica: each write by its number, with the numbers of all writes that its client had seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Histories {
    writes: Vec<(u64, BTreeSet<u64>)>,
}

impl Histories {
    /// What a client sees that reads here.
    fn context(&self) -> BTreeSet<u64> {
        self.writes.iter().flat_map(|(write, seen)| seen.iter().copied().chain([*write])).collect()
    }

    fn put(&mut self, context: &BTreeSet<u64>, write: u64) {
        self.writes.retain(|(known, _)| !context.contains(known));
        self.writes.push((write, context.clone()));
    }

    /// Of all writes of both, those that none of the others has seen.
    fn merge(&mut self, other: &Histories) {
        for version in &other.writes {
            if !self.writes.contains(version) {
                self.writes.push(version.clone());
            }
        }
        let all = self.writes.clone();
        self.writes.retain(|(write, _)| !all.iter().any(|(_, seen)| seen.contains(write)));
    }

    fn values(&self) -> BTreeSet<u64> {
        self.writes.iter().map(|&(write, _)| write).collect()
    }
}

/// One key at three replicas, written by clients that remember the contexts of what they have read, however old.
struct Run {
    judge: [Histories; 3],
    dotted: [DottedSiblings<u64>; 3],
    versioned: [VersionedSiblings<u64>; 3],
}

/// What a client has read, in the words of each.
type Contexts = (BTreeSet<u64>, VersionVector, VersionVector);

/// Sixty random reads, writes and exchanges; after each of them `check` sees the replica at which it was.
fn random_run(seed: u64, mut check: impl FnMut(&Run, usize)) {
    let mut random = Random::new(seed);
    let mut run =
        Run { judge: Default::default(), dotted: Default::default(), versioned: Default::default() };
    let mut clients: Vec<Contexts> = vec![Contexts::default(); 4];
    for write in 0..60 {
        let replica = random.below(3) as usize;
        match random.below(4) {
            0 => {
                let other = random.below(3) as usize;
                let (judge, dotted, versioned) =
                    (run.judge[other].clone(), run.dotted[other].clone(), run.versioned[other].clone());
                run.judge[replica].merge(&judge);
                run.dotted[replica].merge(&dotted);
                run.versioned[replica].merge(&versioned);
            }
            1 => {
                let client = random.below(4) as usize;
                clients[client] = (
                    run.judge[replica].context(),
                    run.dotted[replica].context(),
                    run.versioned[replica].context(),
                );
            }
            _ => {
                let (seen, dotted, versioned) = &clients[random.below(4) as usize];
                run.judge[replica].put(seen, write);
                run.dotted[replica].put(NodeId(replica as u32), dotted, write);
                run.versioned[replica].put(NodeId(replica as u32), versioned, write);
            }
        }
        check(&run, replica);
    }
}

#[test]
fn dotted_siblings_are_what_causal_histories_say() {
    // After every step at every replica: the same values, none too many, none too few.
    let mut siblings = 0;
    for seed in 0..2_000 {
        random_run(seed, |run, replica| {
            let kept: BTreeSet<u64> = run.dotted[replica].values().copied().collect();
            assert_eq!(kept, run.judge[replica].values(), "seed {seed}");
            siblings += usize::from(kept.len() > 2);
        });
    }
    assert!(siblings > 1_000, "only {siblings} times more than two siblings: the runs are too tame");
}

#[test]
fn dotted_versions_compare_as_their_histories() {
    // Every two versions of any two replicas: before exactly if the one history has the other's write.
    for seed in 0..300 {
        random_run(seed, |run, _| {
            let versions = || run.dotted.iter().flat_map(DottedSiblings::versions);
            let history = |write: u64| {
                let all = run.judge.iter().flat_map(|judge| &judge.writes);
                &all.into_iter().find(|(known, _)| *known == write).expect("the judge has it too").1
            };
            for (one, &a) in versions() {
                for (other, &b) in versions() {
                    let expected = match (a == b, history(b).contains(&a), history(a).contains(&b)) {
                        (true, _, _) => Causality::Equal,
                        (_, true, _) => Causality::Before,
                        (_, _, true) => Causality::After,
                        _ => Causality::Concurrent,
                    };
                    assert_eq!(one.compare(other), expected, "seed {seed}, writes {a} and {b}");
                }
            }
        });
    }
}

#[test]
fn a_vector_for_the_set_keeps_too_much_and_never_too_little() {
    // Over the same runs, after every step: seven of ten more values than there are siblings, and every true sibling among them.
    let (mut kept, mut true_siblings, mut lost) = (0, 0, 0);
    for seed in 0..2_000 {
        random_run(seed, |run, replica| {
            let values: BTreeSet<u64> = run.versioned[replica].values().copied().collect();
            kept += values.len();
            true_siblings += run.judge[replica].values().len();
            lost += run.judge[replica].values().difference(&values).count();
        });
    }
    assert_eq!((kept, true_siblings, lost), (908_109, 534_063, 0));
}

#[test]
fn version_vectors_of_copies_that_replicas_update_are_exact() {
    // Without clients in between: a replica updates its own copy or takes over another's, and compares as the sets of updates do.
    for seed in 0..500 {
        let mut random = Random::new(seed);
        let mut copies: [(BTreeSet<u64>, VersionVector); 4] = Default::default();
        for update in 0..40 {
            let (replica, other) = (random.below(4) as usize, random.below(4) as usize);
            if random.chance(0.5) {
                copies[replica].0.insert(update);
                copies[replica].1.increment(NodeId(replica as u32));
            } else {
                let (updates, vector) = copies[other].clone();
                copies[replica].0.extend(updates);
                copies[replica].1.merge(&vector);
            }
            for (a, one) in &copies {
                for (b, other) in &copies {
                    let expected = match (a.is_subset(b), b.is_subset(a)) {
                        (true, true) => Causality::Equal,
                        (true, false) => Causality::Before,
                        (false, true) => Causality::After,
                        (false, false) => Causality::Concurrent,
                    };
                    assert_eq!(one.compare(other), expected, "seed {seed}");
                }
            }
        }
    }
}
