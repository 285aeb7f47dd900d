//! Promises: what a step may change, said without looking at how the kernel does it.
//!
//! The kernel may do work later than a step that causes it (timers due together, the
//! clients of a restarted task). So nothing here says that an effect must follow at
//! once; every effect that is seen must have a *cause*: a system call that the actor
//! was granted, a deadline that has passed, an interrupt that was raised, a server that
//! was restarted. Whatever has none is a broken promise, named after
//! the list K1–K8: containment of memory (K1), authority (K2), faults (K5), restarts
//! (K6), leases (K7), leaks (K8).

use super::bench::{Image, begun, translate};
use crate::arch::sim::{Registers, Sim};
use crate::kernel::Kernel;
use crate::task::{State, Task};
use abi::boot::ResetRecord;
use abi::desc;
use abi::kernel_op::KernelOp;
use abi::syscall::{self as nr, LeaseDesc};
use exov6_test_replay::Lend;
use zerocopy::FromBytes;

/// Number, words, arguments and lease table of a system call.
pub type Called = (u16, [u64; 8], [u64; 5], [Option<Lend>; 4]);

/// What happened in a step.
pub struct Event {
    /// Who acted, if somebody did.
    pub actor: Option<usize>,
    /// Its system call.
    pub call: Option<Called>,
    /// The byte it stored: physical address and value.
    pub stored: Option<(u64, u8)>,
    /// The interrupt that a device raised.
    pub raised: Option<u32>,
}

/// A call that has not ended, as its caller made it.
#[derive(Clone)]
struct Sent {
    server: usize,
    server_generation: u32,
    header: u64,
    badge: u64,
    words: [u64; 8],
    deadline: Option<u64>,
    /// The lease table, as it was in memory at the call.
    leases: Vec<LeaseDesc>,
}

/// What is known of the past.
pub struct Promises {
    /// Tasks restarted in this step.
    pub restarted: Vec<bool>,
    sent: Vec<Option<Sent>>,
    /// Deadline of a receive.
    receives_until: Vec<Option<u64>>,
    /// Deadline and bits of each timer.
    timers: Vec<[Option<(u64, u32)>; 8]>,
    /// Bits of interrupts that were raised, and not yet seen.
    raised: Vec<u32>,
    /// When the supervisor must have looked at the faults.
    acknowledge: Option<u64>,
    /// The counter after the last step.
    now: u64,
}

type Tasks = [Task<Registers>];

fn trimmed(words: &[u64; 8], length: u64) -> [u64; 8] {
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.iter_mut().skip(length as usize).for_each(|byte| *byte = 0);
    std::array::from_fn(|at| u64::from_le_bytes(bytes[at * 8..][..8].try_into().unwrap()))
}

/// Fails with a name and details unless a condition holds.
macro_rules! promise {
    ($holds:expr, $($why:tt)*) => {
        if !$holds {
            return Err(format!($($why)*));
        }
    };
}

impl Promises {
    /// At boot.
    pub fn new(count: usize, start: u64) -> Self {
        Promises {
            restarted: vec![false; count],
            sent: vec![None; count],
            receives_until: vec![None; count],
            timers: vec![[None; 8]; count],
            raised: vec![0; count],
            acknowledge: None,
            now: start,
        }
    }

    /// Notes a system call that is about to be made: what it lends and waits for.
    pub fn before_call(
        &mut self,
        image: &Image,
        task: usize,
        number: u16,
        words: [u64; 8],
        arguments: [u64; 5],
        sim: &Sim,
    ) {
        let tables = &image.tables;
        let desc = &tables.tasks[task];
        match number {
            nr::CALL => {
                let [port, header, table, ..] = arguments;
                let ports = &tables.ports[desc.port_first as usize..][..desc.port_count as usize];
                let Some(port) = usize::try_from(port).ok().and_then(|n| ports.get(n)) else {
                    return;
                };
                let byte = |at: u64| {
                    let physical = translate(image, task, at, desc::R).ok()?;
                    Some(sim.memory[physical as usize])
                };
                let entry = |at: u64| {
                    let bytes: Option<Vec<u8>> =
                        (0..16).map(|n| byte(table.checked_add(at * 16 + n)?)).collect();
                    LeaseDesc::read_from_bytes(&bytes?).ok()
                };
                let count = u64::from(nr::header_leases(header)).min(8);
                let timeout = (port.timeout_us != 0).then_some(port.timeout_us);
                self.sent[task] = Some(Sent {
                    server: port.server as usize,
                    server_generation: u32::MAX,
                    header,
                    badge: port.badge,
                    words,
                    deadline: timeout.map(|us| sim.now.0.saturating_add(us)),
                    leases: (0..count).map_while(entry).collect(),
                });
            }
            nr::RECV | nr::REPLY_RECV => self.receives_until[task] = None,
            nr::RECV_UNTIL => self.receives_until[task] = Some(arguments[3]),
            nr::TIMER_SET if arguments[0] < u64::from(desc.timer_count) => {
                self.timers[task][arguments[0] as usize] =
                    Some((arguments[1], arguments[2] as u32 & desc.bits));
            }
            nr::TIMER_CANCEL if arguments[0] < u64::from(desc.timer_count) => {
                self.timers[task][arguments[0] as usize] = None;
            }
            _ => {}
        }
    }

