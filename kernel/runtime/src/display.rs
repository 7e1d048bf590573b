//! Shows pictures, tables and text in the notebook, at the moment when the call is made.
//!
//! ```text
//! let bar = display::html("<progress value=0></progress>");
//! bar.update([("text/html", "<progress value=1></progress>")]);
//! ```
//!
//! Outside a notebook nothing is shown.

use std::sync::atomic::{AtomicU64, Ordering};

use netsplit_control::Showing;

use crate::channel;

static SHOWN: AtomicU64 = AtomicU64::new(0);

/// Something that has been shown, and can be replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Displayed {
    id: String,
}

impl Displayed {
    /// Shows these forms in its place: MIME types with their content.
    pub fn update<Mime, Content>(&self, forms: impl IntoIterator<Item = (Mime, Content)>)
    where
        Mime: Into<String>,
        Content: Into<String>,
    {
        let forms = forms.into_iter().map(|(mime, content)| (mime.into(), content.into())).collect();
        update(&self.id, forms);
    }
}

/// Shows HTML.
pub fn html(text: impl Into<String>) -> Displayed {
    mime("text/html", text)
}

/// Shows a picture, given as the text of an SVG file.
pub fn svg(text: impl Into<String>) -> Displayed {
    mime("image/svg+xml", text)
}

/// Shows formatted text.
pub fn markdown(text: impl Into<String>) -> Displayed {
    mime("text/markdown", text)
}

/// Shows plain text.
pub fn text(text: impl Into<String>) -> Displayed {
    mime("text/plain", text)
}

/// Shows a value as a tree of JSON.
pub fn json(value: &impl serde::Serialize) -> Displayed {
    match serde_json::to_string(value) {
        Ok(text) => mime("application/json", text),
        Err(error) => text(format!("this value has no JSON form: {error}")),
    }
}

/// Shows content of any MIME type; that of JSON types is JSON, that of binary types base64.
pub fn mime(mime: impl Into<String>, content: impl Into<String>) -> Displayed {
    bundle([(mime.into(), content.into())])
}

/// Shows several forms of one thing; the front end picks the richest that it can show.
pub fn bundle<Mime, Content>(forms: impl IntoIterator<Item = (Mime, Content)>) -> Displayed
where
    Mime: Into<String>,
    Content: Into<String>,
{
    let forms = forms.into_iter().map(|(mime, content)| (mime.into(), content.into())).collect();
    display(forms)
}

/// Takes back what the cell has shown and printed so far; with `wait`, not before something new is shown.
pub fn clear(wait: bool) {
    channel::show(Showing::Clear { wait });
}

fn display(forms: Vec<(String, String)>) -> Displayed {
    let id = format!("{}-{}", std::process::id(), SHOWN.fetch_add(1, Ordering::Relaxed));
    channel::show(Showing::Display { forms, id: Some(id.clone()), is_update: false });
    Displayed { id }
}

fn update(id: &str, forms: Vec<(String, String)>) {
    channel::show(Showing::Display { forms, id: Some(id.to_string()), is_update: true });
}
