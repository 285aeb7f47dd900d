//! Compare: what has become larger or smaller since an older image.

use crate::{Row, Sizes};
use serde::Serialize;

/// A figure that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The task, the kernel, or the total.
    pub name: String,
    /// Which figure: a column of [`Row`], or `task` if the whole row is new or gone.
    pub what: &'static str,
    /// What it was; `None` if it was not there.
    pub old: Option<u64>,
    /// What it is; `None` if it is not there any more.
    pub new: Option<u64>,
}

impl Change {
    /// How much more it is now.
    #[must_use]
    pub fn difference(&self) -> i128 {
        i128::from(self.new.unwrap_or(0)) - i128::from(self.old.unwrap_or(0))
    }
}

/// All figures that differ, in the order of the new image; tasks that are gone come last.
#[must_use]
pub fn changes(old: &Sizes, new: &Sizes) -> Vec<Change> {
    let mut all = vec![];
    let whole = |row: &Row| Some(row.rom + row.ram);
    for row in new.rows() {
        match old.rows().find(|before| before.name == row.name) {
            Some(before) => all.extend(of_row(before, row)),
            None => all.push(Change {
                name: row.name.clone(),
                what: "task",
                old: None,
                new: whole(row),
            }),
        }
    }
    for row in old.rows().filter(|row| new.rows().all(|now| now.name != row.name)) {
        all.push(Change { name: row.name.clone(), what: "task", old: whole(row), new: None });
    }
    all.extend(of_row(&old.total, &new.total));
    if old.image != new.image {
        let (old, new) = (Some(old.image), Some(new.image));
        all.push(Change { name: "image".to_owned(), what: "size", old, new });
    }
    all
}

fn of_row(old: &Row, new: &Row) -> Vec<Change> {
    let columns = [
        ("text", old.text, new.text),
        ("rodata", old.rodata, new.rodata),
        ("data", old.data, new.data),
        ("bss", old.bss, new.bss),
        ("stack", old.stack.size, new.stack.size),
        ("heap", old.heap, new.heap),
        ("ring", old.ring, new.ring),
        ("table pages", old.table_pages, new.table_pages),
        ("rom", old.rom, new.rom),
        ("ram", old.ram, new.ram),
    ];
    let known = columns.map(|(what, old, new)| (what, Some(old), Some(new)));
    let worst = ("worst stack", old.stack.worst, new.stack.worst);
    let changed = known.into_iter().chain([worst]).filter(|(_, old, new)| old != new);
    changed.map(|(what, old, now)| Change { name: new.name.clone(), what, old, new: now }).collect()
}

#[cfg(test)]
mod tests {
    use super::{Change, changes};
    use crate::{Row, Sizes};

    fn row(name: &str, text: u64) -> Row {
        Row { name: name.into(), text, rom: 4096, ram: 8192, ..Row::default() }
    }

    fn sizes(tasks: &[(&str, u64)]) -> Sizes {
        let tasks = tasks.iter().map(|(name, text)| row(name, *text)).collect();
        Sizes { kernel: row("kernel", 1), tasks, ..Sizes::default() }
    }

    #[test]
    fn only_what_differs_is_told() {
        let old = sizes(&[("same", 10), ("more", 10), ("gone", 5)]);
        let new = sizes(&[("same", 10), ("more", 14), ("fresh", 5)]);
        let change = |name: &str, what, old, new| Change { name: name.into(), what, old, new };
        let expected = [
            change("more", "text", Some(10), Some(14)),
            change("fresh", "task", None, Some(12288)),
            change("gone", "task", Some(12288), None),
        ];
        assert_eq!(changes(&old, &new), expected);
        let differences: Vec<i128> = expected.iter().map(Change::difference).collect();
        assert_eq!(differences, [4, 12288, -12288]);
        assert_eq!(changes(&new, &new), []);
    }
}
