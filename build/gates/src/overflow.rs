//! Overflow checks: on, and seen to be on.
//!
//! The kernel's object has a function that adds two numbers and that nothing calls;
//! the linker drops it. If the compiler was told to check, it has a call that begins
//! a panic. As it is compiled with the rest of the kernel, no setting can reach the
//! one and not the other. The manifest is read besides, to name the line that is wrong.
//!
//! Together with gate `panics` this says: every addition, subtraction, multiplication
//! and shift of the kernel either cannot overflow, and the compiler knows it, or says
//! what is to happen.

use crate::{Error, Gate, Verdict};
use object::read::archive::ArchiveFile;
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SymbolKind};
use std::path::Path;

/// The function.
const PROBE: &str = "overflow_probe";

/// Looks at the manifest of the workspace and at the objects of the kernel.
pub(crate) fn judge(root: &Path, library: &Path) -> Result<Verdict, Error> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|source| Error::Read { path: path.into(), source })
    };
    let manifest = root.join("Cargo.toml");
    let text = String::from_utf8_lossy(&read(&manifest)?).into_owned();
    let mut culprits = profile(&text)?;
    let bytes = read(library)?;
    let elf = |source| exov6_callgraph::Error::Elf { path: library.into(), source };
    let checks = probe(&bytes).map_err(elf)?;
    match &checks {
        None => culprits.push(format!("the kernel's object has no function {PROBE}")),
        Some(calls) if calls.is_empty() => {
            culprits.push(format!("{PROBE} in the kernel's object adds without a check"));
        }
        Some(_) => {}
    }
    let calls = checks.unwrap_or_default();
    let names = calls.iter().map(|name| format!("{:#}", rustc_demangle::demangle(name)));
    let names: Vec<String> = names.collect();
    Ok(Verdict::new(Gate::Overflow, calls.len() as u64, None, "checks in the probe")
        .summary(format!("{PROBE} calls {}", names.join(", ")))
        .blame(culprits))
}

/// What is wrong with the profile that the kernel is built with.
fn profile(manifest: &str) -> Result<Vec<String>, Error> {
    let file = "Cargo.toml";
    let table: toml::Table = manifest.parse().map_err(|error: toml::de::Error| Error::Toml {
        file: file.into(),
        what: error.to_string(),
    })?;
    let get = |table: &toml::Table, key: &str| table.get(key).and_then(|v| v.as_table().cloned());
    let release = get(&table, "profile").and_then(|profiles| get(&profiles, "release"));
    let release = release.unwrap_or_default();
    let checks = |table: &toml::Table| table.get("overflow-checks").and_then(toml::Value::as_bool);
    let mut wrong = vec![];
    if checks(&release) != Some(true) {
        wrong.push(format!("{file}: [profile.release] has no `overflow-checks = true`"));
    }
    for (package, own) in get(&release, "package").unwrap_or_default() {
        if own.as_table().is_some_and(|own| checks(own) == Some(false)) {
            wrong.push(format!("{file}: [profile.release.package.{package}] turns checks off"));
        }
    }
    Ok(wrong)
}