    /// Holds a step against the promises.
    ///
    /// # Errors
    /// The promise that is broken, and by what.
    #[allow(clippy::too_many_arguments, reason = "everything before and after a step")]
    pub fn check(
        &mut self,
        image: &Image,
        event: &Event,
        before: &Tasks,
        memory: &[u8],
        resets: u32,
        kernel: &Kernel<Sim>,
        after: &Tasks,
    ) -> Result<(), String> {
        let now = kernel.arch.now.0;
        let acted_at = std::mem::replace(&mut self.now, now);
        let supervisor = image.tables.header.supervisor as usize;
        let granted = Granted::new(image, event, after.len());
        let new_fault = (0..after.len()).any(|task| {
            after[task].fault.map(|f| f.count) != before[task].fault.map(|f| f.count)
                && after[task].fault.is_some()
        });
        self.note_interrupts(image, event, &granted);
        if event.actor.is_some_and(|t| event.call.is_some_and(|c| c.0 == nr::CALL) && t < 64) {
            let task = event.actor.unwrap_or(0);
            if let Some(sent) = &mut self.sent[task] {
                sent.server_generation = before[sent.server].generation;
            }
        }
        for task in 0..after.len() {
            let (was, is) = (&before[task], &after[task]);
            let name = &image.names[task];
            let acted = event.actor == Some(task);

            // Restarts: only as granted, and then nothing is left of the old life.
            let restart = granted.allows(KernelOp::Restart, task);
            if is.generation != was.generation || restart && is.disabled && !was.disabled {
                promise!(restart, "K2: {name} was restarted without a grant");
                promise!(
                    is.disabled || is.generation == was.generation + 1,
                    "K6: {name} skipped a generation"
                );
                promise!(
                    is.frame == begun(image, task)
                        && is.state == State::Runnable
                        && is.fault.is_none()
                        && is.posted == 0
                        && is.callers.is_empty()
                        && is.lease_count == 0,
                    "K6: {name} does not begin as it was built: {is:?}"
                );
                self.restarted[task] = true;
                self.sent[task] = None;
                self.receives_until[task] = None;
                self.timers[task] = [None; 8];
                continue;
            }

            // Faults: the actor's own, or as granted; they end with a restart only.
            let (had, has) = (was.fault.map(|f| f.count), is.fault.map(|f| f.count));
            promise!(had.is_none() || has >= had, "K5: the fault of {name} went away");
            if had != has {
                let refused = event.call.is_some_and(|(number, _, arguments, _)| {
                    number == nr::REPLY_FAULT
                        && was.state == State::InReply(kernel_index(event.actor))
                        && arguments[0] == nr::caller(task as u32, was.generation)
                });
                promise!(
                    acted || granted.allows(KernelOp::Fault, task) || refused,
                    "K5: {name} faulted by somebody else's mistake"
                );
            }

            // Held: only as granted.
            if was.held != is.held {
                let by = if is.held { KernelOp::Hold } else { KernelOp::Start };
                promise!(
                    granted.allows(by, task),
                    "K2: {name} was held or started without a grant"
                );
            }

            let added = self.bits_added(image, event, &granted, task, now, new_fault, supervisor);
            let allowed = was.posted | added;
            promise!(
                is.posted & !allowed == 0,
                "K2: bits {:#x} of {name} come from nowhere",
                is.posted & !allowed
            );
            if !acted {
                self.check_bystander(image, event, was, is, task, after, now, allowed)?;
            } else {
                self.check_actor(image, event, was, is, task, before, allowed)?;
            }
        }
        self.check_memory(image, event, before, memory, after, kernel, resets)?;
        self.check_machine(
            event, &granted, kernel, resets, after, new_fault, supervisor, image, acted_at,
        )?;
        self.forget(after);
        Ok(())
    }

