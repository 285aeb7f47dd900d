//! A target behind a server of the GDB remote protocol, such as QEMU's own.
//!
//! ```text
//!   connect ─► the target stops ─► physical addresses, if the server knows them
//!        read, write: the target is stopped
//!        run: continue … interrupt
//!   drop ─► detach: the target runs on
//! ```
//!
//! Servers look at what they are sent while the target runs only to stop it, so every
//! look at memory stops it for a moment. Each answer is waited for no longer than the
//! time-out, and a packet that arrived damaged is asked for again.

pub mod packet;

use crate::memory::{self, Memory};
use packet::{Event, Parser};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// Bytes of memory in one packet.
const PIECE: usize = 1024;
/// How often a packet is sent, or asked for, before the line counts as dead.
const TRIES: u32 = 3;

/// Why a target does not do what it is asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody listens.
    #[error("cannot reach a GDB server at {address}: {source}")]
    Connect {
        /// Where.
        address: String,
        /// What went wrong.
        source: std::io::Error,
    },
    /// The connection broke.
    #[error("the connection to the GDB server broke: {0}")]
    Broken(std::io::Error),
    /// No answer.
    #[error("the GDB server did not answer `{request}` within {} ms", after.as_millis())]
    Silent {
        /// What was asked.
        request: String,
        /// How long was waited.
        after: Duration,
    },
    /// Nothing arrives undamaged.
    #[error("the GDB server's answer to `{request}` arrived damaged {TRIES} times")]
    Noise {
        /// What was asked.
        request: String,
    },
    /// An answer that makes no sense.
    #[error("the GDB server answered `{request}` with `{answer}`")]
    Unexpected {
        /// What was asked.
        request: String,
        /// What came.
        answer: String,
    },
    /// The target is gone.
    #[error("the target has ended ({0})")]
    Ended(String),
}

/// A connection that bytes go through.
pub trait Line: Read + Write {
    /// Makes reads end after this long with `WouldBlock` or `TimedOut`.
    ///
    /// # Errors
    /// If that cannot be set.
    fn patience(&mut self, time: Duration) -> std::io::Result<()>;
}

impl Line for TcpStream {
    fn patience(&mut self, time: Duration) -> std::io::Result<()> {
        self.set_read_timeout(Some(time.max(Duration::from_millis(1))))
    }
}

/// A target, stopped except in [`Memory::run`].
pub struct Target<L: Line = TcpStream> {
    line: L,
    parser: Parser,
    events: VecDeque<Event>,
    timeout: Duration,
    running: bool,
}

impl Target {
    /// Connects to `HOST:PORT`; the target stops.
    ///
    /// # Errors
    /// [`Error`] if nobody listens there, or who does cannot read physical memory.
    pub fn connect(address: &str, timeout: Duration) -> Result<Self, Error> {
        let failed = |source| Error::Connect { address: address.to_owned(), source };
        let mut last = std::io::Error::new(ErrorKind::NotFound, "no such address");
        for candidate in address.to_socket_addrs().map_err(failed)? {
            match TcpStream::connect_timeout(&candidate, timeout) {
                Ok(line) => {
                    // Packets are small, and each is waited for.
                    let _ = line.set_nodelay(true);
                    return Target::new(line, timeout);
                }
                Err(error) => last = error,
            }
        }
        Err(failed(last))
    }
}

impl<L: Line> Target<L> {
    /// Takes up a connection.
    ///
    /// # Errors
    /// As [`Target::connect`].
    pub fn new(line: L, timeout: Duration) -> Result<Self, Error> {
        let mut target = Target {
            line,
            parser: Parser::default(),
            events: VecDeque::new(),
            timeout,
            running: false,
        };
        let stopped = target.ask("?")?;
        target.stopped("?", &stopped)?;
        // QEMU's gdbstub translates addresses by the tables of the moment unless told not to.
        // Other servers answer nothing: probes and OpenOCD see what the core sees.
        let physical = target.ask("Qqemu.PhyMemMode:1")?;
        if physical.is_empty() || physical == b"OK" {
            return Ok(target);
        }
        Err(unexpected("Qqemu.PhyMemMode:1", &physical))
    }

    /// Lets the target run.
    ///
    /// # Errors
    /// If the connection broke.
    pub fn resume(&mut self) -> Result<(), Error> {
        if !self.running {
            self.send("c")?;
            self.running = true;
        }
        Ok(())
    }

    /// Stops the target.
    ///
    /// # Errors
    /// If the server does not answer, or the target has ended.
    pub fn interrupt(&mut self) -> Result<(), Error> {
        if self.running {
            self.line.write_all(&[3]).map_err(Error::Broken)?;
            let why = self.packet("interrupt", self.timeout)?;
            self.stopped("interrupt", &why)?;
            self.running = false;
        }
        Ok(())
    }

    /// Sends a request and waits for the answer; the target is stopped.
    ///
    /// # Errors
    /// [`Error`].
    pub fn ask(&mut self, request: &str) -> Result<Vec<u8>, Error> {
        self.interrupt()?;
        self.send(request)?;
        self.packet(request, self.timeout)
    }

