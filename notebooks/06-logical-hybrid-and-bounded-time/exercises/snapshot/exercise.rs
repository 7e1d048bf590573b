//! `snapshot`: a picture of a bank's branches and of the money between them, taken while business goes on.

use std::collections::BTreeMap;

use netsplit::grade::{Case, Exercise, Rule, Submitted};
use netsplit::{Call, Client, Cluster, Duration, Latency, Outcome, Time, ms, secs};

use super::given::*;

type Branch = Submitted<BankAsk, BankTold>;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("snapshot", "Count the money while it moves", 15.0, Rule::SafetyGate)
        .service("Branch", "BankAsk", "BankTold")
        .without(["clocks", "links"])
        .visible("nothing moves", 1, |case| audit(case, 2, 0, 1))
        .visible("two branches", 2, |case| audit(case, 2, 10, 1))
        .visible("three branches", 3, |case| audit(case, 3, 25, 1))
        .visible("three snapshots", 4, |case| audit(case, 3, 15, 3))
}

/// A transfer that somebody asked for.
struct Transfer {
    from: u32,
    to: u32,
    cents: u64,
    asked: Time,
    call: Call<Branch>,
}

/// Money goes round among so many branches, so many transfers around each snapshot. Every channel takes its own, constant time, so that
/// nothing overtakes anything on it.
pub fn audit(case: &mut Case, branches: u32, transfers: u32, snapshots: u32) {
    let bank = case.submitted::<BankAsk, BankTold>("Branch").start(branches as usize);
    case.lab().set_latency(Latency::Constant(ms(2)));
    for from in 0..branches as usize {
        for to in (0..branches as usize).filter(|to| *to != from) {
            let takes = Latency::Constant(ms(20 + case.random().below(400) as i64));
            case.lab().set_link_latency(bank.nodes([from]), bank.nodes([to]), takes);
        }
    }
    let clients: Vec<Client<Branch>> = (0..branches).map(|index| bank.client_of(index as usize)).collect();
    let mut done: Vec<Transfer> = Vec::new();
    let mut taken = Vec::new();
    case.lab().run_for(ms(10));
    for _ in 0..snapshots {
        move_money(case, &bank, &clients, &mut done, transfers / 2);
        let auditor = case.random().below(u64::from(branches)) as usize;
        let (asked, snapshot) = (case.lab().now(), clients[auditor].call(BankAsk::Snapshot));
        move_money(case, &bank, &clients, &mut done, transfers - transfers / 2);
        case.lab().run_until(|| !snapshot.is_pending(), secs(5));
        case.lab().run_for(ms(1));
        taken.push((asked, snapshot));
        case.lab().run_for(secs(1));
    }
    // Whoever waits for an answer to a transfer while a snapshot is taken has been stopped by it.
    let slow = done.iter().find(|it| it.call.returned().is_none_or(|at| at - it.asked > ms(15)));
    let quick = slow.map_or(Ok(()), |it| Err(format!("the transfer of {} at {} waits", it.cents, it.asked)));
    case.liveness("business goes on meanwhile", quick);
    let refused = done.iter().filter(|it| !is_sent(it)).count();
    case.liveness("money that is there is sent", refused * 2 <= done.len());
    let mut pending = Ok(());
    for (asked, snapshot) in &taken {
        match snapshot.outcome() {
            Some(Outcome::Ok(BankTold::Snapshot(parts))) => {
                let returned = snapshot.returned().unwrap_or(Time::MAX);
                let judged = consistent(&bank, &parts, &done, (*asked, returned));
                let total: u64 = parts
                    .iter()
                    .map(|part| part.balance + part.under_way.values().flatten().sum::<u64>())
                    .fold(0, u64::saturating_add);
                let right = u64::from(branches) * OPENING;
                let sum = if total == right { Ok(()) } else { Err(format!("{total} of {right}: {parts:?}")) };
                case.safety("no money is lost, and none is made", sum);
                case.safety("the snapshot is a state that somebody could have seen", judged);
            }
            other => pending = Err(format!("the snapshot that was asked for at {asked}: {other:?}")),
        }
    }
    case.liveness("every snapshot is taken", pending);
}

