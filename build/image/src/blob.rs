//! Blob: the kernel's tables (`abi::desc`), as bytes.

use crate::place::LinkedTask;
use crate::place::Placement;
use abi::desc::{self, Board, Client, Header, Irq, Port, Post, Task};
use exov6_config::Linked;
use exov6_config::model::Model;
use zerocopy::IntoBytes;

/// Bytes of the blob for a model; does not depend on any address.
#[must_use]
pub fn size(model: &Model, regions: usize) -> u64 {
    let count = |n: usize, each: usize| (n * each) as u64;
    let tasks = &model.tasks;
    size_of::<Header>() as u64
        + count(tasks.len(), size_of::<Task>())
        + count(regions, size_of::<desc::Region>())
        + count(tasks.iter().map(|t| t.ports.len()).sum(), size_of::<Port>())
        + count(tasks.iter().map(|t| t.posts.len()).sum(), size_of::<Post>())
        + count(tasks.iter().map(|t| t.interrupts.len()).sum(), size_of::<Irq>())
        + count(tasks.iter().map(|t| clients(model, t.index).count()).sum(), size_of::<Client>())
}

/// Offset of the image id in the blob.
pub const IMAGE_ID: usize = std::mem::offset_of!(Header, image_id);

/// Writes the blob; the image id is zero. `roots` are the tasks' table roots.
#[must_use]
pub fn write(
    model: &Model,
    linked: &Linked,
    programs: &[LinkedTask],
    placement: &Placement,
    roots: &[u64],
) -> Vec<u8> {
    let mut tasks = vec![];
    let mut regions = vec![];
    let mut ports = vec![];
    let mut posts = vec![];
    let mut irqs = vec![];
    for (index, task) in model.tasks.iter().enumerate() {
        let own: Vec<desc::Region> = placement.regions[index].iter().map(|r| r.desc).collect();
        let mut flags = 0;
        flags |= if task.fp { desc::TASK_FP } else { 0 };
        flags |= if task.thread_pointer { desc::TASK_THREAD_POINTER } else { 0 };
        flags |= if task.held { desc::TASK_HELD } else { 0 };
        tasks.push(Task {
            table_root: roots[index] | (index as u64 + 1) << 48,
            entry: programs[index].program.entry,
            stack_top: programs[index].stack.1,
            flags,
            rank: task.rank,
            region_first: regions.len() as u32,
            region_count: own.len() as u32,
            port_first: ports.len() as u32,
            port_count: task.ports.len() as u32,
            post_first: posts.len() as u32,
            post_count: task.posts.len() as u32,
            client_first: 0,
            client_count: 0,
            timer_count: task.timers.len() as u32,
            reserved: 0,
            bits: task.bits(),
            irq_bits: task.irq_bits(),
            ops: task.kernel_ops,
        });
        regions.extend(own);
        ports.extend(task.ports.iter().enumerate().map(|(number, port)| Port {
            ops: linked.tasks[index].ports[number].mask,
            badge: port.badge,
            timeout_us: port.timeout_us,
            server: port.server as u32,
            price: 0,
        }));
        posts.extend(
            task.posts.iter().map(|post| Post { target: post.target as u32, mask: post.mask }),
        );
        irqs.extend(task.interrupts.iter().map(|interrupt| Irq {
            number: interrupt.intid,
            owner: index as u32,
            bits: 1 << interrupt.bit,
            edge: u32::from(interrupt.edge),
        }));
    }
    irqs.sort_by_key(|irq| irq.number);
    let mut of_all = vec![];
    for (index, task) in tasks.iter_mut().enumerate() {
        let own: Vec<Client> = clients(model, index).collect();
        task.client_first = of_all.len() as u32;
        task.client_count = own.len() as u32;
        of_all.extend(own);
    }
    let supervisor = &model.supervisor;
    let header = Header {
        magic: desc::MAGIC,
        version: desc::VERSION,
        tasks: tasks.len() as u32,
        regions: regions.len() as u32,
        ports: ports.len() as u32,
        posts: posts.len() as u32,
        irqs: irqs.len() as u32,
        clients: of_all.len() as u32,
        supervisor: supervisor.task as u32,
        log: model.log.map_or(desc::NO_TASK, |log| log.task as u32),
        ack_us: supervisor.ack_us,
        fault_bits: 1 << supervisor.fault_bit,
        stop_bits: 1 << supervisor.stop_bit,
        boot_info: placement.shared.boot_info,
        boot_record: placement.shared.boot_record,
        reset_record: placement.shared.reset_record,
        image_id: [0; 32],
        board: Board {
            gic: model.chip.gic.version,
            timer_irq: model.chip.timer_irq,
            gic_distributor: model.chip.gic.distributor.address,
            gic_cpu: model.chip.gic.cpu.address,
            gic_cpu_size: model.chip.gic.cpu.size,
            psci: model.board.psci.number(),
            exit: model.board.exit.number(),
        },
    };
    [
        header.as_bytes(),
        tasks.as_bytes(),
        regions.as_bytes(),
        ports.as_bytes(),
        posts.as_bytes(),
        irqs.as_bytes(),
        of_all.as_bytes(),
    ]
    .concat()
}

/// Who must learn of the restart of a task.
fn clients(model: &Model, server: usize) -> impl Iterator<Item = Client> + '_ {
    model.tasks.iter().filter_map(move |task| {
        let ports: Vec<Port> = task
            .ports
            .iter()
            .map(|port| Port {
                ops: 0,
                badge: 0,
                timeout_us: 0,
                server: port.server as u32,
                price: 0,
            })
            .collect();
        let posts: Vec<Post> = task
            .posts
            .iter()
            .map(|post| Post { target: post.target as u32, mask: post.mask })
            .collect();
        desc::client(task.index as u32, &ports, &posts, server as u32)
    })
}
