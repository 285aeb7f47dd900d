//! The worst stack of a task, from its entry.
//!
//! A call through a register goes to what the register can hold:
//!
//! | it was loaded | it can be |
//! | --- | --- |
//! | from offset 24, 32 … of something | the method at that offset of every vtable |
//! | … by `core::fmt::Formatter`, or of what a `Display::fmt` got as its formatter | … of those vtables that are of a `core::fmt::Write` |
//! | otherwise | every function whose address is taken, methods aside |
//!
//! A `Formatter` holds a `dyn Write` and nothing else that could be called: that is the
//! type of its field, and the one thing that is taken from source and not from machine
//! code. What its vtables are is read off the names of their methods.
//!
//! A panic is a path like any other: it goes through the panic handler into a system call
//! that does not return.
//!
//! Recursion has no worst path, and a call that can go nowhere that is known has none
//! either; for both a bound can be given from outside ([`Bound`]).

use crate::graph::{Cycle, Graph, Node, Path};
use crate::registers::{Origin, origins};
use crate::taken::{METHODS, Taken};
use crate::{Edge, Flow, Program, flows};
use std::collections::{BTreeMap, BTreeSet};

/// What is known from outside about a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// It is on the stack at most so many times at once; not 0.
    Depth(u64),
    /// What it calls through registers needs at most so many bytes of stack.
    Calls(u64),
}

/// What stands in the way of a worst path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Functions that call each other, in order: their names.
    Recursion(Vec<String>),
    /// A call through a register whose targets are not known.
    Indirect {
        /// The function that calls.
        function: String,
        /// Address of the call.
        address: u64,
    },
    /// Machine code that is not understood.
    Code(String),
}

/// The worst stack of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Worst {
    /// Bytes.
    pub bytes: u64,
    /// The way there: functions, each with its bytes up to the next, and how often.
    pub way: Vec<(String, u64, u64)>,
}

/// The worst stack of a task that begins at `entry`. `bounds` are by name, as
/// [`crate::Function::name`] or [`crate::Function::short_name`] gives it; those of
/// functions that the program does not have change nothing.
///
/// # Errors
/// All that stands in the way.
pub fn worst(
    program: &Program,
    entry: u64,
    bounds: &BTreeMap<String, Bound>,
) -> Result<Worst, Vec<Obstacle>> {
    let flows = flows(program, &|_| false);
    let taken = Taken::of(program);
    let names: BTreeMap<u64, String> =
        program.functions.iter().map(|function| (function.start, function.name())).collect();
    let bound = |at: &u64| {
        let function = program.function(*at)?;
        names
            .get(at)
            .and_then(|name| bounds.get(name))
            .or_else(|| bounds.get(&function.short_name()))
    };
    let mut graph = Graph::default();
    let mut unknown: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for (start, flow) in &flows {
        let mut node = Node { own: flow.deepest, edges: flow.edges.clone() };
        for call in &flow.indirect {
            if let Some(Bound::Calls(bytes)) = bound(start) {
                node.own = node.own.max(call.depth.saturating_add(*bytes));
                continue;
            }
            let name = names.get(start).map_or("", String::as_str);
            let found = origins(program, flow, call.at, call.register);
            let targets = targets(name, &taken, &names, &found);
            if targets.is_empty() {
                unknown.entry(*start).or_default().push(call.at);
            }
            let depth = call.depth;
            node.edges.extend(targets.into_iter().map(|target| Edge { target, depth }));
        }
        graph.nodes.insert(*start, node);
    }
    let mut obstacles = vec![];
    let short = |at: u64| program.function(at).map_or(String::new(), crate::Function::short_name);
    for at in graph.reached(entry) {
        let problems = flows.get(&at).map_or(&[][..], |flow: &Flow| &flow.problems);
        obstacles.extend(problems.iter().cloned().map(Obstacle::Code));
        for address in unknown.get(&at).into_iter().flatten() {
            obstacles.push(Obstacle::Indirect { function: short(at), address: *address });
        }
    }
    let most = flows.keys().filter_map(|at| match bound(at)? {
        Bound::Depth(times) => Some((*at, (*times).max(1))),
        Bound::Calls(_) => None,
    });
    match with_panic(graph, entry, &names, &most.collect()) {
        Err(cycles) => {
            let names = |Cycle(cycle): &Cycle| cycle.iter().map(|at| short(*at)).collect();
            obstacles.extend(cycles.iter().map(|cycle| Obstacle::Recursion(names(cycle))));
            Err(obstacles)
        }
        Ok(_) if !obstacles.is_empty() => Err(obstacles),
        Ok(path) => Ok(Worst { bytes: path.bytes, way: way(program, &path) }),
    }
}

