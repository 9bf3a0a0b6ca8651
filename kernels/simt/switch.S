// simt_switch(void** save, void* to): keeps the callee's registers on this stack, goes to another.
// The address is popped and jumped to: a return would miss the processor's return stack each time.
#if defined(__x86_64__) && defined(__ELF__)
    .text
    .globl simt_switch
    .type simt_switch, @function
simt_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    popq %rcx
    jmp *%rcx
    .size simt_switch, .-simt_switch
    .section .note.GNU-stack, "", @progbits
#endif
