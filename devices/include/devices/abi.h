/*
 * The part of the Denali machine that a guest program can name: virtual registers, interrupt kinds,
 * ports and the descriptors that port instructions point at. Plain constants and fixed-width
 * structs: the guest kit compiles this very file, and assembly may include it. docs/isa.md is the
 * normative text.
 *
 * All multi-byte values are little-endian. Guest addresses are 32-bit and flat.
 */
#ifndef DENALI_DEVICES_ABI_H
#define DENALI_DEVICES_ABI_H

#ifndef __ASSEMBLER__
#include <stdint.h>
#endif

/* --- Virtual registers: one page, 32-bit aligned `mov` only ---------------------------------- */

#define ABI_REGISTER_PAGE 0x1000u /* guest address of the page; page 0 is unmapped */

/* Offsets in the page. R: read only, W: write only, RW: both. Any other offset faults. */
#define ABI_REG_ISA_VERSION   0x000u /* R: 1 */
#define ABI_REG_FEATURES      0x004u /* R: bit mask ABI_FEATURE_* */
#define ABI_REG_CPU_HZ_LOW    0x008u /* R: instructions per virtual second, low half */
#define ABI_REG_CPU_HZ_HIGH   0x00cu /* R: high half */
#define ABI_REG_MEMORY_SIZE   0x010u /* R: bytes of guest memory, a multiple of 4096 */
#define ABI_REG_TIME_LOW      0x018u /* R: virtual time in ns, low half; latches the high half */
#define ABI_REG_TIME_HIGH     0x01cu /* R: the high half latched by the last read of TIME_LOW */
#define ABI_REG_IRQ_ENABLE    0x020u /* RW: 0 or 1 (a write keeps bit 0) */
#define ABI_REG_IRQ_PENDING   0x024u /* RW: pending kinds; writing 1-bits clears those */
#define ABI_REG_IRQ_DELIVERED 0x028u /* R: the kinds that the last delivery carried */
#define ABI_REG_IRQ_HANDLER   0x02cu /* RW: guest address of the interrupt handler */
#define ABI_REG_NODE_INDEX    0x030u /* R: this node's number in the world, from 0 */
#define ABI_REG_NODE_COUNT    0x034u /* R: nodes in the world */
#define ABI_REG_MAC_LOW       0x038u /* R: bytes 0..3 of the Ethernet address, byte 0 lowest */
#define ABI_REG_MAC_HIGH      0x03cu /* R: bytes 4..5 of the Ethernet address */
#define ABI_REG_BOOT_SIZE     0x040u /* R: bytes of boot text in use */
#define ABI_REG_BOOT_ARGC     0x044u /* R: strings of it that are arguments (argv[0] first) */
#define ABI_REG_BOOT_ENVC     0x048u /* R: strings after those that are environment, NAME=value */
/* R: which of its host's starts from a snapshot made this machine what it is, from 1; 0: it has
 * booted. */
#define ABI_REG_GENERATION 0x04cu
#define ABI_REG_BOOT_TEXT  0x400u /* R: NUL-terminated strings back to back, up to page end */
#define ABI_BOOT_TEXT_MAX  0xc00u /* bytes of boot text at most */

#define ABI_ISA_VERSION 1u

#define ABI_FEATURE_X87     (1u << 0)
#define ABI_FEATURE_NIC     (1u << 1)
#define ABI_FEATURE_CONSOLE (1u << 2)
#define ABI_FEATURE_TIMER   (1u << 3)
#define ABI_FEATURE_OBSERVE (1u << 4)
#define ABI_FEATURE_ENTROPY (1u << 5)
/* Only on machines whose scenario gives them one. */
#define ABI_FEATURE_KEYBOARD    (1u << 6)
#define ABI_FEATURE_FRAMEBUFFER (1u << 7)
#define ABI_FEATURE_DISK        (1u << 8)
#define ABI_FEATURE_PCNET       (1u << 9) /* instead of ABI_FEATURE_NIC */
#define ABI_FEATURE_SUPERVISOR  (1u << 10)

