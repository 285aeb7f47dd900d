//! From names and values to the bytes of a request, and back.
//!
//! Where bytes go is the interface's rule (`exov6_idol`, "On the wire"): arguments one
//! after the other, in the message if they and the reply have at most 64 bytes each, else
//! as two more leases behind the declared ones.
//!
//! Values are encoded as `Zerocopy` says: the bytes of each as they lie in memory, one after
//! the other. Numbers and arrays of them look the same in every encoding; what does not (an
//! enumeration, an option, an error with a payload) is refused where the operation has
//! another encoding ([`wire`]).

use super::called::Ended;
use crate::types::{Dwarf, Shape, decode, encode};
use abi::limits::{MAX_LEASES, MESSAGE_BYTES};
use abi::syscall::{LEASE_R, LEASE_W};
use exov6_idol::{Encoding, ErrorType, Lease, Operation, Recv, Right, Type, Value};
use exov6_rpc::{LeaseRange, Request};
use serde_json::{Map, Value as Json};

/// What a lease is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaseInput {
    /// Its name in the interface.
    pub name: String,
    /// What the server reads there; none for a lease that it only writes.
    pub bytes: Option<Vec<u8>>,
    /// Room for what it only writes, in bytes; none for the most that makes sense.
    pub room: Option<u64>,
}

/// A call, ready to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// `operation` as messages call it.
    pub label: String,
    /// What goes into the mailbox.
    pub request: Request,
    /// What goes into the data area before: offset and bytes.
    pub lent: Vec<(u64, Vec<u8>)>,
    /// What the server writes there: name, offset, length.
    pub outputs: Vec<(String, u64, u64)>,
    /// Where the reply is, if not in the words.
    pub reply_lease: Option<(u64, u64)>,
    /// Whether twice is the same as once.
    pub idempotent: bool,
    reply: Shape,
    errors: Option<Shape>,
}

impl Plan {
    /// Works a call out. `room` is the size of the agent's data area.
    ///
    /// # Errors
    /// What is wrong, as text.
    pub fn new(
        port: u32,
        operation: &Operation,
        programs: &[&Dwarf],
        values: &Map<String, Json>,
        leases: &[LeaseInput],
        room: u64,
    ) -> Result<Plan, String> {
        let args = pack(operation, programs, values)?;
        let ok = wire(&operation.reply.ok, operation.encoding)
            .map_err(|error| format!("its reply, {error}"))?;
        let reply = Shape::of(ok, programs);
        let reply_size = reply.size().ok_or_else(|| {
            format!("the size of its reply, `{ok}`, is not in the debug information")
        })?;
        let errors = match &operation.reply.error {
            Some(ErrorType::CLike(ty)) => Some(Shape::of(ty, programs)),
            Some(ErrorType::Complex(ty)) => {
                return Err(format!(
                    "its errors, `{ty}`, have a payload, and that is not understood here"
                ));
            }
            Some(ErrorType::ServerDeath) | None => None,
        };
        let mut plan = Plan {
            label: operation.name.clone(),
            request: Request { port, operation: operation.number.into(), ..Request::default() },
            lent: vec![],
            outputs: vec![],
            reply_lease: None,
            idempotent: operation.idempotent,
            reply,
            errors,
        };
        let mut area = Area { room, used: 0, ranges: vec![] };
        let known = |name: &str| operation.leases.iter().any(|lease| lease.name == name);
        if let Some(unknown) = leases.iter().find(|lease| !known(&lease.name)) {
            let names: Vec<&str> = operation.leases.iter().map(|l| l.name.as_str()).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(format!("there is no lease `{}`; there are: {names}", unknown.name));
        }
        for lease in &operation.leases {
            let given = leases.iter().find(|given| given.name == lease.name);
            plan.lend(lease, given, programs, &mut area)?;
        }
        let limit = MESSAGE_BYTES as u64;
        if args.len() as u64 <= limit && reply_size <= limit {
            plan.request.length = args.len() as u32;
            let mut bytes = [0; MESSAGE_BYTES];
            for (to, from) in bytes.iter_mut().zip(args) {
                *to = from;
            }
            for (word, bytes) in plan.request.words.iter_mut().zip(bytes.as_chunks::<8>().0) {
                *word = u64::from_le_bytes(*bytes);
            }
        } else {
            if !args.is_empty() {
                let offset = area.take(args.len() as u64, LEASE_R)?;
                plan.lent.push((offset, args));
            }
            if reply_size > 0 {
                plan.reply_lease = Some((area.take(reply_size, LEASE_W)?, reply_size));
            }
        }
        plan.request.lease_count = area.ranges.len() as u32;
        for (to, from) in plan.request.leases.iter_mut().zip(area.ranges) {
            *to = from;
        }
        Ok(plan)
    }

