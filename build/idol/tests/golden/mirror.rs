/// Interface `Mirror`.
#[allow(
    dead_code,
    clippy::len_without_is_empty,
    clippy::should_implement_trait,
    clippy::too_many_arguments,
    clippy::wrong_self_convention,
    reason = "names and arguments are the interface's, and a task rarely uses all of it"
)]
pub mod mirror {
    /// Name of the interface.
    pub const NAME: &str = "Mirror";
    /// SHA-256 of the canonical form: equal for a client and its server.
    pub const HASH: &str = "6e876639aac0bbb82f5cdbf9851e2010718b1e8d1a8d7ad10a2a8bb65184a9f1";
    /// Numbers of the operations.
    pub mod operations {
        /// Number of `packed`.
        pub const PACKED: u16 = 1;
        /// Number of `serial`.
        pub const SERIAL: u16 = 2;
        /// Number of `lent`.
        pub const LENT: u16 = 3;
        /// Number of `letters`.
        pub const LETTERS: u16 = 4;
    }
    #[allow(non_camel_case_types, reason = "named after the operations")]
    mod wire {
        pub struct packed;
        impl ::idol_runtime::Operation for packed {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 1;
            const LABEL: &'static str = "Mirror.packed";
            const ARGS: usize = ::core::mem::size_of::<[u64; 3]>()
                + ::core::mem::size_of::<bool>();
            const REPLY: usize = ::core::mem::size_of::<[u64; 3]>();
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
        }
        pub struct serial;
        impl ::idol_runtime::Operation for serial {
            type Encoding = ::idol_runtime::encoding::Serial;
            const NUMBER: u16 = 2;
            const LABEL: &'static str = "Mirror.serial";
            const ARGS: usize = <crate::Shape as ::idol_runtime::Wire>::MAX
                + <::core::option::Option<crate::Angle> as ::idol_runtime::Wire>::MAX;
            const REPLY: usize = <(
                crate::Shape,
                ::core::option::Option<crate::Angle>,
            ) as ::idol_runtime::Wire>::MAX;
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
        }
        const _: () = assert!(
            < crate ::Shape as ::idol_runtime::Wire > ::HUBPACK,
            "Mirror.serial: the encoding Hubpack does not know all types within `Shape`, of shape"
        );
        const _: () = assert!(
            < ::core::option::Option < crate ::Angle > as ::idol_runtime::Wire >
            ::HUBPACK,
            "Mirror.serial: the encoding Hubpack does not know all types within `Option<Angle>`, of by"
        );
        const _: () = assert!(
            < (crate ::Shape, ::core::option::Option < crate ::Angle >,) as
            ::idol_runtime::Wire > ::HUBPACK,
            "Mirror.serial: the encoding Hubpack does not know all types within `(Shape, Option<Angle>)`, of the reply"
        );
        pub struct lent;
        impl ::idol_runtime::Operation for lent {
            type Encoding = ::idol_runtime::encoding::Serial;
            const NUMBER: u16 = 3;
            const LABEL: &'static str = "Mirror.lent";
            const ARGS: usize = <[::core::option::Option<
                (crate::Shape, u64),
            >; 8] as ::idol_runtime::Wire>::MAX;
            const REPLY: usize = ::idol_runtime::wire::longest(
                &[
                    <[::core::option::Option<
                        (crate::Shape, u64),
                    >; 8] as ::idol_runtime::Wire>::MAX,
                    <crate::SignError as ::idol_runtime::Wire>::MAX,
                ],
            );
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = false;
        }
        const _: () = assert!(
            < [::core::option::Option < (crate ::Shape, u64,) >; 8] as
            ::idol_runtime::Wire > ::HUBPACK,
            "Mirror.lent: the encoding Hubpack does not know all types within `[Option<(Shape, u64)>; 8]`, of all"
        );
        const _: () = assert!(
            < [::core::option::Option < (crate ::Shape, u64,) >; 8] as
            ::idol_runtime::Wire > ::HUBPACK,
            "Mirror.lent: the encoding Hubpack does not know all types within `[Option<(Shape, u64)>; 8]`, of the reply"
        );
        const _: () = assert!(
            < crate ::SignError as ::idol_runtime::Wire > ::HUBPACK,
            "Mirror.lent: the encoding Hubpack does not know all types within `SignError`, of the error"
        );
        pub struct letters;
        impl ::idol_runtime::Operation for letters {
            type Encoding = ::idol_runtime::encoding::Serial;
            const NUMBER: u16 = 4;
            const LABEL: &'static str = "Mirror.letters";
            const ARGS: usize = <[char; 3] as ::idol_runtime::Wire>::MAX;
            const REPLY: usize = <[char; 3] as ::idol_runtime::Wire>::MAX;
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
        }
    }
    /// Calls a server of interface `Mirror` through a port.
    #[derive(Clone, Copy, Debug)]
    pub struct Mirror(::idol_runtime::Port);
    impl Mirror {
        /// The server behind `port`.
        #[must_use]
        pub const fn new(port: ::idol_runtime::Port) -> Self {
            Self(port)
        }
        /// Operation `packed`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn packed(&self, value: [u64; 3], flag: bool) -> [u64; 3] {
            let mut args_ = [0; <wire::packed as ::idol_runtime::Operation>::ARGS];
            ::idol_runtime::Packer::new(&mut args_).put(&value).put(&flag);
            let mut reply_ = [0; <wire::packed as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::packed,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_.value(&reply_)
        }
        /// Operation `serial`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn serial(
            &self,
            shape: crate::Shape,
            by: ::core::option::Option<crate::Angle>,
        ) -> (crate::Shape, ::core::option::Option<crate::Angle>) {
            let mut args_ = [0; <wire::serial as ::idol_runtime::Operation>::ARGS];
            let mut encoder_ = ::idol_runtime::wire::Encoder::new(&mut args_);
            encoder_.put(&shape);
            encoder_.put(&by);
            let length_ = encoder_.length();
            let mut reply_ = [0; <wire::serial as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call_with::<
                wire::serial,
                _,
                _,
                _,
            >(self.0, &args_, length_, &mut reply_, []);
            outcome_.value(&reply_)
        }
        /// Operation `lent`.
        ///
        /// # Errors
        /// The server's own, or what [`crate::SignError`] calls the server's death.
        #[inline]
        pub fn lent(
            &self,
            all: [::core::option::Option<(crate::Shape, u64)>; 8],
        ) -> ::core::result::Result<
            [::core::option::Option<(crate::Shape, u64)>; 8],
            crate::SignError,
        > {
            let mut args_ = [0; <wire::lent as ::idol_runtime::Operation>::ARGS];
            let mut encoder_ = ::idol_runtime::wire::Encoder::new(&mut args_);
            encoder_.put(&all);
            let length_ = encoder_.length();
            let mut reply_ = [0; <wire::lent as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call_with::<
                wire::lent,
                _,
                _,
                _,
            >(self.0, &args_, length_, &mut reply_, []);
            outcome_.complex(&reply_)
        }
        /// Operation `letters`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn letters(&self, letters: [char; 3]) -> [char; 3] {
            let mut args_ = [0; <wire::letters as ::idol_runtime::Operation>::ARGS];
            let mut encoder_ = ::idol_runtime::wire::Encoder::new(&mut args_);
            encoder_.put(&letters);
            let length_ = encoder_.length();
            let mut reply_ = [0; <wire::letters as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call_with::<
                wire::letters,
                _,
                _,
                _,
            >(self.0, &args_, length_, &mut reply_, []);
            outcome_.value(&reply_)
        }
    }
    /// What a server of interface `Mirror` does.
    pub trait MirrorServer {
        /// Operation `packed`.
        fn packed(
            &mut self,
            message: &::idol_runtime::Message,
            value: [u64; 3],
            flag: bool,
        ) -> [u64; 3];
        /// Operation `serial`.
        fn serial(
            &mut self,
            message: &::idol_runtime::Message,
            shape: crate::Shape,
            by: ::core::option::Option<crate::Angle>,
        ) -> (crate::Shape, ::core::option::Option<crate::Angle>);
        /// Operation `lent`.
        fn lent(
            &mut self,
            message: &::idol_runtime::Message,
            all: [::core::option::Option<(crate::Shape, u64)>; 8],
        ) -> ::core::result::Result<
            [::core::option::Option<(crate::Shape, u64)>; 8],
            crate::SignError,
        >;
        /// Operation `letters`.
        fn letters(
            &mut self,
            message: &::idol_runtime::Message,
            letters: [char; 3],
        ) -> [char; 3];
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
    pub fn serve<S: MirrorServer + ?Sized>(server: &mut S) -> ! {
        ::idol_runtime::server::serve(server, S::mask, S::notified, dispatch)
    }
    /// Carries out one call, for a server with a loop of its own: checks it,
    /// calls the method, and says what to answer.
    pub fn dispatch<S: MirrorServer + ?Sized>(
        server: &mut S,
        message: &::idol_runtime::Message,
    ) -> ::idol_runtime::Answer {
        let answer = match message.operation {
            operations::PACKED => handle::packed(server, message),
            operations::SERIAL => handle::serial(server, message),
            operations::LENT => handle::lent(server, message),
            operations::LETTERS => handle::letters(server, message),
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
        pub(super) fn packed<S: super::MirrorServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::packed,
            >::open(message_)?;
            let args_: [u8; <wire::packed as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut unpacker_ = ::idol_runtime::Unpacker::new(&args_);
            let value: [u64; 3] = unpacker_.take()?;
            let flag: bool = unpacker_.take()?;
            let value_ = server_.packed(message_, value, flag);
            request_.reply(&value_)
        }
        pub(super) fn serial<S: super::MirrorServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::serial,
                { <wire::serial as ::idol_runtime::Operation>::REPLY },
            >::open(message_)?;
            let args_: [u8; <wire::serial as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut decoder_ = request_.decoder(&args_);
            let shape: crate::Shape = decoder_.take();
            let by: ::core::option::Option<crate::Angle> = decoder_.take();
            decoder_.finish()?;
            let value_ = server_.serial(message_, shape, by);
            request_.reply(&value_)
        }
        pub(super) fn lent<S: super::MirrorServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::lent,
                { <wire::lent as ::idol_runtime::Operation>::REPLY },
            >::open(message_)?;
            let args_: [u8; <wire::lent as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut decoder_ = request_.decoder(&args_);
            let all: [::core::option::Option<(crate::Shape, u64)>; 8] = decoder_.take();
            decoder_.finish()?;
            let result_ = server_.lent(message_, all);
            request_.reply_complex(result_)
        }
        pub(super) fn letters<S: super::MirrorServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::letters,
                { <wire::letters as ::idol_runtime::Operation>::REPLY },
            >::open(message_)?;
            let args_: [u8; <wire::letters as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut decoder_ = request_.decoder(&args_);
            let letters: [char; 3] = decoder_.take();
            decoder_.finish()?;
            let value_ = server_.letters(message_, letters);
            request_.reply(&value_)
        }
    }
}
