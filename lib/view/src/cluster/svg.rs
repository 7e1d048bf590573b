//! The cluster view as a picture: the network with what is under way above, the table below.

use netsplit_figure::Canvas;
use netsplit_figure::palette::{DOUBT_GROUND, DOUBT_TEXT, FAINT, HARM_TEXT, INK, MONO, QUIET};
use netsplit_node::trace::Participant;

use super::network::{Network, colour, ground};
use super::table::{Row, Table};
use super::{ClusterView, Health};
use netsplit_figure::measure::cut;

const WIDTH: i32 = 800;
const MARGIN: i32 = 16;
const LINE: i32 = 17;
/// The width of the names of rows.
const NAMES: i32 = 150;
/// More messages are counted instead of told.
const MOST_TOLD: usize = 12;
/// The width of a letter of code at the size of cells.
const LETTER: i32 = 7;

/// A picture to be filled in: the network and an empty table.
pub(crate) struct Template {
    pub svg: String,
    /// Where each member stands.
    pub places: Vec<(i32, i32)>,
}

/// The picture of a moment.
pub(super) fn draw(view: &ClusterView) -> String {
    let mut canvas = Canvas::default();
    let title = format!("at {}, seed {}", view.time, view.seed);
    canvas.text((MARGIN, 24), &format!("font-size=\"13\" font-weight=\"600\" fill=\"{INK}\""), &title);
    let network = Network::place(view, 36);
    network.draw(&mut canvas, view);
    network.draw_messages(&mut canvas, view, &view.in_flight);
    let told = tell_messages(&mut canvas, view, &network);
    let table = Table::of(view);
    let mut y = (36 + network.height).max(told) + 10;
    y = draw_table(&mut canvas, view, &table, y);
    for remark in &view.remarks {
        let looks = format!("font-size=\"11\" font-style=\"italic\" fill=\"{QUIET}\"");
        canvas.text((MARGIN, y + LINE), &looks, &cut(remark, 118));
        y += LINE;
    }
    canvas.finish((WIDTH, y + 16), &label(view))
}

/// The picture that a script fills in, moment by moment: `view` has everybody, `rows` are the names of what can be compared.
pub(crate) fn template(view: &ClusterView, rows: &[String]) -> Template {
    let mut canvas = Canvas::default();
    let network = Network::place(view, 10);
    network.draw(&mut canvas, view);
    let nodes = view.members.iter().enumerate().filter(|(_, member)| member.kind == Participant::Node);
    let members: Vec<usize> = nodes.map(|(index, _)| index).collect();
    let row = |name: &String| {
        let name = if name.is_empty() { "state".to_owned() } else { name.clone() };
        Row { name, cells: vec![Some(String::new()); members.len()], differs: false }
    };
    let table = Table { rows: rows.iter().map(row).collect(), members, ..Table::default() };
    let y = draw_table(&mut canvas, view, &table, 10 + network.height);
    let svg = canvas.finish((WIDTH, y + 8), "Everybody at the moment that is chosen");
    Template { svg, places: network.places }
}

/// What the picture shows in one sentence.
fn label(view: &ClusterView) -> String {
    let count = |health: Health| view.members.iter().filter(|member| member.health == health).count();
    format!(
        "{} participants at {}: {} up, {} down, {} paused; {} messages under way; seed {}",
        view.members.len(),
        view.time,
        count(Health::Up),
        count(Health::Down),
        count(Health::Paused),
        view.in_flight.len(),
        view.seed
    )
}

/// What is under way, in words at the right. Returns where it ends.
fn tell_messages(canvas: &mut Canvas, view: &ClusterView, network: &Network) -> i32 {
    let left = network.places.iter().map(|place| place.0).max().unwrap_or(0) + 60;
    let room = ((WIDTH - MARGIN - left) / LETTER).max(8) as usize;
    let heading = match view.in_flight.len() {
        0 => "nothing is under way".to_owned(),
        1 => "1 message under way".to_owned(),
        count => format!("{count} messages under way"),
    };
    canvas.text((left, 56), &format!("font-size=\"11\" font-style=\"italic\" fill=\"{QUIET}\""), &heading);
    let mut y = 56;
    for message in view.in_flight.iter().take(MOST_TOLD) {
        y += LINE;
        canvas.circle((left + 4, y - 4), 4, &format!("fill=\"{}\"", colour(message.cargo)));
        let (from, to) = (view.name(message.from), view.name(message.to));
        let words = format!("{from} → {to}: {}", message.text);
        canvas.group(&format!("{words}, arrives at {}", message.arrives), |canvas| {
            let looks = format!("font-size=\"11\" font-family=\"{MONO}\" fill=\"{INK}\"");
            canvas.text((left + 14, y), &looks, &cut(&words, room.saturating_sub(2)));
        });
    }
    if view.in_flight.len() > MOST_TOLD {
        y += LINE;
        let looks = format!("font-size=\"11\" font-style=\"italic\" fill=\"{QUIET}\"");
        canvas.text((left, y), &looks, &format!("and {} more", view.in_flight.len() - MOST_TOLD));
    }
    for line in super::text::cuts(view).iter().take(MOST_TOLD) {
        y += LINE;
        let looks = format!("font-size=\"11\" fill=\"{HARM_TEXT}\"");
        canvas.text((left, y), &looks, &cut(line, room));
    }
    y
}

