//! Registers: what a register holds at an indirect call, as far as it matters.
//!
//! From the call backwards, along every way that leads there, up to the instruction that
//! wrote the register. Which registers an instruction writes is answered on the safe
//! side: of what is not known here, every field of the word counts.

use crate::instruction::{bits, decode};
use crate::{Flow, Instruction, Program};
use std::collections::BTreeSet;

/// Where the value in a register comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// Loaded from memory, so many bytes behind what another register points to.
    Loaded {
        /// Bytes.
        offset: u64,
        /// Whether that pointer lay itself in what the function's second argument points to.
        of_second: bool,
    },
    /// Anything else.
    Unknown,
}

/// What gave a register its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Writer {
    /// Whoever called the function: in this register.
    Caller(u8),
    /// The word at this address, in this register.
    Word(u64, u8),
}

/// Registers that a function may change and need not restore (AAPCS64 6.1.1): x0–x18.
const CALLER_SAVED: u8 = 18;
/// The link register.
const LINK: u8 = 30;

/// What the register may hold when the word at `at` is executed.
pub(crate) fn origins(program: &Program, flow: &Flow, at: u64, register: u8) -> BTreeSet<Origin> {
    let writers = writers(program, flow, at, register);
    let origin = |writer: Writer| {
        let Writer::Word(at, register) = writer else { return Origin::Unknown };
        let Some(word) = program.words.get(&at) else { return Origin::Unknown };
        loaded(*word, register).map_or(Origin::Unknown, |(offset, base)| Origin::Loaded {
            offset,
            of_second: is_in_second(program, flow, at, base),
        })
    };
    writers.into_iter().map(origin).collect()
}

/// Whether a register, when the word at `at` is executed, holds what was loaded from where
/// the second argument of the function points to, on every way.
fn is_in_second(program: &Program, flow: &Flow, at: u64, register: u8) -> bool {
    let second = |writer: &Writer| {
        let Writer::Word(at, register) = *writer else { return false };
        let word = program.words.get(&at).copied().unwrap_or(0);
        let base = loaded(word, register).map(|(_, base)| base).or(of_pair(word, register));
        let holds = |base| writers(program, flow, at, base) == BTreeSet::from([Writer::Caller(1)]);
        base.is_some_and(holds)
    };
    writers(program, flow, at, register).iter().all(second)
}

fn writers(program: &Program, flow: &Flow, at: u64, register: u8) -> BTreeSet<Writer> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![(at, register)];
    while let Some((at, register)) = waiting.pop() {
        if !seen.insert((at, register)) {
            continue;
        }
        let before = flow.before.get(&at);
        // The first word is also reached from outside.
        if before.is_none() || program.function(at).is_some_and(|f| f.start == at) {
            found.insert(Writer::Caller(register));
        }
        for from in before.into_iter().flatten() {
            let Some(&word) = program.words.get(from) else { continue };
            if !writes(word, register) {
                waiting.push((*from, register));
            } else if let Some(other) = copied(word, register) {
                waiting.push((*from, other));
            } else {
                found.insert(Writer::Word(*from, register));
            }
        }
    }
    found
}

/// Whether a word may write a general register.
fn writes(word: u32, register: u8) -> bool {
    let register = u32::from(register);
    let (first, second) = (bits(word, 0, 5), bits(word, 10, 5));
    let base = bits(word, 5, 5);
    match decode(word) {
        Instruction::Call(_) | Instruction::IndirectCall(_) => {
            return register <= u32::from(CALLER_SAVED) || register == u32::from(LINK);
        }
        Instruction::Jump(_) | Instruction::Conditional(_) | Instruction::IndirectJump(_) => {
            return false;
        }
        _ => {}
    }
    match bits(word, 25, 4) {
        // A system call returns in x0–x17; the others name one register.
        0b1010 | 0b1011 if word >> 24 == 0xd4 => register <= u32::from(CALLER_SAVED),
        0b1010 | 0b1011 | 0b1000 | 0b1001 | 0b0101 | 0b1101 | 0b0111 | 0b1111 => first == register,
        _ => {
            let vector = bits(word, 26, 1) == 1;
            // Pairs: STP, LDP, in all ways of addressing.
            if word & 0x3a00_0000 == 0x2800_0000 {
                let back = bits(word, 23, 1) == 1 && base == register;
                let load = bits(word, 22, 1) == 1 && !vector;
                return back || load && (first == register || second == register);
            }
            // One register and an offset, scaled.
            if word & 0x3b00_0000 == 0x3900_0000 {
                return !vector && bits(word, 22, 2) != 0 && first == register;
            }
            // One register and an offset that is not scaled, or is written back.
            if word & 0x3b20_0000 == 0x3800_0000 {
                let back = bits(word, 10, 1) == 1 && base == register;
                return back || !vector && bits(word, 22, 2) != 0 && first == register;
            }
            [first, second, base, bits(word, 16, 5)].contains(&register)
        }
    }
}

/// The register that a word copies into this one: `mov xD, xS`.
fn copied(word: u32, register: u8) -> Option<u8> {
    let plain = word & 0xffe0_ffe0 == 0xaa00_03e0; // ORR xD, xzr, xS
    (plain && bits(word, 0, 5) == u32::from(register)).then_some(bits(word, 16, 5) as u8)
}

