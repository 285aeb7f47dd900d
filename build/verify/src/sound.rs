//! Soundness: what the kernel's tables must be whatever the archive says.
//!
//! These are the rules that the kernel relies on and does not check: ranges of each
//! task's records lie one behind the other, ranks and interrupts are unique, calls go to
//! more urgent tasks, whoever can be restarted knows all its clients.

use crate::blob::Blob;
use crate::descriptor::PAGE;
use crate::finding::{Finding, Findings, Statement};
use crate::model::Model;
use crate::records::{clients, unread};
use abi::desc::{self, Task};
use abi::limits::{MAX_IRQS, MAX_PORTS, MAX_POSTS, MAX_TASKS, MAX_TIMERS};
use std::collections::BTreeMap;

struct Sound<'a> {
    blob: &'a Blob,
    model: &'a Model,
    findings: &'a mut Findings,
}

/// Judges the kernel's tables by themselves.
pub fn judge(blob: &Blob, model: &Model, findings: &mut Findings) {
    let mut sound = Sound { blob, model, findings };
    sound.header();
    sound.ranges();
    for (index, task) in blob.tasks.iter().enumerate() {
        sound.task(index, task);
        sound.calls(index, task);
    }
    sound.interrupts();
}

impl Sound<'_> {
    fn found(&mut self, statement: Statement, message: String, tasks: &[usize]) {
        let names: Vec<String> =
            tasks.iter().map(|task| self.model.task_name(*task).to_owned()).collect();
        self.findings.push(Finding::new(statement, message).owners(names));
    }

    /// A field that must be zero, and that nobody reads.
    fn zero(&mut self, index: usize, table: &str, field: &str, value: u64) {
        if value != 0 {
            let who = self.model.task_name(index).to_owned();
            let message = format!("`{field}` in the {table} of {who} is {value:#x}, and must be 0");
            let finding = Finding::new(Statement::Sound, message).owners([who]);
            self.findings.push(Finding { harmless: unread(table, field), ..finding });
        }
    }

    fn header(&mut self) {
        let header = &self.blob.header;
        let count = self.blob.tasks.len();
        if (header.magic, header.version) != (desc::MAGIC, desc::VERSION) {
            let message = "the kernel's tables have another magic number or version".to_owned();
            self.found(Statement::Sound, message, &[]);
        }
        let supervisor = header.supervisor as usize;
        let Some(task) = self.blob.tasks.get(supervisor) else {
            let message = format!("the supervisor is task {supervisor} of {count}");
            return self.found(Statement::Sound, message, &[]);
        };
        let (fault, stop, bits) = (header.fault_bits, header.stop_bits, task.bits);
        let one = |mask: u32| mask.count_ones() == 1 && bits & mask == mask;
        if !one(fault) || !one(stop) || fault == stop {
            let message = format!(
                "the supervisor is told of faults with {fault:#x} and of the stop with {stop:#x}: they \
                 must be one bit each of its own {bits:#x}"
            );
            self.found(Statement::Sound, message, &[supervisor]);
        }
        if header.log != desc::NO_TASK && header.log as usize >= count {
            let message = format!("the log task is task {} of {count}", header.log);
            self.found(Statement::Sound, message, &[]);
        }
    }

    /// The records of each table belong to the tasks in order, each to one.
    fn ranges(&mut self) {
        type Range = fn(&Task) -> (u32, u32);
        let tables: [(&str, usize, Range); 4] = [
            ("regions", self.blob.regions.len(), |t| (t.region_first, t.region_count)),
            ("ports", self.blob.ports.len(), |t| (t.port_first, t.port_count)),
            ("posts", self.blob.posts.len(), |t| (t.post_first, t.post_count)),
            ("clients", self.blob.clients.len(), |t| (t.client_first, t.client_count)),
        ];
        for (name, length, range) in tables {
            let mut next = 0_u64;
            for (index, task) in self.blob.tasks.iter().enumerate() {
                let (first, count) = range(task);
                if u64::from(first) != next {
                    let who = self.model.task_name(index);
                    let message = format!("{who}'s {name} begin at {first}, and must at {next}");
                    self.found(Statement::Sound, message, &[index]);
                }
                next = u64::from(first) + u64::from(count);
            }
            if next != length as u64 {
                let message = format!("the tasks have {next} {name}, and there are {length}");
                self.found(Statement::Sound, message, &[]);
            }
        }
    }

    fn task(&mut self, index: usize, task: &Task) {
        let who = self.model.task_name(index).to_owned();
        let blob = self.blob;
        let mut wrong = |message: String| self.found(Statement::Sound, message, &[index]);
        let known = desc::TASK_FP | desc::TASK_HELD | desc::TASK_THREAD_POINTER;
        if task.flags & !known != 0 {
            wrong(format!("{who} has flags {:#x}: there are {known:#x}", task.flags));
        }
        if task.rank as usize >= MAX_TASKS {
            wrong(format!("{who} has rank {}, beyond {}", task.rank, MAX_TASKS - 1));
        }
        if task.timer_count as usize > MAX_TIMERS
            || task.port_count as usize > MAX_PORTS
            || task.post_count as usize > MAX_POSTS
        {
            wrong(format!("{who} has more timers, ports or posts than a task may"));
        }
        if task.irq_bits & !task.bits != 0 {
            wrong(format!("{who} has interrupt bits {:#x} beyond its own", task.irq_bits));
        }
        if task.table_root >> 48 != index as u64 + 1 {
            let (asid, must) = (task.table_root >> 48, index + 1);
            wrong(format!("{who} has address space identifier {asid}, and must have {must}"));
        }
        let all = u64::MAX >> (64 - blob.tasks.len().clamp(1, 64));
        if task.ops.iter().any(|mask| mask & !all != 0) {
            wrong(format!("{who} has a kernel grant for a task that is not there"));
        }
        let regions = blob.regions_of(task);
        let within = |at: u64, kind| {
            regions
                .iter()
                .find(|r| r.kind == kind && at.checked_sub(r.base).is_some_and(|at| at < r.size))
        };
        if !task.entry.is_multiple_of(4) || within(task.entry, desc::KIND_TEXT).is_none() {
            wrong(format!("{who} begins at {:#x}, which is not in its text", task.entry));
        }
        match within(task.stack_top.wrapping_sub(1), desc::KIND_DATA) {
            Some(stack) if task.stack_top.is_multiple_of(16) => {
                let below = stack.base.wrapping_sub(PAGE);
                if within(below, desc::KIND_GUARD).is_none() {
                    wrong(format!("{who}'s stack has no guard page at {below:#x}"));
                }
            }
            _ => wrong(format!("{who}'s stack begins at {:#x}, not in its data", task.stack_top)),
        }
        for (other, earlier) in blob.tasks.iter().enumerate().take(index) {
            if earlier.rank == task.rank {
                let name = self.model.task_name(other);
                let message = format!("{name} and {who} both have rank {}", task.rank);
                self.found(Statement::Sound, message, &[other, index]);
            }
        }
    }

    fn calls(&mut self, index: usize, task: &Task) {
        let blob = self.blob;
        let who = self.model.task_name(index).to_owned();
        for (number, port) in blob.ports_of(task).iter().enumerate() {
            let server = port.server as usize;
            let Some(callee) = blob.tasks.get(server) else {
                let message =
                    format!("port {number} of {who} leads to task {server}, which is not there");
                self.found(Statement::Sound, message, &[index]);
                continue;
            };
            let name = self.model.task_name(server).to_owned();
            if callee.rank >= task.rank {
                let message = format!(
                    "port {number} of {who} (rank {}) leads to {name} (rank {}), which is not more \
                     urgent",
                    task.rank, callee.rank
                );
                self.found(Statement::Uphill, message, &[index, server]);
            }
            self.zero(index, "ports", "price", u64::from(port.price));
            if port.ops & 1 != 0 || port.badge != index as u64 + 1 {
                let message = format!(
                    "port {number} of {who} to {name} has operation 0, or a badge that is not \
                     its holder's: {:#x}",
                    port.badge
                );
                self.found(Statement::Sound, message, &[index, server]);
            }
        }
        for (number, post) in blob.posts_of(task).iter().enumerate() {
            let target = post.target as usize;
            let has = blob.tasks.get(target).map_or(0, |task| task.bits & !task.irq_bits);
            if post.mask & !has != 0 || post.mask == 0 {
                let message = format!(
                    "post {number} of {who} may set {:#x} of task {target}, which lets others set {has:#x}",
                    post.mask
                );
                self.found(Statement::Sound, message, &[index]);
            }
        }
        self.zero(index, "tasks", "reserved", u64::from(task.reserved));
        let mut stated = blob.clients_of(task).to_vec();
        for client in &mut stated {
            self.zero(index, "clients", "reserved", u64::from(client.reserved));
            client.reserved = 0;
        }
        if clients(blob, index as u32) != stated {
            let message = format!("{who}'s clients are not those who hold a port or a post to it");
            self.found(Statement::Sound, message, &[index]);
        }
    }

    fn interrupts(&mut self) {
        let mut owners: BTreeMap<u32, usize> = BTreeMap::new();
        let mut before = None;
        if self.blob.irqs.len() > MAX_IRQS {
            self.found(Statement::Sound, format!("more than {MAX_IRQS} interrupts"), &[]);
        }
        let mut bits: BTreeMap<usize, u32> = BTreeMap::new();
        for irq in &self.blob.irqs {
            let (number, owner) = (irq.number, irq.owner as usize);
            if let Some(first) = owners.insert(number, owner) {
                let names = [first, owner].map(|task| self.model.task_name(task).to_owned());
                let message =
                    format!("interrupt {number} has two owners: {} and {}", names[0], names[1]);
                self.found(Statement::IrqOnce, message, &[first, owner]);
            }
            let timer = self.blob.header.board.timer_irq;
            if number == timer || !(16..1020).contains(&number) {
                let message =
                    format!("interrupt {number} is the kernel's, or none that a device has");
                self.found(Statement::IrqOnce, message, &[owner]);
            }
            if before.is_some_and(|before| before > number) {
                let message = format!("interrupt {number} is not in the order of the numbers");
                self.found(Statement::Sound, message, &[owner]);
            }
            before = Some(number);
            let has = self.blob.tasks.get(owner).map_or(0, |task| task.irq_bits);
            let used = bits.entry(owner).or_default();
            if irq.bits.count_ones() != 1
                || irq.bits & !has != 0
                || *used & irq.bits != 0
                || irq.edge > 1
            {
                let message = format!(
                    "interrupt {number} sets {:#x} of task {owner}, which has {has:#x} for interrupts",
                    irq.bits
                );
                self.found(Statement::Sound, message, &[owner]);
            }
            *used |= irq.bits;
        }
        for (index, task) in self.blob.tasks.iter().enumerate() {
            let used = bits.get(&index).copied().unwrap_or(0);
            if used != task.irq_bits {
                let who = self.model.task_name(index);
                let message = format!(
                    "{who} has interrupt bits {:#x}, and interrupts that set {used:#x}",
                    task.irq_bits
                );
                self.found(Statement::Sound, message, &[index]);
            }
        }
    }
}
