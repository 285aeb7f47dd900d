//! Blob: the kernel's tables (`abi::desc`), read record by record.
//!
//! The kernel's own reader refuses a blob as a whole. This one reads as many records as
//! it is told, so that a damaged count is one finding and not the end.

use abi::desc::{Client, Header, Irq, MAGIC, Port, Post, Region, Task, VERSION};
use abi::limits::{MAX_IRQS, MAX_PORTS, MAX_POSTS, MAX_TASKS};
use zerocopy::FromBytes;

/// How many records of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tasks.
    pub tasks: usize,
    /// Regions of all tasks.
    pub regions: usize,
    /// Ports of all tasks.
    pub ports: usize,
    /// Post grants of all tasks.
    pub posts: usize,
    /// Interrupts.
    pub irqs: usize,
    /// Clients of all tasks.
    pub clients: usize,
}

impl Counts {
    /// Those that a header states.
    #[must_use]
    pub fn of(header: &Header) -> Counts {
        Counts {
            tasks: header.tasks as usize,
            regions: header.regions as usize,
            ports: header.ports as usize,
            posts: header.posts as usize,
            irqs: header.irqs as usize,
            clients: header.clients as usize,
        }
    }

    /// Bytes of a blob with so many.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.places().6
    }

    /// Offsets of the six tables, and the end.
    #[must_use]
    pub fn places(&self) -> (usize, usize, usize, usize, usize, usize, usize) {
        let tasks = size_of::<Header>();
        let regions = tasks + self.tasks * size_of::<Task>();
        let ports = regions + self.regions * size_of::<Region>();
        let posts = ports + self.ports * size_of::<Port>();
        let irqs = posts + self.posts * size_of::<Post>();
        let clients = irqs + self.irqs * size_of::<Irq>();
        let end = clients + self.clients * size_of::<Client>();
        (tasks, regions, ports, posts, irqs, clients, end)
    }

    /// Whether an image may have so many.
    #[must_use]
    pub fn possible(&self) -> bool {
        let Counts { tasks, regions, ports, posts, irqs, clients } = *self;
        (1..=MAX_TASKS).contains(&tasks)
            && regions <= tasks * 1024
            && ports <= tasks * MAX_PORTS
            && posts <= tasks * MAX_POSTS
            && irqs <= MAX_IRQS
            && clients <= tasks * MAX_TASKS
    }
}

/// The kernel's tables, copied out of the image.
#[derive(Clone, Debug)]
pub struct Blob {
    /// Fixed part.
    pub header: Header,
    /// Tasks.
    pub tasks: Vec<Task>,
    /// Regions of all tasks.
    pub regions: Vec<Region>,
    /// Ports of all tasks.
    pub ports: Vec<Port>,
    /// Post grants of all tasks.
    pub posts: Vec<Post>,
    /// Interrupts.
    pub irqs: Vec<Irq>,
    /// Clients of all tasks.
    pub clients: Vec<Client>,
}

fn records<T: FromBytes>(bytes: &[u8], at: usize, count: usize) -> Option<Vec<T>> {
    let size = size_of::<T>();
    let bytes = bytes.get(at..at.checked_add(count.checked_mul(size)?)?)?;
    bytes.chunks_exact(size).map(|record| T::read_from_bytes(record).ok()).collect()
}

impl Blob {
    /// The header at the start of some bytes.
    #[must_use]
    pub fn header(bytes: &[u8]) -> Option<Header> {
        Header::read_from_prefix(bytes).ok().map(|(header, _)| header)
    }

    /// Reads so many records; `None` if the bytes end before.
    #[must_use]
    pub fn read(bytes: &[u8], counts: &Counts) -> Option<Blob> {
        let (tasks, regions, ports, posts, irqs, clients, _) = counts.places();
        Some(Blob {
            header: Self::header(bytes)?,
            tasks: records(bytes, tasks, counts.tasks)?,
            regions: records(bytes, regions, counts.regions)?,
            ports: records(bytes, ports, counts.ports)?,
            posts: records(bytes, posts, counts.posts)?,
            irqs: records(bytes, irqs, counts.irqs)?,
            clients: records(bytes, clients, counts.clients)?,
        })
    }

    /// Looks for the one blob of an image: its offset.
    #[must_use]
    pub fn find(image: &[u8]) -> Option<usize> {
        let fits = |at: &usize| {
            let Some(bytes) = image.get(*at..) else { return false };
            if !bytes.starts_with(&MAGIC.to_le_bytes()) {
                return false;
            }
            Self::header(bytes).is_some_and(|header| {
                let counts = Counts::of(&header);
                (header.magic, header.version) == (MAGIC, VERSION)
                    && counts.possible()
                    && counts.bytes() <= bytes.len()
            })
        };
        let mut found = (0..image.len()).step_by(8).filter(fits);
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// The regions of a task; empty if its range is not one.
    #[must_use]
    pub fn regions_of(&self, task: &Task) -> &[Region] {
        part(&self.regions, task.region_first, task.region_count)
    }

    /// The ports of a task; empty if its range is not one.
    #[must_use]
    pub fn ports_of(&self, task: &Task) -> &[Port] {
        part(&self.ports, task.port_first, task.port_count)
    }

    /// The post grants of a task; empty if its range is not one.
    #[must_use]
    pub fn posts_of(&self, task: &Task) -> &[Post] {
        part(&self.posts, task.post_first, task.post_count)
    }

    /// The clients of a task; empty if its range is not one.
    #[must_use]
    pub fn clients_of(&self, task: &Task) -> &[Client] {
        part(&self.clients, task.client_first, task.client_count)
    }
}

fn part<T>(all: &[T], first: u32, count: u32) -> &[T] {
    let first = first as usize;
    first.checked_add(count as usize).and_then(|end| all.get(first..end)).unwrap_or(&[])
}