/// Functions that begin a panic and that the probe calls; `None` without a probe.
fn probe(library: &[u8]) -> Result<Option<Vec<String>>, object::Error> {
    for member in ArchiveFile::parse(library)?.members() {
        let Ok(file) = object::File::parse(member?.data(library)?) else { continue };
        let Some(symbol) = file.symbols().find(|s| s.name() == Ok(PROBE) && s.is_definition())
        else {
            continue;
        };
        let Some(section) = symbol.section_index() else { continue };
        let section = file.section_by_index(section)?;
        let within = symbol.address()..symbol.address() + symbol.size();
        let mut calls = vec![];
        for (at, relocation) in section.relocations() {
            let RelocationTarget::Symbol(target) = relocation.target() else { continue };
            let target = file.symbol_by_index(target)?;
            let mut name = target.name()?.to_owned();
            // A local function is named by its section and its place there.
            if target.kind() == SymbolKind::Section {
                let place = (target.section_index(), relocation.addend() as u64);
                let same = |s: &object::Symbol<'_, '_>| {
                    s.kind() == SymbolKind::Text && (s.section_index(), s.address()) == place
                };
                if let Some(function) = file.symbols().find(same) {
                    name = function.name()?.to_owned();
                }
            }
            if within.contains(&at) && exov6_image::begins_panic(&name) {
                calls.push(name);
            }
        }
        return Ok(Some(calls));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::{probe, profile};
    use object::write::{Object, Relocation, Symbol, SymbolSection};
    use object::{
        Architecture, BinaryFormat, Endianness, RelocationEncoding, RelocationFlags,
        RelocationKind, SymbolFlags, SymbolKind, SymbolScope,
    };

    /// An archive of one object in which `function` calls `called`, which is behind it
    /// in a section of its own if it is `local`.
    fn library(function: &str, called: &str, local: bool) -> Vec<u8> {
        let mut object = Object::new(BinaryFormat::Elf, Architecture::Aarch64, Endianness::Little);
        let text = object.add_subsection(object::write::StandardSection::Text, b"probe");
        let symbol = |name: &str, section, size| Symbol {
            name: name.into(),
            value: 0,
            size,
            kind: SymbolKind::Text,
            scope: SymbolScope::Linkage,
            weak: false,
            section,
            flags: SymbolFlags::None,
        };
        object.append_section_data(text, &[0, 0, 0, 0x94, 0xc0, 0x03, 0x5f, 0xd6], 4);
        object.add_symbol(symbol(function, SymbolSection::Section(text), 8));
        let called = if local {
            let cold = object.add_subsection(object::write::StandardSection::Text, b"cold");
            object.append_section_data(cold, &[0; 8], 4);
            let behind = symbol(called, SymbolSection::Section(cold), 4);
            object.add_symbol(Symbol { value: 4, scope: SymbolScope::Compilation, ..behind });
            object.section_symbol(cold)
        } else {
            object.add_symbol(symbol(called, SymbolSection::Undefined, 0))
        };
        let flags = RelocationFlags::Generic {
            kind: RelocationKind::PltRelative,
            encoding: RelocationEncoding::AArch64Call,
            size: 26,
        };
        let relocation =
            Relocation { offset: 0, symbol: called, addend: if local { 4 } else { 0 }, flags };
        object.add_relocation(text, relocation).unwrap();
        let member = object.write().unwrap();
        let mut archive = b"!<arch>\n".to_vec();
        let head =
            format!("{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", "a.o/", 0, 0, 0, 644, member.len());
        archive.extend(head.as_bytes());
        archive.extend(&member);
        archive
    }

    #[test]
    fn the_probe_must_call_a_panic() {
        let panic = "_RNvNtNtCs2Pz_4core9panicking11panic_const24panic_const_add_overflow";
        for local in [false, true] {
            let of = |function, called| probe(&library(function, called, local)).unwrap();
            assert_eq!(of("overflow_probe", panic).unwrap(), [panic]);
            assert!(of("overflow_probe", "memcpy").unwrap().is_empty());
            assert_eq!(of("other", panic), None);
        }
    }

    #[test]
    fn no_profile_turns_them_off() {
        let on = "[profile.release]\noverflow-checks = true\n";
        assert!(profile(on).unwrap().is_empty());
        for (manifest, wrong) in [
            ("", "[profile.release] has no"),
            ("[profile.release]\noverflow-checks = false\n", "[profile.release] has no"),
            ("[profile.dev]\noverflow-checks = true\n", "[profile.release] has no"),
        ] {
            assert!(profile(manifest).unwrap()[0].contains(wrong), "{manifest}");
        }
        let off = format!("{on}[profile.release.package.exov6-kern]\noverflow-checks = false\n");
        assert!(profile(&off).unwrap()[0].contains("package.exov6-kern] turns checks off"));
        assert!(profile("[").is_err());
    }
}
