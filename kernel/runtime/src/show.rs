//! How a cell's last value is shown: by its own `evcxr_display`, else by its Debug form, and `()` not at all.

use std::any::type_name;
use std::fmt::Debug;

use netsplit_control::Showing;

use crate::channel;

/// Gives every type that has no `evcxr_display` of its own one that shows the Debug form. A method of the type itself goes
/// before one of a trait, so types that follow the convention show themselves.
pub trait AsDebug {
    /// Shows the value.
    fn evcxr_display(&self);
}

impl<T: Debug + ?Sized> AsDebug for T {
    fn evcxr_display(&self) {
        if type_name::<T>() != "()" {
            show_value(&self);
        }
    }
}

/// Shows a value's Debug form as the cell's result.
pub fn show_value(value: &dyn Debug) {
    let forms = vec![("text/plain".to_string(), format!("{value:?}"))];
    channel::show(Showing::Result { forms });
}

/// What is printed from here on, by the convention of `evcxr_display`, is the cell's value.
pub fn begin_result() {
    channel::show(Showing::ResultBegins);
}

/// No longer.
pub fn end_result() {
    channel::show(Showing::ResultEnds);
}
