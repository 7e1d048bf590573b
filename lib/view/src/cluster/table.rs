//! The table below the network: a column for each node, a row for each thing that can be compared.

use netsplit_node::trace::Participant;

use super::{ClockView, ClusterView, FileView, Health, MemberView};
use crate::state::{Sheet, names};

/// More nodes are not compared in one table: their columns would be too narrow.
const MOST_COLUMNS: usize = 12;
/// More rows are counted instead.
const MOST_ROWS: usize = 24;

/// What nodes hold, side by side.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The places in the view of the members that have a column.
    pub members: Vec<usize>,
    pub rows: Vec<Row>,
    /// How many rows there are besides.
    pub more_rows: usize,
    /// How many nodes have no column.
    pub more_members: usize,
}

/// One thing of all nodes.
#[derive(Debug)]
pub(super) struct Row {
    pub name: String,
    /// The value of each column; nothing where a node has none.
    pub cells: Vec<Option<String>>,
    /// Whether nodes that are up differ in it, and differing matters: it is of the state.
    pub differs: bool,
}

impl Table {
    pub fn of(view: &ClusterView) -> Table {
        let is_node = |member: &&MemberView| member.kind == Participant::Node;
        let nodes: Vec<&MemberView> = view.members.iter().filter(is_node).take(MOST_COLUMNS).collect();
        let sheets: Vec<Sheet> =
            nodes.iter().map(|node| node.state.as_ref().map(Sheet::of).unwrap_or_default()).collect();
        let mut rows: Vec<Row> = Vec::new();
        for name in names(&sheets) {
            let cells = sheets.iter().map(|sheet| sheet.value(&name).map(str::to_owned)).collect();
            rows.push(Row {
                name: if name.is_empty() { "state".to_owned() } else { name },
                cells,
                differs: false,
            });
        }
        for row in &mut rows {
            row.differs = differ(&nodes, &row.cells);
        }
        let mut files: Vec<&str> =
            nodes.iter().flat_map(|node| &node.files).map(|file| file.name.as_str()).collect();
        files.sort_unstable();
        files.dedup();
        for name in files {
            let file = |node: &&MemberView| node.files.iter().find(|file| file.name == name).map(in_words);
            rows.push(Row {
                name: format!("disk: {name}"),
                cells: nodes.iter().map(file).collect(),
                differs: false,
            });
        }
        if nodes.iter().any(|node| node.clock.is_some()) {
            let clock = |node: &&MemberView| node.clock.as_ref().map(deviation);
            rows.push(Row {
                name: "clock".to_owned(),
                cells: nodes.iter().map(clock).collect(),
                differs: false,
            });
        }
        let more_rows = rows.len().saturating_sub(MOST_ROWS);
        rows.truncate(MOST_ROWS);
        let members =
            view.members.iter().enumerate().filter(|(_, member)| is_node(member)).map(|(index, _)| index);
        let members: Vec<usize> = members.collect();
        let more_members = members.len().saturating_sub(MOST_COLUMNS);
        Table { members: members.into_iter().take(MOST_COLUMNS).collect(), rows, more_rows, more_members }
    }
}

impl Row {
    /// The value that most columns have; of several, the first.
    pub fn usual(&self) -> Option<&str> {
        let count = |value: &str| self.cells.iter().flatten().filter(|cell| *cell == value).count();
        let values = self.cells.iter().flatten().map(String::as_str);
        values.rev().max_by_key(|value| count(value))
    }
}

/// Whether two nodes that are up have different values, or one has none.
fn differ(nodes: &[&MemberView], cells: &[Option<String>]) -> bool {
    let mut up =
        nodes.iter().zip(cells).filter(|(node, _)| node.health != Health::Down).map(|(_, cell)| cell);
    up.next().is_some_and(|first| up.any(|cell| cell != first))
}

/// "40 B", "40 B, 12 B synced".
fn in_words(file: &FileView) -> String {
    match file.synced {
        _ if file.is_synced => format!("{} B", file.bytes),
        Some(synced) if synced == file.bytes => format!("{} B, changed", file.bytes),
        Some(synced) => format!("{} B, {synced} B synced", file.bytes),
        None => format!("{} B, not synced", file.bytes),
    }
}

/// "+3ms, within ±7ms".
fn deviation(clock: &ClockView) -> String {
    let sign = if clock.ahead.is_negative() { "" } else { "+" };
    match clock.bound {
        Some(bound) => format!("{sign}{}, within ±{bound}", clock.ahead),
        None => format!("{sign}{}", clock.ahead),
    }
}

#[cfg(test)]
mod tests {
    use netsplit_node::{Inspection, NodeId, Time, ms};

    use super::*;

    fn node(id: u32, seen: Inspection) -> MemberView {
        MemberView { state: Some(seen), ..MemberView::new(NodeId(id), format!("n {id}"), Participant::Node) }
    }

    fn view(members: Vec<MemberView>) -> ClusterView {
        ClusterView { members, ..ClusterView::at(Time::ZERO, 1) }
    }

    #[test]
    fn replicas_that_differ_are_told_apart_from_the_usual() {
        // One of three has another value; a node that is down is not blamed.
        let seen = |x: i32| Inspection::new().field("x", x).field("term", 3);
        let mut members = vec![node(0, seen(2)), node(1, seen(1)), node(2, seen(1))];
        let table = Table::of(&view(members.clone()));
        assert!(table.rows[0].differs && !table.rows[1].differs);
        assert_eq!(table.rows[0].usual(), Some("1"));
        members[0].health = Health::Down;
        assert!(!Table::of(&view(members)).rows[0].differs);
    }

    #[test]
    fn disks_and_clocks_are_rows_too() {
        // What a crash would take is told; how far a clock is off, and how far it may be.
        let mut one = node(0, Inspection::new());
        let file = |bytes, synced, is_synced| FileView { name: "wal".into(), bytes, synced, is_synced };
        one.files = vec![file(40, Some(12), false)];
        one.clock = Some(ClockView { shows: Time::ZERO, ahead: -ms(3), bound: Some(ms(7)) });
        let table = Table::of(&view(vec![one, node(1, Inspection::new())]));
        assert_eq!(table.rows[0].cells, [Some("40 B, 12 B synced".to_owned()), None]);
        assert_eq!(table.rows[1].cells[0].as_deref(), Some("-3ms, within ±7ms"));
        assert_eq!(in_words(&file(4, None, false)), "4 B, not synced");
        assert_eq!(in_words(&file(4, Some(4), false)), "4 B, changed");
        assert_eq!(in_words(&file(4, Some(4), true)), "4 B");
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        // Nobody reads a table of forty nodes and a hundred rows.
        let long = (0..100).fold(Inspection::new(), |seen, row| seen.field(&format!("row{row}"), row));
        let table = Table::of(&view((0..40).map(|id| node(id, long.clone())).collect()));
        assert_eq!((table.members.len(), table.more_members), (MOST_COLUMNS, 28));
        assert_eq!((table.rows.len(), table.more_rows), (MOST_ROWS, 76));
    }
}
