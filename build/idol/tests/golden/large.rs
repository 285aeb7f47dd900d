/// Interface `Bulk`.
#[allow(
    dead_code,
    clippy::len_without_is_empty,
    clippy::should_implement_trait,
    clippy::too_many_arguments,
    clippy::wrong_self_convention,
    reason = "names and arguments are the interface's, and a task rarely uses all of it"
)]
pub mod bulk {
    /// Name of the interface.
    pub const NAME: &str = "Bulk";
    /// SHA-256 of the canonical form: equal for a client and its server.
    pub const HASH: &str = "968d7ffa45acf07f92b2cd3e32d65406c7d204fe5f950ec5f0560f43c05ea5d8";
    /// Numbers of the operations.
    pub mod operations {
        /// Number of `at_the_limit`.
        pub const AT_THE_LIMIT: u16 = 1;
        /// Number of `large_args`.
        pub const LARGE_ARGS: u16 = 2;
        /// Number of `large_reply`.
        pub const LARGE_REPLY: u16 = 3;
        /// Number of `large_both`.
        pub const LARGE_BOTH: u16 = 4;
        /// Number of `only_reply`.
        pub const ONLY_REPLY: u16 = 5;
    }
    #[allow(non_camel_case_types, reason = "named after the operations")]
    mod wire {
        pub struct at_the_limit;
        impl ::idol_runtime::Operation for at_the_limit {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 1;
            const LABEL: &'static str = "Bulk.at_the_limit";
            const ARGS: usize = ::core::mem::size_of::<[u8; 64]>();
            const REPLY: usize = ::core::mem::size_of::<[u64; 8]>();
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
        }
        pub struct large_args;
        impl ::idol_runtime::Operation for large_args {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 2;
            const LABEL: &'static str = "Bulk.large_args";
            const ARGS: usize = ::core::mem::size_of::<[u8; 64]>()
                + ::core::mem::size_of::<bool>();
            const REPLY: usize = ::core::mem::size_of::<u64>();
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
        }
        pub struct large_reply;
        impl ::idol_runtime::Operation for large_reply {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 3;
            const LABEL: &'static str = "Bulk.large_reply";
            const ARGS: usize = ::core::mem::size_of::<u8>();
            const REPLY: usize = ::core::mem::size_of::<[u8; 1500]>();
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = false;
        }
        pub struct large_both;
        impl ::idol_runtime::Operation for large_both {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 4;
            const LABEL: &'static str = "Bulk.large_both";
            const ARGS: usize = ::core::mem::size_of::<::demo_types::Record>();
            const REPLY: usize = ::core::mem::size_of::<::demo_types::Record>();
            const LEASES: usize = 1;
            const IDEMPOTENT: bool = false;
        }
        pub struct only_reply;
        impl ::idol_runtime::Operation for only_reply {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 5;
            const LABEL: &'static str = "Bulk.only_reply";
            const ARGS: usize = 0;
            const REPLY: usize = ::core::mem::size_of::<::demo_types::Record>();
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
        }
    }
    /// Calls a server of interface `Bulk` through a port.
    #[derive(Clone, Copy, Debug)]
    pub struct Bulk(::idol_runtime::Port);
    impl Bulk {
        /// The server behind `port`.
        #[must_use]
        pub const fn new(port: ::idol_runtime::Port) -> Self {
            Self(port)
        }
        /// Operation `at_the_limit`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn at_the_limit(&self, bytes: [u8; 64]) -> [u64; 8] {
            let mut args_ = [0; <wire::at_the_limit as ::idol_runtime::Operation>::ARGS];
            ::idol_runtime::Packer::new(&mut args_).put(&bytes);
            let mut reply_ = [0; <wire::at_the_limit as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::at_the_limit,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_.value(&reply_)
        }
        /// Operation `large_args`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn large_args(&self, bytes: [u8; 64], flag: bool) -> u64 {
            let mut args_ = [0; <wire::large_args as ::idol_runtime::Operation>::ARGS];
            ::idol_runtime::Packer::new(&mut args_).put(&bytes).put(&flag);
            let mut reply_ = [0; <wire::large_args as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::large_args,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_.value(&reply_)
        }
        /// Operation `large_reply`.
        ///
        /// # Errors
        /// The server's own, or what [`::demo_types::SeqError`] calls the server's death.
        #[inline]
        pub fn large_reply(
            &self,
            seed: u8,
        ) -> ::core::result::Result<[u8; 1500], ::demo_types::SeqError> {
            let mut args_ = [0; <wire::large_reply as ::idol_runtime::Operation>::ARGS];
            ::idol_runtime::Packer::new(&mut args_).put(&seed);
            let mut reply_ = [0; <wire::large_reply as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::large_reply,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_.result(&reply_)
        }
        /// Operation `large_both`.
        ///
        /// # Errors
        /// If the server died or the port's timeout passed.
        #[inline]
        pub fn large_both(
            &self,
            record: ::demo_types::Record,
            note: &[u8],
        ) -> ::core::result::Result<::demo_types::Record, ::idol_runtime::ServerDeath> {
            let mut args_ = [0; <wire::large_both as ::idol_runtime::Operation>::ARGS];
            ::idol_runtime::Packer::new(&mut args_).put(&record);
            let mut reply_ = [0; <wire::large_both as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::large_both,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, [::idol_runtime::lease::read(note)]);
            outcome_.value_or_death(&reply_)
        }
        /// Operation `only_reply`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn only_reply(&self) -> ::demo_types::Record {
            let args_ = [];
            let mut reply_ = [0; <wire::only_reply as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::only_reply,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_.value(&reply_)
        }
    }
    /// What a server of interface `Bulk` does.
    pub trait BulkServer {
        /// Operation `at_the_limit`.
        fn at_the_limit(
            &mut self,
            message: &::idol_runtime::Message,
            bytes: [u8; 64],
        ) -> [u64; 8];
        /// Operation `large_args`.
        fn large_args(
            &mut self,
            message: &::idol_runtime::Message,
            bytes: [u8; 64],
            flag: bool,
        ) -> u64;
        /// Operation `large_reply`.
        fn large_reply(
            &mut self,
            message: &::idol_runtime::Message,
            seed: u8,
        ) -> ::core::result::Result<[u8; 1500], ::demo_types::SeqError>;
        /// Operation `large_both`.
        fn large_both(
            &mut self,
            message: &::idol_runtime::Message,
            record: ::demo_types::Record,
            note: ::idol_runtime::Leased<'_, ::idol_runtime::R, [u8]>,
        ) -> ::core::result::Result<::demo_types::Record, ::idol_runtime::Refusal>;
        /// Operation `only_reply`.
        fn only_reply(
            &mut self,
            message: &::idol_runtime::Message,
        ) -> ::demo_types::Record;
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
    pub fn serve<S: BulkServer + ?Sized>(server: &mut S) -> ! {
        ::idol_runtime::server::serve(server, S::mask, S::notified, dispatch)
    }
    /// Carries out one call, for a server with a loop of its own: checks it,
    /// calls the method, and says what to answer.
    pub fn dispatch<S: BulkServer + ?Sized>(
        server: &mut S,
        message: &::idol_runtime::Message,
    ) -> ::idol_runtime::Answer {
        let answer = match message.operation {
            operations::AT_THE_LIMIT => handle::at_the_limit(server, message),
            operations::LARGE_ARGS => handle::large_args(server, message),
            operations::LARGE_REPLY => handle::large_reply(server, message),
            operations::LARGE_BOTH => handle::large_both(server, message),
            operations::ONLY_REPLY => handle::only_reply(server, message),
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
        pub(super) fn at_the_limit<S: super::BulkServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::at_the_limit,
            >::open(message_)?;
            let args_: [u8; <wire::at_the_limit as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut unpacker_ = ::idol_runtime::Unpacker::new(&args_);
            let bytes: [u8; 64] = unpacker_.take()?;
            let value_ = server_.at_the_limit(message_, bytes);
            request_.reply(&value_)
        }
        pub(super) fn large_args<S: super::BulkServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::large_args,
            >::open(message_)?;
            let args_: [u8; <wire::large_args as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut unpacker_ = ::idol_runtime::Unpacker::new(&args_);
            let bytes: [u8; 64] = unpacker_.take()?;
            let flag: bool = unpacker_.take()?;
            let value_ = server_.large_args(message_, bytes, flag);
            request_.reply(&value_)
        }
        pub(super) fn large_reply<S: super::BulkServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::large_reply,
            >::open(message_)?;
            let args_: [u8; <wire::large_reply as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut unpacker_ = ::idol_runtime::Unpacker::new(&args_);
            let seed: u8 = unpacker_.take()?;
            let result_ = server_.large_reply(message_, seed);
            request_.reply_result(result_)
        }
        pub(super) fn large_both<S: super::BulkServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::large_both,
            >::open(message_)?;
            let note = request_
                .lease_slice::<::idol_runtime::R, u8>(0, ::core::option::Option::None)?;
            let args_: [u8; <wire::large_both as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut unpacker_ = ::idol_runtime::Unpacker::new(&args_);
            let record: ::demo_types::Record = unpacker_.take()?;
            let result_ = server_.large_both(message_, record, note);
            request_.reply_or_refuse(result_)
        }
        pub(super) fn only_reply<S: super::BulkServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::only_reply,
            >::open(message_)?;
            let value_ = server_.only_reply(message_);
            request_.reply(&value_)
        }
    }
}
