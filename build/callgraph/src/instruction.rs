//! A64 words: where control goes, and what becomes of the stack pointer.
//!
//! Everything else is [`Instruction::Other`]. A word of a group that this file does
//! not know (SVE, SME, what is not allocated yet) is [`Instruction::Unknown`], and
//! never `Other`: a gate refuses what it cannot read. Section numbers are of the Arm
//! Architecture Reference Manual, DDI 0487.

/// What a word does that matters here. Offsets are bytes from the word itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// `b`.
    Jump(i64),
    /// `b.cond`, `cbz`, `tbz` …: there, or on.
    Conditional(i64),
    /// `bl`.
    Call(i64),
    /// `br`, its authenticated forms, `drps`: to what this register holds, for good.
    IndirectJump(u8),
    /// `blr`, its authenticated forms: to what this register holds, and back.
    IndirectCall(u8),
    /// `ret` through this register.
    Return(u8),
    /// `eret`.
    ExceptionReturn,
    /// `brk`, `udf`: does not go on.
    Trap,
    /// The stack pointer grows by so many bytes; a push is negative.
    Stack(i64),
    /// The stack pointer becomes something else: a register, a mask, another one.
    StackSet,
    /// Not known.
    Unknown,
    /// Anything else: goes on, and leaves the stack pointer alone.
    Other,
}

/// Register number that means SP (or zero, depending on the instruction).
const SP: u32 = 31;

/// `width` bits of `word` from bit `from` on.
pub(crate) const fn bits(word: u32, from: u32, width: u32) -> u32 {
    word >> from & ((1 << width) - 1)
}

/// The same, as a signed number.
pub(crate) const fn signed(word: u32, from: u32, width: u32) -> i64 {
    ((word << (32 - from - width)) as i32 >> (32 - width)) as i64
}

/// Decodes one word (C4.1).
#[must_use]
pub fn decode(word: u32) -> Instruction {
    match bits(word, 25, 4) {
        0b0000 if word >> 16 == 0 => Instruction::Trap, // udf
        0b0000..=0b0011 => Instruction::Unknown,        // reserved, SME, SVE
        0b1000 | 0b1001 => immediate(word),
        0b1010 | 0b1011 => branch(word),
        0b0101 | 0b1101 => register(word),
        0b0111 | 0b1111 => Instruction::Other, // floating point and SIMD
        _ => memory(word),
    }
}

/// Branches, exceptions, system (C4.1.94).
fn branch(word: u32) -> Instruction {
    match word >> 24 {
        0x14..=0x17 => return Instruction::Jump(signed(word, 0, 26) * 4),
        0x94..=0x97 => return Instruction::Call(signed(word, 0, 26) * 4),
        0x34..=0x35 | 0xb4..=0xb5 | 0x54 => {
            return Instruction::Conditional(signed(word, 5, 19) * 4);
        }
        0x36..=0x37 | 0xb6..=0xb7 => return Instruction::Conditional(signed(word, 5, 14) * 4),
        0xd4 if word & 0xffe0_001f == 0xd420_0000 => return Instruction::Trap, // brk
        0xd4 => return Instruction::Other,
        // MSR SPSel, #imm: another stack pointer.
        0xd5 if word & 0xffff_f0ff == 0xd500_40bf => return Instruction::StackSet,
        0xd5 => return Instruction::Other,
        0xd6..=0xd7 => {}
        _ => return Instruction::Unknown,
    }
    let authenticated = bits(word, 10, 6) != 0;
    match bits(word, 21, 4) {
        0b0010 if authenticated => Instruction::Return(30),
        0b0010 => Instruction::Return(bits(word, 5, 5) as u8),
        0b0100 => Instruction::ExceptionReturn,
        0b0001 | 0b1001 => Instruction::IndirectCall(bits(word, 5, 5) as u8),
        // BR, BRAA, DRPS, and what may be added here.
        _ => Instruction::IndirectJump(bits(word, 5, 5) as u8),
    }
}

/// Data processing with an immediate (C4.1.93).
fn immediate(word: u32) -> Instruction {
    let (to, from) = (bits(word, 0, 5), bits(word, 5, 5));
    if to != SP {
        return Instruction::Other;
    }
    let flags = bits(word, 29, 1) == 1;
    match bits(word, 23, 3) {
        // ADDS, SUBS to register 31 are comparisons.
        0b010 if flags => Instruction::Other,
        0b010 if from == SP && bits(word, 31, 1) == 1 => {
            let amount = i64::from(bits(word, 10, 12)) << (12 * bits(word, 22, 1));
            Instruction::Stack(if bits(word, 30, 1) == 1 { -amount } else { amount })
        }
        0b010 | 0b011 => Instruction::StackSet,
        // AND, ORR, EOR; not ANDS, which is TST.
        0b100 if bits(word, 29, 2) != 0b11 => Instruction::StackSet,
        _ => Instruction::Other,
    }
}

/// Data processing with registers (C4.1.95): only some can name SP.
fn register(word: u32) -> Instruction {
    let extended = word & 0x3f20_0000 == 0x0b20_0000; // ADD, SUB (extended register)
    let pointer = word & 0x3fe0_e000 == 0x1a00_2000; // ADDPT, SUBPT
    let tag = word & 0xffe0_fc00 == 0x9ac0_1000; // IRG
    if bits(word, 0, 5) == SP && (extended || pointer || tag) {
        Instruction::StackSet
    } else {
        Instruction::Other
    }
}