fn is_sent(transfer: &Transfer) -> bool {
    matches!(transfer.call.outcome(), Some(Outcome::Ok(BankTold::Sent)))
}

fn move_money(
    case: &mut Case,
    bank: &Cluster<Branch>,
    clients: &[Client<Branch>],
    done: &mut Vec<Transfer>,
    transfers: u32,
) {
    for _ in 0..transfers {
        let random = case.random();
        let from = random.below(clients.len() as u64) as usize;
        let to = (from + 1 + random.below(clients.len() as u64 - 1) as usize) % clients.len();
        let (cents, pause) = (1 + random.below(200), random.below(60) as i64);
        let asked = case.lab().now();
        let call = clients[from].call(BankAsk::Send { to: bank.id(to), cents });
        done.push(Transfer { from: bank.id(from).0, to: bank.id(to).0, cents, asked, call });
        wait(case, ms(pause));
    }
}

fn wait(case: &mut Case, time: Duration) {
    case.lab().run_for(time);
}

/// Whether the parts fit each other and what was asked of the branches: a channel that has delivered no more than was sent, with the rest
/// under way; balances that come of it; nothing left out that was answered before, nothing in it that was asked for afterwards.
fn consistent(
    bank: &Cluster<Branch>,
    parts: &[Part],
    done: &[Transfer],
    (asked, returned): (Time, Time),
) -> Result<(), String> {
    let by_branch: BTreeMap<u32, &Part> = parts.iter().map(|part| (part.branch, part)).collect();
    let branches: Vec<u32> = (0..bank.size()).map(|index| bank.id(index).0).collect();
    if parts.len() != branches.len() || branches.iter().any(|branch| !by_branch.contains_key(branch)) {
        return Err(format!("expected one part of each of {branches:?}, got {parts:?}"));
    }
    let count = |counts: &BTreeMap<u32, u64>, of: u32| counts.get(&of).copied().unwrap_or(0) as usize;
    let mut balances: BTreeMap<u32, u64> = branches.iter().map(|&branch| (branch, OPENING)).collect();
    let mut gone: BTreeMap<u32, u64> = BTreeMap::new();
    for &from in &branches {
        for &to in branches.iter().filter(|to| **to != from) {
            let channel: Vec<&Transfer> =
                done.iter().filter(|it| is_sent(it) && (it.from, it.to) == (from, to)).collect();
            let (sent, received) = (count(&by_branch[&from].sent, to), count(&by_branch[&to].received, from));
            let before = channel.iter().filter(|it| it.call.returned().is_some_and(|at| at < asked)).count();
            let until = channel.iter().filter(|it| it.asked <= returned).count();
            let what = format!("from n{from} to n{to}: {sent} sent, {received} received");
            if received > sent {
                return Err(format!("{what}: received before it was sent"));
            }
            if sent < before || sent > until {
                return Err(format!(
                    "{what}; {before} were answered before the snapshot, {until} asked for by its end"
                ));
            }
            let amounts: Vec<u64> = channel.iter().map(|it| it.cents).collect();
            let under_way = by_branch[&to].under_way.get(&from).cloned().unwrap_or_default();
            if under_way != amounts[received..sent] {
                return Err(format!(
                    "{what}; {:?} are under way, not {under_way:?}",
                    &amounts[received..sent]
                ));
            }
            *gone.entry(from).or_default() += amounts[..sent].iter().sum::<u64>();
            *balances.entry(to).or_default() += amounts[..received].iter().sum::<u64>();
        }
    }
    for (branch, balance) in balances {
        let right = balance.checked_sub(gone.get(&branch).copied().unwrap_or(0));
        let said = by_branch[&branch].balance;
        if right != Some(said) {
            return Err(format!("n{branch} says it has {said}; of its transfers come {right:?}"));
        }
    }
    Ok(())
}
