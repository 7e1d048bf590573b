//! A timeline in words: what the whole shows, what each operation was, and what the marks mean.

use std::fmt::{self, Debug, Write};

use netsplit_figure::markup::visible;

use super::Ending;
use super::scene::{Bar, Role, Scene};

/// Words of one operation beyond which they are cut: a request may be a book.
const MOST_LETTERS: usize = 200;
/// The same of a state.
const MOST_LETTERS_OF_STATE: usize = 120;
/// Faults that are named with one operation.
const MOST_FAULTS: usize = 4;

/// What the picture shows, in one sentence.
pub(super) fn label(scene: &Scene<'_>) -> String {
    let callers = scene.lanes.iter().filter(|name| !name.is_empty()).count();
    let mut label = format!("{} of {}", counted(scene.bars.len(), "operation"), counted(callers, "caller"));
    if !scene.title.is_empty() {
        label = format!("{}: {label}", scene.title);
    }
    if let Some(accused) = scene.accused {
        let shown = scene.bars[accused].shown;
        label += &format!("; {}'s {} fits in no order", shown.caller_name, shown.words);
    }
    if !scene.faults.is_empty() {
        label += &format!("; {}", counted(scene.faults.len(), "fault"));
    }
    cut(&label)
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// All that is known of an operation, a line for each kind of knowledge.
pub(super) fn lines(scene: &Scene<'_>, number: usize) -> Vec<String> {
    let bar = &scene.bars[number];
    let mut lines = vec![cut(&bar.shown.whose_and_when())];
    lines.extend(ending(bar).map(|line| cut(&line)));
    lines.extend(arrivals(scene, bar));
    lines.extend(role(scene, bar).map(|line| cut(&line)));
    for order in &scene.orders {
        lines.extend(in_order(order, number).map(|line| cut(&line)));
    }
    let end = bar.to.unwrap_or(f64::INFINITY);
    let meanwhile = scene.faults.iter().filter(|fault| fault.from <= end && fault.to >= bar.from);
    let mut meanwhile: Vec<&str> = meanwhile.map(|fault| fault.it.text.as_str()).collect();
    if !meanwhile.is_empty() {
        let hidden = meanwhile.len().saturating_sub(MOST_FAULTS);
        meanwhile.truncate(MOST_FAULTS);
        let more = if hidden > 0 { format!("; and {hidden} more") } else { String::new() };
        lines.push(cut(&format!("meanwhile: {}{more}", meanwhile.join("; "))));
    }
    lines
}

fn ending(bar: &Bar<'_>) -> Option<String> {
    let caller = &bar.shown.caller_name;
    match (&bar.shown.ending, bar.shown.returned) {
        (Ending::Ok, _) => None,
        (Ending::Fail(reason), _) => Some(format!("failed, so it did not happen: {reason}")),
        (Ending::Unknown, Some(end)) => {
            Some(format!("{caller} gave up at {end}: it may have happened, may still happen later, or never"))
        }
        (Ending::Unknown | Ending::Pending, _) => {
            Some(format!("{caller} still waits: it may have happened, may happen later, or never"))
        }
    }
}

/// What the service saw of it, where somebody wrote that down.
fn arrivals(scene: &Scene<'_>, bar: &Bar<'_>) -> Option<String> {
    if bar.served.is_empty() {
        let is_told = scene.knows_arrivals && bar.shown.ending != Ending::Ok;
        return is_told.then(|| "it never reached the service".to_owned());
    }
    let times: Vec<String> = bar.served.iter().map(|(time, _)| time.to_string()).collect();
    let so_often = if times.len() > 1 { format!(", {} times", times.len()) } else { String::new() };
    Some(cut(&format!("△ it reached the service at {}{so_often}", times.join(", "))))
}

fn role(scene: &Scene<'_>, bar: &Bar<'_>) -> Option<String> {
    match bar.role {
        Role::Plain => None,
        Role::Accused => Some("✗ has no place in any order".to_owned()),
        Role::Reason => {
            let accused = scene.accused.map_or("it".to_owned(), |accused| {
                let shown = scene.bars[accused].shown;
                format!("{}'s {}", shown.caller_name, shown.words)
            });
            Some(format!("▲ by when it ended or what it was told, it leaves no room for {accused}"))
        }
    }
}

fn in_order(order: &super::scene::Ordered<'_>, number: usize) -> Option<String> {
    let place = order.steps.iter().position(|&(bar, _)| bar == number)?;
    let which = if order.title.is_empty() { "the order".to_owned() } else { order.title.to_owned() };
    let drawn = if order.is_cut { " of what is drawn" } else { "" };
    let state = order.steps[place].1.map_or(String::new(), |state| format!("; the state is then {state}"));
    Some(format!("● number {} in {which}{drawn}{state}", place + 1))
}

/// `text` on one line, or its beginning.
pub(super) fn cut(text: &str) -> String {
    netsplit_figure::measure::cut(&visible(text), MOST_LETTERS)
}

/// The Debug form of a state, or its beginning: a state may be a whole database.
pub(crate) fn briefly(state: &impl Debug) -> String {
    let mut brief = Brief(String::new());
    // It is an error of the writer that ends a long form, and no other one is possible.
    let _ = write!(brief, "{state:?}");
    netsplit_figure::measure::cut(&visible(&brief.0), MOST_LETTERS_OF_STATE)
}

/// Takes somewhat more letters than are shown, and refuses the rest.
struct Brief(String);

impl Write for Brief {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.push_str(text);
        if self.0.len() > 8 * MOST_LETTERS_OF_STATE { Err(fmt::Error) } else { Ok(()) }
    }
}

