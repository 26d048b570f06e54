/*
 * What a program can do wrong with its processor and its memory. Accesses are assembly, so that the
 * compiler cannot see that they are wrong and do something else.
 */
#include "misbehave.h"

#include <stddef.h>
#include <string.h>

typedef void code(void);

static void jump(uint32_t address)
{
    __asm__ volatile("jmp *%0" : : "r"(address));
}

static void jump_nowhere(uint32_t argument)
{
    jump(argument != 0 ? argument : 0xdeadbee0u);
}

static void jump_null(uint32_t argument)
{
    (void)argument;
    jump(0);
}

static void jump_registers(uint32_t argument)
{
    (void)argument;
    jump(ABI_REGISTER_PAGE);
}

/* The last byte of memory is the first of a two-byte instruction. */
static void jump_off_end(uint32_t argument)
{
    uint8_t *last = (uint8_t *)(uintptr_t)(memory_end() - 1);
    (void)argument;
    __asm__ volatile("movb $0x8b, (%0)" : : "r"(last) : "memory");
    jump((uint32_t)(uintptr_t)last);
}

static void load(uint32_t address)
{
    uint32_t value;
    __asm__ volatile("movl (%1), %0" : "=r"(value) : "r"(address) : "memory");
}

static void store(uint32_t address)
{
    __asm__ volatile("movl %0, (%1)" : : "r"(0x6b6f6f6bu), "r"(address) : "memory");
}

static void read_null(uint32_t argument)
{
    load(argument & 0xffc);
}

static void write_null(uint32_t argument)
{
    store(argument & 0xffc);
}

static void read_past(uint32_t argument)
{
    load(memory_end() + argument);
}

static void write_past(uint32_t argument)
{
    store(memory_end() + argument);
}

/* Two bytes inside, two outside: neither may be written. */
static void write_across_end(uint32_t argument)
{
    (void)argument;
    store(memory_end() - 2);
}

static void write_top(uint32_t argument)
{
    (void)argument;
    store(0xfffffffeu); /* wraps round to address 0 */
}

/* One instruction that copies from below the end of memory to far beyond it. */
static void copy_past(uint32_t argument)
{
    uint32_t from = memory_end() - 64;
    uint32_t to = memory_end() - 32;
    uint32_t count = 0xffffffffu;
    (void)argument;
    __asm__ volatile("rep movsb" : "+S"(from), "+D"(to), "+c"(count) : : "memory");
}

static void divide_by_zero(uint32_t argument)
{
    uint32_t quotient = 1;
    uint32_t high = 0;
    (void)argument;
    __asm__ volatile("divl %2" : "+a"(quotient), "+d"(high) : "r"(0u));
}

/* The quotient does not fit: the same fault as division by zero. */
static void divide_overflow(uint32_t argument)
{
    uint32_t low = 0x80000000u;
    uint32_t high = 0xffffffffu;
    (void)argument;
    __asm__ volatile("idivl %2" : "+a"(low), "+d"(high) : "r"(-1));
}

static void spin(uint32_t argument)
{
    (void)argument;
    register_write(ABI_REG_IRQ_ENABLE, 0);
    for (;;) {
        __asm__ volatile("");
    }
}

static volatile uint32_t depth; /* volatile: the compiler must believe that it may end */

static void recurse(uint32_t argument)
{
    volatile uint8_t frame[512];
    frame[0] = (uint8_t)argument;
    depth++;
    if (depth != 0) {
        recurse(argument + frame[0]);
    }
    frame[1] = 1; /* after the call, so that it is no loop */
}

/* Bytes that are not in the ISA; data, since memory may be executed. */
static uint8_t illegal_code[16];

static void run_bytes(const void *bytes, size_t size_bytes)
{
    memcpy(illegal_code, bytes, size_bytes);
    illegal_code[size_bytes] = 0xc3; /* ret */
    ((code *)(uintptr_t)illegal_code)();
}

static void illegal(uint32_t argument)
{
    static const uint8_t samples[][4] = {
        {0x0f, 0x0b, 0x90, 0x90}, /* 0: ud2 */
        {0xf4, 0x90, 0x90, 0x90}, /* 1: hlt */
        {0xfa, 0x90, 0x90, 0x90}, /* 2: cli */
        {0x0f, 0x22, 0xc0, 0x90}, /* 3: mov cr0, eax */
        {0x0f, 0x30, 0x90, 0x90}, /* 4: wrmsr */
        {0x0f, 0x05, 0x90, 0x90}, /* 5: syscall */
        {0x0f, 0x01, 0xc1, 0x90}, /* 6: vmcall */
        {0x0f, 0x58, 0xc0, 0x90}, /* 7: addps */
        {0x0f, 0x3f, 0xff, 0x90}, /* 8: a virtual instruction that does not exist */
        {0x0f, 0xff, 0xff, 0xff}, /* 9: unassigned */
    };
    size_t count = sizeof(samples) / sizeof(samples[0]);
    run_bytes(samples[argument < count ? argument : 0], 4);
}

