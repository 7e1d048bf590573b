//! What the statement of `page` gives: the shop's data service, and the page as somebody wrote it, one call after the other.

use std::collections::BTreeMap;

use netsplit::{Address, CallId, Context, Node, NodeId, Outcome, Service, secs};
use serde::{Deserialize, Serialize};

/// So many items may be in one request.
pub const BATCH: usize = 4;

/// What the page asks the shop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    /// Which customer is this reader?
    Customer { reader: u64 },
    /// What is in the customer's cart?
    Cart { customer: u64 },
    /// What might the customer like?
    Suggestion { customer: u64 },
    /// What do these items cost this customer? At most `BATCH`.
    Prices { customer: u64, items: Vec<u32> },
    /// How many of these items are there? At most `BATCH`.
    Stock { items: Vec<u32> },
}

/// What the shop answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Said {
    Customer(u64),
    /// In the order in which the customer put them in; an item may be there twice.
    Items(Vec<u32>),
    Suggestion(u32),
    /// Item and cents: each item once, in the order of their numbers. What is no longer sold is left out.
    Prices(Vec<(u32, u64)>),
    /// Item and how many: each item once, in the order of their numbers.
    Stock(Vec<(u32, u32)>),
}

/// What a reader sees.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct View {
    pub customer: u64,
    /// The cart's items, in its order.
    pub lines: Vec<Line>,
    pub suggestion: u32,
    /// What it costs; nothing if it is no longer sold.
    pub suggestion_price: Option<u64>,
}

/// An item of the cart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub item: u32,
    /// Nothing if it is no longer sold.
    pub price: Option<u64>,
    pub stock: u32,
}

/// The shop: it answers one request after the other, and each takes it a millisecond.
#[derive(Clone, Debug)]
pub struct Shop {
    /// From what its data come.
    pub seed: u64,
    /// How many items are in a cart.
    pub items: u64,
}

impl Shop {
    /// A number that looks like chance.
    fn mix(&self, of: u64) -> u64 {
        let mut mixed =
            (self.seed ^ of.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^= mixed >> 31;
        mixed.wrapping_mul(0x94d0_49bb_1331_11eb) >> 20
    }
}

impl Node for Shop {
    type Message = ();
    type Timer = ();
}

impl Service for Shop {
    type Request = Ask;
    type Response = Said;

    fn on_request(&mut self, call: CallId, ask: Ask, ctx: &mut Context<Self>) {
        let once = |mut items: Vec<u32>| {
            items.sort_unstable();
            items.dedup();
            items
        };
        let said = match ask {
            Ask::Customer { reader } => Said::Customer(1_000 + self.mix(reader) % 9_000),
            Ask::Cart { customer } => {
                let item = |place: u64| 10 + (self.mix(customer * 64 + place) % 25) as u32;
                Said::Items((0..self.items).map(item).collect())
            }
            Ask::Suggestion { customer } => Said::Suggestion(10 + (self.mix(customer) % 25) as u32),
            Ask::Prices { items, .. } | Ask::Stock { items } if items.len() > BATCH => {
                return ctx.refuse(call, format!("{} items, expected at most {BATCH}", items.len()));
            }
            Ask::Prices { customer, items } => {
                let sold = once(items).into_iter().filter(|item| item % 9 != 0);
                let price = |item: u32| (item, 100 + self.mix(u64::from(item)) % 900 + customer % 50);
                Said::Prices(sold.map(price).collect())
            }
            Ask::Stock { items } => {
                let stock = |item: u32| (item, (self.mix(u64::from(item) + 777) % 40) as u32);
                Said::Stock(once(items).into_iter().map(stock).collect())
            }
        };
        ctx.reply(call, said);
    }
}

/// The page as it is: it shows the right things, and asks for each of them alone.
#[derive(Clone, Debug)]
pub struct SlowPage {
    pub shop: Address<Shop>,
    pub views: BTreeMap<CallId, View>,
}

impl SlowPage {
    fn ask(&self, reader: CallId, ask: Ask, ctx: &mut Context<Self>) {
        ctx.call(self.shop, ask, secs(5), move |outcome| (reader, outcome));
    }
}

impl Service for SlowPage {
    /// The reader.
    type Request = u64;
    type Response = View;

    fn on_request(&mut self, call: CallId, reader: u64, ctx: &mut Context<Self>) {
        self.views.insert(call, View::default());
        self.ask(call, Ask::Customer { reader }, ctx);
    }
}

impl Node for SlowPage {
    type Message = (CallId, Outcome<Said>);
    type Timer = ();

    fn on_message(&mut self, _shop: NodeId, (reader, outcome): Self::Message, ctx: &mut Context<Self>) {
        let Some(mut view) = self.views.remove(&reader) else { return };
        let Outcome::Ok(said) = outcome else { return };
        let customer = view.customer;
        let next = match said {
            Said::Customer(customer) => {
                view.customer = customer;
                Ask::Cart { customer }
            }
            Said::Items(items) => {
                let line = |item| Line { item, price: None, stock: u32::MAX };
                view.lines = items.into_iter().map(line).collect();
                Ask::Prices { customer, items: vec![view.lines[0].item] }
            }
            Said::Prices(prices) if view.suggestion > 0 => {
                view.suggestion_price = prices.first().map(|(_, cents)| *cents);
                return ctx.reply(reader, view);
            }
            Said::Prices(prices) => {
                // The price of the first line that has no stock yet; then its stock.
                let place = view.lines.iter().position(|line| line.stock == u32::MAX).unwrap_or_default();
                view.lines[place].price = prices.first().map(|(_, cents)| *cents);
                Ask::Stock { items: vec![view.lines[place].item] }
            }
            Said::Stock(stock) => {
                let place = view.lines.iter().position(|line| line.stock == u32::MAX).unwrap_or_default();
                view.lines[place].stock = stock[0].1;
                match view.lines.get(place + 1) {
                    Some(line) => Ask::Prices { customer, items: vec![line.item] },
                    None => Ask::Suggestion { customer },
                }
            }
            Said::Suggestion(item) => {
                view.suggestion = item;
                Ask::Prices { customer, items: vec![item] }
            }
        };
        self.views.insert(reader, view);
        self.ask(reader, next, ctx);
    }
}
