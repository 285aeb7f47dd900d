//! The console: a person (or a script) on the serial line, and the loop.
//!
//! ```text
//!   notification input ─► uart.read ─► editor ─► command ─┐
//!   timer script ─► lines of the boot-info page ──────────┼─► run
//!                └► a step under way: start, look, draw ◄─┘
//! ```
//!
//! The least urgent task of the image: whatever it does, however long, the loop
//! does not notice. It keeps nothing that matters; started anew it leaves out the
//! lines of the script whose time has passed.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

mod show;

use control_loop::law;
use control_loop::sample::Sample;
use control_loop_api::SetError;
use core::fmt::{self, Write};
use core::iter::Peekable;
use idl::control::Control;
use idl::store::Store;
use idl::supervisor::Supervisor;
use idl::uart::Uart;
use supervisor_api::SupervisorError;
use task_console::command::{self, Command};
use task_console::line::{Editor, Event};
use task_console::output::{Line, Output};
use task_console::plot;
use task_console::script::{Entry, Script};
use task_console::step::{self, Action, Step};
use task_console::text::{Fixed, Seconds};
use userlib::{Ticks, sys, time};

/// Bytes fetched from the serial line at once.
const INPUT_BYTES: usize = 64;
/// How long to wait when the serial line is busy, in microseconds.
const PAUSE_US: u64 = 1000;

/// The serial line as a destination of text.
struct Serial(Uart);

impl Line for Serial {
    fn offer(&mut self, bytes: &[u8]) -> usize {
        // All or nothing. A driver that died may have sent some: then the text is
        // there twice, which is better than not at all.
        match self.0.write(bytes) {
            Ok(()) => bytes.len(),
            Err(_) => 0,
        }
    }

    fn pause(&mut self) {
        time::sleep_for(timers::PAUSE, Ticks::from_us(PAUSE_US));
    }
}

/// Where text goes.
type Out = Output<Serial>;

struct Console {
    boot: Ticks,
    out: Out,
    uart: Uart,
    control: Control,
    store: Store,
    supervisor: Supervisor,
    editor: Editor,
    script: Peekable<Script<'static>>,
    step: Option<Step>,
}

/// Microseconds since boot.
fn now_us() -> u64 {
    time::since_boot().to_us()
}

impl Console {
    /// The prompt and what has been typed behind it.
    fn prompt(&mut self) -> fmt::Result {
        write!(self.out, "> {}", self.editor.line())?;
        self.out.flush();
        Ok(())
    }

    /// Takes all input that has arrived.
    fn input(&mut self) -> fmt::Result {
        loop {
            let mut bytes = [0; INPUT_BYTES];
            let count = self.uart.read(&mut bytes) as usize;
            for &byte in bytes.iter().take(count) {
                match self.editor.feed(byte, &mut self.out)? {
                    Event::Nothing => {}
                    Event::Abandoned => self.prompt()?,
                    Event::Line => {
                        let editor = self.editor.clone();
                        self.editor.clear();
                        self.run(editor.line())?;
                        self.prompt()?;
                    }
                }
            }
            self.out.flush();
            if count < INPUT_BYTES {
                return Ok(());
            }
        }
    }

    /// Runs the lines of the script that are due.
    fn scripted(&mut self) -> fmt::Result {
        while let Some(next) = self.script.peek() {
            match *next {
                Ok(Entry { at_us, .. }) if at_us > now_us() => return Ok(()),
                Ok(Entry { command, .. }) => {
                    // Over the prompt that stands there, unless somebody is typing. Whole, so
                    // that no log frame can come between prompt and command.
                    let over = if self.editor.line().is_empty() { '\r' } else { '\n' };
                    writeln!(self.out, "{over}> {command} (script)")?;
                    self.run(command)?;
                }
                Err(error) => writeln!(self.out, "\n{error}")?,
            }
            self.script.next();
            self.prompt()?;
        }
        Ok(())
    }

    /// Carries a step forward, if one is under way and something is due.
    fn stepped(&mut self) -> fmt::Result {
        let Some(mut step) = self.step.take() else { return Ok(()) };
        match step.poll(now_us()) {
            None => {}
            Some(Action::Start) => match self.control.set(step::LEVEL) {
                Ok(first) => step.started(first),
                Err(_) => {
                    writeln!(self.out, "\ncontrol does not answer; no step")?;
                    return self.prompt();
                }
            },
            Some(Action::Collect) => self.collect(&mut step),
            Some(Action::Draw) => {
                self.collect(&mut step);
                writeln!(self.out, "\nposition after the step at {} s:", Seconds(step.start_us()))?;
                let span_us = Ticks(step.span_ticks()).to_us();
                plot::plot(&mut self.out, step.points(), step::LEVEL, span_us)?;
                return self.prompt();
            }
        }
        self.step = Some(step);
        Ok(())
    }

    /// Fetches the samples that a step wants, as far as there are any.
    fn collect(&mut self, step: &mut Step) {
        while let Some(wanted) = step.wanted() {
            let mut sample = [Sample::ZERO];
            let Ok(block) = self.store.read(wanted, &mut sample) else { return };
            if block.count == 0 {
                return;
            }
            step.collect(&sample[0]);
        }
    }

