//! What callers were told, against what took place: the table in which a time-out shows that it is not a failure.
//!
//! A caller that was told `Unknown` is right either way; the table counts how often it happened all the same, and how often only
//! after the caller had given up (the late surprise). A caller that was told `Fail`, while it happened, was lied to.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};

use netsplit_figure::markup::escape;
use netsplit_node::{History, Operation, Outcome, Time, rich};

use crate::card;

/// What a caller was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Told {
    /// It happened.
    Ok,
    /// Nobody knows.
    Unknown,
    /// It did not happen.
    Fail,
    /// Nothing yet.
    Pending,
}

impl Told {
    const ALL: [Told; 4] = [Told::Ok, Told::Unknown, Told::Fail, Told::Pending];

    fn by<R>(outcome: &Option<Outcome<R>>) -> Told {
        match outcome {
            Some(Outcome::Ok(_)) => Told::Ok,
            Some(Outcome::Unknown) => Told::Unknown,
            Some(Outcome::Fail(_)) => Told::Fail,
            None => Told::Pending,
        }
    }
}

/// Operations counted by what their callers were told and by whether they took place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeTable {
    service: String,
    seed: Option<u64>,
    place: Place,
    counts: [Counts; 4],
}

/// What counts as having taken place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The request reached the service's code; the service may still have refused it.
    Reached,
    /// The effect was seen where effects take place.
    TookEffect,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    happened: usize,
    /// Of those, the ones that happened only after the caller had been told.
    late: usize,
    not: usize,
}

impl OutcomeTable {
    /// Counts the operations of a service whose requests are effects: an operation took place if it reached the service's code.
    ///
    /// ```
    /// use netsplit_check::{OutcomeTable, Told};
    /// # use netsplit_node::{CallId, History, NodeId, Operation, Outcome, Time, ms};
    /// # let timed_out = Operation { call: CallId(1), caller: NodeId(0), caller_name: "ann".into(), request: "order 1",
    /// #     invoked: Time::ZERO, outcome: Some(Outcome::<()>::Unknown), returned: Some(Time::ZERO + ms(100)),
    /// #     served: vec![Time::ZERO + ms(130)] };
    /// # let history = History { service: "payments".into(), seed: Some(7), operations: vec![timed_out], disturbances: vec![] };
    /// let table = OutcomeTable::of(&history);           // ann's call timed out after 100 ms and arrived after 130 ms
    /// assert_eq!(table.happened(Told::Unknown), 1);
    /// assert_eq!(table.late(Told::Unknown), 1);
    /// ```
    pub fn of<Q, R>(history: &History<Q, R>) -> OutcomeTable {
        OutcomeTable::count(history, Place::Reached, |operation| operation.served.iter().min().copied())
    }

    /// Counts the operations of `history` against the effects that they should have elsewhere: an operation took place if a
    /// request of the same key reached the service of `effects`.
    pub fn against<Q, R, Q2, R2, K: Ord>(
        history: &History<Q, R>,
        asked: impl Fn(&Q) -> K,
        effects: &History<Q2, R2>,
        done: impl Fn(&Q2) -> K,
    ) -> OutcomeTable {
        let mut first: BTreeMap<K, Time> = BTreeMap::new();
        for operation in effects {
            for &time in &operation.served {
                first
                    .entry(done(&operation.request))
                    .and_modify(|known| *known = time.min(*known))
                    .or_insert(time);
            }
        }
        OutcomeTable::count(history, Place::TookEffect, |operation| {
            first.get(&asked(&operation.request)).copied()
        })
    }

    fn count<Q, R>(
        history: &History<Q, R>,
        place: Place,
        happened: impl Fn(&Operation<Q, R>) -> Option<Time>,
    ) -> OutcomeTable {
        let mut counts = [Counts::default(); 4];
        for operation in history {
            let counts = &mut counts[Told::by(&operation.outcome) as usize];
            match happened(operation) {
                Some(time) => {
                    counts.happened += 1;
                    counts.late += usize::from(operation.returned.is_some_and(|told| time > told));
                }
                None => counts.not += 1,
            }
        }
        OutcomeTable { service: history.service.clone(), seed: history.seed, place, counts }
    }

