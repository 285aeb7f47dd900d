//! Instructions that a task must not get away with, and what it is told for each.
//!
//! One list for both sides: the suite knows which fault to expect of number `n`, and a
//! puppet has a function that consists of that instruction and a return.
//!
//! An access from EL0 to a register of EL1 is an undefined instruction on this core
//! (no FEAT_IDST); *privileged* is what a control bit of EL1 traps. Not in the list,
//! because the emulator does not trap them: WFE (a hint to it); and those that the
//! kernel permits: CNTVCT_EL0, CNTFRQ_EL0, DCZID_EL0, TPIDR_EL0, TPIDRRO_EL0 (read).

use abi::fault::FaultKind;

/// Why an instruction is in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// There is no such instruction, or not for tasks on this core.
    Illegal,
    /// It is a debugger's.
    Debug,
    /// It is the kernel's, or reaches one of the kernel's registers.
    Privileged,
    /// Its address, `x0`, is not aligned.
    Misaligned,
    /// It asks `test/monitor` for an SError.
    Monitor,
}

/// An instruction and its fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Why it is here.
    pub group: Group,
    /// Name.
    pub name: &'static str,
    /// What the task is stopped with.
    pub fault: FaultKind,
}

macro_rules! instructions {
    ($($group:ident { $($name:ident $fault:ident $code:literal,)* })*) => {
        /// All of them.
        pub const ALL: &[Instruction] = &[
            $($( Instruction {
                group: Group::$group,
                name: stringify!($name),
                fault: FaultKind::$fault,
            }, )*)*
        ];

        #[cfg(all(feature = "task", target_os = "none", target_arch = "aarch64"))]
        mod code {
            $($(
                /// One instruction that must not complete, and a return for when it does.
                #[unsafe(naked)]
                unsafe extern "C" fn $name(_: u64) -> u64 {
                    core::arch::naked_asm!($code, "ret")
                }
            )*)*
            pub const ALL: &[unsafe extern "C" fn(u64) -> u64] = &[ $($( $name, )*)* ];
        }
    };
}

/// A register that a task may read, and what it finds there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// Name.
    pub name: &'static str,
    /// Bits that are told by the kernel, or by the core on its behalf.
    pub mask: u64,
    /// Their value, for a task without a thread pointer of its own.
    pub value: u64,
}

macro_rules! reads {
    ($($name:ident $code:literal & $mask:literal == $value:literal,)*) => {
        /// Registers that a task may read. To a puppet, the instruction that reads number
        /// `n` is number `ALL.len() + n`.
        pub const READS: &[Read] =
            &[$( Read { name: stringify!($name), mask: $mask, value: $value }, )*];

        #[cfg(all(feature = "task", target_os = "none", target_arch = "aarch64"))]
        mod read {
            $(
                /// Reads one register.
                #[unsafe(naked)]
                unsafe extern "C" fn $name(_: u64) -> u64 {
                    core::arch::naked_asm!($code, "ret")
                }
            )*
            pub const READS: &[unsafe extern "C" fn(u64) -> u64] = &[ $( $name, )* ];
        }
    };
}

reads! {
    tpidr "mrs x0, tpidr_el0" & 0xffff_ffff_ffff_ffff == 0,
    tpidrro "mrs x0, tpidrro_el0" & 0xffff_ffff_ffff_ffff == 0,
    pmuserenr "mrs x0, pmuserenr_el0" & 0xffff_ffff_ffff_ffff == 0,
    dczid_prohibited "mrs x0, dczid_el0" & 0x10 == 0x10,
    cntfrq "mrs x0, cntfrq_el0" & 0xffff_ffff == 62_500_000,
}

