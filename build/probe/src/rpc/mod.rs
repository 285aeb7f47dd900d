//! Calls from a debugger: through the rpc agent of an image.
//!
//! ```text
//!   PORT.OPERATION name=value …
//!        │ archive: port, interface, types          plan.rs
//!        ▼
//!   Plan: request, what to lend, how to read the reply
//!        │ mailbox: request, bell, wait for the reply    mod.rs
//!        ▼
//!   Called: value, error, death, refusal             called.rs
//! ```
//!
//! What may be called is what `app.toml` grants the agent ([`agent::Agent`]); a wrong name
//! is answered with those that exist. Nothing here waits longer than it is told to.

pub mod agent;
mod called;
mod plan;

pub use agent::{Agent, Port};
pub use called::{Called, Ended};
pub use plan::{LeaseInput, Plan};

use crate::memory::{self, Memory};
use crate::types::Dwarf;
use abi::boot::{BOOT_MAGIC, BootRecord};
use exov6_archive::Archive;
use exov6_rpc::layout::{BELL, CALLING, DATA, MAGIC, REQUEST, STATUS_BYTES, VERSION};
use exov6_rpc::{Outcome, Reply, Request, Status};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use zerocopy::FromBytes;

/// How often an operation that may be repeated is tried when its server died, in all: as
/// generated clients do.
pub const ATTEMPTS: u32 = 5;
/// Longest pause between two looks at the mailbox.
const PAUSE: Duration = Duration::from_millis(20);

/// Why a call was not made, or nobody knows what came of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The archive has no agent.
    #[error("{image} has no rpc agent; a task with `crate = \"task-rpc-agent\"` is one")]
    NoAgent {
        /// The image.
        image: String,
    },
    /// The archive has several agents, and none was named.
    #[error("{image} has several rpc agents; name one of {}", names.join(", "))]
    SeveralAgents {
        /// The image.
        image: String,
        /// The agents.
        names: Vec<String>,
    },
    /// The named task is no agent.
    #[error("`{name}` is no rpc agent of {image}; it has {}", names.join(", "))]
    NotAnAgent {
        /// The image.
        image: String,
        /// The name.
        name: String,
        /// The agents.
        names: Vec<String>,
    },
    /// The archive contradicts itself.
    #[error("the archive of {image} cannot be used: {what}")]
    Archive {
        /// The image.
        image: String,
        /// What is wrong.
        what: String,
    },
    /// Not `PORT.OPERATION`.
    #[error("`{0}` is not PORT.OPERATION, such as `store.read`")]
    NotACall(String),
    /// The agent has no such port.
    #[error("`{agent}` has no port `{port}`; it has {}", names.join(", "))]
    NoPort {
        /// The agent.
        agent: String,
        /// The name.
        port: String,
        /// Its ports.
        names: Vec<String>,
    },
    /// The interface has no such operation.
    #[error("`{server}` has no operation `{operation}`; port `{port}` may do: {}", names.join(", "))]
    NoOperation {
        /// The port.
        port: String,
        /// Its server.
        server: String,
        /// The name.
        operation: String,
        /// The permitted ones.
        names: Vec<String>,
    },
    /// The operation exists, and is not granted.
    #[error(
        "app.toml does not grant `{operation}` of `{server}` to `{agent}`; port `{port}` may do: {}",
        names.join(", ")
    )]
    NotGranted {
        /// The agent.
        agent: String,
        /// The port.
        port: String,
        /// Its server.
        server: String,
        /// The operation.
        operation: String,
        /// The permitted ones.
        names: Vec<String>,
    },
    /// An argument or a lease is wrong.
    #[error("{call}: {what}")]
    Argument {
        /// The call.
        call: String,
        /// What is wrong.
        what: String,
    },
    /// The target's memory cannot be used.
    #[error(transparent)]
    Memory(#[from] memory::Error),
    /// The target runs something else.
    #[error("the target runs image {found:016x}, and the archive is that of {expected:016x}")]
    OtherImage {
        /// First eight bytes of the running image's id.
        found: u64,
        /// Those of the archive's.
        expected: u64,
    },
    /// The image has not come so far.
    #[error("`{agent}` did not start within {} ms: is the target running?", after.as_millis())]
    NotStarted {
        /// The agent.
        agent: String,
        /// How long was waited.
        after: Duration,
    },
    /// Another mailbox than this crate knows.
    #[error("the mailbox of `{agent}` has version {found}; this program knows {VERSION}")]
    OtherVersion {
        /// The agent.
        agent: String,
        /// Its version.
        found: u32,
    },
    /// The agent still makes a call that somebody else asked for.
    #[error(
        "`{agent}` still waits for the answer to an earlier request, through port {port}; \
         restarting the server or the agent ends that"
    )]
    Busy {
        /// The agent.
        agent: String,
        /// The port.
        port: String,
    },
    /// The server does not answer.
    #[error(
        "`{server}` has not answered within {} ms; `{agent}` goes on waiting for it (a \
         `timeout_us` of the channel would end that)", after.as_millis()
    )]
    Waiting {
        /// The agent.
        agent: String,
        /// The server.
        server: String,
        /// How long was waited.
        after: Duration,
    },
    /// The agent does not look.
    #[error(
        "`{agent}` has not looked into its mailbox for {} ms: more urgent tasks take all the \
         time, or it is stopped", after.as_millis()
    )]
    Silent {
        /// The agent.
        agent: String,
        /// How long was waited.
        after: Duration,
    },
    /// The mailbox was begun anew, or somebody else wrote into it.
    #[error(
        "the request is gone from the mailbox: the target was reset, or another debugger calls"
    )]
    Overwritten,
}

