/// Interface `Disk`.
#[allow(
    dead_code,
    clippy::len_without_is_empty,
    clippy::should_implement_trait,
    clippy::too_many_arguments,
    clippy::wrong_self_convention,
    reason = "names and arguments are the interface's, and a task rarely uses all of it"
)]
pub mod disk {
    /// Name of the interface.
    pub const NAME: &str = "Disk";
    /// SHA-256 of the canonical form: equal for a client and its server.
    pub const HASH: &str = "fceab8a4fca1fe0c2ddcc1dd9021437f55c469b335755bc0dbb691e9eb0e2dca";
    /// Numbers of the operations.
    pub mod operations {
        /// Number of `write`.
        pub const WRITE: u16 = 1;
        /// Number of `read`.
        pub const READ: u16 = 2;
        /// Number of `invert`.
        pub const INVERT: u16 = 3;
        /// Number of `exchange`.
        pub const EXCHANGE: u16 = 4;
        /// Number of `samples`.
        pub const SAMPLES: u16 = 5;
    }
    #[allow(non_camel_case_types, reason = "named after the operations")]
    mod wire {
        pub struct write;
        impl ::idol_runtime::Operation for write {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 1;
            const LABEL: &'static str = "Disk.write";
            const ARGS: usize = ::core::mem::size_of::<u32>();
            const REPLY: usize = ::core::mem::size_of::<u32>();
            const LEASES: usize = 1;
            const IDEMPOTENT: bool = false;
        }
        pub struct read;
        impl ::idol_runtime::Operation for read {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 2;
            const LABEL: &'static str = "Disk.read";
            const ARGS: usize = ::core::mem::size_of::<u32>();
            const REPLY: usize = ::core::mem::size_of::<u32>();
            const LEASES: usize = 1;
            const IDEMPOTENT: bool = true;
        }
        pub struct invert;
        impl ::idol_runtime::Operation for invert {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 3;
            const LABEL: &'static str = "Disk.invert";
            const ARGS: usize = 0;
            const REPLY: usize = 0;
            const LEASES: usize = 1;
            const IDEMPOTENT: bool = false;
        }
        pub struct exchange;
        impl ::idol_runtime::Operation for exchange {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 4;
            const LABEL: &'static str = "Disk.exchange";
            const ARGS: usize = 0;
            const REPLY: usize = 0;
            const LEASES: usize = 3;
            const IDEMPOTENT: bool = false;
        }
        pub struct samples;
        impl ::idol_runtime::Operation for samples {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 5;
            const LABEL: &'static str = "Disk.samples";
            const ARGS: usize = 0;
            const REPLY: usize = ::core::mem::size_of::<u32>();
            const LEASES: usize = 1;
            const IDEMPOTENT: bool = true;
        }
    }
    /// Calls a server of interface `Disk` through a port.
    #[derive(Clone, Copy, Debug)]
    pub struct Disk(::idol_runtime::Port);
    impl Disk {
        /// The server behind `port`.
        #[must_use]
        pub const fn new(port: ::idol_runtime::Port) -> Self {
            Self(port)
        }
        /// Writes a block; returns its checksum.
        ///
        /// # Errors
        /// The server's own, or what [`::demo_types::DiskError`] calls the server's death.
        #[inline]
        pub fn write(
            &self,
            block: u32,
            data: &[u8],
        ) -> ::core::result::Result<u32, ::demo_types::DiskError> {
            let mut args_ = [0; <wire::write as ::idol_runtime::Operation>::ARGS];
            ::idol_runtime::Packer::new(&mut args_).put(&block);
            let mut reply_ = [0; <wire::write as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::write,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, [::idol_runtime::lease::read(data)]);
            outcome_.result(&reply_)
        }
        /// Operation `read`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// `into` has at most 3000 elements.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn read(&self, block: u32, into: &mut [u8]) -> u32 {
            ::idol_runtime::client::check_length::<wire::read>("into", into.len(), 3000);
            let mut args_ = [0; <wire::read as ::idol_runtime::Operation>::ARGS];
            ::idol_runtime::Packer::new(&mut args_).put(&block);
            let mut reply_ = [0; <wire::read as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::read,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, [::idol_runtime::lease::write(into)]);
            outcome_.value(&reply_)
        }
        /// Operation `invert`.
        ///
        /// # Errors
        /// If the server died or the port's timeout passed.
        #[inline]
        pub fn invert(
            &self,
            data: &mut [u16],
        ) -> ::core::result::Result<(), ::idol_runtime::ServerDeath> {
            let args_ = [];
            let mut reply_ = [];
            let outcome_ = ::idol_runtime::client::call::<
                wire::invert,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, [::idol_runtime::lease::read_write(data)]);
            outcome_.value_or_death(&reply_)
        }
        /// Operation `exchange`.
        ///
        /// # Errors
        /// The server's own, or what [`::demo_types::DiskError`] calls the server's death.
        #[inline]
        pub fn exchange(
            &self,
            give: &::demo_types::Sample,
            take: &mut ::demo_types::Sample,
            both: &mut [u32; 4],
        ) -> ::core::result::Result<(), ::demo_types::DiskError> {
            let args_ = [];
            let mut reply_ = [];
            let outcome_ = ::idol_runtime::client::call::<
                wire::exchange,
                _,
                _,
                _,
            >(
                self.0,
                &args_,
                &mut reply_,
                [
                    ::idol_runtime::lease::read(give),
                    ::idol_runtime::lease::write(take),
                    ::idol_runtime::lease::read_write(both),
                ],
            );
            outcome_.result(&reply_)
        }
        /// Operation `samples`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// `into` has at most 8 elements.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn samples(&self, into: &mut [::demo_types::Sample]) -> u32 {
            ::idol_runtime::client::check_length::<wire::samples>("into", into.len(), 8);
            let args_ = [];
            let mut reply_ = [0; <wire::samples as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::samples,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, [::idol_runtime::lease::write(into)]);
            outcome_.value(&reply_)
        }
    }
    /// What a server of interface `Disk` does.
    pub trait DiskServer {
        /// Writes a block; returns its checksum.
        fn write(
            &mut self,
            message: &::idol_runtime::Message,
            block: u32,
            data: ::idol_runtime::Leased<'_, ::idol_runtime::R, [u8]>,
        ) -> ::core::result::Result<
            u32,
            ::idol_runtime::RequestError<::demo_types::DiskError>,
        >;
        /// Operation `read`.
        fn read(
            &mut self,
            message: &::idol_runtime::Message,
            block: u32,
            into: ::idol_runtime::Leased<'_, ::idol_runtime::W, [u8]>,
        ) -> ::core::result::Result<u32, ::idol_runtime::Refusal>;
        /// Operation `invert`.
        fn invert(
            &mut self,
            message: &::idol_runtime::Message,
            data: ::idol_runtime::Leased<'_, ::idol_runtime::RW, [u16]>,
        ) -> ::core::result::Result<(), ::idol_runtime::Refusal>;
        /// Operation `exchange`.
        fn exchange(
            &mut self,
            message: &::idol_runtime::Message,
            give: ::idol_runtime::Leased<'_, ::idol_runtime::R, ::demo_types::Sample>,
            take: ::idol_runtime::Leased<'_, ::idol_runtime::W, ::demo_types::Sample>,
            both: ::idol_runtime::Leased<'_, ::idol_runtime::RW, [u32; 4]>,
        ) -> ::core::result::Result<
            (),
            ::idol_runtime::RequestError<::demo_types::DiskError>,
        >;
        /// Operation `samples`.
        fn samples(
            &mut self,
            message: &::idol_runtime::Message,
            into: ::idol_runtime::Leased<'_, ::idol_runtime::W, [::demo_types::Sample]>,
        ) -> ::core::result::Result<u32, ::idol_runtime::Refusal>;
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
    pub fn serve<S: DiskServer + ?Sized>(server: &mut S) -> ! {
        ::idol_runtime::server::serve(server, S::mask, S::notified, dispatch)
    }
    /// Carries out one call, for a server with a loop of its own: checks it,
    /// calls the method, and says what to answer.
    pub fn dispatch<S: DiskServer + ?Sized>(
        server: &mut S,
        message: &::idol_runtime::Message,
    ) -> ::idol_runtime::Answer {
        let answer = match message.operation {
            operations::WRITE => handle::write(server, message),
            operations::READ => handle::read(server, message),
            operations::INVERT => handle::invert(server, message),
            operations::EXCHANGE => handle::exchange(server, message),
            operations::SAMPLES => handle::samples(server, message),
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
        pub(super) fn write<S: super::DiskServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::write,
            >::open(message_)?;
            let data = request_
                .lease_slice::<::idol_runtime::R, u8>(0, ::core::option::Option::None)?;
            let args_: [u8; <wire::write as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut unpacker_ = ::idol_runtime::Unpacker::new(&args_);
            let block: u32 = unpacker_.take()?;
            let result_ = server_.write(message_, block, data);
            request_.reply_or_fail(result_)
        }
        pub(super) fn read<S: super::DiskServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::read,
            >::open(message_)?;
            let into = request_
                .lease_slice::<
                    ::idol_runtime::W,
                    u8,
                >(0, ::core::option::Option::Some(3000))?;
            let args_: [u8; <wire::read as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut unpacker_ = ::idol_runtime::Unpacker::new(&args_);
            let block: u32 = unpacker_.take()?;
            let result_ = server_.read(message_, block, into);
            request_.reply_or_refuse(result_)
        }
        pub(super) fn invert<S: super::DiskServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::invert,
            >::open(message_)?;
            let data = request_
                .lease_slice::<
                    ::idol_runtime::RW,
                    u16,
                >(0, ::core::option::Option::None)?;
            let result_ = server_.invert(message_, data);
            request_.reply_or_refuse(result_)
        }
        pub(super) fn exchange<S: super::DiskServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::exchange,
            >::open(message_)?;
            let give = request_
                .lease_value::<::idol_runtime::R, ::demo_types::Sample>(0)?;
            let take = request_
                .lease_value::<::idol_runtime::W, ::demo_types::Sample>(1)?;
            let both = request_.lease_value::<::idol_runtime::RW, [u32; 4]>(2)?;
            let result_ = server_.exchange(message_, give, take, both);
            request_.reply_or_fail(result_)
        }
        pub(super) fn samples<S: super::DiskServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::samples,
            >::open(message_)?;
            let into = request_
                .lease_slice::<
                    ::idol_runtime::W,
                    ::demo_types::Sample,
                >(0, ::core::option::Option::Some(8))?;
            let result_ = server_.samples(message_, into);
            request_.reply_or_refuse(result_)
        }
    }
}