/// The deepest path with at most one panic in it.
///
/// Whatever panics ends in [`DESCRIBE`], which formats the message. If that panics in
/// turn, it is not entered again: the handler sees to it. So everything below it is a
/// second graph, without the way back; and the message is formatted there alone.
fn with_panic(
    mut graph: Graph,
    entry: u64,
    names: &BTreeMap<u64, String>,
    most: &BTreeMap<u64, u64>,
) -> Result<Path, Vec<Cycle>> {
    let named = |wanted: &str| names.iter().find(|(_, name)| *name == wanted).map(|(at, _)| *at);
    let (describe, message) = (named(DESCRIBE), named(MESSAGE));
    let Some(describe) = describe else { return graph.worst(entry, most) };
    let without = |graph: &mut Graph, target: u64| {
        graph.nodes.values_mut().for_each(|node| node.edges.retain(|edge| edge.target != target));
    };
    let mut second = graph.clone();
    without(&mut second, describe);
    let mut most_there = most.clone();
    most_there.extend(message.map(|message| (message, 1)));
    if let Some(message) = message {
        without(&mut graph, message);
    }
    if !graph.reached(entry).contains(&describe) {
        return graph.worst(entry, most);
    }
    let panic = second.worst(describe, &most_there)?;
    graph.nodes.insert(describe, Node { own: panic.bytes, edges: vec![] });
    let mut path = graph.worst(entry, most)?;
    if path.steps.last().is_some_and(|step| step.function == describe) {
        path.steps.pop();
        path.steps.extend(panic.steps);
    }
    Ok(path)
}

fn way(program: &Program, path: &Path) -> Vec<(String, u64, u64)> {
    path.steps.iter().map(|step| (program.place(step.function), step.bytes, step.times)).collect()
}

/// Where a call of function `name` through a register of these origins can go.
fn targets(
    name: &str,
    taken: &Taken,
    names: &BTreeMap<u64, String>,
    origins: &BTreeSet<Origin>,
) -> BTreeSet<u64> {
    // Vtables of `dyn Write`: any method that still has its name tells it.
    let writes = |function: &u64| names.get(function).is_some_and(|n| n.contains(WRITE));
    let formatter = FORMATTER.iter().any(|begin| name.starts_with(begin));
    let formats = name.contains(FORMATS) && name.ends_with(">::fmt");
    let mut found = BTreeSet::new();
    for origin in origins {
        match origin {
            Origin::Loaded { offset, of_second } if *offset >= METHODS => {
                if formatter || formats && *of_second {
                    let vtables = taken.vtables.iter().filter(|v| v.methods.values().any(writes));
                    found.extend(vtables.filter_map(|vtable| vtable.methods.get(offset)));
                } else {
                    found.extend(taken.methods(*offset));
                }
            }
            Origin::Loaded { .. } | Origin::Unknown => found.extend(&taken.pointers),
        }
    }
    found
}

/// What formats the message of a panic, in `userlib`: it is not entered twice.
const DESCRIBE: &str = "userlib::rt::describe";
/// How that message is formatted: as one argument of a text around it.
const MESSAGE: &str = "<core::panic::panic_info::PanicMessage as core::fmt::Display>::fmt";
/// How names of `Formatter`'s functions begin, in either of the compiler's manglings.
const FORMATTER: [&str; 2] = ["core::fmt::Formatter", "<core::fmt::Formatter>"];
/// What is in the name of a function that formats, and gets a formatter after what it
/// formats: `Display::fmt` and its like.
const FORMATS: &str = " as core::fmt::";
/// What is in the name of a method of `core::fmt::Write`.
const WRITE: &str = " as core::fmt::Write>::";

#[cfg(test)]
mod tests {
    use super::{Bound, Obstacle, worst};
    use crate::Program;
    use std::collections::BTreeMap;

