//! A queue of bytes with a fixed size, filled by whole pieces.

/// At most `N` bytes, first in, first out.
#[derive(Debug)]
pub struct Queue<const N: usize> {
    bytes: [u8; N],
    first: usize,
    used: usize,
}

impl<const N: usize> Queue<N> {
    /// An empty queue.
    #[must_use]
    pub const fn new() -> Self {
        Queue { bytes: [0; N], first: 0, used: 0 }
    }

    /// Bytes in it.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.used
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// Bytes that still fit.
    #[must_use]
    pub const fn free(&self) -> usize {
        N - self.used
    }

    /// Adds a byte. False if it is full.
    #[must_use]
    pub fn push(&mut self, byte: u8) -> bool {
        if self.free() == 0 {
            return false;
        }
        self.bytes[(self.first + self.used) % N] = byte;
        self.used += 1;
        true
    }

    /// Adds all bytes, or none if they do not fit together. Whether they did.
    #[must_use]
    pub fn extend(&mut self, bytes: &[u8]) -> bool {
        if bytes.len() > self.free() {
            return false;
        }
        bytes.iter().all(|&byte| self.push(byte))
    }

    /// The oldest byte.
    #[must_use]
    pub const fn peek(&self) -> Option<u8> {
        if self.used == 0 { None } else { Some(self.bytes[self.first]) }
    }

    /// Removes the oldest byte.
    pub fn pop(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.first = (self.first + 1) % N;
        self.used -= 1;
        Some(byte)
    }
}

impl<const N: usize> Default for Queue<N> {
    fn default() -> Self {
        Queue::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        #[test]
        fn it_behaves_like_a_bounded_deque(
            work in prop::collection::vec(prop_oneof![
                prop::collection::vec(any::<u8>(), 0..9).prop_map(Some),
                Just(None),
            ], 0..200),
        ) {
            let mut queue = Queue::<7>::new();
            let mut model = VecDeque::new();
            for piece in work {
                match piece {
                    Some(bytes) => {
                        let fits = model.len() + bytes.len() <= 7;
                        prop_assert_eq!(queue.extend(&bytes), fits);
                        if fits { model.extend(bytes); }
                    }
                    None => prop_assert_eq!(queue.pop(), model.pop_front()),
                }
                prop_assert_eq!((queue.len(), queue.free()), (model.len(), 7 - model.len()));
                prop_assert_eq!(queue.peek(), model.front().copied());
            }
        }
    }
}
