//! Stretches: what the kernel executes between two looks for an interrupt, counted.
//!
//! ```text
//!   task │ vector … mrs isr_el1 │ … mrs isr_el1 │ … eret │ task │ vector … wfi │ … eret │
//!        └────── stretch ───────┴──── stretch ──┴─ str. ─┘      └── stretch ───┴─ str. ─┘
//! ```
//!
//! Interrupts are masked while the kernel runs. It looks for one where it reads ISR_EL1
//! between two batches and where it waits, and lets one in where it leaves to a task. An
//! interrupt that comes right at the beginning of a stretch waits for all of it.
//!
//! Boot, which is before the first task, is left out, and so is a stretch that the
//! machine does not come to the end of because it is reset or ends.

use std::collections::BTreeMap;
use std::fmt::Write;

/// First address of the kernel.
const KERNEL: u64 = 0xffff_ff80_0000_0000;
/// Instructions of a stretch whose places are kept; more are only counted.
const KEPT: usize = 1 << 20;

/// What an instruction of the kernel means for a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// It is one more.
    Plain = 0,
    /// It looks for an interrupt, or waits for one.
    Look = 1,
    /// It leaves to a task.
    Leave = 2,
}

impl Kind {
    /// What a word of A64 code is.
    pub fn of(word: u32) -> Kind {
        match word {
            // wfi
            0xd503_207f => Kind::Look,
            // mrs x…, isr_el1
            _ if word & !0x1f == 0xd538_c100 => Kind::Look,
            // eret
            0xd69f_03e0 => Kind::Leave,
            _ => Kind::Plain,
        }
    }
}

/// An instruction of the kernel: its address, which is a multiple of 4, and its kind,
/// in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed(pub u64);

impl Packed {
    /// Packs; `None` if the address is not the kernel's.
    pub fn of(address: u64, word: u32) -> Option<Packed> {
        (address >= KERNEL).then_some(Packed(address & !3 | Kind::of(word) as u64))
    }

    fn address(self) -> u64 {
        self.0 & !3
    }

    fn kind(self) -> Kind {
        match self.0 & 3 {
            1 => Kind::Look,
            2 => Kind::Leave,
            _ => Kind::Plain,
        }
    }
}

/// A stretch that has come to its end.
#[derive(Debug, Default)]
struct Stretch {
    instructions: u64,
    from: u64,
    to: u64,
    /// Addresses, in the order that they were executed in.
    places: Vec<u64>,
}

/// Counts.
#[derive(Debug, Default)]
pub struct Counter {
    /// Whether boot is over.
    booted: bool,
    /// Whether the kernel has not left since its last instruction.
    inside: bool,
    now: Stretch,
    worst: Stretch,
    /// Stretches that have come to their end.
    ended: u64,
}

impl Counter {
    /// Nothing counted.
    pub const fn new() -> Counter {
        const NONE: Stretch = Stretch { instructions: 0, from: 0, to: 0, places: vec![] };
        Counter { booted: false, inside: false, now: NONE, worst: NONE, ended: 0 }
    }

    /// The kernel executes an instruction.
    pub fn kernel(&mut self, instruction: Packed) {
        let address = instruction.address();
        self.inside = true;
        if self.now.instructions == 0 {
            self.now.from = address;
        }
        self.now.instructions += 1;
        self.now.to = address;
        if self.now.places.len() < KEPT {
            self.now.places.push(address);
        }
        match instruction.kind() {
            Kind::Plain => {}
            Kind::Look => self.end(),
            Kind::Leave => {
                self.end();
                self.inside = false;
                self.booted = true;
            }
        }
    }

    /// Something else executes instructions: a task if the kernel left to it, else the
    /// machine has been reset and boots.
    pub fn other(&mut self) {
        if self.inside {
            self.inside = false;
            self.booted = false;
            self.forget();
        }
    }

