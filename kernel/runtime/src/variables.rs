//! The notebook's variables: boxed, kept under their names from one cell to the next, their types known by identity.
//!
//! A cell takes what it uses, and gives it back at its end; a variable that is out, or whose value was moved, is not
//! here. They are values of the main thread, since they need not be `Send`.

use std::any::{Any, TypeId, type_name};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::resume_unwind;

use netsplit_control::{Ending, Report};

use crate::channel;

/// A variable.
struct Stored {
    value: Box<dyn Any>,
    type_name: &'static str,
}

thread_local! {
    static VARIABLES: RefCell<BTreeMap<String, Stored>> = const { RefCell::new(BTreeMap::new()) };
}

/// A variable that a cell is going to take: its name, and the identity and the name of the type that it expects.
pub struct Need {
    name: &'static str,
    id: TypeId,
    type_name: &'static str,
}

impl Need {
    /// A variable of this type.
    pub fn of<T: 'static>(name: &'static str) -> Self {
        Self { name, id: TypeId::of::<T>(), type_name: type_name::<T>() }
    }
}

/// Whether all variables that a cell needs are there and of the types that it was compiled for. If not, says so to the
/// host, and the cell must not run.
pub fn are_there(needs: &[Need]) -> bool {
    let wrong = VARIABLES.with_borrow(|variables| {
        needs.iter().find_map(|need| {
            let stored = variables.get(need.name);
            let fits =
                stored.is_some_and(|it| (*it.value).type_id() == need.id && it.type_name == need.type_name);
            (!fits).then(|| Ending::Mismatched {
                name: need.name.to_string(),
                stored: stored.map_or("nothing", |it| it.type_name).to_string(),
                wanted: need.type_name.to_string(),
            })
        })
    });
    let is_well = wrong.is_none();
    if let Some(wrong) = wrong {
        crate::guard::set_ending(wrong);
    }
    is_well
}

/// Takes a variable out; [`are_there`] has said that it is there.
pub fn take<T: 'static>(name: &'static str) -> T {
    match take_erased(name).downcast::<T>() {
        Ok(value) => *value,
        Err(_) => gone(name),
    }
}

fn take_erased(name: &str) -> Box<dyn Any> {
    let taken = VARIABLES.with_borrow_mut(|variables| variables.remove(name));
    taken.map_or_else(|| gone(name), |it| it.value)
}

fn gone(name: &str) -> ! {
    resume_unwind(Box::new(format!("the variable `{name}` is not there as it was")))
}

/// Stores a variable, and tells the kernel.
pub fn put<T: 'static>(name: &'static str, value: T) {
    put_erased(name, Box::new(value), type_name::<T>());
}

fn put_erased(name: &str, value: Box<dyn Any>, type_name: &'static str) {
    channel::send(&Report::Stored { name: name.to_string(), type_name: type_name.to_string() });
    let old = VARIABLES.with_borrow_mut(|it| it.insert(name.to_string(), Stored { value, type_name }));
    // Its destructor is code of a cell, and may use the variables.
    drop(old);
}

/// Drops these variables.
pub fn forget(names: &[String]) {
    let forgotten: Vec<_> =
        VARIABLES.with_borrow_mut(|it| names.iter().map(|name| it.remove(name)).collect());
    drop(forgotten);
}