/* --- Interrupt kinds: bits of IRQ_PENDING, IRQ_DELIVERED and of what idle returns in EAX ------ */

#define ABI_IRQ_TIMER      (1u << 0) /* the timer's deadline has passed */
#define ABI_IRQ_NIC        (1u << 1) /* one or more frames were put in the receive queue */
#define ABI_IRQ_CONSOLE    (1u << 2) /* one or more bytes of console input arrived */
#define ABI_IRQ_KEYBOARD   (1u << 3) /* one or more keys went down or up */
#define ABI_IRQ_DISK       (1u << 4) /* requests are done, or a disk has come or gone */
#define ABI_IRQ_PCNET      (1u << 5) /* the card's status has something new */
#define ABI_IRQ_SUPERVISOR (1u << 6) /* the host's kernel has a question, or news for a policy */

/* --- Ports: `in` and `out` of exactly the width given --------------------------------------- */

#define ABI_PORT_CONSOLE_BYTE  0x10u /* out 8: print a byte. in 32: next byte, or CONSOLE_* */
#define ABI_PORT_CONSOLE_WRITE 0x11u /* out 32: guest address of struct abi_buffer to print */
#define ABI_PORT_NIC_SEND      0x20u /* out 32: guest address of struct abi_buffer, a whole frame */
#define ABI_PORT_NIC_RECEIVE   0x21u /* out 32: guest address of struct abi_receive */
#define ABI_PORT_TIMER         0x30u /* out 32: guest address of a u64 deadline in ns; ~0: off */
#define ABI_PORT_OBSERVE       0x40u /* out 32: guest address of struct abi_observation */
#define ABI_PORT_ENTROPY       0x50u /* in 32: random bits. out 32: struct abi_buffer to fill */
#define ABI_PORT_KEYBOARD      0x60u /* in 32: next event, or ABI_KEYBOARD_NONE */
#define ABI_PORT_FRAMEBUFFER   0x70u /* in 32: screen size. out 32: struct abi_framebuffer */
#define ABI_PORT_DISK_INFO     0x80u /* out 32: guest address of struct abi_disk_info */
#define ABI_PORT_DISK_SUBMIT   0x81u /* out 32: guest address of struct abi_disk_request */
#define ABI_PORT_DISK_COMPLETE 0x82u /* out 32: guest address of struct abi_disk_completion */
#define ABI_PORT_PCNET_DATA    0x90u /* in 16, out 16: the register that ADDRESS names */
#define ABI_PORT_PCNET_ADDRESS 0x91u /* in 16, out 16: number of a register, ABI_PCNET_CSR* */

/* The register-programmed network card, after AMD's Am79C970 (PCnet): its registers and the bits of
 * the first. */
#define ABI_PCNET_CSR0 0u /* status and control */
#define ABI_PCNET_CSR1 1u /* guest address of struct abi_pcnet_rings, low half */
#define ABI_PCNET_CSR2 2u /* high half */
#define ABI_PCNET_CSRS 3u

#define ABI_PCNET_INIT 0x0001u /* W: read the rings */
#define ABI_PCNET_STRT 0x0002u /* W: start */
#define ABI_PCNET_STOP 0x0004u /* W: stop, and forget everything but CSR1 and CSR2 */
#define ABI_PCNET_TDMD 0x0008u /* W: look at the ring of frames to send */
#define ABI_PCNET_RUNS 0x0010u /* R: started */
#define ABI_PCNET_IENA 0x0040u /* RW: interrupts */
#define ABI_PCNET_INTR 0x0080u /* R: one of the next three */
#define ABI_PCNET_IDON 0x0100u /* R, 1 clears: the rings were read */
#define ABI_PCNET_TINT 0x0200u /* R, 1 clears: a frame was sent */
#define ABI_PCNET_RINT 0x0400u /* R, 1 clears: a frame has come */

#define ABI_PCNET_RING_MAX 64u
#define ABI_PCNET_OWN      0x80000000u /* of status: the descriptor is the card's */
#define ABI_PCNET_ERR      0x40000000u /* it could not be used; only the card sets it */

