//! What every picture shares: diagrams, histories, charts and verdicts are drawn with the same strokes and colours, and shown in the
//! same three forms.
//!
//! ```
//! use netsplit_figure::{Canvas, Figure, palette};
//! let mut canvas = Canvas::default();
//! let looks = format!("stroke=\"{}\" stroke-width=\"2\"", palette::MESSAGE);
//! canvas.group("ann sends bob: hello", |canvas| canvas.line((10, 10), (90, 30), &looks));
//! let figure = Figure { svg: canvas.finish((100, 40), "One message"), text: "ann --> bob".into(), live: None };
//! assert!(figure.html().contains("alt=\"One message\""));
//! ```
//!
//! | to learn | read |
//! |---|---|
//! | which colours there are, in a light theme and in a dark one | `palette.rs` |
//! | how strokes become SVG | `canvas.rs` |
//! | how texts of users become harmless | `markup.rs` |
//! | how wide a text is, and where it is cut | `measure.rs` |
//! | how a picture is shown, also where no script may run | `figure.rs`, `script/figure.js` |

mod canvas;
mod figure;
pub mod markup;
pub mod measure;
pub mod palette;

pub use canvas::{Canvas, Point};
pub use figure::{Figure, Live};
