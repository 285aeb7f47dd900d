//! Log records: defmt frames and the tables of the program that wrote them.
//!
//! A task's memory is its own, so a record may hold anything. The decoder of defmt
//! takes lengths in a frame at their word and reserves memory for them; so every
//! frame is first walked along its format strings ([`Walk`]), without keeping
//! anything, and dropped if a length in it cannot be true.

use crate::symbols::tidy;
use crate::{Level, Log};
use defmt_decoder::{Locations, Table};
use defmt_parser::{Fragment, Parameter, ParserMode, Type};
use std::collections::BTreeMap;

/// Elements of all lists in one frame together; a ring record is far shorter.
const ELEMENTS_MAX: u32 = 4096;
/// Formats inside formats.
const DEPTH_MAX: u32 = 64;

/// Log strings of one program.
pub struct Strings {
    table: Table,
    locations: Locations,
    timestamp: Option<String>,
    formats: BTreeMap<u16, String>,
}

impl Strings {
    /// Reads the tables of a program; `None` if it does not log.
    ///
    /// # Errors
    /// A sentence, if the tables are damaged or of another version of defmt.
    pub fn of(elf: &[u8]) -> Result<Option<Strings>, String> {
        let table = Table::parse(elf).map_err(|e| format!("{e:#}"))?;
        let Some(table) = table else { return Ok(None) };
        // Lines are a comfort: without them messages are still messages.
        let locations = table.get_locations(elf).unwrap_or_default();
        let json = serde_json::to_value(&table).map_err(|e| e.to_string())?;
        let format =
            |entry: &serde_json::Value| Some(entry["string"]["string"].as_str()?.to_owned());
        let formats = json["entries"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(index, entry)| Some((index.parse().ok()?, format(entry)?)))
            .collect();
        let timestamp = format(&json["timestamp"]);
        Ok(Some(Strings { table, locations, timestamp, formats }))
    }

    /// Decodes one frame. `None` if it is not one of this program's.
    #[must_use]
    pub fn decode(&self, frame: &[u8]) -> Option<Log> {
        let mut walk = Walk { formats: &self.formats, rest: frame, left: ELEMENTS_MAX };
        let index = walk.index()?;
        if let Some(format) = &self.timestamp {
            walk.format(format, DEPTH_MAX)?;
        }
        walk.format(self.formats.get(&index)?, DEPTH_MAX)?;
        if !walk.rest.is_empty() {
            return None;
        }
        // The walk leaves only what a program can cause with a hint that does not
        // fit its values, and the decoder panics at that instead of failing.
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.decode_checked(frame)))
            .unwrap_or(None)
    }

    fn decode_checked(&self, bytes: &[u8]) -> Option<Log> {
        let (frame, _) = self.table.decode(bytes).ok()?;
        let time_us = frame.display_timestamp().and_then(|t| microseconds(&t.to_string()));
        let location = self.locations.get(&frame.index());
        Some(Log {
            time_us,
            level: frame.level().map(|level| match level {
                defmt_parser::Level::Trace => Level::Trace,
                defmt_parser::Level::Debug => Level::Debug,
                defmt_parser::Level::Info => Level::Info,
                defmt_parser::Level::Warn => Level::Warn,
                defmt_parser::Level::Error => Level::Error,
            }),
            message: frame.display_message().to_string(),
            file: location.map(|l| tidy(&l.file.to_string_lossy())),
            line: location.and_then(|l| u32::try_from(l.line).ok()),
            ..Log::default()
        })
    }
}

/// Reads a time as the hint `us` displays it: seconds, a point, six digits.
fn microseconds(text: &str) -> Option<u64> {
    let (seconds, micros) = text.split_once('.').unwrap_or((text, "0"));
    let micros = format!("{micros:0<6}");
    let seconds: u64 = seconds.parse().ok()?;
    seconds.checked_mul(1_000_000)?.checked_add(micros.get(..6)?.parse().ok()?)
}

/// A frame being measured.
struct Walk<'a> {
    formats: &'a BTreeMap<u16, String>,
    rest: &'a [u8],
    /// List elements still allowed.
    left: u32,
}

