//! The agent: what it does at each look, and what it finds after a restart.
//!
//! ```text
//!                 start: generation 0, or nothing valid there
//!                   │  everything zero, then the magic
//!                   ▼
//!            ┌──► IDLE ◄───────────────────────────────────────────┐
//!            │      │ bell differs from the last answer            │
//!            │      ▼                                              │
//!            │   copy the request out                              │
//!            │      ├─ checksum wrong ──► once more at the next    │
//!            │      │                     look, then TORN ─────────┤
//!            │      ├─ not ahead ───────────────► STALE ───────────┤ answer
//!            │      ├─ port, operation, lengths ► NOT GRANTED … ───┤
//!            │      ▼                                              │
//!            │   CALLING ── server replies, dies, times out ───────┘
//!            │      ┊ the agent is stopped
//!            │      ▼
//!            └── start: generation n, CALLING in the mailbox: answer STOPPED
//! ```
//!
//! Everything that the kernel would stop the agent for is checked here first, on the
//! copy. Each look does a bounded amount of work; nothing is repeated.

use crate::layout::{
    CALLING, IDLE, LeaseRange, MAGIC, Outcome, Reply, Request, VERSION, high, join, low,
    request_check, word,
};
use crate::mailbox::Mailbox;
use abi::limits::{MAX_LEASES, MESSAGE_BYTES, MESSAGE_WORDS};
use abi::syscall;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use core::sync::atomic::{AtomicU8, AtomicU64, fence};

/// A call that has been checked.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Number of the port.
    pub port: u8,
    /// Operation, length and number of leases: [`syscall::header`].
    pub header: u64,
    /// The message; unused bytes are zero.
    pub words: [u64; MESSAGE_WORDS],
    /// What to lend, all of it inside `data`.
    pub leases: &'a [LeaseRange],
    /// The data area.
    pub data: &'a [AtomicU8],
}

/// What came back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Returned {
    /// The server's code, or the kernel's status.
    pub status: u64,
    /// Bytes of the reply, 0–64.
    pub length: u32,
    /// The reply; unused bytes are zero.
    pub words: [u64; MESSAGE_WORDS],
}

/// What the agent needs of the system around it.
pub trait Kernel {
    /// The counter, in ticks.
    fn now(&self) -> u64;
    /// Number of ports that the agent has.
    fn ports(&self) -> u32;
    /// The operations that a port permits, bit *n* for operation *n*; `None` if there
    /// is no such port.
    fn operations(&self, port: u32) -> Option<u64>;
    /// Calls, and waits for the reply.
    fn call(&mut self, call: &Call<'_>) -> Returned;
}

/// The agent's side of a mailbox.
#[derive(Debug)]
pub struct Agent<'a> {
    words: &'a [AtomicU64],
    data: &'a [AtomicU8],
    polls: u32,
    generation: u32,
    /// The highest sequence number taken.
    taken: u32,
    /// The sequence number answered last.
    answered: u32,
    /// A bell whose request was not whole at the last look.
    suspect: Option<u64>,
}

impl<'a> Agent<'a> {
    /// Takes up a mailbox, in the `generation`th life of the agent. In the first one, and
    /// if there is nothing valid, it begins anew. Else a call that was under way when the
    /// last life ended is answered as [`Outcome::Stopped`].
    #[must_use]
    pub fn start<const N: usize>(mailbox: &'a Mailbox<N>, generation: u32) -> Self {
        let mut agent = Agent {
            words: &mailbox.words,
            data: &mailbox.data,
            polls: 0,
            generation,
            taken: 0,
            answered: 0,
            suspect: None,
        };
        let form = join(VERSION, N as u32);
        let kept = agent.load(word::MAGIC) == MAGIC && agent.load(word::VERSION) == form;
        if generation != 0 && kept {
            agent.go_on();
            return agent;
        }
        agent.store(word::MAGIC, 0);
        for place in 1..agent.words.len() {
            agent.store(place, 0);
        }
        for byte in agent.data {
            byte.store(0, Relaxed);
        }
        agent.store(word::VERSION, form);
        agent.store(word::LIFE, join(generation, 0));
        agent.store(word::STATE, join(IDLE, 0));
        agent.store(word::MAGIC, MAGIC);
        agent
    }

    /// Goes on where the last life ended.
    fn go_on(&mut self) {
        let state = self.load(word::STATE);
        self.taken = high(state);
        self.answered = low(self.load(word::REPLY));
        self.polls = high(self.load(word::LIFE));
        self.store(word::LIFE, join(self.generation, self.polls));
        if low(state) == CALLING && self.answered != self.taken {
            let ended = u64::from(self.generation.wrapping_sub(1));
            self.answer(self.taken, Outcome::Stopped, ended);
        }
        self.store(word::STATE, join(IDLE, self.taken));
    }

