//! The kernel on the host: rules of the system calls, one test a rule.
//!
//! A [`World`] is three tasks on a simulated machine: `server` (most urgent, the
//! supervisor), `client` and `other`. Tests play the tasks: they put arguments
//! into registers, make a system call, and look at what came back. Every step is
//! followed by [`Kernel::check_all`].

mod batches;
mod bench;
mod dice;
mod numbers;
mod promises;
mod proof;
mod properties;
mod replay;
mod slices;

use crate::arch::sim::{Registers, Sim};
use crate::arch::{IrqId, Ticks};
use crate::kernel::{Kernel, Storage};
use crate::task::{Begin, State, TaskIndex};
use abi::boot::{RESET_MAGIC, ResetReason, ResetRecord};
use abi::desc::{self, Board, Header, Irq, Port, Post, Region, Tables, Task};
use abi::fault::{Access, Fault, FaultKind};
use abi::kernel_op::{KernelOp, STATUS_FAULTED, StateCode};
use abi::syscall as nr;
use zerocopy::{FromZeros, IntoBytes};

const POST: Post = Post { target: 0, mask: 0b11 };
const SERVER: u64 = 0;
const CLIENT: u64 = 1;
const OTHER: u64 = 2;

/// Physical memory of task `n` is `0x10000 * (n + 1)`; its data region is at
/// 0x4000..0x6000 and a read-only one before it, from 0x3000.
fn regions(task: u64) -> Vec<Region> {
    let base = 0x1_0000 * (task + 1);
    let region =
        |start, size, physical, rights, kind| Region { base: start, size, physical, rights, kind };
    vec![
        region(0x1000, 0x1000, base, desc::R | desc::X, desc::KIND_TEXT),
        region(0x3000, 0x1000, base + 0x1000, desc::R, desc::KIND_RODATA),
        region(0x4000, 0x1000, base + 0x4000, desc::R | desc::W, desc::KIND_DATA),
        region(0x5000, 0x1000, base + 0x2000, desc::R | desc::W, desc::KIND_DATA),
        region(0x6000, 0x1000, 0, 0, desc::KIND_GUARD),
        region(0x7000, 0x1000, 0x9000, desc::R | desc::W | desc::DEVICE, desc::KIND_DEVICE),
    ]
}

struct World {
    kernel: Kernel<Sim>,
}

impl World {
    fn new() -> Self {
        let mut header = Header::new_zeroed();
        header.magic = desc::MAGIC;
        header.version = desc::VERSION;
        header.tasks = 3;
        header.fault_bits = 1 << 31;
        header.stop_bits = 1 << 30;
        header.ack_us = 1000;
        header.boot_info = 0x100;
        header.boot_record = 0x200;
        header.reset_record = 0x300;
        header.board = Board { timer_irq: 27, ..Board::default() };
        let all: Vec<Region> = (0..3).flat_map(regions).collect();
        let each = regions(0).len() as u32;
        let task = |n: u32| Task {
            table_root: u64::from(n),
            entry: 0x1000,
            stack_top: 0x6000,
            flags: 0,
            rank: n,
            region_first: n * each,
            region_count: each,
            port_first: n.saturating_sub(1) * 2,
            port_count: if n == 0 { 0 } else { 2 },
            post_first: 0,
            post_count: 1,
            client_first: 0,
            client_count: if n == 0 { 2 } else { 0 },
            timer_count: 2,
            reserved: 0,
            bits: 0xffff_ffff,
            irq_bits: if n == 0 { 4 } else { 0 },
            ops: if n == 0 { [u64::MAX; 11] } else { [0; 11] },
        };
        let port = |badge, timeout_us| Port { ops: 0b110, badge, timeout_us, server: 0, price: 0 };
        let ports = vec![port(7, 0), port(8, 500), port(9, 0), port(10, 0)];
        let tables = Tables {
            header: Box::leak(Box::new(header)),
            tasks: Box::leak(vec![task(0), task(1), task(2)].into_boxed_slice()),
            regions: Box::leak(all.into_boxed_slice()),
            ports: Box::leak(ports.clone().into_boxed_slice()),
            posts: Box::leak(vec![POST].into_boxed_slice()),
            irqs: Box::leak(
                vec![Irq { number: 40, owner: 0, bits: 4, edge: 0 }].into_boxed_slice(),
            ),
            clients: Box::leak(
                (1..3)
                    .filter_map(|n| desc::client(n, &ports[..2], &[POST], 0))
                    .collect::<Vec<_>>()
                    .into_boxed_slice(),
            ),
        };
        let sim = Sim { memory: vec![0; 0x5_0000], ..Sim::default() };
        let storage = Box::leak(Box::new(Storage::<Registers>::NEW));
        let mut kernel = Kernel::boot(sim, tables, storage, Ticks(0)).unwrap();
        kernel.dispatch();
        let world = World { kernel };
        world.check();
        world
    }