/// Makes calls.
pub struct Client<'a, M> {
    archive: &'a Archive,
    agent: Agent,
    memory: M,
    limit: Duration,
    dwarfs: BTreeMap<String, Dwarf>,
}

impl<'a, M: Memory> Client<'a, M> {
    /// A client of the agent with this name, or of the only one. `limit` bounds how long,
    /// in the host's time, is waited for each answer.
    ///
    /// # Errors
    /// If the archive has no such agent.
    pub fn new(
        archive: &'a Archive,
        agent: Option<&str>,
        memory: M,
        limit: Duration,
    ) -> Result<Self, Error> {
        let agent = Agent::find(archive, agent)?;
        Ok(Client { archive, agent, memory, limit, dwarfs: BTreeMap::new() })
    }

    /// The agent.
    #[must_use]
    pub const fn agent(&self) -> &Agent {
        &self.agent
    }

    /// The target's memory.
    pub const fn memory(&mut self) -> &mut M {
        &mut self.memory
    }

    /// Waits until the agent has started in the right image.
    ///
    /// # Errors
    /// If it does not within the limit.
    pub fn ready(&mut self) -> Result<Status, Error> {
        let start = Instant::now();
        let mut pause = self.memory.quantum();
        loop {
            let image = self.image()?;
            let status = self.status()?;
            let expected = self.agent.image;
            if image == Some(expected) && status.magic == MAGIC {
                return if status.version == VERSION {
                    Ok(status)
                } else {
                    let agent = self.agent.name.clone();
                    Err(Error::OtherVersion { agent, found: status.version })
                };
            }
            if start.elapsed() >= self.limit {
                return Err(match image.filter(|image| *image != expected) {
                    Some(found) => Error::OtherImage { found, expected },
                    None => Error::NotStarted { agent: self.agent.name.clone(), after: self.limit },
                });
            }
            self.memory.run(pause)?;
            pause = (pause * 2).min(PAUSE.max(self.memory.quantum()));
        }
    }