    /// How many took place of those whose callers were told this.
    pub fn happened(&self, told: Told) -> usize {
        self.counts[told as usize].happened
    }

    /// How many took place only after their callers had been told this: with `Unknown`, the late surprises.
    pub fn late(&self, told: Told) -> usize {
        self.counts[told as usize].late
    }

    /// How many did not take place of those whose callers were told this.
    pub fn did_not(&self, told: Told) -> usize {
        self.counts[told as usize].not
    }

    /// Shows the table in a notebook, as HTML and as text.
    pub fn evcxr_display(&self) {
        rich::show("text/html", &self.html());
        rich::show("text/plain", &self.to_string());
    }

    /// The table as HTML, in the page's own theme where it has one.
    pub fn html(&self) -> String {
        let (ink, quiet, ground, line) = (card::ink(), card::quiet(), card::ground(), card::line());
        let cell =
            format!("padding:3px 12px;border-top:1px solid {line};text-align:right;background:{ground}");
        let [yes, no] = self.headings();
        let mut html = format!(
            "<div style=\"background:{ground};color:{ink};border:1px solid {line};border-radius:6px;padding:8px 12px;\
             margin:4px 0;max-width:760px;font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;\
             font-size:14px\"><div style=\"margin-bottom:6px\">{}</div>\
             <table style=\"border-collapse:collapse;color:{ink};font-size:14px\"><tr style=\"background:{ground}\">\
             <th style=\"text-align:left;padding:3px 12px\">told</th><th style=\"padding:3px 12px\">{yes}</th>\
             <th style=\"padding:3px 12px\">{no}</th><th></th></tr>",
            escape(&self.headline())
        );
        for told in self.rows() {
            let Counts { happened, not, .. } = self.counts[told as usize];
            html.push_str(&format!(
                "<tr style=\"background:{ground}\"><td style=\"{cell};text-align:left\">{told:?}</td>\
                 <td style=\"{cell}\">{happened}</td><td style=\"{cell}\">{not}</td>\
                 <td style=\"{cell};text-align:left;color:{quiet}\">{}</td></tr>",
                self.remark(told)
            ));
        }
        html.push_str("</table></div>");
        html
    }

    fn headline(&self) -> String {
        let operations: usize = self.counts.iter().map(|counts| counts.happened + counts.not).sum();
        let noun = if operations == 1 { "operation" } else { "operations" };
        let seed = self.seed.map_or(String::new(), |seed| format!(", seed {seed}"));
        format!("{}: what callers were told, and what took place ({operations} {noun}{seed})", self.service)
    }

    fn headings(&self) -> [&'static str; 2] {
        match self.place {
            Place::Reached => ["reached it", "never did"],
            Place::TookEffect => ["took effect", "did not"],
        }
    }

    /// `Ok` and `Unknown` always, the others if there are any.
    fn rows(&self) -> impl Iterator<Item = Told> {
        Told::ALL.into_iter().filter(|&told| {
            matches!(told, Told::Ok | Told::Unknown) || self.happened(told) + self.did_not(told) > 0
        })
    }

    /// What a row teaches, in words; nothing if it is as it should be.
    fn remark(&self, told: Told) -> String {
        let Counts { happened, late, not } = self.counts[told as usize];
        match (told, self.place) {
            (Told::Ok, _) if not > 0 => format!("{not} promised in vain"),
            (Told::Unknown, _) if late > 0 => {
                format!("{happened} happened all the same, {late} after the caller had given up")
            }
            (Told::Unknown, _) if happened > 0 => format!("{happened} happened all the same"),
            (Told::Fail, Place::TookEffect) if happened > 0 => format!("{happened} lies: it did happen"),
            (Told::Fail, Place::Reached) if happened > 0 => {
                format!("{happened} refused by the service itself")
            }
            _ => String::new(),
        }
    }
}

