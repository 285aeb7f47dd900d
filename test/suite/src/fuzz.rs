//! Fuzz: random system calls with hostile registers, from a seed.
//!
//! Where the stream of random numbers is and how many calls there were survives restarts, so
//! that a run does not begin again with each life: a boot is one stream a task. Half of the
//! calls have arguments that could be right; the rest have anything.

use crate::command::{BUFFER_BYTES, Place};
use crate::hostile::{Context, enter};
use crate::machine::{TRAPS, place, write};
use abi::kernel_op::KernelOp;
use abi::limits::SPAN;
use abi::syscall::{self as nr, caller, header};
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use userlib::time::now;
use userlib::{Port, Ticks, sys};

/// Operation of the runner: tells the seed.
pub const SEED: u16 = 1;
/// How many calls a fuzzer makes in a boot.
pub const CALLS: u64 = 12_500;

/// Stream, calls, a handle that was real, and what the first two must add up to.
#[cfg_attr(target_os = "none", unsafe(link_section = ".uninit"))]
static STATE: [AtomicU64; 4] = [const { AtomicU64::new(0) }; 4];
/// Makes a state that nobody has written unlikely to add up.
const MARK: u64 = 0x6675_7a7a_6d61_726b;

/// A fuzzer.
pub struct Fuzz {
    stream: u64,
    count: u64,
    handle: u64,
}

impl Fuzz {
    /// Goes on where the last life ended; the first asks the runner for the seed.
    #[must_use]
    pub fn take_up(runner: Port) -> Self {
        let [stream, count, handle, check] = core::array::from_fn(|at| STATE[at].load(Relaxed));
        if check == (stream ^ MARK).wrapping_add(count) {
            return Fuzz { stream, count, handle };
        }
        let seed = loop {
            let answer = sys::call(runner, header(SEED, 0, 0), &[0; 8], &[]);
            if answer.status == nr::OK {
                break answer.words[0];
            }
        };
        let stream = (seed << 8 | u64::from(userlib::index())).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mut fuzz = Fuzz { stream, count: 0, handle: 0 };
        fuzz.save();
        fuzz
    }

    /// How many calls there were, over all lives.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Notes a caller to be named in later calls.
    pub fn remember(&mut self, handle: u64) {
        self.handle = handle;
        self.save();
    }

    /// Whether something happens, so many times of so many.
    pub fn chance(&mut self, of: u64, all: u64) -> bool {
        let happens = self.below(all) < of;
        self.save();
        happens
    }

    /// Makes a call. Returns how many registers changed that should not; does not return if
    /// the call ends this life.
    pub fn attack(&mut self) -> u64 {
        // Every number, those that exist more often, and calls most of all: they set others
        // going.
        let number = match self.below(6) {
            0 => TRAPS[self.below(TRAPS.len() as u64) as usize],
            1 | 2 => nr::CALL,
            _ => self.below(u64::from(nr::COUNT)) as u16,
        };
        let mut x: [u64; 31] = core::array::from_fn(|_| self.anything());
        if self.below(4) != 0 {
            let plausible = self.plausible(number);
            x[8..13].copy_from_slice(&plausible);
        }
        if self.below(8) == 0 {
            let at = 8 + self.below(5) as usize;
            x[at] = self.anything();
        }
        let fp = if cfg!(target_feature = "neon") { self.next() | 1 } else { 0 };
        let mut context = Context {
            x,
            stack_pointer: self.anything(),
            flags: self.next() & 0xf000_0000,
            thread_pointer: self.anything(),
            fp,
        };
        let before = context;
        self.count += 1;
        self.save();
        // SAFETY: what the kernel or a server may write here is `Place::Buffer`, whose words are
        // atomic, and by accident the stack below the frames in use; a life that is damaged by
        // that ends in a fault, which is the purpose of this task.
        let Some(changed) = (unsafe { enter(u64::from(number), &mut context) }) else { return 0 };
        let kept = context.x[18..].iter().zip(&before.x[18..]).filter(|(a, b)| a != b).count();
        let stack_pointer = context.stack_pointer != before.stack_pointer;
        kept as u64
            + u64::from(stack_pointer)
            + u64::from(context.flags != before.flags)
            + u64::from(fp != 0 && changed != 0)
    }

