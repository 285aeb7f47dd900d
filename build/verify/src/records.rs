//! Records: the kernel's tables in the image, field by field, against the manifest.
//!
//! What every record must say is computed here from the manifest alone; one differing
//! field is one finding, which names the two tasks that it is about.

use crate::blob::{Blob, Counts};
use crate::finding::{Finding, Findings, Place, Statement};
use crate::model::{Model, kind_name, region};
use abi::desc::{self, Board, Client, Header, Irq, Port, Post, Region, Task};
use abi::kernel_op::{COUNT, KernelOp};
use exov6_archive::{Manifest, Task as Stored};
use zerocopy::{Immutable, IntoBytes};

/// What the kernel's tables must be. `Err` is what the archive lacks or contradicts.
pub fn expected(manifest: &Manifest, roots: &[u64]) -> Result<Blob, String> {
    let position = |name: &str| {
        let found = manifest.tasks.iter().position(|task| task.name == name);
        found.map(|at| at as u32).ok_or_else(|| format!("the archive has no task {name}"))
    };
    let bit = |bit: u32| {
        1_u32.checked_shl(bit).ok_or_else(|| format!("the archive has a notification bit {bit}"))
    };
    let mut blob = Blob {
        header: header(manifest, &bit)?,
        tasks: vec![],
        regions: vec![],
        ports: vec![],
        posts: vec![],
        irqs: vec![],
        clients: vec![],
    };
    for (index, task) in manifest.tasks.iter().enumerate() {
        let own = (blob.regions.len(), blob.ports.len(), blob.posts.len());
        for stored in &task.regions {
            let region = region(stored);
            blob.regions.push(region.ok_or_else(|| format!("{} has a strange region", task.name))?);
        }
        for port in &task.ports {
            blob.ports.push(Port {
                ops: port.mask.0,
                badge: port.badge,
                timeout_us: port.timeout_us,
                server: position(&port.server)?,
                price: 0,
            });
        }
        for post in &task.posts {
            blob.posts.push(Post { target: position(&post.task)?, mask: post.mask });
        }
        let mut irq_bits = 0;
        for irq in &task.irqs {
            let (bits, edge) = (bit(irq.bit)?, u32::from(irq.edge));
            irq_bits |= bits;
            blob.irqs.push(Irq { number: irq.number, owner: index as u32, bits, edge });
        }
        let mut bits = 0;
        for notification in &task.notifications {
            bits |= bit(notification.bit)?;
        }
        blob.tasks.push(Task {
            table_root: roots.get(index).copied().unwrap_or(0)
                | u64::from(task.asid & 0xffff) << 48,
            entry: task.entry.0,
            stack_top: task.stack_top.0,
            flags: flags(task),
            rank: task.rank,
            region_first: own.0 as u32,
            region_count: task.regions.len() as u32,
            port_first: own.1 as u32,
            port_count: task.ports.len() as u32,
            post_first: own.2 as u32,
            post_count: task.posts.len() as u32,
            client_first: 0,
            client_count: 0,
            timer_count: task.timers.len() as u32,
            reserved: 0,
            bits,
            irq_bits,
            ops: operations(task, &position)?,
        });
    }
    blob.irqs.sort_by_key(|irq| irq.number);
    for server in 0..blob.tasks.len() {
        let clients = clients(&blob, server as u32);
        if let Some(task) = blob.tasks.get_mut(server) {
            task.client_first = blob.clients.len() as u32;
            task.client_count = clients.len() as u32;
        }
        blob.clients.extend(clients);
    }
    blob.header.regions = blob.regions.len() as u32;
    blob.header.ports = blob.ports.len() as u32;
    blob.header.posts = blob.posts.len() as u32;
    blob.header.irqs = blob.irqs.len() as u32;
    blob.header.clients = blob.clients.len() as u32;
    if Counts::of(&blob.header).possible() {
        Ok(blob)
    } else {
        Err("the archive has more of something than the limits allow".into())
    }
}

fn flags(task: &Stored) -> u32 {
    let flag = |yes: bool, flag| if yes { flag } else { 0 };
    flag(task.fp, desc::TASK_FP)
        | flag(task.held, desc::TASK_HELD)
        | flag(task.thread_pointer, desc::TASK_THREAD_POINTER)
}

