//! Explain: the page about a rule, and the examples on it.
//!
//! A page is a file under `explain/`, named after the rule, in Markdown: what the rule is,
//! why there is one, an example that breaks it, how to mend that. Examples are tested. A
//! fence marked `toml whole` holds a complete `app.toml`; one marked `toml` what comes
//! after [`EXAMPLE_HEAD`]. Either may go on with other files, each after a line
//! `# --- PATH`.

use crate::codes::Code;

/// The beginning of an `app.toml`, which most examples leave out.
pub const EXAMPLE_HEAD: &str = r#"name = "example"
board = "qemu-virt"
bands = [{ name = "rt", policy = "strict" }]
supervisor = { task = "sup" }

[tasks.sup]
crate = "sup"
band = "rt"
priority = 0
"#;

/// The page about a rule, as it is shown: with the head of its example, if that lacks one.
#[must_use]
pub fn explain(code: Code) -> String {
    let page = code.page();
    if page.contains("\n```toml\n") {
        format!("{page}\n## What comes before the example\n\n```toml\n{EXAMPLE_HEAD}```\n")
    } else {
        page.to_string()
    }
}

/// The complete files of the examples on the page about a rule.
#[must_use]
pub fn examples(code: Code) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = code.page();
    while let Some((_, after)) = rest.split_once("\n```toml") {
        let Some((info, after)) = after.split_once('\n') else { break };
        let Some((example, after)) = after.split_once("\n```\n") else { break };
        let whole = info.trim() == "whole";
        all.push(if whole {
            format!("{example}\n")
        } else {
            format!("{EXAMPLE_HEAD}\n{example}\n")
        });
        rest = after;
    }
    all
}
