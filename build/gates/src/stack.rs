//! Stack: the worst path through the kernel's calls, from the machine code.
//!
//! ```text
//!   on_synchronous   sets sp to __stack_top       ┐ named in kern/gates.toml
//!     └─ bl kernel_synchronous      0 + 784 bytes ┘ a root: what such a function calls
//!          └─ bl lease_copy       784 + 160
//!               └─ bl memcpy      944 +  16  …    the deepest of all paths counts
//! ```
//!
//! Every call is direct (gate `branches`), so the graph is complete; a cycle in it has
//! no worst path and is refused.

use crate::rules::SetsSp;
use crate::{Error, Function, Gate, Instruction, Program, RULES_FILE, Verdict, decode};
use exov6_callgraph::{Cycle, Flow, Graph, Node, Path, flows};
use std::collections::{BTreeMap, BTreeSet};

/// Most bytes on any stack of the kernel.
const LIMIT: u64 = 4096;

/// What is known about the stacks of a kernel.
#[derive(Clone, Debug, Default)]
pub(crate) struct Analysis {
    /// The worst path on each stack.
    pub stacks: BTreeMap<String, Path>,
    /// The worst path from each function that sets the stack pointer, with its stack.
    pub entries: Vec<(String, Path)>,
    /// Why it may not be the worst.
    pub problems: Vec<String>,
}

/// Follows every path of every function.
pub(crate) fn analyse(program: &Program, rules: &[SetsSp]) -> Analysis {
    let named = |function: &Function| rules.iter().find(|rule| rule.function == function.symbol);
    let rule = |start: u64| named(program.function(start)?);
    let flows = flows(program, &|function| named(function).is_some());
    let mut problems: Vec<String> = flows.values().flat_map(|f| f.problems.clone()).collect();
    problems.extend(unreached(program, &flows));
    let mut setters = BTreeSet::new();
    for rule in rules {
        match program.functions.iter().find(|function| function.symbol == rule.function) {
            Some(function) if flows[&function.start].sets_sp => {
                setters.insert(function.start);
            }
            _ => problems.push(format!("{RULES_FILE}: {} does not set sp", rule.function)),
        }
    }
    // What sets sp begins a stack of its own: nothing of its caller's is used.
    let node = |flow: &Flow| {
        let edges = flow.edges.iter().filter(|edge| !setters.contains(&edge.target));
        Node { own: flow.deepest, edges: edges.copied().collect() }
    };
    let graph = Graph { nodes: flows.iter().map(|(start, flow)| (*start, node(flow))).collect() };
    let mut cycles: BTreeSet<Cycle> = BTreeSet::new();
    let mut stacks: BTreeMap<String, Path> = BTreeMap::new();
    let mut entries = vec![];
    for &setter in &setters {
        let stack = rule(setter).and_then(|rule| rule.stack.as_ref());
        for edge in &flows[&setter].edges {
            if setters.contains(&edge.target) {
                continue;
            }
            let Some(stack) = stack else {
                let what =
                    format!("calls {} on a stack without a name", program.place(edge.target));
                problems.push(format!("{}: {what}", program.place(setter)));
                continue;
            };
            let below = graph.worst(edge.target, &BTreeMap::new()).unwrap_or_else(|found| {
                cycles.extend(found);
                Path::default()
            });
            let path = below.below(setter, edge.depth);
            entries.push((stack.clone(), path.clone()));
            let worst = stacks.entry(stack.clone()).or_default();
            if path.bytes > worst.bytes || worst.steps.is_empty() {
                *worst = path;
            }
        }
    }
    problems.extend(cycles.iter().map(|Cycle(cycle)| {
        let way = cycle.iter().chain(cycle.first());
        let way: Vec<String> = way.map(|at| program.place(*at)).collect();
        format!("recursion: {}", way.join(" → "))
    }));
    Analysis { stacks, entries, problems }
}

/// Words that no path reaches, and that would matter if one did.
fn unreached(program: &Program, flows: &BTreeMap<u64, Flow>) -> Vec<String> {
    let reached: BTreeSet<u64> =
        flows.values().flat_map(|flow| flow.depths.keys().copied()).collect();
    let missed = program.words.iter().filter(|(at, _)| !reached.contains(at));
    missed
        .filter(|(_, word)| {
            use Instruction::{Call, IndirectCall, IndirectJump, Stack, StackSet, Unknown};
            matches!(
                decode(**word),
                Call(_) | IndirectCall(_) | IndirectJump(_) | Stack(_) | StackSet | Unknown
            )
        })
        .map(|(at, word)| format!("{}: no path reaches {word:#010x}", program.place(*at)))
        .collect()
}