    const PUSH: u32 = 0xd100_43ff; // sub sp, sp, #16
    const POP: u32 = 0x9100_43ff; // add sp, sp, #16
    const RET: u32 = 0xd65f_03c0;
    const BLR: u32 = 0xd63f_0100; // blr x8
    const LDR: u32 = 0xf940_0c28; // ldr x8, [x1, #24]

    const fn bl(words: u32) -> u32 {
        0x9400_0000 | words & 0x03ff_ffff
    }

    fn bounds(all: &[(&str, Bound)]) -> BTreeMap<String, Bound> {
        all.iter().map(|(name, bound)| ((*name).to_owned(), *bound)).collect()
    }

    /// `entry` calls a method of what x1 points to.
    fn dynamic(vtable: &[u64]) -> Program {
        let entry = [PUSH, LDR, BLR, POP, RET];
        let mut program =
            Program::of(&[("entry", &entry), ("method", &[PUSH, PUSH, POP, POP, RET])]);
        program.data = (0..).zip(vtable).map(|(n, word)| (0x2000 + n * 8, *word)).collect();
        program
    }

    #[test]
    fn a_method_is_found_through_its_vtable() {
        let found = worst(&dynamic(&[0, 8, 8, 0x1014]), 0x1000, &bounds(&[])).unwrap();
        assert_eq!(found.bytes, 48);
        assert_eq!(found.way, [("entry".into(), 16, 1), ("method".into(), 32, 1)]);
    }

    #[test]
    fn a_call_that_can_go_nowhere_is_named_and_takes_a_bound() {
        let program = dynamic(&[]);
        let obstacle = Obstacle::Indirect { function: "entry".into(), address: 0x1008 };
        assert_eq!(worst(&program, 0x1000, &bounds(&[])), Err(vec![obstacle]));
        let given = bounds(&[("entry", Bound::Calls(100)), ("nobody", Bound::Calls(1))]);
        assert_eq!(worst(&program, 0x1000, &given).unwrap().bytes, 116);
    }

    #[test]
    fn what_formats_writes_and_does_not_format() {
        // ldr x8, [x1]; ldr x8, [x8, #24]; br x8, in the vtable of its own `dyn Debug`.
        let fmt = [0xf940_0028, 0xf940_0d08, 0xd61f_0100];
        let debug = "_RNvXC1aNtB2_1ENtNtCs0_4core3fmt5Debug3fmt";
        let write = "_RNvXC1aNtB2_1WNtNtCs0_4core3fmt5Write9write_str";
        let mut program = Program::of(&[(debug, &fmt), (write, &[PUSH, POP, RET])]);
        assert_eq!(program.functions[0].name(), "<a::E as core::fmt::Debug>::fmt");
        let words = [0, 8, 8, 0x1000, 0, 0, 8, 8, 0x100c];
        program.data = (0..).zip(words).map(|(n, word)| (0x2000 + n * 8, word)).collect();
        program.data.retain(|_, word| *word != 0);
        assert_eq!(worst(&program, 0x1000, &bounds(&[])).unwrap().bytes, 16);
        // With a first argument's vtable it may be any.
        program.words.insert(0x1000, 0xf940_0008);
        assert!(worst(&program, 0x1000, &bounds(&[])).is_err());
    }

    #[test]
    fn recursion_through_a_vtable_is_named_and_takes_a_bound() {
        let program = dynamic(&[0, 8, 8, 0x1000]);
        let names = vec!["entry".to_owned()];
        assert_eq!(worst(&program, 0x1000, &bounds(&[])), Err(vec![Obstacle::Recursion(names)]));
        let given = bounds(&[("entry", Bound::Depth(3))]);
        assert_eq!(worst(&program, 0x1000, &given).unwrap().bytes, 48);
    }

    #[test]
    fn what_is_not_reached_needs_no_bound() {
        let walk = [PUSH, bl(1u32.wrapping_neg()), POP, RET];
        let program = Program::of(&[("entry", &[RET]), ("walk", &walk)]);
        assert_eq!(worst(&program, 0x1000, &bounds(&[])).unwrap().bytes, 0);
        assert!(worst(&program, 0x1004, &bounds(&[])).is_err());
    }
}
