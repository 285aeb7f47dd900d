//! Boots: an image run once for each case, two at a time, and what each said.

use super::report::Report;
use crate::screen::Screen;
use anyhow::Result;
use exov6_archive::Archive;
use exov6_decode::{Event, Style};
use exov6_emulate::{Error, Options, Outcome};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

/// An image that has been built.
pub struct Image {
    /// What it is.
    pub archive: Archive,
    /// The raw image.
    pub path: PathBuf,
}

/// What came of a boot.
pub struct Boot {
    /// How it ended.
    pub outcome: Result<Outcome, Error>,
    /// Everything that was said, decoded.
    pub said: String,
    /// How often the kernel has started.
    pub starts: u32,
}

impl Image {
    /// An image and its archive, as a build left them.
    pub fn new(archive: &Path, image: PathBuf) -> Result<Image> {
        Ok(Image { archive: exov6_archive::read(archive)?, path: image })
    }

    /// Boots once, and waits for the end.
    pub fn boot(&self, options: &Options) -> Result<Boot> {
        let mut said = vec![];
        let mut starts = 0;
        let mut screen = Screen::new(&mut said, Style::new(&self.archive.manifest, false), false);
        let outcome = exov6_emulate::run(&self.archive, &self.path, options, &mut |event| {
            starts += u32::from(matches!(event, Event::Boot(_)));
            // Writing to memory does not fail.
            let _ = screen.event(event);
        });
        screen.finish()?;
        let mut said = String::from_utf8_lossy(&said).into_owned();
        if said.is_empty() {
            said.push_str("(it said nothing)");
        }
        Ok(Boot { outcome, said, starts })
    }
}

/// Runs cases, two at a time; each is a name and what `one` makes of it.
pub fn each<T: Sync>(
    cases: &[T],
    report: &Report,
    name: impl Fn(&T) -> String + Sync,
    one: impl Fn(&T) -> Result<()> + Sync,
) {
    let queue = Mutex::new(cases.iter());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(|e| e.into_inner()).next();
                    let Some(case) = next else { break };
                    let start = Instant::now();
                    let result = one(case);
                    report.result(&name(case), start.elapsed(), &result);
                }
            });
        }
    });
}
