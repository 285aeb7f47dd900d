//! Flow: one function, every path, and how deep the stack is at each word of it.
//!
//! A function is entered at depth 0. Each word changes the depth or does not; where
//! two paths meet they must agree, and at a return nothing may be left. So the depth
//! of every call is known exactly, without any table of the compiler's, and also for
//! functions written in assembly.

use crate::program::Function;
use crate::{Instruction, Program, decode};
use std::collections::{BTreeMap, BTreeSet};

/// Where a function leaves for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// First word of the other.
    pub target: u64,
    /// Bytes on the stack at that moment.
    pub depth: u64,
}

/// A call or jump to what a register holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Indirect {
    /// Address of the branch.
    pub at: u64,
    /// The register.
    pub register: u8,
    /// Bytes on the stack at that moment.
    pub depth: u64,
}

/// What a function does.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    /// Calls, and jumps to other functions.
    pub edges: Vec<Edge>,
    /// Those of them that are jumps.
    pub jumps: BTreeSet<u64>,
    /// Calls and jumps to what a register holds.
    pub indirect: Vec<Indirect>,
    /// From where in the function a word is reached, the word before it among them.
    pub before: BTreeMap<u64, Vec<u64>>,
    /// Most bytes on the stack at any word.
    pub deepest: u64,
    /// Whether it has a return.
    pub returns: bool,
    /// Whether it gives the stack pointer a new value.
    pub sets_sp: bool,
    /// What cannot be understood, each with its place.
    pub problems: Vec<String>,
    /// Depth at each word that can be reached.
    pub depths: BTreeMap<u64, i64>,
}

/// Follows all paths of a function. `may_set` tells whether it may give the stack
/// pointer a new value, at which it counts from 0 again; `returning` are the functions
/// that are known to return: behind a call of another the path ends.
fn explore(
    program: &Program,
    function: &Function,
    may_set: bool,
    returning: &BTreeSet<u64>,
) -> Flow {
    let mut walk = Walk { program, function, flow: Flow::default(), waiting: vec![] };
    walk.flow.depths.insert(function.start, 0);
    walk.waiting.push((function.start, 0));
    while let Some((at, depth)) = walk.waiting.pop() {
        walk.step(at, depth, may_set, returning);
    }
    walk.flow
}

/// Follows all paths of every function, by address of its first word. `may_set` tells
/// which functions may give the stack pointer a new value.
#[must_use]
pub fn flows(program: &Program, may_set: &dyn Fn(&Function) -> bool) -> BTreeMap<u64, Flow> {
    let mut returning = BTreeSet::new();
    loop {
        let explored = program.functions.iter().map(|function| {
            (function.start, explore(program, function, may_set(function), &returning))
        });
        let flows: BTreeMap<u64, Flow> = explored.collect();
        let before = returning.len();
        for (start, flow) in &flows {
            let jumps_back = flow.jumps.iter().any(|target| returning.contains(target));
            if flow.returns || jumps_back {
                returning.insert(*start);
            }
        }
        if returning.len() == before {
            return flows;
        }
    }
}

/// A walk through a function.
struct Walk<'a> {
    program: &'a Program,
    function: &'a Function,
    flow: Flow,
    waiting: Vec<(u64, i64)>,
}

impl Walk<'_> {
    fn problem(&mut self, at: u64, what: &str) {
        self.flow.problems.push(format!("{}: {what}", self.program.place(at)));
    }

    /// Continues at an address of this function.
    fn go(&mut self, from: u64, at: u64, depth: i64) {
        self.flow.before.entry(at).or_default().push(from);
        match self.flow.depths.get(&at) {
            None => {
                self.flow.depths.insert(at, depth);
                self.waiting.push((at, depth));
            }
            Some(before) if *before != depth => {
                let what = format!("reached with {before} and with {depth} bytes on the stack");
                self.problem(at, &what);
            }
            Some(_) => {}
        }
    }

    /// Continues at any address: in this function, or at the beginning of another.
    fn jump(&mut self, from: u64, to: u64, depth: i64) {
        let target = self.program.function(to);
        let here = |f: &Function| f == self.function || f.is_patch();
        match target {
            Some(target) if here(target) => self.go(from, to, depth),
            Some(target) if target.start == to => {
                let depth = depth.max(0) as u64;
                self.flow.jumps.insert(to);
                self.flow.edges.push(Edge { target: to, depth });
            }
            _ => {
                let to = self.program.place(to);
                self.problem(from, &format!("goes into the middle of {to}"));
            }
        }
    }

    fn step(&mut self, at: u64, depth: i64, may_set: bool, returning: &BTreeSet<u64>) {
        let Some(&word) = self.program.words.get(&at) else {
            return self.problem(at, "runs into what is no instruction");
        };
        let to = |offset: i64| at.wrapping_add_signed(offset);
        let mut next = depth;
        match decode(word) {
            Instruction::Jump(offset) => return self.jump(at, to(offset), depth),
            Instruction::Conditional(offset) => self.jump(at, to(offset), depth),
            Instruction::Call(offset) => {
                let target = to(offset);
                if self.program.function(target).is_none_or(|f| f.start != target) {
                    return self.problem(at, "calls what is no beginning of a function");
                }
                self.flow.edges.push(Edge { target, depth: depth.max(0) as u64 });
                if !returning.contains(&target) {
                    return;
                }
            }
            // A jump through a register is the call of a function that returns for this one.
            Instruction::IndirectJump(register) => {
                self.flow.returns = true;
                self.flow.indirect.push(Indirect { at, register, depth: depth.max(0) as u64 });
                return;
            }
            Instruction::IndirectCall(register) => {
                self.flow.indirect.push(Indirect { at, register, depth: depth.max(0) as u64 });
            }
            Instruction::ExceptionReturn | Instruction::Trap => return,
            Instruction::Return(_) => {
                self.flow.returns = true;
                if depth != 0 {
                    self.problem(at, &format!("returns with {depth} bytes on the stack"));
                }
                return;
            }
            Instruction::Stack(growth) => next = depth - growth,
            Instruction::StackSet => {
                self.flow.sets_sp = true;
                if !may_set {
                    self.problem(at, "gives the stack pointer a new value");
                }
                next = 0;
            }
            Instruction::Unknown => {
                return self.problem(at, &format!("{word:#010x} is not understood"));
            }
            Instruction::Other => {}
        }
        if next < 0 {
            return self.problem(at, &format!("takes {} bytes that it never put there", -next));
        }
        self.flow.deepest = self.flow.deepest.max(next as u64);
        self.jump(at, at + 4, next);
    }
}

