//! The network: nodes on a circle, clients beside it, the links between nodes, and what is under way.

use netsplit_figure::palette::{
    CALL, CALL_GROUND, CLIENT, CLIENT_EDGE, DOUBT_GROUND, FAINT, GOOD_GROUND, GROUND, HARM, HARM_GROUND,
    HARM_TEXT, INK, LIFELINE, MESSAGE, NODE, NODE_EDGE, QUIET,
};
use netsplit_figure::{Canvas, Point};
use netsplit_node::trace::{Cargo, Participant};

use super::{ClusterView, Health, InFlight};
use netsplit_figure::measure::cut;

/// More nodes than this have no links drawn between them: all that is seen would be links.
const MOST_LINKED: usize = 9;
/// A node's radius.
const NODE_RADIUS: i32 = 24;
/// The grounds of roles, in the order of their names; the last is for those who lead, whatever they are called.
const ROLES: [&str; 5] = [NODE, DOUBT_GROUND, CALL_GROUND, HARM_GROUND, GOOD_GROUND];
const LEADING: [&str; 5] = ["leader", "primary", "coordinator", "master", "sequencer"];

/// Where everybody stands.
pub(super) struct Network {
    pub places: Vec<Point>,
    pub height: i32,
}

impl Network {
    /// Places for the members of `view`, from `top` downwards.
    pub fn place(view: &ClusterView, top: i32) -> Network {
        let nodes = view.members.iter().filter(|member| member.kind == Participant::Node).count();
        let clients = view.members.len() - nodes;
        let radius = if nodes <= 1 { 0 } else { (nodes as i32 * 13).clamp(72, 190) };
        let middle = (40 + NODE_RADIUS + 190.min(radius + 40), top + radius + NODE_RADIUS + 8);
        let (mut node, mut client) = (0, 0);
        let below = (2 * radius).max(40) / (clients.max(2) as i32 - 1);
        let mut places = Vec::new();
        for member in &view.members {
            if member.kind == Participant::Node {
                let (x, y) = on_circle(node, nodes);
                places.push((middle.0 + radius * x / 1000, middle.1 + radius * y / 1000));
                node += 1;
            } else {
                places.push((middle.0 + radius + 120, middle.1 - radius + below * client));
                client += 1;
            }
        }
        let lowest = places.iter().map(|place| place.1).max().unwrap_or(top);
        Network { places, height: (lowest + NODE_RADIUS + 30 - top).max(60) }
    }

    /// Draws everything but the messages: links, nodes and clients.
    pub fn draw(&self, canvas: &mut Canvas, view: &ClusterView) {
        self.draw_links(canvas, view);
        for (index, member) in view.members.iter().enumerate() {
            let (x, y) = self.places[index];
            let role = member.state.as_ref().and_then(|state| state.role.as_deref());
            let words = match role {
                Some(role) => format!("{}, {role}", member.name),
                None => member.name.clone(),
            };
            canvas.tagged(&[("p", index)], &words, |canvas| {
                let (fill, edge) = match member.kind {
                    Participant::Node => (ground(view, role), NODE_EDGE),
                    Participant::Client => (CLIENT, CLIENT_EDGE),
                };
                let looks = format!("fill=\"{fill}\" stroke=\"{edge}\" stroke-width=\"2\"");
                match member.kind {
                    Participant::Node => canvas.circle((x, y), NODE_RADIUS, &looks),
                    Participant::Client => canvas.rect((x - 34, y - 13), (68, 26), 13, &looks),
                }
                let name =
                    format!("font-size=\"11\" font-weight=\"600\" text-anchor=\"middle\" fill=\"{INK}\"");
                canvas.text((x, y + 4), &name, &cut(&member.name, 9));
                let quiet = format!("font-size=\"10\" text-anchor=\"middle\" fill=\"{QUIET}\"");
                if member.kind == Participant::Node {
                    // On a ground of its own: links run below it.
                    let halo = format!("{quiet} stroke=\"{GROUND}\" stroke-width=\"4\" stroke-linejoin=\"round\" paint-order=\"stroke\"");
                    canvas.about(("q", index));
                    canvas.text((x, y + NODE_RADIUS + 13), &halo, role.unwrap_or(""));
                }
                draw_health(canvas, index, member.health, (x, y));
            });
        }
    }

