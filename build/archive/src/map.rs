//! Map: the memory of an image, from two sides.
//!
//! ```text
//!   physical   0x40200000..0x40208000  32 KiB  kernel text          kernel rx
//!              0x40230000..0x40231000   4 KiB  ring of control      control rw, log r
//!   span       0x00001000..0x00005000  16 KiB  text                 rx
//! ```

use crate::manifest::{Hex, Manifest, Region, Task};
use serde::Serialize;
use std::collections::BTreeMap;

/// A piece of physical memory and everybody who can reach it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// Physical address of the first byte.
    pub physical: Hex,
    /// Length in bytes.
    pub size: Hex,
    /// What lies there.
    pub what: String,
    /// Who can reach it, and how: `kernel` or the name of a task, with some of `r`, `w`, `x`.
    /// What the kernel reaches through its linear map of the image is not repeated.
    pub who: Vec<Access>,
}

/// Somebody's access to a piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Access {
    /// `kernel` or the name of a task.
    pub who: String,
    /// Some of `r`, `w`, `x`.
    pub rights: String,
}

/// All pieces of physical memory that an image uses, in address order.
#[must_use]
pub fn physical(manifest: &Manifest) -> Vec<Piece> {
    let mut pieces: BTreeMap<(Hex, Hex), Piece> = BTreeMap::new();
    let mut add = |region: &Region, what: String, who: &str| {
        let key = (region.physical, region.size);
        let piece = pieces.entry(key).or_insert_with(|| Piece {
            physical: region.physical,
            size: region.size,
            what,
            who: vec![],
        });
        piece.who.push(Access { who: who.to_owned(), rights: region.rights.clone() });
    };
    for region in &manifest.kernel {
        let what = match region.kind.as_str() {
            "boot-info" | "boot-record" | "reset-record" => region.kind.clone(),
            "tables" => "page tables".to_owned(),
            "desc" => "kernel's tables".to_owned(),
            kind => format!("kernel's {kind}"),
        };
        add(region, what, "kernel");
    }
    for task in &manifest.tasks {
        for region in task.regions.iter().filter(|region| !region.rights.is_empty()) {
            add(region, of_task(task, region), &task.name);
        }
    }
    // Behind the tasks': a device of a task keeps the name that it has there.
    let devices = manifest.machine.kernel_devices().into_iter();
    for (physical, size, name) in devices.filter(|(_, size, _)| *size > 0) {
        let (physical, size, rights) = (Hex(physical), Hex(size), "rw".to_owned());
        let region = Region { physical, size, rights, ..Region::default() };
        add(&region, name.to_owned(), "kernel");
    }
    pieces.into_values().collect()
}

/// What a task's region is called among those of all tasks.
fn of_task(task: &Task, region: &Region) -> String {
    match (region.kind.as_str(), &region.name) {
        ("device", Some(name)) => format!("device {name}"),
        ("ring", Some(owner)) => format!("log ring of {owner}"),
        ("boot", Some(name)) => name.clone(),
        ("rodata", _) if behind_data(task, region) => format!("initial data of {}", task.name),
        (kind, _) => format!("{kind} of {}", task.name),
    }
}

/// Whether constants are what data begins as: they lie behind it.
fn behind_data(task: &Task, region: &Region) -> bool {
    let end = |data: &Region| data.base.0.checked_add(data.size.0);
    task.regions.iter().any(|r| r.kind == "data" && end(r) == Some(region.base.0))
}

/// What a region is called in its own task's span.
#[must_use]
pub fn in_span(task: &Task, region: &Region) -> String {
    match (region.kind.as_str(), &region.name) {
        ("device", Some(name)) => format!("device {name}"),
        ("ring", Some(owner)) if *owner == task.name => "own log ring".to_owned(),
        ("ring", Some(owner)) => format!("log ring of {owner}"),
        ("boot", Some(name)) => name.clone(),
        ("guard", _) => "guard, not mapped".to_owned(),
        ("rodata", _) if behind_data(task, region) => "initial data".to_owned(),
        (kind, Some(name)) => format!("{kind} {name}"),
        (kind, None) => kind.to_owned(),
    }
}

/// A number of bytes as people read it: `4 KiB`, `1.5 MiB`, `96 B`.
#[must_use]
pub fn bytes(count: u64) -> String {
    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;
    match count {
        0..KIB => format!("{count} B"),
        _ if count < MIB && count.is_multiple_of(KIB) => format!("{} KiB", count / KIB),
        _ if count < MIB => format!("{:.1} KiB", count as f64 / KIB as f64),
        _ if count.is_multiple_of(MIB) => format!("{} MiB", count / MIB),
        _ => format!("{:.1} MiB", count as f64 / MIB as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, in_span, physical};
    use crate::{Hex, Manifest, Region, Task};

    fn region(kind: &str, name: Option<&str>, base: u64, physical: u64, rights: &str) -> Region {
        Region {
            kind: kind.to_owned(),
            name: name.map(str::to_owned),
            base: Hex(base),
            size: Hex(0x1000),
            physical: Hex(physical),
            rights: rights.to_owned(),
        }
    }

    #[test]
    fn what_data_begins_as_has_a_name() {
        let regions = vec![
            region("rodata", None, 0x1000, 0x4020_0000, "r"),
            region("data", None, 0x5000, 0x4030_0000, "rw"),
            region("rodata", None, 0x6000, 0x4020_1000, "r"),
        ];
        let task = Task { name: "a".into(), regions, ..Task::default() };
        let shown: Vec<String> = task.regions.iter().map(|r| in_span(&task, r)).collect();
        assert_eq!(shown, ["rodata", "data", "initial data"]);
    }

    #[test]
    fn a_shared_piece_is_there_once_with_all_who_reach_it() {
        let task = |name: &str, regions| Task { name: name.into(), regions, ..Task::default() };
        let ring = |base, rights| region("ring", Some("a"), base, 0x4030_0000, rights);
        let manifest = Manifest {
            kernel: vec![region("boot-record", None, 0xffff_0000, 0x4040_0000, "rw")],
            tasks: vec![
                task("a", vec![ring(0x1000, "rw"), region("guard", None, 0x5000, 0, "")]),
                task("log", vec![ring(0x9000, "r"), region("text", None, 1, 0x4020_0000, "rx")]),
            ],
            ..Manifest::default()
        };
        let shown: Vec<String> = physical(&manifest)
            .iter()
            .map(|piece| {
                let who = piece.who.iter().map(|a| format!("{} {}", a.who, a.rights));
                format!("{} {}: {}", piece.physical, piece.what, who.collect::<Vec<_>>().join(", "))
            })
            .collect();
        assert_eq!(
            shown,
            [
                "0x40200000 text of log: log rx",
                "0x40300000 log ring of a: a rw, log r",
                "0x40400000 boot-record: kernel rw",
            ]
        );
    }

    #[test]
    fn sizes_are_short() {
        let shown = [96, 4096, 5000, 3 << 19, 2 << 20].map(bytes);
        assert_eq!(shown, ["96 B", "4 KiB", "4.9 KiB", "1.5 MiB", "2 MiB"]);
    }
}
