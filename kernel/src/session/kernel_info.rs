//! What the kernel says of itself.

use serde_json::json;

use crate::wire::{HelpLink, KernelInfoReply, LanguageInfo, Outcome, PROTOCOL_VERSION};

/// The reply to `kernel_info_request`; the version is that of the Rust compiler that cells are compiled with.
pub fn reply(language_version: &str) -> KernelInfoReply {
    let link = |text: &str, url: &str| HelpLink { text: text.to_string(), url: url.to_string() };
    KernelInfoReply {
        outcome: Outcome::Ok,
        protocol_version: PROTOCOL_VERSION.to_string(),
        implementation: "netsplit".to_string(),
        implementation_version: env!("CARGO_PKG_VERSION").to_string(),
        language_info: LanguageInfo {
            name: "rust".to_string(),
            version: language_version.to_string(),
            mimetype: "text/x-rustsrc".to_string(),
            file_extension: ".rs".to_string(),
            pygments_lexer: "rust".to_string(),
            codemirror_mode: json!("rust"),
            nbconvert_exporter: "script".to_string(),
        },
        banner: format!("netsplit {}: build clusters in Rust, and break them", env!("CARGO_PKG_VERSION")),
        debugger: false,
        help_links: vec![
            link("The Rust book", "https://doc.rust-lang.org/book/"),
            link("The Rust standard library", "https://doc.rust-lang.org/std/"),
        ],
        // Neither subshells nor a debugger.
        supported_features: Vec::new(),
    }
}