    /// The links between nodes, and those of clients that are cut.
    fn draw_links(&self, canvas: &mut Canvas, view: &ClusterView) {
        let nodes = view.members.iter().filter(|member| member.kind == Participant::Node).count();
        for (one, from) in view.members.iter().enumerate() {
            for (other, to) in view.members.iter().enumerate().skip(one + 1) {
                let there = view.severed.contains(&(from.id, to.id));
                let back = view.severed.contains(&(to.id, from.id));
                let between_nodes = from.kind == Participant::Node && to.kind == Participant::Node;
                if !(between_nodes && nodes <= MOST_LINKED) {
                    continue;
                }
                let (from, to) = (self.places[one], self.places[other]);
                canvas.tagged(&[("l", one * view.members.len() + other)], "", |canvas| {
                    let colour = if there || back { HARM } else { LIFELINE };
                    let dashes = if there || back { " stroke-dasharray=\"3 5\"" } else { "" };
                    canvas.line(from, to, &format!("stroke=\"{colour}\" stroke-width=\"1.5\"{dashes}"));
                    if there || back {
                        let middle = ((from.0 + to.0) / 2, (from.1 + to.1) / 2);
                        let words = match (there, back) {
                            (true, true) => "✕",
                            (true, false) => arrow_towards(from, to),
                            _ => arrow_towards(to, from),
                        };
                        canvas.circle(middle, 8, &format!("fill=\"{GROUND}\""));
                        let looks = format!(
                            "font-size=\"12\" font-weight=\"700\" text-anchor=\"middle\" fill=\"{HARM_TEXT}\""
                        );
                        canvas.text((middle.0, middle.1 + 4), &looks, words);
                    }
                });
            }
        }
    }

    /// Messages under way, as short arrows in the middle of their ways. Those on one way stand one behind the other.
    pub fn draw_messages(&self, canvas: &mut Canvas, view: &ClusterView, messages: &[InFlight]) {
        let mut on_way: Vec<(netsplit_node::NodeId, netsplit_node::NodeId)> = Vec::new();
        for message in messages {
            let place =
                |id| view.members.iter().position(|member| member.id == id).map(|index| self.places[index]);
            let (Some(from), Some(to)) = (place(message.from), place(message.to)) else { continue };
            let behind = on_way.iter().filter(|way| **way == (message.from, message.to)).count() as i32;
            on_way.push((message.from, message.to));
            let part = (62 - 14 * behind).max(20);
            let (x, y) = (from.0 + (to.0 - from.0) * part / 100, from.1 + (to.1 - from.1) * part / 100);
            let colour = colour(message.cargo);
            let words = format!("{} to {}: {}", view.name(message.from), view.name(message.to), message.text);
            canvas.group(&words, |canvas| {
                canvas.circle(
                    (x, y),
                    6,
                    &format!("fill=\"{colour}\" stroke=\"{GROUND}\" stroke-width=\"2\""),
                );
            });
        }
    }
}

/// The colour of a message of this kind.
pub(super) fn colour(cargo: Cargo) -> &'static str {
    match cargo {
        Cargo::Message => MESSAGE,
        Cargo::Request | Cargo::Response => CALL,
    }
}

/// The sign of a member that takes no steps; both are there for scripts to show.
fn draw_health(canvas: &mut Canvas, index: usize, health: Health, (x, y): Point) {
    let hidden = |shown: bool| if shown { "" } else { " visibility=\"hidden\"" };
    canvas.about(("z", index));
    let looks = format!(
        "stroke=\"{HARM}\" stroke-width=\"4\" stroke-linecap=\"round\" fill=\"none\"{}",
        hidden(health == Health::Down)
    );
    canvas.path(&format!("M{} {}l14 14m0 -14l-14 14", x + 10, y - 26), &looks);
    canvas.about(("u", index));
    let looks = format!("fill=\"{FAINT}\" stroke=\"{QUIET}\"{}", hidden(health == Health::Paused));
    canvas.path(&format!("M{} {}h4v12h-4zm7 0h4v12h-4z", x + 9, y - 26), &looks);
}

/// The ground of a role.
pub(super) fn ground(view: &ClusterView, role: Option<&str>) -> &'static str {
    let roles = view.members.iter().filter_map(|member| member.state.as_ref()?.role.as_deref());
    ROLES[role_number(roles, role)]
}

/// The number of a role's ground among all roles that there are: those who lead have one of their own, the others each another.
pub(crate) fn role_number<'a>(roles: impl Iterator<Item = &'a str>, role: Option<&str>) -> usize {
    let Some(role) = role else { return 0 };
    if LEADING.contains(&role.to_lowercase().as_str()) {
        return ROLES.len() - 1;
    }
    let mut others: Vec<&str> =
        roles.filter(|role| !LEADING.contains(&role.to_lowercase().as_str())).collect();
    // Followers are what is usual: they come first and are blue.
    others.sort_unstable_by_key(|role| (!matches!(*role, "follower" | "backup" | "replica"), *role));
    others.dedup();
    others.iter().position(|other| *other == role).map_or(0, |place| place % (ROLES.len() - 1))
}

/// A sign that stops what goes from one place to another.
fn arrow_towards(from: Point, to: Point) -> &'static str {
    let (x, y) = (to.0 - from.0, to.1 - from.1);
    match (x.abs() >= y.abs(), x >= 0, y >= 0) {
        (true, true, _) => "⇥",
        (true, false, _) => "⇤",
        (false, _, true) => "⤓",
        (false, _, false) => "⤒",
    }
}

/// A place on a circle, in thousandths of its radius, from the top clockwise.
fn on_circle(index: usize, count: usize) -> Point {
    let angle = std::f64::consts::TAU * index as f64 / count.max(1) as f64;
    // Rounded to thousandths, which the last bits of sine and cosine do not change.
    ((angle.sin() * 1000.0).round() as i32, (-angle.cos() * 1000.0).round() as i32)
}
