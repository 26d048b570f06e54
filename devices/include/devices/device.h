/*
 * What a device is, and all that it may touch.
 *
 * A device is a constant `struct dev_ops` and a small state struct that the machine stores. It
 * reaches guest memory, time, the interrupt line and its backend only through the `dev_env` it is
 * handed at each call; it includes nothing of the processor, the network or the world. load touches
 * no other device. What a guest asks wrongly is answered with a `dev_result`, never an abort.
 *
 * The bus promises: read and write are called only for ports in the device's regions, in the
 * directions and with the width given there.
 */
#ifndef DENALI_DEVICES_DEVICE_H
#define DENALI_DEVICES_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <base/codec.h>
#include <devices/abi.h>

enum dev_result {
    DEV_DONE,
    DEV_NO_REGISTER, /* no such register or direction: a REGISTER (or PORT) fault */
    DEV_REFUSED,     /* bad operand, unmapped or overlapping memory: a DEVICE fault */
};

#define DEV_PORT_IN  1u
#define DEV_PORT_OUT 2u

/* One port, and the only widths it takes. */
struct dev_region {
    uint16_t port;
    uint8_t in_bytes;  /* 0: no `in` */
    uint8_t out_bytes; /* 0: no `out` */
};

struct dev_env;

/* A disk as its machine has it. */
struct dev_disk_info {
    const char *name; /* shorter than ABI_DISK_NAME_MAX; valid during the call */
    bool read_only;
    uint64_t block_count;
    uint64_t latency_ns;  /* from a request to its block */
    uint64_t transfer_ns; /* from one block to the next */
    uint64_t interval_ns; /* from one request of the machine to its next, of whichever disk */
    bool queued;          /* the machine says when a request is done: disk_begin */
};

/* What the machine gives its devices. All functions take the env's host. */
struct dev_host_ops {
    /* Virtual time of the instruction being executed, or of the event being handled, in ns. */
    uint64_t (*now_ns)(void *host);
    /* Makes kinds (ABI_IRQ_*) pending. Repeated ones coalesce. */
    void (*interrupt)(void *host, uint32_t kinds);
    /* Pending kinds, and clearing some. */
    uint32_t (*interrupt_pending)(void *host);
    void (*interrupt_clear)(void *host, uint32_t kinds);
    /* The processor's interrupt registers. */
    uint32_t (*interrupt_delivered)(void *host);
    bool (*interrupt_enabled)(void *host);
    void (*interrupt_enable)(void *host, bool enabled);
    uint32_t (*interrupt_handler)(void *host);
    void (*interrupt_handler_set)(void *host, uint32_t address);
    /* Bounds-checked guest memory: all or nothing, false if any byte is not memory. */
    bool (*memory_load)(void *host, uint32_t address, void *bytes, uint32_t size_bytes);
    bool (*memory_store)(void *host, uint32_t address, const void *bytes, uint32_t size_bytes);
    /* Whether one of these was refused, for the instruction that accesses the device, only because
     * the machine is to be given a page first: the device goes no further, and the instruction is
     * begun anew as if it had not been, but for what the device has changed. */
    bool (*begins_anew)(void *host);
    /* Asks for dev_ops.event of this device at time_ns; TIME_NEVER cancels. One per device. */
    void (*event_at)(void *host, uint32_t device, uint64_t time_ns);
    /* Whether the machine has this device: what FEATURES announces. */
    bool (*device_present)(void *host, uint32_t device);
    /* The key of this machine's stream of entropy, for random_at. */
    uint64_t (*entropy_key)(void *host);
    /* The screen's size in pixels, 1 to ABI_SCREEN_SIDE_MAX; asked only if there is one. */
    void (*screen_size)(void *host, uint32_t *width, uint32_t *height);
    /* Identity and boot text. */
    uint64_t (*cpu_hz)(void *host);
    uint32_t (*memory_bytes)(void *host);
    uint32_t (*node_index)(void *host);
    uint32_t (*node_count)(void *host);
    const uint8_t *(*mac)(void *host); /* 6 bytes */
    const struct dev_boot *(*boot)(void *host);
    /* Backends. Bytes are valid only during the call. */
    void (*frame_send)(void *host, const uint8_t *bytes, uint32_t size_bytes);
    void (*console_write)(void *host, const uint8_t *bytes, uint32_t size_bytes);
    void (*observe)(void *host, const char *name, uint32_t kind, double value);
    /* Disks, numbered from 0, maybe with gaps; false where there is none. */
    bool (*disk_info)(void *host, uint32_t disk, struct dev_disk_info *info);
    /* A block of a disk that disk_info says there is. What read returns is valid until the next
     * call. write takes the whole block, or returns false if the machine may keep no more. */
    const uint8_t *(*disk_read)(void *host, uint32_t disk, uint64_t block);
    bool (*disk_write)(void *host, uint32_t disk, uint64_t block, const uint8_t *bytes);
    /* A frame has left a card's queue for guest memory. */
    void (*frame_taken)(void *host, uint32_t size_bytes);
    /* One of a supervisor's operations, by its port: fills in what the device is to write of the
     * descriptor and, up to its capacity, of its list, which holds what the guest's does. How many
     * entries of that the device is to write. */
    uint32_t (*supervise)(void *host, uint16_t port, void *descriptor, void *list);
    /* Of a disk that is queued: the request for a block begins; dev_disk_done is to be called with
     * its ticket, not before this returns. Called in an event of the device. */
    void (*disk_begin)(void *host, uint32_t disk, uint64_t block, bool write, uint32_t ticket);
    /* Which start from a snapshot made the machine what it is; 0: it has booted. */
    uint32_t (*generation)(void *host);
    /* Drops by cause, for the account. */
    void (*frame_refused)(void *host, uint32_t size_bytes);
};