impl<'a> Walk<'a> {
    fn skip(&mut self, count: usize) -> Option<&'a [u8]> {
        let (skipped, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(skipped)
    }

    fn index(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.skip(2)?.try_into().ok()?))
    }

    fn length(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.skip(4)?.try_into().ok()?))
    }

    /// Walks the arguments of a format string.
    fn format(&mut self, format: &str, depth: u32) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        for ty in types(format)? {
            match ty {
                Type::Bool | Type::I8 | Type::U8 => self.skip(1).map(|_| ()),
                Type::I16 | Type::U16 | Type::IStr => self.skip(2).map(|_| ()),
                Type::I32 | Type::U32 | Type::F32 | Type::Char => self.skip(4).map(|_| ()),
                Type::Isize | Type::Usize => self.skip(4).map(|_| ()),
                Type::I64 | Type::U64 | Type::F64 => self.skip(8).map(|_| ()),
                Type::I128 | Type::U128 => self.skip(16).map(|_| ()),
                Type::BitField(range) => {
                    let bytes = range.end.checked_sub(1)? / 8 - range.start / 8 + 1;
                    self.skip(usize::from(bytes.next_power_of_two())).map(|_| ())
                }
                Type::Str | Type::U8Slice => {
                    let length = self.length()? as usize;
                    self.skip(length).map(|_| ())
                }
                Type::U8Array(length) => self.skip(length).map(|_| ()),
                Type::FormatSlice => {
                    let length = self.length()?;
                    self.list(length, depth)
                }
                Type::FormatArray(length) => self.list(u32::try_from(length).ok()?, depth),
                Type::Format => {
                    let index = self.index()?;
                    self.value(index, depth)
                }
                Type::FormatSequence => loop {
                    match self.index()? {
                        0 => break Some(()),
                        index => {
                            let formats = self.formats;
                            self.format(formats.get(&index)?, depth)?;
                        }
                    }
                },
                Type::Debug | Type::Display => {
                    let end = self.rest.iter().position(|b| *b == 0xff)?;
                    self.skip(end + 1).map(|_| ())
                }
            }?;
        }
        Some(())
    }

    /// A value of a type with its own format, or of an enum with one per variant.
    fn value(&mut self, index: u16, depth: u32) -> Option<()> {
        let formats = self.formats;
        let format = formats.get(&index)?;
        if !format.contains('|') {
            return self.format(format, depth);
        }
        // Up to 255 separators the variant's number is one byte; see defmt's macros.
        let separators = format.matches('|').count();
        let variant = if separators <= 255 {
            usize::from(self.skip(1)?[0])
        } else {
            usize::from(self.index()?)
        };
        self.format(format.split('|').nth(variant)?, depth)
    }

    fn list(&mut self, length: u32, depth: u32) -> Option<()> {
        self.left = self.left.checked_sub(length)?;
        let index = self.index()?;
        (0..length).try_for_each(|_| self.value(index, depth))
    }
}

/// Types of a format string's arguments, in the order in which they travel.
fn types(format: &str) -> Option<Vec<Type>> {
    let fragments = defmt_parser::parse(format, ParserMode::ForwardsCompatible).ok()?;
    let mut types: BTreeMap<usize, Type> = BTreeMap::new();
    for fragment in fragments {
        let Fragment::Parameter(Parameter { index, ty, .. }) = fragment else { continue };
        match (types.get_mut(&index), ty) {
            // Bit fields of one argument travel as one.
            (Some(Type::BitField(known)), Type::BitField(more)) => {
                *known = known.start.min(more.start)..known.end.max(more.end);
            }
            (Some(_), _) => {}
            (None, ty) => {
                types.insert(index, ty);
            }
        }
    }
    Some(types.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::microseconds;

    #[test]
    fn times_are_read_to_the_microsecond() {
        assert_eq!(microseconds("1.234567"), Some(1_234_567));
        assert_eq!(microseconds("0.000001"), Some(1));
        assert_eq!(microseconds("12"), Some(12_000_000));
        assert_eq!(microseconds("99999999999999999999.0"), None);
        assert_eq!(microseconds("a.b"), None);
    }
}
