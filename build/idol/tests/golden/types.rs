/// Interface `Types`.
#[allow(
    dead_code,
    clippy::len_without_is_empty,
    clippy::should_implement_trait,
    clippy::too_many_arguments,
    clippy::wrong_self_convention,
    reason = "names and arguments are the interface's, and a task rarely uses all of it"
)]
pub mod types {
    /// Name of the interface.
    pub const NAME: &str = "Types";
    /// SHA-256 of the canonical form: equal for a client and its server.
    pub const HASH: &str = "11a7f66a58782ef5494ee42cb3e8f41989089326a839d696cf1db5502de7a9d4";
    /// Numbers of the operations.
    pub mod operations {
        /// Number of `unsigned`.
        pub const UNSIGNED: u16 = 1;
        /// Number of `signed`.
        pub const SIGNED: u16 = 2;
        /// Number of `other`.
        pub const OTHER: u16 = 3;
        /// Number of `mode`.
        pub const MODE: u16 = 4;
        /// Number of `sample`.
        pub const SAMPLE: u16 = 5;
        /// Number of `flag`.
        pub const FLAG: u16 = 6;
    }
    #[allow(non_camel_case_types, reason = "named after the operations")]
    mod wire {
        pub struct unsigned;
        impl ::idol_runtime::Operation for unsigned {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 1;
            const LABEL: &'static str = "Types.unsigned";
            const ARGS: usize = ::core::mem::size_of::<u8>()
                + ::core::mem::size_of::<u16>() + ::core::mem::size_of::<u32>()
                + ::core::mem::size_of::<u64>() + ::core::mem::size_of::<u128>();
            const REPLY: usize = ::core::mem::size_of::<u128>();
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
        }
        pub struct signed;
        impl ::idol_runtime::Operation for signed {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 2;
            const LABEL: &'static str = "Types.signed";
            const ARGS: usize = ::core::mem::size_of::<i8>()
                + ::core::mem::size_of::<i16>() + ::core::mem::size_of::<i32>()
                + ::core::mem::size_of::<i64>() + ::core::mem::size_of::<i128>();
            const REPLY: usize = ::core::mem::size_of::<i128>();
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
        }
        pub struct other;
        impl ::idol_runtime::Operation for other {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 3;
            const LABEL: &'static str = "Types.other";
            const ARGS: usize = ::core::mem::size_of::<bool>()
                + ::core::mem::size_of::<char>() + ::core::mem::size_of::<f32>()
                + ::core::mem::size_of::<f64>();
            const REPLY: usize = ::core::mem::size_of::<char>();
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
        }
        pub struct mode;
        impl ::idol_runtime::Operation for mode {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 4;
            const LABEL: &'static str = "Types.mode";
            const ARGS: usize = ::core::mem::size_of::<::demo_types::Mode>()
                + ::core::mem::size_of::<[::demo_types::Mode; 3]>();
            const REPLY: usize = ::core::mem::size_of::<::demo_types::Mode>();
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
        }
        pub struct sample;
        impl ::idol_runtime::Operation for sample {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 5;
            const LABEL: &'static str = "Types.sample";
            const ARGS: usize = ::core::mem::size_of::<::demo_types::Sample>()
                + ::core::mem::size_of::<[[i16; 2]; 2]>();
            const REPLY: usize = ::core::mem::size_of::<::demo_types::Sample>();
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
        }
        pub struct flag;
        impl ::idol_runtime::Operation for flag {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 6;
            const LABEL: &'static str = "Types.flag";
            const ARGS: usize = 0;
            const REPLY: usize = ::core::mem::size_of::<bool>();
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
        }
    }
    /// Calls a server of interface `Types` through a port.
    #[derive(Clone, Copy, Debug)]
    pub struct Types(::idol_runtime::Port);
    impl Types {
        /// The server behind `port`.
        #[must_use]
        pub const fn new(port: ::idol_runtime::Port) -> Self {
            Self(port)
        }
        /// Operation `unsigned`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn unsigned(&self, a: u8, b: u16, c: u32, d: u64, e: u128) -> u128 {
            let mut args_ = [0; <wire::unsigned as ::idol_runtime::Operation>::ARGS];
            ::idol_runtime::Packer::new(&mut args_)
                .put(&a)
                .put(&b)
                .put(&c)
                .put(&d)
                .put(&e);
            let mut reply_ = [0; <wire::unsigned as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::unsigned,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_.value(&reply_)
        }
        /// Operation `signed`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn signed(&self, a: i8, b: i16, c: i32, d: i64, e: i128) -> i128 {
            let mut args_ = [0; <wire::signed as ::idol_runtime::Operation>::ARGS];
            ::idol_runtime::Packer::new(&mut args_)
                .put(&a)
                .put(&b)
                .put(&c)
                .put(&d)
                .put(&e);
            let mut reply_ = [0; <wire::signed as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::signed,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_.value(&reply_)
        }
        /// Operation `other`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn other(&self, a: bool, b: char, c: f32, d: f64, e: ()) -> char {
            let mut args_ = [0; <wire::other as ::idol_runtime::Operation>::ARGS];
            ::idol_runtime::Packer::new(&mut args_)
                .put(&a)
                .put(&b)
                .put(&c)
                .put(&d)
                .put(&e);
            let mut reply_ = [0; <wire::other as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::other,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_.value(&reply_)
        }
        /// Operation `mode`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn mode(
            &self,
            mode: ::demo_types::Mode,
            modes: [::demo_types::Mode; 3],
        ) -> ::demo_types::Mode {
            let mut args_ = [0; <wire::mode as ::idol_runtime::Operation>::ARGS];
            ::idol_runtime::Packer::new(&mut args_).put(&mode).put(&modes);
            let mut reply_ = [0; <wire::mode as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::mode,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_.value(&reply_)
        }
        /// Operation `sample`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn sample(
            &self,
            sample: ::demo_types::Sample,
            grid: [[i16; 2]; 2],
        ) -> ::demo_types::Sample {
            let mut args_ = [0; <wire::sample as ::idol_runtime::Operation>::ARGS];
            ::idol_runtime::Packer::new(&mut args_).put(&sample).put(&grid);
            let mut reply_ = [0; <wire::sample as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::sample,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_.value(&reply_)
        }
        /// Operation `flag`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn flag(&self) -> bool {
            let args_ = [];
            let mut reply_ = [0; <wire::flag as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::flag,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_.value(&reply_)
        }
    }
    /// What a server of interface `Types` does.
    pub trait TypesServer {
        /// Operation `unsigned`.
        fn unsigned(
            &mut self,
            message: &::idol_runtime::Message,
            a: u8,
            b: u16,
            c: u32,
            d: u64,
            e: u128,
        ) -> u128;
        /// Operation `signed`.
        fn signed(
            &mut self,
            message: &::idol_runtime::Message,
            a: i8,
            b: i16,
            c: i32,
            d: i64,
            e: i128,
        ) -> i128;
        /// Operation `other`.
        fn other(
            &mut self,
            message: &::idol_runtime::Message,
            a: bool,
            b: char,
            c: f32,
            d: f64,
            e: (),
        ) -> char;
        /// Operation `mode`.
        fn mode(
            &mut self,
            message: &::idol_runtime::Message,
            mode: ::demo_types::Mode,
            modes: [::demo_types::Mode; 3],
        ) -> ::demo_types::Mode;
        /// Operation `sample`.
        fn sample(
            &mut self,
            message: &::idol_runtime::Message,
            sample: ::demo_types::Sample,
            grid: [[i16; 2]; 2],
        ) -> ::demo_types::Sample;
        /// Operation `flag`.
        fn flag(&mut self, message: &::idol_runtime::Message) -> bool;
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
    pub fn serve<S: TypesServer + ?Sized>(server: &mut S) -> ! {
        ::idol_runtime::server::serve(server, S::mask, S::notified, dispatch)
    }
    /// Carries out one call, for a server with a loop of its own: checks it,
    /// calls the method, and says what to answer.
    pub fn dispatch<S: TypesServer + ?Sized>(
        server: &mut S,
        message: &::idol_runtime::Message,
    ) -> ::idol_runtime::Answer {
        let answer = match message.operation {
            operations::UNSIGNED => handle::unsigned(server, message),
            operations::SIGNED => handle::signed(server, message),
            operations::OTHER => handle::other(server, message),
            operations::MODE => handle::mode(server, message),
            operations::SAMPLE => handle::sample(server, message),
            operations::FLAG => handle::flag(server, message),
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
        pub(super) fn unsigned<S: super::TypesServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::unsigned,
            >::open(message_)?;
            let args_: [u8; <wire::unsigned as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut unpacker_ = ::idol_runtime::Unpacker::new(&args_);
            let a: u8 = unpacker_.take()?;
            let b: u16 = unpacker_.take()?;
            let c: u32 = unpacker_.take()?;
            let d: u64 = unpacker_.take()?;
            let e: u128 = unpacker_.take()?;
            let value_ = server_.unsigned(message_, a, b, c, d, e);
            request_.reply(&value_)
        }
        pub(super) fn signed<S: super::TypesServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::signed,
            >::open(message_)?;
            let args_: [u8; <wire::signed as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut unpacker_ = ::idol_runtime::Unpacker::new(&args_);
            let a: i8 = unpacker_.take()?;
            let b: i16 = unpacker_.take()?;
            let c: i32 = unpacker_.take()?;
            let d: i64 = unpacker_.take()?;
            let e: i128 = unpacker_.take()?;
            let value_ = server_.signed(message_, a, b, c, d, e);
            request_.reply(&value_)
        }
        pub(super) fn other<S: super::TypesServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::other,
            >::open(message_)?;
            let args_: [u8; <wire::other as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut unpacker_ = ::idol_runtime::Unpacker::new(&args_);
            let a: bool = unpacker_.take()?;
            let b: char = unpacker_.take()?;
            let c: f32 = unpacker_.take()?;
            let d: f64 = unpacker_.take()?;
            let e: () = unpacker_.take()?;
            let value_ = server_.other(message_, a, b, c, d, e);
            request_.reply(&value_)
        }
        pub(super) fn mode<S: super::TypesServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::mode,
            >::open(message_)?;
            let args_: [u8; <wire::mode as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut unpacker_ = ::idol_runtime::Unpacker::new(&args_);
            let mode: ::demo_types::Mode = unpacker_.take()?;
            let modes: [::demo_types::Mode; 3] = unpacker_.take()?;
            let value_ = server_.mode(message_, mode, modes);
            request_.reply(&value_)
        }
        pub(super) fn sample<S: super::TypesServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::sample,
            >::open(message_)?;
            let args_: [u8; <wire::sample as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut unpacker_ = ::idol_runtime::Unpacker::new(&args_);
            let sample: ::demo_types::Sample = unpacker_.take()?;
            let grid: [[i16; 2]; 2] = unpacker_.take()?;
            let value_ = server_.sample(message_, sample, grid);
            request_.reply(&value_)
        }
        pub(super) fn flag<S: super::TypesServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::flag,
            >::open(message_)?;
            let value_ = server_.flag(message_);
            request_.reply(&value_)
        }
    }
}
