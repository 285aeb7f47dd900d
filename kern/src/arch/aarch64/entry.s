// Entry and exit: a task's registers go straight into its table entry.
//
// While a task runs, SP_EL1 points at its frame, so that the very first store of
// an exception needs no scratch register:
//
//   frame + 0     x0 x1 … x29 x30        31 × 8
//         + 248   SP_EL0
//         + 256   ELR_EL1   SPSR_EL1
//         + 272   ESR_EL1   FAR_EL1      valid for synchronous exceptions
//         + 288   TPIDR_EL0, and its mask: all ones if the task has a thread pointer
//
// The kernel itself runs with interrupts masked on one stack that is empty at
// each entry. An exception taken in the kernel is fatal.

        .section .text.vectors, "ax"
        .balign 2048
        .global vectors
vectors:
        .macro  fatal_entry
        .balign 128
        b       fatal
        .endm
        .macro  task_entry handler
        .balign 128
        stp     x0, x1, [sp]
        stp     x2, x3, [sp, #16]
        stp     x4, x5, [sp, #32]
        stp     x6, x7, [sp, #48]
        stp     x8, x9, [sp, #64]
        stp     x10, x11, [sp, #80]
        stp     x12, x13, [sp, #96]
        stp     x14, x15, [sp, #112]
        stp     x16, x17, [sp, #128]
        stp     x18, x19, [sp, #144]
        stp     x20, x21, [sp, #160]
        stp     x22, x23, [sp, #176]
        stp     x24, x25, [sp, #192]
        stp     x26, x27, [sp, #208]
        stp     x28, x29, [sp, #224]
        mrs     x0, sp_el0
        stp     x30, x0, [sp, #240]
        b       \handler
        .endm

        fatal_entry                     // EL1 with SP_EL0: never used
        fatal_entry
        fatal_entry
        fatal_entry
        fatal_entry                     // EL1: the kernel itself
        fatal_entry
        fatal_entry
        fatal_entry
        task_entry on_synchronous
        task_entry on_interrupt
        fatal_entry                     // FIQ: not ours; masked in every task too
        task_entry on_serror
        fatal_entry                     // AArch32: no task is
        fatal_entry
        fatal_entry
        fatal_entry

        // Saves the rest, and leaves the task's stack and flags behind.
        .macro  enter_kernel
        mrs     x0, elr_el1
        mrs     x1, spsr_el1
        stp     x0, x1, [sp, #256]
        mrs     x2, tpidr_el0
        str     x2, [sp, #288]
        adrp    x4, __stack_top
        mov     x5, sp
        mov     sp, x4
        mov     x29, xzr                // a backtrace ends here
        mov     x30, xzr
        .endm

on_synchronous:
        enter_kernel
        mrs     x0, esr_el1
        mrs     x1, far_el1
        stp     x0, x1, [x5, #272]
        bl      kernel_synchronous
        b       resume
on_interrupt:
        enter_kernel
        bl      kernel_interrupt
        b       resume
on_serror:
        enter_kernel
        mrs     x0, esr_el1
        bl      kernel_serror
        b       resume

// x0 = the frame of the task to run, its address space already active.
//
// Of the task's SPSR, its flags and DIT stay: code that must take the same time
// whatever its data would not be told that an interrupt had ended that promise. All
// else is cleared: AArch64, EL0, no single step, no illegal state, no mask; SSBS, BTYPE
// and TCO are zero, their careful value. FIQ is masked: nothing here is a FIQ.
        .global resume
resume:
        mov     sp, x0
        ldp     x0, x1, [sp, #256]
        mov     x2, #0xf1000000         // N Z C V, DIT
        and     x1, x1, x2
        orr     x1, x1, #(1 << 6)       // F
        msr     elr_el1, x0
        msr     spsr_el1, x1
        ldp     x30, x0, [sp, #240]
        msr     sp_el0, x0
        ldp     x0, x1, [sp, #288]
        and     x0, x0, x1
        msr     tpidr_el0, x0
        clrex
        ldp     x2, x3, [sp, #16]
        ldp     x4, x5, [sp, #32]
        ldp     x6, x7, [sp, #48]
        ldp     x8, x9, [sp, #64]
        ldp     x10, x11, [sp, #80]
        ldp     x12, x13, [sp, #96]
        ldp     x14, x15, [sp, #112]
        ldp     x16, x17, [sp, #128]
        ldp     x18, x19, [sp, #144]
        ldp     x20, x21, [sp, #160]
        ldp     x22, x23, [sp, #176]
        ldp     x24, x25, [sp, #192]
        ldp     x26, x27, [sp, #208]
        ldp     x28, x29, [sp, #224]
        ldp     x0, x1, [sp]
        eret

// The kernel has broken its own rules. On a stack of its own, it writes why and
// resets. A second time, or before there is a kernel, it says so and stops.
fatal:
        mrs     x3, tpidr_el1
        cbnz    x3, 1f
        mov     x3, #1
        msr     tpidr_el1, x3
        adrp    x4, __fatal_stack_top
        mov     sp, x4
        mrs     x0, esr_el1
        mrs     x1, far_el1
        mrs     x2, elr_el1
        bl      kernel_fatal
1:      adrp    x0, text_fatal
        add     x0, x0, :lo12:text_fatal
        ldr     x1, =LINEAR
        bl      early_say
2:      wfe
        b       2b
        .ltorg

        .section .rodata.text_fatal, "a"
text_fatal:
        .asciz  "exov6: an exception in the kernel that cannot be recorded\r\n"
        .section .text.vectors, "ax"
        .balign 4

// Floating point: 32 registers of 16 bytes, then FPCR and FPSR. x0 = where.
        .arch_extension fp
        .arch_extension simd
        .global fp_save
fp_save:
        stp     q0, q1, [x0]
        stp     q2, q3, [x0, #32]
        stp     q4, q5, [x0, #64]
        stp     q6, q7, [x0, #96]
        stp     q8, q9, [x0, #128]
        stp     q10, q11, [x0, #160]
        stp     q12, q13, [x0, #192]
        stp     q14, q15, [x0, #224]
        stp     q16, q17, [x0, #256]
        stp     q18, q19, [x0, #288]
        stp     q20, q21, [x0, #320]
        stp     q22, q23, [x0, #352]
        stp     q24, q25, [x0, #384]
        stp     q26, q27, [x0, #416]
        stp     q28, q29, [x0, #448]
        stp     q30, q31, [x0, #480]
        mrs     x1, fpcr
        mrs     x2, fpsr
        add     x0, x0, #512
        stp     x1, x2, [x0]
        ret

        .global fp_load
fp_load:
        ldp     q0, q1, [x0]
        ldp     q2, q3, [x0, #32]
        ldp     q4, q5, [x0, #64]
        ldp     q6, q7, [x0, #96]
        ldp     q8, q9, [x0, #128]
        ldp     q10, q11, [x0, #160]
        ldp     q12, q13, [x0, #192]
        ldp     q14, q15, [x0, #224]
        ldp     q16, q17, [x0, #256]
        ldp     q18, q19, [x0, #288]
        ldp     q20, q21, [x0, #320]
        ldp     q22, q23, [x0, #352]
        ldp     q24, q25, [x0, #384]
        ldp     q26, q27, [x0, #416]
        ldp     q28, q29, [x0, #448]
        ldp     q30, q31, [x0, #480]
        add     x0, x0, #512
        ldp     x1, x2, [x0]
        msr     fpcr, x1
        msr     fpsr, x2
        ret
        .arch_extension nosimd
        .arch_extension nofp
