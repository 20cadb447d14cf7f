//! The terminal: answers on stdout, talk on stderr, questions; colour only where it is wanted.
//!
//! A reader that has gone away (a closed pipe) ends no run: what it would have read is dropped.

use std::fmt;
use std::io::{self, BufRead, IsTerminal as _, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The three streams of a process, or what stands for them in a test.
pub struct Streams {
    pub input: Box<dyn BufRead + Send>,
    pub output: Box<dyn Write + Send>,
    pub errors: Box<dyn Write + Send>,
    pub input_is_terminal: bool,
    pub output_is_terminal: bool,
    pub errors_is_terminal: bool,
}

impl Streams {
    /// Returns the process's own.
    pub fn of_process() -> Self {
        Self {
            input: Box::new(io::BufReader::new(io::stdin())),
            output: Box::new(io::stdout()),
            errors: Box::new(io::stderr()),
            input_is_terminal: io::stdin().is_terminal(),
            output_is_terminal: io::stdout().is_terminal(),
            errors_is_terminal: io::stderr().is_terminal(),
        }
    }
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams").field("output_is_terminal", &self.output_is_terminal).finish_non_exhaustive()
    }
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Colour {
    #[default]
    Auto,
    Always,
    Never,
}

/// How a run speaks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    pub colour: Colour,
    /// `NO_COLOR` is set, or the terminal is a dumb one.
    pub plain: bool,
    /// Only answers, failures and questions.
    pub quiet: bool,
}

/// The one writer of the program.
#[derive(Debug)]
pub struct Terminal<'s> {
    streams: &'s Mutex<Streams>,
    manner: Manner,
    colour_output: bool,
    colour_errors: bool,
    bars: bool,
    asks: bool,
    /// The bar on show, which makes room for what is said.
    shown: Mutex<Option<ProgressBar>>,
}

