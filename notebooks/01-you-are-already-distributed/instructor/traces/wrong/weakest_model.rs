//! Wrong: right about the class, and the model is the weakest, in which everything can come about.
// answer: traces
use netsplit::model::{Failures, FaultClass, Links, SystemModel, Timing};

const STRONGEST: SystemModel =
    SystemModel { timing: Timing::Synchronous, failures: Failures::CrashStop, links: Links::Reliable };

/// Whether a machine lies: an answer without its question, or with a wrong value.
fn lies(log: &Log) -> bool {
    log.lines.iter().enumerate().any(|(place, line)| match line.what {
        What::Sends(Message::Answer { number, value }) => {
            let asked = log.lines[..place].iter().find_map(|it| match it.what {
                What::Receives(Message::Question { number: asked, value }) if asked == number => Some(value),
                _ => None,
            });
            asked.is_none_or(|asked| value != 2 * asked)
        }
        _ => false,
    })
}

/// From when to when a machine says nothing, and whether it then begins anew.
fn gap(log: &Log, who: Who) -> Option<(Time, Time, bool)> {
    let signs = log.lines.iter().filter(|it| it.by == who && matches!(it.what, What::Alive | What::Starts));
    let mut last = Time::ZERO;
    for line in signs {
        if line.what == What::Starts && line.at > Time::ZERO {
            return Some((last, line.at, true));
        }
        if line.at - last > ms(1_500) {
            return Some((last, line.at, false));
        }
        last = line.at;
    }
    (log.until - last > ms(1_500)).then_some((last, log.until, false))
}

/// Of each message when it was sent, and when it arrived.
fn messages(log: &Log) -> Vec<(Time, Option<Time>)> {
    let arrival = |sent: Message| log.lines.iter().find(|it| it.what == What::Receives(sent)).map(|it| it.at);
    let sent = log.lines.iter().filter_map(|it| match it.what {
        What::Sends(message) => Some((it.at, arrival(message))),
        _ => None,
    });
    sent.collect()
}

fn classify(log: Log) -> Diagnosis {
    let weakest =
        SystemModel { timing: Timing::Asynchronous, failures: Failures::Byzantine, links: Links::FairLoss };
    let of = |class, _| Diagnosis { class, model: weakest };
    if lies(&log) {
        return of(FaultClass::Byzantine, SystemModel { failures: Failures::Byzantine, ..STRONGEST });
    }
    for who in [Who::Client, Who::Server] {
        match gap(&log, who) {
            Some((.., true)) => {
                return of(FaultClass::Crash, SystemModel { failures: Failures::CrashRecovery, ..STRONGEST });
            }
            Some((_, end, false)) if end == log.until => return of(FaultClass::Crash, STRONGEST),
            _ => {}
        }
    }
    let lost =
        messages(&log).iter().any(|(sent, arrived)| arrived.is_none() && *sent + log.bound * 2 < log.until);
    if lost {
        // A pause loses nothing.
        return of(FaultClass::Omission, SystemModel { links: Links::FairLoss, ..STRONGEST });
    }
    of(FaultClass::Timing, SystemModel { timing: Timing::PartiallySynchronous, ..STRONGEST })
}