/* Boot text: NUL-terminated strings back to back. */
struct dev_boot {
    const uint8_t *text;
    uint32_t size_bytes;
    uint32_t argument_count;
    uint32_t environment_count;
};

struct dev_env {
    const struct dev_host_ops *ops;
    void *host;
    uint32_t device; /* this device's index in its machine, for event_at */
};

struct dev_ops {
    const char *name;
    const char *summary;
    uint16_t state_version;
    uint16_t state_bytes; /* sizeof of the state struct */
    const struct dev_region *regions;
    uint32_t region_count;
    uint32_t feature;    /* ABI_FEATURE_* that announces it */
    uint32_t interrupts; /* ABI_IRQ_* that it raises */
    const char *refuses; /* what makes it refuse, for messages; NULL: its documentation says */

    /* state is zeroed storage of state_bytes, aligned to 8. */
    void (*init)(void *state, const struct dev_env *env);
    /* Back to what init made, dropping what was queued; reset twice is reset once. */
    void (*reset)(void *state, const struct dev_env *env);
    enum dev_result (*read)(void *state, const struct dev_env *env, uint16_t port, uint32_t *value);
    enum dev_result (*write)(void *state, const struct dev_env *env, uint16_t port, uint32_t value);
    /* A time asked for with event_at has come. NULL if the device never asks. */
    void (*event)(void *state, const struct dev_env *env);
    /* Canonical state; save, load, save gives the same bytes. load fails the reader on bad ones
     * and re-asks for its event. */
    void (*save)(const void *state, struct writer *writer);
    void (*load)(void *state, const struct dev_env *env, struct reader *reader);
    void (*fini)(void *state);
};

/* The one table of port devices, in a fixed order. A machine has state for each, and has those that
 * dev_host_ops.device_present says; the ports of the others are not there. */
#define DEV_COUNT 10
enum dev_index {
    DEV_CONSOLE,
    DEV_NIC,
    DEV_TIMER,
    DEV_OBSERVER,
    DEV_ENTROPY,
    DEV_KEYBOARD,
    DEV_FRAMEBUFFER,
    DEV_DISK,
    DEV_PCNET,
    DEV_SUPERVISOR,
};
extern const struct dev_ops *const dev_table[DEV_COUNT];

/* Which device and region a port belongs to; NULL if none. */
const struct dev_ops *dev_find_port(uint16_t port, uint32_t *device,
                                    const struct dev_region **region);

/* --- names, for people ---------------------------------------------------------------------- */

struct dev_register_name {
    uint32_t offset;
    const char *name;
};

/* Every virtual register; ends with a NULL name. */
extern const struct dev_register_name dev_register_names[];
/* "time_low"; NULL if there is no register at that offset. */
const char *dev_register_name(uint32_t offset);
/* The devices that raise these kinds: "timer nic", "none". */
void dev_interrupts_name(uint32_t kinds, char *text, size_t size_bytes);

/* --- virtual registers: not ports, but the same manners ------------------------------------- */

struct dev_registers {
    uint32_t time_high; /* latched by the last read of TIME_LOW */
};

enum dev_result dev_registers_read(struct dev_registers *state, const struct dev_env *env,
                                   uint32_t offset, uint32_t *value);
enum dev_result dev_registers_write(struct dev_registers *state, const struct dev_env *env,
                                    uint32_t offset, uint32_t value);
void dev_registers_save(const struct dev_registers *state, struct writer *writer);
void dev_registers_load(struct dev_registers *state, struct reader *reader);

/* --- console ---------------------------------------------------------------------------------- */

#define DEV_CONSOLE_INPUT_MAX 4096u /* bytes waiting; more are dropped */

struct dev_console {
    uint8_t *input; /* NULL until the first input */
    uint32_t input_count;
    uint32_t input_start;
    bool ended; /* nothing more will come */
};