/* Of a host's supervisor; all out 32: guest address of a struct abi_supervisor_... */
#define ABI_PORT_SUPERVISOR_HOST     0xa0u /* ..._host */
#define ABI_PORT_SUPERVISOR_MACHINE  0xa1u /* ..._machine */
#define ABI_PORT_SUPERVISOR_CONTROL  0xa2u /* ..._control */
#define ABI_PORT_SUPERVISOR_QUESTION 0xa3u /* ..._question */
#define ABI_PORT_SUPERVISOR_ANSWER   0xa4u /* ..._answer */
#define ABI_PORT_SUPERVISOR_LIMITS   0xa5u /* ..._limits */
#define ABI_PORT_SUPERVISOR_SNAPSHOT 0xa6u /* ..._snapshot */
#define ABI_PORT_SUPERVISOR_VOLUME   0xacu /* ..._volume */
/* Of its policies of admission and paging. */
#define ABI_PORT_SUPERVISOR_GATE  0xa8u /* ..._gate */
#define ABI_PORT_SUPERVISOR_ADMIT 0xa9u /* ..._admit */
#define ABI_PORT_SUPERVISOR_PAGED 0xaau /* ..._paged */
#define ABI_PORT_SUPERVISOR_TAKE  0xabu /* ..._take */

#define ABI_FRAME_MIN 14u   /* an Ethernet header; shorter frames are refused */
#define ABI_FRAME_MAX 1514u /* header and 1500 bytes, no checksum trailer */

#define ABI_CONSOLE_NONE 0xffffffffu /* no byte is waiting */
#define ABI_CONSOLE_END  0xfffffffeu /* none is waiting and none will come: the input has ended */

#define ABI_CONSOLE_BYTES_PER_CYCLE 16u /* of CONSOLE_WRITE, beside the instruction itself */

#define ABI_CONSOLE_WRITE_MAX 65536u /* bytes one CONSOLE_WRITE may print */
#define ABI_OBSERVE_NAME_MAX  64u    /* bytes of an observation's name, no NUL counted */
/* What KEYBOARD gives: a key by its usage of the USB HID keyboard page (HID Usage Tables 1.4, page
 * 07), the place of the key and not what is printed on it, and whether it went down or up. */
#define ABI_KEYBOARD_NONE    0u         /* no event is waiting */
#define ABI_KEYBOARD_USAGE   0xffffu    /* mask: ABI_KEY_FIRST to ABI_KEY_LAST */
#define ABI_KEYBOARD_PRESSED (1u << 16) /* the key went down; else up */
#define ABI_KEY_FIRST        0x04u      /* A */
#define ABI_KEY_LAST         0xe7u      /* the right GUI key */

/* What `in` from FRAMEBUFFER gives: width and height of the screen in pixels. */
#define ABI_SCREEN_WIDTH(size)        ((size)&0xffffu)
#define ABI_SCREEN_HEIGHT(size)       ((size) >> 16)
#define ABI_SCREEN_SIDE_MAX           4096u  /* pixels, either way */
#define ABI_FRAMEBUFFER_STRIDE_MAX    65536u /* bytes */
#define ABI_FRAMEBUFFER_PALETTE_COUNT 256u

#define ABI_ENTROPY_FILL_MAX 256u /* bytes one operation may fill, as for POSIX getentropy */

#define ABI_DISK_BLOCK_BYTES  4096u
#define ABI_DISK_REQUESTS_MAX 64u /* submitted and not yet collected, all disks together */
#define ABI_DISK_NAME_MAX     32u /* bytes of a disk's name with its NUL */
#define ABI_DISKS_MAX         16u

#define ABI_SUPERVISOR_LIST_MAX 1024u       /* machines that a question, or the gate, lists */
#define ABI_SUPERVISOR_TAKE_MAX 64u         /* entries of a list of whom to take from */
#define ABI_SUPERVISOR_OWN_RULE 0xffffffffu /* an answer: as the kernel would without asking */
#define ABI_VOLUME_NOBODY       0xffffffffu /* whose a volume is */

