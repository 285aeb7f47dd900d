//! What came of a call, as a value and as a sentence.

use abi::fault::{Fault, FaultKind, Reason};
use exov6_rpc::Outcome;
use serde_json::{Map, Value as Json, json};

/// A call that was made, or refused by the agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Called {
    /// Name of the operation.
    pub label: String,
    /// How it ended.
    pub ended: Ended,
    /// What the server wrote into leases, by name.
    pub outputs: Vec<(String, Vec<u8>)>,
    /// How long the agent waited, in microseconds of the target's time.
    pub us: Option<f64>,
    /// How often it was tried.
    pub attempts: u32,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// With a value.
    Value(Json),
    /// With an error of the operation.
    Error {
        /// Its number.
        code: u64,
        /// Its name, if the debug information has it.
        name: Option<String>,
    },
    /// The server was restarted.
    Died,
    /// The timeout of the agent's port passed.
    TimedOut,
    /// The agent was stopped in the middle.
    Stopped {
        /// Which of its lives ended.
        generation: u64,
        /// Why, if the agent may ask the supervisor.
        why: Option<String>,
    },
    /// The agent refused the request, or the kernel the call.
    NotMade {
        /// Why.
        outcome: Outcome,
        /// More about it.
        detail: u64,
    },
    /// The reply is not of this interface.
    Malformed(String),
    /// An outcome of a later version of the mailbox.
    Unknown(u32),
}

impl Ended {
    /// A word for programs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Ended::Value(_) => "value",
            Ended::Error { .. } => "error",
            Ended::Died => "died",
            Ended::TimedOut => "timed-out",
            Ended::Stopped { .. } => "stopped",
            Ended::NotMade { .. } => "not-made",
            Ended::Malformed(_) => "malformed",
            Ended::Unknown(_) => "unknown",
        }
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ended::Value(Json::Null) => f.write_str("done"),
            Ended::Value(value) => write!(f, "{value}"),
            Ended::Error { code, name: Some(name) } => write!(f, "error {name} ({code})"),
            Ended::Error { code, name: None } => write!(f, "error {code}"),
            Ended::Died => {
                f.write_str("the server was restarted; the operation may have been carried out")
            }
            Ended::TimedOut => f.write_str("the timeout of the agent's port passed"),
            Ended::Stopped { generation, why: Some(why) } => {
                write!(f, "{why}; that ended generation {generation} of the agent")
            }
            Ended::Stopped { generation, why: None } => write!(
                f,
                "generation {generation} of the agent was stopped in the middle of the call: the \
                 server refused the message, or somebody restarted the agent (the supervisor's \
                 log tells which; so does `history`, if it is granted to the agent)"
            ),
            Ended::NotMade { outcome, detail } => not_made(f, *outcome, *detail),
            Ended::Malformed(what) => write!(f, "the answer is not of this interface: {what}"),
            Ended::Unknown(outcome) => {
                write!(f, "outcome {outcome}, which this program does not know")
            }
        }
    }
}

fn not_made(f: &mut std::fmt::Formatter<'_>, outcome: Outcome, detail: u64) -> std::fmt::Result {
    match outcome {
        Outcome::Torn => f.write_str("the agent found the request damaged"),
        Outcome::Stale => write!(f, "the agent has already taken request {detail}"),
        Outcome::NoPort => write!(f, "the agent has only {detail} ports"),
        Outcome::NotGranted => write!(f, "the port permits only the operations in {detail:#x}"),
        Outcome::TooLong => write!(f, "the message is longer than {detail} bytes"),
        Outcome::TooManyLeases => write!(f, "more than {detail} leases"),
        Outcome::LeaseRange => write!(f, "lease {detail} reaches beyond the data area"),
        Outcome::LeaseRights => write!(f, "lease {detail} has no rights, or unknown ones"),
        Outcome::Reserved => write!(f, "lease {detail} has something where there must be zero"),
        Outcome::Kernel => write!(f, "the kernel's status is {detail:#x}"),
        Outcome::Replied | Outcome::Dead | Outcome::TimedOut | Outcome::Stopped => {
            write!(f, "{outcome:?}")
        }
    }
}

/// A sentence about the fault that ended a life of the agent.
pub(super) fn fault(word: u64, detail: u64, tasks: &[&str]) -> Option<String> {
    let fault = Fault::unpack(word, detail)?;
    let who = tasks.get(usize::from(fault.who)).copied().unwrap_or("?");
    Some(match fault.kind {
        FaultKind::FromServer => {
            let reason = Reason::from_u64(u64::from(fault.reason));
            let reason = reason.map_or_else(|| "?".to_owned(), |reason| format!("{reason:?}"));
            format!("`{who}` refused the message: {reason}")
        }
        FaultKind::Injected => format!("`{who}` stopped the agent"),
        kind => format!("the agent faulted: {kind:?}"),
    })
}

impl Called {
    /// The same for programs.
    #[must_use]
    pub fn json(&self) -> Json {
        let mut all = Map::new();
        all.insert("operation".to_owned(), json!(self.label));
        all.insert("ended".to_owned(), json!(self.ended.word()));
        match &self.ended {
            Ended::Value(value) => {
                all.insert("value".to_owned(), value.clone());
            }
            Ended::Error { code, name } => {
                all.insert("error".to_owned(), json!({ "code": code, "name": name }));
            }
            other => {
                all.insert("message".to_owned(), json!(other.to_string()));
            }
        }
        if !self.outputs.is_empty() {
            let outputs = self.outputs.iter().map(|(name, bytes)| {
                (name.clone(), json!(format!("hex:{}", crate::gdb::packet::hex(bytes))))
            });
            all.insert("leases".to_owned(), Json::Object(outputs.collect()));
        }
        all.insert("us".to_owned(), json!(self.us));
        all.insert("attempts".to_owned(), json!(self.attempts));
        Json::Object(all)
    }
}