    fn lend(
        &mut self,
        lease: &Lease,
        given: Option<&LeaseInput>,
        programs: &[&Dwarf],
        area: &mut Area,
    ) -> Result<(), String> {
        let name = &lease.name;
        let (element, most) = match &lease.ty {
            Type::Slice(element) => (Shape::of(element, programs), lease.max_len.map(u64::from)),
            whole => (Shape::of(whole, programs), Some(1)),
        };
        let size = element.size().ok_or_else(|| {
            format!("lease `{name}`: the size of `{}` is not in the debug information", lease.ty)
        })?;
        let writable = given.is_none_or(|given| given.bytes.is_none());
        if writable && lease.right != Right::Write {
            return Err(format!("lease `{name}` is read by the server: give its bytes"));
        }
        let length = match given {
            Some(LeaseInput { bytes: Some(bytes), .. }) => bytes.len() as u64,
            Some(LeaseInput { room: Some(room), .. }) => *room,
            // The most that makes sense, but for what the reply needs.
            _ => match most {
                Some(most) => size.saturating_mul(most),
                None => area.left() / 2 / size.max(1) * size,
            },
        };
        if size != 0 && length % size != 0 {
            return Err(format!(
                "lease `{name}` has {length} bytes, and an element of {} takes {size}",
                lease.ty
            ));
        }
        let count = length.checked_div(size).unwrap_or(0);
        let whole = !matches!(lease.ty, Type::Slice(_));
        if most.is_some_and(|most| count > most || whole && count != most) {
            let most = most.unwrap_or(0) * size;
            let bound = if whole { "and it takes" } else { "at most" };
            return Err(format!("lease `{name}` has {length} bytes, {bound} {most}"));
        }
        let rights = match lease.right {
            Right::Read => LEASE_R,
            Right::Write => LEASE_W,
            Right::ReadWrite => LEASE_R | LEASE_W,
        };
        let offset = area.take(length, rights)?;
        let bytes = given.and_then(|given| given.bytes.clone());
        // Room is cleared: what a server does not write must not be an earlier call's.
        self.lent.push((offset, bytes.unwrap_or_else(|| vec![0; length as usize])));
        if rights & LEASE_W != 0 {
            self.outputs.push((name.clone(), offset, length));
        }
        Ok(())
    }

    /// What the bytes of a reply mean.
    #[must_use]
    pub fn value(&self, bytes: &[u8]) -> Ended {
        match self.reply.size() {
            Some(size) if size != bytes.len() as u64 => Ended::Malformed(format!(
                "the reply has {} bytes, and the interface says {size}",
                bytes.len()
            )),
            _ => Ended::Value(decode(&self.reply, bytes)),
        }
    }

    /// What an error code means.
    #[must_use]
    pub fn error(&self, code: u64) -> Ended {
        let name = match &self.errors {
            Some(Shape::Enum { variants, .. }) => {
                variants.iter().find(|(_, value)| *value == u128::from(code))
            }
            _ => None,
        };
        Ended::Error { code, name: name.map(|(name, _)| name.clone()) }
    }
}

