//! The keys of `app.toml`.

use super::{
    Absent, BAND_POLICY, Keys, LEVEL, MANY, RESTART_POLICY, SOME_TEXTS, STACK_WORD, Shape, TEXTS,
    key,
};
use abi::limits;

/// Stack of a task that does not say, in bytes.
pub const STACK_DEFAULT: u64 = 8192;
/// Smallest stack, in bytes: below, not even a panic message fits.
pub const STACK_MIN: u64 = 1024;
/// Longest time a port's timeout may be, in microseconds: one hour.
pub const TIMEOUT_MAX_US: u64 = 3_600_000_000;
/// Largest log ring, in bytes: the log task's span must hold all of them.
pub const RING_MAX: u64 = 1 << 20;

/// The whole file.
pub static APP: Keys = Keys {
    what: "app.toml",
    doc: "A whole system: which tasks exist, what hardware each owns, whom each may call \
          and notify. What is not in it cannot happen.",
    now: &[
        super::machine::INHERIT,
        super::machine::REMOVE,
        key(
            "name",
            Shape::Name("an application"),
            Absent::Refused("\"control-loop\""),
            "Name of the application, and of what is built.",
        ),
        key(
            "board",
            Shape::Text,
            Absent::Refused("\"qemu-virt\""),
            "The machine: the name of a file in `boards/`, beside `app.toml` or in the \
             repository, or the path of one that ends in `.toml`.",
        ),
        key(
            "bands",
            Shape::List { of: &Shape::Table(&BAND), low: 1, high: limits::MAX_BANDS },
            Absent::Refused("[{ name = \"rt\", policy = \"strict\" }]"),
            "Scheduling bands, most urgent first.",
        ),
        key(
            "supervisor",
            Shape::Table(&SUPERVISOR),
            Absent::Refused("{ task = \"supervisor\", ack_ms = 20 }"),
            "The task that is told of faults. It is the most urgent one.",
        ),
        key(
            "log",
            Shape::Table(&LOG),
            Absent::Means("no logs"),
            "The task that collects the logs of all others.",
        ),
        key(
            "kernel",
            Shape::Table(&KERNEL),
            Absent::Means("as its keys"),
            "What the kernel does besides.",
        ),
        key(
            "tasks",
            Shape::Map {
                name: Some("a task"),
                of: &Shape::Table(&TASK),
                low: 1,
                high: limits::MAX_TASKS,
            },
            Absent::Refused("{ supervisor = { … } }"),
            "The tasks. Their order is their index.",
        ),
    ],
    later: &["lattice", "dag", "target"],
};

/// `kernel = { … }`
pub static KERNEL: Keys = Keys {
    what: "`kernel`",
    doc: "What the kernel does besides.",
    now: &[key(
        "checks",
        Shape::Flag,
        Absent::Flag(false),
        "Whether the kernel tries all its invariants before each return to a task. It is \
         slow, and for tests.",
    )],
    later: &["trace"],
};

/// An entry of `bands`.
pub static BAND: Keys = Keys {
    what: "a band",
    doc: "Tasks that are scheduled by one policy.",
    now: &[
        key("name", Shape::Name("a band"), Absent::Refused("\"rt\""), "Name of the band."),
        key(
            "policy",
            Shape::Word(&BAND_POLICY),
            Absent::Refused("\"strict\""),
            "How the band chooses: `strict` runs the most urgent task until it waits.",
        ),
    ],
    later: &["slot_us", "frame", "gas", "share"],
};

/// `supervisor = { … }`
pub static SUPERVISOR: Keys = Keys {
    what: "`supervisor`",
    doc: "The task that is told of faults.",
    now: &[
        key("task", Shape::Text, Absent::Refused("\"supervisor\""), "A task."),
        key(
            "ack_ms",
            Shape::Number { low: 1, high: 60_000, unit: "ms" },
            Absent::Number(20),
            "Time within which it must acknowledge a fault, or the machine resets.",
        ),
    ],
    later: &[],
};

/// `log = { … }`
pub static LOG: Keys = Keys {
    what: "`log`",
    doc: "The task that collects the logs.",
    now: &[key(
        "task",
        Shape::Text,
        Absent::Refused("\"log\""),
        "A task; all log rings are mapped into it, read-only.",
    )],
    later: &[],
};

