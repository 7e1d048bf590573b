//! What a checker is, and what it says.

use std::fmt;

use netsplit_figure::Figure;
use netsplit_figure::markup::{escape, visible};
use netsplit_figure::palette::{DOUBT, GOOD, HARM};
use netsplit_node::{History, rich};

use crate::card;

/// Judges a history of requests `Q` and responses `R`.
///
/// ```
/// use netsplit_check::{Check, Checker, Verdict};
/// use netsplit_node::History;
///
/// struct NothingPending;
/// impl<Q, R> Checker<Q, R> for NothingPending {
///     fn name(&self) -> &str { "NothingPending" }
///     fn check(&self, history: &History<Q, R>) -> Verdict {
///         let mut verdict = Verdict::of("NothingPending", history);
///         for operation in history.iter().filter(|operation| operation.outcome.is_none()) {
///             verdict.violated(format!("{} still waits, since {}", operation.caller_name, operation.invoked));
///         }
///         verdict
///     }
/// }
/// let history = History::<(), ()> { service: "store".into(), seed: None, operations: vec![], disturbances: vec![] };
/// assert!(history.check(NothingPending).holds());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not judge a history of requests `{Q}` and responses `{R}`",
    label = "a checker of another service",
    note = "a checker's closures take the request of the service that it judges: `|request: &{Q}| ..`"
)]
pub trait Checker<Q, R> {
    /// The property's name, as the field writes it: "NoDoubleEffect".
    fn name(&self) -> &str;
    /// Judges.
    fn check(&self, history: &History<Q, R>) -> Verdict;
}

/// A checker judges through a reference as well, so that one serves several histories.
impl<Q, R, C: Checker<Q, R>> Checker<Q, R> for &C {
    fn name(&self) -> &str {
        C::name(self)
    }
    fn check(&self, history: &History<Q, R>) -> Verdict {
        C::check(self, history)
    }
}

/// Puts checkers where a reader looks for them: `history.check(no_double_effect(..))`.
pub trait Check<Q, R> {
    /// What `checker` says of this history.
    fn check(&self, checker: impl Checker<Q, R>) -> Verdict;
}

impl<Q, R> Check<Q, R> for History<Q, R> {
    fn check(&self, checker: impl Checker<Q, R>) -> Verdict {
        checker.check(self)
    }
}

/// Whether a property holds in a history; if not, one sentence for every violation.
///
/// A property holds in a run, not in a system: another seed may violate it. The counts say how much was looked at, since what
/// holds for nothing at all holds in vain. A checker that gave up before it knew says so: undecided is neither.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a verdict does nothing by itself: show it, or assert that it holds"]
pub struct Verdict {
    property: String,
    violations: Vec<String>,
    /// For each violation, lines that say more.
    details: Vec<Vec<String>>,
    undecided: Vec<String>,
    pictures: Vec<Figure>,
    counts: Vec<(usize, String)>,
    seed: Option<u64>,
}

/// A verdict is read by a person: beyond so many sentences it counts.
const SENTENCES_SHOWN: usize = 12;

impl Verdict {
    /// A verdict on the property of this name that holds so far, on `history`'s operations and with its seed.
    pub fn of<Q, R>(property: &str, history: &History<Q, R>) -> Verdict {
        Verdict {
            property: property.to_owned(),
            violations: Vec::new(),
            details: Vec::new(),
            undecided: Vec::new(),
            pictures: Vec::new(),
            counts: Vec::new(),
            seed: history.seed,
        }
        .counting(history.len(), "operation")
    }

    /// Adds how much of something was looked at; `what` is one of it ("operation").
    pub fn counting(mut self, count: usize, what: &str) -> Verdict {
        self.counts.push((count, what.to_owned()));
        self
    }

    /// The property is violated; `sentence` says by what, with times and names.
    pub fn violated(&mut self, sentence: impl Into<String>) {
        self.violated_by(sentence, Vec::new());
    }