/* Fifteen prefixes and more: longer than an instruction may be. */
static void overlong(uint32_t argument)
{
    (void)argument;
    memset(illegal_code, 0x66, sizeof(illegal_code));
    ((code *)(uintptr_t)illegal_code)();
}

static void breakpoint(uint32_t argument)
{
    (void)argument;
    run_bytes("\xcc", 1);
}

/* A handler where no code is; the pending interrupt is the timer's. */
static void handler_nowhere(uint32_t argument)
{
    uint64_t deadline_ns = 0;
    (void)argument;
    port_command(ABI_PORT_TIMER, &deadline_ns);
    register_write(ABI_REG_IRQ_HANDLER, 0xdeadbee0u);
    register_write(ABI_REG_IRQ_ENABLE, 1);
    for (;;) {
        __asm__ volatile("");
    }
}

/* An interrupt is delivered while the stack pointer points to nothing. */
static void interrupt_without_stack(uint32_t argument)
{
    uint64_t deadline_ns = 0;
    (void)argument;
    port_command(ABI_PORT_TIMER, &deadline_ns);
    register_write(ABI_REG_IRQ_HANDLER, (uint32_t)(uintptr_t)spin);
    __asm__ volatile("movl $0x10, %%esp\n\t"
                     "movl $1, %%eax\n\t"
                     "movl %%eax, (%0)\n"
                     "1: jmp 1b"
                     :
                     : "r"(ABI_REGISTER_PAGE + ABI_REG_IRQ_ENABLE)
                     : "eax", "memory");
}

/*
 * Writes over code that has just run, and runs it again; legal, and it must see the new bytes. The
 * routine is `mov eax, N; ret`, its N changed each time, in the very page that is executing.
 */
static void rewrite_code(uint32_t argument)
{
    static uint8_t routine[] = {0xb8, 0, 0, 0, 0, 0xc3};
    uint32_t (*call)(void) = (uint32_t(*)(void))(uintptr_t)routine;
    uint32_t rounds = argument != 0 ? argument : 1000;
    for (uint32_t i = 0; i < rounds; i++) {
        memcpy(routine + 1, &i, sizeof(i));
        if (call() != i) {
            load(0xdeadbee0u); /* stale code ran: a fault that the test does not expect */
        }
    }
}

/* Overwrites the instruction that comes next in the same straight line. */
static void rewrite_next(uint32_t argument)
{
    uint32_t seen;
    (void)argument;
    __asm__ volatile("movb $0x42, 1f + 1\n"
                     "1: movl $0x11, %0\n\t"
                     : "=a"(seen)
                     :
                     : "memory");
    if (seen != 0x42) {
        load(0xdeadbee0u);
    }
}

const struct behaviour BEHAVIOURS_PROCESSOR[] = {
    {"jump", "MEMORY", jump_nowhere, "jumps to ARGUMENT (0xdeadbee0)"},
    {"jump-null", "MEMORY", jump_null, "jumps to 0"},
    {"jump-registers", "MEMORY", jump_registers, "jumps into the register page"},
    {"jump-off-end", "MEMORY", jump_off_end, "runs off the end of memory in mid-instruction"},
    {"read-null", "MEMORY", read_null, "reads page 0"},
    {"write-null", "MEMORY", write_null, "writes page 0"},
    {"read-past", "MEMORY", read_past, "reads ARGUMENT bytes past its memory"},
    {"write-past", "MEMORY", write_past, "writes ARGUMENT bytes past its memory"},
    {"write-across-end", "MEMORY", write_across_end, "writes half inside, half outside"},
    {"write-top", "MEMORY", write_top, "writes across the top of the address space"},
    {"copy-past", "MEMORY", copy_past, "4 GiB of rep movsb from the end of memory on"},
    {"divide", "DIVIDE", divide_by_zero, "divides by zero"},
    {"divide-overflow", "DIVIDE", divide_overflow, "divides so that the quotient does not fit"},
    {"spin", "never", spin, "spins for ever with interrupts off"},
    {"recurse", "REGISTER", recurse, "overflows its stack into the register page"},
    {"illegal", "ILLEGAL", illegal, "runs sample ARGUMENT (0..9) of what is not in the ISA"},
    {"overlong", "ILLEGAL", overlong, "runs an instruction of too many prefixes"},
    {"breakpoint", "BREAKPOINT", breakpoint, "runs int3"},
    {"handler-nowhere", "MEMORY", handler_nowhere, "takes an interrupt at a handler that is none"},
    {"interrupt-no-stack", "MEMORY", interrupt_without_stack, "takes one without a stack"},
    {"rewrite-code", "none", rewrite_code, "rewrites its own code ARGUMENT (1000) times"},
    {"rewrite-next", "none", rewrite_next, "rewrites the next instruction"},
    {NULL, NULL, NULL, NULL},
};
