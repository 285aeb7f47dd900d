//! Commands: what the suite tells a puppet, as the eight words of a message.
//!
//! Word 0 is the command's number, the others its arguments. The answer is eight
//! words again; what they mean is said at each command.

/// Eight words.
pub type Words = [u64; 8];

/// Operation of the suite: a puppet has started. Words: generation, and how many words of FP
/// registers were not zero at its start.
pub const HELLO: u16 = 1;
/// Operation of the suite: a puppet has done its command. Words: the answer.
pub const DONE: u16 = 2;
/// Operation of the suite: a call that a case is about.
pub const PLAIN: u16 = 3;

/// Operation of the server: words are a [`Command`], the reply its answer.
pub const COMMAND: u16 = 1;
/// Operation of the server: the call is kept, and not answered.
pub const KEEP: u16 = 2;
/// Operation of the server: answered at once, by [`echo`].
pub const ECHO: u16 = 3;

/// What the server answers to [`ECHO`]: a status and words that show that it saw each
/// word.
#[must_use]
pub fn echo(words: &Words) -> (u64, Words) {
    let mut answer = *words;
    for (word, at) in answer.iter_mut().zip(1..) {
        *word = word.rotate_left(at) ^ at as u64;
    }
    (words[0] & 0xffff, answer)
}

/// What a puppet can be told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Nothing: answers zeros.
    Nothing,
    /// Prepares registers `x[first]…` for [`Command::Trap`].
    Set {
        /// First register, 0–30; what lies beyond 30 is dropped.
        first: u64,
        /// Values of it and the following ones.
        values: [u64; 6],
    },
    /// Traps with the prepared registers and notes all registers afterwards. Answers
    /// `x8`–`x15`.
    Trap {
        /// Immediate of the `SVC` instruction; see [`crate::machine::TRAPS`].
        number: u64,
    },
    /// Answers registers `x[first]…` as [`Command::Trap`] left them; zero beyond 30.
    Get {
        /// First register.
        first: u64,
    },
    /// Loads a word, with an instruction of [`Place::Read`]. Answers it.
    Read {
        /// Where.
        address: u64,
    },
    /// Stores a word, with an instruction of [`Place::Write`].
    Write {
        /// Where.
        address: u64,
        /// What.
        value: u64,
    },
    /// Jumps.
    Execute {
        /// Where.
        address: u64,
    },
    /// Runs an instruction of [`crate::instructions::ALL`]. Answers `x0` after it.
    Instruction {
        /// Which.
        number: u64,
        /// `x0` before it.
        x0: u64,
    },
    /// Answers the address of an instruction of [`crate::instructions::ALL`].
    InstructionAt {
        /// Which.
        number: u64,
    },
    /// Answers, for eight values of [`Place`] from `first` on, their addresses.
    Places {
        /// First.
        first: u64,
    },
    /// Answers eight words of memory.
    Peek {
        /// Address of the first.
        address: u64,
    },
    /// Writes words of memory.
    Poke {
        /// Address of the first.
        address: u64,
        /// How many, at most 5.
        count: u64,
        /// The words.
        words: [u64; 5],
    },
    /// Panics with a message of so many bytes.
    Panic {
        /// Length.
        length: u64,
    },
    /// Pushes until the stack ends.
    Push,
    /// Enters a function with a frame so large that it ends in the guard page.
    Frame,
    /// Works until the counter has a value, then answers it.
    Spin {
        /// Counter value, in ticks.
        until: u64,
    },
    /// Works until the counter has a value with a pattern in every register, then
    /// answers how many registers have changed.
    SpinRegisters {
        /// Counter value, in ticks.
        until: u64,
    },
    /// Works until the counter has a value with a pattern in every FP register, then
    /// answers how many have changed.
    SpinFp {
        /// Counter value, in ticks.
        until: u64,
        /// Pattern.
        seed: u64,
    },
    /// Answers how many words of FP state are of a pattern of [`Command::SpinFp`].
    CountFp {
        /// Pattern.
        seed: u64,
    },
    /// Traps (prepared registers) between the halves of an exclusive access. Answers
    /// 0 if the store succeeded, else 1.
    Exclusive {
        /// As for [`Command::Trap`]; [`NO_TRAP`] for no trap at all.
        number: u64,
    },
    /// Writes the thread pointer, traps with the prepared registers, and answers the
    /// thread pointer after that.
    ThreadPointer {
        /// As for [`Command::Trap`].
        number: u64,
        /// What is written; [`KEEP_THREAD_POINTER`] for nothing.
        value: u64,
    },
    /// Traps and is interrupted until the counter has a value with a stack pointer
    /// that leads nowhere and every flag set. Answers the flags, then the task index that
    /// the kernel told.
    Hostile {
        /// Counter value, in ticks.
        until: u64,
        /// Stack pointer.
        stack_pointer: u64,
    },
    /// Enters the kernel with the prepared registers and everything else hostile, then
    /// notes all registers. Answers SP and flags afterwards, how many FP registers have
    /// changed, then `x8`–`x12`.
    Enter {
        /// As for [`Command::Trap`], or one of [`crate::hostile::SPIN`],
        /// [`crate::hostile::FAULT`], [`crate::hostile::LOAD`] and [`crate::hostile::PUSH`].
        how: u64,
        /// SP at the entry.
        stack_pointer: u64,
        /// NZCV at the entry (bits 31–28).
        flags: u64,
        /// TPIDR_EL0 at the entry.
        thread_pointer: u64,
        /// In every FP register at the entry, with hostile FPCR and FPSR; 0: none is touched.
        fp: u64,
    },
    /// Makes system calls with a value of its own in every register. Answers how many
    /// registers changed that should not, the call, register, value and expected value of the
    /// first of them, and how many calls it made.
    Canary {
        /// How many calls.
        rounds: u64,
        /// Part of every value.
        seed: u64,
    },
    /// Traps with the prepared registers. Answers the ticks that it took, then `x8`–`x14`.
    Timed {
        /// As for [`Command::Trap`].
        number: u64,
    },
    /// Posts in a tight loop until the counter has a value. Answers how often.
    Storm {
        /// Counter value, in ticks.
        until: u64,
        /// Bits to post through the first grant.
        bits: u64,
    },
    /// Calls itself, as compiled code does, until the stack ends.
    Recurse,
    /// Calls a compiled function whose frame is larger than stack and guard page together.
    BigFrame,
    /// Writes a value over all of its writable memory but the log ring, and faults.
    Scorch {
        /// What is written to every word.
        value: u64,
    },
    /// The server's: answers caller handle, badge, header and five words of a call that
    /// it keeps.
    Kept {
        /// Which, from the oldest; at most 4 are kept.
        index: u64,
    },
    /// The server's: forgets the calls that it keeps.
    Forget,
    /// Answers how many commands it has done since its start, and how many calls the
    /// server has seen.
    Count,
}

