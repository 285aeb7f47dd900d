//! Conductor: hands out steps, notes faults, ends the run.

use crate::code;
use crate::player::START;
use abi::limits::MAX_TASKS;
use userlib::{Device, Message, Ticks, kernel, sys};

/// Words behind the boot info, by position; zero beyond.
#[derive(Clone, Copy, Debug)]
pub struct Steps {
    page: Device,
    start: Ticks,
}

impl Steps {
    /// Those of the boot-info page, for a script that starts at `start`. `None` if the
    /// emulator left none.
    #[must_use]
    pub fn new(page: Device, start: Ticks) -> Option<Self> {
        let steps = Steps { page, start };
        (steps.word(0) == code::MAGIC).then_some(steps)
    }

    fn word(&self, at: usize) -> u64 {
        if at >= code::ROOM || self.page.size < code::OFFSET + code::ROOM * 8 {
            return 0;
        }
        let address = self.page.address + code::OFFSET + at * 8;
        // SAFETY: within the page, which the build maps read-only into this task.
        unsafe { core::ptr::with_exposed_provenance::<u64>(address).read_volatile() }
    }

    /// How long the script takes.
    #[must_use]
    pub fn length(&self) -> Ticks {
        Ticks::from_us(self.word(1))
    }

    /// Answers a player.
    pub fn answer(&self, message: &Message) {
        let words = match (message.words[0], message.badge.checked_sub(1)) {
            (START, _) => [self.start.0, 0, 0, 0, 0, 0, 0, 0],
            (from, Some(task)) if task < MAX_TASKS as u64 => {
                let first = self.word(2 + task as usize) as usize;
                let end = self.word(3 + task as usize) as usize;
                core::array::from_fn(|at| {
                    let at = first.saturating_add(from as usize).saturating_add(at);
                    if at < end { self.word(at) } else { 0 }
                })
            }
            _ => [0; 8],
        };
        sys::reply(message.caller, 0, 64, &words);
    }
}

/// Says who is faulted and why (the host knows what it was told before), and acknowledges.
pub fn look() {
    let mut from = 0;
    while let Some(task) = kernel::find_faulted(from) {
        let status = kernel::status(task);
        let (kind, life) = (status.fault & 0xff, status.generation);
        defmt::info!("fault {=u32} {=u64} {=u64} {=u64}", task, life, status.count, kind);
        from = task + 1;
    }
}