    /// Sends a packet, again if it is not acknowledged.
    fn send(&mut self, request: &str) -> Result<(), Error> {
        for _ in 0..TRIES {
            self.line.write_all(&packet::encode(request.as_bytes())).map_err(Error::Broken)?;
            self.line.flush().map_err(Error::Broken)?;
            let until = Instant::now() + self.timeout;
            loop {
                match self.event(until)? {
                    Some(Event::Ack) => return Ok(()),
                    Some(Event::Nack) => break,
                    // What came of something earlier: nobody waits for it any more.
                    Some(_) => {}
                    None => return Err(self.silent(request, self.timeout)),
                }
            }
        }
        Err(Error::Noise { request: request.to_owned() })
    }

    /// The next packet.
    fn packet(&mut self, request: &str, patience: Duration) -> Result<Vec<u8>, Error> {
        let until = Instant::now() + patience;
        let mut tries = 0;
        loop {
            match self.event(until)? {
                Some(Event::Packet(payload)) => {
                    self.line.write_all(b"+").map_err(Error::Broken)?;
                    return Ok(payload);
                }
                Some(Event::Bad(_)) => {
                    tries += 1;
                    if tries == TRIES {
                        return Err(Error::Noise { request: request.to_owned() });
                    }
                    self.line.write_all(b"-").map_err(Error::Broken)?;
                }
                Some(_) => {}
                None => return Err(self.silent(request, patience)),
            }
        }
    }

    fn silent(&self, request: &str, after: Duration) -> Error {
        Error::Silent { request: request.to_owned(), after }
    }

    /// The next thing that arrives until then.
    fn event(&mut self, until: Instant) -> Result<Option<Event>, Error> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.line.patience(left).map_err(Error::Broken)?;
            match self.line.read(&mut buffer) {
                Ok(0) => return Err(Error::Ended("it closed the connection".to_owned())),
                Ok(count) => {
                    let bytes = buffer.iter().take(count);
                    let found = bytes.filter_map(|byte| self.parser.feed(*byte));
                    self.events.extend(found);
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                    _ => return Err(Error::Broken(error)),
                },
            }
        }
    }

    /// Reads why the target stopped.
    fn stopped(&mut self, request: &str, answer: &[u8]) -> Result<(), Error> {
        match answer.first() {
            Some(b'T' | b'S') => Ok(()),
            Some(b'W') => {
                let status = String::from_utf8_lossy(answer.get(1..).unwrap_or_default());
                Err(Error::Ended(format!("status {status}")))
            }
            Some(b'X') => Err(Error::Ended("killed".to_owned())),
            _ => Err(unexpected(request, answer)),
        }
    }
}

fn unexpected(request: &str, answer: &[u8]) -> Error {
    let answer = String::from_utf8_lossy(answer).into_owned();
    Error::Unexpected { request: request.to_owned(), answer }
}

impl<L: Line> Memory for Target<L> {
    fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), memory::Error> {
        let mut at = address;
        for piece in into.chunks_mut(PIECE) {
            let request = format!("m{at:x},{:x}", piece.len());
            let answer = self.ask(&request)?;
            match packet::unhex(&answer) {
                Some(bytes) if bytes.len() == piece.len() => piece.copy_from_slice(&bytes),
                _ => return Err(unexpected(&request, &answer).into()),
            }
            at = at.wrapping_add(piece.len() as u64);
        }
        Ok(())
    }

    fn write(&mut self, address: u64, from: &[u8]) -> Result<(), memory::Error> {
        let mut at = address;
        for piece in from.chunks(PIECE) {
            let place = format!("M{at:x},{:x}", piece.len());
            let answer = self.ask(&format!("{place}:{}", packet::hex(piece)))?;
            if answer != b"OK" {
                return Err(unexpected(&place, &answer).into());
            }
            at = at.wrapping_add(piece.len() as u64);
        }
        Ok(())
    }

    fn run(&mut self, time: Duration) -> Result<(), memory::Error> {
        self.resume()?;
        let until = Instant::now() + time;
        while let Some(event) = self.event(until)? {
            if let Event::Packet(why) = event {
                // It stopped by itself: at a breakpoint, or for good.
                self.line.write_all(b"+").map_err(Error::Broken)?;
                self.running = false;
                return Ok(self.stopped("continue", &why)?);
            }
        }
        Ok(self.interrupt()?)
    }

    fn quantum(&self) -> Duration {
        Duration::from_millis(5)
    }
}

impl<L: Line> Drop for Target<L> {
    fn drop(&mut self) {
        // The target runs on. If nobody answers any more, there is nothing left to do.
        self.timeout = self.timeout.min(Duration::from_millis(500));
        let virtual_again = self.ask("Qqemu.PhyMemMode:0");
        if virtual_again.is_ok() {
            let _ = self.ask("D");
        }
    }
}

#[cfg(test)]
mod tests;
