//! The cluster view in letters: a table with a column for each node, what is cut, what is under way.

use netsplit_figure::markup::visible;
use netsplit_node::NodeId;

use super::svg::left_out;
use super::table::Table;
use super::{ClusterView, Health};
use netsplit_figure::measure::{cells, cut_with};

const WIDTH: usize = 110;
/// The names of rows take no more than this.
const NAMES: usize = 24;
/// More messages are counted instead of told.
const MOST_TOLD: usize = 12;

pub(super) fn draw(view: &ClusterView) -> String {
    let mut lines = vec![format!("at {}, seed {}", view.time, view.seed)];
    let table = Table::of(view);
    lines.extend(rows(view, &table));
    lines.extend(left_out(&table));
    lines.extend(cuts(view));
    for message in view.in_flight.iter().take(MOST_TOLD) {
        let (from, to) = (view.name(message.from), view.name(message.to));
        lines.push(format!("under way: {from} -> {to}: {} (arrives at {})", message.text, message.arrives));
    }
    if view.in_flight.len() > MOST_TOLD {
        lines.push(format!("under way: {} more messages", view.in_flight.len() - MOST_TOLD));
    }
    lines.extend(view.remarks.iter().cloned());
    let lines: Vec<String> = lines.iter().map(|line| cut_with(&visible(line), WIDTH, "..")).collect();
    lines.join("\n")
}

/// The table's lines, the heads first.
fn rows(view: &ClusterView, table: &Table) -> Vec<String> {
    let head = |&member: &usize| {
        let member = &view.members[member];
        let health = match member.health {
            Health::Up => "",
            Health::Down => " (down)",
            Health::Paused => " (paused)",
        };
        format!("{}{health}", member.name)
    };
    let role = |&member: &usize| {
        let state = view.members[member].state.as_ref();
        state.and_then(|state| state.role.clone()).unwrap_or_default()
    };
    let mut grid: Vec<(String, Vec<String>)> =
        vec![(String::new(), table.members.iter().map(head).collect())];
    let roles: Vec<String> = table.members.iter().map(role).collect();
    if roles.iter().any(|role| !role.is_empty()) {
        grid.push(("role".to_owned(), roles));
    }
    for row in &table.rows {
        let name = format!("{}{}", if row.differs { "≠ " } else { "" }, row.name);
        grid.push((
            name,
            row.cells.iter().map(|cell| cell.clone().unwrap_or_else(|| "-".to_owned())).collect(),
        ));
    }
    let grid =
        grid.into_iter().map(|(name, cells)| (visible(&name), cells.iter().map(|it| visible(it)).collect()));
    let grid: Vec<(String, Vec<String>)> = grid.collect();
    let names = grid.iter().map(|(name, _)| cells(name)).max().unwrap_or(0).min(NAMES);
    let columns = table.members.len().max(1);
    let most = (WIDTH.saturating_sub(names + 2) / columns).saturating_sub(2).max(4);
    let width = |column: usize| grid.iter().map(|(_, row)| cells(&row[column])).max().unwrap_or(0).min(most);
    let widths: Vec<usize> = (0..table.members.len()).map(width).collect();
    let line = |(name, row): &(String, Vec<String>)| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| padded(cell, width));
        let line: Vec<String> = std::iter::once(padded(name, names)).chain(cells).collect();
        line.join("  ").trim_end().to_owned()
    };
    grid.iter().map(line).collect()
}

/// `text` in exactly `width` cells.
fn padded(text: &str, width: usize) -> String {
    let text = cut_with(text, width, "..");
    let missing = width.saturating_sub(cells(&text));
    text + &" ".repeat(missing)
}

/// Who cannot send to whom, each sender on a line.
pub(super) fn cuts(view: &ClusterView) -> Vec<String> {
    let mut senders: Vec<NodeId> = view.severed.iter().map(|(from, _)| *from).collect();
    senders.sort_unstable();
    senders.dedup();
    let line = |from: NodeId| {
        let to = view.severed.iter().filter(|(sender, _)| *sender == from).map(|(_, to)| view.name(*to));
        format!("cut: {} does not reach {}", view.name(from), to.collect::<Vec<_>>().join(", "))
    };
    senders.into_iter().map(line).collect()
}
