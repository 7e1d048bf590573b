//! `causal-broadcast`: a chat that shows no answer before its question, over a network that loses, doubles and reorders, with bounded
//! buffers.

use std::collections::BTreeMap;

use netsplit::grade::{Case, Exercise, Rule, Submitted};
use netsplit::{Call, Client, Cluster, Duration, NodeId, Outcome, Traffic, ms, secs};

use super::given::*;

type Chat = Submitted<Ask, Told>;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("causal-broadcast", "No answer before its question", 20.0, Rule::SafetyGate)
        .service("Chat", "Ask", "Told")
        .without(["clocks", "links"])
        .visible("the answer overtakes the question", 1, overtaken)
        .visible("messages are lost", 2, |case| noisy(case, 0.3, 0.0, ms(0)))
        .visible("messages overtake each other", 3, |case| noisy(case, 0.1, 0.4, ms(400)))
        .visible("a node is cut off", 4, cut_off)
}

/// A chat of three, and what was said in it.
pub struct Scene<'c> {
    pub case: &'c mut Case,
    pub chat: Cluster<Chat>,
    clients: Vec<Client<Chat>>,
    said: Vec<(usize, String, Call<Chat>)>,
    /// What each node was seen to show, and when.
    seen: Vec<(usize, Call<Chat>)>,
}

