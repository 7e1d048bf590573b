//! What students are not shown of `router`.

use netsplit::grade::{Case, Exercise};
use netsplit::{Traffic, ms, secs};

use super::exercise::{Scene, begins_anew, both_far_behind, one_far_behind, quiet_day};

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("copies that follow sooner or later", 40, any_lag)
        .hidden("one copy far behind", 20, one_far_behind)
        .hidden("both copies far behind", 90, both_far_behind)
        .hidden("a copy that is gone", 20, copy_is_gone)
        .hidden("a router that begins anew", 30, begins_anew)
}

fn any_lag(case: &mut Case) {
    let lag = 10 + case.random().below(390) as i64;
    quiet_day(case, ms(lag));
}

/// One of the copies cannot be reached from the first visit on.
fn copy_is_gone(case: &mut Case) {
    let mut scene = Scene::new(case, ms(100));
    scene.visit(0);
    let gone = 1 + scene.case.random().below(2) as usize;
    if scene.case.random().chance(0.5) {
        scene.databases.crash(gone);
    } else {
        let (copy, router) = (scene.databases.nodes([gone]), scene.router.all());
        scene.case.lab().lose(1.0, Traffic::all().from(copy).to(router));
    }
    for user in 1..4 {
        scene.visit(user);
    }
    scene.ask(0, true);
    scene.wait(secs(2));
    scene.close();
}
