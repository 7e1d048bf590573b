//! Valency, and who keeps a decision open.

use netsplit_sim::explore::{Adversary, Fair, Model, schedule, valency};

/// Two processes with a value each. One that looks and finds both equal decides; one that finds them different does nothing, or tosses its own over.
struct Tossing {
    tosses: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    values: [bool; 2],
    decided: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Action {
    Look(usize),
    Toss(usize),
}

impl Model for Tossing {
    type State = State;
    type Action = Action;
    fn initial(&self) -> Vec<State> {
        let values = [[false, false], [false, true], [true, true]];
        values
            .into_iter()
            .map(|values| State { values, decided: None })
            .skip(usize::from(self.tosses))
            .collect()
    }
    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.decided.is_none() {
            actions.extend([Action::Look(0), Action::Look(1)]);
            if self.tosses || state.values[0] != state.values[1] {
                actions.extend([Action::Toss(0), Action::Toss(1)]);
            }
        }
    }
    fn next(&self, state: &State, action: &Action) -> Option<State> {
        let mut next = state.clone();
        match *action {
            Action::Look(_) if state.values[0] == state.values[1] => next.decided = Some(state.values[0]),
            Action::Look(_) => {}
            Action::Toss(process) => next.values[process] = !state.values[process],
        }
        Some(next)
    }
}

#[test]
fn an_initial_configuration_is_bivalent_where_the_first_step_decides() {
    // Values that differ: who tosses first decides for the other's value; so it is critical but for looking, which changes nothing.
    let valency = valency(&Tossing { tosses: false }, |state| state.decided.into_iter().collect())
        .expect("it is small");
    assert_eq!(valency.initial(), [vec![false], vec![false, true], vec![true]]);
    assert_eq!(
        (valency.configurations(), valency.bivalent(), valency.univalent(), valency.critical()),
        (5, 1, 4, 0)
    );
    assert_eq!(
        valency.to_string(),
        "5 configurations: 1 bivalent (0 critical), 4 univalent, 0 without a decision"
    );
}

#[test]
fn an_adversary_keeps_it_open_for_ever_and_lets_everything_happen() {
    // It never lets it be decided, and each of the four actions happens again and again.
    let model = Tossing { tosses: true };
    let valency = valency(&model, |state| state.decided.into_iter().collect()).expect("it is small");
    let run = schedule(&model, &mut Adversary::keep_bivalent(&valency), 1000).expect("it begins");
    assert_eq!((run.state.decided, run.path.steps.len()), (None, 1000));
    for action in ["Look(0)", "Look(1)", "Toss(0)", "Toss(1)"] {
        let gaps = run.path.actions();
        assert!(gaps.chunks(100).all(|part| part.contains(&action)), "{action} waits");
    }
}

#[test]
fn a_fair_scheduler_lets_nobody_wait() {
    // In turn, for as long as all are possible; where looking decides, it is decided.
    let tossing = schedule(&Tossing { tosses: true }, &mut Fair::default(), 8).expect("it begins");
    assert_eq!(tossing.path.actions(), ["Look(0)", "Look(1)", "Toss(0)", "Toss(1)"].repeat(2));
    let fair = schedule(&Tossing { tosses: false }, &mut Fair::default(), 8).expect("it begins");
    assert_eq!((fair.state.decided, fair.path.actions()), (Some(false), vec!["Look(0)"]));
}

#[test]
fn an_adversary_ends_where_every_step_decides() {
    // Without tosses it can only look; where the values differ that goes on, and it never tosses.
    let model = Tossing { tosses: false };
    let valency = valency(&model, |state| state.decided.into_iter().collect()).expect("it is small");
    let run = schedule(&model, &mut Adversary::keep_bivalent(&valency), 50).expect("it begins");
    assert_eq!(run.path.steps.len(), 0, "its first configuration is univalent already: {}", run.path);
}
