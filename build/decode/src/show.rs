//! Events as lines for people.

use crate::{Boot, Event, Level, Log};
use abi::boot::ResetReason;
use abi::invariant::Invariant;
use std::fmt::Write;

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether to use colours (ANSI escapes).
    pub colour: bool,
    /// Columns for the name of a task.
    pub name: usize,
}

impl Style {
    /// A style for the tasks of an image.
    #[must_use]
    pub fn new(manifest: &exov6_archive::Manifest, colour: bool) -> Style {
        let name = manifest.tasks.iter().map(|t| t.name.len()).max().unwrap_or(0);
        Style { colour, name }
    }

    /// The line for an event, without a line feed. `None` for text, which is no
    /// line, and for summaries and the end, which are for programs.
    #[must_use]
    pub fn line(&self, event: &Event) -> Option<String> {
        match event {
            Event::Log(log) => Some(self.log(log)),
            Event::Boot(boot) => Some(self.paint("2", &boot_line(boot))),
            Event::Lost { task, count } => {
                let s = if *count == 1 { "" } else { "s" };
                Some(self.paint("33", &format!("-- {count} message{s} of {task} lost --")))
            }
            Event::Garbage { why, task, bytes } => {
                let from = task.as_ref().map(|t| format!(" from {t}")).unwrap_or_default();
                let mut line = format!("-- {why}{from}, {} bytes:", bytes.len());
                for byte in bytes.iter().take(32) {
                    let _ = write!(line, " {byte:02x}");
                }
                line.push_str(if bytes.len() > 32 { " … --" } else { " --" });
                Some(self.paint("33", &line))
            }
            Event::Text(_) | Event::Summary { .. } | Event::End => None,
        }
    }

    fn log(&self, log: &Log) -> String {
        let time = match log.time_us {
            Some(us) => format!("[{:4}.{:06}]", us / 1_000_000, us % 1_000_000),
            None => "[           ]".to_owned(),
        };
        let (level, colour) = match log.level {
            Some(Level::Trace) => ("TRACE", "2"),
            Some(Level::Debug) => ("DEBUG", "36"),
            Some(Level::Info) => ("INFO ", "32"),
            Some(Level::Warn) => ("WARN ", "33"),
            Some(Level::Error) => ("ERROR", "31"),
            None => ("     ", "0"),
        };
        let name = format!("{:width$}", log.task, width = self.name);
        let (time, level) = (self.paint("2", &time), self.paint(colour, level));
        format!("{time} {name} {level} {}", printable(&log.message))
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// A message without anything that would move the cursor: it comes from a program
/// that may have lost its way.
fn printable(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    for c in message.chars() {
        match c {
            '\n' => out.push_str("\n    "),
            '\t' => out.push(c),
            c if c.is_control() => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

fn boot_line(boot: &Boot) -> String {
    let record = &boot.record;
    // MIDR_EL1: implementer in bits 31:24, part number in bits 15:4.
    let core = match (record.core >> 24 & 0xff, record.core >> 4 & 0xfff) {
        (0x41, 0xd03) => "Cortex-A53".to_owned(),
        (0x41, 0xd04) => "Cortex-A35".to_owned(),
        (0x41, 0xd05) => "Cortex-A55".to_owned(),
        (0x41, 0xd07) => "Cortex-A57".to_owned(),
        (0x41, 0xd08) => "Cortex-A72".to_owned(),
        (0x41, 0xd0b) => "Cortex-A76".to_owned(),
        _ => format!("core {:#010x}", record.core),
    };
    let mut line = format!(
        "exov6 image {:016x} on {core}, GICv{}, entered at EL{}, {} ticks/s",
        record.image, record.interrupt_controller, record.entry_level, record.ticks_per_second
    );
    if record.ticks_per_second > 0 {
        let ticks = u128::from(record.start_ticks.saturating_sub(record.boot_ticks));
        let us = ticks * 1_000_000 / u128::from(record.ticks_per_second);
        let _ = write!(line, ", first task after {us} us");
    }
    if record.reset.valid() {
        line.push_str("; the last boot ended by ");
        line.push_str(&ended(boot));
    }
    line
}

/// What ended the last boot.
fn ended(boot: &Boot) -> String {
    let reset = &boot.record.reset;
    let at = match &boot.place {
        Some(place) => format!("at {place}"),
        None => format!("at {:#x}", reset.pc),
    };
    let why = match ResetReason::from_u64(reset.reason) {
        ResetReason::Cold => "a cold start",
        ResetReason::Requested => {
            return format!("a requested reset, with argument {}", reset.fault);
        }
        ResetReason::SupervisorFault => "a fault of the supervisor",
        ResetReason::SupervisorSilent => "a silent supervisor",
        ResetReason::BrokenInvariant => {
            let what = Invariant::from_u64(reset.fault).map_or("unknown", Invariant::text);
            let running = boot.task.as_ref().map(|t| format!(", {t}")).unwrap_or_default();
            return format!(
                "the kernel's check before the return to a task{running}: not true that {what}"
            );
        }
        ResetReason::KernelException => {
            let running = boot.task.as_ref().map(|t| format!(" while {t} ran")).unwrap_or_default();
            let what = exception(reset.syndrome, reset.detail);
            let syndrome = reset.syndrome;
            return format!(
                "an exception in the kernel{running}: {what} {at}, syndrome {syndrome:#010x}"
            );
        }
    };
    format!("{why} {at}")
}

/// An exception of the kernel's in words, from ESR_EL1's class (DDI 0487, D17.2.37).
fn exception(syndrome: u64, address: u64) -> String {
    match syndrome >> 26 & 0x3f {
        0x00 => "undefined instruction".to_owned(),
        0x0e => "illegal execution state".to_owned(),
        0x21 => format!("instruction abort for address {address:#x}"),
        0x25 => format!("data abort for address {address:#x}"),
        0x22 => "misaligned program counter".to_owned(),
        0x26 => "misaligned stack pointer".to_owned(),
        0x2f => "asynchronous external abort".to_owned(),
        0x31 | 0x33 | 0x35 | 0x3c => "debug exception".to_owned(),
        class => format!("exception of class {class:#04x}"),
    }
}
