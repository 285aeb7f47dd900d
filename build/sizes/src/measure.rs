//! Measure: how much of each stack a run has used.
//!
//! ```text
//!   stack  0 0 0 0 0 0 │ 17 0 42 …      zero at the start of a life (`_start`)
//!          bottom      mark        top   used = top − mark
//! ```
//!
//! Nothing in the image helps with it: the machine's memory is a file of the host, and
//! it is looked at when the run has ended. A task that was restarted tells of its last
//! life; a path that writes nothing but zeroes at its deep end looks a little shorter.

use crate::{Error, KERNEL, Sizes, program};
use exov6_archive::{Archive, Region};
use exov6_emulate::{Options, Time, Wishes};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

/// Host time that a run may take at least.
const LEAST: Duration = Duration::from_secs(120);

/// Runs an image for a virtual time, and puts into `sizes` what its stacks have used.
///
/// # Errors
/// An image that does not run, and files that cannot be written.
pub fn measure(archive: &Archive, run_for: Duration, sizes: &mut Sizes) -> Result<(), Error> {
    let directory =
        tempfile::tempdir().map_err(|source| Error::File { path: std::env::temp_dir(), source })?;
    let (image, memory) = (directory.path().join("image.img"), directory.path().join("memory"));
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::File { path, source }
    };
    let raw = archive.entry("image.img").ok_or_else(|| Error::NoEntry {
        image: archive.manifest.name.clone(),
        entry: "image.img".to_owned(),
    })?;
    std::fs::write(&image, raw).map_err(file(&image))?;
    let options = Options {
        time: Time::Virtual,
        wishes: Wishes { run_until: Some(run_for), ..Wishes::default() },
        limit: Some(LEAST.max(run_for * 20)),
        memory: Some(memory.clone()),
        ..Options::default()
    };
    exov6_emulate::run(archive, &image, &options, &mut |_| {})?;

    // The image's first byte lies `__text_offset` behind the start of memory.
    let kernel = program(archive, "image.elf")?;
    let offset = kernel.symbols.get("__text_offset").copied().unwrap_or(0);
    let start = archive.manifest.load.0.saturating_sub(offset);
    let mut memory_file = File::open(&memory).map_err(file(&memory))?;
    let mut used = |region: &Region| -> Result<u64, Error> {
        let mut bytes = vec![0; region.size.0 as usize];
        let place = SeekFrom::Start(region.physical.0.saturating_sub(start));
        memory_file
            .seek(place)
            .and_then(|_| memory_file.read_exact(&mut bytes))
            .map_err(file(&memory))?;
        Ok(depth(&bytes))
    };
    let kernel_stack = archive.manifest.kernel.iter().find(|region| region.kind == "stack");
    if let Some(region) = kernel_stack.filter(|_| sizes.kernel.name == KERNEL) {
        sizes.kernel.stack.used = Some(used(region)?);
    }
    for (row, task) in sizes.tasks.iter_mut().zip(&archive.manifest.tasks) {
        let stack = task.regions.iter().find(|region| region.name.as_deref() == Some("stack"));
        if let Some(region) = stack {
            row.stack.used = Some(used(region)?);
        }
    }
    Ok(())
}

/// Bytes from the lowest word that is not zero to the top.
fn depth(stack: &[u8]) -> u64 {
    let zero = stack.chunks_exact(8).take_while(|word| word.iter().all(|byte| *byte == 0)).count();
    (stack.len() - zero * 8) as u64
}

#[cfg(test)]
mod tests {
    use super::depth;

    #[test]
    fn the_lowest_word_that_is_not_zero_is_the_mark() {
        let mut stack = [0; 64];
        assert_eq!(depth(&stack), 0);
        stack[43] = 1;
        stack[60] = 1;
        assert_eq!(depth(&stack), 24);
        stack[0] = 1;
        assert_eq!(depth(&stack), 64);
    }
}