/// Offset and base of a load of 8 bytes into this register: `ldr xT, [xN, #offset]`.
fn loaded(word: u32, register: u8) -> Option<(u64, u8)> {
    let plain = word & 0xffc0_0000 == 0xf940_0000 && bits(word, 0, 5) == u32::from(register);
    plain.then_some((u64::from(bits(word, 10, 12)) * 8, bits(word, 5, 5) as u8))
}

/// Base of a load of two registers, this one among them: `ldp xA, xB, [xN, #offset]`.
fn of_pair(word: u32, register: u8) -> Option<u8> {
    let plain = word & 0xffc0_0000 == 0xa940_0000;
    let one = [bits(word, 0, 5), bits(word, 10, 5)].contains(&u32::from(register));
    (plain && one).then_some(bits(word, 5, 5) as u8)
}

#[cfg(test)]
mod tests {
    use super::{Origin, origins, writes};
    use crate::{Program, flows};

    const BLR_X8: u32 = 0xd63f_0100;
    const LDR_X8_24: u32 = 0xf940_0c28; // ldr x8, [x1, #24]
    const RET: u32 = 0xd65f_03c0;

    const fn at(offset: u64) -> Origin {
        Origin::Loaded { offset, of_second: false }
    }

    fn of(words: &[u32]) -> Vec<Origin> {
        // Behind a function that can be called.
        let program = Program::of(&[("b", &[RET]), ("a", words)]);
        let flows = flows(&program, &|_| false);
        let flow = &flows[&0x1004];
        let call = flow.indirect[0];
        origins(&program, flow, call.at, call.register).into_iter().collect()
    }

    #[test]
    fn a_load_tells_its_offset() {
        assert_eq!(of(&[LDR_X8_24, 0xaa01_03e0, BLR_X8, RET]), [at(24)]);
        // ldr x9, [x1, #24]; mov x8, x9
        assert_eq!(of(&[0xf940_0c29, 0xaa09_03e8, BLR_X8, RET]), [at(24)]);
    }

    #[test]
    fn what_the_second_argument_holds_is_told_apart() {
        let of_second = [Origin::Loaded { offset: 24, of_second: true }];
        let ldr = 0xf940_0d08; // ldr x8, [x8, #24]
        // ldr x8, [x1, #8]; ldr x8, [x8, #24]
        assert_eq!(of(&[0xf940_0428, ldr, BLR_X8, RET]), of_second);
        // mov x19, x1; bl b; ldp x0, x8, [x19]; ldr x8, [x8, #24]
        let call = |at: u32| 0x9400_0000 | 0u32.wrapping_sub(at + 1) & 0x03ff_ffff;
        assert_eq!(of(&[0xaa01_03f3, call(1), 0xa940_2260, ldr, BLR_X8, RET]), of_second);
        // ldr x8, [x0, #8]; ldr x8, [x8, #24]: the first argument's
        assert_eq!(of(&[0xf940_0408, ldr, BLR_X8, RET]), [at(24)]);
        // bl b; ldr x8, [x1, #8]; ldr x8, [x8, #24]: no argument any more
        assert_eq!(of(&[call(0), 0xf940_0428, ldr, BLR_X8, RET]), [at(24)]);
    }

    #[test]
    fn every_way_counts() {
        // cbz x0, .+8; ldr x8, [x1, #24]; blr x8
        assert_eq!(of(&[0xb400_0040, LDR_X8_24, BLR_X8, RET]), [at(24), Origin::Unknown]);
        // ldr x8, [x1, #24]; cbz x0, .+8; ldr x8, [x1, #32]; blr x8
        assert_eq!(of(&[LDR_X8_24, 0xb400_0040, 0xf940_1028, BLR_X8, RET]), [at(24), at(32)]);
    }

    #[test]
    fn what_is_written_in_between_is_not_known() {
        assert_eq!(of(&[LDR_X8_24, 0x9100_0508, BLR_X8, RET]), [Origin::Unknown]); // add x8, x8, #1
        assert_eq!(of(&[LDR_X8_24, 0xd400_0001, BLR_X8, RET]), [Origin::Unknown]); // svc #0
        assert_eq!(of(&[0xa940_2120, BLR_X8, RET]), [Origin::Unknown]); // ldp x0, x8, [x9]
    }

    #[test]
    fn stores_write_nothing_but_their_base() {
        assert!(!writes(0xa900_2120, 8) && !writes(0xa900_2120, 9)); // stp x0, x8, [x9]
        assert!(writes(0xa981_2120, 9)); // stp x0, x8, [x9, #16]!
        assert!(!writes(0xf900_0128, 8)); // str x8, [x9]
        assert!(writes(0xf800_8528, 9) && !writes(0xf800_8528, 8)); // str x8, [x9], #8
        assert!(!writes(0x3dc0_0128, 8)); // ldr q8, [x9]
        assert!(writes(0xc85f_7d28, 8)); // ldxr x8, [x9]
    }
}
