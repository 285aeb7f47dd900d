// Entered at EL2 with the MMU off; has no memory but its own text.

        .section .text.monitor, "ax"
        .equ    IMAGE, 0x40200000

        .global start
start:
        adr     x0, vectors
        msr     vbar_el2, x0
        mov     x0, #(1 << 31)          // RW: EL1 is AArch64
        orr     x0, x0, #(1 << 5)       // AMO: virtual SErrors exist
        msr     hcr_el2, x0
        isb
        mrs     x0, pmcr_el0
        ubfx    x0, x0, #11, #5         // HPMN: all event counters are EL1's
        orr     x0, x0, #(1 << 8)       // TDE: debug exceptions come here
        msr     mdcr_el2, x0
        mov     x0, #3
        msr     cnthctl_el2, x0
        msr     cntvoff_el2, xzr
        mov     x0, #0x33ff
        msr     cptr_el2, x0
        msr     hstr_el2, xzr
        msr     vttbr_el2, xzr
        mrs     x0, midr_el1
        msr     vpidr_el2, x0
        mrs     x0, mpidr_el1
        msr     vmpidr_el2, x0
        mrs     x0, id_aa64pfr0_el1
        ubfx    x0, x0, #24, #4
        cbz     x0, 1f
        mov     x0, #0xf
        msr     s3_4_c12_c9_5, x0       // ICC_SRE_EL2
        isb
        msr     s3_4_c12_c11_0, xzr     // ICH_HCR_EL2
1:      mov     x0, #0x3c5              // EL1h, all masked
        msr     spsr_el2, x0
        ldr     x0, =IMAGE
        msr     elr_el2, x0
        mov     x0, xzr
        eret
        .ltorg

        .balign 2048
vectors:
        .macro  stuck
        .balign 128
        b       .
        .endm
        .rept   8
        stuck
        .endr
        .balign 128
        b       from_above              // synchronous, from AArch64 below EL2
        .rept   7
        stuck
        .endr

from_above:
        msr     tpidr_el2, x9
        mrs     x9, esr_el2
        lsr     x9, x9, #26
        cmp     x9, #0x16               // HVC
        b.eq    hand_on
        cmp     x9, #0x18               // TDE traps MDSCR_EL1 too: skip the write
        b.eq    skip
        cmp     x9, #0x3c               // BRK
        b.ne    .
        mrs     x9, esr_el2
        and     x9, x9, #0xffff
        cmp     x9, #0x5e0
        b.ne    .
        mrs     x9, hcr_el2
        orr     x9, x9, #(1 << 8)       // VSE
        msr     hcr_el2, x9
skip:   mrs     x9, elr_el2
        add     x9, x9, #4
        msr     elr_el2, x9
        mrs     x9, tpidr_el2
        eret

hand_on:
        mrs     x9, tpidr_el2
        smc     #0
        eret