    fn check(&self) {
        assert_eq!(self.kernel.check_all(), Ok(()));
    }

    fn index(n: u64) -> TaskIndex {
        TaskIndex::new(n, 3).unwrap()
    }

    fn frame(&mut self, task: u64) -> &mut Registers {
        &mut self.kernel.task_mut(Self::index(task)).frame
    }

    /// The running task makes a system call; `arguments` go into x8….
    fn call(&mut self, task: u64, number: u16, words: [u64; 8], arguments: &[u64]) {
        assert_eq!(self.running(), task, "the task that calls is the one that runs");
        let frame = self.frame(task);
        frame.words = words;
        frame.arguments = [0; 5];
        frame.arguments[..arguments.len()].copy_from_slice(arguments);
        self.kernel.system_call(number);
        self.kernel.dispatch();
        self.check();
    }

    fn running(&self) -> u64 {
        self.kernel.current.unwrap().position() as u64
    }

    fn state(&self, task: u64) -> State {
        self.kernel.task(Self::index(task)).state
    }

    fn fault(&self, task: u64) -> Option<Fault> {
        self.kernel.task(Self::index(task)).fault.map(|record| record.fault)
    }

    fn receive(&mut self, task: u64, mode: u64, mask: u64) {
        self.call(task, nr::RECV, [0; 8], &[mode, mask]);
    }

    /// Both others wait for nothing, so that `client` runs.
    fn with_server_waiting() -> Self {
        let mut world = World::new();
        world.receive(SERVER, nr::RECV_OPEN, 0b11);
        world
    }

    fn advance(&mut self, ticks: u64) {
        self.kernel.arch.now = self.kernel.arch.now.after(Ticks(ticks));
        self.kernel.interrupt();
        self.kernel.dispatch();
        self.check();
    }
}

const WORDS: [u64; 8] = [11, 12, 13, 14, 15, 16, 17, 18];

#[test]
fn a_call_carries_eight_words_and_so_does_its_reply() {
    let mut w = World::with_server_waiting();
    w.call(CLIENT, nr::CALL, WORDS, &[0, nr::header(1, 64, 0), 0]);
    assert_eq!(w.running(), SERVER);
    let frame = *w.frame(SERVER);
    assert_eq!(frame.words, WORDS);
    assert_eq!(frame.arguments[..3], [nr::caller(1, 0), 7, nr::header(1, 64, 0)]);
    w.call(SERVER, nr::REPLY, WORDS, &[nr::caller(1, 0), 5, 12]);
    w.receive(SERVER, nr::RECV_OPEN, 0);
    assert_eq!(w.running(), CLIENT);
    assert_eq!(w.frame(CLIENT).words, [11, 12, 0, 0, 0, 0, 0, 0].map(|w| w & 0xffff_ffff));
    assert_eq!(w.frame(CLIENT).arguments[..2], [5, 12]);
}

