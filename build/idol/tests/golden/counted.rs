/// Interface `Counted`.
#[allow(
    dead_code,
    clippy::len_without_is_empty,
    clippy::should_implement_trait,
    clippy::too_many_arguments,
    clippy::wrong_self_convention,
    reason = "names and arguments are the interface's, and a task rarely uses all of it"
)]
pub mod counted {
    /// Name of the interface.
    pub const NAME: &str = "Counted";
    /// SHA-256 of the canonical form: equal for a client and its server.
    pub const HASH: &str = "1f650bee5d64b1f536b3a00ff35283b03b37bb68faeee750217c77434dfff6c2";
    /// Numbers of the operations.
    pub mod operations {
        /// Number of `turn`.
        pub const TURN: u16 = 1;
        /// Number of `rest`.
        pub const REST: u16 = 2;
    }
    #[allow(non_camel_case_types, reason = "named after the operations")]
    mod wire {
        pub struct turn;
        impl ::idol_runtime::Operation for turn {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 1;
            const LABEL: &'static str = "Counted.turn";
            const ARGS: usize = ::core::mem::size_of::<u8>();
            const REPLY: usize = 0;
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
            #[inline(always)]
            fn counts() -> ::core::option::Option<
                &'static ::idol_runtime::counters::Counts,
            > {
                super::counters::EXOV6_IDOL_CLIENT_COUNTED.operation(Self::NUMBER)
            }
        }
        pub struct rest;
        impl ::idol_runtime::Operation for rest {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 2;
            const LABEL: &'static str = "Counted.rest";
            const ARGS: usize = 0;
            const REPLY: usize = ::core::mem::size_of::<u8>();
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
            #[inline(always)]
            fn counts() -> ::core::option::Option<
                &'static ::idol_runtime::counters::Counts,
            > {
                super::counters::EXOV6_IDOL_CLIENT_COUNTED.operation(Self::NUMBER)
            }
        }
    }
    /// Counters of this task.
    pub mod counters {
        /// What came of this task's calls: ok, err and dead of each operation.
        #[allow(unsafe_code, reason = "a debugger finds it by this name")]
        #[unsafe(no_mangle)]
        pub static EXOV6_IDOL_CLIENT_COUNTED: ::idol_runtime::counters::ClientCounters<
            2,
        > = ::idol_runtime::counters::ClientCounters::<2>::new();
        /// What became of the calls to this task: ok, err and refused of each
        /// operation, then of each client by the index of its task.
        #[allow(unsafe_code, reason = "a debugger finds it by this name")]
        #[unsafe(no_mangle)]
        pub static EXOV6_IDOL_SERVER_COUNTED: ::idol_runtime::counters::ServerCounters<
            2,
            4,
        > = ::idol_runtime::counters::ServerCounters::<2, 4>::new();
    }
    /// Calls a server of interface `Counted` through a port.
    #[derive(Clone, Copy, Debug)]
    pub struct Counted(::idol_runtime::Port);
    impl Counted {
        /// The server behind `port`.
        #[must_use]
        pub const fn new(port: ::idol_runtime::Port) -> Self {
            Self(port)
        }
        /// Operation `turn`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Errors
        /// The server's own, or what [`crate::ValveError`] calls the server's death.
        #[inline]
        pub fn turn(&self, by: u8) -> ::core::result::Result<(), crate::ValveError> {
            let mut args_ = [0; <wire::turn as ::idol_runtime::Operation>::ARGS];
            ::idol_runtime::Packer::new(&mut args_).put(&by);
            let mut reply_ = [];
            let outcome_ = ::idol_runtime::client::call::<
                wire::turn,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_.result(&reply_)
        }
        /// Operation `rest`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn rest(&self) -> u8 {
            let args_ = [];
            let mut reply_ = [0; <wire::rest as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::rest,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_.value(&reply_)
        }
    }
    /// What a server of interface `Counted` does.
    pub trait CountedServer {
        /// Operation `turn`.
        fn turn(
            &mut self,
            message: &::idol_runtime::Message,
            by: u8,
        ) -> ::core::result::Result<(), crate::ValveError>;
        /// Operation `rest`.
        fn rest(&mut self, message: &::idol_runtime::Message) -> u8;
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
    pub fn serve<S: CountedServer + ?Sized>(server: &mut S) -> ! {
        ::idol_runtime::server::serve(server, S::mask, S::notified, dispatch)
    }
    /// Carries out one call, for a server with a loop of its own: checks it,
    /// calls the method, and says what to answer.
    pub fn dispatch<S: CountedServer + ?Sized>(
        server: &mut S,
        message: &::idol_runtime::Message,
    ) -> ::idol_runtime::Answer {
        let answer = match message.operation {
            operations::TURN => handle::turn(server, message),
            operations::REST => handle::rest(server, message),
            _ => {
                ::core::result::Result::Err(
                    ::idol_runtime::Refusal::Fault(
                        ::idol_runtime::Reason::UndefinedOperation,
                    ),
                )
            }
        };
        let answer = ::idol_runtime::Answer::from_result(answer);
        counters::EXOV6_IDOL_SERVER_COUNTED.count(message, &answer);
        answer
    }
    mod handle {
        use super::wire;
        pub(super) fn turn<S: super::CountedServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::turn,
            >::open(message_)?;
            let args_: [u8; <wire::turn as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut unpacker_ = ::idol_runtime::Unpacker::new(&args_);
            let by: u8 = unpacker_.take()?;
            let result_ = server_.turn(message_, by);
            request_.reply_result(result_)
        }
        pub(super) fn rest<S: super::CountedServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::rest,
            >::open(message_)?;
            let value_ = server_.rest(message_);
            request_.reply(&value_)
        }
    }
}
