//! Wrong: batches of one item, each after the other had its answer: every batch is asked for alone.
// answer: page
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Heard {
    reader: CallId,
    outcome: Outcome<Said>,
}

#[derive(Clone, Debug, Default)]
struct Draft {
    customer: u64,
    cart: Option<Vec<u32>>,
    suggestion: Option<u32>,
    prices: BTreeMap<u32, u64>,
    stock: BTreeMap<u32, u32>,
    /// Questions without an answer.
    open: u32,
    waiting: Vec<Ask>,
}

#[derive(Clone, Debug)]
struct Page {
    shop: Address<Shop>,
    drafts: BTreeMap<CallId, Draft>,
}

/// Each item once, in batches.
fn batches(items: &[u32]) -> Vec<Vec<u32>> {
    let once: BTreeSet<u32> = items.iter().copied().collect();
    let once: Vec<u32> = once.into_iter().collect();
    once.chunks(1).map(<[u32]>::to_vec).collect()
}

impl Page {
    fn new(shop: Address<Shop>) -> Page {
        Page { shop, drafts: BTreeMap::new() }
    }

    fn ask(&mut self, reader: CallId, ask: Ask, ctx: &mut Context<Self>) {
        let draft = self.drafts.entry(reader).or_default();
        draft.open += 1;
        draft.waiting.push(ask);
        if draft.open == 1 {
            self.next(reader, ctx);
        }
    }

    fn next(&mut self, reader: CallId, ctx: &mut Context<Self>) {
        let Some(draft) = self.drafts.get_mut(&reader) else { return };
        if !draft.waiting.is_empty() {
            let ask = draft.waiting.remove(0);
            ctx.call(self.shop, ask, secs(1), move |outcome| Heard { reader, outcome });
        }
    }

    /// Cart and suggestion come in either order; the prices of both are asked for together.
    fn ask_prices(&mut self, reader: CallId, ctx: &mut Context<Self>) {
        let Some(draft) = self.drafts.get(&reader) else { return };
        let (Some(cart), Some(suggestion)) = (&draft.cart, draft.suggestion) else { return };
        let (customer, items) = (draft.customer, [cart.as_slice(), &[suggestion]].concat());
        for items in batches(&items) {
            self.ask(reader, Ask::Prices { customer, items }, ctx);
        }
    }

    fn show(&mut self, reader: CallId, ctx: &mut Context<Self>) {
        let Some(draft) = self.drafts.remove(&reader) else { return };
        let price = |item: u32| draft.prices.get(&item).copied();
        let line = |&item: &u32| Line { item, price: price(item), stock: draft.stock[&item] };
        let suggestion = draft.suggestion.unwrap_or_default();
        let view = View {
            customer: draft.customer,
            lines: draft.cart.iter().flatten().map(line).collect(),
            suggestion,
            suggestion_price: price(suggestion),
        };
        ctx.reply(reader, view);
    }
}

impl Service for Page {
    type Request = u64;
    type Response = View;

    fn on_request(&mut self, call: CallId, reader: u64, ctx: &mut Context<Self>) {
        self.ask(call, Ask::Customer { reader }, ctx);
    }
}

impl Node for Page {
    type Message = Heard;
    type Timer = ();

    fn on_message(&mut self, _shop: NodeId, Heard { reader, outcome }: Heard, ctx: &mut Context<Self>) {
        let (Some(draft), Outcome::Ok(said)) = (self.drafts.get_mut(&reader), outcome) else { return };
        match said {
            Said::Customer(customer) => {
                draft.customer = customer;
                self.ask(reader, Ask::Cart { customer }, ctx);
                self.ask(reader, Ask::Suggestion { customer }, ctx);
            }
            Said::Items(items) => {
                draft.cart = Some(items.clone());
                for items in batches(&items) {
                    self.ask(reader, Ask::Stock { items }, ctx);
                }
                self.ask_prices(reader, ctx);
            }
            Said::Suggestion(item) => {
                draft.suggestion = Some(item);
                self.ask_prices(reader, ctx);
            }
            Said::Prices(prices) => draft.prices.extend(prices),
            Said::Stock(stock) => draft.stock.extend(stock),
        }
        let Some(draft) = self.drafts.get_mut(&reader) else { return };
        draft.open -= 1;
        if draft.open == 0 {
            self.show(reader, ctx);
        } else {
            self.next(reader, ctx);
        }
    }
}