impl<'s> Terminal<'s> {
    pub fn new(streams: &'s Mutex<Streams>, manner: Manner) -> Self {
        let guard = streams.lock().unwrap_or_else(PoisonError::into_inner);
        let coloured = |is_terminal: bool| match manner.colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => is_terminal && !manner.plain,
        };
        let terminal = Self {
            streams,
            manner,
            colour_output: coloured(guard.output_is_terminal),
            colour_errors: coloured(guard.errors_is_terminal),
            bars: guard.errors_is_terminal && !manner.plain && !manner.quiet,
            asks: guard.input_is_terminal && guard.errors_is_terminal,
            shown: Mutex::new(None),
        };
        drop(guard);
        terminal
    }

    /// Returns how many characters a line of an answer has room for; `None` where nobody looks at a screen.
    pub fn width(&self) -> Option<usize> {
        if !self.lock().output_is_terminal {
            return None;
        }
        terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0))
    }

    /// Writes an answer for people to stdout.
    ///
    /// # Errors
    /// If stdout takes no more, unless its reader has gone away.
    pub fn answer(&self, text: &str) -> io::Result<()> {
        let mut streams = self.lock();
        write(&mut streams.output, text, self.colour_output)
    }

    /// Writes an answer for programs to stdout, byte for byte.
    ///
    /// # Errors
    /// If stdout takes no more, unless its reader has gone away.
    pub fn answer_raw(&self, text: &str) -> io::Result<()> {
        write(&mut self.lock().output, text, true)
    }

    /// Writes talk to stderr, a line or several; nothing when the run is quiet.
    pub fn talk(&self, text: &str) {
        if !self.manner.quiet {
            self.complain(text);
        }
    }

    /// Writes to stderr even when the run is quiet. That stderr is gone is nothing that could be told to anybody.
    pub fn complain(&self, text: &str) {
        let line = if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
        let say = || write(&mut self.lock().errors, &line, self.colour_errors).ok();
        let bar = self.shown().clone();
        match bar {
            Some(bar) => bar.suspend(say),
            None => say(),
        };
    }

    /// Says whether somebody is there to answer a question.
    pub fn can_ask(&self) -> bool {
        self.asks
    }

    /// Asks on stderr and returns the line that was typed, trimmed; empty at the end of input.
    ///
    /// # Errors
    /// If the input cannot be read.
    pub fn ask(&self, question: &str) -> io::Result<String> {
        let mut streams = self.lock();
        write(&mut streams.errors, question, self.colour_errors)?;
        let mut line = String::new();
        streams.input.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// Starts a bar for long work; it shows only on a terminal.
    pub fn bar(&self, steps: Option<usize>, doing: &str) -> Bar<'_> {
        let shown = self.bars.then(|| {
            let target = ProgressDrawTarget::stderr();
            let (bar, template) = match steps {
                Some(steps) => {
                    (ProgressBar::with_draw_target(Some(steps as u64), target), "{bar:24} {pos}/{len} {msg}")
                }
                None => (ProgressBar::with_draw_target(None, target), "{spinner} {msg}"),
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_message(doing.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        self.shown().clone_from(&shown);
        Bar { terminal: self, shown }
    }

    fn shown(&self) -> std::sync::MutexGuard<'_, Option<ProgressBar>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write(to: &mut Box<dyn Write + Send>, text: &str, colour: bool) -> io::Result<()> {
    let written = if colour {
        to.write_all(text.as_bytes())
    } else {
        to.write_all(anstream::adapter::strip_str(text).to_string().as_bytes())
    };
    match written.and_then(|()| to.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Long work on show. It vanishes when dropped.
#[derive(Debug)]
pub struct Bar<'t> {
    terminal: &'t Terminal<'t>,
    shown: Option<ProgressBar>,
}

impl Bar<'_> {
    /// Says what is under way.
    pub fn doing(&self, text: String) {
        if let Some(bar) = &self.shown {
            bar.set_message(text);
        }
    }

    /// Counts one step as ended and writes its line above the bar.
    pub fn step(&self, line: &str) {
        self.terminal.talk(line);
        if let Some(bar) = &self.shown {
            bar.inc(1);
        }
    }
}

impl Drop for Bar<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.shown {
            *self.terminal.shown() = None;
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Gone(io::ErrorKind);

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn streams(output: impl Write + Send + 'static, is_terminal: bool) -> Mutex<Streams> {
        Mutex::new(Streams {
            input: Box::new(io::Cursor::new(" yes \n")),
            output: Box::new(output),
            errors: Box::new(Vec::new()),
            input_is_terminal: is_terminal,
            output_is_terminal: is_terminal,
            errors_is_terminal: is_terminal,
        })
    }

    fn printed(manner: Manner, is_terminal: bool) -> String {
        let buffer = Buffer::default();
        let streams = streams(buffer.clone(), is_terminal);
        Terminal::new(&streams, manner).answer("\u{1b}[32mgreen\u{1b}[0m").unwrap();
        let bytes = buffer.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn colour_is_for_terminals_and_for_those_who_ask() {
        let auto = Manner::default();
        assert_eq!(printed(auto, false), "green");
        assert!(printed(auto, true).contains('\u{1b}'));
        assert_eq!(printed(Manner { plain: true, ..auto }, true), "green");
        assert!(printed(Manner { colour: Colour::Always, plain: true, ..auto }, false).contains('\u{1b}'));
        assert_eq!(printed(Manner { colour: Colour::Never, ..auto }, true), "green");
    }

    #[test]
    fn a_reader_that_left_is_no_failure_but_a_full_disk_is() {
        let gone = streams(Gone(io::ErrorKind::BrokenPipe), false);
        assert!(Terminal::new(&gone, Manner::default()).answer("x").is_ok());
        let full = streams(Gone(io::ErrorKind::StorageFull), false);
        assert!(Terminal::new(&full, Manner::default()).answer("x").is_err());
    }

    #[test]
    fn a_question_returns_the_trimmed_line() {
        let streams = streams(Vec::new(), true);
        let terminal = Terminal::new(&streams, Manner::default());
        assert_eq!(terminal.ask("really? ").unwrap(), "yes");
        assert_eq!(terminal.ask("really? ").unwrap(), "");
    }
}
