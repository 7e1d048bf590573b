//! A state as rows: `term` is one row, a map or a list is a row for each entry, so that logs stand side by side and one key of a replica
//! is compared with the same key of another.

use netsplit_node::Inspection;

use super::debug_text::{Shape, shape};

/// A map or list of more entries is one row: nobody compares more of them in a picture.
const MOST_ENTRIES: usize = 12;

/// A node's state as rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sheet {
    pub role: Option<String>,
    /// Names with values, in the state's own order.
    pub rows: Vec<(String, String)>,
}

impl Sheet {
    /// The rows of an inspection; those of its Debug form where it has no fields.
    pub fn of(seen: &Inspection) -> Sheet {
        let mut rows = Vec::new();
        for (name, value) in &seen.fields {
            expand(name, value, &mut rows);
        }
        if let Some(text) = &seen.text {
            match shape(text) {
                Shape::Fields(fields) => {
                    fields.iter().for_each(|(name, value)| expand(name, value, &mut rows))
                }
                _ if text.is_empty() => {}
                _ => rows.push((String::new(), text.clone())),
            }
        }
        Sheet { role: seen.role.clone(), rows }
    }

    /// The value of a row.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.rows.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Adds the rows of one field.
fn expand(name: &str, value: &str, rows: &mut Vec<(String, String)>) {
    match shape(value) {
        Shape::Map(entries) if entries.len() <= MOST_ENTRIES => {
            rows.extend(entries.iter().map(|(key, value)| (format!("{name}[{key}]"), (*value).to_owned())));
        }
        Shape::List(elements) if (1..=MOST_ENTRIES).contains(&elements.len()) && value.starts_with('[') => {
            rows.extend(
                elements.iter().zip(0..).map(|(value, at)| (format!("{name}[{at}]"), (*value).to_owned())),
            );
        }
        _ => rows.push((name.to_owned(), value.to_owned())),
    }
}

/// The names of all rows of several sheets, in an order that keeps each sheet's own as far as they agree.
pub(crate) fn names<'a>(sheets: impl IntoIterator<Item = &'a Sheet>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for sheet in sheets {
        let mut after = 0;
        for (name, _) in &sheet.rows {
            match names.iter().position(|known| known == name) {
                Some(at) => after = at + 1,
                None => {
                    names.insert(after.min(names.len()), name.clone());
                    after += 1;
                }
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(seen: &Inspection) -> Vec<(String, String)> {
        Sheet::of(seen).rows
    }

    #[test]
    fn entries_of_maps_and_lists_are_rows() {
        // Long ones are not; a set has no places and stays whole.
        let seen =
            Inspection::new().role("leader").field("term", 3).field("log", ["a", "b"]).field("long", [0; 50]);
        let names: Vec<String> = rows(&seen).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["term", "log[0]", "log[1]", "long"]);
        assert_eq!(Sheet::of(&seen).role.as_deref(), Some("leader"));
    }

    #[test]
    fn a_debug_form_is_as_good_as_fields() {
        // A protocol without `inspect` is still shown row by row, and a text that is no structure as a whole.
        let derived = Inspection {
            text: Some("Store { state: {\"x\": 1}, lease: None }".to_owned()),
            ..Inspection::default()
        };
        assert_eq!(rows(&derived), [("state[\"x\"]".into(), "1".into()), ("lease".into(), "None".into())]);
        let plain = Inspection { text: Some("7 mails".to_owned()), ..Inspection::default() };
        assert_eq!(rows(&plain), [(String::new(), "7 mails".into())]);
    }

    #[test]
    fn rows_of_several_nodes_stand_in_one_order() {
        // What only one has stands where it has it.
        let of = |names: &[&str]| Sheet {
            role: None,
            rows: names.iter().map(|name| (name.to_string(), String::new())).collect(),
        };
        let (one, other) = (of(&["term", "log[0]", "commit"]), of(&["term", "log[0]", "log[1]", "commit"]));
        assert_eq!(names([&one, &other]), ["term", "log[0]", "log[1]", "commit"]);
        assert_eq!(names([&of(&[]), &one]), ["term", "log[0]", "commit"]);
    }
}
