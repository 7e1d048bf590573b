//! Diagrams of runs written by hand, compared with the files in `tests/golden`, which were looked at.
//!
//! After a wanted change: `UPDATE_GOLDEN=1 cargo test -p netsplit-view --test golden`, then look at every file that changed.

mod compare;
#[allow(dead_code, reason = "each test binary uses its part of this")]
mod scenarios;

use netsplit_node::{Trace, ms, us};
use netsplit_view::Diagram;

use compare::compare;

/// Every golden diagram: its name and what is drawn.
fn gallery() -> Vec<(&'static str, Diagram)> {
    let of = |trace: Trace| Diagram::of(&trace);
    vec![
        ("greeting", of(scenarios::greeting()).title("Two greeters")),
        ("lost-reply", of(scenarios::lost_reply()).title("A lost reply, a retry, a second charge")),
        ("partition", of(scenarios::partition()).title("Bob reads nothing after ann's put had ended")),
        ("crash", of(scenarios::crash()).title("What was not synced is gone")),
        ("broadcast", of(scenarios::broadcast())),
        ("odd-text", of(scenarios::odd_text()).title("<Odd> & \"text\"")),
        ("one-way", of(scenarios::one_way()).title("Heard, but not answered")),
        ("troubles", of(scenarios::troubles())),
        ("rules", of(scenarios::rules()).title("A slow link for a while")),
        ("rule-window", of(scenarios::rules()).since(ms(2))),
        ("window", of(scenarios::crash()).since(ms(8)).until(ms(60)).only_named(["log", "ann"])),
        ("compare", Diagram::compare(&scenarios::copying(false), &scenarios::copying(true))),
        ("long", of(scenarios::long(5, 4000)).since(us(20_000)).at_most(60)),
    ]
}

#[test]
fn diagrams_are_as_they_were_looked_at() {
    // A picture changes only on purpose; every difference is shown, not the first alone.
    let differences: Vec<String> = gallery()
        .into_iter()
        .flat_map(|(name, diagram)| {
            [
                compare(&format!("{name}.svg"), &diagram.svg()),
                compare(&format!("{name}.txt"), &diagram.text()),
            ]
        })
        .filter_map(Result::err)
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
