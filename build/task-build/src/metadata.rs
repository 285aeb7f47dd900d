//! What a task crate says of itself, and a task model made up from it.
//!
//! ```toml
//! [package.metadata.exov6]
//! serves        = "control.idol"                # the interface it serves
//! ports         = { sense = "sense.idol" }      # what it calls, by port
//! notifications = ["sample"]                    # bits it waits for
//! interrupts    = ["uart-irq"]                  # … those of interrupts
//! timers        = ["release"]                   # timers it arms
//! posts         = { act = ["command"] }         # whom it notifies
//! optional-posts = { console = ["input"] }      # … and whom if there is somebody
//! uses          = ["uart0"]                     # peripherals, `boot-info`
//! summary       = ["loops"]                     # counters it keeps
//! config        = { gain = 3.0 }                # configuration, with example values
//! counters      = false                         # no counts of calls; they are on by default
//! debug-only    = true                          # whether releases must leave the task out
//! heap          = true                          # whether it allocates
//!
//! [package.metadata.exov6.bin.logger]           # the same for one of several binaries,
//! timers        = ["flush"]                     # in place of all of the above
//! ```
//!
//! That these agree with `app.toml` is checked where the image is built. Here they
//! stand in for it: numbers are positions, addresses are made up, and every name
//! that the task may use is there. Names of tasks come from the nearest `app.toml`
//! above the crate, which also says whether this is the supervisor's crate (its
//! bits `fault` and `stop` and its two counters are implicit).

use crate::error::Error;
use crate::interfaces;
use crate::model::{
    Device, Heap, Log, Notification, Port, Post, PostBit, Serves, TaskModel, Timer,
};
use abi::kernel_op::KernelOp;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// Fields of `[package.metadata.exov6]`.
const FIELDS: [&str; 14] = [
    "serves",
    "ports",
    "notifications",
    "interrupts",
    "timers",
    "posts",
    "optional-posts",
    "uses",
    "summary",
    "config",
    "debug-only",
    "heap",
    "bin",
    "counters",
];

/// Counters that every supervisor keeps, before its own.
const SUPERVISOR_SUMMARY: [&str; 2] = ["faults", "restarts"];
/// Bits that every supervisor has, after its own.
const SUPERVISOR_BITS: [&str; 2] = ["fault", "stop"];
/// Where made-up devices begin: the top of a span, as in an image.
const DEVICES: u64 = abi::limits::SPAN - abi::limits::PAGE;

/// Where a made-up heap begins: in the middle of a span.
const HEAP: u64 = abi::limits::SPAN / 2;

/// What a crate declares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// Name of the package.
    pub package: String,
    /// File name of the interface it serves.
    pub serves: Option<String>,
    /// Ports, and file names of their interfaces.
    pub ports: Vec<(String, String)>,
    /// Whether it takes whatever channels app.toml gives it instead (`ports = "*"`).
    pub any_ports: bool,
    /// Notifications, those of interrupts last.
    pub notifications: Vec<String>,
    /// Timers.
    pub timers: Vec<String>,
    /// Targets of posts, and their bits.
    pub posts: Vec<(String, Vec<String>)>,
    /// The same, of posts that an application may leave out.
    pub optional_posts: Vec<(String, Vec<String>)>,
    /// Peripherals.
    pub uses: Vec<String>,
    /// Summary counters.
    pub summary: Vec<String>,
    /// Example configuration.
    pub config: Map<String, Value>,
    /// Whether it allocates.
    pub heap: bool,
    /// Binaries that have metadata of their own.
    pub bins: Vec<String>,
    /// Whether calls are counted; they are unless this says no.
    pub counters: Option<bool>,
}

/// Reads a crate's `Cargo.toml`, for one of its binaries if one is named.
///
/// # Errors
/// If it cannot be read, or says something that is not understood.
pub fn read(manifest: &Path, bin: Option<&str>) -> Result<Metadata, Error> {
    let text = crate::read(manifest)?;
    parse(&manifest.display().to_string(), &text, bin).map_err(|error| error.with_input(manifest))
}

