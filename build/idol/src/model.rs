//! An interface that has been read and obeys every rule.
//!
//! Only [`crate::parse`] makes one, so whoever holds an [`Interface`] need not
//! check it again: names are identifiers, operations are numbered from 1 to at
//! most 63, and every operation has a way to say what can go wrong with it.

use crate::types::Type;

/// A checked interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Name, in `CamelCase`; also the name of the generated client.
    pub name: String,
    /// Documentation, if any.
    pub doc: Option<String>,
    /// Operations in file order; the first has number 1.
    pub operations: Vec<Operation>,
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Name, in `snake_case`.
    pub name: String,
    /// Number on the wire and in a port's mask, 1–63.
    pub number: u16,
    /// Documentation, if any.
    pub doc: Option<String>,
    /// Arguments, in the order of their bytes.
    pub args: Vec<Argument>,
    /// Memory the caller lends, in the order of the lease table.
    pub leases: Vec<Lease>,
    /// What comes back.
    pub reply: Reply,
    /// How arguments and reply become bytes.
    pub encoding: Encoding,
    /// Whether carrying it out twice is the same as once: the client then repeats
    /// it by itself when the server died.
    pub idempotent: bool,
}

/// How values become bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// The bytes in memory, of types without padding.
    #[default]
    Zerocopy,
    /// One part after the other; what the crate `ssmarshal` knows.
    Ssmarshal,
    /// One part after the other; what the crate `hubpack` knows.
    Hubpack,
}

/// A value that travels to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Name, in `snake_case`.
    pub name: String,
    /// Documentation, if any.
    pub doc: Option<String>,
    /// The value.
    pub value: Value,
}

/// A value that travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// Type of the value.
    pub ty: Type,
    /// What the receiver makes it from. With an encoding other than Zerocopy, which
    /// checks values by itself, it says nothing.
    pub recv: Recv,
}

/// What a receiver makes a value from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Recv {
    /// From its bytes, which are checked.
    #[default]
    FromBytes,
    /// From an integer of this type, by `TryFrom`.
    FromPrimitive(Type),
    /// From a value of this type, by `From` or by a function.
    From(Type, Option<Vec<String>>),
}

/// Memory that the caller lends for the time of the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Name, in `snake_case`.
    pub name: String,
    /// Documentation, if any.
    pub doc: Option<String>,
    /// What lies there: a slice, or one value.
    pub ty: Type,
    /// What the server may do.
    pub right: Right,
    /// Most elements of a slice, if limited.
    pub max_len: Option<u32>,
}

/// What a server may do with a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Read.
    Read,
    /// Write.
    Write,
    /// Read and write.
    ReadWrite,
}

/// What comes back from an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The value, when all is well.
    pub ok: Value,
    /// The error; `None` if there is a value, always.
    pub error: Option<ErrorType>,
}

/// How an operation reports failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorType {
    /// An enumeration without payload; its code travels as the reply's status.
    CLike(Type),
    /// A type with a payload, which is encoded like a value.
    Complex(Type),
    /// The operation itself cannot fail, but its server can die.
    ServerDeath,
}

/// How the bytes of arguments and reply travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// In the eight message words.
    Registers,
    /// In the caller's memory, lent with the call.
    Leases,
}

impl Interface {
    /// Name of the generated module: the name in `snake_case`.
    #[must_use]
    pub fn module(&self) -> String {
        let chars: Vec<char> = self.name.chars().collect();
        let mut module = String::new();
        for (i, c) in chars.iter().enumerate() {
            let word_begins = i > 0
                && c.is_uppercase()
                && (!chars[i - 1].is_uppercase()
                    || chars.get(i + 1).is_some_and(|next| next.is_lowercase()));
            if word_begins {
                module.push('_');
            }
            module.extend(c.to_lowercase());
        }
        module
    }

    /// The operation of this name.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.name == name)
    }

    /// Names of the operations, in the order of their numbers from 1.
    pub fn operation_names(&self) -> impl Iterator<Item = &str> {
        self.operations.iter().map(|operation| operation.name.as_str())
    }
}

impl Operation {
    /// Whether its result can say that the server died or did not answer in time.
    ///
    /// A port with a timeout must not permit an operation that cannot: the client
    /// would have to panic.
    #[must_use]
    pub fn can_fail(&self) -> bool {
        self.reply.error.is_some()
    }

    /// Most bytes of the encoded arguments, if that does not depend on a user's type;
    /// with the encoding Zerocopy, exactly as many.
    #[must_use]
    pub fn args_size(&self) -> Option<u64> {
        let mut values = self.args.iter().map(|arg| &arg.value);
        values.try_fold(0_u64, |sum, value| sum.checked_add(value.size(self.encoding)?))
    }

    /// Most bytes of the encoded reply, if that does not depend on a user's type.
    #[must_use]
    pub fn reply_size(&self) -> Option<u64> {
        let ok = self.reply.ok.size(self.encoding)?;
        match &self.reply.error {
            Some(ErrorType::Complex(error)) => Some(ok.max(error.size()?)),
            _ => Some(ok),
        }
    }

    /// How the operation travels, if that does not depend on a user's type; then
    /// the generated code decides by constants, with the same rule.
    #[must_use]
    pub fn transport(&self) -> Option<Transport> {
        let limit = abi::limits::MESSAGE_BYTES as u64;
        let known = |value: &Value| value.size(self.encoding).unwrap_or(0);
        let args = self.args.iter().fold(0_u64, |sum, arg| sum.saturating_add(known(&arg.value)));
        let error = match &self.reply.error {
            Some(ErrorType::Complex(error)) => error.size().unwrap_or(0),
            _ => 0,
        };
        // Whatever users' types add, it cannot become less.
        if args.max(known(&self.reply.ok)).max(error) > limit {
            return Some(Transport::Leases);
        }
        self.args_size().and(self.reply_size()).map(|_| Transport::Registers)
    }
}

impl Value {
    /// Most bytes on the wire, if that does not depend on a user's type.
    #[must_use]
    pub fn size(&self, encoding: Encoding) -> Option<u64> {
        self.wire(encoding).size()
    }

    /// The type whose bytes travel: what the receiver makes the value from.
    #[must_use]
    pub fn wire(&self, encoding: Encoding) -> &Type {
        match &self.recv {
            Recv::FromPrimitive(ty) | Recv::From(ty, _) if encoding == Encoding::Zerocopy => ty,
            _ => &self.ty,
        }
    }
}

impl std::fmt::Display for Encoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Encoding::Zerocopy => "Zerocopy",
            Encoding::Ssmarshal => "Ssmarshal",
            Encoding::Hubpack => "Hubpack",
        })
    }
}

impl std::fmt::Display for Recv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Recv::FromBytes => f.write_str("FromBytes"),
            Recv::FromPrimitive(ty) => write!(f, "FromPrimitive({ty})"),
            Recv::From(ty, None) => write!(f, "From({ty})"),
            Recv::From(ty, Some(function)) => write!(f, "From({ty}, {})", function.join("::")),
        }
    }
}

impl Transport {
    /// `registers` or `leases`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Transport::Registers => "registers",
            Transport::Leases => "leases",
        }
    }
}

impl Right {
    /// Short form: `r`, `w` or `rw`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Right::Read => "r",
            Right::Write => "w",
            Right::ReadWrite => "rw",
        }
    }
}
