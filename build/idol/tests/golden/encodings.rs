/// Interface `Shapes`.
#[allow(
    dead_code,
    clippy::len_without_is_empty,
    clippy::should_implement_trait,
    clippy::too_many_arguments,
    clippy::wrong_self_convention,
    reason = "names and arguments are the interface's, and a task rarely uses all of it"
)]
pub mod shapes {
    /// Name of the interface.
    pub const NAME: &str = "Shapes";
    /// SHA-256 of the canonical form: equal for a client and its server.
    pub const HASH: &str = "c3d3688595cd558c1b5620cf6d450d46f65563ec12c083a8f5b1fbd6ddae2aa8";
    /// Numbers of the operations.
    pub mod operations {
        /// Number of `numbers`.
        pub const NUMBERS: u16 = 1;
        /// Number of `text`.
        pub const TEXT: u16 = 2;
        /// Number of `turn`.
        pub const TURN: u16 = 3;
        /// Number of `reading`.
        pub const READING: u16 = 4;
        /// Number of `stamped`.
        pub const STAMPED: u16 = 5;
        /// Number of `nothing`.
        pub const NOTHING: u16 = 6;
        /// Number of `many`.
        pub const MANY: u16 = 7;
    }
    #[allow(non_camel_case_types, reason = "named after the operations")]
    mod wire {
        pub struct numbers;
        impl ::idol_runtime::Operation for numbers {
            type Encoding = ::idol_runtime::encoding::Serial;
            const NUMBER: u16 = 1;
            const LABEL: &'static str = "Shapes.numbers";
            const ARGS: usize = <(u8, u16, u32, u64, u128) as ::idol_runtime::Wire>::MAX
                + <(i8, i16, i32, i64, i128) as ::idol_runtime::Wire>::MAX
                + <(bool, f32, f64, usize, isize) as ::idol_runtime::Wire>::MAX;
            const REPLY: usize = <(u128, i128, isize) as ::idol_runtime::Wire>::MAX;
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
        }
        pub struct text;
        impl ::idol_runtime::Operation for text {
            type Encoding = ::idol_runtime::encoding::Serial;
            const NUMBER: u16 = 2;
            const LABEL: &'static str = "Shapes.text";
            const ARGS: usize = <[char; 3] as ::idol_runtime::Wire>::MAX
                + <::core::option::Option<char> as ::idol_runtime::Wire>::MAX;
            const REPLY: usize = <(
                ::core::option::Option<char>,
                [char; 3],
            ) as ::idol_runtime::Wire>::MAX;
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
        }
        pub struct turn;
        impl ::idol_runtime::Operation for turn {
            type Encoding = ::idol_runtime::encoding::Serial;
            const NUMBER: u16 = 3;
            const LABEL: &'static str = "Shapes.turn";
            const ARGS: usize = <crate::Shape as ::idol_runtime::Wire>::MAX
                + <::core::option::Option<
                    ::demo_types::Angle,
                > as ::idol_runtime::Wire>::MAX;
            const REPLY: usize = <crate::Shape as ::idol_runtime::Wire>::MAX;
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
        }
        const _: () = assert!(
            < crate ::Shape as ::idol_runtime::Wire > ::SSMARSHAL,
            "Shapes.turn: the encoding Ssmarshal does not know all types within `Shape`, of shape"
        );
        const _: () = assert!(
            < ::core::option::Option < ::demo_types::Angle > as ::idol_runtime::Wire >
            ::SSMARSHAL,
            "Shapes.turn: the encoding Ssmarshal does not know all types within `Option<demo_types::Angle>`, of by"
        );
        const _: () = assert!(
            < crate ::Shape as ::idol_runtime::Wire > ::SSMARSHAL,
            "Shapes.turn: the encoding Ssmarshal does not know all types within `Shape`, of the reply"
        );
        pub struct reading;
        impl ::idol_runtime::Operation for reading {
            type Encoding = ::idol_runtime::encoding::Serial;
            const NUMBER: u16 = 4;
            const LABEL: &'static str = "Shapes.reading";
            const ARGS: usize = <crate::Line as ::idol_runtime::Wire>::MAX
                + <crate::Inlet as ::idol_runtime::Wire>::MAX;
            const REPLY: usize = <(
                ::core::result::Result<f32, crate::NoData>,
                u64,
            ) as ::idol_runtime::Wire>::MAX;
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = false;
        }
        const _: () = assert!(
            < crate ::Line as ::idol_runtime::Wire > ::HUBPACK,
            "Shapes.reading: the encoding Hubpack does not know all types within `Line`, of line"
        );
        const _: () = assert!(
            < crate ::Inlet as ::idol_runtime::Wire > ::HUBPACK,
            "Shapes.reading: the encoding Hubpack does not know all types within `Inlet`, of port"
        );
        const _: () = assert!(
            < (::core::result::Result < f32, crate ::NoData >, u64,) as
            ::idol_runtime::Wire > ::HUBPACK,
            "Shapes.reading: the encoding Hubpack does not know all types within `(Result<f32, NoData>, u64)`, of the reply"
        );
        pub struct stamped;
        impl ::idol_runtime::Operation for stamped {
            type Encoding = ::idol_runtime::encoding::Serial;
            const NUMBER: u16 = 5;
            const LABEL: &'static str = "Shapes.stamped";
            const ARGS: usize = <::demo_types::Stamped<
                u16,
                3,
            > as ::idol_runtime::Wire>::MAX;
            const REPLY: usize = <::core::option::Option<
                ::demo_types::Stamped<(u8,), 1>,
            > as ::idol_runtime::Wire>::MAX;
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = false;
        }
        const _: () = assert!(
            < ::demo_types::Stamped < u16, 3 > as ::idol_runtime::Wire > ::HUBPACK,
            "Shapes.stamped: the encoding Hubpack does not know all types within `demo_types::Stamped<u16, 3>`, of value"
        );
        const _: () = assert!(
            < ::core::option::Option < ::demo_types::Stamped < (u8,), 1 > > as
            ::idol_runtime::Wire > ::HUBPACK,
            "Shapes.stamped: the encoding Hubpack does not know all types within `Option<demo_types::Stamped<(u8,), 1>>`, of the reply"
        );
        pub struct nothing;
        impl ::idol_runtime::Operation for nothing {
            type Encoding = ::idol_runtime::encoding::Serial;
            const NUMBER: u16 = 6;
            const LABEL: &'static str = "Shapes.nothing";
            const ARGS: usize = 0;
            const REPLY: usize = 0;
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
        }
        pub struct many;
        impl ::idol_runtime::Operation for many {
            type Encoding = ::idol_runtime::encoding::Serial;
            const NUMBER: u16 = 7;
            const LABEL: &'static str = "Shapes.many";
            const ARGS: usize = <[::core::option::Option<
                u32,
            >; 20] as ::idol_runtime::Wire>::MAX + <u8 as ::idol_runtime::Wire>::MAX;
            const REPLY: usize = <[::core::option::Option<
                crate::Shape,
            >; 20] as ::idol_runtime::Wire>::MAX;
            const LEASES: usize = 0;
            const IDEMPOTENT: bool = true;
        }
        const _: () = assert!(
            < [::core::option::Option < crate ::Shape >; 20] as ::idol_runtime::Wire >
            ::HUBPACK,
            "Shapes.many: the encoding Hubpack does not know all types within `[Option<Shape>; 20]`, of the reply"
        );
    }
    /// Calls a server of interface `Shapes` through a port.
    #[derive(Clone, Copy, Debug)]
    pub struct Shapes(::idol_runtime::Port);
    impl Shapes {
        /// The server behind `port`.
        #[must_use]
        pub const fn new(port: ::idol_runtime::Port) -> Self {
            Self(port)
        }
        /// Operation `numbers`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn numbers(
            &self,
            a: (u8, u16, u32, u64, u128),
            b: (i8, i16, i32, i64, i128),
            c: (bool, f32, f64, usize, isize),
        ) -> (u128, i128, isize) {
            let mut args_ = [0; <wire::numbers as ::idol_runtime::Operation>::ARGS];
            let mut encoder_ = ::idol_runtime::wire::Encoder::new(&mut args_);
            encoder_.put(&a);
            encoder_.put(&b);
            encoder_.put(&c);
            let length_ = encoder_.length();
            let mut reply_ = [0; <wire::numbers as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call_with::<
                wire::numbers,
                _,
                _,
                _,
            >(self.0, &args_, length_, &mut reply_, []);
            outcome_.value(&reply_)
        }
        /// Letters, forwards and backwards.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn text(
            &self,
            letters: [char; 3],
            last: ::core::option::Option<char>,
        ) -> (::core::option::Option<char>, [char; 3]) {
            let mut args_ = [0; <wire::text as ::idol_runtime::Operation>::ARGS];
            let mut encoder_ = ::idol_runtime::wire::Encoder::new(&mut args_);
            encoder_.put(&letters);
            encoder_.put(&last);
            let length_ = encoder_.length();
            let mut reply_ = [0; <wire::text as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call_with::<
                wire::text,
                _,
                _,
                _,
            >(self.0, &args_, length_, &mut reply_, []);
            outcome_.value(&reply_)
        }
        /// Operation `turn`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn turn(
            &self,
            shape: crate::Shape,
            by: ::core::option::Option<::demo_types::Angle>,
        ) -> crate::Shape {
            let mut args_ = [0; <wire::turn as ::idol_runtime::Operation>::ARGS];
            let mut encoder_ = ::idol_runtime::wire::Encoder::new(&mut args_);
            encoder_.put(&shape);
            encoder_.put(&by);
            let length_ = encoder_.length();
            let mut reply_ = [0; <wire::turn as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call_with::<
                wire::turn,
                _,
                _,
                _,
            >(self.0, &args_, length_, &mut reply_, []);
            outcome_.value(&reply_)
        }
        /// Operation `reading`.
        ///
        /// # Errors
        /// The server's own, or what [`crate::ValveError`] calls the server's death.
        #[inline]
        pub fn reading(
            &self,
            line: crate::Line,
            port: crate::Inlet,
        ) -> ::core::result::Result<
            (::core::result::Result<f32, crate::NoData>, u64),
            crate::ValveError,
        > {
            let mut args_ = [0; <wire::reading as ::idol_runtime::Operation>::ARGS];
            let mut encoder_ = ::idol_runtime::wire::Encoder::new(&mut args_);
            encoder_.put(&line);
            encoder_.put(&port);
            let length_ = encoder_.length();
            let mut reply_ = [0; <wire::reading as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call_with::<
                wire::reading,
                _,
                _,
                _,
            >(self.0, &args_, length_, &mut reply_, []);
            outcome_.result(&reply_)
        }
        /// Operation `stamped`.
        ///
        /// # Errors
        /// If the server died or the port's timeout passed.
        #[inline]
        pub fn stamped(
            &self,
            value: ::demo_types::Stamped<u16, 3>,
        ) -> ::core::result::Result<
            ::core::option::Option<::demo_types::Stamped<(u8,), 1>>,
            ::idol_runtime::ServerDeath,
        > {
            let mut args_ = [0; <wire::stamped as ::idol_runtime::Operation>::ARGS];
            let mut encoder_ = ::idol_runtime::wire::Encoder::new(&mut args_);
            encoder_.put(&value);
            let length_ = encoder_.length();
            let mut reply_ = [0; <wire::stamped as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call_with::<
                wire::stamped,
                _,
                _,
                _,
            >(self.0, &args_, length_, &mut reply_, []);
            outcome_.value_or_death(&reply_)
        }
        /// Operation `nothing`.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn nothing(&self) {
            let args_ = [];
            let mut reply_ = [];
            let outcome_ = ::idol_runtime::client::call::<
                wire::nothing,
                _,
                _,
                _,
            >(self.0, &args_, &mut reply_, []);
            outcome_.value(&reply_)
        }
        /// Too much for registers, both ways.
        ///
        /// Idempotent: repeated by itself if the server was restarted.
        ///
        /// # Panics
        /// If the server dies again and again on it, or the port's timeout passes.
        #[inline]
        pub fn many(
            &self,
            values: [::core::option::Option<u32>; 20],
            more: u8,
        ) -> [::core::option::Option<crate::Shape>; 20] {
            let mut args_ = [0; <wire::many as ::idol_runtime::Operation>::ARGS];
            let mut encoder_ = ::idol_runtime::wire::Encoder::new(&mut args_);
            encoder_.put(&values);
            encoder_.put(&more);
            let length_ = encoder_.length();
            let mut reply_ = [0; <wire::many as ::idol_runtime::Operation>::REPLY];
            let outcome_ = ::idol_runtime::client::call_with::<
                wire::many,
                _,
                _,
                _,
            >(self.0, &args_, length_, &mut reply_, []);
            outcome_.value(&reply_)
        }
    }
    /// What a server of interface `Shapes` does.
    pub trait ShapesServer {
        /// Operation `numbers`.
        fn numbers(
            &mut self,
            message: &::idol_runtime::Message,
            a: (u8, u16, u32, u64, u128),
            b: (i8, i16, i32, i64, i128),
            c: (bool, f32, f64, usize, isize),
        ) -> (u128, i128, isize);
        /// Letters, forwards and backwards.
        fn text(
            &mut self,
            message: &::idol_runtime::Message,
            letters: [char; 3],
            last: ::core::option::Option<char>,
        ) -> (::core::option::Option<char>, [char; 3]);
        /// Operation `turn`.
        fn turn(
            &mut self,
            message: &::idol_runtime::Message,
            shape: crate::Shape,
            by: ::core::option::Option<::demo_types::Angle>,
        ) -> crate::Shape;
        /// Operation `reading`.
        fn reading(
            &mut self,
            message: &::idol_runtime::Message,
            line: crate::Line,
            port: crate::Inlet,
        ) -> ::core::result::Result<
            (::core::result::Result<f32, crate::NoData>, u64),
            crate::ValveError,
        >;
        /// Operation `stamped`.
        fn stamped(
            &mut self,
            message: &::idol_runtime::Message,
            value: ::demo_types::Stamped<u16, 3>,
        ) -> ::core::option::Option<::demo_types::Stamped<(u8,), 1>>;
        /// Operation `nothing`.
        fn nothing(&mut self, message: &::idol_runtime::Message);
        /// Too much for registers, both ways.
        fn many(
            &mut self,
            message: &::idol_runtime::Message,
            values: [::core::option::Option<u32>; 20],
            more: u8,
        ) -> [::core::option::Option<crate::Shape>; 20];
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
    pub fn serve<S: ShapesServer + ?Sized>(server: &mut S) -> ! {
        ::idol_runtime::server::serve(server, S::mask, S::notified, dispatch)
    }
    /// Carries out one call, for a server with a loop of its own: checks it,
    /// calls the method, and says what to answer.
    pub fn dispatch<S: ShapesServer + ?Sized>(
        server: &mut S,
        message: &::idol_runtime::Message,
    ) -> ::idol_runtime::Answer {
        let answer = match message.operation {
            operations::NUMBERS => handle::numbers(server, message),
            operations::TEXT => handle::text(server, message),
            operations::TURN => handle::turn(server, message),
            operations::READING => handle::reading(server, message),
            operations::STAMPED => handle::stamped(server, message),
            operations::NOTHING => handle::nothing(server, message),
            operations::MANY => handle::many(server, message),
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
        pub(super) fn numbers<S: super::ShapesServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::numbers,
                { <wire::numbers as ::idol_runtime::Operation>::REPLY },
            >::open(message_)?;
            let args_: [u8; <wire::numbers as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut decoder_ = request_.decoder(&args_);
            let a: (u8, u16, u32, u64, u128) = decoder_.take();
            let b: (i8, i16, i32, i64, i128) = decoder_.take();
            let c: (bool, f32, f64, usize, isize) = decoder_.take();
            decoder_.finish()?;
            let value_ = server_.numbers(message_, a, b, c);
            request_.reply(&value_)
        }
        pub(super) fn text<S: super::ShapesServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::text,
                { <wire::text as ::idol_runtime::Operation>::REPLY },
            >::open(message_)?;
            let args_: [u8; <wire::text as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut decoder_ = request_.decoder(&args_);
            let letters: [char; 3] = decoder_.take();
            let last: ::core::option::Option<char> = decoder_.take();
            decoder_.finish()?;
            let value_ = server_.text(message_, letters, last);
            request_.reply(&value_)
        }
        pub(super) fn turn<S: super::ShapesServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::turn,
                { <wire::turn as ::idol_runtime::Operation>::REPLY },
            >::open(message_)?;
            let args_: [u8; <wire::turn as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut decoder_ = request_.decoder(&args_);
            let shape: crate::Shape = decoder_.take();
            let by: ::core::option::Option<::demo_types::Angle> = decoder_.take();
            decoder_.finish()?;
            let value_ = server_.turn(message_, shape, by);
            request_.reply(&value_)
        }
        pub(super) fn reading<S: super::ShapesServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::reading,
                { <wire::reading as ::idol_runtime::Operation>::REPLY },
            >::open(message_)?;
            let args_: [u8; <wire::reading as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut decoder_ = request_.decoder(&args_);
            let line: crate::Line = decoder_.take();
            let port: crate::Inlet = decoder_.take();
            decoder_.finish()?;
            let result_ = server_.reading(message_, line, port);
            request_.reply_result(result_)
        }
        pub(super) fn stamped<S: super::ShapesServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::stamped,
                { <wire::stamped as ::idol_runtime::Operation>::REPLY },
            >::open(message_)?;
            let args_: [u8; <wire::stamped as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut decoder_ = request_.decoder(&args_);
            let value: ::demo_types::Stamped<u16, 3> = decoder_.take();
            decoder_.finish()?;
            let value_ = server_.stamped(message_, value);
            request_.reply(&value_)
        }
        pub(super) fn nothing<S: super::ShapesServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::nothing,
                { <wire::nothing as ::idol_runtime::Operation>::REPLY },
            >::open(message_)?;
            server_.nothing(message_);
            request_.reply(&())
        }
        pub(super) fn many<S: super::ShapesServer + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = ::idol_runtime::server::Request::<
                wire::many,
                { <wire::many as ::idol_runtime::Operation>::REPLY },
            >::open(message_)?;
            let args_: [u8; <wire::many as ::idol_runtime::Operation>::ARGS] = request_
                .args()?;
            let mut decoder_ = request_.decoder(&args_);
            let values: [::core::option::Option<u32>; 20] = decoder_.take();
            let more: u8 = decoder_.take();
            decoder_.finish()?;
            let value_ = server_.many(message_, values, more);
            request_.reply(&value_)
        }
    }
}