#[test]
fn misuse_of_a_port_is_the_callers_fault() {
    for (port, header, kind) in [
        (2, nr::header(1, 0, 0), FaultKind::BadPort),
        (u64::MAX, nr::header(1, 0, 0), FaultKind::BadPort),
        (1 << 32, nr::header(1, 0, 0), FaultKind::BadPort),
        (0, nr::header(0, 0, 0), FaultKind::BadOperation),
        (0, nr::header(3, 0, 0), FaultKind::BadOperation),
        (0, nr::header(65, 0, 0), FaultKind::BadOperation),
        (0, nr::header(1, 65, 0), FaultKind::BadLength),
        (0, nr::header(1, 0, 0) | 1 << 40, FaultKind::BadLength),
        (0, nr::header(1, 0, 9), FaultKind::BadLeaseTable),
    ] {
        let mut w = World::with_server_waiting();
        w.call(CLIENT, nr::CALL, WORDS, &[port, header, 0x4000]);
        assert_eq!(w.fault(CLIENT).map(|fault| fault.kind), Some(kind), "{port} {header:#x}");
        assert!(matches!(w.state(SERVER), State::InRecv { .. } | State::Runnable));
        assert_ne!(w.frame(SERVER).words, WORDS, "nothing arrived");
    }
}

#[test]
fn the_most_urgent_caller_is_received_first() {
    let mut w = World::new();
    w.receive(SERVER, nr::RECV_NOTIFICATIONS, 1);
    w.call(CLIENT, nr::CALL, [1; 8], &[0, nr::header(1, 8, 0), 0]);
    w.call(OTHER, nr::POST, [0; 8], &[0, 1]);
    // The server is back and takes nothing yet; `other` queues up as well.
    w.receive(SERVER, nr::RECV_NOTIFICATIONS, 1);
    w.frame(OTHER).arguments[0] = 0;
    w.call(OTHER, nr::POST, [0; 8], &[0, 1]);
    w.receive(SERVER, nr::RECV_OPEN, 0);
    assert_eq!(w.frame(SERVER).arguments[1], 7, "client is more urgent than other");
}

#[test]
fn notifications_come_before_callers_and_only_masked_ones() {
    let mut w = World::new();
    w.receive(SERVER, nr::RECV_NOTIFICATIONS, 2);
    w.call(CLIENT, nr::POST, [0; 8], &[0, 1]); // not waited for
    w.call(CLIENT, nr::CALL, [1; 8], &[0, nr::header(1, 8, 0), 0]);
    w.call(OTHER, nr::POST, [0; 8], &[0, 2]);
    assert_eq!(w.frame(SERVER).arguments[..3], [nr::NOTIFIED, 0, 2]);
    w.receive(SERVER, nr::RECV_OPEN, 1);
    assert_eq!(w.frame(SERVER).arguments[..3], [nr::NOTIFIED, 0, 1]);
    w.receive(SERVER, nr::RECV_OPEN, 1);
    assert_eq!(w.frame(SERVER).arguments[1], 7);
}

#[test]
fn a_call_times_out_and_the_late_reply_is_ignored() {
    let mut w = World::with_server_waiting();
    w.call(CLIENT, nr::CALL, WORDS, &[1, nr::header(1, 8, 0), 0]);
    w.call(SERVER, nr::RECV_UNTIL, [0; 8], &[1, 1, 0, 10_000]);
    w.advance(499);
    assert_eq!(w.state(CLIENT), State::InReply(World::index(SERVER)));
    w.advance(1);
    assert_eq!(w.running(), CLIENT);
    assert_eq!(w.frame(CLIENT).arguments[..2], [nr::TIMEOUT, 0]);
    w.call(CLIENT, nr::POST, [0; 8], &[0, 1]);
    let before = *w.frame(CLIENT);
    w.call(SERVER, nr::REPLY, WORDS, &[nr::caller(1, 0), 0, 8]);
    assert_eq!(*w.frame(CLIENT), before);
}