/// A table of `tasks`.
pub static TASK: Keys = Keys {
    what: "a task",
    doc: "A program with an address space of its own.",
    now: &[
        key(
            "crate",
            Shape::Either(&[Shape::Text, Shape::Table(&CRATE)]),
            Absent::Refused("\"task-hello\""),
            "The package it is built from: a member of the workspace by name, or \
             `{ path = … }`.",
        ),
        key("band", Shape::Text, Absent::Refused("\"rt\""), "A band."),
        key(
            "priority",
            Shape::Number { low: 0, high: u32::MAX as u64, unit: "" },
            Absent::Refused("0"),
            "Urgency in the band: 0 is the most urgent. Unique in the band.",
        ),
        key(
            "fp",
            Shape::Flag,
            Absent::Flag(false),
            "Uses floating point; its registers are then saved and restored.",
        ),
        key(
            "thread-pointer",
            Shape::Flag,
            Absent::Flag(false),
            "Has a thread pointer (`TPIDR_EL0`) of its own.",
        ),
        key(
            "start",
            Shape::Flag,
            Absent::Flag(true),
            "Runs from boot; otherwise it is held until the supervisor starts it.",
        ),
        key(
            "passive",
            Shape::Flag,
            Absent::Flag(false),
            "Asserts that only calls can wake it: it has no notification, interrupt or timer.",
        ),
        key(
            "debug-only",
            Shape::Flag,
            Absent::Flag(false),
            "Is left out of releases; what stays in may neither call nor notify it.",
        ),
        key(
            "bin",
            Shape::Text,
            Absent::Means("the only one"),
            "Which of the crate's binaries it is.",
        ),
        key(
            "stack",
            Shape::Either(&[STACK, Shape::Word(&STACK_WORD)]),
            Absent::Means("8 KiB"),
            "Size of the stack, rounded up to whole pages; or `\"auto\"`: as the worst path \
             through the code wants it.",
        ),
        key(
            "stack-bounds",
            Shape::Map {
                name: None,
                of: &Shape::Either(&[STACK_CALLS, Shape::Table(&STACK_BOUND)]),
                low: 0,
                high: MANY,
            },
            Absent::Means("none"),
            "For `stack = \"auto\"`, by the name of a function: `{ depth = N }` says that it \
             is on the stack at most N times at once, a size how much stack at most that needs \
             which it calls through function pointers.",
        ),
        key(
            "heap",
            Shape::Size {
                low: limits::PAGE,
                high: limits::SPAN - limits::PAGE,
                multiple: limits::PAGE,
            },
            Absent::Means("no heap"),
            "Size of the heap; its crate says that it has one.",
        ),
        key(
            "uses",
            TEXTS,
            Absent::Means("none"),
            "Peripherals of the chip that belong to this task alone, and the pages \
             `boot-info` (for one task) and `boot-record` (for any).",
        ),
        key(
            "interrupts",
            Shape::Map { name: None, of: &Shape::Name("a notification"), low: 0, high: MANY },
            Absent::Means("none"),
            "Interrupts, as `\"PERIPHERAL.INTERRUPT\"`, each with the name of the \
             notification that it becomes.",
        ),
        key(
            "notifications",
            Shape::List { of: &Shape::Name("a notification"), low: 0, high: MANY },
            Absent::Means("none"),
            "Bits that other tasks may post. With those of interrupts and timers, and the \
             supervisor's `fault` and `stop`, 32 at most.",
        ),
        key(
            "timers",
            Shape::List { of: &Shape::Name("a timer"), low: 0, high: limits::MAX_TIMERS },
            Absent::Means("none"),
            "Timers; each is also a notification of that name.",
        ),
        key(
            "channels",
            Shape::Map {
                name: Some("a channel"),
                of: &Shape::Table(&CHANNEL),
                low: 0,
                high: limits::MAX_PORTS,
            },
            Absent::Means("none"),
            "What it may call. The number of a port is its place here.",
        ),
        key(
            "posts",
            Shape::Map { name: None, of: &SOME_TEXTS, low: 0, high: MANY },
            Absent::Means("none"),
            "Whom it may notify: task, and a list of that task's `notifications`. At most \
             64 tasks, counting the grant for the log.",
        ),
        key(
            "kernel",
            Shape::Grants,
            Absent::Means("none"),
            "Kernel operations that it may use: on all tasks (`\"*\"`), on a list of tasks, \
             or `true` for one that concerns no task.",
        ),
        key(
            "restart",
            Shape::Table(&RESTART),
            Absent::Means("as its keys"),
            "What the supervisor does when it faults.",
        ),
        key("log", Shape::Table(&TASK_LOG), Absent::Means("as its keys"), "Its log."),
        key(
            "summary",
            Shape::List { of: &Shape::Label, low: 0, high: limits::MAX_SUMMARY },
            Absent::Means("none"),
            "Names of counters that are shown at the end of a run.",
        ),
        key(
            "config",
            Shape::Map { name: Some("a config value"), of: &Shape::Any, low: 0, high: MANY },
            Absent::Means("none"),
            "Constants of the task; its crate says which, and of what type.",
        ),
    ],
    later: &["gas", "rt", "ops", "label", "yields", "share", "features", "windows"],
};