/// Reads the text of a `Cargo.toml`, for one of the crate's binaries if one is named;
/// `file` is how errors name it.
///
/// # Errors
/// If it says something that is not understood.
pub fn parse(file: &str, text: &str, bin: Option<&str>) -> Result<Metadata, Error> {
    let manifest: Value =
        toml::from_str(text).map_err(|error| Error::new(format!("{file}: {}", error.message())))?;
    let package = manifest.get("package");
    let mut metadata = Metadata {
        package: package
            .and_then(|package| package.get("name"))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        ..Metadata::default()
    };
    let Some(ours) = package.and_then(|package| package.get("metadata")?.get("exov6")) else {
        return Ok(metadata);
    };
    let outer = reader(file, ours)?;
    metadata.bins = outer.table("bin")?.map(|(name, _)| name.clone()).collect();
    let own = bin.and_then(|bin| ours.get("bin")?.get(bin));
    let ours = own.unwrap_or(ours);
    let Reader { table, .. } = reader(file, ours)?;
    for key in table.keys() {
        if !FIELDS.contains(&key.as_str()) {
            let near = FIELDS
                .iter()
                .min_by_key(|field| strsim::damerau_levenshtein(key, field))
                .filter(|field| strsim::damerau_levenshtein(key, field) <= 3);
            let help = match (key.as_str(), near) {
                ("devices", _) => "did you mean `uses`?".to_owned(),
                (_, Some(field)) => format!("did you mean `{field}`?"),
                _ => format!("known are {}", FIELDS.join(", ")),
            };
            return Err(Error::new(format!(
                "{file}: [package.metadata.exov6] has no key `{key}`; {help}"
            )));
        }
    }
    let reader = reader(file, ours)?;
    metadata.serves = table.get("serves").map(|value| reader.text("serves", value)).transpose()?;
    metadata.any_ports = table.get("ports").and_then(Value::as_str) == Some("*");
    let ports = if metadata.any_ports { None } else { Some(reader.ports()?) };
    for (name, value) in ports.into_iter().flatten() {
        metadata.ports.push((name.clone(), reader.text(&format!("ports.{name}"), value)?));
    }
    metadata.notifications = reader.list("notifications")?;
    metadata.notifications.extend(reader.interrupts()?);
    metadata.timers = reader.list("timers")?;
    for (name, value) in reader.table("posts")? {
        metadata.posts.push((name.clone(), reader.texts(&format!("posts.{name}"), value)?));
    }
    for (name, value) in reader.table("optional-posts")? {
        let bits = reader.texts(&format!("optional-posts.{name}"), value)?;
        metadata.optional_posts.push((name.clone(), bits));
    }
    metadata.uses = reader.list("uses")?;
    metadata.summary = reader.list("summary")?;
    metadata.heap = match table.get("heap") {
        None => false,
        Some(Value::Bool(heap)) => *heap,
        Some(other) => return Err(reader.wrong("heap", "`true` or `false`", other)),
    };
    metadata.config =
        reader.table("config")?.map(|(name, value)| (name.clone(), value.clone())).collect();
    metadata.counters = match table.get("counters") {
        None => None,
        Some(Value::Bool(counters)) => Some(*counters),
        Some(other) => return Err(reader.wrong("counters", "true or false", other)),
    };
    Ok(metadata)
}

struct Reader<'a> {
    file: &'a str,
    table: &'a Map<String, Value>,
}

fn reader<'a>(file: &'a str, value: &'a Value) -> Result<Reader<'a>, Error> {
    let table = value
        .as_object()
        .ok_or_else(|| Error::new(format!("{file}: `package.metadata.exov6` must be a table")))?;
    Ok(Reader { file, table })
}

