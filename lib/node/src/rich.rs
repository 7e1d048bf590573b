//! How a value shows itself in a notebook: the convention by which a cell's last value hands its picture to the kernel.
//!
//! A type with a method `evcxr_display(&self)` is shown by that method instead of its Debug form; the method prints each form
//! of the value between two marker lines. The convention is that of the crate `evcxr`, so types of other crates that follow it
//! show themselves as well.

/// Prints one form of a value, for a notebook to show: `mime` is its media type ("image/svg+xml"), `content` its text.
pub fn show(mime: &str, content: &str) {
    println!("EVCXR_BEGIN_CONTENT {mime}\n{content}\nEVCXR_END_CONTENT");
}
