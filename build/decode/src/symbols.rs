//! Addresses turned into functions and lines.

use object::{Object, ObjectSection, ObjectSymbol};
use std::sync::Arc;

type Reader = gimli::EndianArcSlice<gimli::LittleEndian>;

/// Symbols and line numbers of one program.
pub struct Symbols {
    /// Where instructions are. Line numbers of functions that the linker dropped
    /// stay behind, at address 0: they must not explain a jump to a null pointer.
    text: Vec<std::ops::Range<u64>>,
    context: Option<addr2line::Context<Reader>>,
    /// Start, size and name of each function, by start.
    functions: Vec<(u64, u64, String)>,
}

/// Where an address is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Function, demangled, without the hash.
    pub function: String,
    /// File and line, if there are line numbers.
    pub location: Option<(String, u32)>,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.location {
            Some((file, line)) => write!(f, "{} ({file}:{line})", self.function),
            None => f.write_str(&self.function),
        }
    }
}

impl Symbols {
    /// Reads a program's tables. Whatever is damaged or missing is left out.
    #[must_use]
    pub fn of(elf: &[u8]) -> Symbols {
        let Ok(file) = object::File::parse(elf) else {
            return Symbols { text: vec![], context: None, functions: vec![] };
        };
        let section = |id: gimli::SectionId| -> Result<Reader, gimli::Error> {
            let data = file.section_by_name(id.name());
            let data = data.and_then(|s| s.uncompressed_data().ok()).unwrap_or_default();
            Ok(Reader::new(Arc::from(&*data), gimli::LittleEndian))
        };
        let context = gimli::Dwarf::load(section)
            .ok()
            .and_then(|dwarf| addr2line::Context::from_dwarf(dwarf).ok());
        let mut functions: Vec<(u64, u64, String)> = file
            .symbols()
            .filter(|s| s.is_definition() && s.kind() == object::SymbolKind::Text)
            .filter_map(|s| Some((s.address(), s.size(), demangle(s.name().ok()?))))
            .collect();
        functions.sort();
        let text = file.sections().filter(|s| s.kind() == object::SectionKind::Text);
        let text = text.map(|s| s.address()..s.address().saturating_add(s.size())).collect();
        Symbols { text, context, functions }
    }

    /// Function and line of the instruction at `address`.
    #[must_use]
    pub fn place(&self, address: u64) -> Option<Place> {
        if !self.text.iter().any(|range| range.contains(&address)) {
            return None;
        }
        self.by_lines(address).or_else(|| self.by_symbols(address))
    }

    fn by_lines(&self, address: u64) -> Option<Place> {
        let mut frames = self.context.as_ref()?.find_frames(address).skip_all_loads().ok()?;
        // Several functions share an instruction where one was inlined into another.
        // The innermost of the user's own says more than a line of the library.
        let mut chosen = None;
        while let Ok(Some(frame)) = frames.next() {
            let file = frame.location.as_ref().and_then(|l| l.file).unwrap_or("");
            let own = !["/rust/", "/rustc/", "/cargo/"].iter().any(|p| file.starts_with(p));
            if own || chosen.is_none() {
                chosen = Some(frame);
            }
            if own {
                break;
            }
        }
        let frame = chosen?;
        let location = frame.location.and_then(|l| Some((tidy(l.file?), l.line?)));
        let function = match frame.function.as_ref().and_then(|f| f.raw_name().ok()) {
            Some(name) => demangle(&name),
            None => self.by_symbols(address)?.function,
        };
        Some(Place { function, location })
    }

    fn by_symbols(&self, address: u64) -> Option<Place> {
        let after = self.functions.partition_point(|f| f.0 <= address);
        let (start, size, name) = self.functions.get(after.checked_sub(1)?)?;
        // Assembly gives no sizes: such a symbol reaches to the next.
        let inside = *size == 0 || address - start < *size;
        inside.then(|| Place { function: name.clone(), location: None })
    }
}

/// A symbol's name as it was written, without the compiler's hash.
fn demangle(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

/// A path as a reader of the source knows it: without the stand-ins for where the
/// sources were when they were compiled.
#[must_use]
pub fn tidy(path: &str) -> String {
    for prefix in ["/exov6/", "/app/"] {
        if let Some(rest) = path.strip_prefix(prefix) {
            return rest.to_owned();
        }
    }
    if let Some(rest) = path.strip_prefix("/cargo/registry/src/") {
        return rest.split_once('/').map_or(rest, |(_, file)| file).to_owned();
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Symbols, demangle, tidy};

    #[inline(never)]
    fn a_function_to_find() -> u32 {
        std::hint::black_box(42)
    }

    #[test]
    fn this_very_program_knows_its_own_lines() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let symbols = Symbols::of(&program);
        // Function addresses move when the program is loaded: take one from the file.
        let name = "exov6_decode::symbols::tests::a_function_to_find";
        assert_eq!(a_function_to_find(), 42);
        let address = symbols.functions.iter().find(|f| f.2 == name).unwrap().0;
        let place = symbols.place(address).unwrap();
        assert!(name.ends_with(&place.function), "{}", place.function);
        let (file, line) = place.location.clone().unwrap();
        assert!(file.ends_with("decode/src/symbols.rs"), "{file}");
        assert!(line > 50, "{line}");
        assert!(place.to_string().ends_with(&format!("symbols.rs:{line})")), "{place}");
    }

    #[test]
    fn garbage_has_no_symbols_and_does_no_harm() {
        assert_eq!(Symbols::of(b"").place(0), None);
        assert_eq!(Symbols::of(b"\x7fELF\x02\x01\x01 and more").place(0x1000), None);
    }

    #[test]
    fn names_lose_their_hash_and_paths_their_stand_ins() {
        assert_eq!(demangle("_ZN4task4main17h0123456789abcdefE"), "task::main");
        assert_eq!(demangle("_start"), "_start");
        assert_eq!(tidy("/exov6/task/act/src/main.rs"), "task/act/src/main.rs");
        let registry = "/cargo/registry/src/somewhere-19/defmt-1.2.0/src/lib.rs";
        assert_eq!(tidy(registry), "defmt-1.2.0/src/lib.rs");
        assert_eq!(tidy("/elsewhere/a.rs"), "/elsewhere/a.rs");
    }
}
