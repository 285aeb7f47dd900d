//! Cases: which on-target tests an image has, told by the programs in its archive.
//!
//! A test task (`sys/test`) keeps the list of its cases as text behind a symbol, so that
//! the names need not be written down a second time for the host.

use exov6_archive::Archive;
use object::{Object, ObjectSection, ObjectSymbol};

/// Symbol of the list; that of `exov6_test::SYMBOL`.
const SYMBOL: &str = "EXOV6_TESTS";

/// A test in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Name of the task that has it.
    pub task: String,
    /// Name of the function.
    pub name: String,
    /// What must hold, in the words of its author; may be empty.
    pub holds: String,
    /// What the boot-info page says to run it, from 1.
    pub number: u64,
}

/// The cases of every task of an image, in the order of tasks and functions.
#[must_use]
pub fn cases(archive: &Archive) -> Vec<Case> {
    let tasks = archive.manifest.tasks.iter();
    tasks.flat_map(|task| of(&task.name, archive.entry(&task.elf).unwrap_or_default())).collect()
}

/// The cases of one program; none if it is no test task's, or damaged.
fn of(task: &str, elf: &[u8]) -> Vec<Case> {
    let text = text(elf).unwrap_or_default();
    let text = String::from_utf8_lossy(text);
    text.lines()
        .zip(1..)
        .map(|(line, number)| {
            let (name, holds) = line.split_once('\t').unwrap_or((line, ""));
            let (task, name) = (task.to_owned(), name.to_owned());
            Case { task, name, holds: holds.trim().to_owned(), number }
        })
        .collect()
}

/// The bytes behind [`SYMBOL`].
fn text(elf: &[u8]) -> Option<&[u8]> {
    let file = object::File::parse(elf).ok()?;
    let symbol = file.symbols().find(|symbol| symbol.name() == Ok(SYMBOL))?;
    let section = file.section_by_index(symbol.section_index()?).ok()?;
    section.data_range(symbol.address(), symbol.size()).ok()?
}

#[cfg(test)]
mod tests {
    use super::{Case, SYMBOL, of};
    use object::write::{Object, Symbol, SymbolSection};
    use object::{Architecture, BinaryFormat, Endianness, SectionKind, SymbolFlags};
    use object::{SymbolKind, SymbolScope};

    /// A program with the text behind the symbol, and something before it.
    fn program(symbol: &str, text: &[u8]) -> Vec<u8> {
        let (arch, endian) = (Architecture::Aarch64, Endianness::Little);
        let mut object = Object::new(BinaryFormat::Elf, arch, endian);
        let section = object.add_section(vec![], b".rodata".to_vec(), SectionKind::ReadOnlyData);
        object.append_section_data(section, b"something else", 1);
        let value = object.append_section_data(section, text, 1);
        object.add_symbol(Symbol {
            name: symbol.into(),
            value,
            size: text.len() as u64,
            kind: SymbolKind::Data,
            scope: SymbolScope::Linkage,
            weak: false,
            section: SymbolSection::Section(section),
            flags: SymbolFlags::None,
        });
        object.write().unwrap()
    }

    #[test]
    fn the_list_of_a_test_task_is_read_with_what_must_hold() {
        let found = of("tests", &program(SYMBOL, b"adds\t It adds. It does.\nquiet\t\n"));
        let case = |name: &str, holds: &str, number| Case {
            task: "tests".to_owned(),
            name: name.to_owned(),
            holds: holds.to_owned(),
            number,
        };
        assert_eq!(found, [case("adds", "It adds. It does.", 1), case("quiet", "", 2)]);
    }

    #[test]
    fn a_program_without_the_list_or_a_damaged_one_has_no_cases() {
        assert!(of("t", b"").is_empty());
        assert!(of("t", b"\x7fELF\x02\x01\x01").is_empty());
        assert!(of("t", &program("SOMETHING", b"adds\t\n")).is_empty());
        let whole = program(SYMBOL, b"adds\t\n");
        for length in 0..whole.len() {
            let _ = of("t", &whole[..length]);
        }
    }
}