fn operations(
    task: &Stored,
    position: &impl Fn(&str) -> Result<u32, String>,
) -> Result<[u64; COUNT], String> {
    let mut masks = [0_u64; COUNT];
    for (name, targets) in &task.kernel {
        let number = KernelOp::ALL.iter().position(|(_, known)| known == name);
        let mask = number.and_then(|number| masks.get_mut(number));
        let mask = mask.ok_or_else(|| format!("{} has an unknown grant {name}", task.name))?;
        for target in targets {
            *mask |= 1_u64.checked_shl(position(target)?).unwrap_or(0);
        }
    }
    Ok(masks)
}

fn header(
    manifest: &Manifest,
    bit: &impl Fn(u32) -> Result<u32, String>,
) -> Result<Header, String> {
    let supervisor = manifest.tasks.get(manifest.supervisor as usize);
    let supervisor = supervisor.ok_or("the archive's supervisor is no task of it")?;
    let implicit = |name: &str| {
        let found = supervisor.notifications.iter().find(|n| n.name == name);
        found.map_or(Err(format!("the archive's supervisor has no bit {name}")), |n| bit(n.bit))
    };
    let id = (0..32).map(|at| {
        manifest.image_id.get(2 * at..2 * at + 2).and_then(|two| u8::from_str_radix(two, 16).ok())
    });
    let id: Option<Vec<u8>> = id.collect();
    let image_id = id.and_then(|id| <[u8; 32]>::try_from(id).ok());
    let machine = &manifest.machine;
    Ok(Header {
        magic: desc::MAGIC,
        version: desc::VERSION,
        tasks: manifest.tasks.len() as u32,
        regions: 0,
        ports: 0,
        posts: 0,
        irqs: 0,
        clients: 0,
        supervisor: manifest.supervisor,
        log: manifest.log.unwrap_or(desc::NO_TASK),
        ack_us: manifest.ack_us,
        fault_bits: implicit("fault")?,
        stop_bits: implicit("stop")?,
        boot_info: manifest.boot_info.0,
        boot_record: manifest.boot_record.0,
        reset_record: manifest.reset_record.0,
        image_id: image_id.ok_or("the archive's image id is not 64 hexadecimal digits")?,
        board: Board {
            gic: manifest.interrupt_controller,
            timer_irq: machine.timer_irq,
            gic_distributor: machine.distributor.0,
            gic_cpu: machine.gic_cpu.0,
            gic_cpu_size: machine.gic_cpu_size.0,
            psci: machine.psci,
            exit: machine.exit,
        },
    })
}

/// Who must learn of a task's restart: whoever has a port or a post grant to it.
pub fn clients(blob: &Blob, server: u32) -> Vec<Client> {
    let mut clients = vec![];
    for (index, task) in blob.tasks.iter().enumerate() {
        let (mut ports, mut posts) = (0, 0);
        for (number, port) in blob.ports_of(task).iter().enumerate().take(64) {
            ports |= u64::from(port.server == server) << number;
        }
        for (number, post) in blob.posts_of(task).iter().enumerate().take(64) {
            posts |= u64::from(post.target == server) << number;
        }
        if index as u32 != server && (ports | posts) != 0 {
            clients.push(Client { ports, posts, task: index as u32, reserved: 0 });
        }
    }
    clients
}

