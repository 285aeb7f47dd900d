//! Batches: work on many things lets interrupts in, and is done to the end all the same.
//!
//! A [`Crowd`] is a supervisor, a server with six interrupts and eight timers, and nine
//! clients; numbers are ranks.

use crate::arch::sim::{Registers, Sim};
use crate::arch::{IrqId, Ticks};
use crate::deadline::Owner;
use crate::kernel::{Kernel, Storage};
use crate::ranks::Rank;
use crate::task::{State, TaskIndex};
use abi::boot::{ResetReason, ResetRecord};
use abi::desc::{self, Board, Header, Irq, Port, Post, Tables, Task};
use abi::invariant::Invariant;
use abi::kernel_op::{KernelOp, RESTART_START};
use abi::limits::BATCH;
use abi::syscall as nr;
use zerocopy::{FromZeros, IntoBytes};

const SUPERVISOR: u64 = 0;
const SERVER: u64 = 1;
const CLIENTS: std::ops::Range<u64> = 2..11;
const TASKS: u64 = CLIENTS.end;
/// Interrupt and bit of the supervisor.
const ALARM: (u32, u32) = (40, 1 << 8);
/// Interrupts of the server; the first posts bit 0.
const IRQS: std::ops::Range<u32> = 41..47;
const IRQ_BITS: u64 = 0b11_1111;
const TIMERS: u32 = 8;

struct Crowd {
    kernel: Kernel<Sim>,
}

fn index(task: u64) -> TaskIndex {
    TaskIndex::new(task, TASKS as usize).unwrap()
}

impl Crowd {
    fn new() -> Self {
        let mut header = Header::new_zeroed();
        header.magic = desc::MAGIC;
        header.version = desc::VERSION;
        header.tasks = TASKS as u32;
        header.ack_us = 1_000_000;
        header.fault_bits = 1 << 31;
        header.boot_info = 0x100;
        header.boot_record = 0x200;
        header.reset_record = 0x300;
        header.board = Board { timer_irq: 27, ..Board::default() };
        let clients = CLIENTS.count() as u32;
        let tasks: Vec<Task> = (0..TASKS as u32)
            .map(|n| {
                let mut task = Task::new_zeroed();
                task.rank = n;
                task.bits = u32::MAX;
                if n == SUPERVISOR as u32 {
                    task.irq_bits = ALARM.1;
                    task.ops = [u64::MAX; abi::kernel_op::COUNT];
                    task.post_count = 1;
                } else if n == SERVER as u32 {
                    task.irq_bits = IRQ_BITS as u32;
                    task.timer_count = TIMERS;
                    task.client_count = clients + 1;
                } else {
                    task.port_count = 1;
                }
                task
            })
            .collect();
        let port = Port { ops: 0b10, badge: 0, timeout_us: 0, server: SERVER as u32, price: 0 };
        let post = Post { target: SERVER as u32, mask: u32::MAX };
        let mut of_server: Vec<desc::Client> =
            desc::client(SUPERVISOR as u32, &[], &[post], SERVER as u32).into_iter().collect();
        of_server
            .extend(CLIENTS.filter_map(|n| desc::client(n as u32, &[port], &[], SERVER as u32)));
        let mut irqs =
            vec![Irq { number: ALARM.0, owner: SUPERVISOR as u32, bits: ALARM.1, edge: 0 }];
        irqs.extend(IRQS.map(|number| Irq {
            number,
            owner: SERVER as u32,
            bits: 1 << (number - IRQS.start),
            edge: 0,
        }));
        let tables = Tables {
            header: Box::leak(Box::new(header)),
            tasks: tasks.leak(),
            regions: &[],
            ports: vec![port].leak(),
            posts: vec![post].leak(),
            irqs: irqs.leak(),
            clients: of_server.leak(),
        };
        let sim = Sim { memory: vec![0; 0x1000], ..Sim::default() };
        let storage = Box::leak(Box::new(Storage::<Registers>::NEW));
        let mut kernel = Kernel::boot(sim, tables, storage, Ticks(0)).unwrap();
        kernel.dispatch();
        Crowd { kernel }
    }

    fn frame(&mut self, task: u64) -> &mut Registers {
        &mut self.kernel.task_mut(index(task)).frame
    }

    fn running(&self) -> u64 {
        self.kernel.current.unwrap().position() as u64
    }

    /// Carries out a system call of the running task, up to the choice of the next one.
    fn trap(&mut self, task: u64, number: u16, arguments: &[u64]) {
        assert_eq!(self.running(), task);
        let frame = self.frame(task);
        frame.arguments = [0; 5];
        frame.arguments[..arguments.len()].copy_from_slice(arguments);
        frame.pc = 0x1004;
        self.kernel.system_call(number);
    }

