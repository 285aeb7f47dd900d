//! Invariants: what always holds of the kernel's memory, by number and in words.
//!
//! `check_all` of the kernel tries them. A kernel that is built with checks resets the
//! machine when one is broken, and the reset record has its number.

macro_rules! invariants {
    ($($number:literal $name:ident $text:literal,)*) => {
        /// What always holds.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u64)]
        pub enum Invariant {
            $(#[doc = $text] $name = $number,)*
        }

        impl Invariant {
            /// Every invariant.
            pub const ALL: &[Invariant] = &[$(Invariant::$name),*];

            /// What holds, as a clause.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self {
                    $(Invariant::$name => $text,)*
                }
            }

            /// The invariant with this number.
            #[must_use]
            pub const fn from_u64(number: u64) -> Option<Self> {
                match number {
                    $($number => Some(Invariant::$name),)*
                    _ => None,
                }
            }
        }
    };
}

invariants! {
    1 ReadySet "the ready set says what the states say",
    2 CallersQueued "a caller is queued at exactly the server it calls",
    3 LenderCalls "only a task in a call lends memory",
    4 NothingMissed "nobody waits for what is already there",
    5 Described "every task has a description",
    6 PostedBits "only bits that exist are posted",
    7 RanksMap "ranks and tasks map one to one",
    8 ReadyTasks "only tasks are ready",
    9 Heap "the deadlines form a heap",
    10 CallerOfPort "a caller waits for the server of the port it called",
    11 CallsUp "calls go up in urgency",
    12 WaitDeadline "a deadline of a wait belongs to a task that waits",
    13 OwnBits "a task waits for its own bits only",
    14 DisabledStops "a task past its last generation does not run",
    15 LeaseCount "no more leases than there is room for",
    16 LeaseRights "a lease has rights",
    17 LeaseMemory "a lease is memory of its lender",
    18 StaleGrants "only ports and grants that exist are stale",
    19 PanicLength "a panic message is no longer than allowed",
    20 ArmedTimers "only timers that exist are armed",
    21 TimerBits "a timer posts bits of its owner",
}

impl core::fmt::Display for Invariant {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::Invariant;

    #[test]
    fn numbers_lead_back_and_no_two_say_the_same() {
        for (at, invariant) in Invariant::ALL.iter().enumerate() {
            assert_eq!(Invariant::from_u64(*invariant as u64), Some(*invariant));
            assert!(Invariant::ALL[..at].iter().all(|other| other.text() != invariant.text()));
        }
        assert_eq!(Invariant::from_u64(0), None);
    }
}