instructions! {
    Illegal {
        udf_zero IllegalInstruction "udf #0",
        udf_max IllegalInstruction "udf #0xffff",
        all_ones IllegalInstruction ".inst 0xffffffff",
        unallocated IllegalInstruction ".inst 0x02000000",
        sve_ptrue IllegalInstruction ".inst 0x2518e3e0",
        lse_casal IllegalInstruction ".inst 0xc8e0fc00",
        hvc IllegalInstruction ".inst 0xd4000002",
        smc IllegalInstruction ".inst 0xd4000003",
        eret IllegalInstruction ".inst 0xd69f03e0",
    }
    Debug {
        brk Debug "brk #0",
        brk_max Debug "brk #0xffff",
        hlt IllegalInstruction "hlt #0",
        hlt_semihosting IllegalInstruction "hlt #0xf000",
        dcps1 IllegalInstruction ".inst 0xd4a00001",
        drps IllegalInstruction ".inst 0xd6bf03e0",
    }
    Privileged {
        wfi Privileged "wfi",
        msr_daifset Privileged "msr daifset, #15",
        msr_daifclr Privileged "msr daifclr, #15",
        mrs_daif Privileged "mrs x0, daif",
        dc_zva Privileged "dc zva, x0",
        dc_cvac Privileged "dc cvac, x0",
        dc_civac Privileged "dc civac, x0",
        dc_cvau Privileged "dc cvau, x0",
        ic_ivau Privileged "ic ivau, x0",
        mrs_ctr Privileged "mrs x0, ctr_el0",
        mrs_cntpct Privileged "mrs x0, cntpct_el0",
        mrs_cntv_ctl Privileged "mrs x0, cntv_ctl_el0",
        msr_cntv_ctl Privileged "msr cntv_ctl_el0, x0",
        msr_cntv_cval Privileged "msr cntv_cval_el0, x0",
        msr_cntv_tval Privileged "msr cntv_tval_el0, x0",
        msr_cntp_ctl Privileged "msr cntp_ctl_el0, x0",
        msr_cntp_cval Privileged "msr cntp_cval_el0, x0",
        msr_cntp_tval Privileged "msr cntp_tval_el0, x0",
        mrs_pmccntr Privileged "mrs x0, pmccntr_el0",
        msr_pmcr Privileged "msr pmcr_el0, x0",
        msr_spsel IllegalInstruction "msr spsel, #0",
        mrs_currentel IllegalInstruction "mrs x0, currentel",
        msr_tpidrro IllegalInstruction "msr tpidrro_el0, x0",
        msr_tpidr_el1 IllegalInstruction "msr tpidr_el1, x0",
        msr_pmuserenr IllegalInstruction "msr pmuserenr_el0, x0",
        msr_sctlr IllegalInstruction "msr sctlr_el1, x0",
        mrs_sctlr IllegalInstruction "mrs x0, sctlr_el1",
        msr_actlr IllegalInstruction "msr actlr_el1, x0",
        msr_cpacr IllegalInstruction "msr cpacr_el1, x0",
        msr_ttbr0 IllegalInstruction "msr ttbr0_el1, x0",
        msr_ttbr1 IllegalInstruction "msr ttbr1_el1, x0",
        mrs_ttbr0 IllegalInstruction "mrs x0, ttbr0_el1",
        msr_tcr IllegalInstruction "msr tcr_el1, x0",
        msr_mair IllegalInstruction "msr mair_el1, x0",
        msr_vbar IllegalInstruction "msr vbar_el1, x0",
        msr_elr IllegalInstruction "msr elr_el1, x0",
        msr_spsr IllegalInstruction "msr spsr_el1, x0",
        msr_sp_el0 IllegalInstruction "msr sp_el0, x0",
        mrs_sp_el1 IllegalInstruction ".inst 0xd53c4100",
        mrs_esr IllegalInstruction "mrs x0, esr_el1",
        mrs_far IllegalInstruction "mrs x0, far_el1",
        msr_par IllegalInstruction "msr par_el1, x0",
        msr_cntkctl IllegalInstruction "msr cntkctl_el1, x0",
        msr_mdscr IllegalInstruction "msr mdscr_el1, x0",
        msr_oslar IllegalInstruction "msr oslar_el1, x0",
        mrs_midr IllegalInstruction "mrs x0, midr_el1",
        mrs_mpidr IllegalInstruction "mrs x0, mpidr_el1",
        mrs_id_aa64pfr0 IllegalInstruction "mrs x0, id_aa64pfr0_el1",
        mrs_hcr IllegalInstruction "mrs x0, hcr_el2",
        mrs_scr IllegalInstruction "mrs x0, scr_el3",
        tlbi_vmalle1 IllegalInstruction "tlbi vmalle1",
        tlbi_vae1 IllegalInstruction "tlbi vae1, x0",
        ic_iallu IllegalInstruction "ic iallu",
        dc_ivac IllegalInstruction "dc ivac, x0",
        dc_isw IllegalInstruction "dc isw, x0",
        dc_cisw IllegalInstruction "dc cisw, x0",
        at_s1e1r IllegalInstruction "at s1e1r, x0",
        mrs_osdtrrx IllegalInstruction "mrs x0, osdtrrx_el1",
        mrs_dbgbvr0 IllegalInstruction "mrs x0, dbgbvr0_el1",
        msr_dbgwvr0 IllegalInstruction "msr dbgwvr0_el1, x0",
        mrs_dlr IllegalInstruction "mrs x0, dlr_el0",
        mrs_dspsr IllegalInstruction "mrs x0, dspsr_el0",
        mrs_revidr IllegalInstruction "mrs x0, revidr_el1",
        msr_icc_pmr IllegalInstruction "msr S3_0_C4_C6_0, x0",
        mrs_icc_iar1 IllegalInstruction "mrs x0, S3_0_C12_C12_0",
        msr_contextidr IllegalInstruction "msr contextidr_el1, x0",
        dc_csw IllegalInstruction "dc csw, x0",
        mrs_cntvoff IllegalInstruction "mrs x0, cntvoff_el2",
    }
    Misaligned {
        ldxr_misaligned Alignment "ldxr x0, [x0]",
        ldar_misaligned Alignment "ldar x0, [x0]",
        stlr_misaligned Alignment "stlr x0, [x0]",
        ldaxp_misaligned Alignment "ldaxp x1, x2, [x0]",
        br_misaligned Alignment "br x0",
    }
    Monitor {
        brk_monitor External "brk #0x5e0",
    }
}

/// Function of an instruction: its `x0`, and `x0` after it.
#[cfg(all(feature = "task", target_os = "none", target_arch = "aarch64"))]
pub(crate) fn code(number: u64) -> Option<unsafe extern "C" fn(u64) -> u64> {
    let number = usize::try_from(number).ok()?;
    let read = number.checked_sub(ALL.len());
    code::ALL.get(number).or_else(|| read::READS.get(read?)).copied()
}

/// There are no such functions on the host.
#[cfg(all(feature = "task", not(all(target_os = "none", target_arch = "aarch64"))))]
pub(crate) fn code(_: u64) -> Option<unsafe extern "C" fn(u64) -> u64> {
    None
}