impl<'c> Scene<'c> {
    pub fn new(case: &'c mut Case) -> Scene<'c> {
        let chat = case.submitted::<Ask, Told>("Chat").start(3);
        let clients = (0..3).map(|index| chat.client_of(index)).collect();
        Scene { case, chat, clients, said: Vec::new(), seen: Vec::new() }
    }

    /// Somebody says something that nobody has said before.
    pub fn say(&mut self, at: usize) {
        let text = format!("message {}", self.said.len());
        let call = self.clients[at].call(Ask::Say(text.clone()));
        self.said.push((at, text, call));
    }

    pub fn read(&mut self, at: usize) {
        self.seen.push((at, self.clients[at].call(Ask::Read)));
    }

    pub fn wait(&mut self, time: Duration) {
        self.case.lab().run_for(time);
    }

    /// How many of the messages of `at` were accepted so far.
    pub fn accepted(&self, at: usize) -> usize {
        self.said.iter().filter(|(by, _, call)| *by == at && ok(call) == Some(Told::Said)).count()
    }

    /// Whether what somebody said last was accepted.
    pub fn was_accepted(&self) -> bool {
        self.said.last().is_some_and(|(.., call)| ok(call) == Some(Told::Said))
    }

    /// What a node shows now.
    pub fn shows(&mut self, at: usize) -> Vec<Line> {
        self.read(at);
        self.wait(ms(50));
        match self.seen.last().and_then(|(_, call)| ok(call)) {
            Some(Told::Shown(lines)) => lines,
            _ => Vec::new(),
        }
    }

    /// In calm weather everything arrives. Then all that was ever shown is looked at.
    pub fn close(mut self) {
        self.wait(secs(20));
        let ends: Vec<Vec<Line>> = (0..3).map(|at| self.shows(at)).collect();
        let line = |at: usize, text: &str| Line { by: self.chat.id(at), text: text.to_owned() };
        let accepted: Vec<Line> = self
            .said
            .iter()
            .filter(|(.., call)| ok(call) == Some(Told::Said))
            .map(|(at, text, _)| line(*at, text))
            .collect();
        let mut missing = Vec::new();
        for (at, end) in ends.iter().enumerate() {
            let lost = accepted.iter().filter(|line| !end.contains(line));
            missing.extend(lost.map(|line| format!("node {at} never shows {:?}", line.text)));
        }
        self.case.liveness("everything that was said is shown everywhere", first(missing));
        let mut refused = Vec::new();
        let mut taken = [0; 3];
        for (at, text, call) in &self.said {
            match ok(call) {
                Some(Told::Said) => taken[*at] += 1,
                // Of fewer than a window of messages, not more can be under way.
                other if taken[*at] < WINDOW => refused.push(format!("{text:?} at node {at}: {other:?}")),
                _ => {}
            }
        }
        self.case.liveness("what fits into the window is accepted", first(refused));
        let mut wrong = Vec::new();
        for (at, end) in ends.iter().enumerate() {
            for (place, shown) in end.iter().enumerate() {
                let is_said = self.said.iter().any(|(by, text, _)| line(*by, text) == *shown);
                if !is_said || end[..place].contains(shown) {
                    wrong.push(format!("node {at} shows {shown:?}, which was not said, or not twice"));
                }
            }
        }
        self.case.safety("what is shown was said, and is shown once", first(wrong));
        let mut changed = Vec::new();
        for (at, call) in &self.seen {
            if let Some(Told::Shown(lines)) = ok(call)
                && !ends[*at].starts_with(&lines)
            {
                changed.push(format!("node {at} showed {lines:?}, and later {:?}", ends[*at]));
            }
        }
        self.case.safety("what was shown stays where it is", first(changed));
        self.case.safety("nothing is shown before what its sender had seen", causal(&ends, &self.chat));
    }
}

/// Of every line: all that its sender showed before it, everyone shows before it.
fn causal(ends: &[Vec<Line>], chat: &Cluster<Chat>) -> Result<(), String> {
    let nodes: BTreeMap<NodeId, usize> = (0..ends.len()).map(|index| (chat.id(index), index)).collect();
    for (at, end) in ends.iter().enumerate() {
        for (place, line) in end.iter().enumerate() {
            let Some(sender) = nodes.get(&line.by).map(|&index| &ends[index]) else { continue };
            let Some(said) = sender.iter().position(|it| it == line) else { continue };
            if let Some(cause) = sender[..said].iter().find(|cause| !end[..place].contains(cause)) {
                return Err(format!(
                    "node {at} shows {:?} without {:?}, which {} had seen when it said that",
                    line.text, cause.text, line.by
                ));
            }
        }
    }
    Ok(())
}

fn ok(call: &Call<Chat>) -> Option<Told> {
    match call.outcome() {
        Some(Outcome::Ok(told)) => Some(told),
        _ => None,
    }
}

fn first(wrong: Vec<String>) -> Result<(), String> {
    wrong.into_iter().next().map_or(Ok(()), Err)
}

/// Node 0 asks, node 1 answers, and the question takes long to node 2.
pub fn overtaken(case: &mut Case) {
    let mut scene = Scene::new(case);
    let (ask, eve) = (scene.chat.nodes([0]), scene.chat.nodes([2]));
    let slow = scene.case.lab().delay(ms(300), Traffic::all().messages().from(ask).to(eve));
    for _ in 0..2 {
        scene.say(0);
        scene.wait(ms(30));
        scene.say(1);
        scene.wait(ms(30));
        scene.read(2);
    }
    scene.wait(ms(400));
    scene.case.lab().remove_rule(slow);
    scene.close();
}

/// Everybody talks, over a network that loses, holds back and doubles.
pub fn noisy(case: &mut Case, loss: f64, reorder: f64, by: Duration) {
    let mut scene = Scene::new(case);
    let messages = || Traffic::all().messages();
    let lab = scene.case.lab();
    let rules =
        [lab.lose(loss, messages()), lab.reorder(reorder, by, messages()), lab.duplicate(0.1, messages())];
    for _ in 0..12 {
        let (at, pause) = (scene.case.random().below(3) as usize, scene.case.random().below(200) as i64);
        if scene.case.random().chance(0.3) {
            scene.read(at);
        }
        scene.say(at);
        scene.wait(ms(pause));
    }
    for rule in rules {
        scene.case.lab().remove_rule(rule);
    }
    scene.close();
}

/// One node cannot be reached: the others talk on, as long as their windows are open.
pub fn cut_off(case: &mut Case) {
    let mut scene = Scene::new(case);
    let away = scene.case.random().below(3) as usize;
    let (talker, listener) = ((away + 1) % 3, (away + 2) % 3);
    scene.say(away);
    scene.wait(secs(5));
    let noise = scene.case.lab().lose(0.2, Traffic::all().messages());
    let away_nodes = scene.chat.nodes([away]);
    let cut = scene.case.lab().isolate(away_nodes.and(scene.clients[away].id()));
    for _ in 0..WINDOW + 3 {
        scene.say(talker);
        let pause = scene.case.random().below(300) as i64;
        scene.wait(ms(pause));
    }
    scene.wait(secs(10));
    let under_way = scene.accepted(talker);
    let bounded = if under_way <= WINDOW {
        Ok(())
    } else {
        Err(format!("{under_way} messages were accepted while nobody could know whether they are shown"))
    };
    scene.case.safety("at most a window of messages is under way", bounded);
    let shown = scene.shows(listener).iter().filter(|line| line.by == scene.chat.id(talker)).count();
    let told = format!("{under_way} accepted, {shown} shown, of a window of {WINDOW}");
    let all = if shown == WINDOW && under_way == WINDOW { Ok(()) } else { Err(told) };
    scene.case.liveness("those who can reach each other talk on", all);
    scene.case.lab().heal(cut);
    scene.case.lab().remove_rule(noise);
    scene.wait(secs(20));
    scene.say(talker);
    scene.wait(ms(100));
    let again = scene.was_accepted();
    scene.case.liveness("the window opens again", again);
    scene.close();
}
