/// Interface `Plant`.
///
/// A simulated plant.
///
/// One input, one output.
#[allow(
    dead_code,
    clippy::len_without_is_empty,
    clippy::should_implement_trait,
    clippy::too_many_arguments,
    clippy::wrong_self_convention,
    reason = "names and arguments are the interface's, and a task rarely uses all of it"
)]
pub mod plant {
    /// Name of the interface.
    pub const NAME: &str = "Plant";
    /// SHA-256 of the canonical form: equal for a client and its server.
    pub const HASH: &str = "b8bc076d135c604cb78f6af4632dfc737b1a653e25772cbd4df8a46e6c289af8";
    /// Numbers of the operations.
    pub mod operations {
        /// Number of `read`.
        pub const READ: u16 = 1;
        /// Number of `drive`.
        pub const DRIVE: u16 = 2;
    }
    #[allow(non_camel_case_types, reason = "named after the operations")]
    mod wire {
        pub struct read;
        impl ::idol_runtime::Operation for read {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 1;
            const LABEL: &'static str = "Plant.read";
            const ARGS: usize = 0;
            const REPLY: usize = ::core::mem::size_of::<f64>();
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
        }
        pub struct drive;
        impl ::idol_runtime::Operation for drive {
            type Encoding = ::idol_runtime::encoding::Zerocopy;
            const NUMBER: u16 = 2;
            const LABEL: &'static str = "Plant.drive";
            const ARGS: usize = ::core::mem::size_of::<f64>()
                + ::core::mem::size_of::<u64>();
            const REPLY: usize = 0;
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
        }
    }
    /// Calls a server of interface `Plant` through a port.
    #[derive(Clone, Copy, Debug)]
    pub struct Plant(::idol_runtime::Port);
    impl Plant {
        /// The server behind `port`.
        #[must_use]
        pub const fn new(port: ::idol_runtime::Port) -> Self {
            Self(port)
        }
        /// Position of the plant, in metres.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn read(&self) -> f64 {
            let args_ = [];
            let mut reply_ = [0; <wire::read as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call::<
                wire::read,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_.value(&reply_)
        }
        /// Operation `drive`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn drive(&self, force: f64, from_tick: u64) {
            let mut args_ = [0; <wire::drive as ::idol_runtime::Operation>::ARGS];
            ::idol_runtime::Packer::new(&mut args_).put(&force).put(&from_tick);
            let mut reply_ = [];
            let outcome_ = ::idol_runtime::client::call::<
                wire::drive,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_.value(&reply_)
        }
    }
    /// What a server of interface `Plant` does.
    pub trait PlantServer {
        /// Position of the plant, in metres.
        fn read(&mut self, message: &::idol_runtime::Message) -> f64;
        /// Operation `drive`.
        fn drive(
            &mut self,
            message: &::idol_runtime::Message,
            force: f64,
            from_tick: u64,
        );
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
    pub fn serve<S: PlantServer + ?Sized>(server: &mut S) -> ! {
        ::idol_runtime::server::serve(server, S::mask, S::notified, dispatch)
    }
    /// Carries out one call, for a server with a loop of its own: checks it,
    /// calls the method, and says what to answer.
    pub fn dispatch<S: PlantServer + ?Sized>(
        server: &mut S,
        message: &::idol_runtime::Message,
    ) -> ::idol_runtime::Answer {
        let answer = match message.operation {
            operations::READ => handle::read(server, message),
            operations::DRIVE => handle::drive(server, message),
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
        pub(super) fn read<S: super::PlantServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::read,
            >::open(message_)?;
            let value_ = server_.read(message_);
            request_.reply(&value_)
        }
        pub(super) fn drive<S: super::PlantServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::drive,
            >::open(message_)?;
            let args_: [u8; <wire::drive as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut unpacker_ = ::idol_runtime::Unpacker::new(&args_);
            let force: f64 = unpacker_.take()?;
            let from_tick: u64 = unpacker_.take()?;
            server_.drive(message_, force, from_tick);
            request_.reply(&())
        }
    }
}
