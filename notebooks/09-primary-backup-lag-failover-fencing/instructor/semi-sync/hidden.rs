//! What students are not shown of `semi-sync`.

use netsplit::grade::{Case, Exercise};
use netsplit::{Traffic, ms, secs};

use super::exercise::{Scene, cut_off, one_backup_down, power_cut};

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("backups come and go", 95, one_backup_down)
        .hidden("a cut, and the primary burns", 20, |case| cut_off(case, true))
        .hidden("a cut that heals", 15, |case| cut_off(case, false))
        .hidden("messages are lost, doubled and late", 25, bad_network)
        .hidden("somebody crashes in the middle of a put", 30, crash_in_the_middle)
        .hidden("power cuts", 15, power_cut)
}

fn bad_network(case: &mut Case) {
    let mut scene = Scene::new(case);
    let messages = || Traffic::all().messages();
    let lab = scene.case.lab();
    let rules =
        [lab.lose(0.2, messages()), lab.duplicate(0.3, messages()), lab.reorder(0.3, ms(400), messages())];
    for _ in 0..8 {
        scene.put(false);
        let pause = scene.case.random().below(150) as i64;
        scene.wait(ms(pause));
    }
    let burns_at_once = scene.case.random().chance(0.3);
    if burns_at_once {
        return scene.burns();
    }
    for rule in rules {
        scene.case.lab().remove_rule(rule);
    }
    scene.wait(secs(1));
    scene.heals();
    scene.put_and_wait(true);
    scene.burns();
}

/// A member is crashed between two effects of what it does next.
fn crash_in_the_middle(case: &mut Case) {
    let mut scene = Scene::new(case);
    for _ in 0..3 {
        scene.put_and_wait(true);
        let who = scene.case.random().below(3) as usize;
        let effects = scene.case.random().below(6) as u32;
        if scene.members.is_up(who) {
            scene.members.crash_after_effects(who, effects);
        }
        let other_is_cut = who != 0 && scene.case.random().chance(0.5);
        let cut = other_is_cut.then(|| scene.case.lab().isolate(scene.members.nodes([3 - who])));
        scene.put(false);
        scene.put(false);
        scene.wait(ms(300));
        if let Some(cut) = cut {
            scene.case.lab().heal(cut);
        }
        scene.restart(who);
        scene.wait(secs(2));
    }
    if scene.case.random().chance(0.5) {
        scene.heals();
    }
    scene.burns();
}
