// Boot: from whatever firmware left behind to the kernel in its upper half.
//
// Entered at the first byte of the image, MMU off, at EL1 or EL2 (EL3 stops), by
// any core (others than core 0 are parked). No register but PC is trusted. Runs
// at physical addresses until `upper`; PC-relative addresses (adr, adrp) are
// physical before and virtual after, absolute ones (ldr =) always virtual.
//
//   x19  counter at entry          x20  exception level at entry

        .section .head, "ax"
        .global image_head
image_head:                             // arm64 Image header, 64 bytes
        b       start
        .long   0
        .quad   __text_offset           // from the start of RAM
        .quad   __image_size            // memory needed, beyond the file's end too
        .quad   0b0010                  // little-endian, 4 KiB pages, fixed place
        .quad   0, 0, 0
        .ascii  "ARM\x64"
        .long   0

start:
        msr     daifset, #15
        mrs     x19, cntvct_el0
        mrs     x0, mpidr_el1
        and     x0, x0, #0xff
        cbnz    x0, park
        mrs     x20, CurrentEL
        lsr     x20, x20, #2
        cmp     x20, #1
        b.eq    at_el1
        cmp     x20, #2
        b.ne    park

        // EL2: give EL1 everything, then drop to it.
        mov     x0, #(1 << 31)          // HCR_EL2.RW: EL1 is AArch64
        msr     hcr_el2, x0
        mov     x0, #3                  // EL1 may use counter and timer
        msr     cnthctl_el2, x0
        msr     cntvoff_el2, xzr
        mov     x0, #0x33ff             // CPTR_EL2: trap nothing (RES1 bits)
        msr     cptr_el2, x0
        msr     hstr_el2, xzr
        msr     vttbr_el2, xzr
        mrs     x0, midr_el1
        msr     vpidr_el2, x0
        mrs     x0, mpidr_el1
        msr     vmpidr_el2, x0
        mov     x0, #0x3c5              // EL1h, DAIF masked
        msr     spsr_el2, x0
        adr     x0, at_el1
        msr     elr_el2, x0
        mov     x0, #0x0800             // SCTLR_EL1: RES1, MMU off
        movk    x0, #0x30d0, lsl #16
        msr     sctlr_el1, x0
        isb
        eret

park:   wfe
        b       park

at_el1:
        msr     spsel, #1
        mrs     x19, cntvct_el0         // again: CNTVOFF may have been firmware's

        // Clear the kernel's writable memory.
        adrp    x0, __bss_start
        adrp    x1, __bss_end           // both page-aligned
1:      stp     xzr, xzr, [x0], #16
        cmp     x0, x1
        b.lo    1b

        // Translation: attribute 0 = normal write-back, 1 = device nGnRnE.
        mov     x0, #0x00ff
        msr     mair_el1, x0
        adrp    x0, __identity_root
        msr     ttbr0_el1, x0
        adrp    x0, __kernel_root
        msr     ttbr1_el1, x0
        ldr     x0, =TCR_BOOT
        msr     tcr_el1, x0
        tlbi    vmalle1
        dsb     nsh
        isb
        ldr     x0, =SCTLR
        msr     sctlr_el1, x0
        isb
        ldr     x0, =upper
        br      x0

upper:  // Leave the identity map for good: tasks' spans are 25 bits.
        ldr     x0, =TCR
        msr     tcr_el1, x0
        msr     ttbr0_el1, xzr          // see `activate`: set before any task runs
        isb
        tlbi    vmalle1
        dsb     nsh
        isb
        adrp    x0, vectors
        add     x0, x0, :lo12:vectors
        msr     vbar_el1, x0
        msr     cpacr_el1, xzr          // floating point trapped
        mov     x0, #2                  // CNTKCTL: tasks may read the virtual counter
        msr     cntkctl_el1, x0
        msr     cntv_ctl_el0, xzr
        msr     mdscr_el1, xzr
        msr     pmuserenr_el0, xzr
        msr     tpidr_el0, xzr
        msr     tpidrro_el0, xzr
        msr     tpidr_el1, xzr
        msr     contextidr_el1, xzr
        isb
        adrp    x0, __stack_top
        mov     sp, x0
        mov     x29, xzr
        mov     x30, xzr
        mov     x0, x20
        mov     x1, x19
        b       kernel_main
        .ltorg
