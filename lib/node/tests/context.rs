//! What a handler asks for through its context, seen as the effects that a runner is handed.

use std::sync::Arc;

use netsplit_node::{
    Address, CallEffect, CallId, Context, Disk, Effect, Node, NodeId, Outcome, Payload, Random, Service,
    Slab, Step, Time, ms, secs,
};

/// A service of another type, to be called.
#[derive(Clone, Debug)]
struct Bank;

impl Node for Bank {
    type Message = ();
    type Timer = ();
}

impl Service for Bank {
    type Request = u32;
    type Response = bool;
    fn on_request(&mut self, call: CallId, cents: u32, ctx: &mut Context<Self>) {
        if cents == 0 { ctx.refuse(call, "nothing to take") } else { ctx.reply(call, cents < 100) }
    }
}

/// A node that calls the bank.
#[derive(Clone, Debug)]
struct Shop;

#[derive(Clone, Debug, PartialEq)]
enum ShopMessage {
    Hello(u32),
    Charged(Outcome<bool>),
}

#[derive(Clone, Debug, PartialEq)]
enum ShopTimer {
    Retry(u32),
}

impl Node for Shop {
    type Message = ShopMessage;
    type Timer = ShopTimer;
}

/// A node that owns a shop as its component, below it.
#[derive(Clone, Debug)]
struct Mall;

#[derive(Clone, Debug, PartialEq)]
enum MallMessage {
    Own,
    Shop(ShopMessage),
}

#[derive(Clone, Debug, PartialEq)]
enum MallTimer {
    Own,
    Shop(ShopTimer),
}

impl Node for Mall {
    type Message = MallMessage;
    type Timer = MallTimer;
}

/// A node that owns a mall: two layers above the shop.
#[derive(Clone, Debug)]
struct Town;

impl Node for Town {
    type Message = (char, MallMessage);
    type Timer = (char, MallTimer);
}

/// Node 1 of nodes 0, 1 and 2, with all that a step needs.
struct Bench<N: Node> {
    step: Step,
    members: Arc<[NodeId]>,
    messages: Slab<N::Message>,
    timers: Slab<N::Timer>,
}

impl<N: Node> Bench<N> {
    fn new() -> Bench<N> {
        let members = [NodeId(0), NodeId(1), NodeId(2)].into();
        let mut step = Step::new();
        step.node = NodeId(1);
        Bench { step, members, messages: Slab::new(), timers: Slab::new() }
    }

    /// What `handler` asks for.
    fn run(handler: impl FnOnce(&mut Context<N>)) -> Bench<N> {
        let mut bench = Bench::new();
        bench.go_on(handler);
        bench
    }

    fn go_on(&mut self, handler: impl FnOnce(&mut Context<N>)) {
        handler(&mut Context::new(&mut self.step, &self.members, &mut self.messages, &mut self.timers));
    }

    /// The effects as text, one line each. Messages and timers are taken out of their slabs, as a runner does.
    fn effects(&mut self) -> Vec<String> {
        self.step
            .effects()
            .drain(..)
            .map(|effect| match effect {
                Effect::Send { to, message } => format!("send {to} {:?}", self.messages.take(message)),
                Effect::SetTimer { after, timer } => format!("set {after} {:?}", self.timers.take(timer)),
                Effect::CancelTimer { timer } => format!("cancel {:?}", self.timers.take(timer)),
                Effect::Call(call) => {
                    format!("call {} {} within {}", call.to, call.request.describe(), call.deadline)
                }
                Effect::Reply(reply) => {
                    let outcome = reply.outcome.map(|response| response.describe());
                    format!("{}: {}", reply.call, outcome.to_string().replace('"', ""))
                }
                Effect::Note(remark) => format!("note {remark}"),
                Effect::Write { file } => format!("write {file}"),
                Effect::Sync { writes } => format!("sync {writes}"),
            })
            .collect()
    }

