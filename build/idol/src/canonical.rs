//! One text for one interface: what client and server must agree on, and no more.
//!
//! Two tasks talk past each other if an operation's number, a size or an order
//! differs. The canonical form holds exactly that: names and full paths, numbers,
//! orders, rights, limits. Comments, documentation, spacing and the choice between
//! an import and a full path are not in it. Its SHA-256 names the interface.

use crate::model::{Encoding, ErrorType, Interface, Recv, Value};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The canonical form: lines of words, ended by newlines.
///
/// ```text
/// idol 1
/// interface Store
/// op 1 append once
/// arg sample demo_types::Sample
/// lease into [u8] w 512
/// reply u32 demo_types::StoreError
/// ```
#[must_use]
pub fn canonical(interface: &Interface) -> String {
    let mut text = format!("idol 1\ninterface {}\n", interface.name);
    for operation in &interface.operations {
        let repeat = if operation.idempotent { "idempotent" } else { "once" };
        // Writing into a String cannot fail.
        let _ = writeln!(text, "op {} {} {repeat}", operation.number, operation.name);
        if operation.encoding != Encoding::Zerocopy {
            let _ = writeln!(text, "encoding {}", operation.encoding);
        }
        for arg in &operation.args {
            let _ = writeln!(text, "arg {} {}", arg.name, value(&arg.value));
        }
        for lease in &operation.leases {
            let _ = write!(text, "lease {} {} {}", lease.name, lease.ty, lease.right.as_str());
            if let Some(max) = lease.max_len {
                let _ = write!(text, " {max}");
            }
            text.push('\n');
        }
        let ok = value(&operation.reply.ok);
        let _ = match &operation.reply.error {
            None => writeln!(text, "reply {ok}"),
            Some(ErrorType::CLike(error)) => writeln!(text, "reply {ok} {error}"),
            Some(ErrorType::Complex(error)) => writeln!(text, "reply {ok} complex {error}"),
            Some(ErrorType::ServerDeath) => writeln!(text, "reply {ok} server-death"),
        };
    }
    text
}

/// The type, and what it is received as if that is another.
fn value(value: &Value) -> String {
    match &value.recv {
        Recv::FromBytes => value.ty.to_string(),
        recv => format!("{} {recv}", value.ty),
    }
}

/// SHA-256 of the canonical form, in hexadecimal.
#[must_use]
pub fn hash(interface: &Interface) -> String {
    let digest = Sha256::digest(canonical(interface).as_bytes());
    digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