#ifndef __ASSEMBLER__

/* A piece of guest memory. */
struct abi_buffer {
    uint32_t address;
    uint32_t length_bytes;
};

/* A receive: the device copies at most capacity_bytes of the oldest queued frame to address,
 * removes the frame, and stores its whole length (0: the queue was empty). Refused if the buffer
 * overlaps this struct, or if its first min(capacity_bytes, ABI_FRAME_MAX) bytes are not all
 * memory, whether or not a frame waits. */
struct abi_receive {
    uint32_t address;
    uint32_t capacity_bytes;
    uint32_t length_bytes; /* written by the device */
};

#endif

#ifndef __ASSEMBLER__

/* A frame to send, or room for one. */
struct abi_pcnet_descriptor {
    uint32_t address;
    uint32_t size_bytes;   /* of the frame to send; of the room */
    uint32_t length_bytes; /* written by the card: of the frame that came */
    uint32_t status;       /* ABI_PCNET_OWN, ABI_PCNET_ERR */
};

/* Where the rings are: arrays of descriptors, 1 to ABI_PCNET_RING_MAX each. */
struct abi_pcnet_rings {
    uint32_t receive_address;
    uint32_t receive_count;
    uint32_t send_address;
    uint32_t send_count;
};

#endif

#define ABI_OBSERVE_MEASUREMENT 0u /* value counts */
#define ABI_OBSERVE_MILESTONE   1u /* the moment counts; value is free */

#ifndef __ASSEMBLER__

/* A named measurement or milestone for the run's metrics. The name is of [A-Za-z0-9._-]; the value
 * is finite (NaN and the infinities are refused). */
struct abi_observation {
    uint32_t name_address; /* not NUL-terminated */
    uint32_t name_length_bytes;
    uint32_t kind;     /* ABI_OBSERVE_* */
    uint32_t reserved; /* 0 */
    uint64_t value;    /* the bits of an IEEE 754 double */
};

/* The picture that the screen shows from now on: rows of pixels in the guest's own memory, from the
 * screen's upper left corner. Nothing is copied: what is shown is what the memory holds whenever
 * somebody looks. All of it must be memory, and it may not be larger than the screen. With a width
 * and height of 0 (and everything else 0) the screen shows nothing. */
struct abi_framebuffer {
    uint32_t address;         /* of the first pixel */
    uint32_t width;           /* pixels */
    uint32_t height;          /* rows */
    uint32_t stride_bytes;    /* from one row to the next, no less than a row's pixels */
    uint32_t format;          /* ABI_FRAMEBUFFER_XRGB8888 or _INDEXED8 */
    uint32_t palette_address; /* INDEXED8: of 256 words 00RRGGBB; else 0 */
};

/* What a disk is: the guest gives the number, the device stores the rest. Where there is no
 * such disk the name is empty and block_count 0; there may be some after it. */
struct abi_disk_info {
    uint32_t disk;  /* in: from 0 */
    uint32_t flags; /* ABI_DISK_READ_ONLY */
    uint64_t block_count;
    char name[ABI_DISK_NAME_MAX]; /* NUL-padded */
};

/* Asks for one block. The memory belongs to the device until the request is collected: it is read
 * or written, whole and at once, at the moment the request is done. Refused if it is not all memory
 * or if ABI_DISK_REQUESTS_MAX are under way. */
struct abi_disk_request {
    uint32_t disk;
    uint32_t operation; /* ABI_DISK_READ or ABI_DISK_WRITE */
    uint64_t block;
    uint32_t address; /* of ABI_DISK_BLOCK_BYTES of guest memory, anywhere */
    uint32_t tag;     /* comes back with the completion */
};

/* Collects the oldest request that is done; they are done in the order of their submission to one
 * disk, but where the disk lies on the machine's host: then in the host's. */
struct abi_disk_completion {
    uint32_t tag;
    uint32_t status; /* ABI_DISK_* below; NONE: nothing is done yet */
};

/* The host that a supervisor is in charge of, as it is now. All of it is written by the device.
 * Machines of a host are numbered from 0, in the order of their nodes. */