    /// Puts a request into the mailbox as it is, unchecked, and waits for the reply.
    ///
    /// # Errors
    /// If there is none within the limit.
    pub fn send(&mut self, request: &Request) -> Result<Reply, Error> {
        let start = Instant::now();
        let mut pause = self.memory.quantum();
        let mut status = self.ready()?;
        while status.state == CALLING {
            if start.elapsed() >= self.limit {
                let mut port = [0; 4];
                self.memory.read(self.agent.physical + REQUEST as u64, &mut port)?;
                let port = self.agent.port_name(u32::from_le_bytes(port));
                return Err(Error::Busy { agent: self.agent.name.clone(), port });
            }
            self.memory.run(pause)?;
            status = self.status()?;
        }
        let sequence = status.next_sequence(self.rung()?);
        let mailbox = self.agent.physical;
        self.memory.write(mailbox + REQUEST as u64, &request.to_bytes())?;
        self.memory.write(mailbox + BELL as u64, &request.bell(sequence))?;
        let polls = status.polls;
        loop {
            self.memory.run(pause)?;
            let status = self.status()?;
            if status.whole && status.reply.answered == sequence {
                return Ok(status.reply);
            }
            if self.rung()? != sequence {
                return Err(Error::Overwritten);
            }
            if start.elapsed() >= self.limit {
                let (agent, after) = (self.agent.name.clone(), self.limit);
                return Err(if status.state == CALLING {
                    let server = self.agent.server_name(request.port);
                    Error::Waiting { agent, server, after }
                } else if status.polls == polls {
                    Error::Silent { agent, after }
                } else {
                    Error::Overwritten
                });
            }
            pause = (pause * 2).min(PAUSE.max(self.memory.quantum()));
        }
    }

    /// Calls `PORT.OPERATION` with values for its arguments and leases; repeats it if its
    /// server died and the interface says that twice is the same as once.
    ///
    /// # Errors
    /// If there is nothing to call by that name, a value is none of its type, or nobody
    /// knows what came of the call. What the server answered is no error here.
    pub fn call(
        &mut self,
        call: &str,
        values: &Map<String, Json>,
        leases: &[LeaseInput],
    ) -> Result<Called, Error> {
        let plan = self.plan(call, values, leases)?;
        let mut attempts = 0;
        loop {
            attempts += 1;
            for (offset, bytes) in &plan.lent {
                self.memory.write(self.agent.physical + DATA as u64 + offset, bytes)?;
            }
            let reply = self.send(&plan.request)?;
            let outcome = Outcome::from_u32(reply.outcome);
            if outcome == Some(Outcome::Dead) && plan.idempotent && attempts < ATTEMPTS {
                continue;
            }
            return self.called(&plan, &reply, attempts);
        }
    }