    /// The only call that was asked for.
    fn the_call(&mut self) -> CallEffect {
        match self.step.effects().pop() {
            Some(Effect::Call(call)) => *call,
            _ => panic!("the last effect is a call"),
        }
    }
}

/// The message that brings `outcome` back, and the one that a copy of the call's resumption makes of it.
fn resumed<M: 'static>(call: &CallEffect, outcome: Outcome<bool>) -> [M; 2] {
    let boxed = || outcome.clone().map(|response| Box::new(response) as Box<dyn Payload>);
    let again = call.resume.copy();
    [call.resume.resume(boxed()), again.resume(boxed())]
        .map(|message| *message.downcast().expect("the caller's message"))
}

fn all_outcomes() -> [Outcome<bool>; 3] {
    [Outcome::Ok(true), Outcome::Fail("closed".into()), Outcome::Unknown]
}

#[test]
fn effects_come_in_the_order_asked_for() {
    // A crash may fall between any two of them, so a runner must see every kind in its place.
    let mut bench = Bench::<Shop>::run(|ctx| {
        ctx.note("begin");
        ctx.send(NodeId(2), ShopMessage::Hello(1));
        ctx.disk().write("orders", b"17");
        ctx.set_timer(ms(5), ShopTimer::Retry(1));
        ctx.disk().sync();
        ctx.call(Address::<Bank>::new(NodeId(9)), 250, ms(500), ShopMessage::Charged);
        ctx.cancel_timer(&ShopTimer::Retry(1));
        ctx.send(NodeId(0), ShopMessage::Hello(2));
        ctx.note("end");
    });
    assert_eq!(
        bench.effects(),
        [
            "note begin",
            "send n2 Hello(1)",
            "write orders",
            "set 5ms Retry(1)",
            "sync 1",
            "call n9 250 within 500ms",
            "cancel Retry(1)",
            "send n0 Hello(2)",
            "note end",
        ]
    );
    assert!(bench.messages.is_empty() && bench.timers.is_empty(), "each was handed over once");
}

#[test]
fn a_step_goes_on_where_the_last_left_off() {
    // A runner may use one step for several handlers: effects are added, never lost.
    let mut bench = Bench::<Shop>::run(|ctx| ctx.note("first"));
    bench.go_on(|ctx| ctx.send(NodeId(0), ShopMessage::Hello(2)));
    assert_eq!(bench.effects(), ["note first", "send n0 Hello(2)"]);
}

#[test]
fn peers_are_the_others_and_may_be_written_to_while_they_are_counted_off() {
    // The loop `for peer in ctx.peers() { ctx.send(peer, ..) }` is in half of all protocols: it must not borrow the context.
    let mut bench = Bench::<Shop>::run(|ctx| {
        assert_eq!((ctx.id(), ctx.peers().len()), (NodeId(1), 2));
        for peer in ctx.peers() {
            ctx.send(peer, ShopMessage::Hello(peer.0));
        }
        let mut peers = ctx.peers();
        peers.next();
        assert_eq!((peers.len(), peers.next(), peers.len(), peers.next()), (1, Some(NodeId(2)), 0, None));
    });
    assert_eq!(bench.effects(), ["send n0 Hello(0)", "send n2 Hello(2)"]);
}

#[test]
fn a_broadcast_is_one_message_for_each_peer() {
    // Each may be lost alone, and none comes back to the sender.
    let mut bench = Bench::<Shop>::run(|ctx| ctx.broadcast(ShopMessage::Hello(5)));
    assert_eq!(bench.messages.len(), 2);
    assert_eq!(bench.effects(), ["send n0 Hello(5)", "send n2 Hello(5)"]);
    let mut alone = Bench::<Shop> { members: [NodeId(1)].into(), ..Bench::new() };
    alone.go_on(|ctx| ctx.broadcast(ShopMessage::Hello(5)));
    assert!(alone.effects().is_empty());
}