struct abi_supervisor_host {
    uint32_t machine_count;
    uint32_t own_machine; /* the supervisor's own number */
    uint32_t processor_count;
    uint32_t policies; /* ABI_POLICY_* that the supervisor decides */
    uint64_t quantum_ns;
    uint64_t period_ns;       /* of reservations and caps */
    uint64_t answer_ns;       /* how long the kernel waits for an answer */
    uint64_t memory_bytes;    /* 0: not limited */
    uint64_t committed_bytes; /* of these, to machines that were admitted */
    uint64_t idle_ns;         /* of all processors, until their last decisions */
    uint64_t questions;       /* that the kernel has asked */
    uint64_t answers;         /* of these, those that it followed */
    uint64_t unasked;         /* decisions that it made alone, because the supervisor was busy */
};

/* One machine of the host: the supervisor gives the number, the device writes the rest. Times are
 * as of the machine's last slice. */
struct abi_supervisor_machine {
    uint32_t machine; /* in */
    uint32_t state;   /* ABI_MACHINE_*; NONE: there is no such machine, and the rest is 0 */
    uint32_t node;    /* its number in the world */
    uint32_t weight;
    uint32_t cap_percent; /* 0: none */
    uint32_t reserve_percent;
    uint64_t memory_bytes; /* that it takes of the host's while it lives */
    uint64_t guest_ns;
    uint64_t kernel_ns;
    uint64_t waited_ns;
    uint64_t dispatches;
    uint64_t frames_received;
    uint64_t frames_sent; /* by the host's card, if that has a rate */
};

/* The limits of one machine that can be set, 0: none; rates as asked for last. The supervisor gives
 * the number, the device writes the rest. */
struct abi_supervisor_limits {
    uint32_t machine;    /* in */
    uint32_t generation; /* as in its register GENERATION */
    uint64_t memory_floor_bytes;
    uint64_t memory_ceiling_bytes;
    uint64_t send_bps;
    uint64_t receive_bps;
    uint32_t send_burst_bytes;
    uint32_t receive_burst_bytes;
    uint64_t disk_bytes;
    uint64_t disk_bps;
};

/* One of the host's snapshots, likewise. */
struct abi_supervisor_snapshot {
    uint32_t number;     /* in */
    uint32_t kept;       /* 1: there is one; 0: not, and the next two are 0 */
    uint64_t taken_ns;   /* when */
    uint64_t size_bytes; /* what it takes */
    uint64_t free_bytes; /* what others may */
};

/* One of the host's volumes, likewise. */
struct abi_supervisor_volume {
    uint32_t volume;    /* in */
    uint32_t state;     /* ABI_VOLUME_*; NONE: there is no such volume, and the rest is 0 */
    uint32_t machine;   /* whose it is; ABI_VOLUME_NOBODY: nobody's, and disk is 0 */
    uint32_t disk;      /* its number there */
    uint32_t host_disk; /* of the host's, that it lies on */
    uint32_t reserved;
    uint64_t block_count;
    char name[ABI_DISK_NAME_MAX]; /* NUL-padded */
};

/* Something done to a machine, or to the host. */
struct abi_supervisor_control {
    uint32_t operation; /* ABI_CONTROL_* */
    uint32_t machine;
    uint64_t value;
    uint32_t status;   /* written by the device: ABI_SUPERVISOR_* */
    uint32_t reserved; /* 0 */
};

/* What the kernel asks: which of these machines is a processor's next? */
struct abi_supervisor_question {
    uint32_t list_address;  /* of list_capacity words for machine numbers */
    uint32_t list_capacity; /* up to ABI_SUPERVISOR_LIST_MAX; 0: list_address is not looked at */
    uint32_t sequence;      /* from here on written by the device; 0: nothing is asked */
    uint32_t processor;
    uint32_t candidate_count; /* the first list_capacity of them are listed, in the order in which
                                 the kernel would take them */
    uint32_t reserved;
};