    /// What a call comes to, as bytes: nothing is sent yet.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub fn plan(
        &mut self,
        call: &str,
        values: &Map<String, Json>,
        leases: &[LeaseInput],
    ) -> Result<Plan, Error> {
        let (port, operation) =
            call.split_once('.').ok_or_else(|| Error::NotACall(call.to_owned()))?;
        let port = self.agent.port(port)?;
        let number = port.operation(&self.agent.name, operation)?;
        // The server's own types first; what the compiler left out there may be elsewhere.
        let tasks = &self.archive.manifest.tasks;
        let others = tasks.iter().filter(|task| task.name != port.server);
        let own = tasks.iter().filter(|task| task.name == port.server);
        let mut programs: Vec<&str> = vec![];
        for task in own.chain(others) {
            let loaded: Vec<&Dwarf> =
                programs.iter().filter_map(|name| self.dwarfs.get(*name)).collect();
            if !plan::lacks(number, &loaded) {
                break;
            }
            if !self.dwarfs.contains_key(&task.name) {
                let elf = self.archive.entry(&task.elf).unwrap_or_default();
                self.dwarfs.insert(task.name.clone(), Dwarf::of(elf));
            }
            programs.push(&task.name);
        }
        let programs: Vec<&Dwarf> =
            programs.iter().filter_map(|name| self.dwarfs.get(*name)).collect();
        Plan::new(port.number, number, &programs, values, leases, self.agent.data_size)
            .map_err(|what| Error::Argument { call: call.to_owned(), what })
    }

    /// Reads what came of a call.
    fn called(&mut self, plan: &Plan, reply: &Reply, attempts: u32) -> Result<Called, Error> {
        let mut outputs = vec![];
        let outcome = Outcome::from_u32(reply.outcome);
        let replied = outcome == Some(Outcome::Replied);
        for (name, offset, length) in plan.outputs.iter().filter(|_| replied) {
            outputs.push((name.clone(), self.data(*offset, *length)?));
        }
        let ended = match outcome {
            Some(Outcome::Replied) if reply.detail == 0 => {
                let own = reply.bytes();
                let bytes = match plan.reply_lease {
                    Some((offset, length)) => self.data(offset, length)?,
                    None => own.get(..reply.length as usize).unwrap_or(&own).to_vec(),
                };
                plan.value(&bytes)
            }
            Some(Outcome::Replied) => plan.error(reply.detail),
            Some(Outcome::Dead) => Ended::Died,
            Some(Outcome::TimedOut) => Ended::TimedOut,
            Some(Outcome::Stopped) => {
                Ended::Stopped { generation: reply.detail, why: self.why_stopped(reply.detail) }
            }
            Some(outcome) => Ended::NotMade { outcome, detail: reply.detail },
            None => Ended::Unknown(reply.outcome),
        };
        let ticks = replied.then(|| reply.ended.saturating_sub(reply.begun));
        let us = match (ticks, self.ticks_per_second()?) {
            (Some(ticks), Some(rate)) => Some(ticks as f64 * 1e6 / rate as f64),
            _ => None,
        };
        Ok(Called { label: plan.label.clone(), ended, outputs, us, attempts })
    }

    /// What the supervisor remembers of the end of one of the agent's lives, if the agent
    /// may ask it.
    fn why_stopped(&mut self, generation: u64) -> Option<String> {
        let port = self.agent.ports.iter().find(|port| {
            port.interface_name() == Some("Supervisor") && port.ops.iter().any(|op| op == "history")
        })?;
        let call = format!("{}.history", port.name);
        let index = u64::from(self.agent.index);
        for back in 0..16 {
            let values = Map::from_iter([("back".to_owned(), Json::from(back))]);
            let plan = self.plan(&call, &values, &[]).ok()?;
            let reply = self.send(&plan.request).ok()?;
            if Outcome::from_u32(reply.outcome) != Some(Outcome::Replied) || reply.detail != 0 {
                return None;
            }
            let bytes = reply.bytes();
            let Ended::Value(past) = plan.value(bytes.get(..reply.length as usize)?) else {
                return None;
            };
            let field = |name: &str| past.get(name).and_then(Json::as_u64);
            if field("task")? == index && field("generation")? == generation {
                let names: Vec<&str> =
                    self.archive.manifest.tasks.iter().map(|task| task.name.as_str()).collect();
                return called::fault(field("fault")?, field("detail")?, &names);
            }
        }
        None
    }

    fn data(&mut self, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
        // Both come from a plan, which is inside of the data area.
        let mut bytes = vec![0; length as usize];
        self.memory.read(self.agent.physical + DATA as u64 + offset, &mut bytes)?;
        Ok(bytes)
    }

    fn status(&mut self) -> Result<Status, Error> {
        let mut bytes = [0; STATUS_BYTES];
        self.memory.read(self.agent.physical, &mut bytes)?;
        Ok(Status::from_bytes(&bytes))
    }

    /// The number in the bell.
    fn rung(&mut self) -> Result<u32, Error> {
        let mut bytes = [0; 4];
        self.memory.read(self.agent.physical + BELL as u64, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn boot_record(&mut self) -> Result<Option<BootRecord>, Error> {
        let mut bytes = [0; size_of::<BootRecord>()];
        self.memory.read(self.archive.manifest.boot_record.0, &mut bytes)?;
        let record = BootRecord::read_from_bytes(&bytes).ok();
        Ok(record.filter(|record| record.magic == BOOT_MAGIC))
    }

    /// First eight bytes of the running image's id, once it runs.
    fn image(&mut self) -> Result<Option<u64>, Error> {
        Ok(self.boot_record()?.map(|record| record.image))
    }

    fn ticks_per_second(&mut self) -> Result<Option<u64>, Error> {
        Ok(self.boot_record()?.map(|record| record.ticks_per_second).filter(|rate| *rate != 0))
    }
}

#[cfg(test)]
mod tests;
