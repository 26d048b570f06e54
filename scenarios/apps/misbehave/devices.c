/*
 * Bad descriptors, bad ports and bad register accesses: everything a device must refuse. The
 * refused operation faults; none of these may read or write a byte outside the machine's memory.
 */
#include "misbehave.h"

#include <stddef.h>

static uint8_t buffer[2 * 4096] __attribute__((aligned(4096)));

/* --- Frames and descriptors ------------------------------------------------------------------- */

static void send(uint32_t address, uint32_t length_bytes)
{
    struct abi_buffer frame = {address, length_bytes};
    port_command(ABI_PORT_NIC_SEND, &frame);
}

static uint32_t buffer_address(void)
{
    return (uint32_t)(uintptr_t)buffer;
}

static void frame_long(uint32_t argument)
{
    send(buffer_address(), argument != 0 ? argument : ABI_FRAME_MAX + 1);
}

static void frame_short(uint32_t argument)
{
    send(buffer_address(), argument < ABI_FRAME_MIN ? argument : ABI_FRAME_MIN - 1);
}

static void frame_endless(uint32_t argument)
{
    (void)argument;
    send(buffer_address(), 0xffffffffu);
}

static void send_null(uint32_t argument)
{
    (void)argument;
    send(0, 64);
}

static void send_registers(uint32_t argument)
{
    (void)argument;
    send(ABI_REGISTER_PAGE, 64);
}

/* The last byte of the frame is the first outside memory. */
static void send_past(uint32_t argument)
{
    (void)argument;
    send(memory_end() - 63, 64);
}

static void send_wrapping(uint32_t argument)
{
    (void)argument;
    send(0xffffffe0u, 64);
}

static void descriptor_unmapped(uint32_t argument)
{
    static const uint16_t ports[] = {
        ABI_PORT_CONSOLE_WRITE, ABI_PORT_NIC_SEND,     ABI_PORT_NIC_RECEIVE, ABI_PORT_TIMER,
        ABI_PORT_OBSERVE,       ABI_PORT_ENTROPY,      ABI_PORT_FRAMEBUFFER, ABI_PORT_DISK_INFO,
        ABI_PORT_DISK_SUBMIT,   ABI_PORT_DISK_COMPLETE};
    size_t count = sizeof(ports) / sizeof(ports[0]);
    port_write(ports[argument < count ? argument : 0], memory_end());
}

/* Half of the descriptor is in memory, half beyond its end. */
static void descriptor_crossing(uint32_t argument)
{
    (void)argument;
    port_write(ABI_PORT_NIC_SEND, memory_end() - 4);
}

static void receive(uint32_t address, uint32_t capacity_bytes)
{
    struct abi_receive descriptor = {address, capacity_bytes, 0};
    port_command(ABI_PORT_NIC_RECEIVE, &descriptor);
}

static void receive_past(uint32_t argument)
{
    (void)argument;
    receive(memory_end() - 64, ABI_FRAME_MAX);
}

static void receive_registers(uint32_t argument)
{
    (void)argument;
    receive(ABI_REGISTER_PAGE, ABI_FRAME_MAX);
}

/* The frame would be written over the descriptor that asks for it. */
static void receive_overlapping(uint32_t argument)
{
    struct abi_receive *descriptor = (struct abi_receive *)(buffer + 64);
    (void)argument;
    descriptor->address = buffer_address();
    descriptor->capacity_bytes = ABI_FRAME_MAX;
    port_command(ABI_PORT_NIC_RECEIVE, descriptor);
}

/* Legal: a frame that lies across two pages. */
static void send_across_pages(uint32_t argument)
{
    (void)argument;
    for (uint32_t i = 0; i < 6; i++) {
        buffer[4096 - 64 + i] = 0xff; /* to everybody */
        buffer[4096 - 64 + 6 + i] = 0x02;
    }
    send(buffer_address() + 4096 - 64, 128);
}

static void console_long(uint32_t argument)
{
    struct abi_buffer text = {buffer_address(), ABI_CONSOLE_WRITE_MAX + 1};
    (void)argument;
    port_command(ABI_PORT_CONSOLE_WRITE, &text);
}

static void console_past(uint32_t argument)
{
    struct abi_buffer text = {memory_end() - 16, 32};
    (void)argument;
    port_command(ABI_PORT_CONSOLE_WRITE, &text);
}

