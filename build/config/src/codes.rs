//! Codes: every rule that can be found broken, with its number.
//!
//! A number is never reused and never changes its meaning, so that a message can
//! be looked up, searched for and allowed to improve its wording. The words here
//! are the rule itself; the message says how it was broken; the page under `explain/`
//! says why there is such a rule. Numbers from 80 to 89 are warnings.

use serde::{Serialize, Serializer};
use std::fmt;

macro_rules! codes {
    ($($(#[doc = $rule:literal])+ $name:ident = $number:literal,)*) => {
        /// A rule, by number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        #[repr(u16)]
        pub enum Code {
            $($(#[doc = $rule])+ $name = $number,)*
        }

        impl Code {
            /// All rules, by number, each with its sentence.
            pub const ALL: &'static [(Code, &'static str)] =
                &[$((Code::$name, concat!($($rule),+))),*];

            /// The page about the rule, in Markdown: what it is, why, what breaks it, how
            /// to mend that. A rule without a page does not compile.
            #[must_use]
            pub fn page(self) -> &'static str {
                match self {
                    $(Code::$name => include_str!(concat!("explain/", stringify!($name), ".md"))),*
                }
            }
        }
    };
}

codes! {
    /// A file that is needed can be read.
    Unreadable = 1,
    /// A file is text in UTF-8.
    NotUtf8 = 2,
    /// A file is TOML.
    Syntax = 3,
    /// A key is given once.
    DuplicateKey = 4,
    /// Every key means something.
    UnknownKey = 5,
    /// A key of a later version is not ignored.
    NotSupported = 6,
    /// A required key is there.
    MissingKey = 7,
    /// A value has the type of its key.
    WrongType = 8,
    /// A value is within its range.
    OutOfRange = 9,
    /// A name is letters, digits, `-` and `_`, and begins with a letter.
    BadName = 10,
    /// A name is used once.
    NameTwice = 11,
    /// A word is one of those that a key accepts.
    UnknownWord = 12,
    /// A list that is given has something in it.
    Empty = 13,
    /// There are not more of a thing than an image can hold.
    TooMany = 14,
    /// A file does not inherit itself.
    InheritCycle = 15,
    /// A file is inherited in one way.
    InheritTwice = 16,
    /// Inheritance has an end.
    InheritTooDeep = 17,
    /// What is removed was inherited.
    NothingToRemove = 18,
    /// A file that is inherited is there.
    UnknownFile = 19,
    /// A board has a file.
    UnknownBoard = 20,
    /// A chip has a file.
    UnknownChip = 21,
    /// A band is one of `bands`.
    UnknownBand = 22,
    /// A task is one of `tasks`.
    UnknownTask = 23,
    /// A peripheral is one of the chip's.
    UnknownPeripheral = 24,
    /// An interrupt is one of a peripheral's.
    UnknownInterrupt = 25,
    /// A bit that is posted exists in the target.
    UnknownBit = 26,
    /// A kernel operation exists.
    UnknownKernelOperation = 27,
    /// A priority belongs to one task of a band.
    PriorityTwice = 30,
    /// A call goes to a more urgent task.
    CallNotUp = 31,
    /// Calls form no cycle.
    CallCycle = 32,
    /// The supervisor is the most urgent task, and runs from the start.
    SupervisorNotFirst = 33,
    /// The log task declares the bit `records`.
    LogWithoutRecords = 34,
    /// A passive task is woken by calls alone.
    PassiveWoken = 35,
    /// A bit that is posted was declared for that.
    BitNotDeclared = 36,
    /// A kernel operation is granted in the form it has.
    KernelGrantForm = 37,
    /// The board can do what is granted.
    BoardCannot = 38,
    /// What is part of every image does not need what releases leave out.
    NeedsDebugOnly = 39,
    /// A peripheral belongs to one task.
    PeripheralTwice = 40,
    /// An interrupt belongs to one task.
    InterruptTwice = 41,
    /// A page of registers belongs to one task.
    PageShared = 42,
    /// Who handles an interrupt uses its peripheral.
    InterruptNotUsed = 43,
    /// The boot-info page is for one task.
    BootInfoTwice = 44,
    /// An address, or a size, is aligned.
    Unaligned = 45,
    /// What takes room fits into what holds it.
    DoesNotFit = 46,
    /// Ranges of memory are disjoint.
    Overlap = 47,
    /// An interrupt number is one that a controller can have.
    BadInterruptNumber = 48,
    /// A configuration value can be a constant of a task.
    BadConfig = 50,
    /// A crate is where it is said to be.
    UnknownCrate = 60,
    /// What a crate declares is in `app.toml`.
    OnlyInCrate = 61,
    /// What is in `app.toml` is declared by the crate.
    OnlyInApp = 62,
    /// An interface has a file that can be read.
    NoInterface = 63,
    /// Who is called serves an interface.
    ServesNothing = 64,
    /// Client and server have the same interface.
    InterfaceMismatch = 65,
    /// An operation is one of the interface's.
    UnknownOperation = 66,
    /// A port with a timeout permits only operations that can fail.
    TimeoutCannotFail = 67,
    /// A task is one binary of its crate.
    UnknownBinary = 68,
    /// A notification that is declared is posted by somebody.
    NobodyPosts = 80,
    /// A task that is held at boot can be started by somebody.
    NeverStarted = 81,
    /// A band has a task.
    BandWithoutTask = 82,
}

impl Code {
    /// The sentence of the rule.
    #[must_use]
    pub fn rule(self) -> &'static str {
        Self::ALL.iter().find(|(code, _)| *code == self).map_or("", |(_, rule)| rule.trim())
    }
}

impl Code {
    /// Whether breaking it is useless, and not wrong: a warning.
    #[must_use]
    pub fn is_warning(self) -> bool {
        (80..90).contains(&(self as u16))
    }

    /// The rule that a person means: `E0031`, `e31` or `31`.
    #[must_use]
    pub fn find(text: &str) -> Option<Code> {
        let digits = text.trim_start_matches(['E', 'e', 'W', 'w']);
        let number: u16 = digits.parse().ok().filter(|_| text.len() - digits.len() <= 1)?;
        Self::ALL.iter().map(|(code, _)| *code).find(|code| *code as u16 == number)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = if self.is_warning() { 'W' } else { 'E' };
        write!(f, "{letter}{:04}", *self as u16)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
