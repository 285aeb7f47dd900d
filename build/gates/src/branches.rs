//! Indirect branches: none but those listed, so that the call graph is what it seems.

use crate::rules::Indirect;
use crate::{Gate, Instruction, Program, RULES_FILE, Verdict, counted, decode};

/// Looks at every word.
pub(crate) fn judge(program: &Program, allowed: &[Indirect]) -> Verdict {
    let (mut indirect, mut returns, mut exception_returns) = (0, 0, 0);
    let (mut culprits, mut used) = (vec![], vec![false; allowed.len()]);
    let mut details = vec![];
    for (&at, &word) in &program.words {
        match decode(word) {
            Instruction::IndirectJump(_) | Instruction::IndirectCall(_) => {
                indirect += 1;
                let symbol = program.function(at).map_or("", |function| &function.symbol);
                match allowed.iter().position(|entry| entry.function == symbol) {
                    Some(entry) => {
                        used[entry] = true;
                        details.push(format!("{}: {}", program.place(at), allowed[entry].reason));
                    }
                    None => {
                        culprits
                            .push(format!("{}: indirect branch {word:#010x}", program.place(at)));
                    }
                }
            }
            Instruction::Return(30) => returns += 1,
            Instruction::Return(register) => {
                culprits.push(format!("{}: returns through x{register}", program.place(at)));
            }
            Instruction::ExceptionReturn => exception_returns += 1,
            Instruction::Unknown => {
                culprits.push(format!("{}: {word:#010x} is not understood", program.place(at)));
            }
            _ => {}
        }
    }
    for entry in allowed.iter().zip(&used).filter(|(_, used)| !**used).map(|(entry, _)| entry) {
        culprits.push(format!("{RULES_FILE}: {} has no indirect branch", entry.function));
    }
    Verdict::new(Gate::Branches, indirect, Some(allowed.len() as u64), "indirect branches")
        .summary(format!(
            "{} through x30, {} from an exception, {}",
            counted(returns, "return", "returns"),
            exception_returns,
            counted(program.words.len(), "word", "words")
        ))
        .details(details)
        .blame(culprits)
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::Program;
    use crate::rules::Indirect;

    const RET: u32 = 0xd65f_03c0;
    const BR: u32 = 0xd61f_0000;
    const BLR: u32 = 0xd63f_0120;

    fn listed(function: &str) -> [Indirect; 1] {
        [Indirect { function: function.to_owned(), reason: "a reason".to_owned() }]
    }

    #[test]
    fn an_indirect_branch_must_be_listed() {
        let program = Program::of(&[("a", &[RET]), ("b", &[RET, BLR, RET])]);
        let verdict = judge(&program, &[]);
        assert!(!verdict.passed);
        assert_eq!(verdict.culprits, ["b + 0x4: indirect branch 0xd63f0120"]);
        assert!(judge(&program, &listed("b")).passed);
    }

    #[test]
    fn a_listed_function_must_still_need_it() {
        let program = Program::of(&[("a", &[RET]), ("b", &[BR])]);
        let both = [listed("a"), listed("b")].concat();
        let verdict = judge(&program, &both);
        assert_eq!(verdict.culprits, ["kern/gates.toml: a has no indirect branch"]);
    }

    #[test]
    fn a_second_branch_in_a_listed_function_is_one_too_many() {
        let program = Program::of(&[("b", &[BR, BR])]);
        assert!(!judge(&program, &listed("b")).passed);
    }

    #[test]
    fn a_return_goes_through_x30() {
        let verdict = judge(&Program::of(&[("a", &[0xd65f_0020])]), &[]);
        assert_eq!(verdict.culprits, ["a: returns through x1"]);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(!judge(&Program::of(&[("a", &[0x0420_0000])]), &[]).passed);
    }
}