#[cfg(test)]
mod tests {
    use super::{Flow, explore};
    use crate::Program;
    use std::collections::BTreeSet;

    const PUSH: u32 = 0xd100_43ff; // sub sp, sp, #16
    const POP: u32 = 0x9100_43ff; // add sp, sp, #16
    const SET: u32 = 0x9100_009f; // mov sp, x4
    const RET: u32 = 0xd65f_03c0;
    const BRK: u32 = 0xd420_0020;

    fn first(words: &[u32], others: &[(&str, &[u32])], may_set: bool) -> Flow {
        let program = Program::of(&[&[("a", words)][..], others].concat());
        let starts: BTreeSet<u64> = program.functions.iter().map(|f| f.start).collect();
        explore(&program, &program.functions[0], may_set, &starts)
    }

    #[test]
    fn the_depth_of_a_call_is_that_of_its_word() {
        // push; bl b; pop; b b
        let flow = first(&[PUSH, 0x9400_0003, POP, 0x1400_0001], &[("b", &[RET])], false);
        assert!(flow.problems.is_empty(), "{flow:?}");
        assert_eq!(flow.deepest, 16);
        let depths: Vec<u64> = flow.edges.iter().map(|e| e.depth).collect();
        assert_eq!((depths, flow.returns), (vec![16, 0], false));
    }

    #[test]
    fn paths_that_meet_must_agree() {
        // cbz x0, .+8; push; ret
        let flow = first(&[0xb400_0040, PUSH, RET], &[], false);
        assert!(!flow.problems.is_empty());
        // cbz x0, .+16; push; pop; nop; ret
        let flow = first(&[0xb400_0080, PUSH, POP, 0xd503_201f, RET], &[], false);
        assert!(flow.problems.is_empty(), "{flow:?}");
    }

    #[test]
    fn what_is_taken_was_put_there_and_nothing_is_left() {
        assert!(
            first(&[PUSH, RET], &[], false).problems[0].ends_with("with 16 bytes on the stack")
        );
        assert!(first(&[POP, RET], &[], false).problems[0].contains("never put there"));
    }

    #[test]
    fn only_named_functions_set_the_stack_pointer() {
        assert!(first(&[SET, RET], &[], false).problems[0].contains("a new value"));
        let flow = first(&[PUSH, SET, RET], &[], true);
        assert!(flow.problems.is_empty() && flow.sets_sp && flow.deepest == 16, "{flow:?}");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(first(&[0x0420_0000, RET], &[], false).problems[0].contains("not understood"));
        assert!(first(&[0xd503_201f], &[], false).problems[0].contains("middle of"));
        // b into b's second word
        let flow = first(&[0x1400_0002], &[("b", &[RET, RET])], false);
        assert!(flow.problems[0].ends_with("goes into the middle of b + 0x4"), "{flow:?}");
    }

    #[test]
    fn a_detour_that_the_linker_made_belongs_to_its_function() {
        // push; b .+12; pop; ret | nop; b .-8
        let detour = [0xd503_201f, 0x17ff_fffd];
        let words = [PUSH, 0x1400_0003, POP, RET];
        let flow = first(&words, &[("__CortexA53843419_1004", &detour)], false);
        assert!(flow.problems.is_empty() && flow.returns && flow.edges.is_empty(), "{flow:?}");
        // The same in a function of somebody's.
        assert!(!first(&words, &[("b", &detour)], false).returns);
    }

    #[test]
    fn behind_a_call_that_does_not_return_no_path_goes_on() {
        let program = Program::of(&[("a", &[PUSH, 0x9400_0002, RET]), ("b", &[BRK])]);
        let flow = explore(&program, &program.functions[0], false, &BTreeSet::new());
        assert!(flow.problems.is_empty(), "{flow:?}");
        let both = BTreeSet::from([0x1000, 0x100c]);
        let flow = explore(&program, &program.functions[0], false, &both);
        assert!(!flow.problems.is_empty());
    }
}
