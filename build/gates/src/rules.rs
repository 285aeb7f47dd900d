//! `kern/gates.toml`: what the gates let pass, each entry with its reason.
//!
//! An entry that nothing needs any more is a failure of its gate, so that the file
//! never says more than is true.

use crate::Error;
use serde::Deserialize;
use std::path::Path;

/// Where the file is, in the workspace.
pub const FILE: &str = "kern/gates.toml";

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Functions that may branch to what a register holds.
    #[serde(default)]
    pub indirect: Vec<Indirect>,
    /// Functions that give the stack pointer a new value.
    #[serde(default)]
    pub sets_sp: Vec<SetsSp>,
    /// Places that may say `unsafe`.
    #[serde(default, rename = "unsafe")]
    pub unsafe_in: Vec<UnsafeIn>,
    /// How long the kernel may run without looking for an interrupt.
    #[serde(default)]
    pub interrupts_off: Option<InterruptsOff>,
}

/// A function that may branch to what a register holds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indirect {
    /// Its symbol.
    pub function: String,
    /// Why.
    pub reason: String,
}

/// A function that gives the stack pointer a new value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetsSp {
    /// Its symbol.
    pub function: String,
    /// Name of the stack that what it calls runs on: `__NAME_bottom` and
    /// `__NAME_top` are its ends. None if it calls nothing.
    #[serde(default)]
    pub stack: Option<String>,
    /// Why.
    pub reason: String,
}

/// A place that may say `unsafe`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnsafeIn {
    /// A file, or a directory with all below it.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// How long the kernel may run without looking for an interrupt.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterruptsOff {
    /// The most instructions of a stretch.
    pub instructions: u64,
    /// Why so many.
    pub reason: String,
}

impl Rules {
    /// Reads [`FILE`] of a workspace.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Rules`].
    pub fn read(root: &Path) -> Result<Rules, Error> {
        let path = root.join(FILE);
        let text = std::fs::read_to_string(&path).map_err(|source| Error::Read { path, source })?;
        Rules::parse(&text)
    }

    fn parse(text: &str) -> Result<Rules, Error> {
        let rules: Rules = toml::from_str(text).map_err(|e| Error::Rules(e.to_string()))?;
        let named = |what: &str, reason: &str| match reason.trim() {
            "" => Err(Error::Rules(format!("{what} has no reason\n"))),
            _ => Ok(()),
        };
        rules.indirect.iter().try_for_each(|r| named(&r.function, &r.reason))?;
        rules.sets_sp.iter().try_for_each(|r| named(&r.function, &r.reason))?;
        rules.unsafe_in.iter().try_for_each(|r| named(&r.path, &r.reason))?;
        rules.interrupts_off.iter().try_for_each(|r| named("interrupts_off", &r.reason))?;
        Ok(rules)
    }
}

#[cfg(test)]
mod tests {
    use super::Rules;

    #[test]
    fn an_entry_has_a_reason_and_no_other_keys() {
        let good = "[[unsafe]]\npath = \"a\"\nreason = \"b\"\n";
        assert_eq!(Rules::parse(good).unwrap().unsafe_in.len(), 1);
        assert!(Rules::parse(&good.replace("b\"", "\"")).is_err());
        assert!(Rules::parse(&good.replace("reason", "because")).is_err());
        let bound = "[interrupts_off]\ninstructions = 10\nreason = \"b\"\n";
        assert_eq!(Rules::parse(bound).unwrap().interrupts_off.unwrap().instructions, 10);
        assert!(Rules::parse(&bound.replace("b\"", "\"")).is_err());
        assert!(Rules::parse(&bound.replace("10", "-1")).is_err());
        assert!(Rules::parse("[[indirect]]\nfunction = \"a\"\nreason = \" \"\n").is_err());
    }
}