#[test]
fn now_and_random_are_the_node_s_own() {
    // The context shows the clock and draws from the stream that the runner lent, and the stream moves on in the step.
    let mut bench = Bench::<Shop>::new();
    bench.step.now = Time::ZERO + secs(3);
    bench.step.belongings.random = Random::new(42);
    let mut expected = Random::new(42);
    bench.go_on(|ctx| {
        assert_eq!(ctx.now(), Time::ZERO + secs(3));
        assert_eq!(ctx.random().next_u64(), expected.next_u64());
    });
    assert_eq!(bench.step.belongings.random, expected);
}

#[test]
fn nested_messages_and_timers_are_wrapped_and_keep_their_places() {
    // A component's effects stand among those of its owner exactly where they were asked for; what stood before is not wrapped.
    let mut bench = Bench::<Mall>::run(|ctx| {
        ctx.send(NodeId(0), MallMessage::Own);
        ctx.set_timer(ms(1), MallTimer::Own);
        let result = ctx.nest(MallMessage::Shop, MallTimer::Shop, |shop: &mut Context<Shop>| {
            assert_eq!((shop.id(), shop.peers().len()), (NodeId(1), 2));
            shop.broadcast(ShopMessage::Hello(1));
            shop.set_timer(ms(2), ShopTimer::Retry(1));
            shop.cancel_timer(&ShopTimer::Retry(2));
            shop.disk().append("log", b"x");
            shop.disk().sync();
            shop.note("from below");
            "done"
        });
        assert_eq!(result, "done");
        ctx.cancel_timer(&MallTimer::Own);
    });
    assert_eq!(
        bench.effects(),
        [
            "send n0 Own",
            "set 1ms Own",
            "send n0 Shop(Hello(1))",
            "send n2 Shop(Hello(1))",
            "set 2ms Shop(Retry(1))",
            "cancel Shop(Retry(2))",
            "write log",
            "sync 1",
            "note from below",
            "cancel Own",
        ]
    );
    assert!(bench.messages.is_empty() && bench.timers.is_empty());
}

#[test]
fn layers_nest_in_layers() {
    // Consensus over broadcast over links: every layer adds its own wrapping, from the inside out.
    let mut bench = Bench::<Town>::run(|ctx| {
        let wrap_timer = |timer| ('t', timer);
        ctx.nest(
            |message| ('m', message),
            wrap_timer,
            |mall: &mut Context<Mall>| {
                mall.send(NodeId(0), MallMessage::Own);
                mall.nest(MallMessage::Shop, MallTimer::Shop, |shop: &mut Context<Shop>| {
                    shop.set_timer(ms(1), ShopTimer::Retry(1));
                    shop.call(Address::<Bank>::new(NodeId(9)), 5, secs(1), ShopMessage::Charged);
                });
            },
        );
    });
    for outcome in all_outcomes() {
        let Some(Effect::Call(call)) = bench.step.effects().last() else {
            panic!("the last effect is the call")
        };
        let charged = ('m', MallMessage::Shop(ShopMessage::Charged(outcome.clone())));
        assert_eq!(resumed::<(char, MallMessage)>(call, outcome), [charged.clone(), charged]);
    }
    assert_eq!(
        bench.effects(),
        ["send n0 ('m', Own)", "set 1ms ('t', Shop(Retry(1)))", "call n9 5 within 1s"]
    );
}

#[test]
fn a_call_comes_back_as_the_named_variant_whatever_its_outcome() {
    // Ok, Fail and Unknown stay apart, and a copy of a call (a snapshot of the world) comes back the same.
    let mut bench = Bench::<Shop>::run(|ctx| {
        ctx.call(Address::<Bank>::new(NodeId(9)), 250, ms(500), ShopMessage::Charged);
    });
    let call = bench.the_call();
    assert_eq!((call.to, call.deadline), (NodeId(9), ms(500)));
    assert_eq!(call.request.copy().into_any().downcast_ref(), Some(&250u32));
    for outcome in all_outcomes() {
        let charged = ShopMessage::Charged(outcome.clone());
        assert_eq!(resumed::<ShopMessage>(&call, outcome), [charged.clone(), charged]);
    }
}

