// The host processor as an oracle, entered through a far jump to 32-bit code.
#include "vcpu/oracle/host.h"

#include <csetjmp>
#include <csignal>
#include <cstring>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The control page, at a low address so that 32-bit code reaches it. Offsets are used by the
 * assembly below as numbers.
 */
struct Control {
    uint64_t host_stack;       /* 0x000 */
    uint32_t entry_offset;     /* 0x008: far pointer to the 32-bit entry */
    uint32_t entry_selector;   /* 0x00c */
    uint32_t guest_stack;      /* 0x010 */
    uint32_t target;           /* 0x014 */
    uint32_t landed;           /* 0x018 */
    uint32_t guest_stack_out;  /* 0x01c */
    uint32_t registers_in[9];  /* 0x020: edi esi ebp - ebx edx ecx eax, flags */
    uint32_t unused[7];        /* 0x044 */
    uint32_t registers_out[9]; /* 0x060: edi esi ebp - ebx edx ecx eax, flags; end is 0x084 */
    uint8_t padding[0x100 - 0x84];
    uint8_t fx_in[512];  /* 0x100 */
    uint8_t fx_out[512]; /* 0x300 */
};
static_assert(offsetof(Control, registers_out) == 0x60 && offsetof(Control, fx_out) == 0x300);

static constexpr uintptr_t CONTROL = 0x200000;
static constexpr uintptr_t TRAMPOLINE = 0x201000;

#if defined(__x86_64__)
/* Copied to TRAMPOLINE. The 32-bit parts are position-dependent by their absolute operands only. */
asm(R"(
    .pushsection .rodata
    .globl oracle_begin, oracle_entry32, oracle_fall, oracle_land, oracle_end
oracle_begin:
    .code64
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, 0x200000
    fxrstor64 0x200100
    mov $0x2b, %eax
    mov %eax, %ds
    mov %eax, %es
    ljmp *0x200008
    .code32
oracle_entry32:
    mov $0x200020, %esp
    popal
    popfl
    mov 0x200010, %esp
    jmp *0x200014
oracle_fall:
    movl $0, 0x200018
    jmp 1f
oracle_land:
    movl $1, 0x200018
1:  mov %esp, 0x20001c
    mov $0x200084, %esp
    pushfl
    cld
    pushal
    ljmp $0x33, $(0x201000 + 2f - oracle_begin)
    .code64
2:  fxsave64 0x200300
    mov 0x200000, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    fninit
    ret
oracle_end:
    .popsection
)");
extern "C" const uint8_t oracle_begin[], oracle_entry32[], oracle_fall[], oracle_land[],
    oracle_end[];
#endif