    fn note_interrupts(&mut self, image: &Image, event: &Event, granted: &Granted) {
        for irq in image.tables.irqs {
            let owner = irq.owner as usize;
            let software = event.call.is_some_and(|(_, _, arguments, _)| {
                granted.allows(KernelOp::SoftwareIrq, owner)
                    && arguments[2] & u64::from(irq.bits) != 0
            });
            if event.raised == Some(irq.number) || software {
                self.raised[owner] |= irq.bits;
            }
        }
    }

    /// Bits of a task that something can have posted by now.
    #[allow(clippy::too_many_arguments, reason = "one argument a cause")]
    fn bits_added(
        &self,
        image: &Image,
        event: &Event,
        _granted: &Granted,
        task: usize,
        now: u64,
        new_fault: bool,
        supervisor: usize,
    ) -> u32 {
        let mut bits = self.raised[task];
        for (deadline, of_timer) in self.timers[task].iter().flatten() {
            bits |= if *deadline <= now { *of_timer } else { 0 };
        }
        if task == supervisor && new_fault {
            bits |= image.tables.header.fault_bits;
        }
        if let (Some(actor), Some((nr::POST, _, arguments, _))) = (event.actor, event.call) {
            let desc = &image.tables.tasks[actor];
            let posts = &image.tables.posts[desc.post_first as usize..][..desc.post_count as usize];
            let grant = usize::try_from(arguments[0]).ok().and_then(|n| posts.get(n));
            if let Some(grant) = grant.filter(|grant| grant.target as usize == task)
                && arguments[1] & !u64::from(grant.mask) == 0
            {
                bits |= arguments[1] as u32;
            }
        }
        bits
    }

    /// A task that did not act: unchanged, or woken for a reason, with the result of it.
    #[allow(clippy::too_many_arguments, reason = "everything before and after a step")]
    fn check_bystander(
        &self,
        image: &Image,
        event: &Event,
        was: &Task<Registers>,
        is: &Task<Registers>,
        task: usize,
        after: &Tasks,
        now: u64,
        allowed: u32,
    ) -> Result<(), String> {
        let name = &image.names[task];
        let same_rest = Registers { words: was.frame.words, ..is.frame }
            == Registers {
                words: was.frame.words,
                arguments: [
                    is.frame.arguments[0],
                    is.frame.arguments[1],
                    is.frame.arguments[2],
                    was.frame.arguments[3],
                    was.frame.arguments[4],
                ],
                ..was.frame
            };
        promise!(same_rest, "K8: registers of {name} outside the interface changed");
        let received = is.state == State::InReply(is_server(was.state))
            && matches!(was.state, State::InCall(_));
        if is.state == was.state || received {
            promise!(is.frame == was.frame, "K5: registers of {name}, which waits, changed");
            return Ok(());
        }
        promise!(was.fault.is_none(), "K5: {name} is faulted and its state changed");
        promise!(is.state == State::Runnable, "K5: {name} went to {:?}", is.state);
        let [first, second, third, ..] = is.frame.arguments;
        let words = is.frame.words;
        match was.state {
            State::Runnable => unreachable!("the state changed"),
            State::InRecv { .. } => {
                if first == nr::NOTIFIED {
                    promise!(
                        third as u32 & !allowed == 0 && third >> 32 == 0 && second == 0,
                        "K2: {name} was notified of {third:#x} from nowhere"
                    );
                    promise!(words == [0; 8], "K8: {name} got words with a notification");
                } else if first == nr::TIMED_OUT {
                    let due = self.receives_until[task].is_some_and(|deadline| deadline <= now);
                    promise!(due, "{name} timed out before its time");
                    promise!(
                        words == [0; 8] && second == 0 && third == 0,
                        "K8: {name} got words with a timeout"
                    );
                } else {
                    self.check_message(image, name, task, &is.frame, after)?;
                }
            }
            State::InCall(server) | State::InReply(server) => {
                let Some(sent) = &self.sent[task] else {
                    return Err(format!("{name} waited without a call"));
                };
                let server = server.position();
                let replied = event.actor == Some(server)
                    && matches!(was.state, State::InReply(_))
                    && event.call.is_some_and(|(number, _, arguments, _)| {
                        (number == nr::REPLY || number == nr::REPLY_RECV)
                            && arguments[0] == nr::caller(task as u32, was.generation)
                            && first == arguments[1]
                    });
                if let (true, Some((_, sent, arguments, _))) = (replied, event.call) {
                    promise!(
                        words == trimmed(&sent, arguments[2]) && second == arguments[2],
                        "K8: the reply to {name} is not what {} sent",
                        image.names[server]
                    );
                    return Ok(());
                }
                promise!(words == [0; 8] && second == 0, "K8: {name} got words without a reply");
                let dead = first == nr::DEAD
                    && (after[server].generation != sent.server_generation
                        || after[server].disabled);
                let late = first == nr::TIMEOUT && sent.deadline.is_some_and(|d| d <= now);
                promise!(
                    dead || late,
                    "K2: the call of {name} ended with {first:#x} for no reason"
                );
            }
        }
        Ok(())
    }

