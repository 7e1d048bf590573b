//! What students are not shown of `retry`.

use netsplit::grade::{Case, Exercise};
use netsplit::{Traffic, ms, secs};

use super::exercise::{Scene, busy_at_first, cut_off};
use super::given::LIMIT;

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("requests are lost", 20, |case| lost(case, true))
        .hidden("answers are lost", 30, |case| lost(case, false))
        .hidden("the bank is slow", 30, slow)
        .hidden("the bank crashes", 30, crash)
        .hidden("the bank is busy after an answer was lost", 30, busy_after_loss)
        .hidden("the bank is busy at first", 10, busy_at_first)
        .hidden("cut off for good", 40, |case| {
            let after_the_request = case.random().chance(0.7);
            cut_off(case, after_the_request);
        })
        .hidden("several wishes at once", 15, at_once)
}

/// Up to two messages in a row are lost.
fn lost(case: &mut Case, requests: bool) {
    let mut scene = Scene::new(case, &[]);
    for _ in 0..3 {
        let count = 1 + scene.case.random().below(2) as u32;
        let (till, bank) = (scene.till.all(), scene.bank.all());
        let traffic = match requests {
            true => Traffic::all().from(till).to(bank).requests(),
            false => Traffic::all().from(bank).to(till).replies(),
        };
        scene.case.lab().lose_next(count, traffic);
        scene.wish(true);
        scene.wait(secs(11));
    }
    scene.close();
}

/// The bank's answers take seconds for a while; or for good, and nobody can know.
fn slow(case: &mut Case) {
    let mut scene = Scene::new(case, &[]);
    let late = scene.case.random().between(ms(1_200), ms(3_500));
    let traffic = Traffic::all().from(scene.bank.all()).to(scene.till.all());
    let rule = scene.case.lab().delay(late, traffic);
    scene.wish(true);
    scene.wait(secs(4));
    scene.case.lab().remove_rule(rule);
    scene.wait(secs(8));
    // Every answer comes later than anybody waits.
    scene.case.lab().delay(secs(30), Traffic::all().from(scene.bank.all()));
    scene.wish(false);
    scene.close();
}

/// The bank crashes in the middle of what it does, and is back two seconds later.
fn crash(case: &mut Case) {
    let mut scene = Scene::new(case, &[]);
    for _ in 0..2 {
        let effects = scene.case.random().below(3) as u32;
        scene.bank.crash_after_effects(0, effects);
        scene.wish(true);
        scene.wait(secs(2));
        if !scene.bank.is_up(0) {
            scene.bank.restart(0);
        }
        scene.wait(secs(10));
    }
    scene.close();
}

/// The money is taken and nobody hears of it; from then on the bank refuses for as long as anybody asks.
fn busy_after_loss(case: &mut Case) {
    let free = 1 + case.random().below(3) as i64;
    let mut scene = Scene::new(case, &[(free, 90)]);
    scene.wait(secs(free) - ms(500));
    scene.case.lab().lose_next(1, Traffic::all().from(scene.bank.all()).to(scene.till.all()).replies());
    scene.wish(false);
    scene.wait(secs(12));
    // Somebody whom it has only ever refused.
    scene.wish(false);
    scene.wait(secs(12));
    scene.close();
}

fn at_once(case: &mut Case) {
    let mut scene = Scene::new(case, &[(0, 1)]);
    scene.case.lab().lose_next(3, Traffic::all().from(scene.bank.all()).to(scene.till.all()).replies());
    for number in 0..6 {
        let pause = scene.case.random().below(200) as i64;
        scene.wish_of(if number == 4 { LIMIT + 1 } else { 100 + number }, true);
        scene.wait(ms(pause));
    }
    scene.close();
}