    /// Looks into the mailbox once, and makes at most one call.
    pub fn poll(&mut self, kernel: &mut impl Kernel) {
        self.polls = self.polls.wrapping_add(1);
        self.store(word::LIFE, join(self.generation, self.polls));
        let bell = self.load(word::BELL);
        let sequence = low(bell);
        if sequence == self.answered {
            self.suspect = None;
            return;
        }
        let mut words = [0; crate::layout::REQUEST_WORDS];
        for (offset, to) in words.iter_mut().enumerate() {
            *to = self.load(word::REQUEST + offset);
        }
        fence(Acquire);
        let whole = request_check(&words, sequence) == high(bell) && self.load(word::BELL) == bell;
        if !whole {
            // Somebody may be writing it just now.
            if self.suspect == Some(bell) {
                self.suspect = None;
                self.answer(sequence, Outcome::Torn, 0);
            } else {
                self.suspect = Some(bell);
            }
            return;
        }
        self.suspect = None;
        let ahead = sequence.wrapping_sub(self.taken);
        if ahead == 0 || ahead > u32::MAX / 2 {
            self.answer(sequence, Outcome::Stale, u64::from(self.taken));
            return;
        }
        let request = Request::from_words(&words);
        match check(&request, self.data.len() as u64, kernel) {
            Ok(port) => self.call(sequence, port, &request, kernel),
            Err((outcome, detail)) => {
                self.answer(sequence, outcome, detail);
                self.taken = sequence;
                self.store(word::STATE, join(IDLE, sequence));
            }
        }
    }

    fn call(&mut self, sequence: u32, port: u8, request: &Request, kernel: &mut impl Kernel) {
        // From here on this request counts as begun, whatever happens to this task.
        self.taken = sequence;
        self.store(word::STATE, join(CALLING, sequence));
        let (length, count) = (request.length, request.lease_count);
        let call = Call {
            port,
            header: syscall::header(request.operation as u16, length as u16, count as u8),
            words: trimmed(&request.words, length),
            leases: request.leases.get(..count as usize).unwrap_or(&[]),
            data: self.data,
        };
        let begun = kernel.now();
        let returned = kernel.call(&call);
        let ended = kernel.now();
        let (outcome, detail) = match returned.status {
            syscall::DEAD => (Outcome::Dead, 0),
            syscall::TIMEOUT => (Outcome::TimedOut, 0),
            status if status & syscall::KERNEL_STATUS != 0 => (Outcome::Kernel, status),
            code => (Outcome::Replied, code),
        };
        self.publish(&Reply {
            answered: sequence,
            outcome: outcome as u32,
            detail,
            begun,
            ended,
            words: returned.words,
            length: returned.length,
        });
        self.store(word::STATE, join(IDLE, sequence));
    }

    /// Answers a request without a call.
    fn answer(&mut self, sequence: u32, outcome: Outcome, detail: u64) {
        self.publish(&Reply {
            answered: sequence,
            outcome: outcome as u32,
            detail,
            begun: 0,
            ended: 0,
            words: [0; MESSAGE_WORDS],
            length: 0,
        });
    }

    /// Writes a reply; what tells that it is there comes last.
    fn publish(&mut self, reply: &Reply) {
        let words = reply.to_words();
        for (offset, word) in words.iter().enumerate().skip(1) {
            self.store(word::REPLY + offset, *word);
        }
        fence(Release);
        self.store(word::REPLY, words[0]);
        self.answered = reply.answered;
    }

    fn load(&self, place: usize) -> u64 {
        self.words.get(place).map_or(0, |word| word.load(Acquire))
    }

    fn store(&self, place: usize, value: u64) {
        if let Some(word) = self.words.get(place) {
            word.store(value, Release);
        }
    }
}

/// Everything that the kernel would stop the caller for; the port.
fn check(request: &Request, room: u64, kernel: &impl Kernel) -> Result<u8, (Outcome, u64)> {
    let no_port = (Outcome::NoPort, u64::from(kernel.ports()));
    let granted = kernel.operations(request.port).ok_or(no_port)?;
    let port = u8::try_from(request.port).map_err(|_| no_port)?;
    let bit = 1_u64.checked_shl(request.operation).unwrap_or(0);
    // Bit 0 is no operation.
    if granted & bit & !1 == 0 {
        return Err((Outcome::NotGranted, granted));
    }
    if request.length > MESSAGE_BYTES as u32 {
        return Err((Outcome::TooLong, MESSAGE_BYTES as u64));
    }
    let Some(leases) = request.leases.get(..request.lease_count as usize) else {
        return Err((Outcome::TooManyLeases, MAX_LEASES as u64));
    };
    for ((lease, reserved), index) in leases.iter().zip(&request.reserved).zip(0..) {
        if u64::from(lease.offset) + u64::from(lease.length) > room {
            return Err((Outcome::LeaseRange, index));
        }
        if !(1..=syscall::LEASE_R | syscall::LEASE_W).contains(&lease.rights) {
            return Err((Outcome::LeaseRights, index));
        }
        if *reserved != 0 {
            return Err((Outcome::Reserved, index));
        }
    }
    Ok(port)
}

/// The words with all bytes beyond the length zero.
fn trimmed(words: &[u64; MESSAGE_WORDS], length: u32) -> [u64; MESSAGE_WORDS] {
    let mut left = length.min(MESSAGE_BYTES as u32);
    words.map(|word| {
        let own = left.min(8);
        left -= own;
        word & u64::MAX.checked_shr(64 - own * 8).unwrap_or(0)
    })
}

#[cfg(test)]
#[path = "agent_tests.rs"]
mod tests;
