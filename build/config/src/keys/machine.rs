//! The keys of boards and chips, and those that every file has.

use super::{
    Absent, CONTROLLER_KIND, EXIT, Key, Keys, MANY, PSCI, SOME_TEXTS, Shape, TEXTS, TRIGGER, key,
};
use abi::limits::PAGE;

/// Lowest and highest number of a shared peripheral interrupt of a GIC
/// (Arm IHI 0048B, 2.2.1).
pub const SPI: (u64, u64) = (32, 1019);
/// Private peripheral interrupts: the timer's.
pub const PPI: (u64, u64) = (16, 31);
/// Bytes of one redistributor of a GICv3: two frames (IHI 0069H, 12.10).
pub const REDISTRIBUTOR_BYTES: u64 = 0x2_0000;
/// Most that the kernel maps of redistributors: those of 64 cores with four frames.
pub const REDISTRIBUTORS_MAX: u64 = 64 * 0x4_0000;
/// End of the physical addresses that the kernel's half of the address space holds.
pub const MAX_PHYSICAL: u64 = 1 << 39;

const PAGE_ADDRESS: Shape = Shape::Address { multiple: PAGE, high: MAX_PHYSICAL - PAGE };
const PAGES: Shape = Shape::Size { low: PAGE, high: MAX_PHYSICAL, multiple: PAGE };

/// `inherit`, in every file.
pub const INHERIT: Key = key(
    "inherit",
    Shape::Either(&[Shape::Text, TEXTS]),
    Absent::Means("nothing"),
    "A file, or a list of files, whose contents come before those of this one. A path \
     begins at the directory of this file, or at the repository.",
);
/// `remove`, in every file.
pub const REMOVE: Key = key(
    "remove",
    SOME_TEXTS,
    Absent::Means("nothing"),
    "Keys that are not inherited, as paths: `\"tasks.console\"`.",
);

/// A board.
pub static BOARD: Keys = Keys {
    what: "a board",
    doc: "What surrounds a chip: memory, firmware, how to emulate it.",
    now: &[
        INHERIT,
        REMOVE,
        key(
            "chip",
            Shape::Text,
            Absent::Refused("\"qemu-virt\""),
            "The chip: the name of a file in `chips/`, or the path of one that ends in `.toml`.",
        ),
        key(
            "load",
            PAGE_ADDRESS,
            Absent::Refused("0x4020_0000"),
            "Where the image is loaded and entered; within `ram`.",
        ),
        key(
            "psci",
            Shape::Word(&PSCI),
            Absent::Word("none"),
            "How firmware is called by a kernel that was entered at EL1.",
        ),
        key("exit", Shape::Word(&EXIT), Absent::Word("none"), "How an emulator is left."),
        key(
            "console",
            Shape::Text,
            Absent::Means("none"),
            "The peripheral that carries text and logs.",
        ),
        key(
            "early-console",
            Shape::Address { multiple: 4, high: MAX_PHYSICAL - 4 },
            Absent::Means("none"),
            "A register that sends a byte when it is written, without being set up.",
        ),
        key(
            "ram",
            Shape::Table(&RAM),
            Absent::Refused("{ base = 0x4000_0000, size = \"128 MiB\" }"),
            "Main memory.",
        ),
        key("qemu", Shape::Table(&QEMU), Absent::Means("cannot be emulated"), "The emulator."),
    ],
    later: &["debugger", "flash", "uboot"],
};

/// `ram = { … }`
pub static RAM: Keys = Keys {
    what: "`ram`",
    doc: "Main memory.",
    now: &[
        key("base", PAGE_ADDRESS, Absent::Refused("0x4000_0000"), "Its first byte."),
        key(
            "size",
            Shape::Size { low: 1 << 20, high: MAX_PHYSICAL, multiple: 1 << 20 },
            Absent::Refused("\"128 MiB\""),
            "Its length.",
        ),
    ],
    later: &[],
};

/// `qemu = { … }`
pub static QEMU: Keys = Keys {
    what: "`qemu`",
    doc: "How QEMU emulates the board.",
    now: &[
        key(
            "binary",
            Shape::Text,
            Absent::Refused("\"qemu-system-aarch64\""),
            "Program, looked up in `PATH`.",
        ),
        key("machine", Shape::Text, Absent::Refused("\"virt\""), "Argument of `-M`."),
        key("cpu", Shape::Text, Absent::Refused("\"cortex-a53\""), "Argument of `-cpu`."),
        key("args", TEXTS, Absent::Means("none"), "Further arguments."),
        key(
            "entries",
            Shape::Table(&ENTRIES),
            Absent::Means("`{ el1 = \"\" }`"),
            "The exception levels at which it can enter an image, each with what `-M` then \
             needs besides.",
        ),
    ],
    later: &["version"],
};

