//! The cell host: holds a notebook's variables, loads cells and runs them. All it does is in the runtime, which it
//! shares with the cells.

fn main() {
    netsplit_runtime::host::run();
}
