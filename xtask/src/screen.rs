//! Log lines and a console share one place to print.
//!
//! The console writes characters as they come, logs are whole lines at any time. On
//! a terminal an unfinished line of the console makes room for a log line and is
//! written again below it. Elsewhere a line of the console waits until it is whole,
//! so that what is printed depends on what was said, not on when it arrived.

use exov6_decode::{Event, Style};
use std::io::{Result, Write};

/// A place to print.
pub struct Screen<W> {
    out: W,
    style: Style,
    terminal: bool,
    partial: String,
}

impl<W: Write> Screen<W> {
    /// Prints to `out`, which is a terminal or is not.
    pub fn new(out: W, style: Style, terminal: bool) -> Screen<W> {
        Screen { out, style, terminal, partial: String::new() }
    }

    /// Prints an event.
    pub fn event(&mut self, event: &Event) -> Result<()> {
        match event {
            Event::Text(text) => self.text(text)?,
            event => {
                if let Some(line) = self.style.line(event) {
                    self.line(&line)?;
                }
            }
        }
        self.out.flush()
    }

    fn text(&mut self, text: &str) -> Result<()> {
        if self.terminal {
            self.out.write_all(text.as_bytes())?;
        }
        self.partial.push_str(text);
        while let Some(end) = self.partial.find('\n') {
            let line: String = self.partial.drain(..=end).collect();
            if !self.terminal {
                writeln!(self.out, "{}", settled(&line))?;
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &str) -> Result<()> {
        if self.terminal && !self.partial.is_empty() {
            return write!(self.out, "\r\x1b[K{line}\n{}", self.partial);
        }
        writeln!(self.out, "{line}")
    }

    /// Prints a line of our own.
    pub fn say(&mut self, line: &str) -> Result<()> {
        self.line(line)?;
        self.out.flush()
    }

    /// Ends an unfinished line. A prompt, which nobody will answer any more, is
    /// nothing to keep.
    pub fn finish(&mut self) -> Result<()> {
        let partial = std::mem::take(&mut self.partial);
        if self.terminal && !partial.is_empty() {
            let end = if partial.ends_with("> ") { "\r\x1b[K" } else { "\n" };
            self.out.write_all(end.as_bytes())?;
        } else if !partial.trim().is_empty() && !partial.ends_with("> ") {
            writeln!(self.out, "{}", settled(&partial))?;
        }
        self.out.flush()
    }
}

/// What is left to see of a line: a return inside it writes over what was before.
fn settled(line: &str) -> &str {
    let line = line.trim_end();
    line.rsplit_once('\r').map_or(line, |(_, last)| last)
}

#[cfg(test)]
mod tests {
    use super::Screen;
    use exov6_decode::{Event, Log, Style};

    fn shown(terminal: bool, events: &[Event]) -> String {
        let mut out = vec![];
        let mut screen = Screen::new(&mut out, Style { colour: false, name: 3 }, terminal);
        events.iter().for_each(|e| screen.event(e).unwrap());
        screen.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    fn text(text: &str) -> Event {
        Event::Text(text.into())
    }

    fn log() -> Event {
        let log = Log { task: "act".into(), message: "m".into(), ..Log::default() };
        Event::Log(log)
    }

    const LOG: &str = "[           ] act       m\n";

    #[test]
    fn on_a_terminal_a_log_line_goes_above_what_is_being_typed() {
        let out = shown(true, &[text("> he"), log(), text("lp\n"), text("> ")]);
        assert_eq!(out, format!("> he\r\x1b[K{LOG}> help\n> \r\x1b[K"));
    }

    #[test]
    fn elsewhere_a_line_is_printed_when_it_is_whole() {
        let out = shown(false, &[text("> he"), log(), text("lp\nno"), text("w"), log()]);
        assert_eq!(out, format!("{LOG}> help\n{LOG}now\n"));
        assert_eq!(shown(false, &[text("a\n> ")]), "a\n");
        assert_eq!(shown(false, &[text("> \r> set 1\r\n")]), "> set 1\n");
    }
}