/// Judges the worst path on each stack.
pub(crate) fn judge(program: &Program, rules: &[SetsSp]) -> Result<Verdict, Error> {
    let analysis = analyse(program, rules);
    let (mut details, mut summary, mut culprits) = (vec![], vec![], vec![]);
    for (stack, path) in &analysis.stacks {
        let (bottom, top) = ends(program, stack)?;
        let room = top.saturating_sub(bottom);
        summary.push(format!("{stack} {} of {room}", path.bytes));
        let most = LIMIT.min(room);
        if path.bytes > most {
            let way: Vec<String> = path
                .steps
                .iter()
                .map(|step| format!("{} ({})", program.place(step.function), step.bytes))
                .collect();
            culprits.push(format!(
                "{stack}: {} bytes, more than {most}: {}",
                path.bytes,
                way.join(" → ")
            ));
        }
    }
    for (stack, path) in &analysis.entries {
        details.push(format!("{stack}: {} bytes", path.bytes));
        let steps = path.steps.iter();
        details.extend(steps.map(|s| format!("{:6} {}", s.bytes, program.place(s.function))));
    }
    if analysis.stacks.is_empty() {
        culprits.push("nothing runs on any stack".to_owned());
    }
    let worst = analysis.stacks.values().map(|path| path.bytes).max().unwrap_or(0);
    culprits.extend(analysis.problems);
    Ok(Verdict::new(Gate::Stack, worst, Some(LIMIT), "bytes")
        .summary(summary.join(", "))
        .details(details)
        .blame(culprits))
}

/// First address of a stack, and the one behind it.
pub(crate) fn ends(program: &Program, stack: &str) -> Result<(u64, u64), Error> {
    let end = |which: &str| program.symbol(&format!("__{stack}_{which}"));
    Ok((end("bottom")?, end("top")?))
}

#[cfg(test)]
mod tests {
    use super::{analyse, judge};
    use crate::Program;
    use crate::rules::SetsSp;

    const SET: u32 = 0x9100_009f; // mov sp, x4
    const PUSH: u32 = 0xd100_43ff; // sub sp, sp, #16
    const POP: u32 = 0x9100_43ff; // add sp, sp, #16
    const PUSH_4K: u32 = 0xd140_07ff; // sub sp, sp, #1, lsl #12
    const POP_4K: u32 = 0x9140_07ff; // add sp, sp, #1, lsl #12
    const ERET: u32 = 0xd69f_03e0;
    const RET: u32 = 0xd65f_03c0;

    /// `bl` so many words on.
    const fn bl(words: u32) -> u32 {
        0x9400_0000 | words & 0x03ff_ffff
    }

    fn rules(functions: &[(&str, Option<&str>)]) -> Vec<SetsSp> {
        let rule = |(function, stack): &(&str, Option<&str>)| SetsSp {
            function: (*function).to_owned(),
            stack: stack.map(str::to_owned),
            reason: "a reason".to_owned(),
        };
        functions.iter().map(rule).collect()
    }

    fn with_stack(functions: &[(&str, &[u32])], bytes: u64) -> Program {
        let mut program = Program::of(functions);
        program.symbols.insert("__stack_bottom".into(), 0x10_0000);
        program.symbols.insert("__stack_top".into(), 0x10_0000 + bytes);
        program
    }

    /// `entry` sets sp and calls `a`, which calls `b` and then `c`.
    fn three(c: &[u32]) -> Program {
        let entry = [SET, bl(2), ERET];
        let a = [PUSH, bl(4), bl(6), POP, RET];
        let b = [PUSH, POP, RET];
        with_stack(&[("entry", &entry), ("a", &a), ("b", &b), ("c", c)], 8192)
    }

    #[test]
    fn the_deepest_path_counts() {
        let program = three(&[PUSH, PUSH, POP, POP, RET]);
        let verdict = judge(&program, &rules(&[("entry", Some("stack"))])).unwrap();
        assert!(verdict.passed, "{verdict:?}");
        assert_eq!(verdict.value, 48);
        assert_eq!(verdict.details, ["stack: 48 bytes", "     0 entry", "    16 a", "    32 c"]);
    }

    #[test]
    fn more_than_the_limit_is_refused_with_its_path() {
        let program = three(&[PUSH_4K, POP_4K, RET]);
        let verdict = judge(&program, &rules(&[("entry", Some("stack"))])).unwrap();
        assert!(!verdict.passed);
        assert_eq!(
            verdict.culprits,
            ["stack: 4112 bytes, more than 4096: entry (0) → a (16) → c (4096)"]
        );
    }

    #[test]
    fn less_room_than_the_path_needs_is_refused() {
        let mut program = three(&[RET]);
        program.symbols.insert("__stack_top".into(), 0x10_0000 + 16);
        assert!(!judge(&program, &rules(&[("entry", Some("stack"))])).unwrap().passed);
    }

    #[test]
    fn recursion_is_named() {
        // c calls a, unless x0 is 0: from word 13 of all back to word 3.
        let program = three(&[PUSH, 0xb400_0040, bl(10u32.wrapping_neg()), POP, RET]);
        let analysis = analyse(&program, &rules(&[("entry", Some("stack"))]));
        assert_eq!(analysis.problems, ["recursion: a → c → a"]);
    }

    #[test]
    fn an_entry_that_is_not_named_is_refused() {
        let program = three(&[RET]);
        assert!(!judge(&program, &[]).unwrap().passed);
        let two = rules(&[("entry", Some("stack")), ("b", None)]);
        let problems = analyse(&program, &two).problems;
        assert_eq!(problems, ["kern/gates.toml: b does not set sp"]);
        let nameless = analyse(&program, &rules(&[("entry", None)])).problems;
        assert_eq!(nameless, ["entry: calls a on a stack without a name"]);
    }

    #[test]
    fn a_word_that_no_path_reaches_is_not_overlooked() {
        let program = three(&[RET, PUSH]);
        let problems = analyse(&program, &rules(&[("entry", Some("stack"))])).problems;
        assert_eq!(problems, ["c + 0x4: no path reaches 0xd10043ff"]);
    }
}
