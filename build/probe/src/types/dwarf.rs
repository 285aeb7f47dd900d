//! Users' types, as a program's debug information describes them.

use super::{Member, Shape};
use gimli::{AttributeValue, DebuggingInformationEntry, Dwarf as Sections, Reader as _, Unit};
use object::{Object, ObjectSection};
use std::collections::BTreeMap;
use std::sync::Arc;

type Reader = gimli::EndianArcSlice<gimli::LittleEndian>;
type Entry = DebuggingInformationEntry<Reader>;

/// How deep types may be nested in each other: debug information may be damaged.
const DEPTH: u32 = 16;
/// How deep namespaces and functions may be.
const NESTING: isize = 64;

/// A type as it is written down; others are named by their offset.
#[derive(Clone, Debug)]
enum Definition {
    Base { encoding: u64, size: u64 },
    Struct { size: u64, members: Vec<(String, u64, u64)> },
    Enum { size: u64, variants: Vec<(String, u128)> },
    Array { element: u64, count: u64 },
    Other { size: u64 },
}

/// The types of one program.
#[derive(Clone, Debug, Default)]
pub struct Dwarf {
    definitions: BTreeMap<u64, Definition>,
    /// Offsets, by path.
    paths: BTreeMap<Vec<String>, u64>,
}

impl Dwarf {
    /// Reads a program's types. Whatever is damaged or missing is left out.
    #[must_use]
    pub fn of(elf: &[u8]) -> Self {
        let Ok(file) = object::File::parse(elf) else { return Dwarf::default() };
        Dwarf::of_sections(|name| {
            let data = file.section_by_name(name).and_then(|s| s.uncompressed_data().ok());
            data.unwrap_or_default().into_owned()
        })
    }

    fn of_sections(contents: impl Fn(&str) -> Vec<u8>) -> Self {
        let mut types = Dwarf::default();
        let section = |id: gimli::SectionId| -> Result<Reader, gimli::Error> {
            Ok(Reader::new(Arc::from(contents(id.name())), gimli::LittleEndian))
        };
        let Ok(sections) = Sections::load(section) else { return types };
        let mut units = sections.units();
        while let Ok(Some(header)) = units.next() {
            let base = header.offset().0 as u64;
            if let Ok(unit) = sections.unit(header) {
                // What a damaged unit has told before its damage is kept.
                let _ = types.read(&sections, &unit, base);
            }
        }
        types
    }

    /// The type with this path; if there is none, the only one of this crate with this
    /// name, because a path may be that of a re-export.
    #[must_use]
    pub fn find(&self, path: &[String]) -> Option<Shape> {
        let exact = self.paths.get(path);
        let same =
            |other: &&Vec<String>| other.first() == path.first() && other.last() == path.last();
        let found = exact.copied().or_else(|| {
            let mut all = self.paths.keys().filter(same);
            let only = all.next().filter(|_| all.next().is_none())?;
            self.paths.get(only).copied()
        })?;
        self.shape(found, DEPTH)
    }

    fn shape(&self, offset: u64, depth: u32) -> Option<Shape> {
        let depth = depth.checked_sub(1)?;
        let of = |offset: &u64, size| self.shape(*offset, depth).unwrap_or(Shape::Bytes(size));
        Some(match self.definitions.get(&offset)? {
            Definition::Base { encoding, size } => match gimli::DwAte(*encoding as u8) {
                gimli::DW_ATE_boolean => Shape::Bool,
                gimli::DW_ATE_float => Shape::Float(*size),
                gimli::DW_ATE_signed | gimli::DW_ATE_signed_char => Shape::Signed(*size),
                gimli::DW_ATE_UTF => Shape::Char,
                _ if *size == 0 => Shape::Unit,
                _ => Shape::Unsigned(*size),
            },
            Definition::Struct { size, members } => {
                let members = members.iter().map(|(name, offset, ty)| Member {
                    name: name.clone(),
                    offset: *offset,
                    shape: of(ty, 0),
                });
                let members: Vec<Member> = members.collect();
                let known = members.iter().all(|member| {
                    let end = member.shape.size().and_then(|own| own.checked_add(member.offset));
                    end.is_some_and(|end| end <= *size)
                });
                if known { Shape::Struct { size: *size, members } } else { Shape::Bytes(*size) }
            }
            Definition::Enum { size, variants } => {
                Shape::Enum { size: *size, variants: variants.clone() }
            }
            Definition::Array { element, count } => {
                Shape::Array(Box::new(self.shape(*element, depth)?), *count)
            }
            Definition::Other { size } => Shape::Bytes(*size),
        })
    }

