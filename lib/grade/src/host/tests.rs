//! A host in a thread of the test, asked frame by frame as a judge does.

use std::os::unix::net::UnixStream;
use std::thread;

use netsplit_node::{
    Address, CallId, Context, DiskOperation, Duration, Node, NodeId, Outcome, Service, Time, ms, secs,
};

use super::{Answers, Calls, serve};
use crate::frames::{self, Begin, Question, Reply, Surroundings, Wish, from_bytes, to_bytes};

/// A service that the test's node calls.
#[derive(Clone, Debug)]
struct Bank;

impl Node for Bank {
    type Message = ();
    type Timer = ();
}

impl Service for Bank {
    type Request = u32;
    type Response = bool;

    fn on_request(&mut self, call: CallId, _: u32, ctx: &mut Context<Self>) {
        ctx.reply(call, true);
    }
}

/// A node that uses everything that a context offers.
#[derive(Clone, Debug)]
struct Shop {
    bank: NodeId,
    open: Option<CallId>,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
enum Word {
    Hello(String),
    Paid(Outcome<bool>),
}

impl Node for Shop {
    type Message = Word;
    type Timer = u8;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        let known = ctx.disk().read("opened").map_or(0, |it| it.len());
        ctx.disk().append("opened", [1]);
        ctx.disk().sync();
        ctx.broadcast(Word::Hello(format!("opened {known} times at {}", ctx.now())));
        ctx.set_timer(ms(5), 1);
        ctx.cancel_timer(&2);
    }

    fn on_message(&mut self, _: NodeId, word: Word, ctx: &mut Context<Self>) {
        match (word, self.open.take()) {
            (Word::Paid(Outcome::Ok(true)), Some(call)) => ctx.reply(call, "paid".to_owned()),
            (Word::Paid(Outcome::Unknown), Some(call)) => ctx.refuse(call, "the bank is silent"),
            (word, _) => panic!("not expected: {word:?}"),
        }
    }

    fn on_timer(&mut self, timer: u8, ctx: &mut Context<Self>) {
        ctx.note(format!("timer {timer}"));
    }
}

impl Service for Shop {
    type Request = u32;
    type Response = String;

    fn on_request(&mut self, call: CallId, cents: u32, ctx: &mut Context<Self>) {
        self.open = Some(call);
        ctx.call(Address::<Bank>::new(self.bank), cents, secs(1), Word::Paid);
    }
}

fn answers() -> Answers {
    let mut answers = Answers::default();
    answers.service("Shop", Calls::none().and::<Bank>(), |bank: u32| Shop { bank: NodeId(bank), open: None });
    answers.function("twice", |n: u64| n * 2);
    answers.value("nothing", || -> u64 { panic!("no value") });
    answers
}

/// What a host says to these questions.
fn replies(questions: Vec<Question>) -> Vec<Reply> {
    let (judge, host) = UnixStream::pair().unwrap();
    let serving = thread::spawn(move || serve(&answers(), host));
    let ask = |question: &Question| {
        frames::write(&judge, question).unwrap();
        frames::read::<Reply>(&judge).unwrap().unwrap()
    };
    let replies = questions.iter().map(ask).collect();
    drop(judge);
    serving.join().unwrap();
    replies
}

fn surroundings() -> Surroundings {
    let members = [0, 1, 2].map(NodeId).to_vec();
    Surroundings { now: Time::ZERO + ms(7), uncertainty: Duration::ZERO, monotonic: Time::ZERO, members }
}

fn begin(answer: &str, setup: Vec<u8>) -> Question {
    let begin = Begin {
        answer: answer.to_owned(),
        setup,
        node: NodeId(1),
        seed: 5,
        files: vec![("opened".to_owned(), vec![1, 1])],
        capacity: None,
        secret: [1, 2],
        is_watched: true,
    };
    Question::Begin(Box::new(begin), surroundings())
}

fn wishes(reply: &Reply) -> &[Wish] {
    match reply {
        Reply::Step { effects, .. } => effects,
        other => panic!("expected a step, got {other:?}"),
    }
}

