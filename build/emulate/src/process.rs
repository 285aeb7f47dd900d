//! The emulator as a child process that never outlives its purpose.
//!
//! Output is read by a thread, so that a guest that says nothing cannot keep its
//! reader from looking at the clock. Whatever happens, the child is ended: at the
//! limit, when [`Process`] is dropped, and on Linux, through `setpriv`, also when
//! this process is killed.

use crate::{Error, Loading, Options, Time};
use exov6_archive::Manifest;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// A running emulator.
#[derive(Debug)]
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<Vec<u8>>,
    complaints: Receiver<Vec<u8>>,
    started: Instant,
    limit: Option<Duration>,
    command: String,
    // Holds the boot-info page for as long as the emulator may read it.
    _directory: tempfile::TempDir,
}

/// What came next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// The guest wrote.
    Bytes(Vec<u8>),
    /// Nothing happened in the time waited for.
    Quiet,
    /// The emulator has ended with this status; `None` if a signal ended it.
    Ended(Option<i32>),
    /// The limit is reached; the emulator has been ended.
    TimedOut,
}

impl Process {
    /// Starts an image.
    ///
    /// # Errors
    /// [`Error`] if the board has no emulator, it does not start, or the wishes do
    /// not fit into their page.
    pub fn start(manifest: &Manifest, image: &Path, options: &Options) -> Result<Process, Error> {
        let page = options.wishes.page()?;
        let file = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::File { path, source }
        };
        let directory = tempfile::tempdir().map_err(file(&std::env::temp_dir()))?;
        let page_path = directory.path().join("boot-info.bin");
        std::fs::write(&page_path, page).map_err(file(&page_path))?;
        let arguments = arguments(manifest, image, &page_path, options)?;
        if let Some(memory) = &options.memory {
            // The emulator wants the file to be as long as the memory that it holds.
            let opened = File::options().create(true).truncate(false).write(true).open(memory);
            opened
                .and_then(|opened| opened.set_len(memory_size(manifest)))
                .map_err(file(memory))?;
        }
        let binary = &manifest.qemu.as_ref().ok_or_else(|| no_emulator(manifest))?.binary;
        let words: Vec<&str> =
            [binary.as_str()].into_iter().chain(arguments.iter().map(String::as_str)).collect();
        let command = words.join(" ");
        let mut child = dying_with_us(binary)
            .args(&arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| Error::Start { program: binary.clone(), source })?;
        let (input, output, complaints) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        // Bounded: a guest that talks faster than it is listened to has to wait.
        let (send, receive) = sync_channel(64);
        let (send_complaint, receive_complaint) = sync_channel(64);
        if let Some(output) = output {
            std::thread::spawn(move || forward(output, &send));
        }
        if let Some(complaints) = complaints {
            std::thread::spawn(move || forward(complaints, &send_complaint));
        }
        Ok(Process {
            child,
            input,
            output: receive,
            complaints: receive_complaint,
            started: Instant::now(),
            limit: options.limit,
            command,
            _directory: directory,
        })
    }

    /// Where to write what is typed; once.
    pub fn take_input(&mut self) -> Option<ChildStdin> {
        self.input.take()
    }

    /// Types.
    ///
    /// # Errors
    /// If the emulator no longer reads.
    pub fn type_in(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match &mut self.input {
            Some(input) => input.write_all(bytes).and_then(|()| input.flush()),
            None => Ok(()),
        }
    }

    /// Waits for something to happen, no longer than `patience` and the limit.
    pub fn next(&mut self, patience: Duration) -> Next {
        let mut wait = patience;
        if let Some(limit) = self.limit {
            let left = limit.saturating_sub(self.started.elapsed());
            if left.is_zero() {
                self.end();
                return Next::TimedOut;
            }
            wait = wait.min(left);
        }
        match self.output.recv_timeout(wait) {
            Ok(bytes) => Next::Bytes(bytes),
            Err(RecvTimeoutError::Timeout) => Next::Quiet,
            // It closed its output: it is ending, or has ended.
            Err(RecvTimeoutError::Disconnected) => match self.child.try_wait() {
                Ok(Some(status)) => Next::Ended(status.code()),
                Ok(None) => {
                    std::thread::sleep(Duration::from_millis(1));
                    Next::Quiet
                }
                Err(_) => Next::Ended(None),
            },
        }
    }

    /// What the emulator itself has said on its standard error so far.
    pub fn complaints(&mut self) -> String {
        // It may still be on its way from a process that has ended.
        let mut bytes = vec![];
        while let Ok(more) = self.complaints.recv_timeout(Duration::from_millis(50)) {
            bytes.extend(more);
        }
        String::from_utf8_lossy(&bytes).trim().to_owned()
    }

    /// The command line, for messages.
    #[must_use]
    pub fn command(&self) -> &str {
        &self.command
    }

    /// Time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Ends the emulator, if it still runs.
    pub fn end(&mut self) {
        // Only fails if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

fn forward(mut from: impl Read, to: &SyncSender<Vec<u8>>) {
    let mut buffer = [0; 4096];
    loop {
        match from.read(&mut buffer) {
            Ok(count @ 1..) if to.send(buffer[..count].to_vec()).is_ok() => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            _ => return,
        }
    }
}

fn no_emulator(manifest: &Manifest) -> Error {
    Error::NoEmulator { board: manifest.board.clone() }
}

/// A command that ends when this process does, where the system can do that.
fn dying_with_us(binary: &str) -> Command {
    let setpriv = PathBuf::from("/usr/bin/setpriv");
    if cfg!(target_os = "linux") && setpriv.is_file() {
        let mut command = Command::new(setpriv);
        command.args(["--pdeathsig", "KILL", "--"]).arg(binary);
        return command;
    }
    Command::new(binary)
}

/// Bytes of the guest's memory: what the board says after `-m`, in MiB, or 128 MiB as
/// the emulator has it by default.
fn memory_size(manifest: &Manifest) -> u64 {
    let arguments = manifest.qemu.iter().flat_map(|qemu| &qemu.args);
    let said = arguments.skip_while(|a| *a != "-m").nth(1);
    let mebibytes = said.and_then(|size| size.trim_end_matches('M').parse().ok());
    mebibytes.unwrap_or(128) << 20
}

/// The emulator's arguments: the board's, then this run's.
fn arguments(
    manifest: &Manifest,
    image: &Path,
    page: &Path,
    options: &Options,
) -> Result<Vec<String>, Error> {
    let qemu = manifest.qemu.as_ref().ok_or_else(|| no_emulator(manifest))?;
    let mut all = vec![];
    let mut board = qemu.args.iter();
    while let Some(argument) = board.next() {
        // The clock is this run's choice.
        if argument == "-icount" {
            board.next();
        } else {
            all.push(argument.clone());
        }
    }
    let entry = match options.entry {
        None => qemu.entries.first(),
        Some(level) => {
            let found = qemu.entries.iter().find(|entry| entry.level == level);
            Some(found.ok_or_else(|| Error::NoEntry { board: manifest.board.clone(), level })?)
        }
    };
    let mut add = |arguments: &[&str]| all.extend(arguments.iter().map(|a| (*a).to_owned()));
    if let Some(entry) = entry.filter(|entry| !entry.machine.is_empty()) {
        // Options of a second -M come on top of the first's.
        add(&["-M", &entry.machine]);
    }
    match options.time {
        // Without sleep=off the guest's timers see the host's time.
        Time::Virtual => add(&["-icount", "shift=0,sleep=off"]),
        // Instructions are counted here too: a guest that the host does not let run
        // for a while would else find that it has missed its deadlines meanwhile.
        Time::Wall => add(&["-icount", "shift=0,sleep=on"]),
    }
    if !qemu.args.iter().any(|a| a == "-semihosting-config") {
        add(&["-semihosting-config", "enable=on,target=native"]);
    }
    add(&["-nodefaults", "-display", "none", "-monitor", "none", "-serial", "stdio"]);
    add(&["-device", &raw(page, manifest.boot_info.0)]);
    let bytes = raw(image, manifest.load.0);
    match &options.loading {
        Loading::Kernel => add(&["-kernel", &image.display().to_string()]),
        Loading::Raw => add(&["-device", &format!("{bytes},cpu-num=0")]),
        Loading::Under(program) => {
            add(&["-device", &bytes, "-kernel", &program.display().to_string()]);
        }
    }
    if let Some(memory) = &options.memory {
        let object = format!(
            "memory-backend-file,id=memory,share=on,size={},mem-path={}",
            memory_size(manifest),
            within(memory)
        );
        add(&["-object", &object, "-machine", "memory-backend=memory"]);
    }
    if let Some(plugin) = &options.plugin {
        add(&["-plugin", &format!("{},out={}", within(&plugin.file), within(&plugin.out))]);
    }
    if let Some(port) = options.gdb {
        add(&["-S", "-gdb", &format!("tcp:127.0.0.1:{port}")]);
    }
    Ok(all)
}

/// The description of a device that puts a file into memory.
fn raw(file: &Path, at: u64) -> String {
    format!("loader,file={},addr={at:#x},force-raw=on", within(file))
}

/// A path as it stands among other arguments: a comma is written twice.
fn within(path: &Path) -> String {
    path.display().to_string().replace(',', ",,")
}

#[cfg(test)]
mod tests {
    use super::arguments;
    use crate::{Loading, Options, Plugin, Time};
    use exov6_archive::{Hex, Manifest, Qemu, QemuEntry};
    use std::path::Path;

    fn line(options: &Options) -> String {
        let args = ["-M", "virt", "-icount", "shift=3", "-m", "128M"].map(String::from).to_vec();
        let manifest = Manifest {
            boot_info: Hex(0x4700_0000),
            load: Hex(0x4020_0000),
            qemu: Some(Qemu {
                binary: "q".into(),
                args,
                entries: vec![entry(1, ""), entry(2, "v=on")],
            }),
            ..Manifest::default()
        };
        arguments(&manifest, Path::new("i.img"), Path::new("/t/a,b"), options)
            .unwrap_or_else(|error| vec![error.to_string()])
            .join(" ")
    }

    fn entry(level: u32, machine: &str) -> QemuEntry {
        QemuEntry { level, machine: machine.into() }
    }

    #[test]
    fn an_entry_level_is_one_that_the_board_has() {
        let at = |entry| line(&Options { entry, ..Options::default() });
        assert!(!at(None).contains("v=on") && !at(Some(1)).contains("v=on"), "{}", at(None));
        assert!(at(Some(2)).starts_with("-M virt -m 128M -M v=on -icount"), "{}", at(Some(2)));
        assert!(at(Some(3)).starts_with("board  has no entry at EL3"), "{}", at(Some(3)));
    }

    #[test]
    fn an_image_comes_as_a_kernel_or_raw_or_under_something() {
        let end = |loading| line(&Options { loading, ..Options::default() });
        let raw = "-device loader,file=i.img,addr=0x40200000,force-raw=on";
        assert!(end(Loading::Raw).ends_with(&format!("{raw},cpu-num=0")));
        assert!(end(Loading::Under("m".into())).ends_with(&format!("{raw} -kernel m")));
    }

    #[test]
    fn the_clock_is_chosen_by_the_run_and_not_by_the_board() {
        let line = line(&Options { time: Time::Virtual, ..Options::default() });
        assert_eq!(
            line,
            "-M virt -m 128M -icount shift=0,sleep=off -semihosting-config enable=on,target=native \
             -nodefaults -display none -monitor none -serial stdio \
             -device loader,file=/t/a,,b,addr=0x47000000,force-raw=on -kernel i.img"
        );
    }

    #[test]
    fn memory_in_a_file_is_as_large_as_the_board_has_it() {
        let line = line(&Options { memory: Some("/t/a,b".into()), ..Options::default() });
        assert!(
            line.ends_with(
                "-object memory-backend-file,id=memory,share=on,size=134217728,mem-path=/t/a,,b \
                 -machine memory-backend=memory"
            ),
            "{line}"
        );
    }

    #[test]
    fn a_plugin_is_told_where_to_write() {
        let plugin = Some(Plugin { file: "/t/a,b.so".into(), out: "/t/c,d".into() });
        let line = line(&Options { plugin, ..Options::default() });
        assert!(line.ends_with("-plugin /t/a,,b.so,out=/t/c,,d"), "{line}");
    }

    #[test]
    fn in_wall_time_waiting_takes_its_time() {
        let line = line(&Options { time: Time::Wall, gdb: Some(1234), ..Options::default() });
        assert!(line.contains("-icount shift=0,sleep=on"), "{line}");
        assert!(line.ends_with("-S -gdb tcp:127.0.0.1:1234"), "{line}");
    }
}
