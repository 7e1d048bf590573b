//! What the statement of `traces` gives: logs of both ends of a conversation, and four of them in which something went wrong.

use std::fmt;

use netsplit::model::{FaultClass, SystemModel};
use netsplit::{Duration, Random, Time, ms, secs};
use serde::{Deserialize, Serialize};

/// What two machines have logged, in the order of its time. Exactly one thing is wrong in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Log {
    /// The longest that a message may take. So long after a question has arrived, its answer must have been sent, too.
    pub bound: Duration,
    /// The lines.
    pub lines: Vec<Line>,
    /// When the log ends. What was sent less than `bound` before may still be under way.
    pub until: Time,
}

/// A line of a log.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub at: Time,
    pub by: Who,
    pub what: What,
}

/// Whose log a line is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Who {
    Client,
    Server,
}

/// What a machine has logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// It begins to work, with what its disk has.
    Starts,
    /// It is alive; every machine says so each second.
    Alive,
    /// It sends a message to the other one.
    Sends(Message),
    /// A message has arrived.
    Receives(Message),
}

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// The client asks about a value. Its questions are numbered.
    Question { number: u32, value: u64 },
    /// The server answers the question of this number, with twice its value.
    Answer { number: u32, value: u64 },
}

/// What the log shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// What went wrong.
    pub class: FaultClass,
    /// The strongest model in which this log can come about.
    pub model: SystemModel,
}

/// What goes wrong in a story.
#[derive(Clone, Debug, Default)]
pub struct Trouble {
    /// Questions of these numbers are lost on their way.
    pub lost_questions: Vec<u32>,
    /// Answers of these numbers are lost on their way.
    pub lost_answers: Vec<u32>,
    /// From the first second to the second one, messages take so much longer.
    pub slow: Option<(i64, i64, Duration)>,
    /// Who is down, from which second, and until when if not for good.
    pub down: Option<(Who, i64, Option<i64>)>,
    /// From which second to which one the server does nothing; then it goes on.
    pub pause: Option<(i64, i64)>,
    /// The answer of this number is wrong by so much.
    pub wrong_answer: Option<(u32, u64)>,
    /// In this second the server answers a question that nobody has asked.
    pub unasked: Option<i64>,
}

/// Twenty seconds of a conversation, one question a second.
pub fn story(seed: u64, trouble: &Trouble) -> Log {
    let mut random = Random::new(seed);
    let bound = random.between(ms(60), ms(200));
    let at = |second: i64| Time::ZERO + secs(second);
    let is_down = |who: Who, time: Time| {
        let down = trouble.down.filter(|(whom, ..)| *whom == who);
        down.is_some_and(|(_, from, to)| time >= at(from) && to.is_none_or(|to| time < at(to)))
    };
    let paused_until = |time: Time| {
        let pause = trouble.pause.filter(|(from, to)| time >= at(*from) && time < at(*to));
        pause.map_or(time, |(_, to)| at(to))
    };
    let slowness = |time: Time| {
        let slow = trouble.slow.filter(|(from, to, _)| time >= at(*from) && time < at(*to));
        slow.map_or(Duration::ZERO, |(.., by)| by)
    };
    let mut lines = Vec::new();
    let mut line = |at: Time, by: Who, what: What| lines.push(Line { at, by, what });
    for who in [Who::Client, Who::Server] {
        line(at(0), who, What::Starts);
        if let Some((_, _, Some(to))) = trouble.down.filter(|(whom, ..)| *whom == who) {
            line(at(to), who, What::Starts);
        }
    }
    for number in 0..20u32 {
        let second = i64::from(number);
        for who in [Who::Client, Who::Server] {
            let then = at(second) + ms(500);
            if !is_down(who, then) && (who == Who::Client || paused_until(then) == then) {
                line(then, who, What::Alive);
            }
        }
        if trouble.unasked == Some(second) {
            let forged = Message::Answer { number: number + 100, value: random.below(1_000) };
            line(at(second) + ms(1), Who::Server, What::Sends(forged));
            line(at(second) + ms(1) + random.between(ms(1), bound), Who::Client, What::Receives(forged));
        }
        let (asked, value) = (at(second) + random.between(ms(2), ms(300)), random.below(1_000));
        let (there, back) = (random.between(ms(1), bound), random.between(ms(1), bound));
        if is_down(Who::Client, asked) {
            continue;
        }
        let question = Message::Question { number, value };
        line(asked, Who::Client, What::Sends(question));
        let arrives = paused_until(asked + there + slowness(asked));
        if trouble.lost_questions.contains(&number) || is_down(Who::Server, arrives) {
            continue;
        }
        line(arrives, Who::Server, What::Receives(question));
        let wrong = trouble.wrong_answer.filter(|(which, _)| *which == number).map_or(0, |(_, by)| by);
        let answer = Message::Answer { number, value: 2 * value + wrong };
        let answers = arrives + ms(1);
        line(answers, Who::Server, What::Sends(answer));
        let returns = answers + back + slowness(answers);
        if !trouble.lost_answers.contains(&number) && !is_down(Who::Client, returns) {
            line(returns, Who::Client, What::Receives(answer));
        }
    }
    let until = at(20);
    lines.retain(|line| line.at < until);
    lines.sort_by_key(|line| line.at);
    Log { bound, lines, until }
}

/// The logs that everybody sees, by their numbers from 1 on.
pub fn example(number: u64) -> Log {
    let trouble = match number {
        1 => Trouble { down: Some((Who::Server, 12, None)), ..Trouble::default() },
        2 => Trouble { lost_questions: vec![7], ..Trouble::default() },
        3 => Trouble { slow: Some((5, 9, ms(400))), ..Trouble::default() },
        _ => Trouble { wrong_answer: Some((4, 1)), ..Trouble::default() },
    };
    story(number, &trouble)
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>10}   at most {} for a message or an answer", "", self.bound)?;
        for Line { at, by, what } in &self.lines {
            let time = format!("{:.3}", at.as_nanos() as f64 / 1e9);
            writeln!(f, "{time:>10}   {:<8}{what:?}", format!("{by:?}"))?;
        }
        write!(f, "{:>10}   the log ends", self.until)
    }
}
