/// Interface `Signer`.
#[allow(
    dead_code,
    clippy::len_without_is_empty,
    clippy::should_implement_trait,
    clippy::too_many_arguments,
    clippy::wrong_self_convention,
    reason = "names and arguments are the interface's, and a task rarely uses all of it"
)]
pub mod signer {
    /// Name of the interface.
    pub const NAME: &str = "Signer";
    /// SHA-256 of the canonical form: equal for a client and its server.
    pub const HASH: &str = "72b2e7c9e46358a780facccdda12616b340ef2c9f35705e674461ed93ebafd85";
    /// Numbers of the operations.
    pub mod operations {
        /// Number of `length`.
        pub const LENGTH: u16 = 1;
        /// Number of `sign`.
        pub const SIGN: u16 = 2;
        /// Number of `chain`.
        pub const CHAIN: u16 = 3;
    }
    #[allow(non_camel_case_types, reason = "named after the operations")]
    mod wire {
        pub struct length;
        impl ::idol_runtime::Operation for length {
            type Encoding = ::idol_runtime::encoding::Serial;
            const NUMBER: u16 = 1;
            const LABEL: &'static str = "Signer.length";
            const ARGS: usize = <u32 as ::idol_runtime::Wire>::MAX;
            const REPLY: usize = ::idol_runtime::wire::longest(
                &[
                    <u32 as ::idol_runtime::Wire>::MAX,
                    <crate::SignError as ::idol_runtime::Wire>::MAX,
                ],
            );
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
        }
        const _: () = assert!(
            < crate ::SignError as ::idol_runtime::Wire > ::HUBPACK,
            "Signer.length: the encoding Hubpack does not know all types within `SignError`, of the error"
        );
        pub struct sign;
        impl ::idol_runtime::Operation for sign {
            type Encoding = ::idol_runtime::encoding::Serial;
            const NUMBER: u16 = 2;
            const LABEL: &'static str = "Signer.sign";
            const ARGS: usize = 0;
            const REPLY: usize = ::idol_runtime::wire::longest(
                &[0, <crate::SignError as ::idol_runtime::Wire>::MAX],
            );
            const LEASES: usize = 2;
            const IDEMPOTENT: bool = false;
        }
        const _: () = assert!(
            < crate ::SignError as ::idol_runtime::Wire > ::SSMARSHAL,
            "Signer.sign: the encoding Ssmarshal does not know all types within `SignError`, of the error"
        );
        pub struct chain;
        impl ::idol_runtime::Operation for chain {
            type Encoding = ::idol_runtime::encoding::Serial;
            const NUMBER: u16 = 3;
            const LABEL: &'static str = "Signer.chain";
            const ARGS: usize = <::core::option::Option<
                u8,
            > as ::idol_runtime::Wire>::MAX;
            const REPLY: usize = ::idol_runtime::wire::longest(
                &[
                    <[u8; 100] as ::idol_runtime::Wire>::MAX,
                    <::demo_types::SignError as ::idol_runtime::Wire>::MAX,
                ],
            );
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = false;
        }
        const _: () = assert!(
            < ::demo_types::SignError as ::idol_runtime::Wire > ::HUBPACK,
            "Signer.chain: the encoding Hubpack does not know all types within `demo_types::SignError`, of the error"
        );
    }
    /// Calls a server of interface `Signer` through a port.
    #[derive(Clone, Copy, Debug)]
    pub struct Signer(::idol_runtime::Port);
    impl Signer {
        /// The server behind `port`.
        #[must_use]
        pub const fn new(port: ::idol_runtime::Port) -> Self {
            Self(port)
        }
        /// How long the signature is.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Errors
        /// The server's own, or what [`crate::SignError`] calls the server's death.
        #[inline]
        pub fn length(&self, key: u32) -> ::core::result::Result<u32, crate::SignError> {
            let mut args_ = [0; <wire::length as ::idol_runtime::Operation>::ARGS];
            let mut encoder_ = ::idol_runtime::wire::Encoder::new(&mut args_);
            encoder_.put(&key);
            let length_ = encoder_.length();
            let mut reply_ = [0; <wire::length as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call_with::<
                wire::length,
                _,
                _,
                _,
            >(self.0, &args_, length_, &mut reply_, []);
            outcome_.complex(&reply_)
        }
        /// Operation `sign`.
        ///
        /// `nonce` has at most 32 elements.
        ///
        /// # Errors
        /// The server's own, or what [`crate::SignError`] calls the server's death.
        #[inline]
        pub fn sign(
            &self,
            nonce: &[u8],
            into: &mut [u8],
        ) -> ::core::result::Result<(), crate::SignError> {
            ::idol_runtime::client::check_length::<wire::sign>("nonce", nonce.len(), 32);
            let args_ = [];
            let mut reply_ = [0; <wire::sign as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::sign,
                _,
                _,
                _,
            >(
                self.0,
                &args_,
                &mut reply_,
                [::idol_runtime::lease::read(nonce), ::idol_runtime::lease::write(into)],
            );
            outcome_.complex(&reply_)
        }
        /// Operation `chain`.
        ///
        /// # Errors
        /// The server's own, or what [`::demo_types::SignError`] calls the server's death.
        #[inline]
        pub fn chain(
            &self,
            index: ::core::option::Option<u8>,
        ) -> ::core::result::Result<[u8; 100], ::demo_types::SignError> {
            let mut args_ = [0; <wire::chain as ::idol_runtime::Operation>::ARGS];
            let mut encoder_ = ::idol_runtime::wire::Encoder::new(&mut args_);
            encoder_.put(&index);
            let length_ = encoder_.length();
            let mut reply_ = [0; <wire::chain as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call_with::<
                wire::chain,
                _,
                _,
                _,
            >(self.0, &args_, length_, &mut reply_, []);
            outcome_.complex(&reply_)
        }
    }
    /// What a server of interface `Signer` does.
    pub trait SignerServer {
        /// How long the signature is.
        fn length(
            &mut self,
            message: &::idol_runtime::Message,
            key: u32,
        ) -> ::core::result::Result<u32, crate::SignError>;
        /// Operation `sign`.
        fn sign(
            &mut self,
            message: &::idol_runtime::Message,
            nonce: ::idol_runtime::Leased<'_, ::idol_runtime::R, [u8]>,
            into: ::idol_runtime::Leased<'_, ::idol_runtime::W, [u8]>,
        ) -> ::core::result::Result<(), ::idol_runtime::RequestError<crate::SignError>>;
        /// Operation `chain`.
        fn chain(
            &mut self,
            message: &::idol_runtime::Message,
            index: ::core::option::Option<u8>,
        ) -> ::core::result::Result<[u8; 100], ::demo_types::SignError>;
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
    pub fn serve<S: SignerServer + ?Sized>(server: &mut S) -> ! {
        ::idol_runtime::server::serve(server, S::mask, S::notified, dispatch)
    }
    /// Carries out one call, for a server with a loop of its own: checks it,
    /// calls the method, and says what to answer.
    pub fn dispatch<S: SignerServer + ?Sized>(
        server: &mut S,
        message: &::idol_runtime::Message,
    ) -> ::idol_runtime::Answer {
        let answer = match message.operation {
            operations::LENGTH => handle::length(server, message),
            operations::SIGN => handle::sign(server, message),
            operations::CHAIN => handle::chain(server, message),
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
        pub(super) fn length<S: super::SignerServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::length,
                { <wire::length as ::idol_runtime::Operation>::REPLY },
            >::open(message_)?;
            let args_: [u8; <wire::length as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut decoder_ = request_.decoder(&args_);
            let key: u32 = decoder_.take();
            decoder_.finish()?;
            let result_ = server_.length(message_, key);
            request_.reply_complex(result_)
        }
        pub(super) fn sign<S: super::SignerServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::sign,
                { <wire::sign as ::idol_runtime::Operation>::REPLY },
            >::open(message_)?;
            let nonce = request_
                .lease_slice::<
                    ::idol_runtime::R,
                    u8,
                >(0, ::core::option::Option::Some(32))?;
            let into = request_
                .lease_slice::<::idol_runtime::W, u8>(1, ::core::option::Option::None)?;
            let result_ = server_.sign(message_, nonce, into);
            request_.reply_or_complex(result_)
        }
        pub(super) fn chain<S: super::SignerServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::chain,
                { <wire::chain as ::idol_runtime::Operation>::REPLY },
            >::open(message_)?;
            let args_: [u8; <wire::chain as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut decoder_ = request_.decoder(&args_);
            let index: ::core::option::Option<u8> = decoder_.take();
            decoder_.finish()?;
            let result_ = server_.chain(message_, index);
            request_.reply_complex(result_)
        }
    }
}
