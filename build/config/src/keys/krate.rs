//! The keys of `[package.metadata.exov6]` in a task's `Cargo.toml`.

use super::{Absent, Key, Keys, MANY, Shape, TEXTS, key};

const FILES: Shape = Shape::Map { name: None, of: &Shape::Text, low: 0, high: MANY };
const BITS: Shape = Shape::Map { name: None, of: &TEXTS, low: 0, high: MANY };
const NONE: Absent = Absent::Means("none");

const SERVES: Key =
    key("serves", Shape::Text, Absent::Means("nothing"), "The interface file it serves.");
const PORTS: Key = key("ports", FILES, NONE, "The interface file it expects at each port.");
const NOTIFICATIONS: Key = key("notifications", TEXTS, NONE, "Notifications that it waits for.");
const INTERRUPTS: Key =
    key("interrupts", Shape::Either(&[TEXTS, FILES]), NONE, "Notifications of interrupts.");
const TIMERS: Key = key("timers", TEXTS, NONE, "Timers that it arms.");
const POSTS: Key = key("posts", BITS, NONE, "Its posts.");
const OPTIONAL_POSTS: Key =
    key("optional-posts", BITS, NONE, "Posts that an application may leave out.");
const USES: Key = key("uses", TEXTS, NONE, "Peripherals that it touches.");
const SUMMARY: Key = key("summary", TEXTS, NONE, "Counters that it keeps.");
const CONFIG: Key = key(
    "config",
    Shape::Map { name: None, of: &Shape::Any, low: 0, high: MANY },
    NONE,
    "Configuration, with example values.",
);
const COUNTERS: Key =
    key("counters", Shape::Flag, Absent::Flag(true), "Whether its calls are counted.");
const DEBUG_ONLY: Key = key(
    "debug-only",
    Shape::Flag,
    Absent::Flag(false),
    "Whether releases must leave the task out.",
);
const HEAP: Key = key("heap", Shape::Flag, Absent::Flag(false), "Whether it allocates.");

/// What a crate needs and offers.
pub static METADATA: Keys = Keys {
    what: "`package.metadata.exov6`",
    doc: "What the code of a task needs and offers.",
    now: &[
        SERVES,
        PORTS,
        NOTIFICATIONS,
        INTERRUPTS,
        TIMERS,
        POSTS,
        OPTIONAL_POSTS,
        USES,
        SUMMARY,
        CONFIG,
        COUNTERS,
        DEBUG_ONLY,
        HEAP,
        key(
            "bin",
            Shape::Map { name: None, of: &Shape::Table(&BINARY), low: 0, high: MANY },
            NONE,
            "The same for one of several binaries, by its name, in place of all the rest.",
        ),
    ],
    later: &["windows", "stack"],
};

/// What one of several binaries needs and offers.
pub static BINARY: Keys = Keys {
    what: "what `package.metadata.exov6.bin` says of a binary",
    doc: "What the code of a task needs and offers, if its crate has several.",
    now: &[
        SERVES,
        PORTS,
        NOTIFICATIONS,
        INTERRUPTS,
        TIMERS,
        POSTS,
        OPTIONAL_POSTS,
        USES,
        SUMMARY,
        CONFIG,
        COUNTERS,
        DEBUG_ONLY,
        HEAP,
    ],
    later: &["windows", "stack"],
};
