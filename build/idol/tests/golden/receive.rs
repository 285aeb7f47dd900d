/// Interface `Valve`.
#[allow(
    dead_code,
    clippy::len_without_is_empty,
    clippy::should_implement_trait,
    clippy::too_many_arguments,
    clippy::wrong_self_convention,
    reason = "names and arguments are the interface's, and a task rarely uses all of it"
)]
pub mod valve {
    /// Name of the interface.
    pub const NAME: &str = "Valve";
    /// SHA-256 of the canonical form: equal for a client and its server.
    pub const HASH: &str = "98b8f7fea222c14580193db8f2636ab206c8e38210687eef4b0ba74f4087c2d4";
    /// Numbers of the operations.
    pub mod operations {
        /// Number of `select`.
        pub const SELECT: u16 = 1;
        /// Number of `set_level`.
        pub const SET_LEVEL: u16 = 2;
        /// Number of `port`.
        pub const PORT: u16 = 3;
        /// Number of `next_port`.
        pub const NEXT_PORT: u16 = 4;
        /// Number of `stamp`.
        pub const STAMP: u16 = 5;
        /// Number of `log`.
        pub const LOG: u16 = 6;
    }
    #[allow(non_camel_case_types, reason = "named after the operations")]
    mod wire {
        pub struct select;
        impl ::idol_runtime::Operation for select {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 1;
            const LABEL: &'static str = "Valve.select";
            const ARGS: usize = ::core::mem::size_of::<u8>()
                + ::core::mem::size_of::<u32>() + ::core::mem::size_of::<bool>();
            const REPLY: usize = ::core::mem::size_of::<bool>();
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
            #[inline(always)]
            fn counts() -> ::core::option::Option<
                &'static ::idol_runtime::counters::Counts,
            > {
                super::counters::EXOV6_IDOL_CLIENT_VALVE.operation(Self::NUMBER)
            }
        }
        const _: () = assert!(
            ::core::mem::size_of:: < crate ::Inlet > () == ::core::mem::size_of:: < u8 >
            (),
            "Valve.select: port is sent as `Inlet` and received as `u8`, which differ in size"
        );
        const _: () = assert!(
            ::core::mem::size_of:: < crate ::Line > () == ::core::mem::size_of:: < u32 >
            (),
            "Valve.select: line is sent as `Line` and received as `u32`, which differ in size"
        );
        pub struct set_level;
        impl ::idol_runtime::Operation for set_level {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 2;
            const LABEL: &'static str = "Valve.set_level";
            const ARGS: usize = ::core::mem::size_of::<u16>()
                + ::core::mem::size_of::<u8>();
            const REPLY: usize = ::core::mem::size_of::<u16>();
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = false;
            #[inline(always)]
            fn counts() -> ::core::option::Option<
                &'static ::idol_runtime::counters::Counts,
            > {
                super::counters::EXOV6_IDOL_CLIENT_VALVE.operation(Self::NUMBER)
            }
        }
        const _: () = assert!(
            ::core::mem::size_of:: < crate ::Level > () == ::core::mem::size_of:: < u16 >
            (),
            "Valve.set_level: level is sent as `Level` and received as `u16`, which differ in size"
        );
        const _: () = assert!(
            ::core::mem::size_of:: < crate ::Half > () == ::core::mem::size_of:: < u8 >
            (),
            "Valve.set_level: half is sent as `Half` and received as `u8`, which differ in size"
        );
        const _: () = assert!(
            ::core::mem::size_of:: < crate ::Level > () == ::core::mem::size_of:: < u16 >
            (),
            "Valve.set_level: the reply is sent as `Level` and received as `u16`, which differ in size"
        );
        pub struct port;
        impl ::idol_runtime::Operation for port {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 3;
            const LABEL: &'static str = "Valve.port";
            const ARGS: usize = 0;
            const REPLY: usize = ::core::mem::size_of::<u8>();
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = false;
            #[inline(always)]
            fn counts() -> ::core::option::Option<
                &'static ::idol_runtime::counters::Counts,
            > {
                super::counters::EXOV6_IDOL_CLIENT_VALVE.operation(Self::NUMBER)
            }
        }
        const _: () = assert!(
            ::core::mem::size_of:: < crate ::Inlet > () == ::core::mem::size_of:: < u8 >
            (),
            "Valve.port: the reply is sent as `Inlet` and received as `u8`, which differ in size"
        );
        pub struct next_port;
        impl ::idol_runtime::Operation for next_port {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 4;
            const LABEL: &'static str = "Valve.next_port";
            const ARGS: usize = 0;
            const REPLY: usize = ::core::mem::size_of::<u8>();
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
            #[inline(always)]
            fn counts() -> ::core::option::Option<
                &'static ::idol_runtime::counters::Counts,
            > {
                super::counters::EXOV6_IDOL_CLIENT_VALVE.operation(Self::NUMBER)
            }
        }
        const _: () = assert!(
            ::core::mem::size_of:: < crate ::Inlet > () == ::core::mem::size_of:: < u8 >
            (),
            "Valve.next_port: the reply is sent as `Inlet` and received as `u8`, which differ in size"
        );
        pub struct stamp;
        impl ::idol_runtime::Operation for stamp {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 5;
            const LABEL: &'static str = "Valve.stamp";
            const ARGS: usize = ::core::mem::size_of::<usize>()
                + ::core::mem::size_of::<[u8; crate::DIGEST_SIZE]>()
                + ::core::mem::size_of::<[u16; ::demo_types::SEEDS]>();
            const REPLY: usize = ::core::mem::size_of::<u32>();
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = false;
            #[inline(always)]
            fn counts() -> ::core::option::Option<
                &'static ::idol_runtime::counters::Counts,
            > {
                super::counters::EXOV6_IDOL_CLIENT_VALVE.operation(Self::NUMBER)
            }
        }
        const _: () = assert!(
            ::core::mem::size_of:: < crate ::Line > () == ::core::mem::size_of:: < u32 >
            (),
            "Valve.stamp: the reply is sent as `Line` and received as `u32`, which differ in size"
        );
        pub struct log;
        impl ::idol_runtime::Operation for log {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 6;
            const LABEL: &'static str = "Valve.log";
            const ARGS: usize = ::core::mem::size_of::<u8>();
            const REPLY: usize = ::core::mem::size_of::<usize>();
            const LEASES: usize = 1;
            const IDEMPOTENT: bool = true;
            #[inline(always)]
            fn counts() -> ::core::option::Option<
                &'static ::idol_runtime::counters::Counts,
            > {
                super::counters::EXOV6_IDOL_CLIENT_VALVE.operation(Self::NUMBER)
            }
        }
    }
    /// Counters of this task.
    pub mod counters {
        /// What came of this task's calls: ok, err and dead of each operation.
        #[allow(unsafe_code, reason = "a debugger finds it by this name")]
        #[unsafe(no_mangle)]
        pub static EXOV6_IDOL_CLIENT_VALVE: ::idol_runtime::counters::ClientCounters<
            6,
        > = ::idol_runtime::counters::ClientCounters::<6>::new();
        /// What became of the calls to this task: ok, err and refused of each
        /// operation, then of each client by the index of its task.
        #[allow(unsafe_code, reason = "a debugger finds it by this name")]
        #[unsafe(no_mangle)]
        pub static EXOV6_IDOL_SERVER_VALVE: ::idol_runtime::counters::ServerCounters<
            6,
            4,
        > = ::idol_runtime::counters::ServerCounters::<6, 4>::new();
    }
    /// Calls a server of interface `Valve` through a port.
    #[derive(Clone, Copy, Debug)]
    pub struct Valve(::idol_runtime::Port);
    impl Valve {
        /// The server behind `port`.
        #[must_use]
        pub const fn new(port: ::idol_runtime::Port) -> Self {
            Self(port)
        }
        /// Selects a port of a line.
        ///
        /// * `line`: Counted from the pump.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn select(&self, port: crate::Inlet, line: crate::Line, open: bool) -> bool {
            let mut args_ = [0; <wire::select as ::idol_runtime::Operation>::ARGS];
            ::idol_runtime::Packer::new(&mut args_).put(&port).put(&line).put(&open);
            let mut reply_ = [0; <wire::select as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::select,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_.value(&reply_)
        }
        /// Sets the level, and gives back the one before.
        ///
        /// # Errors
        /// The server's own, or what [`crate::ValveError`] calls the server's death.
        #[inline]
        pub fn set_level(
            &self,
            level: crate::Level,
            half: crate::Half,
        ) -> ::core::result::Result<crate::Level, crate::ValveError> {
            let mut args_ = [0; <wire::set_level as ::idol_runtime::Operation>::ARGS];
            ::idol_runtime::Packer::new(&mut args_).put(&level).put(&half);
            let mut reply_ = [0; <wire::set_level as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::set_level,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_
                .result_as(
                    &reply_,
                    |raw_: u16| ::idol_runtime::encoding::Converted::<
                        crate::Level,
                    >::converted(crate::level_from_raw(raw_)),
                )
        }
        /// Operation `port`.
        ///
        /// # Errors
        /// The server's own, or what [`::demo_types::ValveError`] calls the server's death.
        #[inline]
        pub fn port(
            &self,
        ) -> ::core::result::Result<crate::Inlet, ::demo_types::ValveError> {
            let args_ = [];
            let mut reply_ = [0; <wire::port as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::port,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_
                .result_as(
                    &reply_,
                    |raw_: u8| {
                        <crate::Inlet as ::core::convert::TryFrom<u8>>::try_from(raw_)
                            .ok()
                    },
                )
        }
        /// Operation `next_port`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn next_port(&self) -> crate::Inlet {
            let args_ = [];
            let mut reply_ = [0; <wire::next_port as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::next_port,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_
                .value_as(
                    &reply_,
                    |raw_: u8| {
                        <crate::Inlet as ::core::convert::TryFrom<u8>>::try_from(raw_)
                            .ok()
                    },
                )
        }
        /// Operation `stamp`.
        ///
        /// # Errors
        /// If the server died or the port's timeout passed.
        #[inline]
        pub fn stamp(
            &self,
            index: usize,
            digest: [u8; crate::DIGEST_SIZE],
            seed: [u16; ::demo_types::SEEDS],
        ) -> ::core::result::Result<crate::Line, ::idol_runtime::ServerDeath> {
            let mut args_ = [0; <wire::stamp as ::idol_runtime::Operation>::ARGS];
            ::idol_runtime::Packer::new(&mut args_).put(&index).put(&digest).put(&seed);
            let mut reply_ = [0; <wire::stamp as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::stamp,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_
                .value_or_death_as(
                    &reply_,
                    |raw_: u32| ::core::option::Option::Some(
                        <crate::Line as ::core::convert::From<u32>>::from(raw_),
                    ),
                )
        }
        /// Keeps a text.
        ///
        /// * `data`: What to keep.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// `data` has at most 16 elements.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn log(&self, message: u8, data: &[u8]) -> usize {
            ::idol_runtime::client::check_length::<wire::log>("data", data.len(), 16);
            let mut args_ = [0; <wire::log as ::idol_runtime::Operation>::ARGS];
            ::idol_runtime::Packer::new(&mut args_).put(&message);
            let mut reply_ = [0; <wire::log as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::log,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, [::idol_runtime::lease::read(data)]);
            outcome_.value(&reply_)
        }
    }
    /// What a server of interface `Valve` does.
    pub trait ValveServer {
        /// Selects a port of a line.
        ///
        /// * `line`: Counted from the pump.
        fn select(
            &mut self,
            message: &::idol_runtime::Message,
            port: crate::Inlet,
            line: crate::Line,
            open: bool,
        ) -> bool;
        /// Sets the level, and gives back the one before.
        fn set_level(
            &mut self,
            message: &::idol_runtime::Message,
            level: crate::Level,
            half: crate::Half,
        ) -> ::core::result::Result<crate::Level, crate::ValveError>;
        /// Operation `port`.
        fn port(
            &mut self,
            message: &::idol_runtime::Message,
        ) -> ::core::result::Result<crate::Inlet, ::demo_types::ValveError>;
        /// Operation `next_port`.
        fn next_port(&mut self, message: &::idol_runtime::Message) -> crate::Inlet;
        /// Operation `stamp`.
        fn stamp(
            &mut self,
            message: &::idol_runtime::Message,
            index: usize,
            digest: [u8; crate::DIGEST_SIZE],
            seed: [u16; ::demo_types::SEEDS],
        ) -> crate::Line;
        /// Keeps a text.
        ///
        /// * `data`: What to keep.
        fn log(
            &mut self,
            message_: &::idol_runtime::Message,
            message: u8,
            data: ::idol_runtime::Leased<'_, ::idol_runtime::R, [u8]>,
        ) -> ::core::result::Result<usize, ::idol_runtime::Refusal>;
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
    pub fn serve<S: ValveServer + ?Sized>(server: &mut S) -> ! {
        ::idol_runtime::server::serve(server, S::mask, S::notified, dispatch)
    }
    /// Carries out one call, for a server with a loop of its own: checks it,
    /// calls the method, and says what to answer.
    pub fn dispatch<S: ValveServer + ?Sized>(
        server: &mut S,
        message: &::idol_runtime::Message,
    ) -> ::idol_runtime::Answer {
        let answer = match message.operation {
            operations::SELECT => handle::select(server, message),
            operations::SET_LEVEL => handle::set_level(server, message),
            operations::PORT => handle::port(server, message),
            operations::NEXT_PORT => handle::next_port(server, message),
            operations::STAMP => handle::stamp(server, message),
            operations::LOG => handle::log(server, message),
            _ => {
                ::core::result::Result::Err(
                    ::idol_runtime::Refusal::Fault(
                        ::idol_runtime::Reason::UndefinedOperation,
                    ),
                )
            }
        };
        let answer = ::idol_runtime::Answer::from_result(answer);
        counters::EXOV6_IDOL_SERVER_VALVE.count(message, &answer);
        answer
    }
    mod handle {
        use super::wire;
        pub(super) fn select<S: super::ValveServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::select,
            >::open(message_)?;
            let args_: [u8; <wire::select as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut unpacker_ = ::idol_runtime::Unpacker::new(&args_);
            let port: crate::Inlet = unpacker_
                .take_as(|raw_: u8| {
                    <crate::Inlet as ::core::convert::TryFrom<u8>>::try_from(raw_).ok()
                })?;
            let line: crate::Line = unpacker_
                .take_as(|raw_: u32| ::core::option::Option::Some(
                    <crate::Line as ::core::convert::From<u32>>::from(raw_),
                ))?;
            let open: bool = unpacker_.take()?;
            let value_ = server_.select(message_, port, line, open);
            request_.reply(&value_)
        }
        pub(super) fn set_level<S: super::ValveServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::set_level,
            >::open(message_)?;
            let args_: [u8; <wire::set_level as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut unpacker_ = ::idol_runtime::Unpacker::new(&args_);
            let level: crate::Level = unpacker_
                .take_as(|raw_: u16| ::idol_runtime::encoding::Converted::<
                    crate::Level,
                >::converted(crate::level_from_raw(raw_)))?;
            let half: crate::Half = unpacker_
                .take_as(|raw_: u8| ::idol_runtime::encoding::Converted::<
                    crate::Half,
                >::converted(crate::half_from_raw(raw_)))?;
            let result_ = server_.set_level(message_, level, half);
            request_.reply_result(result_)
        }
        pub(super) fn port<S: super::ValveServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::port,
            >::open(message_)?;
            let result_ = server_.port(message_);
            request_.reply_result(result_)
        }
        pub(super) fn next_port<S: super::ValveServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::next_port,
            >::open(message_)?;
            let value_ = server_.next_port(message_);
            request_.reply(&value_)
        }
        pub(super) fn stamp<S: super::ValveServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::stamp,
            >::open(message_)?;
            let args_: [u8; <wire::stamp as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut unpacker_ = ::idol_runtime::Unpacker::new(&args_);
            let index: usize = unpacker_.take()?;
            let digest: [u8; crate::DIGEST_SIZE] = unpacker_.take()?;
            let seed: [u16; ::demo_types::SEEDS] = unpacker_.take()?;
            let value_ = server_.stamp(message_, index, digest, seed);
            request_.reply(&value_)
        }
        pub(super) fn log<S: super::ValveServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<wire::log>::open(message_)?;
            let data = request_
                .lease_slice::<
                    ::idol_runtime::R,
                    u8,
                >(0, ::core::option::Option::Some(16))?;
            let args_: [u8; <wire::log as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut unpacker_ = ::idol_runtime::Unpacker::new(&args_);
            let message: u8 = unpacker_.take()?;
            let result_ = server_.log(message_, message, data);
            request_.reply_or_refuse(result_)
        }
    }
}