struct abi_supervisor_answer {
    uint32_t sequence; /* of the question */
    uint32_t machine;  /* a candidate, or ABI_SUPERVISOR_OWN_RULE */
    uint64_t slice_ns; /* how long it is to run at most; 0: as long as the kernel would let it */
    uint32_t status;   /* written by the device: ABI_SUPERVISOR_* */
    uint32_t reserved; /* 0 */
};

/* The machines that wait to be admitted, in the order in which they asked. */
struct abi_supervisor_gate {
    uint32_t list_address;  /* of list_capacity structs abi_supervisor_waiting */
    uint32_t list_capacity; /* up to ABI_SUPERVISOR_LIST_MAX; 0: list_address is not looked at */
    uint32_t waiting_count; /* from here on written by the device; the first list_capacity of them
                               are listed */
    uint32_t reserved;
    uint64_t free_bytes; /* of the host's memory, that they may be given */
};

struct abi_supervisor_waiting {
    uint32_t machine;
    uint32_t reserved;
    uint64_t need_bytes; /* that it takes of the host's memory while it lives */
};

/* Admits one of them, out of turn or in it; while admission is the supervisor's. */
struct abi_supervisor_admit {
    uint32_t machine;
    uint32_t status; /* written by the device: ABI_SUPERVISOR_* */
};

/* What the host's pager has to do with one machine: the supervisor gives the number, the device
 * writes the rest. Pages are of 4096 bytes; what is counted is counted since the run began. */
struct abi_supervisor_paged {
    uint32_t machine;     /* in */
    uint32_t block_pages; /* of the paging block; 0: no such machine, or a host that does not page,
                             and the rest is 0 */
    uint64_t resident_pages; /* of its own, in memory now; those of its image are nobody's */
    uint64_t floor_pages;    /* that are not taken from it */
    uint64_t faults;
    uint64_t page_ins; /* pages read for it */
    uint64_t page_outs;
    uint64_t wait_ns; /* from faults until it could go on */
};

/* Whom the pager takes the next blocks from when memory is wanted, first to last: replaces the list
 * before. While paging is the supervisor's. */
struct abi_supervisor_take {
    uint32_t list_address;  /* of list_count structs abi_supervisor_taken_from, which are read */
    uint32_t list_count;    /* up to ABI_SUPERVISOR_TAKE_MAX; 0: the kernel's own rule */
    uint32_t low_blocks;    /* there is news when no more than these are left */
    uint32_t status;        /* from here on written by the device: ABI_SUPERVISOR_* */
    uint64_t free_pages;    /* of the host's memory, that nobody has */
    uint64_t left_blocks;   /* of the list before */
    uint64_t taken_blocks;  /* as lists had it, since the run began */
    uint64_t missed_blocks; /* of lists, that their machine could not give */
};

struct abi_supervisor_taken_from {
    uint32_t machine;
    uint32_t block_count; /* at least 1 */
};

#endif

#define ABI_FRAMEBUFFER_XRGB8888 0u /* a word a pixel: xxRRGGBB */
#define ABI_FRAMEBUFFER_INDEXED8 1u /* a byte a pixel: a number in the palette */

#define ABI_DISK_READ  0u
#define ABI_DISK_WRITE 1u

#define ABI_DISK_READ_ONLY (1u << 0)

#define ABI_DISK_DONE     0u
#define ABI_DISK_NONE     1u /* no request is done */
#define ABI_DISK_NO_BLOCK 2u /* no such disk, block or operation */
#define ABI_DISK_REFUSED  3u /* the disk is read-only */
#define ABI_DISK_FULL     4u /* the scenario's limit of disk bytes; nothing was written */
/* The scenario gives the machine no more memory of its own; nothing was read. */
#define ABI_DISK_NO_MEMORY 5u

#define ABI_POLICY_SCHEDULER (1u << 0) /* which machine is next */
#define ABI_POLICY_ADMISSION (1u << 1) /* which of those that wait is admitted, and when */
#define ABI_POLICY_PAGER     (1u << 2) /* whom memory is taken from; of a host that pages */