/// Loads and stores (C4.1.96): those that write SP back.
fn memory(word: u32) -> Instruction {
    if bits(word, 5, 5) != SP {
        return Instruction::Other;
    }
    let vector = bits(word, 26, 1) == 1;
    // Pairs, before or after. STGP and opc 3 are not scaled like the others.
    if word & 0x3a80_0000 == 0x2880_0000 {
        let scale = match (vector, bits(word, 30, 2), bits(word, 22, 1)) {
            (false, 0b00, _) | (false, 0b01, 1) => 4,
            (false, 0b10, _) => 8,
            (true, size @ 0..=2, _) => 4 << size,
            _ => return Instruction::StackSet,
        };
        return Instruction::Stack(signed(word, 15, 7) * scale);
    }
    // One register, before or after.
    if word & 0x3b20_0400 == 0x3800_0400 {
        return Instruction::Stack(signed(word, 12, 9));
    }
    let authenticated = word & 0x3b20_0c00 == 0x3820_0c00; // LDRAA, LDRAB with writeback
    let vectors = word & 0xbe80_0000 == 0x0c80_0000; // LD1 … ST4, after
    let tags = word & 0xff20_0000 == 0xd920_0000 && bits(word, 10, 1) == 1; // STG …
    let ordered = word & 0x3f20_0c00 == 0x1900_0800; // LDIAPP, STILP
    if authenticated || vectors || tags || ordered {
        Instruction::StackSet
    } else {
        Instruction::Other
    }
}

#[cfg(test)]
mod tests {
    use super::Instruction::*;
    use super::decode;

    #[test]
    fn words_by_hand_are_what_the_manual_says() {
        let expected = [
            (0x1400_0002, Jump(8)),          // b .+8
            (0x17ff_ffff, Jump(-4)),         // b .-4
            (0x97ff_fffe, Call(-8)),         // bl .-8
            (0x5400_0040, Conditional(8)),   // b.eq .+8
            (0xb4ff_ffe0, Conditional(-4)),  // cbz x0, .-4
            (0x3700_0040, Conditional(8)),   // tbnz w0, #0, .+8
            (0xd65f_03c0, Return(30)),       // ret
            (0xd65f_0020, Return(1)),        // ret x1
            (0xd65f_0bff, Return(30)),       // retaa
            (0xd69f_03e0, ExceptionReturn),  // eret
            (0xd61f_0000, IndirectJump(0)),  // br x0
            (0xd63f_0120, IndirectCall(9)),  // blr x9
            (0xd71f_0801, IndirectJump(0)),  // braa x0, x1
            (0xd73f_0801, IndirectCall(0)),  // blraa x0, x1
            (0xd61f_081f, IndirectJump(0)),  // braaz x0
            (0xd6bf_03e0, IndirectJump(31)), // drps
            (0xd420_0020, Trap),             // brk #1
            (0x0000_0000, Trap),             // udf #0
            (0xd45e_0000, Other),            // hlt #0xf000: the emulator goes on
            (0xd400_0001, Other),            // svc #0
            (0xd503_201f, Other),            // nop
            (0xd100_43ff, Stack(-16)),       // sub sp, sp, #16
            (0x9140_07ff, Stack(4096)),      // add sp, sp, #1, lsl #12
            (0xa9bf_7bfd, Stack(-16)),       // stp x29, x30, [sp, #-16]!
            (0xa8c3_7bfd, Stack(48)),        // ldp x29, x30, [sp], #48
            (0x2dbf_07e0, Stack(-8)),        // stp s0, s1, [sp, #-8]!
            (0xadbf_07e0, Stack(-32)),       // stp q0, q1, [sp, #-32]!
            (0xf81f_0ffe, Stack(-16)),       // str x30, [sp, #-16]!
            (0xf841_07fe, Stack(16)),        // ldr x30, [sp], #16
            (0xa901_7bfd, Other),            // stp x29, x30, [sp, #16]
            (0xf940_03e0, Other),            // ldr x0, [sp]
            (0x9100_03fd, Other),            // mov x29, sp
            (0xf100_43ff, Other),            // cmp sp, #16 has no result…
            (0xeb3f_63ff, Other),            // …nor has cmp sp, xzr
            (0xf240_001f, Other),            // tst x0, #1
            (0x9100_009f, StackSet),         // mov sp, x4
            (0x9100_03bf, StackSet),         // mov sp, x29
            (0xcb20_63ff, StackSet),         // sub sp, sp, x0
            (0x927c_ec1f, StackSet),         // and sp, x0, #~15
            (0x1100_43ff, StackSet),         // add wsp, wsp, #16
            (0xd500_41bf, StackSet),         // msr spsel, #1
            (0x4c9f_73e0, StackSet),         // st1 {v0.16b}, [sp], #16
            (0x69bf_7be0, StackSet),         // stgp x0, x30, [sp, #-16]!
            (0x0420_0000, Unknown),          // SVE
            (0x8000_0000, Unknown),          // SME
            (0x7400_0000, Unknown),          // cbgt: compare and branch, Armv9.6
        ];
        for (word, instruction) in expected {
            assert_eq!(decode(word), instruction, "{word:#010x}");
        }
    }
}