/// The marks that a picture has, each to be explained below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Ok,
    Fail,
    Unknown,
    Pending,
    Arrival,
    Moment,
    Number,
    /// A moment in the order of its part.
    MomentOfPart,
    Accused,
    Reason,
    Window,
    Fault,
}

impl Mark {
    /// What it means.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Mark::Ok => "happened",
            Mark::Fail => "failed: did not happen",
            Mark::Unknown => "gave up: nobody knows",
            Mark::Pending => "still waits",
            Mark::Arrival => "reached the service",
            Mark::Moment => "when it may have taken effect, numbered in an order that works",
            Mark::MomentOfPart => {
                "when it may have taken effect, numbered in an order of its part that works"
            }
            Mark::Number => "its number in an order that works",
            Mark::Accused => "has no place in any order",
            Mark::Reason => "leaves no room for it",
            Mark::Window => "no moment in here works",
            Mark::Fault => "something was wrong with the world",
        }
    }
}

/// The marks of this picture.
pub(super) fn legend(scene: &Scene<'_>) -> Vec<Mark> {
    let has_point = |timed: bool| {
        let points = scene.bars.iter().filter_map(|bar| bar.point);
        points.into_iter().any(|point| point.place.is_some() == timed)
    };
    let reasons = scene.bars.iter().any(|bar| bar.role == Role::Reason);
    let marks = [
        (scene.has(|end| *end == Ending::Ok), Mark::Ok),
        (scene.has(|end| matches!(end, Ending::Fail(_))), Mark::Fail),
        (scene.has(|end| *end == Ending::Unknown), Mark::Unknown),
        (scene.has(|end| *end == Ending::Pending), Mark::Pending),
        (scene.knows_arrivals, Mark::Arrival),
        (has_point(true) && scene.orders.len() == 1, Mark::Moment),
        (has_point(true) && scene.orders.len() > 1, Mark::MomentOfPart),
        (has_point(false), Mark::Number),
        (scene.accused.is_some(), Mark::Accused),
        (reasons, Mark::Reason),
        (scene.has_window, Mark::Window),
        (!scene.faults.is_empty(), Mark::Fault),
    ];
    marks.into_iter().filter(|(is_there, _)| *is_there).map(|(_, mark)| mark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::scene::assemble;
    use crate::{Order, Step, Timelines, by_hand};

    #[test]
    fn an_operation_is_told_with_its_outcome_and_what_was_wrong_meanwhile() {
        // Each kind of outcome has its own sentence; a fault is named only with the operations that it met.
        let history = by_hand("s")
            .ok("ann", 0..5, "a", 1)
            .fail("ann", 6..9, "b", "full")
            .unknown("bob", 10..15, "c")
            .pending("cyd", 20, "d")
            .disturbed(7..12, "store 1 crashes")
            .history();
        let timeline = history.timeline();
        let scene = assemble(&timeline, 9);
        let told: Vec<Vec<String>> = (0..4).map(|bar| lines(&scene, bar)).collect();
        assert_eq!(told[0], ["ann's \"a\" -> 1, 0s to 5ms"]);
        assert_eq!(
            told[1][1..],
            ["failed, so it did not happen: full", "meanwhile: store 1 crashes"].map(str::to_owned)
        );
        assert!(
            told[2][1].starts_with("bob gave up at 15ms: it may have happened, may still"),
            "{:?}",
            told[2]
        );
        assert_eq!(told[2][2], "meanwhile: store 1 crashes");
        assert!(told[3][0].ends_with("from 20ms on") && told[3][1].starts_with("cyd still waits"));
        assert_eq!(told[3].len(), 2);
    }

    #[test]
    fn what_reached_the_service_is_told_where_somebody_knows() {
        // A call that timed out arrived late, twice or never; an answer says itself that it arrived, and on paper nobody knows.
        let history = by_hand("s")
            .unknown("ann", 0..5, "a")
            .reached(&[9, 3])
            .unknown("bob", 1..6, "b")
            .ok("cyd", 2..7, "c", 1)
            .reached(&[4])
            .history();
        let timeline = history.timeline();
        let scene = assemble(&timeline, 9);
        let told = |bar: usize| lines(&scene, bar).pop();
        assert_eq!(told(0).as_deref(), Some("△ it reached the service at 3ms, 9ms, 2 times"));
        assert_eq!(told(1).as_deref(), Some("it never reached the service"));
        assert_eq!(told(2).as_deref(), Some("△ it reached the service at 4ms"));
        let on_paper = by_hand::<_, ()>("s").unknown("bob", 1..6, "b").history().timeline();
        assert!(!lines(&assemble(&on_paper, 9), 0).iter().any(|line| line.contains("reached")));
    }

    #[test]
    fn an_order_is_told_with_its_states() {
        // As which an operation took effect, what came of it, and why there is no place for the accused.
        let history = by_hand("s").ok("ann", 0..5, "a", 1).ok("bob", 6..9, "b", 2).history();
        let step = |operation, state: Option<&str>| Step { operation, state: state.map(str::to_owned) };
        let order = Order { title: String::new(), steps: vec![step(0, Some("{1}"))], in_real_time: true };
        let timeline = history.timeline().ordered(order).accusing(1, &[0]);
        let scene = assemble(&timeline, 9);
        let told = lines(&scene, 0);
        assert!(told[1].ends_with("no room for bob's \"b\" -> 2"), "{told:?}");
        assert_eq!(told[2], "● number 1 in the order; the state is then {1}");
        assert_eq!(lines(&scene, 1)[1], "✗ has no place in any order");
        assert!(label(&scene).contains("bob's \"b\" -> 2 fits in no order"));
    }

    #[test]
    fn a_state_of_any_size_is_told_briefly() {
        // A database of a million rows is neither formatted whole nor shown whole.
        let state: Vec<u64> = (0..1_000_000).collect();
        let told = briefly(&state);
        assert!(told.starts_with("[0, 1, 2") && told.ends_with('…'), "{told}");
        assert!(told.chars().count() <= MOST_LETTERS_OF_STATE);
        let mut brief = Brief(String::new());
        assert!(write!(brief, "{state:?}").is_err() && brief.0.len() < 2_000);
        assert_eq!(briefly(&"a\nb"), "\"a\\nb\"");
    }
}