    /// Registers of a task that has received a message: exactly what was sent.
    fn check_message(
        &self,
        image: &Image,
        name: &str,
        task: usize,
        frame: &Registers,
        after: &Tasks,
    ) -> Result<(), String> {
        let handle = frame.arguments[0];
        let client = nr::caller_index(handle) as usize;
        let sent = self.sent.get(client).and_then(Option::as_ref);
        let Some(sent) = sent.filter(|sent| sent.server == task) else {
            return Err(format!("K2: {name} received from {handle:#x}, which did not call it"));
        };
        promise!(
            after[client].generation == nr::caller_generation(handle),
            "K2: {name} received from an old life of {}",
            image.names[client]
        );
        promise!(
            frame.arguments[1] == sent.badge && frame.arguments[2] == sent.header,
            "K2: {name} was told a wrong badge or header"
        );
        let length = u64::from(nr::header_length(sent.header));
        promise!(
            frame.words == trimmed(&sent.words, length),
            "K8: the message to {name} is not what {} sent",
            image.names[client]
        );
        Ok(())
    }

    /// The task that acted: only results of its own call.
    #[allow(clippy::too_many_arguments, reason = "everything before and after a step")]
    fn check_actor(
        &self,
        image: &Image,
        event: &Event,
        was: &Task<Registers>,
        is: &Task<Registers>,
        task: usize,
        before: &Tasks,
        allowed: u32,
    ) -> Result<(), String> {
        let name = &image.names[task];
        let Some((number, words, arguments, _)) = event.call else {
            promise!(is.frame == was.frame, "K8: registers of {name} changed without a call");
            return Ok(());
        };
        let (old, new) = (&was.frame, &is.frame);
        promise!(
            old.pc == new.pc
                && old.sp == new.sp
                && old.others == new.others
                && new.arguments[3..] == arguments[3..],
            "K8: registers of {name} outside the interface changed"
        );
        if is.fault.is_some() {
            return Ok(());
        }
        let receives = [nr::RECV, nr::RECV_UNTIL, nr::REPLY_RECV].contains(&number);
        if receives && is.state == State::Runnable {
            let [first, _, third, ..] = new.arguments;
            if first == nr::NOTIFIED {
                promise!(
                    third as u32 & !allowed == 0 && new.words == [0; 8],
                    "K2: {name} took bits {third:#x} that nobody posted"
                );
            } else if first != nr::TIMED_OUT {
                self.check_message(image, name, task, new, before)?;
            }
            return Ok(());
        }
        if number == nr::CALL && is.state == State::Runnable {
            // It came back without anybody's reply.
            let late = self.sent[task].as_ref().and_then(|sent| sent.deadline);
            let late = late.is_some_and(|deadline| deadline <= self.now);
            let status = new.arguments[0];
            promise!(
                status == nr::DEAD || late && status == nr::TIMEOUT,
                "K2: the call of {name} came back with {status:#x}"
            );
            promise!(
                new.words == [0; 8] && new.arguments[1] == 0,
                "K8: {name} got words without a reply"
            );
        }
        let gives_words = [nr::KERNEL_OP, nr::SELF_INFO, nr::CALL].contains(&number);
        promise!(
            gives_words || new.words == words || receives,
            "K8: {name} got words from a call that gives none"
        );
        let op = (number == nr::KERNEL_OP).then(|| KernelOp::from_u64(arguments[0])).flatten();
        if op == Some(KernelOp::Dump) && new.arguments[0] == nr::OK {
            // Every byte is one that the target may read; which, says its memory.
            let target = arguments[1] as usize;
            let readable = (0..64).all(|at| {
                let at = arguments[2].wrapping_add(at);
                translate(image, target, at, desc::R).is_ok()
            });
            promise!(readable, "K8: {name} was shown memory that is not its target's");
        }
        Ok(())
    }