static void observe_with(uint32_t name_address, uint32_t length_bytes, uint32_t kind,
                         uint32_t reserved)
{
    struct abi_observation observation = {name_address, length_bytes, kind, reserved, 0};
    port_command(ABI_PORT_OBSERVE, &observation);
}

static void observe_long_name(uint32_t argument)
{
    (void)argument;
    observe_with(buffer_address(), ABI_OBSERVE_NAME_MAX + 1, ABI_OBSERVE_MEASUREMENT, 0);
}

static void observe_bad_kind(uint32_t argument)
{
    static const char name[] = "x";
    observe_with((uint32_t)(uintptr_t)name, 1, argument != 0 ? argument : 77, 0);
}

static void observe_name_past(uint32_t argument)
{
    (void)argument;
    observe_with(memory_end() - 1, 2, ABI_OBSERVE_MEASUREMENT, 0);
}

static void entropy_long(uint32_t argument)
{
    struct abi_buffer bytes = {buffer_address(), ABI_ENTROPY_FILL_MAX + 1};
    (void)argument;
    port_command(ABI_PORT_ENTROPY, &bytes);
}

static void entropy_past(uint32_t argument)
{
    struct abi_buffer bytes = {memory_end() - 16, 32};
    (void)argument;
    port_command(ABI_PORT_ENTROPY, &bytes);
}

static void show(uint32_t address, uint32_t width, uint32_t stride_bytes, uint32_t palette_address)
{
    struct abi_framebuffer picture = {
        .address = address,
        .width = width,
        .height = 4,
        .stride_bytes = stride_bytes,
        .format = palette_address != 0 ? ABI_FRAMEBUFFER_INDEXED8 : ABI_FRAMEBUFFER_XRGB8888,
        .palette_address = palette_address,
    };
    port_command(ABI_PORT_FRAMEBUFFER, &picture);
}

/* Its last pixel is the first word outside memory. */
static void screen_past(uint32_t argument)
{
    (void)argument;
    show(memory_end() - 4 * 64 + 4, 16, 64, 0);
}

static void screen_wide(uint32_t argument)
{
    (void)argument;
    show(buffer_address(), 0x40000010u, 64, 0);
}

static void screen_overlapping(uint32_t argument)
{
    (void)argument;
    show(buffer_address(), 16, 63, 0);
}

static void screen_palette_past(uint32_t argument)
{
    (void)argument;
    show(buffer_address(), 16, 16, memory_end() - 512);
}

/* Legal: the program draws over its own picture's descriptor and goes on. */
static void screen_over_itself(uint32_t argument)
{
    struct abi_framebuffer *picture = (struct abi_framebuffer *)buffer;
    (void)argument;
    *picture = (struct abi_framebuffer){buffer_address(), 16, 4, 64, ABI_FRAMEBUFFER_XRGB8888, 0};
    port_command(ABI_PORT_FRAMEBUFFER, picture);
    picture->address = 0xffffffffu;
    picture->width = 0xffffffffu;
}

/* --- Ports and registers ---------------------------------------------------------------------- */

static void out_32(uint32_t argument)
{
    port_write((uint16_t)argument, 0);
}

static void in_32(uint32_t argument)
{
    uint32_t value;
    __asm__ volatile("inl %w1, %0" : "=a"(value) : "d"(argument));
}

static void out_8(uint32_t argument)
{
    __asm__ volatile("outb %%al, %w0" : : "d"(argument), "a"(0));
}

static void in_8(uint32_t argument)
{
    uint32_t value = 0;
    __asm__ volatile("inb %w1, %%al" : "+a"(value) : "d"(argument));
}

static void out_16(uint32_t argument)
{
    __asm__ volatile("outw %%ax, %w0" : : "d"(argument), "a"(0));
}

static void in_16(uint32_t argument)
{
    uint32_t value = 0;
    __asm__ volatile("inw %w1, %%ax" : "+a"(value) : "d"(argument));
}

static void register_unknown(uint32_t argument)
{
    (void)register_read(argument != 0 ? argument & 0xffc : 0x014);
}

static void register_read_only(uint32_t argument)
{
    register_write(argument & 0xffc, 1); /* 0: ISA_VERSION */
}