    /// Sets the timer for what is due first.
    fn arm(&mut self) {
        let script = self.script.peek().map(|next| next.as_ref().map_or(0, |entry| entry.at_us));
        let step = self.step.as_ref().map(Step::next_us);
        let timer = timers::SCRIPT;
        match script.into_iter().chain(step).min() {
            Some(at_us) => {
                sys::timer_set(timer.number, self.boot + Ticks::from_us(at_us), timer.bits);
            }
            None => sys::timer_cancel(timer.number),
        }
    }

    /// Carries out a line.
    fn run(&mut self, line: &str) -> fmt::Result {
        match command::parse(line) {
            Ok(None) => Ok(()),
            Ok(Some(Command::Status)) => {
                show::status(&mut self.out, &self.supervisor, &self.control, &self.store)
            }
            Ok(Some(Command::Set(setpoint))) => self.set(setpoint),
            Ok(Some(Command::Step)) => self.begin_step(),
            Ok(Some(Command::Break(task))) => self.break_task(task),
            Ok(Some(Command::History)) => show::history(&mut self.out, &self.supervisor),
            Ok(Some(Command::Samples(count))) => show::samples(&mut self.out, &self.store, count),
            Ok(Some(Command::Stop)) => {
                self.out.flush();
                match self.supervisor.stop(0) {
                    Ok(()) => Ok(()),
                    Err(SupervisorError::NotGranted) => {
                        writeln!(self.out, "this image cannot be left")
                    }
                    Err(_) => writeln!(self.out, "the supervisor does not answer"),
                }
            }
            Ok(Some(Command::Help)) => show::help(&mut self.out),
            Err(error) => writeln!(self.out, "{error}"),
        }
    }

    fn set(&mut self, setpoint: f64) -> fmt::Result {
        match self.control.set(setpoint) {
            Ok(first) => {
                writeln!(self.out, "set-point {} from sample {first}", Fixed(setpoint, 3))
            }
            Err(SetError::OutOfRange) => {
                let limit = Fixed(law::SETPOINT_LIMIT, 0);
                writeln!(self.out, "a set-point is from -{limit} to {limit}")
            }
            Err(SetError::ServerDied) => writeln!(self.out, "control does not answer"),
        }
    }

    fn begin_step(&mut self) -> fmt::Result {
        if self.step.is_some() {
            return writeln!(self.out, "a step is under way; its plot will follow");
        }
        let step = Step::new(now_us());
        write!(self.out, "set-point {} at {} s", Fixed(step::LEVEL, 3), Seconds(step.start_us()))?;
        match self.control.status() {
            Ok(status) if status.setpoint != 0.0 => {
                writeln!(self.out, ", from {} and not from 0", Fixed(status.setpoint, 3))?;
            }
            _ => writeln!(self.out)?,
        }
        self.step = Some(step);
        Ok(())
    }

    fn break_task(&mut self, name: &str) -> fmt::Result {
        let Some(index) = tasks::NAMES.iter().position(|task| *task == name) else {
            return match command::suggest(name, tasks::NAMES.into_iter()) {
                Some(near) => writeln!(self.out, "no task `{name}`; did you mean `{near}`?"),
                None => writeln!(self.out, "no task `{name}`; `status` lists them"),
            };
        };
        let index = index as u32;
        if index == tasks::CONTROL {
            // Not injected: a real access to memory that is not there. Asking for the
            // status first takes in the news of an earlier restart, which would answer
            // the second call, not to be repeated, with an error.
            let _ = self.control.status();
            return match self.control.crash() {
                Ok(()) => writeln!(self.out, "control will fault at its next sample"),
                Err(_) => writeln!(self.out, "control was restarted just now; try again"),
            };
        }
        if index == tasks::CONSOLE {
            writeln!(self.out, "good-bye")?;
            self.out.flush();
        }
        match self.supervisor.inject(index) {
            Ok(()) => writeln!(self.out, "{name} was made to fault"),
            Err(SupervisorError::Itself) => {
                writeln!(self.out, "without its supervisor the machine resets; not done")
            }
            Err(SupervisorError::NotGranted) => {
                writeln!(self.out, "this image has no injected faults")
            }
            Err(_) => writeln!(self.out, "the supervisor does not answer"),
        }
    }

    fn serve(&mut self) -> fmt::Result {
        writeln!(self.out, "\nexov6 console; `help` lists the commands")?;
        self.prompt()?;
        loop {
            self.input()?;
            self.scripted()?;
            self.stepped()?;
            self.arm();
            userlib::wait(notifications::INPUT | timers::SCRIPT.bits);
        }
    }
}

/// The script of the boot-info page. A console that is not the first of this boot
/// leaves out what is past: it has been done, and may be why the first one died.
fn script() -> Peekable<Script<'static>> {
    let text: &'static [u8] =
        userlib::boot_info(devices::BOOT_INFO).map_or(&[], |info| userlib::script(info));
    let mut script = Script::new(text).peekable();
    if userlib::generation() > 0 {
        let now = now_us();
        while script.next_if(|next| next.is_err() || next.is_ok_and(|e| e.at_us <= now)).is_some() {
        }
    }
    script
}

fn main() -> ! {
    let uart = Uart::new(ports::UART);
    let mut console = Console {
        boot: sys::self_info().boot,
        out: Output::new(Serial(uart)),
        uart,
        control: Control::new(ports::CONTROL),
        store: Store::new(ports::STORE),
        supervisor: Supervisor::new(ports::SUPERVISOR),
        editor: Editor::new(),
        script: script(),
        step: None,
    };
    // Output never fails: what cannot be sent is dropped.
    loop {
        let _ = console.serve();
    }
}
