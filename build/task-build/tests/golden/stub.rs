// Constants of task `task-both` of `no image`; written by the build, not to be changed.
/// Channels that this task may call.
pub mod ports {
    /// Calls task `echo`.
    pub const ECHO: ::userlib::Port = ::userlib::Port(0);
    /// Calls task `clock`.
    pub const CLOCK: ::userlib::Port = ::userlib::Port(1);
}
/// Notification bits of this task.
pub mod notifications {
    /// Notification `sample`.
    pub const SAMPLE: ::userlib::Bits = ::userlib::Bits(0b1);
    /// Notification `uart-irq`.
    pub const UART_IRQ: ::userlib::Bits = ::userlib::Bits(0b10);
    /// Notification `release`.
    pub const RELEASE: ::userlib::Bits = ::userlib::Bits(0b100);
    /// All of them.
    pub const ALL: ::userlib::Bits = ::userlib::Bits(0b111);
}
/// Timers of this task.
pub mod timers {
    /// Timer `release`.
    pub const RELEASE: ::userlib::Timer = ::userlib::Timer {
        number: 0,
        bits: ::userlib::Bits(0b100),
    };
}
/// Notifications of other tasks that this one may set.
pub mod posts {
    /// Notifications of task `uart-0`.
    pub mod uart_0 {
        /// Sets `go` of task `uart-0`.
        pub const GO: ::userlib::PostGrant = ::userlib::PostGrant {
            number: 0,
            bits: ::userlib::Bits(0b1),
        };
        /// Sets `stop` of task `uart-0`.
        pub const STOP: ::userlib::PostGrant = ::userlib::PostGrant {
            number: 0,
            bits: ::userlib::Bits(0b10),
        };
    }
}
/// Peripherals and pages of boot information of this task.
pub mod devices {
    /// Where `uart0` is mapped.
    pub const UART0: ::userlib::Device = ::userlib::Device {
        address: 0x1fff000,
        size: 0x1000,
    };
}
/// Summary counters of this task.
pub mod summary {
    /// Counter "loops".
    pub const LOOPS: ::userlib::Counter = ::userlib::Counter(0);
    /// Counter "worst release-to-done us".
    pub const WORST_RELEASE_TO_DONE_US: ::userlib::Counter = ::userlib::Counter(1);
}
/// All tasks of the image.
pub mod tasks {
    /// Names, in index order.
    pub const NAMES: [&str; 3] = ["echo", "clock", "uart-0"];
    /// Index of task `echo`.
    pub const ECHO: u32 = 0;
    /// Index of task `clock`.
    pub const CLOCK: u32 = 1;
    /// Index of task `uart-0`.
    pub const UART_0: u32 = 2;
}
/// The heap of this task, for `userlib::heap!`.
pub mod heap {
    /// Where it lies; none if app.toml gives none.
    pub const MEMORY: ::core::option::Option<::userlib::Device> = ::core::option::Option::Some(::userlib::Device {
        address: 0x1000000,
        size: 0x1000,
    });
}
/// Log rings and boot record, for the log task.
pub mod rings {
    /// Rings of all tasks.
    pub const ALL: &[::userlib::LogRing] = &[];
    /// The kernel's boot record.
    pub const BOOT_RECORD: ::core::option::Option<::userlib::Device> = ::core::option::Option::None;
}
/// What to do with faulted tasks, for the supervisor.
pub mod restart {
    /// Rules for all tasks, in index order.
    pub const ALL: &[::userlib::RestartRule] = &[];
}
/// Kernel operations that this task is granted.
pub mod granted {
    /// Whether `status` is granted, for any task.
    pub const STATUS: bool = true;
    /// Whether `find-faulted` is granted, for any task.
    pub const FIND_FAULTED: bool = true;
    /// Whether `panic-message` is granted, for any task.
    pub const PANIC_MESSAGE: bool = true;
    /// Whether `restart` is granted, for any task.
    pub const RESTART: bool = true;
    /// Whether `start` is granted, for any task.
    pub const START: bool = true;
    /// Whether `hold` is granted, for any task.
    pub const HOLD: bool = true;
    /// Whether `fault` is granted, for any task.
    pub const FAULT: bool = true;
    /// Whether `reset` is granted, for any task.
    pub const RESET: bool = true;
    /// Whether `dump` is granted, for any task.
    pub const DUMP: bool = true;
    /// Whether `software-irq` is granted, for any task.
    pub const SOFTWARE_IRQ: bool = true;
    /// Whether `exit` is granted, for any task.
    pub const EXIT: bool = true;
}
/// Configuration of this task, from app.toml.
pub mod config {
    /// Configuration `gain`.
    pub const GAIN: f64 = 1.0;
    /// Configuration `name`.
    pub const NAME: &str = "";
    /// Configuration `taps`.
    pub const TAPS: &[f64] = &[0.5];
}
/// Where this task's log ring lies, and whom to tell of a record.
#[allow(unsafe_code, reason = "userlib finds it by this name")]
#[unsafe(no_mangle)]
pub static EXOV6_LOG: ::userlib::LogConfig = ::userlib::LogConfig {
    ring: 0x0,
    size: 0x0,
    post: ::core::option::Option::None,
};

