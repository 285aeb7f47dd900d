//! Tables for people: tasks, faults, samples, commands.
//!
//! Each is written as it is fetched, line by line; none is kept.

use crate::idl::control::Control;
use crate::idl::store::Store;
use crate::idl::supervisor::Supervisor;
use crate::{Out, tasks};
use control_loop::history::BLOCK_SAMPLES;
use control_loop::sample::Sample;
use core::fmt::{Result, Write};
use supervisor_api::TaskState;
use task_console::command::COMMANDS;
use task_console::text::{Fixed, Seconds};
use userlib::Ticks;
use userlib::abi::kernel_op::StateCode;

/// Name of a task by its index.
fn name(index: u32) -> &'static str {
    tasks::NAMES.get(index as usize).copied().unwrap_or("?")
}

/// `help`.
pub fn help(out: &mut Out) -> Result {
    for (name, argument, meaning) in COMMANDS {
        writeln!(out, "{name:<8} {argument:<8} {meaning}")?;
    }
    Ok(())
}

/// `status`: a line for each task, then the loop.
pub fn status(out: &mut Out, supervisor: &Supervisor, control: &Control, store: &Store) -> Result {
    writeln!(out, "{:<12} {:>8} {:>7}  state", "task", "restarts", "faults")?;
    for (index, task) in tasks::NAMES.into_iter().enumerate() {
        match supervisor.state(index as u32) {
            Ok(state) => {
                write!(out, "{task:<12} {:>8} {:>7}  ", state.generation, state.faults)?;
                task_state(out, &state)?;
                writeln!(out)?;
            }
            Err(_) => writeln!(out, "{task:<12} not known")?,
        }
    }
    match control.status() {
        Ok(status) => writeln!(
            out,
            "set-point {}, {} samples answered since control was started, {} releases missed",
            Fixed(status.setpoint, 3),
            status.answered,
            status.missed
        )?,
        Err(_) => writeln!(out, "control does not answer")?,
    }
    let mut newest = [Sample::ZERO];
    match store.read(0, &mut []).and_then(|all| store.read(all.newest, &mut newest)) {
        Ok(block) if block.count > 0 => {
            let [sample] = newest;
            writeln!(
                out,
                "{} turns of the loop kept; the newest, {}: position {}, command {}, {} us after its release",
                block.appended,
                sample.sequence,
                Fixed(sample.position, 6),
                Fixed(sample.command, 6),
                Ticks(sample.delay).to_us()
            )
        }
        Ok(_) => writeln!(out, "no turn of the loop yet"),
        Err(_) => writeln!(out, "store does not answer"),
    }
}

fn task_state(out: &mut Out, state: &TaskState) -> Result {
    if state.is_disabled() {
        return write!(out, "disabled: out of generations");
    }
    if state.is_faulted() {
        match state.fault() {
            Some(fault) => write!(out, "faulted: {:?} {:#x}", fault.kind, fault.detail)?,
            None => write!(out, "faulted")?,
        }
        return match state.due_us {
            0 => Ok(()),
            due => write!(out, ", restarts at {} s", Seconds(due)),
        };
    }
    match (state.code(), state.server()) {
        (Some(StateCode::Stopped), _) => write!(out, "held"),
        (Some(StateCode::Runnable), _) => write!(out, "ready"),
        (Some(StateCode::InCall), Some(server)) => write!(out, "calls {}", name(server)),
        (Some(StateCode::InReply), Some(server)) => write!(out, "waits for {}", name(server)),
        (Some(StateCode::InRecv), _) => write!(out, "idle"),
        (Some(StateCode::Throttled), _) => write!(out, "out of budget"),
        (Some(StateCode::GasWait), _) => write!(out, "out of credits"),
        _ => write!(out, "state {:#x}", state.state),
    }
}

/// `history`: the faults that the supervisor remembers, oldest first.
pub fn history(out: &mut Out, supervisor: &Supervisor) -> Result {
    let mut count = 0;
    while count < supervisor_api::HISTORY as u32 && supervisor.history(count).is_ok() {
        count += 1;
    }
    if count == 0 {
        return writeln!(out, "no faults");
    }
    for back in (0..count).rev() {
        let Ok(past) = supervisor.history(back) else { continue };
        write!(out, "{:>9} s  {:<12} ", Seconds(past.at_us), name(past.task))?;
        match past.fault() {
            Some(fault) => write!(out, "{:?} {:#x}", fault.kind, fault.detail)?,
            None => write!(out, "fault {:#x}", past.fault)?,
        }
        write!(out, " at pc {:#x}, generation {}", past.pc, past.generation)?;
        match past.due_us {
            0 => writeln!(out, ", left as it is")?,
            due => writeln!(out, ", restart at {} s", Seconds(due))?,
        }
    }
    Ok(())
}

/// `samples`: the last `count`, oldest first.
pub fn samples(out: &mut Out, store: &Store, count: u64) -> Result {
    let Ok(all) = store.read(0, &mut []) else {
        return writeln!(out, "store does not answer");
    };
    if all.appended == 0 {
        return writeln!(out, "no samples yet");
    }
    writeln!(
        out,
        "{:>8} {:>10} {:>12} {:>10} {:>12} {:>6}",
        "sample", "s", "position", "set-point", "command", "us"
    )?;
    let end = all.newest;
    let mut from = end.saturating_sub(count - 1).max(all.oldest);
    while from <= end {
        let mut buffer = [Sample::ZERO; BLOCK_SAMPLES];
        let Ok(block) = store.read(from, &mut buffer) else {
            return writeln!(out, "store does not answer");
        };
        let got = buffer.get(..block.count as usize).unwrap_or(&[]);
        for sample in got.iter().filter(|sample| sample.sequence <= end) {
            // Whole microseconds: a release is rounded down to a tick.
            let at_us = (Ticks(sample.release).since_boot() + Ticks(1)).to_us();
            writeln!(
                out,
                "{:>8} {:>10} {:>12} {:>10} {:>12} {:>6}",
                sample.sequence,
                Fixed(at_us as f64 / 1e6, 4),
                Fixed(sample.position, 6),
                Fixed(sample.setpoint, 3),
                Fixed(sample.command, 6),
                Ticks(sample.delay).to_us()
            )?;
        }
        match got.last() {
            Some(last) => from = last.sequence + 1,
            None => break,
        }
    }
    Ok(())
}