/// A field of a record: its name, its size in bytes, its value.
type Field = (&'static str, usize, u64);

/// Records that can be told apart field by field.
trait Fields: IntoBytes + Immutable {
    /// All fields in order, without gaps.
    fn fields(&self) -> Vec<Field>;
}

macro_rules! fields {
    ($record:ident { $($field:ident),* }) => {
        impl Fields for $record {
            fn fields(&self) -> Vec<Field> {
                vec![$((stringify!($field), size_of_val(&self.$field), self.$field.into())),*]
            }
        }
    };
}
fields!(Region { base, size, physical, rights, kind });
fields!(Port { ops, badge, timeout_us, server, price });
fields!(Post { target, mask });
fields!(Irq { number, owner, bits, edge });
fields!(Client { ports, posts, task, reserved });

impl Fields for Task {
    fn fields(&self) -> Vec<Field> {
        let Task { table_root, entry, stack_top, flags, rank, .. } = *self;
        let Task { region_first, region_count, port_first, port_count, .. } = *self;
        let Task { post_first, post_count, client_first, client_count, .. } = *self;
        let Task { timer_count, reserved, bits, irq_bits, ops, .. } = *self;
        let mut fields =
            vec![("table_root", 8, table_root), ("entry", 8, entry), ("stack_top", 8, stack_top)];
        let small = [
            ("flags", flags),
            ("rank", rank),
            ("region_first", region_first),
            ("region_count", region_count),
            ("port_first", port_first),
            ("port_count", port_count),
            ("post_first", post_first),
            ("post_count", post_count),
            ("client_first", client_first),
            ("client_count", client_count),
            ("timer_count", timer_count),
            ("reserved", reserved),
            ("bits", bits),
            ("irq_bits", irq_bits),
        ];
        fields.extend(small.map(|(name, value)| (name, 4, u64::from(value))));
        fields.extend(KernelOp::ALL.iter().zip(ops).map(|((_, name), mask)| (*name, 8, mask)));
        fields
    }
}

impl Fields for Header {
    fn fields(&self) -> Vec<Field> {
        let word = |name, value: u32| (name, 4, u64::from(value));
        let mut fields = vec![
            word("magic", self.magic),
            word("version", self.version),
            word("tasks", self.tasks),
            word("regions", self.regions),
            word("ports", self.ports),
            word("posts", self.posts),
            word("irqs", self.irqs),
            word("clients", self.clients),
            word("supervisor", self.supervisor),
            word("log", self.log),
            ("ack_us", 8, self.ack_us),
            word("fault_bits", self.fault_bits),
            word("stop_bits", self.stop_bits),
            ("boot_info", 8, self.boot_info),
            ("boot_record", 8, self.boot_record),
            ("reset_record", 8, self.reset_record),
        ];
        let (id, _) = self.image_id.as_chunks::<8>();
        fields.extend(id.iter().map(|part| ("image_id", 8, u64::from_le_bytes(*part))));
        let board = &self.board;
        fields.extend([
            word("board.gic", board.gic),
            word("board.timer_irq", board.timer_irq),
            ("board.gic_distributor", 8, board.gic_distributor),
            ("board.gic_cpu", 8, board.gic_cpu),
            ("board.gic_cpu_size", 8, board.gic_cpu_size),
            word("board.psci", board.psci),
            word("board.exit", board.exit),
        ]);
        fields
    }
}

/// Fields that the kernel does not read.
const UNREAD: [(&str, &str, &str); 4] = [
    ("tasks", "reserved", "`reserved` of a task: read by nobody"),
    ("clients", "reserved", "`reserved` of a client: read by nobody"),
    ("ports", "price", "`price` of a port: calls cost nothing yet"),
    ("guards", "physical", "`physical` of a guard: there is no memory behind it"),
];

/// Why the value of a field changes nothing, if so.
pub fn unread(table: &str, field: &str) -> Option<&'static str> {
    UNREAD.iter().find(|(t, f, _)| (*t, *f) == (table, field)).map(|(_, _, why)| *why)
}