/// Returns where the table ends.
fn draw_table(canvas: &mut Canvas, view: &ClusterView, table: &Table, top: i32) -> i32 {
    if table.members.is_empty() {
        return top;
    }
    let each = (WIDTH - 2 * MARGIN - NAMES) / table.members.len() as i32;
    let room = ((each - 8) / LETTER).max(3) as usize;
    let left = |column: usize| MARGIN + NAMES + each * column as i32;
    let mut y = top + LINE;
    for (column, &member) in table.members.iter().enumerate() {
        let member = &view.members[member];
        let role = member.state.as_ref().and_then(|state| state.role.as_deref());
        let name = match member.health {
            Health::Up => member.name.clone(),
            Health::Down => format!("{} (down)", member.name),
            Health::Paused => format!("{} (paused)", member.name),
        };
        let looks = format!("fill=\"{}\"", ground(view, role));
        canvas.about(("h", column));
        canvas.rect((left(column), y - 13), (each - 6, LINE + 1), 4, &looks);
        let colour = if member.health == Health::Down { HARM_TEXT } else { INK };
        let looks = format!("font-size=\"12\" font-weight=\"600\" fill=\"{colour}\"");
        canvas.text((left(column) + 5, y), &looks, &cut(&name, room));
    }
    for (number, row) in table.rows.iter().enumerate() {
        y += LINE;
        draw_row(canvas, row, number, y, (each, room), &left);
    }
    for note in left_out(table) {
        y += LINE;
        let looks = format!("font-size=\"11\" font-style=\"italic\" fill=\"{QUIET}\"");
        canvas.text((MARGIN, y), &looks, &note);
    }
    y + 6
}

fn draw_row(
    canvas: &mut Canvas,
    row: &Row,
    number: usize,
    y: i32,
    (each, room): (i32, usize),
    left: &dyn Fn(usize) -> i32,
) {
    canvas.line((MARGIN, y + 4), (WIDTH - MARGIN, y + 4), &format!("stroke=\"{FAINT}\""));
    let (colour, sign) = if row.differs { (DOUBT_TEXT, "≠ ") } else { (QUIET, "") };
    let looks = format!("font-size=\"11\" fill=\"{colour}\"");
    canvas.about(("k", number));
    let names = ((NAMES - 8) / LETTER) as usize;
    canvas.text((MARGIN, y), &looks, &cut(&format!("{sign}{}", row.name), names));
    let usual = row.usual();
    for (column, cell) in row.cells.iter().enumerate() {
        let odd = row.differs && cell.as_deref() != usual;
        if odd {
            canvas.rect(
                (left(column) + 1, y - 12),
                (each - 8, LINE - 1),
                3,
                &format!("fill=\"{DOUBT_GROUND}\""),
            );
        }
        let text = match cell {
            Some(text) => cut(text, room),
            None if row.differs => "–".to_owned(),
            None => continue,
        };
        let looks = format!("font-size=\"11\" font-family=\"{MONO}\" fill=\"{INK}\"");
        canvas.about(("r", number * row.cells.len() + column));
        canvas.text((left(column) + 5, y), &looks, &text);
    }
}

/// What the table does not show, in words.
pub(super) fn left_out(table: &Table) -> Vec<String> {
    let mut notes = Vec::new();
    if table.more_rows > 0 {
        notes.push(format!("{} more rows are not shown", table.more_rows));
    }
    if table.more_members > 0 {
        notes.push(format!("{} more nodes are not shown: .only(..) chooses", table.more_members));
    }
    notes
}