    fn read(
        &mut self,
        sections: &Sections<Reader>,
        unit: &Unit<Reader>,
        base: u64,
    ) -> Result<(), gimli::Error> {
        let name_of = |entry: &Entry| {
            let value = entry.attr_value(gimli::DW_AT_name)?;
            let text = sections.attr_string(unit, value).ok()?;
            text.to_string().ok().map(|text| text.into_owned())
        };
        // Names of the entries around the present one, one for each depth.
        let mut path: Vec<Option<String>> = vec![];
        // The structure, enumeration or array that the present entry belongs to.
        let mut owners: Vec<Option<u64>> = vec![];
        let mut entries = unit.entries();
        while entries.next_dfs()?.is_some() {
            let Some(entry) = entries.current() else { break };
            let depth = entries.depth();
            if !(0..NESTING).contains(&depth) {
                continue;
            }
            path.truncate(depth as usize);
            owners.truncate(depth as usize);
            let own = base + entry.offset().0 as u64;
            let (name, size) = (name_of(entry), number(entry, gimli::DW_AT_byte_size));
            let owner = owners.last().copied().flatten();
            let definition = match entry.tag() {
                gimli::DW_TAG_base_type => Some(Definition::Base {
                    encoding: match entry.attr_value(gimli::DW_AT_encoding) {
                        Some(AttributeValue::Encoding(encoding)) => encoding.0.into(),
                        _ => 0,
                    },
                    size: size.unwrap_or(0),
                }),
                gimli::DW_TAG_structure_type => {
                    Some(Definition::Struct { size: size.unwrap_or(0), members: vec![] })
                }
                gimli::DW_TAG_enumeration_type => {
                    Some(Definition::Enum { size: size.unwrap_or(0), variants: vec![] })
                }
                gimli::DW_TAG_array_type => {
                    reference(entry, base).map(|element| Definition::Array { element, count: 0 })
                }
                gimli::DW_TAG_union_type | gimli::DW_TAG_pointer_type => {
                    Some(Definition::Other { size: size.unwrap_or(0) })
                }
                _ => None,
            };
            let is_type = definition.is_some();
            if let Some(definition) = definition {
                self.definitions.insert(own, definition);
            } else {
                self.part(entry, base, owner, name.as_deref());
            }
            // The compilation unit itself is the outermost entry, and no part of a path.
            let name = name.filter(|_| depth > 0);
            path.push(name);
            owners.push(is_type.then_some(own));
            let named: Option<Vec<String>> = path.iter().skip(1).cloned().collect();
            if let (true, Some(named)) = (is_type && depth > 0, named) {
                self.paths.entry(named).or_insert(own);
            }
        }
        Ok(())
    }

