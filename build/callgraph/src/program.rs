//! A linked ELF file: functions, words, sizes, and the words of its data.

use crate::Error;
use object::read::elf::ElfFile64;
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SymbolKind};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A stretch of text that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its symbol, as the linker knows it.
    pub symbol: String,
    /// Address of its first word.
    pub start: u64,
    /// Address behind its last word: where the next function begins.
    pub end: u64,
}

impl Function {
    /// Its name as people write it, without the number that the compiler adds to the second
    /// of two functions of one name.
    #[must_use]
    pub fn name(&self) -> String {
        let mut name = format!("{:#}", rustc_demangle::demangle(&self.symbol));
        let number = name.rfind('.').filter(|at| {
            let digits = &name[at + 1..];
            *at > 0 && !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
        });
        if let Some(at) = number {
            name.truncate(at);
        }
        name
    }

    /// Its name without the types that it is made for: `a::b::<u8>::c` is `a::b::c`.
    #[must_use]
    pub fn short_name(&self) -> String {
        let name = self.name();
        let (mut short, mut depth, mut rest) = (String::new(), 0_usize, name.as_str());
        while let Some(next) = rest.chars().next() {
            if depth == 0 && rest.starts_with("::<") {
                depth = 1;
                rest = &rest[3..];
                continue;
            }
            match next {
                _ if depth == 0 => short.push(next),
                '<' => depth += 1,
                // Not the end of an arrow.
                '>' if !name[..name.len() - rest.len()].ends_with('-') => depth -= 1,
                _ => {}
            }
            rest = &rest[next.len_utf8()..];
        }
        short
    }

    /// Whether an address lies in it.
    #[must_use]
    pub fn has(&self, address: u64) -> bool {
        (self.start..self.end).contains(&address)
    }

    /// Whether the linker made it, to go around an erratum of Cortex-A53. It belongs
    /// to the function that jumps there, and jumps back into its middle.
    #[must_use]
    pub fn is_patch(&self) -> bool {
        self.symbol.starts_with("__CortexA53")
    }
}

/// A linked program.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// All names in its symbol table.
    pub symbols: BTreeMap<String, u64>,
    /// Its functions, in order of their addresses.
    pub functions: Vec<Function>,
    /// Its instructions, by address; literals among them are left out.
    pub words: BTreeMap<u64, u32>,
    /// Sizes of its sections.
    pub sections: BTreeMap<String, u64>,
    /// What of its initial memory is no instruction: 8-byte words that are not zero, by
    /// address.
    pub data: BTreeMap<u64, u64>,
}

impl Program {
    /// Reads a linked program.
    ///
    /// # Errors
    /// [`Error::Read`] or [`Error::Elf`].
    pub fn read(path: &Path) -> Result<Program, Error> {
        let bytes =
            std::fs::read(path).map_err(|source| Error::Read { path: path.into(), source })?;
        Program::parse(&bytes).map_err(|source| Error::Elf { path: path.into(), source })
    }