impl Command {
    /// As words of a message.
    #[must_use]
    pub fn encode(&self) -> Words {
        use Command::*;
        match *self {
            Nothing => [0; 8],
            Set { first, values: [a, b, c, d, e, f] } => [1, first, a, b, c, d, e, f],
            Trap { number } => [2, number, 0, 0, 0, 0, 0, 0],
            Get { first } => [3, first, 0, 0, 0, 0, 0, 0],
            Read { address } => [4, address, 0, 0, 0, 0, 0, 0],
            Write { address, value } => [5, address, value, 0, 0, 0, 0, 0],
            Execute { address } => [6, address, 0, 0, 0, 0, 0, 0],
            Instruction { number, x0 } => [7, number, x0, 0, 0, 0, 0, 0],
            InstructionAt { number } => [8, number, 0, 0, 0, 0, 0, 0],
            Places { first } => [9, first, 0, 0, 0, 0, 0, 0],
            Peek { address } => [10, address, 0, 0, 0, 0, 0, 0],
            Poke { address, count, words: [a, b, c, d, e] } => [11, address, count, a, b, c, d, e],
            Panic { length } => [12, length, 0, 0, 0, 0, 0, 0],
            Push => [13, 0, 0, 0, 0, 0, 0, 0],
            Frame => [14, 0, 0, 0, 0, 0, 0, 0],
            Spin { until } => [15, until, 0, 0, 0, 0, 0, 0],
            SpinRegisters { until } => [16, until, 0, 0, 0, 0, 0, 0],
            SpinFp { until, seed } => [17, until, seed, 0, 0, 0, 0, 0],
            CountFp { seed } => [18, seed, 0, 0, 0, 0, 0, 0],
            Exclusive { number } => [19, number, 0, 0, 0, 0, 0, 0],
            ThreadPointer { number, value } => [20, number, value, 0, 0, 0, 0, 0],
            Kept { index } => [21, index, 0, 0, 0, 0, 0, 0],
            Forget => [22, 0, 0, 0, 0, 0, 0, 0],
            Hostile { until, stack_pointer } => [24, until, stack_pointer, 0, 0, 0, 0, 0],
            Count => [23, 0, 0, 0, 0, 0, 0, 0],
            Enter { how, stack_pointer, flags, thread_pointer, fp } => {
                [25, how, stack_pointer, flags, thread_pointer, fp, 0, 0]
            }
            Canary { rounds, seed } => [26, rounds, seed, 0, 0, 0, 0, 0],
            Timed { number } => [27, number, 0, 0, 0, 0, 0, 0],
            Storm { until, bits } => [28, until, bits, 0, 0, 0, 0, 0],
            Recurse => [29, 0, 0, 0, 0, 0, 0, 0],
            BigFrame => [30, 0, 0, 0, 0, 0, 0, 0],
            Scorch { value } => [31, value, 0, 0, 0, 0, 0, 0],
        }
    }