    /// Memory: what the actor stored, what it copied by a lease, and nothing else.
    #[allow(clippy::too_many_arguments, reason = "everything before and after a step")]
    fn check_memory(
        &self,
        image: &Image,
        event: &Event,
        before: &Tasks,
        memory: &[u8],
        after: &Tasks,
        kernel: &Kernel<Sim>,
        resets: u32,
    ) -> Result<(), String> {
        let mut expected = memory.to_vec();
        if let Some((at, byte)) = event.stored {
            expected[at as usize] = byte;
        }
        if let (Some(actor), Some((number, _, arguments, lends))) = (event.actor, event.call) {
            let table = super::bench::place(exov6_test_replay::Place::Table);
            for (at, lend) in lends.iter().flatten().enumerate() {
                let physical = translate(image, actor, table + at as u64 * 16, desc::W);
                // The task wrote its table itself, before the call.
                let now = &kernel.arch.memory;
                let at = physical.map_err(|_| "the table is writable")? as usize;
                let _ = lend;
                expected[at..at + 16].copy_from_slice(&now[at..at + 16]);
            }
            let reads = number == nr::LEASE_READ;
            let done = after[actor].fault.is_none() && after[actor].frame.arguments[0] == nr::OK;
            if (reads || number == nr::LEASE_WRITE) && done {
                self.copy(image, &mut expected, actor, reads, arguments, before, after)?;
            }
        }
        if kernel.arch.resets != resets {
            let at = image.tables.header.reset_record as usize;
            let range = at..at + size_of::<ResetRecord>();
            expected[range.clone()].copy_from_slice(&kernel.arch.memory[range]);
        }
        if expected != kernel.arch.memory {
            let at = (0..expected.len()).find(|at| expected[*at] != kernel.arch.memory[*at]);
            let at = at.unwrap_or(0);
            let owner = (at >> 16).checked_sub(1).and_then(|task| image.names.get(task));
            return Err(format!("K1: byte {at:#x} (near {owner:?}) is not what it must be"));
        }
        Ok(())
    }

    /// A lease copy, byte by byte.
    #[allow(clippy::too_many_arguments, reason = "everything before and after a step")]
    fn copy(
        &self,
        image: &Image,
        expected: &mut [u8],
        actor: usize,
        reads: bool,
        arguments: [u64; 5],
        before: &Tasks,
        after: &Tasks,
    ) -> Result<(), String> {
        let [handle, index, offset, address, length] = arguments;
        let lender = nr::caller_index(handle) as usize;
        let sent = self.sent.get(lender).and_then(Option::as_ref);
        let waits = before[lender].state == State::InReply(kernel_index(Some(actor)))
            && before[lender].generation == nr::caller_generation(handle)
            && before[lender].fault.is_none();
        let Some(sent) = sent.filter(|_| waits) else {
            return Err(format!("K7: {} used a lease of nobody", image.names[actor]));
        };
        let lease = usize::try_from(index).ok().and_then(|index| sent.leases.get(index));
        let Some(lease) = lease else {
            return Err(format!("K7: {} used a lease that was not lent", image.names[actor]));
        };
        let right = if reads { nr::LEASE_R } else { nr::LEASE_W };
        promise!(lease.rights & right != 0, "K7: a lease was used against its rights");
        let left = u64::from(lease.length).checked_sub(offset);
        let left = left.ok_or("K7: a lease was used beyond its end")?;
        let count = length.min(left).min(1024);
        promise!(
            after[actor].frame.arguments[1] == count,
            "a lease copy of {count} bytes moved {}",
            after[actor].frame.arguments[1]
        );
        let source = expected.to_vec();
        for at in 0..count {
            let own = address.wrapping_add(at);
            let lent = lease.address.wrapping_add(offset).wrapping_add(at);
            let (own_right, lent_right) =
                if reads { (desc::W, desc::R) } else { (desc::R, desc::W) };
            let own = translate(image, actor, own, own_right);
            let lent = translate(image, lender, lent, lent_right);
            let (Ok(own), Ok(lent)) = (own, lent) else {
                return Err("K1: a lease copy left somebody's memory".into());
            };
            let (to, from) = if reads { (own, lent) } else { (lent, own) };
            expected[to as usize] = source[from as usize];
        }
        Ok(())
    }