    /// The property is violated; `details` are lines that list what the sentence speaks of.
    pub fn violated_by(&mut self, sentence: impl Into<String>, details: Vec<String>) {
        self.violations.push(sentence.into());
        self.details.push(details);
    }

    /// Adds pictures for below the sentences, such as a [`Timeline`](crate::Timeline)'s.
    pub fn illustrated(mut self, pictures: Vec<Figure>) -> Verdict {
        self.pictures.extend(pictures);
        self
    }

    /// It is not known whether the property holds in some part of the history; `sentence` says why, and what is known.
    pub fn undecided(&mut self, sentence: impl Into<String>) {
        self.undecided.push(sentence.into());
    }

    /// Whether the property holds, for certain.
    pub fn holds(&self) -> bool {
        self.violations.is_empty() && self.undecided.is_empty()
    }

    /// Whether nobody knows: no violation was found, and not everything was looked at.
    pub fn is_undecided(&self) -> bool {
        self.violations.is_empty() && !self.undecided.is_empty()
    }

    /// The property's name.
    pub fn property(&self) -> &str {
        &self.property
    }

    /// A sentence for each violation, all of them.
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    /// A sentence for each part of the history that is not decided.
    pub fn undecided_parts(&self) -> &[String] {
        &self.undecided
    }

    /// The seed of the world that was judged, where there is one: the same seed shows the same violations.
    pub fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// Its pictures.
    pub fn pictures(&self) -> &[Figure] {
        &self.pictures
    }

    /// Shows the verdict in a notebook, as a card, as its first picture, if it has one, and as text.
    pub fn evcxr_display(&self) {
        rich::show("text/html", &self.html());
        if let Some(picture) = self.pictures.first() {
            rich::show("image/svg+xml", &picture.svg);
        }
        let pictures = self.pictures.iter().map(|picture| format!("\n\n{}", picture.text.trim_end()));
        rich::show("text/plain", &format!("{self}{}", pictures.collect::<String>()));
    }

    /// The verdict as a card, in the page's own theme where it has one: a mark and a word besides the colour.
    pub fn html(&self) -> String {
        let (edge, mark) = if self.holds() {
            (GOOD, "✓")
        } else if self.is_undecided() {
            (DOUBT, "?")
        } else {
            (HARM, "✗")
        };
        let (ink, quiet, ground) = (card::ink(), card::quiet(), card::ground());
        let width = if self.pictures.is_empty() { "760px" } else { "100%" };
        let mut html = format!(
            "<div style=\"border:1px solid {edge};border-left:6px solid {edge};border-radius:6px;background:{ground};\
             color:{ink};padding:8px 12px;margin:4px 0;max-width:{width};\
             font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;font-size:14px;line-height:1.45\">\
             <div><span style=\"color:{edge};font-weight:700\">{mark}</span> <b>{}</b>: {} \
             <span style=\"color:{quiet}\">{}</span></div>",
            escape(&self.property),
            self.word(),
            escape(&self.scope()),
        );
        if !self.holds() {
            html.push_str("<ul style=\"margin:6px 0 0;padding-left:22px\">");
            for (sentence, details) in self.sentences_shown() {
                html.push_str(&format!("<li style=\"margin:2px 0\">{}", escape(&sentence)));
                // What a picture shows better needs no lines.
                if self.pictures.is_empty() && !details.is_empty() {
                    let lines: Vec<String> = details.iter().map(|line| escape(line)).collect();
                    html.push_str(&format!(
                        "<pre style=\"margin:2px 0 6px;color:{quiet};font-size:12px\">{}</pre>",
                        lines.join("\n")
                    ));
                }
                html.push_str("</li>");
            }
            html.push_str("</ul>");
        }
        self.pictures.iter().for_each(|picture| html.push_str(&picture.html()));
        html.push_str("</div>");
        html
    }