    /// From words of a message; what is no command is [`Command::Nothing`].
    #[must_use]
    pub fn decode(words: &Words) -> Self {
        use Command::*;
        let [code, a, b, c, d, e, f, g] = *words;
        match code {
            1 => Set { first: a, values: [b, c, d, e, f, g] },
            2 => Trap { number: a },
            3 => Get { first: a },
            4 => Read { address: a },
            5 => Write { address: a, value: b },
            6 => Execute { address: a },
            7 => Instruction { number: a, x0: b },
            8 => InstructionAt { number: a },
            9 => Places { first: a },
            10 => Peek { address: a },
            11 => Poke { address: a, count: b, words: [c, d, e, f, g] },
            12 => Panic { length: a },
            13 => Push,
            14 => Frame,
            15 => Spin { until: a },
            16 => SpinRegisters { until: a },
            17 => SpinFp { until: a, seed: b },
            18 => CountFp { seed: a },
            19 => Exclusive { number: a },
            20 => ThreadPointer { number: a, value: b },
            21 => Kept { index: a },
            22 => Forget,
            23 => Count,
            24 => Hostile { until: a, stack_pointer: b },
            25 => Enter { how: a, stack_pointer: b, flags: c, thread_pointer: d, fp: e },
            26 => Canary { rounds: a, seed: b },
            27 => Timed { number: a },
            28 => Storm { until: a, bits: b },
            29 => Recurse,
            30 => BigFrame,
            31 => Scorch { value: a },
            _ => Nothing,
        }
    }
}

/// In [`Command::Exclusive`]: nothing happens between the halves.
pub const NO_TRAP: u64 = u64::MAX;
/// In [`Command::ThreadPointer`]: does not write it.
pub const KEEP_THREAD_POINTER: u64 = u64::MAX;

/// An address in a puppet's span, asked for with [`Command::Places`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Place {
    /// First byte of text: also the entry.
    TextStart,
    /// End of text, start of constants.
    TextEnd,
    /// End of constants, start of writable memory.
    ConstantsEnd,
    /// Lowest byte of the stack, end of its guard page.
    StackBottom,
    /// Initial stack pointer.
    StackTop,
    /// End of writable memory, start of the initial data, read-only.
    WritableEnd,
    /// [`BUFFER_BYTES`] of writable memory, aligned to a page.
    Buffer,
    /// A constant, [`CONSTANT`].
    Constant,
    /// An initialised variable, [`DATA`].
    Data,
    /// A variable that begins as zero.
    Zero,
    /// A variable that survives restarts.
    Uninit,
    /// The load of [`Command::Read`].
    Read,
    /// The store of [`Command::Write`].
    Write,
    /// The store of [`Command::Push`].
    Push,
    /// The store of [`Command::Frame`].
    Frame,
    /// The first FP instruction of [`Command::SpinFp`].
    Fp,
    /// First instruction of [`crate::hostile::SPIN`].
    EnterSpin,
    /// The instruction of [`crate::hostile::FAULT`].
    EnterFault,
    /// The load of [`crate::hostile::LOAD`].
    EnterLoad,
    /// The store of [`crate::hostile::PUSH`].
    EnterPush,
}

/// Length of [`Place::Buffer`].
pub const BUFFER_BYTES: u64 = 8192;
/// Value of [`Place::Constant`].
pub const CONSTANT: u64 = 0x1357_9bdf_0246_8ace;
/// Value of [`Place::Data`] after a start.
pub const DATA: u64 = 0xda7a_da7a_0123_4567;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_survives_its_words() {
        for code in 0..=32 {
            let words = [code, 11, 12, 13, 14, 15, 16, 17];
            let command = Command::decode(&words);
            assert_eq!(Command::decode(&command.encode()), command);
            let known = (1..=31).contains(&code);
            assert_eq!(command != Command::Nothing, known, "{command:?}");
            assert_eq!(command.encode()[0], if known { code } else { 0 });
        }
    }

    #[test]
    fn an_echo_tells_words_apart() {
        let (status, words) = echo(&[1, 1, 1, 1, 1, 1, 1, 1]);
        assert_eq!((status, words[0], words[1]), (1, 3, 6));
        assert!((1..8).all(|at| !words[..at].contains(&words[at])));
    }
}