    /// The machine itself: resets and exits have a cause.
    #[allow(clippy::too_many_arguments, reason = "one argument a cause")]
    fn check_machine(
        &mut self,
        event: &Event,
        granted: &Granted,
        kernel: &Kernel<Sim>,
        resets: u32,
        after: &Tasks,
        new_fault: bool,
        supervisor: usize,
        image: &Image,
        acted_at: u64,
    ) -> Result<(), String> {
        let now = kernel.arch.now.0;
        if new_fault && self.acknowledge.is_none() {
            // Tasks act before time passes.
            self.acknowledge = Some(acted_at.saturating_add(image.tables.header.ack_us));
        }
        if kernel.arch.resets != resets {
            let asked = granted.global(KernelOp::Reset);
            let died = after[supervisor].fault.is_some();
            let silent = self.acknowledge.is_some_and(|deadline| deadline <= now);
            promise!(asked || died || silent, "K5: the machine was reset for no reason");
        }
        promise!(
            kernel.arch.exited.is_none() || granted.global(KernelOp::Exit),
            "K2: the machine was left without a grant"
        );
        let found_none = event.actor == Some(supervisor)
            && event.call.is_some_and(|c| c.0 == nr::KERNEL_OP && c.2[0] == 1)
            && after[supervisor].frame.arguments[0] == nr::NONE;
        if found_none {
            self.acknowledge = None;
        }
        if self.acknowledge.is_some_and(|deadline| deadline < now) && !found_none {
            promise!(
                kernel.arch.resets != 0,
                "K9: the supervisor was silent and the machine was not reset"
            );
        }
        Ok(())
    }

    /// Forgets what has ended.
    fn forget(&mut self, after: &Tasks) {
        for (task, is) in after.iter().enumerate() {
            if !matches!(is.state, State::InCall(_) | State::InReply(_)) {
                self.sent[task] = None;
            }
            // What is posted and not taken need not be remembered twice.
            self.raised[task] &= !is.posted;
        }
    }
}

fn is_server(state: State) -> crate::task::TaskIndex {
    match state {
        State::InCall(server) | State::InReply(server) => server,
        _ => crate::task::TaskIndex::FIRST,
    }
}

fn kernel_index(task: Option<usize>) -> crate::task::TaskIndex {
    let index = crate::task::TaskIndex::new(task.unwrap_or(0) as u64, 64);
    index.unwrap_or(crate::task::TaskIndex::FIRST)
}

/// What the kernel operation of a step allows.
struct Granted {
    operation: Option<KernelOp>,
    target: u64,
    mask: u64,
}

impl Granted {
    fn new(image: &Image, event: &Event, _count: usize) -> Self {
        let none = Granted { operation: None, target: u64::MAX, mask: 0 };
        let (Some(actor), Some((nr::KERNEL_OP, _, arguments, _))) = (event.actor, event.call)
        else {
            return none;
        };
        let Some(operation) = KernelOp::from_u64(arguments[0]) else { return none };
        let mask = image.tables.tasks[actor].ops[operation as usize];
        Granted { operation: Some(operation), target: arguments[1], mask }
    }

    fn allows(&self, operation: KernelOp, task: usize) -> bool {
        self.operation == Some(operation)
            && self.target == task as u64
            && self.mask & 1 << task != 0
    }

    fn global(&self, operation: KernelOp) -> bool {
        self.operation == Some(operation) && self.mask != 0
    }
}