#[test]
fn leases_copy_what_was_lent_and_nothing_else() {
    let mut w = World::with_server_waiting();
    let table = [
        nr::LeaseDesc { address: 0x3ff8, length: 16, rights: nr::LEASE_R },
        nr::LeaseDesc { address: 0x4ffc, length: 8, rights: nr::LEASE_W },
    ];
    // Two regions that are not adjacent in physical memory.
    let client = 0x2_0000;
    w.kernel.arch.memory[client + 0x4800..client + 0x4820].copy_from_slice(table.as_bytes());
    w.kernel.arch.memory[client + 0x1ff8..client + 0x2000].copy_from_slice(b"abcdefgh");
    w.kernel.arch.memory[client + 0x4000..client + 0x4008].copy_from_slice(b"ijklmnop");
    w.call(CLIENT, nr::CALL, WORDS, &[0, nr::header(1, 0, 2), 0x4800]);
    assert_eq!(w.running(), SERVER);
    let caller = nr::caller(1, 0);
    w.call(SERVER, nr::LEASE_INFO, [0; 8], &[caller, 1]);
    assert_eq!(w.frame(SERVER).arguments[..3], [0, u64::from(nr::LEASE_W), 8]);
    w.call(SERVER, nr::LEASE_READ, [0; 8], &[caller, 0, 2, 0x4000, 64]);
    assert_eq!(w.frame(SERVER).arguments[..2], [0, 14]);
    assert_eq!(&w.kernel.arch.memory[0x1_4000..0x1_400f], b"cdefghijklmnop\0");
    w.call(SERVER, nr::LEASE_WRITE, [0; 8], &[caller, 1, 0, 0x4000, 8]);
    assert_eq!(&w.kernel.arch.memory[client + 0x4ffc..client + 0x5000], b"cdef");
    assert_eq!(&w.kernel.arch.memory[client + 0x2000..client + 0x2005], b"ghij\0");
    // At the end exactly: nothing to copy, no fault. Beyond: a fault.
    w.call(SERVER, nr::LEASE_READ, [0; 8], &[caller, 0, 16, 0x4000, 1]);
    assert_eq!(w.frame(SERVER).arguments[..2], [0, 0]);
}

#[test]
fn misuse_of_a_lease_is_the_borrowers_fault() {
    for (index, offset, address, number, kind) in [
        (2, 0, 0x4000, nr::LEASE_READ, FaultKind::BadLease),
        (u64::MAX, 0, 0x4000, nr::LEASE_READ, FaultKind::BadLease),
        (0, 9, 0x4000, nr::LEASE_READ, FaultKind::BadLeaseOffset),
        (0, 0, 0x4000, nr::LEASE_WRITE, FaultKind::BadLeaseRight),
        (1, 0, 0x4000, nr::LEASE_READ, FaultKind::BadLeaseRight),
        (0, 0, 0x3000, nr::LEASE_READ, FaultKind::BadSlice),
        (0, 0, 0x7000, nr::LEASE_READ, FaultKind::BadSlice),
        (0, 0, 0x5ffc, nr::LEASE_READ, FaultKind::BadSlice),
        (0, 0, u64::MAX - 2, nr::LEASE_READ, FaultKind::BadSlice),
    ] {
        let mut w = World::with_server_waiting();
        let table = [
            nr::LeaseDesc { address: 0x4000, length: 8, rights: nr::LEASE_R },
            nr::LeaseDesc { address: 0x4000, length: 8, rights: nr::LEASE_W },
        ];
        w.kernel.arch.memory[0x2_4800..0x2_4820].copy_from_slice(table.as_bytes());
        w.call(CLIENT, nr::CALL, WORDS, &[0, nr::header(1, 0, 2), 0x4800]);
        let arguments = [nr::caller(1, 0), index, offset, address, 8];
        let frame = w.frame(SERVER);
        frame.arguments = arguments;
        w.kernel.system_call(number);
        assert_eq!(w.fault(SERVER).map(|fault| fault.kind), Some(kind), "{arguments:x?}");
    }
}