impl<'a> Reader<'a> {
    fn wrong(&self, what: &str, wanted: &str, found: &Value) -> Error {
        Error::new(format!(
            "{}: [package.metadata.exov6] `{what}` must be {wanted}, not {found}",
            self.file
        ))
    }

    fn text(&self, what: &str, value: &Value) -> Result<String, Error> {
        value.as_str().map(str::to_owned).ok_or_else(|| self.wrong(what, "a string", value))
    }

    fn texts(&self, what: &str, value: &Value) -> Result<Vec<String>, Error> {
        let items = value.as_array().ok_or_else(|| self.wrong(what, "a list of names", value))?;
        items.iter().map(|item| self.text(what, item)).collect()
    }

    fn list(&self, what: &str) -> Result<Vec<String>, Error> {
        self.table.get(what).map_or(Ok(Vec::new()), |value| self.texts(what, value))
    }

    fn table(&self, what: &str) -> Result<impl Iterator<Item = (&'a String, &'a Value)>, Error> {
        let table = match self.table.get(what) {
            None => None,
            Some(value) => {
                Some(value.as_object().ok_or_else(|| self.wrong(what, "a table", value))?)
            }
        };
        Ok(table.into_iter().flatten())
    }

    /// A table of interfaces; that it may be `"*"` is only for its error to say.
    fn ports(&self) -> Result<impl Iterator<Item = (&'a String, &'a Value)>, Error> {
        let wanted = "a table of interfaces, or \"*\"";
        match self.table.get("ports") {
            Some(value) if !value.is_object() => Err(self.wrong("ports", wanted, value)),
            _ => self.table("ports"),
        }
    }

    /// A list of notification names, or a table from interrupts to them.
    fn interrupts(&self) -> Result<Vec<String>, Error> {
        match self.table.get("interrupts") {
            Some(Value::Object(table)) => {
                table.values().map(|value| self.text("interrupts", value)).collect()
            }
            _ => self.list("interrupts"),
        }
    }
}

/// What the crate's place in the tree tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The nearest `app.toml` above the crate.
    pub app: Option<PathBuf>,
    /// Its tasks, in order.
    pub tasks: Vec<String>,
    /// Whether its supervisor is made from this crate.
    pub supervisor: bool,
}

impl Surroundings {
    /// Looks for an `app.toml` above the crate. One that cannot be read, or is not
    /// finished, tells nothing: `cargo check` of a crate must not depend on it.
    #[must_use]
    pub fn of(directory: &Path, metadata: &Metadata) -> Self {
        let Some(app) =
            directory.ancestors().map(|above| above.join("app.toml")).find(|path| path.is_file())
        else {
            return Surroundings::default();
        };
        let document = std::fs::read_to_string(&app).unwrap_or_default();
        let document: toml::Table = document.parse().unwrap_or_default();
        let tasks = document.get("tasks").and_then(toml::Value::as_table);
        let supervisor = document
            .get("supervisor")
            .and_then(|supervisor| supervisor.get("task")?.as_str())
            .and_then(|name| tasks?.get(name)?.get("crate")?.as_str())
            .is_some_and(|package| package == metadata.package);
        Surroundings {
            app: Some(app),
            tasks: tasks.into_iter().flat_map(|tasks| tasks.keys().cloned()).collect(),
            supervisor,
        }
    }
}