    fn dispatch(&mut self) {
        self.kernel.dispatch();
        assert_eq!(self.kernel.check_all(), Ok(()));
    }

    fn call(&mut self, task: u64, number: u16, arguments: &[u64]) {
        self.trap(task, number, arguments);
        self.dispatch();
    }

    /// The supervisor waits for its interrupt, which is let through.
    fn supervisor_waits(&mut self) {
        let bits = u64::from(ALARM.1);
        self.call(SUPERVISOR, nr::IRQ_CONTROL, &[bits, nr::IRQ_ENABLE]);
        self.call(SUPERVISOR, nr::RECV, &[nr::RECV_NOTIFICATIONS, bits]);
    }

    /// The interrupt for the supervisor happens.
    fn alarm(&mut self) {
        self.kernel.arch.pending.insert(IrqId(ALARM.0));
    }

    /// The supervisor is back, and the server has all its interrupts and timers and does
    /// not receive; all clients but the last have called it.
    fn with_waiting_clients() -> Self {
        let mut crowd = Crowd::new();
        crowd.supervisor_waits();
        crowd.call(SERVER, nr::IRQ_CONTROL, &[IRQ_BITS, nr::IRQ_ENABLE]);
        for timer in 0..TIMERS {
            crowd.call(SERVER, nr::TIMER_SET, &[u64::from(timer), 1_000_000, 1 << 20]);
        }
        crowd.call(SERVER, nr::RECV, &[nr::RECV_NOTIFICATIONS, 0]);
        for client in CLIENTS.start..CLIENTS.end - 1 {
            crowd.call(client, nr::CALL, &[0, nr::header(1, 0, 0), 0]);
        }
        crowd.alarm();
        crowd.kernel.interrupt();
        crowd.dispatch();
        assert_eq!(crowd.running(), SUPERVISOR);
        crowd
    }

    fn in_teardown(&self) -> bool {
        self.kernel.task(index(SERVER)).teardown.is_some()
    }

    fn told(&self) -> usize {
        let dead = |&n: &u64| self.kernel.task(index(n)).frame.arguments[0] == nr::DEAD;
        CLIENTS.filter(dead).count()
    }
}

/// Units of work that the restart of the server leaves behind: interrupts, timers, and
/// those who know it, the supervisor among them.
const UNITS: usize = 6 + TIMERS as usize + 9 + 1;

#[test]
fn an_interrupt_gets_in_after_each_batch_of_a_teardown() {
    let mut crowd = Crowd::with_waiting_clients();
    crowd.call(SUPERVISOR, nr::KERNEL_OP, &[KernelOp::Restart as u64, SERVER, RESTART_START]);
    assert_eq!((crowd.running(), crowd.told()), (SUPERVISOR, 0), "nothing is done yet");
    let mut times = 0;
    loop {
        let bits = u64::from(ALARM.1);
        crowd.call(SUPERVISOR, nr::IRQ_CONTROL, &[bits, nr::IRQ_ENABLE]);
        crowd.alarm();
        crowd.call(SUPERVISOR, nr::RECV, &[nr::RECV_NOTIFICATIONS, bits]);
        assert_eq!(crowd.running(), SUPERVISOR, "it is more urgent than what is left");
        times += 1;
        if !crowd.in_teardown() {
            break;
        }
        let left = crowd.kernel.task(index(SERVER)).teardown.unwrap();
        let told = (UNITS - 14) as u32 - left.clients.count_ones();
        let irqs = if left.irq == u16::MAX { 6 } else { u32::from(left.irq) - 1 };
        assert_eq!((irqs + u32::from(left.timer) + told) as usize, times * BATCH, "{left:?}");
    }
    // The batch that finds nothing left to do ends it.
    assert_eq!(times, UNITS / BATCH + 1);
    assert_eq!(crowd.told(), 8, "everyone who waited");
    for irq in IRQS {
        assert!(!crowd.kernel.arch.enabled.contains(&IrqId(irq)));
    }
    for timer in 0..TIMERS {
        let owner = Owner::Timer { rank: Rank::new(SERVER as u32), timer };
        assert_eq!(crowd.kernel.storage.deadlines.get(owner), None);
    }
    crowd.call(SUPERVISOR, nr::RECV, &[nr::RECV_NOTIFICATIONS, 0]);
    assert_eq!(crowd.running(), SERVER, "its new life begins");
}