/// The table, a line for each kind of outcome.
impl fmt::Display for OutcomeTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [yes, no] = self.headings();
        write!(f, "{}\n  {:<8}{yes:>12}{no:>12}", self.headline(), "told")?;
        for told in self.rows() {
            let Counts { happened, not, .. } = self.counts[told as usize];
            let line = format!("  {:<8}{happened:>12}{not:>12}   {}", format!("{told:?}"), self.remark(told));
            write!(f, "\n{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_histories::{asked, history};

    fn orders() -> History<&'static str, ()> {
        let mut pending = asked("ann", "f", 50, Outcome::Unknown, &[]);
        (pending.outcome, pending.returned) = (None, None);
        history(vec![
            asked("ann", "a", 0, Outcome::Ok(()), &[1]),
            asked("ann", "b", 10, Outcome::Unknown, &[11]),
            asked("ann", "c", 20, Outcome::Unknown, &[95, 25]),
            asked("ann", "g", 25, Outcome::Unknown, &[95]),
            asked("ann", "d", 30, Outcome::Unknown, &[]),
            asked("ann", "e", 40, Outcome::Fail("full".into()), &[41]),
            pending,
        ])
    }

    #[test]
    fn counts_by_what_was_told_and_what_reached_the_service() {
        // The fates of a time-out: it happened in time (and perhaps again), only later, or never.
        let table = OutcomeTable::of(&orders());
        assert_eq!((table.happened(Told::Ok), table.did_not(Told::Ok)), (1, 0));
        assert_eq!((table.happened(Told::Unknown), table.did_not(Told::Unknown)), (3, 1));
        assert_eq!((table.late(Told::Unknown), table.late(Told::Ok)), (1, 0));
        assert_eq!((table.happened(Told::Pending), table.did_not(Told::Pending)), (0, 1));
        assert_eq!(
            table.to_string(),
            "e-mail: what callers were told, and what took place (7 operations, seed 7)\n\
             \x20 told      reached it   never did\n\
             \x20 Ok                 1           0\n\
             \x20 Unknown            3           1   3 happened all the same, 1 after the caller had given up\n\
             \x20 Fail               1           0   1 refused by the service itself\n\
             \x20 Pending            0           1"
        );
    }

    #[test]
    fn an_effect_elsewhere_is_matched_by_its_key() {
        // Ok without the effect is a promise in vain, Fail with the effect is a lie, whatever reached the service asked.
        let effects = history(vec![
            asked("shop 0", "b", 11, Outcome::Ok(()), &[90, 12]),
            asked("shop 0", "e", 41, Outcome::Ok(()), &[42]),
            asked("shop 0", "d", 31, Outcome::Ok(()), &[]),
        ]);
        let table = OutcomeTable::against(&orders(), |key| *key, &effects, |key| *key);
        assert_eq!((table.happened(Told::Ok), table.did_not(Told::Ok)), (0, 1));
        assert_eq!((table.happened(Told::Unknown), table.did_not(Told::Unknown)), (1, 3));
        assert_eq!(table.late(Told::Unknown), 0);
        assert_eq!(table.happened(Told::Fail), 1);
        let text = table.to_string();
        assert!(text.contains("1 promised in vain") && text.contains("1 lies: it did happen"), "{text}");
    }

    #[test]
    fn a_quiet_history_has_two_rows_and_no_remark() {
        // Rows that say nothing are left out; the page shows no markup of a service's name.
        let mut quiet = history(vec![asked("ann", "a", 0, Outcome::Ok(()), &[1])]);
        quiet.service = "<mail>".into();
        let table = OutcomeTable::of(&quiet);
        assert_eq!(table.to_string().lines().count(), 4);
        assert!(table.to_string().contains("(1 operation, seed 7)"), "{table}");
        assert!(table.html().contains("&lt;mail&gt;") && !table.html().contains("<mail>"));
    }
}
