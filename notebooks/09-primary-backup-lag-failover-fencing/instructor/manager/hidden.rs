//! What students are not shown of `manager`.

use netsplit::grade::{Case, Exercise};
use netsplit::{Traffic, ms, secs};

use super::exercise::{Scene, forty_three_seconds, minority, one_observer_misses, primary_crashes};

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("the primary crashes, and perhaps another database", 60, |case| {
            let alive = survivors(case);
            primary_crashes(case, alive);
        })
        .hidden("43 seconds, with all databases or not", 55, |case| {
            let alive = survivors(case);
            forty_three_seconds(case, alive);
        })
        .hidden("one observer misses the primary", 30, one_observer_misses)
        .hidden("a minority stays alone", 25, minority)
        .hidden("the primary only pauses", 20, pauses)
        .hidden("observers crash in the middle", 55, observers_crash)
        .hidden("the successor fails too", 30, successor)
        .hidden("five observers and a bad network", 25, five)
}

/// Which databases are left besides the primary: often not the next in line.
fn survivors(case: &mut Case) -> &'static [usize] {
    match case.random().below(10) {
        0..6 => &[2],
        6 | 7 => &[1],
        _ => &[1, 2],
    }
}

/// Longer than anybody's patience, or shorter.
fn pauses(case: &mut Case) {
    let mut scene = Scene::new(case, 3);
    scene.databases.pause(0, ms(2_000));
    scene.wait(secs(4));
    scene.still_first();
    let long = 10 + scene.case.random().below(30) as i64;
    scene.databases.pause(0, secs(long));
    scene.wait(secs(40));
    scene.close();
}

/// Each observer is crashed between two effects at least once, while the primary is gone.
fn observers_crash(case: &mut Case) {
    let mut scene = Scene::new(case, 3);
    let alive = survivors(scene.case);
    (0..3).filter(|index| !alive.contains(index)).for_each(|index| scene.databases.crash(index));
    let before = scene.case.random().below(5_000) as i64;
    scene.wait(ms(before));
    for _ in 0..6 {
        let who = scene.case.random().below(3) as usize;
        let effects = scene.case.random().below(6) as u32;
        if scene.observers.is_up(who) {
            scene.observers.crash_after_effects(who, effects);
        }
        let pause = 500 + scene.case.random().below(2_500) as i64;
        scene.wait(ms(pause));
        for index in 0..3 {
            if !scene.observers.is_up(index) && scene.case.random().chance(0.8) {
                scene.observers.restart(index);
            }
        }
    }
    (0..3).filter(|index| !scene.observers.is_up(*index)).for_each(|index| scene.observers.restart(index));
    scene.wait(secs(30));
    scene.recovered(alive);
    scene.close();
}

/// One after the other, with one observer down.
fn successor(case: &mut Case) {
    let mut scene = Scene::new(case, 3);
    let down = scene.case.random().below(3) as usize;
    scene.observers.crash(down);
    scene.databases.crash(0);
    scene.wait(secs(30));
    scene.recovered(&[1, 2]);
    let next = scene.databases.node(1).told.last().map(|(_, _, told)| told.primary);
    let next = usize::from(next == Some(scene.databases.id(2))) + 1;
    scene.databases.crash(next);
    scene.wait(secs(30));
    scene.recovered(&[3 - next]);
    scene.close();
}

/// Observers' messages are lost, doubled and late; two of five are cut off with the primary.
fn five(case: &mut Case) {
    let mut scene = Scene::new(case, 5);
    let lab = scene.case.lab();
    lab.lose(0.1, Traffic::all().messages());
    lab.duplicate(0.3, Traffic::all().messages());
    lab.reorder(0.3, ms(800), Traffic::all().messages());
    let (east, west) = (scene.group(&[0, 1], &[0]), scene.group(&[2, 3, 4], &[1, 2]));
    scene.case.lab().partition([east, west]);
    scene.wait(secs(30));
    scene.recovered(&[1, 2]);
    scene.close();
}
