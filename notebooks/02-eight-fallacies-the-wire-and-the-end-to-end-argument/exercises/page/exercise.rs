//! `page`: a page that shows what the slow one shows, in less than half of its time.

use netsplit::grade::{Case, Exercise, Rule, Submitted};
use netsplit::{Address, Call, Cluster, Latency, NodeId, Outcome, Time, ms, secs, us};

use super::given::*;

/// The exercise, with the tests that everybody sees. Half of the points below 60 ms, 80 % below 50, all below 40.
pub fn exercise() -> Exercise {
    let bars = Rule::Bars(vec![(-60.0, 0.5), (-50.0, 0.8), (-40.0, 1.0)]);
    Exercise::new("page", "From 105 ms to 40", 20.0, bars)
        .service("Page", "u64", "View")
        .calls(["Shop"])
        .made_by("Page::new(::netsplit::Address::new(setup))", "::netsplit::NodeId")
        .visible("one reader", 1, |case| read(case, &Scene { items: 8, readers: 1, jitter: false }))
        .visible("a short cart", 2, |case| read(case, &Scene { items: 1, readers: 1, jitter: false }))
        .visible("answers in another order", 3, |case| {
            read(case, &Scene { items: 8, readers: 1, jitter: true });
        })
        .visible("two readers at once", 4, |case| read(case, &Scene { items: 6, readers: 2, jitter: false }))
}

/// What varies.
pub struct Scene {
    pub items: u64,
    pub readers: u64,
    /// Whether answers of the shop take between 1 and 3 ms; 2 otherwise.
    pub jitter: bool,
}

/// Lets readers read the page that was handed in, and each also the slow one, alone.
pub fn read(case: &mut Case, scene: &Scene) {
    let (seed, first) = (case.random().next_u64(), case.random().below(1_000_000));
    let items = scene.items;
    let lab = case.lab();
    lab.set_latency(Latency::Constant(us(2_500)));
    let shop = lab.cluster("shop", 1, move |_| Shop { seed, items });
    shop.set_service_time(0, Latency::Constant(ms(1)));
    let id: NodeId = shop.id(0);
    let slow =
        lab.cluster("slow", 1, move |_| SlowPage { shop: Address::new(id), views: Default::default() });
    let page: Cluster<Submitted<u64, View>> =
        case.submitted::<u64, View>("Page").setup(id).calling(&shop).start(1);
    let back = if scene.jitter { Latency::Uniform(ms(1), ms(3)) } else { Latency::Constant(ms(2)) };
    for pages in [slow.all(), page.all()] {
        case.lab().set_link_latency(pages.clone(), shop.all(), Latency::Constant(ms(2)));
        case.lab().set_link_latency(shop.all(), pages, back);
    }
    let calls: Vec<(u64, Call<Submitted<u64, View>>, Time)> = (first..first + scene.readers)
        .map(|reader| (reader, page.client_of(0).call(reader), case.lab().now()))
        .collect();
    case.lab().run_for(secs(2));
    let (mut wrong, mut missing, mut slowest) = (Vec::new(), Vec::new(), 0.0f64);
    for (reader, call, since) in calls {
        let right = slow.client_of(0).call(reader);
        case.lab().run_for(secs(1));
        let Some(Outcome::Ok(right)) = right.outcome() else { continue };
        match call.outcome() {
            Some(Outcome::Ok(view)) => {
                if view != right {
                    wrong.push(format!("reader {reader} sees {view:?}, the slow page shows {right:?}"));
                }
                let took = call.returned().unwrap_or(case.lab().now()) - since;
                slowest = slowest.max(took.as_nanos() as f64 / 1e6);
            }
            other => {
                slowest = f64::INFINITY;
                missing.push(format!("reader {reader} got {other:?}"));
            }
        }
    }
    case.safety("the page shows what the slow page shows", all_well(wrong));
    case.liveness("every reader gets a page", all_well(missing));
    let in_time = if slowest <= 60.0 { Ok(()) } else { Err(format!("it takes {slowest:.1} ms")) };
    case.expect("the page takes at most 60 ms", in_time);
    case.measure(-slowest);
}

fn all_well(complaints: Vec<String>) -> Result<(), String> {
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("; ")) }
}