    /// Takes up a field, an enumerator or the length of an array.
    fn part(&mut self, entry: &Entry, base: u64, owner: Option<u64>, name: Option<&str>) {
        let Some(owner) = owner.and_then(|owner| self.definitions.get_mut(&owner)) else { return };
        match (owner, entry.tag()) {
            (Definition::Struct { members, .. }, gimli::DW_TAG_member) => {
                let offset = number(entry, gimli::DW_AT_data_member_location).unwrap_or(0);
                if let (Some(name), Some(ty)) = (name, reference(entry, base)) {
                    members.push((name.to_owned(), offset, ty));
                }
            }
            (owner @ Definition::Struct { .. }, gimli::DW_TAG_variant_part) => {
                // An enumeration with payload: nothing that a message can carry.
                if let Definition::Struct { size, .. } = *owner {
                    *owner = Definition::Other { size };
                }
            }
            (Definition::Enum { size, variants }, gimli::DW_TAG_enumerator) => {
                let value = entry.attr_value(gimli::DW_AT_const_value);
                let value = value.and_then(|value| {
                    value.udata_value().map(u128::from).or_else(|| {
                        let bits = value.sdata_value()? as u64;
                        Some(u128::from(bits & mask(*size)))
                    })
                });
                if let (Some(name), Some(value)) = (name, value) {
                    variants.push((name.to_owned(), value));
                }
            }
            (Definition::Array { count, .. }, gimli::DW_TAG_subrange_type) => {
                *count = number(entry, gimli::DW_AT_count).unwrap_or(0);
            }
            _ => {}
        }
    }
}

/// The low bytes of a word.
fn mask(size: u64) -> u64 {
    u64::MAX.checked_shr(64_u32.saturating_sub(size.saturating_mul(8) as u32)).unwrap_or(0)
}

fn number(entry: &Entry, name: gimli::DwAt) -> Option<u64> {
    entry.attr_value(name)?.udata_value()
}

