//! Standard output that may be closed at any time.
//!
//! `println!` panics when whoever reads has left (`… | head`); a command line has
//! no reason to.

/// Prints a line to standard output; lost if nobody listens.
macro_rules! say {
    ($($format:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($format)*);
    }};
}
pub(crate) use say;