#[test]
fn a_restart_tells_waiting_callers_at_once_and_others_once() {
    let mut w = World::with_server_waiting();
    w.call(CLIENT, nr::CALL, WORDS, &[0, nr::header(1, 8, 0), 0]);
    // The server restarts itself while the client waits for its reply.
    w.call(SERVER, nr::KERNEL_OP, [0; 8], &[KernelOp::Restart as u64, SERVER, 1]);
    assert_eq!(w.frame(SERVER).pc, 0x1000);
    assert_eq!(w.frame(CLIENT).arguments[0], nr::DEAD);
    w.receive(SERVER, nr::RECV_NOTIFICATIONS, 1);
    // The client has learnt it, on every port to the server.
    w.call(CLIENT, nr::CALL, WORDS, &[1, nr::header(1, 8, 0), 0]);
    assert_eq!(w.state(CLIENT), State::InCall(World::index(SERVER)));
    // Another client learns it at its next use, once.
    w.call(OTHER, nr::CALL, WORDS, &[0, nr::header(1, 8, 0), 0]);
    assert_eq!(w.frame(OTHER).arguments[0], nr::DEAD);
    w.call(OTHER, nr::POST, WORDS, &[0, 1]);
    assert_eq!(w.frame(OTHER).arguments[0], nr::DEAD);
    w.call(OTHER, nr::POST, WORDS, &[0, 1]);
    assert_eq!(w.running(), SERVER);
}

/// A task that restarted itself went on with its old FP registers, and lost what it
/// computed next: it was still the current task, so nothing was activated.
#[test]
fn a_task_that_restarts_itself_is_activated_anew() {
    let mut w = World::new();
    w.kernel.arch.active = None;
    w.call(SERVER, nr::KERNEL_OP, [0; 8], &[KernelOp::Restart as u64, SERVER, 1]);
    assert_eq!(w.kernel.arch.forgotten, [World::index(SERVER)]);
    assert_eq!(w.kernel.arch.active, Some(World::index(SERVER)));
}

#[test]
fn a_fault_is_kept_and_the_supervisor_must_look_in_time() {
    let mut w = World::with_server_waiting();
    w.call(CLIENT, 99, [0; 8], &[]);
    assert_eq!(w.fault(CLIENT), Some(Fault::new(FaultKind::BadSyscall, 99)));
    assert_eq!(w.kernel.task(World::index(SERVER)).posted, 1 << 31);
    w.advance(999);
    assert_eq!(w.kernel.arch.resets, 0);
    w.advance(1);
    assert_eq!(w.kernel.arch.resets, 1);
    let mut record = ResetRecord::default();
    record.as_mut_bytes().copy_from_slice(&w.kernel.arch.memory[0x300..0x300 + 72]);
    assert_eq!(record.magic, RESET_MAGIC);
    assert!(record.valid());
    assert_eq!(record.reason, ResetReason::SupervisorSilent as u64);
}

#[test]
fn finding_no_more_faults_is_the_acknowledgement() {
    let mut w = World::new();
    w.receive(SERVER, nr::RECV_NOTIFICATIONS, 1 << 31);
    w.kernel.current = Some(World::index(CLIENT));
    w.kernel.memory_fault(Access::Write, false, 0x6008, 0x92);
    w.kernel.dispatch();
    assert_eq!(w.running(), SERVER);
    assert_eq!(
        w.fault(CLIENT),
        Some(Fault::memory(FaultKind::StackOverflow, Access::Write, 0x6008))
    );
    w.call(SERVER, nr::KERNEL_OP, [0; 8], &[KernelOp::FindFaulted as u64, 0, 0]);
    assert_eq!((w.frame(SERVER).words[0], w.frame(SERVER).arguments[0]), (CLIENT, nr::OK));
    w.call(SERVER, nr::KERNEL_OP, [0; 8], &[KernelOp::Status as u64, CLIENT, 0]);
    let words = w.frame(SERVER).words;
    assert_eq!(words[0], StateCode::Runnable as u64 | STATUS_FAULTED);
    assert_eq!(words[6], 0x92);
    w.call(SERVER, nr::KERNEL_OP, [0; 8], &[KernelOp::FindFaulted as u64, 2, 0]);
    assert_eq!(w.frame(SERVER).arguments[0], nr::NONE);
    w.receive(SERVER, nr::RECV_NOTIFICATIONS, 1);
    w.advance(5000);
    assert_eq!(w.kernel.arch.resets, 0);
}

