//! Keys: what may stand in a file, described once.
//!
//! Every table of `app.toml`, of a board and of a chip has a [`Keys`]; every key in it
//! has a [`Key`] with its shape, unit, limits, default and a sentence. There is no
//! second list: the reader ([`crate::fields`]) takes types and limits from here, and
//! [`crate::schema`] writes the JSON Schema and the tables of the book from here.
//!
//! ```text
//!              ┌──► fields ──► app, machine      what is read, what is refused
//!   Keys ──────┼──► schema ──► JSON Schema       what an editor offers
//!              └──► schema ──► doc/app-toml.md   what the book says
//! ```
//!
//! To add a key: one [`key`] line in the table it belongs to (`app.rs`, `machine.rs`),
//! one line in its reader, one bad file for each way in which it can be wrong.

pub mod app;
pub mod krate;
pub mod machine;

use crate::model::{Exit, Level, Policy, Psci, RestartPolicy, Stack};
use abi::kernel_op::KernelOp;

/// The keys of one kind of table.
#[derive(Debug)]
pub struct Keys {
    /// What the table is, for a sentence: "a task".
    pub what: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Keys that mean something now.
    pub now: &'static [Key],
    /// Keys that will mean something in a later version.
    pub later: &'static [&'static str],
}

impl Keys {
    /// Names of the keys that mean something now.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.now.iter().map(|key| key.name)
    }

    /// The key of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'static Key> {
        self.now.iter().find(|key| key.name == name)
    }
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What its value is.
    pub shape: Shape,
    /// What holds without it.
    pub absent: Absent,
    /// What it says; a sentence or two, in Markdown.
    pub doc: &'static str,
}

/// Describes a key.
pub const fn key(name: &'static str, shape: Shape, absent: Absent, doc: &'static str) -> Key {
    Key { name, shape, absent, doc }
}

/// What holds when a key is not there.
#[derive(Clone, Copy, Debug)]
pub enum Absent {
    /// It must be there; what it might be, as TOML.
    Refused(&'static str),
    /// This number.
    Number(u64),
    /// This truth.
    Flag(bool),
    /// This word.
    Word(&'static str),
    /// What these words say.
    Means(&'static str),
}

/// What a value is.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// `true` or `false`.
    Flag,
    /// An integer within `low..=high`.
    Number {
        /// Least.
        low: u64,
        /// Most.
        high: u64,
        /// Of what, for the book; may be empty.
        unit: &'static str,
    },
    /// A physical address.
    Address {
        /// It is a multiple of this.
        multiple: u64,
        /// Highest.
        high: u64,
    },
    /// Bytes: an integer, or a string such as "8 KiB".
    Size {
        /// Least, in bytes.
        low: u64,
        /// Most, in bytes.
        high: u64,
        /// It is a multiple of this.
        multiple: u64,
    },
    /// A string; what is in it is another rule's business.
    Text,
    /// A new name, for what this says: "a notification".
    Name(&'static str),
    /// A string of letters, digits, spaces, `-`, `_` and `/`.
    Label,
    /// One of a few words.
    Word(&'static dyn Words),
    /// A list.
    List {
        /// Of such values.
        of: &'static Shape,
        /// Least number of them.
        low: usize,
        /// Most.
        high: usize,
    },
    /// A table of known keys.
    Table(&'static Keys),
    /// A table whose keys are names.
    Map {
        /// What the names are new names for; `None` if they refer to something.
        name: Option<&'static str>,
        /// What each value is.
        of: &'static Shape,
        /// Least number of entries.
        low: usize,
        /// Most.
        high: usize,
    },
    /// Grants of kernel operations: each in the form it has.
    Grants,
    /// A value that can be a constant of a task.
    Any,
    /// One of several shapes.
    Either(&'static [Shape]),
}

impl Shape {
    /// The keys, if a value of this shape can be a table of known keys.
    #[must_use]
    pub fn keys(&self) -> Option<&'static Keys> {
        match self {
            Shape::Table(keys) => Some(keys),
            Shape::Either(shapes) => shapes.iter().find_map(Shape::keys),
            _ => None,
        }
    }

    /// The shape of what is in it, if it is a list or a table of names.
    #[must_use]
    pub fn inner(&self) -> Option<&'static Shape> {
        match self {
            Shape::List { of, .. } | Shape::Map { of, .. } => Some(of),
            Shape::Either(shapes) => shapes.iter().find_map(Shape::inner),
            _ => None,
        }
    }
}

/// Any number of them.
pub const MANY: usize = usize::MAX;
/// A list of strings.
pub const TEXTS: Shape = Shape::List { of: &Shape::Text, low: 0, high: MANY };
/// A list of strings that is not empty.
pub const SOME_TEXTS: Shape = Shape::List { of: &Shape::Text, low: 1, high: MANY };

/// Whether an operation concerns no task, so that a grant is `true` and not for tasks.
#[must_use]
pub fn granted_as_a_whole(operation: KernelOp) -> bool {
    matches!(operation, KernelOp::FindFaulted | KernelOp::Reset | KernelOp::Exit)
}

/// Words, each with what it means to the reader.
pub trait Words: Sync + std::fmt::Debug {
    /// The words.
    fn words(&self) -> Vec<&'static str>;
}

impl<T: Sync + std::fmt::Debug, const N: usize> Words for [(&'static str, T); N] {
    fn words(&self) -> Vec<&'static str> {
        self.iter().map(|(word, _)| *word).collect()
    }
}

/// `stack`, if it is no size
pub static STACK_WORD: [(&str, Stack); 1] = [("auto", Stack::Auto)];
/// `restart.policy`
pub static RESTART_POLICY: [(&str, RestartPolicy); 2] =
    [("always", RestartPolicy::Always), ("never", RestartPolicy::Never)];
/// `log.level`
pub static LEVEL: [(&str, Level); 6] = [
    ("trace", Level::Trace),
    ("debug", Level::Debug),
    ("info", Level::Info),
    ("warn", Level::Warn),
    ("error", Level::Error),
    ("off", Level::Off),
];
/// `psci`
pub static PSCI: [(&str, Psci); 3] = [("none", Psci::None), ("hvc", Psci::Hvc), ("smc", Psci::Smc)];
/// `exit`
pub static EXIT: [(&str, Exit); 2] = [("none", Exit::None), ("semihosting", Exit::Semihosting)];
/// `trigger`; whether it is an edge.
pub static TRIGGER: [(&str, bool); 2] = [("level", false), ("edge", true)];
/// `kind` of an interrupt controller; its version.
pub static CONTROLLER_KIND: [(&str, u32); 2] = [("gicv2", 2), ("gicv3", 3)];
/// `policy` of a band.
pub static BAND_POLICY: [(&str, Policy); 1] = [("strict", Policy::Strict)];
/// Policies of bands of a later version.
pub const BAND_POLICY_LATER: [&str; 2] = ["beatty", "frame"];