#[test]
fn a_component_s_call_comes_back_wrapped_and_its_owner_s_own_call_does_not() {
    // Only the calls made inside the nesting belong to the component.
    let bank = Address::<Bank>::new(NodeId(9));
    let mut bench = Bench::<Mall>::run(|ctx| {
        ctx.call(bank, 1, ms(1), |_| MallMessage::Own);
        ctx.nest(MallMessage::Shop, MallTimer::Shop, |shop: &mut Context<Shop>| {
            shop.call(bank, 2, ms(2), ShopMessage::Charged);
        });
    });
    let (inner, outer) = (bench.the_call(), bench.the_call());
    assert_eq!((outer.request.describe(), inner.request.describe()), ("1".into(), "2".into()));
    for outcome in all_outcomes() {
        let charged = MallMessage::Shop(ShopMessage::Charged(outcome.clone()));
        assert_eq!(resumed::<MallMessage>(&inner, outcome.clone()), [charged.clone(), charged]);
        assert_eq!(resumed::<MallMessage>(&outer, outcome), [MallMessage::Own, MallMessage::Own]);
    }
}

#[test]
fn every_disk_operation_is_an_effect_and_a_sync_covers_those_before_it() {
    // The effects let a crash fall between two writes; the numbers say how much each sync makes durable.
    let mut bench = Bench::<Shop>::run(|ctx| {
        let mut disk = ctx.disk();
        disk.write("a", b"1");
        disk.append("a", b"2");
        disk.sync();
        disk.write("b", b"3");
        disk.remove("a");
        assert_eq!((disk.read("a"), disk.read("b")), (None, Some(b"3".to_vec())));
        assert_eq!(disk.files(), ["b"]);
        disk.sync();
        disk.append("c", b"4");
    });
    let effects = bench.effects();
    assert_eq!(effects, ["write a", "write a", "sync 2", "write b", "write a", "sync 4", "write c"]);
    let after_crash = |synced: u64| -> (Disk, Vec<String>) {
        let mut disk = bench.step.belongings.disk.clone();
        disk.complete_sync(synced);
        disk.crash();
        let files = disk.files();
        (disk, files)
    };
    let (first, files) = after_crash(2);
    assert_eq!((first.read("a"), files), (Some(b"12".to_vec()), vec!["a".to_owned()]));
    let (_, files) = after_crash(4);
    assert_eq!(files, ["b"]);
}

#[test]
fn a_sync_counts_from_the_disk_s_beginning_not_the_step_s() {
    // What earlier steps wrote and nobody synced is covered as well.
    let mut bench = Bench::<Shop>::run(|ctx| ctx.disk().append("log", b"1"));
    bench.go_on(|ctx| {
        ctx.disk().append("log", b"2");
        ctx.disk().sync();
    });
    assert_eq!(bench.effects(), ["write log", "write log", "sync 2"]);
}

#[test]
fn a_reply_is_ok_and_a_refusal_is_fail() {
    // A service can say "done" or "definitely not"; only the passing of time says "unknown".
    let mut bench = Bench::<Bank>::run(|ctx| {
        Bank.on_request(CallId(3), 250, ctx);
        Bank.on_request(CallId(4), 0, ctx);
    });
    assert_eq!(bench.effects(), ["call 3: Ok(false)", "call 4: Fail(nothing to take)"]);
    bench.go_on(|ctx| ctx.reply(CallId(5), true));
    let Some(Effect::Reply(reply)) = bench.step.effects().pop() else { panic!("the last effect is a reply") };
    let response = reply.outcome.ok().expect("a reply is Ok");
    assert_eq!(response.into_any().downcast_ref(), Some(&true), "the response keeps its type");
}
