//! An image that runs in the emulator while somebody looks at its memory.

use anyhow::{Context, Result};
use exov6_archive::Archive;
use exov6_decode::{Decoder, Style};
use exov6_emulate::{Next, Options, Process};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Most bytes that are kept of what an image says.
const KEPT: usize = 1 << 20;

/// A running image. It ends when this is dropped.
pub struct Live<'a> {
    archive: &'a Archive,
    said: Arc<Mutex<Vec<u8>>>,
    leave: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

impl<'a> Live<'a> {
    /// Starts an image; what it says is kept.
    pub fn start(archive: &'a Archive, image: &Path, options: &Options) -> Result<Self> {
        let mut process = Process::start(&archive.manifest, image, options)?;
        let said = Arc::new(Mutex::new(vec![]));
        let leave = Arc::new(AtomicBool::new(false));
        let (kept, stop) = (said.clone(), leave.clone());
        // An image that nobody listens to has to wait.
        let reader = std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                match process.next(Duration::from_millis(20)) {
                    Next::Bytes(bytes) => {
                        let mut kept = kept.lock().unwrap_or_else(|e| e.into_inner());
                        let room = KEPT.saturating_sub(kept.len());
                        kept.extend(bytes.into_iter().take(room));
                    }
                    Next::Quiet => {}
                    Next::Ended(_) | Next::TimedOut => break,
                }
            }
        });
        Ok(Live { archive, said, leave, reader: Some(reader) })
    }

    /// Its log so far, a line each.
    pub fn lines(&self) -> Result<Vec<String>> {
        let mut decoder = Decoder::new(self.archive).context("the archive")?;
        let style = Style::new(&self.archive.manifest, false);
        let said = self.said.lock().unwrap_or_else(|e| e.into_inner());
        Ok(decoder.feed(&said).iter().filter_map(|event| style.line(event)).collect())
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.leave.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            // It ends the emulator with it.
            let _ = reader.join();
        }
    }
}
