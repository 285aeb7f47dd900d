//! Files for a debugger: a program and a script for each task, beside the image.
//!
//! All tasks are linked at the same addresses, so a debugger can know the symbols of the
//! kernel and of one task at a time; which task runs is seen in TTBR0_EL1, which holds the
//! task's page tables and its number. A script loads the symbols, names that value after
//! the task, and connects.

use anyhow::{Context, Result};
use exov6_archive::{Archive, Task};
use std::fs;
use std::path::{Path, PathBuf};

/// Writes them into `gdb/` beside the image; that directory.
pub fn write(archive: &Archive, kernel: &Path, port: u16) -> Result<PathBuf> {
    let directory = kernel.parent().unwrap_or(Path::new("")).join("gdb");
    fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
    let put = |name: String, bytes: &[u8]| -> Result<PathBuf> {
        let path = directory.join(name);
        fs::write(&path, bytes).with_context(|| path.display().to_string())?;
        Ok(path)
    };
    for task in &archive.manifest.tasks {
        let elf = archive.entry(&task.elf).with_context(|| format!("no {}", task.elf))?;
        let program = put(format!("{}.elf", task.name), elf)?;
        put(format!("{}.gdb", task.name), script(task, &program, kernel, port).as_bytes())?;
    }
    Ok(directory)
}

/// A name that gdb can have a variable of.
fn variable(task: &str) -> String {
    task.replace('-', "_")
}

fn script(task: &Task, program: &Path, kernel: &Path, port: u16) -> String {
    let name = variable(&task.name);
    let root = u64::from(task.asid) << 48 | task.table_root.0;
    format!(
        "# Task `{}` and the kernel. Other tasks have other code at the same addresses, so\n\
         # a breakpoint says whose it is:  break FUNCTION if $TTBR0_EL1 == ${name}\n\
         file {}\n\
         add-symbol-file {}\n\
         set ${name} = {root:#x}\n\
         target remote :{port}\n",
        task.name,
        program.display(),
        kernel.display(),
    )
}

#[cfg(test)]
mod tests {
    use super::script;
    use exov6_archive::{Hex, Task};
    use std::path::Path;

    #[test]
    fn a_script_names_the_tables_of_its_task() {
        let task =
            Task { name: "fp-a".into(), asid: 6, table_root: Hex(0x4020_c280), ..Task::default() };
        let text = script(&task, Path::new("gdb/fp-a.elf"), Path::new("k.elf"), 1234);
        let lines: Vec<&str> = text.lines().skip(2).collect();
        let expected = [
            "file gdb/fp-a.elf",
            "add-symbol-file k.elf",
            "set $fp_a = 0x600004020c280",
            "target remote :1234",
        ];
        assert_eq!(lines, expected);
    }
}