/// Size of a stack.
pub const STACK: Shape = Shape::Size { low: STACK_MIN, high: limits::SPAN - 16, multiple: 16 };
/// What functions need that are called through pointers.
pub const STACK_CALLS: Shape = Shape::Size { low: 0, high: limits::SPAN - 16, multiple: 16 };

/// An entry of `stack-bounds`.
pub static STACK_BOUND: Keys = Keys {
    what: "a bound",
    doc: "What is known of a function that calls itself.",
    now: &[key(
        "depth",
        Shape::Number { low: 1, high: 1 << 16, unit: "" },
        Absent::Refused("4"),
        "It is on the stack at most so many times at once.",
    )],
    later: &[],
};

/// `crate = { … }`
pub static CRATE: Keys = Keys {
    what: "`crate`",
    doc: "A package that is no member of the workspace.",
    now: &[key(
        "path",
        Shape::Text,
        Absent::Refused("\"tasks/mine\""),
        "Its directory, relative to that of the file that says so.",
    )],
    later: &["git", "version"],
};

/// An entry of `channels`.
pub static CHANNEL: Keys = Keys {
    what: "a channel",
    doc: "What a task may call.",
    now: &[
        key("to", Shape::Text, Absent::Refused("\"server\""), "A more urgent task."),
        key(
            "ops",
            SOME_TEXTS,
            Absent::Means("all"),
            "Operations of the server's interface that are permitted.",
        ),
        key(
            "timeout_us",
            Shape::Number { low: 1, high: TIMEOUT_MAX_US, unit: "µs" },
            Absent::Means("no timeout"),
            "A call gives up after this time. All permitted operations must be able to fail.",
        ),
    ],
    later: &["window", "label", "gas", "price"],
};

/// `restart = { … }`
pub static RESTART: Keys = Keys {
    what: "`restart`",
    doc: "What the supervisor does when the task faults.",
    now: &[
        key(
            "policy",
            Shape::Word(&RESTART_POLICY),
            Absent::Word("always"),
            "Restart it after each fault, or leave it.",
        ),
        key(
            "min_interval_ms",
            Shape::Number { low: 0, high: 3_600_000, unit: "ms" },
            Absent::Number(50),
            "Least time between two restarts.",
        ),
        key(
            "max_per_s",
            Shape::Number { low: 1, high: 1000, unit: "" },
            Absent::Number(20),
            "Most restarts within a second; after that it is left.",
        ),
    ],
    later: &["backoff", "escalate"],
};

/// `log = { … }` of a task.
pub static TASK_LOG: Keys = Keys {
    what: "`log`",
    doc: "The log of a task.",
    now: &[
        key(
            "level",
            Shape::Word(&LEVEL),
            Absent::Word("info"),
            "Records below this level are discarded by the task itself.",
        ),
        key(
            "ring",
            Shape::Size { low: limits::PAGE, high: RING_MAX, multiple: limits::PAGE },
            Absent::Number(abi::log::RING_DEFAULT),
            "Size of the ring that records are written to.",
        ),
    ],
    later: &[],
};