/// Interfaces that this task calls or serves.
pub mod idl {
    /// Interface `Clock`.
    #[allow(
        dead_code,
        clippy::len_without_is_empty,
        clippy::should_implement_trait,
        clippy::too_many_arguments,
        clippy::wrong_self_convention,
        reason = "names and arguments are the interface's, and a task rarely uses all of it"
    )]
    pub mod clock {
        /// Name of the interface.
        pub const NAME: &str = "Clock";
        /// SHA-256 of the canonical form: equal for a client and its server.
        pub const HASH: &str = "88cd2220ff34244f8ed72a7d2131765148237c97850ba91975526e56b285cd41";
        /// Numbers of the operations.
        pub mod operations {
            /// Number of `now`.
            pub const NOW: u16 = 1;
        }
        #[allow(non_camel_case_types, reason = "named after the operations")]
        mod wire {
            pub struct now;
            impl ::idol_runtime::Operation for now {
                type Encoding = ::idol_runtime::encoding::Zerocopy;
                const NUMBER: u16 = 1;
                const LABEL: &'static str = "Clock.now";
                const ARGS: usize = 0;
                const REPLY: usize = ::core::mem::size_of::<u64>();
                const LEASES: usize = 0;
                const IDEMPOTENT: bool = false;
                #[inline(always)]
                fn counts() -> ::core::option::Option<
                    &'static ::idol_runtime::counters::Counts,
                > {
                    super::counters::EXOV6_IDOL_CLIENT_CLOCK.operation(Self::NUMBER)
                }
            }
        }
        /// Counters of this task.
        pub mod counters {
            /// What came of this task's calls: ok, err and dead of each operation.
            #[allow(unsafe_code, reason = "a debugger finds it by this name")]
            #[unsafe(no_mangle)]
            pub static EXOV6_IDOL_CLIENT_CLOCK: ::idol_runtime::counters::ClientCounters<
                1,
            > = ::idol_runtime::counters::ClientCounters::<1>::new();
        }
        /// Calls a server of interface `Clock` through a port.
        #[derive(Clone, Copy, Debug)]
        pub struct Clock(::idol_runtime::Port);
        impl Clock {
            /// The server behind `port`.
            #[must_use]
            pub const fn new(port: ::idol_runtime::Port) -> Self {
                Self(port)
            }
            /// Operation `now`.
            ///
            /// # Errors
            /// If the server died or the port's timeout passed.
            #[inline]
            pub fn now(&self) -> ::core::result::Result<u64, ::idol_runtime::ServerDeath> {
                let args_ = [];
                let mut reply_ = [0; <wire::now as ::idol_runtime::Operation>::REPLY];
                let outcome_ = ::idol_runtime::client::call::<
                    wire::now,
                    _,
                    _,
                    _,
                >(self.0, &args_, &mut reply_, []);
                outcome_.value_or_death(&reply_)
            }
        }
    }
    /// Interface `Echo`.
    #[allow(
        dead_code,
        clippy::len_without_is_empty,
        clippy::should_implement_trait,
        clippy::too_many_arguments,
        clippy::wrong_self_convention,
        reason = "names and arguments are the interface's, and a task rarely uses all of it"
    )]
    pub mod echo {
        /// Name of the interface.
        pub const NAME: &str = "Echo";
        /// SHA-256 of the canonical form: equal for a client and its server.
        pub const HASH: &str = "f9a3d5953200a07c11b71febf362c3867bd238ef1158b5ef30cd6c31103a479a";
        /// Numbers of the operations.
        pub mod operations {
            /// Number of `echo`.
            pub const ECHO: u16 = 1;
        }
        #[allow(non_camel_case_types, reason = "named after the operations")]
        mod wire {
            pub struct echo;
            impl ::idol_runtime::Operation for echo {
                type Encoding = ::idol_runtime::encoding::Zerocopy;
                const NUMBER: u16 = 1;
                const LABEL: &'static str = "Echo.echo";
                const ARGS: usize = ::core::mem::size_of::<u64>();
                const REPLY: usize = ::core::mem::size_of::<u64>();
                const LEASES: usize = 0;
                const IDEMPOTENT: bool = true;
                #[inline(always)]
                fn counts() -> ::core::option::Option<
                    &'static ::idol_runtime::counters::Counts,
                > {
                    super::counters::EXOV6_IDOL_CLIENT_ECHO.operation(Self::NUMBER)
                }
            }
        }
        /// Counters of this task.
        pub mod counters {
            /// What came of this task's calls: ok, err and dead of each operation.
            #[allow(unsafe_code, reason = "a debugger finds it by this name")]
            #[unsafe(no_mangle)]
            pub static EXOV6_IDOL_CLIENT_ECHO: ::idol_runtime::counters::ClientCounters<1> = ::idol_runtime::counters::ClientCounters::<
                1,
            >::new();
            /// What became of the calls to this task: ok, err and refused of each
            /// operation, then of each client by the index of its task.
            #[allow(unsafe_code, reason = "a debugger finds it by this name")]
            #[unsafe(no_mangle)]
            pub static EXOV6_IDOL_SERVER_ECHO: ::idol_runtime::counters::ServerCounters<
                1,
                3,
            > = ::idol_runtime::counters::ServerCounters::<1, 3>::new();
        }
        /// Calls a server of interface `Echo` through a port.
        #[derive(Clone, Copy, Debug)]
        pub struct Echo(::idol_runtime::Port);
        impl Echo {
            /// The server behind `port`.
            #[must_use]
            pub const fn new(port: ::idol_runtime::Port) -> Self {
                Self(port)
            }
            /// Operation `echo`.
            ///
            /// Idempotent: repeated by itself if the server was restarted.
            ///
            /// # Panics
            /// If the server dies again and again on it, or the port's timeout passes.
            #[inline]
            pub fn echo(&self, value: u64) -> u64 {
                let mut args_ = [0; <wire::echo as ::idol_runtime::Operation>::ARGS];
                ::idol_runtime::Packer::new(&mut args_).put(&value);
                let mut reply_ = [0; <wire::echo as ::idol_runtime::Operation>::REPLY];
                let outcome_ = ::idol_runtime::client::call::<
                    wire::echo,
                    _,
                    _,
                    _,
                >(self.0, &args_, &mut reply_, []);
                outcome_.value(&reply_)
            }
        }
        /// What a server of interface `Echo` does.
        pub trait EchoServer {
            /// Operation `echo`.
            fn echo(&mut self, message: &::idol_runtime::Message, value: u64) -> u64;
            /// Some of the bits of [`Self::mask`] were set; they are cleared now.
            #[inline]
            fn notified(&mut self, bits: ::idol_runtime::Bits) {
                let _ = bits;
            }
            /// Notification bits that end the wait for the next call; none by default.
            #[inline]
            fn mask(&self) -> ::idol_runtime::Bits {
                ::idol_runtime::Bits(0)
            }
        }
        /// Answers calls and hands on notifications, for ever.
        pub fn serve<S: EchoServer + ?Sized>(server: &mut S) -> ! {
            ::idol_runtime::server::serve(server, S::mask, S::notified, dispatch)
        }
        /// Carries out one call, for a server with a loop of its own: checks it,
        /// calls the method, and says what to answer.
        pub fn dispatch<S: EchoServer + ?Sized>(
            server: &mut S,
            message: &::idol_runtime::Message,
        ) -> ::idol_runtime::Answer {
            let answer = match message.operation {
                operations::ECHO => handle::echo(server, message),
                _ => {
                    ::core::result::Result::Err(
                        ::idol_runtime::Refusal::Fault(
                            ::idol_runtime::Reason::UndefinedOperation,
                        ),
                    )
                }
            };
            let answer = ::idol_runtime::Answer::from_result(answer);
            counters::EXOV6_IDOL_SERVER_ECHO.count(message, &answer);
            answer
        }
        mod handle {
            use super::wire;
            pub(super) fn echo<S: super::EchoServer + ?Sized>(
                server_: &mut S,
                message_: &::idol_runtime::Message,
            ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
                let request_ = ::idol_runtime::server::Request::<
                    wire::echo,
                >::open(message_)?;
                let args_: [u8; <wire::echo as ::idol_runtime::Operation>::ARGS] = request_
                    .args()?;
                let mut unpacker_ = ::idol_runtime::Unpacker::new(&args_);
                let value: u64 = unpacker_.take()?;
                let value_ = server_.echo(message_, value);
                request_.reply(&value_)
            }
        }
    }
}
