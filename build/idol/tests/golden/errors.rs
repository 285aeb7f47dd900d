/// Interface `CpuSeq`.
#[allow(
    dead_code,
    clippy::len_without_is_empty,
    clippy::should_implement_trait,
    clippy::too_many_arguments,
    clippy::wrong_self_convention,
    reason = "names and arguments are the interface's, and a task rarely uses all of it"
)]
pub mod cpu_seq {
    /// Name of the interface.
    pub const NAME: &str = "CpuSeq";
    /// SHA-256 of the canonical form: equal for a client and its server.
    pub const HASH: &str = "d90716cbf942f8c074d9f8c52f40a44517abf5abab8cc9101c08a0c248b43aac";
    /// Numbers of the operations.
    pub mod operations {
        /// Number of `set_state`.
        pub const SET_STATE: u16 = 1;
        /// Number of `state`.
        pub const STATE: u16 = 2;
        /// Number of `step`.
        pub const STEP: u16 = 3;
    }
    #[allow(non_camel_case_types, reason = "named after the operations")]
    mod wire {
        pub struct set_state;
        impl ::idol_runtime::Operation for set_state {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 1;
            const LABEL: &'static str = "CpuSeq.set_state";
            const ARGS: usize = ::core::mem::size_of::<u8>()
                + ::core::mem::size_of::<bool>();
            const REPLY: usize = 0;
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = false;
        }
        pub struct state;
        impl ::idol_runtime::Operation for state {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 2;
            const LABEL: &'static str = "CpuSeq.state";
            const ARGS: usize = 0;
            const REPLY: usize = ::core::mem::size_of::<u8>();
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
        }
        pub struct step;
        impl ::idol_runtime::Operation for step {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 3;
            const LABEL: &'static str = "CpuSeq.step";
            const ARGS: usize = 0;
            const REPLY: usize = ::core::mem::size_of::<u32>();
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = false;
        }
    }
    /// Calls a server of interface `CpuSeq` through a port.
    #[derive(Clone, Copy, Debug)]
    pub struct CpuSeq(::idol_runtime::Port);
    impl CpuSeq {
        /// The server behind `port`.
        #[must_use]
        pub const fn new(port: ::idol_runtime::Port) -> Self {
            Self(port)
        }
        /// Goes to another state.
        ///
        /// # Errors
        /// The server's own, or what [`::demo_types::SeqError`] calls the server's death.
        #[inline]
        pub fn set_state(
            &self,
            state: u8,
            force: bool,
        ) -> ::core::result::Result<(), ::demo_types::SeqError> {
            let mut args_ = [0; <wire::set_state as ::idol_runtime::Operation>::ARGS];
            ::idol_runtime::Packer::new(&mut args_).put(&state).put(&force);
            let mut reply_ = [];
            let outcome_ = ::idol_runtime::client::call::<
                wire::set_state,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_.result(&reply_)
        }
        /// Operation `state`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Errors
        /// The server's own, or what [`::demo_types::SeqError`] calls the server's death.
        #[inline]
        pub fn state(&self) -> ::core::result::Result<u8, ::demo_types::SeqError> {
            let args_ = [];
            let mut reply_ = [0; <wire::state as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::state,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_.result(&reply_)
        }
        /// Operation `step`.
        ///
        /// # Errors
        /// If the server died or the port's timeout passed.
        #[inline]
        pub fn step(&self) -> ::core::result::Result<u32, ::idol_runtime::ServerDeath> {
            let args_ = [];
            let mut reply_ = [0; <wire::step as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::step,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_.value_or_death(&reply_)
        }
    }
    /// What a server of interface `CpuSeq` does.
    pub trait CpuSeqServer {
        /// Goes to another state.
        fn set_state(
            &mut self,
            message: &::idol_runtime::Message,
            state: u8,
            force: bool,
        ) -> ::core::result::Result<(), ::demo_types::SeqError>;
        /// Operation `state`.
        fn state(
            &mut self,
            message: &::idol_runtime::Message,
        ) -> ::core::result::Result<u8, ::demo_types::SeqError>;
        /// Operation `step`.
        fn step(&mut self, message: &::idol_runtime::Message) -> u32;
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
    pub fn serve<S: CpuSeqServer + ?Sized>(server: &mut S) -> ! {
        ::idol_runtime::server::serve(server, S::mask, S::notified, dispatch)
    }
    /// Carries out one call, for a server with a loop of its own: checks it,
    /// calls the method, and says what to answer.
    pub fn dispatch<S: CpuSeqServer + ?Sized>(
        server: &mut S,
        message: &::idol_runtime::Message,
    ) -> ::idol_runtime::Answer {
        let answer = match message.operation {
            operations::SET_STATE => handle::set_state(server, message),
            operations::STATE => handle::state(server, message),
            operations::STEP => handle::step(server, message),
            _ => {
                ::core::result::Result::Err(
                    ::idol_runtime::Refusal::Fault(
                        ::idol_runtime::Reason::UndefinedOperation,
                    ),
                )
            }
        };
        ::idol_runtime::Answer::from_result(answer)
    }
    mod handle {
        use super::wire;
        pub(super) fn set_state<S: super::CpuSeqServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::set_state,
            >::open(message_)?;
            let args_: [u8; <wire::set_state as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut unpacker_ = ::idol_runtime::Unpacker::new(&args_);
            let state: u8 = unpacker_.take()?;
            let force: bool = unpacker_.take()?;
            let result_ = server_.set_state(message_, state, force);
            request_.reply_result(result_)
        }
        pub(super) fn state<S: super::CpuSeqServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::state,
            >::open(message_)?;
            let result_ = server_.state(message_);
            request_.reply_result(result_)
        }
        pub(super) fn step<S: super::CpuSeqServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::step,
            >::open(message_)?;
            let value_ = server_.step(message_);
            request_.reply(&value_)
        }
    }
}