/// Whether something that the operation needs is not in these programs.
pub(super) fn lacks(operation: &Operation, programs: &[&Dwarf]) -> bool {
    let leases = operation.leases.iter().map(|lease| match &lease.ty {
        Type::Slice(element) => element,
        whole => whole,
    });
    let error = match &operation.reply.error {
        Some(ErrorType::CLike(ty)) => Some(ty),
        _ => None,
    };
    let values = operation.args.iter().map(|arg| &arg.value).chain([&operation.reply.ok]);
    // What cannot travel is told by the plan.
    let values = values.filter_map(|value| wire(value, operation.encoding).ok());
    let mut all = values.chain(leases).chain(error);
    all.any(|ty| !Shape::of(ty, programs).is_known())
}

/// The type whose bytes stand for a value on the way.
fn wire(value: &Value, encoding: Encoding) -> Result<&Type, String> {
    fn same_everywhere(ty: &Type) -> bool {
        match ty {
            Type::Unit => true,
            Type::Builtin(name, _) => *name != "char",
            Type::Array(element, _) => same_everywhere(element),
            _ => false,
        }
    }
    match (encoding, &value.recv) {
        (Encoding::Zerocopy, Recv::FromBytes) => Ok(&value.ty),
        (Encoding::Zerocopy, Recv::FromPrimitive(ty) | Recv::From(ty, _)) => Ok(ty),
        _ if same_everywhere(&value.ty) => Ok(&value.ty),
        _ => Err(format!(
            "`{}` travels in the encoding {encoding:?}, of which only numbers and arrays of \
             them are understood here",
            value.ty
        )),
    }
}

/// Arguments one after the other.
fn pack(
    operation: &Operation,
    programs: &[&Dwarf],
    values: &Map<String, Json>,
) -> Result<Vec<u8>, String> {
    let names = || {
        let all = operation.args.iter().map(|arg| format!("{}: {}", arg.name, arg.value.ty));
        let all: Vec<String> = all.collect();
        if all.is_empty() {
            "it takes none".to_owned()
        } else {
            format!("it takes {}", all.join(", "))
        }
    };
    let known = |name: &String| operation.args.iter().any(|arg| arg.name == *name);
    if let Some(name) = values.keys().find(|name| !known(name)) {
        return Err(format!("there is no argument `{name}`; {}", names()));
    }
    let mut bytes = vec![];
    for arg in &operation.args {
        let value = values
            .get(&arg.name)
            .ok_or_else(|| format!("argument `{}` is missing; {}", arg.name, names()))?;
        let told = |error: String| format!("argument `{}: {}`: {error}", arg.name, arg.value.ty);
        let shape = Shape::of(wire(&arg.value, operation.encoding).map_err(told)?, programs);
        let own = encode(&shape, value).map_err(|error| told(error.to_string()))?;
        bytes.extend(own);
    }
    Ok(bytes)
}

/// Deals out the data area.
struct Area {
    room: u64,
    used: u64,
    ranges: Vec<LeaseRange>,
}

impl Area {
    fn left(&self) -> u64 {
        self.room.saturating_sub(self.used.next_multiple_of(8))
    }

    fn take(&mut self, length: u64, rights: u32) -> Result<u64, String> {
        if self.ranges.len() == MAX_LEASES {
            return Err(format!("more than {MAX_LEASES} leases"));
        }
        if length > self.left() {
            return Err(format!(
                "{length} bytes do not fit into the {} that are left of the agent's data area \
                 (`data_bytes` in its config)",
                self.left()
            ));
        }
        // An area of less than four GiB: a task's span has 32 MiB.
        let offset = self.used.next_multiple_of(8);
        self.ranges.push(LeaseRange { offset: offset as u32, length: length as u32, rights });
        self.used = offset + length;
        Ok(offset)
    }
}