/// A task model with made-up numbers, in which everything that the crate declares
/// has its name.
///
/// # Errors
/// If an interface file is not found.
pub fn stub(
    metadata: &Metadata,
    directory: &Path,
    surroundings: &Surroundings,
) -> Result<TaskModel, Error> {
    let mut notifications = metadata.notifications.clone();
    let first_timer = notifications.len();
    notifications.extend(metadata.timers.iter().cloned());
    let mut summary = Vec::new();
    if surroundings.supervisor {
        for bit in SUPERVISOR_BITS {
            if !notifications.iter().any(|name| name == bit) {
                notifications.push(bit.to_owned());
            }
        }
        summary.extend(SUPERVISOR_SUMMARY.map(str::to_owned));
    }
    summary.extend(metadata.summary.iter().cloned());
    let mut tasks = surroundings.tasks.clone();
    let targets = metadata.posts.iter().map(|(task, _)| task);
    for name in metadata.ports.iter().map(|(port, _)| port).chain(targets) {
        if tasks.is_empty() || surroundings.app.is_none() && !tasks.contains(name) {
            tasks.push(name.clone());
        }
    }
    let ports = numbered(&metadata.ports)
        .map(|(number, (name, file))| {
            let interface = locate(directory, file)?;
            Ok(Port { name: name.clone(), number, server: name.clone(), interface, mask: 0 })
        })
        .collect::<Result<_, Error>>()?;
    let mut posts: Vec<Post> = numbered(&metadata.posts)
        .map(|(number, (task, bits))| Post {
            task: task.clone(),
            number,
            bits: (0..)
                .zip(bits)
                .map(|(bit, name)| PostBit {
                    name: name.clone(),
                    mask: 1_u32.checked_shl(bit).unwrap_or(0),
                })
                .collect(),
        })
        .collect();
    add_optional_posts(&mut posts, &metadata.optional_posts);
    let serves = match &metadata.serves {
        Some(file) => Some(Serves { interface: locate(directory, file)?, clients: Vec::new() }),
        None => None,
    };
    Ok(TaskModel {
        format: crate::model::FORMAT.to_owned(),
        app: "no image".to_owned(),
        task: metadata.package.clone(),
        tasks,
        serves,
        ports,
        notifications: numbered(&notifications)
            .map(|(bit, name)| Notification { name: name.clone(), bit })
            .collect(),
        timers: numbered(&metadata.timers)
            .zip(first_timer..)
            .map(|((number, name), bit)| Timer {
                name: name.clone(),
                number,
                bit: u8::try_from(bit).unwrap_or(u8::MAX),
            })
            .collect(),
        posts,
        devices: numbered(&metadata.uses)
            .map(|(i, name)| Device {
                name: name.clone(),
                // A page each, with an unmapped one between.
                address: DEVICES - 2 * u64::from(i) * abi::limits::PAGE,
                size: abi::limits::PAGE,
            })
            .collect(),
        summary,
        any_ports: metadata.any_ports,
        heap: metadata.heap.then_some(Heap { address: HEAP, size: abi::limits::PAGE }),
        log: Log::default(),
        kernel: KernelOp::ALL.iter().map(|(_, name)| (*name).to_owned()).collect(),
        config: metadata.config.clone(),
        ..TaskModel::default()
    })
}

/// Adds what a crate may post and this application does not grant: with no bits, which
/// `userlib::post` leaves alone.
pub(crate) fn add_optional_posts(posts: &mut Vec<Post>, optional: &[(String, Vec<String>)]) {
    for (task, bits) in optional {
        let known = posts.iter().position(|post| post.task == *task).unwrap_or_else(|| {
            posts.push(Post { task: task.clone(), number: 0, bits: Vec::new() });
            posts.len() - 1
        });
        for name in bits {
            let granted = &mut posts[known].bits;
            if granted.iter().all(|bit| bit.name != *name) {
                granted.push(PostBit { name: name.clone(), mask: 0 });
            }
        }
    }
}

/// Pairs with numbers from 0; what exceeds a byte is beyond every limit anyway.
fn numbered<T>(items: &[T]) -> impl Iterator<Item = (u8, &T)> {
    (0..=u8::MAX).zip(items)
}

fn locate(directory: &Path, file: &str) -> Result<PathBuf, Error> {
    interfaces::find(directory, file).map_err(|tried| {
        let tried: Vec<String> = tried.iter().map(|path| path.display().to_string()).collect();
        Error::new(format!("there is no interface file `{file}`; looked for {}", tried.join(", ")))
    })
}
