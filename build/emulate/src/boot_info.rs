//! The boot-info page: how an emulator talks to an image before it starts.

use abi::boot::{BootInfo, INFO_MAGIC, SCRIPT_BYTES};
use std::time::Duration;
use zerocopy::IntoBytes;

/// A console command and when to give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Time since boot; microseconds count.
    pub at: Duration,
    /// The command, one line.
    pub text: String,
}

/// Wishes that an image finds in its boot-info page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Stop this long after boot.
    pub run_until: Option<Duration>,
    /// Number of the test to run; 0 = none.
    pub test: u64,
    /// What the machine is ([`abi::boot::machine`]), for tests to compare; 0 = not said.
    pub machine: u64,
    /// Generation that every task begins with.
    pub generation: u32,
    /// Console commands, in any order.
    pub script: Vec<Command>,
}

/// Why wishes do not fit into a page.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too many or too long commands.
    #[error("the script of {commands} commands takes {bytes} bytes, and there is room for {room}", room = SCRIPT_BYTES)]
    ScriptTooLong {
        /// Number of commands.
        commands: usize,
        /// Bytes that they take.
        bytes: usize,
    },
    /// A command with a line feed in it would be two.
    #[error("the command {0:?} is more than one line")]
    NotALine(String),
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Wishes {
    /// The page, 4096 bytes.
    ///
    /// # Errors
    /// [`Error`] if the script does not fit.
    pub fn page(&self) -> Result<Vec<u8>, Error> {
        let mut commands: Vec<&Command> = self.script.iter().collect();
        commands.sort_by_key(|c| c.at);
        let mut text = String::new();
        for command in &commands {
            if command.text.contains(['\n', '\r', '\0']) {
                return Err(Error::NotALine(command.text.clone()));
            }
            text.push_str(&format!("{} {}\n", microseconds(command.at), command.text));
        }
        let mut script = [0; SCRIPT_BYTES];
        let Some(used) = script.get_mut(..text.len()) else {
            return Err(Error::ScriptTooLong { commands: commands.len(), bytes: text.len() });
        };
        used.copy_from_slice(text.as_bytes());
        let info = BootInfo {
            magic: INFO_MAGIC,
            run_until_us: self.run_until.map_or(0, microseconds),
            test: self.test,
            machine: self.machine,
            generation: self.generation.into(),
            script_len: text.len() as u64,
            script,
        };
        let mut page = info.as_bytes().to_vec();
        page.resize(abi::limits::PAGE as usize, 0);
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, Error, Wishes};
    use abi::boot::BootInfo;
    use std::time::Duration;
    use zerocopy::FromBytes;

    fn command(millis: u64, text: &str) -> Command {
        Command { at: Duration::from_millis(millis), text: text.into() }
    }

    #[test]
    fn commands_are_sorted_by_time_and_told_in_microseconds() {
        let wishes = Wishes {
            run_until: Some(Duration::from_secs(5)),
            test: 7,
            machine: 0x302,
            generation: 0,
            script: vec![command(2500, "break control"), command(1, "help")],
        };
        let page = wishes.page().unwrap();
        assert_eq!(page.len(), 4096);
        let (info, _) = BootInfo::read_from_prefix(&page).unwrap();
        assert_eq!((info.run_until_us, info.test, info.machine), (5_000_000, 7, 0x302));
        assert_eq!(&info.script[..info.script_len as usize], b"1000 help\n2500000 break control\n");
    }

    #[test]
    fn a_script_that_does_not_fit_is_refused_with_both_sizes() {
        let wishes = Wishes { script: vec![command(0, &"x".repeat(2000))], ..Wishes::default() };
        assert_eq!(wishes.page(), Err(Error::ScriptTooLong { commands: 1, bytes: 2003 }));
        let wishes = Wishes { script: vec![command(0, "a\nb")], ..Wishes::default() };
        assert_eq!(wishes.page(), Err(Error::NotALine("a\nb".into())));
    }
}
