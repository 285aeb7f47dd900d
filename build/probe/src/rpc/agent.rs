//! The agent, as the archive describes it: where its mailbox is, and what it may call.

use super::Error;
use exov6_archive::{Archive, Task, interface_entry};
use exov6_idol::{Interface, Operation};
use exov6_rpc::layout::{DATA, SYMBOL};
use object::{Object, ObjectSymbol};

/// An agent.
#[derive(Clone, Debug)]
pub struct Agent {
    /// Name of the task.
    pub name: String,
    /// Its index.
    pub index: u32,
    /// Physical address of its mailbox.
    pub physical: u64,
    /// Bytes of its data area.
    pub data_size: u64,
    /// First eight bytes of the image's id.
    pub image: u64,
    /// Its ports, by number.
    pub ports: Vec<Port>,
}

/// One of its ports.
#[derive(Clone, Debug)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: u32,
    /// Name of the server.
    pub server: String,
    /// What the server does, or why that is not known.
    pub interface: Result<Interface, String>,
    /// Names of the operations that the port permits.
    pub ops: Vec<String>,
}

impl Agent {
    /// Finds the agent with this name in an archive, or the only one.
    ///
    /// # Errors
    /// If there is none, or several.
    pub fn find(archive: &Archive, name: Option<&str>) -> Result<Self, Error> {
        let image = archive.manifest.name.clone();
        let symbol = |task: &Task| {
            let elf = object::File::parse(archive.entry(&task.elf)?).ok()?;
            let found = elf.symbols().find(|symbol| symbol.name() == Ok(SYMBOL))?;
            Some((found.address(), found.size()))
        };
        let agents: Vec<(&Task, (u64, u64))> =
            archive.manifest.tasks.iter().filter_map(|task| Some((task, symbol(task)?))).collect();
        let names = || agents.iter().map(|(task, _)| task.name.clone()).collect();
        let (task, (address, size)) = match (name, agents.as_slice()) {
            (_, []) => return Err(Error::NoAgent { image }),
            (None, [only]) => *only,
            (None, _) => return Err(Error::SeveralAgents { image, names: names() }),
            (Some(name), _) => {
                *agents.iter().find(|(task, _)| task.name == name).ok_or_else(|| {
                    Error::NotAnAgent {
                        image: image.clone(),
                        name: name.to_owned(),
                        names: names(),
                    }
                })?
            }
        };
        let damaged = |what: String| Error::Archive { image: image.clone(), what };
        let end = address.saturating_add(size);
        let region = task.regions.iter().find(|region| {
            region.base.0 <= address && end <= region.base.0.saturating_add(region.size.0)
        });
        let region = region.filter(|region| region.rights.contains('w')).ok_or_else(|| {
            damaged(format!("{SYMBOL} of `{}` is in none of its writable regions", task.name))
        })?;
        let id = archive.manifest.image_id.get(..16);
        let id = id.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        Ok(Agent {
            name: task.name.clone(),
            index: task.index,
            physical: region.physical.0.wrapping_add(address - region.base.0),
            data_size: size
                .checked_sub(DATA as u64)
                .ok_or_else(|| damaged(format!("{SYMBOL} has only {size} bytes")))?,
            image: id.ok_or_else(|| damaged("its image id is no hexadecimal number".to_owned()))?,
            ports: task.ports.iter().map(|port| of_port(archive, port)).collect(),
        })
    }

    /// The port with this name.
    ///
    /// # Errors
    /// If there is none.
    pub fn port(&self, name: &str) -> Result<&Port, Error> {
        self.ports.iter().find(|port| port.name == name).ok_or_else(|| Error::NoPort {
            agent: self.name.clone(),
            port: name.to_owned(),
            names: self.ports.iter().map(|port| port.name.clone()).collect(),
        })
    }

    pub(crate) fn port_name(&self, number: u32) -> String {
        let port = self.ports.iter().find(|port| port.number == number);
        port.map_or_else(|| number.to_string(), |port| format!("`{}`", port.name))
    }

    pub(crate) fn server_name(&self, number: u32) -> String {
        let port = self.ports.iter().find(|port| port.number == number);
        port.map_or_else(|| "?".to_owned(), |port| port.server.clone())
    }
}

fn of_port(archive: &Archive, port: &exov6_archive::Port) -> Port {
    let entry = port.interface.as_deref().map_or_else(String::new, interface_entry);
    let text = archive.entry(&entry).and_then(|bytes| std::str::from_utf8(bytes).ok());
    let interface = match text {
        Some(text) => exov6_idol::parse(&entry, text).map_err(|errors| errors.to_string()),
        None => Err(format!("the archive has no interface of `{}`", port.server)),
    };
    Port {
        name: port.name.clone(),
        number: port.number,
        server: port.server.clone(),
        interface,
        ops: port.ops.clone(),
    }
}

impl Port {
    /// An operation that this port permits, by name.
    ///
    /// # Errors
    /// If there is none, or it is not granted; `agent` is for the message.
    pub fn operation(&self, agent: &str, name: &str) -> Result<&Operation, Error> {
        let (port, server) = (self.name.clone(), self.server.clone());
        let (operation, names) = (name.to_owned(), self.ops.clone());
        let interface = self
            .interface
            .as_ref()
            .map_err(|what| Error::Archive { image: format!("`{server}`"), what: what.clone() })?;
        match interface.operation(name) {
            None => Err(Error::NoOperation { port, server, operation, names }),
            Some(found) if self.ops.iter().any(|op| op == name) => Ok(found),
            Some(_) => {
                let agent = agent.to_owned();
                Err(Error::NotGranted { agent, port, server, operation, names })
            }
        }
    }

    /// Name of the interface, if it can be read.
    #[must_use]
    pub fn interface_name(&self) -> Option<&str> {
        self.interface.as_ref().ok().map(|interface| interface.name.as_str())
    }

    /// What may be called through this port: `name(argument: type, …) -> type`, and a
    /// description, if there is one.
    #[must_use]
    pub fn signatures(&self) -> Vec<(String, Option<String>)> {
        let Ok(interface) = &self.interface else {
            return self.ops.iter().map(|op| (op.clone(), None)).collect();
        };
        let granted = interface.operations.iter().filter(|op| self.ops.contains(&op.name));
        granted.map(|op| (signature(op), op.doc.clone())).collect()
    }
}

fn signature(operation: &Operation) -> String {
    let args = operation.args.iter().map(|arg| format!("{}: {}", arg.name, arg.value.ty));
    let leases = operation.leases.iter().map(|lease| {
        let most = lease.max_len.map_or_else(String::new, |most| format!(", at most {most}"));
        format!("{}: lease {} {}{most}", lease.name, lease.right.as_str(), lease.ty)
    });
    let all: Vec<String> = args.chain(leases).collect();
    let ok = operation.reply.ok.ty.to_string();
    let reply = if ok == "()" { String::new() } else { format!(" -> {ok}") };
    format!("{}({}){reply}", operation.name, all.join(", "))
}
