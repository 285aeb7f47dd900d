//! The store: the last 1000 samples of the loop, a second's worth.
//!
//! A passive server between the loop, which appends, and the console, which reads
//! at leisure: neither ever waits for the other longer than one block takes to copy.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

use control_loop::history::{BLOCK_SAMPLES, History};
use control_loop::sample::{Block, Sample};
use idl::store::StoreServer;
use idol_runtime::{Leased, Message, Refusal, W};
use static_cell::ConstStaticCell;

/// Samples kept.
const SAMPLES: usize = 1000;

/// Not on the stack, which it would not fit.
static HISTORY: ConstStaticCell<History<SAMPLES>> = ConstStaticCell::new(History::new());

struct Server {
    history: &'static mut History<SAMPLES>,
}

impl StoreServer for Server {
    fn append(&mut self, _: &Message, sample: Sample) -> bool {
        self.history.append(sample)
    }

    fn read(
        &mut self,
        _: &Message,
        from: u64,
        into: Leased<W, [Sample]>,
    ) -> Result<Block, Refusal> {
        let mut buffer = [Sample::ZERO; BLOCK_SAMPLES];
        let room = into.len().min(BLOCK_SAMPLES);
        let block = self.history.read(from, &mut buffer[..room]);
        into.write_at(0, &buffer[..block.count as usize])?;
        Ok(block)
    }
}

fn main() -> ! {
    idl::store::serve(&mut Server { history: HISTORY.take() })
}
