// Boot: from whatever firmware left behind to the kernel in its upper half.
//
// Entered at the first byte of the image, MMU off, at EL1 or EL2 (EL3 says so and
// stops), by any core (others than core 0 are parked). No register but PC is
// trusted. Runs at physical addresses until `upper`; PC-relative addresses (adr,
// adrp) are physical before and virtual after, absolute ones (ldr =) always virtual.
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
        mrs     x0, mpidr_el1           // affinity: where MT is set, Aff0 is a thread
        ubfx    x1, x0, #32, #8
        ubfx    x0, x0, #0, #24
        orr     x0, x0, x1
        cbnz    x0, park
        mrs     x20, CurrentEL
        ubfx    x20, x20, #2, #2
        cmp     x20, #1
        b.eq    at_el1
        cmp     x20, #2
        b.eq    at_el2

        // EL3: the kernel would have to be firmware too.
        adrp    x0, text_el3
        add     x0, x0, :lo12:text_el3
        mov     x1, xzr
        bl      early_say
park:   wfe
        b       park

        .section .rodata.text_el3, "a"
text_el3:
        .asciz  "exov6: entered at EL3; boot with firmware that enters at EL2 or EL1\r\n"
        .section .head, "ax"

// Sends a text, ended by a zero, through the board's early console, if it has one.
// x0 = the text, x1 = what is added to physical addresses here. Uses x2 and x3.
        .global early_say
early_say:
        ldr     x2, =__early_console
        cbz     x2, 2f
        add     x2, x2, x1
1:      ldrb    w3, [x0], #1
        cbz     w3, 2f
        str     w3, [x2]
        b       1b
2:      ret

        // EL2: give EL1 everything, then drop to it. Nobody is left here, so nothing
        // may come back: no trap, no routed interrupt or abort, and HVC is undefined.
at_el2:
        mov     x0, #(1 << 31)          // HCR_EL2.RW: EL1 is AArch64
        orr     x0, x0, #(1 << 29)      // HCD: no HVC (where there is no EL3)
        orr     x0, x0, #(3 << 40)      // APK, API: pointer authentication is not trapped
        msr     hcr_el2, x0
        isb                             // what follows has its form without E2H
        mov     x0, #3                  // EL1 may use counter and timer
        msr     cnthctl_el2, x0
        msr     cntvoff_el2, xzr
        mov     x0, #0x33ff             // CPTR_EL2: RES1 bits; FP is not trapped
        msr     cptr_el2, x0
        msr     hstr_el2, xzr
        msr     vttbr_el2, xzr
        mrs     x0, midr_el1
        msr     vpidr_el2, x0
        mrs     x0, mpidr_el1
        msr     vmpidr_el2, x0

        // MDCR_EL2: debug stays at EL1, and all event counters are EL1's.
        mrs     x1, id_aa64dfr0_el1
        ubfx    x1, x1, #8, #4          // PMUVer: 0 = no PMU, 15 = not Arm's
        sub     x1, x1, #1
        cmp     x1, #14
        mov     x0, xzr
        b.hs    1f
        mrs     x0, pmcr_el0
        ubfx    x0, x0, #11, #5         // N into HPMN
1:      msr     mdcr_el2, x0

        // Fine-grained traps, where there are any (FEAT_FGT, FEAT_HCX): none.
        mrs     x0, id_aa64mmfr0_el1
        ubfx    x0, x0, #56, #4
        cbz     x0, 1f
        msr     s3_4_c1_c1_4, xzr       // HFGRTR_EL2
        msr     s3_4_c1_c1_5, xzr       // HFGWTR_EL2
        msr     s3_4_c1_c1_6, xzr       // HFGITR_EL2
        msr     s3_4_c3_c1_4, xzr       // HDFGRTR_EL2
        msr     s3_4_c3_c1_5, xzr       // HDFGWTR_EL2
1:      mrs     x0, id_aa64mmfr1_el1
        ubfx    x0, x0, #40, #4
        cbz     x0, 1f
        msr     s3_4_c1_c2_2, xzr       // HCRX_EL2

        // The system registers of a GICv3, where there are any, are EL1's too.
1:      mrs     x0, id_aa64pfr0_el1
        ubfx    x0, x0, #24, #4
        cbz     x0, 1f
        mov     x0, #0xf                // Enable, DIB, DFB, SRE
        msr     s3_4_c12_c9_5, x0       // ICC_SRE_EL2
        isb
        msr     s3_4_c12_c11_0, xzr     // ICH_HCR_EL2: nothing virtual

1:      ldr     x0, =SCTLR_OFF
        msr     sctlr_el1, x0
        mov     x0, #0x3c5              // EL1h, DAIF masked
        msr     spsr_el2, x0
        adr     x0, at_el1
        msr     elr_el2, x0
        isb
        eret

at_el1:
        ldr     x0, =SCTLR_OFF
        msr     sctlr_el1, x0
        isb
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

upper:  // Leave the identity map for good: tasks' spans are 25 bits. Until the first task
        // is activated there is no lower half at all.
        ldr     x0, =TCR_NO_TASK
        msr     tcr_el1, x0
        msr     ttbr0_el1, xzr
        isb
        tlbi    vmalle1
        dsb     nsh
        isb
        mov     x0, #1                  // an exception from here on cannot be recorded
        msr     tpidr_el1, x0           // (see `fatal`) until `kernel_main` says so
        adrp    x0, vectors
        add     x0, x0, :lo12:vectors
        msr     vbar_el1, x0
        msr     cpacr_el1, xzr          // floating point trapped
        mov     x0, #2                  // CNTKCTL: tasks may read the virtual counter
        msr     cntkctl_el1, x0
        msr     cntv_ctl_el0, xzr
        mov     x0, #(1 << 12)          // MDSCR: TDCC, no debug channel for tasks; no
        msr     mdscr_el1, x0           // breakpoints, watchpoints or steps
        msr     tpidr_el0, xzr
        msr     tpidrro_el0, xzr
        msr     contextidr_el1, xzr
        mrs     x0, id_aa64dfr0_el1
        ubfx    x0, x0, #8, #4          // as above
        sub     x0, x0, #1
        cmp     x0, #14
        b.hs    1f
        msr     pmuserenr_el0, xzr      // no event counters for tasks
1:      mrs     x0, id_aa64pfr0_el1
        ubfx    x0, x0, #44, #4
        cbz     x0, 1f
        msr     s3_3_c13_c2_3, xzr      // AMUSERENR_EL0: no activity monitors
1:      isb
        adrp    x0, __stack_top
        mov     sp, x0
        mov     x29, xzr
        mov     x30, xzr
        mov     x0, x20
        mov     x1, x19
        b       kernel_main
        .ltorg