#[test]
fn a_life_tells_its_wishes_in_order() {
    // Disk, sync, two messages, timers: as the handler has asked, with what each carries, and the disk that it was given.
    let replies = replies(vec![begin("Shop", to_bytes(&9_u32).unwrap())]);
    let [Wish::Disk(write), Wish::Sync, Wish::Send { to, message }, Wish::Send { to: other, .. }, rest @ ..] =
        wishes(&replies[0])
    else {
        panic!("{replies:?}")
    };
    assert_eq!(*write, DiskOperation::Append { file: "opened".to_owned(), bytes: vec![1] });
    assert_eq!((*to, *other), (NodeId(0), NodeId(2)));
    let Ok(Word::Hello(text)) = from_bytes(&message.bytes) else { panic!("{message:?}") };
    assert_eq!(text, "opened 2 times at 7ms");
    assert_eq!(message.text, "Hello(\"opened 2 times at 7ms\")");
    let [Wish::SetTimer { after, timer }, Wish::CancelTimer { timer: other }] = rest else {
        panic!("{rest:?}")
    };
    assert_eq!(
        (*after, from_bytes::<u8>(&timer.bytes), from_bytes::<u8>(&other.bytes)),
        (ms(5), Ok(1), Ok(2))
    );
    let Reply::Step { state, .. } = &replies[0] else { panic!() };
    assert_eq!(state, "Shop { bank: NodeId(9), open: None }");
}

#[test]
fn calls_come_back() {
    // A request makes a call to a service of the judge's, whose outcome answers the request.
    let request = |call| Question::Request {
        call: CallId(call),
        request: to_bytes(&350_u32).unwrap(),
        surroundings: surroundings(),
    };
    let ended =
        |call, outcome| Question::Ended { from: NodeId(9), call, outcome, surroundings: surroundings() };
    let replies = replies(vec![
        begin("Shop", to_bytes(&9_u32).unwrap()),
        request(70),
        ended(1, Outcome::Ok(to_bytes(&true).unwrap())),
        request(71),
        ended(2, Outcome::Unknown),
        ended(2, Outcome::Unknown),
    ]);
    let [Wish::Call { service: 0, to: NodeId(9), request, deadline, call: 1 }] = wishes(&replies[1]) else {
        panic!("{replies:?}")
    };
    assert_eq!((from_bytes::<u32>(request), *deadline), (Ok(350), secs(1)));
    let [Wish::Answer { call: CallId(70), outcome: Outcome::Ok(response) }] = wishes(&replies[2]) else {
        panic!("{replies:?}")
    };
    assert_eq!(from_bytes::<String>(response).as_deref(), Ok("paid"));
    let refused =
        matches!(wishes(&replies[4]), [Wish::Answer { call: CallId(71), outcome: Outcome::Fail(_) }]);
    assert!(refused, "{replies:?}");
    assert!(matches!(&replies[5], Reply::Misfit(text) if text == "the end of a call that nobody made"));
}

#[test]
fn a_panic_is_a_reply() {
    // With its words and its place; and the process answers the next question.
    let timer = Question::Timer { timer: to_bytes(&3_u8).unwrap(), surroundings: surroundings() };
    let hello = to_bytes(&Word::Hello(String::new())).unwrap();
    let message = Question::Message { from: NodeId(0), message: hello, surroundings: surroundings() };
    let replies = replies(vec![begin("Shop", to_bytes(&9_u32).unwrap()), message, timer]);
    let Reply::Panicked(text) = &replies[1] else { panic!("{replies:?}") };
    assert!(text.starts_with("not expected: Hello(\"\"), at ") && text.contains("tests.rs:"), "{text}");
    assert!(matches!(wishes(&replies[2]), [Wish::Note(text)] if text == "timer 3"));
}

#[test]
fn functions_are_evaluated() {
    // With an argument, without one, and one that panics.
    let evaluate = |function: &str, argument| Question::Evaluate { function: function.to_owned(), argument };
    let replies = replies(vec![
        evaluate("twice", to_bytes(&21_u64).unwrap()),
        evaluate("twice", vec![1, 2, 3]),
        evaluate("thrice", Vec::new()),
        evaluate("nothing", Vec::new()),
    ]);
    assert!(matches!(&replies[0], Reply::Value(bytes) if from_bytes(bytes) == Ok(42_u64)));
    assert!(matches!(&replies[1], Reply::Misfit(text) if text == "2 bytes are left over"));
    assert!(matches!(&replies[2], Reply::Misfit(text) if text == "the answer has no function thrice"));
    assert!(matches!(&replies[3], Reply::Panicked(text) if text.starts_with("no value")));
}

#[test]
fn what_does_not_fit_is_said() {
    // Another type, another setup, a question before the beginning: each is a reply, and none ends the process.
    let timer = Question::Timer { timer: vec![3], surroundings: surroundings() };
    let replies = replies(vec![timer, begin("Store", Vec::new()), begin("Shop", Vec::new())]);
    let texts: Vec<&str> =
        replies.iter().map(|it| if let Reply::Misfit(text) = it { text } else { "" }).collect();
    assert_eq!(texts[..2], ["nothing has begun here", "the answer has no node Store"]);
    assert!(!texts[2].is_empty());
}
