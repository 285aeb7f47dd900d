//! Taken: functions whose address is somewhere, and can be called through a register.
//!
//! ```text
//!   vtable   [ drop or 0 | size | align | function | function … ]      in read-only memory
//!   pointer  any other 8 bytes that are the address of a function
//!   code     adr, adrp + add that make the address of a function
//! ```
//!
//! No relocation is needed for it: programs are linked at their final address, so what
//! looks like the address of a function is taken for one. That finds too many at worst.

use crate::Program;
use crate::instruction::{bits, signed};
use std::collections::{BTreeMap, BTreeSet};

/// Offset of the first method in a vtable.
pub(crate) const METHODS: u64 = 24;
/// Largest alignment that is believed.
const ALIGN_MOST: u64 = 1 << 16;

/// A vtable: its methods by offset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Vtable {
    /// Function by offset, from [`METHODS`] on.
    pub methods: BTreeMap<u64, u64>,
}

/// What can be called through a register.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Everything that looks like a vtable.
    pub vtables: Vec<Vtable>,
    /// Functions whose address is anywhere else.
    pub pointers: BTreeSet<u64>,
}

impl Taken {
    /// Looks through the memory and the code of a program.
    pub fn of(program: &Program) -> Taken {
        let starts: BTreeSet<u64> = program.functions.iter().map(|f| f.start).collect();
        let mut taken = Taken { pointers: in_code(program, &starts), ..Taken::default() };
        let word = |at: u64| program.data.get(&at).copied().unwrap_or(0);
        let mut in_vtables = BTreeSet::new();
        for (&at, _) in program.data.iter().filter(|(_, word)| starts.contains(word)) {
            if in_vtables.contains(&at) {
                continue;
            }
            let Some(begin) = at.checked_sub(METHODS) else { continue };
            let (drop, size, align) = (word(begin), word(begin + 8), word(begin + 16));
            let believed = (drop == 0 || starts.contains(&drop))
                && align.is_power_of_two()
                && align <= ALIGN_MOST
                && size.is_multiple_of(align)
                && !starts.contains(&size);
            if !believed {
                taken.pointers.insert(word(at));
                continue;
            }
            let mut vtable = Vtable::default();
            let mut next = at;
            while starts.contains(&word(next)) {
                in_vtables.insert(next);
                vtable.methods.insert(next - begin, word(next));
                next += 8;
            }
            // It may be no vtable after all, but a pointer behind two numbers.
            if drop != 0 {
                taken.pointers.insert(drop);
            }
            taken.vtables.push(vtable);
        }
        taken
    }

    /// All functions at this offset of a vtable.
    pub fn methods(&self, offset: u64) -> impl Iterator<Item = u64> + '_ {
        self.vtables.iter().filter_map(move |vtable| vtable.methods.get(&offset).copied())
    }
}

/// Functions whose address an instruction makes.
fn in_code(program: &Program, starts: &BTreeSet<u64>) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    for function in &program.functions {
        let words = || program.words.range(function.start..function.end);
        // Pages by the register that is made to point there: anywhere in the function.
        let mut pages: BTreeSet<(u32, u64)> = BTreeSet::new();
        for (&at, &word) in words() {
            let immediate = signed(word, 5, 19) << 2 | i64::from(bits(word, 29, 2));
            match word & 0x9f00_0000 {
                0x1000_0000 => {
                    found.insert(at.wrapping_add_signed(immediate));
                }
                0x9000_0000 => {
                    let page = (at & !0xfff).wrapping_add_signed(immediate << 12);
                    pages.insert((bits(word, 0, 5), page));
                    found.insert(page);
                }
                _ => {}
            }
        }
        for (_, &word) in words().filter(|(_, word)| **word & 0xffc0_0000 == 0x9100_0000) {
            let of_base = pages.iter().filter(|(register, _)| *register == bits(word, 5, 5));
            found.extend(of_base.map(|(_, page)| page + u64::from(bits(word, 10, 12))));
        }
    }
    found.retain(|address| starts.contains(address));
    found
}

#[cfg(test)]
mod tests {
    use super::{METHODS, Taken};
    use crate::Program;

    const RET: u32 = 0xd65f_03c0;

    #[test]
    fn a_vtable_is_known_by_its_shape() {
        let mut program = Program::of(&[("a", &[RET]), ("b", &[RET]), ("c", &[RET])]);
        // No drop, 16 bytes aligned to 8, two methods; then a pointer behind an odd number.
        let words = [0, 16, 8, 0x1000, 0x1004, 0, 7, 3, 0x1008];
        program.data = (0..).zip(words).map(|(n, w)| (0x2000 + n * 8, w)).collect();
        program.data.retain(|_, word| *word != 0);
        let taken = Taken::of(&program);
        assert_eq!(taken.vtables.len(), 1);
        assert_eq!(taken.methods(METHODS).collect::<Vec<_>>(), [0x1000]);
        assert_eq!(taken.methods(METHODS + 8).collect::<Vec<_>>(), [0x1004]);
        assert_eq!(taken.pointers.into_iter().collect::<Vec<_>>(), [0x1008]);
    }

    #[test]
    fn an_address_that_code_makes_is_found() {
        // adr x0, .+8 | adrp x1, page; nop; add x2, x1, #0
        let program = Program::of(&[
            ("a", &[0x1000_0040, RET]),
            ("b", &[0x9000_0001, 0xd503_201f, 0x9100_4022, RET]),
            ("c", &[RET]),
        ]);
        let taken = Taken::of(&program);
        // adr gives 0x1008; adrp 0x1000 alone, and + 0x10, in the middle of b.
        assert_eq!(taken.pointers.into_iter().collect::<Vec<_>>(), [0x1000, 0x1008]);
    }
}
