//! What the trace tells of the world itself: rules that begin and end, latencies, places, routers and names that change.
//!
//! Such an event has a number and no part in the hash of the run: by itself it happens to nobody, and what it does to messages is
//! hashed where it happens. So a run is the same whether somebody sets a rule that never matches or not.

use netsplit_node::Chance;
use netsplit_node::trace::EventKind;

use crate::disturbances::Source;
use crate::group::Group;
use crate::network::{Effect, Pipe, Rule, Traffic, percent};
use crate::recorder::{FROM_OUTSIDE, Rest};
use crate::world::World;

impl World {
    /// Tells the trace that something about the world is different from now on.
    pub(crate) fn announce(&mut self, text: impl FnOnce(&World) -> String) {
        self.tell(|world| EventKind::Changed { text: text(world) });
    }

    fn tell(&mut self, event: impl FnOnce(&World) -> EventKind) {
        let number = self.recorder.number();
        if self.recorder.keeps() {
            let event = event(self);
            self.keep(number, FROM_OUTSIDE, Rest::Event(event));
        }
    }

    /// Tells the trace that a property does not hold, on one line.
    pub(crate) fn announce_violation(&mut self, property: &str, sentence: &str) {
        let (property, text) = (property.to_owned(), sentence.replace("\n  ", " | "));
        self.tell(|_| EventKind::Violated { property, text });
    }

    /// A rule that holds until it is ended.
    pub(crate) fn begin_rule(&mut self, traffic: &Traffic, effect: Effect) -> Rule {
        let words = self.in_words(traffic, &effect);
        let rule = self.network.add_rule(traffic.clone(), effect, None);
        self.refresh_extras();
        self.disturbances.begin(Source::Rule(rule.0), self.now, format!("a rule {words}"));
        self.tell(|_| EventKind::RuleBegan { rule: rule.0, text: words });
        rule
    }

    /// A rule for the next `count` messages. The trace does not tell of it: all that it ever does is lose these messages, and each loss
    /// is told.
    pub(crate) fn begin_short_rule(&mut self, traffic: Traffic, count: u32) -> Rule {
        let what = self.traffic_in_words(&traffic);
        self.disturbances.happens(self.now, format!("a rule loses the next {count} of {what}"));
        let rule = self.network.add_rule(traffic, Effect::Lose(Chance::new(1.0)), Some(count));
        self.refresh_extras();
        rule
    }

    /// Ends a rule; one that has ended already stays ended.
    pub(crate) fn end_rule(&mut self, rule: Rule) {
        if let Some((traffic, effect)) = self.network.remove_rule(rule) {
            self.disturbances.end(Source::Rule(rule.0), self.now);
            let text = self.in_words(&traffic, &effect);
            self.tell(|_| EventKind::RuleEnded { rule: rule.0, text });
        }
        self.refresh_extras();
    }

    /// Ends all rules.
    pub(crate) fn end_rules(&mut self) {
        for rule in self.network.rules() {
            self.end_rule(rule);
        }
    }

    /// The rules that hold, in words.
    pub(crate) fn rules_in_words(&self) -> Vec<String> {
        let rules = self.network.rules_in_force();
        rules
            .map(|(rule, traffic, effect)| format!("rule {}: {}", rule.0, self.in_words(traffic, effect)))
            .collect()
    }

    fn in_words(&self, traffic: &Traffic, effect: &Effect) -> String {
        let what = self.traffic_in_words(traffic);
        match effect {
            Effect::Lose(chance) => format!("loses {} of {what}", percent(*chance)),
            Effect::Delay(by) => format!("delays {what} by {by}"),
            Effect::Duplicate(chance) => format!("doubles {} of {what}", percent(*chance)),
            Effect::Reorder(chance, by) => {
                format!("holds back {} of {what} for up to {by}", percent(*chance))
            }
            Effect::Corrupt(chance) => format!("corrupts {} of {what}", percent(*chance)),
            Effect::Share(Pipe { rate, queue, .. }) => {
                format!("{rate} carry {what}, {queue} bytes may wait")
            }
            Effect::TooLarge(bytes) => format!("loses what is larger than {bytes} bytes of {what}"),
        }
    }

    fn traffic_in_words(&self, traffic: &Traffic) -> String {
        let named = |group: &Group| self.names(group);
        let kind = traffic.cargo.map_or("all traffic", |_| traffic.kind_in_words());
        let from = traffic.from.as_ref().map_or(String::new(), |group| format!(" from {}", named(group)));
        let to = traffic.to.as_ref().map_or(String::new(), |group| format!(" to {}", named(group)));
        let larger = traffic.larger_than.map_or(String::new(), |bytes| format!(" larger than {bytes} bytes"));
        format!("{kind}{from}{to}{larger}")
    }
}
