//! What students are not shown of `carts`.

use netsplit::grade::{Case, Exercise};

use super::exercise::{Scene, Shape};
use super::given::*;

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("CP: cuts that stay", 60, |case| phases(case, &[Way::Cp, Way::Cp], true))
        .hidden("AP: cuts that stay", 40, |case| phases(case, &[Way::Ap, Way::Ap], true))
        .hidden("CP: cuts that come and go, and lossy links", 40, |case| phases(case, &[Way::Cp], false))
        .hidden("AP: cuts that come and go, and lossy links", 20, |case| phases(case, &[Way::Ap], false))
        .hidden("from CP to AP and back", 40, |case| phases(case, &[Way::Cp, Way::Ap, Way::Cp], true))
}

/// A phase for each of these ways, each with a shape of its own.
fn phases(case: &mut Case, ways: &[Way], is_steady: bool) {
    let mut scene = Scene::new(case);
    for way in ways {
        scene.switch(*way);
        let shape = shape(scene.case, is_steady);
        scene.phase(shape, if is_steady { 5 } else { 9 });
    }
    scene.close();
}

fn shape(case: &mut Case, is_steady: bool) -> Shape {
    let node = case.random().below(3) as usize;
    match (is_steady, case.random().below(10)) {
        (true, 0) => Shape::Whole,
        (true, 1..4) => Shape::Alone(node),
        (true, 4) => Shape::AllAlone,
        (true, 5..8) => Shape::Bridge(node, (node + 1) % 3),
        (true, _) => Shape::Mute(node),
        (false, 0..4) => Shape::Flapping(node),
        (false, _) => Shape::Lossy,
    }
}
