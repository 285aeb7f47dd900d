//! From a task model to Rust: constants in small modules.
//!
//! Every module is always there, empty if need be, so that a task fails to compile
//! because of the one name it lacks and not because of a missing module. There are
//! no attributes on the whole file: it is `include!`d, where none are allowed, and
//! `userlib::task!` puts them around it.

use crate::config;
use crate::error::Error;
use crate::model::{Policy, TaskModel};
use crate::names::{check_distinct, constant, module};
use abi::kernel_op::KernelOp;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// The text of `task.rs`; `interfaces` are generated modules.
///
/// # Errors
/// If two names become the same in Rust, or a configuration value has no type.
pub fn emit(model: &TaskModel, interfaces: &[String]) -> Result<String, Error> {
    let constants = [
        ports(model)?,
        notifications(model)?,
        timers(model)?,
        posts(model)?,
        devices(model)?,
        summary(model)?,
        tasks(model)?,
        heap(model),
        rings(model),
        restart(model),
        granted(model),
        configuration(model)?,
        log(model),
    ];
    let tokens = quote!(#(#constants)*);
    let text = match syn::parse2(tokens.clone()) {
        Ok(file) => prettyplease::unparse(&file),
        // Cannot happen with checked names; unformatted text then shows why.
        Err(_) => tokens.to_string(),
    };
    let title = format!(
        "// Constants of task `{}` of `{}`; written by the build, not to be changed.\n",
        model.task, model.app
    );
    let mut idl = String::from("\n/// Interfaces that this task calls or serves.\npub mod idl {\n");
    for interface in interfaces {
        for line in interface.lines() {
            let indent = if line.is_empty() { "" } else { "    " };
            idl.push_str(indent);
            idl.push_str(line);
            idl.push('\n');
        }
    }
    idl.push_str("}\n");
    Ok(title + &text + &idl)
}

fn hex(value: u64) -> Literal {
    // A literal keeps the notation that it is read in.
    format!("{value:#x}").parse().unwrap_or_else(|_| Literal::u64_unsuffixed(value))
}

fn bits(mask: u32) -> TokenStream {
    let mask: Literal =
        format!("{mask:#b}").parse().unwrap_or_else(|_| Literal::u32_unsuffixed(mask));
    quote!(::userlib::Bits(#mask))
}

fn bit(number: u8) -> u32 {
    1_u32.checked_shl(u32::from(number)).unwrap_or(0)
}

fn ports(model: &TaskModel) -> Result<TokenStream, Error> {
    let all = model.any_ports.then_some("ALL");
    check_distinct("port", all.into_iter().chain(model.ports.iter().map(|p| p.name.as_str())))?;
    let all = all.map(|_| {
        let each = model.ports.iter().map(|port| {
            let (number, mask) = (Literal::u8_unsuffixed(port.number), hex(port.mask));
            quote!(::userlib::PortGrant { port: ::userlib::Port(#number), operations: #mask })
        });
        quote! {
            /// All of them, with the operations that they permit.
            pub const ALL: &[::userlib::PortGrant] = &[#(#each),*];
        }
    });
    let ports = model.ports.iter().map(|port| {
        let (name, number) = (constant(&port.name), Literal::u8_unsuffixed(port.number));
        let doc = format!(" Calls task `{}`.", port.server);
        quote!(#[doc = #doc] pub const #name: ::userlib::Port = ::userlib::Port(#number);)
    });
    Ok(quote! {
        /// Channels that this task may call.
        pub mod ports { #(#ports)* #all }
    })
}

fn notifications(model: &TaskModel) -> Result<TokenStream, Error> {
    let all = ["ALL"].into_iter();
    let names = model.notifications.iter().map(|notification| notification.name.as_str());
    check_distinct("notification", all.chain(names))?;
    let each = model.notifications.iter().map(|notification| {
        let (name, mask) = (constant(&notification.name), bits(bit(notification.bit)));
        let doc = format!(" Notification `{}`.", notification.name);
        quote!(#[doc = #doc] pub const #name: ::userlib::Bits = #mask;)
    });
    let all = bits(model.notifications.iter().fold(0, |all, one| all | bit(one.bit)));
    Ok(quote! {
        /// Notification bits of this task.
        pub mod notifications {
            #(#each)*
            /// All of them.
            pub const ALL: ::userlib::Bits = #all;
        }
    })
}

fn timers(model: &TaskModel) -> Result<TokenStream, Error> {
    check_distinct("timer", model.timers.iter().map(|timer| timer.name.as_str()))?;
    let timers = model.timers.iter().map(|timer| {
        let name = constant(&timer.name);
        let (number, bits) = (Literal::u8_unsuffixed(timer.number), bits(bit(timer.bit)));
        let doc = format!(" Timer `{}`.", timer.name);
        quote! {
            #[doc = #doc]
            pub const #name: ::userlib::Timer = ::userlib::Timer { number: #number, bits: #bits };
        }
    });
    Ok(quote! {
        /// Timers of this task.
        pub mod timers { #(#timers)* }
    })
}

fn posts(model: &TaskModel) -> Result<TokenStream, Error> {
    check_distinct("post to task", model.posts.iter().map(|post| post.task.as_str()))?;
    let mut targets = TokenStream::new();
    for post in &model.posts {
        let names = post.bits.iter().map(|bit| bit.name.as_str());
        check_distinct("posted notification", names)?;
        let number = Literal::u8_unsuffixed(post.number);
        let each = post.bits.iter().map(|bit| {
            let (name, mask) = (constant(&bit.name), bits(bit.mask));
            let doc = format!(" Sets `{}` of task `{}`.", bit.name, post.task);
            quote! {
                #[doc = #doc]
                pub const #name: ::userlib::PostGrant =
                    ::userlib::PostGrant { number: #number, bits: #mask };
            }
        });
        let (module, doc) =
            (module(&post.task), format!(" Notifications of task `{}`.", post.task));
        targets.extend(quote!(#[doc = #doc] pub mod #module { #(#each)* }));
    }
    Ok(quote! {
        /// Notifications of other tasks that this one may set.
        pub mod posts { #targets }
    })
}

fn device(address: u64, size: u64) -> TokenStream {
    let (address, size) = (hex(address), hex(size));
    quote!(::userlib::Device { address: #address, size: #size })
}

fn devices(model: &TaskModel) -> Result<TokenStream, Error> {
    check_distinct("device", model.devices.iter().map(|device| device.name.as_str()))?;
    let devices = model.devices.iter().map(|one| {
        let (name, value) = (constant(&one.name), device(one.address, one.size));
        let doc = format!(" Where `{}` is mapped.", one.name);
        quote!(#[doc = #doc] pub const #name: ::userlib::Device = #value;)
    });
    Ok(quote! {
        /// Peripherals and pages of boot information of this task.
        pub mod devices { #(#devices)* }
    })
}

fn summary(model: &TaskModel) -> Result<TokenStream, Error> {
    check_distinct("summary counter", model.summary.iter().map(String::as_str))?;
    let counters = model.summary.iter().enumerate().map(|(i, name)| {
        let (constant, number) = (constant(name), Literal::usize_unsuffixed(i));
        let doc = format!(" Counter \"{name}\".");
        quote!(#[doc = #doc] pub const #constant: ::userlib::Counter = ::userlib::Counter(#number);)
    });
    Ok(quote! {
        /// Summary counters of this task.
        pub mod summary { #(#counters)* }
    })
}

fn tasks(model: &TaskModel) -> Result<TokenStream, Error> {
    let names = &model.tasks;
    check_distinct("task", ["NAMES"].into_iter().chain(names.iter().map(String::as_str)))?;
    let count = Literal::usize_unsuffixed(names.len());
    let each = names.iter().enumerate().map(|(i, name)| {
        let (constant, index) = (constant(name), Literal::usize_unsuffixed(i));
        let doc = format!(" Index of task `{name}`.");
        quote!(#[doc = #doc] pub const #constant: u32 = #index;)
    });
    Ok(quote! {
        /// All tasks of the image.
        pub mod tasks {
            /// Names, in index order.
            pub const NAMES: [&str; #count] = [#(#names),*];
            #(#each)*
        }
    })
}

fn heap(model: &TaskModel) -> TokenStream {
    let memory = match model.heap {
        Some(heap) => {
            let device = device(heap.address, heap.size);
            quote!(::core::option::Option::Some(#device))
        }
        None => quote!(::core::option::Option::None),
    };
    quote! {
        /// The heap of this task, for `userlib::heap!`.
        pub mod heap {
            /// Where it lies; none if app.toml gives none.
            pub const MEMORY: ::core::option::Option<::userlib::Device> = #memory;
        }
    }
}

fn rings(model: &TaskModel) -> TokenStream {
    let rings = model.rings.iter().map(|ring| {
        let index = model.tasks.iter().position(|task| *task == ring.task).unwrap_or(0);
        let task = Literal::usize_unsuffixed(index);
        let (address, size) = (hex(ring.address), hex(ring.size));
        let summary = Literal::u8_unsuffixed(ring.summary);
        quote! {
            ::userlib::LogRing { task: #task, address: #address, size: #size, summary: #summary }
        }
    });
    let record = match model.boot_record {
        Some(address) => {
            let device = device(address, abi::limits::PAGE);
            quote!(::core::option::Option::Some(#device))
        }
        None => quote!(::core::option::Option::None),
    };
    quote! {
        /// Log rings and boot record, for the log task.
        pub mod rings {
            /// Rings of all tasks.
            pub const ALL: &[::userlib::LogRing] = &[#(#rings),*];
            /// The kernel's boot record.
            pub const BOOT_RECORD: ::core::option::Option<::userlib::Device> = #record;
        }
    }
}

fn restart(model: &TaskModel) -> TokenStream {
    let rules = model.restart.iter().map(|rule| {
        let policy = match rule.policy {
            Policy::Always => quote!(::userlib::RestartPolicy::Always),
            Policy::Never => quote!(::userlib::RestartPolicy::Never),
        };
        let interval = Literal::u32_unsuffixed(rule.min_interval_ms);
        let rate = Literal::u32_unsuffixed(rule.max_per_s);
        quote! {
            ::userlib::RestartRule {
                policy: #policy, min_interval_ms: #interval, max_per_s: #rate,
            }
        }
    });
    quote! {
        /// What to do with faulted tasks, for the supervisor.
        pub mod restart {
            /// Rules for all tasks, in index order.
            pub const ALL: &[::userlib::RestartRule] = &[#(#rules),*];
        }
    }
}

fn granted(model: &TaskModel) -> TokenStream {
    let each = KernelOp::ALL.iter().map(|(_, name)| {
        let constant = constant(name);
        let granted = model.kernel.iter().any(|own| own == name);
        let doc = format!(" Whether `{name}` is granted, for any task.");
        quote!(#[doc = #doc] pub const #constant: bool = #granted;)
    });
    quote! {
        /// Kernel operations that this task is granted.
        pub mod granted { #(#each)* }
    }
}

fn configuration(model: &TaskModel) -> Result<TokenStream, Error> {
    let constants = config::constants("", &model.config)?;
    Ok(quote! {
        /// Configuration of this task, from app.toml.
        pub mod config { #constants }
    })
}

fn log(model: &TaskModel) -> TokenStream {
    let ring = hex(model.log.ring.unwrap_or(0));
    let size = hex(model.log.size.unwrap_or(0));
    let post = match (model.log.post, model.log.mask) {
        (Some(number), Some(mask)) => {
            let (number, bits) = (Literal::u8_unsuffixed(number), bits(mask));
            quote! {
                ::core::option::Option::Some(
                    ::userlib::PostGrant { number: #number, bits: #bits }
                )
            }
        }
        _ => quote!(::core::option::Option::None),
    };
    quote! {
        /// Where this task's log ring lies, and whom to tell of a record.
        #[allow(unsafe_code, reason = "userlib finds it by this name")]
        #[unsafe(no_mangle)]
        pub static EXOV6_LOG: ::userlib::LogConfig =
            ::userlib::LogConfig { ring: #ring, size: #size, post: #post };
    }
}