#define ABI_MACHINE_NONE    0u
#define ABI_MACHINE_OFF     1u /* not started yet */
#define ABI_MACHINE_QUEUED  2u /* waits to be admitted */
#define ABI_MACHINE_IDLE    3u
#define ABI_MACHINE_READY   4u /* runnable */
#define ABI_MACHINE_RUNNING 5u /* has a processor */
#define ABI_MACHINE_HELD    6u /* at its cap */
#define ABI_MACHINE_PAUSED  7u
#define ABI_MACHINE_ENDED   8u
#define ABI_MACHINE_PAGING  9u /* waits for a page */

#define ABI_CONTROL_POLICIES 0u /* value: ABI_POLICY_* that the supervisor decides from now on */
#define ABI_CONTROL_PAUSE                                                                          \
    1u /* runs no more until resumed; one that has a processor keeps it                            \
          until its slice is over */
#define ABI_CONTROL_RESUME  2u
#define ABI_CONTROL_DESTROY 3u /* ends; one that has a processor when its slice is over */
#define ABI_CONTROL_START   4u /* one that is off, or has ended: with new memory, and its disks */
#define ABI_CONTROL_WEIGHT  5u /* value: 1 to 1000 */
#define ABI_CONTROL_CAP     6u /* value: 1 to 100 percent, 0: none */
/* Limits; value: bytes or bits a second, 0: none. Of one that has a processor rates and bursts
 * change when its slice is over. */
#define ABI_CONTROL_MEMORY_FLOOR   7u /* on a host that pages; whole pages */
#define ABI_CONTROL_MEMORY_CEILING 8u /* at least 8 blocks and the floor */
#define ABI_CONTROL_SEND_RATE      9u
#define ABI_CONTROL_SEND_BURST     10u /* where there is a rate; 0: 64 KiB */
#define ABI_CONTROL_RECEIVE_RATE   11u
#define ABI_CONTROL_RECEIVE_BURST  12u
#define ABI_CONTROL_DISK           13u /* that it may write to its disks; whole blocks */
/* Snapshots of machines that the host keeps; value: the number of one. */
#define ABI_CONTROL_SNAPSHOT                                                                       \
    14u /* keeps the machine's under a number that is free; it lives, has no                       \
           processor and no disk request under way */
#define ABI_CONTROL_START_FROM 15u /* as START, but it goes on as that one of its group was */
#define ABI_CONTROL_DISCARD    16u /* whatever the machine; not while one waits to start from it */
/* A limit again; bits a second, to and from its disks. */
#define ABI_CONTROL_DISK_RATE 17u
/* Value: a volume's number on the host. Of a machine that has a processor they take effect when its
 * slice is over. */
#define ABI_CONTROL_ATTACH 18u /* it is the machine's, as the first disk number that is free */
#define ABI_CONTROL_DETACH 19u /* it is nobody's; what is under way to it fails */
#define ABI_CONTROL_COUNT  20u

#define ABI_VOLUME_NONE     0u
#define ABI_VOLUME_FREE     1u /* nobody's */
#define ABI_VOLUME_COMING   2u /* a machine's once that has left its processor */
#define ABI_VOLUME_ATTACHED 3u
#define ABI_VOLUME_LEAVING  4u /* nobody's once its machine has left its processor */

#define ABI_SUPERVISOR_DONE       0u
#define ABI_SUPERVISOR_NO_MACHINE 1u /* no such machine, or none that this can be done to */
#define ABI_SUPERVISOR_STATE      2u /* not as the machine is now */
#define ABI_SUPERVISOR_VALUE      3u /* no such operation, or no such value */
#define ABI_SUPERVISOR_LATE       4u /* nothing, or something else, is asked; not its policy */
#define ABI_SUPERVISOR_ROOM       5u /* the host has not so much left; the machine has all disks */

/* --- The two virtual instructions ------------------------------------------------------------
 *
 * idle      0F 3F 01   EDX:EAX = virtual time in ns to wait for (all ones: no time-out).
 *                      Returns EAX = pending interrupt kinds (0: timed out); at once if any pend.
 * terminate 0F 3F 02   EAX = exit code. Does not return.
 */

#endif