#[test]
fn a_timer_fires_once_at_its_time_and_can_be_moved_and_cancelled() {
    let mut w = World::new();
    w.call(SERVER, nr::TIMER_SET, [0; 8], &[0, 50, 1]);
    w.call(SERVER, nr::TIMER_SET, [0; 8], &[1, 60, 2]);
    w.call(SERVER, nr::TIMER_SET, [0; 8], &[0, 100, 1]);
    w.receive(SERVER, nr::RECV_NOTIFICATIONS, 3);
    w.advance(59);
    assert_eq!(w.running(), CLIENT);
    w.advance(1);
    assert_eq!(w.frame(SERVER).arguments[..3], [nr::NOTIFIED, 0, 2]);
    w.call(SERVER, nr::TIMER_CANCEL, [0; 8], &[0]);
    w.receive(SERVER, nr::RECV_NOTIFICATIONS, 3);
    w.advance(1000);
    assert_eq!(w.running(), CLIENT);
    // In the past: at once.
    w.call(CLIENT, nr::TIMER_SET, [0; 8], &[0, 0, 1]);
    w.receive(CLIENT, nr::RECV_NOTIFICATIONS, 1);
    assert_eq!(w.frame(CLIENT).arguments[..3], [nr::NOTIFIED, 0, 1]);
}

#[test]
fn an_interrupt_is_masked_until_its_owner_enables_it() {
    let mut w = World::new();
    w.call(SERVER, nr::IRQ_CONTROL, [0; 8], &[4, nr::IRQ_ENABLE]);
    w.receive(SERVER, nr::RECV_NOTIFICATIONS, 4);
    w.kernel.arch.pending.insert(IrqId(40));
    w.advance(0);
    assert_eq!(w.frame(SERVER).arguments[..3], [nr::NOTIFIED, 0, 4]);
    w.kernel.arch.pending.insert(IrqId(40));
    w.call(SERVER, nr::IRQ_STATUS, [0; 8], &[4]);
    assert_eq!(w.frame(SERVER).arguments[0], nr::IRQ_PENDING);
    w.receive(SERVER, nr::RECV_NOTIFICATIONS, 4);
    w.advance(0);
    assert_eq!(w.running(), CLIENT);
}

#[test]
fn a_held_server_keeps_its_callers_waiting_until_it_starts() {
    let mut w = World::with_server_waiting();
    w.kernel.task_mut(World::index(SERVER)).held = true;
    w.call(CLIENT, nr::CALL, WORDS, &[0, nr::header(1, 64, 0), 0]);
    assert_eq!(w.state(CLIENT), State::InCall(World::index(SERVER)));
    // Somebody with the right lets it go: here the kernel's own operation.
    w.kernel.current = Some(World::index(SERVER));
    let frame = w.frame(SERVER);
    frame.arguments = [KernelOp::Start as u64, SERVER, 0, 0, 0];
    w.kernel.system_call(nr::KERNEL_OP);
    w.kernel.dispatch();
    w.check();
    assert_eq!(w.frame(SERVER).words, WORDS);
}

#[test]
fn the_last_generation_ends_a_task_for_good() {
    let mut w = World::new();
    w.receive(SERVER, nr::RECV_NOTIFICATIONS, 1);
    w.kernel.task_mut(World::index(CLIENT)).generation = u32::MAX;
    w.kernel.restart(World::index(CLIENT), Begin::Running);
    w.kernel.dispatch();
    w.check();
    assert_eq!(w.running(), OTHER);
    assert!(w.kernel.task(World::index(CLIENT)).disabled);
}