    /// Reads the bytes of a linked program.
    ///
    /// # Errors
    /// What makes them no ELF file of 64 bits.
    pub fn parse(bytes: &[u8]) -> Result<Program, object::Error> {
        let file: ElfFile64 = ElfFile64::parse(bytes)?;
        let mut program = Program::default();
        let (mut text, mut data) = (vec![], vec![]);
        let mut code = BTreeSet::new();
        for section in file.sections() {
            let name = section.name()?.to_owned();
            program.sections.insert(name, section.size());
            if section.kind() == object::SectionKind::Text {
                text.push((section.address(), section.data()?));
                code.insert(section.index().0);
            }
            let SectionFlags::Elf { sh_flags, .. } = section.flags() else { continue };
            if sh_flags.contains(object::elf::SHF_ALLOC) {
                data.push((section.address(), section.data()?));
            }
        }
        let within =
            |at: u64| text.iter().any(|(s, bytes)| at >= *s && at - s < bytes.len() as u64);
        // `$x` and `$d` begin instructions and literals (AAELF64, 5.5.4).
        let mut kinds = BTreeMap::new();
        let mut names: BTreeMap<u64, (u8, String)> = BTreeMap::new();
        for symbol in file.symbols() {
            let (name, at) = (symbol.name()?, symbol.address());
            if name.is_empty() || symbol.kind() == SymbolKind::File {
                continue;
            }
            let mapping = name.split('.').next().unwrap_or(name);
            // A section that is not loaded, such as that of log strings, has addresses, too.
            let in_code = symbol.section_index().is_some_and(|index| code.contains(&index.0));
            if mapping == "$x" || mapping == "$d" {
                if in_code && within(at) {
                    kinds.insert(at, mapping == "$x");
                }
                continue;
            }
            program.symbols.insert(name.to_owned(), at);
            let data = !matches!(
                symbol.kind(),
                SymbolKind::Text | SymbolKind::Unknown | SymbolKind::Label
            );
            if data || !in_code || !within(at) {
                continue;
            }
            // Of several names at one address: a function's, then a label's, then a
            // linker script's.
            let place = match symbol.kind() {
                SymbolKind::Text => 0,
                _ if !name.starts_with("__") => 1,
                _ => 2,
            };
            let new = (place, name.to_owned());
            let entry = names.entry(at).or_insert_with(|| new.clone());
            if new < *entry {
                *entry = new;
            }
        }
        for (start, bytes) in &text {
            let end = start + bytes.len() as u64;
            let inside: Vec<_> = names.range(*start..end).collect();
            for (position, (at, (_, symbol))) in inside.iter().enumerate() {
                let end = inside.get(position + 1).map_or(end, |(next, _)| **next);
                program.functions.push(Function { symbol: symbol.clone(), start: **at, end });
            }
            for (index, word) in bytes.chunks_exact(4).enumerate() {
                let at = start + index as u64 * 4;
                let code = kinds.range(..=at).next_back().is_none_or(|(_, code)| *code);
                let word = word.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
                if code {
                    program.words.insert(at, word);
                }
            }
        }
        for (start, bytes) in data {
            let skipped = start.next_multiple_of(8) - start;
            let bytes = bytes.get(skipped as usize..).unwrap_or_default();
            for (index, word) in bytes.chunks_exact(8).enumerate() {
                let at = start + skipped + index as u64 * 8;
                let word = word.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
                let code = program.words.contains_key(&at) || program.words.contains_key(&(at + 4));
                if word != 0 && !code {
                    program.data.insert(at, word);
                }
            }
        }
        program.functions.sort_by_key(|function| function.start);
        Ok(program)
    }

    /// The function that an address lies in.
    #[must_use]
    pub fn function(&self, address: u64) -> Option<&Function> {
        let after = self.functions.partition_point(|function| function.start <= address);
        self.functions.get(after.checked_sub(1)?).filter(|function| function.has(address))
    }

    /// The value of a symbol.
    ///
    /// # Errors
    /// [`Error::Symbol`].
    pub fn symbol(&self, name: &str) -> Result<u64, Error> {
        self.symbols.get(name).copied().ok_or_else(|| Error::Symbol(name.to_owned()))
    }

    /// An address as `function + offset`.
    #[must_use]
    pub fn place(&self, address: u64) -> String {
        match self.function(address) {
            Some(function) if function.start == address => function.name(),
            Some(function) => format!("{} + {:#x}", function.name(), address - function.start),
            None => format!("{address:#x}"),
        }
    }

    /// A program of these functions, one word behind the other from address 0x1000 on:
    /// for tests.
    #[must_use]
    pub fn of(functions: &[(&str, &[u32])]) -> Program {
        let mut program = Program::default();
        let mut at = 0x1000;
        for (symbol, words) in functions {
            let start = at;
            for word in *words {
                program.words.insert(at, *word);
                at += 4;
            }
            program.symbols.insert((*symbol).to_owned(), start);
            program.functions.push(Function { symbol: (*symbol).to_owned(), start, end: at });
        }
        program
    }
}

#[cfg(test)]
mod tests {
    use super::Function;

    fn names(symbol: &str) -> (String, String) {
        let function = Function { symbol: symbol.into(), start: 0, end: 4 };
        (function.name(), function.short_name())
    }

    #[test]
    fn a_name_is_without_numbers_and_a_short_one_without_types() {
        assert_eq!(names("kernel_main.12"), ("kernel_main".into(), "kernel_main".into()));
        assert_eq!(names("a.cold").0, "a.cold");
        let (name, short) = names("_RINvNtC1a1b1cFmEyhE");
        assert_eq!((name.as_str(), short.as_str()), ("a::b::c::<fn(u32) -> u64, u8>", "a::b::c"));
        let trait_name = names("_RNvXC1aNtB2_1ENtNtCs0_4core3fmt5Debug3fmt").1;
        assert_eq!(trait_name, "<a::E as core::fmt::Debug>::fmt");
    }
}
