//! Task model: the part of a checked system that concerns one task.
//!
//! The build tools write it as JSON, format `exov6-task-model/1`; addresses are
//! virtual, in the task's span. Fields that are not read here may be there.

use crate::error::Error;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::PathBuf;

/// The `format` that this version reads.
pub const FORMAT: &str = "exov6-task-model/1";

/// What a task is given.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct TaskModel {
    /// [`FORMAT`].
    pub format: String,
    /// Name of the application.
    pub app: String,
    /// Name of the task.
    pub task: String,
    /// Index of the task.
    pub index: u32,
    /// Linker script to link the task with.
    pub linker_script: PathBuf,
    /// Names of all tasks, in index order.
    pub tasks: Vec<String>,
    /// What the task serves.
    pub serves: Option<Serves>,
    /// What it may call.
    pub ports: Vec<Port>,
    /// Its notification bits.
    pub notifications: Vec<Notification>,
    /// Its timers.
    pub timers: Vec<Timer>,
    /// Whom it may notify.
    pub posts: Vec<Post>,
    /// Its peripherals and pages of boot information.
    pub devices: Vec<Device>,
    /// Names of its summary counters.
    pub summary: Vec<String>,
    /// The binary of the crate that it is, if the build could see them.
    #[serde(default)]
    pub bin: Option<String>,
    /// Its heap.
    #[serde(default)]
    pub heap: Option<Heap>,
    /// Its log ring.
    pub log: Log,
    /// In the log task, all rings.
    #[serde(default)]
    pub rings: Vec<Ring>,
    /// In the log task, address of the boot record.
    pub boot_record: Option<u64>,
    /// In the supervisor, the rules for all tasks.
    #[serde(default)]
    pub restart: Vec<Restart>,
    /// Names of the kernel operations that it is granted.
    #[serde(default)]
    pub kernel: Vec<String>,
    /// Its configuration.
    #[serde(default)]
    pub config: Map<String, Value>,
    /// Whether its crate takes whatever ports there are: then they are listed with the
    /// operations that they permit, and their interfaces are not generated. Not in the
    /// file: the crate says so.
    #[serde(skip)]
    pub any_ports: bool,
}

/// An interface that the task serves.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Serves {
    /// Path of the `.idol` file.
    pub interface: PathBuf,
    /// Who calls it.
    #[serde(default)]
    pub clients: Vec<Client>,
}

/// A caller of the task.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Client {
    /// Name of the calling task.
    pub task: String,
    /// Badge of its port.
    pub badge: u64,
}

/// A port.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Port {
    /// Name in the task's table of channels.
    pub name: String,
    /// Number, 0–63.
    pub number: u8,
    /// Name of the server.
    pub server: String,
    /// Path of the `.idol` file.
    pub interface: PathBuf,
    /// Permitted operations: bit *n* is operation *n*.
    #[serde(default)]
    pub mask: u64,
}

/// A notification.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Notification {
    /// Name.
    pub name: String,
    /// Bit number, 0–31.
    pub bit: u8,
}

/// A timer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Timer {
    /// Name, also of its notification.
    pub name: String,
    /// Number, 0–7.
    pub number: u8,
    /// Bit number of its notification.
    pub bit: u8,
}

/// A post grant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Post {
    /// Name of the target.
    pub task: String,
    /// Number, 0–63.
    pub number: u8,
    /// The target's bits that may be set.
    pub bits: Vec<PostBit>,
}

/// A bit of a post grant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PostBit {
    /// Name of the target's notification.
    pub name: String,
    /// Its mask among the target's bits.
    pub mask: u32,
}

/// A mapped device.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Device {
    /// Name of the peripheral, or `boot-info`.
    pub name: String,
    /// First byte.
    pub address: u64,
    /// Length in bytes.
    pub size: u64,
}

/// A task's heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Heap {
    /// First byte.
    pub address: u64,
    /// Length in bytes.
    pub size: u64,
}

/// The task's own log ring.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Log {
    /// First byte; none without a log.
    pub ring: Option<u64>,
    /// Length in bytes.
    pub size: Option<u64>,
    /// Post grant for the log task; none in the log task itself.
    pub post: Option<u8>,
    /// The log task's bits to set.
    pub mask: Option<u32>,
}

/// A task's log ring, as mapped in the log task.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Ring {
    /// Name of the task that writes it.
    pub task: String,
    /// First byte.
    pub address: u64,
    /// Length in bytes.
    pub size: u64,
    /// Number of summary counters.
    #[serde(default)]
    pub summary: u8,
}

/// What the supervisor does when a task faults.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Restart {
    /// Name of the task.
    pub task: String,
    /// Whether to restart it.
    pub policy: Policy,
    /// A shorter life is followed by a delay.
    pub min_interval_ms: u32,
    /// Most restarts a second.
    pub max_per_s: u32,
}

/// Whether a faulted task is restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// It is.
    Always,
    /// It is left as it is.
    Never,
}

impl TaskModel {
    /// Reads a task model; `file` is how errors name it.
    ///
    /// # Errors
    /// If it is no task model, or of another format.
    pub fn from_json(file: &str, text: &str) -> Result<Self, Error> {
        let value: Value = serde_json::from_str(text)
            .map_err(|error| Error::new(format!("{file}: no JSON: {error}")))?;
        match value.get("format").and_then(Value::as_str) {
            Some(FORMAT) => {}
            Some(other) => {
                return Err(Error::new(format!(
                    "{file}: format `{other}`, but this build script reads `{FORMAT}`; \
                     build the image with the same version of exov6"
                )));
            }
            None => return Err(Error::new(format!("{file}: no task model: `format` is missing"))),
        }
        serde_json::from_value(value)
            .map_err(|error| Error::new(format!("{file}: no task model: {error}")))
    }
}
