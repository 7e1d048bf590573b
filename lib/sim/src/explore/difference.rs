//! What is different between two values, as far as their Debug forms tell.
//!
//! The form `{:#?}` has one field to a line, indented. Each line gets the way to it as a name ("nodes[1].voted_for"), and names that say
//! something else in the other form are the difference.

use std::collections::BTreeMap;

/// One line for each field that is different: "votes[2]: false -> true".
pub(crate) fn lines(before: &str, after: &str) -> Vec<String> {
    let (before, after) = (leaves(before), leaves(after));
    let old: BTreeMap<&str, &str> = before.iter().map(|(name, value)| (&**name, &**value)).collect();
    let new: BTreeMap<&str, &str> = after.iter().map(|(name, value)| (&**name, &**value)).collect();
    let gone = before.iter().filter(|(name, _)| !new.contains_key(&**name));
    let gone = gone.map(|(name, value)| line(name, &format!("{value} -> gone")));
    let changed = after.iter().filter_map(|(name, value)| match old.get(&**name) {
        Some(other) if other == value => None,
        Some(other) => Some(line(name, &format!("{other} -> {value}"))),
        None => Some(line(name, &format!("now {value}"))),
    });
    changed.chain(gone).collect()
}

/// The names of the fields that are different.
pub(crate) fn names(before: &str, after: &str) -> Vec<String> {
    let (before, after) = (leaves(before), leaves(after));
    let only = |one: &[(String, String)], other: &[(String, String)]| {
        one.iter().filter(|leaf| !other.contains(leaf)).map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    let mut names = only(&before, &after);
    names.extend(only(&after, &before));
    names.sort();
    names.dedup();
    names
}

fn line(name: &str, rest: &str) -> String {
    if name.is_empty() { rest.to_owned() } else { format!("{name}: {rest}") }
}

/// A value that is open at some line: what it is called, and how many nameless ones it has had.
struct Open {
    name: String,
    items: usize,
}

/// Each line that holds a whole value, with the way to it.
fn leaves(text: &str) -> Vec<(String, String)> {
    let mut open = vec![Open { name: String::new(), items: 0 }];
    let mut leaves = Vec::new();
    for line in text.lines().map(|line| line.trim().trim_end_matches(',')) {
        // What closes may have been the key of a map, whose value follows.
        let closed = line
            .starts_with(['}', ']', ')'])
            .then(|| if open.len() > 1 { open.pop() } else { None })
            .flatten();
        if let Some(key) = closed {
            match line[1..].strip_prefix(": ") {
                Some(value) if value.ends_with(['{', '[', '(']) => {
                    open.push(Open { name: key.name, items: key.items })
                }
                Some(value) => leaves.push((key.name, value.to_owned())),
                None => {}
            }
            continue;
        }
        let (key, value) = match line.split_once(": ") {
            Some((key, value)) if is_key(key) => (Some(key), value),
            _ => (None, line),
        };
        let opens = value.ends_with(['{', '[', '(']);
        let is_outermost = open.len() == 1;
        let top = open.last_mut().expect("the outermost stays open");
        let name = match key {
            Some(key) if top.name.is_empty() => key.to_owned(),
            Some(key) => format!("{}.{key}", top.name),
            // The outermost value has no name of its own.
            None if is_outermost => String::new(),
            None => {
                top.items += 1;
                format!("{}[{}]", top.name, top.items - 1)
            }
        };
        if opens {
            open.push(Open { name, items: 0 });
        } else {
            leaves.push((name, value.to_owned()));
        }
    }
    leaves
}

/// Names of fields and keys of maps; a text with a colon in it is neither.
fn is_key(key: &str) -> bool {
    !key.is_empty() && key.len() < 60 && !key.starts_with('"')
        || key.matches('"').count() == 2 && key.ends_with('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug)]
    struct State {
        votes: Vec<bool>,
        leader: Option<u32>,
        log: BTreeMap<String, (u32, u32)>,
    }

    #[test]
    fn keys_of_maps_may_be_values_of_several_lines() {
        // As node numbers are: the value is told by the place of its key.
        let map = BTreeMap::from([(Some(1), vec![1]), (Some(2), vec![2])]);
        let mut after = map.clone();
        after.insert(Some(2), vec![3]);
        assert_eq!(lines(&format!("{map:#?}"), &format!("{after:#?}")), ["[1][1]: 2 -> 3"]);
    }

    #[test]
    fn only_what_changed_is_told_with_the_way_to_it() {
        // In a vector, an option and a map; what is the same is not told.
        let log = BTreeMap::from([("x".to_owned(), (1, 2))]);
        let before = State { votes: vec![false, false], leader: None, log };
        let mut after = before.clone();
        after.votes[1] = true;
        after.leader = Some(3);
        after.log.insert("y".to_owned(), (4, 5));
        let told = lines(&format!("{before:#?}"), &format!("{after:#?}"));
        let expected = [
            "votes[1]: false -> true",
            "leader[0]: now 3",
            "log.\"y\"[0]: now 4",
            "log.\"y\"[1]: now 5",
            "leader: None -> gone",
        ];
        assert_eq!(told, expected);
        assert!(lines(&format!("{before:#?}"), &format!("{before:#?}")).is_empty());
        assert_eq!(lines("3", "4"), ["3 -> 4"]);
    }
}
