//! What must happen at some time: found where it need not, not complained of where only an unfair schedule prevents it.

use netsplit_sim::explore::{Exploration, Explore, Model, Standing, explore};

/// States by number, and named steps between them: a graph as a model.
#[derive(Clone)]
struct Steps {
    steps: Vec<(u32, &'static str, u32)>,
    /// Actions that need not happen.
    faults: Vec<&'static str>,
}

impl Steps {
    fn new(steps: &[(u32, &'static str, u32)]) -> Steps {
        Steps { steps: steps.to_vec(), faults: Vec::new() }
    }

    /// Must 9 come?
    fn comes(self) -> Explore<Steps> {
        explore(self).eventually("comes", |_, state| *state == 9)
    }
}

impl Model for Steps {
    type State = u32;
    type Action = &'static str;
    fn initial(&self) -> Vec<u32> {
        vec![0]
    }
    fn actions(&self, state: &u32, actions: &mut Vec<&'static str>) {
        actions.extend(self.steps.iter().filter(|(from, ..)| from == state).map(|(_, name, _)| name));
    }
    fn next(&self, state: &u32, action: &&'static str) -> Option<u32> {
        self.steps.iter().find(|(from, name, _)| from == state && name == action).map(|(.., to)| *to)
    }
    fn words(&self, action: &&'static str) -> String {
        (*action).to_owned()
    }
    fn is_fair(&self, action: &&'static str) -> bool {
        !self.faults.contains(action)
    }
}

/// The actions of the run in which it never happens, and from where it repeats itself.
fn run(found: &Exploration) -> (Vec<&str>, usize) {
    match &found.findings[0].standing {
        Standing::Violated { path: Some(path), .. } => {
            (path.actions(), path.repeats_from.expect("it never ends"))
        }
        standing => panic!("{standing:?}"),
    }
}

#[test]
fn a_circle_without_progress_is_found() {
    // 1 and 2 go round, and the way to 9 is open in only one of them: to be fair owes it nothing.
    let found =
        Steps::new(&[(0, "begin", 1), (1, "ping", 2), (2, "pong", 1), (1, "finish", 9)]).comes().run();
    assert_eq!(run(&found), (vec!["begin", "ping", "pong"], 1), "{found}");
    assert!(found.to_string().contains("from here on it repeats itself"), "{found}");
}

#[test]
fn a_circle_that_only_an_unfair_schedule_goes_round_is_none() {
    // The way to 9 is open everywhere in it: whoever goes round for ever owes it. Without fairness it counts.
    let steps = Steps::new(&[(0, "ping", 1), (1, "pong", 0), (0, "finish", 9), (1, "finish", 9)]);
    assert!(steps.clone().comes().run().holds());
    let found = steps.comes().unfair().run();
    assert_eq!(run(&found), (vec!["ping", "pong"], 0), "{found}");
}

#[test]
fn ways_that_join_are_both_seen() {
    // What an explorer that remembers on its way whether it has happened forgets: 3 is reached over 9 first and then around it. So it is with a
    // state that is reached by two ways of different lengths.
    let join = [(0, "over", 9), (9, "on", 3), (0, "around", 1), (1, "longer", 2), (2, "on", 3)];
    let found = Steps::new(&join).comes().run();
    assert_eq!(run(&found), (vec!["around", "longer", "on"], 3), "{found}");
    assert!(found.to_string().contains("here it stays for ever"), "{found}");
    // The same where all ways lead over 9.
    assert!(
        Steps::new(&[(0, "a", 1), (0, "b", 2), (1, "a", 9), (2, "a", 9), (9, "c", 3), (3, "c", 3)])
            .comes()
            .run()
            .holds()
    );
}

#[test]
fn a_circle_back_to_where_it_began_is_found() {
    // A state that was seen before closes a circle, also one step long.
    let found = Steps::new(&[(0, "stay", 0), (0, "go", 1), (1, "go", 9)]).comes();
    assert!(found.run().holds(), "to go is possible all the time");
    assert_eq!(run(&found.unfair().run()), (vec!["stay"], 0));
    let found = Steps::new(&[(0, "go", 1), (1, "stay", 1)]).comes().run();
    assert_eq!(run(&found), (vec!["go", "stay"], 1), "{found}");
}

#[test]
fn what_a_circle_owes_is_paid_in_it() {
    // Three actions stay possible; a run that is fair takes each of them on its way round, so its circle has all three.
    let found = Steps::new(&[
        (0, "a", 1),
        (0, "b", 0),
        (0, "c", 0),
        (1, "a", 0),
        (1, "b", 1),
        (1, "c", 2),
        (2, "a", 0),
        (2, "b", 0),
        (2, "c", 1),
    ])
    .comes()
    .run();
    let (actions, from) = run(&found);
    assert!(["a", "b", "c"].iter().all(|name| actions[from..].contains(name)), "{found}");
}

#[test]
fn a_fault_need_not_happen_and_does_not_excuse() {
    // A run may end where only a fault could go on, and a circle of faults alone is a run as well.
    let repair = Steps { faults: vec!["repair"], ..Steps::new(&[(0, "break", 1), (1, "repair", 9)]) };
    assert_eq!(run(&repair.comes().run()), (vec!["break"], 1));
    let lossy =
        Steps { faults: vec!["lose"], ..Steps::new(&[(0, "send", 1), (1, "lose", 0), (1, "arrive", 9)]) };
    let found = lossy.comes().run();
    assert_eq!(run(&found), (vec!["send", "lose"], 0), "arriving is not possible for long enough: {found}");
}

#[test]
fn what_was_not_seen_whole_is_undecided() {
    // A run that is longer than what was looked at proves nothing.
    let steps: Vec<_> = (0..8).map(|state| (state, "on", state + 1)).chain([(8, "on", 9)]).collect();
    let found = Steps::new(&steps).comes().within(netsplit_sim::explore::Budget::depth(3)).run();
    assert_eq!(found.findings[0].standing, Standing::Open);
}

#[test]
fn random_graphs_agree_with_a_search_of_all_lassos() {
    // Against a search that knows nothing of components: it looks for a state from which a walk of bounded length, with all that it owes as part of what it
    // remembers, comes back to itself with nothing owed.
    let mut random = netsplit_node::Random::new(5);
    let names = ["a", "b", "c"];
    let mut violated = 0;
    for _ in 0..2_000 {
        let count = 2 + random.below(3) as u32;
        let mut steps = Vec::new();
        for from in 0..count {
            for name in names {
                if random.chance(0.55) {
                    let to = random.below(u64::from(count) + 1) as u32;
                    steps.push((from, name, if to == count { 9 } else { to }));
                }
            }
        }
        let model = Steps::new(&steps);
        let found = model.clone().comes().run();
        let holds = !has_fair_lasso(&model);
        assert_eq!(found.findings[0].holds(), holds, "{steps:?}: {found}");
        violated += u32::from(!holds);
        if !holds {
            check_lasso(&model, &found);
        }
    }
    assert!((300..1700).contains(&violated), "{violated}");
}

fn enabled(model: &Steps, state: u32) -> Vec<&'static str> {
    let mut actions = Vec::new();
    model.actions(&state, &mut actions);
    actions
}

/// By going through (state, what was paid) from every state that can be reached without 9.
fn has_fair_lasso(model: &Steps) -> bool {
    let reach = |from: u32| {
        let mut met = vec![from];
        let mut at = 0;
        while at < met.len() {
            for action in enabled(model, met[at]) {
                let to = model.next(&met[at], &action).expect("it is possible");
                if to != 9 && !met.contains(&to) {
                    met.push(to);
                }
            }
            at += 1;
        }
        met
    };
    reach(0).into_iter().any(|start| {
        if enabled(model, start).is_empty() {
            return true;
        }
        let off = |state: u32| {
            (0..3)
                .filter(|&bit| !enabled(model, state).contains(&["a", "b", "c"][bit]))
                .fold(0, |bits, bit| bits | 1 << bit)
        };
        let mut met = vec![];
        let mut open = vec![(start, off(start))];
        while let Some((state, paid)) = open.pop() {
            for action in enabled(model, state) {
                let to = model.next(&state, &action).expect("it is possible");
                let bit = ["a", "b", "c"].iter().position(|name| *name == action).expect("one of three");
                let next = (to, paid | 1 << bit | off(to));
                if next == (start, 7) {
                    return true;
                }
                if to != 9 && !met.contains(&next) {
                    met.push(next);
                    open.push(next);
                }
            }
        }
        false
    })
}

/// The run that is told is one, and never comes to 9.
fn check_lasso(model: &Steps, found: &Exploration) {
    let (actions, from) = run(found);
    let mut states = vec![0_u32];
    for action in &actions {
        let action = ["a", "b", "c"].into_iter().find(|name| name == action).expect("one of three");
        let next = model.next(states.last().expect("one"), &action).expect("it is possible");
        assert_ne!(next, 9, "{found}");
        states.push(next);
    }
    if from < actions.len() {
        assert_eq!(states[from], states[actions.len()], "{found}");
    } else {
        assert!(enabled(model, states[from]).is_empty(), "{found}");
    }
}
