//! What students are not shown of `fence`.

use netsplit::grade::{Case, Exercise};
use netsplit::{Traffic, ms, secs};

use super::exercise::Scene;
use super::given::*;

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("many holders, in any order", 60, any_order)
        .hidden("letters overtake each other", 60, overtaking)
        .hidden("a crash in the middle of a request", 80, crash_in_the_middle)
}

const KEYS: [&str; 3] = ["file", "other file", "third file"];

fn key(case: &mut Case) -> &'static str {
    KEYS[case.random().below(3) as usize]
}

/// Tokens go up and down, with crashes in between.
fn any_order(case: &mut Case) {
    let mut scene = Scene::new(case);
    let mut newest = scene.case.random().below(1_000_000);
    for _ in 0..12 {
        let token = match scene.case.random().below(3) {
            0 => newest + 1 + scene.case.random().below(5),
            1 => newest.saturating_sub(1 + scene.case.random().below(3)),
            _ => newest,
        };
        newest = newest.max(token);
        if scene.case.random().chance(0.3) {
            scene.open(token);
        } else {
            let key = key(scene.case);
            scene.write(token, key);
        }
        if scene.case.random().chance(0.15) {
            scene.restart();
        }
    }
    scene.close();
}

/// Two holders at once, letters that are doubled and late.
fn overtaking(case: &mut Case) {
    let mut scene = Scene::new(case);
    let rule = scene.case.lab().reorder(0.5, secs(2), Traffic::all().requests());
    for token in 1..6 {
        for _ in 0..3 {
            let key = key(scene.case);
            let own = token - scene.case.random().below(2);
            let ask = if scene.case.random().chance(0.2) {
                StoreAsk::Open { token }
            } else {
                scene.letter(own, key)
            };
            scene.send(ask, false);
            let pause = scene.case.random().below(600) as i64;
            scene.wait(ms(pause));
        }
    }
    scene.case.lab().remove_rule(rule);
    scene.wait(secs(5));
    scene.write(7, "file");
    scene.write(6, "file");
    scene.close();
}

/// The store is crashed between two effects of what it does next.
fn crash_in_the_middle(case: &mut Case) {
    let mut scene = Scene::new(case);
    let mut token = 10;
    for _ in 0..5 {
        let key = key(scene.case);
        scene.write(token, key);
        token += scene.case.random().below(2);
        let effects = scene.case.random().below(5) as u32;
        if scene.store.is_up(0) {
            scene.store.crash_after_effects(0, effects);
        }
        let ask =
            if scene.case.random().chance(0.4) { StoreAsk::Open { token } } else { scene.letter(token, key) };
        scene.send(ask, false);
        scene.wait(secs(1));
        scene.restart();
        let key = KEYS[scene.case.random().below(3) as usize];
        let own = token - scene.case.random().below(2);
        scene.write(own, key);
    }
    scene.close();
}