/// Deadlines reached the comparator only after the whole teardown.
#[test]
fn a_deadline_set_just_before_a_teardown_is_met_within_it() {
    let mut crowd = Crowd::with_waiting_clients();
    crowd.call(SUPERVISOR, nr::KERNEL_OP, &[KernelOp::Restart as u64, SERVER, RESTART_START]);
    crowd.trap(SUPERVISOR, nr::RECV_UNTIL, &[nr::RECV_NOTIFICATIONS, 0, 0, 50]);
    crowd.kernel.arch.now = Ticks(50);
    crowd.dispatch();
    assert_eq!(crowd.running(), SUPERVISOR);
    assert_eq!(crowd.frame(SUPERVISOR).arguments[0], nr::TIMED_OUT);
    assert_eq!(crowd.kernel.task(index(SERVER)).teardown.unwrap().irq as usize, 1 + BATCH);
}

#[test]
fn a_broken_invariant_resets_with_its_number() {
    let mut crowd = Crowd::new();
    crowd.kernel.ready.remove(Rank::new(CLIENTS.start as u32));
    crowd.kernel.dispatch();
    assert_eq!(crowd.kernel.arch.resets, 1);
    let mut record = ResetRecord::default();
    let length = record.as_bytes().len();
    record.as_mut_bytes().copy_from_slice(&crowd.kernel.arch.memory[0x300..0x300 + length]);
    assert!(record.valid());
    assert_eq!(record.reason, ResetReason::BrokenInvariant as u64);
    assert_eq!((record.fault, record.task), (Invariant::ReadySet as u64, SUPERVISOR));
}

#[test]
fn events_of_a_former_life_do_not_reach_the_new_one() {
    let mut crowd = Crowd::with_waiting_clients();
    crowd.call(SUPERVISOR, nr::KERNEL_OP, &[KernelOp::Restart as u64, SERVER, RESTART_START]);
    // Its interrupt and its timers, before anything of it was undone.
    crowd.kernel.arch.pending.insert(IrqId(IRQS.start));
    crowd.kernel.arch.now = Ticks(2_000_000);
    for _ in 0..4 {
        crowd.kernel.interrupt();
        assert_eq!(crowd.kernel.task(index(SERVER)).posted, 0);
    }
    crowd.call(SUPERVISOR, nr::RECV, &[nr::RECV_NOTIFICATIONS, 0]);
    assert_eq!(crowd.running(), SERVER);
    assert_eq!(crowd.kernel.task(index(SERVER)).posted, 0);
}

#[test]
fn who_comes_before_its_turn_is_told_first_and_once() {
    let mut crowd = Crowd::with_waiting_clients();
    crowd.call(SUPERVISOR, nr::KERNEL_OP, &[KernelOp::Restart as u64, SERVER, RESTART_START]);
    crowd.call(SUPERVISOR, nr::POST, &[0, 1]);
    assert_eq!(crowd.frame(SUPERVISOR).arguments[0], nr::DEAD);
    crowd.call(SUPERVISOR, nr::POST, &[0, 2]);
    assert_eq!(crowd.frame(SUPERVISOR).arguments[0], nr::OK);
    assert!(crowd.in_teardown());
    crowd.call(SUPERVISOR, nr::RECV, &[nr::RECV_NOTIFICATIONS, 0]);
    assert_eq!(crowd.running(), SERVER);
    assert_eq!(crowd.kernel.task(index(SERVER)).posted, 2, "what was posted to the new life");
    crowd.call(SERVER, nr::RECV, &[nr::RECV_NOTIFICATIONS, 0]);
    // The one client that did not wait learns it at its next call.
    let last = CLIENTS.end - 1;
    for client in CLIENTS.start..last {
        crowd.call(client, nr::RECV, &[nr::RECV_NOTIFICATIONS, 0]);
    }
    crowd.call(last, nr::CALL, &[0, nr::header(1, 0, 0), 0]);
    assert_eq!(crowd.frame(last).arguments[0], nr::DEAD);
    crowd.trap(last, nr::CALL, &[0, nr::header(1, 0, 0), 0]);
    assert_eq!(crowd.kernel.task(index(last)).state, State::InCall(index(SERVER)));
}