    /// Arguments that could be right.
    fn plausible(&mut self, number: u16) -> [u64; 5] {
        let buffer = place(Place::Buffer as u64);
        let near = buffer + self.below(4096);
        let soon = (now() + Ticks::from_us(self.below(300))).0;
        let handle = self.a_handle();
        let length = self.below(70);
        match number {
            nr::CALL => {
                let leases = self.below(10);
                for at in 0..leases.min(8) {
                    let rights =
                        if self.below(16) == 0 { self.below(8) } else { 1 + self.below(3) };
                    let entry = [buffer + self.below(4096), self.below(4096) | rights << 32];
                    for (word, offset) in entry.into_iter().zip([0, 8]) {
                        let table = buffer + BUFFER_BYTES - 256 + at * 16;
                        // SAFETY: within the buffer, whose words are atomic.
                        unsafe { write(table + offset, word) };
                    }
                }
                let operation = 1 + self.below(3) as u16;
                let header = header(operation, length as u16, leases as u8);
                [self.below(4), header, buffer + BUFFER_BYTES - 256, 0, 0]
            }
            // Without an end only rarely: somebody has to notice.
            nr::RECV if self.below(16) != 0 => [2, 0, 0, 0, 0],
            nr::RECV | nr::RECV_UNTIL => {
                let (mode, mask) = (self.below(2), self.below(16));
                [mode, mask, 0, soon, 0]
            }
            nr::REPLY_RECV if self.below(16) != 0 => [handle, 1 << 63, length, 0, 0],
            nr::REPLY | nr::REPLY_RECV => [handle, self.below(9), length, self.below(2), 1],
            nr::REPLY_FAULT => [handle, self.below(6), 0, 0, 0],
            nr::LEASE_READ | nr::LEASE_WRITE => {
                [handle, self.below(9), self.below(100), near, self.below(1100)]
            }
            nr::LEASE_INFO => [handle, self.below(9), 0, 0, 0],
            nr::POST => [self.below(3), self.below(4), 0, 0, 0],
            nr::TIMER_SET => [self.below(2), soon, self.below(16), 0, 0],
            nr::TIMER_CANCEL => [self.below(3), 0, 0, 0, 0],
            nr::IRQ_CONTROL => [self.below(4), self.below(4), 0, 0, 0],
            nr::IRQ_STATUS => [self.below(4), 0, 0, 0, 0],
            nr::KERNEL_OP => {
                let operation = self.below(KernelOp::ALL.len() as u64);
                let argument = if self.below(2) == 0 { near } else { self.below(3) };
                [operation, u64::from(userlib::index()), argument, 0, 0]
            }
            nr::PANIC => [near, self.below(130), 0, 0, 0],
            _ => [0; 5],
        }
    }

    /// A caller: one that was real, one that could be, anything.
    fn a_handle(&mut self) -> u64 {
        match self.below(4) {
            0 | 1 => self.handle,
            2 => caller(self.below(13) as u32, self.below(4) as u32),
            _ => self.anything(),
        }
    }

    /// A value that has broken kernels, or any.
    fn anything(&mut self) -> u64 {
        let small = self.below(72);
        match self.below(12) {
            0 | 1 => 0,
            2 => small,
            3 => u64::MAX - small,
            4 => place(Place::Buffer as u64) + self.below(BUFFER_BYTES - 1024),
            5 => place(self.below(6)) + small - 36,
            6 => 0xffff_ff80_4020_0000 + self.below(1 << 20),
            7 => [0x0900_0000, 0x0800_0000, SPAN, SPAN - 4096][small as usize % 4] + small,
            8 => 1 << self.below(64),
            9 => (1 << self.below(64)) - 1,
            10 => self.handle,
            _ => self.next(),
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// The next random number: splitmix64 (Steele, Lea and Flood, 2014).
    fn next(&mut self) -> u64 {
        self.stream = self.stream.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.stream ^ self.stream >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn save(&mut self) {
        let check = (self.stream ^ MARK).wrapping_add(self.count);
        for (to, word) in STATE.iter().zip([self.stream, self.count, self.handle, check]) {
            to.store(word, Relaxed);
        }
    }
}
