//! Machines: what target tests run on, a board and a way to enter it each.

/// Boards that the cases run on; the first is that of `test/app.toml`.
const BOARDS: [&str; 2] = ["qemu-virt", "qemu-virt-gicv3"];
/// Exception levels at which each is entered.
const LEVELS: [u32; 2] = [1, 2];

/// What a case runs on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// File in `boards/`.
    pub board: &'static str,
    /// Exception level at entry.
    pub level: u32,
}

impl Machine {
    /// Every machine, board by board.
    pub fn all() -> impl Iterator<Item = Machine> {
        let of = |board| LEVELS.into_iter().map(move |level| Machine { board, level });
        BOARDS.into_iter().flat_map(of)
    }

    fn is_first(self) -> bool {
        self == Machine { board: BOARDS[0], level: LEVELS[0] }
    }

    /// Name of a case's test on this machine.
    pub fn name(self, case: &str) -> String {
        if self.is_first() { format!("target::{case}") } else { format!("target::{self}::{case}") }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.el{}", self.board, self.level)
    }
}