#[test]
fn a_client_that_begins_after_a_restart_has_nothing_to_learn_of_it() {
    let mut crowd = Crowd::with_waiting_clients();
    for task in [SERVER, CLIENTS.start] {
        crowd.call(SUPERVISOR, nr::KERNEL_OP, &[KernelOp::Restart as u64, task, RESTART_START]);
    }
    crowd.call(SUPERVISOR, nr::RECV, &[nr::RECV_NOTIFICATIONS, 0]);
    crowd.call(SERVER, nr::RECV, &[nr::RECV_NOTIFICATIONS, 0]);
    assert_eq!(crowd.running(), CLIENTS.start);
    crowd.call(CLIENTS.start, nr::CALL, &[0, nr::header(1, 0, 0), 0]);
    assert_eq!(crowd.kernel.task(index(CLIENTS.start)).state, State::InCall(index(SERVER)));
}

#[test]
fn a_call_on_many_interrupts_is_made_again_until_it_is_done() {
    let mut crowd = Crowd::new();
    crowd.supervisor_waits();
    crowd.alarm();
    crowd.trap(SERVER, nr::IRQ_CONTROL, &[IRQ_BITS, nr::IRQ_ENABLE]);
    let enabled =
        |crowd: &Crowd| IRQS.filter(|&irq| crowd.kernel.arch.enabled.contains(&IrqId(irq))).count();
    assert_eq!(enabled(&crowd), BATCH);
    let frame = *crowd.frame(SERVER);
    assert_eq!((frame.pc, frame.arguments[..2].to_vec()), (0x1000, vec![IRQ_BITS, nr::IRQ_ENABLE]));
    crowd.kernel.interrupt();
    crowd.dispatch();
    assert_eq!(crowd.running(), SUPERVISOR);
    crowd.call(SUPERVISOR, nr::RECV, &[nr::RECV_NOTIFICATIONS, 0]);
    crowd.call(SERVER, nr::IRQ_CONTROL, &[IRQ_BITS, nr::IRQ_ENABLE]);
    assert_eq!(enabled(&crowd), 6);
    assert_eq!(crowd.frame(SERVER).arguments[0], nr::OK);
    assert_eq!(crowd.frame(SERVER).pc, 0x1004);
    // The next call begins at the beginning.
    crowd.call(SERVER, nr::IRQ_CONTROL, &[IRQ_BITS, 0]);
    assert_eq!(enabled(&crowd), 0);
}

/// The status was written before the work was begun: made again, the operation was another.
#[test]
fn a_repeated_software_interrupt_is_still_one() {
    let mut crowd = Crowd::new();
    let arguments = [KernelOp::SoftwareIrq as u64, SERVER, IRQ_BITS];
    crowd.call(SUPERVISOR, nr::IRQ_CONTROL, &[u64::from(ALARM.1), nr::IRQ_ENABLE]);
    crowd.alarm();
    crowd.trap(SUPERVISOR, nr::KERNEL_OP, &arguments);
    assert_eq!(crowd.frame(SUPERVISOR).pc, 0x1000);
    assert_eq!(crowd.frame(SUPERVISOR).arguments[..3], arguments);
    crowd.kernel.interrupt();
    crowd.dispatch();
    // It goes on where it was: what it has done is not done again.
    crowd.kernel.arch.pending.remove(&IrqId(IRQS.start));
    crowd.call(SUPERVISOR, nr::KERNEL_OP, &arguments);
    assert_eq!(crowd.kernel.arch.pending, IRQS.skip(1).map(IrqId).collect());
    assert_eq!(crowd.frame(SUPERVISOR).arguments[0], nr::OK);
}

#[test]
fn deadlines_that_pass_together_fire_four_at_a_time_the_most_urgent_first() {
    let mut crowd = Crowd::new();
    crowd.call(SUPERVISOR, nr::RECV, &[nr::RECV_NOTIFICATIONS, 0]);
    for timer in 0..TIMERS {
        crowd.call(SERVER, nr::TIMER_SET, &[u64::from(timer), 500, 1 << timer]);
    }
    for client in [SERVER].into_iter().chain(CLIENTS) {
        crowd.call(client, nr::RECV_UNTIL, &[nr::RECV_NOTIFICATIONS, 0, 0, 500]);
        if client == CLIENTS.end - 2 {
            break;
        }
    }
    crowd.kernel.arch.now = Ticks(500);
    let mut left = 8 + 9;
    while left > 0 {
        assert!(crowd.kernel.arch.deadline.is_some_and(|at| at <= Ticks(500)), "{left} left");
        crowd.kernel.interrupt();
        left -= left.min(BATCH);
        let posted = crowd.kernel.task(index(SERVER)).posted.count_ones() as usize;
        assert_eq!(posted, (17 - left).min(8), "{left} left");
    }
    crowd.dispatch();
    assert_eq!(crowd.running(), SERVER);
    assert_eq!(crowd.frame(SERVER).arguments[0], nr::TIMED_OUT);
}
