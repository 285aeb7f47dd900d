//! Errors: what an operation can return, and what a server can do about a caller.
//!
//! | type | who sees it | what it says |
//! | --- | --- | --- |
//! | [`ServerDeath`] | client | no answer will come |
//! | an enumeration made by [`error!`](crate::error!) or [`IdolError`](crate::IdolError) | both | what the operation says |
//! | [`LeaseError`] | server | the caller is gone |
//! | [`RequestError`] | server | an error, a fault for the caller, or nothing |

use crate::Reason;
use crate::wire::{Decoder, Encoder, Wire};
use core::convert::Infallible;
use userlib::sys::Defect;

/// Status of a reply that carries an error with a payload.
pub(crate) const COMPLEX: u32 = 1;

/// No answer will come. The operation may have been carried out, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerDeath {
    /// The server was restarted since this task last dealt with it.
    Restarted,
    /// The timeout of the port passed.
    TimedOut,
}

/// First variant: restarted.
impl Wire for ServerDeath {
    const MAX: usize = 1;

    fn encode(&self, to: &mut Encoder<'_>) {
        to.put(&(*self == ServerDeath::TimedOut));
    }

    fn decode(from: &mut Decoder<'_>) -> Self {
        if from.take() { ServerDeath::TimedOut } else { ServerDeath::Restarted }
    }
}

/// An error that an operation returns: an enumeration without payload.
///
/// [`error!`](crate::error!) and [`IdolError`](crate::IdolError) implement this. By hand: codes are at least 1, since
/// 0 means that all is well, and `from_code(e.code())` is `Some(e)`.
pub trait OpError: Sized + From<ServerDeath> {
    /// The number that stands for this error on the wire, at least 1.
    fn code(self) -> u32;
    /// The error with this number, if there is one.
    fn from_code(code: u32) -> Option<Self>;
}

/// The caller no longer waits for this server: it was restarted, or its time ran
/// out. There is nobody to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseError;

impl From<Defect> for LeaseError {
    fn from(_: Defect) -> Self {
        LeaseError
    }
}

/// Why a request ends without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestError<E> {
    /// Return this error to the caller.
    Error(E),
    /// Stop the caller: it broke the rules of the interface.
    Fault(Reason),
    /// The caller is gone; answer nobody.
    Gone,
}

/// A request that no error of its own can end, only the caller's death or mistake.
pub type Refusal = RequestError<Infallible>;

impl<E: From<ServerDeath>> From<E> for RequestError<E> {
    fn from(error: E) -> Self {
        RequestError::Error(error)
    }
}

impl<E> From<LeaseError> for RequestError<E> {
    fn from(_: LeaseError) -> Self {
        RequestError::Gone
    }
}

/// Declares the errors of an interface: an enumeration without payload, with codes
/// from 1, and which of them says that the server died.
///
/// ```
/// idol_runtime::error! {
///     /// Why the store refused.
///     pub enum StoreError {
///         /// No room left.
///         Full = 1,
///         /// The store was restarted, or did not answer in time.
///         ServerDied = 2,
///     }
///     server_death: ServerDied
/// }
/// assert_eq!(u32::from(StoreError::Full), 1);
/// assert_eq!(StoreError::try_from(2), Ok(StoreError::ServerDied));
/// assert_eq!(StoreError::try_from(3), Err(3));
/// ```
///
/// Code 0 means success on the wire and is refused:
///
/// ```compile_fail
/// idol_runtime::error! {
///     pub enum Wrong { Fine = 0, Died = 1 }
///     server_death: Died
/// }
/// ```
#[macro_export]
macro_rules! error {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $code:literal),+ $(,)?
        }
        server_death: $death:ident
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        $vis enum $name {
            $($(#[$variant_meta])* $variant = $code),+
        }

        const _: () = {
            $(assert!($name::$variant as u32 != 0, "code 0 means success: errors begin at 1");)+
        };

        impl $crate::OpError for $name {
            fn code(self) -> u32 {
                self as u32
            }

            fn from_code(code: u32) -> ::core::option::Option<Self> {
                match code {
                    $($code => ::core::option::Option::Some(Self::$variant),)+
                    _ => ::core::option::Option::None,
                }
            }
        }

        impl ::core::convert::From<$crate::ServerDeath> for $name {
            fn from(_: $crate::ServerDeath) -> Self {
                Self::$death
            }
        }

        impl ::core::convert::From<$name> for u32 {
            fn from(error: $name) -> u32 {
                error as u32
            }
        }

        impl ::core::convert::TryFrom<u32> for $name {
            /// The code that means nothing.
            type Error = u32;

            fn try_from(code: u32) -> ::core::result::Result<Self, u32> {
                <Self as $crate::OpError>::from_code(code).ok_or(code)
            }
        }
    };
}
