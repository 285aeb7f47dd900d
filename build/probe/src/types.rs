//! Types: what the bytes of a value mean, from an interface and a program's DWARF.
//!
//! An interface says what is built in (`u32`, `[u8; 4]`); of users' types it knows only
//! the name. Their size and fields are in the debug information of the server, which
//! was compiled with them, or of another task that uses them. A compiler leaves out what
//! it has optimised away: such a type can still be sent, as bytes in hexadecimal, but not
//! received, because nobody knows its length.

mod dwarf;
mod value;

pub use dwarf::Dwarf;
pub use value::{Wrong, decode, encode, from_hex};

use exov6_idol::{Length, Type};

/// What the bytes of a value mean. Little-endian, without padding between the values of
/// an array or a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// No bytes.
    Unit,
    /// An unsigned number of this many bytes.
    Unsigned(u64),
    /// A signed number of this many bytes.
    Signed(u64),
    /// One byte, 0 or 1.
    Bool,
    /// A Unicode scalar value in four bytes.
    Char,
    /// A floating-point number of 4 or 8 bytes.
    Float(u64),
    /// So many of the same.
    Array(Box<Shape>, u64),
    /// A structure.
    Struct {
        /// Bytes in all.
        size: u64,
        /// Fields.
        members: Vec<Member>,
    },
    /// An enumeration without payload.
    Enum {
        /// Bytes.
        size: u64,
        /// Names and values; those of an enumeration with a sign are its bits.
        variants: Vec<(String, u128)>,
    },
    /// Bytes without a known meaning.
    Bytes(u64),
    /// A user's type of which nothing is known.
    Unknown(String),
}

/// A field of a structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Where it begins, in bytes from the start of the structure.
    pub offset: u64,
    /// What it is.
    pub shape: Shape,
}

impl Shape {
    /// Length in bytes; `None` if it is not known.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match self {
            Shape::Unit => Some(0),
            Shape::Unsigned(size)
            | Shape::Signed(size)
            | Shape::Float(size)
            | Shape::Struct { size, .. }
            | Shape::Enum { size, .. }
            | Shape::Bytes(size) => Some(*size),
            Shape::Bool => Some(1),
            Shape::Char => Some(4),
            Shape::Array(element, count) => element.size()?.checked_mul(*count),
            Shape::Unknown(_) => None,
        }
    }

    /// The shape of a type of an interface; users' types come from the first of the
    /// programs that has them.
    #[must_use]
    pub fn of(ty: &Type, programs: &[&Dwarf]) -> Shape {
        match ty {
            Type::Unit => Shape::Unit,
            Type::Builtin(name, size) => Shape::builtin(name, *size),
            Type::Array(element, Length::Number(count)) => {
                Shape::Array(Box::new(Shape::of(element, programs)), *count)
            }
            Type::Path(path, parameters) if parameters.is_empty() => {
                let found = programs.iter().find_map(|program| program.find(path));
                found.unwrap_or_else(|| Shape::Unknown(path.join("::")))
            }
            other => Shape::Unknown(other.to_string()),
        }
    }

    /// Whether everything about it is known.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.size().is_some()
    }

    fn builtin(name: &str, size: u64) -> Shape {
        match name.as_bytes().first() {
            Some(b'u') => Shape::Unsigned(size),
            Some(b'i') => Shape::Signed(size),
            Some(b'f') => Shape::Float(size),
            Some(b'b') => Shape::Bool,
            Some(b'c') => Shape::Char,
            _ => Shape::Bytes(size),
        }
    }
}
