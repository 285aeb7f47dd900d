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
    /// Generation that every task begins with.
    pub generation: u32,
    /// What the machine is ([`abi::boot::machine`]), for tests to compare; 0 = not said.
    pub machine: u64,
    /// Console commands, in any order.
    pub script: Vec<Command>,
    /// Words for a test to find behind the rest of the page; their meaning belongs to it.
    pub words: Vec<u64>,
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
    /// More words than fit behind the rest.
    #[error("{words} words are too many for the page, which has room for {room}")]
    TooManyWords {
        /// Number of words.
        words: usize,
        /// How many fit.
        room: usize,
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
            generation: self.generation.into(),
            machine: self.machine,
            script_len: text.len() as u64,
            script,
        };
        let mut page = info.as_bytes().to_vec();
        let size = abi::limits::PAGE as usize;
        let room = (size - page.len()) / 8;
        if self.words.len() > room {
            return Err(Error::TooManyWords { words: self.words.len(), room });
        }
        page.extend_from_slice(self.words.as_bytes());
        page.resize(size, 0);
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
            generation: 0,
            machine: 0x302,
            script: vec![command(2500, "break control"), command(1, "help")],
            words: vec![],
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

    #[test]
    fn words_lie_behind_the_rest_if_they_fit() {
        let wishes = Wishes { words: vec![7, 1 << 63], ..Wishes::default() };
        let page = wishes.page().unwrap();
        let at = size_of::<BootInfo>();
        assert_eq!(page.len(), 4096);
        assert_eq!(page[at..at + 8], 7_u64.to_le_bytes());
        assert_eq!(page[at + 15], 0x80);
        let wishes = Wishes { words: vec![1; 1000], ..Wishes::default() };
        let room = (4096 - at) / 8;
        assert_eq!(wishes.page(), Err(Error::TooManyWords { words: 1000, room }));
    }
}