    fn end(&mut self) {
        if self.booted {
            self.ended += 1;
            if self.now.instructions > self.worst.instructions {
                std::mem::swap(&mut self.now, &mut self.worst);
            }
        }
        self.forget();
    }

    fn forget(&mut self) {
        self.now.instructions = 0;
        self.now.places.clear();
    }

    /// The longest stretch in a line, then its places, each with how often it was
    /// executed.
    pub fn report(&self) -> String {
        let Stretch { instructions, from, to, places } = &self.worst;
        let mut text =
            format!("longest={instructions} from={from:#x} to={to:#x} of={}\n", self.ended);
        let mut counts = BTreeMap::<u64, u64>::new();
        places.iter().for_each(|place| *counts.entry(*place).or_default() += 1);
        for (place, count) in counts {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{place:#x} {count}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{Counter, KERNEL, Kind, Packed};

    const NOP: u32 = 0xd503_201f;
    const WFI: u32 = 0xd503_207f;
    const LOOK: u32 = 0xd538_c100 | 9;
    const ERET: u32 = 0xd69f_03e0;

    /// Executes words from the kernel's beginning on.
    fn execute(counter: &mut Counter, words: &[u32]) {
        for (address, word) in (KERNEL..).step_by(4).zip(words) {
            counter.kernel(Packed::of(address, *word).unwrap());
        }
    }

    fn first_line(counter: &Counter) -> String {
        counter.report().lines().next().unwrap_or_default().replace("0xffffff80000000", "")
    }

    #[test]
    fn looks_and_leaving_are_told_from_the_rest() {
        let kinds = [Kind::Plain, Kind::Look, Kind::Look, Kind::Leave];
        assert_eq!([NOP, WFI, LOOK, ERET].map(Kind::of), kinds);
        // mrs x9, isr_el1's neighbours: its write, and far_el1.
        assert_eq!(Kind::of(0xd518_c109), Kind::Plain);
        assert_eq!(Kind::of(0xd538_6009), Kind::Plain);
    }

    #[test]
    fn a_task_is_not_the_kernel() {
        assert_eq!(Packed::of(KERNEL - 4, NOP), None);
        let packed = Packed::of(KERNEL + 8, ERET).unwrap();
        assert_eq!((packed.address(), packed.kind()), (KERNEL + 8, Kind::Leave));
    }

    #[test]
    fn a_stretch_ends_where_the_kernel_looks_waits_or_leaves() {
        for last in [WFI, LOOK, ERET] {
            let mut counter = Counter::new();
            execute(&mut counter, &[ERET]);
            execute(&mut counter, &[NOP, NOP, NOP, last, NOP, ERET]);
            assert_eq!(first_line(&counter), "longest=4 from=00 to=0c of=2");
        }
    }

    #[test]
    fn boot_is_left_out_also_the_second_time() {
        let mut counter = Counter::new();
        execute(&mut counter, &[NOP; 50]);
        execute(&mut counter, &[NOP, WFI, NOP, ERET]);
        assert_eq!(first_line(&counter), "longest=0 from=0x0 to=0x0 of=0");
        counter.other();
        execute(&mut counter, &[NOP, ERET]);
        counter.other();
        // Not left: the machine is reset.
        execute(&mut counter, &[NOP; 60]);
        counter.other();
        execute(&mut counter, &[NOP; 70]);
        execute(&mut counter, &[NOP, WFI, ERET]);
        assert_eq!(first_line(&counter), "longest=2 from=00 to=04 of=1");
    }

    #[test]
    fn places_say_how_often() {
        let mut counter = Counter::new();
        execute(&mut counter, &[ERET]);
        execute(&mut counter, &[NOP, NOP]);
        execute(&mut counter, &[NOP, NOP, ERET]);
        let report = counter.report().replace("0xffffff80000000", "");
        assert_eq!(report, "longest=5 from=00 to=08 of=1\n00 2\n04 2\n08 1\n");
    }
}
