//! The keys of `[package.metadata.exov6]` in a task's `Cargo.toml`.

use super::{Absent, Keys, MANY, Shape, TEXTS, key};

const FILES: Shape = Shape::Map { name: None, of: &Shape::Text, low: 0, high: MANY };
const POSTS: Shape = Shape::Map { name: None, of: &TEXTS, low: 0, high: MANY };
const NONE: Absent = Absent::Means("none");

/// What a crate needs and offers.
pub static METADATA: Keys = Keys {
    what: "`package.metadata.exov6`",
    doc: "What the code of a task needs and offers.",
    now: &[
        key("serves", Shape::Text, Absent::Means("nothing"), "The interface file it serves."),
        key("ports", FILES, NONE, "The interface file it expects at each port."),
        key("notifications", TEXTS, NONE, "Notifications that it waits for."),
        key("interrupts", Shape::Either(&[TEXTS, FILES]), NONE, "Notifications of interrupts."),
        key("timers", TEXTS, NONE, "Timers that it arms."),
        key("posts", POSTS, NONE, "Its posts."),
        key("optional-posts", POSTS, NONE, "Posts that an application may leave out."),
        key("uses", TEXTS, NONE, "Peripherals that it touches."),
        key("summary", TEXTS, NONE, "Counters that it keeps."),
        key(
            "config",
            Shape::Map { name: None, of: &Shape::Any, low: 0, high: MANY },
            NONE,
            "Configuration, with example values.",
        ),
    ],
    later: &["windows", "heap", "stack"],
};