/// `entries = { … }`
pub static ENTRIES: Keys = Keys {
    what: "`entries`",
    doc: "The exception levels at which the emulator can enter an image.",
    now: &[
        key("el1", Shape::Text, Absent::Means("not at EL1"), "Options of `-M` for EL1."),
        key("el2", Shape::Text, Absent::Means("not at EL2"), "Options of `-M` for EL2."),
    ],
    later: &["el3"],
};

/// A chip.
pub static CHIP: Keys = Keys {
    what: "a chip",
    doc: "What drivers are written for: interrupt controller, timer, peripherals.",
    now: &[
        INHERIT,
        REMOVE,
        key(
            "interrupt-controller",
            Shape::Table(&CONTROLLER),
            Absent::Refused("{ kind = \"gicv2\", distributor = 0x0800_0000, cpu = 0x0801_0000 }"),
            "The interrupt controller.",
        ),
        key("timer", Shape::Table(&TIMER), Absent::Refused("{ irq = 27 }"), "The kernel's timer."),
        key(
            "peripherals",
            Shape::Map {
                name: Some("a peripheral"),
                of: &Shape::Table(&PERIPHERAL),
                low: 0,
                high: MANY,
            },
            Absent::Means("none"),
            "Peripherals, each for one task at most.",
        ),
    ],
    later: &["cores", "smmu"],
};

/// `interrupt-controller = { … }`
pub static CONTROLLER: Keys = Keys {
    what: "`interrupt-controller`",
    doc: "A generic interrupt controller.",
    now: &[
        key("kind", Shape::Word(&CONTROLLER_KIND), Absent::Refused("\"gicv2\""), "Its version."),
        key("distributor", PAGE_ADDRESS, Absent::Refused("0x0800_0000"), "Its distributor."),
        key(
            "cpu",
            PAGE_ADDRESS,
            Absent::Means("required by a GICv2"),
            "The CPU interface of a GICv2.",
        ),
        key(
            "redistributor",
            Shape::Table(&REDISTRIBUTOR),
            Absent::Means("required by a GICv3"),
            "The redistributors of a GICv3.",
        ),
    ],
    later: &["its"],
};

/// `redistributor = { … }`
pub static REDISTRIBUTOR: Keys = Keys {
    what: "`redistributor`",
    doc: "The redistributors of a GICv3: 128 KiB for each core, or 256 KiB with a GICv4.",
    now: &[
        key("address", PAGE_ADDRESS, Absent::Refused("0x080a_0000"), "First byte."),
        key(
            "size",
            Shape::Size {
                low: REDISTRIBUTOR_BYTES,
                high: REDISTRIBUTORS_MAX,
                multiple: REDISTRIBUTOR_BYTES,
            },
            Absent::Refused("\"128 KiB\""),
            "Length, of all cores together.",
        ),
    ],
    later: &["stride"],
};

/// `timer = { … }`
pub static TIMER: Keys = Keys {
    what: "`timer`",
    doc: "The kernel's timer.",
    now: &[key(
        "irq",
        Shape::Number { low: PPI.0, high: PPI.1, unit: "" },
        Absent::Refused("27"),
        "Interrupt number of the EL1 virtual timer.",
    )],
    later: &["frequency"],
};

/// An entry of `peripherals`.
pub static PERIPHERAL: Keys = Keys {
    what: "a peripheral",
    doc: "A device that one task owns. It has registers, or interrupts, or both.",
    now: &[
        key("address", PAGE_ADDRESS, Absent::Means("no registers"), "First byte of its registers."),
        key("size", PAGES, Absent::Means("no registers"), "Length of its registers."),
        key(
            "interrupts",
            Shape::Map {
                name: Some("an interrupt"),
                of: &Shape::Either(&[SPI_NUMBER, Shape::Table(&INTERRUPT)]),
                low: 0,
                high: MANY,
            },
            Absent::Means("none"),
            "Interrupts by name: a number, or a table with a trigger.",
        ),
    ],
    later: &["dma", "clock"],
};

const SPI_NUMBER: Shape = Shape::Number { low: SPI.0, high: SPI.1, unit: "" };

/// An interrupt of a peripheral, with a trigger.
pub static INTERRUPT: Keys = Keys {
    what: "an interrupt",
    doc: "An interrupt of a peripheral.",
    now: &[
        key(
            "number",
            SPI_NUMBER,
            Absent::Refused("33"),
            "Interrupt number of the controller: that of a device tree's `<0 N …>` is N + 32.",
        ),
        key(
            "trigger",
            Shape::Word(&TRIGGER),
            Absent::Word("level"),
            "What raises it: a level, or an edge.",
        ),
    ],
    later: &["priority"],
};
