//! Bank: accounts between which money is moved; it is never made, never lost, and no account goes below zero.

use std::collections::BTreeMap;

use super::{Specification, TREE_ENTRY};

/// Accounts with what is on them at first. No other accounts come to be.
///
/// A question for all balances shows one moment of the bank: a store that reads one account after the other shows moments that
/// never were, in which money is on the way (Jepsen's bank test).
///
/// ```
/// use netsplit_check::spec::{Bank, BankRequest, BankResponse};
/// use netsplit_check::{by_hand, linearizable};
/// let bank = Bank::new([("ann", 10), ("bob", 0)]);
/// let transfer = BankRequest::Transfer { from: "ann".into(), to: "bob".into(), amount: 4 };
/// let torn = by_hand("bank")
///     .ok("ann", 0..9, transfer, BankResponse::Transferred)
///     .ok("cyd", 3..5, BankRequest::Balances, BankResponse::balances([("ann", 6), ("bob", 0)]))
///     .history();
/// assert!(linearizable(bank).judge(&torn).is_violated(), "4 are nowhere");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bank {
    /// What is on each account before the first request.
    pub opening: BTreeMap<String, i64>,
}

/// What a bank is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BankRequest {
    /// Move money.
    Transfer {
        /// The account that pays.
        from: String,
        /// The account that receives.
        to: String,
        /// How much, at least 0.
        amount: i64,
    },
    /// What is on every account.
    Balances,
}

/// What a bank answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BankResponse {
    /// To a transfer: the money has moved.
    Transferred,
    /// To a transfer: an account does not exist, or the one that pays has too little.
    Refused,
    /// What is on every account.
    Balances(BTreeMap<String, i64>),
}

impl Bank {
    /// A bank with these accounts.
    pub fn new<'a>(opening: impl IntoIterator<Item = (&'a str, i64)>) -> Bank {
        Bank { opening: accounts(opening) }
    }
}

impl BankResponse {
    /// The answer that these are all balances.
    pub fn balances<'a>(balances: impl IntoIterator<Item = (&'a str, i64)>) -> BankResponse {
        BankResponse::Balances(accounts(balances))
    }
}

fn accounts<'a>(balances: impl IntoIterator<Item = (&'a str, i64)>) -> BTreeMap<String, i64> {
    balances.into_iter().map(|(name, amount)| (name.to_owned(), amount)).collect()
}

/// The accounts after a transfer, if it is possible.
fn after(state: &BTreeMap<String, i64>, from: &str, to: &str, amount: i64) -> Option<BTreeMap<String, i64>> {
    let mut next = state.clone();
    let payer = next.get_mut(from).filter(|has| (0..=**has).contains(&amount))?;
    *payer -= amount;
    let receiver = next.get_mut(to)?;
    *receiver = receiver.checked_add(amount)?;
    Some(next)
}

impl Specification for Bank {
    type State = BTreeMap<String, i64>;
    type Request = BankRequest;
    type Response = BankResponse;

    fn init(&self) -> BTreeMap<String, i64> {
        self.opening.clone()
    }

    fn step(
        &self,
        state: &BTreeMap<String, i64>,
        request: &BankRequest,
        response: Option<&BankResponse>,
    ) -> Option<BTreeMap<String, i64>> {
        match (request, response) {
            (BankRequest::Balances, Some(BankResponse::Balances(told))) => {
                (told == state).then(|| state.clone())
            }
            (BankRequest::Balances, told) => told.is_none().then(|| state.clone()),
            (BankRequest::Transfer { from, to, amount }, told) => {
                let next = after(state, from, to, *amount);
                let answer = if next.is_some() { BankResponse::Transferred } else { BankResponse::Refused };
                told.is_none_or(|told| *told == answer).then(|| next.unwrap_or_else(|| state.clone()))
            }
        }
    }

    fn reads(&self, request: &BankRequest, response: Option<&BankResponse>) -> bool {
        *request == BankRequest::Balances || response == Some(&BankResponse::Refused)
    }

    fn words(&self, request: &BankRequest, response: Option<&BankResponse>) -> String {
        match (request, response) {
            (BankRequest::Balances, Some(BankResponse::Balances(balances))) => {
                let shown: Vec<String> =
                    balances.iter().map(|(name, amount)| format!("{name} {amount}")).collect();
                format!("question for all balances found {}", shown.join(", "))
            }
            (BankRequest::Balances, _) => "question for all balances".to_owned(),
            (BankRequest::Transfer { from, to, amount }, told) => {
                let refused = if told == Some(&BankResponse::Refused) { ", which was refused" } else { "" };
                format!("transfer of {amount} from {from} to {to}{refused}")
            }
        }
    }

    fn weight(&self, state: &BTreeMap<String, i64>) -> usize {
        let entry = |(name, _): (&String, &i64)| TREE_ENTRY + size_of::<(String, i64)>() + name.capacity();
        size_of_val(state) + state.iter().map(entry).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::tests::walk;

    #[test]
    fn money_is_neither_made_nor_lost() {
        // Right: a transfer moves, one that cannot be paid is refused. Wrong: torn balances, a paid debt that was not there, money from nowhere.
        use BankRequest::{Balances, Transfer};
        use BankResponse::{Refused, Transferred};
        let bank = Bank::new([("ann", 10), ("bob", 0)]);
        let pay = |from: &str, to: &str, amount| Transfer { from: from.into(), to: to.into(), amount };
        let found = |ann, bob| Some(BankResponse::balances([("ann", ann), ("bob", bob)]));
        let right = [
            (Balances, found(10, 0)),
            (pay("ann", "bob", 4), Some(Transferred)),
            (Balances, found(6, 4)),
            (pay("bob", "ann", 5), Some(Refused)),
            (pay("ann", "eve", 1), Some(Refused)),
            (pay("ann", "bob", -1), Some(Refused)),
            (pay("ann", "ann", 6), Some(Transferred)),
            (pay("ann", "bob", 6), None),
            (pay("ann", "bob", 6), None),
            (Balances, found(0, 10)),
        ];
        assert_eq!(walk(&bank, right).map(|state| state["bob"]), Ok(10));
        assert_eq!(walk(&bank, [(pay("ann", "bob", 4), Some(Transferred)), (Balances, found(6, 0))]), Err(1));
        assert_eq!(walk(&bank, [(pay("bob", "ann", 1), Some(Transferred))]), Err(0));
        assert_eq!(walk(&bank, [(pay("ann", "bob", 4), Some(Refused))]), Err(0));
        assert_eq!(walk(&bank, [(Balances, Some(Transferred))]), Err(0));
    }
}