/// Compares the kernel's tables of an image, at a physical address, with what they must be.
pub fn compare(model: &Model, is: &Blob, must: &Blob, at: u64, findings: &mut Findings) {
    let (tasks, regions, ports, posts, irqs, clients, _) = Counts::of(&must.header).places();
    let mut table = Table { model, findings };
    table.compare(
        "header",
        at,
        std::slice::from_ref(&is.header),
        std::slice::from_ref(&must.header),
        |_, _, _| About::new("the kernel"),
    );
    table.compare("tasks", at + tasks as u64, &is.tasks, &must.tasks, |n, _, _| About {
        who: Some(n),
        ..About::new("")
    });
    let holder = |number: usize, range: fn(&Task) -> (u32, u32)| {
        must.tasks.iter().position(|task| {
            let (first, count) = range(task);
            number.checked_sub(first as usize).is_some_and(|at| at < count as usize)
        })
    };
    let of = move |number, range| About { who: holder(number, range), ..About::new("") };
    table.compare("regions", at + regions as u64, &is.regions, &must.regions, |n, is, must| {
        let kind = if must.kind == desc::KIND_GUARD { "guards" } else { "regions" };
        About {
            kind,
            page: Some((must.base, must.physical)),
            physical: (is.physical != must.physical).then_some(is.physical),
            note: format!(" ({} at {:#x})", kind_name(must.kind), must.base),
            ..of(n, |t| (t.region_first, t.region_count))
        }
    });
    table.compare("ports", at + ports as u64, &is.ports, &must.ports, |n, is, must| {
        let more = is.ops & !must.ops;
        let granted = match more {
            0 => String::new(),
            more => format!(", more operations than granted (mask {more:#x})"),
        };
        let leads = model.task_name(is.server as usize);
        let to = model.task_name(must.server as usize);
        let wrong = if is.server == must.server {
            String::new()
        } else {
            format!(", but leads to {leads}")
        };
        About {
            other: vec![must.server, is.server],
            note: format!(" (to {to}{wrong}{granted})"),
            ..of(n, |t| (t.port_first, t.port_count))
        }
    });
    table.compare("posts", at + posts as u64, &is.posts, &must.posts, |n, is, must| About {
        other: vec![must.target, is.target],
        note: format!(" (to {})", model.task_name(must.target as usize)),
        ..of(n, |t| (t.post_first, t.post_count))
    });
    table.compare("irqs", at + irqs as u64, &is.irqs, &must.irqs, |_, is, must| About {
        who: Some(must.owner as usize),
        other: vec![is.owner],
        note: format!(" (interrupt {})", must.number),
        ..About::new("")
    });
    table.compare("clients", at + clients as u64, &is.clients, &must.clients, |n, is, must| {
        About {
            other: vec![must.task, is.task],
            note: format!(" (client {})", model.task_name(must.task as usize)),
            ..of(n, |t| (t.client_first, t.client_count))
        }
    });
}

/// What a record is about.
struct About {
    /// The task whose record it is.
    who: Option<usize>,
    /// Whose else, if no task's.
    name: &'static str,
    /// The tasks that it leads to.
    other: Vec<u32>,
    /// Address and page, of a region.
    page: Option<(u64, u64)>,
    /// The page that it leads to instead.
    physical: Option<u64>,
    /// More about it.
    note: String,
    /// Name in [`UNREAD`], if not the table's.
    kind: &'static str,
}

impl About {
    fn new(name: &'static str) -> About {
        About {
            who: None,
            name,
            other: vec![],
            page: None,
            physical: None,
            note: String::new(),
            kind: "",
        }
    }
}

struct Table<'a> {
    model: &'a Model,
    findings: &'a mut Findings,
}

impl Table<'_> {
    fn compare<T: Fields>(
        &mut self,
        table: &'static str,
        at: u64,
        is: &[T],
        must: &[T],
        about: impl Fn(usize, &T, &T) -> About,
    ) {
        for (number, (is, must)) in is.iter().zip(must).enumerate() {
            if is.as_bytes() == must.as_bytes() {
                continue;
            }
            let about = about(number, is, must);
            let mut physical = at + (number * size_of::<T>()) as u64;
            for ((field, size, value), (_, _, expected)) in
                is.fields().into_iter().zip(must.fields())
            {
                if value != expected {
                    let record = format!("{table}[{number}]");
                    let place = Place::Record { record, field: field.into(), physical, value };
                    self.differ(table, &about, place, field, value, expected);
                }
                physical += size as u64;
            }
        }
    }

    fn differ(
        &mut self,
        table: &str,
        about: &About,
        place: Place,
        field: &str,
        value: u64,
        must: u64,
    ) {
        let model = self.model;
        let who = about.who.map_or(about.name, |task| model.task_name(task));
        let Place::Record { record, .. } = &place else { return };
        let what = about
            .physical
            .map_or(String::new(), |to| format!("; {to:#x} is {}", model.owner(to).1));
        let message = format!(
            "{record} of {who}{}: `{field}` is {value:#x}, and must be {must:#x}{what}",
            about.note
        );
        let others = about.other.iter().map(|task| model.task_name(*task as usize).to_owned());
        let pages = about.page.into_iter().map(|(_, page)| page).chain(about.physical);
        let memory = pages.map(|page| model.owner(page).1.to_owned());
        let owners: Vec<String> =
            std::iter::once(who.to_owned()).chain(others).chain(memory).collect();
        let kind = if about.kind.is_empty() { table } else { about.kind };
        let mut finding = Finding::new(Statement::Records, message).owners(owners).entry(place);
        if let Some((address, page)) = about.page {
            finding = finding.page(address, page);
        }
        finding.harmless = unread(kind, field);
        self.findings.push(finding);
    }
}
