//! The names of functions in the libraries of cells.

use object::{Object, ObjectSymbol, SymbolKind};

/// The function at this offset of a library, as a programmer writes its name.
pub fn function_at(library: &str, offset: u64) -> Option<String> {
    let bytes = std::fs::read(library).ok()?;
    let file = object::File::parse(bytes.as_slice()).ok()?;
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