/* Gives the guest input; returns how many bytes were taken. Raises ABI_IRQ_CONSOLE. */
uint32_t dev_console_input(struct dev_console *state, const struct dev_env *env,
                           const uint8_t *bytes, uint32_t size_bytes);

/* No input will come after what waits. Raises ABI_IRQ_CONSOLE, once. */
void dev_console_end(struct dev_console *state, const struct dev_env *env);

/* --- nic -------------------------------------------------------------------------------------- */

#define DEV_NIC_QUEUE_MAX 64u /* frames waiting to be received; more are dropped */

struct dev_nic_frame; /* a queued frame */

struct dev_nic {
    struct dev_nic_frame *first; /* oldest */
    struct dev_nic_frame *last;
    uint32_t count;
};

/* A frame arrives for the guest. False if it was dropped: the queue was full, or its size is
 * outside ABI_FRAME_MIN..ABI_FRAME_MAX. Raises ABI_IRQ_NIC otherwise. */
bool dev_nic_deliver(struct dev_nic *state, const struct dev_env *env, const uint8_t *bytes,
                     uint32_t size_bytes);

/* --- pcnet ------------------------------------------------------------------------------------ */

struct dev_pcnet_card;

struct dev_pcnet {
    struct dev_pcnet_card *card; /* NULL until the guest or a frame touches it */
};

/* As dev_nic_deliver, of a machine that has this card instead. Raises ABI_IRQ_PCNET if the guest
 * has enabled it. */
bool dev_pcnet_deliver(struct dev_pcnet *state, const struct dev_env *env, const uint8_t *bytes,
                       uint32_t size_bytes);
/* How many frames wait in its queue. */
uint32_t dev_pcnet_waiting(const struct dev_pcnet *state);

/* --- timer ------------------------------------------------------------------------------------ */

struct dev_timer {
    uint64_t deadline_ns; /* TIME_NEVER: disarmed */
};

/* --- observer --------------------------------------------------------------------------------- */

struct dev_observer {
    uint64_t count; /* observations made, so that save and load show it is alive */
};

/* --- entropy ---------------------------------------------------------------------------------- */

struct dev_entropy {
    uint64_t drawn; /* words of 32 bits taken from the stream */
};

/* --- keyboard --------------------------------------------------------------------------------- */

#define DEV_KEYBOARD_QUEUE_MAX 64u /* events waiting to be taken; more are dropped */

struct dev_keyboard_queue;

struct dev_keyboard {
    struct dev_keyboard_queue *queue; /* NULL until the first event */
};

/* A key, by its usage, goes down or up. False if the event was dropped: the queue was full, or
 * there is no such key. Raises ABI_IRQ_KEYBOARD otherwise. */
bool dev_keyboard_event(struct dev_keyboard *state, const struct dev_env *env, uint32_t usage,
                        bool pressed);

/* --- framebuffer ------------------------------------------------------------------------------ */

struct dev_framebuffer {
    struct abi_framebuffer *picture; /* NULL: the screen shows nothing */
};

/* Row y of the picture, y < picture->height, as width times red, green, blue. Black if the machine
 * does not let it be read any more. */
void dev_framebuffer_row(const struct dev_framebuffer *state, const struct dev_env *env, uint32_t y,
                         uint8_t *rgb);

/* --- disk ------------------------------------------------------------------------------------- */

struct dev_disk_request; /* a request from its submission until it is collected */

struct dev_disk {
    struct dev_disk_request *requests; /* done ones in the order they were done, then the others in
                                          the order they will be; NULL if there are none */
    uint16_t count;
    uint16_t done_count;
    uint16_t capacity;
    uint32_t ticket;  /* of the next request that begins */
    uint64_t free_ns; /* the machine's limit lets no request begin before */
};

/* The request of that ticket is done: moves its block and raises ABI_IRQ_DISK. False if there is
 * none. */
bool dev_disk_done(struct dev_disk *disk, const struct dev_env *env, uint32_t ticket);
/* The machine has that disk no more: what it asked of it and is not done comes to nothing, no later
 * than at its time, whatever disk has the number by then. */
void dev_disk_gone(struct dev_disk *disk, uint32_t number);
/* The machine's limit is a new one, and counts from now on: each request that waits is done when it
 * was to be, or when one that begins now would be, whichever is sooner. */
void dev_disk_interval_changed(struct dev_disk *disk, const struct dev_env *env);
/* Is there one? */
bool dev_disk_has(const struct dev_disk *disk, uint32_t ticket);

/* --- supervisor ------------------------------------------------------------------------------- */

struct dev_supervisor {
    uint32_t descriptor; /* of the operation under way */
    uint16_t port;       /* 0: none is */
    uint64_t at_ns;      /* its moment */
};

#endif
