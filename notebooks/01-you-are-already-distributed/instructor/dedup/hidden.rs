//! What students are not shown of `dedup`.

use netsplit::grade::{Case, Exercise};
use netsplit::{Traffic, mins, ms, secs};

use super::exercise::Scene;

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("answers are lost", 30, lost)
        .hidden("messages are doubled and overtake each other", 40, doubled)
        .hidden("several attempts at once", 30, at_once)
        .hidden("a crash in the middle of a payment", 66, crash_in_the_middle)
        .hidden("a repetition after the key has expired", 30, expired)
        .hidden("a long day", 4, long_day)
}

fn lost(case: &mut Case) {
    let mut scene = Scene::new(case, ms(5));
    for _ in 0..4 {
        let payment = scene.wish("coffee");
        let lost = scene.case.random().below(3) as u32;
        let is_request = scene.case.random().chance(0.3);
        let traffic = if is_request { Traffic::all().requests() } else { Traffic::all().replies() };
        scene.case.lab().lose_next(lost, traffic);
        for _ in 0..=lost {
            scene.attempt(&payment);
            scene.wait(secs(1));
        }
    }
    scene.close();
}

fn doubled(case: &mut Case) {
    let mut scene = Scene::new(case, ms(5));
    let rules = [
        scene.case.lab().duplicate(0.5, Traffic::all()),
        scene.case.lab().reorder(0.5, secs(3), Traffic::all()),
    ];
    for _ in 0..5 {
        let payment = scene.wish("coffee");
        for _ in 0..3 {
            scene.attempt(&payment);
            let pause = scene.case.random().below(1_000) as i64;
            scene.wait(ms(pause));
        }
    }
    for rule in rules {
        scene.case.lab().remove_rule(rule);
    }
    scene.wait(secs(10));
    scene.close();
}

fn at_once(case: &mut Case) {
    let mut scene = Scene::new(case, ms(80));
    for _ in 0..2 {
        let (coffee, cake) = (scene.wish("coffee"), scene.wish("cake"));
        let attempts = 2 + scene.case.random().below(4);
        for _ in 0..attempts {
            scene.attempt(&coffee);
            scene.attempt(&cake);
        }
        scene.wait(secs(3));
    }
    scene.close();
}

/// The service is crashed between two effects of what it does next.
fn crash_in_the_middle(case: &mut Case) {
    let mut scene = Scene::new(case, ms(5));
    for _ in 0..4 {
        let payment = scene.wish("coffee");
        let before = scene.case.random().chance(0.5);
        if before {
            scene.attempt(&payment);
            scene.wait(secs(1));
        }
        let effects = scene.case.random().below(7) as u32;
        // An answer may have crashed by itself.
        if scene.service.is_up(0) {
            scene.service.crash_after_effects(0, effects);
        }
        scene.attempt(&payment);
        scene.wait(secs(1));
        scene.crash_and_restart();
        // Somebody else may be served before the repetition comes.
        if scene.case.random().chance(0.5) {
            let other = scene.wish("cake");
            scene.attempt(&other);
            scene.wait(secs(1));
        }
        scene.attempt(&payment);
        scene.wait(secs(1));
    }
    scene.close();
}

/// Wishes of different ages are repeated, some in time and some not, by a service that may have begun again meanwhile.
fn expired(case: &mut Case) {
    let mut scene = Scene::new(case, ms(5));
    let early = scene.wish("early");
    let never_arrived = scene.wish("never arrived");
    scene.attempt(&early);
    scene.wait(mins(6));
    let late = scene.wish("late");
    scene.attempt(&late);
    scene.wait(mins(3));
    scene.attempt(&early);
    if scene.case.random().chance(0.5) {
        scene.crash_and_restart();
    }
    let over = scene.case.random().below(100) as i64;
    scene.wait(secs(100 + over));
    scene.attempt(&early);
    scene.attempt(&late);
    scene.attempt(&never_arrived);
    scene.wait(secs(2));
    scene.close();
}

/// Thousands of payments with long memos, hours of them: who keeps all of it runs out of memory.
fn long_day(case: &mut Case) {
    let mut scene = Scene::new(case, ms(1));
    let first = scene.wish("first");
    scene.attempt(&first);
    let client = scene.service.client_of(0);
    let memo = "m".repeat(8_000);
    for _ in 0..4_000 {
        let payment = scene.passing_wish(&memo);
        client.call(payment);
        scene.wait(secs(5));
    }
    let last = scene.wish("last");
    scene.attempt(&last);
    scene.wait(secs(5));
    scene.close();
}