    fn word(&self) -> &'static str {
        match (self.holds(), self.is_undecided()) {
            (true, _) => "holds",
            (_, true) => "undecided",
            _ => "violated",
        }
    }

    /// "(12 operations, seed 42)"; a verdict that holds is about the property, so its seed matters less.
    fn scope(&self) -> String {
        let counts = self.counts.iter().map(|(count, what)| match count {
            1 => format!("1 {what}"),
            _ => format!("{count} {what}s"),
        });
        let seed = self.seed.filter(|_| !self.holds()).map(|seed| format!("seed {seed}"));
        format!("({})", counts.chain(seed).collect::<Vec<_>>().join(", "))
    }

    /// The first sentences, each with its details; the others are counted.
    fn sentences_shown(&self) -> impl Iterator<Item = (String, &[String])> {
        let detailed = self.violations.iter().zip(self.details.iter().map(Vec::as_slice));
        let undecided = self.undecided.iter().map(|sentence| (sentence, [].as_slice()));
        let hidden = (self.violations.len() + self.undecided.len()).saturating_sub(SENTENCES_SHOWN);
        let rest = (hidden > 0).then(|| (format!("and {hidden} more"), [].as_slice()));
        let shown = detailed.chain(undecided).take(SENTENCES_SHOWN);
        shown.map(|(sentence, details)| (visible(sentence), details)).chain(rest)
    }
}

/// "NoDoubleEffect: holds (12 operations)", or what was violated, a line for each violation.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.property, self.word(), self.scope())?;
        for (sentence, details) in self.sentences_shown() {
            write!(f, "\n- {sentence}")?;
            for detail in details {
                write!(f, "\n  {}", visible(detail))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(violations: usize) -> Verdict {
        let history = History::<(), ()> {
            service: "s".into(),
            seed: Some(42),
            operations: vec![],
            disturbances: vec![],
        };
        let mut verdict = Verdict::of("P", &history).counting(1, "effect");
        (0..violations).for_each(|number| verdict.violated(format!("<{number}>")));
        verdict
    }

    #[test]
    fn holds_exactly_when_nothing_was_violated() {
        // One sentence is enough to violate a property.
        assert!(verdict(0).holds());
        assert_eq!(verdict(0).to_string(), "P: holds (0 operations, 1 effect)");
        assert!(!verdict(1).holds());
        assert_eq!(verdict(1).to_string(), "P: violated (0 operations, 1 effect, seed 42)\n- <0>");
    }

    #[test]
    fn shows_few_sentences_and_counts_the_rest() {
        // Ten thousand lost mails are one line, not ten thousand; the list itself is complete.
        let many = verdict(10_000);
        assert_eq!(many.violations().len(), 10_000);
        assert_eq!(many.to_string().lines().count(), 1 + SENTENCES_SHOWN + 1);
        assert!(many.to_string().ends_with("- and 9988 more"));
        assert!(!verdict(SENTENCES_SHOWN).to_string().contains("more"));
    }

    #[test]
    fn a_card_shows_lines_where_there_is_no_picture() {
        // They say why; a picture says it better, and then they are left out.
        let mut explained = verdict(0);
        explained.violated_by("late", vec!["0s to 3ms  <ann>".to_owned(), "4ms".to_owned()]);
        assert!(explained.html().contains("0s to 3ms  &lt;ann&gt;\n4ms</pre></li>"));
        assert!(
            !explained
                .illustrated(vec![Figure { svg: "<svg/>".to_owned(), text: String::new(), live: None }])
                .html()
                .contains("<pre")
        );
    }

    #[test]
    fn a_card_holds_no_markup_of_its_sentences() {
        // A request may say anything; also, colour is never the only sign.
        let card = verdict(1).html();
        assert!(card.contains("&lt;0&gt;") && !card.contains("<0>"));
        assert!(card.contains('✗') && card.contains("violated"));
        assert!(verdict(0).html().contains('✓') && verdict(0).html().contains("holds"));
    }
}