namespace
{

Control *control()
{
    return reinterpret_cast<Control *>(CONTROL);
}

sigjmp_buf escape;
volatile sig_atomic_t escape_signal;

void on_signal(int number)
{
    escape_signal = number;
    siglongjmp(escape, 1);
}

const int SIGNALS[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};

bool map_low(uintptr_t address, size_t size_bytes, int protection)
{
    void *want = reinterpret_cast<void *>(address);
    void *got = mmap(want, size_bytes, protection,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (got != want && got != MAP_FAILED) {
        munmap(got, size_bytes);
    }
    return got == want;
}

/* jmp rel32, from one address to another. */
void put_jump(uint8_t *at, uintptr_t target)
{
    int32_t distance = static_cast<int32_t>(target - (reinterpret_cast<uintptr_t>(at) + 5));
    at[0] = 0xe9;
    memcpy(at + 1, &distance, sizeof distance);
}

} // namespace

bool Host::map()
{
    mapped_ = map_low(HOST_FIRST, MEMORY_BYTES - HOST_FIRST, PROT_READ | PROT_WRITE | PROT_EXEC) &&
              map_low(CONTROL, 0x2000, PROT_READ | PROT_WRITE | PROT_EXEC);
    return mapped_;
}

Host::Host()
{
#if defined(__x86_64__)
    if (!map()) {
        why_not_ = "this host does not let a process map memory at low addresses";
        return;
    }
    memcpy(reinterpret_cast<void *>(TRAMPOLINE), oracle_begin, oracle_end - oracle_begin);
    asm volatile("fxsave64 %0" : "=m"(control()->fx_in));
    control()->entry_offset = TRAMPOLINE + (oracle_entry32 - oracle_begin);
    control()->entry_selector = 0x23;
    /* Try it in a child: a host that cannot may do worse than signal. */
    pid_t child = fork();
    if (child == 0) {
        struct vcpu state = {};
        vcpu_reset(&state, CODE);
        memory(CODE)[0] = 0x40; /* inc eax */
        _exit(run(1, &state) == FALLS_THROUGH && state.gpr[VCPU_EAX] == 1 ? 0 : 1);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        why_not_ = "this host does not run 32-bit code in a 64-bit process";
    }
#else
    why_not_ = "this host is not an x86-64 processor";
#endif
}

Host::~Host()
{
    if (mapped_) {
        munmap(reinterpret_cast<void *>(static_cast<uintptr_t>(HOST_FIRST)),
               MEMORY_BYTES - HOST_FIRST);
        munmap(reinterpret_cast<void *>(CONTROL), 0x2000);
    }
}

/* popa and pusha have the registers in this order from the lowest address; ESP's place is idle. */
static const int POPA_ORDER[8] = {VCPU_EDI, VCPU_ESI, VCPU_EBP, -1,
                                  VCPU_EBX, VCPU_EDX, VCPU_ECX, VCPU_EAX};

void Host::load(const struct vcpu &state)
{
    Control *c = control();
    for (int i = 0; i < 8; i++) {
        c->registers_in[i] = POPA_ORDER[i] < 0 ? 0 : state.gpr[POPA_ORDER[i]];
    }
    c->registers_in[8] = state.eflags | 0x202;
    c->guest_stack = state.gpr[VCPU_ESP];
    c->target = CODE;
    /* The legacy region of FXSAVE: Intel SDM vol. 1, 10.5.1; registers in stack order. */
    const struct vcpu_x87 &x87 = state.x87;
    uint16_t status = static_cast<uint16_t>((x87.conditions & 7) << 8 | x87.top << 11 |
                                            (x87.conditions >> 3 & 1) << 14);
    memcpy(c->fx_in, &x87.control, 2);
    memcpy(c->fx_in + 2, &status, 2);
    c->fx_in[4] = x87.valid;
    for (unsigned i = 0; i < 8; i++) {
        unsigned physical = (x87.top + i) & 7;
        memcpy(c->fx_in + 32 + 16 * i, &x87.mantissa[physical], 8);
        memcpy(c->fx_in + 40 + 16 * i, &x87.sign_exponent[physical], 2);
    }
}

void Host::store(struct vcpu *state)
{
    const Control *c = control();
    for (int i = 0; i < 8; i++) {
        if (POPA_ORDER[i] >= 0) {
            state->gpr[POPA_ORDER[i]] = c->registers_out[i];
        }
    }
    state->gpr[VCPU_ESP] = c->guest_stack_out;
    state->eflags = c->registers_out[8] & VCPU_FLAG_ALL;
    struct vcpu_x87 &x87 = state->x87;
    uint16_t status;
    memcpy(&x87.control, c->fx_out, 2);
    memcpy(&status, c->fx_out + 2, 2);
    x87.valid = c->fx_out[4];
    x87.top = status >> 11 & 7;
    x87.conditions = static_cast<uint8_t>((status >> 8 & 7) | (status >> 14 & 1) << 3);
    for (unsigned i = 0; i < 8; i++) {
        unsigned physical = (x87.top + i) & 7;
        memcpy(&x87.mantissa[physical], c->fx_out + 32 + 16 * i, 8);
        memcpy(&x87.sign_exponent[physical], c->fx_out + 40 + 16 * i, 2);
        if (!(x87.valid >> physical & 1)) {
            x87.mantissa[physical] = 0;
            x87.sign_exponent[physical] = 0;
        }
    }
}

Host::Outcome Host::run(unsigned length_bytes, struct vcpu *state)
{
#if defined(__x86_64__)
    put_jump(memory(CODE + length_bytes), TRAMPOLINE + (oracle_fall - oracle_begin));
    put_jump(memory(LANDING), TRAMPOLINE + (oracle_land - oracle_begin));
    load(*state);

    /* The guest's stack pointer is anything, so signals are taken on a stack of their own. */
    static uint8_t signal_stack[1 << 16];
    stack_t stack = {}, old_stack;
    stack.ss_sp = signal_stack;
    stack.ss_size = sizeof signal_stack;
    sigaltstack(&stack, &old_stack);
    struct sigaction action = {}, old_actions[sizeof SIGNALS / sizeof *SIGNALS];
    action.sa_handler = on_signal;
    action.sa_flags = SA_ONSTACK | SA_NODEFER;
    for (size_t i = 0; i < sizeof SIGNALS / sizeof *SIGNALS; i++) {
        sigaction(SIGNALS[i], &action, &old_actions[i]);
    }
    volatile Outcome outcome = OTHER_SIGNAL;
    if (sigsetjmp(escape, 1) == 0) {
        reinterpret_cast<void (*)()>(TRAMPOLINE)();
        store(state);
        outcome = control()->landed ? LANDS : FALLS_THROUGH;
    } else {
        asm volatile("fninit; cld");
        outcome = escape_signal == SIGFPE ? DIVIDE_ERROR : OTHER_SIGNAL;
    }
    for (size_t i = 0; i < sizeof SIGNALS / sizeof *SIGNALS; i++) {
        sigaction(SIGNALS[i], &old_actions[i], nullptr);
    }
    old_stack.ss_flags &= SS_DISABLE;
    sigaltstack(&old_stack, nullptr);
    return outcome;
#else
    (void)length_bytes;
    (void)state;
    return OTHER_SIGNAL;
#endif
}