static void register_byte(uint32_t argument)
{
    uint32_t value = 0;
    (void)argument;
    __asm__ volatile("movb (%1), %b0"
                     : "+q"(value)
                     : "r"(ABI_REGISTER_PAGE + ABI_REG_TIME_LOW)
                     : "memory");
}

static void register_misaligned(uint32_t argument)
{
    (void)argument;
    (void)register_read(ABI_REG_TIME_LOW + 2);
}

/* Any instruction other than a mov. */
static void register_add(uint32_t argument)
{
    (void)argument;
    __asm__ volatile("addl $1, (%0)" : : "r"(ABI_REGISTER_PAGE + ABI_REG_IRQ_HANDLER) : "memory");
}

/* A word that begins in the register page and ends in the next. */
static void register_across(uint32_t argument)
{
    uint32_t value;
    (void)argument;
    __asm__ volatile("movl (%1), %0" : "=r"(value) : "r"(ABI_REGISTER_PAGE + 0xffe) : "memory");
}

const struct behaviour BEHAVIOURS_DEVICES[] = {
    {"frame-long", "DEVICE", frame_long, "sends a frame of ARGUMENT (1515) bytes"},
    {"frame-short", "DEVICE", frame_short, "sends a frame of ARGUMENT (0..13) bytes"},
    {"frame-endless", "DEVICE", frame_endless, "sends a frame of 4 GiB"},
    {"send-null", "DEVICE", send_null, "sends a frame from page 0"},
    {"send-registers", "DEVICE", send_registers, "sends a frame from the register page"},
    {"send-past", "DEVICE", send_past, "sends a frame that ends outside memory"},
    {"send-wrapping", "DEVICE", send_wrapping, "sends a frame across the top of the addresses"},
    {"send-across-pages", "none", send_across_pages, "sends a frame that lies on two pages"},
    {"descriptor-unmapped", "DEVICE", descriptor_unmapped, "a descriptor outside memory"},
    {"descriptor-crossing", "DEVICE", descriptor_crossing, "a descriptor half outside memory"},
    {"receive-past", "DEVICE", receive_past, "receives into what ends outside memory"},
    {"receive-registers", "DEVICE", receive_registers, "receives into the register page"},
    {"receive-overlapping", "DEVICE", receive_overlapping, "receives over its own descriptor"},
    {"console-long", "DEVICE", console_long, "prints more than one write may"},
    {"console-past", "DEVICE", console_past, "prints what ends outside memory"},
    {"observe-long", "DEVICE", observe_long_name, "observes under too long a name"},
    {"observe-kind", "DEVICE", observe_bad_kind, "observes with kind ARGUMENT (77)"},
    {"observe-past", "DEVICE", observe_name_past, "observes under a name outside memory"},
    {"entropy-long", "DEVICE", entropy_long, "asks for more random bytes than it may"},
    {"entropy-past", "DEVICE", entropy_past, "asks for random bytes outside memory"},
    {"screen-past", "DEVICE", screen_past, "shows a picture that ends outside memory"},
    {"screen-wide", "DEVICE", screen_wide, "shows a picture a billion pixels wide"},
    {"screen-overlapping", "DEVICE", screen_overlapping, "shows a picture with rows that overlap"},
    {"screen-palette-past", "DEVICE", screen_palette_past, "has its palette end outside memory"},
    {"screen-over-itself", "none", screen_over_itself, "overwrites the picture's descriptor"},
    {"out32", "PORT", out_32, "32-bit out to port ARGUMENT"},
    {"in32", "PORT", in_32, "32-bit in from port ARGUMENT"},
    {"out16", "PORT", out_16, "16-bit out to port ARGUMENT"},
    {"in16", "PORT", in_16, "16-bit in from port ARGUMENT"},
    {"out8", "PORT", out_8, "8-bit out to port ARGUMENT"},
    {"in8", "PORT", in_8, "8-bit in from port ARGUMENT"},
    {"register-unknown", "REGISTER", register_unknown, "reads register ARGUMENT (0x14)"},
    {"register-read-only", "REGISTER", register_read_only, "writes register ARGUMENT (0)"},
    {"register-byte", "REGISTER", register_byte, "reads one byte of a register"},
    {"register-misaligned", "REGISTER", register_misaligned, "reads across two registers"},
    {"register-add", "REGISTER", register_add, "adds to a register in place"},
    {"register-across", "REGISTER", register_across, "reads across the end of the register page"},
    {NULL, NULL, NULL, NULL},
};
