//! The names of functions in the libraries of cells.

use std::collections::BTreeMap;

use object::{Object, ObjectSymbol, SymbolKind};

/// The function at this offset of a library, as a programmer writes its name.
pub fn function_at(library: &str, offset: u64) -> Option<String> {
    functions_at(&[(library.to_string(), offset)]).pop()?
}

/// The functions at these offsets of libraries; each library is read once.
pub fn functions_at(places: &[(String, u64)]) -> Vec<Option<String>> {
    let mut files: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    for (library, _) in places {
        files.entry(library).or_insert_with(|| std::fs::read(library).unwrap_or_default());
    }
    let parse = |(name, bytes)| Some((name, object::File::parse(bytes).ok()?));
    let files: BTreeMap<&str, object::File<'_>> =
        files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).filter_map(parse).collect();
    places.iter().map(|(library, offset)| name_at(files.get(library.as_str())?, *offset)).collect()
}

fn name_at(file: &object::File<'_>, offset: u64) -> Option<String> {
    // An address on the stack is behind the call, and the call may be the function's last instruction.
    let at = offset.checked_sub(1)?;
    let covers = |it: &object::Symbol<'_, '_>| {
        it.kind() == SymbolKind::Text && (it.address()..it.address() + it.size()).contains(&at)
    };
    let symbol = file.symbols().find(covers)?;
    Some(format!("{:#}", rustc_demangle::demangle(symbol.name().ok()?)))
}

/// Those of these functions, innermost first, that cells define, as cells name them; up to the cell itself.
pub fn of_cells(functions: impl Iterator<Item = String>) -> Vec<String> {
    let mut names = Vec::new();
    for function in functions {
        let mut name = function.replace("cells::", "");
        while let Some(start) = name.find("netsplit_epoch_") {
            let end = name[start..].find("::").map_or(name.len(), |it| start + it + 2);
            name.replace_range(start..end, "");
        }
        if name.contains("netsplit_cell_") {
            break;
        }
        if function.contains("cells::") {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The function that this test is has its name, wherever the program was loaded; an offset in nothing has none.
    #[test]
    fn names_are_found() {
        let program = std::env::current_exe().unwrap().display().to_string();
        let bytes = std::fs::read(&program).unwrap();
        let file = object::File::parse(bytes.as_slice()).unwrap();
        let symbol = file
            .symbols()
            .find(|it| it.name().is_ok_and(|it| it.contains("names_are_found") && it.contains("symbols")))
            .unwrap();
        assert!(
            function_at(&program, symbol.address() + 1).unwrap().contains("symbols::tests::names_are_found")
        );
        assert_eq!(function_at(&program, u64::MAX), None);
        assert_eq!(function_at("/nowhere", 1), None);
    }
}