/// Where the entry's type is written down.
fn reference(entry: &Entry, base: u64) -> Option<u64> {
    match entry.attr_value(gimli::DW_AT_type)? {
        AttributeValue::UnitRef(offset) => Some(base + offset.0 as u64),
        AttributeValue::DebugInfoRef(offset) => Some(offset.0 as u64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use gimli::write::{AttributeValue as Value, DwarfUnit, EndianVec, Sections, UnitEntryId};

    fn path(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// Writes entries, as a compiler would.
    struct Writer(DwarfUnit);

    impl Writer {
        fn add(&mut self, parent: UnitEntryId, tag: gimli::DwTag, name: &str) -> UnitEntryId {
            let entry = self.0.unit.add(parent, tag);
            let name = Value::String(name.as_bytes().to_vec());
            self.0.unit.get_mut(entry).set(gimli::DW_AT_name, name);
            entry
        }

        fn set(&mut self, entry: UnitEntryId, name: gimli::DwAt, value: Value) {
            self.0.unit.get_mut(entry).set(name, value);
        }

        fn base(&mut self, name: &str, size: u64, encoding: gimli::DwAte) -> UnitEntryId {
            let entry = self.add(self.0.unit.root(), gimli::DW_TAG_base_type, name);
            self.set(entry, gimli::DW_AT_byte_size, Value::Udata(size));
            self.set(entry, gimli::DW_AT_encoding, Value::Encoding(encoding));
            entry
        }

        fn structure(&mut self, parent: UnitEntryId, name: &str, size: u64) -> UnitEntryId {
            let entry = self.add(parent, gimli::DW_TAG_structure_type, name);
            self.set(entry, gimli::DW_AT_byte_size, Value::Udata(size));
            entry
        }

        fn member(&mut self, parent: UnitEntryId, name: &str, at: u64, ty: UnitEntryId) {
            let entry = self.add(parent, gimli::DW_TAG_member, name);
            self.set(entry, gimli::DW_AT_data_member_location, Value::Udata(at));
            self.set(entry, gimli::DW_AT_type, Value::UnitRef(ty));
        }

        fn finish(mut self) -> Dwarf {
            let mut sections = Sections::new(EndianVec::new(gimli::LittleEndian));
            self.0.write(&mut sections).unwrap();
            let mut all = BTreeMap::new();
            sections
                .for_each(|id, data| -> Result<(), gimli::Error> {
                    all.insert(id.name(), data.slice().to_vec());
                    Ok(())
                })
                .unwrap();
            Dwarf::of_sections(|name| all.get(name).cloned().unwrap_or_default())
        }
    }

    /// `demo::{Color, inner::{Sample, Pair, Huge}, other::Pair}`.
    fn demo() -> Dwarf {
        let encoding =
            gimli::Encoding { format: gimli::Format::Dwarf32, version: 4, address_size: 8 };
        let mut w = Writer(DwarfUnit::new(encoding));
        let root = w.0.unit.root();
        let u64_ = w.base("u64", 8, gimli::DW_ATE_unsigned);
        let i16_ = w.base("i16", 2, gimli::DW_ATE_signed);
        let bool_ = w.base("bool", 1, gimli::DW_ATE_boolean);
        let array = w.0.unit.add(root, gimli::DW_TAG_array_type);
        w.set(array, gimli::DW_AT_type, Value::UnitRef(i16_));
        let range = w.0.unit.add(array, gimli::DW_TAG_subrange_type);
        w.set(range, gimli::DW_AT_count, Value::Udata(2));
        let krate = w.add(root, gimli::DW_TAG_namespace, "demo");
        let color = w.add(krate, gimli::DW_TAG_enumeration_type, "Color");
        w.set(color, gimli::DW_AT_byte_size, Value::Udata(1));
        for (name, value) in [("Red", Value::Udata(3)), ("Blue", Value::Sdata(-1))] {
            let variant = w.add(color, gimli::DW_TAG_enumerator, name);
            w.set(variant, gimli::DW_AT_const_value, value);
        }
        let inner = w.add(krate, gimli::DW_TAG_namespace, "inner");
        let sample = w.structure(inner, "Sample", 16);
        w.member(sample, "number", 0, u64_);
        w.member(sample, "small", 8, array);
        w.member(sample, "on", 12, bool_);
        w.member(sample, "color", 13, color);
        // A field beyond the end: the debug information is wrong.
        let huge = w.structure(inner, "Huge", 4);
        w.member(huge, "number", 0, u64_);
        w.structure(inner, "Pair", 8);
        let other = w.add(krate, gimli::DW_TAG_namespace, "other");
        w.structure(other, "Pair", 4);
        w.finish()
    }

    #[test]
    fn a_users_type_is_found_with_its_fields() {
        let dwarf = demo();
        let color =
            Shape::Enum { size: 1, variants: vec![("Red".into(), 3), ("Blue".into(), 255)] };
        let member = |name: &str, offset, shape| Member { name: name.to_owned(), offset, shape };
        let sample = Shape::Struct {
            size: 16,
            members: vec![
                member("number", 0, Shape::Unsigned(8)),
                member("small", 8, Shape::Array(Box::new(Shape::Signed(2)), 2)),
                member("on", 12, Shape::Bool),
                member("color", 13, color.clone()),
            ],
        };
        assert_eq!(dwarf.find(&path(&["demo", "inner", "Sample"])), Some(sample.clone()));
        assert_eq!(dwarf.find(&path(&["demo", "Color"])), Some(color));
        assert_eq!(dwarf.find(&path(&["demo", "inner", "Huge"])), Some(Shape::Bytes(4)));
        // Through a re-export; not if that could be either of two, or another crate's.
        assert_eq!(dwarf.find(&path(&["demo", "Sample"])), Some(sample));
        assert_eq!(dwarf.find(&path(&["demo", "Pair"])), None);
        assert_eq!(dwarf.find(&path(&["else", "Sample"])), None);
    }

    #[test]
    fn damaged_programs_have_no_types() {
        for elf in [&b""[..], b"\x7fELF\x02\x01\x01 and more"] {
            assert!(Dwarf::of(elf).find(&path(&["demo", "Color"])).is_none());
        }
    }

    #[test]
    fn a_type_that_contains_itself_comes_to_an_end() {
        let mut dwarf = Dwarf::default();
        let members = vec![("again".to_owned(), 0, 7)];
        dwarf.definitions.insert(7, Definition::Struct { size: 8, members });
        dwarf.paths.insert(path(&["demo", "Loop"]), 7);
        assert!(dwarf.find(&path(&["demo", "Loop"])).is_some());
    }
}
